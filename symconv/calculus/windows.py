"""The one window that holds a position, where windows lie side by side: a in m i .. m i + m - 1 is i = floor(a / m)."""

from __future__ import annotations

from itertools import permutations

from symconv.calculus.rewriting import substituted_in_sum
from symconv.term.polynomial import Application, Poly
from symconv.term.value import Argmax, Bracket, Condition, Plus, Sum, Times, Value, add


def one_window(value: Value) -> tuple[Value, list[tuple[str, Poly]]]:
    """Sums over windows of which one holds the position; each with the index that is left, in order.

    `SUM_i [m i <= a <= m i + m - 1] h(i) = h(floor(a / m))`, and the same of `[m i + k = a]` where k lies in
    0 .. m - 1, as the place of a maximum in its window does.
    """
    if isinstance(value, Plus):
        parts = [one_window(t) for t in value.terms]
        return add(*(v for v, _ in parts)), list(dict.fromkeys(p for _, ps in parts for p in ps))
    placed: list[tuple[str, Poly]] = []
    while isinstance(value, Sum):
        found = _windowed(value)
        if found is None:
            break
        name, place, said = found
        value = substituted_in_sum(value, name, place, said)
        placed.append((name, place))
    return value, placed


def _windowed(value: Sum) -> tuple[str, Poly, tuple[Condition, ...]] | None:
    """An index, its window's number, and the conditions that say no more than that."""
    limits = {n for r in value.ranges for p in (r.low, r.high) if p is not None for n in p.names()}
    factors = value.body.factors if isinstance(value.body, Times) else (value.body,)
    conditions = [c for f in factors if isinstance(f, Bracket) for c in f.conditions]
    for name in (r.name for r in value.ranges if r.name not in limits):
        about = [c for c in conditions if name in c.poly.names()]
        found = _between(name, about) or _attained(name, about)
        if found is not None:
            return name, *found
    return None


def _between(name: str, about: list[Condition]) -> tuple[Poly, tuple[Condition, ...]] | None:
    """a - m i >= 0 and m i + m - 1 - a >= 0."""
    for low, high in permutations([c for c in about if c.kind == "ge"], 2):
        parts = low.poly.linear_in(name)
        if parts is not None and high.poly == -low.poly - parts[0] - 1:
            return parts[1] // -parts[0], (low, high)
    return None


def _attained(name: str, about: list[Condition]) -> tuple[Poly, tuple[Condition, ...]] | None:
    """m i + k(i) - a = 0, k being a place in a window of m entries; the condition stays, for k is one place of it."""
    for condition in about:
        for poly in (condition.poly, -condition.poly) if condition.kind == "eq" else ():
            inner = next((a for m, c in poly for a in m if isinstance(a, Application) and c == 1 and len(m) == 1), None)
            function = inner.function if inner is not None else None
            if inner is None or not isinstance(function, Argmax):
                continue
            parts = (poly - Poly.atom(inner)).linear_in(name)
            window = function.ranges[function.axis]
            if parts is not None and (window.low, window.high) == (Poly.of(0), parts[0] - 1):
                return -parts[1] // parts[0], ()
    return None
