"""Convolution and correlation: definitions, sizes, channels, bias; gradients of strided, padded, dilated layers."""

from __future__ import annotations

from fractions import Fraction

from symconv.ops.correlate import convolve, correlate
from symconv.ops.layer import add_bias, elementwise, scale
from symconv.ops.window import crop, flip, pad, rot180, stuff
from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined, Tensor
from symconv.term.value import (
    Position,
    Range,
    Value,
    add,
    at_least,
    bracket,
    equal,
    multiply,
    total,
)
from tests.systems.base import (
    C,
    H,
    K,
    N,
    O,
    P,
    System,
    W,
    X,
    c,
    closed,
    d,
    i,
    ident,
    j,
    r,
    s,
    system,
    t,
    w,
    x,
)
from tests.theorems.statements import both, leaf, size, upto


@system("1-D convolution", "full convolution commutes")
def _() -> System:
    return System(convolve(x, w, mode="full"), convolve(w, x, mode="full"), correlate(w, x, mode="full"))


@system("1-D convolution", "entry i is the sum of w_k x_{i-k}")
def _() -> System:
    f = convolve(x, w, mode="full")

    def entry(limit: Poly) -> Defined:
        return closed("y", H + r - 1)(lambda i: total((upto("k", limit),), multiply(w["k"], x[i - "k"])))

    return System(f, entry(r), entry(r - 1))


@system("1-D gradients", "by the input")
def _() -> System:
    dx, G = both(convolve(x, w), x)
    return System(dx, correlate(pad(G, r - 1), w), correlate(pad(G, r - 1), rot180(w)))


@system("1-D gradients", "by the filter")
def _() -> System:
    dw, G = both(convolve(x, w), w)
    return System(dw, rot180(correlate(x, G)), correlate(x, G))


@system("finite differences", "the central difference of a parabola is exact")
def _() -> System:
    p2, p1, p0 = leaf("p2"), leaf("p1"), leaf("p0")
    parabola = closed("f", H)(lambda t: add(multiply(p2[()], Position(t * t)), multiply(p1[()], Position(t)), p0[()]))
    taps = closed("g", 3)(lambda k: add(*(multiply(q, bracket(equal(k, at))) for at, q in enumerate(CENTRAL))))
    slope = closed("slope", H - 2)(lambda i: add(multiply(2, p2[()], Position(i + 1)), p1[()]))
    wrong = closed("slope", H - 2)(lambda i: add(multiply(2, p2[()], Position(i)), p1[()]))
    return System(convolve(parabola, taps), slope, wrong)


CENTRAL = (Fraction(1, 2), Fraction(0), Fraction(-1, 2))  # g[-1], g[0], g[1]


@system("2-D true convolution", "valid convolution is correlation with the kernel rotated")
def _() -> System:
    return System(convolve(X, K), correlate(X, rot180(K)), correlate(X, flip(K, [0])))


@system("cross-correlation", "a shifted image gives the shifted correlation")
def _() -> System:
    y = leaf("y", H + 1)
    later = closed("later", H)(lambda i: y[i + 1])
    moved = closed("moved", H - r + 1)(lambda i: total((upto("k", r),), multiply(w["k"], y[i + "k" + 1])))
    wrong = closed("moved", H - r + 1)(lambda i: total((upto("k", r),), multiply(w["k"], y[i + "k"])))
    return System(correlate(later, w), moved, wrong)


@system("sizes", "floor((H + 2P - r) / s) + 1 windows fit")
def _() -> System:
    fits = bracket(at_least(H + 2 * P - r, s * i))
    count = total((upto("i", H + 2 * P),), fits)
    need = (at_least(H + 2 * P, r),)
    return System(count, Position((H + 2 * P - r) // s + 1), Position((H + 2 * P - r + s - 1) // s + 1), need)


@system("colour, multi-map", "a multi-map correlation is the sum of single ones")
def _() -> System:
    image, kernel = leaf("X", C, H, W), leaf("K", O, C, r, c)

    def summed(least: int) -> Defined:
        def entry(o: Poly, i: Poly, j: Poly) -> Value:
            channels = Range("l", Poly.of(least), C - 1)
            taps = (channels, upto("u", r), upto("v", c))
            return total(taps, multiply(kernel[o, "l", "u", "v"], image["l", i + "u", j + "v"]))

        return closed("F", O, H - r + 1, W - c + 1)(entry)

    return System(correlate(image, kernel), summed(0), summed(1))


@system("bias tied, untied, product", "tied: the gradient is the sum")
def _() -> System:
    bias = leaf("b")
    db, G = both(add_bias(X, bias), bias)
    sums = total((upto("i", H), upto("j", W)), G[i, j])
    short = total((upto("i", H), Range("j", Poly.of(1), W - 1)), G[i, j])
    return System(db[()], sums, short)


@system("bias tied, untied, product", "untied: the gradient is the upstream one")
def _() -> System:
    bias = leaf("B", H, W)
    db, G = both(add_bias(X, bias), bias)
    return System(db, ident(G), elementwise(G, X, "*"))


@system("bias tied, untied, product", "product: the gradient of N = b LZ by b")
def _() -> System:
    bias, LZ = leaf("b"), leaf("LZ", H, W)
    db, G = both(scale(LZ, bias[()], "N"), bias)
    return System(
        db[()],
        total((upto("i", H), upto("j", W)), multiply(G[i, j], LZ[i, j])),
        total((upto("i", H), upto("j", W)), G[i, j]),
    )


@system("padding, stride, dilation", "input gradient, tails included")
def _() -> System:
    f = correlate(x, w, stride=s, padding=P, dilation=d)
    dx, G = both(f, x)
    near = d * (r - 1) - P
    tail = (H + 2 * P - d * (r - 1) - 1) % s
    form = correlate(pad(stuff(G, s), ((near, near + tail),)), rot180(w), dilation=d)
    wrong = correlate(pad(stuff(G, s), ((near + tail, near),)), rot180(w), dilation=d)
    return System(dx, form, wrong)


@system("padding, stride, dilation", "kernel gradient: stride and dilation change places")
def _() -> System:
    f = correlate(x, w, stride=s, padding=P, dilation=d)
    dw, G = both(f, w)

    def form(step: Poly, spread: Poly) -> Defined:
        image = pad(x, P)
        return closed("dw", r)(
            lambda k: total((upto("i", G.shape[0]),), multiply(G["i"], image[step * k + spread * "i"]))
        )

    return System(dw, form(d, s), form(s, d))


@system("2-D true convolution", "entry (i, j) of the full one is the sum of K[u, v] X[i-u, j-v]")
def _() -> System:
    f = convolve(X, K, mode="full")

    def entry(sign: int) -> Defined:
        def body(i: Poly, j: Poly) -> Value:
            places = X[i - "u", j + sign * Poly.of("v")]
            return total((upto("u", r), upto("v", c)), multiply(K["u", "v"], places))

        return closed("F", H + r - 1, W + c - 1)(body)

    return System(f, entry(-1), entry(1))


@system("2-D true convolution", "valid is the full one without r-1 and c-1 entries at each end")
def _() -> System:
    full = convolve(X, K, mode="full")
    return System(
        convolve(X, K),
        crop(full, (r - 1, c - 1)),
        crop(full, ((r, r - 2), (c - 1, c - 1))),
    )


@system("cross-correlation", "an entry is the inner product of the kernel and a window")
def _() -> System:
    def entry(kernel: Tensor) -> Defined:
        window = (upto("u", r), upto("v", c))
        return closed("Z", H - r + 1, W - c + 1)(
            lambda i, j: total(window, multiply(kernel["u", "v"], X[i + "u", j + "v"]))
        )

    return System(correlate(X, K), entry(K), entry(rot180(K)))


@system("cross-correlation", "turned by 180 degrees, it is that of the turned ones")
def _() -> System:
    turned = correlate(rot180(X), rot180(K))
    return System(rot180(correlate(X, K)), turned, correlate(rot180(X), K))


@system("colour, multi-map", "volumes: the gradient of a 3-D layer by its input")
def _() -> System:
    D, q = size("D"), size("q")
    volume, kernel = leaf("X", D, H, W), leaf("K", q, r, c)
    dX, G = both(correlate(volume, kernel), volume)
    form = correlate(pad(G, (q - 1, r - 1, c - 1)), rot180(kernel))
    return System(dX, form, correlate(pad(G, (q - 1, r - 1, c - 1)), flip(kernel, [0, 1])))


@system("bias tied, untied, product", "product: the gradient of N = b LZ by LZ")
def _() -> System:
    bias, LZ = leaf("b"), leaf("LZ", H, W)
    dLZ, G = both(scale(LZ, bias[()], "N"), LZ)
    return System(dLZ, scale(G, bias[()], "bG"), ident(G))


@system("bias tied, untied, product", "tied, a map each: sums over positions and batch")
def _() -> System:
    image, bias = leaf("X", N, C, H, W), leaf("b", C)
    db, G = both(add_bias(image, bias, 1), bias)

    def form(*ranges: Range) -> Defined:
        return closed("db", C)(lambda o: total(ranges, G["n", o, "i", "j"]))

    batch, rows, columns = upto("n", N), upto("i", H), upto("j", W)
    return System(db, form(batch, rows, columns), form(upto("n", 1), rows, columns))


@system("padding, stride, dilation", "a dilated kernel is one with zeros between its taps")
def _() -> System:
    spread = stuff(w, d)
    late = closed("late", d * (r - 1) + 1)(lambda u: spread[u + 1])
    return System(correlate(x, w, dilation=d), correlate(x, spread), correlate(x, late))


@system("padding, stride, dilation", "per axis and per side, with channels: the input gradient")
def _() -> System:
    e, P0, Q0 = size("e"), size("P0", 0), size("Q0", 0)
    image, kernel = leaf("X", C, H, W), leaf("K", O, C, r, c)
    f = correlate(image, kernel, stride=(s, t), padding=((P, P0), (Q0, P)), dilation=(d, e))
    dX, G = both(f, image)

    def form(rows: Poly, columns: Poly) -> Defined:
        def entry(l: Poly, a: Poly, b: Poly) -> Value:  # noqa: E741
            ranges = (upto("o", O), upto("u", r), upto("v", c), upto("i", G.shape[1]), upto("j", G.shape[2]))
            meets = bracket(
                equal(s * Poly.of("i") + rows * "u" - P, a), equal(t * Poly.of("j") + columns * "v" - Q0, b)
            )
            return total(ranges, multiply(G["o", "i", "j"], kernel["o", l, "u", "v"], meets))

        return closed("dX", C, H, W)(entry)

    return System(dX, form(d, e), form(d, d))
