"""A row of layout items, read from left to right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from symconv.notation.latex_writer import write_latex
from symconv.notation.layout import Fence, Letter, Node, Numeral, Row, Script, Sign, Space, Words
from symconv.notation.source import Source
from symconv.notation.symbols import RELATIONS
from symconv.read.expression import Expr
from symconv.read.kinds import Kinds

COMPARISONS = {"=", "<", ">", r"\le", r"\ge", r"\neq"}
EQUALITIES = {"=", ":=", r"\equiv", r"\triangleq"}


class Cursor:
    """A place in a row of items."""

    def __init__(self, items: Sequence[Node], at: int) -> None:
        self.items = tuple(i for i in items if not isinstance(i, Space))
        self.next = 0
        self.start = at

    @property
    def item(self) -> Node | None:
        return self.items[self.next] if self.next < len(self.items) else None

    @property
    def at(self) -> int:
        item = self.item
        if item is not None:
            return item.at
        return self.items[-1].at if self.items else self.start

    def take(self) -> Node:
        item = self.items[self.next]
        self.next += 1
        return item

    def rest_of(self) -> tuple[Node, ...]:
        """What is left, without taking it."""
        return self.items[self.next :]

    def rest(self) -> tuple[Node, ...]:
        found = self.items[self.next :]
        self.next = len(self.items)
        return found

    def is_sign(self, *texts: str) -> bool:
        return isinstance(self.item, Sign) and self.item.text in texts


class Rows:
    """What all parts of the grammar share: the source, the kinds and the names bound so far."""

    def __init__(self, source: Source, kinds: Kinds) -> None:
        self.source = source
        self.kinds = kinds
        self.bound: frozenset[str] = frozenset()
        self.in_limit = False
        self.unlimited: frozenset[str] = frozenset()  # bound without limits: perhaps several indices at once

    def expression(self, items: Sequence[Node], at: int) -> Expr:
        raise NotImplementedError

    def term(self, cursor: Cursor) -> Expr:
        raise NotImplementedError

    @contextmanager
    def binding(self, names: Sequence[str]) -> Iterator[None]:
        outer = self.bound
        self.bound = outer | frozenset(names)
        try:
            yield
        finally:
            self.bound = outer


def split(row: Row, *texts: str) -> list[Row]:
    """The parts of a row between the given signs."""
    parts: list[list[Node]] = [[]]
    starts = [row.at]
    for item in row.items:
        if isinstance(item, Sign) and item.text in texts:
            parts.append([])
            starts.append(item.at)
        elif not isinstance(item, Space):
            parts[-1].append(item)
    return [Row(tuple(p), at=p[0].at if p else s) for p, s in zip(parts, starts, strict=True)]


def has_relation(row: Row) -> bool:
    return any(isinstance(i, Sign) and i.text in RELATIONS for i in row.items)


def text_of(node: Node | None) -> str:
    r"""The letters of a label: `rot` for `{rot}` and for `\text{rot}`."""
    if node is None:
        return ""
    items = node.items if isinstance(node, Row) else (node,)
    text = ""
    for item in items:
        if isinstance(item, Words):
            text += item.text.strip()
        elif isinstance(item, (Letter, Numeral)):
            text += item.name if isinstance(item, Letter) else item.text
        elif isinstance(item, Script):
            text += write_latex(item)
        else:
            return ""
    return text


def unwrapped(row: Row) -> Row:
    """`{(i, j)}` as an index list is `{i, j}`."""
    if len(row.items) == 1 and isinstance(row.items[0], Fence) and row.items[0].opener == "(":
        return row.items[0].body
    return row
