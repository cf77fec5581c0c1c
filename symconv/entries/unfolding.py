"""Tensors unfolded at fixed sizes: every entry by the definition, as a node of a graph.

A gradient is unfolded by reverse mode: where an entry of the tensor is a
weighted sum of derivatives by that same entry, one backward pass gives all
entries at once.  Any other derivative costs a pass for each value that is
differentiated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import cast

from symconv.entries.graph import Graph, Node
from symconv.entries.positions import Positions, Program, applications
from symconv.entries.reverse import adjoints
from symconv.errors import BridgeError
from symconv.term.polynomial import Application, Poly
from symconv.term.tensor import Defined, Leaf, Tensor, tensors_in
from symconv.term.value import (
    Apply,
    Argmax,
    Bracket,
    Derivative,
    Entry,
    Maximum,
    Number,
    Plus,
    Position,
    Range,
    Reciprocal,
    Sum,
    Times,
    Value,
    free_indices,
    own_polys,
    walk,
)

Index = tuple[int, ...]
Places = Mapping[object, int]


class Unfolding:
    """Entries of any number of tensors at one choice of sizes, in one graph.

    >>> from symconv.term.tensor import Axis
    >>> X = Leaf("X", (Axis.of(3),))
    >>> u = Unfolding(Graph(), {}, X)
    >>> u.entry(X, (2,)).data, u.entry(X, (3,)) is u.graph.zero
    (('X', (2,)), True)
    """

    def __init__(self, graph: Graph, sizes: Mapping[str, int], *tensors: Tensor) -> None:
        self.graph = graph
        self.positions = Positions(sizes)
        self._entries: dict[Tensor, dict[Index, Node]] = {}
        self._limits: dict[Tensor, tuple[tuple[int | None, int | None], ...]] = {}
        self._variables = _variables(tensors)
        self._programs: dict[tuple[Poly, ...], tuple[list[Program], list[Application]]] = {}
        self._passes: dict[Node, dict[Node, Node]] = {}

    def indices(self, tensor: Tensor) -> list[Index]:
        """All indices of a tensor, the last axis running fastest."""
        return list(product(*(self.positions.axis(a, tensor.name) for a in tensor.axes)))

    # -- entries --------------------------------------------------------------

    def entry(self, tensor: Tensor, index: Index) -> Node:
        """One entry, zero outside the axes."""
        table = self._entries.get(tensor)
        if table is None:
            table = self._entries[tensor] = {}
        known = table.get(index)
        if known is None:
            known = table[index] = self._made(tensor, index)
        return known

    def _made(self, tensor: Tensor, index: Index) -> Node:
        if not self._inside(tensor, index):
            if tensor.outside == "error":
                raise BridgeError(
                    f"{tensor.name}[{', '.join(map(str, index))}]",
                    "a read out of range",
                    "an index on the axes",
                    "guard the read, or let the tensor be zero outside",
                )
            return self.graph.zero
        if isinstance(tensor, Leaf):
            return self.graph.variable(tensor.name, index)
        defined = cast(Defined, tensor)
        node = self._transposed(defined, index)
        if node is None:
            node = self.value(defined.body, dict(zip(defined.parameters, index, strict=True)))
        return self.graph.named(defined, index, node) if defined in self._variables else node

    def _inside(self, tensor: Tensor, index: Index) -> bool:
        limits = self._limits.get(tensor)
        if limits is None:
            limits = self._limits[tensor] = tuple(self.positions.limits(a.low, a.high) for a in tensor.axes)
        return all(
            (low is None or low <= k) and (high is None or k <= high)
            for k, (low, high) in zip(index, limits, strict=True)
        )

    # -- values ---------------------------------------------------------------

    def value(self, value: Value, at: Places) -> Node:
        """A value where its free indices stand at these places."""
        g = self.graph
        match value:
            case Number(q):
                return g.constant(q)
            case Entry(tensor, index):
                return self._cases(index, at, lambda p: self.entry(tensor, p))
            case Plus() | Sum():
                return g.sum(self._terms(value, at))
            case Times(factors):
                return g.product(self._factors(factors, at))
            case Position(poly):
                return self._cases((poly,), at, lambda p: g.constant(p[0]))
            case Bracket(conditions):
                kinds = tuple(c.kind for c in conditions)
                polys = tuple(c.poly for c in conditions)
                return self._cases(polys, at, lambda p: g.one if all(map(_holds, kinds, p)) else g.zero)
            case Apply(function, argument):
                return g.apply(function, self.value(argument, at))
            case Reciprocal(argument):
                return g.reciprocal(self.value(argument, at))
            case Maximum(ranges, body):
                return g.maximum([self.value(body, inside) for inside, _ in self._boxes(ranges, at)])
            case Derivative(inner, by):
                return self._derivative(inner, by, at)
        raise TypeError(f"no entries of {type(value).__name__}")

    def _terms(self, value: Value, at: Places) -> Iterator[Node]:
        """The terms of nested sums, in one list."""
        match value:
            case Plus(terms):
                for term in terms:
                    yield from self._terms(term, at)
            case Sum(ranges, body):
                for inside, _ in self._boxes(ranges, at):
                    yield from self._terms(body, inside)
            case _:
                yield self.value(value, at)

    def _factors(self, factors: tuple[Value, ...], at: Places) -> list[Node]:
        """The factors up to the first zero: brackets come first, since they guard the rest."""
        result: list[Node] = []
        for factor in sorted(factors, key=lambda f: not isinstance(f, Bracket)):
            node = self.value(factor, at)
            if node is self.graph.zero:
                return [node]
            result.append(node)
        return result

    def _boxes(self, ranges: tuple[Range, ...], at: Places) -> Iterator[tuple[Places, Index]]:
        """All places in a box of ranges; a limit may use the indices before it."""
        if not ranges:
            yield at, ()
            return
        low, high = (None if p is None else self.positions.program(p)(at) for p in (ranges[0].low, ranges[0].high))
        if low is None or high is None:
            raise BridgeError(
                f"the index {ranges[0].name}", "a range without an end", "two ends", "give the index both limits"
            )
        for k in range(low, high + 1):
            for inside, rest in self._boxes(ranges[1:], {**at, ranges[0].name: k}):
                yield inside, (k, *rest)

    # -- positions that depend on the data -----------------------------------------

    def _cases(self, polys: tuple[Poly, ...], at: Places, node: Callable[[Index], Node]) -> Node:
        """A node at some positions; where a maximum decides about them, a sum over its outcomes."""
        programs, pending = self._programs.get(polys) or self._compiled(polys)
        if not pending:
            return node(tuple([p(at) for p in programs]))
        g = self.graph
        terms = [
            g.product([won, node(tuple(p(inside) for p in programs))]) for won, inside in self._outcomes(pending, at)
        ]
        return g.sum(terms)

    def _compiled(self, polys: tuple[Poly, ...]) -> tuple[list[Program], list[Application]]:
        result = self._programs[polys] = [self.positions.program(p) for p in polys], applications(polys)
        return result

    def _outcomes(self, pending: list[Application], at: Places) -> Iterator[tuple[Node, Places]]:
        """The places at each outcome of the maxima, with the node that is 1 there and 0 elsewhere."""
        if not pending:
            yield self.graph.one, at
            return
        first = pending[0]
        arguments, window = first.arguments, cast(Argmax, first.function)
        start: Places = {n: self.positions.program(p)(at) for n, p in zip(window.parameters, arguments, strict=True)}
        boxes = list(self._boxes(window.ranges, start))
        entries = [self.value(window.body, inside) for inside, _ in boxes]
        same = [a for a in pending if _window(a) == _window(first)]
        rest = [a for a in pending if _window(a) != _window(first)]
        for place, (_, coordinates) in enumerate(boxes):
            inside = dict(at) | {a: coordinates[cast(Argmax, a.function).axis] for a in same}
            for won, places in self._outcomes(rest, inside):
                yield self.graph.product([self.graph.wins(entries, place), won]), places

    # -- derivatives ------------------------------------------------------------

    def _derivative(self, value: Value, by: Entry, at: Places) -> Node:
        """One derivative, from the backward pass of the value."""
        node = self.value(value, at)
        known = self._passes.get(node)
        if known is None:
            known = self._passes[node] = adjoints(self.graph, [(node, self.graph.one)])

        def adjoint(index: Index) -> Node:
            return known.get(self.entry(by.tensor, index), self.graph.zero) if self._inside(by.tensor, index) else zero

        zero = self.graph.zero
        return self._cases(by.index, at, adjoint)

    def _transposed(self, tensor: Defined, index: Index) -> Node | None:
        """An entry of a tensor whose entries are weighted sums of derivatives by their own index, else None."""
        target = differentiated(tensor)
        if target is None:
            return None
        seeds = [(node, weight) for node, weight in self._seeds(tensor.body, self.graph.one, {})]
        found = adjoints(self.graph, seeds)
        table = self._entries[tensor]
        for at in self.indices(tensor):
            inside = self._inside(target, at)
            node = found.get(self.entry(target, at), self.graph.zero) if inside else self.graph.zero
            table[at] = node
        return table[index]

    def _seeds(self, value: Value, weight: Node, at: Places) -> Iterator[tuple[Node, Node]]:
        """What is differentiated, with the weight before it."""
        match value:
            case Derivative(inner, _):
                yield self.value(inner, at), weight
            case Plus(terms):
                for term in terms:
                    yield from self._seeds(term, weight, at)
            case Sum(ranges, body):
                for inside, _ in self._boxes(ranges, at):
                    yield from self._seeds(body, weight, inside)
            case Times(factors):
                others = [f for f in factors if not has_derivative(f)]
                (held,) = (f for f in factors if has_derivative(f))
                yield from self._seeds(held, self.graph.product([weight, *self._factors(tuple(others), at)]), at)


def _variables(tensors: tuple[Tensor, ...]) -> frozenset[Tensor]:
    """The defined tensors by whose entries something below differentiates: their entries get nodes of their own."""
    below = [t for tensor in tensors for t in tensors_in(Entry(tensor, ()))]
    nodes = (n for t in below if isinstance(t, Defined) for n in walk(t.body))
    return frozenset(n.by.tensor for n in nodes if isinstance(n, Derivative) and isinstance(n.by.tensor, Defined))


def _window(application: Application) -> tuple[object, ...]:
    window = cast(Argmax, application.function)
    return window.parameters, window.ranges, window.body, application.arguments


def _holds(kind: str, number: int) -> bool:
    return number >= 0 if kind == "ge" else (number == 0) == (kind == "eq")


def has_derivative(value: Value) -> bool:
    return any(isinstance(n, Derivative) for n in walk(value))


def differentiated(tensor: Defined) -> Tensor | None:
    """The tensor by whose entries, at the own index, the body differentiates, if it does nothing else."""
    own = tuple(map(Poly.of, tensor.parameters))
    parameters = set(tensor.parameters)
    found: set[Tensor] = set()

    def fits(value: Value) -> bool:
        match value:
            case Derivative(inner, by):
                found.add(by.tensor)
                return by.index == own and parameters.isdisjoint(free_indices(inner))
            case Plus(terms):
                return all(map(fits, terms))
            case Sum(ranges, body):
                limits = {n for p in own_polys(value) for n in p.names()}
                return parameters.isdisjoint(limits | {r.name for r in ranges}) and fits(body)
            case Times(factors):
                held = [f for f in factors if has_derivative(f)]
                free = {n for f in factors if f not in held for n in free_indices(f)}
                return len(held) == 1 and parameters.isdisjoint(free) and fits(held[0])
        return False

    return found.pop() if fits(tensor.body) and len(found) == 1 else None


__all__ = ["Unfolding", "differentiated", "has_derivative"]
