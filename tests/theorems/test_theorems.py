"""Every theorem is proved for all sizes, its whole trace replayed, its certificates re-checked by SymPy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import sympy

from symconv.proof.certificate import certificate
from symconv.proof.check import check
from symconv.proof.deciding import decide
from symconv.proof.verdict import ALL_SIZES, Status
from tests.theorems.statements import names, problem


def test_there_are_at_least_eighty_statements() -> None:
    assert len(names()) >= 80


@pytest.mark.parametrize("name", names())
def test_proved_for_all_sizes_and_replayed(name: str) -> None:
    verdict = decide(problem(name))
    assert verdict.status is Status.PROVED, verdict
    assert verdict.scope == ALL_SIZES
    assert verdict.trace is not None
    assert check(json.loads(json.dumps(certificate(verdict.trace)))) == len(verdict.trace.steps)


def sympy_poly(data: list) -> sympy.Expr:  # type: ignore[type-arg]
    """A polynomial of the certificate format as a SymPy expression; compound atoms become symbols."""
    total = sympy.Integer(0)
    for coefficient, atoms in data:
        total += coefficient * sympy.prod([sympy.Symbol(json.dumps(a)) for a in atoms])
    return total


def certificates_in(step: dict) -> list:  # type: ignore[type-arg]
    single = [step[k] for k in ("positive", "certificate") if step.get(k) is not None]
    inner = [c for lemma_step in step.get("steps", []) for c in certificates_in(lemma_step)]
    return [*single, *step.get("certificates", []), *inner]


@pytest.mark.parametrize("name", names())
def test_certificates_expand_to_minus_one_in_sympy(name: str) -> None:
    trace = decide(problem(name)).trace
    assert trace is not None
    for step in certificate(trace)["steps"]:
        for summands in certificates_in(step):
            total = sympy.Integer(0)
            for multiplier, sources in summands:
                number = sympy.Rational(multiplier)
                assert number > 0 or any(kind == "zero" for kind, _ in sources)
                total += number * sympy.prod([sympy_poly(p) for _, p in sources])
            assert sympy.expand(total) == -1


DIGEST = """
import hashlib, json
from symconv.proof.certificate import certificate
from symconv.proof.prove import prove
from tests.theorems.statements import names, problem
text = json.dumps([certificate(prove(problem(name))) for name in names()[::9]])
print(hashlib.sha256(text.encode()).hexdigest())
"""


def test_the_same_certificates_in_every_run() -> None:
    """Nothing hangs on the order of sets, which Python's hash seed changes."""
    runs = [
        subprocess.run(
            [sys.executable, "-c", DIGEST],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1] != ""
