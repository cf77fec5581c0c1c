"""Rigorous intervals: where a number that has no exact form certainly lies.

exp of a rational is not rational, so the evaluator carries an enclosure of
it instead: two ends of 160 bits, rounded outward at every step.  Two numbers
are different for certain only if their intervals do not meet.  The rounding
is mpmath's, in a context of our own, so that its precision is nobody else's.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from mpmath.ctx_iv import MPIntervalContext

BITS = 160
_CONTEXT = MPIntervalContext()
_CONTEXT.prec = BITS
# mpmath rounds exp and log with guard bits, not with a proof; one part in 2**140 is far more than it can be off.
_SAFETY = _CONTEXT.mpf((1, 1)) + _CONTEXT.mpf((-1, 1)) / 2**140


class Interval:
    """All numbers from one end to the other.

    >>> third = Interval.of(Fraction(1, 3))
    >>> third.low < Fraction(1, 3) < third.high
    True
    >>> third.below(Interval.of(1)), third.below(third)
    (True, False)
    """

    __slots__ = ("box",)

    def __init__(self, box: Any) -> None:
        self.box = box

    @classmethod
    def of(cls, number: int | Fraction | Interval) -> Interval:
        if isinstance(number, Interval):
            return number
        return cls(_box(number))

    @property
    def low(self) -> Fraction:
        return _fraction(self.box._mpi_[0])

    @property
    def high(self) -> Fraction:
        return _fraction(self.box._mpi_[1])

    def below(self, other: Interval) -> bool:
        """Certainly less."""
        return (self.box < other.box) is True

    def meets(self, other: Interval) -> bool:
        return not (self.below(other) or other.below(self))

    def has_zero(self) -> bool:
        return not (self.box > 0) and not (self.box < 0)

    def exactly(self) -> Fraction | None:
        """The number, if the interval holds only one."""
        return self.low if self.box.a == self.box.b else None

    # -- arithmetic -------------------------------------------------------------

    def __add__(self, other: object) -> Interval:
        if isinstance(other, (int, Fraction, Interval)):
            return Interval(self.box + _box(other))
        return NotImplemented

    def __mul__(self, other: object) -> Interval:
        if isinstance(other, (int, Fraction, Interval)):
            return Interval(self.box * _box(other))
        return NotImplemented

    __radd__ = __add__
    __rmul__ = __mul__

    def reciprocal(self) -> Interval:
        """1/x; the interval must not hold zero."""
        return Interval(1 / self.box)

    def __repr__(self) -> str:
        return f"Interval({float(self.low)!r}, {float(self.high)!r})"

    def __str__(self) -> str:
        """The middle, to six digits."""
        return f"{float(self.low + self.high) / 2:.6g}"


def _box(number: int | Fraction | Interval) -> Any:
    if isinstance(number, Interval):
        return number.box
    if isinstance(number, Fraction):
        return _CONTEXT.mpf(number.numerator) / number.denominator
    return _CONTEXT.mpf(number)


def _fraction(end: tuple[int, int, int, int]) -> Fraction:
    sign, mantissa, exponent, _ = end
    return Fraction(-int(mantissa) if sign else int(mantissa)) * Fraction(2) ** int(exponent)


def hull(*intervals: Interval) -> Interval:
    """The smallest interval that holds them all."""
    return Interval(_CONTEXT.mpf((min(i.box.a for i in intervals), max(i.box.b for i in intervals))))


def maximum(*intervals: Interval) -> Interval:
    """Where the greatest of numbers in these intervals lies."""
    return Interval(_CONTEXT.mpf((max(i.box.a for i in intervals), max(i.box.b for i in intervals))))


# -- functions; all of them increase, so the ends go to the ends ----------------


def exp(x: Interval) -> Interval:
    return Interval(_CONTEXT.exp(x.box) * _SAFETY)


def log(x: Interval) -> Interval:
    """Needs x > 0."""
    return Interval(_CONTEXT.ln(x.box) * _SAFETY)


def sqrt(x: Interval) -> Interval:
    """Needs x >= 0."""
    return Interval(_CONTEXT.sqrt(x.box) * _SAFETY)


def pi() -> Interval:
    return Interval(+_CONTEXT.pi)


def erf(x: Interval) -> Interval:
    """2/sqrt(pi) times the integral of exp(-t^2) from 0 to x."""
    return hull(_erf_at(Interval(x.box.a)), _erf_at(Interval(x.box.b)))


FAR = 11  # erf(11) differs from 1 by less than exp(-121)


def _erf_at(x: Interval) -> Interval:
    """erf is odd; far out, 1 - exp(-x^2) <= erf(x) <= 1."""
    if x.box < 0:
        return _erf_at(x * -1) * -1
    if x.box > FAR:
        gap = exp(x * x * -1)
        return hull(gap * -1 + 1, Interval.of(1))
    return _erf_series(x)


def _erf_series(x: Interval) -> Interval:
    """2/sqrt(pi) exp(-x^2) times the sum of 2^n x^(2n+1) / (1*3*..*(2n+1)), all terms positive.

    Each term is 2x^2/(2n+3) times the one before; once that is below 1/2, the
    terms left out add up to less than the last one taken.
    """
    twice = x * x * 2
    term, total, n = x, x, 0
    tiny, half = Interval.of(Fraction(1, 2**BITS)), Interval.of(Fraction(1, 2))
    while not (term.below(tiny) and (twice * Fraction(1, 2 * n + 3)).below(half)):
        term = term * twice * Fraction(1, 2 * n + 3)
        total = total + term
        n += 1
    total = hull(total, total + term)
    return total * exp(x * x * -1) * sqrt(pi()).reciprocal() * 2


__all__ = ["BITS", "Interval", "erf", "exp", "hull", "log", "maximum", "pi", "sqrt"]
