"""What binds an index: sums, maxima and arg maxima with their ranges, said or read off the axes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Self

from symconv.ops.pool import argmax_of, mean_of_winners
from symconv.read.expression import (
    Access,
    At,
    Binding,
    Diff,
    Expr,
    Extremum,
    Mul,
    Ref,
    Slice,
    Total,
    Winner,
    rebuild,
    walk,
)
from symconv.read.tensors import Tensors
from symconv.term.polynomial import Poly
from symconv.term.tensor import Axis, Tensor
from symconv.term.value import (
    Bracket,
    Condition,
    Maximum,
    Range,
    Sum,
    Value,
    at_least,
    multiply,
)


class Binders(Tensors):
    """Reads sums and maxima; `indices` are the names in scope, `runs` what is known of their ranges."""

    runs: Mapping[str, Range] = MappingProxyType({})

    def value(self, expr: Expr) -> Value:
        raise NotImplementedError

    def _bound(self, kind: type[Sum] | type[Maximum], bindings: tuple[Binding, ...], body: Expr, at: int) -> Value:
        ranges, inner, body, held = self.bounded(bindings, body)
        value = inner.value(body)
        if held and kind is Maximum:
            raise self.source.unsupported(
                at, "a maximum from the greater of two numbers", "give each end as one number"
            )
        value = multiply(Bracket(tuple(held)), value) if held else value
        if kind is Maximum and self.world.facts.conventions.get("ties") == "split":
            return mean_of_winners(tuple(ranges), value)
        if isinstance(value, kind):  # a sum of sums is one sum, a maximum of maxima one maximum
            return kind((*ranges, *value.ranges), value.body)
        return kind(tuple(ranges), value)

    def bounded(self, bindings: tuple[Binding, ...], body: Expr) -> tuple[list[Range], Self, Expr, list[Condition]]:
        """The ranges of bound names, the reader inside, the body, and what holds of a range with several ends."""
        ranges: list[Range] = []
        held: list[Condition] = []  # of several ends the range keeps the first
        inner = self
        for binding in bindings:
            name = binding.name
            self._check_excluded(binding, inner.indices)
            if name in inner.indices:
                raise self.source.ill_formed(
                    binding.at,
                    f"the index {name}, which is taken already, bound again",
                    "a new name",
                    f"rename the bound {name} to {name}'",
                )
            if binding.endless:
                found = [inner.support(binding, body)]
            elif binding.low is None or binding.high is None:
                found, body = self._whole_axes(binding, body)
            else:
                (low, *lows), (high, *highs) = self._ends(binding.low, r"\max"), self._ends(binding.high, r"\min")
                read = inner.ends(binding) if binding.listed else inner.rising(low, high, binding.at)
                found = [Range(name, *read)]
                here = Poly.of(name)
                held += [at_least(here, inner.poly(end)) for end in lows]
                held += [at_least(inner.poly(end), here) for end in highs]
            ranges += found
            inner = inner.within([r.name for r in found])
            inner.runs = {**inner.runs, **{r.name: r for r in found}}
        return ranges, inner, body, held

    def _check_excluded(self, binding: Binding, indices: frozenset[str]) -> None:
        r"""`\sum_{j \neq i}`: j runs and i stands, if i is free or bound around it; else both may run."""
        stands = indices | set(self.world.sizes)
        if binding.excluded and (binding.name in stands or not binding.excluded <= stands):
            raise self.source.fault(
                binding.at,
                f"a sum over {binding.name} not equal to {', '.join(sorted(binding.excluded))}",
                "an index that runs on the left of the sign, and one that stands on its right",
                "write a sum for each index that runs, and 1(i \\neq j) behind them",
            )

    def _ends(self, limit: Expr, sign: str) -> tuple[Expr, ...]:
        """The numbers of which a lower limit is the greatest, an upper limit the least."""
        if isinstance(limit, Extremum) and limit.sign != sign:
            raise self.source.unsupported(limit.at, f"{limit.sign} in this limit", "split the sum into its cases")
        return limit.items if isinstance(limit, Extremum) else (limit,)

    def support(self, binding: Binding, body: Expr) -> Range:
        """Over all integers the terms end where a factor does that is zero outside."""
        inner = body
        while isinstance(inner, Total):
            inner = inner.body
        for factor in inner.factors if isinstance(inner, Mul) else (inner,):
            for n, position in enumerate(factor.index if isinstance(factor, Access) else ()):
                assert isinstance(factor, Access)
                tensor = self.world.tensor(factor.name, self.source, factor.at)
                if position == Ref(binding.name) and n < tensor.rank and tensor.outside == "zero":
                    axis = tensor.axes[n]
                    if axis.bounded:
                        return Range(binding.name, axis.low, axis.high)
        raise self.source.fault(
            binding.at,
            f"a sum over all integers {binding.name}, and no factor that ends at {binding.name}",
            "data with two ends, zero outside: of data without an end nothing says that the sum exists",
            f"declare tensor f[-M..M] and outside zero, where f is read at {binding.name}",
        )

    def _whole_axes(self, binding: Binding, body: Expr) -> tuple[list[Range], Expr]:
        """The whole axis on which the index stands bare; `p` in `y(p)` runs over all axes of y."""
        name = binding.name
        for access in walk(body):
            if isinstance(access, Access) and access.index == (Ref(name),):
                tensor = self.world.tensor(access.name, self.source, access.at)
                if tensor.rank > 1:
                    names = [f"{name}_{k + 1}" for k in range(tensor.rank)]
                    return self.ranges(names, tensor.axes), _expanded(body, name, names)
        axes = {axis: None for axis, _ in self.bare_axes(name, body)}
        if not axes:
            raise self.source.fault(
                binding.at,
                f"the index {name} without limits, which stands alone on no axis",
                "limits",
                f"write \\sum_{{{name}=0}}^{{...}}",
            )
        wrong = [a for a in axes if binding.count is not None and not (a.bounded and a.extent == binding.count)]
        if wrong:
            raise self.source.ill_formed(
                binding.at,
                f"the index {name} of {binding.count} labels on an axis from {wrong[0].low} to {wrong[0].high}",
                f"an axis of {binding.count} entries",
                "correct the labels, or the extents of the tensor",
            )
        if len(axes) > 1:
            raise self.source.fault(
                binding.at,
                f"the index {name} without limits on axes of different extents",
                "limits",
                f"write \\sum_{{{name}=0}}^{{...}}",
            )
        return self.ranges([name], tuple(axes)), body

    def ranges(self, names: list[str], axes: tuple[Axis, ...]) -> list[Range]:
        return [Range(n, a.low, a.high) for n, a in zip(names, axes, strict=True)]

    def axes_as_ranges(self, names: list[str], first: Expr) -> tuple[Range, ...]:
        assert isinstance(first, Diff)
        assert isinstance(first.by, Ref)
        tensor = self.world.tensor(first.by.name, self.source, first.at)
        return tuple(self.ranges(names, tensor.axes))

    def bare_axes(self, name: str, expr: Expr) -> list[tuple[Axis, Tensor]]:
        """The axes on which an index stands alone, in reading order."""
        found: list[tuple[Axis, Tensor]] = []
        for node in walk(expr):
            if isinstance(node, At) and isinstance(node.tensor, Slice):
                node = of_the_whole(node.tensor, node.index)
            if isinstance(node, (Access, At, Slice)):
                for n, position in enumerate(node.index):
                    if isinstance(position, Ref) and position.name == name:
                        tensor = (
                            self.world.tensor(node.name, self.source, node.at)
                            if not isinstance(node, At)
                            else self.tensor(node.tensor)
                        )
                        if n < tensor.rank:
                            found.append((tensor.axes[n], tensor))
        return found

    def within(self, names: list[str]) -> Self:
        inner = type(self)(self.world, self.source, self.indices | frozenset(names), self.wanted)
        inner.divides = self.divides
        inner.runs = self.runs
        return inner

    def winner(self, expr: Winner) -> Poly:
        """The coordinate at which a maximum is attained; of equal entries the first one wins."""
        self._refuse_shared(expr.at)
        own = frozenset(b.name for b in expr.greatest.bindings)  # they have nothing to do with such names around
        greatest = type(self)(self.world, self.source, self.indices - own).value(expr.greatest)
        if not isinstance(greatest, Maximum):
            raise self.source.unsupported(expr.at, "an arg max over a range with several ends", "give each end once")
        return argmax_of(greatest)[expr.axis]

    def _refuse_shared(self, at: int) -> None:
        if self.world.facts.conventions.get("ties") == "split":
            raise self.source.fault(at, "an arg max under ties split", "one winner", "use ties first or ties excluded")


def of_the_whole(part: Slice, index: tuple[Expr, ...]) -> Access:
    """`(A_{i,:})_j` is an entry of A."""
    rest = iter(index)
    return Access(part.name, tuple(next(rest) if i is None else i for i in part.index), at=part.at)


def _expanded(expr: Expr, name: str, names: list[str]) -> Expr:
    """Put `p_1, p_2` in the place of a multi-index p."""
    if isinstance(expr, Access) and expr.index == (Ref(name),):
        return replace(expr, index=tuple(Ref(n, at=expr.at) for n in names))
    return rebuild(expr, lambda e: _expanded(e, name, names))
