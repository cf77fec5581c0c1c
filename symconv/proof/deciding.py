"""From a problem to a verdict: obligations, a few small sizes, the proof, then the search for a counterexample.

The order is by cost: most false claims fail at the first sizes tried, most true
ones are proved in milliseconds; what remains is searched where the proof
attempt says that it can fail, and at last swept size by size.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from symconv.calculus.form import Guard
from symconv.proof.evaluate import OutOfRange, World, differ
from symconv.proof.normalise import UnsafeDivisor, normalise
from symconv.proof.numbers import EvaluationError
from symconv.proof.obligations import hypotheses_contradict, out_of_range
from symconv.proof.problem import Problem
from symconv.proof.prove import Undecided, difference_regions, prove
from symconv.proof.search import SizeSearch
from symconv.proof.trace import Trace
from symconv.proof.verdict import ALL_SIZES, STATED_SIZES, Counterexample, Status, Verdict, show_condition
from symconv.term.value import Condition


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is tried: size tuples before the proof, the total up to which all are swept, work limits."""

    quick: int = 12
    sweep_tuples: int = 400
    farthest: int = 60
    nodes: int = 60_000
    entries: int = 60_000


@dataclass(slots=True)
class _Case:
    """One problem under decision, with the work spent on evaluation so far."""

    problem: Problem
    effort: Effort
    entries: int = 0
    unread: OutOfRange | None = None
    fixed: tuple[Condition, ...] = field(default=())

    def __post_init__(self) -> None:
        self.fixed = tuple(c for c in self.problem.hypotheses if not c.poly.names())

    def tuples(self, extra: Iterable[Guard] = (), nodes: int | None = None) -> SizeSearch:
        names = {r.name for r in self.problem.free}
        facts = [g for g in self.problem.facts() if not (g.poly.names() & names)]
        return SizeSearch(self.problem.sizes, [*facts, *extra], nodes or self.effort.nodes)

    def positions(self, world: World) -> Iterator[dict[str, int]]:
        """All places of the free indices that the hypotheses allow; an unbounded one runs a little beyond the sizes."""
        reach = max([2, *world.sizes.values()]) + 1

        def places(n: int, at: dict[str, int]) -> Iterator[dict[str, int]]:
            if n == len(self.problem.free):
                yield dict(at)
                return
            r = self.problem.free[n]
            low = -2 if r.low is None else world.poly(r.low, at)
            high = reach if r.high is None else world.poly(r.high, at)
            for i in range(low, high + 1):
                at[r.name] = i
                yield from places(n + 1, at)

        conditional = [c for c in self.problem.hypotheses if c.poly.names()]
        for at in places(0, {}):
            if all(world.holds(c, at) for c in conditional):
                yield at

    def admits(self, sizes: dict[str, int]) -> bool:
        world = World(sizes)
        return all(world.holds(c, {}) for c in self.fixed)

    def counterexample(self, sizes: dict[str, int]) -> Counterexample | None:
        """The first place at which the two sides differ at these sizes, by evaluation."""
        world = World(sizes, values=(self.problem.left, self.problem.right))
        for at in self.positions(world):
            self.entries += 1
            try:
                exact, claimed = world.value(self.problem.left, at), world.value(self.problem.right, at)
            except OutOfRange as error:
                self.unread = self.unread or error
                continue
            except EvaluationError:
                continue  # a value that is undefined here says nothing of the claim
            if differ(exact, claimed):
                return Counterexample(sizes, at, claimed, exact)
        return None


def decide(problem: Problem, effort: Effort = Effort()) -> Verdict:
    """The verdict on left = right, with its evidence."""
    start = time.perf_counter()
    verdict = _decide(_Case(problem, effort))
    return replace(verdict, seconds=time.perf_counter() - start)


def _decide(case: _Case) -> Verdict:
    problem = case.problem
    failure = _ill_formed(case)
    if failure is not None:
        return failure
    tried: set[tuple[int, ...]] = set()
    first = case.tuples()
    for sizes in first.upto(case.effort.farthest):
        if not case.admits(sizes):
            continue
        tried.add(tuple(sizes.values()))
        found = case.counterexample(sizes)
        if found is not None:
            return Verdict(Status.REFUTED, counterexample=found)
        if len(tried) >= case.effort.quick or case.entries > case.effort.entries // 4:
            break
    if not tried:
        if first.exhausted:
            return Verdict(Status.UNDECIDED, message="no sizes that meet the hypotheses were found")
        return Verdict(
            Status.ILL_FORMED, message=f"no sizes up to a total of {case.effort.farthest} meet {_shown(problem)}"
        )
    return prove_or_search(case, tried)


def _ill_formed(case: _Case) -> Verdict | None:
    if hypotheses_contradict(case.problem):
        return Verdict(Status.ILL_FORMED, message=f"the hypotheses contradict each other: {_shown(case.problem)}")
    failure = out_of_range(case.problem)
    return None if failure is None else Verdict(Status.ILL_FORMED, message=failure.message)


def prove_or_search(case: _Case, tried: set[tuple[int, ...]]) -> Verdict:
    problem = case.problem
    try:
        trace = prove(problem)
    except UnsafeDivisor as error:
        return Verdict(Status.ILL_FORMED, message=f"{error}; state that {error.divisor} >= 1")
    except Undecided as error:
        return _search(case, tried, str(error))
    scope = ALL_SIZES if problem.sizes or any(r.low is None for r in problem.free) else STATED_SIZES
    shown = tuple(map(show_condition, problem.hypotheses))
    return Verdict(Status.PROVED, scope=scope, trace=trace, hypotheses=shown)


def prove_only(problem: Problem) -> Verdict:
    """The prover alone, evaluation off: PROVED, ILL_FORMED or UNDECIDED."""
    failure = _ill_formed(_Case(problem, Effort()))
    if failure is not None:
        return failure
    try:
        trace = prove(problem)
    except UnsafeDivisor as error:
        return Verdict(Status.ILL_FORMED, message=str(error))
    except Undecided as error:
        return Verdict(Status.UNDECIDED, message=str(error))
    return Verdict(Status.PROVED, scope=ALL_SIZES, trace=trace)


# -- the search for a counterexample ------------------------------------------------------


def _search(case: _Case, tried: set[tuple[int, ...]], reason: str) -> Verdict:
    found = _guided(case)
    if found is not None:
        return Verdict(Status.REFUTED, counterexample=found)
    return _sweep(case, tried, reason)


def _guided(case: _Case) -> Counterexample | None:
    """The smallest sizes at which a term that did not cancel is not 0, confirmed by evaluation."""
    trace = Trace.start(case.problem)
    normalise(trace)
    least = sum(s.least for s in case.problem.sizes)
    share = case.effort.nodes // max(1, len(trace.terms))
    searches = [case.tuples([*trace.facts, *t.guards], share) for t in difference_regions(trace)]
    for total in range(least, case.effort.farthest + 1):
        if case.entries > case.effort.entries or all(s.exhausted for s in searches):
            return None
        choices = {tuple(sizes.items()) for s in searches for sizes in s.of_total(total)}
        for choice in sorted(choices, key=lambda c: [v for _, v in c]):
            sizes = dict(choice)
            if case.entries > case.effort.entries:
                return None
            if case.admits(sizes):
                found = case.counterexample(sizes)
                if found is not None:
                    return found
    return None


def _sweep(case: _Case, tried: set[tuple[int, ...]], reason: str) -> Verdict:
    """All sizes by total, as far as the effort goes."""
    search = case.tuples()
    finished, count = 0, 0
    for total in range(sum(s.least for s in case.problem.sizes), case.effort.farthest + 1):
        for sizes in search.of_total(total):
            if not case.admits(sizes):
                continue
            count += 1
            if tuple(sizes.values()) not in tried:
                found = case.counterexample(sizes)
                if found is not None:
                    return Verdict(Status.REFUTED, counterexample=found)
        if search.exhausted or case.entries > 2 * case.effort.entries:
            break
        finished = total
        if count >= case.effort.sweep_tuples:
            break
    if finished:
        return Verdict(Status.CHECKED, scope=f"sizes up to a total of {finished}", message=reason)
    return Verdict(Status.UNDECIDED, message=reason)


def _shown(problem: Problem) -> str:
    return ", ".join(map(show_condition, problem.hypotheses)) or "the hypotheses"


__all__ = ["Effort", "decide", "prove_only"]
