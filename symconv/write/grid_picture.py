"""A picture of a tensor with two axes at small sizes, as SVG: its cells, one entry marked, and what is read of it.

Shape tells the marks apart, colour only helps: the entry is a thick frame, a
disc is read by the exact side, a cross by the claimed one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from symconv.notation.markup import Markup, element

Cell = tuple[int, int]
MOST = 12  # rows, and columns, of a picture
CELL, MARGIN, EDGE = 30, 22, 2


@dataclass(frozen=True, slots=True)
class GridPicture:
    """The positions of both axes; the entry that a counterexample names; the cells that each side reads."""

    name: str
    rows: range
    columns: range
    entry: Cell | None = None
    exact: frozenset[Cell] = frozenset()
    claimed: frozenset[Cell] = frozenset()

    @property
    def small(self) -> bool:
        return 0 < len(self.rows) <= MOST and 0 < len(self.columns) <= MOST

    def svg(self) -> Markup:
        width, height = (MARGIN + CELL * len(axis) + EDGE for axis in (self.columns, self.rows))
        return element(
            "svg",
            *self._numbers(),
            *self._cells(),
            role="img",
            aria_label=self._told(),
            width=str(width),
            height=str(height),
            viewBox=f"0 0 {width} {height}",
        )

    def _told(self) -> str:
        """The picture in words."""
        marks = [f"entry {self.entry} marked"] if self.entry is not None else []
        for side, cells in (("exact", self.exact), ("claimed", self.claimed)):
            if cells:
                marks.append(f"{side} reads {', '.join(map(str, sorted(cells)))}")
        return "; ".join([f"{self.name}, {len(self.rows)} by {len(self.columns)}", *marks])

    def _numbers(self) -> Iterator[Markup]:
        for n, j in enumerate(self.columns):
            yield element("text", str(j), x=str(MARGIN + CELL * n + CELL // 2), y=str(MARGIN - 7))
        for n, i in enumerate(self.rows):
            yield element("text", str(i), x=str(MARGIN - 11), y=str(MARGIN + CELL * n + CELL // 2 + 4))

    def _cells(self) -> Iterator[Markup]:
        places = [(i, j) for i in self.rows for j in self.columns]
        for place in sorted(places, key=lambda p: p == self.entry):  # the frame of the entry lies on top
            x, y = MARGIN + CELL * self.columns.index(place[1]), MARGIN + CELL * self.rows.index(place[0])
            kind = "cell entry" if place == self.entry else "cell"
            yield element("rect", class_=kind, x=str(x), y=str(y), width=str(CELL), height=str(CELL))
            yield from self._marks(place, x, y)

    def _marks(self, place: Cell, x: int, y: int) -> Iterator[Markup]:
        """A disc and a cross; side by side where both stand."""
        both = place in self.exact and place in self.claimed
        shift, middle = (CELL // 4 if both else 0), y + CELL // 2
        if place in self.exact:
            yield element("circle", class_="exact", cx=str(x + CELL // 2 - shift), cy=str(middle), r="5")
        if place in self.claimed:
            centre = x + CELL // 2 + shift
            path = f"M{centre - 5} {middle - 5}l10 10m0 -10l-10 10"
            yield element("path", class_="claimed", d=path)


__all__ = ["Cell", "GridPicture"]
