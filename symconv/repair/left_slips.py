"""Slips on the left side: the wrong variable below a derivative, an index that is one off.

The idea: what stands on the left is the name of something, so a slip there names another thing of the document, a
gradient by another tensor, or an entry with its plain index.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from symconv.calculus.gradient import gradient
from symconv.proof.problem import Problem, equation
from symconv.repair.context import context_of, replaced
from symconv.repair.entry_slips import wrong_variable
from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined, Tensor, tensors_in
from symconv.term.value import Condition, Derivative, Entry, Range, Value

WRONG_VARIABLE = "the wrong variable of a derivative"
ONE_OFF = "one too many or too few"


@dataclass(frozen=True, slots=True)
class LeftSide:
    """Another left side, the claim with it, and the ranges of its indices that differ from those of before."""

    slip: str
    value: Value
    problem: Problem
    ranges: tuple[Range, ...]


def repaired_left(problem: Problem, said: Sequence[Range | Condition], known: Sequence[Tensor]) -> Iterator[LeftSide]:
    """The claim with one slip on its left side undone.

    said: the ranges and conditions that stand beside the formula.  known: the tensors of the document.
    """
    seen = {problem.left}
    for slip, value in _values(problem, known):
        if value not in seen:
            seen.add(value)
            yield _moved(problem, slip, value, said)


def _values(problem: Problem, known: Sequence[Tensor]) -> Iterator[tuple[str, Value]]:
    left = problem.left
    if isinstance(left, Entry):
        yield from ((ONE_OFF, Entry(left.tensor, index)) for index in plain(left.index))
        for tensor in other_gradients(left.tensor, known):
            if tensor.rank == left.tensor.rank:
                yield WRONG_VARIABLE, Entry(tensor, left.index)
    elif isinstance(left, Derivative) and isinstance(left.value, Entry):
        value, by = left.value, left.by
        yield from ((ONE_OFF, Derivative(Entry(value.tensor, i), by)) for i in plain(value.index))
        yield from ((ONE_OFF, Derivative(value, Entry(by.tensor, i))) for i in plain(by.index))
        context = context_of(problem.sizes, left, problem.right)
        yield from ((WRONG_VARIABLE, other) for other in wrong_variable(left, context))


def plain(index: tuple[Poly, ...]) -> Iterator[tuple[Poly, ...]]:
    """`i` for `i + 1` and for `i - 1`: all such positions at once, then each.

    >>> list(plain((Poly.of("i") + 1, Poly.of("j"))))
    [(i, j)]
    """
    off = {n: name for n, p in enumerate(index) if p.as_atom is None and (name := _bare(p)) is not None}
    for places in dict.fromkeys((tuple(off), *((n,) for n in off))):
        changed = index
        for n in places:
            changed = replaced(changed, n, Poly.of(off[n]))
        if places:
            yield changed


def _bare(position: Poly) -> str | None:
    """The one index of `i`, `i + 1` or `i - 1`."""
    names = sorted(position.names())
    if len(names) == 1 and position - names[0] in (Poly.of(-1), Poly.of(0), Poly.of(1)):
        return names[0]
    return None


def _moved(problem: Problem, slip: str, left: Value, said: Sequence[Range | Condition]) -> LeftSide:
    """The claim about another left side: what is not said of an index follows from where it stands alone."""
    stated = {part.name for part in said if isinstance(part, Range)}
    free: list[Range] = []
    for old in problem.free:
        new = old if old.name in stated else next(_axes_of(old.name, left), old)
        free.append(new)
    names = {r.name for r in free}
    assuming = tuple(c for c in problem.hypotheses if c in said or not c.poly.names() & names)
    moved = equation(left, problem.right, tuple(free), assuming, problem.sizes)
    return LeftSide(slip, left, moved, tuple(r for r in free if r not in problem.free))


def _axes_of(name: str, left: Value) -> Iterator[Range]:
    """The axes on which the index stands alone, as its ranges."""
    inner = (left.value, left.by) if isinstance(left, Derivative) else (left,)
    for entry in inner:
        if isinstance(entry, Entry):
            for axis, position in zip(entry.tensor.axes, entry.index, strict=True):
                if position == Poly.of(name):
                    yield Range(name, axis.low, axis.high)


# -- gradients ---------------------------------------------------------------------------


def other_gradients(tensor: Tensor, known: Sequence[Tensor]) -> Iterator[Tensor]:
    """dL/dX for dL/dF, and for dL/dK: the gradients of one loss by everything on the way to it.

    Where other tensors depend on X, past F, the loss may depend on these as well, and nothing is said.
    """
    parts = _parts(tensor, known)
    if parts is None:
        return
    loss, f, g = parts
    if g is not None and g != tensor:
        yield g
    named = {t.name: t for t in known if t.name}
    below = [t for t in tensors_in(_entry(f)) if t != f and named.get(t.name) == t]
    for target in below:
        name = f"d{loss}/d{target.name}"
        if name != tensor.name and (g is None or _only_through(f, target, known)):
            yield replace(gradient(f, target, g), name=name, outside=target.outside)


def _parts(tensor: Tensor, known: Sequence[Tensor]) -> tuple[str, Defined, Tensor | None] | None:
    """The name of the loss, what it depends on, and its gradient by that; None where a document leaves it open."""
    match = re.fullmatch(r"d([^/@ ]+)/d([^/@ ]+)", tensor.name)
    if match is None:
        return None
    if isinstance(tensor, Defined):
        call = tensor.call
        if call is None or call.operation != "gradient" or not isinstance(call.operands[0], Defined):
            return None
        f, g = call.operands[0], call.operands[2] if len(call.operands) > 2 else None
    else:
        found = next((t for t in known if t.name == match[2] and isinstance(t, Defined)), None)
        if found is None or found.axes != tensor.axes:
            return None
        f, g = found, tensor
    once = all(t == f for t in known if t.name == f.name)
    return (match[1], f, g) if once else None


def _only_through(f: Defined, target: Tensor, known: Sequence[Tensor]) -> bool:
    """Whatever depends on the target is on the way to F, or is made of F."""
    on_the_way = set(tensors_in(_entry(f)))
    dependent = (t for t in known if isinstance(t, Defined) and t != target and target in set(tensors_in(_entry(t))))
    return all(t in on_the_way or f in set(tensors_in(_entry(t))) for t in dependent)


def _entry(tensor: Tensor) -> Entry:
    names = tensor.parameters if isinstance(tensor, Defined) else ()
    return Entry(tensor, tuple(map(Poly.of, names)))


__all__ = ["LeftSide", "other_gradients", "plain", "repaired_left"]
