"""The checker under attack: tampered certificates, and none is accepted.

A tampered trace counts only where accepting it would be wrong, which is known
in one of two ways: the claim is false, since brute force finds sizes at which
its sides differ (or it is a forgery made by hand, whose docstring or name says
what is wrong); or the claim is a theorem and one step breaks the side
condition of its own rule, as each tampering in `INVALID` does by construction.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import pytest

from symconv.proof import check as checker
from symconv.proof.certificate import certificate
from symconv.proof.check import Rejected, check
from tests.proof.certificates import (
    false_mutants,
    guards_of,
    normal_forms,
    plain,
    problem_of,
    theorem_certificates,
)
from tests.proof.forgeries import FORGERIES, claim, entry, num, step, var
from tests.proof.tampering import INVALID, disturbances, forced, replaced, with_steps
from tests.soundness.mutants import Mutant

Json = Any


def accepts(data: Json) -> bool:
    """Any other way out than acceptance or `Rejected` is an error of the test."""
    try:
        check(data)
    except Rejected:
        return False
    return True


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_is_rejected(name: str) -> None:
    with pytest.raises(Rejected):
        check(FORGERIES[name]())


# -- false claims ---------------------------------------------------------------------------


# Every so many theorems: all of them before a release, a fifth in every run.
OF = pytest.mark.parametrize("of", [pytest.param(1, marks=pytest.mark.slow), 5])


def under_false_claims(mutants: Iterable[Mutant]) -> Iterator[tuple[str, Json]]:
    """The trace of the theorem, as it is and disturbed, under claims one change away from it."""
    rng = random.Random(11)
    whole = theorem_certificates()
    everything = [s for c in whole.values() for s in c["steps"]]
    for mutant in mutants:
        steps = whole[mutant.theorem]["steps"]
        base = {**whole[mutant.theorem], "problem": problem_of(mutant.problem)}
        yield f"{mutant.theorem} / {mutant.kind}: the theorem's own trace", base
        for changed in disturbances(steps, rng.sample(everything, 5), rng):
            yield f"{mutant.theorem} / {mutant.kind}: disturbed", with_steps(base, changed)


def forced_to_an_end(mutants: Iterable[Mutant]) -> Iterator[tuple[str, Json]]:
    """Both sides of a false claim in normal form, by valid steps; then what is left is removed by force."""
    for mutant, trace in normal_forms(mutants):
        base = plain(certificate(trace))
        what = f"{mutant.theorem} / {mutant.kind}"
        yield f"{what}: nothing left out", base
        terms = {n: guards_of(term) for n, term in trace.terms.items()}
        for end in forced(terms):
            yield f"{what}: forced", with_steps(base, base["steps"] + end)


@OF
def test_no_false_claim_is_accepted(of: int) -> None:
    tried, accepted = Counter[str](), []
    for made in (under_false_claims, forced_to_an_end):
        for what, data in made(false_mutants(of)):
            tried[made.__name__] += 1
            if accepts(data):
                accepted.append(what)
    assert accepted == []
    assert len(false_mutants(of)) >= 400 // of
    assert tried["under_false_claims"] >= 2500 // of
    assert tried["forced_to_an_end"] >= 3000 // of


# -- theorems with a step that is wrong ---------------------------------------------------------


def with_an_invalid_step(most: int) -> Iterator[tuple[str, Json]]:
    """Every kind of tampering in every theorem, in so many of its steps at most."""
    rng = random.Random(12)
    for name, whole in theorem_certificates().items():
        steps = whole["steps"]
        for kind, change in INVALID.items():
            found = [(n, s) for n, step in enumerate(steps) for s in change(step)]
            for n, changed in rng.sample(found, min(most, len(found))):
                yield f"{name}, step {n + 1}: {kind}", with_steps(whole, [*steps[:n], changed, *steps[n + 1 :]])


@pytest.mark.parametrize("most", [pytest.param(4, marks=pytest.mark.slow), 1])
def test_no_invalid_step_is_accepted(most: int) -> None:
    tried, accepted = Counter[str](), []
    for what, data in with_an_invalid_step(most):
        tried[what.rsplit(": ", 1)[1]] += 1
        if accepts(data):
            accepted.append(what)
    assert accepted == []
    assert tried.total() >= 500 * most
    assert set(tried) == set(INVALID), "a tampering that met no step"


def test_a_proof_cut_short_is_not_accepted() -> None:
    """Terms cancel only if their guards are literally alike, which the last step on a guard brings about."""
    for name, whole in theorem_certificates().items():
        needed = [n for n, s in enumerate(whole["steps"]) if s["rule"] in ("discharge", "absurd", "count")]
        for n in needed[-1:]:
            assert not accepts(with_steps(whole, whole["steps"][:n])), name


# -- data that is no certificate ------------------------------------------------------------------

HOSTILE: list[Json] = [
    None, True, -1, 0, 0.5, 10**5000, float("nan"), float("inf"), "", "x", "\ud800", "%1", "#H", [], {}, [[]],
    [None], {"rule": "key"}, ["div", [], []], ["mod", [[1, ["i"]]], []], [[1, ["i"]]], [["1", ["i"]]], [[1, "ab"]],
]  # fmt: skip


def nest(data: Json, depth: int) -> Json:
    for _ in range(depth):
        data = ["plus", [data]]
    return data


def places(data: Json, path: tuple[Json, ...] = ()) -> Iterator[tuple[Json, ...]]:
    yield path
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in inner:
        yield from places(value, (*path, key))


def test_damaged_data_never_crashes_the_checker() -> None:
    """Whether a damaged certificate still proves its own claim does not matter here; only how it ends."""
    rng = random.Random(13)
    rejected = 0
    chosen = rng.sample(sorted(theorem_certificates()), 40)
    for name in chosen:
        whole = theorem_certificates()[name]
        everywhere = list(places(whole))
        for _ in range(40):
            rejected += not accepts(replaced(whole, rng.choice(everywhere), rng.choice(HOSTILE)))
    assert rejected >= 1000


def repr_short(data: Json) -> str:
    return type(data).__name__


@pytest.mark.parametrize("data", [*HOSTILE, {"format": "symconv certificate 1"}], ids=repr_short)
def test_what_is_no_certificate_is_rejected(data: Json) -> None:
    with pytest.raises(Rejected):
        check(data)


def test_deep_nesting_is_rejected() -> None:
    with pytest.raises(Rejected, match=r"malformed \(RecursionError"):
        check(claim(nest(["number", "1"], 100_000), ["number", "1"]))


# -- short certificates of endless work -----------------------------------------------------------------


def doublings(count: int) -> Json:
    """F_k = F_(k-1) + F_(k-1), 2^count terms."""
    first: Json = {"name": "x", "axes": []}
    made: list[Json] = [
        {"name": f"F{k}", "axes": [], "parameters": [], "body": ["plus", [entry(tensor=k), entry(tensor=k)]]}
        for k in range(count)
    ]
    return claim(entry(tensor=count), ["number", "0"], tensors=[first, *made])


def choices(count: int) -> Json:
    """A product of sums of two."""
    two = ["plus", [entry(), ["number", "1"]]]
    return claim(["times", [two] * count], ["number", "0"], tensors=[{"name": "x", "axes": []}])


def exceptions(count: int) -> Json:
    """[i /= 1] [i /= 2] ..., each of two terms."""
    conditions = [["ne", var("i", 1, -n)] for n in range(count)]
    return claim(["bracket", conditions], ["number", "0"], free=[["i", None, None]])


def squares(count: int) -> Json:
    """i_k = i_(k-1)^2: a product of 2^count atoms."""
    names = [f"i{k}" for k in range(count + 1)]
    facts = [[[1, [a]], [-1, [b, b]]] for a, b in pairwise(names)]
    uses = [step("use", guard=fact, name=var(fact[0][1][0])) for fact in facts]
    ranges = [[n, None, None] for n in names]
    return claim(["position", var("i0")], ["number", "0"], *uses, free=ranges, hypotheses=[["eq", f] for f in facts])


def growing_quotients(count: int) -> Json:
    """i_k = 2 i_(k+1) + (i_(k+1) div 2): a text that doubles."""
    names = [f"i{k}" for k in range(count + 1)]
    facts = [[[1, [a]], [-1, [["div", var(b), num(3)]]], [-1, [["div", var(b), num(2)]]]] for a, b in pairwise(names)]
    uses = [step("use", guard=fact, name=var(fact[0][1][0])) for fact in facts]
    ranges = [[n, None, None] for n in names]
    return claim(["position", var("i0")], ["number", "0"], *uses, free=ranges, hypotheses=[["eq", f] for f in facts])


@pytest.mark.parametrize("made", [doublings, choices, exceptions, squares, growing_quotients])
def test_endless_work_is_given_up(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A claim of the same form but small is gone through to the end; the limit is far from what theorems need."""
    monkeypatch.setattr(checker, "MOST_WORK", 1_000_000)
    for data in theorem_certificates().values():
        check(data)
    with pytest.raises(Rejected, match="do not cancel"):
        check(made(3))
    with pytest.raises(Rejected, match=r"more work than is allowed|a product of too many atoms"):
        check(made(60))
