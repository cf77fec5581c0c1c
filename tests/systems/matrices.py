"""Convolution as a matrix product: Toeplitz and im2col, their transposes, and the gradients of a plane."""

from __future__ import annotations

from symconv.ops.correlate import correlate
from symconv.ops.matrix import matmul, toeplitz, vec
from symconv.ops.window import flip, pad, rot180, transpose
from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined, Tensor
from symconv.term.value import (
    Value,
    at_least,
    multiply,
    total,
)
from tests.systems.base import (
    C,
    H,
    K,
    O,
    P,
    System,
    W,
    X,
    a,
    b,
    c,
    closed,
    d,
    i,
    j,
    r,
    s,
    system,
    w,
    x,
)
from tests.theorems.statements import both, leaf, upto


@system("Toeplitz, column stacking", "vec(F) = T vec(X)")
def _() -> System:
    T = toeplitz(K, (H, W))
    return System(vec(correlate(X, K)), matmul(T, vec(X)), matmul(toeplitz(rot180(K), (H, W)), vec(X)))


@system("Toeplitz, column stacking", "the transpose is the gradient")
def _() -> System:
    dX, G = both(correlate(X, K), X)
    T = toeplitz(K, (H, W))
    return System(vec(dX), matmul(transpose(T), vec(G)), matmul(transpose(toeplitz(rot180(K), (H, W))), vec(G)))


@system("im2col", "a correlation is a matrix product")
def _() -> System:
    columns = closed("columns", (H - r + 1) * (W - c + 1), r * c)(
        lambda p, q: X[p // (W - c + 1) + q // c, p % (W - c + 1) + q % c]
    )
    mixed = closed("columns", (H - r + 1) * (W - c + 1), r * c)(
        lambda p, q: X[p // (W - c + 1) + q % c, p % (W - c + 1) + q // c]
    )
    return System(
        vec(correlate(X, K), "rows"),
        matmul(columns, vec(K, "rows")),
        matmul(mixed, vec(K, "rows")),
        (at_least(H, r), at_least(W, c)),
    )


@system("filter gradient", "dL/dK is a correlation of X with dL/dF")
def _() -> System:
    dK, G = both(correlate(X, K), K)
    return System(dK, correlate(X, G), rot180(correlate(X, G)))


@system("input gradient", "dL/dX is a full correlation with rot180(K)")
def _() -> System:
    dX, G = both(correlate(X, K), X)
    return System(dX, correlate(pad(G, (r - 1, c - 1)), rot180(K)), correlate(pad(G, (r - 1, c - 1)), K))


@system("input gradient", "summed over the output maps")
def _() -> System:
    image, kernel = leaf("X", C, H, W), leaf("K", O, C, r, c)
    dX, G = both(correlate(image, kernel), image)

    def form(turned: bool) -> Defined:
        def entry(l: Poly, a: Poly, b: Poly) -> Value:  # noqa: E741
            at = (r - 1 - "u", c - 1 - "v") if turned else (Poly.of("u"), Poly.of("v"))
            places = (a + "u" - r + 1, b + "v" - c + 1)
            return total((upto("h", O), upto("u", r), upto("v", c)), multiply(kernel["h", l, *at], G["h", *places]))

        return closed("dA", C, H, W)(entry)

    return System(dX, form(True), form(False))


@system("Toeplitz, row stacking", "vec by rows has a matrix of its own")
def _() -> System:
    T = toeplitz(K, (H, W), order="rows")
    return System(vec(correlate(X, K), "rows"), matmul(T, vec(X, "rows")), matmul(T, vec(X)))


@system("Toeplitz, row stacking", "the block (i, j) holds row j - i of the kernel")
def _() -> System:
    T = toeplitz(K, (H, W), order="rows")
    inner = (at_least(i, 0), at_least(H - r, i), at_least(j, 0), at_least(H - 1, j))
    places = (at_least(a, 0), at_least(W - c, a), at_least(b, 0), at_least(W - 1, b))
    block = T[(i * (W - c + 1) + a, j * W + b)]
    return System(block, K[j - i, b - a], K[i - j, b - a], (*inner, *places))


@system("Toeplitz, stride, padding, dilation", "vec(F) = T vec(X)")
def _() -> System:
    def T(spread: Poly) -> Tensor:
        return toeplitz(w, (H,), s, P, spread)

    return System(vec(correlate(x, w, s, P, d)), matmul(T(d), vec(x)), matmul(T(d + 0 * s), vec(flip(x, [0]))))


@system("Toeplitz, stride, padding, dilation", "the transpose is the gradient, tails included")
def _() -> System:
    dx, G = both(correlate(x, w, s, P, d), x)
    T = toeplitz(w, (H,), s, P, d)
    turned = toeplitz(rot180(w), (H,), s, P, d)
    return System(vec(dx), matmul(transpose(T), vec(G)), matmul(transpose(turned), vec(G)))


@system("Toeplitz, channels", "a block a pair of maps")
def _() -> System:
    image, kernel = leaf("X", C, H, W), leaf("K", O, C, r, c)
    T = toeplitz(kernel, image.shape, order="rows")
    turned = toeplitz(flip(kernel, [3]), image.shape, order="rows")
    f = vec(correlate(image, kernel), "rows")
    return System(f, matmul(T, vec(image, "rows")), matmul(turned, vec(image, "rows")))


@system("Toeplitz, channels", "the transpose is the gradient")
def _() -> System:
    image, kernel = leaf("X", C, H), leaf("K", O, C, r)
    dX, G = both(correlate(image, kernel, spatial=1), image)
    T = toeplitz(kernel, image.shape, order="rows")
    turned = toeplitz(flip(kernel, [2]), image.shape, order="rows")
    g = vec(G, "rows")
    return System(vec(dX, "rows"), matmul(transpose(T), g), matmul(transpose(turned), g))


@system("im2col", "col2im is its adjoint")
def _() -> System:
    taken = closed("columns", H - r + 1, r)(lambda p, q: x[p + q])
    dx, G = both(taken, x)

    def back(most: Poly) -> Defined:
        return closed("dx", H)(lambda a: total((upto("q", most),), G[a - "q", "q"]))

    return System(dx, back(r), back(r - 1))
