"""Sums end: every bound index of a term is held from below and from above by its guards."""

from __future__ import annotations

from symconv.calculus.form import Term


def is_finite(term: Term) -> bool:
    """Index after index gets limits, from guards whose other indices have theirs."""
    open_ = set(term.bound)
    while open_:
        held = {name for name in open_ if _sides(name, term, open_ - {name}) == {1, -1}}
        if not held:
            return False
        open_ -= held
    return True


def _sides(name: str, term: Term, open_: set[str]) -> set[int]:
    """1: a guard keeps the index from below, -1: from above, by sizes and by indices that are held."""
    found: set[int] = set()
    for guard in term.guards:
        parts = guard.poly.linear_in(name) if name in guard.poly.atoms() else None
        if parts is None or (parts[0].names() | parts[1].names()) & open_:
            continue
        for sign in (1, -1):
            if (parts[0] * sign).grows_from(1):
                found |= {1, -1} if guard.equality else {sign}
    return found


__all__ = ["is_finite"]
