"""What users hold: tensors with SymPy sizes, values, places and conditions, that show themselves and calculate.

A `Tensor` here wraps a tensor of the term language, a `Value` a value, a `Place` an index polynomial
and a `Condition` a condition; `.term` is what it wraps.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from inspect import signature
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NoReturn

import sympy

from symconv.entries.bridge import poly_from_sympy, sympy_from_poly
from symconv.errors import BridgeError, ShapeError, SizeError, SymconvError, UsageError
from symconv.ops.layer import add_bias, elementwise, scale
from symconv.ops.window import integer
from symconv.term import tensor as terms
from symconv.term import value as values
from symconv.term.polynomial import Application, Poly
from symconv.term.text import text_of_condition, text_of_poly
from symconv.write.latex import latex_of_call, latex_of_poly, latex_of_tensor, latex_of_value
from symconv.write.relations import latex_of_condition
from symconv.write.text import text_of_tensor, text_of_value

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_FACTORS = 64  # of a power that is written out
MOST_ENTRIES = 1_000_000


class _Handle:
    """Common to all handles: what symbols have not, and NumPy must not take apart."""

    __array_ufunc__: ClassVar[None] = None  # NumPy leaves `array * handle` to the handle

    def __bool__(self) -> bool:
        raise UsageError(f"bool({self!r})", "a symbolic object", "a comparison that is decided", "ask prove(a, b)")

    def __array__(self, *_: object, **__: object) -> NoReturn:
        raise UsageError(
            f"an array of {self!r}",
            "a symbolic object without numbers",
            "numbers",
            "unfold a tensor with .entries(H=3, ..), or compute it with .compile()",
        )

    def __iter__(self) -> NoReturn:
        raise UsageError(
            f"iteration over {self!r}", "a symbolic object", "fixed sizes", "iterate over .entries(H=3, ..) of a tensor"
        )


class Tensor(_Handle):
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

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tensor) and self.term == other.term

    def __hash__(self) -> int:
        return hash(self.term)

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
        return self._scaled(_inverse(value_of(other, f"{self.name} / .."), f"{self.name} / {other}"))

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

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"


class Value(_Handle):
    """A number in index notation: an entry, a sum, a product; `+ - * / **` build larger ones.

    >>> import symconv as sc
    >>> n, (i, k) = sc.sizes("n"), sc.indices("i k")
    >>> x = sc.tensor("x", n)
    >>> (x[i] - sc.total(x[k], (k, 0, n - 1)) / n) ** 2
    (x[i] - (sum_{k=0}^{n-1} x[k]) 1/(n)) (x[i] - (sum_{k=0}^{n-1} x[k]) 1/(n))
    """

    def __init__(self, term: values.Value) -> None:
        self.term = term

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Value) and self.term == other.term

    def __hash__(self) -> int:
        return hash(self.term)

    # -- arithmetic -----------------------------------------------------------

    def __add__(self, other: object) -> Value:
        return Value(values.add(self.term, value_of(other, f"{self!r} + ..")))

    def __radd__(self, other: object) -> Value:
        return Value(values.add(value_of(other, f".. + {self!r}"), self.term))

    def __sub__(self, other: object) -> Value:
        return Value(values.add(self.term, values.negative(value_of(other, f"{self!r} - .."))))

    def __rsub__(self, other: object) -> Value:
        return Value(values.add(value_of(other, f".. - {self!r}"), values.negative(self.term)))

    def __neg__(self) -> Value:
        return Value(values.negative(self.term))

    def __mul__(self, other: object) -> Value:
        return Value(values.multiply(self.term, value_of(other, f"{self!r} * ..")))

    def __rmul__(self, other: object) -> Value:
        return Value(values.multiply(value_of(other, f".. * {self!r}"), self.term))

    def __truediv__(self, other: object) -> Value:
        by = _inverse(value_of(other, f"{self!r} / .."), f"{self!r} / {other}")
        return Value(values.multiply(self.term, by))

    def __rtruediv__(self, other: object) -> Value:
        by = _inverse(self.term, f"{other} / {self!r}")
        return Value(values.multiply(value_of(other, f".. / {self!r}"), by))

    def __pow__(self, exponent: object) -> Value:
        """A product of equal factors; a negative exponent divides."""
        number = integer(poly_from_sympy(exponent)) if isinstance(exponent, sympy.Integer) else integer(exponent)
        if number is None or abs(number) > MOST_FACTORS:
            raise UsageError(
                f"({self!r}) ** {exponent}",
                f"the exponent {exponent!r}",
                f"a whole number from -{MOST_FACTORS} to {MOST_FACTORS}",
                "write the power as a function with apply",
            )
        power = values.multiply(*[self.term] * abs(number))
        return Value(power if number >= 0 else _inverse(power, f"({self!r}) ** {number}"))

    # -- how it shows itself -------------------------------------------------------

    def __repr__(self) -> str:
        return text_of_value(self.term)

    def latex(self) -> str:
        return latex_of_value(self.term)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"


class Place(_Handle):
    """A position that SymPy has no expression for: the place of a maximum, and what `+ - *` make of it.

    It stands in `X[..]`, and its comparisons are conditions.

    >>> import symconv as sc
    >>> n, i = sc.sizes("n"), sc.indices("i")
    >>> x = sc.tensor("x", n)
    >>> (u,) = sc.argmax(sc.pool_max(x, 2), (i,))
    >>> x[2 * i + u], u <= 1
    (x[argmax_0(i)+2*i], argmax_0(i) <= 1)
    """

    def __init__(self, term: Poly) -> None:
        self.term = term

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Place) and self.term == other.term

    def __hash__(self) -> int:
        return hash(self.term)

    def __add__(self, other: object) -> Place:
        return Place(self.term + poly_of(other))

    __radd__ = __add__

    def __sub__(self, other: object) -> Place:
        return Place(self.term - poly_of(other))

    def __rsub__(self, other: object) -> Place:
        return Place(poly_of(other) - self.term)

    def __neg__(self) -> Place:
        return Place(-self.term)

    def __mul__(self, other: object) -> Place:
        return Place(self.term * poly_of(other))

    __rmul__ = __mul__

    def __ge__(self, other: object) -> Condition:
        return Condition(values.at_least(self.term, poly_of(other)))

    def __le__(self, other: object) -> Condition:
        return Condition(values.at_least(poly_of(other), self.term))

    def __gt__(self, other: object) -> Condition:
        return Condition(values.at_least(self.term, poly_of(other) + 1))

    def __lt__(self, other: object) -> Condition:
        return Condition(values.at_least(poly_of(other), self.term + 1))

    def equals(self, other: object) -> Condition:
        """The condition that both are the same position."""
        return Condition(values.equal(self.term, poly_of(other)))

    def __repr__(self) -> str:
        return text_of_poly(self.term)

    def latex(self) -> str:
        return latex_of_poly(self.term)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"


class Condition(_Handle):
    """A relation between positions or sizes: a hypothesis, or what a bracket asks.

    >>> import symconv as sc
    >>> H, r = sc.sizes("H r")
    >>> sc.condition(H > r)
    H >= r+1
    """

    def __init__(self, term: values.Condition) -> None:
        self.term = term

    @property
    def kind(self) -> Literal["ge", "eq", "ne"]:
        return self.term.kind

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Condition) and self.term == other.term

    def __hash__(self) -> int:
        return hash(self.term)

    def __repr__(self) -> str:
        return text_of_condition(self.term)

    def latex(self) -> str:
        return latex_of_condition(self.term)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"


# -- from Python and SymPy to terms ---------------------------------------------------------


def poly_of(item: object) -> Poly:
    """The index polynomial that a whole number, a SymPy expression or a place stands for."""
    if isinstance(item, Place):
        return item.term
    if isinstance(item, (Value, Tensor)):
        raise BridgeError(f"the position {item!r}", "a value", "an index, a size or a whole number", "use an index")
    number = integer(item) if not isinstance(item, Poly) else None
    return Poly.of(number) if number is not None else poly_from_sympy(item)


def value_of(item: object, place: str) -> values.Value:
    """What may stand beside a value: a value, a rational number, a polynomial in sizes and indices over another."""
    if isinstance(item, Value):
        return item.term
    if isinstance(item, values.Value):
        return item
    if isinstance(item, Tensor):
        if item.ndim:
            raise UsageError(place, f"the whole tensor {item.name}", "a number", f"name an entry: {item.name}[..]")
        return item.term[()]
    if isinstance(item, Place):
        return values.as_value(item.term)
    if isinstance(item, Fraction):
        return values.as_value(item)
    number = integer(item)
    if number is not None:
        return values.as_value(number)
    if isinstance(item, sympy.Rational):
        return values.as_value(Fraction(int(item.p), int(item.q)))
    if isinstance(item, sympy.Expr):
        above, below = item.as_numer_denom()
        product = values.as_value(poly_from_sympy(above))
        return product if below == 1 else values.multiply(product, _inverse(value_of(below, place), place))
    raise UsageError(
        place,
        f"{item!r}",
        "a value, a whole number, a Fraction or a SymPy expression in sizes and indices",
        "write Fraction(1, 2) for a half; nothing is rounded here",
    )


def _mapping(given: Any, place: str) -> Mapping[str, Any]:
    if given is None or isinstance(given, dict):
        return given or {}
    raise UsageError(place, f"{type(given).__name__}", "a dictionary from names to arrays", 'write {"X": array}')


def _inverse(value: values.Value, place: str) -> values.Value:
    """1 / value."""
    if isinstance(value, values.Number):
        if not value.value:
            raise UsageError(place, "a division by 0", "a divisor that is not 0", "divide by something else")
        return values.Number(1 / value.value)
    return values.Reciprocal(value)


def _checked(other: object, sign: str, left: Tensor) -> Tensor:
    if not isinstance(other, Tensor):
        raise _no_tensor(other, f"{left.name} {sign} ..")
    return other


def _no_tensor(found: object, place: str) -> SymconvError:
    return ShapeError(place, f"{found!r}", "a tensor", "make one with tensor(name, ..)")


def wrapped(item: Any) -> Any:
    """Terms become handles, in tuples too."""
    if isinstance(item, terms.Tensor):
        return Tensor(item)
    if isinstance(item, values.Value):
        return Value(item)
    if isinstance(item, values.Condition):
        return Condition(item)
    if isinstance(item, tuple):
        return tuple(map(wrapped, item))
    if isinstance(item, Poly):
        placed = any(isinstance(atom, Application) for atom in item.all_atoms())
        return Place(item) if placed else sympy_from_poly(item)
    return item


def unwrapped(item: Any) -> Any:
    """Handles become terms, SymPy expressions index polynomials, in tuples too."""
    if isinstance(item, (Tensor, Value, Place, Condition)):
        return item.term
    if isinstance(item, sympy.Basic):
        return poly_from_sympy(item)
    if isinstance(item, (tuple, list)):
        return tuple(map(unwrapped, item))
    return item
