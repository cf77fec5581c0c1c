"""Tensors at small sizes with every entry written out, in LaTeX: `F = [K_0 X_0 + K_1 X_1, ...]`.

The entries come from the graph of the definitions, where sums are unrolled and zeros are gone.  What a page has a name
for stays a name: behind a layer Z the entries speak of `Z_{0, 1}` and not of what Z is made of.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import cast

from symconv.entries.graph import Graph, Kind, Node, Variable, collector_paused
from symconv.entries.unfolding import Unfolding
from symconv.term.polynomial import Poly
from symconv.term.substitution import replace_tensors
from symconv.term.tensor import Axis, Defined, Leaf, Tensor
from symconv.term.value import Apply, Entry, Function
from symconv.write.latex import latex_of_value

Key = tuple[object, ...]
SUM, FACTOR, ALONE = 0, 1, 2  # how weakly a piece binds


class Unwritten(Exception):
    """A node that a page has no words for: which entry of a window is the greatest."""


@collector_paused()
def unrolled(
    tensor: Defined, sizes: Mapping[str, int], names: Mapping[str, str], known: Collection[Defined] = ()
) -> list[str] | None:
    """All entries of a tensor as LaTeX, the last axis running fastest; None where one cannot be written.

    names: other names for tensors.  known: tensors of which entries stay entries.

    >>> from symconv.term.tensor import define
    >>> x, n = Leaf("x", (Axis.of(3),)), Poly.of(2)
    >>> unrolled(define("y", (n,), lambda i: x[i + 1] + 2 * x[i]), {}, {})
    ['2 x_{0} + x_{1}', '2 x_{1} + x_{2}']
    """
    leaves: dict[Tensor, Tensor] = {t: Leaf(t.name, t.axes) for t in known}
    tensor = replace(tensor, body=replace_tensors(tensor.body, leaves), call=None)
    unfolding = Unfolding(Graph(), sizes, tensor)
    writer = _Writer(names)
    try:
        return [writer.written(unfolding.entry(tensor, index)) for index in unfolding.indices(tensor)]
    except Unwritten:
        return None


class _Writer:
    """Nodes as LaTeX; a node that occurs twice is written once."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names
        self.done: dict[Node, tuple[str, int]] = {}

    def written(self, node: Node, tight: int = SUM) -> str:
        """In parentheses, where it binds weaker than what it stands in."""
        if node not in self.done:
            self.done[node] = self._plain(node)
        text, binds = self.done[node]
        return text if binds >= tight else _fenced(text)

    def _plain(self, node: Node) -> tuple[str, int]:
        match node.kind:
            case Kind.NUMBER:
                number = Fraction(node.value or 0)
                return _ratio(number), SUM if number < 0 else ALONE
            case Kind.VARIABLE:
                return self._variable(node), ALONE
            case Kind.NAMED:
                return self.written(node.args[0]), SUM
            case Kind.SUM:
                return self._sum(node), SUM
            case Kind.PRODUCT | Kind.RECIPROCAL:
                number, factors = self._split(node)
                one_sum = len(factors) == 1 and factors[0].kind is Kind.SUM and abs(number) == 1
                return (self._sum(node), SUM) if one_sum else self._term(number, factors)
            case Kind.APPLY:
                return self._applied(node), ALONE
            case Kind.MAXIMUM:
                return rf"\max{_fenced(', '.join(map(self.written, node.args)))}", ALONE
        raise Unwritten

    def _variable(self, node: Node) -> str:
        name, index = _variable(node)
        leaf = Leaf(self.names.get(name, name), (Axis.of(0),) * len(index))
        return latex_of_value(Entry(leaf, tuple(map(Poly.of, index)))).replace(", ", ",")

    def _applied(self, node: Node) -> str:
        function = node.data
        assert isinstance(function, Function)
        head = latex_of_value(Apply(function, Entry(Leaf("x", ()), ()))).removesuffix("(x)")
        return f"{head}{_fenced(self.written(node.args[0]))}"

    def _sum(self, node: Node) -> str:
        """Equal summands added up, in the order of their factors; a negative one is not the first if another can be."""
        found: dict[tuple[Node, ...], Fraction] = {}
        for number, factors in self._summands(node, Fraction(1)):
            found[factors] = found.get(factors, Fraction(0)) + number
        kept = ((f, q) for f, q in found.items() if q)
        ordered = sorted(kept, key=lambda pair: [self._key(f) for f in pair[0]])
        first = next((pair for pair in ordered if pair[1] > 0), None)
        ordered.sort(key=lambda pair: pair is not first)
        made = ""
        for factors, number in ordered:
            sign = " - " if number < 0 else " + "
            made += (sign if made else sign.strip(" +")) + self._term(abs(number), factors)[0]
        return made or "0"

    def _summands(self, node: Node, times: Fraction) -> Iterator[tuple[Fraction, tuple[Node, ...]]]:
        """Those of sums inside too, as far as no more than a sign stands before them."""
        number, factors = self._split(node)
        number *= times
        if len(factors) == 1 and factors[0].kind is Kind.SUM and abs(number) == 1:
            for term in factors[0].args:
                yield from self._summands(term, number)
        else:
            yield number, factors

    def _term(self, number: Fraction, factors: tuple[Node, ...]) -> tuple[str, int]:
        """A product as one fraction: what is divided by stands below."""
        above = [f for f in factors if f.kind is not Kind.RECIPROCAL]
        below = [f.args[0] for f in factors if f.kind is Kind.RECIPROCAL]
        sign, number = ("-" if number < 0 else ""), abs(number)
        fraction = bool(below) or number.denominator != 1
        top = self._powers(above, alone=fraction and number.numerator == 1)
        if number.numerator != 1 or not top:
            top = f"{number.numerator} {top}".strip()
        bottom = self._powers(below, alone=number.denominator == 1)
        if number.denominator != 1:
            bottom = f"{number.denominator} {bottom}".strip()
        return sign + (rf"\frac{{{top}}}{{{bottom}}}" if fraction else top), SUM if sign else FACTOR

    def _powers(self, factors: list[Node], alone: bool) -> str:
        """The factors side by side, equal ones as a power; alone: a single sum needs no parentheses."""
        counted = {f: factors.count(f) for f in sorted(factors, key=self._key)}
        tight = SUM if alone and list(counted.values()) == [1] else FACTOR
        return " ".join(
            self.written(f, tight) if times == 1 else rf"{self.written(f, ALONE)}^{{{times}}}"
            for f, times in counted.items()
        )

    def _split(self, term: Node) -> tuple[Fraction, tuple[Node, ...]]:
        """The number in front, and the other factors in order."""
        factors = term.args if term.kind is Kind.PRODUCT else (term,)
        number = Fraction(1)
        for factor in factors:
            number *= 1 if factor.value is None else factor.value
        return number, tuple(sorted((f for f in factors if f.value is None), key=self._key))

    def _key(self, node: Node) -> Key:
        """Entries first, by name and index, those that have another name before; then the others as they were made."""
        if node.kind is Kind.VARIABLE:
            name, index = _variable(node)
            return (name not in self.names, name, index)
        return (True, "~", (node.number,))


def _variable(node: Node) -> Variable:
    return cast(Variable, node.data)


def _fenced(text: str) -> str:
    """In parentheses, tall ones around what is tall."""
    return rf"\left({text}\right)" if r"\frac" in text else f"({text})"


def _ratio(number: Fraction) -> str:
    sign = "-" if number < 0 else ""
    whole = number.denominator == 1
    return str(number) if whole else rf"{sign}\frac{{{abs(number.numerator)}}}{{{number.denominator}}}"


__all__ = ["unrolled"]
