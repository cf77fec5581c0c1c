"""The table of a network: one row a layer, with its shape and its parameters, for all sizes or at given ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape

import sympy

from symconv.entries.bridge import symbol_of, sympy_from_poly
from symconv.errors import SizeError
from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined, Leaf, Tensor, sizes_in
from symconv.term.value import Entry

INPUT = {"dense": 1, "matmul": 1}  # where a layer's input stands among its operands, if not at first


@dataclass(frozen=True)
class Layer:
    """One operation: its name, the shape of its output, its parameters by name and how many numbers they hold."""

    operation: str
    shape: tuple[sympy.Expr, ...]
    parameters: tuple[str, ...]
    count: sympy.Expr


@dataclass(frozen=True)
class Summary:
    """The layers from the input to the output; `total` counts all parameters, each once."""

    layers: tuple[Layer, ...]
    total: sympy.Expr

    def cells(self) -> list[tuple[str, str, str, str]]:
        """The table as text, with a heading."""
        rows = [("layer", "shape", "parameters", "count")]
        for layer in self.layers:
            shape = " x ".join(map(str, layer.shape)) or "a number"
            rows.append((layer.operation, shape, ", ".join(layer.parameters), str(layer.count) if layer.count else ""))
        return [*rows, ("in all", "", "", str(self.total))]

    def __str__(self) -> str:
        widths = [max(map(len, column)) for column in zip(*self.cells(), strict=True)]
        lines = ("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in self.cells())
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = ("".join(f"<td>{escape(c)}</td>" for c in row) for row in self.cells())
        return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


def summary(f: Tensor, sizes: Mapping[str, int] | None = None) -> Summary:
    """The layers that a tensor is made of; parameters are free data that stand behind a layer's input.

    >>> import symconv as sc
    >>> H, W, r = sc.sizes("H W r")
    >>> hidden = sc.apply("relu", sc.correlate(sc.tensor("X", 1, H, W), sc.tensor("K", 8, 1, r, r)))
    >>> sc.summary(sc.pool(hidden, (2, 2)), H=8, W=8, r=3)
    layer      shape      parameters  count
    correlate  8 x 6 x 6  K           72
    relu       8 x 6 x 6
    pool_max   8 x 3 x 3
    in all                            72

    Raises `SizeError` for a size that it does not have.
    """
    known = {s.name: s for s in sizes_in(Entry(f, ()))}
    strange = sorted(set(sizes or {}) - set(known))
    if strange:
        raise SizeError(f"summary({f.name})", f"the size {strange[0]}", ", ".join(known) or "none", "leave it out")
    given = {symbol_of(known[name]): number for name, number in (sizes or {}).items()}

    def number(poly: Poly) -> sympy.Expr:
        return sympy_from_poly(poly).subs(given)

    layers: list[Layer] = []
    seen: dict[Leaf, None] = {}
    for tensor in _in_order(f):
        call = tensor.call
        place = INPUT.get(call.operation, 0) if call is not None else 0
        own = [t for n, t in enumerate(call.operands if call is not None else ()) if n != place and isinstance(t, Leaf)]
        seen |= dict.fromkeys(own)
        shape = tuple(map(number, tensor.shape))
        count = sympy.Add(*(_numbers(t, given) for t in own))
        layers.append(Layer(_operation(tensor), shape, tuple(t.name for t in own), count))
    return Summary(tuple(layers), sympy.Add(*(_numbers(t, given) for t in seen)))


def _numbers(leaf: Leaf, given: Mapping[sympy.Symbol, int]) -> sympy.Expr:
    return sympy.Mul(*(sympy_from_poly(n).subs(given) for n in leaf.shape))


def _operation(tensor: Defined) -> str:
    if tensor.call is None:
        return tensor.name
    function = dict(tensor.call.options).get("function")
    return tensor.call.operation if function is None else str(getattr(function, "name", function))


def _in_order(f: Tensor, seen: set[Tensor] | None = None) -> Iterator[Defined]:
    """The operations, each after those that it reads."""
    seen = set() if seen is None else seen
    if not isinstance(f, Defined) or f in seen:
        return
    seen.add(f)
    for operand in f.call.operands if f.call is not None else ():
        yield from _in_order(operand, seen)
    yield f


__all__ = ["Layer", "Summary", "summary"]
