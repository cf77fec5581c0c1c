"""What reading gives: formulas with their links, each a claim, a definition, or a reason why not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction

from symconv.errors import SymconvError
from symconv.read.facts import FindFact
from symconv.term.tensor import Defined, Tensor
from symconv.term.value import Condition, Range, Value


class Kind(Enum):
    """What a link is; the judge turns a claim into a verdict and keeps the others."""

    CLAIM = "claim"
    DEFINITION = "definition"
    NOT_A_CLAIM = "not_a_claim"
    NOT_UNDERSTOOD = "not_understood"
    ILL_FORMED = "ill_formed"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Claim:
    """left = right for all values of the free indices in their ranges, under the hypotheses."""

    free: tuple[Range, ...]
    left: Value
    right: Value
    hypotheses: tuple[Condition, ...] = ()
    said: tuple[Range | Condition, ...] = ()  # the ranges and conditions that stand beside the formula
    distinct: bool = False  # of data no two entries of which are equal


@dataclass(frozen=True, slots=True)
class WholeClaim:
    """Two tensors are equal: the same shape, and every entry."""

    left: Tensor
    right: Tensor
    hypotheses: tuple[Condition, ...] = ()
    said: tuple[Range | Condition, ...] = ()
    distinct: bool = False  # of data no two entries of which are equal


@dataclass(frozen=True, slots=True)
class Link:
    """One equality of a display, or why it is none.

    `line` and `column` are those of the link, or of the fault where there is one.
    """

    id: str
    kind: Kind
    line: int
    column: int
    latex: str
    claim: Claim | WholeClaim | None = None
    defines: Defined | None = None
    given: Mapping[str, Mapping[tuple[int, ...], Fraction]] = field(default_factory=dict, compare=False)
    assumed: tuple[str, ...] = ()  # of data that the claim speaks of
    message: str = ""
    notes: tuple[str, ...] = ()
    problem: SymconvError | None = field(default=None, compare=False)  # what `message` says


@dataclass(frozen=True, slots=True)
class Formula:
    """A display, or an inline formula that holds a relation."""

    id: str
    line: int
    column: int
    latex: str
    links: tuple[Link, ...]
    expected: str | None = None


@dataclass(frozen=True, slots=True)
class Inferred:
    """A fact that no declaration states, and the line of the text that it comes from."""

    line: int
    text: str


@dataclass
class Document:
    """All formulas of a document in order, and what was taken from the text to read them."""

    name: str
    formulas: tuple[Formula, ...] = ()
    inferred: tuple[Inferred, ...] = ()
    finds: tuple[FindFact, ...] = ()
    tensors: dict[str, Tensor] = field(default_factory=dict)
    expected: dict[str, str] = field(default_factory=dict)

    def summary(self) -> Counter[Kind]:
        """How many links there are of each kind."""
        return Counter(link.kind for formula in self.formulas for link in formula.links)
