"""What the text settles without a declaration: sizes, the index base, extents.

In this order: definitions (the first `T[i,j] = ...`), sizes (what limits are
made of), the base (sums from 1 to the extent, and nothing that begins at 0), extents of axes
(a sum over a bare index; else a fresh size for a defined tensor; else the hull
of the accesses for what a definition reads).  Two sums that give one axis
different extents are an error, never a vote.
"""

from __future__ import annotations

from dataclasses import dataclass

from symconv.notation.names import canonical
from symconv.notation.source import LocatedError, Source
from symconv.read.expression import (
    Expr,
    Ref,
    free_names,
    walk,
)
from symconv.read.extents import Extents
from symconv.read.inferred_names import Definition, accesses, is_ref
from symconv.read.outputs import Environment, extreme
from symconv.read.positions import Positions
from symconv.term.polynomial import Poly, Size
from symconv.term.tensor import Axis


@dataclass
class Inference(Extents):
    """Fills a world from the sentences under one block."""

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

    def _defined(self, definition: Definition) -> None:
        self._outputs(definition)  # the extents of what it reads may be known by now
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
            self._data(access.name) in self.made and any(is_ref(position, parameter) for position in access.index)
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
                if is_ref(position, parameter) and parameter not in environment:
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
