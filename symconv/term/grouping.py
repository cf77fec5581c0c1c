"""Index polynomials as people write them: `d (r - 1)` for `d r - d`, what is positive first.

The one idea: a size that stands both alone and, with the other sign, in
products is put before a bracket.  Both printers, of LaTeX and of plain text,
lay out the parts that are found here.
"""

from __future__ import annotations

from typing import NamedTuple

from symconv.term.polynomial import Monomial, Poly, Size


class Part(NamedTuple):
    """coefficient * monomial, or coefficient * size * (inner)."""

    coefficient: int
    monomial: Monomial
    inner: Poly | None = None


def grouped(poly: Poly) -> list[Part]:
    """The parts of a polynomial in the order of printing; their sum is the polynomial.

    >>> H, p, d, r = (Poly.of(Size(n)) for n in "Hpdr")
    >>> [(part.coefficient, part.monomial, part.inner) for part in grouped(H + 2 * p - d * r + d - 1)]
    [(1, (H,), None), (2, (p,), None), (-1, (d,), r - 1), (-1, (), None)]
    """
    parts: list[Part] = []
    rest = poly
    for size in sorted({a for m, _ in poly if len(m) == 1 for a in m if isinstance(a, Size)}, key=str):
        inner = _before_a_bracket(size, rest)
        if inner is not None:
            sign, inside = inner
            parts.append(Part(sign, (size,), inside))
            rest = rest - Poly.atom(size) * inside * sign
    parts += [Part(c, monomial) for monomial, c in rest.sorted_terms()]
    parts.sort(key=lambda part: (part.coefficient < 0, not part.monomial, part.inner is None and not part.monomial))
    if len(parts) > 1 and parts[0].coefficient > 0 and not parts[0].monomial:
        parts = parts[1:] + parts[:1]
    return parts


def _before_a_bracket(size: Size, poly: Poly) -> tuple[int, Poly] | None:
    """(sign, q): sign * size * q are the terms with the size, which stands alone and, against that, in a product."""
    held = {m: c for m, c in poly if size in m and m.count(size) == 1}
    alone = held.get((size,), 0)
    against = [c for m, c in held.items() if len(m) == 2 and c * alone < 0]
    if not against:
        return None
    inside = Poly({_without(m, size): c for m, c in held.items() if len(m) <= 2})
    sign = -1 if alone > 0 else 1
    return sign, inside * sign


def _without(monomial: Monomial, size: Size) -> Monomial:
    at = monomial.index(size)
    return monomial[:at] + monomial[at + 1 :]
