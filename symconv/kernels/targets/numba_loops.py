"""The loops of one nest for Numba: a row at a time, so that the innermost loop is a sum of vectors.

Where the innermost index is an axis of the output, a row of the output is added to (`row[j] += f * x[j]`); where
it is summed, lanes take the products, and their sum is added.  Up to four rows share one pass over what is read,
and taps whose number is stated are written out.  Where no index can be the innermost one (`numba_roles`), loops
run over single entries.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod

from symconv.kernels.nest import ONE
from symconv.kernels.targets.numba_lines import LoopLines, Values
from symconv.kernels.targets.numba_nests import LoopNest, Ref
from symconv.kernels.targets.numba_roles import Roles
from symconv.term.polynomial import Atom, Poly

BLOCK, LONG = 4, 70


class Loops(LoopLines):
    """Writes the body of the compiled function of a nest."""

    def __init__(self, arrays: LoopNest, window: Sequence[str] = ()) -> None:
        """window: indices over which the greatest is sought, in their order, instead of a sum."""
        super().__init__(arrays, window)
        self.roles = Roles(arrays, window)
        self.inner = self.roles.inner

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

    # -- entry by entry -------------------------------------------------------------------

    def entries(self) -> None:
        outer, summed = self.roles.ordered()
        arrays = self.arrays
        early = [n for n in (*outer, *summed) if n not in arrays.winners]
        with self.looped([*early, *self.roles.taps]) as known:
            for tap, text in arrays.winners.items():
                self.line(f"{self.letter[tap]} = {text}")
            self.ask([*known, *arrays.winners])
            factors = [self.entry(ref) for ref in arrays.refs]
            for ref in (arrays.out, *arrays.refs):
                if ref.open:
                    self.open(self.inside(ref))
            target = self.entry(arrays.out)
            if self.window:
                self.greater(target, target.replace("out", "at", 1), factors[0], self.place({}))
            else:
                self.line(f"{target} += {self.times([*factors, *self.numbers({})])}")

    # -- row by row -------------------------------------------------------------------------

    def rows(self, inner: str) -> None:
        """Rows of the output: every product is added where it belongs."""
        block, outer, summed, taps, written = self._parts()
        with self._blocked(block, outer) as variants:
            for name, rest, width in variants:
                with self._over(name, width), self.looped(rest) as known:
                    self._passes(inner, list(self._copies(block, width, written)), [*taps, *summed], known)

    def lanes(self, inner: str) -> None:
        """Lanes that are summed at the end: what the innermost index runs over is no axis of the output."""
        block, outer, summed, taps, written = self._parts()
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

    def _parts(self) -> tuple[str | None, list[str], list[str], list[str], list[str]]:
        """The block; the loops over the output, over what is summed and over taps; the taps that are written out."""
        outer, summed = self.roles.ordered()
        written, names = self.roles.written_out(), self.arrays.out.names()
        taps = [n for n in self.roles.taps if n not in written]
        outer += [n for n in taps if n in names]
        return self.roles.block, outer, summed, [n for n in taps if n not in names], written

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
        if last is None or taken or last in self.roles.taps or last in self.roles.in_numbers:
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
        step = ref.steps(self.inner)[len(ref.positions) - 1]
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


__all__ = ["Loops"]
