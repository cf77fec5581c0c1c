"""Expressions as values: numbers in index notation, with every tensor settled."""

from __future__ import annotations

from fractions import Fraction
from itertools import groupby, pairwise

from symconv.calculus.functions import DERIVATIVES, slope
from symconv.ops.window import index_names
from symconv.read.beyond import going_on, wrapped
from symconv.read.binders import Binders, of_the_whole
from symconv.read.expression import (
    Access,
    Add,
    Array,
    At,
    Biggest,
    Cases,
    Comparison,
    Diff,
    Divide,
    Elementwise,
    Expr,
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
    walk,
)
from symconv.read.tensors import STEP
from symconv.read.winners import attained
from symconv.term.polynomial import Poly
from symconv.term.tensor import Axis, Defined, Leaf, Tensor, tensors_in
from symconv.term.value import (
    Apply,
    Bracket,
    Derivative,
    Entry,
    Function,
    Maximum,
    Number,
    Reciprocal,
    Sum,
    Times,
    Value,
    add,
    as_value,
    multiply,
    negative,
)


class Values(Binders):
    """Builds the value of an expression."""

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
                return self.value(of_the_whole(part, index))
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
        parts = [n for end in (condition.left, condition.right) for n in walk(end)]
        scalars = (n for n in parts if isinstance(n, Ref) and n.name not in self.indices)
        entries = any(isinstance(n, (Access, At, Elementwise)) for n in parts)
        return entries or any(self.world.kinds.kind(n.name) == "tensor" for n in scalars)

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

    # -- derivatives -------------------------------------------------------------------

    def _derivative(self, inner: Expr, by: Expr, at: int) -> Value:
        target, index = self.target(by)
        if isinstance(inner, Ref) and inner.name in self.world.facts.losses:
            whole = self.world.by_loss(target.name, self.source, at, inner.name)
            return self._entry(whole, index, at)
        by_entry = self.data(target, index, at)
        value = self.value(inner)
        self.world.rates.refuse(value, self.source, at)
        self._refuse_backwards(value, target, at)
        return Derivative(value, by_entry)

    def _refuse_backwards(self, value: Value, target: Tensor, at: int) -> None:
        """An input by an output, and a derivative by data that an assumption ties: 0 and 1 would be guesses."""
        if self.world.literal:  # a printed term, which was written so
            return
        if target.name in self.world.assumed:
            raise self.source.fault(
                at,
                f"a derivative by {target.name}, whose entries an assumption ties to each other",
                "a derivative by free data",
                "differentiate first, and assume in a block behind it",
            )
        below = set(tensors_in(target.body)) if isinstance(target, Defined) else set()
        found = list(tensors_in(value))
        shared = next((t.name for t in found if isinstance(t, Leaf) and t in below), None)
        if shared is not None and target not in found:
            raise self.source.fault(
                at,
                f"a derivative of something made of {shared} by {target.name}, which is made of {shared} too",
                "what is differentiated made of what stands below",
                f"differentiate {target.name} by {shared}, or write the inverse that is meant",
            )

    def target(self, by: Expr) -> tuple[Tensor, tuple[Expr, ...]]:
        """What stands below the derivative sign: the tensor and the indices of its entry."""
        assert isinstance(by, (Access, Ref))
        tensor = self.world.tensor(by.name, self.source, by.at)
        return tensor, by.index if isinstance(by, Access) else ()

    # -- scope -----------------------------------------------------------------------

    def holding(self, conditions: tuple[Comparison, ...]) -> Values:
        """The same where conditions hold: `x_{i/s}` is read where s divides i."""
        inner = self.within([])
        for c in conditions:
            if c.relation == "=" and isinstance(c.left, Modulo) and c.right == Num(Fraction(0)):
                inner.divides |= {(self.poly(c.left.left), self.poly(c.left.right))}
        return inner


def _negated(value: Value) -> Value:
    """The sign goes into a number in front, so that -2x is one product."""
    match value:
        case Times((Number(q), *rest)):
            return multiply(Number(-q), *rest)
    return negative(value)
