"""What the text settles without a declaration: sizes, the index base, extents.

In this order: definitions (the first `T[i,j] = ...`), sizes (what limits are
made of), the base (sums from 1 to the extent, and nothing that begins at 0), extents of axes
(a sum over a bare index; else a fresh size for a defined tensor; else the hull
of the accesses for what a definition reads).  Two sums that give one axis
different extents are an error, never a vote.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from symconv.notation.names import canonical
from symconv.notation.source import LocatedError, Source
from symconv.read.expression import (
    Access,
    Biggest,
    Binding,
    Call,
    Expr,
    Extremum,
    Num,
    Ref,
    Total,
    Tuple,
    free_names,
    inside,
    walk,
)
from symconv.read.facts import Extent
from symconv.read.kinds import Vectors
from symconv.read.matrices import directions
from symconv.read.outputs import Environment, Outputs, extreme, outputs, reads_of
from symconv.read.parsing import Parser, Sentence
from symconv.read.positions import Positions
from symconv.read.world import World
from symconv.term.polynomial import Poly, Size
from symconv.term.tensor import Axis
from symconv.term.value import at_least

INDEX_LETTERS = "ijklmnpqrstuv"  # a name that nothing else speaks of is an index if it begins so


@dataclass
class Definition:
    """A tensor with the formula of one entry, or with a whole expression."""

    name: str
    parameters: tuple[str, ...] | None
    body: Expr
    source: Source
    line: int
    sentence: Sentence | None = None


@dataclass
class Inference:
    """Fills a world from the sentences under one block."""

    world: World
    parser: Parser
    sentences: list[Sentence]
    definitions: list[Definition]
    known: dict[tuple[str, int], Axis] = field(default_factory=dict)
    stated: dict[str, tuple[Sentence, Poly]] = field(default_factory=dict)  # formulas of sizes and of extents
    usual: dict[tuple[str, int], Outputs] = field(default_factory=dict)  # choices for extents that are open
    settled: set[tuple[str, int]] = field(default_factory=set)  # stated beside the definition: no sum can say otherwise

    @property
    def made(self) -> set[str]:
        """Tensors that an operation makes: their extents are those of the operation, whatever a sum says."""
        return {d.name for d in self.definitions if d.parameters is None}

    def run(self) -> None:
        self._index_names()
        self._vectors()
        self._sizes()
        self._base()
        self._declared()
        for definition in self.definitions:
            self._stated(definition)
        made = [d.sentence for d in self.definitions if d.sentence is not None and d.sentence.problem is None]
        self._from_sums([(s, s.sides[1]) for s in made])
        for definition in self.definitions:
            self._outputs(definition)
        self._from_sums([(s, side) for s in self._readable() for side in s.sides])
        for definition in self.definitions:
            if definition.parameters is not None:
                self._defined(definition)
                self._hull(definition)
        self._left_open()

    def _readable(self) -> list[Sentence]:
        return [s for s in self.sentences if s.problem is None]

    # -- names -------------------------------------------------------------------------

    def _index_names(self) -> None:
        """Every name that some sum binds, or that a left side or an index list leaves free and bare."""
        names = self.world.index_names
        for definition in self.definitions:
            names.update(definition.parameters or ())
            names.update(n.name for n in walk(definition.body) if isinstance(n, Binding))
        for sentence in self._readable():
            for expr in sentence.expressions():
                for node in walk(expr):
                    if isinstance(node, Binding):
                        names.add(node.name)
            for n, side in enumerate(sentence.sides):
                for node in walk(side):
                    if isinstance(node, Access):
                        bare = {i.name for i in node.index if isinstance(i, Ref) and not self._is_number(i.name)}
                        names |= {name for name in bare if not n or name[0] in INDEX_LETTERS}
        names |= set(self.world.facts.indices) | self.world.facts.endless

    def _is_number(self, name: str) -> bool:
        return self.parser.kinds.kind(name) == "size"

    def _sizes(self) -> None:
        """Declared sizes; and what stands in limits, or beside an index in a definition."""
        facts = self.world.facts
        paddings = set(self._paddings())
        for name, least in facts.sizes.items():
            self._make(Size(name, (0 if name in paddings else 1) if least is None else least))
        for name in sorted((facts.implied - set(facts.quantities)) | self.parser.kinds.sizes):
            if name not in self.world.sizes:
                self._make(Size(name, 0 if name in paddings else 1))
        for sentence in self._readable():
            for ref in self._limit_names(sentence.expressions()):
                self._new_size(ref, sentence.source, paddings)
        for definition in self.definitions:
            if definition.parameters is not None:
                for node in walk(definition.body):
                    if isinstance(node, Access):
                        for position in node.index:
                            if not isinstance(position, Ref):
                                for ref in free_names(position):
                                    self._new_size(ref, definition.source, paddings)

        self._size_formulas()

    def _make(self, size: Size) -> None:
        self.world.sizes[size.name] = Poly.atom(size)

    def _size_formulas(self) -> None:
        """`M = n - r + 1` of a size M says what M is, wherever it stands; the first such formula counts.

        Of `H_y`, the rows of y, it is kept until y is seen to have no rows from elsewhere.
        """
        world = self.world
        found: dict[str, tuple[Sentence, Expr]] = {}
        for sentence in self._readable():
            made = self._size_formula(sentence)
            if made is not None and made not in found:
                found[made] = (sentence, sentence.sides[1])
        for name in self._by_need(
            {n: {r.name for r in free_names(body)} & set(found) for n, (_, body) in found.items()}
        ):
            sentence, body = found[name]
            try:
                value = Positions(world, sentence.source).poly(body)
            except LocatedError:
                continue
            self.stated[name] = (sentence, value)
            if name in world.sizes:
                self._take(name)

    def _take(self, name: str) -> Poly:
        """The formula of a size is its definition."""
        sentence, value = self.stated[name]
        self.world.size_formulas[name] = sentence
        self.world.note(sentence.line, f"{name} is {value}, as the formula says")
        if name in self.world.sizes:
            self.world.sizes[name] = value
        return value

    def _size_formula(self, sentence: Sentence) -> str | None:
        """The size, or the extent of a tensor, that a display `M = ...` in other sizes speaks of."""
        plain = not (sentence.conditions or sentence.ranges or sentence.broken) and sentence.display
        if len(sentence.sides) < 2 or not plain or sentence.statement.opening is not None:
            return None
        first, second, *_ = sentence.sides
        if not isinstance(first, Ref):
            return None
        names = {r.name for r in free_names(second)}
        known = names and names <= set(self.world.sizes) and first.name not in names
        named = first.name in self.world.sizes or first.name in self.world.facts.quantities
        return first.name if known and named else None

    def _stated_extent(self, name: str, n: int, rank: int) -> Poly | None:
        """What a formula says of an extent that nothing else settles."""
        axes = {"rows": rank - 2, "columns": rank - 1, "channels": rank - 3, "length": 0 if rank == 1 else -1}
        for quantity, (what, of) in self.world.facts.quantities.items():
            if axes.get(what) == n and self.parser.kinds.name(of) == name and quantity in self.stated:
                usual = self.usual.get((name, n))
                if usual is None or self.stated[quantity][1] in [axis.extent for axis in usual.usual]:
                    return self._take(quantity)
        return None

    def _by_need(self, needs: dict[str, set[str]]) -> Iterator[str]:
        """Each after those that it needs; what needs itself is left out."""
        done: set[str] = set()
        while ready := sorted(n for n, others in needs.items() if n not in done and others <= done):
            yield from ready
            done |= set(ready)

    def _limit_names(self, exprs: list[Expr]) -> Iterator[Ref]:
        for expr in exprs:
            for node in walk(expr):
                if isinstance(node, Binding):
                    for limit in (node.low, node.high):
                        if limit is not None:
                            yield from free_names(limit)

    def _new_size(self, ref: Ref, source: Source, paddings: set[str]) -> None:
        name = ref.name
        world = self.world
        if name in world.sizes or name in world.index_names or self.parser.kinds.kind(name) is not None:
            return
        least = 0 if name in paddings else 1
        self._make(Size(name, least))
        world.note(source.position(ref.at)[0], f"size {name} >= {least}")

    def _paddings(self) -> Iterator[str]:
        """Names used as a padding in a `define` or `op` line: these may be 0."""
        for definition in self.definitions:
            for node in walk(definition.body):
                if isinstance(node, Call):
                    amounts = [e for name, e in node.options if name == "padding"]
                    amounts += list(node.arguments[1:]) if node.operation == "pad" else []
                    for amount in amounts:
                        parts = [p for p in walk(amount) if isinstance(p, Tuple)]
                        bare = [amount, *(i for p in parts for i in p.items)]
                        yield from (r.name for r in bare if isinstance(r, Ref))
        for fact in self.world.facts.ops.values():
            yield from (text.text for option, text in fact.options if option == "padding")

    def _vectors(self) -> None:
        """Vectors are columns where one stands behind a matrix, rows where one stands before it.

        The definitions settle it, or else all formulas: a slip in a claim is to be found, not to be followed.
        """
        if "vectors" in self.world.facts.conventions:
            self.world.vectors = "rows" if self.world.facts.conventions["vectors"] == "rows" else "columns"
            return
        found = self._directions([(d.source, d.body) for d in self.definitions])
        found = found or self._directions([(s.source, side) for s in self._readable() for side in s.sides])
        if len(found) > 1:
            self.world.vectors = None
        for direction, line in found.items() if len(found) == 1 else ():
            self.world.vectors = direction
            self.world.note(line, f"vectors are {direction}, from the side of a matrix on which one stands")

    def _directions(self, formulas: list[tuple[Source, Expr]]) -> dict[Vectors, int]:
        found: dict[Vectors, int] = {}
        for source, expr in formulas:
            for direction, at in directions(expr, self.parser.kinds):
                found.setdefault(direction, source.position(at)[0])
        return found

    def _base(self) -> None:
        declared = self.world.facts.base
        if declared is not None:
            self.world.base = declared
            return
        ones = [(s, b, a) for s in self._readable() for b, a in self._from_one(s)]
        if not ones:
            return
        if not self._something_at_zero() and any(self._to_the_end(*one) for one in ones):
            self.world.base = 1
            self.world.note(ones[0][0].line, f"base 1: the sum over {ones[0][1].name} runs from 1 to the extent")
        else:
            self.world.note(ones[0][0].line, "base 0: the sums do not settle it; a line base 1 would")

    def _from_one(self, sentence: Sentence) -> Iterator[tuple[Binding, list[tuple[Access, int]]]]:
        """The ranges that begin at 1, with the places where their index stands alone."""
        for expr in sentence.sides:
            for access, environment in accesses(expr):
                for n, position in enumerate(access.index):
                    binding = environment.get(position.name) if isinstance(position, Ref) else None
                    if binding is not None and _is_number(binding.low, 1):
                        yield binding, [(access, n)]
            yield from ((b, []) for b in walk(expr) if isinstance(b, Binding) and _is_number(b.low, 1))
        for binding in sentence.ranges:
            if _is_number(binding.low, 1):
                found = [a for side in sentence.sides for a, _ in accesses(side)]
                stands = [(a, n) for a in found for n, i in enumerate(a.index) if _is_ref(i, binding.name)]
                yield binding, stands

    def _something_at_zero(self) -> bool:
        """A range from 0, or an entry with the index 0."""
        for sentence in self._readable():
            for expr in sentence.expressions():
                for node in walk(expr):
                    if isinstance(node, Binding) and _is_number(node.low, 0):
                        return True
                    if isinstance(node, Access) and any(_is_number(i, 0) for i in node.index):
                        return True
        return False

    def _to_the_end(self, sentence: Sentence, binding: Binding, stands: list[tuple[Access, int]]) -> bool:
        """The range ends where the axis does, or nothing else says where that is."""
        for access, n in stands:
            fact = self.world.facts.tensors.get(self.parser.kinds.name(access.name))
            extent = fact.axes[n] if fact is not None and n < len(fact.axes) else None
            if extent is None:
                return True
            if not extent.count or extent.high is None or binding.high is None:
                continue
            try:
                last = Positions(self.world, sentence.source).poly(binding.high)
            except LocatedError:
                continue
            if last == self._declared_poly(extent.high):
                return True
        return False

    # -- extents -----------------------------------------------------------------------

    def _declared(self) -> None:
        for name, fact in self.world.facts.tensors.items():
            for n, extent in enumerate(fact.axes):
                letter = fact.letters[n - len(fact.axes)] if n >= len(fact.axes) - fact.raised else ""
                if extent is None and letter in self.world.facts.endless:
                    extent = Extent(None, None, False)
                if extent is None and letter in self.world.facts.indices:
                    extent = Extent(*self.world.facts.indices[letter], False)
                    self.settled.add((name, n))
                if extent is None:
                    continue
                if extent.low is None and extent.high is None:
                    self.known[name, n] = Axis(None, None)
                    continue
                assert extent.high is not None
                high = self._declared_poly(extent.high)
                low = Poly.of(self.world.base) if extent.low is None else self._declared_poly(extent.low)
                axis = Axis(low, high + low - 1 if extent.count else high)
                self.known[name, n] = axis
                number = axis.extent.as_int
                if number is not None and number < 1:
                    raise extent.high.fault(
                        0, f"axis {n + 1} of {name} with {number} entries", "at least 1", "correct the extent"
                    )
                needed = at_least(axis.extent, 1)
                if not needed.poly.grows_from(0) and needed not in self.world.hypotheses:
                    self.world.hypotheses.append(needed)

    def _declared_poly(self, text: Source) -> Poly:
        """An extent; the names in it are sizes."""
        return Positions(self.world, text).poly(self.parser.equation(text)[0])

    def _from_sums(self, formulas: list[tuple[Sentence, Expr]]) -> None:
        """`\\sum_{a=0}^{r-1} ... w[a, .]`: axis 0 of w is 0 .. r-1."""
        for sentence, expr in formulas:
            for access, environment in accesses(expr):
                for n, position in enumerate(access.index):
                    if isinstance(position, Ref) and position.name in environment:
                        try:
                            self._from_sum(access, n, environment[position.name], sentence)
                        except LocatedError as problem:
                            sentence.problem = sentence.problem or problem

    def _outputs(self, definition: Definition) -> None:
        """An extent that the text leaves open: all outputs whose reads fit, where a read outside is an error."""
        parameters = definition.parameters or ()
        found = list(accesses(definition.body))
        for n, parameter in enumerate(parameters):
            if (definition.name, n) in self.known:
                continue
            reads = reads_of(
                parameter, found, self._axis_read, self._reader(definition), frozenset(parameters), self._runs(found)
            )
            settled = outputs(parameter, reads, self.world.base)
            if settled is None:
                continue
            tensors = {self._data(access.name) for access, _ in found}
            if any(self.world.goes_on(name) for name in tensors):
                self._as_long(definition, n, parameter, found)
                continue
            if any(self.world.outside(name) == "zero" for name in tensors):
                self.usual[definition.name, n] = settled
            else:
                self.known[definition.name, n] = settled.valid
                self.settled.add((definition.name, n))
                ends = f"{settled.valid.low}..{settled.valid.high}"
                self.world.note(definition.line, f"{definition.name}: axis {n + 1} is {ends}, where all reads fit")

    def _as_long(self, definition: Definition, n: int, parameter: str, found: list[tuple[Access, Environment]]) -> None:
        """What is read of a tensor that goes on, beside each place of it, is as long as that tensor."""
        for access, _ in found:
            for axis, position in enumerate(access.index):
                beside = self.world.goes_on(self._data(access.name)) and parameter in {
                    r.name for r in free_names(position)
                }
                known = self._axis_read(access, axis)
                if beside and known is not None and (definition.name, n) not in self.known:
                    self.known[definition.name, n] = known
                    self.settled.add((definition.name, n))
                    self.world.note(
                        definition.line, f"{definition.name}: axis {n + 1} is that of {access.name}, which goes on"
                    )

    def _runs(self, found: list[tuple[Access, Environment]]) -> Callable[[str], Axis | None]:
        """The axis on which an index stands alone, where it is known."""

        def axis(name: str) -> Axis | None:
            known = [self._axis_read(a, n) for a, _ in found for n, i in enumerate(a.index) if _is_ref(i, name)]
            return next((a for a in known if a is not None), None)

        return axis

    def _reader(self, definition: Definition) -> Callable[[frozenset[str]], Positions]:
        return lambda indices: Positions(self.world, definition.source, indices)

    def _data(self, name: str) -> str:
        """The tensor whose axes an entry has: an upstream gradient has those of its tensor."""
        name = self.parser.kinds.name(name)
        return self.parser.kinds.name(self.world.facts.upstream.get(name, name))

    def _axis_read(self, access: Access, n: int) -> Axis | None:
        return self.known.get((self._data(access.name), n))

    def _from_sum(self, access: Access, n: int, binding: Binding, sentence: Sentence) -> None:
        name = self._data(access.name)
        if binding.low is None or binding.high is None:
            return
        if isinstance(binding.low, Extremum) or isinstance(binding.high, Extremum):
            return  # a part of the axis
        names = {r.name for limit in (binding.low, binding.high) for r in free_names(limit)}
        if not names <= set(self.world.sizes):
            return
        positions = Positions(self.world, sentence.source)
        axis = Axis(positions.poly(binding.low), positions.poly(binding.high))
        declared = self.world.facts.tensors.get(name)
        if (name, n) in self.settled or name in self.made:
            return
        if declared is not None and n < len(declared.axes) and declared.axes[n] is not None:
            return
        line = sentence.source.position(binding.at)[0]
        before = self.known.get((name, n))
        if before is None:
            self._check_usual(name, n, axis, binding, sentence)
            self.known[name, n] = axis
            self.world.note(line, f"{name}: axis {n + 1} is {axis.low}..{axis.high}, from the sum over {binding.name}")
            return
        if before != axis:
            raise sentence.source.fault(
                binding.at,
                f"axis {n + 1} of {name} as {axis.low}..{axis.high}, and as {before.low}..{before.high} before",
                "one extent",
                f"declare the extents of {name}, or correct the limits",
            )

    def _check_usual(self, name: str, n: int, axis: Axis, binding: Binding, sentence: Sentence) -> None:
        """A claim may choose among the usual outputs of a definition; others would make it true by its own words."""
        usual = self.usual.get((name, n))
        if usual is not None and axis not in usual.usual:
            raise sentence.source.fault(
                binding.at,
                f"axis {n + 1} of {name} as {axis.low}..{axis.high}, which no other formula says",
                f"{usual.valid.low}..{usual.valid.high}, where all reads fit, or declared extents",
                f"declare tensor {name}[..] with its extents, or correct the limits",
            )

    def _stated(self, definition: Definition) -> None:
        """`F_i = ..., 0 \\le i < n` and `index i in 0..n-1` state the axis of F; it holds without conditions."""
        sentence = definition.sentence
        if definition.parameters is None or (sentence is not None and sentence.problem is not None):
            return
        try:
            if sentence is not None and sentence.conditions:
                raise sentence.source.fault(
                    sentence.conditions[0].at,
                    f"a condition on the definition of {definition.name}",
                    "a definition without conditions",
                    "use cases, or an assume line",
                )
            for n, parameter in enumerate(definition.parameters):
                for axis, source, at in self._ranges_of(parameter, definition):
                    self._state(definition, n, axis, source, at)
        except LocatedError as problem:
            if sentence is None:
                raise
            sentence.problem = problem

    def _ranges_of(self, parameter: str, definition: Definition) -> Iterator[tuple[Axis, Source, int]]:
        """The ranges that the sentence and the block give an index, each with its place."""
        sentence = definition.sentence
        for binding in sentence.ranges if sentence is not None else ():
            if binding.name == parameter and binding.low is not None and binding.high is not None:
                positions = Positions(self.world, definition.source)
                ends = positions.ends(binding)
                yield Axis(*ends), definition.source, binding.at
        if parameter in self.world.facts.endless:
            yield Axis(None, None), definition.source, 0
        if parameter in self.world.facts.indices:
            low, high = self.world.facts.indices[parameter]
            yield Axis(self._declared_poly(low), self._declared_poly(high)), high, 0

    def _state(self, definition: Definition, n: int, axis: Axis, source: Source, at: int) -> None:
        before = self.known.setdefault((definition.name, n), axis)
        self.settled.add((definition.name, n))
        if before != axis:
            raise source.fault(
                at,
                f"axis {n + 1} of {definition.name} as {axis.low}..{axis.high}, which is known otherwise",
                "one extent",
                "correct the range or the declaration",
            )

    def _defined(self, definition: Definition) -> None:
        for n, parameter in enumerate(definition.parameters or ()):
            if (definition.name, n) in self.known:
                continue
            if self._shares_made(parameter, definition):
                continue
            shared = self._shared(parameter, definition)
            if shared is not None:
                self.known[definition.name, n], tensor = shared
                self.world.note(definition.line, f"{definition.name}: axis {n + 1} is that of {tensor}, entry by entry")
            else:
                self._fresh(definition.name, n, len(definition.parameters or ()), definition.line)

    def _shares_made(self, parameter: str, definition: Definition) -> bool:
        """The parameter stands alone on an axis of a tensor that an operation makes: known once that is built."""
        return any(
            self._data(access.name) in self.made and any(_is_ref(position, parameter) for position in access.index)
            for access, environment in accesses(definition.body)
            if parameter not in environment
        )

    def _shared(self, parameter: str, definition: Definition) -> tuple[Axis, str] | None:
        """The axis on which a parameter always stands alone: `a_i = f(z_i)` is as long as z."""
        found: dict[Axis, str] = {}
        said = sum(ref.name == parameter for ref in free_names(definition.body))
        for access, environment in accesses(definition.body):
            name = self.parser.kinds.name(access.name)
            tensor = self._data(name)
            for n, position in enumerate(access.index):
                if _is_ref(position, parameter) and parameter not in environment:
                    said -= 1
                    axis = self.known.get((tensor, n))
                    if axis is None:
                        return None
                    found.setdefault(axis, access.name)
        return next(iter(found.items())) if len(found) == 1 and not said else None

    def _fresh(self, name: str, n: int, rank: int, line: int) -> None:
        words = {1: ("length",), 2: ("rows", "columns")}.get(rank, tuple(f"axis{k + 1}" for k in range(rank)))
        stated = self._stated_extent(name, n, rank)
        if stated is not None:
            self.known[name, n] = Axis(Poly.of(self.world.base), stated + (self.world.base - 1))
            return
        usual = self.usual.get((name, n))
        if usual is not None:
            axis = self.known[name, n] = usual.beginning_at(self.world.base)
            self.world.note(line, f"{name}: axis {n + 1} is taken as {axis.low}..{axis.high}; nothing states it")
            return
        size = Size(canonical(f"{words[n]}_{{{name}}}"))
        self._make(size)
        self.known[name, n] = Axis(Poly.of(self.world.base), Poly.atom(size) + (self.world.base - 1))
        self.world.note(line, f"{name}: axis {n + 1} has an extent of its own, {size.name} >= 1")

    def _hull(self, definition: Definition) -> None:
        """Tensors that the definition reads: from the least to the greatest position read."""
        axes = {p: self.known.get((definition.name, n)) for n, p in enumerate(definition.parameters or ())}
        box = {p: axis for p, axis in axes.items() if axis is not None}
        for access, environment in accesses(definition.body):
            name = self.parser.kinds.name(access.name)
            if name in self.world.facts.upstream or any(d.name == name for d in self.definitions):
                continue
            for n, position in enumerate(access.index):
                if (name, n) in self.known:
                    continue
                axis = self._reach(position, box, environment, definition.source)
                if axis is not None:
                    self.known[name, n] = axis
                    self.world.note(
                        definition.line, f"{name}: axis {n + 1} is {axis.low}..{axis.high}, the positions read"
                    )

    def _reach(self, position: Expr, box: dict[str, Axis], environment: Environment, source: Source) -> Axis | None:
        """The hull of one position, if each index occurs with a coefficient of known sign."""
        inner = dict(box)
        indices = frozenset(box) | frozenset(environment)
        reader = Positions(self.world, source, indices)
        try:
            for name, binding in environment.items():
                if binding.low is None or binding.high is None:
                    return None
                inner[name] = Axis(reader.poly(binding.low), reader.poly(binding.high))
            low = high = reader.poly(position)
        except LocatedError:
            return None
        least, most = extreme(low, inner, -1), extreme(high, inner, 1)
        if least is None or most is None or least.names() or most.names() or least.as_int is None:
            return None
        return Axis(least, most)

    def _left_open(self) -> None:
        """Declared tensors that only stand whole get sizes of their own; then all axes are laid down."""
        whole = {r.name for d in self.definitions if d.parameters is None for r in walk(d.body) if isinstance(r, Ref)}
        whole |= {self.parser.kinds.name(a) for arguments in self.world.facts.losses.values() for a in arguments}
        defined = {d.name for d in self.definitions}
        for name, ranks in self.parser.kinds.tensors.items():
            if name in self.world.facts.upstream:
                continue
            if name in whole and name not in defined:
                for n in range(ranks.count):
                    if (name, n) not in self.known:
                        self._fresh(name, n, ranks.count, self._line(name))
            axes = tuple(self.known.get((name, n)) for n in range(ranks.count))
            if all(a is not None for a in axes):
                self.world.axes[name] = tuple(a for a in axes if a is not None)

    def _line(self, name: str) -> int:
        fact = self.world.facts.tensors.get(name)
        return fact.line if fact else self.parser.lines.get(name, self.world.facts.line)


def accesses(expr: Expr, environment: Environment | None = None) -> Iterator[tuple[Access, Environment]]:
    """Every entry with the sums around it; what stands below a derivative sign counts too."""
    environment = environment or {}
    if isinstance(expr, (Total, Biggest)):
        for binding in expr.bindings:
            environment = {**environment, binding.name: binding}
        yield from accesses(expr.body, environment)
        return
    if isinstance(expr, Access):
        yield expr, environment
    for part in inside(expr):
        yield from accesses(part, environment)


def _is_number(expr: Expr | None, number: int) -> bool:
    return isinstance(expr, Num) and expr.value == number


def _is_ref(expr: Expr, name: str) -> bool:
    return isinstance(expr, Ref) and expr.name == name
