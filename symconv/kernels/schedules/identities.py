"""The theorem behind each schedule: two ways to write one operation, equal for all sizes.

Each function gives both sides; its docstring is the theorem, and an export quotes it.  One axis stands for all:
on several axes a schedule is applied to each in turn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from symconv.calculus.gradient import gradient
from symconv.ops.correlate import correlate
from symconv.ops.pool import pool_average, pool_max
from symconv.term.polynomial import Poly, PolyLike, Size
from symconv.term.tensor import Axis, Defined, Leaf, Tensor, define
from symconv.term.value import Condition, Maximum, Range, Value, at_least, bracket, equal, multiply, total


@dataclass(frozen=True, slots=True)
class Identity:
    """Both sides, and what must hold of the sizes."""

    left: Tensor
    right: Tensor
    hypotheses: tuple[Condition, ...] = ()


H, W, r, c, m, s, t, d, g, N, C, M, R = (Size(name, 1) for name in "HWrcmstdgNCMR")
p, w, f, Q = Size("p", 0), Size("w", 0), Size("f", 0), Size("q", 0)


def _data(name: str, *extents: PolyLike) -> Leaf:
    return Leaf(name, tuple(Axis.of(e) for e in extents), "zero")


def _sum(body: Value, **extents: PolyLike) -> Value:
    """The sum over each named index from 0 to its extent - 1."""
    return total(tuple(Range.upto(name, Poly.of(extent)) for name, extent in extents.items()), body)


u, v, i, j, k, q, n, x = map(Poly.of, "uvijkqnx")


def columns() -> Identity:
    """The windows as columns: with col[k, u, i] = X[k, s i + d u - p] a convolution is one matrix product."""
    X, K = _data("X", C, H), _data("K", M, C, r)
    length = (Poly.of(H) + 2 * Poly.of(p) - d * (Poly.of(r) - 1) - 1) // s + 1
    whole = define("y", (M, length), lambda o, i: _sum(multiply(K[o, k, u], X[k, s * i + d * u - p]), k=C, u=r))
    col = define("col", (C, r, length), lambda k, u, i: X[k, s * i + d * u - p])
    made = define("made", (M, length), lambda o, i: _sum(multiply(K[o, k, u], col[k, u, i]), k=C, u=r))
    return Identity(whole, made)


def rows() -> Identity:
    """The taps of a row as columns, L[k, v, x, j] = X[k, x, t j + d v]: the window of row i is L from row s i on."""
    X, K = _data("X", C, H, W), _data("K", M, C, r, c)
    length = Poly.of(N), Poly.of(m)  # of as many rows and columns as one wants
    whole = define(
        "y",
        (M, *length),
        lambda o, i, j: _sum(multiply(K[o, k, u, v], X[k, s * i + u - p, t * j + d * v - w]), k=C, u=r, v=c),
        indices=("o", "i", "j"),
    )
    line = (Poly.of(C), Poly.of(c), Axis(None, None), Axis(None, None))  # zero outside the image, as X is
    laid = define("L", line, lambda k, v, x, j: X[k, x, t * j + d * v - w], indices=("k", "v", "x", "j"))
    made = define(
        "made",
        (M, *length),
        lambda o, i, j: _sum(multiply(K[o, k, u, v], laid[k, v, s * i + u - p, j]), u=r, k=C, v=c),
        indices=("o", "i", "j"),
    )
    return Identity(whole, made)


def taps() -> Identity:
    """The gradient by a kernel is the same sum: stride and dilation, batch and channels change places."""
    X, G = _data("X", N, C, H), _data("G", N, M, m)
    left = define(
        "dK",
        (M, C, r),
        lambda o, k, u: _sum(multiply(G[n, o, i], X[n, k, s * i + d * u - p]), n=N, i=m),
        indices=("o", "k", "u"),
    )
    turned_x = define("X'", (C, N, H), lambda k, n, x: X[n, k, x])
    turned_g = define("G'", (M, N, m), lambda o, n, i: G[n, o, i])
    swapped = define(
        "swapped",
        (C, M, r),
        lambda k, o, u: _sum(multiply(turned_g[o, n, i], turned_x[k, n, d * u + s * i - p]), n=N, i=m),
        indices=("k", "o", "u"),
    )
    return Identity(left, define("back", (M, C, r), lambda o, k, u: swapped[k, o, u], indices=("o", "k", "u")))


def dots() -> Identity:
    """Every tap is a dot product with zeros around the upstream gradient: m rows at a time, each M + q entries long."""
    X, G = _data("X", H, W), _data("G", N, M)
    a, b = Poly.of("a"), Poly.of("b")

    def read(u: Poly, v: Poly, i: Poly) -> Value:
        return X[i + d * u - p, j + t * v - w]

    whole = define("dK", (r, c), lambda u, v: _sum(multiply(G[i, j], read(u, v, i)), i=N, j=M), indices=("u", "v"))
    runs, longer = (Poly.of(N) + m - 1) // m, Poly.of(M) + Q
    made = define(
        "made",
        (r, c),
        lambda u, v: _sum(multiply(G[m * a + b, j], read(u, v, m * a + b)), a=runs, b=m, j=longer),
        indices=("u", "v"),
    )
    return Identity(whole, made)


def spread_taps() -> Identity:
    """The gradient by a kernel as one matrix product: the upstream gradient laid out where each tap reads."""
    X, G = _data("X", C, H), _data("G", m)
    whole = define("dK", (C, r), lambda k, u: _sum(multiply(G[i], X[k, s * i + d * u - p]), i=m), indices=("k", "u"))
    x = Poly.of("x")
    laid = define(
        "laid", (r, H), lambda u, x: _sum(multiply(G[i], bracket(equal(x, s * i + d * u - p))), i=m), indices=("u", "x")
    )
    return Identity(
        whole, define("made", (C, r), lambda k, u: _sum(multiply(X[k, x], laid[u, x]), x=H), indices=("k", "u"))
    )


def shifted() -> Identity:
    """The products of all taps first, P[u, x] = sum of K[k, u] X[k, x], then their sums, shifted by d u each."""
    X, K = _data("X", C, H), _data("K", C, r)
    length = Poly.of(H) + 2 * Poly.of(p) - d * (Poly.of(r) - 1)
    whole = define("y", (length,), lambda i: _sum(multiply(K[k, u], X[k, i + d * u - p]), k=C, u=r), indices=("i",))
    line = (Poly.of(r), Axis(None, None))  # zero outside the signal, as X is
    products = define("P", line, lambda u, x: _sum(multiply(K[k, u], X[k, x]), k=C), indices=("u", "x"))
    made = define("made", (length,), lambda i: _sum(products[u, i + d * u - p], u=r), indices=("i",))
    return Identity(whole, made, (at_least(length, 1),))


def side_by_side() -> Identity:
    """A batch of N signals entry by entry beside each other is one signal, with a dilation N times as large."""
    X, K = _data("X", N, H), _data("K", r)
    length = Poly.of(H) - d * (Poly.of(r) - 1)
    whole = define("y", (N, length), lambda n, i: _sum(multiply(K[u], X[n, i + d * u]), u=r), indices=("n", "i"))
    merged = define("X'", (Poly.of(H) * N,), lambda q: X[q % N, q // N], indices=("q",))
    made = define(
        "made", (N, length), lambda n, i: _sum(multiply(K[u], merged[N * (i + d * u) + n]), u=r), indices=("n", "i")
    )
    return Identity(whole, made, (at_least(Poly.of(H), d * (Poly.of(r) - 1) + 1),))


def tiles() -> Identity:
    """Tiles of m outputs, each made from the m s + d (r - 1) - s + 1 entries that it reads: the halo of the formula."""
    X, K = _data("X", H), _data("K", r)
    whole = correlate(X, K, stride=s, dilation=d)
    reach = Poly.of(m) * s + d * (Poly.of(r) - 1) - s + 1
    count = (whole.shape[0] + m - 1) // m
    parts = define("parts", (count, reach), lambda t, j: X[t * m * s + j], indices=("t", "j"))
    tile = define(
        "tile", (count, m), lambda t, e: _sum(multiply(K[u], parts[t, s * e + d * u]), u=r), indices=("t", "e")
    )
    return Identity(whole, define("tiled", whole.shape, lambda i: tile[i // m, i % m]))


def toeplitz() -> Identity:
    """A block of m outputs is a Toeplitz matrix, T[e, x] = sum of K[u] [x = s e + d u], times the entries it reads."""
    X, K = _data("X", H), _data("K", r)
    whole = correlate(X, K, stride=s, dilation=d)
    reach = Poly.of(m) * s + d * (Poly.of(r) - 1) - s + 1
    matrix = define(
        "T", (m, reach), lambda e, x: _sum(multiply(K[u], bracket(equal(x, s * e + d * u))), u=r), indices=("e", "x")
    )
    block = define(
        "block",
        ((whole.shape[0] + m - 1) // m, m),
        lambda t, e: _sum(multiply(matrix[e, j], X[t * m * s + j]), j=reach),
        indices=("t", "e"),
    )
    return Identity(whole, define("blocks", whole.shape, lambda i: block[i // m, i % m]))


def toeplitz_tiles() -> Identity:
    """Taps in runs of m, outputs in tiles of m: run g of tile t is F(m, m) of the entries from m (t + g) on."""
    X, K, g = _data("X", H), _data("K", r), Poly.of("g")
    whole = correlate(X, K)
    runs, count = (Poly.of(r) + m - 1) // m, (whole.shape[0] + m - 1) // m
    parts = define("D", (count + runs - 1, 2 * Poly.of(m) - 1), lambda t, j: X[m * t + j], indices=("t", "j"))
    taps = define("K'", (runs, m), lambda g, v: K[m * g + v], indices=("g", "v"))
    tile = define(
        "tile",
        (count, m),
        lambda t, e: _sum(multiply(taps[g, v], parts[t + g, e + v]), g=runs, v=m),
        indices=("t", "e"),
    )
    return Identity(whole, define("made", whole.shape, lambda i: tile[i // m, i % m]))


def sparse() -> Identity:
    """All outputs are a Toeplitz matrix, T[i, x] = sum of K[u] [x = s i + d u - p], mostly zero, times the signal."""
    X, K, x = _data("X", H), _data("K", r), Poly.of("x")
    whole = correlate(X, K, stride=s, padding=p, dilation=d)
    length = whole.shape[0]
    matrix = define(
        "T",
        (length, H),
        lambda i, x: _sum(multiply(K[u], bracket(equal(x, s * i + d * u - p))), u=r),
        indices=("i", "x"),
    )
    return Identity(whole, define("made", (length,), lambda i: _sum(multiply(matrix[i, x], X[x]), x=H)))


def sub_images() -> Identity:
    """A dilation of d: correlations without dilation of d images, of every d-th entry each."""
    X, K = _data("X", H), _data("K", r)
    whole = correlate(X, K, dilation=d)
    parts = define("parts", (d, (Poly.of(H) + d - 1) // d), lambda b, j: X[d * j + b], indices=("b", "j"))
    return Identity(whole, define("made", whole.shape, lambda i: _sum(multiply(K[u], parts[i % d, i // d + u]), u=r)))


def common_steps() -> Identity:
    """A stride g s and a dilation g d read every g-th entry, from the first, f, on: those are a signal of their own."""
    X, K = _data("X", H), _data("K", r)
    length = Poly.of(m)  # as many windows as one wants
    whole = define("y", (length,), lambda i: _sum(multiply(K[u], X[g * (s * i + d * u - p) + f]), u=r))
    read = define("Z", ((Poly.of(H) - f + g - 1) // g,), lambda x: X[g * x + f], indices=("x",))
    made = define("made", (length,), lambda i: _sum(multiply(K[u], read[s * i + d * u - p]), u=r))
    return Identity(whole, made, (at_least(g, Poly.of(f) + 1),))


def polyphase() -> Identity:
    """A stride of s is a stride of 1 on s signals, of every s-th entry each, with every s-th tap of the kernel."""
    X, K = _data("X", H), _data("K", r)
    whole = correlate(X, K, stride=s)
    parts = define("parts", (s, (Poly.of(H) + s - 1) // s), lambda e, j: X[s * j + e], indices=("e", "j"))
    taps = define("taps", (s, (Poly.of(r) + s - 1) // s), lambda e, k: K[s * k + e], indices=("e", "k"))
    e, most = Poly.of("e"), (Poly.of(r) + s - 1) // s
    return Identity(
        whole, define("made", whole.shape, lambda i: _sum(multiply(taps[e, k], parts[e, i + k]), e=s, k=most))
    )


def phases() -> Identity:
    """The adjoint with stride s at x = s q + e - p takes the taps e, e + s, .. only: a correlation with stride 1."""
    G, K = _data("G", m), _data("K", r)
    whole = define(
        "dX",
        (s, H),
        lambda e, q: _sum(multiply(K[u], G[i], bracket(equal(s * i + u, s * q + e))), i=m, u=r),
        indices=("e", "q"),
    )
    made = define(
        "phase",
        (s, H),
        lambda e, q: _sum(multiply(K[s * k + e], G[q - k]), k=(Poly.of(r) + s - 1) // s),
        indices=("e", "q"),
    )
    return Identity(whole, made)


def col2im() -> Identity:
    """All products P[k, u, i] = sum of K[o, k, u] G[o, i] first; the adjoint adds each where its window read."""
    G, K, o = _data("G", M, m), _data("K", M, C, r), Poly.of("o")
    whole = define(
        "dX",
        (C, H),
        lambda k, x: _sum(multiply(K[o, k, u], G[o, i], bracket(equal(x, s * i + d * u - p))), o=M, i=m, u=r),
        indices=("k", "x"),
    )
    products = define("P", (C, r, m), lambda k, u, i: _sum(multiply(K[o, k, u], G[o, i]), o=M), indices=("k", "u", "i"))
    made = define(
        "made",
        (C, H),
        lambda k, x: _sum(multiply(products[k, u, i], bracket(equal(x, s * i + d * u - p))), u=r, i=m),
        indices=("k", "x"),
    )
    return Identity(whole, made)


def spectra() -> Identity:
    """Transforms change places with sums: what comes back of a product of spectra is a sum over both factors.

    Its coefficients Z U V are those of a circle if powers of a root of unity stand for the tables: see `roots`.
    """
    K, X = _data("K", C, r), _data("X", C, N)
    U, V, Z = _data("U", N, r), _data("V", N, N), _data("Z", N, N)
    narrow = define("narrow", (C, N), lambda k, q: _sum(multiply(U[q, u], K[k, u]), u=r))
    wide = define("wide", (C, N), lambda k, q: _sum(multiply(V[q, x], X[k, x]), x=N))
    made = define("made", (N,), lambda i: _sum(multiply(Z[i, q], _sum(multiply(narrow[k, q], wide[k, q]), k=C)), q=N))
    returned = define("returned", (N, r, N), lambda i, u, x: _sum(multiply(Z[i, q], U[q, u], V[q, x]), q=N))
    whole = define("y", (N,), lambda i: _sum(multiply(K[k, u], X[k, x], returned[i, u, x]), k=C, u=r, x=N))
    return Identity(whole, made)


def overlap_save() -> Identity:
    """A tile of m entries correlated in a circle: its first m - r + 1 outputs meet no entry from its other end."""
    D, K = _data("D", m), _data("K", r)
    whole = correlate(D, K)

    def circular(i: Poly) -> Value:
        met = bracket(equal(j, i + u))
        round_ = bracket(equal(j, i + u - m))
        return _sum(multiply(K[u], D[j], met), u=r, j=m) + _sum(multiply(K[u], D[j], round_), u=r, j=m)

    return Identity(whole, define("circular", whole.shape, circular), (at_least(Poly.of(m), r),))


def known_rank() -> Identity:
    """A kernel that is a sum of R products a[q, u] b[q, v]: along one axis with a, then along the other with b."""
    X, A, B = _data("X", H, W), _data("a", R, r), _data("b", R, c)
    kernel = define("K", (r, c), lambda u, v: _sum(multiply(A[q, u], B[q, v]), q=R))
    whole = correlate(X, kernel)
    down = define("down", (R, whole.shape[0], W), lambda q, i, x: _sum(multiply(A[q, u], X[i + u, x]), u=r))
    made = define("made", whole.shape, lambda i, j: _sum(multiply(B[q, v], down[q, i, j + v]), q=R, v=c))
    return Identity(whole, made)


def sums_of_windows() -> Identity:
    """The sum of a window is the sum of the sums of its rows."""
    X = _data("X", H, W)
    whole = pool_average(X, (r, c), (s, d), weight=1)
    rows = define("rows", (whole.shape[0], W), lambda i, x: _sum(X[s * i + u, x], u=r))
    return Identity(whole, define("made", whole.shape, lambda i, j: _sum(rows[i, d * j + v], v=c)))


def _greatest_of_rows(X: Tensor, like: Tensor) -> Defined:
    """For each window the greatest of the greatest entries of its rows."""

    def row(x: Poly, j: Poly) -> Value:
        return Maximum((Range.upto("v", Poly.of(c)),), X[x, d * j + v])

    return define("made", like.shape, lambda i, j: Maximum((Range.upto("u", Poly.of(r)),), row(s * i + u, j)))


def greatest_of_windows() -> Identity:
    """The greatest entry of a window is the greatest of the greatest of its rows."""
    X = _data("X", H, W)
    whole = pool_max(X, (r, c), (s, d))
    return Identity(whole, _greatest_of_rows(X, whole))


def winners_of_windows() -> Identity:
    """The first greatest entry of a window is that of the first of its rows to hold one: the gradients agree."""
    X = _data("X", H, W)
    whole = pool_max(X, (r, c), (s, d))
    G = _data("G", *whole.shape)
    return Identity(gradient(whole, X, G), gradient(_greatest_of_rows(X, whole), X, G))


IDENTITIES: dict[str, Callable[[], Identity]] = {
    "direct": columns,
    "rows": rows,
    "taps": taps,
    "dots": dots,
    "spread taps": spread_taps,
    "shifted": shifted,
    "side by side": side_by_side,
    "tiles": tiles,
    "toeplitz": toeplitz,
    "toeplitz tiles": toeplitz_tiles,
    "sparse": sparse,
    "sub-images": sub_images,
    "common steps": common_steps,
    "polyphase": polyphase,
    "adjoint": phases,
    "col2im": col2im,
    "fourier": overlap_save,
    "spectra": spectra,
    "known rank": known_rank,
    "sums of windows": sums_of_windows,
    "greatest of windows": greatest_of_windows,
    "winners of windows": winners_of_windows,
}

__all__ = ["IDENTITIES", "Identity"]
