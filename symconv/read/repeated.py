"""Einstein's convention, `sum repeated`: an index that occurs twice in a product is summed over."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import reduce
from operator import or_

from symconv.notation.source import Source
from symconv.read.expression import (
    Access,
    Add,
    At,
    Binding,
    Divide,
    Expr,
    Negate,
    Power,
    Total,
    bound_by,
    free_names,
    inside,
    rebuild,
    walk,
)
from symconv.read.kinds import Kinds


def summed(expr: Expr, kept: frozenset[str], kinds: Kinds, source: Source) -> Expr:
    """The same with a sum around each term for every index that occurs twice in it.

    kept: the indices of the left side, and what sums around bind.
    """
    match expr:
        case Add() | Negate():
            return rebuild(expr, lambda e: summed(e, kept, kinds, source))
        case Total(bindings=bindings, body=body):
            inner = kept | frozenset(b.name for b in bindings)
            return replace(expr, body=summed(body, inner, kinds, source))
    for node in walk(expr):
        unclear = _indices(node.base, kinds) if isinstance(node, Power) else Counter[str]()
        unclear += _indices(node, kinds) if isinstance(node, Divide) else Counter[str]()
        name = next(
            (n for n, times in unclear.items() if isinstance(node, Power) or (times > 1 and n not in kept)), None
        )
        if name is not None:
            raise source.fault(
                node.at,
                f"the index {name} below a power or on both sides of a fraction, under sum repeated",
                "a product in which it stands once or twice",
                "write the factors, or the sum that is meant",
            )
    counted = _indices(expr, kinds)
    often = next((n for n, times in counted.items() if times > 2 and n not in kept), None)
    if often is not None:
        raise source.fault(
            expr.at,
            f"the index {often}, {counted[often]} times in one product",
            "an index once, or twice where it is summed over",
            f"write \\sum_{{{often}}}, or rename one of them",
        )
    repeated = [n for n, times in counted.items() if times == 2 and n not in kept]
    return Total(tuple(Binding(n, at=expr.at) for n in repeated), expr, at=expr.at) if repeated else expr


def indices_of(expr: Expr, kinds: Kinds) -> frozenset[str]:
    """The free indices of a left side: those that stand in it once."""
    terms = expr.terms if isinstance(expr, Add) else (expr,)
    return frozenset(name for term in terms for name, times in _indices(term, kinds).items() if times == 1)


def _indices(expr: Expr, kinds: Kinds) -> Counter[str]:
    """How often each index stands in the index lists of a product; of a sum in it, in the term with most; no sizes."""
    if isinstance(expr, (Access, At)):
        inner = _indices(expr.tensor, kinds) if isinstance(expr, At) else Counter[str]()
        found = (ref.name for place in expr.index for ref in free_names(place))
        return inner + Counter(n for n in found if kinds.kind(n) in (None, "index"))
    parts = [_indices(part, kinds) for part in inside(expr)]
    if isinstance(expr, Add):
        return reduce(or_, parts, Counter[str]())
    counted = sum(parts, Counter[str]())
    return Counter({n: times for n, times in counted.items() if n not in bound_by(expr)})
