"""Reading a picture back with an XML parser: its grids by title, their cells with classes, labels and data."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree import ElementTree

from symconv.page.nodes import Figure
from symconv.term.polynomial import Size
from symconv.term.tensor import Axis, Leaf

NS = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Drawn:
    kinds: frozenset[str]
    text: str
    of: str | None
    reads: frozenset[str]


def leaf(name: str, *shape: int | str, outside: str = "zero") -> Leaf:
    axes = tuple(Axis.of(Size(n) if isinstance(n, str) else n) for n in shape)
    return Leaf(name, axes, outside)  # type: ignore[arg-type]


def root(figure: Figure) -> ElementTree.Element:
    return ElementTree.fromstring(figure.svg)


def grids(figure: Figure) -> list[tuple[str, dict[tuple[int, int], Drawn]]]:
    """Every panel with a title, its cells by the numbers at its edges; the text in a cell without spaces."""
    return [
        (title, cells) for panel in root(figure).iter(f"{NS}g") if (title := _title(panel)) for cells in [_cells(panel)]
    ]


def grid(figure: Figure, title: str) -> dict[tuple[int, int], Drawn]:
    """The one panel of this title."""
    (found,) = [cells for name, cells in grids(figure) if name == title]
    return found


def marked(cells: dict[tuple[int, int], Drawn], kind: str) -> set[tuple[int, int]]:
    return {place for place, drawn in cells.items() if kind in drawn.kinds}


def _title(panel: ElementTree.Element) -> str:
    return "".join(t.text or "" for t in panel.iter(f"{NS}text") if t.get("class") == "title")


def _cells(panel: ElementTree.Element) -> dict[tuple[int, int], Drawn]:
    rects = [r for r in panel.iter(f"{NS}rect") if "cell" in (r.get("class") or "").split()]
    texts = [t for t in panel.iter(f"{NS}text") if t.get("class") not in ("axis", "title")]
    axis = [t for t in panel.iter(f"{NS}text") if t.get("class") == "axis"]
    xs, ys = (sorted({int(r.get(name, "")) for r in rects}) for name in "xy")
    columns = [int(t.text or "") for t in axis[: len(xs)]]
    rows = [int(t.text or "") for t in axis[len(xs) :]]
    assert len(columns) == len(xs)
    assert len(rows) == len(ys)
    assert len(rects) == len(xs) * len(ys)
    found = {}
    for r in rects:
        x, y, side = (int(r.get(n, "")) for n in ("x", "y", "width"))
        inside = [t for t in texts if x <= int(t.get("x", "")) < x + side and y <= int(t.get("y", "")) < y + side]
        text = " ".join("".join(t.itertext()) for t in inside)
        kinds = frozenset((r.get("class") or "").split()) - {"cell"}
        place = rows[ys.index(y)], columns[xs.index(x)]
        found[place] = Drawn(kinds, text, r.get("data-of"), frozenset((r.get("data-reads") or "").split()))
    return found
