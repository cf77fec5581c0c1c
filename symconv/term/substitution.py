"""Substitution of indices and of tensors in values, without capture.

A bound index that would capture a name of the substituted polynomial is
renamed first; nothing else changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import cast

from symconv.term.polynomial import Application, Atom, Poly
from symconv.term.tensor import Axis, Call, Defined, Tensor
from symconv.term.value import (
    Apply,
    Argmax,
    Bracket,
    Condition,
    Derivative,
    Entry,
    Maximum,
    Plus,
    Position,
    Range,
    Reciprocal,
    Sum,
    Times,
    Value,
    children,
    free_indices,
)


def fresh_name(wanted: str, taken: Iterable[str]) -> str:
    """The wanted name, with as many primes as it takes to be new.

    >>> fresh_name("i", {"i", "i'"})
    "i''"
    """
    taken = set(taken)
    while wanted in taken:
        wanted += "'"
    return wanted


def rebuild(value: Value, inner: Callable[[Value], Value], poly: Callable[[Poly], Poly]) -> Value:
    """The same node with its children and index polynomials changed (bound names are kept)."""
    match value:
        case Position(p):
            return Position(poly(p))
        case Entry(tensor, index):
            return Entry(tensor, tuple(map(poly, index)))
        case Plus(terms):
            return Plus(tuple(map(inner, terms)))
        case Times(factors):
            return Times(tuple(map(inner, factors)))
        case Sum(ranges, body):
            return Sum(tuple(_range(r, poly) for r in ranges), inner(body))
        case Maximum(ranges, body):
            return Maximum(tuple(_range(r, poly) for r in ranges), inner(body))
        case Bracket(conditions):
            return Bracket(tuple(Condition(c.kind, poly(c.poly)) for c in conditions))
        case Apply(function, argument):
            return Apply(function, inner(argument))
        case Reciprocal(argument):
            return Reciprocal(inner(argument))
        case Derivative(body, by):
            return Derivative(inner(body), cast(Entry, inner(by)))
    return value


def with_child(value: Value, n: int, changed: Value) -> Value:
    """The same node with another n-th child, counted as `children` does."""
    counter = iter(range(len(children(value))))
    return rebuild(value, lambda child: changed if next(counter) == n else child, lambda p: p)


def _range(r: Range, poly: Callable[[Poly], Poly]) -> Range:
    return Range(r.name, None if r.low is None else poly(r.low), None if r.high is None else poly(r.high))


def substitute(value: Value, values: Mapping[str, Poly]) -> Value:
    """Replace free indices.

    >>> from symconv.term.tensor import Leaf, Axis, Size
    >>> X = Leaf("X", (Axis.of(Size("H")),))
    >>> body = Sum((Range.upto("u", Size("r")),), X[Poly.of("i") + "u"])
    >>> substitute(body, {"i": Poly.of("u")}).ranges[0].name
    "u'"
    """
    if not values:
        return value
    atoms = cast("Mapping[Atom, Poly]", values)
    if not isinstance(value, (Sum, Maximum)):
        return rebuild(value, lambda v: substitute(v, values), lambda p: p.substitute(atoms))
    return _under_binder(value, dict(values))


def _under_binder(value: Sum | Maximum, values: dict[str, Poly]) -> Value:
    incoming = {n for p in values.values() for n in p.names()}
    taken = incoming | free_indices(value.body) | {r.name for r in value.ranges}
    ranges: list[Range] = []
    for r in value.ranges:
        atoms = cast("Mapping[Atom, Poly]", values)
        limits = _range(r, lambda p, atoms=atoms: p.substitute(atoms))  # type: ignore[misc]
        name = r.name
        values = {k: v for k, v in values.items() if k != r.name}
        if name in incoming:
            name = fresh_name(name, taken)
            taken.add(name)
            values[r.name] = Poly.of(name)
        ranges.append(Range(name, limits.low, limits.high))
    return type(value)(tuple(ranges), substitute(value.body, values))


def entry_formula(tensor: Defined, index: tuple[Poly, ...]) -> Value:
    """The body of a definition at these positions."""
    return substitute(tensor.body, dict(zip(tensor.parameters, index, strict=True)))


def replace_tensors(value: Value, images: Mapping[Tensor, Tensor]) -> Value:
    """Put other tensors of the same axes in the place of some, in all definitions below as well."""
    done: dict[Tensor, Tensor] = dict(images)

    def tensor(old: Tensor) -> Tensor:
        if old not in done:
            done[old] = old
            if isinstance(old, Defined):
                body = visit(old.body)
                if body != old.body:
                    call = old.call and Call(
                        old.call.operation, tuple(map(tensor, old.call.operands)), old.call.options
                    )
                    done[old] = Defined(old.name, old.parameters, old.axes, body, call, old.requires)
        return done[old]

    def visit(node: Value) -> Value:
        if isinstance(node, Entry):
            return Entry(tensor(node.tensor), tuple(map(poly, node.index)))
        return rebuild(node, visit, poly)

    def poly(p: Poly) -> Poly:
        images: dict[Atom, Poly] = {}
        for atom in p.all_atoms():
            if isinstance(atom, Application) and isinstance(atom.function, Argmax):
                f = atom.function
                image = Argmax(f.parameters, f.ranges, visit(f.body), f.axis)
                if image != f:
                    images[atom] = Poly.atom(Application(image, atom.arguments))
        return p.substitute(images) if images else p

    return visit(value)


def rename_apart(tensor: Defined, taken: Iterable[str]) -> Defined:
    """The same definition with parameters that avoid the taken names."""
    taken = set(taken)
    names: list[str] = []
    for p in tensor.parameters:
        names.append(fresh_name(p, taken | set(names)))
    body = substitute(tensor.body, {o: Poly.of(n) for o, n in zip(tensor.parameters, names, strict=True) if o != n})
    return Defined(tensor.name, tuple(names), tensor.axes, body, tensor.call, tensor.requires)


__all__ = ["Axis", "entry_formula", "fresh_name", "rebuild", "rename_apart", "replace_tensors", "substitute"]
