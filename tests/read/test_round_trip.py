"""Term -> LaTeX -> term is the identity, up to the names of bound indices."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symconv.calculus.gradient import gradient, upstream
from symconv.ops.correlate import convolve, correlate, transposed
from symconv.ops.pool import pool_average, pool_max
from symconv.ops.window import pad, rot180, stuff
from symconv.read.formula import read_value
from symconv.term.polynomial import Poly, Size
from symconv.term.substitution import rebuild, substitute
from symconv.term.tensor import Axis, Defined, Leaf, Tensor
from symconv.term.value import (
    Apply,
    Bracket,
    Condition,
    Derivative,
    Entry,
    Function,
    Maximum,
    Number,
    Position,
    Range,
    Reciprocal,
    Sum,
    Value,
    add,
    multiply,
)
from symconv.write.latex import latex_of_poly, latex_of_tensor, latex_of_value
from symconv.write.text import text_of_tensor, text_of_value

SIZES = tuple(Size(n) for n in ("H", "W", "r", "c", "s", "H_K", "n_{out}")) + (Size("p", 0),)
H, W, R, C, S, *_ = (Poly.atom(s) for s in SIZES)
X = Leaf("X", (Axis.of(H), Axis.of(W)))
K = Leaf("K", (Axis.of(R), Axis.of(C)))
B = Leaf("b", ())
T = Leaf(r"\tilde{F}", (Axis.of(H),))
LZ = Leaf("dlz", (Axis.of(H), Axis.of(R)))
F = replace(correlate(X, K, stride=S, padding=Poly.atom(SIZES[-1])), name="F", call=None)
G = upstream(F, "dL/dF")
TENSORS: dict[str, Tensor] = {t.name: t for t in (X, K, B, T, LZ, F, G)}
FREE = ("i", "j", "k'")


def back(value: Value, free: tuple[str, ...] = FREE) -> Value:
    return read_value(latex_of_value(value), TENSORS, SIZES, free, ("f", "\\phi"))


def canonical(value: Value) -> Value:
    """Bound indices by the order in which they are met."""
    counter = iter(range(1000))

    def visit(node: Value) -> Value:
        if isinstance(node, (Sum, Maximum)):
            ranges: list[Range] = []
            names: dict[str, Poly] = {}
            for r in node.ranges:
                low, high = (None if p is None else p.substitute(names) for p in (r.low, r.high))  # type: ignore[arg-type]
                names[r.name] = Poly.of(f"%{next(counter)}")
                ranges.append(Range(str(names[r.name]), low, high))
            return type(node)(tuple(ranges), visit(substitute(node.body, names)))
        return rebuild(node, visit, lambda p: p)

    return visit(value)


# -- what the library builds ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        F.body,
        F["i", "j"],
        correlate(X, K, stride=2, padding=1, dilation=S)["i", "j"],
        convolve(X, K, mode="full")["i", "j"],
        convolve(X, K).body,
        transposed(K, X, stride=S).body,
        stuff(X, S).body,
        pool_max(X, 2).body,
        pool_average(X, (R, C)).body,
        pad(X, ((1, 2), (0, 3)))["i", "j"],
        correlate(pad(G, (R - 1, C - 1)), rot180(K))["i", "j"],
        gradient(F, X, G).body,
        gradient(F, K, G).body,
        Derivative(F.body, K["k'", "j"]),
    ],
)
def test_operations(value: Value) -> None:
    free = (
        ("i", "j", "k'")
        if not isinstance(value, Sum) or {r.name for r in value.ranges}.isdisjoint("ij")
        else ("a", "b")
    )
    assert canonical(back(value, free)) == canonical(value)


# -- random terms ----------------------------------------------------------------------------------


def polys(names: tuple[str, ...]) -> st.SearchStrategy[Poly]:
    atoms = st.sampled_from([Poly.of(n) for n in names] + [Poly.atom(s) for s in SIZES] + [Poly.of(1), Poly.of(2)])

    def grow(inner: st.SearchStrategy[Poly]) -> st.SearchStrategy[Poly]:
        return st.one_of(
            st.builds(lambda a, b: a + b, inner, inner),
            st.builds(lambda a, b: a - b, inner, inner),
            st.builds(lambda a, b: a * b, inner, inner),
            st.builds(lambda a, b: a // b, inner, st.sampled_from([S, Poly.of(2), S + 1])),
            st.builds(lambda a, b: a % b, inner, st.sampled_from([S, Poly.of(3)])),
        )

    return st.recursive(atoms, grow, max_leaves=4)


def entries(names: tuple[str, ...]) -> st.SearchStrategy[Entry]:
    return st.sampled_from(list(TENSORS.values())).flatmap(
        lambda t: st.tuples(*[polys(names)] * t.rank).map(lambda index: Entry(t, index))
    )


def values(names: tuple[str, ...], depth: int) -> st.SearchStrategy[Value]:
    leaves: list[st.SearchStrategy[Value]] = [entries(names), polys(names).map(_as_value)]
    leaves.append(st.fractions(-5, 5, max_denominator=4).map(Number))
    if depth == 0:
        return st.one_of(*leaves[:1])
    inner = values(names, depth - 1)
    bound = tuple(n for n in ("u", "v", "m") if n not in names)[:1]
    deeper = values(names + bound, depth - 1) if bound else inner
    condition = st.builds(Condition, st.sampled_from(["ge", "eq", "ne"]), polys(names))
    choices = [
        *leaves,
        st.builds(add, inner, inner),
        st.builds(multiply, inner, inner),
        st.builds(lambda q, v: multiply(q, v), st.integers(-3, 3).filter(lambda q: q), entries(names)),
        st.builds(lambda a, b: Bracket((a, b)), condition, condition),
        st.builds(
            Apply, st.sampled_from([Function("exp"), Function("sigmoid"), Function("f", 2), Function("\\phi")]), inner
        ),
        entries(names).map(Reciprocal),
        st.just(Reciprocal(Position(R * C))),
        st.builds(Derivative, inner, entries(names).filter(lambda e: e.tensor != G)),
    ]
    if bound:
        limits = st.builds(lambda low, high: (Range(bound[0], low, high),), polys(names), polys(names))
        choices += [st.builds(Sum, limits, deeper), st.builds(Maximum, limits, deeper)]
    return st.one_of(*choices)


def _as_value(poly: Poly) -> Value:
    number = poly.as_int
    return Position(poly) if number is None else Number(Fraction(number))


@settings(max_examples=100, deadline=None)
@given(values(FREE, 3))
def test_any_term_is_read_back(value: Value) -> None:
    once = back(value)  # neighbouring numbers and sizes are one polynomial after the first reading
    assert latex_of_value(once) == latex_of_value(back(once))
    assert canonical(back(once)) == canonical(once)


@settings(max_examples=100, deadline=None)
@given(polys(FREE))
def test_index_polynomials_are_read_back_exactly(poly: Poly) -> None:
    assert back(_as_value(poly)) == _as_value(poly)
    assert read_value(f"\\tilde{{F}}_{{{latex_of_poly(poly)}}}", TENSORS, SIZES, FREE) == T[poly]


# -- spellings --------------------------------------------------------------------------------------


def test_a_definition_is_an_equation() -> None:
    plain = replace(correlate(X, K), name="F", call=None)
    assert latex_of_tensor(plain) == r"F_{i, j} = \sum_{u=0}^{r-1} \sum_{v=0}^{c-1} K_{u, v} X_{i+u, j+v}"


def test_an_operation_prints_as_its_call() -> None:
    dX = correlate(pad(Leaf("G", F.axes), R - 1), rot180(K))
    assert latex_of_tensor(dX) == r"\operatorname{corr}(\operatorname{pad}(G, r - 1), \operatorname{rot180}(K))"
    assert text_of_tensor(dX) == "corr(pad(G, r-1), rot180(K))"


def test_a_gradient_prints_as_a_derivative_and_takes_other_names() -> None:
    value = gradient(F, X, G)["i", "j"]
    assert latex_of_value(value) == r"\frac{\partial L}{\partial X_{i, j}}"
    assert latex_of_value(G["i", "j"], {"dL/dF": r"\delta"}) == r"\delta_{i, j}"


def test_a_bound_index_never_has_the_letter_of_a_size() -> None:
    x = Leaf("X", (Axis.of(C), Axis.of(H)))
    k = Leaf("K", (Axis.of("o"), Axis.of(C), Axis.of(R)))
    latex = latex_of_tensor(replace(correlate(x, k, spatial=1), name="F", call=None))
    assert r"\sum_{k=0}^{c-1}" in latex
    assert "K_{o, k, u}" in latex


def test_text_for_terminals() -> None:
    w = Leaf("w", (Axis.of(R),))
    x = Leaf("x", (Axis.of(H),))
    value = Sum((Range.upto("u", R),), w["u"] * x[Poly.of("i") + "u"])
    assert text_of_value(value) == "sum_{u=0}^{r-1} w[u] x[i+u]"
    assert text_of_value(-2 * value + 1) == "-2 sum_{u=0}^{r-1} w[u] x[i+u] + 1"
    assert text_of_value(Derivative(x["i"], w["j"])) == "d(x[i])/d(w[j])"


def test_a_definition_over_a_clash_is_still_the_same_tensor() -> None:
    body = Sum((Range("X", Poly.of(0), H - 1),), X["X", "i"])
    clash = Defined("Y", ("i",), (Axis.of(W),), body)
    assert latex_of_tensor(clash) == r"Y_{i} = \sum_{k=0}^{H-1} X_{k, i}"
