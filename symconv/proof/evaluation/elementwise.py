"""Elementwise functions as the evaluator calculates them: a value and a slope for each.

The value is taken at a plain number: exact where it is rational, else in an
interval.  The slope is written with the functions of the same table, so that
it holds for duals too, and for derivatives of every order.  A function that is
not in the table is unknown; a polynomial stands for it.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from math import isqrt
from typing import Any

from symconv.proof.evaluation import intervals
from symconv.proof.evaluation.intervals import Interval
from symconv.proof.evaluation.numbers import DomainError, Dual, Number, derivative, is_zero, reciprocal

ZERO = Interval.of(0)
NORMAL, DENSITY = "normal_cdf", "normal_pdf"  # of the standard normal law: gelu is x times the first


def known(name: str, x: Any) -> Any:
    """A function of the table at a number of any kind."""
    if isinstance(x, Dual):
        return x.chain(known(name, x.value), SLOPES[name](x.value))
    return VALUES[name](x)


def elementwise(name: str, order: int) -> Callable[[Any], Any]:
    """The function of the table, or its derivative of this order."""
    if order == 0:
        return partial(known, name)
    result = SLOPES[name]
    for _ in range(order - 1):
        result = partial(derivative, result)
    return result


def polynomial(coefficients: tuple[int, ...], x: Any) -> Any:
    """coefficients[0] + coefficients[1]*x + ...; what stands for an unknown function."""
    if isinstance(x, Dual):
        return x.chain(polynomial(coefficients, x.value), polynomial(differentiated(coefficients), x.value))
    result: Any = 0
    for c in reversed(coefficients):
        result = result * x + c
    return result


def differentiated(coefficients: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(n * c for n, c in enumerate(coefficients))[1:]


def _relu(x: Number) -> Number:
    if not isinstance(x, Interval):
        return max(x, 0)
    return 0 if x.below(ZERO) else intervals.maximum(x, ZERO)


def _step(x: Number) -> Number:
    """1 for x > 0, else 0: the slope of relu, by convention 0 at 0."""
    if not isinstance(x, Interval):
        return int(x > 0)
    if x.has_zero():
        return intervals.hull(ZERO, Interval.of(1))
    return int(ZERO.below(x))


def _exp(x: Number) -> Number:
    return 1 if is_zero(x) else intervals.exp(Interval.of(x))


def _log(x: Number) -> Number:
    if not isinstance(x, Interval) and x == 1:
        return 0
    box = Interval.of(x)
    if not ZERO.below(box):
        raise DomainError("log", f"the argument {x!r}", "a positive number", "take the log of positive entries only")
    return intervals.log(box)


def _sqrt(x: Number) -> Number:
    box = Interval.of(x)
    if box.below(ZERO) or (isinstance(x, Interval) and box.has_zero()):
        raise DomainError("sqrt", f"the argument {x!r}", "a number of at least 0", "take roots of such entries only")
    if not isinstance(x, Interval):
        root = Fraction(isqrt(Fraction(x).numerator), isqrt(Fraction(x).denominator))
        if root * root == x:
            return root
    return intervals.sqrt(box)


def _sigmoid(x: Number) -> Number:
    return reciprocal(1 + _exp(x * -1))  # type: ignore[no-any-return]


def _tanh(x: Number) -> Number:
    return 1 + -2 * reciprocal(1 + _exp(x * 2))  # type: ignore[no-any-return]


def _softplus(x: Number) -> Number:
    return _log(1 + _exp(x))


def _normal(x: Number) -> Number:
    """The distribution function of the standard normal law."""
    if is_zero(x):
        return Fraction(1, 2)
    half = Fraction(1, 2)
    return half + half * intervals.erf(Interval.of(x) * intervals.sqrt(Interval.of(half)))


def _gelu(x: Number) -> Number:
    return x * _normal(x)


def _normal_density(x: Number) -> Number:
    return _exp(x * x * Fraction(-1, 2)) * intervals.sqrt(intervals.pi() * 2).reciprocal()


def _sigmoid_slope(x: Any) -> Any:
    s = known("sigmoid", x)
    return s * (1 + -1 * s)


def _tanh_slope(x: Any) -> Any:
    t = known("tanh", x)
    return 1 + -1 * (t * t)


VALUES: dict[str, Callable[[Number], Number]] = {
    "identity": lambda x: x,
    "square": lambda x: x * x,
    "relu": _relu,
    "step": _step,
    "exp": _exp,
    "log": _log,
    "sqrt": _sqrt,
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "softplus": _softplus,
    NORMAL: _normal,
    DENSITY: _normal_density,
    "gelu": _gelu,
}

SLOPES: dict[str, Callable[[Any], Any]] = {
    "identity": lambda x: 1,
    "square": lambda x: 2 * x,
    "relu": lambda x: known("step", x),
    "step": lambda x: 0,
    "exp": lambda x: known("exp", x),
    "log": reciprocal,
    "sqrt": lambda x: reciprocal(2 * known("sqrt", x)),
    "sigmoid": _sigmoid_slope,
    "tanh": _tanh_slope,
    "softplus": lambda x: known("sigmoid", x),
    NORMAL: lambda x: known(DENSITY, x),
    DENSITY: lambda x: -1 * (x * known(DENSITY, x)),
    "gelu": lambda x: known(NORMAL, x) + x * known(DENSITY, x),
}

POSITIVE = frozenset({"log", "sqrt"})
TRANSCENDENTAL = frozenset({"exp", "sigmoid", "tanh", "softplus", "gelu", NORMAL, DENSITY}) | POSITIVE

__all__ = ["POSITIVE", "TRANSCENDENTAL", "VALUES", "differentiated", "elementwise", "known", "polynomial"]
