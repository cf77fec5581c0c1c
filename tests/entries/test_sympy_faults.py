"""Five faults of SymPy on this very job, and that none of them is ours.

Each test computes what SymPy makes of the expression and notes it, so that a
report shows whether the fault is still there (as in 1.14); what is asserted is our
own result, against brute force.
"""

from __future__ import annotations

from itertools import product

import pytest
import sympy
from sympy import IndexedBase, Piecewise, Sum, symbols

from symconv.calculus.gradient import gradient, upstream
from symconv.entries.bridge import size_symbols
from symconv.entries.inward import from_sympy
from symconv.entries.outward import Iverson, to_sympy
from symconv.entries.structure import EntryStatus, prove_at
from symconv.entries.unfold import entries
from symconv.errors import BridgeError
from symconv.ops.correlate import correlate
from symconv.ops.pool import pool_max
from symconv.ops.window import pad, rot180
from symconv.proof.evaluate import World
from symconv.term.polynomial import Poly
from symconv.term.tensor import Leaf, define
from symconv.term.value import Derivative, Range, total
from symconv.term.value import Sum as Total
from tests.entries.operations import H, K, X, c, leaf, r, size, w


def note(what: str, value: object) -> None:
    """For the report: `pytest -rP tests/entries/test_sympy_faults.py` shows what SymPy gives today."""
    print(f"SymPy {sympy.__version__}, {what}: {value}")


G_, K_, X_ = IndexedBase("G"), IndexedBase("K"), IndexedBase("X")
i, j, a, b = symbols("i j a b", integer=True)
m, n, oh, ow = symbols("m n oh ow", integer=True, positive=True)


def _leaves(**extents: int) -> dict[str, Leaf]:
    return {name: leaf(name, n) for name, n in extents.items()}


def test_simplify_frees_bound_indices() -> None:
    """simplify moves a Piecewise out of the Sum that binds its index."""
    p, q = symbols("p q", integer=True)
    inner = Sum(X_[i + a, j + b] * K_[a, b], (a, 0, m - 1), (b, 0, n - 1))
    loss = Sum(G_[i, j] * inner, (i, 0, oh - 1), (j, 0, ow - 1))
    turned = G_[p - m + 1 + a, q - n + 1 + b] * K_[m - 1 - a, n - 1 - b]
    read_inside = (p - m + 1 + a >= 0) & (p - m + a < oh) & (q - n + 1 + b >= 0) & (q - n + b < ow)
    full = Sum(Piecewise((turned, read_inside), (0, True)), (a, 0, m - 1), (b, 0, n - 1))
    wrong = sympy.simplify(loss.diff(X_[p, q]).doit() - full)
    note("indices that simplify(dX - closed) frees", wrong.free_symbols & {i, j, a, b})

    layer = correlate(X, K)
    g = upstream(layer)
    Hs, Ws, rs, cs = size_symbols("H W r c")
    sized = loss.subs({m: rs, n: cs, oh: Hs - rs + 1, ow: Ws - cs + 1})
    read = from_sympy(sized, {"G": g, "X": X, "K": K})
    found = define("dX", X.axes, lambda p, q: Derivative(read, X[p, q]), indices=("p", "q"))
    around = (r - 1, c - 1)
    sizes = {"H": 5, "W": 6, "r": 2, "c": 3}
    assert prove_at(found, correlate(pad(g, around), rot180(K)), sizes)
    assert prove_at(found, correlate(pad(g, around), K), sizes).status is EntryStatus.REFUTED
    free = {s.name for s in to_sympy(gradient(layer, X, g)).free_symbols}
    assert free.isdisjoint({"i", "j", "u", "v"})


def test_nested_sums_keep_their_guards() -> None:
    """Building a Sum moves the guard of a Sum inside it out of that one; its index is then free."""
    o, h = symbols("o h", integer=True, positive=True)
    guarded = Piecewise((X_[i + a - 1], (i + a >= 1) & (i + a <= h)), (0, True))
    theirs = Sum(G_[i] * Sum(guarded * K_[a], (a, 0, m - 1)), (i, 0, o - 1))
    note("the padded loss", str(theirs.subs({m: 2, o: 1, h: 2}).doit()))

    with pytest.raises(BridgeError, match=r"the index a, which only a sum under the condition binds.*write one Sum"):
        from_sympy(sympy.Sum(theirs.function, *theirs.limits), {"G": leaf("G", 3), "X": leaf("X", 3), "K": w})
    bracketed = Iverson((i + a >= 1) & (i + a <= 2)) * X_[i + a - 1]
    ours = from_sympy(Sum(G_[i] * Sum(bracketed * K_[a], (a, 0, 1)), (i, 0, 0)), _leaves(G=1, X=2, K=2))
    assert entries(define("L", (), lambda: ours), {})[()] == G_[0] * K_[1] * X_[0]

    layer = correlate(leaf("X", H), leaf("K", r), padding=1)
    g = upstream(layer)
    loss = total((Range.upto("i", layer.shape[0]),), g["i"] * layer["i"])
    expr = to_sympy(loss)
    Hs, rs = size_symbols("H r")
    assert expr.subs({Hs: 2, rs: 4}).doit() == G_[0] * K_[1] * X_[0] + G_[0] * K_[2] * X_[1]
    for sizes in ({"H": 2, "r": 3}, {"H": 3, "r": 2}, {"H": 4, "r": 4}):
        unfolded = entries(define("L", (), lambda: loss), sizes)[()]
        assert sympy.expand(expr.subs({Hs: sizes["H"], rs: sizes["r"]}).doit() - unfolded) == 0


def test_divisibility_is_kept() -> None:
    """With stride 2 and dilation 3 the delta summation forgets that 5 - 2i must be divisible by 3."""
    o = symbols("o", integer=True, positive=True)
    place = symbols("r", integer=True)
    loss = Sum(G_[i] * Sum(X_[2 * i + 3 * a] * K_[a], (a, 0, m - 1)), (i, 0, o - 1))
    theirs = loss.diff(X_[place]).doit().subs({place: 5, m: 3, o: 4}).doit()
    note("dL/dX[5]", str(theirs))

    layer = correlate(leaf("X", H), leaf("K", r), stride=2, dilation=3)
    dX = gradient(layer, leaf("X", H), upstream(layer))
    sizes = {"H": 13, "r": 3}
    assert entries(dX, sizes)[5] == G_[1] * K_[1]
    Hs, rs, at = *size_symbols("H r"), sympy.Symbol("a", integer=True)
    expr = to_sympy(dX).subs({Hs: 13, rs: 3})
    assert [sympy.expand(expr.subs(at, k).doit()) for k in range(13)] == list(entries(dX, sizes))
    assert (
        World(sizes, leaves={"G": {(k,): 10**k for k in range(4)}, "K": {(k,): k + 2 for k in range(3)}}).entry(
            dX, (5,)
        )
        == 10 * 3
    )


def test_the_weights_of_a_tie_add_up_to_one() -> None:
    """diff(Max) gives every one of four equal entries the weight 1/2: 2 in all, no subgradient."""
    tied = sympy.symbols("t:4")
    slopes = [sympy.Max(*tied).diff(t).subs(dict.fromkeys(tied, 1)) for t in tied]
    note("the weights of a tie", str(slopes))

    pooled = pool_max(X, (2, 2))
    found = entries(gradient(pooled, X, upstream(pooled)), {"H": 2, "W": 2})
    for entry_values in product((1, 2), repeat=4):
        at = {X_[k // 2, k % 2]: e for k, e in enumerate(entry_values)}
        weights = [sympy.sympify(e.xreplace(at)).coeff(G_[0, 0]) for e in sympy.flatten(found)]
        assert sum(weights) == 1
        assert weights.index(1) == entry_values.index(max(entry_values))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 7])
def test_a_sum_over_an_empty_range_is_zero(count: int) -> None:
    """Sum(x, (x, 0, -3)) is 3 in SymPy."""
    note("the empty sum", str(Sum(i, (i, 0, -3)).doit()))
    least = size("k", 0)
    tensor = define("t", (), lambda: total((Range("u", Poly.of(0), least - 4),), Poly.of("u") + 1))
    (ks,) = size_symbols("k", min=0)
    wanted = sum(range(1, count - 2))
    expr = to_sympy(tensor)
    assert expr.subs({ks: count}).doit() == wanted
    assert World({"k": count}).entry(tensor, ()) == wanted
    assert entries(tensor, {"k": count})[()] == wanted
    read = from_sympy(Sum(i + 1, (i, 0, ks - 4)))
    assert isinstance(read, Total)
    assert World({"k": count}).value(read, {}) == wanted
