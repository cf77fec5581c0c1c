r"""The kernel of a linear map that treats all places alike: what an impulse becomes.

J[i, a] = dF[i]/dX[a] is the response at i to an impulse at a.  That F is its sum over X, and that it depends on i - a
alone, is proved; so F is a convolution with the response, and, turned, a correlation.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from symconv.answers.answer import Answer, Fact
from symconv.calculus.rewriting import deltas, derive_inside, drop_known, flat, pick_all
from symconv.errors import ShapeError
from symconv.evidence import judge
from symconv.proof.problem import equation
from symconv.responses import Response, impulse_response
from symconv.term.polynomial import Poly
from symconv.term.substitution import fresh_name, substitute
from symconv.term.tensor import Axis, Defined, Leaf, Tensor, define, ranges_of, sizes_in, tensors_in
from symconv.term.value import (
    Bracket,
    Derivative,
    Entry,
    Number,
    Range,
    Sum,
    Value,
    add,
    bracket,
    equal,
    multiply,
    total,
    walk,
)
from symconv.write.latex import latex_of_value

Taps = Mapping[tuple[int, ...], Value]
NEAR, FAR = 7, 8  # two extents at which the taps must be the same
LETTERS = ("h", "g", "w", "q", "z", *(f"h_{{{n}}}" for n in range(1, 20)))


def kernel(f: Defined, x: Tensor | None = None, taken: Collection[str] = ()) -> Answer:
    r"""The impulse response of the map from x to f, and the proofs that f is the convolution with it.

    x: free data; the only one that f is made of where it is left out.  taken: names that the kernel cannot have.

    >>> import symconv as sc
    >>> n = sc.sizes("n")
    >>> f = sc.tensor("f", n)
    >>> slope = sc.define("s", [n], lambda t: (f[t + 1] - f[t - 1]) / 2)
    >>> answer = kernel(slope.term)
    >>> print(answer.facts[3].latex)
    h_{k} = -\frac{1}{2} \cdot [k = 1] + \frac{1}{2} \cdot [k + 1 = 0]
    >>> answer.proved
    True

    Raises `ShapeError` where the map has no kernel, with what speaks against it, or one that is not made of numbers
    and weights.
    """
    source = x if x is not None else _data(f)
    place = f"the kernel of {f.name}"
    found = impulse_response(f, source)
    if not found:
        raise ShapeError(place, f"a map: {found}", "linear, and the same at every place", "ask for its matrix instead")
    taps = _taps(found, place)
    index = tuple(map(Poly.of, f.parameters))
    here, at = ranges_of(f, f.parameters), tuple(_position(f, source))
    slope = Derivative(Entry(f, index), Entry(source, tuple(map(Poly.of, at))))
    opened = _opened(f, source, slope, at)
    h = _by_formula(f, opened, at, _tensor(f, taps, taken))
    convolved, correlated = (_joined(f, source, h, sign) for sign in (-1, 1))
    left = latex_of_value(Entry(f, index))
    return Answer(
        f"the kernel of ${f.name}$",
        (
            Fact(
                "impulse",
                f"Let one entry of ${source.name}$ be 1 and all others 0: what is the output?",
                f"An impulse at one entry of ${source.name}$ shows what this entry does to the output: it is "
                "the derivative of the output by it.",
                f"{latex_of_value(slope)} = {latex_of_value(opened)}",
                judge(equation(slope, opened, (*here, *ranges_of(source, at)))),
            ),
            Fact(
                "linear",
                "Is the output the sum of the responses to its impulses?",
                f"${source.name}$ is a sum of impulses, each times its entry, and the map is linear: so the "
                "output is the same sum of their responses.",
                f"{left} = {latex_of_value(total(ranges_of(source, at), multiply(slope, _entry(source, at))))}",
                found.linear[-1],
                judged=False,
            ),
            Fact(
                "same everywhere",
                "What if the impulse is moved by one place?",
                "An impulse one place further gives the same response one place further: only the distance "
                f"from the impulse to the output counts. Write it $k${' and $l$' if h.rank > 1 else ''}.",
                _shifted(f, source, at),
                found.invariant[-1],
                judged=False,
            ),
            Fact(
                "kernel",
                "Read off what stands at each distance from the impulse.",
                f"The response to an impulse at the origin is the kernel. {_in_words(h, taps)}",
                f"{latex_of_value(Entry(h, tuple(map(Poly.of, h.parameters))))} = {latex_of_value(h.body)}",
                asks=f"the kernel of ${f.name}$, by its distance from the impulse",
            ),
            *_table(h, taps),
            Fact(
                "convolution",
                "Check: convolve with it.",
                "The map is the convolution with this kernel.",
                f"{left} = {latex_of_value(convolved)}",
                judge(equation(Entry(f, index), convolved, here)),
            ),
            Fact(
                "correlation",
                "Which kernel does the same without being turned?",
                "A correlation reads in the other direction: it needs the kernel turned by 180 degrees.",
                f"{left} = {latex_of_value(correlated)}",
                judge(equation(Entry(f, index), correlated, here)),
            ),
        ),
        (f, source),
        (f"tensor {h.name}[{','.join(f'{a.low}..{a.high}' for a in h.axes)}]",),
    )


def _data(f: Defined) -> Tensor:
    data = [t for t in tensors_in(f.body) if isinstance(t, Leaf)]
    if len(data) != 1:
        names = ", ".join(t.name for t in data) or "none"
        raise ShapeError(f"the kernel of {f.name}", f"data {names}", "one input", "write find kernel F by X")
    return data[0]


def _taps(found: Response, place: str) -> dict[tuple[int, ...], Value]:
    """The taps, if they are numbers and weights, and the same for images of other extents."""
    sizes = {s.name for t in (found.kernel, found.x) if t is not None for s in sizes_in(Entry(t, ()))}
    near, far = (found.taps(**dict.fromkeys(sorted(sizes), n)) for n in (NEAR, FAR))
    weights = {} if found.kernel is None else {t.name: t for t in tensors_in(found.kernel.body) if isinstance(t, Leaf)}
    taps = {at: _weight(v, weights) for at, v in sorted(near.items())}
    known = {at: value for at, value in taps.items() if value is not None}
    if near != far or len(known) < len(taps):
        raise ShapeError(
            place,
            f"the taps {near}",
            "finitely many numbers and weights",
            "state the kernel, and prove that the map is its convolution",
        )
    return known


def _weight(found: Any, weights: Mapping[str, Leaf]) -> Value | None:
    """A tap as a number, an entry of a weight, or a sum of multiples of these."""
    total_ = []
    for term in found.as_ordered_terms():
        number, rest = term.as_coeff_Mul()
        entry = None if rest == 1 else _entry_of(rest, weights)
        if not number.is_Rational or (entry is None and rest != 1):
            return None
        total_.append(multiply(Number(Fraction(int(number.p), int(number.q))), *([] if entry is None else [entry])))
    return add(*total_)


def _entry_of(found: Any, weights: Mapping[str, Leaf]) -> Entry | None:
    leaf = weights.get(str(getattr(found, "base", found)))
    indices = getattr(found, "indices", ())
    if leaf is None or not all(index.is_Integer for index in indices):
        return None
    return Entry(leaf, tuple(Poly.of(int(index)) for index in indices))


def _tensor(f: Defined, taps: Taps, others: Collection[str]) -> Defined:
    """The kernel on the least window around its taps and the origin's side of it."""
    taken = {f.name, *f.parameters, *(t.name for t in tensors_in(f.body)), *(s.name for s in sizes_in(Entry(f, ())))}
    name = next(letter for letter in LETTERS if letter not in {*taken, *others})
    names: tuple[str, ...] = ()
    for wanted in ("k", "l", "m")[: f.rank]:
        names += (fresh_name(wanted, {name, *taken, *names}),)
    axes = tuple(Axis(Poly.of(low), Poly.of(high)) for low, high in _ends(taps, f.rank))

    def entry(*index: Poly) -> Value:
        return add(
            *(multiply(value, bracket(*map(equal, index, at))) for at, value in sorted(taps.items(), reverse=True))
        )

    return define(name, axes, entry, indices=names)


def _by_formula(f: Defined, opened: Value, at: tuple[str, ...], h: Defined) -> Defined:
    """The kernel by one formula where the response is one: an impulse at 0, seen from k, for only i - a counts."""
    if any(isinstance(v, (Bracket, Sum)) for v in walk(opened)):
        return h
    origin = {name: Poly.of(0) for name in at}
    seen = {name: Poly.of(own) for name, own in zip(f.parameters, h.parameters, strict=True)}
    return replace(h, body=substitute(opened, {**seen, **origin}))


def _joined(f: Defined, x: Tensor, h: Defined, sign: int) -> Value:
    """SUM_k h[k] x[i - k], or with the turned kernel SUM_k h[-k] x[i + k]."""
    index = tuple(map(Poly.of, h.parameters))
    ranges = []
    for name, axis in zip(h.parameters, h.axes, strict=True):
        low, high = (
            (axis.low, axis.high) if sign < 0 or axis.low is None or axis.high is None else (-axis.high, -axis.low)
        )
        ranges.append(Range(name, low, high))
    taps = index if sign < 0 else tuple(-p for p in index)
    read = tuple(Poly.of(i) + sign * p for i, p in zip(f.parameters, index, strict=True))
    return total(tuple(ranges), multiply(Entry(h, taps), Entry(x, read)))


def _position(f: Defined, x: Tensor) -> tuple[str, ...]:
    taken = {*f.parameters, *(s.name for s in sizes_in(Entry(f, ())))}
    names: tuple[str, ...] = ()
    for wanted in ("a", "b", "e")[: x.rank]:
        names += (fresh_name(wanted, {*taken, *names}),)
    return names


def _entry(x: Tensor, at: tuple[str, ...]) -> Entry:
    return Entry(x, tuple(map(Poly.of, at)))


def _opened(f: Defined, x: Tensor, slope: Value, at: tuple[str, ...]) -> Value:
    """The derivative carried out: brackets that say where the impulse is met."""
    free = (*ranges_of(f, f.parameters), *ranges_of(x, at))
    value, _ = pick_all(drop_known(flat(deltas(derive_inside(slope))), free), ())
    return drop_known(value, free)


def _shifted(f: Defined, x: Tensor, at: tuple[str, ...]) -> str:
    """dF[i + 1]/dX[a + 1] = dF[i]/dX[a], on every axis at once."""
    sides = [
        Derivative(Entry(f, tuple(Poly.of(i) + n for i in f.parameters)), Entry(x, tuple(Poly.of(a) + n for a in at)))
        for n in (1, 0)
    ]
    return " = ".join(map(latex_of_value, sides))


def _ends(taps: Taps, rank: int) -> list[tuple[int, int]]:
    """The least window that holds the taps and the origin."""
    return [(min(0, *(at[n] for at in taps)), max(0, *(at[n] for at in taps))) for n in range(rank)]


def _in_words(h: Defined, taps: Taps) -> str:
    pairs = zip(h.parameters, _ends(taps, h.rank), strict=True)
    ranges = " and ".join(f"${name}$ runs from ${low}$ to ${high}$" for name, (low, high) in pairs)
    return f"Here {ranges}; everywhere else the response is 0."


def _table(h: Defined, taps: Taps) -> Iterator[Fact]:
    """The kernel as rows and columns, and where its origin is."""
    if h.rank > 2:
        return
    ends = _ends(taps, h.rank)
    (top, bottom), (left, right) = ends if h.rank == 2 else ((0, 0), ends[0])
    rows = [
        " & ".join(
            latex_of_value(taps.get((i, j) if h.rank == 2 else (j,), Number(Fraction(0))))
            for j in range(left, right + 1)
        )
        for i in range(top, bottom + 1)
    ]
    where = f"row {1 - top} and column {1 - left}" if h.rank == 2 else f"place {1 - left}"
    body = r" \\ ".join(rows)
    yield Fact(
        "table",
        "Write the kernel as a table. Where is its origin?",
        f"As a table, with the origin in {where}:",
        rf"{h.name} = \begin{{bmatrix}} {body} \end{{bmatrix}}",
        judged=False,
    )


__all__ = ["kernel"]
