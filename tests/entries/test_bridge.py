"""Sizes and index polynomials to SymPy and back."""

from __future__ import annotations

import pickle

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from symconv.entries.bridge import index_symbol, poly_from_sympy, size_of, size_symbols, sympy_from_poly
from symconv.errors import BridgeError, SizeError
from symconv.term.polynomial import Poly, Size

H, r, s = size_symbols("H r s")
(p,) = size_symbols("p", min=0)
i = index_symbol("i")
h, R, S, P = (Poly.of(size_of(x)) for x in (H, r, s, p))


@pytest.mark.parametrize("least", [0, 1, 2, 5])
def test_the_least_value_of_a_size_is_recovered(least: int) -> None:
    (symbol,) = size_symbols("n", min=least)
    assert size_of(symbol) is Size("n", least)
    assert symbol.is_integer
    assert symbol == size_symbols("n", min=least)[0]
    assert pickle.loads(pickle.dumps(symbol)) == symbol


def test_sizes_of_different_least_values_are_different_symbols() -> None:
    symbols = {size_symbols("n", min=least)[0] for least in range(4)}
    assert len(symbols) == 4
    two, three = (size_symbols("n", min=least)[0] for least in (2, 3))
    assert two - three != 0


def test_a_size_is_plain_sympy_where_its_assumptions_say_all() -> None:
    assert sympy.Symbol("H", integer=True, positive=True) == H
    assert sympy.Symbol("p", integer=True, nonnegative=True) == p


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        (7, Poly.of(7)),
        (sympy.Integer(-3), Poly.of(-3)),
        (H - r + 1, h - R + 1),
        ((H + 1) ** 2 - H**2, 2 * h + 1),
        (2 * (H - r) * s, 2 * (h - R) * S),
        (sympy.floor((H + 2 * p - r) / s) + 1, (h + 2 * P - R) // S + 1),
        ((H - r) // s, (h - R) // S),
        ((H - r) // 2, (h - R) // 2),
        (sympy.floor(H / 2 + p - r / 2), (h - R + 2 * P) // 2),
        (sympy.floor((r - H) / -2), (h - R) // 2),
        (sympy.ceiling(H / s), -((-h) // S)),
        (sympy.Mod(i + 1, s), (Poly.of("i") + 1) % S),
        (sympy.Mod(i, 3), Poly.of("i") % 3),
        (sympy.Idx("i") + 1, Poly.of("i") + 1),
        (h + 1, h + 1),
        (Size("H"), h),
    ],
)
def test_expressions_are_read(expr: object, expected: Poly) -> None:
    assert poly_from_sympy(expr) == expected


def test_a_bound_name_is_an_index_whatever_its_assumptions() -> None:
    assert poly_from_sympy(H + sympy.Symbol("a"), indices={"H", "a"}) == Poly.of("H") + Poly.of("a")


@pytest.mark.parametrize(
    ("expr", "message"),
    [
        (sympy.Symbol("a"), r'index expression a: a symbol that need not be an integer.*make it with sizes\("a"\)'),
        (sympy.Symbol("a", real=True) * H, "need not be an integer"),
        (H / 2, "a division by 2 that need not be exact.*floor"),
        (H / s, "a division by s"),
        (2**H, "the exponent H, which is not a natural number"),
        (sympy.sqrt(H), "the exponent 1/2"),
        (sympy.sin(H), "sin has no counterpart"),
        (sympy.Rational(1, 2), "Half has no counterpart"),
        (sympy.Mod(i, -3, evaluate=False), "the divisor -3, which is not positive"),
        ("H - 1", "a str.*text is never parsed"),
        (1.5, "a float"),
        (True, "a bool"),
    ],
)
def test_what_is_no_index_polynomial_is_refused(expr: object, message: str) -> None:
    with pytest.raises(BridgeError, match=message):
        poly_from_sympy(expr)


@pytest.mark.parametrize(
    ("names", "least", "error", "message"),
    [
        ("", 1, BridgeError, "at least one name"),
        ("H-1", 1, BridgeError, "the name 'H-1'"),
        ("H", -1, SizeError, "a least value of -1"),
        ("H", True, SizeError, "a least value of True"),
    ],
)
def test_names_and_least_values_are_checked(names: str, least: int, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        size_symbols(names, min=least)


def test_only_a_size_is_a_size() -> None:
    with pytest.raises(BridgeError, match=r'not known to be an integer >= 0.*sizes\("i"\)'):
        size_of(i)


polynomials = st.recursive(
    st.one_of(st.integers(-3, 3).map(Poly.of), st.sampled_from([h, R, S, P, Poly.of("i"), Poly.of("j")])),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda t: t[0] + t[1]),
        st.tuples(inner, inner).map(lambda t: t[0] * t[1]),
        st.tuples(inner, st.sampled_from([Poly.of(2), Poly.of(3), S, R + 1])).map(lambda t: t[0] // t[1]),
        st.tuples(inner, st.sampled_from([Poly.of(2), Poly.of(3), S, R + 1])).map(lambda t: t[0] % t[1]),
    ),
    max_leaves=6,
)
NUMBERS = {"H": 7, "r": 3, "s": 2, "p": 0, "i": -5, "j": 11}


def value(poly: Poly) -> int:
    atoms = {a: Poly.of(NUMBERS[getattr(a, "name", a)]) for a in poly.all_atoms() if not hasattr(a, "parts")}
    number = poly.substitute(atoms).as_int
    assert number is not None
    return number


@given(polynomials)
def test_there_and_back_is_the_identity(poly: Poly) -> None:
    expr = sympy_from_poly(poly)
    assert poly_from_sympy(expr) == poly
    numbers = {symbol: NUMBERS[symbol.name] for symbol in expr.free_symbols}
    assert expr.subs(numbers).doit() == value(poly)
