"""Which index of a nest plays which part in its loops: taps, rows, blocks, and what is summed.

The innermost index runs along the last axis of what is read.  Taps share an axis with an index that runs over
the image; a block is an index of the output whose rows share one pass over what is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

from symconv.kernels.bounds import coefficients, surely_nonnegative
from symconv.kernels.factors import indices_of
from symconv.kernels.nest import ONE, ZERO
from symconv.kernels.plan import plan_place
from symconv.kernels.targets.numba_nests import LoopNest

MOST_TAPS, SHORT = 25, 8


class Roles:
    """The parts of the indices; arrays whose axes must stand in another order for that are put so."""

    def __init__(self, arrays: LoopNest, window: Sequence[str]) -> None:
        """window: indices over which the greatest is sought, in their order, instead of a sum."""
        self.arrays, self.nest, self.window = arrays, arrays.nest, window
        numbers = (self.nest.weight, *self.nest.denominators, *(g.poly for g in self.nest.masks))
        self.in_numbers = set(indices_of(numbers))  # what a weight, a denominator or a condition changes with
        self.taps = list(window) or self._taps()
        self.inner = self._inner()

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
        be put there, by another order of the axes; then one that is summed.  The arrays are then put so.
        None: loops run over single entries.
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
        steps = [ref.steps(name) for ref in having]
        single = all(len(found) == 1 for found in steps)
        rising = single and all(surely_nonnegative(s - 1) for found in steps for s in found.values())
        if name in self.taps or not rising or name in self.in_numbers:
            return None
        last = all(list(found) == [len(ref.positions) - 1] for ref, found in zip(having, steps, strict=True))
        ones = sum(1 + (s == ONE) for found in steps for s in found.values())
        if last:
            return 2 * (name in self.arrays.out.names()), ones
        alone = all(p.names() <= {name} for ref in having for p in ref.positions if name in p.names())
        small = (self.nest.counts[name].as_int or SHORT) < SHORT
        return (1, ones) if alone and not small and not self.window and name in self.arrays.out.names() else None

    @property
    def block(self) -> str | None:
        """An index of the output that some array with rows does not have: its rows share a pass."""
        moving = [ref.names() for ref in self.arrays.refs if self.inner in ref.names()]
        if any(g.poly.names() - {self.inner} for g in self.nest.masks):
            return None
        for position in self.arrays.out.positions:
            form = coefficients(position)
            for name in form[0] if form else ():
                if name not in (*self.taps, self.inner) and any(name not in names for names in moving):
                    return name
        return None

    def ordered(self) -> tuple[list[str], list[str]]:
        """The indices of the output in its order, then those that are summed; no taps, not the innermost one."""
        order = list(self.nest.counts)
        free = [n for n in order if n not in self.taps and n != self.inner and n not in self.arrays.winners]
        mine = [n for p in self.arrays.out.positions for n in sorted(p.names() & set(free), key=order.index)]
        return list(dict.fromkeys(mine)), [n for n in free if n not in mine]

    def written_out(self) -> list[str]:
        """The taps that are written out: few, of stated number, and in no condition."""
        if self.in_numbers & set(self.taps):
            return []
        kept: list[str] = []
        out = self.arrays.out.names()
        for name in reversed(self.taps):
            if self.inner in out and name in out:  # each would need rows of its own
                break
            count = self.nest.counts[name].as_int
            if count is None or prod(self.nest.counts[n].as_int or 1 for n in [*kept, name]) > MOST_TAPS:
                break
            kept.insert(0, name)
        return kept


__all__ = ["Roles"]
