"""Filters that are read off a map, detectors, templates, counts."""

from __future__ import annotations

from fractions import Fraction

from symconv.ops.correlate import convolve, correlate
from symconv.ops.layer import scale
from symconv.ops.window import pad
from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined, Leaf
from symconv.term.value import (
    Derivative,
    Number,
    Position,
    Range,
    Value,
    add,
    at_least,
    bracket,
    equal,
    multiply,
    negative,
    total,
)
from tests.systems.base import (
    C,
    H,
    O,
    System,
    W,
    X,
    a,
    c,
    closed,
    i,
    j,
    k,
    m,
    n,
    r,
    s,
    system,
    w,
    x,
)
from tests.theorems.statements import leaf, size, upto


@system("impulse response", "a shift is the convolution with the shifted impulse")
def _() -> System:
    e = size("e", 0)
    impulse = closed("g", e + 1)(lambda k: bracket(equal(k, e)))
    plain = closed("g", e + 1)(lambda k: bracket(equal(k, 0)))
    moved = closed("moved", H + e)(lambda t: x[t - e])
    return System(moved, convolve(x, impulse, mode="full"), convolve(x, plain, mode="full"))


@system("edge detectors", "a step of height q gives n q at the edge")
def _() -> System:
    q, low = leaf("q"), leaf("l")
    edge = size("e")
    image = closed("I", H, W)(lambda i, j: add(low[()], multiply(q[()], bracket(at_least(j, edge)))))
    detector = closed("D", n, 3)(lambda u, v: add(bracket(equal(v, 2)), negative(bracket(equal(v, 0)))))
    response = correlate(image, detector)
    at = (Poly.of("i"), edge - 1)
    need = (at_least(i, 0), at_least(H - n, i), at_least(W - 1, edge + 1), at_least(edge, 1))
    return System(response[at], multiply(n, q[()]), multiply(2, n, q[()]), need)


@system("Gaussian blobs", "a point image gives the kernel, centred on the point")
def _() -> System:
    p, q = size("p", 0), size("q", 0)
    canvas = closed("canvas", H, W)(lambda i, j: bracket(equal(i, p), equal(j, q)))
    blob = leaf("g", 2 * r + 1, 2 * c + 1)
    drawn = pad(canvas, (r, c))
    out = convolve(drawn, blob)
    need = (at_least(H - 1, p), at_least(W - 1, q))
    centred = closed("out", H, W)(lambda i, j: blob[i - p + r, j - q + c])
    aside = closed("out", H, W)(lambda i, j: blob[i - p, j - q])
    return System(out, centred, aside, need)


@system("template matching", "the normalised score falls short of its bound by a sum of squares")
def _() -> System:
    patch, kernel = leaf("p", n), leaf("k", n)

    def inner(f: Leaf, g: Leaf) -> Value:
        return total((upto("i", n),), multiply(f[i], g[i]))

    def inner_j(f: Leaf, g: Leaf) -> Value:
        return total((upto("j", n),), multiply(f[j], g[j]))

    left = multiply(inner(patch, patch), inner_j(kernel, kernel)) - multiply(
        inner(patch, kernel), inner_j(patch, kernel)
    )
    gap = add(multiply(patch[i], kernel[j]), negative(multiply(patch[j], kernel[i])))
    squares = total((upto("i", n), upto("j", n)), multiply(gap, gap))
    return System(left, multiply(Fraction(1, 2), squares), squares)


@system("receptive field", "taps r, k times: outputs read 1 + k (r - 1) inputs")
def _() -> System:
    q = leaf("q", k)
    two = correlate(correlate(x, w), q)
    reach = Derivative(two[(i,)], x[a])  # type: ignore[arg-type]
    guarded = multiply(bracket(at_least(a, i), at_least(i + r + k - 2, a)), reach)
    short = multiply(bracket(at_least(a, i), at_least(i + r + k - 3, a)), reach)
    inside = (at_least(i, 0), at_least(H - r - k + 1, i), at_least(a, 0), at_least(H - 1, a))
    return System(reach, guarded, short, inside)


@system("operation and parameter counts", "multiplications of a layer, counted one by one")
def _() -> System:
    def ones(*ranges: Range) -> Value:
        return total(ranges, Number(Fraction(1)))

    windows = (upto("o", O), upto("i", H - r + 1), upto("j", W - c + 1), upto("l", C), upto("u", r), upto("v", c))
    count = O * C * r * c * (H - r + 1) * (W - c + 1)
    return System(ones(*windows), Position(count), Position(count + 1), (at_least(H, r), at_least(W, c)))


@system("finite differences", "the second difference of a parabola is its second derivative")
def _() -> System:
    p2, p1, p0 = leaf("p2"), leaf("p1"), leaf("p0")
    parabola = closed("f", H)(lambda t: add(multiply(p2[()], Position(t * t)), multiply(p1[()], Position(t)), p0[()]))
    taps = closed("g", 3)(lambda u: add(1, multiply(-3, bracket(equal(u, 1)))))
    return System(
        correlate(parabola, taps),
        closed("bend", H - 2)(lambda i: multiply(2, p2[()])),
        closed("bend", H - 2)(lambda i: p2[()]),
    )


@system("finite differences", "the one-sided difference of a parabola is wrong by half the second derivative")
def _() -> System:
    p2, p1, p0 = leaf("p2"), leaf("p1"), leaf("p0")
    parabola = closed("f", H)(lambda t: add(multiply(p2[()], Position(t * t)), multiply(p1[()], Position(t)), p0[()]))
    forward = closed("g", H - 1)(lambda i: parabola[i + 1] - parabola[i])
    slope = closed("slope", H - 1)(lambda i: add(multiply(2, p2[()], Position(i)), p1[()]))
    with_error = closed("slope", H - 1)(lambda i: add(slope[i], p2[()]))
    return System(forward, with_error, slope)


@system("impulse response", "the mean of adjacent entries")
def _() -> System:
    means = closed("y", H - 1)(lambda i: multiply(Fraction(1, 2), x[i] + x[i + 1]))

    def taps(second: Fraction) -> Defined:
        return closed("g", 2)(
            lambda u: add(multiply(Fraction(1, 2), bracket(equal(u, 0))), multiply(second, bracket(equal(u, 1))))
        )

    return System(means, correlate(x, taps(Fraction(1, 2))), correlate(x, taps(Fraction(1, 4))))


@system("edge detectors", "constant images and horizontal edges give nothing")
def _() -> System:
    rows = leaf("q", H)
    image = closed("I", H, W)(lambda i, j: rows[i])
    detector = closed("D", n, 3)(lambda u, v: add(bracket(equal(v, 2)), negative(bracket(equal(v, 0)))))
    sums = closed("D", n, 3)(lambda u, v: add(bracket(equal(v, 2)), bracket(equal(v, 0))))
    nothing = closed("zero", H - n + 1, W - 2)(lambda i, j: Number(Fraction(0)))
    return System(correlate(image, detector), nothing, correlate(image, sums))


@system("edge detectors", "true convolution changes the sign")
def _() -> System:
    detector = closed("D", n, 3)(lambda u, v: add(bracket(equal(v, 2)), negative(bracket(equal(v, 0)))))
    f = correlate(X, detector)
    return System(convolve(X, detector), scale(f, -1, "minus"), f)


@system("edge detectors", "a partial overlap with the edge counts the rows that meet it")
def _() -> System:
    q, edge, first = leaf("q"), size("e"), size("f", 0)
    image = closed("I", H, W)(lambda i, j: multiply(q[()], bracket(at_least(j, edge), at_least(i, first))))
    detector = closed("D", n, 3)(lambda u, v: add(bracket(equal(v, 2)), negative(bracket(equal(v, 0)))))
    response = correlate(image, detector)[(i, edge - 1)]
    inside = (at_least(i, 0), at_least(H - n, i), at_least(W - 1, edge + 1), at_least(edge, 1))
    meets = (at_least(first, i), at_least(i + n - 1, first))
    return System(response, multiply(Position(i + n - first), q[()]), multiply(n, q[()]), (*inside, *meets))


@system("Gaussian blobs", "two points give the sum of two blobs")
def _() -> System:
    p, q = size("p", 0), size("q", 0)
    canvas = closed("canvas", H)(lambda i: add(bracket(equal(i, p)), bracket(equal(i, q))))
    blob = leaf("g", 2 * r + 1)
    out = convolve(pad(canvas, r), blob)
    need = (at_least(H - 1, p), at_least(H - 1, q))
    both_blobs = closed("out", H)(lambda i: add(blob[i - p + r], blob[i - q + r]))
    one = closed("out", H)(lambda i: blob[i - p + r])
    return System(out, both_blobs, one, need)


@system("Gaussian blobs", "a kernel of even size stands half a pixel aside")
def _() -> System:
    p = size("p", 0)
    canvas = closed("canvas", H)(lambda i: bracket(equal(i, p)))
    blob = closed("g", 2 * r)(lambda u: Position(u * (2 * r - 1 - u)))
    out = convolve(canvas, blob, mode="full")
    at = Poly.of("i")
    mirrored = out[(2 * p + 2 * r - 1 - at,)]
    need = (at_least(H - 1, p), at_least(at, p), at_least(p + 2 * r - 1, at))
    return System(out[(at,)], mirrored, out[(2 * p + 2 * r - at,)], need)


@system("template matching", "raw scores: a brighter patch scores more, by brightness times the sum of the template")
def _() -> System:
    patch, template, bright = leaf("p", n), leaf("k", n), leaf("q")

    def score(extra: Value | int) -> Value:
        return total((upto("i", n),), multiply(add(patch["i"], extra), template["i"]))

    more = multiply(bright[()], total((upto("i", n),), template["i"]))
    return System(score(bright[()]), add(score(0), more), score(0))


@system("operation and parameter counts", "a dense layer against a convolution on the same extents")
def _() -> System:
    def ones(*ranges: Range) -> Value:
        return total(ranges, Number(Fraction(1)))

    outputs = (upto("o", O), upto("i", m), upto("j", n))
    dense_count = ones(*outputs, upto("l", C), upto("a", H), upto("b", W))
    layer_count = ones(*outputs, upto("l", C), upto("u", r), upto("v", c))
    return System(
        multiply(dense_count, Position(r * c)),
        multiply(layer_count, Position(H * W)),
        multiply(layer_count, Position(H * c)),
    )


@system("receptive field", "with stride s in the first layer it grows by s (k - 1)")
def _() -> System:
    q = leaf("q", k)
    two = correlate(correlate(x, w, stride=s), q)
    reach = Derivative(two[(i,)], x[a])  # type: ignore[arg-type]
    whole = r + s * (k - 1)

    def within(field: Poly) -> Value:
        return multiply(bracket(at_least(a, s * i), at_least(s * i + field - 1, a)), reach)

    inside = (at_least(i, 0), at_least(two.shape[0] - 1, i), at_least(a, 0), at_least(H - 1, a))
    return System(reach, within(whole), within(whole - 1), inside)
