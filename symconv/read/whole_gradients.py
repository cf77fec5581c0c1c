"""Gradients, Jacobians and chain rules of whole tensors: `dL/dF dF/dK`."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from symconv.calculus.gradient import gradient
from symconv.ops.window import index_names
from symconv.read.expression import (
    Access,
    Binding,
    Diff,
    Expr,
    Mul,
    Ref,
)
from symconv.read.operators import tried
from symconv.read.whole import Whole
from symconv.term.polynomial import Poly
from symconv.term.tensor import Call as Operation
from symconv.term.tensor import Defined, Tensor, define
from symconv.term.value import (
    Derivative,
    Value,
)


class WholeGradients(Whole):
    """Reads derivatives in which whole tensors stand."""

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
