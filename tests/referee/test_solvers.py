"""Three solvers as referees of the implications: z3, cvc5 and, where all is affine, isl.

None may find a solution of what a certificate calls contradictory.  On affine
systems all three must agree; only with products of unknowns may a solver give up.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter

import pytest

for _needed in ("z3", "cvc5", "islpy"):
    pytest.importorskip(_needed)

from symconv.calculus.form import Guard  # noqa: E402
from symconv.proof.implication import Knowledge  # noqa: E402
from symconv.proof.prove import prepared  # noqa: E402
from symconv.proof.trace import Trace, innermost_quotients  # noqa: E402
from symconv.term.polynomial import Poly, Size  # noqa: E402
from tests.proof.certificates import theorem_certificates  # noqa: E402
from tests.referee.implications import by_cvc5, by_isl, by_z3, isl_set, recorded, system_of  # noqa: E402
from tests.theorems.statements import names, problem  # noqa: E402

pytestmark = pytest.mark.referee


def test_the_implications_of_all_theorems(monkeypatch: pytest.MonkeyPatch) -> None:
    found = recorded(theorem_certificates().values(), monkeypatch)
    answers = Counter[tuple[str, bool, bool | None]]()
    wrong = []
    for system, linear in found:
        asked = system.affine_part() if linear else system
        solvers = {"z3": by_z3(asked), "cvc5": by_cvc5(asked)}
        if linear:
            solvers["isl"] = by_isl(asked)
        for name, answer in solvers.items():
            answers[name, linear, answer] += 1
            if answer is False or (linear and answer is None):
                wrong.append((name, system))
    print(dict(answers))
    assert wrong == []
    linear_ones = sum(linear for _, linear in found)
    assert linear_ones >= 150
    assert len(found) - linear_ones >= 20
    assert answers["isl", True, True] == linear_ones
    for solver in ("z3", "cvc5"):
        assert answers[solver, False, None] <= (len(found) - linear_ones) // 4, answers


# -- random ones, most of which do not follow -------------------------------------------------

SIZES = (Size("H", 1), Size("r", 1), Size("s", 1), Size("P", 0))


def random_poly(rng: random.Random, degree: int) -> Poly:
    result = Poly.of(rng.randint(-3, 3))
    for _ in range(rng.randint(1, 3)):
        term = Poly.atom(rng.choice((*SIZES, "i", "u", "k")))
        if degree > 1 and rng.random() < 0.3:
            term = term * Poly.atom(rng.choice(SIZES))
        result = result + term * rng.choice((1, -1, 2, -2))
    return result


@pytest.mark.parametrize("degree", [1, 2])
def test_random_implications(degree: int) -> None:
    """A certificate is never contradicted; what has a solution never has a certificate."""
    rng = random.Random(degree)
    answers = Counter[tuple[bool, bool | None]]()
    for _ in range(250):
        known = [Guard(random_poly(rng, degree), rng.random() < 0.2) for _ in range(rng.randint(1, 5))]
        goal = Guard(random_poly(rng, degree))
        entailed = Knowledge(known, SIZES).entails(goal) is not None
        system = system_of([*known, Guard(-goal.poly - 1)], SIZES)
        given = [by_z3(system), by_cvc5(system), *([by_isl(system)] if system.affine else [])]
        known_answers = {a for a in given if a is not None}
        assert len(known_answers) <= 1, (known, goal, given)
        if entailed:
            assert False not in known_answers, (known, goal)
        answers[entailed, known_answers.pop() if known_answers else None] += 1
    print(degree, dict(answers))
    assert answers[False, False] >= 50
    assert answers[True, True] >= 10


# -- whole identities ----------------------------------------------------------------------------


def two_terms(trace: Trace) -> bool:
    """One term a side, over the same entries and with opposite coefficients: only the supports may differ."""
    if len(trace.terms) != 2:
        return False
    left, right = trace.terms.values()
    polys = [g.poly for t in (left, right) for g in (*t.guards, *trace.facts)]
    return (
        left.factors == right.factors
        and left.coefficient == -right.coefficient
        and left.weight == right.weight
        and not left.denominators + right.denominators
        and set(left.bound) == set(right.bound)
        and all(len(m) <= 1 for p in polys for m, _ in p)
        and not innermost_quotients(polys)
    )


def test_the_two_sides_have_one_support_by_isl() -> None:
    """Set equality for all sizes at once: no certificate takes part.  `not 0` is both cases, above and below."""
    checked, wrong = 0, []
    for name in names():
        claim = problem(name)
        trace = prepared(claim)
        if not two_terms(trace):
            continue
        left, right = trace.terms.values()
        bound = tuple(sorted(left.bound))
        unequal = [c.poly for c in claim.hypotheses if c.kind == "ne"]
        for case in itertools.product(*((p - 1, -p - 1) for p in unequal)):
            facts = [*trace.facts, *(Guard(p) for p in case)]
            systems = [system_of([*facts, *t.guards], claim.sizes) for t in (left, right)]
            parameters = tuple(sorted({a for s in systems for a in s.atoms} - set(bound)))
            one, other = (isl_set(s, parameters, bound) for s in systems)
            checked += 1
            if not one.is_equal(other):
                wrong.append((name, case))
    print(checked)
    assert wrong == []
    assert checked >= 25
