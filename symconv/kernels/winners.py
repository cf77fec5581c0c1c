"""The place of a maximum as a one-hot array: f[argmax] = sum over the window of f[tap] * winner[tap]."""

from __future__ import annotations

from dataclasses import dataclass

from symconv.calculus.form import Guard
from symconv.errors import ExportError
from symconv.term.polynomial import Atom, Poly
from symconv.term.substitution import substitute
from symconv.term.value import Argmax, Value


@dataclass(frozen=True, slots=True)
class Winner:
    """1 where the maximum over the window at these arguments is attained (at the first such tap), else 0.

    arguments: which window; taps: the place in it, one for each range of the function.
    """

    function: Argmax
    arguments: tuple[Poly, ...]
    taps: tuple[Poly, ...]

    @property
    def candidate(self) -> Value:
        """The value that takes part in the maximum at these arguments and taps."""
        ranges = (r.name for r in self.function.ranges)
        images = dict(zip(self.function.parameters, self.arguments, strict=True))
        return substitute(self.function.body, images | dict(zip(ranges, self.taps, strict=True)))

    @property
    def ends(self) -> list[tuple[Poly, Poly]]:
        """The least and the greatest value of each tap."""
        inside: dict[Atom, Poly] = dict(zip(self.function.parameters, self.arguments, strict=True))
        found = []
        for r, tap in zip(self.function.ranges, self.taps, strict=True):
            if r.low is None or r.high is None:
                raise ExportError("maximum", f"{r.name} without ends", "a bounded window", "give the index a range")
            found.append((r.low.substitute(inside), r.high.substitute(inside)))
            inside[r.name] = tap
        return found

    def guards(self) -> list[Guard]:
        """The taps lie in their window."""
        pairs = zip(self.taps, self.ends, strict=True)
        return [guard for tap, (low, high) in pairs for guard in (Guard(tap - low), Guard(high - tap))]


__all__ = ["Winner"]
