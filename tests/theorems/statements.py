"""The theorems: every statement that symconv must prove for all sizes, as data.

A statement is a function that builds (left, right, hypotheses); left and right
are tensors or values.  Nothing here says how it is proved.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from symconv.calculus.gradient import gradient, upstream
from symconv.ops.correlate import convolve, correlate, depthwise, transposed
from symconv.ops.layer import add_bias, apply, cross_entropy, dense, elementwise, softmax
from symconv.ops.matrix import matmul, toeplitz, unvec, vec
from symconv.ops.pool import argmax, pool_average, pool_max
from symconv.ops.window import crop, flip, pad, rot180, stuff, transpose
from symconv.proof.problem import Problem, equation, tensor_equation
from symconv.term.polynomial import Poly, PolyLike, Size
from symconv.term.tensor import Axis, Defined, Leaf, Tensor, define
from symconv.term.value import (
    Apply,
    Condition,
    Derivative,
    Entry,
    Function,
    Number,
    Position,
    Range,
    Reciprocal,
    Value,
    at_least,
    bracket,
    equal,
    multiply,
    negative,
    total,
)

Statement = tuple[Tensor | Value, Tensor | Value] | tuple[Tensor | Value, Tensor | Value, tuple[Condition, ...]]
STATEMENTS: dict[str, Callable[[], Statement]] = {}


def theorem(name: str) -> Callable[[Callable[[], Statement]], Callable[[], Statement]]:
    def register(build: Callable[[], Statement]) -> Callable[[], Statement]:
        STATEMENTS[name] = build
        return build

    return register


def problem(name: str) -> Problem:
    """The problem behind a statement; a value's free indices are not restricted."""
    left, right, *rest = STATEMENTS[name]()
    assuming = rest[0] if rest else ()
    if isinstance(left, Tensor) and isinstance(right, Tensor):
        return tensor_equation(left, right, assuming)
    assert isinstance(left, Value)
    assert isinstance(right, Value)
    return equation(left, right, (), assuming)


def size(name: str, least: int = 1) -> Poly:
    return Poly.of(Size(name, least))


def leaf(name: str, *shape: PolyLike) -> Leaf:
    return Leaf(name, tuple(map(Axis.of, shape)))


def upto(name: str, extent: PolyLike) -> Range:
    return Range.upto(name, extent)


H, W, D, r, c, q, s, t, d, e = (size(n) for n in ["H", "W", "D", "r", "c", "q", "s", "t", "d", "e"])
P, Q, P1, Q1 = (size(n, 0) for n in ["P", "Q", "P1", "Q1"])
N, C, O, g, Cg, Og, m, n = (size(x) for x in ["N", "C", "O", "g", "Cg", "Og", "m", "n"])
i, j, k, u, v, a, b = (Poly.of(x) for x in "ijkuvab")
F_ = Function("f")

x, w = leaf("x", H), leaf("w", r)
X, K = leaf("X", H, W), leaf("K", r, c)
V, B = leaf("V", D, H, W), leaf("B", q, r, c)


def both(f: Defined, tensor: Tensor) -> tuple[Defined, Leaf]:
    """The gradient of f by the tensor, and the upstream gradient it is made of."""
    up = upstream(f)
    return gradient(f, tensor, up), up


# -- T1 - T3: the plain identities ------------------------------------------------------


@theorem("T1 kernel gradient = corr(X, G), 1-D")
def _() -> Statement:
    dw, G = both(correlate(x, w), w)
    return dw, correlate(x, G)


@theorem("T1 kernel gradient = corr(X, G), 2-D")
def _() -> Statement:
    dK, G = both(correlate(X, K), K)
    return dK, correlate(X, G)


@theorem("T1 kernel gradient = corr(X, G), 3-D")
def _() -> Statement:
    dB, G = both(correlate(V, B, spatial=3), B)
    return dB, correlate(V, G, spatial=3)


@theorem("T2 input gradient = full correlation with rot180(K), 1-D")
def _() -> Statement:
    dx, G = both(correlate(x, w), x)
    return dx, correlate(pad(G, r - 1), rot180(w))


@theorem("T2 input gradient = full correlation with rot180(K), 2-D")
def _() -> Statement:
    dX, G = both(correlate(X, K), X)
    return dX, correlate(pad(G, (r - 1, c - 1)), rot180(K))


@theorem("T2 input gradient = full correlation with rot180(K), 3-D")
def _() -> Statement:
    dV, G = both(correlate(V, B, spatial=3), V)
    return dV, correlate(pad(G, (q - 1, r - 1, c - 1)), rot180(B), spatial=3)


@theorem("T2 input gradient = full convolution with K, 2-D")
def _() -> Statement:
    dX, G = both(correlate(X, K), X)
    return dX, convolve(G, K, mode="full")


@theorem("T3 true convolution: kernel gradient = rot180(corr(X, G))")
def _() -> Statement:
    dK, G = both(convolve(X, K), K)
    return dK, rot180(correlate(X, G))


@theorem("T3 true convolution: input gradient = full correlation with K unrotated")
def _() -> Statement:
    dX, G = both(convolve(X, K), X)
    return dX, correlate(pad(G, (r - 1, c - 1)), K)


@theorem("T3 full convolution: input gradient = valid correlation with K")
def _() -> Statement:
    dx, G = both(convolve(x, w, mode="full"), x)
    return dx, correlate(G, w)


# -- T4 - T6: padding, stride, dilation --------------------------------------------------


@theorem("T4 padding P: kernel gradient = corr(pad(X, P), G), 2-D")
def _() -> Statement:
    dK, G = both(correlate(X, K, padding=(P, Q)), K)
    return dK, correlate(pad(X, (P, Q)), G)


@theorem("T4 padding P: input gradient = crop of the full correlation, 2-D")
def _() -> Statement:
    dX, G = both(correlate(X, K, padding=(P, Q)), X)
    return dX, crop(correlate(pad(G, (r - 1, c - 1)), rot180(K)), (P, Q))


@theorem("T4 padding per side: input gradient pads by r-1-p on each side")
def _() -> Statement:
    dX, G = both(correlate(X, K, padding=((P, P1), (Q, Q1))), X)
    return dX, correlate(pad(G, ((r - 1 - P, r - 1 - P1), (c - 1 - Q, c - 1 - Q1))), rot180(K))


def strided_input_gradient(stride: PolyLike) -> Statement:
    dx, G = both(correlate(x, w, stride=stride), x)
    step = Poly.of(stride)
    slack = (H - r) % step
    return dx, correlate(pad(stuff(G, step), ((r - 1, r - 1 + slack),)), rot180(w))


def strided_by_brackets(stride: PolyLike) -> Statement:
    """sum over i and u of G[i] K[u] [s i + u = a]."""
    dx, G = both(correlate(x, w, stride=stride), x)
    step = Poly.of(stride)
    picked = bracket(equal(step * i + u, a))
    body = total((upto("i", G.shape[0]), upto("u", r)), multiply(G[i], w[u], picked))
    return dx, define("closed", (H,), lambda a: body, indices=("a",))


def strided_kernel_gradient(stride: PolyLike) -> Statement:
    dw, G = both(correlate(x, w, stride=stride), w)
    used = Poly.of(stride) * (G.shape[0] - 1) + r
    return dw, correlate(crop(x, ((0, H - used),)), G, dilation=stride)


def strided_kernel_gradient_stuffed(stride: PolyLike) -> Statement:
    dw, G = both(correlate(x, w, stride=stride), w)
    used = Poly.of(stride) * (G.shape[0] - 1) + r
    return dw, correlate(crop(x, ((0, H - used),)), stuff(G, stride))


for _name, _stride in (("2", 2), ("3", 3), ("s", s)):
    theorem(f"T5 stride {_name}: input gradient by stuffing")(lambda st=_stride: strided_input_gradient(st))
    theorem(f"T5 stride {_name}: input gradient as a sum of brackets")(lambda st=_stride: strided_by_brackets(st))
    theorem(f"T5 stride {_name}: kernel gradient is dilated")(lambda st=_stride: strided_kernel_gradient(st))
    theorem(f"T5 stride {_name}: kernel gradient by stuffing")(lambda st=_stride: strided_kernel_gradient_stuffed(st))


def closed_input_gradient(image: Leaf, kernel: Leaf, stride: object, padding: object, dilation: object) -> Statement:
    """corr(pad(stuff(G, s), d(k-1)-p, that + (H+2p-d(k-1)-1) mod s), rot180(K), dilation=d)."""
    f = correlate(image, kernel, stride, padding, dilation, spatial=kernel.rank)
    dX, G = both(f, image)
    axes = kernel.rank
    st, pd, dl = (
        tuple(Poly.of(y) for y in (z if isinstance(z, tuple) else (z,) * axes)) for z in (stride, padding, dilation)
    )
    around = []
    for step, p, gap, extent, taps in zip(st, pd, dl, image.shape, kernel.shape, strict=True):
        near = gap * (taps - 1) - p
        around.append((near, near + (extent + 2 * p - gap * (taps - 1) - 1) % step))
    return dX, correlate(pad(stuff(G, st), tuple(around)), rot180(kernel), dilation=dl, spatial=axes)


theorem("T5 stride s, t: input gradient by stuffing, 2-D")(lambda: closed_input_gradient(X, K, (s, t), 0, 1))
theorem("T6 dilation d: input gradient")(lambda: closed_input_gradient(x, w, 1, 0, d))


@theorem("T6 dilation d: kernel gradient is strided")
def _() -> Statement:
    dw, G = both(correlate(x, w, dilation=d), w)
    return dw, correlate(x, G, stride=d)


theorem("T4+5+6 stride, padding, dilation all symbolic, 1-D")(lambda: closed_input_gradient(x, w, s, P, d))
theorem("T4+5+6 stride, padding, dilation all symbolic, 2-D")(lambda: closed_input_gradient(X, K, s, P, d))
theorem("T4+5+6 an option an axis, 2-D")(lambda: closed_input_gradient(X, K, (s, t), (P, Q), (d, e)))
theorem("T4+5+6 stride, padding, dilation all symbolic, 3-D")(
    lambda: closed_input_gradient(V, B, (s, t, 2), (P, Q, 1), (d, e, 3))
)

# -- T7: channels, groups ---------------------------------------------------------------

XC, KC = leaf("X", C, H, W), leaf("K", O, C, r, c)
XG, KG = leaf("X", N, g * Cg, H, W), leaf("K", g * Og, Cg, r, c)


@theorem("T7 channels: input gradient sums over output channels")
def _() -> Statement:
    dX, G = both(correlate(XC, KC), XC)
    return dX, correlate(pad(G, (0, r - 1, c - 1)), rot180(transpose(KC, (1, 0, 2, 3)), 2))


@theorem("T7 channels: kernel gradient has no channel sum")
def _() -> Statement:
    dK, G = both(correlate(XC, KC), KC)
    return dK, define(
        "closed",
        KC.shape,
        lambda o, ch, u, v: total(
            (upto("i", H - r + 1), upto("j", W - c + 1)), multiply(G[o, i, j], XC[ch, i + u, j + v])
        ),
        indices=("o", "ch", "u", "v"),
    )


@theorem("T7 groups by index: input gradient stays in its group")
def _() -> Statement:
    grouped, kernel = leaf("X", g, Cg, H), leaf("K", g, Og, Cg, r)
    f = define(
        "F",
        (g, Og, H - r + 1),
        lambda h, o, i: total((upto("c", Cg), upto("u", r)), multiply(kernel[h, o, "c", u], grouped[h, "c", i + u])),
        indices=("h", "o", "i"),
        requires=(at_least(H, r),),
    )
    dX, G = both(f, grouped)
    return dX, define(
        "closed",
        grouped.shape,
        lambda h, z, a: total((upto("o", Og), upto("u", r)), multiply(kernel[h, "o", z, u], G[h, "o", a - u])),
        indices=("h", "z", "a"),
    )


@theorem("T7 flat groups (div/mod of the channel number), batch: input gradient")
def _() -> Statement:
    dX, G = both(correlate(XG, KG, groups=g), XG)
    o = Poly.of("o")
    return dX, define(
        "closed",
        XG.shape,
        lambda l, ch, a, b: total(
            (upto("o", Og), upto("u", r), upto("v", c)),
            multiply(KG[(ch // Cg) * Og + o, ch % Cg, u, v], G[l, (ch // Cg) * Og + o, a - u, b - v]),
        ),
        indices=("l", "ch", "a", "b"),
    )


@theorem("T7 flat groups, batch: kernel gradient")
def _() -> Statement:
    dK, G = both(correlate(XG, KG, groups=g), KG)
    return dK, define(
        "closed",
        KG.shape,
        lambda o, ch, u, v: total(
            (upto("l", N), upto("i", H - r + 1), upto("j", W - c + 1)),
            multiply(G["l", o, i, j], XG["l", (o // Og) * Cg + ch, i + u, j + v]),
        ),
        indices=("o", "ch", "u", "v"),
    )


def grouped_conv2d() -> Statement:
    """Everything at once: batch, flat groups, stride, padding and dilation on each axis; 14 sizes."""
    f = correlate(XG, KG, (s, t), (P, Q), (d, e), groups=g)
    dX, G = both(f, XG)
    o, hf, wf = Poly.of("o"), f.shape[2], f.shape[3]
    return dX, define(
        "closed",
        XG.shape,
        lambda l, ch, a, b: total(
            (upto("o", Og), upto("i", hf), upto("j", wf), upto("u", r), upto("v", c)),
            multiply(
                KG[(ch // Cg) * Og + o, ch % Cg, u, v],
                G[l, (ch // Cg) * Og + o, i, j],
                bracket(equal(s * i + d * u, a + P), equal(t * j + e * v, b + Q)),
            ),
        ),
        indices=("l", "ch", "a", "b"),
    )


theorem("T7 grouped conv2d, batch, stride, padding, dilation: input gradient")(grouped_conv2d)


@theorem("T7 depthwise: input gradient channel by channel")
def _() -> Statement:
    image, kernel = leaf("X", C, H, W), leaf("K", C, r, c)
    dX, G = both(depthwise(image, kernel), image)
    return dX, depthwise(pad(G, (0, r - 1, c - 1)), rot180(kernel, 2))


@theorem("T7 depthwise: kernel gradient channel by channel")
def _() -> Statement:
    image, kernel = leaf("X", C, H, W), leaf("K", C, r, c)
    dK, G = both(depthwise(image, kernel), kernel)
    return dK, depthwise(image, G)


# -- T8: commutativity -------------------------------------------------------------------


@theorem("T8 full convolution commutes, 1-D")
def _() -> Statement:
    return convolve(x, w, mode="full"), convolve(w, x, mode="full")


@theorem("T8 valid convolution = valid correlation with rot180")
def _() -> Statement:
    return convolve(X, K), correlate(X, rot180(K))


@theorem("T8 the sum over all integers commutes")
def _() -> Statement:
    line = Range("k", None, None)
    return total((line,), multiply(x[k], w[i - k])), total((line,), multiply(w[k], x[i - k]))


# -- T9, T10: matrix forms and adjoints -----------------------------------------------------


@theorem("T9 vec(F) = T vec(X), columns")
def _() -> Statement:
    return vec(correlate(X, K)), matmul(toeplitz(K, X.shape), vec(X))


@theorem("T9 vec(F) = T vec(X), rows")
def _() -> Statement:
    return vec(correlate(X, K), "rows"), matmul(toeplitz(K, X.shape, order="rows"), vec(X, "rows"))


@theorem("T9 vec(dL/dX) = transposed T times vec(G), columns")
def _() -> Statement:
    dX, G = both(correlate(X, K), X)
    return vec(dX), matmul(transpose(toeplitz(K, X.shape)), vec(G))


@theorem("T9 vec(dL/dX) = transposed T times vec(G), rows")
def _() -> Statement:
    dX, G = both(correlate(X, K), X)
    return vec(dX, "rows"), matmul(transpose(toeplitz(K, X.shape, order="rows")), vec(G, "rows"))


def adjoint_1d(stride: PolyLike, padding: PolyLike) -> Statement:
    """<corr(x, w), y> = <x, sum over i and u of w[u] y[i] at s i + u - p>."""
    f = correlate(x, w, stride, padding)
    y = leaf("y", *f.shape)
    step, p = Poly.of(stride), Poly.of(padding)
    left = total((upto("i", f.shape[0]),), multiply(f[i], y[i]))
    lands = bracket(equal(step * i + u - p, a))
    inner = total((upto("i", f.shape[0]), upto("u", r)), multiply(w[u], y[i], lands))
    return left, total((upto("a", H),), multiply(x[a], inner))


for _name, _stride, _pad in (("1", 1, 0), ("2", 2, 0), ("s", s, 0), ("s, padding P", s, P)):
    theorem(f"T10 the adjoint of a correlation, stride {_name}")(lambda st=_stride, p=_pad: adjoint_1d(st, p))


@theorem("T10 the library's transposed convolution is the adjoint (sizes that divide)")
def _() -> Statement:
    y = leaf("y", n)
    f = transposed(y, w, s, ((P, P),))
    image = leaf("x", *f.shape)
    forward = correlate(image, w, s, P)
    left = total((upto("i", n),), multiply(forward[i], y[i]))
    return left, total((upto("a", f.shape[0]),), multiply(image[a], f[a]))


# -- T11, T12: average pooling, bias ----------------------------------------------------------

weight = leaf("w")


@theorem("T11 average pooling, tail allowed: gradient is G spread out")
def _() -> Statement:
    f = pool_average(X, (r, c), weight=weight)
    dX, G = both(f, X)
    return dX, define("closed", X.shape, lambda a, b: multiply(weight[()], G[a // r, b // c]), indices=("a", "b"))


@theorem("T11 average pooling: gradient as a Kronecker product with ones")
def _() -> Statement:
    image = leaf("X", m * r, n * c)
    f = pool_average(image, (r, c), weight=weight)
    dX, G = both(f, image)
    ones = (upto("h", m), upto("l", n), upto("u", r), upto("v", c))
    return dX, define(
        "closed",
        image.shape,
        lambda a, b: total(
            ones,
            multiply(weight[()], G["h", "l"], bracket(equal(Poly.of("h") * r + u, a), equal(Poly.of("l") * c + v, b))),
        ),
        indices=("a", "b"),
    )


@theorem("T11 average pooling: gradient by the weight")
def _() -> Statement:
    f = pool_average(X, (r, c), weight=weight)
    G = upstream(f)
    dw = gradient(f, weight, G)
    windows = (upto("i", G.shape[0]), upto("j", G.shape[1]), upto("u", r), upto("v", c))
    return dw, Defined("closed", (), (), total(windows, multiply(G[i, j], X[r * i + u, c * j + v])))


@theorem("T12 tied bias: the gradient is the sum of G")
def _() -> Statement:
    bias = leaf("b")
    f = add_bias(X, bias)
    G = upstream(f)
    return gradient(f, bias, G), Defined("closed", (), (), total((upto("i", H), upto("j", W)), G[i, j]))


@theorem("T12 tied bias a channel: the gradient sums over positions and batch")
def _() -> Statement:
    image, bias = leaf("X", N, C, H, W), leaf("b", C)
    f = add_bias(image, bias)
    G = upstream(f)
    sums = (upto("l", N), upto("i", H), upto("j", W))
    return gradient(f, bias, G), define("closed", (C,), lambda z: total(sums, G["l", z, i, j]), indices=("z",))


@theorem("T12 untied bias: the gradient is G")
def _() -> Statement:
    bias = leaf("b", H, W)
    f = add_bias(X, bias)
    G = upstream(f)
    return gradient(f, bias, G), define("closed", (H, W), lambda a, b: G[a, b], indices=("a", "b"))


# -- T13, T14: algebra ---------------------------------------------------------------------


@theorem("T13 full convolution is associative")
def _() -> Statement:
    y = leaf("y", q)
    left = convolve(convolve(x, w, mode="full"), y, mode="full")
    return left, convolve(x, convolve(w, y, mode="full"), mode="full")


@theorem("T14 a separable kernel is two one-dimensional correlations")
def _() -> Statement:
    p, l = leaf("p", r), leaf("l", c)
    outer = define("outer", (r, c), lambda u, v: multiply(p[u], l[v]), indices=("u", "v"))
    rows = define(
        "rows",
        (H, W - c + 1),
        lambda i, j: total((upto("v", c),), multiply(l[v], X[i, j + v])),
        requires=(at_least(W, c),),
    )
    both_ways = define(
        "both", (H - r + 1, W - c + 1), lambda i, j: total((upto("u", r),), multiply(p[u], rows[i + u, j]))
    )
    return correlate(X, outer), both_ways


# -- T15: max pooling ------------------------------------------------------------------------


def max_pool_gradient(window: PolyLike, stride: PolyLike) -> Statement:
    f = pool_max(x, (window,), (stride,))
    dx, G = both(f, x)
    (winner,) = argmax(f, (i,))
    hit = bracket(equal(Poly.of(stride) * i + winner, a))
    return dx, define("closed", (H,), lambda a: total((upto("i", f.shape[0]),), multiply(G[i], hit)), indices=("a",))


for _name, _window, _stride in (("1", r, 1), ("2", r, 2), ("s", r, s), ("= window", r, r)):
    theorem(f"T15 max pooling, stride {_name}: G goes to the argmax")(
        lambda win=_window, st=_stride: max_pool_gradient(win, st)
    )


@theorem("T15 max pooling, 2-D, strides s and t")
def _() -> Statement:
    f = pool_max(X, (r, c), (s, t))
    dX, G = both(f, X)
    first, second = argmax(f, (i, j))
    hit = bracket(equal(s * i + first, a), equal(t * j + second, b))
    windows = (upto("i", f.shape[0]), upto("j", f.shape[1]))
    return dX, define("closed", X.shape, lambda a, b: total(windows, multiply(G[i, j], hit)), indices=("a", "b"))


@theorem("T15 max pooling, windows side by side: the window is named by the pixel in it")
def _() -> Statement:
    f = pool_max(X, (r, c))
    dX, G = both(f, X)
    around = {"i": a // r, "j": b // c}
    first, second = (winner.substitute(around) for winner in argmax(f, (i, j)))
    hit = bracket(equal(r * around["i"] + first, a), equal(c * around["j"] + second, b))
    return dX, define("closed", X.shape, lambda *_: multiply(G[a // r, b // c], hit), indices=("a", "b"))


@theorem("T11 average pooling where the stride is the window, said by a hypothesis")
def _() -> Statement:
    f = pool_average(x, (r,), (s,), weight=weight)
    dx, G = both(f, x)
    same = Condition("eq", s - r)
    return dx, define("closed", (H,), lambda a: multiply(weight[()], G[a // r]), indices=("a",)), (same,)


# -- T16 - T18: functions, softmax, several layers ----------------------------------------------


@theorem("T16 elementwise f: gradient = f'(N) times G")
def _() -> Statement:
    f = apply("f", X)
    dX, G = both(f, X)
    return dX, define(
        "closed", X.shape, lambda a, b: multiply(Apply(Function("f", 1), X[a, b]), G[a, b]), indices=("a", "b")
    )


@theorem("T17 softmax with cross-entropy, one-hot label: p - y")
def _() -> Statement:
    z = leaf("z", n)
    label = size("label", 0)
    y = define("y", (n,), lambda k: bracket(equal(k, label)), indices=("k",))
    p = softmax(z)
    loss = cross_entropy(p, y)
    at = Poly.of("a")
    left = Derivative(loss[()], z[at])
    ranges = (at_least(at, 0), at_least(n - 1, at), at_least(n - 1, label))
    return left, p[at] - y[at], ranges


@theorem("T17 softmax with cross-entropy, soft labels: (sum of y) p - y")
def _() -> Statement:
    z, y = leaf("z", n), leaf("y", n)
    p = softmax(z)
    loss = cross_entropy(p, y)
    at = Poly.of("a")
    left = Derivative(loss[()], z[at])
    right = total((upto("k", n),), y[k]) * p[at] - y[at]
    return left, right, (at_least(at, 0), at_least(n - 1, at))


@theorem("T17 the Jacobian of softmax: p_i ([i = a] - p_a)")
def _() -> Statement:
    z = leaf("z", n)
    p = softmax(z)
    left = Derivative(p[i], z[a])
    inside = tuple(h for y in (i, a) for h in (at_least(y, 0), at_least(n - 1, y)))
    return left, p[i] * (bracket(equal(i, a)) - p[a]), inside


@theorem("T18 two layers with f between, 1-D: gradient by the input")
def _() -> Statement:
    w2 = leaf("w2", q)
    first = correlate(x, w)
    f = correlate(apply("f", first), w2)
    dx, G = both(f, x)
    dA = correlate(pad(G, q - 1), rot180(w2))
    dN = elementwise(apply(Function("f", 1), first), dA, "*")
    return dx, correlate(pad(dN, r - 1), rot180(w))


@theorem("T18 two layers with f between, 2-D: gradient by the first kernel")
def _() -> Statement:
    K2 = leaf("K2", q, e)
    first = correlate(X, K)
    f = correlate(apply("f", first), K2)
    dK, G = both(f, K)
    dA = correlate(pad(G, (q - 1, e - 1)), rot180(K2))
    dN = elementwise(apply(Function("f", 1), first), dA, "*")
    return dK, correlate(X, dN)


@theorem("T18 two layers with f between, 2-D: gradient by the input")
def _() -> Statement:
    K2 = leaf("K2", q, e)
    first = correlate(X, K)
    f = correlate(apply("f", first), K2)
    dX, G = both(f, X)
    dA = correlate(pad(G, (q - 1, e - 1)), rot180(K2))
    dN = elementwise(apply(Function("f", 1), first), dA, "*")
    return dX, correlate(pad(dN, (r - 1, c - 1)), rot180(K))


@theorem("T18 three linear layers, 1-D: gradient by the input")
def _() -> Statement:
    w2, w3 = leaf("w2", q), leaf("w3", e)
    f = correlate(correlate(correlate(x, w), w2), w3)
    dx, G = both(f, x)
    d2 = correlate(pad(G, e - 1), rot180(w3))
    d1 = correlate(pad(d2, q - 1), rot180(w2))
    return dx, correlate(pad(d1, r - 1), rot180(w))


# -- T19 - T21 ----------------------------------------------------------------------------------


@theorem("T19 depthwise then pointwise = full convolution with a kernel of rank one a channel")
def _() -> Statement:
    image, planes, mix = leaf("X", C, H, W), leaf("K", C, r, c), leaf("M", O, C)
    separated, z = depthwise(image, planes), Poly.of("z")
    pointwise = define(
        "pointwise",
        (O, *separated.shape[1:]),
        lambda o, i, j: total((upto("z", C),), multiply(mix[o, z], separated[z, i, j])),
        indices=("o", "i", "j"),
    )
    kernel = define(
        "kernel", (O, C, r, c), lambda o, z, u, v: multiply(mix[o, z], planes[z, u, v]), indices=("o", "z", "u", "v")
    )
    return correlate(image, kernel), pointwise


def positions(stride: PolyLike) -> Statement:
    """The positions i >= 0 with s i + r <= H + 2 P are 0 .. floor((H + 2P - r)/s): equal sums of any weight A."""
    A = Leaf("A", (Axis(None, None),))
    step = Poly.of(stride)
    fits = bracket(at_least(i, 0), at_least(H + 2 * P, step * i + r))
    left = total((Range("i", None, None),), multiply(A[i], fits))
    return left, total((upto("i", (H + 2 * P - r) // step + 1),), A[i]), (at_least(H + 2 * P, r),)


for _name, _stride in (("1", 1), ("2", 2), ("s", s)):
    theorem(f"T20 the windows that fit, stride {_name}")(lambda st=_stride: positions(st))


@theorem("T20 how many windows fit, stride 1")
def _() -> Statement:
    left = total((upto("i", H + 2 * P),), bracket(at_least(H + 2 * P, i + r)))
    return left, Position(H + 2 * P - r + 1), (at_least(H + 2 * P, r),)


@theorem("T21 two correlations are one, with the full convolution of the kernels")
def _() -> Statement:
    w2 = leaf("w2", q)
    return correlate(correlate(x, w), w2), correlate(x, convolve(w, w2, mode="full"))


@theorem("T21 two strided correlations are one of stride s t, the second kernel stuffed")
def _() -> Statement:
    w2 = leaf("w2", q)
    one = correlate(x, convolve(w, stuff(w2, s), mode="full"), stride=s * t)
    two = correlate(correlate(x, w, stride=s), w2, stride=t)
    at = Poly.of("y")
    inside = (at_least(at, 0), at_least(two.shape[0] - 1, at))
    return two[at], one[at], inside


# -- extras ----------------------------------------------------------------------------------------


def im2col(image: Leaf, window: tuple[Poly, Poly]) -> Defined:
    """Row i*WF + j holds the window at (i, j), row by row."""
    h, l = window
    hf, wf = image.shape[0] - h + 1, image.shape[1] - l + 1
    return define(
        "im2col",
        (hf * wf, h * l),
        lambda p, z: image[p // wf + z // l, p % wf + z % l],
        indices=("p", "z"),
        requires=(at_least(hf, 1), at_least(wf, 1)),
    )


@theorem("E im2col: correlation is one matrix product")
def _() -> Statement:
    return vec(correlate(X, K), "rows"), matmul(im2col(X, (r, c)), vec(K, "rows"))


@theorem("E col2im is the adjoint of im2col")
def _() -> Statement:
    columns = im2col(X, (r, c))
    M = leaf("M", *columns.shape)
    dX = gradient(columns, X, M)
    wf = W - c + 1
    where = (upto("u", r), upto("v", c))
    inside = bracket(at_least(a - u, 0), at_least(H - r, a - u), at_least(b - v, 0), at_least(W - c, b - v))
    return dX, define(
        "col2im",
        X.shape,
        lambda a, b: total(where, multiply(M[(a - u) * wf + b - v, u * c + v], inside)),
        indices=("a", "b"),
    )


@theorem("E circular convolution: input gradient is circular correlation")
def _() -> Statement:
    y = define("y", (H,), lambda i: total((upto("u", r),), multiply(w[u], x[(i - u) % H])), indices=("i",))
    dx, G = both(y, x)
    closed = define("closed", (H,), lambda a: total((upto("u", r),), multiply(w[u], G[(a + u) % H])), indices=("a",))
    return dx, closed, (at_least(H, r),)


@theorem("E nearest upsampling: the gradient sums over each block")
def _() -> Statement:
    small = leaf("x", m)
    up = define("up", (m * s,), lambda i: small[i // s], indices=("i",))
    dx, G = both(up, small)
    return dx, define("closed", (m,), lambda a: total((upto("u", s),), G[s * a + u]), indices=("a",))


@theorem("E nearest upsampling then summing over blocks multiplies by s")
def _() -> Statement:
    small = leaf("x", m)
    up = define("up", (m * s,), lambda i: small[i // s], indices=("i",))
    sums = define("sums", (m,), lambda a: total((upto("u", s),), up[s * a + u]), indices=("a",))
    return sums, define("closed", (m,), lambda a: multiply(Position(s), small[a]), indices=("a",))


@theorem("E pixel shuffle and its inverse")
def _() -> Statement:
    image = leaf("X", s * s, m, n)
    shuffled = define(
        "shuffle", (m * s, n * s), lambda i, j: image[(i % s) * s + j % s, i // s, j // s], indices=("i", "j")
    )
    back = define("back", image.shape, lambda z, a, b: shuffled[a * s + z // s, b * s + z % s], indices=("z", "a", "b"))
    return back, define("same", image.shape, lambda z, a, b: image[z, a, b], indices=("z", "a", "b"))


@theorem("E odd kernel, same: input gradient is a same correlation with rot180(K)")
def _() -> Statement:
    kernel = leaf("K", 2 * m + 1, 2 * n + 1)
    dX, G = both(correlate(X, kernel, mode="same"), X)
    return dX, correlate(G, rot180(kernel), mode="same")


@theorem("E half the squared error: gradient is the residual")
def _() -> Statement:
    y = leaf("y", n)
    p = leaf("p", n)
    loss = total((upto("k", n),), multiply(Number(Fraction(1, 2)), p[k] - y[k], p[k] - y[k]))
    return Derivative(loss, p[a]), p[a] - y[a], (at_least(a, 0), at_least(n - 1, a))


@theorem("E L = sum F^2 / 2: kernel gradient is corr(X, F)")
def _() -> Statement:
    f = correlate(x, w)
    loss = total((upto("i", H - r + 1),), multiply(Number(Fraction(1, 2)), f[i], f[i]))
    left = Derivative(loss, w[a])
    return left, total((upto("i", H - r + 1),), multiply(f[i], x[i + a])), (at_least(a, 0), at_least(r - 1, a))


@theorem("E reflection padding by 1 as three guarded terms")
def _() -> Statement:
    reflected = define(
        "reflect",
        (H + 2,),
        lambda i: x[i - 1] + multiply(bracket(equal(i, 0)), x[1]) + multiply(bracket(equal(i, H + 1)), x[H - 2]),
        indices=("i",),
    )
    dx, G = both(reflected, x)
    closed = define(
        "closed",
        (H,),
        lambda a: G[a + 1] + multiply(bracket(equal(a, 1)), G[0]) + multiply(bracket(equal(a, H - 2)), G[H + 1]),
        indices=("a",),
    )
    return dx, closed, (at_least(H, 2),)


@theorem("E overlapping average pooling: gradients add up")
def _() -> Statement:
    f = pool_average(x, (r,), (s,), weight=weight)
    dx, G = both(f, x)
    hit = bracket(equal(s * i + u, a))
    sums = (upto("i", f.shape[0]), upto("u", r))
    return dx, define("closed", (H,), lambda a: multiply(weight[()], total(sums, multiply(G[i], hit))), indices=("a",))


@theorem("E correlation commutes with shifts on the whole line")
def _() -> Statement:
    line, shift = Leaf("x", (Axis(None, None),)), size("h", 0)
    shifted = define("shifted", (Axis(None, None),), lambda i: line[i - shift], indices=("i",))
    left = total((upto("u", r),), multiply(w[u], shifted[i + u]))
    plain = define(
        "plain", (Axis(None, None),), lambda i: total((upto("u", r),), multiply(w[u], line[i + u])), indices=("i",)
    )
    return left, plain[i - shift]


@theorem("E a block of the Hessian: d2L/dw da x")
def _() -> Statement:
    f = correlate(x, w)
    G = upstream(f)
    loss = total((upto("i", f.shape[0]),), multiply(G[i], f[i]))
    left = Derivative(Derivative(loss, w[b]), x[a])
    inside = (at_least(a, 0), at_least(H - 1, a), at_least(b, 0), at_least(r - 1, b))
    return left, G[a - b], inside


@theorem("E Y = A X B: gradient by X is A^T G B^T")
def _() -> Statement:
    A, Z = leaf("A", m, H), leaf("Z", W, n)
    y = matmul(matmul(A, X), Z)
    dX, G = both(y, X)
    return dX, matmul(matmul(transpose(A), G), transpose(Z))


@theorem("E strided and padded Toeplitz matrix")
def _() -> Statement:
    return vec(correlate(x, w, s, P)), matmul(toeplitz(w, x.shape, s, P), vec(x))


@theorem("E strided, padded and dilated Toeplitz matrix, transposed")
def _() -> Statement:
    dx, G = both(correlate(x, w, s, P, d), x)
    return vec(dx), matmul(transpose(toeplitz(w, x.shape, s, P, d)), vec(G))


@theorem("E conv3d with channels: kernel gradient")
def _() -> Statement:
    image, kernel = leaf("X", C, D, H, W), leaf("K", O, C, q, r, c)
    dK, G = both(correlate(image, kernel), kernel)
    where = (upto("h", D - q + 1), upto("i", H - r + 1), upto("j", W - c + 1))
    return dK, define(
        "closed",
        kernel.shape,
        lambda o, z, l, u, v: total(where, multiply(G[o, "h", i, j], image[z, Poly.of("h") + l, i + u, j + v])),
        indices=("o", "z", "l", "u", "v"),
    )


@theorem("E centring: the gradient of x - mean(x) is G - mean(G), for all n")
def _() -> Statement:
    image = leaf("x", n)
    mean = Defined("mean", (), (), multiply(Reciprocal(Position(n)), total((upto("k", n),), image[k])))
    centred = define("centred", (n,), lambda i: image[i] - mean[()], indices=("i",))
    dx, G = both(centred, image)
    closed = define(
        "closed",
        (n,),
        lambda a: G[a] - multiply(Reciprocal(Position(n)), total((upto("k", n),), G[k])),
        indices=("a",),
    )
    return dx, closed


@theorem("E centring twice is centring once")
def _() -> Statement:
    image = leaf("x", n)

    def centre(z: Tensor) -> Defined:
        mean = multiply(Reciprocal(Position(n)), total((upto("k", n),), z[k]))
        return define(f"centred({z.name})", (n,), lambda i: z[i] - mean, indices=("i",))

    return centre(centre(image)), centre(image)


@theorem("E two strided layers with tails: the extents as sums over positions")
def _() -> Statement:
    """sum over 0..floor((floor((H-r)/s) - q)/t) of A = sum over the i with s t i + s q + r <= H, i >= 0."""
    A = Leaf("A", (Axis(None, None),))
    inner = (H - r) // s
    left = total((upto("i", (inner - q) // t + 1),), A[i])
    right = total(
        (Range("i", None, None),), multiply(A[i], bracket(at_least(i, 0), at_least(H, s * t * i + s * q + r)))
    )
    return left, right, (at_least(H, r + s * q),)


@theorem("E global average pooling: gradient is G / (H W)")
def _() -> Statement:
    f = pool_average(X, (H, W))
    dX, G = both(f, X)
    return dX, define(
        "closed", X.shape, lambda a, b: multiply(Reciprocal(Position(H * W)), G[0, 0]), indices=("a", "b")
    )


@theorem("E sum over i and u of X[i+u] counts how often each entry is read")
def _() -> Statement:
    left = total((upto("i", H - r + 1), upto("u", r)), x[i + u])
    count = total((upto("u", r),), bracket(at_least(k - u, 0), at_least(H - r, k - u)))
    return left, total((upto("k", H),), multiply(x[k], count)), (at_least(H, r),)


@theorem("E the tail gets no gradient: rows beyond s(HF-1)+r-1")
def _() -> Statement:
    f = correlate(x, w, stride=s)
    dx, _ = both(f, x)
    return dx[a], Number(Fraction(0)), (at_least(a, s * (f.shape[0] - 1) + r), at_least(H - 1, a))


@theorem("E dense layer: gradients by weights and by input")
def _() -> Statement:
    M, y, bias = leaf("M", m, n), leaf("y", n), leaf("b", m)
    f = dense(M, y, bias)
    dy, G = both(f, y)
    return dy, matmul(transpose(M), G)


@theorem("E dense layer: gradient by the weights is an outer product")
def _() -> Statement:
    M, y = leaf("M", m, n), leaf("y", n)
    dM, G = both(dense(M, y), M)
    return dM, define("outer", (m, n), lambda i, j: multiply(G[i], y[j]), indices=("i", "j"))


@theorem("E vec then unvec is the identity")
def _() -> Statement:
    return unvec(vec(X), X.shape), define("same", X.shape, lambda i, j: X[i, j])


@theorem("E flip twice is the identity")
def _() -> Statement:
    return flip(flip(X, (0,)), (0,)), define("same", X.shape, lambda i, j: X[i, j])


@theorem("E rot180 is both flips")
def _() -> Statement:
    return rot180(X), flip(flip(X, (0,)), (1,))


@theorem("E cropping undoes padding")
def _() -> Statement:
    return crop(pad(X, (P, Q)), (P, Q)), define("same", X.shape, lambda i, j: X[i, j])


@theorem("E stuffing then taking every s-th entry is the identity")
def _() -> Statement:
    stuffed = stuff(x, s)
    return define("taken", (H,), lambda i: stuffed[s * i], indices=("i",)), define(
        "same", (H,), lambda i: x[i], indices=("i",)
    )


@theorem("E a strided correlation samples the plain one")
def _() -> Statement:
    plain = correlate(x, w)
    strided = correlate(x, w, stride=s)
    return strided, define("sampled", strided.shape, lambda i: plain[s * i], indices=("i",))


@theorem("E transposed convolution with output padding = correlation of the padded, stuffed input")
def _() -> Statement:
    y = leaf("y", n)
    f = transposed(y, w, s, ((P, P),), Q, d)
    near = d * (r - 1) - P
    return f, correlate(pad(stuff(y, s), ((near, near + Q),)), rot180(w), dilation=d)


@theorem("E sigmoid: gradient = p (1 - p) G")
def _() -> Statement:
    f = apply("sigmoid", x)
    dx, G = both(f, x)
    return dx, define("closed", (H,), lambda a: multiply(f[a], 1 - f[a], G[a]), indices=("a",))


# -- arguments written in two ways ----------------------------------------------------------


@theorem("L an unknown function of a correlation = of the flipped sum")
def _() -> Statement:
    flipped = define(
        "z", (H - r + 1,), lambda i: total((upto("v", r),), multiply(w[r - 1 - v], x[i + r - 1 - v])), indices=("i",)
    )
    return apply("f", correlate(x, w)), apply("f", flipped)


@theorem("L a sum of f over shifted places")
def _() -> Statement:
    z = correlate(x, w)
    first = total((upto("i", H - r + 1),), Apply(F_, Entry(z, (i,))))
    terms = total((upto("u", r),), multiply(w[u], x[j - r + 1 + u]))
    return first, total((Range("j", r - 1, H - 1),), Apply(F_, terms))


@theorem("L softmax over classes counted from one")
def _() -> Statement:
    p = softmax(x)
    one_based = total((Range("j", Poly.of(1), H),), Apply(Function("exp"), x[j - 1]))
    ratio = define(
        "ratio", (H,), lambda i: multiply(Apply(Function("exp"), x[i]), Reciprocal(one_based)), indices=("i",)
    )
    return p, ratio


@theorem("L f of f of a sum of equal summands")
def _() -> Statement:
    twice = Apply(F_, Apply(F_, x[i] + x[i]))
    return twice, Apply(F_, Apply(F_, 2 * x[i]))


@theorem("L the gradient through f of a strided correlation, its argument written out")
def _() -> Statement:
    z = correlate(x, w, stride=s)
    dx, G = both(apply("f", z), x)
    written = total((upto("v", r),), multiply(w[r - 1 - v], x[s * i + r - 1 - v]))
    reached = multiply(G[i], Apply(Function("f", 1), written), w[a - s * i])
    places = total((upto("i", G.shape[0]),), multiply(reached, bracket(at_least(a, s * i), at_least(s * i + r - 1, a))))
    return dx, define("closed", (H,), lambda _: places, indices=("a",))


# -- case distinctions, quotients, facts ------------------------------------------------------


@theorem("Q same padding with an odd kernel: the input gradient is a same correlation with rot180(K)")
def _() -> Statement:
    dX, G = both(correlate(X, K, mode="same"), X)
    odd = tuple(equal(Poly.of(side) % 2, 1) for side in (r, c))
    return dX, correlate(G, rot180(K), mode="same"), odd


@theorem("Q pooling twice is pooling once")
def _() -> Statement:
    return pool_average(pool_average(x, (2,), (2,)), (2,), (2,)), pool_average(x, (4,), (4,))


@theorem("Q floor and ceiling of a half add up")
def _() -> Statement:
    ceiling = -((-H) // 2)
    return multiply(Position(H // 2 + ceiling), x[0]), multiply(Position(H), x[0])


@theorem("Q a sum of differences telescopes")
def _() -> Statement:
    return total((Range("k", Poly.of(0), H - 2),), x[k + 1] - x[k]), x[H - 1] - x[0]


@theorem("Q a sum over a size that is known is written out")
def _() -> Statement:
    return total((upto("k", H),), x[k]), x[0] + x[1] + x[2], (at_least(H, 3), at_least(3, H))


@theorem("Q what a hypothesis excludes is left out")
def _() -> Statement:
    return multiply(x[0], bracket(at_least(H, 2))), x[0], (Condition("ne", H - 1),)


@theorem("Q the sum of squares")
def _() -> Statement:
    squares = total((upto("k", n),), Position(k * k))
    return multiply(6, squares), Position(n * (n - 1) * (2 * n - 1))


@theorem("Q a triangle of ones")
def _() -> Statement:
    rows = total((upto("i", n), Range("j", Poly.of(0), i)), x[0])
    return rows, multiply(Fraction(1, 2), Position(n * (n + 1)), x[0])


@theorem("S the probabilities of a softmax add up to 1")
def _() -> Statement:
    p = softmax(x)
    return total((upto("k", H),), p[k]), Number(Fraction(1))


@theorem("S the gradient of a softmax is p (G - sum of p G)")
def _() -> Statement:
    p = softmax(x)
    dx, G = both(p, x)
    mean = total((upto("k", H),), multiply(p[k], G[k]))
    return dx, define("closed", (H,), lambda a: multiply(p[a], G[a] - mean), indices=("a",))


@theorem("S the gradient of a softmax adds up to 0")
def _() -> Statement:
    dx, _ = both(softmax(x), x)
    return total((upto("k", H),), dx[k]), Number(Fraction(0))


def names() -> list[str]:
    return list(STATEMENTS)


__all__ = ["Condition", "Entry", "names", "negative", "problem"]
