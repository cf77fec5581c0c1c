r"""The two-dimensional layout of a formula: what is beside, above, below and inside what.

Reading and printing share this tree; it decides no meaning.  `f(x)` is a letter
and a fence beside each other, whether it is a call, a product or an entry.
Nodes compare by form; the offset of each in its source is not compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Anything with a place in the source."""

    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Row(Node):
    """Items one beside the other."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Letter(Node):
    r"""A letter: `x`, or `\delta`.  `joined`: written without a space after the letter before."""

    name: str
    joined: bool = False


@dataclass(frozen=True, slots=True)
class Numeral(Node):
    """Digits, with a decimal point or without."""

    text: str


@dataclass(frozen=True, slots=True)
class Sign(Node):
    r"""An operator, relation, comma or other mark: `+`, `\le`, `\cdot`."""

    text: str


@dataclass(frozen=True, slots=True)
class Words(Node):
    r"""Upright text: `\text{if }`, or the name of an operator, `\operatorname{pad}`."""

    text: str
    operator: bool = False


@dataclass(frozen=True, slots=True)
class Styled(Node):
    r"""A body in a font: `\mathbf{X}`."""

    font: str
    body: Row


@dataclass(frozen=True, slots=True)
class Accent(Node):
    r"""A mark over a body: `\tilde{F}`."""

    mark: str
    body: Row


@dataclass(frozen=True, slots=True)
class Script(Node):
    """A base with a subscript, a superscript and primes."""

    base: Node
    sub: Row | None = None
    sup: Row | None = None
    primes: int = 0


@dataclass(frozen=True, slots=True)
class Fraction(Node):
    top: Row
    bottom: Row


@dataclass(frozen=True, slots=True)
class Big(Node):
    r"""A big operator with its limits: `\sum_{u=0}^{r-1}`, `\max_{u}`."""

    sign: str
    lower: Row | None = None
    upper: Row | None = None


@dataclass(frozen=True, slots=True)
class Fence(Node):
    r"""A body between brackets: `(`, `[`, `\{`, `\lfloor`."""

    opener: str
    body: Row


@dataclass(frozen=True, slots=True)
class Grid(Node):
    """Rows of cells: a matrix, cases, aligned lines."""

    environment: str
    rows: tuple[tuple[Row, ...], ...]


@dataclass(frozen=True, slots=True)
class Space(Node):
    r"""A space that separates: `\quad`."""


@dataclass(frozen=True, slots=True)
class Boxed(Node):
    body: Row


@dataclass(frozen=True, slots=True)
class Tag(Node):
    r"""The number of an equation, `\tag{8.3}`, or its label."""

    text: str


def parts(node: Node) -> tuple[Node, ...]:
    """The nodes directly inside."""
    match node:
        case Row(items=items):
            return items
        case Styled(body=body) | Accent(body=body) | Fence(body=body) | Boxed(body=body):
            return (body,)
        case Script(base=base, sub=sub, sup=sup):
            return tuple(n for n in (base, sub, sup) if n is not None)
        case Fraction(top=top, bottom=bottom):
            return (top, bottom)
        case Big(lower=lower, upper=upper):
            return tuple(n for n in (lower, upper) if n is not None)
        case Grid(rows=rows):
            return tuple(cell for row in rows for cell in row)
    return ()


def walk(node: Node) -> Iterator[Node]:
    """The node and everything inside, in reading order."""
    yield node
    for part in parts(node):
        yield from walk(part)


def row(*items: Node) -> Row:
    """A row; rows among the items are laid open."""
    flat: list[Node] = []
    for item in items:
        flat.extend(item.items if isinstance(item, Row) else (item,))
    return Row(tuple(flat))
