"""The upstream gradient, stuffed with zeros and padded, under the rotated kernel: one entry of an input gradient."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Literal

from symconv.errors import UsageError
from symconv.page.nodes import Figure
from symconv.pictures.boards import (
    boards,
    checked_entry,
    entry,
    extents,
    hulls,
    label_of,
    leading,
    listed,
    short,
    spoken,
)
from symconv.pictures.drawing import BLANK, Grid, Label, Legend, Look, Panel, figure
from symconv.pictures.reading import Index, Place, Reader, name_of, names_read
from symconv.pictures.style import weight_class
from symconv.proof.evaluate import World
from symconv.term.tensor import Defined, Tensor
from symconv.write.latex import latex_of_call

WINDOWED = ("correlate", "depthwise")
SPREADING = ("pad", "stuff")
LONG = 30  # letters of a title
Zero = Literal["stuffed", "padding"]


def spread_gradient(form: Tensor, at: Sequence[int], sizes: Mapping[str, int]) -> Figure:
    """The entry `at` of a closed form such as corr(pad(stuff(G, s), r-1), rot180(K)), with all that it multiplies.

    form: a correlation whose first operand is made of the upstream gradient by pad and stuff, as `closed_form` gives
    it.  Grids: the upstream gradient; it, stuffed and padded, with the window; the kernel as the window meets it.

    >>> from symconv.ops.correlate import correlate
    >>> from symconv.ops.window import pad, rot180, stuff
    >>> from symconv.term.polynomial import Size
    >>> from symconv.term.tensor import Axis, Leaf
    >>> G, K = Leaf("G", (Axis.of(Size("n")),)), Leaf("K", (Axis.of(2),))
    >>> print(spread_gradient(correlate(pad(stuff(G, 2), 1), rot180(K)), (2,), {"n": 2}).alt)
    G: 2 entries. pad(stuff(G, 2), 1): 5 entries; 1 zero stuffed between, 2 padded around. \
rot180(K): 2 entries. Entry [2] of the gradient is 1 zero and G[1] times K[0].
    """
    image, kernel = _operands(form)
    reader = Reader(World(sizes), {image, kernel})
    index = checked_entry(reader, form, at)
    chain = tuple(_chain(image))
    found = [(t.of(image), t.of(kernel)) for t in reader.unfolded(form, index)]
    met = {p.index: q.index for p, q in found if p and q and p.inside}
    colours = {k: weight_class(n) for n, k in enumerate(reader.indices(kernel))}
    spread = {i: _spread(reader.world, chain, i) for i in reader.indices(image)}
    under = {i: _data(reader.world, kernel, k) for i, k in met.items()}
    looks = {i: _look(place, under.get(i), colours[met[i]] if i in met else "") for i, place in spread.items()}
    panels: list[Panel] = [
        *_source(reader, chain[-1], {p.index for i in met if isinstance(p := spread[i], Place)}),
        *boards(_title(chain), reader.axes(image), looks, map(leading, met), hulls(met), largest=38),
        *_kernel(reader, kernel, colours, set(met.values())),
        *_result(reader.world, form, index),
        Legend(tuple(_legend(chain[-1], {kind for kind in spread.values() if isinstance(kind, str)}))),
    ]
    told = [extents(reader, chain[-1]), _told_spread(reader, image, spread), extents(reader, kernel)]
    items = _products(spread, under)
    told.append(f"Entry [{', '.join(map(str, index))}] of the gradient is {listed(items)}.")
    return figure(panels, " ".join(told), f"One entry of ${latex_of_call(form)}$.")


# -- reading the form -------------------------------------------------------------


def _operands(form: Tensor) -> tuple[Tensor, Tensor]:
    call = form.call if isinstance(form, Defined) else None
    if call is None or call.operation not in WINDOWED:
        raise UsageError(
            f"spread_gradient({form.name})",
            "no correlation" if call is None else call.operation,
            "a correlation of the padded upstream gradient and the rotated kernel",
            "give the closed form of a gradient by the input of a convolution",
        )
    return call.operands[0], call.operands[1]


def _chain(image: Tensor) -> Iterator[Tensor]:
    """The image and what it is spread from, step by step back to the upstream gradient."""
    yield image
    while isinstance(image, Defined) and image.call is not None and image.call.operation in SPREADING:
        image = image.call.operands[0]
        yield image


def _spread(world: World, chain: Sequence[Tensor], index: Index) -> Place | Zero:
    """The entry of the upstream gradient that stands there, or why there is a zero."""
    for outer, inner in pairwise(chain):
        terms = Reader(world, {inner}).unfolded(outer, index)
        place = terms[0].of(inner) if terms else None
        if place is None:
            return "stuffed"
        if not place.inside:
            return "padding"
        index = place.index
    return Place(chain[-1], index, True)


def _data(world: World, tensor: Tensor, index: Index) -> Place:
    """The entry of the data that an entry of a rearranged tensor is."""
    (term,) = Reader(world).terms(tensor, index)
    return term.reads[0]


# -- drawing ----------------------------------------------------------------------


def _look(place: Place | Zero, partner: Place | None, colour: str) -> Look:
    label = label_of(place) if isinstance(place, Place) else Label("0")
    kinds = [place if isinstance(place, str) else "", "read" if partner else "", colour]
    of = place.text if isinstance(place, Place) else None
    return Look(" ".join(filter(None, kinds)), label, label_of(partner) if partner else BLANK, of)


def _title(chain: Sequence[Tensor]) -> str:
    steps = [_step(t) for t in reversed(chain[:-1])]
    return ", ".join(filter(None, (short(chain[-1], "upstream gradient"), " and ".join(steps))))


def _step(tensor: Tensor) -> str:
    return "padded" if isinstance(tensor, Defined) and tensor.call and tensor.call.operation == "pad" else "stuffed"


def _source(reader: Reader, g: Tensor, used: set[Index]) -> list[Grid]:
    looks = {
        i: Look("read" if i in used else "", label_of(Place(g, i, True)), of=name_of(g, i)) for i in reader.indices(g)
    }
    return boards(short(g, "upstream gradient"), reader.axes(g), looks, map(leading, used) if used else None)


def _kernel(reader: Reader, kernel: Tensor, colours: Mapping[Index, str], met: set[Index]) -> list[Grid]:
    looks = {}
    for k, colour in colours.items():
        place = _data(reader.world, kernel, k)
        looks[k] = Look(colour, label_of(place), of=place.text)
    title = spoken(kernel) if len(spoken(kernel)) <= LONG else "kernel"
    return boards(title, reader.axes(kernel), looks, map(leading, met))


def _result(world: World, form: Tensor, index: Index) -> list[Grid]:
    made = Reader(world)
    looks = {
        i: Look("entry" if i == index else "", of=f"gradient[{','.join(map(str, i))}]", reads=_reads(made, form, i))
        for i in made.indices(form)
    }
    return boards("gradient", made.axes(form), looks, [leading(index)])


def _reads(made: Reader, form: Tensor, index: Index) -> tuple[str, ...]:
    return names_read(t for t in made.terms(form, index) if t.alive)


def _legend(g: Tensor, kinds: set[str]) -> Iterator[tuple[str, str]]:
    yield "read", f"in the window: an entry of {short(g, 'it')} over one of the kernel"
    if "stuffed" in kinds:
        yield "stuffed", "zero stuffed between entries"
    if "padding" in kinds:
        yield "padding", "zero padded around"


# -- words --------------------------------------------------------------------------


def _told_spread(reader: Reader, image: Tensor, spread: Mapping[Index, Place | Zero]) -> str:
    every = list(spread.values())
    stuffed, padded = every.count("stuffed"), every.count("padding")
    zeros = f"{stuffed} zero{'s' * (stuffed != 1)} stuffed between, {padded} padded around"
    return f"{extents(reader, image)[:-1]}; {zeros}."


def _products(spread: Mapping[Index, Place | Zero], under: Mapping[Index, Place]) -> Iterator[str]:
    zeros = sum(not isinstance(spread[i], Place) for i in under)
    if zeros:
        yield f"{zeros} zero{'s' * (zeros > 1)}"
    for i, partner in under.items():
        place = spread[i]
        if isinstance(place, Place):
            yield f"{entry(place.tensor, place.index, 'upstream')} times {entry(partner.tensor, partner.index)}"


__all__ = ["spread_gradient"]
