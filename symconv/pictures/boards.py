"""Tensors of any rank on paper: the last two axes are the rows and columns of a grid, each leading index has its own.

A vector is one row, a scalar one cell.  Names and lists of entries in words stand here, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import product

from symconv.errors import ScopeError
from symconv.pictures.drawing import BLANK, SIDE, Cell, Frame, Grid, Label, Look
from symconv.pictures.reading import Index, Place, Reader, Term
from symconv.term.tensor import Tensor
from symconv.write.text import text_of_tensor

SPOKEN = 12  # entries that a text lists before it says how many more there are
ONE = range(1)


def leading(index: Index) -> Index:
    """Which grid.

    >>> leading((2, 0, 1)), leading((3,))
    ((2,), ())
    """
    return index[:-2]


def cell(index: Index) -> Cell:
    """Row and column in its grid.

    >>> cell((2, 0, 1)), cell((3,)), cell(())
    ((0, 1), (0, 3), (0, 0))
    """
    return (0, 0, *index)[-2], (0, 0, *index)[-1]


def boards(
    title: str,
    axes: Sequence[range],
    looks: Mapping[Index, Look],
    planes: Iterable[Index] | None = None,
    frames: Mapping[Index, Sequence[Frame]] | None = None,
    largest: int = SIDE,
) -> list[Grid]:
    """The grids of a tensor, all of them or those of some leading indices."""
    chosen = sorted(set(planes)) if planes is not None else list(product(*axes[:-2]))
    rows, columns = (ONE, ONE, *axes)[-2:]
    return [
        Grid(
            f"{title}[{','.join(map(str, plane))},:,:]" if plane else title,
            rows,
            columns,
            {cell(i): look for i, look in looks.items() if leading(i) == plane},
            tuple((frames or {}).get(plane, ())),
            largest=largest,
        )
        for plane in chosen
    ]


def hulls(indices: Iterable[Index], kind: str = "frame", inset: int = 0) -> dict[Index, list[Frame]]:
    """For each grid the rectangle around the cells."""
    planes: dict[Index, list[Cell]] = {}
    for index in indices:
        planes.setdefault(leading(index), []).append(cell(index))
    return {plane: [_hull(cells, kind, inset)] for plane, cells in planes.items()}


def _hull(cells: list[Cell], kind: str, inset: int) -> Frame:
    rows, columns = zip(*cells, strict=True)
    return Frame((min(rows), min(columns)), (max(rows), max(columns)), kind, inset)


# -- names ------------------------------------------------------------------------


def short(tensor: Tensor, otherwise: str = "output") -> str:
    """The name of a tensor, if it has one of its own."""
    return tensor.name if "(" not in tensor.name else otherwise


def spoken(tensor: Tensor) -> str:
    """How a sentence calls a tensor: by its name or by its operation."""
    return text_of_tensor(tensor) if "(" in tensor.name else tensor.name


def by(axes: Sequence[range]) -> str:
    """Extents in words.

    >>> by((range(3), range(4))), by(())
    ('3 by 4', 'a number')
    """
    return " by ".join(str(len(axis)) for axis in axes) or "a number"


def extents(reader: Reader, tensor: Tensor) -> str:
    """A tensor and its extents, as a sentence."""
    return f"{spoken(tensor)}: {by(reader.axes(tensor))}{' entries' * (tensor.rank == 1)}."


def entry(tensor: Tensor, index: Index, otherwise: str = "output") -> str:
    """An entry as a sentence shows it."""
    return f"{short(tensor, otherwise)}[{', '.join(map(str, index))}]"


def listed(items: Iterable[str]) -> str:
    """Items with commas and an `and`, not more than a listener can bear.

    >>> listed("abc"), listed(map(str, range(20)))[-11:]
    ('a, b and c', ' and 8 more')
    """
    every = list(items)
    shown = every if len(every) <= SPOKEN else [*every[:SPOKEN], f"{len(every) - SPOKEN} more"]
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1]))) if shown else "nothing"


def label_of(place: Place) -> Label:
    """An entry as a letter with its index below, or the index alone where the name is long."""
    below, name = ",".join(map(str, place.index)), place.tensor.name
    return Label(name, below) if len(name) <= 2 else Label(below)


def link(terms: Sequence[Term], x: Tensor) -> Label:
    """What stands beside an entry of x: the entry it is multiplied with, else the number if it is not 1."""
    partners = [p for t in terms for p in t.besides(x)]
    if partners:
        return label_of(partners[0])
    number = sum((t.number for t in terms), Fraction(0))
    return BLANK if number == 1 else Label(number_text(number))


def link_words(terms: Sequence[Term], x: Tensor) -> str:
    """The same in words."""
    partners = [p for t in terms for p in t.besides(x)]
    if partners:
        return entry(partners[0].tensor, partners[0].index)
    number = sum((t.number for t in terms), Fraction(0))
    return "" if number == 1 else number_text(number)


def number_text(number: object) -> str:
    """A number as short as a cell.

    >>> number_text(Fraction(1, 4)), number_text(Fraction(1, 9)), number_text(2.0), number_text(0.123456)
    ('1/4', '1/9', '2', '0.123')
    """
    if isinstance(number, (int, Fraction)):
        return str(number)
    value = float(str(number))
    return str(int(value)) if value == int(value) else f"{value:.3g}"


def checked_entry(reader: Reader, tensor: Tensor, index: Sequence[int]) -> Index:
    """The index, if the tensor has such an entry at these sizes."""
    axes, given = reader.axes(tensor), tuple(index)
    if len(given) != len(axes) or any(n not in axis for n, axis in zip(given, axes, strict=True)):
        raise ScopeError(
            f"a picture of {short(tensor)}[{', '.join(map(str, given))}]",
            "an entry that does not exist at these sizes",
            f"one of {by(axes)}",
            "choose another entry, or larger sizes",
        )
    return given


__all__ = [
    "boards",
    "by",
    "cell",
    "checked_entry",
    "entry",
    "extents",
    "hulls",
    "label_of",
    "leading",
    "link",
    "link_words",
    "listed",
    "number_text",
    "short",
    "spoken",
]
