"""Expressions as whole tensors: `dL/dK = convolve(dL/dF, X)`."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from symconv.calculus.gradient import gradient
from symconv.errors import SymconvError
from symconv.notation.latex_parser import parse_latex
from symconv.notation.source import Source
from symconv.ops.layer import apply, elementwise
from symconv.ops.window import index_names
from symconv.read.expression import (
    Access,
    Add,
    Binding,
    Call,
    Diff,
    Divide,
    Elementwise,
    Expr,
    Mul,
    Negate,
    Num,
    Ref,
    Signed,
    Tuple,
)
from symconv.read.grammar import Grammar
from symconv.read.library import TENSORS as OPERANDS
from symconv.read.operators import call, join, tried
from symconv.read.positions import Positions
from symconv.read.world import World
from symconv.term.polynomial import Poly
from symconv.term.tensor import Axis, Tensor, define
from symconv.term.value import Entry, Function, Number, Plus, Position, Reciprocal, Times, Value, multiply

if TYPE_CHECKING:
    from symconv.read.values import Values


class Tensors(Positions):
    """Builds tensors; `wanted` are the axes of the left side, where there is one."""

    def __init__(
        self,
        world: World,
        source: Source,
        indices: frozenset[str] = frozenset(),
        wanted: tuple[Axis, ...] | None = None,
    ) -> None:
        super().__init__(world, source, indices)
        self.wanted = wanted

    def is_whole(self, expr: Expr) -> bool:
        """Whether the expression stands for a tensor, not for one number."""
        match expr:
            case Ref(name=name):
                ranks = self.world.kinds.ranks(name)
                return name not in self.indices and ranks is not None and ranks.count > 0
            case Call():
                return True
            case Signed(left=left, right=right):
                return self.is_whole(left) or self.is_whole(right)
            case Diff(by=by):
                return self.is_whole(by)
            case Add(terms=parts):
                return any(map(self.is_whole, parts))
            case Mul(factors=parts):
                rest = self._uncontracted(parts)
                return any(map(self.is_whole, rest))
            case Negate(body=body) | Elementwise(argument=body) | Divide(top=body):
                return self.is_whole(body)
        return False

    def tensor(self, expr: Expr) -> Tensor:
        match expr:
            case Ref(name=name):
                return self.world.tensor(name, self.source, expr.at)
            case Call():
                return self._call(expr)
            case Signed():
                return self._signed(expr)
            case Diff():
                return self._gradient(expr)
            case Add(terms=terms):
                return self._sum(terms, expr.at)
            case Negate(body=body):
                return self._scaled((Num(Fraction(-1), at=expr.at),), body)
            case Divide(top=top, bottom=bottom) if not self.is_whole(bottom):
                return self._scaled((Divide(Num(Fraction(1)), bottom, at=expr.at),), top)
            case Mul(factors=factors) if len(whole := [f for f in factors if self.is_whole(f)]) == 1:
                return self._scaled(tuple(f for f in factors if f is not whole[0]), whole[0])
            case Mul(factors=factors) if len(factors) == 2:
                return self._chain(factors, expr.at)
            case Elementwise(function=name, order=order, argument=argument):
                return apply(Function(name, order), self.tensor(argument))
        raise self.source.fault(
            expr.at,
            f"{type(expr).__name__.lower()} of whole tensors",
            "a tensor, a declared operation, or entries",
            "write the formula by its entries, or declare the sign with op",
        )

    # -- operations --------------------------------------------------------------------

    def _call(self, expr: Call) -> Tensor:
        inner = self._inner()
        fact = self.world.kinds.op(expr.operation)
        options = {name: inner.argument(e) for name, e in expr.options}
        if fact is not None:
            if len(expr.arguments) != 2:
                raise self.source.fault(
                    expr.at, f"{expr.operation} of {len(expr.arguments)} tensors", "two", "give two tensors"
                )
            return self._join(expr.operation, expr.arguments[0], expr.arguments[1], options, expr.at)
        for operand in expr.arguments[: OPERANDS.get(expr.operation, 0)]:
            if isinstance(operand, Ref) and self.world.kinds.kind(operand.name) is None:
                raise self.source.fault(
                    operand.at,
                    f"{operand.name} in {expr.operation}",
                    "a declared tensor",
                    f"declare tensor {operand.name}[..]",
                )
        tensors = [inner.tensor(e) for e in expr.arguments if inner.is_whole(e)]
        others = [inner.argument(e) for e in expr.arguments if not inner.is_whole(e)]
        return call(expr.operation, tensors, others, options, self.source, expr.at)

    def argument(self, expr: Expr) -> object:
        """A number, a tuple of numbers, a word such as `full`, or a tensor (the weight of a pooling)."""
        if isinstance(expr, Tuple):
            return tuple(self.argument(e) for e in expr.items)
        if isinstance(expr, Ref) and expr.name in ("valid", "full", "same", "rows", "columns"):
            return expr.name
        if isinstance(expr, Ref) and self.world.kinds.kind(expr.name) == "tensor":
            return self.tensor(expr)
        return self.poly(expr)

    def _signed(self, expr: Signed) -> Tensor:
        return self._join(expr.sign, expr.left, expr.right, {}, expr.at)

    def _join(self, sign: str, left: Expr, right: Expr, options: dict[str, object], at: int) -> Tensor:
        fact = self.world.kinds.op(sign)
        inner = self._inner()
        for side in (left, right):
            if not inner.is_whole(side):
                raise self.source.fault(
                    side.at,
                    f"{sign} between a tensor and a number",
                    "two tensors",
                    "write \\cdot for the product with a number",
                )
        if fact is None:
            raise self.source.fault(
                at,
                f"{sign} between tensors",
                "a declared meaning",
                f"declare it: op {sign} = correlation valid, or convolution full, ...",
            )
        given = {name: self.argument_text(text) for name, text in fact.options}
        return join(
            fact,
            inner.tensor(left),
            inner.tensor(right),
            self.wanted,
            {**given, **options},
            self.world,
            self.source,
            at,
        )

    def argument_text(self, text: Source) -> object:
        """An option of an `op` line, written in the block."""
        row = parse_latex(text)
        expr = Grammar(text, self.world.kinds).expression(row.items, row.at)
        return Tensors(self.world, text).argument(expr)

    def _gradient(self, expr: Diff) -> Tensor:
        assert isinstance(expr.by, (Access, Ref))
        if isinstance(expr.value, Ref) and expr.value.name in self.world.facts.losses and isinstance(expr.by, Ref):
            return self.world.by_loss(expr.by.name, self.source, expr.at, expr.value.name)
        ranks = self.world.kinds.ranks(expr.value.name) if isinstance(expr.value, Ref) else None
        if isinstance(expr.value, Ref) and isinstance(expr.by, Ref) and ranks is not None and not ranks.count:
            scalar = self.world.tensor(expr.value.name, self.source, expr.at)
            by = self.world.tensor(expr.by.name, self.source, expr.at)
            return tried(lambda: gradient(scalar, by), self.source, expr.at)
        raise self.source.fault(
            expr.at,
            "a derivative of one tensor by another",
            "a derivative of the loss, or of an entry by an entry",
            "write indices",
        )

    def _sum(self, terms: tuple[Expr, ...], at: int) -> Tensor:
        inner = self._same()
        result = inner.tensor(terms[0])
        sides = [(isinstance(t, Negate), inner.tensor(t.body if isinstance(t, Negate) else t)) for t in terms[1:]]
        for negative, tensor in sides:
            try:
                result = elementwise(result, tensor, "-" if negative else "+")
            except SymconvError as problem:
                raise self.source.ill_formed(
                    at, f"{problem.place}: {problem.found}", problem.expected, problem.change
                ) from problem
        return result

    def _scaled(self, numbers: tuple[Expr, ...], whole: Expr) -> Tensor:
        """`2 X`, `-X`, `X / n`: every entry times the numbers."""
        from symconv.read.values import Values

        tensor = self._same().tensor(whole)
        value = Values(self.world, self.source).value(Mul(numbers))

        def entry(*index: Poly) -> Value:
            return multiply(value, tensor[index])

        return define(f"({_text(value)} {tensor.name})", tensor.axes, entry, indices=index_names(tensor.rank))

    # -- the chain rule with whole tensors --------------------------------------------------

    def contraction(self, first: Expr, second: Expr) -> tuple[list[Binding], Diff, Diff] | None:
        """`dL/dF dF/dK`: both by and of the whole F; the entries of F to sum over."""
        if not (isinstance(first, Diff) and isinstance(second, Diff) and isinstance(first.by, Ref)):
            return None
        if not isinstance(second.value, Ref) or second.value.name != first.by.name or not self.is_whole(first.by):
            return None
        ranks = self.world.kinds.ranks(first.by.name)
        assert ranks is not None
        names = [f"{first.by.name}_{k + 1}" for k in range(ranks.count)]
        entry = Access(first.by.name, tuple(Ref(n, at=first.at) for n in names), at=first.at)
        bindings = [Binding(n, at=first.at) for n in names]
        return bindings, Diff(first.value, entry, at=first.at), Diff(entry, second.by, at=second.at)

    def _uncontracted(self, factors: tuple[Expr, ...]) -> list[Expr]:
        """The factors whose whole tensors are not summed away."""
        for n, (first, second) in enumerate(pairwise(factors)):
            if self.contraction(first, second) is not None:
                assert isinstance(second, Diff)
                return [*factors[:n], second.by, *factors[n + 2 :]]
        return list(factors)

    def _chain(self, factors: tuple[Expr, ...], at: int) -> Tensor:
        """`dL/dF dF/dK` as a tensor of K's axes."""
        linked = self.contraction(*factors)
        second = factors[1]
        if linked is None or not isinstance(second, Diff) or not isinstance(second.by, Ref):
            raise self.source.fault(
                at,
                "a product of whole tensors",
                "a declared sign between them, or entries",
                "declare the sign with op, or write indices",
            )
        target = self.world.tensor(second.by.name, self.source, at)
        names = [f"{second.by.name}_{k + 1}'" for k in range(target.rank)]
        by = Access(second.by.name, tuple(Ref(n, at=at) for n in names), at=at)
        values = self.entries(names)
        product = Mul((factors[0], Diff(second.value, by, at=second.at)), at=at)
        return define("dL/dF dF/dK", target.axes, lambda *_: values.value(product), indices=tuple(names))

    def entries(self, names: list[str]) -> Values:
        from symconv.read.values import Values

        return Values(self.world, self.source, self.indices | frozenset(names))

    def _inner(self) -> Tensors:
        return type(self)(self.world, self.source, self.indices, None)

    def _same(self) -> Tensors:
        return type(self)(self.world, self.source, self.indices, self.wanted)


def _text(number: Value) -> str:
    """A number made of sizes and scalars, for the name of what it multiplies."""
    match number:
        case Number(value=value):
            return str(value)
        case Position(poly=poly):
            return f"({poly})"
        case Entry(tensor=tensor):
            return tensor.name
        case Reciprocal(argument=argument):
            return f"1/{_text(argument)}"
        case Times(factors=factors):
            return " ".join(map(_text, factors))
        case Plus(terms=terms):
            return f"({' + '.join(map(_text, terms))})"
    return "(a number)"
