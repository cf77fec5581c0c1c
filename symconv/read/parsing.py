"""From text to statements whose sides are expressions; nothing is judged yet.

Names that no line declares become tensors here when they stand before an
unmistakable index list (`T_{i,j}`, `T[i,j]`, `T_i`); the count must stay the
same throughout.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from symconv.notation.latex_parser import parse_latex
from symconv.notation.layout import Fence, Node, Row, Script, Sign, Words
from symconv.notation.names import name_key
from symconv.notation.source import LocatedError, Source, nearest
from symconv.read.clauses import FLOWS, Statement, statements
from symconv.read.expression import (
    Access,
    Binding,
    Call,
    Comparison,
    Elementwise,
    Expr,
    Ref,
    Tuple,
    moved,
    walk,
)
from symconv.read.facts import CallText, Facts, TupleText
from symconv.read.grammar import BUILT_IN, Grammar
from symconv.read.grammar_winners import named_places, places_of
from symconv.read.kinds import Kinds, Ranks
from symconv.read.library import LIBRARY, PLAIN
from symconv.read.repeated import indices_of, summed
from symconv.read.rows import EQUALITIES, split

_UPDATES = ((Sign("+"),), (Sign("-"),))  # y += x
WORDS = ("valid", "full", "same", "rows", "columns")
_BUILT_IN = {name: {"ln": "log"}.get(name, name) for name in BUILT_IN}


@dataclass
class Sentence:
    """A statement with its sides as expressions, or with the reason why not."""

    statement: Statement
    source: Source
    sides: list[Expr] = field(default_factory=list)
    heads: list[Expr] = field(default_factory=list)  # left sides, where nothing more can be read
    ranges: list[Binding] = field(default_factory=list)
    conditions: list[Comparison] = field(default_factory=list)
    problem: LocatedError | None = None
    no_claim: str = ""
    places: list[str] = field(default_factory=list)  # names that the formula gives to the coordinates of an arg max
    display: bool = True  # set off from the running text
    broken: dict[int, LocatedError] = field(default_factory=dict)  # sides after the first that cannot be read

    @property
    def at(self) -> int:
        return self.statement.at

    @property
    def line(self) -> int:
        return self.source.position(self.at)[0]

    def expressions(self) -> list[Expr]:
        return [*self.sides, *self.ranges, *self.conditions]


class Parser:
    """Reads the formulas under one block, in order."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.kinds = Kinds.of(facts)
        self.lines: dict[str, int] = {}

    def is_name(self, node: Node) -> bool:
        """Words that are a name or an operator of the document, not prose."""
        assert isinstance(node, (Words, Script))
        key = name_key(node)
        known = (
            self.kinds.known(key)
            or key in self.kinds.makers
            or self.kinds.op(key) is not None
            or self.kinds.name(key) in PLAIN
        )
        return known or (isinstance(node, Words) and node.operator)

    def sentences(self, source: Source) -> list[Sentence]:
        """The sentences of one formula; a problem of the layout is one sentence with a problem."""
        try:
            found = statements(parse_latex(source), source, self.is_name)
        except LocatedError as problem:
            return [Sentence(Statement(0), source, problem=problem, heads=self._heads(source))]
        return [self.sentence(s, source) for s in found]

    def _heads(self, source: Source) -> list[Expr]:
        """What the lines of a formula speak of that cannot be read as a whole."""
        found: list[Expr] = []
        for line in source.text.split("\\\\"):
            left = re.sub(r"\\begin\{\w+\*?\}|&", " ", line.partition("=")[0]).removesuffix(":")
            try:
                found += self.equation(Source(left, source.name, source.line))
            except LocatedError:
                continue
            self.learn(found[-1], source)
        return found

    def sentence(self, statement: Statement, source: Source) -> Sentence:
        sentence = Sentence(statement, source)
        sentence.no_claim = _no_claim(statement)
        if sentence.no_claim:
            return sentence
        try:
            self._read(sentence)
        except LocatedError as problem:
            sentence.problem = problem
        return sentence

    def _read(self, sentence: Sentence) -> None:
        statement, source = sentence.statement, sentence.source
        for mark in statement.marks:
            if mark.text not in EQUALITIES:
                raise source.fault(
                    mark.at,
                    f"the relation {mark.text}",
                    "an equality",
                    "state it with an assume or index line, or ignore the formula",
                )
        grammar = Grammar(source, self.kinds)
        names = named_places(statement)
        if names is not None:
            self._name_places(names, sentence, grammar)
            return
        for number, side in enumerate(statement.sides):
            try:
                sentence.sides.append(grammar.expression(side.items, side.at))
                self.learn(sentence.sides[-1], source)
            except LocatedError as problem:
                if number == 0:
                    raise
                sentence.broken[number] = problem
                sentence.sides.append(sentence.sides[-1])
            grammar = Grammar(source, self.kinds)
        if "sum" in self.facts.conventions and sentence.sides:
            kept = indices_of(sentence.sides[0], self.kinds)
            sentence.sides = [summed(side, kept, self.kinds, source) for side in sentence.sides]
        for condition in statement.conditions:
            self._condition(condition, grammar, sentence)

    def _name_places(self, names: list[str], sentence: Sentence, grammar: Grammar) -> None:
        r"""`(u^*, v^*) = \arg\max ...`: from here on the names stand for these coordinates."""
        first, second = sentence.statement.sides
        value = grammar.expression(second.items, second.at)
        self.learn(value, sentence.source)
        for name, place in places_of(names, value, sentence.source, first.at).items():
            if self.kinds.winners.get(name, place) != place or (
                name not in self.kinds.winners and self.kinds.kind(name) not in (None, "index")
            ):
                raise sentence.source.fault(
                    first.at, f"{name}, which has a meaning already", "a new name", f"write {name}' or another letter"
                )
            self.kinds.winners[name] = place
        sentence.places = names

    def _condition(self, row: Row, grammar: Grammar, sentence: Sentence) -> None:
        """A range of an index, or a condition on sizes and indices."""
        marks = [i.text for i in row.items if isinstance(i, Sign)]
        if r"\in" in marks:
            sentence.ranges += _interval(row, grammar)
        elif r"\dots" in marks or sum(m in ("<", r"\le") for m in marks) == 2:
            sentence.ranges += grammar.bindings(row, None, row.at)
        else:
            sentence.conditions += grammar.conditions(row)

    def learn(self, expr: Expr, source: Source) -> None:
        """Take undeclared names with index lists for tensors, always with the same count."""
        for node in walk(expr):
            if isinstance(node, Access) and self.kinds.kind(node.name) is None:
                self.kinds.tensors[node.name] = Ranks(len(node.index))
                self.lines[node.name] = source.position(node.at)[0]

    def equation(self, source: Source) -> list[Expr]:
        """One side, as declaration lines hold it."""
        row = parse_latex(source)
        return [Grammar(source, self.kinds).expression(row.items, row.at)]

    def call(self, text: CallText | TupleText | Source, whole: Source) -> Expr:
        """A library call of a `define` line as an expression; offsets count in the whole right side."""
        if isinstance(text, Source):
            by = text.column - whole.column
            if text.text in WORDS:
                return Ref(text.text, at=by)
            row = parse_latex(text)
            return moved(Grammar(text, self.kinds).expression(row.items, row.at), by)
        if isinstance(text, TupleText):
            return Tuple(tuple(self.call(i, whole) for i in text.items))
        at = text.place.column - whole.column
        function = _BUILT_IN.get(text.name) or self.facts.functions.get(self.kinds.name(text.name))
        if function is not None and len(text.arguments) == 1 and not text.options:
            return Elementwise(function, 0, self.call(text.arguments[0], whole), at=at)
        if text.name not in LIBRARY and self.kinds.known(text.name):
            return self.call(text.place, whole)
        if text.name not in LIBRARY and self.kinds.op(text.name) is None:
            raise _unknown(text)
        options = tuple((name, self.call(value, whole)) for name, value in text.options)
        if text.name == "vec" and len(text.arguments) == 1 and not options:  # a line of the block has the usual order
            options = (("order", Ref(self.facts.conventions.get("vec", "columns"), at=at)),)
        arguments = tuple(self.call(a, whole) for a in text.arguments)
        return Call(text.name, arguments, options, at=at)


def _unknown(text: CallText) -> LocatedError:
    near = nearest(text.name, sorted(LIBRARY))
    return text.place.fault(
        0,
        f"the operation {text.name}",
        f"{', '.join(sorted(LIBRARY))}, or a declared function",
        f"did you mean {near}?" if near else f"correct the name, or declare function {text.name}",
    )


def _no_claim(statement: Statement) -> str:
    """Why a statement claims nothing, if it does not."""
    marks = {m.text for m in statement.marks}
    if marks & FLOWS:
        return "an arrow shows a flow, not an equality"
    if r"\in" in marks:
        return "a range is stated"
    if statement.sides and statement.sides[-1].items == (Sign("?"),):
        return "a question"
    if any(m.text == "=" and s.items[-1:] in _UPDATES for m, s in zip(statement.marks, statement.sides, strict=False)):
        return "an update, not an equality"
    if not statement.marks and statement.opening is None:
        return "an expression without a relation"
    return ""


def _interval(row: Row, grammar: Grammar) -> list[Binding]:
    r"""`u \in [0, n-1]`."""
    left, right = split(row, r"\in")
    fence = right.items[0] if len(right.items) == 1 else None
    ends = split(fence.body, ",") if isinstance(fence, Fence) and fence.opener in ("[", r"\{") else []
    ends = [e for e in ends if e.items != (Sign(r"\dots"),)]
    if len(ends) != 2:
        raise grammar.source.fault(
            right.at, "a set", "[0, n-1] or \\{0, \\dots, n-1\\}", "write the range with both ends"
        )
    low, high = (grammar.expression(e.items, e.at) for e in ends)
    return [Binding(name, low, high, at=at) for name, at in grammar.names_in(left)]
