"""Expressions as whole tensors: `dL/dK = convolve(dL/dF, X)`."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from symconv.calculus.functions import DERIVATIVES, slope
from symconv.notation.latex_parser import parse_latex
from symconv.notation.source import Source
from symconv.ops.layer import apply
from symconv.ops.window import index_names
from symconv.read.arrays import array, windowed
from symconv.read.expression import (
    Add,
    Array,
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
from symconv.read.matrices import PRODUCTS, Form
from symconv.read.matrix_products import flipped, multiplied
from symconv.read.operators import call, join
from symconv.read.whole_gradients import WholeGradients
from symconv.read.whole_sums import WholeSums
from symconv.term.polynomial import Poly
from symconv.term.tensor import Tensor, define
from symconv.term.value import (
    Function,
    Value,
)

STEP = Function("step")


class Tensors(WholeGradients, WholeSums):
    """Builds tensors from expressions, each kind in its own way."""

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

    def _array(self, rows: tuple[tuple[Expr, ...], ...], line: bool, at: int) -> Tensor:
        values = self.entries([])
        entries = tuple(tuple(values.value(cell) for cell in row) for row in rows)
        for row in entries:
            for value in row:
                self._refuse_loose(value, at)
        if self.world.x_first and not line:  # what stands side by side differs in the first index
            entries = tuple(zip(*entries, strict=True))
        return array(entries, line, self.world.base)
