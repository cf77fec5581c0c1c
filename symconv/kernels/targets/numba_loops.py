"""The loops of one nest for Numba: a row at a time, so that the innermost loop is a sum of vectors.

The innermost index runs along the last axis of what is read.  Where it is an axis of the output, a row of
the output is added to (`row[j] += f * x[j]`); where it is summed, lanes take the products, and their sum
is added.  Up to four rows share one pass over what is read, and taps whose number is stated are written
out.  Where no such index is found, loops run over single entries.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod

from symconv.kernels.bounds import coefficients, surely_nonnegative
from symconv.kernels.nest import ONE, ZERO
from symconv.kernels.plan import plan_place
from symconv.kernels.targets.numba_nests import LoopNest, Ref
from symconv.kernels.text import enclosed
from symconv.term.polynomial import Atom, Poly

BLOCK, MOST_TAPS, SHORT, LONG = 4, 25, 8, 70
Values = Mapping[Atom, Poly]


class Loops:
    """Writes the body of the compiled function of a nest."""

    def __init__(self, arrays: LoopNest, window: Sequence[str] = ()) -> None:
        """window: indices over which the greatest is sought, in their order, instead of a sum."""
        self.arrays, self.nest, self.window = arrays, arrays.nest, list(window)
        self.text, self.letter = arrays.text, arrays.letter
        self.lines: list[str] = []
        self.depth = 1
        self.masks = list(self.nest.masks)
        self.taps = self.window or self._taps()
        self.inner = self._inner()

    def write(self) -> list[str]:
        if self.inner is None:
            self.entries()
        elif self.inner in self.arrays.out.names():
            self.rows(self.inner)
        else:
            self.lanes(self.inner)
        return self.lines

    @property
    def shape(self) -> str:
        """What the innermost loop runs over, in words."""
        if self.inner is None:
            return "entry by entry"
        return f"{'rows' if self.inner in self.arrays.out.names() else 'lanes'} along {self.letter[self.inner]}"

    # -- which index plays which part -------------------------------------------------

    def _taps(self) -> list[str]:
        """The indices that share an axis with one that runs over the image."""
        found: list[str] = []
        for ref in (self.arrays.out, *self.arrays.refs):
            for position in ref.positions if not ref.open else ():
                solved = position.names() & self.arrays.solved
                if solved:
                    found += [n for n in self.nest.counts if n in position.names() - solved]
                else:
                    found += plan_place(replace(self.nest, positions=(position,)), [ZERO]).loops
        return [n for n in dict.fromkeys(found) if n not in self.arrays.winners]

    def _inner(self) -> str | None:
        """The index along which rows run.

        Best is one on the last axis of all arrays that have it, an axis of the output too; then one that can
        be put there, by another order of the axes; then one that is summed.
        """
        if self.arrays.winners or any(ref.open for ref in (*self.arrays.refs, self.arrays.out)):
            return None
        found = [(rank, name) for name in self.nest.counts if (rank := self._rank(name)) is not None]
        if not found:
            return None
        (movable, *_), name = max(found, key=lambda pair: pair[0])
        if movable == 1:
            self.arrays.put_last(name)
        if not self.window:
            self.arrays.split(name)
        return name

    def _rank(self, name: str) -> tuple[int, int] | None:
        """How well rows along an index would run; None if they cannot."""
        having = [ref for ref in (*self.arrays.refs, self.arrays.out) if name in ref.names()]
        steps = [_steps(ref, name) for ref in having]
        single = all(len(found) == 1 for found in steps)
        rising = single and all(surely_nonnegative(s - 1) for found in steps for s in found.values())
        if name in self.taps or not rising or any(name in p.names() for p in self._numbers()):
            return None
        last = all(list(found) == [len(ref.positions) - 1] for ref, found in zip(having, steps, strict=True))
        ones = sum(1 + (s == ONE) for found in steps for s in found.values())
        if last:
            return 2 * (name in self.arrays.out.names()), ones
        alone = all(p.names() <= {name} for ref in having for p in ref.positions if name in p.names())
        small = (self.nest.counts[name].as_int or SHORT) < SHORT
        return (1, ones) if alone and not small and not self.window and name in self.arrays.out.names() else None

    def _numbers(self) -> list[Poly]:
        nest = self.nest
        return [nest.weight, *nest.denominators, *(g.poly for g in nest.masks)]

    def _block(self, inner: str) -> str | None:
        """An index of the output that some array with rows does not have: its rows share a pass."""
        moving = [ref.names() for ref in self.arrays.refs if inner in ref.names()]
        if any(g.poly.names() - {inner} for g in self.nest.masks):
            return None
        for position in self.arrays.out.positions:
            form = coefficients(position)
            for name in form[0] if form else ():
                if name not in (*self.taps, inner) and any(name not in names for names in moving):
                    return name
        return None

    def _ordered(self, inner: str | None) -> tuple[list[str], list[str]]:
        """The indices of the output in its order, then those that are summed; no taps."""
        order = list(self.nest.counts)
        free = [n for n in order if n not in self.taps and n != inner and n not in self.arrays.winners]
        mine = [n for p in self.arrays.out.positions for n in sorted(p.names() & set(free), key=order.index)]
        return list(dict.fromkeys(mine)), [n for n in free if n not in mine]

    def _written_out(self) -> list[str]:
        """The taps that are written out: few, of stated number, and in no condition."""
        if any(set(self.taps) & p.names() for p in self._numbers()):
            return []
        kept: list[str] = []
        rows = self.inner in self.arrays.out.names()
        for name in reversed(self.taps):
            if rows and name in self.arrays.out.names():  # each would need rows of its own
                break
            count = self.nest.counts[name].as_int
            if count is None or prod(self.nest.counts[n].as_int or 1 for n in [*kept, name]) > MOST_TAPS:
                break
            kept.insert(0, name)
        return kept

    # -- lines ---------------------------------------------------------------------------

    def line(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)

    def open(self, condition: str) -> None:
        """A condition around what follows; one right after another is asked together with it."""
        above = "    " * (self.depth - 1) + "if "
        if self.lines and self.lines[-1].startswith(above) and self.depth > 1:
            self.lines[-1] = f"{self.lines[-1][:-1]} and {condition}:"
        else:
            self.line(f"if {condition}:")
            self.depth += 1

    @contextmanager
    def looped(self, names: Sequence[str], known: Sequence[str] = ()) -> Iterator[list[str]]:
        """Loops over these indices; each condition is asked as soon as its indices are known."""
        depth, masks, known = self.depth, self.masks, list(known)
        self._ask(known)
        for name in names:
            self.line(f"for {self.letter[name]} in range({self.arrays.count(name)}):")
            self.depth += 1
            known.append(name)
            self._ask(known)
        yield known
        self.depth, self.masks = depth, masks

    def _ask(self, known: Sequence[str]) -> None:
        ready = [g for g in self.masks if g.poly.names() <= set(known)]
        self.masks = [g for g in self.masks if g not in ready]
        for guard in ready:
            self.open(f"{self.text(guard.poly)} {'==' if guard.equality else '>='} 0")

    # -- entry by entry -------------------------------------------------------------------

    def entries(self) -> None:
        outer, summed = self._ordered(None)
        arrays = self.arrays
        early = [n for n in (*outer, *summed) if n not in arrays.winners]
        with self.looped([*early, *self.taps]) as known:
            for tap, text in arrays.winners.items():
                self.line(f"{self.letter[tap]} = {text}")
            self._ask([*known, *arrays.winners])
            factors = [self.entry(ref) for ref in arrays.refs]
            for ref in (arrays.out, *arrays.refs):
                if ref.open:
                    self.open(self.inside(ref))
            target = self.entry(arrays.out)
            if self.window:
                self.greater(target, target.replace("out", "at", 1), factors[0], self.place({}))
            else:
                self.line(f"{target} += {self.times([*factors, *self.numbers({})])}")

    def entry(self, ref: Ref) -> str:
        return f"{ref.array}[{', '.join(map(self.text, ref.positions)) or '()'}]"

    def inside(self, ref: Ref) -> str:
        """The condition that no position lies outside."""
        ranges = (f"0 <= {self.text(p)} < {ref.array}.shape[{n}]" for n, p in enumerate(ref.positions))
        return " and ".join(ranges)

    def numbers(self, values: Values) -> list[str]:
        """The parts of the weight that change with the indices."""
        nest = self.nest
        found = [enclosed(self.text(nest.weight.substitute(values)))] if nest.weight.names() else []
        below = [f"(1 / {enclosed(self.text(p.substitute(values)))})" for p in nest.denominators if p.names()]
        return [*found, *below]

    def place(self, values: Values) -> str:
        """The place of a tap in its window, counted row by row."""
        flat = ZERO
        for name in self.window:
            flat = flat * self.arrays.shown[name] + Poly.of(name)
        return self.text(flat.substitute(values))

    def greater(self, target: str, at: str, value: str, place: str) -> None:
        """Keep the greater one and its place; what is no number is greater than any."""
        self.line(f"if {value} > {target} or (np.isnan({value}) and not np.isnan({target})):")
        self.line(f"    {target} = {value}")
        self.line(f"    {at} = {place}")

    def times(self, factors: Sequence[str]) -> str:
        return " * ".join(factors) or "1"

    # -- row by row -------------------------------------------------------------------------

    def rows(self, inner: str) -> None:
        """Rows of the output: every product is added where it belongs."""
        block, outer, summed, taps, written = self._parts(inner)
        with self._blocked(block, outer) as variants:
            for name, rest, width in variants:
                with self._over(name, width), self.looped(rest) as known:
                    self._passes(inner, list(self._copies(block, width, written)), [*taps, *summed], known)

    def lanes(self, inner: str) -> None:
        """Lanes that are summed at the end: what the innermost index runs over is no axis of the output."""
        block, outer, summed, taps, written = self._parts(inner)
        most = (BLOCK if block else 1) * prod(self.nest.counts[n].as_int or 1 for n in written)
        self.line(f"lanes = np.zeros(({most}, {self.arrays.count(inner)}), out.dtype)")
        with self._blocked(block, outer) as variants:
            for name, rest, width in variants:
                with self._over(name, width), self.looped(rest) as known:
                    copies = list(self._copies(block, width, written))
                    places = list(dict.fromkeys(self.entry(self.arrays.out.at(v)) for v in copies))
                    self.line("lanes[:] = 0")
                    with self.looped([*summed, *taps], known):
                        self._pass(inner, copies, places)
                    for lane, place in enumerate(places):
                        self.line(f"{place} += lanes[{lane}].sum()")

    def _parts(self, inner: str) -> tuple[str | None, list[str], list[str], list[str], list[str]]:
        outer, summed = self._ordered(inner)
        written, names = self._written_out(), self.arrays.out.names()
        taps = [n for n in self.taps if n not in written]
        outer += [n for n in taps if n in names]
        return self._block(inner), outer, summed, [n for n in taps if n not in names], written

    @contextmanager
    def _blocked(self, block: str | None, outer: Sequence[str]) -> Iterator[list[tuple[str | None, list[str], int]]]:
        """The loops before the block, and its variants: four at a time, then one at a time."""
        if block is None:
            yield [(None, list(outer), 1)]
            return
        at = list(outer).index(block)
        count = self.nest.counts[block].as_int
        widths = [w for w in (BLOCK, 1) if count is None or (count >= w and (w > 1 or count % BLOCK))]
        with self.looped(outer[:at]):
            yield [(block, list(outer[at + 1 :]), w) for w in widths]

    @contextmanager
    def _over(self, block: str | None, width: int) -> Iterator[None]:
        """The loop over the blocks of one width."""
        if block is None:
            yield
            return
        count, x = self.arrays.count(block), self.letter[block]
        end = f"{count} - {count} % {BLOCK}" if count.isidentifier() else str(int(count) // BLOCK * BLOCK)
        if width > 1:
            self.line(f"for {x} in range(0, {end}, {BLOCK}):")
        else:
            self.line(f"for {x} in range({end}, {count}):")
        self.depth += 1
        yield
        self.depth -= 1

    def _passes(self, inner: str, copies: list[Values], summed: Sequence[str], known: Sequence[str]) -> None:
        """The loops over what is summed; four rounds of the last one at a time where no taps are written out."""
        last = summed[-1] if summed else None
        taken = any(set(copy) - set(self.nest.counts) for copy in copies) or len(copies) > BLOCK or self.window
        if last is None or taken or last in self.taps or any(last in p.names() for p in self._numbers()):
            with self.looped(summed, known):
                self._pass(inner, copies, None)
            return
        with self.looped(summed[:-1], known):
            for width in (BLOCK, 1):
                with self._over(last, width):
                    more: list[Values] = [{last: Poly.of(last) + n} for n in range(width)]
                    self._pass(inner, [{**copy, **m} for copy in copies for m in more], None)

    def _copies(self, block: str | None, width: int, written: Sequence[str]) -> Iterator[Values]:
        """The values of the block and of the taps that one pass writes out."""
        ranges = [range(self.nest.counts[n].as_int or 0) for n in written]
        for b in range(width):
            for values in product(*ranges):
                found: dict[Atom, Poly] = {n: Poly.of(v) for n, v in zip(written, values, strict=True)}
                if block is not None:
                    found[block] = Poly.of(block) + b
                yield found

    def _pass(self, inner: str, copies: Sequence[Values], lanes: Sequence[str] | None) -> None:
        """One innermost loop: loads, and a sum of products for each row that is added to."""
        bag, ats = _Pass(self, inner), {"": ""}
        sums: dict[str, list[tuple[str, str]]] = {}
        for values in copies:
            out = self.arrays.out.at(values)
            if lanes is None:
                target = bag.element(out)
            else:
                target = f"{bag.named('lane', f'lanes[{lanes.index(self.entry(out))}]')}[{self.letter[inner]}]"
            at = bag.element(replace(out, array="at")) if self.window else ""
            place = self.place(values) if self.window else ""
            sums.setdefault(target, []).append((bag.product(values), place))
            ats[target] = at
        for text in bag.before:
            self.line(text)
        self.line(f"for {self.letter[inner]} in range({self.arrays.count(inner)}):")
        self.depth += 1
        for text in bag.inside:
            self.line(text)
        for target, parts in sums.items():
            if self.window:
                for value, place in parts:
                    self.greater(target, ats[target], value, place)
            else:
                text = " + ".join(value for value, _ in parts)
                self.line(f"{target} += ({text})" if len(text) > LONG else f"{target} += {text}")
        self.depth -= 1


@dataclass(slots=True)
class _Pass:
    """The names of one innermost loop: rows and coefficients before it, loads inside it."""

    loops: Loops
    inner: str
    before: list[str] = field(default_factory=list)
    inside: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)

    def named(self, wanted: str, text: str, inside: bool = False) -> str:
        if text not in self.names:
            self.names[text] = f"{wanted}__{len(self.names)}"  # no name of a tensor or a size holds two of these
            (self.inside if inside else self.before).append(f"{self.names[text]} = {text}")
        return self.names[text]

    def element(self, ref: Ref) -> str:
        """An entry of a row: array[..][offset + step * j]."""
        loops, inner = self.loops, Poly.of(self.inner)
        step = _steps(ref, self.inner)[len(ref.positions) - 1]
        offset = ref.positions[-1] - step * inner
        lead = ", ".join(map(loops.text, ref.positions[:-1]))
        moving, wanted = step * inner, "row" if ref.array == "out" else ref.array.removeprefix("padded_")
        if ref.step != ONE:
            phase = loops.text(offset % ref.step)
            moving, offset, lead = inner, offset // ref.step, f"{lead}, {phase}" if lead else phase
        if offset.as_int is None:
            lead = f"{lead}, {loops.text(offset)}:" if lead else f"{loops.text(offset)}:"
        else:
            moving = moving + offset
        row = self.named(wanted, f"{ref.array}[{lead}]") if lead else ref.array
        return f"{row}[{loops.text(moving)}]"

    def product(self, values: Values) -> str:
        loops = self.loops
        refs = [ref.at(values) for ref in loops.arrays.refs]
        fixed = [loops.entry(ref) for ref in refs if self.inner not in ref.names()] + loops.numbers(values)
        loads = [self.named("x", self.element(ref), True) for ref in refs if self.inner in ref.names()]
        factor = [self.named("f", loops.times(fixed))] if fixed else []
        return loops.times([*factor, *loads])


def _steps(ref: Ref, name: str) -> dict[int, Poly]:
    """How far an index moves, by axis."""
    found = {}
    for axis, position in enumerate(ref.positions):
        form = coefficients(position)
        if form and name in form[0]:
            found[axis] = form[0][name]
    return found


__all__ = ["Loops"]
