"""The solutions of `derivations/exercises`, as `symconv solve` writes them: `python -m tests.solutions`.

They are kept in `derivations/solutions`; `tests/test_solutions.py` writes them anew and compares.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from symconv.solution import Solution
from symconv.solving import solve_spec
from symconv.specs import parse_spec

ROOT = Path(__file__).parent.parent
EXERCISES = ROOT / "derivations" / "exercises"
SOLUTIONS = ROOT / "derivations" / "solutions"


def exercises() -> list[Path]:
    return sorted(EXERCISES.glob("*.md"))


@cache
def solved(exercise: Path) -> Solution:
    return solve_spec(parse_spec(str(exercise), layers=False))


def solution(exercise: Path) -> str:
    """The page for an exercise."""
    return solved(exercise).to_markdown()


def main() -> None:
    SOLUTIONS.mkdir(exist_ok=True)
    for path in exercises():
        (SOLUTIONS / path.name).write_text(solution(path), encoding="utf-8")


if __name__ == "__main__":
    main()
