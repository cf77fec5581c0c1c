"""What the text says of names: which are indices, which are sizes, where indices begin, how vectors stand.

Reading fills the world in this order; what is inferred is written down with its line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from symconv.notation.source import LocatedError, Source
from symconv.read.expression import (
    Access,
    Biggest,
    Binding,
    Call,
    Expr,
    Num,
    Ref,
    Total,
    Tuple,
    free_names,
    inside,
    walk,
)
from symconv.read.kinds import Vectors
from symconv.read.matrices import directions
from symconv.read.outputs import Environment, Outputs
from symconv.read.parsing import Parser, Sentence
from symconv.read.positions import Positions
from symconv.read.world import World
from symconv.term.polynomial import Poly, Size
from symconv.term.tensor import Axis

Places = list[tuple[Access, int]]  # entries, and where in their index lists
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
class Names:
    """The settled names of one block, from its sentences and definitions."""

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
        ones: list[tuple[Sentence | Definition, Binding, Places]] = []
        ones += [(s, b, a) for s in self._readable() for b, a in _from_one(s.sides, s.ranges)]
        ones += [(d, b, a) for d in self._lines_of_block() for b, a in _from_one([d.body], [])]
        if not ones:
            return
        if not self._something_at_zero() and any(self._to_the_end(*one) for one in ones):
            self.world.base = 1
            self.world.note(ones[0][0].line, f"base 1: the sum over {ones[0][1].name} runs from 1 to the extent")
        else:
            self.world.note(ones[0][0].line, "base 0: the sums do not settle it; a line base 1 would")

    def _lines_of_block(self) -> list[Definition]:
        """Definitions of `define` lines, whose sums say as much as those of the text."""
        return [d for d in self.definitions if d.sentence is None]

    def _something_at_zero(self) -> bool:
        """A range from 0, or an entry with the index 0."""
        said = [expr for sentence in self._readable() for expr in sentence.expressions()]
        for node in (n for expr in (*said, *(d.body for d in self._lines_of_block())) for n in walk(expr)):
            if isinstance(node, Binding) and is_number(node.low, 0):
                return True
            if isinstance(node, Access) and any(is_number(i, 0) for i in node.index):
                return True
        return any(low.text == "0" for low, _ in self.world.facts.indices.values())

    def _to_the_end(self, sentence: Sentence | Definition, binding: Binding, stands: Places) -> bool:
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

    def _declared_poly(self, text: Source) -> Poly:
        """An extent; the names in it are sizes."""
        return Positions(self.world, text).poly(self.parser.equation(text)[0])


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


def _from_one(sides: list[Expr], ranges: list[Binding]) -> Iterator[tuple[Binding, Places]]:
    """The ranges that begin at 1, with the places where their index stands alone."""
    for expr in sides:
        for access, environment in accesses(expr):
            for n, position in enumerate(access.index):
                binding = environment.get(position.name) if isinstance(position, Ref) else None
                if binding is not None and is_number(binding.low, 1):
                    yield binding, [(access, n)]
        yield from ((b, []) for b in walk(expr) if isinstance(b, Binding) and is_number(b.low, 1))
    for binding in ranges:
        if is_number(binding.low, 1):
            found = [a for side in sides for a, _ in accesses(side)]
            yield binding, [(a, n) for a in found for n, i in enumerate(a.index) if is_ref(i, binding.name)]


def is_number(expr: Expr | None, number: int) -> bool:
    return isinstance(expr, Num) and expr.value == number


def is_ref(expr: Expr, name: str) -> bool:
    return isinstance(expr, Ref) and expr.name == name
