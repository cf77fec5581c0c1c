"""Expressions as whole tensors: `dL/dK = convolve(dL/dF, X)`."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from symconv.calculus.functions import DERIVATIVES, slope
from symconv.calculus.gradient import gradient
from symconv.errors import SymconvError
from symconv.notation.latex_parser import parse_latex
from symconv.notation.source import Source
from symconv.ops.layer import apply, elementwise
from symconv.ops.window import index_names
from symconv.read.arrays import array, windowed
from symconv.read.expression import (
    Access,
    Add,
    Array,
    Binding,
    Call,
    Comparison,
    Diff,
    Divide,
    Elementwise,
    Expr,
    Indicator,
    Mul,
    Negate,
    Num,
    Ref,
    Signed,
    Slice,
    Total,
    Transpose,
    Tuple,
    Windowed,
)
from symconv.read.grammar import Grammar
from symconv.read.library import TENSORS as OPERANDS
from symconv.read.matrices import PRODUCTS, Form, Forms
from symconv.read.matrix_products import flipped, multiplied
from symconv.read.operators import call, join, tried
from symconv.read.positions import Positions
from symconv.read.world import World
from symconv.term.polynomial import Poly
from symconv.term.tensor import Axis, Defined, Tensor, define
from symconv.term.tensor import Call as Operation
from symconv.term.value import (
    Derivative,
    Entry,
    Function,
    Number,
    Plus,
    Position,
    Reciprocal,
    Times,
    Value,
    free_indices,
    multiply,
)

if TYPE_CHECKING:
    from symconv.read.values import Values


STEP = Function("step")


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
            case Call() | Windowed():
                return True
            case Transpose() | Mul() | Indicator() | Slice() | Total():
                return self.forms.of(expr) != "number"
            case Array(rows=rows):
                return len(rows) > 1 or len(rows[0]) > 1
            case Signed(left=left, right=right):
                return self.is_whole(left) or self.is_whole(right)
            case Diff(value=value, by=by):
                return self.is_whole(by) or (isinstance(value, Ref) and self.is_whole(value))
            case Add(terms=parts):
                return any(map(self.is_whole, parts))
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
            case Slice(name=name, index=index):
                return self._slice(name, index, expr.at)
            case Total():
                raise self.source.fault(
                    expr.at,
                    "a sum of whole images",
                    "a sum of entries, or a sign declared with channels summed",
                    "write it by its entries",
                )
            case Array(rows=rows, line=line):
                return self._array(rows, line, expr.at)
            case Windowed(meaning=meaning, window=window, body=body):
                inner = self._inner()
                amounts = tuple(self.poly(w) for w in window)
                split = self.world.facts.conventions.get("ties") == "split"
                return windowed(meaning, inner.tensor(body), amounts, self.world.base, split, self.source, expr.at)
            case Add(terms=terms):
                return self._sum(terms, expr.at)
            case Negate(body=body):
                return self._scaled((Num(Fraction(-1), at=expr.at),), self._same().tensor(body))
            case Divide(top=top, bottom=bottom) if not self.is_whole(bottom):
                return self._scaled((Divide(Num(Fraction(1)), bottom, at=expr.at),), self._same().tensor(top))
            case Mul(factors=factors) if any(map(self.is_whole, factors)) or self._links(factors):
                return self._product_of_tensors(expr)[0] if not self._links(factors) else self._chain(factors, expr.at)
            case Transpose(body=body):
                self._refuse_x_first((self.forms.of(body),), expr.at)
                return flipped(self._inner().tensor(body), self.forms.of(body), self.source, expr.at)
            case Indicator(conditions=conditions):
                return self._steps(conditions, expr.at)
            case Elementwise(function=name, order=order, argument=argument):
                return self._applied(name, order, self.tensor(argument), expr.at)
        raise self.source.fault(
            expr.at,
            f"{type(expr).__name__.lower()} of whole tensors",
            "a tensor, a declared operation, or entries",
            "write the formula by its entries, or declare the sign with op",
        )

    # -- products side by side -----------------------------------------------------------

    @property
    def forms(self) -> Forms:
        return Forms(self.world.kinds, self.world.vectors or "columns", self.indices)

    def _product_of_tensors(self, expr: Mul) -> tuple[Tensor, Form]:
        """Matrices and vectors side by side, from left to right; the numbers among them are factors."""
        numbers = [f for f in expr.factors if not self.is_whole(f)]
        whole = [(n, f) for n, f in enumerate(expr.factors) if self.is_whole(f)]
        for n, factor in whole[1:]:
            if n in expr.dotted:
                raise self.source.fault(
                    factor.at,
                    "a product of whole tensors with a dot or a cross",
                    "a declared sign between them, matrices side by side, or entries",
                    "declare the sign: op \\cdot = matmul or hadamard",
                )
        alone = self._same() if len(whole) == 1 else self._inner()
        result = alone.tensor(whole[0][1]), self.forms.of(whole[0][1])
        for _, factor in whole[1:]:
            right = alone.tensor(factor), self.forms.of(factor)
            self._check_direction((result[1], right[1]), expr.at)
            if (result[1], right[1]) not in PRODUCTS and any(isinstance(f, Slice) for _, f in whole):
                raise self.source.fault(
                    factor.at,
                    "a product with a part of a matrix, which may be a row or a column",
                    "a vector with a name, or entries",
                    "write the product by its entries",
                )
            self._refuse_x_first((result[1], right[1]), factor.at)
            result = multiplied(result, right, self.source, factor.at)
        return (self._scaled(tuple(numbers), result[0]), result[1]) if numbers else result

    def _refuse_x_first(self, forms: tuple[Form, ...], at: int) -> None:
        """Products and transposes of matrices are said of rows and columns in this order."""
        if self.world.x_first and "matrix" in forms:
            raise self.source.fault(
                at,
                "a product or a transpose of matrices under axes x-y",
                "indices, where the first one counts columns",
                "write the formula by its entries",
            )

    def _check_direction(self, forms: tuple[Form, Form], at: int) -> None:
        """Vectors that stand as columns here and as rows there are neither."""
        if self.world.vectors is None and set(forms) & {"row", "column"}:
            raise self.source.fault(
                at,
                "a vector in a product, where vectors stand as columns and as rows",
                "one of the two throughout",
                "add a line vectors columns or vectors rows, and transpose the others",
            )

    def _steps(self, conditions: tuple[Comparison, ...], at: int) -> Tensor:
        """`1[y > 0]` of a whole tensor: 1 where an entry is positive, else 0."""
        condition = conditions[0]
        ends = (condition.left, condition.right)
        if len(conditions) > 1 or condition.relation not in ("<", ">") or Num(Fraction(0)) not in ends:
            raise self.source.fault(
                at, "a condition on a whole tensor", "one comparison with 0, y > 0 or y < 0", "write it by its entries"
            )
        left, right = ends if condition.relation == ">" else ends[::-1]
        body = left if right == Num(Fraction(0)) else Negate(right, at=at)
        return apply(STEP, self._inner().tensor(body))

    def _slice(self, name: str, index: tuple[Expr | None, ...], at: int) -> Tensor:
        """A whole image among several: the axes that are left whole."""
        tensor = self.world.tensor(name, self.source, at)
        if len(index) != tensor.rank:
            raise self.source.ill_formed(
                at, f"{len(index)} places of {name}", f"{tensor.rank}, one an axis", "give every axis an index or ':'"
            )
        places = [None if i is None else self.poly(i) for i in index]
        loose = sorted(n for place in places if place is not None for n in place.names())
        if loose:
            raise self.source.fault(
                at,
                f"a part of {name} at the index {loose[0]}, inside a sum",
                "a part at a free index, at a size or at a number",
                "write the formula by its entries",
            )
        axes = tuple(a for a, place in zip(tensor.axes, places, strict=True) if place is None)

        def entry(*whole: Poly) -> Value:
            rest = iter(whole)
            return tensor[tuple(next(rest) if place is None else place for place in places)]

        written = ", ".join(":" if place is None else str(place) for place in places)
        made = define(f"{name}[{written}]", axes, entry, indices=index_names(len(axes)))
        return replace(made, outside=tensor.outside)

    def _applied(self, name: str, order: int, argument: Tensor, at: int) -> Tensor:
        """A function of every entry; a derivative of a known one by its formula."""
        made = apply(Function(name, order), argument)
        if not order or name not in DERIVATIVES:
            return made
        if order > 1:
            raise self.source.unsupported(at, f"a second derivative of {name}", "write it out")

        def entry(*index: Poly) -> Value:
            return slope(Function(name), argument[index])

        return define(made.name, argument.axes, entry, indices=index_names(argument.rank), call=made.call)

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
        options = self._with_conventions(expr, options)
        tensors = [inner.tensor(e) for e in expr.arguments if inner.is_whole(e)]
        mode = options.get("mode", "valid")
        padded = "padding" in options or mode != "valid" or expr.operation in ("pad", "transposed")
        self._refuse_going_on(tensors if padded else [], expr.operation, expr.at)
        others = [inner.argument(e) for e in expr.arguments if not inner.is_whole(e)]
        return call(expr.operation, tensors, others, options, self.source, expr.at, self.world.base)

    def _with_conventions(self, expr: Call, options: dict[str, object]) -> dict[str, object]:
        """What the block says of an operation: the order of vec, who wins a tie, the sum or the mean of a window."""
        said = self.world.facts.conventions
        if expr.operation in ("vec", "toeplitz"):
            options = options if "order" in options else {**options, **self._order(expr)}
            if self.world.x_first:
                options = {**options, "order": "columns" if options.get("order") == "rows" else "rows"}
        if expr.operation == "pool_average" and said.get("pool") == "sum":
            return {"weight": 1, **options}
        if expr.operation == "pool_max" and said.get("ties") == "split":
            return {"ties": "split", **options}
        return options

    def _order(self, expr: Call) -> dict[str, object]:
        """The order of vec as the block states it; a vec in a formula has no order of its own."""
        stated = self.world.facts.conventions.get("vec")
        if stated is None and expr.operation == "vec" and len(expr.arguments) == 1:
            raise self.source.fault(
                expr.at,
                "vec without an order",
                "columns below each other, or rows",
                "add a line vec columns or vec rows",
            )
        plain = {"vec": 1, "toeplitz": 2}[expr.operation]
        return {"order": stated} if stated is not None and len(expr.arguments) <= plain else {}

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
        return self._join(expr.sign, expr.left, expr.right, {}, expr.at, expr.mode)

    def _join(
        self, sign: str, left: Expr, right: Expr, options: dict[str, object], at: int, mode: str | None = None
    ) -> Tensor:
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
        if mode is not None and fact.mode not in (None, mode):
            raise self.source.fault(
                at,
                f"{sign} with the label {mode}, declared as {fact.mode}",
                "one mode",
                f"declare op {sign} = {fact.meaning} without a mode, or remove the label",
            )
        fact = replace(fact, mode=mode or fact.mode)
        inner = self._same() if fact.meaning == "hadamard" else inner  # its operands have the axes of the result
        given = {n: n if n == "channels" else self.argument_text(text) for n, text in fact.options}
        first, second = inner.tensor(left), inner.tensor(right)
        padded = fact.mode != "valid" or "padding" in given or "padding" in options
        self._refuse_going_on(
            [first, second] if padded and fact.meaning in ("correlation", "convolution") else [], sign, at
        )
        return join(
            fact,
            first,
            second,
            self.wanted,
            {**given, **options},
            self.world,
            self.source,
            at,
        )

    def _refuse_going_on(self, tensors: list[Tensor], operation: str, at: int) -> None:
        """An operation that puts zeros around a tensor, of one that goes on beyond its ends."""
        for tensor in tensors:
            rule = self.world.goes_on(tensor.name)
            if rule is not None:
                raise self.source.fault(
                    at,
                    f"{operation} with zeros around {tensor.name}, which is {rule} outside",
                    "a valid operation, or the formula of one entry",
                    "write the operation by its entries; they are read beyond the ends as the block says",
                )

    def argument_text(self, text: Source) -> object:
        """An option of an `op` line, written in the block."""
        row = parse_latex(text)
        expr = Grammar(text, self.world.kinds).expression(row.items, row.at)
        return Tensors(self.world, text).argument(expr)

    def _gradient(self, expr: Diff) -> Tensor:
        assert isinstance(expr.by, (Access, Ref))
        if self.forms.numerator and not expr.shaped and self.forms.of(expr.by) == "matrix":
            raise self.source.fault(
                expr.at,
                "the derivative by a whole matrix in numerator layout, which is its transpose to some",
                "a gradient in the shape of the matrix, or entries",
                "write \\nabla_W L, or the derivative by W_{i,j}",
            )
        if isinstance(expr.value, Ref) and expr.value.name in self.world.facts.losses and isinstance(expr.by, Ref):
            return self.world.by_loss(expr.by.name, self.source, expr.at, expr.value.name)
        ranks = self.world.kinds.ranks(expr.value.name) if isinstance(expr.value, Ref) else None
        if isinstance(expr.value, Ref) and isinstance(expr.by, Ref) and ranks is not None and not ranks.count:
            scalar = self.world.tensor(expr.value.name, self.source, expr.at)
            by = self.world.tensor(expr.by.name, self.source, expr.at)
            self.world.rates.refuse_in(scalar, self.source, expr.at)
            made = tried(lambda: gradient(scalar, by), self.source, expr.at)
            return replace(made, name=f"d{scalar.name}/d{by.name}") if isinstance(made, Defined) else made
        if isinstance(expr.value, Ref) and self.is_whole(expr.value) and not self.is_whole(expr.by):
            return self._each_by(expr)
        if isinstance(expr.value, Ref) and isinstance(expr.by, Ref) and self.forms.of(expr) == "matrix":
            return self._jacobian(expr.value, expr.by, expr.at)
        raise self.source.fault(
            expr.at,
            "a derivative of one tensor by another",
            "a derivative of the loss, or of an entry by an entry",
            "write indices",
        )

    def _jacobian(self, value: Ref, by: Ref, at: int) -> Tensor:
        """Every entry of a vector by every entry of another; the layout says which of the two runs over the rows."""
        if "layout" not in self.world.facts.conventions:
            raise self.source.fault(
                at,
                "a derivative of one vector by another",
                "a layout: an output a row (numerator) or a column (denominator)",
                "add a line layout numerator or layout denominator, or write indices",
            )
        y = self.world.tensor(value.name, self.source, value.at)
        x = self.world.tensor(by.name, self.source, by.at)
        rows, columns = (y, x) if self.forms.numerator else (x, y)

        self.world.rates.refuse_in(y, self.source, at)

        def entry(i: Poly, j: Poly) -> Value:
            output, source = (i, j) if self.forms.numerator else (j, i)
            return Derivative(y[output], x[source])

        name = f"d{value.name}/d{by.name}"
        made = Operation("jacobian", (y, x), (("numerator", self.forms.numerator),))
        return define(name, (*rows.axes, *columns.axes), entry, indices=("i", "j"), call=made)

    def _each_by(self, expr: Diff) -> Tensor:
        """Every entry of a tensor by one number: a tensor of the same axes."""
        assert isinstance(expr.value, Ref)
        tensor = self.world.tensor(expr.value.name, self.source, expr.at)
        values = self.entries([])
        target, index = values.target(expr.by)
        by = values.data(target, index, expr.by.at)
        self._refuse_loose(by, expr.at)
        self.world.rates.refuse_in(tensor, self.source, expr.at)
        name = f"d{tensor.name}/d{target.name}"
        made = Operation("each_by", (tensor,), (("by", by),))
        indices = index_names(tensor.rank)
        return define(f"({name})", tensor.axes, lambda *i: Derivative(tensor[i], by), indices=indices, call=made)

    def _array(self, rows: tuple[tuple[Expr, ...], ...], line: bool, at: int) -> Tensor:
        values = self.entries([])
        entries = tuple(tuple(values.value(cell) for cell in row) for row in rows)
        for row in entries:
            for value in row:
                self._refuse_loose(value, at)
        if self.world.x_first and not line:  # what stands side by side differs in the first index
            entries = tuple(zip(*entries, strict=True))
        return array(entries, line, self.world.base)

    def _refuse_loose(self, value: Value, at: int) -> None:
        """A whole tensor is made of numbers, not of formulas in a free index."""
        loose = sorted(free_indices(value))
        if loose:
            raise self.source.fault(
                at,
                f"a whole tensor in which the index {loose[0]} is free",
                "whole tensors without free indices",
                "write the formula by its entries",
            )

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
        from symconv.read.values import Values

        value = Values(self.world, self.source).value(Mul(numbers))

        def entry(*index: Poly) -> Value:
            return multiply(value, tensor[index])

        made = Operation("scaled", (tensor,), (("factor", value),))
        name = f"({_text(value)} {tensor.name})"
        return define(name, tensor.axes, entry, indices=index_names(tensor.rank), call=made)

    # -- the chain rule with whole tensors --------------------------------------------------

    def contraction(self, first: Expr, second: Expr) -> tuple[list[Binding], Diff, Diff] | None:
        """`dL/dF dF/dK`: both by and of the whole F; the entries of F to sum over."""
        if not self.forms.linked(first, second):
            return None
        assert isinstance(first, Diff)
        assert isinstance(second, Diff)
        assert isinstance(first.by, Ref)
        ranks = self.world.kinds.ranks(first.by.name)
        assert ranks is not None
        names = [f"{first.by.name}_{k + 1}" for k in range(ranks.count)]
        entry = Access(first.by.name, tuple(Ref(n, at=first.at) for n in names), at=first.at)
        bindings = [Binding(n, at=first.at) for n in names]
        return bindings, Diff(first.value, entry, at=first.at), Diff(entry, second.by, at=second.at)

    def _links(self, factors: tuple[Expr, ...]) -> bool:
        return any(self.forms.linked(*pair) for pair in pairwise(factors))

    def _chain(self, factors: tuple[Expr, ...], at: int) -> Tensor:
        """`dL/dF dF/dK` as a tensor of K's axes."""
        second = factors[-1]
        if len(factors) > 2 or not isinstance(second, Diff) or not isinstance(second.by, Ref):
            raise self.source.fault(
                at,
                "a chain rule with whole tensors and further factors",
                "two factors, dL/dF dF/dK",
                "write the product by its entries",
            )
        target = self.world.tensor(second.by.name, self.source, at)
        names = [f"{second.by.name}_{k + 1}'" for k in range(target.rank)]
        by = Access(second.by.name, tuple(Ref(n, at=at) for n in names), at=at)
        values = self.entries(names)
        product = Mul((factors[0], Diff(second.value, by, at=second.at)), at=at)
        first = factors[0]
        assert isinstance(first, Diff)
        assert isinstance(first.by, Ref)
        made = Operation("chain", (self._inner().tensor(first), self._inner().tensor(first.by), target))
        name = f"chain({first.by.name}, {second.by.name})"
        return define(name, target.axes, lambda *_: values.value(product), indices=tuple(names), call=made)

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
