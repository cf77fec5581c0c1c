"""Entries at fixed sizes as one graph: each expression is a node, and equal expressions are one node.

A node is made after its arguments, so the numbers of the nodes are an order in
which every node follows what it is made of.  Sums and products keep their
arguments in that order: equal up to commutativity is equal.  Nothing is
expanded, and nothing here knows how a tensor is defined.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from symconv.errors import BridgeError
from symconv.term.value import Function

Variable = tuple[str, tuple[int, ...]]


class Kind(Enum):
    """What a node is; `data` is what it holds beside its arguments."""

    NUMBER = "a rational number (data)"
    VARIABLE = "a free entry (data: name and index; a symbol has the index ())"
    SUM = "the sum of the arguments"
    PRODUCT = "the product of the arguments"
    APPLY = "a function (data) of one argument"
    RECIPROCAL = "1 / argument"
    MAXIMUM = "the greatest argument"
    WINS = "1 if the argument at place `data` is the first greatest one, else 0"
    NAMED = "the argument, being an entry (data) of a tensor by which one differentiates"


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One expression; compared by identity, since equal expressions are one node."""

    number: int
    kind: Kind
    args: tuple[Node, ...]
    data: object = None

    @property
    def value(self) -> Fraction | None:
        """The number, if the node is one."""
        return self.data if self.kind is Kind.NUMBER else None  # type: ignore[return-value]


class Graph:
    """All nodes of one calculation.

    >>> g = Graph()
    >>> x, y = g.variable("x", (0,)), g.variable("y", (0,))
    >>> g.sum([x, g.product([y, x])]) is g.sum([g.product([x, y]), x])
    True
    """

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], Node] = {}
        self.zero = self.constant(Fraction(0))
        self.one = self.constant(Fraction(1))

    def _node(self, kind: Kind, args: tuple[Node, ...], data: object = None) -> Node:
        key = (kind, data, *(a.number for a in args))
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = Node(len(self._known), kind, args, data)
        return known

    def constant(self, number: Fraction | int) -> Node:
        return self._node(Kind.NUMBER, (), Fraction(number))

    def variable(self, name: str, index: tuple[int, ...]) -> Node:
        return self._node(Kind.VARIABLE, (), (name, index))

    def named(self, name: object, index: tuple[int, ...], value: Node) -> Node:
        return self._node(Kind.NAMED, (value,), (name, index))

    def sum(self, terms: Iterable[Node]) -> Node:
        """The sum of all terms at once; numbers are added up."""
        number = Fraction(0)
        kept: list[Node] = []
        for term in terms:
            if term.kind is Kind.NUMBER:
                number += term.data  # type: ignore[operator]
            else:
                kept.append(term)
        if number:
            kept.append(self.constant(number))
        if len(kept) < 2:
            return kept[0] if kept else self.zero
        return self._node(Kind.SUM, tuple(sorted(kept, key=_number)))

    def product(self, factors: Iterable[Node]) -> Node:
        """The product; numbers are multiplied, products inside are opened."""
        number: Fraction | int = 1
        kept: list[Node] = []
        for factor in factors:
            if factor.kind is Kind.NUMBER:
                number = number * factor.data  # type: ignore[operator]
            elif factor.kind is Kind.PRODUCT:
                for inner in factor.args:
                    if inner.kind is Kind.NUMBER:
                        number = number * inner.data  # type: ignore[operator]
                    else:
                        kept.append(inner)
            else:
                kept.append(factor)
        if not number:
            return self.zero
        if number != 1:
            kept.append(self.constant(number))
        if len(kept) < 2:
            return kept[0] if kept else self.one
        return self._node(Kind.PRODUCT, tuple(sorted(kept, key=_number)))

    def apply(self, function: Function, argument: Node) -> Node:
        """f(argument); the identity and the square are no functions of their own."""
        if function == Function("identity"):
            return argument
        if function == Function("square"):
            return self.product([argument, argument])
        number = argument.value
        if number is not None and function in (RELU, STEP):
            return self.constant(max(number, Fraction(0)) if function == RELU else int(number > 0))
        return self._node(Kind.APPLY, (argument,), function)

    def reciprocal(self, argument: Node) -> Node:
        number = argument.value
        if number is None:
            return argument.args[0] if argument.kind is Kind.RECIPROCAL else self._node(Kind.RECIPROCAL, (argument,))
        if not number:
            raise BridgeError("an entry", "a division by zero", "a divisor that is not 0", "choose other sizes")
        return self.constant(1 / number)

    def maximum(self, window: Sequence[Node]) -> Node:
        """The greatest of the arguments, in the order in which they compete."""
        if not window:
            raise BridgeError("a maximum", "no entries", "at least one", "choose other sizes")
        numbers = [n.value for n in window if n.value is not None]
        if len(numbers) == len(window):
            return self.constant(max(numbers))
        return window[0] if len(window) == 1 else self._node(Kind.MAXIMUM, tuple(window))

    def wins(self, window: Sequence[Node], place: int) -> Node:
        """1 where the argument at this place is the first of the greatest, else 0."""
        numbers = [n.value for n in window if n.value is not None]
        if len(numbers) == len(window):
            return self.constant(int(numbers.index(max(numbers)) == place))
        return self.one if len(window) == 1 else self._node(Kind.WINS, tuple(window), place)


@contextmanager
def collector_paused() -> Iterator[None]:
    """No garbage collection meanwhile: a graph holds no cycles, and searching a growing one is quadratic."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


RELU, STEP = Function("relu"), Function("step")


def _number(node: Node) -> int:
    return node.number


def below(roots: Iterable[Node]) -> list[Node]:
    """All nodes that the roots are made of, each once, arguments first."""
    found: set[Node] = set()
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting.extend(node.args)
    return sorted(found, key=_number)


__all__ = ["RELU", "STEP", "Graph", "Kind", "Node", "Variable", "below", "collector_paused"]
