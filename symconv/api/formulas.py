"""Formulas in index notation: definitions of tensors, sums, brackets and conditions."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import sympy

from symconv.api.arguments import kind_of, number_of, relation_of, words_in
from symconv.api.declaring import extents_of
from symconv.entries.bridge import index_symbol
from symconv.errors import ScopeError, ShapeError, UsageError
from symconv.handles.positions import Condition
from symconv.handles.reading import poly_of
from symconv.handles.tensors import Tensor
from symconv.handles.values import Value
from symconv.ops.window import index_names
from symconv.term import tensor as terms
from symconv.term import value as values
from symconv.term.polynomial import Size
from symconv.term.substitution import fresh_name


def define(name: str, extents: Sequence[object], entry: Callable[..., Any], names: Sequence[str] = ()) -> Tensor:
    """A tensor from a formula in index notation.

    entry: a function of the indices (SymPy integer symbols) that gives the value there: entries,
    sums, numbers, positions.  names: of the indices; i, j, k, ... without them.

    >>> import symconv as sc
    >>> n, r = sc.sizes("n r")
    >>> x, w, k = sc.tensor("x", n), sc.tensor("w", r), sc.indices("k")
    >>> y = sc.define("y", [(n - r) // 2 + 1], lambda i: sc.total(w[k] * x[2*i + k], (k, 0, r - 1)))
    >>> print(y.latex())
    y_{i} = \\sum_{k=0}^{r-1} w_{k} x_{2 i+k}
    """
    if not isinstance(name, str) or not name.strip():
        raise ShapeError("define", f"the name {name!r}", "a text", "name the tensor first, then its extents")
    place = f"define {name}"
    if not isinstance(extents, (list, tuple)):
        raise ShapeError(place, f"the extents {extents!r}", "a list of extents", "write [H], or [H, W]")
    polys = extents_of(extents, place)
    chosen = tuple(words_in(" ".join(map(str, names)), "indices")) if names else index_names(len(polys))
    if len(chosen) != len(polys):
        raise ShapeError(place, f"{len(chosen)} names", f"{len(polys)}, one an axis", "name every axis, or none")
    if not callable(entry):
        raise UsageError(place, kind_of(entry), "a function of the indices", "write lambda i: x[i]")
    _check_takes(entry, chosen, place)
    body = number_of(entry(*map(index_symbol, chosen)), place)
    taken = _captured(body, chosen)
    if taken and names:
        raise ScopeError(
            place,
            f"the index {min(taken)}, which a sum inside binds again",
            "names that no sum inside uses",
            "rename the index",
        )
    if taken:  # the sums of the formula keep their names; ours move aside
        chosen = _other_names(chosen, taken | {r.name for v in values.walk(body) for r in _ranges_in(v)})
        body = number_of(entry(*map(index_symbol, chosen)), place)
    return Tensor(terms.define(name, polys, lambda *_: body, indices=chosen))


def _ranges_in(value: values.Value) -> tuple[values.Range, ...]:
    return value.ranges if isinstance(value, (values.Sum, values.Maximum)) else ()


def _captured(body: values.Value, names: Sequence[str]) -> set[str]:
    """The names that a sum or maximum of the formula binds as well."""
    return {r.name for v in values.walk(body) for r in _ranges_in(v)} & set(names)


def _other_names(names: Sequence[str], taken: set[str]) -> tuple[str, ...]:
    """The names, with others in the place of those that are taken; no two of them are the same."""
    chosen: list[str] = []
    for number, name in enumerate(names):
        used = {*taken, *chosen, *names[number + 1 :]}
        free = (n for n in (name, *"ijklmnpqabcdefgh") if n not in used)
        chosen.append(next(free, None) or fresh_name(name, used))
    return tuple(chosen)


def _check_takes(entry: Callable[..., Any], indices: Sequence[str], place: str) -> None:
    """Refuse a function that does not take one argument for each index."""
    try:
        signature = inspect.signature(entry)
    except ValueError:  # a function written in C does not tell
        return
    try:
        signature.bind(*indices)
    except TypeError:
        raise ShapeError(
            place, f"a function of {signature}", f"one of {len(indices)} indices", "take one argument an axis"
        ) from None


def total(value: Any, *limits: tuple[sympy.Symbol, object, object]) -> Value:
    """The sum of a value over index ranges, both ends included: `total(w[k]*x[i+k], (k, 0, r - 1))`.

    >>> import symconv as sc
    >>> n, k = sc.sizes("n"), sc.indices("k")
    >>> x = sc.tensor("x", n)
    >>> sc.prove(sc.total(x[k], (k, 0, n - 1)), sc.total(x[n - 1 - k], (k, 0, n - 1)))
    proved for all sizes

    Of several ranges the outer comes first; a limit may hold the indices before it.  Raises `ScopeError`
    for a limit in an index that is bound behind it.
    """
    ranges = tuple(map(_range, limits))
    for n, outer in enumerate(ranges):
        ends = {name for end in (outer.low, outer.high) if end is not None for name in end.names()}
        late = ends & {r.name for r in ranges[n:]}
        if late:
            raise ScopeError(
                "total",
                f"a limit of {outer.name} in {', '.join(sorted(late))}, which is bound behind it",
                "limits in the indices before them",
                "name the outer sum first: total(x[i], (i, 0, n - 1), (k, 0, i))",
            )
    return Value(values.total(ranges, number_of(value, "total")))


def _range(limit: object) -> values.Range:
    """(k, low, high): an index and both ends."""
    if not isinstance(limit, tuple) or len(limit) != 3:
        raise UsageError("total", f"the limits {limit!r}", "an index and both ends", "write (k, 0, n - 1)")
    index, low, high = limit
    atom = poly_of(index).as_atom if isinstance(index, sympy.Symbol) else None
    if not isinstance(atom, str):
        what = f"the size {index}" if isinstance(atom, Size) else f"{index!r}"
        raise ScopeError("total", f"{what} as an index", "an index", f'make it with indices("{index}")')
    return values.Range(atom, poly_of(low), poly_of(high))


def bracket(*conditions: object) -> Value:
    """1 where all conditions hold, else 0 (Iverson's bracket).

    conditions: SymPy relations between positions, or comparisons of a place that `argmax` gives.

    >>> import symconv as sc
    >>> n, m, (i, a) = sc.sizes("n"), sc.sizes("m"), sc.indices("i a")
    >>> x, G = sc.tensor("x", 2 * n), sc.tensor("G", n)
    >>> y = sc.pool_max(x, 2)
    >>> (u,) = sc.argmax(y, (i,))
    >>> def goes_to(a):
    ...     return sc.total(G[i] * sc.bracket((2 * i + u).equals(a)), (i, 0, n - 1))
    >>> goes = sc.define("goes", [2 * n], goes_to, ["a"])
    >>> sc.prove(sc.gradient(y, x, G), goes)
    proved for all sizes
    """
    if not conditions:
        raise UsageError("bracket", "no conditions", "at least one", "write bracket(i < n)")
    return Value(values.bracket(*(relation_of(c, "bracket") for c in conditions)))


def condition(item: object) -> Condition:
    """A hypothesis from a SymPy relation, or from True and False, to which SymPy may evaluate one.

    >>> import symconv as sc
    >>> H, r = sc.sizes("H r")
    >>> sc.condition(H > r) == sc.condition(H >= r + 1)
    True
    """
    return Condition(relation_of(item, "condition"))
