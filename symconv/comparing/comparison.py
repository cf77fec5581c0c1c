"""What was found of a function, and how it is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from html import escape
from typing import cast

from symconv.proof.evaluation.intervals import Interval
from symconv.proof.verdict import Counterexample, Status


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was found of a function: REFUTED with the smallest case, or CHECKED up to a total of the sizes.

    It is true only where the function was called and never wrong.  `counterexample` names sizes and
    entry; it is None where the shape is wrong or the function raises, which
    `message` tells and `sizes` locates.
    """

    status: Status
    function: str
    tensor: str
    scope: str = ""
    message: str = ""
    sizes: dict[str, int] | None = None
    counterexample: Counterexample | None = None
    arguments: tuple[str, ...] = ()
    tried: int = 0

    @property
    def at(self) -> dict[str, int] | None:
        """The entry, by the names of the indices."""
        return None if self.counterexample is None else self.counterexample.at

    def __bool__(self) -> bool:
        return self.status is Status.CHECKED

    def __str__(self) -> str:
        call = f"{self.function}({', '.join(self.arguments)})"
        text = f"{self.status.value}: {call}"
        if self.counterexample is not None:
            return f"{text} differs from {self.tensor} at {_case(self.counterexample)}"
        if self.message:
            return f"{text} {self.message}"
        return f"{text} agrees with {self.tensor} for {self.scope} ({self.tried} choices of sizes)"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"<p><b>{escape(self.status.value)}</b>{escape(str(self)[len(self.status.value) :])}</p>"


def _case(found: Counterexample) -> str:
    place = ", ".join(f"{k}={v}" for k, v in found.at.items())
    sizes = listed(found.sizes)
    gives, exact = (
        f"{text} = {shown(number)}" if text and text != shown(number) else shown(number)
        for text, number in ((found.claimed_sum, found.claimed), (found.exact_sum, found.exact))
    )
    where = f"{sizes}, entry {place}" if place else sizes
    return f"{where}: it gives {gives}, exact is {exact}"


def listed(sizes: Mapping[str, int]) -> str:
    """The sizes in words."""
    return ", ".join(f"{k}={v}" for k, v in sizes.items()) or "the only sizes"


def shown(number: object) -> str:
    """A number as short as it can be said."""
    if isinstance(number, Interval):
        number = as_float(number)
    if isinstance(number, float):
        return str(int(number)) if number.is_integer() and abs(number) < 2**53 else f"{number:.12g}"
    return str(number)


def as_float(number: object) -> float:
    """An exact number, or the middle of an interval."""
    if isinstance(number, Interval):
        return float((number.low + number.high) / 2)
    return float(cast(Fraction, number))
