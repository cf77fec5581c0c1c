"""Verdicts: what can be said of a claim, with the evidence.

PROVED and REFUTED carry evidence that anyone can replay; the others are never
a pass.  `str(verdict)` is the line that a person reads.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

from symconv.errors import UsageError
from symconv.proof.certificate import certificate
from symconv.proof.trace import Trace
from symconv.term.text import text_of_condition
from symconv.term.value import Condition


class Status(StrEnum):
    """The outcomes, the worst first.

    >>> Status.ILL_FORMED == "ill_formed"
    True
    """

    REFUTED = "refuted"
    ILL_FORMED = "ill_formed"
    UNDECIDED = "undecided"
    NOT_UNDERSTOOD = "not_understood"
    CHECKED = "checked"
    PROVED = "proved"
    DEFINITION = "definition"
    NOT_A_CLAIM = "not_a_claim"
    IGNORED = "ignored"


ALL_SIZES = "all sizes"
STATED_SIZES = "the sizes stated"


@dataclass(frozen=True, slots=True, repr=False)
class Counterexample:
    """The smallest sizes and the entry at which the two sides differ, with both values.

    `claimed` is the right side, `exact` the left one.  The short sums show the
    entries that each side adds up there.  Where only particular numbers show the
    difference, as at ties of a maximum, `numbers` holds them.
    """

    sizes: dict[str, int]
    at: dict[str, int]
    claimed: object
    exact: object
    claimed_sum: str = ""
    exact_sum: str = ""
    numbers: dict[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        sizes = ", ".join(f"{k}={v}" for k, v in self.sizes.items())
        place = ", ".join(f"{k}={v}" for k, v in self.at.items())
        exact, claimed = self.exact_sum or show_number(self.exact), self.claimed_sum or show_number(self.claimed)
        where = f"{sizes} at {place}" if sizes and place else sizes or place or "every size"
        given = ", ".join(f"{entry} = {number}" for entry, number in self.numbers.items())
        told = f"{where}, where {given}" if given else where
        return f"{told}: the claim gives {claimed}, exact is {exact}"

    __repr__ = __str__


@dataclass(frozen=True, slots=True, repr=False)
class Conditional:
    """A condition under which a refuted claim is true, itself proved."""

    condition: Condition
    trace: Trace = field(repr=False)

    def __str__(self) -> str:
        return text_of_condition(self.condition)

    __repr__ = __str__


@dataclass(frozen=True, slots=True, repr=False)
class Verdict:
    """What was found of one claim, and the evidence for it.

    >>> import symconv as sc
    >>> n, k = sc.sizes("n k")
    >>> x, i = sc.tensor("x", n), sc.indices("i")
    >>> verdict = sc.prove(sc.total(x[i], (i, 0, k - 1)), sc.total(x[i], (i, 0, n - 1)))
    >>> verdict
    refuted; n=2, k=1: the claim gives x[0] + x[1], exact is x[0]; true if n = k
    """

    status: Status
    scope: str = ""
    message: str = ""
    trace: Trace | None = field(default=None, repr=False)
    counterexample: Counterexample | None = None
    condition: Conditional | None = None
    hypotheses: tuple[str, ...] = ()
    seconds: float = 0.0

    def __bool__(self) -> bool:
        """Only what is proved counts as true."""
        return self.status is Status.PROVED

    @property
    def certificate(self) -> dict[str, object] | None:
        """The problem and the whole trace of a proof, as JSON data."""
        return None if self.trace is None else certificate(self.trace)

    def save(self, path: str | Path) -> None:
        """Write the certificate; `python -m symconv.proof.check PATH` replays it."""
        if self.trace is None:
            raise UsageError(
                f"save({str(path)!r})", f"a verdict {self.status.value}", "one that is proved", "save what is proved"
            )
        Path(path).write_text(json.dumps(certificate(self.trace), sort_keys=True), encoding="utf-8")

    def __str__(self) -> str:
        text = self.status.value.replace("_", " ")
        if self.scope:
            text += f" for {self.scope}"
        if self.counterexample is not None:
            text += f"; {self.counterexample}"
        elif self.message:
            text += f": {self.message}"
        if self.condition is not None:
            text += f"; true if {self.condition}"
        return text

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from html import escape

        return f"<p><b>{escape(self.status.value)}</b> {escape(str(self)[len(self.status.value) :])}</p>"


def show_number(number: object) -> str:
    """Whole numbers and fractions as they are; intervals by their middle."""
    return str(number) if isinstance(number, (int, Fraction)) else f"about {number}"
