"""The lines of a solution by the referee: evaluated at small sizes by brute force, without the prover."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, pairwise

from symconv.proof.deciding import Effort, Survey
from symconv.proof.evaluate import World, differ
from symconv.proof.problem import equation
from symconv.solution import Solution
from symconv.term.tensor import ranges_of
from symconv.term.value import Range, Value
from symconv.worked import Line

MOST_SIZES, MOST_PLACES = 6, 40


def lines_that_differ(solution: Solution) -> list[str]:
    """The lines that have another value than the line before, those inside steps too; [] if all agree.

    The first line is compared with the definition of the gradient itself.
    """
    found = []
    for derivation in solution.derivations:
        free = ranges_of(derivation.gradient, derivation.gradient.parameters)
        lines = [("definition", derivation.gradient.body), *_lines(derivation.lines)]
        for (_, before), (rule, after) in pairwise(lines):
            if not _agree(before, after, free):
                found.append(f"{derivation.tensor.name}: {rule}")
    return found


def _lines(lines: tuple[Line, ...]) -> Iterator[tuple[str, Value]]:
    """In the order in which they follow from each other: the lines inside a step before that of the step."""
    for line in lines:
        yield from _lines(line.inner)
        yield line.step.rule, line.step.value


def _agree(before: Value, after: Value, free: tuple[Range, ...]) -> bool:
    survey = Survey(equation(before, after, free), Effort())
    sizes = list(islice((z for z in survey.tuples().upto(24) if survey.admits(z)), MOST_SIZES))
    assert sizes
    compared = 0
    for choice in sizes:
        world = World(choice, seed=7, values=(before, after))
        for at in islice(survey.positions(world), MOST_PLACES):
            compared += 1
            if differ(world.value(before, at), world.value(after, at)):
                return False
    assert compared
    return True


def with_a_wrong_line(solution: Solution, wrong: Value) -> Solution:
    """The solution with another value in its last line: what a test of the tests needs."""
    (derivation,) = solution.derivations
    *lines, last = derivation.lines
    changed = replace(last, step=replace(last.step, value=wrong))
    return replace(solution, derivations=(replace(derivation, lines=(*lines, changed)),))


__all__ = ["lines_that_differ", "with_a_wrong_line"]
