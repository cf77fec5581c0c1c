"""What a declaration block states, as plain records; nothing is resolved yet.

Mathematics inside a line stays a `Source` (text with its place) until the
names of the whole block are known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Literal

from symconv.notation.source import Source

Meaning = Literal[
    "correlation",
    "convolution",
    "product",
    "hadamard",
    "kronecker",
    "matmul",
    "pool sum",
    "pool mean",
    "pool max",
    "expand",
]
LAYER = re.compile(r"(\\[A-Za-z]+|[A-Za-z])\s*(?:[+-]\s*\d{1,9})?")
WINDOWS = frozenset({"pool sum", "pool mean", "pool max", "expand"})  # signs before one image, with a window below
Order = Literal["image first", "kernel first"]


@dataclass(frozen=True, slots=True)
class Extent:
    """One axis as declared: `H`, or a range `-l..l`; the two ends are None for the whole line of integers."""

    low: Source | None
    high: Source | None
    count: bool  # `high` is a number of positions, counted from the base


@dataclass(frozen=True, slots=True)
class TensorFact:
    """`tensor X[H,W]`: the extents, one an axis; None where only the comma stands."""

    name: str
    axes: tuple[Extent | None, ...]
    line: int
    raised: int = 0  # how many of the axes are written as superscripts
    letters: tuple[str, ...] = ()  # and what stands there: an index of an index line has its range


@dataclass(frozen=True, slots=True)
class OpFact:
    """`op * = correlation full, kernel first`; what is None is settled by the left side, or not at all."""

    sign: str
    meaning: Meaning
    mode: str | None
    order: Order | None
    options: tuple[tuple[str, Source], ...]
    line: int


@dataclass(frozen=True, slots=True)
class CallText:
    """`correlate(X, K, stride=s)`: a library name with arguments that are calls, tuples or mathematics."""

    name: str
    arguments: tuple[CallText | TupleText | Source, ...]
    options: tuple[tuple[str, CallText | TupleText | Source], ...]
    place: Source


@dataclass(frozen=True, slots=True)
class TupleText:
    items: tuple[CallText | TupleText | Source, ...]


@dataclass(frozen=True, slots=True)
class DefineFact:
    """`define F = ...`: the name with its mathematics or its call."""

    left: Source
    right: CallText | Source
    line: int
    depends: tuple[str, ...] = ()  # of `define y_i = O(x)`, which gives no formula


@dataclass(frozen=True, slots=True)
class MakerFact:
    """`define up(A) = stuff(A, 2)`: a function of whole tensors, by a library call."""

    name: str
    parameters: tuple[str, ...]
    right: CallText
    place: Source


@dataclass(frozen=True, slots=True)
class FindFact:
    """`find dL/dK`: what is to be derived, as written."""

    what: str
    line: int
    loss: str
    by: str
    place: Source
    question: str = ""  # shape, multiplications, additions, parameters, matrix, kernel, value, rewrite conv; or none
    tensors: tuple[str, ...] = ()  # what the question is about


@dataclass
class Facts:
    """Everything that holds from one block to the next."""

    line: int = 0
    declared: dict[str, tuple[str, int]] = field(default_factory=dict)  # what a name is, and in which line
    said: dict[str, int] = field(default_factory=dict)  # conventions that one block states once, and their lines
    places: dict[str, Source] = field(default_factory=dict)  # lines that speak of tensors: "loss L", "upstream g"
    losses: dict[str, tuple[str, ...]] = field(default_factory=dict)
    tensors: dict[str, TensorFact] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)
    slopes: dict[str, Fraction | str] = field(default_factory=dict)  # of leaky relus below 0: numbers, or scalars
    layers: set[str] = field(default_factory=set)  # superscripts that name a layer
    sizes: dict[str, int | None] = field(default_factory=dict)
    implied: set[str] = field(default_factory=set)  # sizes that extents and ranges mention
    quantities: dict[str, tuple[str, str]] = field(default_factory=dict)
    indices: dict[str, tuple[Source, Source]] = field(default_factory=dict)
    endless: set[str] = field(default_factory=set)  # indices that run over all integers
    labels: dict[str, tuple[str, ...]] = field(default_factory=dict)  # an index over a set of names
    makers: list[MakerFact] = field(default_factory=list)  # tensor functions of the document's own
    values: dict[str, tuple[Source, dict[tuple[int, ...], Fraction]]] = field(default_factory=dict)  # from place 0 on
    upstream: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    spelled: dict[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)  # F(x) for F: what stands in brackets
    base: int | None = None
    ops: dict[str, OpFact] = field(default_factory=dict)
    outside: str = "error"
    outside_of: dict[str, str] = field(default_factory=dict)
    conventions: dict[str, str] = field(default_factory=dict)
    definitions: list[DefineFact] = field(default_factory=list)
    assumptions: list[Source] = field(default_factory=list)
    finds: list[FindFact] = field(default_factory=list)
    expected: dict[str, str] = field(default_factory=dict)
    ignored: set[str] = field(default_factory=set)

    def is_layer(self, superscript: str) -> bool:
        """Whether `l`, `l-1` or `l+2` says which layer is meant."""
        found = LAYER.fullmatch(superscript)
        return found is not None and found.group(1) in self.layers

    def kept(self) -> Facts:
        """A copy that a `keep` block may add to; what is found, expected and ignored is not repeated."""
        copies = {name: _copy(getattr(self, name)) for name in self.__dataclass_fields__}
        return replace(self, **{**copies, "finds": [], "definitions": [], "makers": [], "said": {}})  # type: ignore[arg-type]


def _copy(value: object) -> object:
    return value.copy() if isinstance(value, (dict, list, set)) else value
