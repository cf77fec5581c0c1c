"""Names for display: every bound index gets a letter that nothing else in the formula has.

An index may share its letter with a size or a tensor in the term language (the
channel index c beside a width c); on paper it must not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from symconv.term.polynomial import Poly
from symconv.term.substitution import rebuild, substitute
from symconv.term.tensor import Defined, tensors_in
from symconv.term.value import Derivative, Entry, Maximum, Range, Sum, Value, free_indices, own_polys, walk

LETTERS = ("k", "l", "m", "n", "p", "q", "u", "v", "a", "b", "i", "j", "t", "e", "x", "y", "z")
_PLAIN = re.compile(r"[A-Za-z]'*(_\w|_\{\w+\})?$")


def heads_in(value: Value, extra: Iterable[str] = ()) -> set[str]:
    """The letters that sizes and tensors of the formula use, labels left away."""
    names = set(extra)
    for node in walk(value):
        names |= {s.name for p in own_polys(node) for s in p.sizes()}
        if isinstance(node, Entry):
            names |= _tensor_names(node)
        if isinstance(node, Derivative):
            names |= _tensor_names(node.by)
    return names


def _tensor_names(entry: Entry) -> set[str]:
    found = {entry.tensor.name}
    match = re.fullmatch(r"d(.+)/d(.+)", entry.tensor.name)
    if match:
        found |= set(match.groups())
    if isinstance(entry.tensor, Defined) and entry.tensor.call is not None:
        found |= {t.name for t in tensors_in(entry)}
    return found


def shown(value: Value, taken: Iterable[str] = ()) -> Value:
    """The same value with bound indices renamed where their letters are taken.

    >>> from symconv.term.polynomial import Size
    >>> from symconv.term.tensor import Axis, Leaf
    >>> c = Size("c")
    >>> X = Leaf("X", (Axis.of(c),))
    >>> shown(Sum((Range.upto("c", c),), X["c"])).ranges[0].name
    'k'
    """
    used = heads_in(value, taken) | free_indices(value)
    return _renamed(value, used, _bound_in(value))


def _bound_in(value: Value) -> set[str]:
    return {r.name for node in walk(value) if isinstance(node, (Sum, Maximum)) for r in node.ranges}


def _renamed(value: Value, used: set[str], bound: set[str]) -> Value:
    if not isinstance(value, (Sum, Maximum)):
        return rebuild(value, lambda v: _renamed(v, used, bound), lambda p: p)
    ranges: list[Range] = []
    names: dict[str, Poly] = {}
    inner = set(used)
    for r in value.ranges:
        name = r.name if r.name not in inner and _PLAIN.match(r.name) else fresh_letter(r.name, inner | bound)
        inner.add(name)
        low, high = (None if p is None else p.substitute(names) for p in (r.low, r.high))  # type: ignore[arg-type]
        ranges.append(Range(name, low, high))
        names[r.name] = Poly.of(name)
    body = substitute(value.body, {k: p for k, p in names.items() if p.as_atom != k})
    return type(value)(tuple(ranges), _renamed(body, inner, bound))


def fresh_letter(wanted: str, used: set[str]) -> str:
    """A letter that is not used; with primes once all are."""
    for letter in LETTERS:
        if letter not in used:
            return letter
    base = wanted if _PLAIN.match(wanted) else "i"
    while base in used:
        base += "'"
    return base


def parameters_shown(tensor: Defined, taken: Mapping[str, str] | None = None) -> tuple[tuple[str, ...], Value]:
    """Parameters and body of a definition, renamed for display."""
    used = heads_in(tensor.body, {tensor.name, *(taken or {})})
    used |= {s.name for a in tensor.axes for p in (a.low, a.high) if p is not None for s in p.sizes()}
    names: list[str] = []
    for p in tensor.parameters:
        free = p not in used and p not in names and _PLAIN.match(p)
        names.append(p if free else fresh_letter(p, used | set(names) | _bound_in(tensor.body)))
    body = substitute(tensor.body, {o: Poly.of(n) for o, n in zip(tensor.parameters, names, strict=True) if o != n})
    return tuple(names), shown(body, {tensor.name, *names})


__all__ = ["fresh_letter", "heads_in", "parameters_shown", "shown"]
