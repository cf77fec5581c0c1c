"""A network as a block diagram: a box a layer with its shape and parameters, arrows forward and backward.

The layers and their order are those of the shape table; who feeds whom is read off the operations' operands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from symconv.errors import UsageError
from symconv.notation.markup import Markup, element, together
from symconv.overview import Layer, summary
from symconv.page.nodes import Figure
from symconv.pictures.boards import listed
from symconv.pictures.drawing import LETTER, figure
from symconv.term.polynomial import Atom, Poly
from symconv.term.tensor import Defined, Leaf, Tensor, sizes_in
from symconv.term.text import text_of_poly
from symconv.term.value import Entry

BOX, TALL, APART = 190, 46, 32  # width and height of a box, and the room between two
SIDE, BETWEEN, STEP = 104, 36, 13  # of a parameter's box, left of it, and between two lines that pass boxes by

Point = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Block:
    """A box: what it does, the shape of its output, its parameters and how many they are, which boxes feed it."""

    name: str
    shape: str
    parameters: str = ""
    numbers: str = ""
    feeds: tuple[int, ...] = ()


def network(f: Tensor, sizes: Mapping[str, int] | None = None) -> Figure:
    """The layers that f is made of, from the input down to the output, for all sizes or at given ones.

    >>> from symconv.ops.correlate import correlate
    >>> from symconv.ops.pool import pool_max
    >>> from symconv.term.polynomial import Size
    >>> from symconv.term.tensor import Axis
    >>> X, K = (Leaf(n, (Axis.of(Size(m)),)) for n, m in ("XH", "Kr"))
    >>> print(network(pool_max(correlate(X, K), 2), {"H": 8, "r": 3}).alt)
    2 layers. X: 8. correlate: 6, from X, with K (3 numbers). pool_max: 3, from correlate. \
Backward, the gradient goes from pool_max to correlate, from correlate to X and K.
    """
    layers = list(dict.fromkeys(_in_order(f)))
    if not layers:
        raise UsageError(f"network({f.name})", "free data", "a tensor with a formula", "draw what is made of it")
    blocks = _blocks(layers, summary(f, sizes).layers, sizes or {})
    return figure([Diagram(tuple(blocks))], _told(blocks), "The layers with their shapes and parameters.")


# -- reading the term -------------------------------------------------------------


def _in_order(f: Tensor) -> Iterator[Defined]:
    """The operations, each after those that it reads; one that is used twice comes twice."""
    if isinstance(f, Defined):
        for operand in _operands(f):
            yield from _in_order(operand)
        yield f


def _operands(layer: Defined) -> tuple[Tensor, ...]:
    return layer.call.operands if layer.call is not None else ()


def _blocks(tensors: list[Defined], layers: tuple[Layer, ...], sizes: Mapping[str, int]) -> list[Block]:
    """The inputs, then the layers."""
    read = [
        [t for t in _operands(tensor) if t.name not in layer.parameters]
        for tensor, layer in zip(tensors, layers, strict=True)
    ]
    inputs = list(dict.fromkeys(t for operands in read for t in operands if isinstance(t, Leaf)))
    order: list[Tensor] = [*inputs, *tensors]
    blocks = [Block(t.name, _shape(t, sizes)) for t in inputs]
    names = _told_apart([layer.operation for layer in layers])
    for name, tensor, layer, operands in zip(names, tensors, layers, read, strict=True):
        feeds = tuple(dict.fromkeys(order.index(t) for t in operands))
        numbers = f"{layer.count} numbers".replace("**", "^") if layer.parameters else ""
        blocks.append(Block(name, _shape(tensor, sizes), ", ".join(layer.parameters), numbers, feeds))
    return blocks


def _shape(tensor: Tensor, sizes: Mapping[str, int]) -> str:
    known: dict[Atom, Poly] = {s: Poly.of(sizes[s.name]) for s in sizes_in(Entry(tensor, ())) if s.name in sizes}
    return " x ".join(_extent(n.substitute(known)) for n in tensor.shape) or "a number"


def _extent(n: Poly) -> str:
    text = text_of_poly(n)
    return f"({text})" if n.terms > 1 else text


def _told_apart(names: list[str]) -> list[str]:
    """Names that occur more than once get numbers."""
    seen: Counter[str] = Counter()
    told = []
    for name in names:
        seen[name] += 1
        told.append(f"{name} {seen[name]}" if names.count(name) > 1 else name)
    return told


def _told(blocks: list[Block]) -> str:
    sentences = [f"{sum(bool(b.feeds) for b in blocks)} layers."]
    for block in blocks:
        parts = [f"{block.name}: {block.shape}"]
        if block.feeds:
            parts.append(f"from {listed(blocks[n].name for n in block.feeds)}")
        if block.parameters:
            parts.append(f"with {block.parameters} ({block.numbers})")
        sentences.append(f"{', '.join(parts)}.")
    steps = [
        f"from {b.name} to {listed([*(blocks[n].name for n in b.feeds), *filter(None, [b.parameters])])}"
        for b in reversed(blocks)
        if b.feeds
    ]
    return " ".join([*sentences, f"Backward, the gradient goes {', '.join(steps)}."])


# -- drawing ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Diagram:
    """Boxes one below the other; arrows between neighbours run straight, all others pass by on the left."""

    blocks: tuple[Block, ...]

    @property
    def width(self) -> int:
        return self.left + BOX + BETWEEN + SIDE + 2

    @property
    def height(self) -> int:
        return len(self.blocks) * (TALL + APART) + 14

    @property
    def jumps(self) -> list[tuple[int, int]]:
        """Pairs of boxes that are joined and no neighbours."""
        return [(m, n) for n, block in enumerate(self.blocks) for m in block.feeds if m != n - 1]

    @property
    def left(self) -> int:
        return 2 + 2 * STEP * len(self.jumps) + (STEP if self.jumps else 0)

    def draw(self) -> Markup:
        pieces = [piece for n, block in enumerate(self.blocks) for piece in self._block(n, block)]
        for lane, (m, n) in enumerate(self.jumps):
            pieces += self._jump(lane, m, n)
        return together(*pieces, *self._legend())

    def _top(self, n: int) -> int:
        return n * (TALL + APART) + 2

    def _block(self, n: int, block: Block) -> Iterator[Markup]:
        y, middle = self._top(n), self.left + BOX // 2
        yield _box(self.left, y, BOX)
        yield element("text", block.name, class_="name", x=str(middle), y=str(y + 19))
        yield _fitted(block.shape, middle, y + 36, BOX)
        if n - 1 in block.feeds:
            forward, back = self.left + BOX // 2 - 12, self.left + BOX // 2 + 12
            yield from _arrow("forward", (forward, y - APART + 2), (forward, y - 2))
            yield from _arrow("backward", (back, y - 2), (back, y - APART + 2))
        if block.parameters:
            yield from self._parameters(y, block)

    def _parameters(self, y: int, block: Block) -> Iterator[Markup]:
        start, end = self.left + BOX + 2, self.left + BOX + BETWEEN - 2
        yield _box(end + 2, y, SIDE)
        yield _fitted(block.parameters, end + 2 + SIDE // 2, y + 19, SIDE)
        yield _fitted(block.numbers, end + 2 + SIDE // 2, y + 36, SIDE)
        yield from _arrow("forward", (end, y + 15), (start, y + 15))
        yield from _arrow("backward", (start, y + 31), (end, y + 31))

    def _jump(self, lane: int, m: int, n: int) -> Iterator[Markup]:
        """Forward and backward round the boxes between."""
        for kind, x, shift in (("forward", 6 + 2 * STEP * lane, 15), ("backward", 6 + STEP + 2 * STEP * lane, 31)):
            above, below, edge = self._top(m) + shift, self._top(n) + shift, self.left - 2
            start, end = (above, below) if kind == "forward" else (below, above)
            yield element("path", class_=f"arrow {kind}", d=f"M{edge} {start}H{x}V{end}H{edge - 6}")
            yield _head(kind, (edge, end), (1, 0))

    def _legend(self) -> Iterator[Markup]:
        y, x = self._top(len(self.blocks)) - APART + 26, self.left
        for kind, words in (("forward", "forward: entries"), ("backward", "backward: gradients")):
            yield from _arrow(kind, (x, y), (x + 26, y))
            yield element("text", words, class_="said", x=str(x + 32), y=str(y + 4))
            x += 148


def _box(x: int, y: int, width: int) -> Markup:
    return element("rect", class_="box", x=str(x), y=str(y), width=str(width), height=str(TALL), rx="5")


def _fitted(words: str, x: int, y: int, room: int) -> Markup:
    """Words in a box, smaller or cut where they are long."""
    most = int((room - 8) / LETTER * 12 / 9)
    words = words if len(words) <= most else f"{words[: most - 1]}…"
    size = min(12.0, 12 * (room - 8) / (LETTER * len(words)))
    return element("text", words, class_="soft", x=str(x), y=str(y), style=f"font-size:{size:.1f}px")


def _arrow(kind: str, start: Point, end: Point) -> Iterator[Markup]:
    """A straight arrow along an axis."""
    across, down = (((b > a) - (b < a)) for a, b in zip(start, end, strict=True))
    x, y = end[0] - 6 * across, end[1] - 6 * down
    yield element("path", class_=f"arrow {kind}", d=f"M{start[0]} {start[1]}L{x} {y}")
    yield _head(kind, end, (across, down))


def _head(kind: str, tip: Point, way: Point) -> Markup:
    (x, y), (across, down) = tip, way
    back = f"l{-8 * across - 4 * down} {-8 * down - 4 * across}l{8 * down} {8 * across}z"
    return element("path", class_=f"head {kind}", d=f"M{x} {y}{back}")


__all__ = ["network"]
