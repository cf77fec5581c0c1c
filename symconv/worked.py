"""The data of a worked derivation: its lines with their verdicts, its closed form, and an instance at small sizes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from symconv.calculus import derivation as log
from symconv.proof.verdict import Verdict
from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined, Tensor
from symconv.term.value import Entry
from symconv.write.latex import latex_of_value


@dataclass(frozen=True, slots=True)
class Line:
    """A step with the verdict that its value is the gradient, for all sizes.

    inner: the smaller steps between the line before and this one, judged in the same way.
    """

    step: log.Step
    verdict: Verdict
    inner: tuple[Line, ...] = ()

    @property
    def proved(self) -> bool:
        return bool(self.verdict) and all(line.proved for line in self.inner)


@dataclass(frozen=True, slots=True)
class Check:
    """A derivative by what it means: how far the loss goes when one entry goes from below its number to above.

    numbers: displays of the data.  entry: the one that moves.  ends: its value and that of the loss, before and after.
    derivative: of the loss by the entry, by the last line; it is the difference.
    """

    numbers: tuple[str, ...]
    entry: str
    ends: tuple[tuple[Fraction, Fraction], tuple[Fraction, Fraction]]
    derivative: tuple[str, Fraction]


@dataclass(frozen=True, slots=True)
class Instance:
    """Small sizes, and displays of all entries there; numbers where entries alone say too little; or why not."""

    sizes: str
    displays: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    refusal: str = ""
    at: tuple[tuple[str, int], ...] = ()  # the sizes
    check: Check | None = None


@dataclass(frozen=True, slots=True)
class Derivation:
    """The gradient by one tensor: its lines, its closed form, and a small instance."""

    tensor: Tensor
    gradient: Defined
    lines: tuple[Line, ...]
    form: Defined | None
    named: tuple[Defined, ...]
    instance: Instance

    @property
    def proved(self) -> bool:
        return all(line.proved for line in self.lines)


def gradient_entry(derivation: Derivation) -> str:
    """The gradient at its indices, by its name or as a fraction."""
    gradient = replace(derivation.gradient, call=None)
    return latex_of_value(Entry(gradient, tuple(map(Poly.of, gradient.parameters))))


__all__ = ["Check", "Derivation", "Instance", "Line", "gradient_entry"]
