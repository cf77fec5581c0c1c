"""The extents of axes that the text states: declarations, ranges beside definitions, sums, reads that fit.

Two sums that give one axis different extents are an error, never a vote.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from symconv.notation.source import LocatedError, Source
from symconv.read.expression import (
    Access,
    Binding,
    Expr,
    Extremum,
    Ref,
    free_names,
)
from symconv.read.facts import Extent
from symconv.read.inferred_names import Definition, Names, accesses, is_ref
from symconv.read.outputs import Environment, outputs, reads_of
from symconv.read.parsing import Sentence
from symconv.read.positions import Positions
from symconv.term.polynomial import Poly
from symconv.term.tensor import Axis
from symconv.term.value import at_least


@dataclass
class Extents(Names):
    """Lays down the axes that something states."""

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
            known = [self._axis_read(a, n) for a, _ in found for n, i in enumerate(a.index) if is_ref(i, name)]
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
