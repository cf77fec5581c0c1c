r"""Matrix notation: what stands side by side, `W x + b`, `\delta x^\top`, `W^\top \delta`, `\operatorname{diag}(v)`.

A vector has no direction of its own; the document gives it one.  Where one stands behind a matrix
vectors are columns, where one stands before a matrix they are rows, and where both happen neither is
assumed.  Every product is then checked for its form before a shape is looked at, so that a lost
transpose is said and never repaired in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Literal

from symconv.read.expression import (
    Add,
    Array,
    Call,
    Diff,
    Divide,
    Elementwise,
    Expr,
    Indicator,
    Mul,
    Negate,
    Ref,
    Signed,
    Slice,
    Total,
    Transpose,
    Windowed,
    bound_by,
    walk,
)
from symconv.read.kinds import Kinds, Vectors
from symconv.read.library import AXES

Form = Literal["number", "column", "row", "matrix", "tensor"]
RANKS: dict[Form, int] = {"column": 1, "row": 1, "matrix": 2}
_TURNED: dict[Form, Form] = {"column": "row", "row": "column"}
# a product by the forms of its factors; what is missing cannot be multiplied
PRODUCTS: dict[tuple[Form, Form], Form] = {
    ("matrix", "matrix"): "matrix",
    ("matrix", "column"): "column",
    ("row", "matrix"): "row",
    ("row", "column"): "number",
    ("column", "row"): "matrix",
}


class Forms:
    """The form of an expression, as far as the declared ranks say; extents are not looked at."""

    def __init__(self, kinds: Kinds, vectors: Vectors = "columns", indices: frozenset[str] = frozenset()) -> None:
        self.kinds = kinds
        self.vector: Form = "row" if vectors == "rows" else "column"
        self.indices = indices

    def of(self, expr: Expr) -> Form:
        match expr:
            case Ref(name=name):
                ranks = None if name in self.indices else self.kinds.ranks(name)
                return self._of_rank(ranks.count if ranks is not None else 0)
            case Transpose(body=body):
                return turned(self.of(body))
            case Slice(index=index):
                return self._of_rank(index.count(None))
            case Diff():
                return self._derivative(expr)
            case Call(operation=operation, arguments=arguments):
                return self._call(operation, arguments)
            case Total(body=body):
                return self._inside(bound_by(expr)).of(body)
            case Windowed(body=body) | Negate(body=body) | Elementwise(argument=body) | Divide(top=body):
                return self.of(body)
            case Signed(sign=sign, left=left, right=right):
                fact = self.kinds.op(sign)
                if fact is not None and fact.meaning == "matmul":
                    return self.product([left, right])
                return self.first((left, right))
            case Add(terms=terms):
                return self.first(terms)
            case Indicator(conditions=conditions):
                return self.first(side for c in conditions for side in (c.left, c.right))
            case Mul(factors=factors):
                return self.product(factors)
            case Array(rows=rows, line=line):
                single = len(rows) == 1 and len(rows[0]) == 1
                return "number" if single else self.vector if line else "matrix"
        return "number"

    def _inside(self, names: frozenset[str]) -> Forms:
        inner = Forms(self.kinds, indices=self.indices | names)
        inner.vector = self.vector
        return inner

    def _of_rank(self, rank: int) -> Form:
        return "tensor" if rank > 2 else ("number", self.vector, "matrix")[rank]

    def _call(self, operation: str, arguments: tuple[Expr, ...]) -> Form:
        if operation in AXES:
            return self._of_rank(AXES[operation])
        if operation in ("correlate", "convolve") or self.kinds.op(operation) is not None:
            return self.first(arguments[:2], True)
        return self.of(arguments[int(operation == "dense" and len(arguments) > 1)]) if arguments else "number"

    def _derivative(self, expr: Diff) -> Form:
        """By a whole tensor it has its form, or the layout says which; a whole tensor by a number has its own."""
        above, below = self.of(expr.value), self.of(expr.by)
        if above == "number":
            return turned(below) if self.numerator and not expr.shaped and below in _TURNED else below
        return above if below == "number" else "matrix" if {above, below} <= set(_TURNED) else "tensor"

    @property
    def numerator(self) -> bool:
        return self.kinds.facts.conventions.get("layout") == "numerator"

    @property
    def _denominator(self) -> bool:
        """Jacobians stand before the gradient: dz/dx dL/dz."""
        return self.kinds.facts.conventions.get("layout") == "denominator"

    def first(self, exprs: Iterable[Expr], whole: bool = False) -> Form:
        """The form of the first that is no number; an operation makes a whole tensor in any case."""
        for expr in exprs:
            if (form := self.of(expr)) != "number":
                return form
        return "tensor" if whole else "number"

    def product(self, factors: Iterable[Expr]) -> Form:
        """The form of a product, "tensor" where its factors do not fit."""
        result: Form = "number"
        for form in map(self.of, self.uncontracted(tuple(factors))):
            if "number" in (form, result):
                result = form if result == "number" else result
            else:
                result = PRODUCTS.get((result, form), "tensor")
        return result

    # -- the chain rule ------------------------------------------------------------------

    def linked(self, first: Expr, second: Expr) -> bool:
        """`dL/dF dF/dK`: a number by the whole F, and the whole F; the entries of F are summed over."""
        return (
            isinstance(first, Diff)
            and isinstance(second, Diff)
            and isinstance(first.by, Ref)
            and isinstance(second.value, Ref)
            and second.value.name == first.by.name
            and self.of(first.by) != "number"
            and self.of(first.value) == "number"
            and not (self._denominator and {self.of(first.by), self.of(second.by)} <= set(_TURNED))
        )

    def uncontracted(self, factors: tuple[Expr, ...]) -> list[Expr]:
        """The factors whose whole tensors are not summed away."""
        for n, (first, second) in enumerate(pairwise(factors)):
            if self.linked(first, second):
                assert isinstance(first, Diff)
                assert isinstance(second, Diff)
                return [*factors[:n], replace(second, value=first.value), *factors[n + 2 :]]
        return list(factors)


def turned(form: Form) -> Form:
    return _TURNED.get(form, form)


def directions(expr: Expr, kinds: Kinds) -> Iterator[tuple[Vectors, int]]:
    """What the products of an expression say of its vectors, with the place of each."""
    forms = Forms(kinds)
    for node in walk(expr):
        if isinstance(node, Call) and node.operation == "dense" and forms.of(node) == "column":
            yield "columns", node.at
        if not isinstance(node, Mul):
            continue
        factors = [f for f in forms.uncontracted(node.factors) if forms.of(f) != "number"]
        for left, right in pairwise(factors):
            pair = (forms.of(left), forms.of(right))
            if pair in (("matrix", "column"), ("row", "matrix")):
                yield "columns", node.at
            elif pair in (("column", "matrix"), ("matrix", "row")):
                yield "rows", node.at
