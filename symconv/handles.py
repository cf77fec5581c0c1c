"""What users hold: tensors with SymPy sizes, that show themselves and unfold, compile and print.

A `Tensor` here wraps a tensor of the term language; `.term` is that tensor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import sympy

from symconv.entries.bridge import poly_from_sympy, sympy_from_poly
from symconv.errors import ShapeError
from symconv.ops.layer import add_bias, elementwise
from symconv.term import tensor as terms
from symconv.term.polynomial import Poly
from symconv.term.value import Value
from symconv.write.latex import latex_of_call, latex_of_tensor
from symconv.write.text import text_of_tensor

if TYPE_CHECKING:
    from collections.abc import Mapping


class Tensor:
    """A tensor: leaf data, a layer's output, or a derived gradient.

    `T[i, j]` is an entry in index notation; `+` and `-` work entry by entry, `*` is the
    Hadamard product, a vector or scalar added to a map is a bias, `@` is the matrix product.

    >>> import symconv as sc
    >>> H, W, r, c = sc.sizes("H W r c")
    >>> X, K = sc.tensor("X", H, W), sc.tensor("K", r, c)
    >>> F = sc.correlate(X, K, stride=2)
    >>> F
    corr(X, K, stride=2)
    >>> F.shape
    (floor((H - r)/2) + 1, floor((W - c)/2) + 1)
    """

    def __init__(self, term: terms.Tensor) -> None:
        self.term = term

    # -- what it is ---------------------------------------------------------

    @property
    def name(self) -> str:
        return self.term.name

    @property
    def shape(self) -> tuple[sympy.Expr, ...]:
        """The extents, as SymPy expressions in the sizes."""
        return tuple(map(sympy_from_poly, self.term.shape))

    @property
    def ndim(self) -> int:
        return self.term.rank

    def __getitem__(self, index: object) -> Value:
        places = index if isinstance(index, tuple) else (index,)
        return self.term[tuple(poly_from_sympy(i) for i in places)]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tensor) and self.term == other.term

    def __hash__(self) -> int:
        return hash(self.term)

    # -- arithmetic -----------------------------------------------------------

    def __add__(self, other: Tensor) -> Tensor:
        other = _checked(other, "+", self)
        if other.term.rank < self.term.rank:
            return Tensor(add_bias(self.term, other.term))
        return Tensor(elementwise(self.term, other.term, "+"))

    def __sub__(self, other: Tensor) -> Tensor:
        return Tensor(elementwise(self.term, _checked(other, "-", self).term, "-"))

    def __mul__(self, other: Tensor) -> Tensor:
        return Tensor(elementwise(self.term, _checked(other, "*", self).term, "*"))

    def __matmul__(self, other: Tensor) -> Tensor:
        from symconv.ops.matrix import matmul

        return Tensor(matmul(self.term, _checked(other, "@", self).term))

    # -- numbers and entries ----------------------------------------------------

    def entries(self, given: Mapping[str, Any] | None = None, /, **sizes: int) -> sympy.ImmutableDenseNDimArray:
        """All entries at fixed sizes, as a SymPy array over symbolic entries.

        sizes: a number for each size.  given: SymPy arrays to stand for leaves, by name.

        >>> import symconv as sc
        >>> n, k = sc.sizes("n k")
        >>> sc.correlate(sc.tensor("x", n), sc.tensor("w", k)).entries(n=3, k=2)
        [w[0]*x[0] + w[1]*x[1], w[0]*x[1] + w[1]*x[2]]
        """
        from symconv.entries.unfold import entries

        return entries(self.term, sizes, given)

    def compile(self) -> Callable[..., Any]:
        """A vectorised NumPy function of the leaves, by name, and of the sizes that no shape gives.

        >>> import numpy as np, symconv as sc
        >>> n, k = sc.sizes("n k")
        >>> f = sc.correlate(sc.tensor("x", n), sc.tensor("w", k)).compile()
        >>> f(x=np.array([1., 2., 4.]), w=np.array([1., -1.]))
        array([-1., -2.])
        """
        from symconv.kernels import compile_tensor

        return compile_tensor(self._defined("compile"))

    def lambdify(self, **options: Any) -> Callable[..., Any]:
        """The same through `sympy.lambdify` with a NumPy printer of ours; see `symconv.entries.lambdify`."""
        from symconv.entries.lambdify import lambdify

        return lambdify(self.term, **options)

    def to_sympy(self) -> sympy.Expr:
        """One entry as a SymPy expression with Sum, Indexed and Piecewise."""
        from symconv.entries.outward import to_sympy

        return to_sympy(self.term)

    def _defined(self, what: str) -> terms.Defined:
        if not isinstance(self.term, terms.Defined):
            raise ShapeError(
                f"{self.name}.{what}()", "free data", "a tensor with a formula", "build an operation on it"
            )
        return self.term

    # -- how it shows itself -------------------------------------------------------

    def latex(self) -> str:
        """As a LaTeX formula: the definition of what was defined by one, the call of a named operation."""
        return latex_of_tensor(self.term)

    @property
    def expression(self) -> str:
        """The operations it is made of, as LaTeX: corr(pad(G, r - 1), rot180(K))."""
        return latex_of_call(self.term)

    def __repr__(self) -> str:
        return text_of_tensor(self.term)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"


def _checked(other: object, sign: str, left: Tensor) -> Tensor:
    if not isinstance(other, Tensor):
        raise ShapeError(f"{left.name} {sign} ..", f"{other!r}", "a tensor", "make one with tensor(name, ..)")
    return other


def wrapped(item: Any) -> Any:
    """Tensors of the term language become handles, in tuples too."""
    if isinstance(item, terms.Tensor):
        return Tensor(item)
    if isinstance(item, tuple):
        return tuple(map(wrapped, item))
    if isinstance(item, Poly):
        return sympy_from_poly(item)
    return item


def unwrapped(item: Any) -> Any:
    """Handles become tensors of the term language, SymPy expressions index polynomials, in tuples too."""
    if isinstance(item, Tensor):
        return item.term
    if isinstance(item, sympy.Basic):
        return poly_from_sympy(item)
    if isinstance(item, (tuple, list)):
        return tuple(map(unwrapped, item))
    return item
