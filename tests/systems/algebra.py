"""What convolution obeys as an operation: commuting, composing, splitting a kernel."""

from __future__ import annotations

from symconv.ops.correlate import convolve, correlate, depthwise
from symconv.ops.layer import apply, elementwise
from symconv.ops.matrix import matmul
from symconv.ops.window import concatenate, crop, rot180, stuff
from symconv.term.polynomial import Poly
from symconv.term.tensor import Axis, Defined, Leaf, Tensor, define
from symconv.term.value import (
    Derivative,
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
    O,
    P,
    System,
    W,
    X,
    c,
    closed,
    d,
    i,
    k,
    m,
    n,
    r,
    system,
    w,
    x,
)
from tests.theorems.statements import leaf, size, upto


@system("convolution commutative, associative", "associative")
def _() -> System:
    q = leaf("q", k)
    left = convolve(convolve(x, w, mode="full"), q, mode="full")
    return System(
        left,
        convolve(x, convolve(w, q, mode="full"), mode="full"),
        convolve(x, correlate(w, q, mode="full"), mode="full"),
    )


@system("convolution commutative, associative", "position invariance on the whole line")
def _() -> System:
    line = Leaf("f", (Axis(None, None),))
    h = size("h")
    moved = define("moved", (Axis(None, None),), lambda t: line[t - h], indices=("t",))

    def filtered(of: Tensor, at: Poly) -> Value:
        return total((upto("k", r),), multiply(w["k"], of[at + "k"]))

    return System(filtered(moved, i), filtered(line, i - h), filtered(line, i + h))


@system("linear networks", "two linear layers are one")
def _() -> System:
    q = leaf("q", k)
    return System(
        correlate(correlate(x, w), q),
        correlate(x, convolve(w, q, mode="full")),
        correlate(x, convolve(rot180(w), q, mode="full")),
    )


@system("depthwise separable, 1x1", "a full convolution with a kernel of rank one a channel")
def _() -> System:
    image, plane, mix = leaf("X", C, H, W), leaf("D", C, r, c), leaf("Q", O, C, 1, 1)
    kernel = closed("K", O, C, r, c)(lambda o, l, u, v: multiply(mix[o, l, 0, 0], plane[l, u, v]))  # noqa: E741
    turned = closed("K", O, C, r, c)(lambda o, l, u, v: multiply(mix[o, l, 0, 0], plane[l, r - 1 - u, v]))  # noqa: E741
    return System(correlate(depthwise(image, plane), mix), correlate(image, kernel), correlate(image, turned))


@system("spatially separable", "two one-dimensional correlations")
def _() -> System:
    rows, columns = leaf("p", r, 1), leaf("q", 1, c)
    outer = closed("K", r, c)(lambda u, v: multiply(rows[u, 0], columns[0, v]))
    turned = closed("K", r, c)(lambda u, v: multiply(rows[r - 1 - u, 0], columns[0, v]))
    two = correlate(correlate(X, rows), columns)
    return System(correlate(X, outer), two, correlate(X, turned))


@system("regular and dilated branches", "their sum is one larger kernel")
def _() -> System:
    q = leaf("q", r)
    spread = stuff(q, d)
    centre = d * (r - 1) + 1
    wide = closed("wide", centre)(lambda u: add(multiply(bracket(at_least(r - 1, u)), w[u]), spread[u]))
    shifted = closed("wide", centre)(lambda u: add(multiply(bracket(at_least(r - 1, u)), w[u]), spread[u + 1]))
    aligned = crop(correlate(x, w), ((0, (d - 1) * (r - 1)),))
    return System(
        elementwise(aligned, correlate(x, q, dilation=d)),
        correlate(x, wide),
        correlate(x, shifted),
        (at_least(H, d * (r - 1) + 1),),
    )


@system("regular and dilated branches", "a linear combination is a 1x1 convolution of the concatenation")
def _() -> System:
    A, B, mix = leaf("A", m, H), leaf("B", n, H), leaf("Q", O, m + n)
    joined = concatenate((A, B), 0)
    left = matmul(mix, joined)

    def form(offset: Poly) -> Defined:
        def entry(o: Poly, i: Poly) -> Value:
            first = total((upto("k", m),), multiply(mix[o, "k"], A["k", i]))
            return add(first, total((upto("k", n),), multiply(mix[o, offset + "k"], B["k", i])))

        return closed("Y", O, H)(entry)

    return System(left, form(m), form(m - 1))


@system("convolution commutative, associative", "valid correlation twice is a correlation with the full convolution")
def _() -> System:
    q, p = leaf("q", k), leaf("p", m)
    left = correlate(correlate(correlate(x, w), q), p)
    whole = convolve(convolve(w, q, mode="full"), p, mode="full")
    return System(left, correlate(x, whole), correlate(x, correlate(convolve(w, q, mode="full"), p, mode="full")))


@system("convolution commutative, associative", "correlation the other way round is turned")
def _() -> System:
    return System(correlate(x, w, mode="full"), rot180(correlate(w, x, mode="full")), correlate(w, x, mode="full"))


@system("convolution commutative, associative", "with zero padding, shifts are kept only where no edge is met")
def _() -> System:
    line = leaf("f", H)
    later = closed("later", H)(lambda t: line[t - 1])
    moved, fixed = correlate(later, w, padding=P), correlate(line, w, padding=P)
    at = Poly.of("i")
    inner = bracket(at_least(at - P - 1, 0), at_least(H - r - 1, at - P))
    here = (at_least(at, 1), at_least(fixed.shape[0] - 1, at))
    return System(multiply(inner, moved[at]), multiply(inner, fixed[at - 1]), fixed[at - 1], here)


@system("linear networks", "the derivative by a pixel does not depend on the pixels: degree one")
def _() -> System:
    M, other = leaf("M", n, H - r + 1), leaf("y", H)

    def slope(image: Leaf, function: str) -> Defined:
        logits = matmul(M, apply(function, correlate(image, w)))
        return closed("J", n, H)(lambda i, a: Derivative(logits[i], image[a]))  # type: ignore[arg-type]

    return System(slope(x, "identity"), slope(other, "identity"), slope(other, "tanh"))


@system("depthwise separable, 1x1", "its kernel has rank one a channel: every 2 x 2 minor is zero")
def _() -> System:
    plane, mix = leaf("D", C, m), leaf("Q", O, C)
    general = leaf("K", O, C, m)
    l, o, p, e, f = (Poly.of(name) for name in "lopef")  # noqa: E741

    def kernel(at: tuple[Poly, Poly, Poly]) -> Value:
        return multiply(mix[at[0], at[1]], plane[at[1], at[2]])

    left = multiply(kernel((o, l, e)), kernel((p, l, f)))
    minor = multiply(general[o, l, e], general[p, l, f]) - multiply(general[o, l, f], general[p, l, e])
    right = multiply(kernel((o, l, f)), kernel((p, l, e)))
    return System(left, right, add(right, minor))


@system("depthwise separable, 1x1", "a 1 x 1 convolution mixes the maps of each pixel")
def _() -> System:
    image, mix = leaf("X", C, H, W), leaf("Q", O, C, 1, 1)

    def form(turned: bool) -> Defined:
        def entry(o: Poly, i: Poly, j: Poly) -> Value:
            pixel = image["l", i, j + 1] if turned else image["l", i, j]
            return total((upto("l", C),), multiply(mix[o, "l", 0, 0], pixel))

        return closed("F", O, H, W)(entry)

    return System(correlate(image, mix), form(False), form(True))


@system("spatially separable", "convolution with an outer product is one by rows, then one by columns")
def _() -> System:
    rows, columns = leaf("p", r), leaf("q", c)
    outer = closed("K", r, c)(lambda u, v: multiply(rows[u], columns[v]))
    column = closed("Kp", r, 1)(lambda u, v: rows[u])
    row = closed("Kq", 1, c)(lambda u, v: columns[v])
    twice = convolve(convolve(X, row, mode="full"), column, mode="full")
    return System(
        convolve(X, outer, mode="full"),
        twice,
        convolve(correlate(X, row, mode="full"), column, mode="full"),
    )


def one_map(t: Tensor) -> Defined:
    return closed("map", 1, t.shape[0])(lambda o, i: t[i])


@system("regular and dilated branches", "concatenated, each keeps its own maps")
def _() -> System:
    q = leaf("q", r)
    aligned = crop(correlate(x, w), ((0, (d - 1) * (r - 1)),))
    wide = correlate(x, q, dilation=d)
    joined = concatenate((one_map(aligned), one_map(wide)), 0)
    need = (at_least(H, d * (r - 1) + 1),)

    def form(first: int) -> Defined:
        def entry(o: Poly, i: Poly) -> Value:
            return add(multiply(bracket(equal(o, first)), aligned[i]), multiply(bracket(equal(o, 1 - first)), wide[i]))

        return closed("Y", 2, wide.shape[0])(entry)

    return System(joined, form(0), form(1), need)
