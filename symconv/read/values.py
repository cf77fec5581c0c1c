"""Expressions as values: numbers in index notation, with every tensor settled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import groupby, pairwise
from types import MappingProxyType

from symconv.calculus.functions import DERIVATIVES, slope
from symconv.ops.pool import argmax_of, mean_of_winners
from symconv.ops.window import index_names
from symconv.read.beyond import going_on, wrapped
from symconv.read.expression import (
    Access,
    Add,
    Array,
    At,
    Biggest,
    Binding,
    Cases,
    Comparison,
    Diff,
    Divide,
    Elementwise,
    Expr,
    Extremum,
    Indicator,
    Modulo,
    Mul,
    Negate,
    Num,
    Power,
    Ref,
    Signed,
    Slice,
    SquaredNorm,
    Total,
    Transpose,
    Windowed,
    Winner,
    rebuild,
    walk,
)
from symconv.read.tensors import STEP, Tensors
from symconv.read.winners import attained
from symconv.term.polynomial import Poly
from symconv.term.tensor import Axis, Tensor
from symconv.term.value import (
    Apply,
    Bracket,
    Condition,
    Derivative,
    Entry,
    Function,
    Maximum,
    Number,
    Range,
    Reciprocal,
    Sum,
    Times,
    Value,
    add,
    as_value,
    at_least,
    multiply,
    negative,
)


class Values(Tensors):
    """Builds the value of an expression; `indices` are the names in scope, `runs` what is known of their ranges."""

    runs: Mapping[str, Range] = MappingProxyType({})

    def value(self, expr: Expr) -> Value:
        if not isinstance(expr, (Num, Ref)) and self.is_position(expr):
            return as_value(self.poly(expr))
        match expr:
            case Num(value=number):
                return Number(number)
            case Ref(name=name):
                return self._name(name, expr.at)
            case Access(name=name, index=index):
                return self._entry(self.world.tensor(name, self.source, expr.at), index, expr.at)
            case At(tensor=Slice() as part, index=index) if part.index.count(None) == len(index):
                return self.value(_of_the_whole(part, index))
            case At(tensor=tensor, index=index):
                return self._entry(self.tensor(tensor), index, expr.at)
            case Add(terms=terms):
                return add(*(self.value(t) for t in terms))
            case Negate(body=body):
                return _negated(self.value(body))
            case Mul():
                return self._product(expr)
            case Transpose(body=body):
                return self.value(body)
            case Divide(top=top, bottom=bottom):
                return self._quotient(top, bottom, expr.at)
            case Power(base=base, exponent=exponent):
                return multiply(*[self.value(base)] * exponent)
            case Signed():
                return self._number_sign(expr)
            case Array(rows=((only,),)):
                return self.value(only)
            case Windowed():
                return self._only_entry(self.tensor(expr), expr.at)
            case Total(bindings=bindings, body=body):
                return self._bound(Sum, bindings, body, expr.at)
            case Biggest(bindings=bindings, body=body):
                return self._bound(Maximum, bindings, body, expr.at)
            case SquaredNorm(body=body):
                return self._squared_norm(body, expr.at)
            case Indicator(conditions=conditions):
                return self.bracket(conditions)
            case Cases(branches=branches):
                return self._cases(branches)
            case Elementwise(function=name, order=order, argument=argument):
                return self._function(name, order, self.value(argument), expr.at)
            case Diff(value=inner, by=by):
                return self._derivative(inner, by, expr.at)
        raise self.source.fault(
            expr.at,
            f"a whole tensor ({type(expr).__name__.lower()}) where a number stands",
            "an entry",
            "give it its indices",
        )

    def _squared_norm(self, body: Expr, at: int) -> Value:
        if not self.is_whole(body):
            raise self.source.fault(
                at, "a norm of a number", "one of a whole tensor", "write the square, or the name of a tensor"
            )
        tensor = self.tensor(body)
        names = [f"{name}'" for name in index_names(tensor.rank)]
        entry = tensor[tuple(map(Poly.of, names))]
        return Sum(tuple(self.ranges(names, tensor.axes)), multiply(entry, entry))

    def bracket(self, conditions: tuple[Comparison, ...]) -> Value:
        """1 where all conditions hold, else 0; those on values are steps, for a value lies on one side of another."""
        places = tuple(c for c in conditions if self.is_position(c.left) and self.is_position(c.right))
        steps = [self._step(c) for c in conditions if c not in places and self._compares_values(c)]
        others = tuple(c for c in conditions if c not in places and not self._compares_values(c))
        held = tuple(self.condition(c) for c in (*places, *others))
        return multiply(*([Bracket(held)] if held or not steps else []), *steps)

    def _compares_values(self, condition: Comparison) -> bool:
        """Whether an entry or a function of one stands in a comparison, not places alone."""
        ends = (condition.left, condition.right)
        return any(isinstance(n, (Access, At, Elementwise)) for end in ends for n in walk(end))

    def _step(self, condition: Comparison) -> Value:
        left, right = self.value(condition.left), self.value(condition.right)
        if self.world.facts.conventions.get("ties") == "excluded":
            found = attained(left, right, condition.relation)
            if found is not None:
                return found
        above, below = Apply(STEP, left - right), Apply(STEP, right - left)
        match condition.relation:
            case ">":
                return above
            case "<":
                return below
            case r"\ge":
                return 1 - below
            case r"\le":
                return 1 - above
            case "=":
                return multiply(1 - above, 1 - below)
        return add(above, below)

    # -- names and entries ---------------------------------------------------------

    def _name(self, name: str, at: int) -> Value:
        kinds = self.world.kinds
        if name not in self.indices and kinds.kind(name) == "tensor":
            tensor = self.world.tensor(name, self.source, at)
            if tensor.rank:
                raise self.source.fault(
                    at,
                    f"the whole tensor {name} where a number stands",
                    f"an entry with {tensor.rank} indices",
                    "give it its indices",
                )
            return Entry(tensor, ())
        if kinds.kind(name) == "loss" and name in self.world.tensors:
            return Entry(self.world.tensors[name], ())
        if kinds.kind(name) == "loss":
            raise self.source.fault(
                at, f"the loss {name} alone", "a derivative of it", "define the loss by a formula without a loss line"
            )
        self._refuse_unknown(name, at)
        return as_value(self.poly(Ref(name, at=at)))

    def _refuse_unknown(self, name: str, at: int) -> None:
        """A letter among numbers that no line and no sum speaks of may be a scalar: not understood, not wrong."""
        world = self.world
        if name in self.indices | set(world.sizes) | set(world.facts.quantities) | world.index_names:
            return
        if world.kinds.kind(name) is None:
            raise self.source.fault(
                at,
                f"the name {name}",
                "a declared name",
                f"declare it: scalar {name}, size {name} or tensor {name}[..]",
            )

    def _entry(self, tensor: Tensor, index: tuple[Expr, ...], at: int) -> Entry:
        if len(index) != tensor.rank:
            raise self.source.ill_formed(
                at, f"{len(index)} indices of {tensor.name}", f"{tensor.rank}, one an axis", "give every axis its index"
            )
        rule = self.world.goes_on(tensor.name)
        if rule is not None:
            beyond = tuple(a.bounded and not self._stays(i, a) for i, a in zip(index, tensor.axes, strict=True))
            tensor = going_on(tensor, rule, beyond) if any(beyond) else tensor
        return Entry(tensor, tuple(self.poly(i) for i in index))

    def _stays(self, position: Expr, axis: Axis) -> bool:
        """An index that runs over the axis itself."""
        runs = self.runs.get(position.name) if isinstance(position, Ref) else None
        return runs is not None and (runs.low, runs.high) == (axis.low, axis.high)

    def data(self, tensor: Tensor, index: tuple[Expr, ...], at: int) -> Entry:
        """The entry by which one differentiates: of a tensor that goes on, the one that is read there."""
        found = self._entry(tensor, index, at)
        if found.tensor == tensor:
            return found
        if self.world.goes_on(tensor.name) == "reflect":
            raise self.source.fault(
                at,
                f"a derivative by {tensor.name}, which is reflected, at a place that may lie beyond its ends",
                "an index that runs over its axis",
                "state the range of the index, or substitute one of its own",
            )
        places = zip(found.index, tensor.axes, found.tensor.axes, strict=True)
        return Entry(tensor, tuple(i if seen.bounded else wrapped(i, axis) for i, axis, seen in places))

    # -- arithmetic ------------------------------------------------------------------

    def _product(self, expr: Mul) -> Value:
        """A product; `dL/dF dF/dK` with whole F is a sum over the entries of F."""
        factors = expr.factors
        for n, (first, second) in enumerate(pairwise(factors)):
            linked = self.contraction(first, second)
            if linked is not None:
                bindings, left, right = linked
                names = [b.name for b in bindings]
                inner = self.within(names)
                ranges = self.axes_as_ranges(names, first)
                middle = Sum(ranges, multiply(inner.value(left), inner.value(right)))
                return multiply(*self._factors(factors[:n]), middle, *self._factors(factors[n + 2 :]))
        held = tuple(c for f in factors if isinstance(f, Indicator) for c in f.conditions)
        if held and (inner := self.holding(held)).divides != self.divides:
            return inner._product(expr)
        if any(map(self.is_whole, factors)):  # x^T y is a number
            return self._only_entry(self.tensor(expr), expr.at)
        return multiply(*self._factors(factors))

    def _factors(self, factors: tuple[Expr, ...]) -> list[Value]:
        """The factors; neighbours made of sizes and indices are one polynomial."""
        found: list[Value] = []
        for positional, group in groupby(factors, self.is_position):
            if positional:
                found.append(as_value(self.poly(Mul(tuple(group)))))
            else:
                found += [self.value(f) for f in group]
        return found

    def _quotient(self, top: Expr, bottom: Expr, at: int) -> Value:
        above, below = self.value(top), self.value(bottom)
        if isinstance(below, Number):
            if not below.value:
                raise self.source.ill_formed(at, "a division by 0", "a divisor that is not 0", "change the divisor")
            number = Number(1 / below.value)
            return Number(above.value / below.value) if isinstance(above, Number) else multiply(above, number)
        return multiply(above, Reciprocal(below))

    def _only_entry(self, tensor: Tensor, at: int) -> Value:
        """An image of one entry stands for that number."""
        if any(axis.low is None or axis.extent != 1 for axis in tensor.axes):
            shape = ", ".join(map(str, tensor.shape))
            raise self.source.fault(
                at, f"a whole tensor of shape ({shape}) where a number stands", "an entry", "give it its indices"
            )
        return Entry(tensor, tuple(axis.low or Poly.of(0) for axis in tensor.axes))

    def _number_sign(self, expr: Signed) -> Value:
        """A sign between numbers is the product; between tensors it has no value here."""
        if self.is_whole(expr):
            tensor = self.tensor(expr)
            if tensor.rank:
                raise self.source.fault(
                    expr.at, "a whole tensor where a number stands", "an entry", "give it its indices"
                )
            return Entry(tensor, ())
        if expr.sign not in ("*", r"\ast", r"\cdot", r"\times") and self.world.kinds.op(expr.sign) is None:
            raise self.source.fault(
                expr.at, f"{expr.sign} between numbers", "a product", "write \\cdot, or declare the sign with op"
            )
        fact = self.world.kinds.op(expr.sign)
        if fact is not None and fact.meaning not in ("product", "hadamard"):
            raise self.source.fault(
                expr.at,
                f"{expr.sign} between numbers, declared as {fact.meaning}",
                "whole tensors, of which an entry is taken",
                f"write (x {expr.sign} h)(n), or \\cdot for the product",
            )
        return multiply(self.value(expr.left), self.value(expr.right))

    def _cases(self, branches: tuple[tuple[Expr, tuple[Comparison, ...]], ...]) -> Value:
        """The first branch that holds: each is weighted with "none before"."""
        terms: list[Value] = []
        before: list[Value] = []
        for expr, conditions in branches:
            holds = [self.bracket(conditions)] if conditions else []
            value = self.holding(conditions).value(expr)
            if value != Number(Fraction(0)):
                terms.append(multiply(*before, *holds, value))
            before += [1 - h for h in holds]
        return add(*terms)

    def _function(self, name: str, order: int, argument: Value, at: int) -> Value:
        if order and name in DERIVATIVES:
            if order > 1:
                raise self.source.unsupported(at, f"a second derivative of {name}", "write it out")
            return slope(Function(name), argument)
        return Apply(Function(name, order), argument)

    # -- binders ---------------------------------------------------------------------

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

    def bounded(self, bindings: tuple[Binding, ...], body: Expr) -> tuple[list[Range], Values, Expr, list[Condition]]:
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
                node = _of_the_whole(node.tensor, node.index)
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

    def winner(self, expr: Winner) -> Poly:
        """The coordinate at which a maximum is attained; of equal entries the first one wins."""
        self._refuse_shared(expr.at)
        own = frozenset(b.name for b in expr.greatest.bindings)  # they have nothing to do with such names around
        greatest = Values(self.world, self.source, self.indices - own).value(expr.greatest)
        if not isinstance(greatest, Maximum):
            raise self.source.unsupported(expr.at, "an arg max over a range with several ends", "give each end once")
        return argmax_of(greatest)[expr.axis]

    def _refuse_shared(self, at: int) -> None:
        if self.world.facts.conventions.get("ties") == "split":
            raise self.source.fault(at, "an arg max under ties split", "one winner", "use ties first or ties excluded")

    # -- derivatives -------------------------------------------------------------------

    def _derivative(self, inner: Expr, by: Expr, at: int) -> Value:
        target, index = self.target(by)
        if isinstance(inner, Ref) and inner.name in self.world.facts.losses:
            whole = self.world.by_loss(target.name, self.source, at, inner.name)
            return self._entry(whole, index, at)
        by_entry = self.data(target, index, at)
        value = self.value(inner)
        self.world.rates.refuse(value, self.source, at)
        return Derivative(value, by_entry)

    def target(self, by: Expr) -> tuple[Tensor, tuple[Expr, ...]]:
        """What stands below the derivative sign: the tensor and the indices of its entry."""
        assert isinstance(by, (Access, Ref))
        tensor = self.world.tensor(by.name, self.source, by.at)
        return tensor, by.index if isinstance(by, Access) else ()

    # -- scope -----------------------------------------------------------------------

    def within(self, names: list[str]) -> Values:
        inner = Values(self.world, self.source, self.indices | frozenset(names), self.wanted)
        inner.divides = self.divides
        inner.runs = self.runs
        return inner

    def holding(self, conditions: tuple[Comparison, ...]) -> Values:
        """The same where conditions hold: `x_{i/s}` is read where s divides i."""
        inner = self.within([])
        for c in conditions:
            if c.relation == "=" and isinstance(c.left, Modulo) and c.right == Num(Fraction(0)):
                inner.divides |= {(self.poly(c.left.left), self.poly(c.left.right))}
        return inner


def _of_the_whole(part: Slice, index: tuple[Expr, ...]) -> Access:
    """`(A_{i,:})_j` is an entry of A."""
    rest = iter(index)
    return Access(part.name, tuple(next(rest) if i is None else i for i in part.index), at=part.at)


def _negated(value: Value) -> Value:
    """The sign goes into a number in front, so that -2x is one product."""
    match value:
        case Times((Number(q), *rest)):
            return multiply(Number(-q), *rest)
    return negative(value)


def _expanded(expr: Expr, name: str, names: list[str]) -> Expr:
    """Put `p_1, p_2` in the place of a multi-index p."""
    if isinstance(expr, Access) and expr.index == (Ref(name),):
        return replace(expr, index=tuple(Ref(n, at=expr.at) for n in names))
    return rebuild(expr, lambda e: _expanded(e, name, names))
