"""The pictures of a solution, drawn from its terms at the sizes of its instance.

Of an operation with windows: the window of some outputs; of a gradient: which outputs an entry reaches, and the
padded upstream gradient under the kernel; of max pooling: who wins and where the gradient goes.  What a term has no
picture for is left out: a picture adds to a page and proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from math import prod
from typing import Any

from symconv.calculus.counting import reads
from symconv.errors import DependenceError, ScopeError, ShapeError, SizeError, UsageError
from symconv.page.nodes import Figure
from symconv.pictures.reached import reached
from symconv.pictures.spread import spread_gradient
from symconv.pictures.window import window
from symconv.pictures.winners import winners
from symconv.proof.evaluate import World
from symconv.shown_numbers import different
from symconv.term.tensor import Defined, Leaf, Tensor, tensors_in
from symconv.term.value import Entry

Sizes = dict[str, int]
SHOWN = 2  # outputs whose windows are drawn: the first and the last
MOST = 49  # entries of a tensor that is drawn
NO_PICTURE = (DependenceError, ScopeError, ShapeError, SizeError, UsageError)


def of_output(f: Defined, sizes: Sizes) -> Iterator[Figure]:
    """The windows of the first and the last output over the data with most entries, or the winners of a pooling."""
    image = _image(f, sizes)
    if image is None or not _fits(f, sizes) or not _slides(f, image):
        return
    if f.call is not None and f.call.operation == "pool_max":
        yield from _drawn(lambda: winners(f, image, _numbers(image, sizes), sizes, _numbers(f, sizes)))
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


def _numbers(x: Tensor, sizes: Sizes) -> Any:
    """Different numbers, those of the page."""
    rows = [len(axis) for axis in World(sizes).axes(x)]
    return _nested(rows, iter(different(prod(rows))))


def _nested(shape: list[int], numbers: Iterator[int]) -> Any:
    return next(numbers) if not shape else [_nested(shape[1:], numbers) for _ in range(shape[0])]


def _drawn(draw: Callable[[], Figure]) -> Iterator[Figure]:
    """The picture, or none where the term has none: it holds a function, say, or nothing is padded."""
    try:
        yield draw()
    except NO_PICTURE:
        return
