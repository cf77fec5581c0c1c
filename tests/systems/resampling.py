"""Upsampling, transposed convolution, encoder and decoder."""

from __future__ import annotations

from fractions import Fraction

from symconv.ops.correlate import correlate, transposed
from symconv.ops.pool import argmax, pool_average, pool_max
from symconv.ops.resample import bed_of_nails, expand, pixel_shuffle, unpool_max, upsample_bilinear, upsample_nearest
from symconv.ops.window import pad, rot180, stuff
from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined
from symconv.term.value import (
    Position,
    Reciprocal,
    Value,
    add,
    at_least,
    multiply,
    total,
)
from tests.systems.base import (
    C,
    H,
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
    ident,
    k,
    m,
    n,
    r,
    s,
    system,
    t,
    w,
    x,
)
from tests.theorems.statements import both, leaf, size, upto


@system("nearest, bilinear, bed of nails, unpooling", "nearest: the gradient sums over each block")
def _() -> System:
    dX, G = both(upsample_nearest(X, (s, t)), X)
    return System(dX, pool_average(G, (s, t), weight=1), pool_average(G, (s, t)))


@system("nearest, bilinear, bed of nails, unpooling", "bed of nails: the gradient takes the corners")
def _() -> System:
    dx, G = both(bed_of_nails(x, (s,)), x)
    return System(dx, closed("dx", H)(lambda a: G[s * a]), closed("dx", H)(lambda a: G[s * a + s - 1]))


@system("nearest, bilinear, bed of nails, unpooling", "bilinear with aligned corners ends where the input does")
def _() -> System:
    factor = size("k", 2)
    y = upsample_bilinear(x, (factor,), corners=True)
    return System(y[(factor * H - 1,)], x[H - 1], x[H - 2])


@system("nearest, bilinear, bed of nails, unpooling", "bilinear by 2 in the inside: quarters and three quarters")
def _() -> System:
    y = upsample_bilinear(x, (2,))

    def form(far: Fraction) -> Value:
        return add(multiply(1 - far, x[a]), multiply(far, x[a + 1]))

    inside = (at_least(a, 0), at_least(H - 2, a))
    return System(y[(2 * a + 1,)], form(Fraction(1, 4)), form(Fraction(3, 4)), inside)


@system("nearest, bilinear, bed of nails, unpooling", "pixel shuffle: where each map goes")
def _() -> System:
    maps = leaf("X", C * k * k, H, W)
    shuffled = pixel_shuffle(maps, k)
    l, e, f = (Poly.of(name) for name in "lef")  # noqa: E741

    def source(first: Poly, second: Poly) -> Value:
        return maps[l * k * k + first * k + second, a, b]

    limits = ((l, C), (e, k), (f, k), (a, H), (b, W))
    inside = tuple(q for at, most in limits for q in (at_least(at, 0), at_least(most - 1, at)))
    return System(shuffled[l, a * k + e, b * k + f], source(e, f), source(f, e), inside)


@system("nearest, bilinear, bed of nails, unpooling", "pixel shuffle: the gradient goes back the same way")
def _() -> System:
    maps = leaf("X", C * k * k, H, W)
    dX, G = both(pixel_shuffle(maps, k), maps)
    l, e, f = (Poly.of(name) for name in "lef")  # noqa: E741
    limits = ((l, C), (e, k), (f, k), (a, H), (b, W))
    inside = tuple(q for at, most in limits for q in (at_least(at, 0), at_least(most - 1, at)))
    entry = dX[l * k * k + e * k + f, a, b]
    return System(entry, G[l, a * k + e, b * k + f], G[l, a * k + f, b * k + e], inside)


@system("nearest, bilinear, bed of nails, unpooling", "max unpooling is the adjoint of the pooling with its positions")
def _() -> System:
    pooled = pool_max(x, (r,), (s,))
    y, other = leaf("y", *pooled.shape), leaf("o", H)
    (winner,) = argmax(pooled, (Poly.of("i"),))
    at_winner = other[s * Poly.of("i") + winner]
    left = total((upto("a", H),), multiply(other["a"], unpool_max(y, pooled)["a"]))
    right = total((upto("i", pooled.shape[0]),), multiply(y["i"], at_winner))
    first = total((upto("i", pooled.shape[0]),), multiply(y["i"], other[s * Poly.of("i")]))
    return System(left, right, first)


@system("nearest, bilinear, bed of nails, unpooling", "bilinear in the inside: the gradient weighs four neighbours")
def _() -> System:
    dx, G = both(upsample_bilinear(x, (2,)), x)

    def form(far: Fraction) -> Value:
        near = multiply(1 - far, add(G[2 * a], G[2 * a + 1]))
        return add(near, multiply(far, add(G[2 * a - 1], G[2 * a + 2])))

    inside = (at_least(a, 1), at_least(H - 2, a))
    return System(dx[a], form(Fraction(1, 4)), form(Fraction(1, 2)), inside)


@system("nearest, bilinear, bed of nails, unpooling", "aligned corners: output i stands at i (n - 1) / (k n - 1)")
def _() -> System:
    line, slope = leaf("p"), leaf("q")
    ramp = closed("x", H)(lambda i: add(line[()], multiply(slope[()], Position(i))))
    factor = size("k", 2)
    y = upsample_bilinear(ramp, (factor,), corners=True)
    inside = (at_least(i, 0), at_least(factor * H - 2, i), at_least(H, 2))

    def form(last: Poly) -> Value:
        place = multiply(Position(i * (H - 1)), Reciprocal(Position(last)))
        return add(line[()], multiply(slope[()], place))

    return System(y[(i,)], form(factor * H - 1), form(factor * H), inside)


@system("transposed convolution", "it is not the inverse: correlating again mixes neighbours")
def _() -> System:
    y = leaf("y", n)
    again = correlate(transposed(y, w), w)
    mixed = correlate(y, correlate(w, w, mode="full"), padding=r - 1)
    return System(again, mixed, ident(y))


@system("transposed convolution", "in a plane with channels: its gradient is a strided correlation")
def _() -> System:
    code, kernel = leaf("Y", C, m, n), leaf("K", C, O, r, c)
    dY, G = both(transposed(code, kernel, (s, t)), code)

    def form(columns: Poly) -> Defined:
        def entry(l: Poly, i: Poly, j: Poly) -> Value:  # noqa: E741
            taps = (upto("o", O), upto("u", r), upto("v", c))
            return total(taps, multiply(kernel[l, "o", "u", "v"], G["o", s * i + "u", columns * j + "v"]))

        return closed("dY", C, m, n)(entry)

    return System(dY, form(t), form(s))


@system("transposed convolution", "it is the adjoint of the correlation")
def _() -> System:
    y = leaf("y", n)
    f = transposed(y, w, s)
    image = leaf("x", s * (n - 1) + r)
    left = total((upto("a", image.shape[0]),), multiply(f[(a,)], image[a]))
    strided = correlate(image, w, stride=s)
    right = total((upto("i", n),), multiply(y[i], strided[(i,)]))
    turned = correlate(image, rot180(w), stride=s)
    return System(left, right, total((upto("i", n),), multiply(y[i], turned[(i,)])))


@system("transposed convolution", "with output padding: a correlation of the stuffed, padded input")
def _() -> System:
    y = leaf("y", n)
    f = transposed(y, w, s, ((P, P),), t - 1, d)
    near = d * (r - 1) - P
    form = correlate(pad(stuff(y, s), ((near, near + t - 1),)), rot180(w), dilation=d)
    return System(f, form, correlate(pad(stuff(y, s), ((near + t - 1, near),)), rot180(w), dilation=d))


@system("encoder, decoder", "the gradient through pooling and back up")
def _() -> System:
    code = pool_average(X, (s, t), weight=1)
    out = upsample_nearest(code, (s, t))
    dX, G = both(out, X)
    down = pool_average(G, (s, t), weight=1)
    return System(dX, expand(down, pool_average(X, (s, t), weight=1)), expand(down, pool_average(X, (s, t))))
