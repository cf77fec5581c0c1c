"""What a tensor costs and sees, for all sizes."""

from __future__ import annotations

import sympy

from symconv import overview
from symconv.api.arguments import tensor_of
from symconv.calculus import counting
from symconv.entries.bridge import sympy_from_poly
from symconv.handles.tensors import Tensor
from symconv.overview import Summary


def multiplications(f: Tensor) -> sympy.Expr:
    """How many products of two numbers a tensor takes, with everything it is made of, for all sizes.

    Zeros outside count like other entries, as a loop over whole windows does.

    >>> import sympy, symconv as sc
    >>> H, W, r, c = sc.sizes("H W r c")
    >>> sympy.factor(sc.multiplications(sc.correlate(sc.tensor("X", H, W), sc.tensor("K", r, c))))
    c*r*(-H + r - 1)*(-W + c - 1)
    """
    return sympy_from_poly(counting.multiplications(tensor_of(f, "multiplications")))


def additions(f: Tensor) -> sympy.Expr:
    """How many sums of two numbers a tensor takes, with everything it is made of, for all sizes.

    >>> import sympy, symconv as sc
    >>> H, r = sc.sizes("H r")
    >>> sympy.factor(sc.additions(sc.correlate(sc.tensor("x", H), sc.tensor("w", r))))
    -(r - 1)*(-H + r - 1)
    """
    return sympy_from_poly(counting.additions(tensor_of(f, "additions")))


def parameters(*tensors: Tensor) -> sympy.Expr:
    """How many numbers these tensors hold.

    >>> import symconv as sc
    >>> O, C = sc.sizes("O C")
    >>> sc.parameters(sc.tensor("K", O, C, 3, 3), sc.tensor("b", O))
    9*C*O + O
    """
    return sympy_from_poly(counting.parameters([tensor_of(t, "parameters") for t in tensors]))


def receptive_field(f: Tensor, x: Tensor) -> tuple[sympy.Expr, ...]:
    """How many positions of x, on each axis, one entry of f depends on: from the first to the last one.

    >>> import symconv as sc
    >>> n, r, d = sc.sizes("n r d")
    >>> x = sc.tensor("x", n)
    >>> sc.receptive_field(sc.correlate(x, sc.tensor("w", r), dilation=d), x)
    (d*r - d + 1,)
    """
    found = counting.receptive_field(tensor_of(f, "receptive_field"), tensor_of(x, "receptive_field"))
    return tuple(map(sympy_from_poly, found))


def summary(f: Tensor, **sizes: int) -> Summary:
    """The layers of a network with shapes and parameters; see `symconv.overview.summary`.

    >>> import symconv as sc
    >>> C, r = sc.sizes("C r")
    >>> sc.summary(sc.correlate(sc.tensor("X", 3, 32, 32), sc.tensor("K", C, 3, r, r)), r=5)
    layer      shape        parameters  count
    correlate  C x 28 x 28  K           75*C
    in all                              75*C
    """
    return overview.summary(tensor_of(f, "summary"), sizes)
