"""Worked solutions, each derived and proved once in a run of the tests, whoever asks first."""

from __future__ import annotations

from functools import cache

from symconv.solution import Solution
from symconv.solving import solve_spec


@cache
def solved(spec: str, wrt: str | None = None, level: str = "full") -> Solution:
    """The solution of a SPEC that is no file: a solution does not change, so that tests may share it."""
    return solve_spec(spec, wrt, level=level)
