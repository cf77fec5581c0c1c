"""What is judged: claims of equality, closed forms, and functions of the user's own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any, cast

import sympy

from symconv.api.arguments import kind_of, number_of, relation_of, tensor_of
from symconv.api.sympy_border import from_sympy
from symconv.entries.structure import EntryVerdict, prove_at, prove_entries
from symconv.errors import BridgeError, ScopeError, ShapeError, SizeError, UsageError
from symconv.evidence import judge, judge_tensors
from symconv.handles.positions import Condition
from symconv.handles.tensors import Tensor
from symconv.handles.values import Value
from symconv.ops.window import index_names
from symconv.proof.closed_form import closed_form as _closed_form
from symconv.proof.problem import equation
from symconv.proof.verdict import Verdict
from symconv.term import tensor as terms
from symconv.term import value as values
from symconv.term.text import text_of_condition


def prove(left: Any, right: Any, assuming: object = ()) -> Verdict | EntryVerdict:
    """Is left = right, for all sizes?  The verdict carries its evidence.

    left, right: tensors, values in index notation, or SymPy arrays (matrices) of entries; beside a tensor or a
    value also a SymPy expression with Sum and Indexed, in the index names of the tensor (i, j, .. for data).
    assuming: hypotheses on the sizes, as SymPy relations: `H >= r`, or `[H >= r, sympy.Eq(c, r)]`; between
    values also on the indices that these leave free.

    >>> import sympy, symconv as sc
    >>> H, r = sc.sizes("H r")
    >>> X, K = sc.tensor("X", H), sc.tensor("K", r)
    >>> F = sc.correlate(X, K)
    >>> G = sc.upstream(F, "G")
    >>> sc.prove(sc.gradient(F, X, G), sc.correlate(sc.pad(G, r - 1), sc.rot180(K)))
    proved for all sizes
    >>> sc.prove(sc.gradient(F, X, G), sc.correlate(sc.pad(G, r - 1), K)).counterexample.sizes
    {'H': 2, 'r': 2}
    """
    single = isinstance(assuming, (str, Condition)) or not isinstance(assuming, Iterable)
    hypotheses = tuple(
        relation_of(a, "assuming") for a in ((assuming,) if single else cast(Iterable[object], assuming))
    )
    left, right = _read_index_expression(left, right), _read_index_expression(right, left)
    if isinstance(left, Tensor) and isinstance(right, Tensor):
        _check_scope(hypotheses, set())
        return judge_tensors(left.term, right.term, hypotheses)
    if isinstance(left, Value) or isinstance(right, Value):
        first, second = number_of(left, "prove"), number_of(right, "prove")
        _check_scope(hypotheses, values.free_indices(first) | values.free_indices(second))
        return judge(equation(first, second, (), hypotheses))
    if hypotheses and (_is_array(left) or _is_array(right)):
        raise UsageError(
            "prove",
            f"assuming={assuming!r} with arrays of entries",
            "no hypotheses",
            "the sizes are fixed: leave it out",
        )
    if _is_array(left) and _is_array(right):
        return prove_entries(left, right)
    if _is_array(left) or _is_array(right):
        _check_fixed(left, right)
        first_side, second_side = (_side(side) for side in (left, right))
        return prove_at(first_side, second_side)
    raise BridgeError(
        "prove",
        f"{type(left).__name__} and {type(right).__name__}",
        "two tensors, two values, or arrays of entries",
        "wrap a SymPy expression in from_sympy(..)",
    )


def _check_scope(hypotheses: Iterable[values.Condition], free: set[str]) -> None:
    """A hypothesis speaks of sizes, and of indices that both sides of a claim leave free."""
    for hypothesis in hypotheses:
        strange = sorted(hypothesis.poly.names() - free)
        if strange:
            raise ScopeError(
                "assuming",
                f"{text_of_condition(hypothesis)} with the index {strange[0]}",
                "sizes, or an index that the claim leaves free",
                "state it entry by entry, prove(X[i], Y[i], assuming=..), or use a size",
            )


def _read_index_expression(item: Any, other: Any) -> Any:
    """A SymPy expression with Sum, Indexed, Piecewise or Max as what it is beside: a value, or a whole tensor."""
    if not isinstance(item, sympy.Expr) or not isinstance(other, (Tensor, Value)):
        return item
    if not item.has(sympy.Sum, sympy.Indexed, sympy.Piecewise, sympy.Max):
        return item
    place = values.Entry(other.term, ()) if isinstance(other, Tensor) else other.term
    read = from_sympy(item, *(Tensor(t) for t in terms.tensors_in(place) if isinstance(t, terms.Leaf)))
    if isinstance(other, Value):
        return read
    names = other.term.parameters if isinstance(other.term, terms.Defined) else index_names(other.ndim)
    strange = sorted(values.free_indices(read.term) - set(names))
    if strange:
        raise ScopeError(
            "prove", f"the free index {strange[0]}", f"the indices {', '.join(names)} of {other.name}", "rename it"
        )
    return Tensor(terms.Defined(f"({item})", names, other.term.axes, read.term))


def _is_array(item: object) -> bool:
    return isinstance(item, (sympy.NDimArray, sympy.MatrixBase))


def _side(item: object) -> object:
    if isinstance(item, Tensor):
        return item.term
    if not _is_array(item):
        raise BridgeError("prove", kind_of(item), "a tensor or an array of entries", "compare entries with entries")
    return item


def _check_fixed(left: Any, right: Any) -> None:
    """Beside an array a tensor has sizes that are numbers."""
    for item in (left, right):
        open_sizes = terms.sizes_in(values.Entry(item.term, ())) if isinstance(item, Tensor) else ()
        if open_sizes:
            given = ", ".join(f"{s.name}=.." for s in open_sizes)
            raise SizeError(
                "prove",
                f"{item.name} with open sizes beside an array of entries",
                "entries on both sides",
                f"unfold it: {item.name}.entries({given})",
            )


def closed_form(derived: Tensor) -> Tensor:
    """The named form of a derived gradient, found and proved for all sizes.

    >>> import symconv as sc
    >>> H, W, r, c = sc.sizes("H W r c")
    >>> X, K = sc.tensor("X", H, W), sc.tensor("K", r, c)
    >>> F = sc.correlate(X, K)
    >>> sc.closed_form(sc.gradient(F, K, sc.upstream(F, "G")))
    corr(X, G)
    """
    term = tensor_of(derived, "closed_form")
    if not isinstance(term, terms.Defined):
        raise ShapeError(f"closed_form({term.name})", "free data", "a gradient", "derive it with gradient(F, X, G)")
    return Tensor(_closed_form(term).tensor)


def compare(function: Callable[..., Any], derived: Tensor, **options: Any) -> Any:
    """Judge a user's own function against a derived tensor; see `symconv.comparing.sweep.compare`.

    >>> import numpy as np, symconv as sc
    >>> n, r = sc.sizes("n r")
    >>> y = sc.correlate(sc.tensor("x", n), sc.tensor("w", r))
    >>> sc.compare(lambda x, w: np.correlate(x, w, "valid"), y).status
    <Status.CHECKED: 'checked'>
    >>> sc.compare(lambda x, w: np.convolve(x, w, "valid"), y).counterexample.at
    {'i': 0}
    """
    from symconv.comparing.sweep import compare as judge_function

    if not callable(function):
        raise UsageError("compare", kind_of(function), "a function of arrays", "give the function itself, without ()")
    known = [p for p in inspect.signature(judge_function).parameters.values() if p.kind is p.KEYWORD_ONLY]
    strange = sorted(set(options) - {p.name for p in known})
    if strange:
        names = ", ".join(p.name for p in known)
        raise UsageError("compare", f"the option {strange[0]}", f"one of {names}", "leave it out or rename it")
    return judge_function(function, tensor_of(derived, "compare"), **options)
