"""Sizes in the order in which a counterexample counts as smaller: by total, then as declared.

A depth-first search that cuts off whatever the constraints exclude by interval
reasoning.  With the guards of the terms that a proof attempt left over as
constraints, it goes straight to sizes at which a claim can fail, however far
out they are; what it offers is then judged by evaluation.

Intervals look at one constraint at a time, and so walk through many sizes that
two constraints together exclude.  Where the search grows long, the least total
that fractions reach is worked out once, exactly, and totals below it are passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from symconv.calculus.form import Guard
from symconv.proof.intervals import FAR, Intervals, constraints_of
from symconv.proof.linear import feasible_point
from symconv.proof.trace import innermost_quotients
from symconv.term.polynomial import Atom, Poly, Size

TOTAL = "total"  # an atom beside the sizes
ROWS_PER_NODE = 100
MANY_NODES = 1_000  # from here on an exact bound of the total costs less than walking


class SizeSearch:
    """All choices of the sizes that the constraints do not exclude by interval reasoning.

    Constraints may hold indices and keys besides sizes: these are unknown integers.
    `nodes` and the constraints looked at count the work done so far, a deterministic clock.
    """

    def __init__(self, sizes: Sequence[Size], constraints: Iterable[Guard], most_nodes: int = 60_000) -> None:
        self.sizes = tuple(sizes)
        self.most_nodes = most_nodes
        self.nodes = 0
        polys = constraints_of(g for g in constraints if not innermost_quotients([g.poly]))
        rest = Poly.of(TOTAL) - sum((Poly.atom(s) for s in self.sizes), Poly.of(0))
        self.system = Intervals([*polys, rest, -rest])
        self.linear = [p for p in polys if all(len(monomial) <= 1 for monomial, _ in p)]

    def of_total(self, total: int) -> Iterator[dict[str, int]]:
        """The choices with this total, the first size smallest first."""
        if self.nodes > MANY_NODES and total < self.least_total:
            return
        places = self.system.places
        low, high = [-FAR] * len(places), [FAR] * len(places)
        for size in self.sizes:
            low[places[size]], high[places[size]] = size.least, total
        low[places[TOTAL]] = high[places[TOTAL]] = total
        if self.system.narrow(low, high):
            yield from self._descend(low, high, 0)

    def upto(self, greatest: int) -> Iterator[dict[str, int]]:
        """The choices in order, up to a total."""
        for total in range(sum(s.least for s in self.sizes), greatest + 1):
            yield from self.of_total(total)

    @cached_property
    def least_total(self) -> int:
        """No choice has a smaller total: the least at which fractions satisfy the constraints without products."""
        least = sum(s.least for s in self.sizes)
        if not self._has_fractions(FAR):
            return FAR + 1
        low, high = least, FAR
        while low < high:
            middle = low + min((high - low) // 2, low - least + 8)  # the answer is mostly near
            if self._has_fractions(middle):
                high = middle
            else:
                low = middle + 1
        return low

    def _has_fractions(self, total: int) -> bool:
        """Do fractions with at most this total satisfy every constraint in which no unknowns are multiplied?"""
        most = Poly.of(total) - sum((Poly.atom(s) for s in self.sizes), Poly.of(0))
        rows = [*self.linear, most]
        columns: dict[tuple[Atom, int], dict[int, int]] = {}
        goal = []
        for number, row in enumerate(rows):  # row - slack = 0, each size its least value and what it is above that
            bound = 0
            for monomial, c in row:
                if not monomial:
                    bound -= c
                    continue
                (atom,) = monomial
                columns.setdefault((atom, 1), {})[number] = c
                if isinstance(atom, Size):
                    bound -= c * atom.least
                else:  # of either sign: a difference of two
                    columns.setdefault((atom, -1), {})[number] = -c
            goal.append(bound)
        slack: list[dict[int, int]] = [{number: -1} for number in range(len(rows))]
        return feasible_point([*columns.values(), *slack], len(rows), goal) is not None

    @property
    def exhausted(self) -> bool:
        return self.nodes >= self.most_nodes or self.system.work >= ROWS_PER_NODE * self.most_nodes

    def _descend(self, low: list[int], high: list[int], at: int) -> Iterator[dict[str, int]]:
        if self.exhausted:
            return
        self.nodes += 1
        if at == len(self.sizes):
            yield {s.name: low[self.system.places[s]] for s in self.sizes}
            return
        place = self.system.places[self.sizes[at]]
        for value in range(low[place], high[place] + 1):
            inner_low, inner_high = low.copy(), high.copy()
            inner_low[place] = inner_high[place] = value
            if self.system.narrow(inner_low, inner_high, (place,)):
                yield from self._descend(inner_low, inner_high, at + 1)
