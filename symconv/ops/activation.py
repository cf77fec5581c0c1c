"""Activations: elementwise functions whose derivative follows from what they are made of."""

from __future__ import annotations

from symconv.errors import ShapeError
from symconv.ops.window import index_names
from symconv.term.polynomial import Poly
from symconv.term.tensor import Call, Defined, Tensor, define
from symconv.term.value import Apply, Function, Value, ValueLike, add, as_value, multiply

RELU = Function("relu")


def leaky_relu(x: Tensor, slope: Tensor | ValueLike = 0) -> Defined:
    """x where x > 0, slope * x elsewhere: slope * x + (1 - slope) * relu(x).  At the kink its slope is `slope`.

    slope: a number, or a scalar tensor (a learned slope).

    >>> from fractions import Fraction
    >>> import symconv as sc
    >>> x = sc.tensor("x", sc.sizes("n"))
    >>> sc.leaky_relu(x, Fraction(1, 10)).compile()(x=[-10.0, 5.0])
    array([-1.,  5.])
    """
    place = f"leaky_relu({x.name})"
    factor = _scalar(slope, place)

    def entry(*index: Poly) -> Value:
        return add(multiply(factor, x[index]), multiply(add(1, multiply(-1, factor)), Apply(RELU, x[index])))

    shown = slope.name if isinstance(slope, Tensor) else slope
    return define(place, x.axes, entry, indices=index_names(x.rank), call=Call("leaky_relu", (x,), (("slope", shown),)))


def gelu(x: Tensor) -> Defined:
    """x * Phi(x), Phi being the distribution function of the standard normal law (the erf form).

    >>> import symconv as sc
    >>> sc.gelu(sc.tensor("x", sc.sizes("n"))).compile()(x=[0.0, 1.0]).round(6)
    array([0.      , 0.841345])
    """
    cdf = Function("normal_cdf")
    return define(
        f"gelu({x.name})",
        x.axes,
        lambda *index: multiply(x[index], Apply(cdf, x[index])),
        indices=index_names(x.rank),
        call=Call("gelu", (x,)),
    )


def _scalar(item: Tensor | ValueLike, place: str) -> Value:
    if not isinstance(item, Tensor):
        return as_value(item)
    if item.rank:
        raise ShapeError(place, f"a slope of shape {item.shape}", "a number or a scalar", "use a tensor of rank 0")
    return item[()]


__all__ = ["gelu", "leaky_relu"]
