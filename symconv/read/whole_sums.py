"""Sums of whole tensors, and their products with numbers; what is added to every row, and to every entry."""

from __future__ import annotations

from symconv.errors import SymconvError
from symconv.ops.layer import elementwise
from symconv.ops.window import index_names
from symconv.read.expression import (
    Add,
    Expr,
    Mul,
    Negate,
)
from symconv.read.whole import Whole
from symconv.term.polynomial import Poly
from symconv.term.tensor import Call as Operation
from symconv.term.tensor import Tensor, define
from symconv.term.value import (
    Entry,
    Number,
    Plus,
    Position,
    Reciprocal,
    Times,
    Value,
    multiply,
)


class WholeSums(Whole):
    """Reads sums of tensors entry by entry."""

    def _sum(self, terms: tuple[Expr, ...], at: int) -> Tensor:
        inner = self._same()
        whole = [t for t in terms if self.is_whole(t)]
        if not whole:
            raise self.source.fault(at, "a number where a whole tensor stands", "a tensor", "give its entries")
        if len(whole) < len(terms):
            return self._broadcast(whole, [t for t in terms if not self.is_whole(t)], at)
        result = inner.tensor(terms[0])
        sides = [(isinstance(t, Negate), inner.tensor(t.body if isinstance(t, Negate) else t)) for t in terms[1:]]
        for negative, tensor in sides:
            tensor = self._to_every_row(tensor, result, at)
            try:
                result = elementwise(result, tensor, "-" if negative else "+")
            except SymconvError as problem:
                raise self.source.ill_formed(
                    at, f"{problem.place}: {problem.found}", problem.expected, problem.change
                ) from problem
        return result

    def _to_every_row(self, vector: Tensor, matrix: Tensor, at: int) -> Tensor:
        """`X W + b`: a vector is added to every row, or to every column, if its extent says to which."""
        if (vector.rank, matrix.rank) != (1, 2):
            return vector
        fits = [n for n, axis in enumerate(matrix.axes) if axis == vector.axes[0]]
        if len(fits) != 1:
            raise self.source.fault(
                at,
                f"the vector {vector.name} {vector.shape} added to a matrix {matrix.shape}",
                "an extent that says whether it is added to every row or to every column",
                "write the formula by its entries",
            )
        line, _ = self.source.position(at)
        self.world.note(line, f"{vector.name} is added to every {('column', 'row')[fits[0]]}")
        made = Operation("repeated", (vector,), (("axis", fits[0]),))
        return define(vector.name, matrix.axes, lambda *i: vector[i[fits[0]]], indices=index_names(2), call=made)

    def _broadcast(self, whole: list[Expr], numbers: list[Expr], at: int) -> Tensor:
        """A tensor plus a number: to every entry; of a matrix, where the diagonal may be meant, if a line says so."""
        vectors = all(self.forms.of(w) in ("column", "row") for w in whole)
        if not vectors and "broadcast" not in self.world.facts.conventions:
            raise self.source.fault(
                numbers[0].at or at,
                "a number added to a whole tensor",
                "two tensors of one shape, or a line that says what is meant",
                "add a line broadcast scalars (to every entry), or write the formula by its entries",
            )
        tensor = self._same().tensor(whole[0] if len(whole) == 1 else Add(tuple(whole), at=at))
        value = self.entries([]).value(numbers[0] if len(numbers) == 1 else Add(tuple(numbers), at=at))
        self._refuse_loose(value, at)
        name = f"({tensor.name} + {_text(value)})"
        made = Operation("broadcast", (tensor,), (("number", value),))
        return define(name, tensor.axes, lambda *i: tensor[i] + value, indices=index_names(tensor.rank), call=made)

    def _scaled(self, numbers: tuple[Expr, ...], tensor: Tensor) -> Tensor:
        """`2 X`, `-X`, `X / n`: every entry times the numbers."""
        value = type(self)(self.world, self.source).entries([]).value(Mul(numbers))

        def entry(*index: Poly) -> Value:
            return multiply(value, tensor[index])

        made = Operation("scaled", (tensor,), (("factor", value),))
        name = f"({_text(value)} {tensor.name})"
        return define(name, tensor.axes, entry, indices=index_names(tensor.rank), call=made)


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
