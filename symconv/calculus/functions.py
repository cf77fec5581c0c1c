"""Elementwise functions: the derivative of each, as a value in its argument.

An unknown function f has derivatives f', f'', ... of which nothing is assumed.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from symconv.term.value import Apply, Function, Number, Reciprocal, Value, add, as_value, multiply, negative

EXP, LOG, SIGMOID, TANH = Function("exp"), Function("log"), Function("sigmoid"), Function("tanh")
NORMAL_CDF, NORMAL_PDF = Function("normal_cdf"), Function("normal_pdf")  # of the standard normal law
WITHOUT_ZEROS = ("exp", "sigmoid", "softplus", "normal_cdf", "normal_pdf")


def _sigmoid_slope(x: Value) -> Value:
    s = Apply(SIGMOID, x)
    return multiply(s, add(1, negative(s)))


def _tanh_slope(x: Value) -> Value:
    t = Apply(TANH, x)
    return add(1, negative(multiply(t, t)))


def _normal_pdf_slope(x: Value) -> Value:
    return multiply(-1, x, Apply(NORMAL_PDF, x))


def _gelu_slope(x: Value) -> Value:
    return add(Apply(NORMAL_CDF, x), multiply(x, Apply(NORMAL_PDF, x)))


# name -> f'(x); relu' is the step function, 0 at 0 by convention
DERIVATIVES: dict[str, Callable[[Value], Value]] = {
    "exp": lambda x: Apply(EXP, x),
    "log": Reciprocal,
    "sigmoid": _sigmoid_slope,
    "tanh": _tanh_slope,
    "relu": lambda x: Apply(Function("step"), x),
    "step": lambda x: as_value(0),
    "square": lambda x: multiply(2, x),
    "identity": lambda x: as_value(1),
    "softplus": lambda x: Apply(SIGMOID, x),
    "sqrt": lambda x: multiply(Fraction(1, 2), Reciprocal(Apply(Function("sqrt"), x))),
    "gelu": _gelu_slope,
    "normal_cdf": lambda x: Apply(NORMAL_PDF, x),
    "normal_pdf": _normal_pdf_slope,
}


def slope(function: Function, argument: Value) -> Value:
    """f'(argument).  The formulas are those of the functions themselves, not of their derivatives (exp is its own)."""
    known = DERIVATIVES.get(function.name)
    if known is None or (function.order and function.name != "exp"):
        return Apply(Function(function.name, function.order + 1), argument)
    return known(argument)


def has_zeros(function: Function) -> bool:
    """The function is known to be 0 somewhere, so that h * 1/h is not 1 everywhere."""
    if function.name in WITHOUT_ZEROS:
        return function.order > 0
    return function.name in DERIVATIVES


def positive(value: Value) -> bool:
    """Certainly greater than zero, read off its form: made of exp by +, *, sums and 1/.

    That the sums are not empty and the entries in range is settled where a claim is judged.
    """
    from symconv.term.tensor import Defined
    from symconv.term.value import Entry, Plus, Sum, Times

    match value:
        case Number(q):
            return q > 0
        case Apply(Function("exp"), _):
            return True
        case Reciprocal(inner) | Sum(_, inner):
            return positive(inner)
        case Plus(parts) | Times(parts):
            return all(map(positive, parts))
        case Entry(Defined() as tensor, _):
            return positive(tensor.body)
    return False


__all__ = ["DERIVATIVES", "has_zeros", "positive", "slope"]
