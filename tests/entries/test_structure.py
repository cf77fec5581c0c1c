"""Proof at fixed sizes: every tier, refutations with their evidence, arrays of the user's, independence."""

from __future__ import annotations

import subprocess
import sys

import pytest
import sympy

from symconv.calculus.gradient import gradient, upstream
from symconv.entries.coordinates import Enumeration, NotPolynomial
from symconv.entries.structure import EntryStatus, Tier, prove_at, prove_entries
from symconv.entries.unfold import entries
from symconv.errors import BridgeError, NameClash, ShapeError, SizeError
from symconv.ops.correlate import correlate
from symconv.ops.layer import apply, cross_entropy, dense, elementwise, softmax
from symconv.ops.pool import argmax, pool_max
from symconv.ops.window import flip, pad, rot180
from symconv.term.polynomial import Poly
from symconv.term.tensor import define
from symconv.term.value import Apply, Function, Range, Reciprocal, at_least, bracket, equal, multiply, total
from tests.entries.operations import (
    MAX_GRADIENT,
    PIECEWISE,
    POLYNOMIAL,
    SMOOTH,
    TWO,
    H,
    K,
    X,
    both,
    c,
    leaf,
    r,
    v,
    w,
    x,
)
from tests.theorems.statements import STATEMENTS

F = correlate(X, K)
G = upstream(F)
dX, dK = gradient(F, X, G), gradient(F, K, G)
full = correlate(pad(G, (r - 1, c - 1)), rot180(K))
a, b = sympy.symbols("a b")


@pytest.mark.parametrize("name", POLYNOMIAL)
def test_the_list_of_all_terms_is_the_graph(name: str) -> None:
    """Two enumerations that share no code but the positions: arrays of terms, and the graph with reverse mode."""
    tensor, sizes = POLYNOMIAL[name]
    enumeration = Enumeration(sizes)
    written = [sympy.Integer(0)] * len(sympy.flatten(entries(tensor, sizes)) if tensor.rank else [0])
    for block in enumeration.terms(tensor):
        for row, coefficient, factors in zip(block.row, block.coefficient, block.factors, strict=True):
            entry = [enumeration.variables.entry(int(f)) for f in factors]
            parts = [sympy.IndexedBase(n)[i] if i else sympy.Symbol(n) for n, i in entry]
            written[row] += sympy.Mul(sympy.Rational(str(coefficient)), *parts)
    assert prove_entries(sympy.Array(written), sympy.Array(sympy.flatten(entries(tensor, sizes))))


def test_the_gradients_of_a_correlation() -> None:
    assert prove_at(dX, full, TWO).tiers == {Tier.COORDINATES: 30}
    assert prove_at(dK, correlate(X, G), TWO).tier is Tier.COORDINATES
    assert str(prove_at(dK, correlate(X, G), TWO)) == (
        "proved at H=5, W=6, r=2, c=3: 6 entries equal (6 by coordinates)"
    )


SIZES = {"H": 6, "W": 7, "D": 5, "r": 3, "c": 2, "q": 2, "e": 2}


OF_TENSORS = [n for n in STATEMENTS if n.startswith(("T1 ", "T2 ", "T3 ")) and hasattr(STATEMENTS[n]()[0], "axes")]


@pytest.mark.parametrize("name", OF_TENSORS)
def test_theorems_hold_at_fixed_sizes(name: str) -> None:
    left, right, *_ = STATEMENTS[name]()
    assert prove_at(left, right, {**SIZES, "s": 2, "t": 3, "d": 2, "P": 1, "Q": 1, "n": 4, "m": 3})


# -- refutations ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        correlate(pad(G, (r - 1, c - 1)), K),
        correlate(pad(G, (r - 1, c - 1)), flip(K, [0])),
        correlate(pad(flip(G, [1]), (r - 1, c - 1)), rot180(K)),
    ],
)
def test_a_wrong_form_is_refuted_with_an_entry(wrong: object) -> None:
    verdict = prove_at(dX, wrong, TWO)
    assert verdict.status is EntryStatus.REFUTED
    assert not verdict
    assert sympy.expand(verdict.left - verdict.right) != 0
    assert verdict.left == entries(dX, TWO)[verdict.entry]
    assert verdict.witness is not None
    assert verdict.witness.left != verdict.witness.right
    assert "refuted at H=5, W=6, r=2, c=3: entry" in str(verdict)
    assert "on the left" in str(verdict)


def test_a_smooth_claim_is_refuted_by_exact_numbers() -> None:
    y = apply("tanh", x)
    verdict = prove_at(both(y, x), upstream(y), {"H": 2})
    assert verdict.status is EntryStatus.REFUTED
    assert verdict.witness is not None
    assert set(verdict.witness.point) == {"G[0]", "x[0]"}


def test_a_claim_that_is_false_at_a_corner_only() -> None:
    n = x.shape[0]
    wrong = define("y", (n,), lambda i: x[i] * bracket(at_least(n - 2, i)))
    verdict = prove_at(x, wrong, {"H": 50})
    assert verdict.entry == (49,)
    assert verdict.right == 0


# -- the other tiers ----------------------------------------------------------------------


@pytest.mark.parametrize("name", SMOOTH)
def test_a_smooth_tensor_is_itself(name: str) -> None:
    tensor, sizes = SMOOTH[name]
    assert prove_at(tensor, tensor, sizes).tier is Tier.STRUCTURE


def test_smooth_gradients_in_normal_form() -> None:
    y = apply("tanh", x)
    g = upstream(y)
    claim = define("c", x.axes, lambda i: g[i] - multiply(g[i], y[i], y[i]))
    assert prove_at(both(y, x), claim, {"H": 3}).tier is Tier.NORMAL_FORM


def test_an_unknown_function_keeps_its_derivative() -> None:
    y = apply("f", correlate(x, w))
    g = upstream(y)
    slope = define("s", y.axes, lambda i: g[i] * Apply(Function("f", 1), correlate(x, w)[i]))
    assert prove_at(both(y, w), correlate(x, slope), {"H": 6, "r": 3})
    assert prove_at(both(y, w), correlate(x, g), {"H": 6, "r": 3}).status is EntryStatus.REFUTED


def test_softmax_with_cross_entropy_needs_the_ring() -> None:
    """sheet: the gradient is sum(y)*p - y."""
    y = leaf("y", H)
    p = softmax(x)
    loss = cross_entropy(p, y)
    whole = define("c", x.axes, lambda i: total((Range.upto("k", H),), y["k"]) * p[i] - y[i])
    verdict = prove_at(gradient(loss, x), whole, {"H": 3})
    assert verdict.tier in (Tier.NORMAL_FORM, Tier.RING)
    assert prove_at(gradient(loss, x), p, {"H": 3}).status is EntryStatus.REFUTED


def test_a_sum_of_fractions_needs_the_ring() -> None:
    left = define("l", (H,), lambda i: Reciprocal(x[i]) + Reciprocal(x[i] + 1))
    right = define("m", (H,), lambda i: multiply(x[i] + x[i] + 1, Reciprocal(multiply(x[i], x[i] + 1))))
    assert prove_at(left, right, {"H": 2}).tier is Tier.RING


def test_softmax_adds_up_to_one() -> None:
    one = define("one", (), lambda: total((Range.upto("k", H),), softmax(x)["k"]))
    assert prove_at(one, define("1", (), lambda: Poly.of(1)), {"H": 4}).tier is Tier.RING


def test_relu_is_its_step_times_itself() -> None:
    y = apply("relu", x)
    assert prove_at(y, elementwise(apply("step", x), x, "*"), {"H": 3}).tier is Tier.NORMAL_FORM
    assert prove_at(y, x, {"H": 3}).status is EntryStatus.REFUTED


def test_max_pooling_sends_the_gradient_to_the_winner() -> None:
    pooled = pool_max(x, 3, stride=2)
    g = upstream(pooled)
    (place,) = argmax(pooled, (Poly.of("i"),))
    routed = define(
        "routed",
        x.axes,
        lambda k: total((Range.upto("i", pooled.shape[0]),), g["i"] * bracket(equal(2 * Poly.of("i") + place, k))),
        indices=("k",),
    )
    verdict = prove_at(both(pooled, x), routed, {"H": 7})
    assert verdict
    winner = define("m", pooled.axes, lambda i: x[2 * i + place.substitute({"i": i})])
    assert prove_at(pooled, winner, {"H": 7})


def test_a_maximum_does_not_depend_on_the_order() -> None:
    assert prove_at(pool_max(flip(x, [0]), 3), flip(pool_max(x, 3), [0]), {"H": 6}).tier is Tier.NORMAL_FORM


@pytest.mark.parametrize("name", [*PIECEWISE, *MAX_GRADIENT])
def test_piecewise_tensors_are_themselves(name: str) -> None:
    tensor, sizes = {**PIECEWISE, **MAX_GRADIENT}[name]
    assert prove_at(tensor, tensor, sizes)


def test_what_no_tier_decides_is_undecided() -> None:
    log = Function("log")
    left = define("l", (H,), lambda i: Apply(log, multiply(x[i], x[i])))
    right = define("m", (H,), lambda i: 2 * Apply(log, x[i]))
    verdict = prove_at(left, right, {"H": 1})
    assert verdict.status is EntryStatus.UNDECIDED
    assert not verdict
    assert str(verdict).startswith("undecided at H=1: entry (0,) is log(x[0]**2)")


def test_what_grows_too_large_is_undecided() -> None:
    """The normal form has a limit; nothing is said beyond it."""
    whole = total((Range.upto("k", H),), x["k"])
    t = Apply(Function("tanh"), x[0])
    left = define("l", (), lambda: multiply(t, *[whole + 1] * 4))
    right = define("m", (), lambda: multiply(t, *[multiply(whole, whole) + 2 * whole + 1] * 2))
    assert prove_at(left, right, {"H": 4}).tier is Tier.NORMAL_FORM
    assert prove_at(left, right, {"H": 30}).status is EntryStatus.UNDECIDED


def test_a_division_by_what_is_always_zero_proves_nothing() -> None:
    nothing = define("l", (), lambda: Reciprocal(multiply(x[0], x[0] + 1) - multiply(x[0], x[0]) - x[0]))
    verdict = prove_at(nothing, define("m", (), lambda: 2 * nothing[()]), {"H": 1})
    assert verdict.status is EntryStatus.UNDECIDED


# -- arrays of the user's -------------------------------------------------------------------


def test_an_array_on_one_side() -> None:
    G_, K_ = sympy.IndexedBase("G"), sympy.IndexedBase("K")
    by_hand = sympy.Array([G_[0] * K_[0], G_[0] * K_[1] + G_[1] * K_[0], G_[1] * K_[1]])
    layer = correlate(x, leaf("K", r))
    assert prove_at(gradient(layer, x, upstream(layer)), by_hand, {"H": 3, "r": 2}).tier is Tier.STRUCTURE
    swapped = prove_at(by_hand, gradient(layer, x, upstream(layer)), {"H": 3, "r": 2})
    assert swapped
    wrong = by_hand.applyfunc(lambda e: e.subs(K_[0], K_[1]))
    verdict = prove_at(gradient(layer, x, upstream(layer)), wrong, {"H": 3, "r": 2})
    assert verdict.entry == (0,)
    assert (verdict.left, verdict.right) == (G_[0] * K_[0], G_[0] * K_[1])


def test_a_matrix_of_products() -> None:
    M = sympy.MatrixSymbol("A", 2, 2)
    vector = sympy.MatrixSymbol("x", 2, 1)
    product = sympy.Array([(M.as_explicit() * vector.as_explicit())[k] for k in range(2)])
    claim = dense(leaf("A", 2, 2), leaf("x", 2))
    written = entries(claim, {}, {"A": M.as_explicit(), "x": sympy.Array(list(vector.as_explicit()))})
    assert prove_entries(product, written).tier is Tier.STRUCTURE
    assert prove_entries(sympy.Matrix([[a, b]]), sympy.Array([[a, b]]))


def test_entries_are_equal_in_normal_form_and_ring() -> None:
    left = sympy.Array([(a + b) ** 3, 1 / (a * (a + b)) + sympy.exp(a + b), a])
    right = sympy.Array([sympy.expand((a + b) ** 3), (1 / a - 1 / (a + b)) / b + sympy.exp(a) * sympy.exp(b), a])
    assert prove_entries(left, right).tiers == {Tier.STRUCTURE: 1, Tier.NORMAL_FORM: 1, Tier.RING: 1}


def test_relu_by_piecewise_and_by_max() -> None:
    piecewise = sympy.Array([sympy.Piecewise((a, a > 0), (0, True))])
    assert prove_entries(piecewise, sympy.Array([sympy.Max(0, a)]))
    assert not prove_entries(piecewise, sympy.Array([a]))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: prove_at(x, w, {"H": 3, "r": 2}), ShapeError, r"shapes \(3,\) and \(2,\); expected one shape"),
        (lambda: prove_at(x, leaf("x", r), {"H": 3, "r": 3}), NameClash, "tensor x"),
        (lambda: prove_at(x, x, {}), SizeError, "size H: no value"),
        (lambda: prove_entries(sympy.Array([1]), sympy.Array([[1]])), ShapeError, "one shape"),
        (lambda: prove_at(x, [1], {"H": 1}), BridgeError, r"a list; expected a tensor, or a SymPy array"),
        (
            lambda: prove_at(x, sympy.Array([sympy.IndexedBase("x")[1]]), {"H": 1}),
            BridgeError,
            r"entry x\[1\]: an entry that is not there; expected an index within \(1,\); write 0",
        ),
        (lambda: prove_entries(sympy.Array([a]), sympy.Array([sympy.sin(a)])), BridgeError, r"entry sin\(a\): a sin"),
        (lambda: prove_entries(sympy.Array([a]), sympy.Array([sympy.sqrt(a)])), BridgeError, "integer powers"),
        (
            lambda: prove_entries(sympy.Array([a]), sympy.Array([sympy.IndexedBase("x")[sympy.Symbol("i")]])),
            BridgeError,
            "an index that is not a number",
        ),
        (
            lambda: prove_entries(sympy.Array([a]), sympy.Array([sympy.Piecewise((a, a > 0))])),
            BridgeError,
            "no value where no condition holds",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(call: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()  # type: ignore[operator]


def test_functions_have_no_list_of_terms() -> None:
    with pytest.raises(NotPolynomial, match="a Apply; expected a polynomial in the leaves"):
        Enumeration({"H": 3}).terms(apply("tanh", x))
    assert v.rank == 1


def test_the_engine_is_independent_of_the_other() -> None:
    """Nothing of the proof for all sizes is loaded."""
    code = """
import sys, symconv.entries.structure
engine = ["proof.prove", "proof.trace", "proof.normalise", "proof.implication", "proof.problem", "calculus.form"]
print([m for m in engine if "symconv." + m in sys.modules])
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
