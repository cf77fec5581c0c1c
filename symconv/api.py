"""The functions that users call: the operations on handles, derivation, proof, and the three big verbs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import sympy
from sympy.core.relational import Relational

from symconv.calculus import gradient as _gradient
from symconv.entries.bridge import index_symbol, poly_from_sympy, size_symbols
from symconv.entries.structure import EntryVerdict, prove_at, prove_entries
from symconv.errors import BridgeError, ShapeError
from symconv.evidence import judge, judge_tensors
from symconv.handles import Tensor, unwrapped, wrapped
from symconv.ops import channels as _channels
from symconv.ops import correlate as _correlate
from symconv.ops import layer as _layer
from symconv.ops import matrix as _matrix
from symconv.ops import pool as _pool
from symconv.ops import window as _window
from symconv.proof.closed_form import closed_form as _closed_form
from symconv.proof.problem import equation
from symconv.proof.verdict import Verdict
from symconv.term import tensor as _terms
from symconv.term.polynomial import Poly
from symconv.term.value import Condition, Entry, Range, Value, ValueLike
from symconv.term.value import total as _total

F = TypeVar("F", bound=Callable[..., Any])


def _public(operation: F) -> F:
    """The operation on handles and SymPy sizes instead of terms."""

    @wraps(operation)
    def call(*args: Any, **options: Any) -> Any:
        return wrapped(operation(*map(unwrapped, args), **{k: unwrapped(v) for k, v in options.items()}))

    return cast(F, call)


correlate = _public(_correlate.correlate)
convolve = _public(_correlate.convolve)
depthwise = _public(_correlate.depthwise)
transposed = _public(_correlate.transposed)
swap_channels = _public(_channels.swap_channels)
correlate_pairs = _public(_channels.correlate_pairs)
pad = _public(_window.pad)
crop = _public(_window.crop)
stuff = _public(_window.stuff)
flip = _public(_window.flip)
rot180 = _public(_window.rot180)
transpose = _public(_window.transpose)
concatenate = _public(_window.concatenate)
vec = _public(_matrix.vec)
unvec = _public(_matrix.unvec)
toeplitz = _public(_matrix.toeplitz)
matmul = _public(_matrix.matmul)
pool_max = _public(_pool.pool_max)
pool_average = _public(_pool.pool_average)
argmax = _public(_pool.argmax)
add_bias = _public(_layer.add_bias)
apply = _public(_layer.apply)
dense = _public(_layer.dense)
softmax = _public(_layer.softmax)
cross_entropy = _public(_layer.cross_entropy)
upstream = _public(_gradient.upstream)
gradient = _public(_gradient.gradient)


def pool(x: Tensor, window: object, kind: str = "max", **options: Any) -> Tensor:
    """Pooling by name: kind "max" or "average"; options as for `pool_max` and `pool_average`.

    >>> pool(tensor("x", sizes("n")), 2, "average").entries(n=4)
    [x[0]/2 + x[1]/2, x[2]/2 + x[3]/2]
    """
    kinds: dict[str, Callable[..., Any]] = {"max": pool_max, "average": pool_average}
    if kind not in kinds:
        raise ShapeError(f"pool({x.name})", f"kind {kind!r}", "'max' or 'average'", "choose one of the two")
    return cast(Tensor, kinds[kind](x, window, **options))


def sizes(names: str, min: int = 1) -> Any:
    """SymPy integer symbols for sizes of at least `min`; one name gives one symbol, several a tuple.

    >>> H, r = sizes("H r")
    >>> p = sizes("p", min=0)
    >>> H - r + 2*p
    H + 2*p - r
    """
    made = size_symbols(names, min)
    return made[0] if len(made) == 1 else made


def indices(names: str) -> Any:
    """SymPy integer symbols for indices.

    >>> i, k = indices("i k")
    >>> 2 * i + k
    2*i + k
    """
    made = tuple(index_symbol(name) for name in names.replace(",", " ").split())
    return made[0] if len(made) == 1 else made


def tensor(name: str, *shape: object, outside: str = "zero") -> Tensor:
    """Free data of this shape; without a shape a scalar.

    outside: what a read outside the shape is, "zero" or "error".

    >>> n = sizes("n")
    >>> tensor("x", n).shape
    (n,)
    """
    if not isinstance(name, str) or not name:
        raise ShapeError("tensor", f"the name {name!r}", "a text", "name the tensor first, then its extents")
    if outside not in ("zero", "error"):
        raise ShapeError(f"tensor {name}", f"outside={outside!r}", "'zero' or 'error'", "choose one of the two")
    axes = tuple(_terms.Axis.of(poly_from_sympy(n)) for n in shape)
    for axis in axes:
        number = axis.extent.as_int
        if number is not None and number < 1:
            raise ShapeError(f"tensor {name}", f"an extent of {number}", "at least 1", "give a positive extent")
    return Tensor(_terms.Leaf(name, axes, cast(Any, outside)))


def define(name: str, extents: Sequence[object], entry: Callable[..., ValueLike], names: Sequence[str] = ()) -> Tensor:
    """A tensor from a formula in index notation.

    entry: a function of the indices (SymPy integer symbols) that gives the value there.

    >>> n, r = sizes("n r")
    >>> x, w, k = tensor("x", n), tensor("w", r), indices("k")
    >>> y = define("y", [(n - r) // 2 + 1], lambda i: total(w[k] * x[2*i + k], (k, 0, r - 1)))
    >>> print(y.latex())
    y_{i} = \\sum_{k=0}^{r-1} w_{k} x_{2 i+k}
    """
    polys = tuple(poly_from_sympy(n) for n in extents)
    chosen = tuple(names) or _window.index_names(len(polys))
    made = _terms.define(name, polys, lambda *index: entry(*(index_symbol(str(i)) for i in index)), indices=chosen)
    return Tensor(made)


def total(value: ValueLike, *limits: tuple[sympy.Symbol, object, object]) -> Value:
    """The sum of a value over index ranges, both ends included: `total(w[k]*x[i+k], (k, 0, r - 1))`.

    >>> n, k = sizes("n"), indices("k")
    >>> x = tensor("x", n)
    >>> prove(total(x[k], (k, 0, n - 1)), total(x[n - 1 - k], (k, 0, n - 1)))
    proved for all sizes
    """
    ranges = tuple(Range(str(name), poly_from_sympy(low), poly_from_sympy(high)) for name, low, high in limits)
    return _total(ranges, value)


# -- proof ---------------------------------------------------------------------------------


def prove(left: Any, right: Any, assuming: Iterable[object] = ()) -> Verdict | EntryVerdict:
    """Is left = right, for all sizes?  The verdict carries its evidence.

    left, right: tensors, values in index notation, or SymPy arrays (matrices) of entries.
    assuming: hypotheses on the sizes, as SymPy relations: `[H >= r, sympy.Eq(c, r)]`.

    >>> H, r = sizes("H r")
    >>> X, K = tensor("X", H), tensor("K", r)
    >>> F = correlate(X, K)
    >>> G = upstream(F, "G")
    >>> prove(gradient(F, X, G), correlate(pad(G, r - 1), rot180(K)))
    proved for all sizes
    >>> prove(gradient(F, X, G), correlate(pad(G, r - 1), K)).counterexample.sizes
    {'H': 2, 'r': 2}
    """
    hypotheses = tuple(condition(a) for a in assuming)
    if isinstance(left, Tensor) and isinstance(right, Tensor):
        return judge_tensors(left.term, right.term, hypotheses)
    if isinstance(left, Value) or isinstance(right, Value):
        return judge(equation(_value(left), _value(right), (), hypotheses))
    if _is_array(left) and _is_array(right):
        return prove_entries(left, right)
    if _is_array(left) or _is_array(right):
        first, second = (side.term if isinstance(side, Tensor) else side for side in (left, right))
        return prove_at(first, second)
    raise BridgeError(
        "prove",
        f"{type(left).__name__} and {type(right).__name__}",
        "two tensors, two values, or arrays of entries",
        "wrap a SymPy expression in from_sympy(..)",
    )


def _is_array(item: object) -> bool:
    return isinstance(item, (sympy.NDimArray, sympy.MatrixBase))


def _value(item: Any) -> Value:
    from symconv.term.value import as_value

    if isinstance(item, sympy.Expr):
        return as_value(poly_from_sympy(item))
    return as_value(item)


def condition(item: object) -> Condition:
    """A hypothesis from a SymPy relation, or from True and False, to which SymPy may evaluate one.

    >>> H, r = sizes("H r")
    >>> condition(H > r) == condition(H >= r + 1)
    True
    """
    if isinstance(item, Condition):
        return item
    if item in (True, False, sympy.true, sympy.false):
        return Condition("ge", Poly.of(0 if item else -1))
    if not isinstance(item, Relational):
        raise BridgeError("assuming", f"{item!r}", "a SymPy relation such as H >= r", "write Eq(a, b), a >= b or a < b")
    gap = poly_from_sympy(item.lhs) - poly_from_sympy(item.rhs)
    match item.rel_op:
        case "==":
            return Condition("eq", gap)
        case "!=":
            return Condition("ne", gap)
        case ">=":
            return Condition("ge", gap)
        case ">":
            return Condition("ge", gap - 1)
        case "<=":
            return Condition("ge", -gap)
    return Condition("ge", -gap - 1)


def closed_form(gradient: Tensor) -> Tensor:
    """The named form of a derived gradient, found and proved for all sizes.

    >>> H, W, r, c = sizes("H W r c")
    >>> F = correlate(tensor("X", H, W), tensor("K", r, c))
    >>> closed_form(_gradient_of(F, "K"))
    corr(X, G)
    """
    if not isinstance(gradient.term, _terms.Defined):
        raise ShapeError(f"closed_form({gradient.name})", "free data", "a gradient", "derive it with gradient(F, X, G)")
    return Tensor(_closed_form(gradient.term).tensor)


def _gradient_of(f: Tensor, name: str) -> Tensor:
    leaf = next(t for t in _terms.tensors_in(Entry(f.term, ())) if t.name == name)
    return Tensor(_gradient.gradient(f.term, leaf, _gradient.upstream(f.term, "G")))


def compare(function: Callable[..., Any], derived: Tensor, **options: Any) -> Any:
    """Judge a user's own function against a derived tensor; see `symconv.comparing.compare`.

    >>> import numpy as np
    >>> n, r = sizes("n r")
    >>> y = correlate(tensor("x", n), tensor("w", r))
    >>> compare(lambda x, w: np.correlate(x, w, "valid"), y).status
    <Status.CHECKED: 'checked'>
    >>> compare(lambda x, w: np.convolve(x, w, "valid"), y).counterexample.at
    {'i': 0}
    """
    from symconv.comparing import compare as judge_function

    return judge_function(function, derived.term, **options)


def from_sympy(expr: sympy.Expr, *tensors: Tensor) -> Value:
    """An index expression (Sum, Indexed, Piecewise, Max) as a value.

    >>> n, k = sizes("n"), indices("k")
    >>> x = tensor("x", n)
    >>> twice = from_sympy(sympy.Sum(2 * sympy.IndexedBase("x")[k], (k, 0, n - 1)), x)
    >>> prove(twice, total(x[k] + x[n - 1 - k], (k, 0, n - 1)))
    proved for all sizes
    """
    from symconv.entries.inward import from_sympy as read

    return read(expr, {t.name: t.term for t in tensors})


def to_sympy(item: Tensor | Value) -> sympy.Expr:
    """A tensor's entry, or a value, as a SymPy expression.

    >>> n, r = sizes("n r")
    >>> to_sympy(correlate(tensor("x", n), tensor("w", r)))
    Sum(w[u]*x[i + u], (u, 0, r - 1))
    """
    from symconv.entries.outward import to_sympy as write

    return write(item.term if isinstance(item, Tensor) else item)


# -- the three big verbs ---------------------------------------------------------------------


def solve(spec: str, wrt: str | None = None, sizes: dict[str, int] | None = None, level: str = "full") -> Any:
    """The worked solution of an operation, a formula or a document, as `symconv solve` writes it.

    >>> solution = solve("conv1d", wrt="kernel")
    >>> solution
    <Solution of conv1d by K: proved for all sizes>
    >>> print(solution.to_markdown().splitlines()[0])
    # $\\frac{\\partial L}{\\partial K}$ for conv1d
    """
    from symconv.solving import solve_spec

    return solve_spec(spec, wrt, sizes, level)


def verify(source: str | Path, form: str | None = None) -> Any:
    """Judge every formula of a document: a path, or a text with its form ("md", "tex", "ipynb").

    >>> note = "```symconv\\ntensor x[n]\\n```\\n$$\\\\sum_{k=0}^{n-1} x_k = \\\\sum_{k=0}^{n-1} x_{n-1-k}$$"
    >>> print(verify(note, "md"))
    document:4:3: eq1 proved for all sizes
    document: 1 proved
    """
    from symconv.judging import verify_paths, verify_text

    return verify_paths([source]) if form is None else verify_text(str(source), cast(Any, form))


def export(spec: str, wrt: str | None = None, unproved: bool = False) -> str:
    """The source of a NumPy module with forward and gradients, as `symconv export` writes it.

    >>> print(export("conv1d --stride 2").splitlines()[0][3:])
    conv1d --stride 2: forward and gradients.
    """
    from symconv.exporting import export_spec

    return export_spec(spec, wrt, unproved=unproved)
