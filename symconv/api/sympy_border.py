"""Index expressions of SymPy, in and out."""

from __future__ import annotations

from collections.abc import Iterable

import sympy

from symconv.api.arguments import kind_of, tensor_of
from symconv.errors import BridgeError, NameClash
from symconv.handles.reading import unwrapped
from symconv.handles.tensors import Tensor
from symconv.handles.values import Value
from symconv.term import tensor as terms


def from_sympy(expr: sympy.Expr, *tensors: Tensor) -> Value:
    """An index expression (Sum, Indexed, Piecewise, Max) as a value.

    >>> import sympy, symconv as sc
    >>> n, k = sc.sizes("n"), sc.indices("k")
    >>> x = sc.tensor("x", n)
    >>> twice = sc.from_sympy(sympy.Sum(2 * sympy.IndexedBase("x")[k], (k, 0, n - 1)), x)
    >>> sc.prove(twice, sc.total(x[k] + x[n - 1 - k], (k, 0, n - 1)))
    proved for all sizes
    """
    from symconv.entries.inward import from_sympy as read

    return Value(read(unwrapped(expr) if isinstance(expr, Value) else expr, _by_name(tensors)))


def _by_name(tensors: Iterable[object]) -> dict[str, terms.Tensor]:
    found: dict[str, terms.Tensor] = {}
    for item in tensors:
        term = tensor_of(item, "from_sympy")
        if found.setdefault(term.name, term) != term:
            raise NameClash(
                "from_sympy", f"two tensors {term.name}", "one tensor for one name", "rename one of the two"
            )
    return found


def to_sympy(item: Tensor | Value) -> sympy.Expr:
    """A tensor's entry, or a value, as a SymPy expression.

    >>> import symconv as sc
    >>> n, r = sc.sizes("n r")
    >>> sc.to_sympy(sc.correlate(sc.tensor("x", n), sc.tensor("w", r)))
    Sum(w[u]*x[i + u], (u, 0, r - 1))
    """
    from symconv.entries.outward import to_sympy as write

    if not isinstance(item, (Tensor, Value)):
        raise BridgeError("to_sympy", kind_of(item), "a tensor or a value", "make one with define or total")
    made: sympy.Expr = write(item.term)
    return made
