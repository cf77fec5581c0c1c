"""A matrix made of weights, such as the Toeplitz matrix of a convolution: equal weights have equal colours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from symconv.errors import ShapeError
from symconv.page.nodes import Figure
from symconv.pictures.boards import boards, by, cell, entry, label_of, leading, listed, number_text, short, spoken
from symconv.pictures.drawing import BLANK, WIDTH, Grid, Label, Look, figure
from symconv.pictures.reading import Index, Place, Reader, Term, name_of, names_read
from symconv.pictures.style import weight_class
from symconv.proof.evaluate import World
from symconv.term.polynomial import Poly, Quotient
from symconv.term.tensor import Defined, Tensor
from symconv.term.value import own_polys, walk
from symconv.write.latex import latex_of_tensor

LETTERED = 12  # columns up to which the cells are wide enough for labels


def toeplitz_picture(t: Defined, sizes: Mapping[str, int]) -> Figure:
    """The matrix t with each cell coloured by the weight in it, its block lines, and the kernel as legend.

    Blocks are where an index formula of t takes a quotient or a remainder of the row or of the column.

    >>> from symconv.ops.matrix import toeplitz
    >>> from symconv.term.polynomial import Size
    >>> from symconv.term.tensor import Axis, Leaf
    >>> w = Leaf("w", (Axis.of(2),))
    >>> print(toeplitz_picture(toeplitz(w, (Poly.of(Size("W")),)), {"W": 3}).alt)
    toeplitz(w, shape=W, order=columns): a matrix of 2 by 3. w[0] stands at (0, 0) and (1, 1). \
w[1] stands at (0, 1) and (1, 2). All other entries are zero.
    """
    if t.rank != 2:
        raise ShapeError(f"toeplitz_picture({t.name})", f"{t.rank} axes", "a matrix", "draw a tensor with two axes")
    reader = Reader(World(sizes))
    terms = {index: [term for term in reader.terms(t, index) if term.alive] for index in reader.indices(t)}
    weights = sorted({p for found in terms.values() for term in found for p in term.reads}, key=lambda p: p.text)
    colours = {p: weight_class(n) for n, p in enumerate(weights)}
    rows, columns = reader.axes(t)
    grid = Grid(
        short(t, "matrix"),
        rows,
        columns,
        {cell(index): _look(t, index, found, colours) for index, found in terms.items()},
        row_lines=tuple(_blocks(reader, t, 0)),
        column_lines=tuple(_blocks(reader, t, 1)),
        largest=min(34, (WIDTH - 18) // len(columns)) if len(columns) <= LETTERED else 18,
    )
    told = [f"{spoken(t)}: a matrix of {by((rows, columns))}.", *_told(terms, weights), *_told_blocks(grid)]
    caption = f"${latex_of_tensor(t)}$: equal weights have equal colours; empty cells are zero."
    return figure([grid, *_legend(reader, colours)], " ".join(told), caption)


def _look(t: Tensor, index: Index, found: Sequence[Term], colours: Mapping[Place, str]) -> Look:
    if not found:
        return Look(of=name_of(t, index))
    reads = names_read(found)
    if len(found) > 1 or len(found[0].reads) != 1:
        label = Label("+") if reads else Label(number_text(found[0].number))
        return Look("read", label, of=name_of(t, index), reads=reads)
    place, number = found[0].reads[0], found[0].number
    label = label_of(place) if number == 1 else Label(f"{number_text(number)}{place.tensor.name}")
    return Look(colours[place], label, BLANK, name_of(t, index), reads)


def _blocks(reader: Reader, t: Defined, axis: int) -> Iterator[int]:
    """The rows, or columns, before which a block begins: the multiples of what the formula divides the index by."""
    here, name = reader.axes(t)[axis], t.parameters[axis]
    sizes = {
        reader.world.poly(atom.denominator, {})
        for node in walk(t.body)
        for poly in own_polys(node)
        for atom in poly.all_atoms()
        if isinstance(atom, Quotient) and atom.numerator == Poly.of(name) and not atom.denominator.names()
    }
    for size in sorted(s for s in sizes if 1 < s < len(here))[:1]:
        yield from range(here.start + size, here.stop, size)


def _legend(reader: Reader, colours: Mapping[Place, str]) -> list[Grid]:
    """The kernels in the same colours."""
    grids = []
    for tensor in dict.fromkeys(p.tensor for p in colours):
        looks = {
            p.index: Look(colours.get(p, ""), label_of(p), of=p.text)
            for p in (Place(tensor, i, True) for i in reader.indices(tensor))
        }
        grids += boards(short(tensor, "kernel"), reader.axes(tensor), looks, map(leading, looks))
    return grids


def _told(terms: Mapping[Index, Sequence[Term]], weights: Sequence[Place]) -> Iterator[str]:
    for place in weights:
        cells = [str(index) for index, found in terms.items() if any(place in term.reads for term in found)]
        yield f"{entry(place.tensor, place.index, 'kernel')} stands at {listed(cells)}."
    if not all(terms.values()):
        yield "All other entries are zero."


def _told_blocks(grid: Grid) -> Iterator[str]:
    if grid.row_lines or grid.column_lines:
        yield f"It is made of {len(grid.row_lines) + 1} by {len(grid.column_lines) + 1} blocks."


__all__ = ["toeplitz_picture"]
