"""A sentence whose names are settled -> claims: free indices, ranges, scope, sides.

Scope comes before truth: an index that is free on the right only, or bound on
the right while the left leaves it free, makes a link ill-formed, not false.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

from symconv.errors import SymconvError
from symconv.notation.latex_parser import parse_latex
from symconv.notation.source import IllFormed, LocatedError
from symconv.read.arrays import any_entry, begins
from symconv.read.claims import Claim, Kind, Link, WholeClaim
from symconv.read.expression import (
    Access,
    Add,
    At,
    Biggest,
    Diff,
    Divide,
    Expr,
    Floor,
    Modulo,
    Mul,
    Negate,
    Num,
    Power,
    Ref,
    Slice,
    Total,
    free_names,
    inside,
    walk,
)
from symconv.read.grammar import Grammar
from symconv.read.inferred_names import INDEX_LETTERS, Definition
from symconv.read.matrices import Form
from symconv.read.parsing import Sentence
from symconv.read.positions import Positions
from symconv.read.tensors import Tensors
from symconv.read.values import Values
from symconv.read.world import World
from symconv.term.polynomial import Poly, Size
from symconv.term.tensor import Defined, Tensor, tensors_in
from symconv.term.value import Condition, Range, Value, at_least

IN_POSITIONS = (Num, Ref, Add, Negate, Mul, Divide, Floor, Modulo, Power)


class ClaimBuilder:
    """Turns one sentence into its links."""

    def __init__(
        self,
        world: World,
        definitions: dict[str, Definition],
        sentence: Sentence,
        previous: Sentence | None,
        display: bool = True,
    ) -> None:
        self.display = display
        self.world = world
        self.definitions = definitions
        self.sentence = sentence
        self.previous = previous
        self.source = sentence.source

    def links(self) -> list[Link]:
        sides = list(self.sentence.sides)
        starts = [self.sentence.statement.sides[n].at for n in range(len(sides))]
        head: Sentence | None = None
        if self.sentence.statement.opening is not None and not (
            len(sides) > 1 and self.sentence.statement.opening.text in (r"\Rightarrow", r"\iff")
        ):
            head = self.previous
            if head is None:
                return [
                    self._failed_at(
                        self.sentence.at, "a continuation of nothing", "a formula before it", "repeat its left side"
                    )
                ]
        first = head.sides[0] if head is not None else sides[0]
        if head is not None:
            sides.insert(0, head.sides[-1])
            starts.insert(0, self.sentence.at)
        found: list[Link] = []
        for n, (left, right) in enumerate(pairwise(sides)):
            broken = self.sentence.broken.get(n + (head is None))
            if broken is not None:
                found.append(failed(broken, self.sentence.statement.latex))
            else:
                found.append(self._link(first, left, right, starts[n + 1], head, n))
        return found

    # -- one link ------------------------------------------------------------------------

    def _link(self, first: Expr, left: Expr, right: Expr, at: int, head: Sentence | None, n: int) -> Link:
        line, column = self.source.position(at)
        latex = self.sentence.statement.latex
        notes = tuple(self.sentence.statement.notes) if n == 0 else ()
        try:
            defined = self._defined(n, head)
            if defined is not None:
                return Link("", Kind.DEFINITION, line, column, latex, defines=defined, notes=notes)
            if not n and isinstance(left, Ref) and self.world.size_formulas.get(left.name) is self.sentence:
                message = f"{left.name} stands for {Positions(self.world, self.source).name(left.name, left.at)}"
                return Link("", Kind.DEFINITION, line, column, latex, message=message, notes=notes)
            if self._index_definition(left):
                self._check_index_definition(left, right)
                message = f"{left.name} stands for an index expression"  # type: ignore[attr-defined]
                return Link("", Kind.DEFINITION, line, column, latex, message=message, notes=notes)
            claim = self._claim(first, left, right, head)
        except LocatedError as problem:
            return failed(problem, latex, notes)
        except SymconvError as problem:
            return Link("", Kind.ILL_FORMED, line, column, latex, message=str(problem), notes=notes, problem=problem)
        assumed = self._assumed(claim)
        if self.world.facts.conventions.get("ties") == "excluded":
            claim = replace(claim, distinct=True)
        return Link("", Kind.CLAIM, line, column, latex, claim, given=self.world.given, assumed=assumed, notes=notes)

    def _assumed(self, claim: Claim | WholeClaim) -> tuple[str, ...]:
        """What lines of the block assume of the data below the two sides."""
        if not self.world.assumed:
            return ()
        sides = [s if isinstance(s, Value) else any_entry(s) for s in (claim.left, claim.right)]
        names = {tensor.name: None for side in sides for tensor in tensors_in(side)}
        return tuple(self.world.assumed[name] for name in names if name in self.world.assumed)

    def _failed_at(self, at: int, found: str, expected: str, change: str) -> Link:
        problem = LocatedError(self.source, at, found, expected, change)
        return failed(problem, self.sentence.statement.latex)

    def _defined(self, n: int, head: Sentence | None) -> Defined | None:
        """The tensor that this link defines, if it is the first link of a definition."""
        if n or head is not None:
            return None
        for definition in self.definitions.values():
            if definition.sentence is self.sentence:
                self._check_definition(definition)
                tensor = self.world.tensors[definition.name]
                return tensor if isinstance(tensor, Defined) else None
        return None

    def _check_definition(self, definition: Definition) -> None:
        if definition.parameters is not None:
            self._check_scope(set(definition.parameters), definition.body)

    def _index_definition(self, left: Expr) -> bool:
        """`x' = x - i`: an index is given a name."""
        return (
            isinstance(left, Ref)
            and self.world.kinds.kind(left.name) in (None, "index")
            and left.name not in self.world.sizes
            and len(self.sentence.sides) == 2
        )

    def _check_index_definition(self, left: Expr, right: Expr) -> None:
        """A name stands for one thing, made of indices and sizes; what the running text says of it is passing."""
        assert isinstance(left, Ref)
        if left.name in self.world.kinds.winners:
            raise self.source.fault(
                left.at, f"{left.name}, which has a meaning already", "a new name", "use another letter for this"
            )
        known = self.world.index_names | set(self.world.sizes)
        names = {left.name} | {r.name for r in free_names(right)}
        strange = left.name not in known and any(n[0] not in INDEX_LETTERS for n in names - known)
        if strange or any(not isinstance(n, IN_POSITIONS) for n in walk(right)):
            raise self.source.fault(
                left.at, f"the name {left.name}", "a declared name", f"declare it: scalar {left.name}"
            )
        before = self.world.stands.setdefault(left.name, right) if self.display else right
        if before != right:
            raise self.source.fault(
                left.at, f"{left.name} = ... for the second time, and otherwise", "one meaning", "use another name"
            )

    # -- claims --------------------------------------------------------------------------

    def _claim(self, first: Expr, left: Expr, right: Expr, head: Sentence | None) -> Claim | WholeClaim:
        hypotheses = tuple(self.world.hypotheses)
        plain = Tensors(self.world, self.source)
        if plain.is_whole(first) and not self._leaves_free(first):
            left_tensor = plain.tensor(left)
            right_tensor = Tensors(self.world, self.source, frozenset(), left_tensor.axes).tensor(right)
            self._check_direction(plain.forms.of(left), plain.forms.of(right), right.at)
            self._check_begins(left_tensor, right_tensor, right.at)
            conditions = self._conditions(frozenset())
            return WholeClaim(left_tensor, right_tensor, hypotheses + conditions, conditions)
        self._check_losses(left, right)
        names = self._leaves_free(first)
        if any(isinstance(n, Slice) for side in (left, right) for n in walk(side)):
            return self._each_image(names, left, right)
        if (
            isinstance(left, Ref)
            and left is self.sentence.sides[0]
            and left.name in self.world.sizes
            and left.name not in self.world.size_formulas
        ):
            raise self.source.fault(
                left.at,
                f"a value for the size {left.name}",
                "a claim about tensors, or about a quantity",
                f"write assume {left.name} = ..., size {left.name} = rows F, or ignore the formula",
            )
        self._check_scope(set(names), left)
        self._check_scope(set(names), right)
        indices = frozenset(names)
        values = Values(self.world, self.source, indices)
        values.runs = self._runs(names, (first, left, right), values)
        left_value, right_value = values.value(left), values.value(right)
        ranges = tuple(self._range(name, (first, left, right), values) for name in names)
        conditions = self._conditions(indices)
        hypotheses += conditions + self._in_range(first, values)
        stated = {binding.name for binding in self.sentence.ranges}
        said: tuple[Range | Condition, ...] = (*(r for r in ranges if r.name in stated), *conditions)
        return Claim(ranges, left_value, right_value, tuple(dict.fromkeys(hypotheses)), said)

    def _each_image(self, names: list[str], left: Expr, right: Expr) -> Claim | WholeClaim:
        """Parts that free indices tell apart: such an index is any number of its range, as a size is."""
        for side in (left, right):
            self._check_scope(set(names), side)
        values = Values(self.world, self.source, frozenset(names))
        ranges = [self._range(name, (left, right), values) for name in names]
        sizes, hypotheses = dict(self.world.sizes), list(self.world.hypotheses)
        for r in ranges:
            first = r.low.as_int if r.low is not None else None
            if first is None or first < 0 or r.high is None:
                raise self.source.fault(
                    self.sentence.at,
                    f"a part at the index {r.name} from {r.low}",
                    "an index that begins at 0 or 1",
                    "write the formula by its entries",
                )
            sizes[r.name] = Poly.atom(Size(r.name, first))
            hypotheses.append(at_least(r.high, sizes[r.name]))
        world = replace(self.world, sizes=sizes)
        conditions = tuple(Positions(world, self.source).condition(c) for c in self.sentence.conditions)
        stated = {b.name for b in self.sentence.ranges}
        said: tuple[Range | Condition, ...] = (*(r for r in ranges if r.name in stated), *conditions)
        assuming = tuple(dict.fromkeys([*hypotheses, *conditions]))
        plain = Tensors(world, self.source)
        if not plain.is_whole(left):
            inner = Values(world, self.source)
            return Claim((), inner.value(left), inner.value(right), assuming, said)
        one = plain.tensor(left)
        other = Tensors(world, self.source, frozenset(), one.axes).tensor(right)
        self._check_begins(one, other, right.at)
        return WholeClaim(one, other, assuming, said)

    def _check_begins(self, left: Tensor, right: Tensor, at: int) -> None:
        """Entries are compared by their indices: both sides begin at the same ones."""
        if left.rank == right.rank and begins(left) != begins(right):
            sides = [f"({', '.join(map(str, begins(t)))})" for t in (left, right)]
            raise self.source.fault(
                at,
                f"a right side whose indices begin at {sides[1]}, and a left side at {sides[0]}",
                "both sides with the same first index",
                "declare the ranges of the left side, or write the formula by its entries",
            )

    def _check_direction(self, left: Form, right: Form, at: int) -> None:
        """A row is no column, though both have the same entries."""
        if {left, right} == {"row", "column"}:
            raise self.source.ill_formed(
                at,
                f"a {right} on the right side, a {left} on the left",
                "two columns or two rows",
                "transpose one side, or add a line layout numerator, by which a gradient is a row",
            )

    def _check_losses(self, *sides: Expr) -> None:
        """What stands above a derivative sign is an entry, a tensor or a loss, never an index."""
        for node in (n for side in sides for n in walk(side)):
            if (
                isinstance(node, Diff)
                and isinstance(node.value, Ref)
                and self.world.kinds.kind(node.value.name) is None
            ):
                raise self.source.fault(
                    node.at,
                    f"the derivative of {node.value.name}, which nothing declares",
                    "a loss, a tensor or an entry",
                    f"declare loss {node.value.name}(y) with the tensors that it depends on",
                )

    def _conditions(self, indices: frozenset[str]) -> tuple[Condition, ...]:
        positions = Positions(self.world, self.source, indices)
        return tuple(positions.condition(c) for c in self.sentence.conditions)

    def _leaves_free(self, expr: Expr) -> list[str]:
        """The index names that the left side leaves free, in reading order."""
        found: dict[str, None] = {}
        for name, in_position in _free_names(expr):
            if self._is_index(name, in_position):
                found[name] = None
        return list(found)

    def _is_index(self, name: str, in_position: bool) -> bool:
        kind = self.world.kinds.kind(name)
        if name in self.world.sizes or kind in ("size", "loss", "function") or name in self.world.kinds.winners:
            return False
        return kind in (None, "index") or in_position

    def _check_scope(self, free: set[str], expr: Expr) -> None:
        """No sum binds an index that the left side leaves free; what nothing binds is found when it is read."""
        for node in walk(expr):
            if isinstance(node, (Total, Biggest)):
                for binding in node.bindings:
                    if binding.name in free and not binding.excluded:
                        raise self.source.ill_formed(
                            binding.at,
                            f"the index {binding.name}, free on the left side, bound by a sum on the right",
                            "another name for the bound index",
                            f"rename it to {binding.name}' in the sum",
                        )

    def _range(self, name: str, sides: Sequence[Expr], values: Values) -> Range:
        """The range of a free index: stated, or the axis on which it stands alone."""
        for binding in self.sentence.ranges:
            if binding.name == name and binding.low is not None and binding.high is not None:
                positions = Positions(self.world, self.source, values.indices - {name})
                return Range(name, *positions.ends(binding))
        if name in self.world.facts.endless:
            return Range(name, None, None)
        if name in self.world.facts.indices:
            return self._declared_range(name)
        for side in sides:
            axes = list(dict.fromkeys(axis for axis, _ in values.bare_axes(name, side)))
            if axes:
                return Range(name, axes[0].low, axes[0].high)
        raise self.source.fault(
            self.sentence.at,
            f"the free index {name}, which stands alone on no axis",
            "its range",
            f"declare it: index {name} in 0..n-1",
        )

    def _runs(self, names: Sequence[str], sides: Sequence[Expr], values: Values) -> dict[str, Range]:
        """The ranges that are known by now, where some tensor goes on beyond its ends."""
        found: dict[str, Range] = {}
        if not self.world.something_goes_on:
            return found
        for name in names:
            with suppress(LocatedError):  # it is reported where the range is needed
                found[name] = self._range(name, sides, values)
        return found

    def _declared_range(self, name: str) -> Range:
        ends = []
        for text in self.world.facts.indices[name]:
            row = parse_latex(text)
            ends.append(Positions(self.world, text).poly(Grammar(text, self.world.kinds).expression(row.items, row.at)))
        return Range(name, ends[0], ends[1])

    def _in_range(self, first: Expr, values: Values) -> tuple[Condition, ...]:
        """Where reads outside are errors, the left side speaks of the positions that exist."""
        found: list[Condition] = []
        for node in walk(first):
            if not isinstance(node, Access) or any(
                r.name not in values.indices and r.name not in self.world.sizes
                for i in node.index
                for r in free_names(i)
            ):
                continue
            tensor: Tensor = self.world.tensor(node.name, self.source, node.at)
            open_ended = tensor.outside == "zero" or self.world.goes_on(tensor.name) is not None
            if open_ended or len(node.index) != tensor.rank:
                continue
            for axis, position in zip(tensor.axes, (values.poly(i) for i in node.index), strict=True):
                if (
                    position.as_atom is None
                    or axis not in [a for a, _ in values.bare_axes(str(position.as_atom), first)][:1]
                ):
                    found += [] if axis.low is None else [at_least(position, axis.low)]
                    found += [] if axis.high is None else [at_least(axis.high, position)]
        return tuple(found)


def failed(problem: LocatedError, latex: str, notes: tuple[str, ...] = ()) -> Link:
    """The link of a formula that could not be read, or that says nothing."""
    kind = Kind.ILL_FORMED if isinstance(problem, IllFormed) else Kind.NOT_UNDERSTOOD
    return Link("", kind, problem.line, problem.column, latex, message=str(problem), notes=notes, problem=problem)


def _free_names(expr: Expr) -> list[tuple[str, bool]]:
    """Free names, each with whether it stands in an index list or a limit."""
    return [(ref.name, inner) for ref, inner in _free_refs(expr)]


def _free_refs(expr: Expr, bound: frozenset[str] = frozenset(), inner: bool = False) -> list[tuple[Ref, bool]]:
    if isinstance(expr, Ref):
        return [] if expr.name in bound else [(expr, inner)]
    found: list[tuple[Ref, bool]] = []
    if isinstance(expr, (Total, Biggest)):
        for binding in expr.bindings:
            for limit in (binding.low, binding.high):
                if limit is not None:
                    found += _free_refs(limit, bound, True)
            bound = bound | {binding.name}
        return found + _free_refs(expr.body, bound, inner)
    if isinstance(expr, (Access, At, Slice)):
        if isinstance(expr, At):
            found += _free_refs(expr.tensor, bound, inner)
        for position in expr.index:
            found += _free_refs(position, bound, True) if position is not None else []
        return found
    for part in inside(expr):
        found += _free_refs(part, bound, inner)
    return found
