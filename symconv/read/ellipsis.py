r"""A sum written out with an ellipsis: refused, with the sum that fits its terms.

`w_0 x_i + w_1 x_{i+1} + \dots + w_{r-1} x_{i+r-1}`: the terms are laid side by side, and where they differ there
must stand indices that grow in equal steps.  The sum is proposed and never assumed: other sums begin like that too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from symconv.notation.latex_writer import write_latex
from symconv.notation.layout import Fence, Fraction, Letter, Node, Row, Script, Sign, Words, walk
from symconv.notation.source import LocatedError
from symconv.read.expression import NoPosition
from symconv.read.rows import split
from symconv.term.polynomial import Poly

ELLIPSIS = Sign(r"\dots")
LETTERS = "kmjltquv"
Position = Callable[[Row], Poly]


class _NoFit(Exception):
    """The terms are not of one form."""


@dataclass
class _Fit:
    """What the terms agree on: the name of the index, how it grows, and its last value."""

    position: Position
    name: str
    first: Poly | None = None  # the least value, where an index is the summed one itself
    last: Poly | None = None

    def row(self, rows: Sequence[Row]) -> Row:
        """An index that is the same in all terms, or grows from one to the next."""
        if all(r == rows[0] for r in rows):
            return rows[0]
        try:
            *begin, end = (self.position(r) for r in rows)
        except (LocatedError, NoPosition):
            return Row(tuple(self.nodes(*column) for column in _columns(rows)))
        step = begin[1] - begin[0]
        count = (end - begin[0]).divided_by(step) if step != 0 else None
        if count is None or any(b != begin[0] + step * n for n, b in enumerate(begin)):
            raise _NoFit
        if self.first is None:
            plain = step == 1 and begin[0].as_int is not None
            self.first = begin[0] if plain else Poly.of(0)
            self.last = self.first + count
        if self.last != self.first + count:
            raise _NoFit
        return Row((Words(_text(begin[0] + step * (Poly.of(self.name) - self.first))),))

    def nodes(self, *nodes: Node) -> Node:
        first = nodes[0]
        if all(n == first for n in nodes):
            return first
        if isinstance(first, Script) and all(isinstance(n, Script) and n.primes == first.primes for n in nodes):
            scripts = [n for n in nodes if isinstance(n, Script)]
            base = self.nodes(*(n.base for n in scripts))
            return Script(
                base, self.optional([n.sub for n in scripts]), self.optional([n.sup for n in scripts]), first.primes
            )
        if isinstance(first, Fence) and all(isinstance(n, Fence) and n.opener == first.opener for n in nodes):
            return Fence(first.opener, self.listed([n.body for n in nodes if isinstance(n, Fence)]))
        if isinstance(first, Fraction) and all(isinstance(n, Fraction) for n in nodes):
            fractions = [n for n in nodes if isinstance(n, Fraction)]
            top = Row(tuple(self.nodes(*c) for c in _columns([n.top for n in fractions])))
            return Fraction(top, Row(tuple(self.nodes(*c) for c in _columns([n.bottom for n in fractions]))))
        raise _NoFit

    def optional(self, rows: list[Row | None]) -> Row | None:
        found = [r for r in rows if r is not None]
        if found and len(found) < len(rows):
            raise _NoFit
        return self.listed(found) if found else None

    def listed(self, rows: list[Row]) -> Row:
        """Indices between commas."""
        lists = [split(r, ",") for r in rows]
        items: list[Node] = []
        for pieces in _columns([Row(tuple(pieces)) for pieces in lists]):
            items += [Sign(",")] if items else []
            items += self.row([p for p in pieces if isinstance(p, Row)]).items
        return Row(tuple(items))


def proposal(items: Sequence[Node], position: Position, taken: Iterable[str]) -> str | None:
    """The sum that a row with an ellipsis stands for, in LaTeX; None where no sum fits.

    position: an index as a polynomial, every name in it one number.
    """
    terms = split(Row(tuple(items)), "+")
    places = [n for n, term in enumerate(terms) if term.items == (ELLIPSIS,)]
    if len(places) != 1 or not 2 <= places[0] == len(terms) - 2:
        return None
    given = [*terms[: places[0]], terms[-1]]
    used = {n.name for term in given for n in _letters(term)} | set(taken)
    fit = _Fit(position, next(letter for letter in LETTERS if letter not in used))
    try:
        body = Row(tuple(fit.nodes(*column) for column in _columns(given)))
    except _NoFit:
        return None
    if fit.first is None or fit.last is None:
        return None
    return rf"\sum_{{{fit.name}={_text(fit.first)}}}^{{{_text(fit.last)}}} {_plain(write_latex(body))}"


def _columns(rows: Sequence[Row]) -> list[tuple[Node, ...]]:
    if len({len(r.items) for r in rows}) != 1:
        raise _NoFit
    return list(zip(*(r.items for r in rows), strict=True))


def _letters(row: Row) -> Iterable[Letter]:
    return (n for n in walk(row) if isinstance(n, Letter))


def _text(poly: Poly) -> str:
    return str(poly).replace("*", " ")


def _plain(latex: str) -> str:
    r"""An index is held as a word here, `\text{i + k}`; in the proposal it is mathematics."""
    return re.sub(r"\\text\{([^{}]*)\}", r"\1", latex)
