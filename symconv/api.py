"""The functions that users call: the operations on handles, derivation, proof, and the three big verbs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import sympy
from sympy.core.relational import Relational
from sympy.logic.boolalg import BooleanAtom

from symconv import fitting as _fitting
from symconv import overview as _overview
from symconv import responses as _responses
from symconv.calculus import counting as _counting
from symconv.calculus import gradient as _gradient
from symconv.entries.bridge import index_symbol, size_symbols, sympy_from_poly
from symconv.entries.structure import EntryVerdict, prove_at, prove_entries
from symconv.errors import BridgeError, NameClash, ScopeError, ShapeError, SizeError, UsageError
from symconv.evidence import judge, judge_tensors
from symconv.fitting import Fit
from symconv.handles import Condition, Tensor, Value, poly_of, unwrapped, value_of, wrapped
from symconv.ops import activation as _activation
from symconv.ops import channels as _channels
from symconv.ops import correlate as _correlate
from symconv.ops import layer as _layer
from symconv.ops import matrix as _matrix
from symconv.ops import normalisation as _normalisation
from symconv.ops import pool as _pool
from symconv.ops import resample as _resample
from symconv.ops import window as _window
from symconv.overview import Summary
from symconv.proof.closed_form import closed_form as _closed_form
from symconv.proof.problem import equation
from symconv.proof.verdict import Verdict
from symconv.responses import Response
from symconv.term import tensor as _terms
from symconv.term import value as _values
from symconv.term.polynomial import Poly, Size
from symconv.term.substitution import fresh_name
from symconv.term.text import text_of_condition

F = TypeVar("F", bound=Callable[..., Any])


def _public(operation: F) -> F:
    """The operation on handles and SymPy sizes instead of terms."""
    signature = inspect.signature(operation)
    shown = f"{operation.__name__}({', '.join(signature.parameters)})"

    @wraps(operation)
    def call(*args: Any, **options: Any) -> Any:
        try:
            given = signature.bind(*args, **options)
        except TypeError as error:
            raise UsageError(operation.__name__, str(error), shown, "give these arguments") from None
        for name, item in given.arguments.items():
            place = f"{operation.__name__}(.., {name}=..)"
            given.arguments[name] = _argument(item, str(signature.parameters[name].annotation), place)
        return wrapped(operation(*given.args, **given.kwargs))

    return cast(F, call)


def _argument(item: Any, wanted: str, place: str) -> Any:
    """The term that an argument stands for, if it is of the kind that the operation asks for."""
    if item is None and wanted.endswith("| None"):
        return None
    if wanted.removesuffix(" | None") in ("Tensor", "Defined"):
        return _tensor(item, place)
    if "Tensor |" in wanted and isinstance(item, Tensor):
        return item.term
    if wanted == "Sequence[Tensor]":
        if not isinstance(item, (list, tuple)):
            raise UsageError(place, _kind(item), "a list of tensors", "write [x, y]")
        return tuple(_tensor(part, place) for part in item)
    if isinstance(item, (Tensor, Value)):
        raise UsageError(place, _kind(item), "a number, a size or a name", "give an option, not data")
    if wanted == "str" and not (isinstance(item, str) and item.strip()):
        raise UsageError(place, repr(item), "a name", 'give a text such as "G"')
    return unwrapped(item)


def _tensor(item: object, place: str) -> _terms.Tensor:
    if isinstance(item, Tensor):
        return item.term
    if isinstance(item, _terms.Tensor):
        return item
    raise UsageError(place, _kind(item), "a tensor", "make one with tensor(name, ..), or from a formula with define")


def _kind(item: object) -> str:
    """What was given, on one short line."""
    text = f"{item!r}".splitlines()[0] if f"{item!r}" else ""
    return f"{text[:40]} ({type(item).__name__})"


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
flatten_rows = _public(_matrix.flatten_rows)
toeplitz = _public(_matrix.toeplitz)
matmul = _public(_matrix.matmul)
leaky_relu = _public(_activation.leaky_relu)
gelu = _public(_activation.gelu)
mean = _public(_normalisation.mean)
variance = _public(_normalisation.variance)
batch_norm = _public(_normalisation.batch_norm)
upsample_nearest = _public(_resample.upsample_nearest)
upsample_bilinear = _public(_resample.upsample_bilinear)
bed_of_nails = _public(_resample.bed_of_nails)
pixel_shuffle = _public(_resample.pixel_shuffle)
expand = _public(_resample.expand)
unpool_max = _public(_resample.unpool_max)
mean_squared_error = _public(_layer.mean_squared_error)
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
    if not isinstance(kind, str) or kind not in kinds:
        raise ShapeError(
            f"pool({_tensor(x, 'pool').name})", f"kind {kind!r}", "'max' or 'average'", "choose one of the two"
        )
    return cast(Tensor, kinds[kind](x, window, **options))


def sizes(names: str, min: int = 1) -> Any:
    """SymPy integer symbols for sizes of at least `min`; one name gives one symbol, several a tuple.

    >>> H, r = sizes("H r")
    >>> p = sizes("p", min=0)
    >>> H - r + 2*p
    H + 2*p - r
    """
    words = _words(names, "sizes")
    made = size_symbols(" ".join(words), min)
    return made[0] if len(made) == 1 else made


def indices(names: str) -> Any:
    """SymPy integer symbols for indices.

    >>> i, k = indices("i k")
    >>> 2 * i + k
    2*i + k
    """
    made = tuple(map(index_symbol, _words(names, "indices")))
    return made[0] if len(made) == 1 else made


def _words(names: object, what: str) -> list[str]:
    """The names in a text, each an identifier and none twice."""
    words = names.replace(",", " ").split() if isinstance(names, str) else []
    if not words:
        raise BridgeError(what, repr(names), "at least one name", f'write the names with spaces: {what}("H W")')
    for word in words:
        if not word.isidentifier():
            raise BridgeError(what, f"the name {word!r}", "letters, digits and _", "choose another name")
    twice = next((w for w in words if words.count(w) > 1), None)
    if twice is not None:
        raise NameClash(f'{what}("{names}")', f"{twice} twice", "each name once", "rename one, or leave it out")
    return words


def tensor(name: str, *shape: object, outside: str = "zero") -> Tensor:
    """Free data of this shape; without a shape a scalar.

    outside: what a read outside the shape is, "zero" or "error".

    >>> n = sizes("n")
    >>> tensor("x", n).shape
    (n,)
    """
    if not isinstance(name, str) or not name.strip():
        raise ShapeError("tensor", f"the name {name!r}", "a text", "name the tensor first, then its extents")
    if outside not in ("zero", "error"):
        raise ShapeError(f"tensor {name}", f"outside={outside!r}", "'zero' or 'error'", "choose one of the two")
    axes = tuple(map(_terms.Axis.of, _extents(shape, f"tensor {name}")))
    return Tensor(_terms.Leaf(name, axes, cast(Any, outside)))


def _extents(extents: Iterable[object], place: str) -> tuple[Poly, ...]:
    """Extents: numbers of at least 1, or polynomials in sizes."""
    made = []
    for extent in extents:
        if isinstance(extent, (tuple, list)):
            raise ShapeError(place, f"the extent {extent!r}", "a size or a number", "give the extents one by one")
        poly = poly_of(extent)
        if poly.names():
            index = min(poly.names())
            raise ScopeError(place, f"an extent with the index {index}", "sizes", f'make it with sizes("{index}")')
        number = poly.as_int
        if number is not None and number < 1:
            raise ShapeError(place, f"an extent of {number}", "at least 1", "give a positive extent")
        made.append(poly)
    return tuple(made)


def define(name: str, extents: Sequence[object], entry: Callable[..., Any], names: Sequence[str] = ()) -> Tensor:
    """A tensor from a formula in index notation.

    entry: a function of the indices (SymPy integer symbols) that gives the value there: entries,
    sums, numbers, positions.  names: of the indices; i, j, k, ... without them.

    >>> n, r = sizes("n r")
    >>> x, w, k = tensor("x", n), tensor("w", r), indices("k")
    >>> y = define("y", [(n - r) // 2 + 1], lambda i: total(w[k] * x[2*i + k], (k, 0, r - 1)))
    >>> print(y.latex())
    y_{i} = \\sum_{k=0}^{r-1} w_{k} x_{2 i+k}
    """
    if not isinstance(name, str) or not name.strip():
        raise ShapeError("define", f"the name {name!r}", "a text", "name the tensor first, then its extents")
    place = f"define {name}"
    if not isinstance(extents, (list, tuple)):
        raise ShapeError(place, f"the extents {extents!r}", "a list of extents", "write [H], or [H, W]")
    polys = _extents(extents, place)
    chosen = tuple(_words(" ".join(map(str, names)), "indices")) if names else _window.index_names(len(polys))
    if len(chosen) != len(polys):
        raise ShapeError(place, f"{len(chosen)} names", f"{len(polys)}, one an axis", "name every axis, or none")
    if not callable(entry):
        raise UsageError(place, _kind(entry), "a function of the indices", "write lambda i: x[i]")
    _check_takes(entry, chosen, place)
    body = _value(entry(*map(index_symbol, chosen)), place)
    taken = _captured(body, chosen)
    if taken and names:
        raise ScopeError(
            place,
            f"the index {min(taken)}, which a sum inside binds again",
            "names that no sum inside uses",
            "rename the index",
        )
    if taken:  # the sums of the formula keep their names; ours move aside
        chosen = _other_names(chosen, taken | {r.name for v in _values.walk(body) for r in _ranges_in(v)})
        body = _value(entry(*map(index_symbol, chosen)), place)
    return Tensor(_terms.define(name, polys, lambda *_: body, indices=chosen))


def _ranges_in(value: _values.Value) -> tuple[_values.Range, ...]:
    return value.ranges if isinstance(value, (_values.Sum, _values.Maximum)) else ()


def _captured(body: _values.Value, names: Sequence[str]) -> set[str]:
    """The names that a sum or maximum of the formula binds as well."""
    return {r.name for v in _values.walk(body) for r in _ranges_in(v)} & set(names)


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

    >>> n, k = sizes("n"), indices("k")
    >>> x = tensor("x", n)
    >>> prove(total(x[k], (k, 0, n - 1)), total(x[n - 1 - k], (k, 0, n - 1)))
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
    return Value(_values.total(ranges, _value(value, "total")))


def _range(limit: object) -> _values.Range:
    """(k, low, high): an index and both ends."""
    if not isinstance(limit, tuple) or len(limit) != 3:
        raise UsageError("total", f"the limits {limit!r}", "an index and both ends", "write (k, 0, n - 1)")
    index, low, high = limit
    atom = poly_of(index).as_atom if isinstance(index, sympy.Symbol) else None
    if not isinstance(atom, str):
        what = f"the size {index}" if isinstance(atom, Size) else f"{index!r}"
        raise ScopeError("total", f"{what} as an index", "an index", f'make it with indices("{index}")')
    return _values.Range(atom, poly_of(low), poly_of(high))


def bracket(*conditions: object) -> Value:
    """1 where all conditions hold, else 0 (Iverson's bracket).

    conditions: SymPy relations between positions, or comparisons of a place that `argmax` gives.

    >>> n, m, (i, a) = sizes("n"), sizes("m"), indices("i a")
    >>> x, G = tensor("x", 2 * n), tensor("G", n)
    >>> y = pool_max(x, 2)
    >>> (u,) = argmax(y, (i,))
    >>> goes = define("goes", [2 * n], lambda a: total(G[i] * bracket((2 * i + u).equals(a)), (i, 0, n - 1)), ["a"])
    >>> prove(gradient(y, x, G), goes)
    proved for all sizes
    """
    if not conditions:
        raise UsageError("bracket", "no conditions", "at least one", "write bracket(i < n)")
    return Value(_values.bracket(*(_relation(c, "bracket") for c in conditions)))


# -- proof ---------------------------------------------------------------------------------


def prove(left: Any, right: Any, assuming: object = ()) -> Verdict | EntryVerdict:
    """Is left = right, for all sizes?  The verdict carries its evidence.

    left, right: tensors, values in index notation, or SymPy arrays (matrices) of entries; beside a tensor or a
    value also a SymPy expression with Sum and Indexed, in the index names of the tensor (i, j, .. for data).
    assuming: hypotheses on the sizes, as SymPy relations: `H >= r`, or `[H >= r, sympy.Eq(c, r)]`; between
    values also on the indices that these leave free.

    >>> H, r = sizes("H r")
    >>> X, K = tensor("X", H), tensor("K", r)
    >>> F = correlate(X, K)
    >>> G = upstream(F, "G")
    >>> prove(gradient(F, X, G), correlate(pad(G, r - 1), rot180(K)))
    proved for all sizes
    >>> prove(gradient(F, X, G), correlate(pad(G, r - 1), K)).counterexample.sizes
    {'H': 2, 'r': 2}
    """
    single = isinstance(assuming, (str, Condition)) or not isinstance(assuming, Iterable)
    hypotheses = tuple(_relation(a, "assuming") for a in ((assuming,) if single else cast(Iterable[object], assuming)))
    left, right = _read_index_expression(left, right), _read_index_expression(right, left)
    if isinstance(left, Tensor) and isinstance(right, Tensor):
        _check_scope(hypotheses, set())
        return judge_tensors(left.term, right.term, hypotheses)
    if isinstance(left, Value) or isinstance(right, Value):
        first, second = _value(left, "prove"), _value(right, "prove")
        _check_scope(hypotheses, _values.free_indices(first) | _values.free_indices(second))
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


def _check_scope(hypotheses: Iterable[_values.Condition], free: set[str]) -> None:
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
    place = _values.Entry(other.term, ()) if isinstance(other, Tensor) else other.term
    read = from_sympy(item, *(Tensor(t) for t in _terms.tensors_in(place) if isinstance(t, _terms.Leaf)))
    if isinstance(other, Value):
        return read
    names = other.term.parameters if isinstance(other.term, _terms.Defined) else _window.index_names(other.ndim)
    strange = sorted(_values.free_indices(read.term) - set(names))
    if strange:
        raise ScopeError(
            "prove", f"the free index {strange[0]}", f"the indices {', '.join(names)} of {other.name}", "rename it"
        )
    return Tensor(_terms.Defined(f"({item})", names, other.term.axes, read.term))


def _is_array(item: object) -> bool:
    return isinstance(item, (sympy.NDimArray, sympy.MatrixBase))


def _side(item: object) -> object:
    if isinstance(item, Tensor):
        return item.term
    if not _is_array(item):
        raise BridgeError("prove", _kind(item), "a tensor or an array of entries", "compare entries with entries")
    return item


def _check_fixed(left: Any, right: Any) -> None:
    """Beside an array a tensor has sizes that are numbers."""
    for item in (left, right):
        open_sizes = _terms.sizes_in(_values.Entry(item.term, ())) if isinstance(item, Tensor) else ()
        if open_sizes:
            given = ", ".join(f"{s.name}=.." for s in open_sizes)
            raise SizeError(
                "prove",
                f"{item.name} with open sizes beside an array of entries",
                "entries on both sides",
                f"unfold it: {item.name}.entries({given})",
            )


def _value(item: Any, place: str) -> _values.Value:
    """What stands for one number: a value, a number, a position, a tensor of rank 0."""
    if isinstance(item, bool):
        raise UsageError(place, repr(item), "a number", "write bracket(..) for a condition as a number")
    return value_of(item, place)


def condition(item: object) -> Condition:
    """A hypothesis from a SymPy relation, or from True and False, to which SymPy may evaluate one.

    >>> H, r = sizes("H r")
    >>> condition(H > r) == condition(H >= r + 1)
    True
    """
    return Condition(_relation(item, "condition"))


def _relation(item: object, place: str) -> _values.Condition:
    if isinstance(item, Condition):
        return item.term
    if isinstance(item, _values.Condition):
        return item
    if isinstance(item, (bool, BooleanAtom)):
        return _values.Condition("ge", Poly.of(0 if item else -1))
    if not isinstance(item, Relational):
        raise BridgeError(place, f"{item!r}", "a SymPy relation such as H >= r", "write Eq(a, b), a >= b or a < b")
    gap = poly_of(item.lhs) - poly_of(item.rhs)
    match item.rel_op:
        case "==":
            return _values.Condition("eq", gap)
        case "!=":
            return _values.Condition("ne", gap)
        case ">=":
            return _values.Condition("ge", gap)
        case ">":
            return _values.Condition("ge", gap - 1)
        case "<=":
            return _values.Condition("ge", -gap)
    return _values.Condition("ge", -gap - 1)


def closed_form(derived: Tensor) -> Tensor:
    """The named form of a derived gradient, found and proved for all sizes.

    >>> H, W, r, c = sizes("H W r c")
    >>> X, K = tensor("X", H, W), tensor("K", r, c)
    >>> F = correlate(X, K)
    >>> closed_form(gradient(F, K, upstream(F, "G")))
    corr(X, G)
    """
    term = _tensor(derived, "closed_form")
    if not isinstance(term, _terms.Defined):
        raise ShapeError(f"closed_form({term.name})", "free data", "a gradient", "derive it with gradient(F, X, G)")
    return Tensor(_closed_form(term).tensor)


# -- counting --------------------------------------------------------------------------------


def multiplications(f: Tensor) -> sympy.Expr:
    """How many products of two numbers a tensor takes, with everything it is made of, for all sizes.

    Zeros outside count like other entries, as a loop over whole windows does.

    >>> H, W, r, c = sizes("H W r c")
    >>> sympy.factor(multiplications(correlate(tensor("X", H, W), tensor("K", r, c))))
    c*r*(-H + r - 1)*(-W + c - 1)
    """
    return sympy_from_poly(_counting.multiplications(_tensor(f, "multiplications")))


def additions(f: Tensor) -> sympy.Expr:
    """How many sums of two numbers a tensor takes, with everything it is made of, for all sizes.

    >>> H, r = sizes("H r")
    >>> sympy.factor(additions(correlate(tensor("x", H), tensor("w", r))))
    -(r - 1)*(-H + r - 1)
    """
    return sympy_from_poly(_counting.additions(_tensor(f, "additions")))


def parameters(*tensors: Tensor) -> sympy.Expr:
    """How many numbers these tensors hold.

    >>> O, C = sizes("O C")
    >>> parameters(tensor("K", O, C, 3, 3), tensor("b", O))
    9*C*O + O
    """
    return sympy_from_poly(_counting.parameters([_tensor(t, "parameters") for t in tensors]))


def receptive_field(f: Tensor, x: Tensor) -> tuple[sympy.Expr, ...]:
    """How many positions of x, on each axis, one entry of f depends on: from the first to the last one.

    >>> n, r, d = sizes("n r d")
    >>> x = tensor("x", n)
    >>> receptive_field(correlate(x, tensor("w", r), dilation=d), x)
    (d*r - d + 1,)
    """
    found = _counting.receptive_field(_tensor(f, "receptive_field"), _tensor(x, "receptive_field"))
    return tuple(map(sympy_from_poly, found))


def summary(f: Tensor, **sizes: int) -> Summary:
    """The layers of a network with shapes and parameters; see `symconv.overview.summary`.

    >>> C, r = sizes("C r")
    >>> summary(correlate(tensor("X", 3, 32, 32), tensor("K", C, 3, r, r)), r=5)
    layer      shape        parameters  count
    correlate  C x 28 x 28  K           75*C
    in all                              75*C
    """
    return _overview.summary(_tensor(f, "summary"), sizes)


# -- filters ---------------------------------------------------------------------------------


def impulse_response(f: Tensor, x: Tensor) -> Response:
    """The kernel of a map from x to f, or a witness that it has none; see `symconv.responses.impulse_response`.

    >>> n = sizes("n")
    >>> x = tensor("x", n)
    >>> impulse_response(define("later", [n], lambda i: x[i - 2]), x)
    a convolution with its impulse response: proved for all sizes
    >>> impulse_response(define("ramp", [n], lambda i: i * x[i]), x)
    linear; position invariance refuted; n=2 at i=0, a=0: the claim gives 0, exact is 1
    """
    return _responses.impulse_response(_tensor(f, "impulse_response"), _tensor(x, "impulse_response"))


def find_filter(left: Tensor, right: Tensor, g: Tensor, **sizes: int) -> Fit:
    """The filter g for which left = right, whatever the data; see `symconv.fitting.find_filter`.

    >>> n = sizes("n")
    >>> f, g = tensor("f", n), tensor("g", 2)
    >>> find_filter(correlate(f, g), define("d", [n - 1], lambda t: f[t + 1] - f[t]), g)
    [-1, 1]; proved for all sizes
    """
    terms = [_tensor(t, "find_filter") for t in (left, right, g)]
    return _fitting.find_filter(terms[0], terms[1], terms[2], sizes)


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

    if not callable(function):
        raise UsageError("compare", _kind(function), "a function of arrays", "give the function itself, without ()")
    known = [p for p in inspect.signature(judge_function).parameters.values() if p.kind is p.KEYWORD_ONLY]
    strange = sorted(set(options) - {p.name for p in known})
    if strange:
        names = ", ".join(p.name for p in known)
        raise UsageError("compare", f"the option {strange[0]}", f"one of {names}", "leave it out or rename it")
    return judge_function(function, _tensor(derived, "compare"), **options)


def from_sympy(expr: sympy.Expr, *tensors: Tensor) -> Value:
    """An index expression (Sum, Indexed, Piecewise, Max) as a value.

    >>> n, k = sizes("n"), indices("k")
    >>> x = tensor("x", n)
    >>> twice = from_sympy(sympy.Sum(2 * sympy.IndexedBase("x")[k], (k, 0, n - 1)), x)
    >>> prove(twice, total(x[k] + x[n - 1 - k], (k, 0, n - 1)))
    proved for all sizes
    """
    from symconv.entries.inward import from_sympy as read

    return Value(read(unwrapped(expr) if isinstance(expr, Value) else expr, _by_name(tensors)))


def _by_name(tensors: Iterable[object]) -> dict[str, _terms.Tensor]:
    found: dict[str, _terms.Tensor] = {}
    for item in tensors:
        term = _tensor(item, "from_sympy")
        if found.setdefault(term.name, term) != term:
            raise NameClash(
                "from_sympy", f"two tensors {term.name}", "one tensor for one name", "rename one of the two"
            )
    return found


def to_sympy(item: Tensor | Value) -> sympy.Expr:
    """A tensor's entry, or a value, as a SymPy expression.

    >>> n, r = sizes("n r")
    >>> to_sympy(correlate(tensor("x", n), tensor("w", r)))
    Sum(w[u]*x[i + u], (u, 0, r - 1))
    """
    from symconv.entries.outward import to_sympy as write

    if not isinstance(item, (Tensor, Value)):
        raise BridgeError("to_sympy", _kind(item), "a tensor or a value", "make one with define or total")
    made: sympy.Expr = write(item.term)
    return made


# -- the three big verbs ---------------------------------------------------------------------


def solve(spec: str | Tensor, wrt: str | None = None, sizes: dict[str, int] | None = None, level: str = "full") -> Any:
    """The worked solution of an operation, a formula, a document or a tensor, as `symconv solve` writes it.

    >>> solution = solve("conv1d", wrt="kernel")
    >>> solution
    <Solution of conv1d by K: proved for all sizes>
    >>> print(solution.to_markdown().splitlines()[0])
    # $\\frac{\\partial L}{\\partial K}$ for conv1d
    """
    from symconv.solving import solve_spec

    return solve_spec(_spec(spec, "solve"), wrt, sizes, level)


def _spec(item: object, place: str) -> Any:
    """A tensor with its formula, or the text of a SPEC."""
    from symconv.specs import spec_of_tensor

    return spec_of_tensor(cast(_terms.Defined, item.term)) if isinstance(item, Tensor) else _text(item, place)


def _text(item: object, place: str) -> str:
    if not isinstance(item, (str, Path)) or not str(item).strip():
        raise UsageError(place, _kind(item), "an operation, a formula or the path of a document", 'write "conv2d"')
    return str(item)


def verify(source: str | Path, form: str | None = None) -> Any:
    """Judge every formula of a document: a path, or a text with its form ("md", "tex", "ipynb").

    >>> note = "```symconv\\ntensor x[n]\\n```\\n$$\\\\sum_{k=0}^{n-1} x_k = \\\\sum_{k=0}^{n-1} x_{n-1-k}$$"
    >>> print(verify(note, "md"))
    document:4:3: eq1 proved for all sizes
    document: 1 proved
    """
    from symconv.judging import verify_paths, verify_text

    source = _text(source, "verify")
    if form not in (None, "md", "tex", "ipynb"):
        raise UsageError("verify", f"form={form!r}", "'md', 'tex' or 'ipynb'", "choose one, or give a path alone")
    return verify_paths([source]) if form is None else verify_text(source, cast(Any, form))


def export(spec: str | Tensor, wrt: str | None = None, unproved: bool = False) -> str:
    """The source of a NumPy module with forward and gradients, as `symconv export` writes it.

    spec: an operation, a formula, a document, or a tensor, such as the loss of a network.

    >>> print(export("conv1d --stride 2").splitlines()[0][3:])
    conv1d --stride 2: forward and gradients.
    """
    from symconv.exporting import export_spec

    return export_spec(_spec(spec, "export"), wrt, unproved=unproved)
