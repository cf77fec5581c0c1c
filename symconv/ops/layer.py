"""Layers: bias, elementwise functions, dense layers, softmax and the losses."""

from __future__ import annotations

from symconv.errors import ShapeError, UsageError
from symconv.ops.window import axis_of, index_names
from symconv.term.polynomial import Poly
from symconv.term.tensor import Axis, Call, Defined, Leaf, Tensor, define, ranges_of
from symconv.term.value import (
    Apply,
    Function,
    Position,
    Range,
    Reciprocal,
    Value,
    ValueLike,
    add,
    multiply,
    negative,
    total,
)

EXP, LOG = Function("exp"), Function("log")


def add_bias(x: Tensor, b: Tensor, axis: int | None = None) -> Defined:
    """x + b.  Tied: b is a scalar, or one number for each position on `axis` (the channels).
    Untied: b has the shape of x.

    >>> import symconv as sc
    >>> O, H = sc.sizes("O H")
    >>> sc.add_bias(sc.tensor("Y", O, H), sc.tensor("b", O), axis=0).entries(O=2, H=1)
    [[Y[0, 0] + b[0]], [Y[1, 0] + b[1]]]
    """
    if b.rank not in (0, 1, x.rank) or (b.rank == x.rank and b.axes != x.axes):
        raise ShapeError(
            f"add_bias({x.name}, {b.name})",
            f"a bias of shape {b.shape} on a tensor of shape {x.shape}",
            "a scalar, one number a channel, or the tensor's own shape",
            "change the bias",
        )
    if axis is not None:
        axis = axis_of(axis, x.rank, f"add_bias({x.name}, {b.name})")
        if b.rank != 1:
            raise ShapeError(
                f"add_bias({x.name}, {b.name})",
                f"axis={axis} for a bias of shape {b.shape}",
                "a bias with one number for each position on that axis",
                "leave out the axis, or give a bias of one axis",
            )
    channel = axis if axis is not None else max(x.rank - 3, 0)

    def entry(*index: Poly) -> Value:
        if b.rank == 0:
            return add(x[index], b[()])
        return add(x[index], b[index] if b.rank == x.rank and axis is None else b[index[channel]])

    if b.rank == 1 and x.rank > 1 and b.axes[0] != x.axes[channel]:
        raise ShapeError(
            f"add_bias({x.name}, {b.name})",
            f"{b.shape[0]} numbers for axis {channel} of extent {x.shape[channel]}",
            "equal extents",
            "name the channel axis with axis=..",
        )
    return define(
        f"{x.name} + {b.name}",
        x.axes,
        entry,
        indices=index_names(x.rank),
        call=Call("add_bias", (x, b), (("axis", axis),)),
    )


def apply(function: Function | str, x: Tensor) -> Defined:
    """A function of every entry; a name that is not known is an unknown differentiable function.

    >>> import symconv as sc
    >>> x = sc.tensor("x", sc.sizes("n"))
    >>> sc.apply("relu", x).entries(n=2)
    [Max(0, x[0]), Max(0, x[1])]
    >>> sc.apply("f", x).entries(n=2)
    [f(x[0]), f(x[1])]
    """
    if not isinstance(function, Function) and not (isinstance(function, str) and function.isidentifier()):
        raise UsageError(
            f"apply(.., {x.name})", f"the function {function!r}", "the name of a function", 'write "relu", or "f"'
        )
    f = function if isinstance(function, Function) else Function(function)
    return define(
        f"{f.name}({x.name})",
        x.axes,
        lambda *index: Apply(f, x[index]),
        indices=index_names(x.rank),
        call=Call("apply", (x,), (("function", f),)),
    )


def scale(x: Tensor, factor: ValueLike, name: str) -> Defined:
    """Every entry times a number, under this name."""
    return define(name, x.axes, lambda *index: multiply(factor, x[index]), indices=index_names(x.rank))


def elementwise(x: Tensor, y: Tensor, operation: str = "+") -> Defined:
    """The sum (+), difference (-) or Hadamard product (*) of two tensors of one shape."""
    if x.axes != y.axes:
        raise ShapeError(
            f"{x.name} {operation} {y.name}",
            f"shapes {x.shape} and {y.shape}",
            "one shape",
            "pad or crop one of the two",
        )

    def entry(*index: Poly) -> Value:
        a, b = x[index], y[index]
        return a + b if operation == "+" else a - b if operation == "-" else a * b

    return define(
        f"({x.name} {operation} {y.name})",
        x.axes,
        entry,
        indices=index_names(x.rank),
        call=Call("elementwise", (x, y), (("operation", operation),)),
    )


def dense(w: Tensor, x: Tensor, b: Tensor | None = None) -> Defined:
    """W x + b with w [m, n], x [n] (or [N, n], a row an example), b [m].

    >>> import symconv as sc
    >>> m, n = sc.sizes("m n")
    >>> sc.dense(sc.tensor("W", m, n), sc.tensor("x", n), sc.tensor("b", m)).entries(m=1, n=2)
    [W[0, 0]*x[0] + W[0, 1]*x[1] + b[0]]
    """
    if w.rank != 2 or x.rank not in (1, 2) or w.axes[1] != x.axes[-1] or (b is not None and b.axes != w.axes[:1]):
        raise ShapeError(
            f"dense({w.name}, {x.name})",
            f"shapes {w.shape} and {x.shape}" + (f" with bias {b.shape}" if b is not None else ""),
            "[m, n], [n] or [N, n], and bias [m]",
            "flatten the input with vec, or transpose the matrix",
        )

    def entry(*index: Poly) -> Value:
        i, k = index[-1], Poly.of("k")
        product = total((Range("k", x.axes[-1].low, x.axes[-1].high),), multiply(w[i, k], x[(*index[:-1], k)]))
        return product if b is None else add(product, b[i])

    return define(
        f"dense({w.name}, {x.name})",
        (*x.axes[:-1], w.axes[0]),
        entry,
        indices=("n", "i")[2 - x.rank :],
        call=Call("dense", (w, x) if b is None else (w, x, b)),
    )


def exponential_sum(z: Tensor) -> Defined:
    """S = sum over k of exp(z_k), the denominator of softmax; a scalar (one for each row of a matrix)."""
    last = z.axes[-1]
    return define(
        f"S({z.name})",
        z.axes[:-1],
        lambda *index: total((Range("k", last.low, last.high),), Apply(EXP, z[(*index, Poly.of("k"))])),
        indices=index_names(z.rank - 1),
        call=Call("exponential_sum", (z,)),
    )


def softmax(z: Tensor) -> Defined:
    """exp(z_i) / S over the last axis.

    >>> import symconv as sc
    >>> sc.softmax(sc.tensor("z", sc.sizes("n"))).entries(n=2)
    [exp(z[0])/(exp(z[0]) + exp(z[1])), exp(z[1])/(exp(z[0]) + exp(z[1]))]
    """
    if not z.rank:
        raise ShapeError(f"softmax({z.name})", "a scalar", "at least one axis", "give the numbers an axis")
    s = exponential_sum(z)
    return define(
        f"softmax({z.name})",
        z.axes,
        lambda *index: multiply(Apply(EXP, z[index]), Reciprocal(s[index[:-1]])),
        indices=index_names(z.rank),
        call=Call("softmax", (z,)),
    )


def cross_entropy(p: Tensor, y: Tensor) -> Defined:
    """- sum of y log p over the last axis (over all examples too): a scalar.

    >>> import symconv as sc
    >>> n, k = sc.sizes("n"), sc.indices("k")
    >>> z, y = sc.tensor("z", n), sc.tensor("y", n)
    >>> p = sc.softmax(z)
    >>> dz = sc.gradient(sc.cross_entropy(p, y), z)
    >>> sc.prove(dz, sc.define("dz", [n], lambda i: p[i] * sc.total(y[k], (k, 0, n - 1)) - y[i]))
    proved for all sizes
    """
    if p.axes != y.axes:
        raise ShapeError(
            f"cross_entropy({p.name}, {y.name})",
            f"shapes {p.shape} and {y.shape}",
            "one shape",
            "give one label vector a prediction",
        )
    names = index_names(p.rank)
    index = tuple(map(Poly.of, names))
    body = negative(total(ranges_of(p, names), multiply(y[index], Apply(LOG, p[index]))))
    return Defined(f"cross_entropy({p.name}, {y.name})", (), (), body, Call("cross_entropy", (p, y)))


def mean_squared_error(y: Tensor, t: Tensor) -> Defined:
    """The mean of (y - t)^2 over all entries: a scalar.

    >>> import symconv as sc
    >>> y, t = sc.tensor("y", 2), sc.tensor("t", 2)
    >>> sc.mean_squared_error(y, t).compile()(y=[1.0, 5.0], t=[1.0, 3.0])
    np.float64(2.0)
    """
    place = f"mean_squared_error({y.name}, {t.name})"
    if y.axes != t.axes:
        raise ShapeError(place, f"shapes {y.shape} and {t.shape}", "one shape", "give one target an entry")
    names = index_names(y.rank)
    index, count = tuple(map(Poly.of, names)), Poly.of(1)
    for extent in y.shape:
        count = count * extent
    gap = y[index] - t[index]
    body = multiply(Reciprocal(Position(count)), total(ranges_of(y, names), gap * gap))
    return Defined(place, (), (), body, Call("mean_squared_error", (y, t)))


__all__ = [
    "Axis",
    "Leaf",
    "add_bias",
    "apply",
    "cross_entropy",
    "dense",
    "elementwise",
    "exponential_sum",
    "mean_squared_error",
    "scale",
    "softmax",
]
