"""Equal arguments written in two ways: f(T[e]) = f(U[d]) where T[e] = U[d] is proved first.

A function of an entry is a factor under the name of its argument's tensor, so
that f(2x - x) and f(x) are strangers until a proof inside the proof, a lemma,
introduces them.  Lemmas are tried before anything else is done to the terms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice, product

from symconv.calculus.form import Factor, Head, TooManyTerms
from symconv.proof.normalise import Undecided, UnsafeDivisor, head_text
from symconv.proof.trace import Place, Trace
from symconv.term.polynomial import ZERO, Atom, Poly
from symconv.term.tensor import Defined, Leaf, Tensor
from symconv.term.value import Entry, Maximum, Sum, walk

MOST_PLACES = 12  # where a lemma is tried
Finish = Callable[[Trace], None]


def align_arguments(trace: Trace, finish: Finish) -> None:
    """Give equal arguments of functions and reciprocals one name, as far as `finish` proves lemmas."""
    models: dict[Head, Place] = {}
    places = [(k, n) for k, t in trace.terms.items() for n, f in enumerate(t.factors) if _is_opaque(f)]
    for key, n in sorted(places, key=lambda p: _simplest_first(trace.terms[p[0]].factors[p[1]].head)):
        head = trace.terms[key].factors[n].head
        if head in models:
            continue
        if isinstance(head.tensor, Leaf) or not _joined(trace, (key, n), models, finish):
            models[head] = (key, n)


def _is_opaque(factor: Factor) -> bool:
    return factor.head.function is not None or factor.head.inverse


def _simplest_first(head: Head) -> tuple[bool, int, str]:
    """Data, then definitions with a name, then what has none; the same order in every run."""
    return isinstance(head.tensor, Defined), head.tensor.name == "", head_text(head)


def _joined(trace: Trace, place: Place, models: dict[Head, Place], finish: Finish) -> bool:
    factor = trace.terms[place[0]].factors[place[1]]
    for head, model in models.items():
        alike = head.function == factor.head.function and head.inverse == factor.head.inverse
        if not alike or head.tensor.rank != factor.head.tensor.rank:
            continue
        for index in _indices(factor.head.tensor, factor.index, head.tensor):
            if _lemma(trace, place, model, index, finish):
                return True
    return False


def _indices(tensor: Tensor, index: tuple[Poly, ...], model: Tensor) -> Iterator[tuple[Poly, ...]]:
    """Where the model may have the same entry: at the same place; where both read one place of one tensor."""
    yield index
    options: list[list[Poly]] = []
    names = _parameters(model)
    for parameter in names:
        found = dict.fromkeys(
            place
            for mine in _reads(tensor, index)
            for theirs in _reads(model, tuple(map(Poly.of, names)))
            if mine.tensor == theirs.tensor
            for p, q in zip(mine.index, theirs.index, strict=True)
            if (place := _solved(p, q, parameter, names)) is not None
        )
        options.append(list(found))
    yield from (choice for choice in islice(product(*options), MOST_PLACES) if choice != index)


def _parameters(tensor: Tensor) -> tuple[str, ...]:
    return tensor.parameters if isinstance(tensor, Defined) else tuple(f"${n}" for n in range(tensor.rank))


def _reads(tensor: Tensor, index: tuple[Poly, ...]) -> list[Entry]:
    """The entries that an entry is made of, every bound index being 0."""
    if not isinstance(tensor, Defined):
        return [Entry(tensor, index)]
    at: dict[Atom, Poly] = dict(zip(tensor.parameters, index, strict=True))
    for part in walk(tensor.body):
        if isinstance(part, (Sum, Maximum)):
            at.update((r.name, ZERO) for r in part.ranges)
    entries = [part for part in walk(tensor.body) if isinstance(part, Entry)]
    return [Entry(e.tensor, tuple(p.substitute(at) for p in e.index)) for e in entries]


def _solved(place: Poly, position: Poly, parameter: str, parameters: tuple[str, ...]) -> Poly | None:
    """The value of the parameter for which the position is the place, if it alone decides that."""
    parts = position.linear_in(parameter)
    if parts is None or parts[0].is_zero or not parts[1].names().isdisjoint(parameters):
        return None
    return (place - parts[1]).divided_by(parts[0])


def _lemma(trace: Trace, place: Place, model: Place, index: tuple[Poly, ...], finish: Finish) -> bool:
    try:
        lemma = trace.lemma(place, model, index)
        finish(lemma)
    except (Undecided, UnsafeDivisor, TooManyTerms):
        return False
    trace.alike(place, model, index, lemma)
    return True


__all__ = ["align_arguments"]
