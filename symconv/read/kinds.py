"""What kind of thing a name is, as far as the declarations say.

Resolved names are the canonical ones: aliases are followed here, so that the
rest of the reader sees one spelling.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from symconv.notation.layout import Node
from symconv.notation.names import name_key
from symconv.read.expression import Expr, Winner
from symconv.read.facts import Facts, OpFact

Kind = Literal["tensor", "size", "loss", "function", "index"]
Vectors = Literal["columns", "rows"]


@dataclass(frozen=True, slots=True)
class Ranks:
    """How many indices a tensor takes, and how many of them are superscripts."""

    count: int
    raised: int = 0


@dataclass
class Kinds:
    """The names of one block and what they are."""

    facts: Facts
    tensors: dict[str, Ranks] = field(default_factory=dict)
    sizes: set[str] = field(default_factory=set)  # found in limits
    winners: dict[str, Winner] = field(default_factory=dict)  # coordinates of an arg max, by the names given to them
    makers: dict[str, tuple[tuple[str, ...], Expr]] = field(default_factory=dict)  # functions of whole tensors

    @classmethod
    def of(cls, facts: Facts) -> Kinds:
        kinds = cls(facts)
        for name, fact in facts.tensors.items():
            kinds.tensors[name] = Ranks(len(fact.axes), fact.raised)
        return kinds

    def name(self, key: str) -> str:
        """The name that a spelling stands for."""
        seen = set()
        while key in self.facts.aliases and key not in seen:
            seen.add(key)
            key = self.facts.aliases[key]
        return key

    def kind(self, key: str) -> Kind | None:
        key = self.name(key)
        facts = self.facts
        if key in facts.losses:
            return "loss"
        if key in self.tensors or key in facts.upstream:
            return "tensor"
        if key in facts.functions:
            return "function"
        if key in facts.sizes or key in facts.quantities or key in facts.implied or key in self.sizes:
            return "size"
        if key in facts.indices or key in facts.endless or key in facts.labels or key in self.winners:
            return "index"
        return None

    def known(self, key: str) -> bool:
        return key in self.facts.aliases or self.kind(key) is not None

    def ranks(self, key: str) -> Ranks | None:
        """The index counts of a tensor; an upstream gradient has those of its tensor."""
        key = self.name(key)
        return self.tensors.get(self.name(self.facts.upstream.get(key, key)))

    def is_bound_name(self, bound: frozenset[str]) -> Callable[[Node], bool]:
        """Whether a letter is taken already: bound by a sum around it, or declared."""
        return lambda node: name_key(node) in bound or self.known(name_key(node))

    def op(self, key: str) -> OpFact | None:
        return self.facts.ops.get(key)

    def is_tensor_sign(self, key: str) -> bool:
        """A sign that joins whole tensors; the order of several of them matters."""
        fact = self.op(key)
        return fact is not None and fact.meaning != "product"

    def where(self, key: str) -> str:
        """Where a name was declared, for messages."""
        fact = self.facts.tensors.get(self.name(key))
        return f"block, line {fact.line}" if fact else "inferred"
