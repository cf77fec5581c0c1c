"""The pictures of a solution, drawn from its terms at the sizes of its instance.

Of an operation with windows: the window of some outputs; of a gradient: which outputs an entry reaches, and the
padded upstream gradient under the kernel; of max pooling: who wins and where the gradient goes; of a linear map its
matrix, of an upsampling and of a filter what goes in and out, of a network its layers.  What a term has no picture for
is left out: a picture adds to a page and proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any

from symconv.answers.numbers import Entries, from_first
from symconv.calculus.counting import reads
from symconv.errors import DependenceError, ScopeError, ShapeError, SizeError, UsageError
from symconv.page.nodes import Figure
from symconv.pictures.images import images
from symconv.pictures.matrix import toeplitz_picture
from symconv.pictures.reached import reached
from symconv.pictures.spread import spread_gradient
from symconv.pictures.upsampling import upsampling
from symconv.pictures.window import window
from symconv.pictures.winners import winners
from symconv.proof.evaluate import World
from symconv.shown_numbers import Numbers
from symconv.term.tensor import Defined, Leaf, Tensor, tensors_in
from symconv.term.value import Entry

Sizes = dict[str, int]
SHOWN = 2  # outputs whose windows are drawn: the first and the last
MOST = 49  # entries of a tensor that is drawn
MOST_CELLS = 400  # of a matrix
LEAST_PIXELS = 16  # of an image; fewer numbers are read as well as seen
ENLARGES = ("upsample_nearest", "upsample_bilinear", "bed_of_nails", "unpool_max", "transposed")
NO_PICTURE = (DependenceError, ScopeError, ShapeError, SizeError, UsageError)


def of_output(f: Defined, sizes: Sizes, given: Numbers, letter: str) -> Iterator[Figure]:
    """The windows of the first and the last output over the data with most entries, or the winners of a pooling."""
    image = _image(f, sizes)
    if image is None or not _fits(f, sizes) or not _slides(f, image):
        return
    if f.call is not None and f.call.operation == "pool_max":
        yield from _drawn(
            lambda: winners(
                f, image, _numbers(image, image.name, sizes, given), sizes, _numbers(f, letter, sizes, given)
            )
        )
        return
    places = list(product(*World(sizes).axes(f)))
    if places:
        chosen = list(dict.fromkeys((places[0], places[-1])))[:SHOWN]
        yield from _drawn(lambda: window(f, image, chosen, sizes))


def of_gradient(f: Defined, x: Tensor, form: Defined | None, sizes: Sizes) -> Iterator[Figure]:
    """The outputs that the middle entry of x reaches, and the closed form at that entry."""
    image = _image(f, sizes)
    if (
        x != image
        or not _fits(f, sizes)
        or not _slides(f, x)
        or (f.call is not None and f.call.operation.startswith("pool"))
    ):
        return
    places = list(product(*World(sizes).axes(x)))
    middle = places[len(places) // 2]
    yield from _drawn(lambda: reached(f, x, middle, sizes))
    if form is not None:
        yield from _drawn(lambda: spread_gradient(form, middle, sizes))


def of_matrix(t: Defined, sizes: Sizes) -> Iterator[Figure]:
    """The matrix, each cell in the colour of its weight."""
    if len(list(product(*World(sizes).axes(t)))) <= MOST_CELLS:
        yield from _drawn(lambda: toeplitz_picture(t, sizes))


def of_numbers(f: Defined, given: Mapping[str, Entries]) -> Iterator[Figure]:
    """An enlarged image in the colours of its sources; of windows on an image the images of what goes in and out."""
    data = [t for t in tensors_in(Entry(f, ())) if isinstance(t, Leaf)]
    numbers = {t: _nested_entries(given[t.name]) for t in data}
    source = next(
        (t for t in data if f.call is not None and f.call.operation in ENLARGES and t in f.call.operands), None
    )
    if source is not None:
        yield from _drawn(lambda: upsampling(f, source, numbers))
        return
    if f.rank != 2 or not all(t.rank == 2 for t in data) or len(list(product(*World({}).axes(f)))) < LEAST_PIXELS:
        return
    leaves = {t.name: from_first(t, given[t.name]) for t in data}
    world = World({}, leaves=leaves)
    made = {at: Fraction(str(world.entry(f, at))) for at in product(*world.axes(f))}
    arrays = [*(numbers[t] for t in data), _nested_entries(made)]
    yield from _drawn(lambda: images(arrays, [*(t.name for t in data), f.name]))


def of_layers(f: Defined, sizes: Sizes) -> Iterator[Figure]:
    """The layers as boxes, with arrows forward and backward."""
    from symconv.pictures.network import network  # needs SymPy, which other pages do without

    yield from _drawn(lambda: network(f, sizes))


def _nested_entries(entries: Entries) -> Any:
    """Rows in rows, from place 0 on."""
    if () in entries:
        return entries[()]
    firsts = dict.fromkeys(at[0] for at in entries)
    return [_nested_entries({at[1:]: n for at, n in entries.items() if at[0] == first}) for first in firsts]


def _image(f: Defined, sizes: Sizes) -> Leaf | None:
    """The data with most entries; none where that is a matrix of weights as large as a map, or too large to draw."""
    leaves = [t for t in tensors_in(Entry(f, ())) if isinstance(t, Leaf) and t.rank]
    counted = [(len(list(product(*World(sizes).axes(t)))), t) for t in leaves if all(a.bounded for a in t.axes)]
    most = max((count for count, _ in counted), default=0)
    found = [t for count, t in counted if count == most]
    return found[0] if len(found) == 1 and most <= MOST else None


def _slides(f: Defined, x: Tensor) -> bool:
    """An output reads more than one entry on some axis: there is a window."""
    try:
        return any(first != last for _, ends in reads(f.body, x) for first, last in ends)
    except ShapeError:  # positions that are not linear, as behind another layer
        return False


def _fits(f: Defined, sizes: Sizes) -> bool:
    return f.rank in (1, 2, 3) and len(list(product(*World(sizes).axes(f)))) <= MOST


def _numbers(x: Tensor, name: str, sizes: Sizes, given: Numbers) -> Any:
    """Different numbers, those of the page, where they bear the name."""
    rows = [len(axis) for axis in World(sizes).axes(x)]
    return _nested(rows, iter(given.of(name, prod(rows))))


def _nested(shape: list[int], numbers: Iterator[int]) -> Any:
    return next(numbers) if not shape else [_nested(shape[1:], numbers) for _ in range(shape[0])]


def _drawn(draw: Callable[[], Figure]) -> Iterator[Figure]:
    """The picture, or none where the term has none: it holds a function, say, or nothing is padded."""
    try:
        yield draw()
    except NO_PICTURE:
        return
