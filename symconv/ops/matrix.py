"""Matrix views: vec in both orders, the doubly-blocked Toeplitz matrix, matrix products, im2col.

The Toeplitz matrix is given by its entry formula, never assembled: entry
(p, q) is the kernel entry that links output p to input q, or zero.
"""

from __future__ import annotations

from typing import Literal

from symconv.errors import ShapeError, UsageError
from symconv.ops.correlate import geometry
from symconv.ops.window import amount, index_names, inside, integer, needed, read
from symconv.term.polynomial import Poly
from symconv.term.tensor import Axis, Call, Defined, Tensor, define
from symconv.term.value import Condition, Range, Value, at_least, bracket, equal, multiply, total

Order = Literal["columns", "rows"]


def unflatten(p: Poly, shape: tuple[Poly, ...], order: Order) -> tuple[Poly, ...]:
    """The tensor index of the p-th entry of vec: the first axis runs fastest for columns, the last for rows."""
    axes = range(len(shape)) if order == "columns" else range(len(shape))[::-1]
    result = [Poly.of(0)] * len(shape)
    rest = p
    for n, axis in enumerate(axes):
        if n == len(shape) - 1:
            result[axis] = rest
        else:
            result[axis] = rest % shape[axis]
            rest = rest // shape[axis]
    return tuple(result)


def flatten(index: tuple[Poly, ...], shape: tuple[Poly, ...], order: Order) -> Poly:
    """The position of an index in vec."""
    axes = range(len(shape))[::-1] if order == "columns" else range(len(shape))
    position = Poly.of(0)
    for axis in axes:
        position = position * shape[axis] + index[axis]
    return position


def _check_order(order: str, place: str) -> None:
    if order not in ("columns", "rows"):
        raise UsageError(place, f"order {order!r}", "'columns' or 'rows'", "choose one of the two")


def _shape(shape: object, place: str) -> tuple[Poly, ...]:
    if not isinstance(shape, tuple):
        raise ShapeError(place, f"the shape {shape!r}", "a tuple of extents", "write (H, W)")
    return tuple(amount(n, place, "extent") for n in shape)


def vec(x: Tensor, order: Order = "columns") -> Defined:
    """All entries in one column: columns of the matrix one below the other, or its rows.

    >>> import symconv as sc
    >>> H, W = sc.sizes("H W")
    >>> sc.vec(sc.tensor("X", H, W)).entries(H=2, W=2)
    [X[0, 0], X[1, 0], X[0, 1], X[1, 1]]
    >>> sc.vec(sc.tensor("X", H, W), "rows").entries(H=2, W=2)
    [X[0, 0], X[0, 1], X[1, 0], X[1, 1]]
    """
    _check_order(order, f"vec({x.name})")
    count = Poly.of(1)
    for extent in x.shape:
        count = count * extent
    lows = tuple(a.low or Poly.of(0) for a in x.axes)

    def entry(p: Poly) -> Value:
        index = unflatten(p, x.shape, order)
        return x[tuple(i + low for i, low in zip(index, lows, strict=True))]

    return define(
        f"vec({x.name})",
        (count,),
        entry,
        indices=("p",),
        call=Call("vec", (x,), (("order", order),)),
        requires=needed(*(at_least(e, 1) for e in x.shape)),
    )


def flatten_rows(x: Tensor, keep: int = 1) -> Defined:
    """All axes but the first `keep` in one, the last running fastest: [N, C, H, W] becomes [N, C*H*W].

    >>> import symconv as sc
    >>> sc.flatten_rows(sc.tensor("X", 1, 2, 2)).entries()
    [[X[0, 0, 0], X[0, 0, 1], X[0, 1, 0], X[0, 1, 1]]]
    """
    place = f"flatten_rows({x.name})"
    kept = integer(keep)
    if kept is None or not 0 <= kept < x.rank:
        raise ShapeError(
            place, f"keep={keep!r} of {x.rank} axes", f"a number from 0 to {x.rank - 1}", "keep fewer axes"
        )
    inner, count = x.shape[kept:], Poly.of(1)
    for extent in inner:
        count = count * extent
    lows = tuple(a.low or Poly.of(0) for a in x.axes[kept:])

    def entry(*index: Poly) -> Value:
        places = unflatten(index[-1], inner, "rows")
        return x[(*index[:kept], *(i + low for i, low in zip(places, lows, strict=True)))]

    return define(
        place,
        (*x.axes[:kept], Axis.of(count)),
        entry,
        indices=(*index_names(kept), "p"),
        call=Call("flatten_rows", (x,), (("keep", kept),)),
        requires=needed(*(at_least(e, 1) for e in inner)),
    )


def unvec(v: Tensor, shape: tuple[Poly, ...], order: Order = "columns") -> Defined:
    """The inverse of `vec`: a vector laid out as a tensor.

    >>> import symconv as sc
    >>> H, W = sc.sizes("H W")
    >>> sc.unvec(sc.tensor("v", H * W), (H, W)).entries(H=2, W=2)
    [[v[0], v[2]], [v[1], v[3]]]
    """
    place = f"unvec({v.name})"
    _check_order(order, place)
    shape = _shape(shape, place)
    count = Poly.of(1)
    for extent in shape:
        count = count * extent
    if v.rank != 1 or v.shape[0] != count:
        raise ShapeError(place, f"shape {v.shape} for {shape}", f"({count},)", "give as many entries as the shape has")
    return define(
        place,
        shape,
        lambda *index: v[flatten(index, shape, order)],
        indices=index_names(len(shape)),
        call=Call("unvec", (v,), (("order", order),)),
    )


def toeplitz(
    k: Tensor,
    shape: tuple[Poly, ...],
    stride: object = 1,
    padding: object = 0,
    dilation: object = 1,
    order: Order = "columns",
) -> Defined:
    """The matrix T with vec(correlate(X, K)) = T vec(X) for X of this shape.

    k: [r..] for a shape (H..) of as many axes, or [O, C, r..] for a shape (C, H..).
    T[p, q] = sum over u of K[u] where s*i + d*u - p0 = j on every axis, i and j being the
    indices of p and q.  With dilation 1 the sum is K[j - s*i + p0] where that lies in range;
    with channels the block (o, l) is made of K[o, l].

    >>> import symconv as sc
    >>> H, W, r, c = sc.sizes("H W r c")
    >>> sc.toeplitz(sc.tensor("w", r), (W,)).entries(r=2, W=3)
    [[w[0], w[1], 0], [0, w[0], w[1]]]
    >>> X, K = sc.tensor("X", H, W), sc.tensor("K", r, c)
    >>> sc.prove(sc.vec(sc.correlate(X, K)), sc.toeplitz(K, X.shape) @ sc.vec(X))
    proved for all sizes
    """
    place = f"toeplitz({k.name})"
    _check_order(order, place)
    shape = _shape(shape, place)
    leading = int(k.rank == len(shape) + 1)
    image, extents = shape[leading:], k.shape[2 * leading :]
    if not 1 <= len(image) <= 3 or len(image) != len(extents) or (leading and k.shape[1] != shape[0]):
        raise ShapeError(
            place,
            f"a kernel of shape {k.shape} for an input of shape {shape}",
            "[r..] for (H..), or [O, C, r..] for (C, H..), with 1 to 3 axes of space",
            "drop or add axes",
        )
    options = geometry(image, extents, stride, padding, dilation, None, place)
    out = (*k.shape[:leading], *options.output(image, extents))
    rows, columns = Poly.of(1), Poly.of(1)
    for a, b in zip(out, shape, strict=True):
        rows, columns = rows * a, columns * b
    unit = all(d == 1 for d in options.dilation)

    def entry(p: Poly, q: Poly) -> Value:
        i, j = unflatten(p, out, order), unflatten(q, shape, order)
        maps = (*i[:leading], *j[:leading])
        places = zip(i[leading:], j[leading:], options.stride, options.padding, strict=True)
        offset = [b - s * a + p0 for a, b, s, (p0, _) in places]
        if unit:
            return read(k, (*maps, *offset))
        names = ("u", "v", "w")[: len(extents)]
        taps = tuple(map(Poly.of, names))
        hits: list[Condition] = [equal(d * u, o) for d, u, o in zip(options.dilation, taps, offset, strict=True)]
        return total(
            tuple(Range.upto(n, r) for n, r in zip(names, extents, strict=True)),
            multiply(k[(*maps, *taps)], bracket(*hits)),
        )

    return define(
        place,
        (rows, columns),
        entry,
        indices=("p", "q"),
        call=Call(
            "toeplitz",
            (k,),
            (
                ("shape", shape),
                ("stride", options.stride),
                ("padding", options.padding),
                ("dilation", options.dilation),
                ("order", order),
            ),
        ),
        requires=needed(
            *(at_least(f, 0) for f in options.slack(image, extents)),
            *(at_least(v, 1) for v in (*options.stride, *options.dilation)),
        ),
    )


def matmul(a: Tensor, b: Tensor) -> Defined:
    """The matrix product; a vector counts as a column on the right, as a row on the left.

    >>> import symconv as sc
    >>> m, n = sc.sizes("m n")
    >>> sc.matmul(sc.tensor("A", m, n), sc.tensor("x", n)).entries(m=1, n=2)
    [A[0, 0]*x[0] + A[0, 1]*x[1]]
    """
    if a.rank not in (1, 2) or b.rank not in (1, 2) or a.axes[-1].extent != b.axes[0].extent:
        raise ShapeError(
            f"{a.name} @ {b.name}", f"shapes {a.shape} and {b.shape}", "[m, n] and [n, l]", "transpose one of the two"
        )

    def entry(*index: Poly) -> Value:
        k = Poly.of("k")
        left, right = index[: a.rank - 1], index[a.rank - 1 :]
        return total((Range("k", a.axes[-1].low, a.axes[-1].high),), multiply(a[(*left, k)], b[(k, *right)]))

    return define(
        f"{a.name} @ {b.name}",
        (*a.axes[:-1], *b.axes[1:]),
        entry,
        indices=("i", "j")[: a.rank + b.rank - 2],
        call=Call("matmul", (a, b)),
    )


def kron(a: Tensor, b: Tensor) -> Defined:
    """The Kronecker product: every entry of a times the whole of b, block beside block.

    a, b: of one rank, 1 or 2; shape: the products of their extents.

    >>> import symconv as sc
    >>> sc.kron(sc.tensor("a", 2), sc.tensor("b", 2)).entries()
    [a[0]*b[0], a[0]*b[1], a[1]*b[0], a[1]*b[1]]
    """
    if a.rank != b.rank or a.rank not in (1, 2):
        raise ShapeError(
            f"kron({a.name}, {b.name})",
            f"shapes {a.shape} and {b.shape}",
            "two vectors or two matrices",
            "flatten them",
        )
    lows = [[axis.low or Poly.of(0) for axis in t.axes] for t in (a, b)]

    def entry(*index: Poly) -> Value:
        blocks = tuple(i // n + low for i, n, low in zip(index, b.shape, lows[0], strict=True))
        inside_block = tuple(i % n + low for i, n, low in zip(index, b.shape, lows[1], strict=True))
        return multiply(a[blocks], b[inside_block])

    return define(
        f"kron({a.name}, {b.name})",
        tuple(m * n for m, n in zip(a.shape, b.shape, strict=True)),
        entry,
        indices=index_names(a.rank),
        call=Call("kron", (a, b)),
        requires=needed(*(at_least(n, 1) for n in b.shape)),
    )


def outer(a: Tensor, b: Tensor) -> Defined:
    """The matrix of all products: entry (i, j) is a[i] b[j].

    >>> import symconv as sc
    >>> m, n = sc.sizes("m n")
    >>> sc.outer(sc.tensor("a", m), sc.tensor("b", n)).entries(m=2, n=2)
    [[a[0]*b[0], a[0]*b[1]], [a[1]*b[0], a[1]*b[1]]]
    """
    if a.rank != 1 or b.rank != 1:
        raise ShapeError(f"outer({a.name}, {b.name})", f"shapes {a.shape} and {b.shape}", "two vectors", "flatten them")
    return define(
        f"outer({a.name}, {b.name})",
        (*a.axes, *b.axes),
        lambda i, j: multiply(a[i], b[j]),
        indices=("i", "j"),
        call=Call("outer", (a, b)),
    )


def diag(v: Tensor) -> Defined:
    """The square matrix with the vector v on its diagonal and zeros elsewhere.

    >>> import symconv as sc
    >>> sc.diag(sc.tensor("v", 2)).entries()
    [[v[0], 0], [0, v[1]]]
    """
    if v.rank != 1:
        raise ShapeError(f"diag({v.name})", f"shape {v.shape}", "a vector", "flatten it with vec")
    return define(
        f"diag({v.name})",
        (*v.axes, *v.axes),
        lambda i, j: multiply(bracket(equal(i, j)), v[i]),
        indices=("i", "j"),
        call=Call("diag", (v,)),
    )


__all__ = ["Axis", "diag", "flatten", "inside", "kron", "matmul", "outer", "toeplitz", "unflatten", "unvec", "vec"]
