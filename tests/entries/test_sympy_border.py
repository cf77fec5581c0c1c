"""Values to SymPy for all sizes and back, judged by plain loops and by the evaluator."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
import sympy

from symconv.entries.bridge import index_symbol, size_symbols
from symconv.entries.inward import from_sympy
from symconv.entries.outward import Iverson, indices_of, to_sympy
from symconv.errors import BridgeError, NameClash, ShapeError
from symconv.ops.correlate import correlate
from symconv.ops.layer import apply
from symconv.ops.pool import pool_max
from symconv.proof.evaluate import World
from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined, Leaf, Tensor, define, ranges_of
from symconv.term.value import Entry, Range, Sum, at_least, bracket, total
from tests.entries.operations import FORWARD, GRADIENTS, PIECEWISE, H, both, exact, leaf, numbers, r, size, w, x

BORDER = {
    **{n: case for n, case in FORWARD.items() if n not in ("toeplitz",)},
    **{n: case for n, case in GRADIENTS.items() if not n.startswith(("toeplitz", "general"))},
    **{n: PIECEWISE[n] for n in ("relu by w", "max")},
    "relu": (apply("relu", correlate(x, w)), {"H": 7, "r": 3}),
}


def brute(expr: Any, at: dict[str, int], arrays: dict[str, Any]) -> Any:
    """The value of a SymPy expression by plain loops; a sum over an empty range is what SymPy says it is."""
    if isinstance(expr, sympy.Sum):
        return _summed(expr.function, list(expr.limits), at, arrays)
    if isinstance(expr, sympy.Piecewise):
        return next(brute(e, at, arrays) for e, c in expr.args if brute(c, at, arrays))
    if isinstance(expr, Iverson):
        return int(brute(expr.args[0], at, arrays))
    if isinstance(expr, sympy.Indexed):
        place = tuple(int(brute(k, at, arrays)) for k in expr.indices)
        array = arrays[str(expr.base.label)]
        assert all(0 <= k < n for k, n in zip(place, array.shape, strict=True)) or array is None, (expr, place)
        return int(array[place])
    if isinstance(expr, sympy.Symbol):
        return at[expr.name] if expr.name in at else int(arrays[expr.name][()])
    if isinstance(expr, sympy.Mul):
        result: Any = 1
        for a in sorted(expr.args, key=lambda a: not isinstance(a, Iverson)):
            if not result:
                return 0
            result = result * brute(a, at, arrays)
        return result
    if expr.args and not isinstance(expr, sympy.Rational):
        return expr.func(*(sympy.sympify(brute(a, at, arrays)) for a in expr.args))
    return expr


def _summed(body: Any, limits: list[Any], at: dict[str, int], arrays: dict[str, Any]) -> Any:
    """Karr's convention, which is SymPy's: over an empty range the sum runs backwards with the sign changed."""
    if not limits:
        return brute(body, at, arrays)
    symbol, low, high = limits[-1]
    first, last = int(brute(low, at, arrays)), int(brute(high, at, arrays))
    places, sign = (range(first, last + 1), 1) if last >= first else (range(last + 1, first), -1)
    return sign * sum(_summed(body, limits[:-1], {**at, symbol.name: k}, arrays) for k in places)


def entries_of(expr: Any, tensor: Tensor, sizes: dict[str, int], arrays: dict[str, Any]) -> Iterator[Any]:
    names = [symbol.name for symbol in indices_of(tensor)]
    for place in product(*World(sizes).axes(tensor)):
        yield brute(expr, {**sizes, **dict(zip(names, place, strict=True))}, arrays)


@pytest.mark.parametrize("name", BORDER)
def test_the_expression_is_what_the_definition_says(name: str) -> None:
    tensor, sizes = BORDER[name]
    arrays = numbers(tensor, sizes)
    found = entries_of(to_sympy(tensor), tensor, sizes, arrays)
    assert [sympy.sympify(f) for f in found] == [sympy.Rational(str(e)) for e in exact(tensor, sizes, arrays)]


@pytest.mark.parametrize("name", BORDER)
def test_there_and_back(name: str) -> None:
    tensor, sizes = BORDER[name]
    leaves = _leaves(tensor)
    names = tuple(symbol.name for symbol in indices_of(tensor))
    read = Defined("back", names, tensor.axes, from_sympy(to_sympy(tensor), leaves, names))
    arrays = numbers(tensor, sizes)
    assert exact(read, sizes, arrays) == exact(tensor, sizes, arrays)


def _leaves(tensor: Tensor) -> dict[str, Leaf]:
    from symconv.term.tensor import tensors_in

    return {t.name: t for t in tensors_in(Entry(tensor, ())) if isinstance(t, Leaf)}


@pytest.mark.parametrize(
    ("tensor", "text"),
    [
        (correlate(x, w), "Sum(w[u]*x[i + u], (u, 0, r - 1))"),
        (
            both(correlate(x, w), x),
            "Sum(Piecewise((G[a - u]*w[u], (a >= u) & (H + u >= a + r)), (0, True)), (u, 0, r - 1))",
        ),
        (
            both(correlate(x, w), w),
            "Piecewise((Sum(G[i]*x[a + i], (i, 0, H - r)), r <= H + 1), (0, True))",
        ),
        (apply("square", x), "x[i]**2"),
    ],
)
def test_expressions_are_natural(tensor: Tensor, text: str) -> None:
    assert str(to_sympy(tensor)) == text


def test_guards_under_a_function_are_brackets() -> None:
    tensor = both(apply("tanh", correlate(x, w, padding=1)), w)
    expr = to_sympy(tensor)
    assert expr.has(Iverson)
    assert sympy.latex(Iverson(index_symbol("i") >= 1)) == r"\left[i \geq 1\right]"
    assert Iverson(index_symbol("i") >= 1).rewrite(sympy.Piecewise).subs(index_symbol("i"), 0) == 0


def test_an_empty_range_depends_on_an_outer_index() -> None:
    low = Poly.of(3)
    value = Sum((Range.upto("i", H), Range("u", low, Poly.of("i"))), x["u"])
    expr = to_sympy(value)
    tensor = define("t", (), lambda: value)
    for n in (1, 2, 3, 5):
        arrays = numbers(tensor, {"H": n})
        assert brute(expr, {"H": n}, arrays) == exact(tensor, {"H": n}, arrays)[0]


def test_bound_names_are_kept_apart() -> None:
    value = total((Range.upto("u", r),), w["u"]) * total((Range.upto("u", r),), w["u"])
    assert str(to_sympy(value)) == "Sum(w[u1]*w[u], (u1, 0, r - 1), (u, 0, r - 1))"


def test_values_with_ranges_for_their_free_indices() -> None:
    assert str(to_sympy(x["i"], ranges_of(x, ("i",)))) == "x[i]"
    assert isinstance(to_sympy(x["i"]), sympy.Piecewise)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: to_sympy(both(pool_max(x, 3), x)), r"a maximum under it.*entries\("),
        (lambda: to_sympy(pool_max(x, size("k"))), "a maximum over u: a window whose size is not a number"),
        (lambda: to_sympy(Sum((Range("u", None, None),), x["u"])), "the index u: a range without an end"),
    ],
)
def test_what_sympy_has_no_expression_for_is_refused(make: Any, message: str) -> None:
    with pytest.raises(BridgeError, match=message):
        make()


# -- reading --------------------------------------------------------------------------

Hs, rs, ns = size_symbols("H r n")
i, j, k = map(index_symbol, "ijk")
xb, wb, yb = sympy.IndexedBase("x", shape=(Hs,)), sympy.IndexedBase("w", shape=(rs,)), sympy.IndexedBase("y")
z = sympy.Symbol("z")


def value_of(expr: Any, at: dict[str, int], **arrays: list[int]) -> Any:
    """The value that is read, at H=3, r=2."""
    tensors = {n: leaf(n, len(a)) for n, a in arrays.items()}
    given = {n: dict(enumerate(a)) for n, a in arrays.items()}
    world = World({"H": 3, "r": 2}, leaves={n: {(p,): e for p, e in g.items()} for n, g in given.items()})
    return world.value(from_sympy(expr, tensors, at), at)


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        (sympy.Sum(xb[i + k] * wb[k], (k, 0, 1)), 2 * 10 + 4 * 100),
        (sympy.Sum(xb[i], (i, 0, 2)) / 7, Fraction(1 + 2 + 4, 7)),
        (sympy.Sum(xb[i], (i, 0, -3)), 0),
        (sympy.Sum(xb[j] * sympy.KroneckerDelta(j, i), (j, 0, 2)), 2),
        (xb[i] ** 3 - 2 * xb[i], 4),
        (1 / xb[2], Fraction(1, 4)),
        (xb[sympy.floor((i + 3) / 2)], 4),
        (xb[sympy.Mod(i + 3, 2)], 1),
        (Hs * rs + i, 7),
        (sympy.Piecewise((xb[0], i >= 2), (xb[2], (i >= 0) & (i <= 1)), (0, True)), 4),
        (sympy.Piecewise((xb[0], (i < 1) | (i > 1)), (5, True)), 5),
        (sympy.Piecewise((1, sympy.Ne(i, 1)), (xb[1], True)), 2),
        (sympy.Piecewise((xb[0], xb[0] > xb[1]), (xb[1], True)), 2),
        (sympy.Piecewise((xb[0], xb[0] <= xb[1]), (xb[1], True)), 1),
        (sympy.Max(0, xb[1] - 5), 0),
        (sympy.Max(xb[0], xb[2], xb[1], -3), 4),
        (Iverson(i >= 1) * xb[1], 2),
        (xb[i - 5], 0),
        (sympy.exp(xb[0] - xb[0]) + sympy.log(1), 1),
        (sympy.Rational(3, 4), Fraction(3, 4)),
    ],
)
def test_expressions_are_read(expr: Any, expected: Any) -> None:
    assert value_of(expr, {"i": 1}, x=[1, 2, 4], w=[10, 100]) == expected


def test_matrices_functions_and_scalars_are_read() -> None:
    M = sympy.MatrixSymbol("M", Hs, rs)
    assert from_sympy(M[i, j]).tensor.shape == (H, r)  # type: ignore[attr-defined]
    f = sympy.Function("f")
    assert str(from_sympy(f(xb[i])).function) == "Function(name='f', order=0)"  # type: ignore[attr-defined]
    assert from_sympy(f(xb[i]).diff(xb[i])).function.order == 1  # type: ignore[attr-defined]
    scalar = leaf("z")
    assert from_sympy(z, {"z": scalar}) == scalar[()]
    assert from_sympy(scalar[()]) == scalar[()]


def test_a_bound_name_hides_a_size() -> None:
    expr = sympy.Sum(xb[Hs], (Hs, 0, 2))
    assert value_of(expr, {}, x=[1, 2, 4]) == 7


@pytest.mark.parametrize(
    ("expr", "error", "message"),
    [
        (z, BridgeError, r'symbol z: a symbol that need not be an integer, without a tensor.*Leaf\("z", \(\)\)'),
        (yb[i], BridgeError, r'entry y\[i\]: no shape for y.*IndexedBase\("y", shape=\(\.\.\)\)'),
        (sympy.sin(xb[i]), BridgeError, r"expression sin\(x\[i\]\): a sin"),
        (sympy.cbrt(xb[i]), BridgeError, "a Pow"),
        (1.5, BridgeError, "a float"),
        ("x[i]", BridgeError, "a str"),
        (sympy.Float(0.5), BridgeError, "a Float"),
        (sympy.Piecewise((xb[0], i > 0)), BridgeError, "no value where no condition holds.*add"),
        (sympy.Piecewise((0, sympy.Eq(xb[0], xb[1])), (1, True)), BridgeError, "an equality between entries"),
        (sympy.Sum(xb[i + k], (sympy.Symbol("k"), 0, 1)), NameClash, "index k: two SymPy symbols of this name"),
        (sympy.IndexedBase("x")[i, j], ShapeError, r"entry x\[i, j\]: 2 indices; expected 1"),
        (xb[z], BridgeError, "index expression z: a symbol that need not be an integer"),
    ],
)
def test_what_is_not_understood_is_refused(expr: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        from_sympy(expr, {"x": x})


def test_a_condition_that_fails_hides_a_read() -> None:
    strict = Leaf("x", x.axes, outside="error")
    value = bracket(at_least(H - 1, "i")) * strict["i"]
    assert World({"H": 2}).value(value, {"i": 5}) == 0
