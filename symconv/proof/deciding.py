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
from symconv.proof.clock import OutOfTime, tick
from symconv.proof.definedness import undefined
from symconv.proof.evaluate import Draw, OutOfRange, World, differ
from symconv.proof.evaluation.numbers import EvaluationError
from symconv.proof.normalise import Undecided, UnsafeDivisor
from symconv.proof.obligations import Failure, hypotheses_contradict
from symconv.proof.problem import Problem
from symconv.proof.prove import MAX_SPLITS, difference_regions, prepared, prove
from symconv.proof.search import SizeSearch
from symconv.proof.verdict import ALL_SIZES, STATED_SIZES, Counterexample, Status, Verdict
from symconv.term.polynomial import Application
from symconv.term.tensor import Defined, tensors_in
from symconv.term.text import text_of_condition
from symconv.term.value import Apply, Condition, Maximum, own_polys, walk

MOST_TOTAL = 4_000  # how far out the first sizes that meet the hypotheses are looked for
WORK_OF_A_STEP = 200  # of the evaluator
EASY_PLACE = 20_000  # work at one place that is not counted
# Large numbers tell formulas apart, halves tell x > 0 from x >= 1, and numbers alike show who wins a tie.
DRAWS_OF_COMPARISONS = (
    *((seed, Draw.INTEGERS) for seed in range(4)),
    *((seed, Draw.HALVES) for seed in range(2)),
    *((seed, Draw.ALIKE) for seed in range(3)),
)
DRAWS_OF_DISTINCT = tuple((seed, draw) for draw in (Draw.INTEGERS, Draw.RATIONALS) for seed in range(4))
MORE_ALIKE = tuple((seed, Draw.ALIKE) for seed in range(3, 24))  # where no other sizes give further chances
COMPARING = {"relu", "step", "leaky_relu"}
FAR_NODES = 4_000
FAR_WORK = 500_000  # spent before sizes beyond the sweep's are looked at no more
FARTHEST_GUIDED = 6_000  # the greatest total at which terms that did not cancel are looked at
BEYOND = 12  # how far beyond these the search goes on


def compares_data(problem: Problem) -> bool:
    """A maximum, or a function with a kink: which numbers are drawn decides what is seen of it."""
    values = [problem.left, problem.right]
    values += [t.body for side in values[:2] for t in tensors_in(side) if isinstance(t, Defined)]
    parts = [part for value in values for part in walk(value)]
    return any(
        isinstance(p, Maximum)
        or (isinstance(p, Apply) and p.function.name in COMPARING)
        or any(isinstance(a, Application) for poly in own_polys(p) for a in poly.atoms())
        for p in parts
    )


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is tried: size tuples before the proof, the total up to which all are swept, work limits."""

    quick: int = 12
    sweep_tuples: int = 400
    farthest: int = 60
    nodes: int = 60_000
    entries: int = 20_000
    work: int = 8_000_000


@dataclass(slots=True)
class Survey:
    """One problem under evaluation, size by size, with the work spent so far."""

    problem: Problem
    effort: Effort
    entries: int = 0
    cut: bool = False
    unread: OutOfRange | None = None
    farthest: int = 0
    fixed: tuple[Condition, ...] = field(default=())
    spent: int = 0
    work: int = 0
    compared: int = 0  # places at which both sides had a value
    draws: tuple[tuple[int, Draw], ...] = ((0, Draw.INTEGERS),)  # seeds, and the numbers drawn from

    def __post_init__(self) -> None:
        if compares_data(self.problem):
            self.draws = DRAWS_OF_COMPARISONS if self.problem.sizes else DRAWS_OF_COMPARISONS + MORE_ALIKE
        if self.problem.distinct:  # large numbers, and fractions of many digits, are equal by no chance
            self.draws = DRAWS_OF_DISTINCT
        self.farthest = self.effort.farthest
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
        """The first place at which the two sides differ at these sizes, by evaluation.

        No more places are looked at than the effort allows; `cut` says that some were left.
        """
        sides = self.problem.left, self.problem.right
        worlds = [World(sizes, seed, values=sides, draw=draw) for seed, draw in self.draws]
        cost = worlds[0].cost(*sides) * len(worlds)
        most = self.entries + min(self.effort.entries // 4, (self.effort.work - self.spent) // cost)
        for at in self.positions(worlds[0]):
            if self.entries >= most:
                self.cut = True
                return None
            tick(1 + cost // WORK_OF_A_STEP)
            self.entries += 1
            self.work += cost
            self.spent += cost if cost > EASY_PLACE else 0
            for world, (seed, draw) in zip(worlds, self.draws, strict=True):
                try:
                    exact, claimed = (world.value(side, at) for side in sides)
                except OutOfRange as error:
                    self.unread = self.unread or error
                    continue
                except EvaluationError:
                    continue  # a value that is undefined here says nothing of the claim
                self.compared += 1
                if differ(exact, claimed):
                    again = World(sizes, seed, values=sides, draw=draw)
                    numbers = {} if draw is Draw.INTEGERS else self._numbers(again, at)
                    return Counterexample(sizes, at, claimed, exact, numbers=numbers)
        return None

    def _numbers(self, world: World, at: dict[str, int]) -> dict[str, object]:
        """The entries that the two sides read at this place."""
        for side in (self.problem.left, self.problem.right):
            world.value(side, at)
        return dict(sorted(world.entries_read().items()))

    def holds_at_first(self) -> bool:
        """No counterexample at the first few sizes, of which there are at least three."""
        tried = 0
        for sizes in self.tuples().upto(self.effort.farthest):
            if not self.admits(sizes):
                continue
            if self.counterexample(sizes) is not None:
                return False
            tried += 1
            if tried >= self.effort.quick or self.entries > self.effort.entries:
                break
        return tried >= 3


def decide(problem: Problem, effort: Effort = Effort()) -> Verdict:
    """The verdict on left = right, with its evidence."""
    start = time.perf_counter()
    try:
        verdict = _decide(Survey(problem, effort))
    except OutOfTime:
        verdict = Verdict(Status.UNDECIDED, message="time: no verdict within the time given to a formula")
    return replace(verdict, seconds=time.perf_counter() - start)


def _decide(survey: Survey) -> Verdict:
    problem = survey.problem
    if hypotheses_contradict(problem):
        return Verdict(Status.ILL_FORMED, message=f"the hypotheses contradict each other: {_shown(problem)}")
    failure = undefined(problem)
    if failure is not None and failure.certain:
        return Verdict(Status.ILL_FORMED, message=failure.message)
    tried: set[tuple[int, ...]] = set()
    first = survey.tuples(nodes=10_000)
    for sizes in first.upto(MOST_TOTAL):
        if tried and sum(sizes.values()) > survey.farthest:
            break
        if not survey.admits(sizes):
            continue
        if not tried:  # hypotheses such as H >= 100 begin far out
            survey.farthest = max(survey.farthest, sum(sizes.values()) + BEYOND)
        tried.add(tuple(sizes.values()))
        found = survey.counterexample(sizes)
        if found is not None:
            return Verdict(Status.REFUTED, counterexample=found)
        if survey.unread is not None and failure is not None:
            return Verdict(Status.ILL_FORMED, message=_unread(survey.unread, sizes, failure))
        if len(tried) >= survey.effort.quick or survey.entries > survey.effort.entries // 4:
            break
    if not tried:
        where = "a short search" if first.exhausted else f"a search up to a total of {MOST_TOTAL}"
        return Verdict(Status.UNDECIDED, message=f"{where} found no sizes that meet {_shown(problem)}")
    if failure is not None:
        return Verdict(Status.UNDECIDED, message=f"not shown: {failure.message}")
    return prove_or_search(survey, tried)


def _unread(read: OutOfRange, sizes: dict[str, int], failure: Failure) -> str:
    """The read that left its range, by evaluation, and what was not shown about it."""
    at = ", ".join(f"{name}={n}" for name, n in sizes.items())
    return f"{read.place} is read out of range{' at ' if at else ''}{at}; {failure.message}"


def prove_or_search(survey: Survey, tried: set[tuple[int, ...]]) -> Verdict:
    """A proof without case distinctions; a short search; a proof with them; the long search."""
    problem, reason = survey.problem, ""
    for splits, share in ((0, 10), (MAX_SPLITS, 1)):
        try:
            trace = prove(problem, splits)
        except UnsafeDivisor as error:
            return Verdict(Status.ILL_FORMED, message=f"{error}; state that {error.divisor} >= 1")
        except Undecided as error:
            reason = str(error)
        else:
            scope = ALL_SIZES if problem.sizes or any(r.low is None for r in problem.free) else STATED_SIZES
            shown = tuple(map(text_of_condition, problem.hypotheses))
            return Verdict(Status.PROVED, scope=scope, trace=trace, hypotheses=shown)
        found = _guided(survey, share)
        if found is not None:
            return Verdict(Status.REFUTED, counterexample=found)
    return _sweep(survey, tried, reason)


def prove_only(problem: Problem) -> Verdict:
    """The prover alone, evaluation off: PROVED, ILL_FORMED or UNDECIDED."""
    if hypotheses_contradict(problem):
        return Verdict(Status.ILL_FORMED, message=f"the hypotheses contradict each other: {_shown(problem)}")
    failure = undefined(problem)
    if failure is not None:
        return Verdict(Status.ILL_FORMED, message=failure.message)
    try:
        trace = prove(problem)
    except UnsafeDivisor as error:
        return Verdict(Status.ILL_FORMED, message=str(error))
    except Undecided as error:
        return Verdict(Status.UNDECIDED, message=str(error))
    return Verdict(Status.PROVED, scope=ALL_SIZES, trace=trace)


# -- the search for a counterexample ------------------------------------------------------


def _guided(survey: Survey, share: int) -> Counterexample | None:
    """The smallest sizes at which a term that did not cancel is not 0, confirmed by evaluation.

    share: this search may use one part in so many of the effort.
    """
    most, most_work = survey.entries + survey.effort.entries // share, survey.work + FAR_WORK // share
    try:
        trace = prepared(survey.problem)
    except Undecided:
        return None
    least = sum(s.least for s in survey.problem.sizes)
    regions = difference_regions(trace)
    nodes = survey.effort.nodes // share // max(1, len(regions))
    searches = [survey.tuples([*trace.facts, *guards], nodes) for guards in regions]
    for total in range(least, max(survey.farthest, FARTHEST_GUIDED) + 1):
        if total > survey.farthest and (survey.cut or survey.work > most_work):
            return None
        if total == survey.farthest + 1:
            searches = [survey.tuples([*trace.facts, *guards], FAR_NODES // len(regions)) for guards in regions]
        if survey.entries > most or any(s.exhausted for s in searches):
            return None
        choices = {tuple(sizes.items()) for s in searches for sizes in s.of_total(total)}
        for choice in sorted(choices, key=lambda c: [v for _, v in c]):
            sizes = dict(choice)
            if survey.entries > most:
                return None
            if survey.admits(sizes):
                found = survey.counterexample(sizes)
                if found is not None:
                    return found
    return None


def _sweep(survey: Survey, tried: set[tuple[int, ...]], reason: str) -> Verdict:
    """All sizes by total, as far as the effort goes."""
    search = survey.tuples()
    finished, count = 0, 0
    for total in range(sum(s.least for s in survey.problem.sizes), survey.farthest + 1):
        for sizes in search.of_total(total):
            if not survey.admits(sizes):
                continue
            count += 1
            if tuple(sizes.values()) not in tried:
                found = survey.counterexample(sizes)
                if found is not None:
                    return Verdict(Status.REFUTED, counterexample=found)
        if search.exhausted or survey.cut or survey.entries > 2 * survey.effort.entries:
            break
        finished = total
        if count >= survey.effort.sweep_tuples:
            break
    if not survey.compared:
        return Verdict(Status.UNDECIDED, message=f"at no size that was tried both sides have a value; {reason}")
    if finished and count:
        return Verdict(Status.CHECKED, scope=f"sizes up to a total of {finished}", message=reason)
    return Verdict(Status.UNDECIDED, message=reason)


def _shown(problem: Problem) -> str:
    return ", ".join(map(text_of_condition, problem.hypotheses)) or "the hypotheses"


__all__ = ["Effort", "Survey", "decide", "prove_only"]
