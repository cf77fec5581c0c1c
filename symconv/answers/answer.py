"""An answer as lines that are proved one by one: what is done, why, the formula, and the verdict on it.

Nothing is shown that has no verdict; a line without one is a definition or words.
"""

from __future__ import annotations

from dataclasses import dataclass

from symconv.proof.verdict import Verdict
from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined, Tensor


@dataclass(frozen=True, slots=True)
class Fact:
    """One line.  `reason` and `hint` are words with `$..$` for formulas; `judged`: a document can state it so."""

    rule: str
    hint: str
    reason: str
    latex: str
    verdict: Verdict | None = None
    judged: bool = True
    value: Poly | None = None  # what a line states of a size or a count
    asks: str = ""  # what an exercise asks in the place of the line, where the hint would tell too much


@dataclass(frozen=True, slots=True)
class Answer:
    """What was asked, and the lines that lead to the last one, which is the answer."""

    question: str
    facts: tuple[Fact, ...]
    about: tuple[Tensor, ...]
    declares: tuple[str, ...] = ()  # lines of the block that the formulas need
    numeric: bool = False  # at the numbers that the document gives
    drawn: Defined | None = None  # what a picture may show: the matrix, or what was worked out at numbers
    at: tuple[tuple[str, int], ...] = ()  # sizes for it

    @property
    def proved(self) -> bool:
        return all(fact.verdict is None or bool(fact.verdict) for fact in self.facts)
