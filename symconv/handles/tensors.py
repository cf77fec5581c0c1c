"""Tensors with SymPy sizes, with arithmetic, entries at fixed sizes, and functions of arrays."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from math import prod
from typing import TYPE_CHECKING, Any, NoReturn

import sympy

from symconv.entries.bridge import sympy_from_poly
from symconv.errors import ShapeError, SizeError, SymconvError, UsageError
from symconv.handles.handle import Handle
from symconv.handles.reading import inverse, poly_of, value_of
from symconv.handles.values import Value
from symconv.ops.layer import add_bias, elementwise, scale
from symconv.ops.window import integer
from symconv.term import tensor as terms
from symconv.term import value as values
from symconv.term.polynomial import Poly
from symconv.write.latex import latex_of_call, latex_of_tensor
from symconv.write.text import text_of_tensor, text_of_value

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_ENTRIES = 1_000_000


class Tensor(Handle[terms.Tensor]):
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
        terms.check_tensor_names((values.Entry(term, ()),))
        super().__init__(term)

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

    def __len__(self) -> int:
        """The first extent, where it is a number."""
        first = self.term.shape[0].as_int if self.term.rank else None
        if first is None:
            raise SizeError(
                f"len({self!r})", f"the shape {self.shape}", "a first extent that is a number", "use .shape"
            )
        return first

    def __getitem__(self, index: object) -> Value:
        places = index if isinstance(index, tuple) else (index,)
        for place in places:
            if place is None or place is Ellipsis or isinstance(place, slice):
                raise ShapeError(
                    f"{self.name}[..]", f"{place!r}", "one index an axis", "name the entry, as in X[i, j]; or use crop"
                )
        return Value(self.term[tuple(poly_of(i) for i in places)])

    # -- arithmetic -----------------------------------------------------------

    def __add__(self, other: Tensor) -> Tensor:
        """Entry by entry; a vector or a scalar is a bias."""
        other = _checked(other, "+", self)
        if other.term.rank < self.term.rank:
            return Tensor(add_bias(self.term, other.term))
        return Tensor(elementwise(self.term, other.term, "+"))

    def __sub__(self, other: Tensor) -> Tensor:
        return Tensor(elementwise(self.term, _checked(other, "-", self).term, "-"))

    def __mul__(self, other: object) -> Tensor:
        """The Hadamard product of two tensors, or every entry times a number or a scalar tensor."""
        if isinstance(other, Tensor):
            if not other.ndim and self.ndim:
                return Tensor(scale(self.term, other.term[()], f"({other.name} {self.name})"))
            return other * self if not self.ndim and other.ndim else Tensor(elementwise(self.term, other.term, "*"))
        return self._scaled(value_of(other, f"{self.name} * .."))

    def __rmul__(self, other: object) -> Tensor:
        return self._scaled(value_of(other, f".. * {self.name}"))

    def __truediv__(self, other: object) -> Tensor:
        """Every entry divided by a number."""
        return self._scaled(inverse(value_of(other, f"{self.name} / .."), f"{self.name} / {other}"))

    def __neg__(self) -> Tensor:
        return self._scaled(values.as_value(-1))

    def _scaled(self, factor: values.Value) -> Tensor:
        sign = "-" if factor == values.as_value(-1) else f"{text_of_value(factor)} "
        return Tensor(scale(self.term, factor, f"({sign}{self.name})"))

    def __radd__(self, other: object) -> NoReturn:
        raise _no_tensor(other, f".. + {self.name}")

    def __rsub__(self, other: object) -> NoReturn:
        raise _no_tensor(other, f".. - {self.name}")

    def __rtruediv__(self, other: object) -> NoReturn:
        raise UsageError(
            f"{other} / {self.name}",
            "a tensor as a divisor",
            "a number as a divisor",
            f"say it entry by entry: define('y', {self.name}.shape, lambda ..: 1/{self.name}[..])",
        )

    def __pow__(self, exponent: object) -> NoReturn:
        raise UsageError(
            f"{self.name} ** {exponent}",
            "a power of a tensor",
            "a product that says which",
            f"write {self.name} * {self.name} entry by entry, {self.name} @ {self.name} for matrices",
        )

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

        for name, array in dict(_mapping(given, f"{self.name}.entries")).items():
            if not isinstance(array, (sympy.NDimArray, sympy.MatrixBase)):
                raise UsageError(
                    f"{self.name}.entries",
                    f"{type(array).__name__} for {name}",
                    "a SymPy array",
                    "wrap it in sympy.Array",
                )
        self._check_sizes(sizes)
        return entries(self.term, sizes, given)

    def _check_sizes(self, given: Mapping[str, Any]) -> None:
        """Refuse sizes that the tensor does not have, and more entries than anyone can hold."""
        from symconv.kernels.cases import value_at

        place = f"{self.name}.entries"
        known = terms.sizes_in(values.Entry(self.term, ()))
        names = [s.name for s in known]
        strange = sorted(set(given) - set(names))
        if strange:
            raise SizeError(
                place, f"the size {strange[0]}", f"the sizes {', '.join(names) or '(none)'}", "leave it out"
            )
        if {integer(given.get(n)) for n in names} & {None, 0} or self.term.rank == 0:
            return
        numbers = {s: int(given[s.name]) for s in known}
        count = prod(max(0, value_at(n, numbers)) for n in self.term.shape)
        if count > MOST_ENTRIES:
            raise SizeError(place, f"{count} entries", f"at most {MOST_ENTRIES}", "choose smaller sizes")

    def compile(self, accuracy: str = "exact", schedule: str = "") -> Callable[..., Any]:
        """A vectorised NumPy function of the leaves, by name, and of the sizes that no shape gives.

        accuracy, schedule: as for `export`.  The function takes `out`, an array for the result, and where its work
        can be shared `threads`.

        >>> import numpy as np, symconv as sc
        >>> n, k = sc.sizes("n k")
        >>> f = sc.correlate(sc.tensor("x", n), sc.tensor("w", k)).compile()
        >>> f(x=np.array([1., 2., 4.]), w=np.array([1., -1.]))
        array([-1., -2.])
        """
        from symconv.kernels import compile_tensor

        return compile_tensor(self._defined("compile"), accuracy, schedule)

    def lambdify(self, **options: Any) -> Callable[..., Any]:
        """The same through `sympy.lambdify` with a NumPy printer of ours; see `symconv.entries.lambdify`."""
        from symconv.entries.lambdify import lambdify

        known = list(signature(lambdify).parameters)[1:]
        strange = sorted(set(options) - set(known))
        if strange:
            raise UsageError(
                f"{self.name}.lambdify", f"the option {strange[0]}", f"one of {', '.join(known)}", "leave it out"
            )
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
        if isinstance(self.term, terms.Defined) and self.term.call is None:
            entry = values.Entry(self.term, tuple(map(Poly.of, self.term.parameters)))
            return f"{text_of_value(entry)} = {text_of_value(self.term.body)}"
        return text_of_tensor(self.term)


def _mapping(given: Any, place: str) -> Mapping[str, Any]:
    if given is None or isinstance(given, dict):
        return given or {}
    raise UsageError(place, f"{type(given).__name__}", "a dictionary from names to arrays", 'write {"X": array}')


def _checked(other: object, sign: str, left: Tensor) -> Tensor:
    if not isinstance(other, Tensor):
        raise _no_tensor(other, f"{left.name} {sign} ..")
    return other


def _no_tensor(found: object, place: str) -> SymconvError:
    return ShapeError(place, f"{found!r}", "a tensor", "make one with tensor(name, ..)")
