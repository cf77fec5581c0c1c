"""Sizes in the order in which a counterexample counts as smaller: by total, then as declared.

A depth-first search that cuts off whatever the constraints exclude by interval
reasoning.  With the guards of the terms that a proof attempt left over as
constraints, it goes straight to sizes at which a claim can fail, however far
out they are; what it offers is then judged by evaluation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from symconv.calculus.form import Guard
from symconv.proof.implication import application_bounds
from symconv.proof.trace import innermost_quotients
from symconv.term.polynomial import Application, Atom, Poly, Size

FAR = 10**6
Interval = tuple[int, int]
Box = dict[Atom, Interval]


class SizeSearch:
    """All choices of the sizes that the constraints do not exclude by interval reasoning.

    Constraints may hold indices and keys besides sizes: these are unknown integers.
    `nodes` counts the work done so far, a deterministic clock.
    """

    def __init__(self, sizes: Sequence[Size], constraints: Iterable[Guard], most_nodes: int = 60_000) -> None:
        self.sizes = tuple(sizes)
        self.most_nodes = most_nodes
        self.nodes = 0
        guards = [g for g in constraints if not innermost_quotients([g.poly])]
        guards += [
            Guard(p)
            for g in guards
            for atom in g.poly.all_atoms()
            if isinstance(atom, Application)
            for p in application_bounds(atom)
        ]
        self.constraints = [_Constraint(p) for g in guards for p in ((g.poly, -g.poly) if g.equality else (g.poly,))]

    def of_total(self, total: int) -> Iterator[dict[str, int]]:
        """The choices with this total, the first size smallest first."""
        box: Box = {}
        for c in self.constraints:
            for atom in c.atoms:
                box[atom] = (-FAR, FAR)
        for size in self.sizes:
            box[size] = (size.least, total)
        yield from self._descend(box, 0, total)

    def upto(self, greatest: int) -> Iterator[dict[str, int]]:
        """The choices in order, up to a total."""
        for total in range(sum(s.least for s in self.sizes), greatest + 1):
            yield from self.of_total(total)

    @property
    def exhausted(self) -> bool:
        return self.nodes >= self.most_nodes

    def _descend(self, box: Box, at: int, rest: int) -> Iterator[dict[str, int]]:
        if self.exhausted:
            return
        self.nodes += 1
        if not self._narrow(box, at, rest):
            return
        if at == len(self.sizes):
            if rest == 0:
                yield {s.name: box[s][0] for s in self.sizes}
            return
        size = self.sizes[at]
        later = sum(box[s][0] for s in self.sizes[at + 1 :])
        low, high = box[size]
        for value in range(low, min(high, rest - later) + 1):
            inner = dict(box)
            inner[size] = (value, value)
            yield from self._descend(inner, at + 1, rest - value)

    def _narrow(self, box: Box, at: int, rest: int) -> bool:
        """Tighten the intervals until nothing changes (or a few rounds); False if one is empty."""
        open_sizes = self.sizes[at:]
        for _ in range(6):
            changed = False
            low, high = sum(box[s][0] for s in open_sizes), sum(box[s][1] for s in open_sizes)
            if low > rest or high < rest:
                return False
            for size in open_sizes:
                a, b = box[size]
                image = (max(a, rest - (high - b)), min(b, rest - (low - a)))
                if image != (a, b):
                    if image[0] > image[1]:
                        return False
                    box[size], changed = image, True
            for c in self.constraints:
                outcome = c.narrow(box)
                if outcome is None:
                    return False
                changed = changed or outcome
            if not changed:
                break
        return True


class _Constraint:
    """poly >= 0, ready for interval reasoning."""

    def __init__(self, poly: Poly) -> None:
        self.terms = [(m, c) for m, c in poly]
        self.atoms = tuple(poly.atoms())

    def narrow(self, box: Box) -> bool | None:
        """None if the constraint cannot hold; else whether an interval was tightened."""
        spans = [_scaled(_product(m, box), c) for m, c in self.terms]
        top = sum(high for _, high in spans)
        if top < 0:
            return None
        changed = False
        for (monomial, c), (_, high) in zip(self.terms, spans, strict=True):
            if len(monomial) != 1:
                continue
            need = -(top - high)  # c * atom >= need
            low, up = box[monomial[0]]
            image = (max(low, -((-need) // c)), up) if c > 0 else (low, min(up, (-need) // -c))
            if image != (low, up):
                if image[0] > image[1]:
                    return None
                box[monomial[0]], changed = image, True
        return changed


def _product(monomial: Sequence[Atom], box: Box) -> Interval:
    low = high = 1
    for atom in monomial:
        a, b = box[atom]
        corners = (low * a, low * b, high * a, high * b)
        low, high = min(corners), max(corners)
    return low, high


def _scaled(span: Interval, c: int) -> Interval:
    return (span[0] * c, span[1] * c) if c > 0 else (span[1] * c, span[0] * c)
