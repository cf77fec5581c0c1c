"""Reverse mode over the graph of entries: all derivatives of a weighted sum in one pass.

Every node collects a list of contributions from the nodes it occurs in; their
sum is its adjoint.  A node is treated after everything it occurs in, in the
order of descending numbers, so no recursion is needed and the work is that of
the graph, whatever the number of entries one differentiates by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

from symconv.entries.graph import STEP, Graph, Kind, Node, below
from symconv.term.value import Function

NORMAL_CDF, NORMAL_PDF = Function("normal_cdf"), Function("normal_pdf")
Slope = Callable[[Graph, Node], Node]


def _exp(g: Graph, x: Node) -> Node:
    return g.apply(Function("exp"), x)


def _sigmoid(g: Graph, x: Node) -> Node:
    s = g.apply(Function("sigmoid"), x)
    return g.sum([s, g.product([g.constant(-1), s, s])])


def _tanh(g: Graph, x: Node) -> Node:
    t = g.apply(Function("tanh"), x)
    return g.sum([g.one, g.product([g.constant(-1), t, t])])


# f'(x); the step is 0 at 0 by convention, and so the slope of relu there
SLOPES: dict[str, Slope] = {
    "exp": _exp,
    "log": lambda g, x: g.reciprocal(x),
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "softplus": lambda g, x: g.apply(Function("sigmoid"), x),
    "sqrt": lambda g, x: g.product([g.constant(Fraction(1, 2)), g.reciprocal(g.apply(Function("sqrt"), x))]),
    "normal_cdf": lambda g, x: g.apply(NORMAL_PDF, x),
    "normal_pdf": lambda g, x: g.product([g.constant(-1), x, g.apply(NORMAL_PDF, x)]),
    "gelu": lambda g, x: g.sum([g.apply(NORMAL_CDF, x), g.product([x, g.apply(NORMAL_PDF, x)])]),
    "relu": lambda g, x: g.apply(STEP, x),
    "step": lambda g, x: g.zero,
}


def adjoints(graph: Graph, seeds: Iterable[tuple[Node, Node]]) -> dict[Node, Node]:
    """The derivatives of the sum of weight * node over the seeds by every node below, weights held fixed.

    `seeds` are pairs (node, weight).

    >>> g = Graph()
    >>> x, y = g.variable("x", (0,)), g.variable("y", (0,))
    >>> adjoints(g, [(g.product([x, x, y]), g.one)])[y] is g.product([x, x])
    True
    """
    collected: dict[Node, list[Node]] = {}
    for node, weight in seeds:
        collected.setdefault(node, []).append(weight)
    result: dict[Node, Node] = {}
    for node in reversed(below(collected)):
        if node not in collected:
            continue
        adjoint = result[node] = graph.sum(collected[node])
        if adjoint is graph.zero:
            continue
        for argument, contribution in _contributions(graph, node, adjoint):
            collected.setdefault(argument, []).append(contribution)
    return result


def _contributions(graph: Graph, node: Node, adjoint: Node) -> Iterator[tuple[Node, Node]]:
    """What a node passes on to each of its arguments."""
    args = node.args
    match node.kind:
        case Kind.SUM:
            for argument in args:
                yield argument, adjoint
        case Kind.PRODUCT:
            for at, argument in enumerate(args):
                if argument.kind is not Kind.NUMBER:
                    yield argument, graph.product([adjoint, *args[:at], *args[at + 1 :]])
        case Kind.NAMED:
            yield args[0], adjoint
        case Kind.APPLY:
            yield args[0], graph.product([adjoint, _slope(graph, node)])
        case Kind.RECIPROCAL:
            yield args[0], graph.product([graph.constant(-1), adjoint, node, node])
        case Kind.MAXIMUM:  # the first winner takes all; a tie is no exception
            for at, argument in enumerate(args):
                yield argument, graph.product([adjoint, graph.wins(args, at)])


def _slope(graph: Graph, node: Node) -> Node:
    function: Function = node.data  # type: ignore[assignment]
    known = SLOPES.get(function.name)
    if known is None or function.order:
        return graph.apply(Function(function.name, function.order + 1), node.args[0])
    return known(graph, node.args[0])


__all__ = ["adjoints"]
