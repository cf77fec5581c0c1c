"""An index under a quotient is split: p + rest = n*q + t with 0 <= t < n.

Then (p + rest) // n is q and (p + rest) % n is t, and the guards that bound p bound q.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from symconv.calculus.form import Guard
from symconv.kernels.bounds import ONE, ZERO, coefficients
from symconv.kernels.guards import Ends
from symconv.term.polynomial import Atom, Poly, Quotient, Remainder


@dataclass(frozen=True, slots=True)
class Split:
    """The index p, its numerator p + rest, and n."""

    index: str
    rest: Poly
    numerator: Poly
    divisor: Poly

    def values(self, q: Poly, t: Poly) -> dict[Atom, Poly]:
        """What stands for the quotient, the remainder and the index."""
        return {
            Quotient(self.numerator, self.divisor): q,
            Remainder(self.numerator, self.divisor): t,
            self.index: self.divisor * q + t - self.rest,
        }

    def guards(self, q: Poly, t: Poly, ends: Ends) -> tuple[list[Guard], set[Guard]]:
        """The guards of q and t, and those of p that follow from them: of an end at which a block of n begins or ends.

        Any other end of p is still to be asked for; it bounds q all the same.
        """
        (lows, highs), p = ends, Poly.of(self.index)
        found, met = [Guard(t), Guard(self.divisor - 1 - t)], set()
        for low in lows:
            first = low + self.rest
            found.append(Guard(q - (ZERO if first.is_zero else first // self.divisor)))
            if first.is_zero:
                met.add(Guard(p - low))
        for high in highs:
            blocks = (high + self.rest + 1).divided_by(self.divisor)
            if blocks is None:
                found.append(Guard((high + self.rest) // self.divisor - q))
            else:
                found.append(Guard(blocks - 1 - q))
                met.add(Guard(high - p))
        return found, met


def split_of(polys: Iterable[Poly]) -> Split | None:
    """The first quotient or remainder of a single index plus something, by what has no index."""
    for poly in polys:
        for atom in sorted(poly.all_atoms(), key=str):
            if isinstance(atom, Quotient) and not atom.denominator.names():
                form = coefficients(atom.numerator)
                if form is not None and list(form[0].values()) == [ONE]:
                    (index,) = form[0]
                    return Split(index, form[1], atom.numerator, atom.denominator)
    return None


__all__ = ["Split", "split_of"]
