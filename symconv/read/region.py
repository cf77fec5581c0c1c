"""The formulas under one block: parse, infer, build, in three steps."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from symconv.notation.latex_parser import parse_latex
from symconv.notation.source import LocatedError, Source
from symconv.read.assumed import constrained
from symconv.read.claim_builder import ClaimBuilder, failed
from symconv.read.claims import Formula, Kind, Link
from symconv.read.clauses import Statement
from symconv.read.defining import Defining
from symconv.read.documents import Segment
from symconv.read.expression import (
    Access,
    Comparison,
    Total,
    free_names,
    walk,
)
from symconv.read.facts import FindFact
from symconv.read.grammar import Grammar
from symconv.read.inference import Inference
from symconv.read.parsing import Parser, Sentence
from symconv.read.positions import Positions
from symconv.read.values import Values
from symconv.read.world import World
from symconv.term.tensor import Defined, Leaf, tensors_in
from symconv.term.value import Entry


class Region(Defining):
    """Reads the formulas of one block."""

    def read(self) -> None:
        parser = Parser(self.facts)
        self.world = World(self.facts, parser.kinds)
        if self.before is not None:
            self._keep(self.before, parser)
        self._define_lines(parser)
        read = [(number, segment, self._sentences(number, segment, parser)) for number, segment in self.items]
        sentences = [s for _, _, group in read for s in group]
        for _, segment, group in read:
            for sentence in group:
                if segment.what == "inline":
                    self._check_passing(sentence, parser)
                self._find_definition(sentence, parser)
        Inference(self.world, parser, sentences, self._in_order(parser)).run()
        self._assume(parser)
        self._define_all(parser)
        self._check_goals(parser)
        self._give(parser)
        previous: Sentence | None = None
        for number, segment, group in read:
            self.formulas[number] = self._formula(number, segment, group, previous)
            readable = [s for s in group if s.sides and s.problem is None]
            previous = readable[-1] if readable else None

    def _keep(self, before: Defining, parser: Parser) -> None:
        """Definitions made before stand as they were made."""
        self.world.tensors.update(before.world.tensors)
        self.world.sizes.update(before.world.sizes)
        self.world.axes.update(before.world.axes)
        self.world.kernels |= before.world.kernels
        self.world.base = before.world.base
        self.world.rates = before.world.rates
        self.world.assumed.update(before.world.assumed)
        self.world.unread.update(before.world.unread)
        for name, ranks in before.world.kinds.tensors.items():
            parser.kinds.tensors.setdefault(name, ranks)

    def _sentences(self, number: str, segment: Segment, parser: Parser) -> list[Sentence]:
        if number in self.ignored:
            return []
        source = segment.source
        start = source.text.find(segment.latex)
        line, column = source.position(start)
        inside = Source(segment.latex, source.name, line, column)
        if segment.left_open:
            problem = inside.fault(
                0, f"{segment.left_open} left open", "its end before a blank line", "close the display"
            )
            return [Sentence(Statement(0), inside, problem=problem)]
        found = parser.sentences(inside)
        for sentence in found:
            sentence.display = segment.what == "display"
        return found

    def _check_goals(self, parser: Parser) -> None:
        """`loss`, `upstream`, `outside` and `find` lines speak of tensors that there are."""
        facts = self.facts
        named = [(f"loss {loss}", loss, name) for loss, names in facts.losses.items() for name in names]
        named += [(f"upstream {name}", name, tensor) for name, tensor in facts.upstream.items()]
        named += [(f"outside {name}", f"outside {outside}", name) for name, outside in facts.outside_of.items()]
        for line, what, name in named:
            if parser.kinds.kind(name) != "tensor":
                raise facts.places[line].fault(
                    0, f"{what} of {name}, which is no tensor", "a tensor", f"define {name}, or declare it"
                )
        for find in facts.finds:
            self._check_find(find, parser)

    def _check_find(self, find: FindFact, parser: Parser) -> None:
        """`find dL/dX`: a declared loss, and a tensor that it depends on."""
        if find.question:
            strange = [n for n in find.tensors if parser.kinds.kind(n) != "tensor"]
            if strange:
                names = ", ".join(parser.kinds.tensors)
                raise find.place.fault(
                    0, f"{find.what}, {strange[0]} being no tensor", f"one of {names}", "name a tensor"
                )
            return
        if find.loss not in self.facts.losses:
            losses = ", ".join(self.facts.losses) or "none"
            raise find.place.fault(
                0,
                f"{find.what} without a loss {find.loss}",
                f"a declared loss ({losses})",
                f"add a line loss {find.loss}(..)",
            )
        if parser.kinds.kind(find.by) != "tensor":
            names = ", ".join(parser.kinds.tensors)
            raise find.place.fault(0, f"{find.what}, {find.by} being no tensor", f"one of {names}", "name a tensor")
        arguments = [parser.kinds.name(a) for a in self.facts.losses[find.loss]]
        tensors = [self.world.tensors.get(a) or Leaf(a, ()) for a in arguments]
        known = {name: None for t in tensors for name in (t.name, *(inner.name for inner in tensors_in(Entry(t, ()))))}
        by = parser.kinds.name(self.facts.upstream.get(find.by, find.by))
        if by not in known and not set(arguments) & set(self.world.unread):
            raise find.place.fault(
                0, f"{find.what}, {find.loss} being no function of {find.by}", f"one of {', '.join(known)}", "name one"
            )

    def _give(self, parser: Parser) -> None:
        """Numbers of `value` lines, at the places of the tensor's axes."""
        for name, (source, entries) in self.facts.values.items():
            if parser.kinds.kind(name) != "tensor":
                raise source.fault(
                    0, f"numbers for {name}, which is no tensor", "a tensor", f"declare tensor {name}[..]"
                )
            tensor = self.world.tensor(name, source, 0)
            if isinstance(tensor, Defined):
                raise source.fault(
                    0, f"numbers for {name}, which has a formula or an assumption", "free data", "remove one of the two"
                )
            shape = tuple(max(place[n] for place in entries) + 1 for n in range(tensor.rank)) if entries else ()
            ranks = {len(place) for place in entries}
            full = ranks == {tensor.rank} and len(entries) == prod(shape)
            if not full or any(axis.extent != n for axis, n in zip(tensor.axes, shape, strict=True)):
                raise source.fault(
                    0,
                    f"{len(entries)} numbers for {name} of shape ({', '.join(map(str, tensor.shape))})",
                    "one number an entry",
                    f"declare tensor {name}[..] with extents that are numbers, and give as many",
                )
            lows = [axis.low.as_int or 0 if axis.low is not None else 0 for axis in tensor.axes]
            places = {tuple(i + low for i, low in zip(place, lows, strict=True)): q for place, q in entries.items()}
            self.world.given[tensor.name] = places

    def _assume(self, parser: Parser) -> None:
        for text in self.facts.assumptions:
            source = Source(text.text.replace(">=", r"\ge ").replace("<=", r"\le "), text.name, text.line, text.column)
            comparisons = Grammar(source, parser.kinds).conditions(parse_latex(source))
            for comparison in comparisons:
                if any(isinstance(n, (Total, Access)) for n in walk(comparison)):
                    self._assume_of_data(comparison, text, source)
                else:
                    self.world.hypotheses.append(Positions(self.world, source).condition(comparison))

    def _assume_of_data(self, comparison: Comparison, text: Source, source: Source) -> None:
        if text.text in self.world.assumed.values():
            return  # kept from the block before
        made = constrained(comparison, self.world, source)
        if made.name in self.definitions:
            raise source.fault(
                0, f"an assumption on {made.name}, which has a formula", "free data", "remove the line, or the formula"
            )
        self.world.tensors[made.name] = made
        self.world.assumed[made.name] = text.text

    # -- formulas ------------------------------------------------------------------------

    def _formula(self, number: str, segment: Segment, group: list[Sentence], previous: Sentence | None) -> Formula:
        line, column = segment.source.position(segment.source.text.find(segment.latex))
        if number in self.ignored:
            links = [Link(f"{number}.1", Kind.IGNORED, line, column, segment.latex)]
            return Formula(number, line, column, segment.latex, tuple(links))
        links = []
        for sentence in group:
            links += self._links(sentence, previous, segment.what == "display")
            previous = sentence if sentence.sides and sentence.problem is None else None
        if not links:
            links = [Link("", Kind.NOT_A_CLAIM, line, column, segment.latex, message="nothing is stated")]
        links = [replace(link, id=f"{number}.{n}") for n, link in enumerate(links, 1)]
        links = [replace(k, kind=Kind.IGNORED, claim=None) if k.id in self.ignored else k for k in links]
        return Formula(number, line, column, segment.latex, tuple(links))

    def _named_places(self, sentence: Sentence, latex: str, notes: tuple[str, ...]) -> Link:
        """What a formula calls the coordinates of an arg max, which must have a meaning where it stands."""
        line, column = sentence.source.position(sentence.at)
        kinds = self.world.kinds
        try:
            for name in sentence.places:
                place = kinds.winners[name]
                free = {r.name for r in free_names(place) if kinds.kind(r.name) in (None, "index")}
                Values(self.world, sentence.source, frozenset(free - set(self.world.sizes))).winner(place)
        except LocatedError as problem:
            return failed(problem, latex, notes)
        message = f"{', '.join(sentence.places)}: where the maximum is attained"
        return Link("", Kind.DEFINITION, line, column, latex, message=message, notes=notes)

    def _links(self, sentence: Sentence, previous: Sentence | None, display: bool) -> list[Link]:
        line, column = sentence.source.position(sentence.at)
        latex = sentence.statement.latex or sentence.source.text
        notes = tuple(sentence.statement.notes)
        if sentence.problem is not None:
            return [failed(sentence.problem, latex, notes)]
        if sentence.no_claim:
            return [Link("", Kind.NOT_A_CLAIM, line, column, latex, message=sentence.no_claim, notes=notes)]
        if sentence.places:
            return [self._named_places(sentence, latex, notes)]
        return ClaimBuilder(self.world, self.definitions, sentence, previous, display).links()
