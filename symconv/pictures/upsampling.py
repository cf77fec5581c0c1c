"""Upsampling with numbers: the input and the output, each output in the colour of the entry that it is made of.

A transposed convolution is drawn as an overlay: what each input entry lays down, and their sum.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from symconv.errors import DependenceError
from symconv.page.nodes import Figure
from symconv.pictures.boards import boards, entry, extents, hulls, leading, listed, number_text, short
from symconv.pictures.drawing import Grid, Label, Legend, Look, Panel, figure
from symconv.pictures.numbers import Numbers, world_of
from symconv.pictures.reading import Index, Reader, Term, grouped, name_of, names_read
from symconv.pictures.style import weight_class
from symconv.proof.evaluate import World
from symconv.term.tensor import Defined, Leaf, Tensor
from symconv.write.latex import latex_of_tensor

MOST_COPIES, COPY = 9, 22  # entries of an input whose copies are drawn one by one, and the side of their cells
Terms = Mapping[Index, Sequence[Term]]


def upsampling(f: Defined, x: Leaf, numbers: Mapping[Leaf, Numbers], sizes: Mapping[str, int] | None = None) -> Figure:
    """The grid of x and the larger grid of f, with numbers; for a kernel also what each entry of x lays down.

    x: what is enlarged.  numbers: the entries of x and of all else that f is made of: the kernel, the image that was
    pooled.  sizes: those that no shape gives.

    >>> from symconv.ops.resample import upsample_nearest
    >>> from symconv.term.polynomial import Size
    >>> from symconv.term.tensor import Axis
    >>> X = Leaf("X", (Axis.of(Size("n")),))
    >>> print(upsampling(upsample_nearest(X, 2), X, {X: [5, 7]}).alt)
    X: 2 entries. upsample_nearest(X, factor=2): 4 entries. X[0] = 5 gives output[0] = 5 and output[1] = 5. \
X[1] = 7 gives output[2] = 7 and output[3] = 7.
    """
    world = world_of(numbers, sizes or {})
    reader = Reader(world, {x})
    terms = {o: [t for t in reader.unfolded(f, o) if t.alive and t.of(x)] for o in reader.indices(f)}
    if not any(terms.values()):
        raise DependenceError(f"upsampling({f.name})", f"no entry of {x.name}", "a tensor that is read", "name another")
    colours = {i: weight_class(n) for n, i in enumerate(reader.indices(x))}
    others = [leaf for leaf in numbers if leaf != x]
    laid = _copies(reader, f, x, terms, colours) if _has_kernel(terms, x) else ()
    panels: list[Panel] = [
        *_given(reader, x, colours),
        *(grid for leaf in others for grid in _given(reader, leaf, {})),
        *laid,
        *_result(reader, f, x, terms, colours),
    ]
    if any(len(grouped(found, x)) > 1 for found in terms.values()):
        panels.append(Legend((("shared", f"a sum over several entries of {short(x, 'the input')}"),)))
    told = [extents(reader, x), extents(reader, f), *_told(world, f, x, terms)]
    caption = f"${latex_of_tensor(x)}$ and ${latex_of_tensor(f)}$, in the colours of the entries that are read."
    return figure(panels, " ".join(told), caption)


def _has_kernel(terms: Terms, x: Tensor) -> bool:
    return any(t.besides(x) for found in terms.values() for t in found)


def _given(reader: Reader, leaf: Leaf, colours: Mapping[Index, str]) -> list[Grid]:
    looks = {
        i: Look(colours.get(i, ""), Label(number_text(reader.world.entry(leaf, i))), of=name_of(leaf, i))
        for i in reader.indices(leaf)
    }
    return boards(short(leaf, "input"), reader.axes(leaf), looks)


def _result(reader: Reader, f: Defined, x: Leaf, terms: Terms, colours: Mapping[Index, str]) -> list[Grid]:
    looks = {}
    for o, found in terms.items():
        sources = list(grouped(found, x))
        kind = "shared" if len(sources) > 1 else colours[sources[0]] if sources else ""
        label = Label(number_text(reader.world.entry(f, o)))
        looks[o] = Look(kind, label, of=name_of(f, o), reads=names_read(found))
    return boards(short(f), reader.axes(f), looks)


def _copies(reader: Reader, f: Defined, x: Leaf, terms: Terms, colours: Mapping[Index, str]) -> Iterator[Grid]:
    """What each entry of x alone adds to the output: the kernel, scaled by the entry."""
    sources = list(reader.indices(x))
    for i in sources if len(sources) <= MOST_COPIES else []:
        parts = {o: _number(reader.world, here) for o, found in terms.items() if (here := grouped(found, x).get(i))}
        looks = {o: Look(colours[i], Label(number_text(n))) for o, n in parts.items()}
        value = number_text(reader.world.entry(x, i))
        yield from boards(f"{value} lays", reader.axes(f), looks, map(leading, parts), hulls(parts), largest=COPY)


def _number(world: World, terms: Sequence[Term]) -> Fraction:
    """The sum of these terms alone."""
    found = Fraction(0)
    for term in terms:
        number = term.number
        for place in term.reads:
            number *= Fraction(str(world.entry(place.tensor, place.index)))
        found += number
    return found


def _told(world: World, f: Defined, x: Leaf, terms: Terms) -> Iterator[str]:
    """For each entry of x where it goes, and what the outputs are."""

    def valued(tensor: Tensor, index: Index) -> str:
        return f"{entry(tensor, index)} = {number_text(world.entry(tensor, index))}"

    several = {o for o, found in terms.items() if len(grouped(found, x)) > 1}
    reached: dict[Index, list[str]] = {}
    for o, found in terms.items():
        for i in grouped(found, x):
            reached.setdefault(i, []).append(entry(f, o) if o in several else valued(f, o))
    for i, outputs in reached.items():
        yield f"{valued(x, i)} gives {listed(outputs)}."
    if several:
        yield f"Sums over several entries: {listed(valued(f, o) for o in sorted(several))}."
    zeros = sum(not found for found in terms.values())
    if zeros:
        yield f"{zeros} output{'s' * (zeros > 1)} read nothing and {'are' if zeros > 1 else 'is'} zero."


__all__ = ["upsampling"]
