"""What the evaluator calculates with: exact numbers, intervals, and duals over both.

A dual is a number with its derivatives: a value and a sparse gradient, one
component for each entry of the tensor by which one differentiates.  Its parts
may be duals again; the `level` tells them apart, so that second derivatives
need nothing further.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Union

from symconv.errors import SymconvError
from symconv.proof.evaluation.intervals import Interval, maximum

Number = Union[int, Fraction, Interval]
Key = tuple[int, ...]


class EvaluationError(SymconvError):
    """A value that has no number at these sizes."""


class DivisionByZero(EvaluationError, ZeroDivisionError):
    """The reciprocal, the quotient or the remainder by zero."""


class DomainError(EvaluationError):
    """A logarithm or a root of a number that has none."""


class Undecided(EvaluationError):
    """Two intervals meet where it matters which number is greater."""


def differ(a: Number, b: Number) -> bool:
    """Certainly different.

    >>> differ(Fraction(2), 2), differ(2, 3)
    (False, True)
    """
    if isinstance(a, Interval) or isinstance(b, Interval):
        return not Interval.of(a).meets(Interval.of(b))
    return a != b


# -- duals ----------------------------------------------------------------------


class Dual:
    """value + the sum of gradient[k] * e_k, where products of two e's are zero.

    `level` is 1 for the outermost derivative; a number of a lower level is a constant.
    """

    __slots__ = ("gradient", "level", "value")

    def __init__(self, level: int, value: Any, gradient: Mapping[Key, Any]) -> None:
        self.level = level
        self.value = value
        self.gradient = gradient

    def __add__(self, other: Any) -> Dual:
        if isinstance(other, Dual):
            if other.level > self.level:
                return Dual(other.level, other.value + self, other.gradient)
            if other.level == self.level:
                return Dual(self.level, self.value + other.value, _merged(self.gradient, other.gradient))
        return Dual(self.level, self.value + other, self.gradient)

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, Dual):
            if other.level > self.level:
                return other.scaled(self)
            if other.level == self.level:
                left = {k: g * other.value for k, g in self.gradient.items()}
                right = {k: g * self.value for k, g in other.gradient.items()}
                return Dual(self.level, self.value * other.value, _merged(left, right))
        return self.scaled(other)

    __radd__ = __add__
    __rmul__ = __mul__

    def scaled(self, constant: Any) -> Any:
        if is_zero(constant):
            return 0
        return Dual(self.level, self.value * constant, {k: g * constant for k, g in self.gradient.items()})

    def chain(self, value: Any, slope: Any) -> Any:
        """f(self) from f and f' at the value: the chain rule."""
        if is_zero(slope):
            return value
        return Dual(self.level, value, {k: g * slope for k, g in self.gradient.items()})


def is_zero(number: Any) -> bool:
    """Exactly zero, and nothing that depends on a variable."""
    return isinstance(number, (int, Fraction)) and number == 0


def _merged(left: Mapping[Key, Any], right: Mapping[Key, Any]) -> dict[Key, Any]:
    result = dict(left)
    for key, g in right.items():
        result[key] = result[key] + g if key in result else g
    return result


def total(terms: Sequence[Any]) -> Any:
    """The sum; the gradients are gathered in one dictionary instead of one for each step."""
    level = max((t.level for t in terms if isinstance(t, Dual)), default=0)
    if not level:
        return sum(terms)
    values: list[Any] = []
    gradient: dict[Key, Any] = {}
    for term in terms:
        if isinstance(term, Dual) and term.level == level:
            values.append(term.value)
            for key, g in term.gradient.items():
                gradient[key] = gradient[key] + g if key in gradient else g
        else:
            values.append(term)
    return Dual(level, total(values), gradient)


def plain(number: Any) -> Number:
    """The number itself, without derivatives."""
    while isinstance(number, Dual):
        number = number.value
    return number  # type: ignore[no-any-return]


def gradient_at(number: Any, level: int) -> Mapping[Key, Any]:
    """The gradient of this level; empty for a constant."""
    return number.gradient if isinstance(number, Dual) and number.level == level else {}


def derivative(function: Callable[[Any], Any], x: Any) -> Any:
    """function'(x), x a number of any kind."""
    level = x.level + 1 if isinstance(x, Dual) else 1
    return gradient_at(function(Dual(level, x, {(): 1})), level).get((), 0)


def reciprocal(x: Any) -> Any:
    """1/x."""
    if isinstance(x, Dual):
        inverse = reciprocal(x.value)
        return x.chain(inverse, inverse * inverse * -1)
    if isinstance(x, Interval):
        if x.has_zero():
            raise Undecided("a reciprocal", f"{x}", "a number that is certainly not zero", "take other numbers")
        return x.reciprocal()
    if x == 0:
        raise DivisionByZero("a reciprocal", "1/0", "a number that is not zero", "add the hypothesis that it is not")
    return Fraction(1) / x


# -- the greatest of several ----------------------------------------------------


def first_greatest(candidates: Iterable[Any]) -> int:
    """Which one is the greatest; of equal ones the first."""
    numbers = [plain(c) for c in candidates]
    best = 0
    for n in range(1, len(numbers)):
        if _greater(numbers[n], numbers[best]):
            best = n
    return best


def greatest(candidates: Sequence[Any]) -> Any:
    """The maximum, with the derivatives of the one that wins.

    Intervals that meet leave open who wins, but not how great the maximum is.
    """
    if any(isinstance(c, Interval) for c in candidates) and not any(isinstance(c, Dual) for c in candidates):
        return maximum(*map(Interval.of, candidates))
    return candidates[first_greatest(candidates)]


def _greater(a: Number, b: Number) -> bool:
    if not (isinstance(a, Interval) or isinstance(b, Interval)):
        return a > b
    left, right = Interval.of(a), Interval.of(b)
    exact = left.exactly()
    if left.meets(right) and (exact is None or exact != right.exactly()):
        raise Undecided("a maximum", f"{left} against {right}", "numbers that are told apart", "take other numbers")
    return right.below(left)


__all__ = [
    "DivisionByZero",
    "DomainError",
    "Dual",
    "EvaluationError",
    "Key",
    "Number",
    "Undecided",
    "derivative",
    "differ",
    "first_greatest",
    "gradient_at",
    "greatest",
    "is_zero",
    "plain",
    "reciprocal",
    "total",
]
