"""What index polynomials are made of: sizes, names of indices, and compounds of polynomials.

A compound is the floor quotient, the remainder, or an application of an index
function (argmax).  All are compared and ordered by their text and parts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from symconv.term.polynomial import Poly


class Size:
    """A natural number that stays unknown: an image height, a stride, a padding.

    Two sizes of the same name and least value are one object.

    >>> Size("H") is Size("H"), Size("p", 0).least
    (True, 0)
    """

    __slots__ = ("least", "name", "text")
    _known: ClassVar[dict[tuple[str, int], Size]] = {}
    name: str
    least: int
    text: str

    def __new__(cls, name: str, least: int = 1) -> Size:
        known = cls._known.get((name, least))
        if known is None:
            known = super().__new__(cls)
            known.name, known.least, known.text = name, least, name
            cls._known[name, least] = known
        return known

    def __reduce__(self) -> tuple[type[Size], tuple[str, int]]:
        return Size, (self.name, self.least)

    def __repr__(self) -> str:
        return self.name

    def __lt__(self, other: object) -> bool:
        return order(self) < order(other)

    def __gt__(self, other: object) -> bool:
        return order(self) > order(other)


class IndexFunction(Protocol):
    """What a function from indices to an index must offer; `Argmax` is one."""

    @property
    def name(self) -> str: ...

    def bounds(self, args: tuple[Poly, ...]) -> tuple[Poly, Poly]:
        """The least and the greatest value at these arguments."""


class Compound:
    """An atom made of polynomials; ordered and compared by its text and parts."""

    __slots__ = ("_hash", "parts", "text")
    symbol: ClassVar[str]

    def __init__(self, *parts: object) -> None:
        self.parts = parts
        self.text = f"{self.symbol}({', '.join(map(str, parts))})"
        self._hash = hash((type(self).__name__, parts))

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[type[Compound], tuple[object, ...]]:
        """Made anew where it is unpickled: a hash holds in one process only."""
        return type(self), self.parts

    def __eq__(self, other: object) -> bool:
        return self is other or (type(other) is type(self) and self.parts == other.parts)

    def __repr__(self) -> str:
        return self.text

    def __lt__(self, other: object) -> bool:
        return order(self) < order(other)

    def __gt__(self, other: object) -> bool:
        return order(self) > order(other)

    def polys(self) -> tuple[Poly, ...]:
        raise NotImplementedError


class Quotient(Compound):
    """floor(numerator / denominator); needs denominator >= 1."""

    __slots__ = ()
    symbol = "div"

    @property
    def numerator(self) -> Poly:
        return self.parts[0]  # type: ignore[return-value]

    @property
    def denominator(self) -> Poly:
        return self.parts[1]  # type: ignore[return-value]

    def polys(self) -> tuple[Poly, ...]:
        return (self.numerator, self.denominator)


class Remainder(Quotient):
    """numerator - denominator * floor(numerator / denominator)."""

    __slots__ = ()
    symbol = "mod"


class Application(Compound):
    """An index function applied to positions: the argmax of a window."""

    __slots__ = ()
    symbol = "at"

    @property
    def function(self) -> IndexFunction:
        return self.parts[0]  # type: ignore[return-value]

    @property
    def arguments(self) -> tuple[Poly, ...]:
        return self.parts[1]  # type: ignore[return-value]

    def polys(self) -> tuple[Poly, ...]:
        return self.arguments


def order(atom: object) -> tuple[str, bool]:
    """Atoms by name; an index and a size may share one, the size then comes first."""
    return (atom, True) if isinstance(atom, str) else (atom.text, False)  # type: ignore[attr-defined]
