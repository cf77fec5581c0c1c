"""Certificates that tests start from: those of the theorems, and claims that brute force refutes."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import cache
from typing import Any

from symconv.calculus.form import Term
from symconv.errors import SymconvError
from symconv.proof.certificate import certificate, problem_json
from symconv.proof.deciding import prove_only
from symconv.proof.normalise import Undecided, UnsafeDivisor
from symconv.proof.problem import Problem
from symconv.proof.prove import prepared
from symconv.proof.trace import Trace
from symconv.term.value import Condition, Number
from tests.soundness.mutants import Mutant, mutants_of
from tests.soundness.referee import fails_somewhere
from tests.theorems.statements import names, problem

Json = Any
MUTANTS_TRIED = 5


def plain(data: object) -> Json:
    """As it is read back from a file."""
    return json.loads(json.dumps(data))


@cache
def theorem_certificates() -> dict[str, Json]:
    """The whole trace of every theorem."""
    found = {}
    for name in names():
        trace = prove_only(problem(name)).trace
        assert trace is not None, name
        found[name] = plain(certificate(trace))
    return found


@cache
def false_mutants(of: int) -> tuple[Mutant, ...]:
    """Claims one small change away from a theorem whose two sides differ somewhere, by evaluation.

    of: the theorems they come from, every so many.
    """
    return tuple(m for name in list(names())[::of] for m in _chosen(name) if is_false(m.problem))


def _chosen(theorem: str) -> list[Mutant]:
    mutants = mutants_of(theorem)
    return random.Random(theorem).sample(mutants, min(MUTANTS_TRIED, len(mutants)))


def is_false(claim: Problem) -> bool:
    try:
        return fails_somewhere(claim, tuples=6, random_tuples=2) is not None
    except SymconvError:
        return False


def guards_of(term: Term) -> list[tuple[Json, bool]]:
    """The guards of a term as a certificate writes polynomials; true for an equality."""
    conditions = tuple(Condition("eq" if g.equality else "ge", g.poly) for g in term.guards)
    written = plain(problem_json(Problem(Number(Fraction(0)), Number(Fraction(0)), hypotheses=conditions)))
    return [(p, kind == "eq") for kind, p in written["hypotheses"]]


def problem_of(claim: Problem) -> Json:
    return plain(problem_json(claim))


def normal_forms(mutants: Iterable[Mutant]) -> Iterator[tuple[Mutant, Trace]]:
    """False claims with a trace that is valid as far as it goes: both sides in normal form."""
    for mutant in mutants:
        try:
            yield mutant, prepared(mutant.problem)
        except (Undecided, UnsafeDivisor):
            continue
