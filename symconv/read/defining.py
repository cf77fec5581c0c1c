"""The definitions under one block: found among lines and formulas, put in order, made into tensors."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from symconv.errors import SymconvError
from symconv.notation.source import LocatedError, Source
from symconv.ops.window import index_names, needed
from symconv.read.arrays import depending
from symconv.read.claims import Formula
from symconv.read.documents import Segment
from symconv.read.expression import (
    Access,
    At,
    Call,
    Elementwise,
    Expr,
    Mul,
    Open,
    Ref,
    Slice,
    Total,
    walk,
)
from symconv.read.facts import CallText, DefineFact, Facts
from symconv.read.inferred_names import Definition
from symconv.read.kinds import Ranks, Vectors
from symconv.read.library import AXES
from symconv.read.matrices import RANKS, Forms
from symconv.read.parsing import Parser, Sentence
from symconv.read.tensors import Tensors
from symconv.read.values import Values
from symconv.read.world import World
from symconv.term.tensor import Axis, Defined, Tensor, tensors_in
from symconv.term.value import Range, at_least


@dataclass
class Defining:
    """One block with what follows it, up to the next block, and the tensors that are defined there."""

    facts: Facts
    items: list[tuple[str, Segment]]
    ignored: set[str]
    before: Defining | None = None
    formulas: dict[str, Formula] = field(default_factory=dict)
    definitions: dict[str, Definition] = field(default_factory=dict)
    world: World = field(init=False)

    def _define_lines(self, parser: Parser) -> None:
        """`define` lines come first: they are made before any formula is read."""
        for maker in self.facts.makers:
            parser.kinds.makers[maker.name] = (maker.parameters, parser.call(maker.right, maker.place))
        for fact in self.facts.definitions:
            (left,) = parser.equation(fact.left)
            text = fact.right if isinstance(fact.right, Source) else fact.right.place
            if not isinstance(left, (Ref, Access)):
                raise fact.left.fault(
                    0,
                    f"'{fact.left.text}'",
                    "a tensor, or an entry of one",
                    "write define F = ... or define F_{i,j} = ...",
                )
            name = parser.kinds.name(left.name)
            kind, line = self.facts.declared.get(name, ("a tensor", 0))
            if kind not in ("a tensor", "a scalar"):
                raise fact.left.fault(
                    0,
                    f"{name} defined, {kind} in line {line}",
                    "a tensor or a scalar",
                    "use another name for one of the two",
                )
            body = self._right_side(fact, text, parser)
            parameters = tuple(i.name for i in left.index if isinstance(i, Ref)) if isinstance(left, Access) else None
            if isinstance(fact.right, Source) and parser.kinds.ranks(name) == Ranks(0):
                parameters = ()  # a scalar by its formula
            if isinstance(body, Open) and parameters is None:
                parameters = self._axes_of(name, fact, parser)
            self._check_parameters(parameters or (), fact, parser)
            if isinstance(left, Access) and isinstance(body, At) and left.index == body.index:
                parameters, body = None, body.tensor  # L[x, y] = (I * G)[x, y] speaks of whole tensors
            if name in self.definitions:
                raise fact.left.fault(0, f"{name} defined twice", "one definition", "remove one of the two")
            if name in self._made_of(body, parser):
                raise fact.left.fault(
                    0, f"{name} made of itself", "a formula in other tensors", "give one of the two another name"
                )
            definition = Definition(name, parameters, body, text, fact.line)
            self.definitions[name] = definition
            if parser.kinds.ranks(name) is None:
                # an operation keeps or states the number of axes; it is known once the tensor is built
                form = Forms(parser.kinds, self._vectors()).of(body)
                made = RANKS[form] if form in RANKS else _rank_of(body, parser)
                parser.kinds.tensors[name] = Ranks(len(left.index) if isinstance(left, Access) else made)

    def _vectors(self) -> Vectors:
        return "rows" if self.facts.conventions.get("vectors") == "rows" else "columns"

    def _check_parameters(self, parameters: tuple[str, ...], fact: DefineFact, parser: Parser) -> None:
        """The index of a definition is no size, which would stand for two things in it."""
        taken = next((p for p in parameters if parser.kinds.kind(p) == "size"), None)
        if taken is not None:
            raise fact.left.fault(
                0, f"the size {taken} as an index of the definition", "an index of its own", "use another letter"
            )

    def _axes_of(self, name: str, fact: DefineFact, parser: Parser) -> tuple[str, ...]:
        """`define y = O(x)`: y has as many axes as its line says."""
        ranks = parser.kinds.ranks(name)
        if ranks is None:
            raise fact.left.fault(0, f"{name}, whose axes are open", "its axes", f"declare tensor {name}[n]")
        return index_names(ranks.count)

    def _right_side(self, fact: DefineFact, text: Source, parser: Parser) -> Expr:
        if fact.depends:
            return Open(tuple(Ref(parser.kinds.name(name)) for name in fact.depends))
        return parser.call(fact.right, text) if isinstance(fact.right, CallText) else parser.equation(fact.right)[0]

    def _check_passing(self, sentence: Sentence, parser: Parser) -> None:
        """What the running text says of data in passing, `a box filter has $w_k = 1$`, is no definition of it."""
        if sentence.problem is not None or len(sentence.sides) < 2:
            return
        first, body = sentence.sides[:2]
        name = parser.kinds.name(first.name) if isinstance(first, (Access, Ref)) else ""
        made = name in self.definitions or name in self.facts.upstream
        entry = isinstance(first, Access) and _parameters(first, parser) is None  # x_0 = ... defines nothing
        if made or entry or parser.kinds.kind(name) != "tensor":
            return
        reads = [n for n in self._reads(body, parser) if parser.kinds.kind(n) == "tensor"]
        used = {n for d in self.definitions.values() for n in self._reads(d.body, parser)}
        if not reads or (name in self.facts.declared and name in used):
            sentence.problem = sentence.source.fault(
                sentence.at,
                f"an equation for {name} in the running text",
                "a display, or a define line, where it is meant for all that follows",
                "display it; or leave it as it is, if it is said in passing",
            )

    def _find_definition(self, sentence: Sentence, parser: Parser) -> None:
        """The first `T[i,j] = ...` in formulas of others defines T; `:=` always does."""
        if sentence.statement.opening:
            return
        if self._is_update(sentence, parser):
            sentence.no_claim = "an update, not an equality"
            return
        self._learn_whole(sentence, parser)
        for first in sentence.sides[:1] or sentence.heads:
            name = parser.kinds.name(first.name) if isinstance(first, (Access, Ref)) else ""
            taken = name in self.definitions or name in self.world.tensors or name in self.world.unread
            if self._refuse_recurrence(name, first, sentence, parser):
                continue
            loss = isinstance(first, Ref) and parser.kinds.kind(name) == "loss"
            if loss:
                self._check_loss(name, sentence, parser)
            if taken or name in self.facts.upstream or (parser.kinds.kind(name) != "tensor" and not loss):
                continue
            parameters = () if loss else _parameters(first, parser)
            if parameters is None and isinstance(first, Access):
                continue
            if sentence.problem or sentence.broken.get(1):
                self.world.unread[name] = sentence.line
            elif len(sentence.sides) > 1 and name not in self._made_of(sentence.sides[1], parser):
                body = sentence.sides[1]
                self.definitions[name] = Definition(name, parameters, body, sentence.source, sentence.line, sentence)

    def _check_loss(self, name: str, sentence: Sentence, parser: Parser) -> None:
        """A formula for a loss speaks of what its line lists, and of nothing that is made below that."""
        if len(sentence.sides) < 2 or sentence.problem is not None:
            return
        listed = {parser.kinds.name(a) for a in self.facts.losses[name]}
        below = {n for a in listed if a in self.definitions for n in self._made_of(self.definitions[a].body, parser)}
        said = [n for n in self._reads(sentence.sides[1], parser) if parser.kinds.kind(n) == "tensor"]
        strange = [n for n in said if n in below - listed]
        if strange:
            sentence.problem = sentence.source.fault(
                sentence.at,
                f"{name} made of {strange[0]}, which the line loss {name}({', '.join(sorted(listed))}) leaves out",
                "a formula in the tensors of that line",
                f"list {strange[0]} there, or remove the line",
            )

    def _refuse_recurrence(self, name: str, first: Expr, sentence: Sentence, parser: Parser) -> bool:
        """`a^{l} = g(z^{l})` where z^{l} is made of a^{l-1}: two layers of a network, not two facts about free data."""
        ranks = parser.kinds.ranks(name)
        layered = ranks is not None and ranks.raised and isinstance(first, (Access, Slice))
        if not layered or name in self.definitions or len(sentence.sides) < 2 or sentence.problem is not None:
            return False
        circular = name in self._made_of(sentence.sides[1], parser)
        if circular:
            sentence.problem = sentence.source.fault(
                sentence.at,
                f"{name} made of itself, in a layer below",
                "layers with names of their own",
                f"give the layers names (alias {name}^{{1}} = ...), or ignore the formula",
            )
        return circular

    def _is_update(self, sentence: Sentence, parser: Parser) -> bool:
        """`w := w - \\eta g`: what is assigned holds what it is assigned to."""
        if len(sentence.sides) != 2 or sentence.problem is not None or sentence.statement.marks[0].text != ":=":
            return False
        first = sentence.sides[0]
        name = parser.kinds.name(first.name) if isinstance(first, (Access, Ref)) else ""
        return parser.kinds.kind(name) == "tensor" and name in self._reads(sentence.sides[1], parser)

    def _learn_whole(self, sentence: Sentence, parser: Parser) -> None:
        """`z = W x + b` of an undeclared z: a tensor of as many axes as the right side has."""
        if len(sentence.sides) < 2 or sentence.broken.get(1) or not sentence.display:
            return
        if not isinstance(sentence.sides[0], Ref):
            return
        columns, rows = (Forms(parser.kinds, vectors).of(sentence.sides[1]) for vectors in ("columns", "rows"))
        form = rows if columns == "tensor" and rows in RANKS else columns
        name = sentence.sides[0].name
        if form != "number" and not parser.kinds.known(name) and sentence.statement.marks[0].text != r"\equiv":
            parser.kinds.tensors[name] = Ranks(RANKS.get(form) or _rank_of(sentence.sides[1], parser))
            parser.lines[name] = sentence.line

    def _reads(self, body: Expr, parser: Parser) -> dict[str, None]:
        """The tensors that a formula speaks of, in reading order; a gradient by a loss speaks of its arguments."""
        found: dict[str, None] = {}
        for node in walk(body):
            if isinstance(node, (Access, Ref)):
                name = parser.kinds.name(node.name)
                losses = (
                    list(self.facts.losses) if name in self.facts.upstream else [*({name} & set(self.facts.losses))]
                )
                found |= {loss: None for loss in losses if loss in self.definitions}
                found[parser.kinds.name(self.facts.upstream.get(name, name))] = None
                found |= {parser.kinds.name(a): None for loss in losses for a in self.facts.losses[loss]}
        return found

    def _made_of(self, body: Expr, parser: Parser) -> set[str]:
        """The tensors that a formula reads, and what the definitions so far make these of."""
        found: set[str] = set()
        bodies = [body]
        while bodies:
            new = set(self._reads(bodies.pop(), parser)) - found
            found |= new
            bodies += [self.definitions[name].body for name in new if name in self.definitions]
        return found

    def _in_order(self, parser: Parser) -> list[Definition]:
        """Each definition after those that it reads, wherever the text gives them."""
        needs = {
            d.name: [n for n in self._reads(d.body, parser) if n in self.definitions] for d in self.definitions.values()
        }
        ordered: dict[str, Definition] = {}
        for name in self.definitions:
            waiting = [name]
            while waiting:
                first = next((n for n in needs[waiting[-1]] if n not in ordered), None)
                if first is None:
                    made = waiting.pop()
                    ordered[made] = self.definitions[made]
                else:
                    waiting.append(first)
        return list(ordered.values())

    def _define_all(self, parser: Parser) -> None:
        for definition in self._in_order(parser):
            lines = [self.world.unread[n] for n in self._reads(definition.body, parser) if n in self.world.unread]
            if lines:
                self.world.unread[definition.name] = definition.line
            if definition.sentence is not None and definition.sentence.problem is not None:
                self.world.unread[definition.name] = definition.line  # a condition on it, say
                self.world.axes.pop(definition.name, None)
                continue
            try:
                self.world.tensors[definition.name] = self._define(definition)
                self._note_kernels(definition)
            except SymconvError as problem:
                sentence = definition.sentence
                if not isinstance(problem, LocatedError) or (sentence is None and not lines):
                    raise
                if sentence is None:
                    continue
                sentence.problem = problem
                self.world.unread[definition.name] = definition.line
                self.world.axes.pop(definition.name, None)
                self.world.kinds.tensors.setdefault(definition.name, self.world.kinds.tensors[definition.name])

    def _define(self, definition: Definition) -> Tensor:
        world, name = self.world, definition.name
        outside = world.outside(name)
        if definition.parameters is None:
            wanted = world.axes.get(name)
            tensor = Tensors(world, definition.source, frozenset(), wanted).tensor(definition.body)
            ranks = world.kinds.ranks(name)
            if ranks is not None and ranks.count != tensor.rank:
                raise definition.source.ill_formed(
                    0,
                    f"{name} with {tensor.rank} axes",
                    f"{ranks.count}, as declared",
                    f"correct the line tensor {name}",
                )
            if wanted is not None and tuple(a.extent for a in wanted) != tensor.shape:
                raise definition.source.ill_formed(
                    0,
                    f"{name} of shape {tensor.shape}",
                    f"{tuple(a.extent for a in wanted)}, as declared",
                    "correct one",
                )
            return replace(tensor, name=name, outside=outside) if isinstance(tensor, Defined) else tensor
        axes = world.axes.get(name) if definition.parameters else ()
        if axes is None:
            axes = self._shared_axes(definition)
        if axes is None:
            raise definition.source.fault(
                0, f"{name}, whose extents are open", "extents", f"declare tensor {name}[H,W]"
            )
        if isinstance(definition.body, Open):
            data = [world.tensor(ref.name, definition.source, 0) for ref in definition.body.tensors]
            self._refuse_twice(definition, data)
            world.rates.open.add(name)
            world.rates.leaves |= {f"d{name}/d{tensor.name}" for tensor in data}
            return replace(depending(name, definition.parameters, axes, data), outside=outside)
        values = Values(world, definition.source, frozenset(definition.parameters))
        values.runs = {p: Range(p, axis.low, axis.high) for p, axis in zip(definition.parameters, axes, strict=True)}
        body = values.value(definition.body)
        requires = tuple(c for a in axes if a.bounded for c in [at_least(a.extent, 1)])
        return Defined(name, definition.parameters, axes, body, None, needed(*requires), outside)

    def _refuse_twice(self, definition: Definition, data: list[Tensor]) -> None:
        """`z = O(y, x)` where y depends on x: dz/dx may be meant with y held, or with y following."""
        for tensor in data:
            below = set(tensors_in(tensor.body)) if isinstance(tensor, Defined) else set[Tensor]()
            both = next((other.name for other in data if other in below), None)
            if both is not None:
                raise definition.source.fault(
                    0,
                    f"{definition.name} that depends on {both} directly, and through {tensor.name}",
                    "one of the two ways, or a formula",
                    f"leave out {both}, or give {definition.name} by a formula",
                )

    def _shared_axes(self, definition: Definition) -> tuple[Axis, ...] | None:
        """`\\delta_i = dL/dy_i` is as long as y, where y is made by an operation whose axes are known only now."""
        values = Values(self.world, definition.source, frozenset(definition.parameters or ()))
        found = [{axis for axis, _ in values.bare_axes(p, definition.body)} for p in definition.parameters or ()]
        return tuple(axes.pop() for axes in found) if all(len(axes) == 1 for axes in found) else None

    def _note_kernels(self, definition: Definition) -> None:
        """A tensor read at bare summed indices only is the kernel; so is a correlation's second operand."""
        kinds = self.world.kinds
        if isinstance(definition.body, Call) and definition.body.operation in ("correlate", "convolve"):
            if len(definition.body.arguments) > 1 and isinstance(definition.body.arguments[1], Ref):
                self.world.kernels.add(kinds.name(definition.body.arguments[1].name))
            return
        body, bound = definition.body, set[str]()
        while isinstance(body, Total):
            bound |= {b.name for b in body.bindings}
            body = body.body
        entries = [f for f in (body.factors if isinstance(body, Mul) else ()) if isinstance(f, Access)]
        plain = [e for e in entries if e.index and all(isinstance(i, Ref) and i.name in bound for i in e.index)]
        if len(plain) == 1 and len(entries) == 2:
            self.world.kernels.add(kinds.name(plain[0].name))


def _parameters(first: Expr, parser: Parser) -> tuple[str, ...] | None:
    """The distinct bare indices of `T_{i,j}`, none for a scalar; None for a whole tensor and for any other entry."""
    if isinstance(first, Access):
        names = [i.name for i in first.index if isinstance(i, Ref) and parser.kinds.kind(i.name) != "size"]
        return tuple(names) if len(names) == len(first.index) and len(set(names)) == len(names) else None
    ranks = parser.kinds.ranks(first.name) if isinstance(first, Ref) else None
    return () if ranks is not None and not ranks.count else None


def _rank_of(body: Expr, parser: Parser) -> int:
    """How many axes a call gives: those of its first operand, but for a few operations."""
    if isinstance(body, Elementwise):
        return _rank_of(body.argument, parser)
    if isinstance(body, Call) and body.operation in AXES:
        return AXES[body.operation]
    if isinstance(body, Call) and body.arguments:
        return _rank_of(body.arguments[int(body.operation == "dense" and len(body.arguments) > 1)], parser)
    for node in walk(body):
        if isinstance(node, (Ref, Access)):
            ranks = parser.kinds.ranks(node.name)
            if ranks is not None:
                return ranks.count
    return 0
