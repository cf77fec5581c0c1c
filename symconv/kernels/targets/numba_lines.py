"""Lines of a compiled function: loops, conditions asked as soon as their indices are known, entries of arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from symconv.kernels.nest import ZERO
from symconv.kernels.targets.numba_nests import LoopNest, Ref
from symconv.kernels.text import enclosed
from symconv.term.polynomial import Atom, Poly

Values = Mapping[Atom, Poly]  # what stands for an index in one copy of a line


class LoopLines:
    """The lines of one nest so far, and the conditions that are still to be asked."""

    def __init__(self, arrays: LoopNest, window: Sequence[str]) -> None:
        """window: indices over which the greatest is sought, in their order, instead of a sum."""
        self.arrays, self.nest, self.window = arrays, arrays.nest, window
        self.text, self.letter = arrays.text, arrays.letter
        self.lines: list[str] = []
        self.depth = 1
        self.masks = list(self.nest.masks)

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
        self.ask(known)
        for name in names:
            self.line(f"for {self.letter[name]} in range({self.arrays.count(name)}):")
            self.depth += 1
            known.append(name)
            self.ask(known)
        yield known
        self.depth, self.masks = depth, masks

    def ask(self, known: Sequence[str]) -> None:
        """The conditions whose indices are all known; they are used up."""
        ready = [g for g in self.masks if g.poly.names() <= set(known)]
        self.masks = [g for g in self.masks if g not in ready]
        for guard in ready:
            self.open(f"{self.text(guard.poly)} {'==' if guard.equality else '>='} 0")

    # -- expressions -----------------------------------------------------------------

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


__all__ = ["LoopLines", "Values"]
