"""Max pooling with numbers: the windows, who wins each, and where the upstream gradient goes; what overlaps adds up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from symconv.page.nodes import Figure
from symconv.pictures.boards import boards, cell, entry, extents, leading, listed, number_text, short
from symconv.pictures.drawing import Frame, Grid, Label, Legend, Look, Panel, figure
from symconv.pictures.numbers import Entries, Numbers, checked_numbers, counted, world_of
from symconv.pictures.reading import Index, Reader, grouped, name_of, names_read
from symconv.pictures.style import weight_class
from symconv.proof.evaluate import World
from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined, Leaf
from symconv.term.value import Derivative
from symconv.write.latex import latex_of_tensor

Shares = Mapping[Index, Mapping[Index, Fraction]]  # for each entry of the input: what it takes of which output


def winners(
    f: Defined, x: Leaf, numbers: Numbers, sizes: Mapping[str, int] | None = None, upstream: Numbers | None = None
) -> Figure:
    """The image with its windows and winners, the pooled image, the upstream gradient and the gradient by x.

    numbers: the entries of x.  sizes: those that the shape of x does not give.  upstream: dL/df; 1, 2, 3, .. in
    row-major order if not said.  Who wins is what the derivative of f says, so that ties fall as f breaks them.

    >>> from symconv.ops.pool import pool_max
    >>> from symconv.term.polynomial import Size
    >>> from symconv.term.tensor import Axis
    >>> X = Leaf("X", (Axis.of(Size("n")),))
    >>> print(winners(pool_max(X, 3, stride=2), X, [3, 1, 7, 5, 2]).alt)
    X: 5 entries. pool_max(X, window=3, stride=2): 2 entries. X[2] = 7 wins output[0] and output[1] and gets \
1 + 2 = 3. All other entries get nothing.
    """
    world = world_of({x: numbers}, sizes or {})
    reader = Reader(world, {x})
    above = checked_numbers(world, f, upstream) if upstream is not None else counted(reader.indices(f))
    shares = _shares(world, reader, f, x)
    colours = {o: weight_class(n) for n, o in enumerate(reader.indices(f))}
    panels: list[Panel] = [
        *_image(reader, f, x, shares, colours),
        *_pooled(reader, f, colours),
        *_upstream(reader, f, above, colours),
        *_gradient(reader, x, shares, above, colours),
        _legend(shares),
    ]
    told = [extents(reader, x), extents(reader, f), *_told(world, f, x, shares, above)]
    caption = f"${latex_of_tensor(f)}$: the greatest entry of a window takes all of the window's gradient."
    return figure(panels, " ".join(told), caption)


def _shares(world: World, reader: Reader, f: Defined, x: Leaf) -> Shares:
    """The derivative of each output by each entry of x, where it is not zero."""
    out, place = (tuple(f"{kind}{n}" for n in range(t.rank)) for kind, t in (("out", f), ("in", x)))
    slope = Derivative(f[tuple(map(Poly.of, out))], x[tuple(map(Poly.of, place))])
    found: dict[Index, dict[Index, Fraction]] = {}
    for o in reader.indices(f):
        for i in dict.fromkeys(grouped(reader.unfolded(f, o), x)):
            at = {**dict(zip(out, o, strict=True)), **dict(zip(place, i, strict=True))}
            number = Fraction(str(world.value(slope, at)))
            if number:
                found.setdefault(i, {})[o] = number
    return found


def _image(reader: Reader, f: Defined, x: Leaf, shares: Shares, colours: Mapping[Index, str]) -> list[Grid]:
    looks = {}
    for i in reader.indices(x):
        label = Label(number_text(reader.world.entry(x, i)))
        looks[i] = Look(_kind(shares.get(i, {}), colours), label, of=name_of(x, i))
    return boards(short(x, "input"), reader.axes(x), looks, frames=_windows(reader, f, x))


def _kind(won: Mapping[Index, Fraction], colours: Mapping[Index, str]) -> str:
    """The classes of a cell that wins these windows."""
    return "" if not won else "winner shared" if len(won) > 1 else f"winner {colours[next(iter(won))]}"


def _windows(reader: Reader, f: Defined, x: Leaf) -> dict[Index, list[Frame]]:
    """A frame around what each output reads; neighbours are inset by different amounts, so that overlaps show."""
    frames: dict[Index, list[Frame]] = {}
    for o in reader.indices(f):
        cells = list(grouped(reader.unfolded(f, o), x))
        rows, columns = zip(*map(cell, cells), strict=True)
        inset = 2 + 3 * (sum(o) % 2)
        frame = Frame((min(rows), min(columns)), (max(rows), max(columns)), "frame", inset)
        frames.setdefault(leading(cells[0]), []).append(frame)
    return frames


def _pooled(reader: Reader, f: Defined, colours: Mapping[Index, str]) -> list[Grid]:
    looks = {
        o: Look(
            colours[o],
            Label(number_text(reader.world.entry(f, o))),
            of=name_of(f, o),
            reads=names_read(reader.unfolded(f, o)),
        )
        for o in reader.indices(f)
    }
    return boards(short(f), reader.axes(f), looks)


def _upstream(reader: Reader, f: Defined, above: Entries, colours: Mapping[Index, str]) -> list[Grid]:
    looks = {o: Look(colours[o], Label(number_text(n)), of=_upstream_name(o)) for o, n in above.items()}
    return boards("upstream gradient", reader.axes(f), looks)


def _upstream_name(o: Index) -> str:
    return f"upstream[{','.join(map(str, o))}]"


def _gradient(reader: Reader, x: Leaf, shares: Shares, above: Entries, colours: Mapping[Index, str]) -> list[Grid]:
    """Where the upstream gradient has gone: a sum over the windows that an entry wins."""
    looks = {}
    for i in reader.indices(x):
        parts = shares.get(i, {})
        number = sum((share * above[o] for o, share in parts.items()), Fraction(0))
        of = f"gradient[{','.join(map(str, i))}]"
        looks[i] = Look(
            _kind(parts, colours), Label(number_text(number)), of=of, reads=tuple(map(_upstream_name, parts))
        )
    return boards(f"gradient by {short(x, 'input')}", reader.axes(x), looks)


def _legend(shares: Shares) -> Legend:
    lines = [("winner", "wins, in the colour of its window")]
    if any(len(won) > 1 for won in shares.values()):
        lines.append(("winner shared", "wins several windows: the gradients add"))
    return Legend(tuple(lines))


def _told(world: World, f: Defined, x: Leaf, shares: Shares, above: Entries) -> Iterator[str]:
    for i, parts in sorted(shares.items()):
        summands = [number_text(share * above[o]) for o, share in parts.items()]
        number = sum((share * above[o] for o, share in parts.items()), Fraction(0))
        adds = f"{' + '.join(summands)} = {number_text(number)}" if len(parts) > 1 else summands[0]
        value = number_text(world.entry(x, i))
        yield f"{entry(x, i, 'input')} = {value} wins {listed(entry(f, o) for o in parts)} and gets {adds}."
    yield "All other entries get nothing."


__all__ = ["winners"]
