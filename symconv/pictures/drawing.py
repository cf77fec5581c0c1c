"""The one drawing kit: grids of cells with labels, legends and arrows, put side by side as far as a phone is wide.

A picture is a row of panels that flows like text; a panel knows its extents and draws itself at the origin.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from symconv.notation.markup import Markup, element, together
from symconv.page.nodes import Figure, sentence
from symconv.pictures.style import ROOT, style_sheet

Cell = tuple[int, int]
WIDTH = 350  # of a picture, unless one panel alone is wider
SIDE, SMALLEST = 34, 16  # of a cell
MARGIN, TITLE, GAP = 18, 18, 16
LETTER = 6.6  # the width of a letter at 12 px
FINE = 0.78  # subscripts by letters


@dataclass(frozen=True, slots=True)
class Label:
    """A text with a subscript."""

    text: str
    below: str = ""

    @property
    def width(self) -> float:
        return LETTER * (len(self.text) + FINE * len(self.below))

    def draw(self, x: int, y: int, room: int, kind: str | None = None) -> Markup:
        """Around x, on the line y, smaller where the room is less; nothing where it could not be read."""
        size = min(1.0, (room - 3) / max(self.width, 1)) * (12 if kind is None else 10)
        if size < 8.5 or not self.text + self.below:
            return Markup("")
        below = element("tspan", self.below, dy="3", font_size=f"{max(size * FINE, 7):.1f}") if self.below else ""
        return element("text", self.text, below, class_=kind, x=str(x), y=str(y), style=f"font-size:{size:.1f}px")


BLANK = Label("")


@dataclass(frozen=True, slots=True)
class Look:
    """A cell: its classes, what stands in it and below that, which entry it is and which entries that one uses."""

    kind: str = ""
    label: Label = BLANK
    note: Label = BLANK
    of: str | None = None
    reads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """A rectangle around the cells of two corners; the inset keeps overlapping ones apart."""

    first: Cell
    last: Cell
    kind: str = "frame"
    inset: int = 0


class Panel(Protocol):
    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...

    def draw(self) -> Markup: ...


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells in rows and columns with their numbers, a title above, frames and block lines on top.

    A cell without a look is a plain one.
    """

    title: str
    rows: range
    columns: range
    looks: Mapping[Cell, Look] = field(default_factory=dict)
    frames: tuple[Frame, ...] = ()
    row_lines: tuple[int, ...] = ()
    column_lines: tuple[int, ...] = ()
    largest: int = SIDE

    @property
    def side(self) -> int:
        return max(SMALLEST, min(self.largest, (WIDTH - MARGIN) // max(len(self.columns), 1)))

    @property
    def width(self) -> int:
        return max(MARGIN + self.side * len(self.columns) + 3, int(LETTER * 1.08 * len(self.title)) + 2)

    @property
    def height(self) -> int:
        return TITLE + MARGIN + self.side * len(self.rows) + 3

    def draw(self) -> Markup:
        title = element("text", self.title, class_="title", x="0", y="13")
        return together(title, *self._numbers(), *self._cells(), *self._lines(), *map(self._frame, self.frames))

    def corner(self, cell: Cell) -> Cell:
        """x and y of the upper left corner."""
        across, down = cell[1] - self.columns.start, cell[0] - self.rows.start
        return MARGIN + self.side * across, TITLE + MARGIN + self.side * down

    def _numbers(self) -> Iterator[Markup]:
        for j in self.columns:
            x, _ = self.corner((self.rows.start, j))
            yield element("text", str(j), class_="axis", x=str(x + self.side // 2), y=str(TITLE + MARGIN - 5))
        for i in self.rows:
            _, y = self.corner((i, self.columns.start))
            yield element("text", str(i), class_="axis", x=str(MARGIN // 2 - 1), y=str(y + self.side // 2 + 4))

    def _cells(self) -> Iterator[Markup]:
        places = [(i, j) for i in self.rows for j in self.columns]
        looks = {place: self.looks.get(place, Look()) for place in places}
        for place in sorted(places, key=lambda p: _layer(looks[p].kind)):
            yield from self._cell(place, looks[place])

    def _cell(self, place: Cell, look: Look) -> Iterator[Markup]:
        x, y = self.corner(place)
        yield element(
            "rect",
            class_=f"cell {look.kind}".strip(),
            x=str(x),
            y=str(y),
            width=str(self.side),
            height=str(self.side),
            data_of=look.of,
            data_reads=" ".join(look.reads) or None,
        )
        middle, down = x + self.side // 2, y + self.side // 2
        noted = look.note != BLANK
        yield look.label.draw(middle, down - 2 if noted else down + 4, self.side)
        yield look.note.draw(middle, down + 11, self.side, "small")

    def _lines(self) -> Iterator[Markup]:
        right, bottom = self.corner((self.rows.stop, self.columns.stop))
        left, top = self.corner((self.rows.start, self.columns.start))
        for i in self.row_lines:
            yield element("path", class_="block", d=f"M{left} {self.corner((i, 0))[1]}H{right}")
        for j in self.column_lines:
            yield element("path", class_="block", d=f"M{self.corner((0, j))[0]} {top}V{bottom}")

    def _frame(self, frame: Frame) -> Markup:
        x, y = self.corner(frame.first)
        right, bottom = self.corner((frame.last[0] + 1, frame.last[1] + 1))
        n = frame.inset
        return element(
            "rect",
            class_=frame.kind,
            x=str(x + n),
            y=str(y + n),
            width=str(right - x - 2 * n),
            height=str(bottom - y - 2 * n),
            rx="3",
        )


@dataclass(frozen=True, slots=True)
class Legend:
    """What the classes of cells mean, a line each."""

    lines: tuple[tuple[str, str], ...]

    @property
    def width(self) -> int:
        return 22 + max((int(LETTER * len(words)) for _, words in self.lines), default=0)

    @property
    def height(self) -> int:
        return 20 * len(self.lines)

    def draw(self) -> Markup:
        return together(*(piece for n, line in enumerate(self.lines) for piece in self._line(20 * n, *line)))

    def _line(self, y: int, kind: str, words: str) -> Iterator[Markup]:
        yield element("rect", class_=f"cell {kind}".strip(), x="2", y=str(y + 2), width="14", height="14")
        yield element("text", words, class_="said", x="22", y=str(y + 13))


def _layer(kind: str) -> int:
    """Cells with thick frames are drawn over their neighbours."""
    kinds = kind.split()
    return 2 if {"entry", "winner"} & set(kinds) else 1 if "read" in kinds else 0


def figure(panels: Sequence[Panel], alt: str, caption: str) -> Figure:
    """Panels from left to right and from top to bottom as one picture; the caption may hold `$..$`.

    >>> made = figure([Grid("X", range(2), range(3))], "X, 2 by 3", "The input $X$.")
    >>> made.alt, made.svg.count("<rect")
    ('X, 2 by 3', 6)
    """
    placed, width, height = _flow(panels)
    pieces = [element("g", p.draw(), transform=f"translate({x} {y})") for p, x, y in placed]
    svg = element(
        "svg",
        element("style", Markup(style_sheet())),
        *pieces,
        xmlns="http://www.w3.org/2000/svg",
        class_=ROOT,
        role="img",
        aria_label=alt,
        width=str(width),
        height=str(height),
        viewBox=f"0 0 {width} {height}",
    )
    return Figure(svg, alt, sentence(caption))


def _flow(panels: Sequence[Panel]) -> tuple[list[tuple[Panel, int, int]], int, int]:
    """Where each panel stands, and the extents of all together."""
    placed: list[tuple[Panel, int, int]] = []
    x = y = line = width = 0
    for panel in panels:
        if x and x + panel.width > WIDTH:
            x, y, line = 0, y + line + GAP, 0
        placed.append((panel, x, y))
        x += panel.width + GAP
        line, width = max(line, panel.height), max(width, x - GAP)
    return placed, width + 2, y + line + 2


__all__ = ["BLANK", "WIDTH", "Cell", "Frame", "Grid", "Label", "Legend", "Look", "Panel", "figure"]
