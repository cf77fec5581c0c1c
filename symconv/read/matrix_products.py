"""Matrices and vectors multiplied and turned: shapes are looked at here, forms before."""

from __future__ import annotations

from symconv.notation.source import Source
from symconv.ops.matrix import matmul, outer
from symconv.ops.window import index_names, transpose
from symconv.read.matrices import PRODUCTS, Form
from symconv.read.operators import tried
from symconv.term.tensor import Call, Tensor, define
from symconv.term.value import Entry, Range, Value, multiply, total


def multiplied(left: tuple[Tensor, Form], right: tuple[Tensor, Form], source: Source, at: int) -> tuple[Tensor, Form]:
    """The product of two whole tensors side by side."""
    (a, form), (b, other) = left, right
    if form == "number" or other == "number":
        number, tensor = (a, right) if form == "number" else (b, left)
        return _times(Entry(number, ()), tensor[0]), tensor[1]
    result = PRODUCTS.get((form, other))
    if result is None:
        raise source.ill_formed(
            at,
            f"a {form} times a {other} ({a.name} {a.shape}, {b.name} {b.shape})",
            "rows times columns: a matrix or a row before, a matrix or a column behind",
            "transpose one of the two, or declare the sign between them with op",
        )
    if (form, other) == ("column", "row"):
        return outer(a, b), result
    if a.axes[-1].extent == b.axes[0].extent and a.axes[-1] != b.axes[0]:
        raise source.fault(
            at,
            f"{a.name} and {b.name}, whose indices begin at {a.axes[-1].low} and {b.axes[0].low}",
            "one first index",
            "write the product by its entries",
        )
    if result == "number":
        axis = a.axes[0]
        if axis != b.axes[0]:
            raise source.ill_formed(
                at, f"{axis.extent} entries times {b.axes[0].extent}", "as many on both sides", "correct one of the two"
            )
        ranges = (Range("k", axis.low, axis.high),)
        made = Call("dot", (a, b))
        name = f"dot({a.name}, {b.name})"
        return define(name, (), lambda: total(ranges, multiply(a["k"], b["k"])), indices=(), call=made), result
    return tried(lambda: matmul(a, b), source, at), result


def flipped(tensor: Tensor, form: Form, source: Source, at: int) -> Tensor:
    """The transpose: a vector changes its form only."""
    if form == "tensor":
        raise source.fault(
            at, f"the transpose of {tensor.name}, which has {tensor.rank} axes", "a matrix or a vector", "use indices"
        )
    if form == "number":
        return tensor
    if form == "matrix":
        return transpose(tensor)
    turned = Call("turned", (tensor,))  # the same entries; the form says that it lies
    return define(f"turned({tensor.name})", tensor.axes, lambda *i: tensor[i], indices=("i",), call=turned)


def _times(number: Value, tensor: Tensor) -> Tensor:
    made = Call("scaled", (tensor,), (("factor", number),))
    name = f"({tensor.name} times a number)"
    indices = index_names(tensor.rank)
    return define(name, tensor.axes, lambda *i: multiply(number, tensor[i]), indices=indices, call=made)
