"""The systems that courses and books on convolution layers describe, as data: a theorem and a false twin each.

Every row states one identity for all sizes whose two sides are different
formulas, and a twin of its right side one edit away, which is false.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from symconv.calculus.gradient import gradient
from symconv.ops.activation import gelu, leaky_relu
from symconv.ops.correlate import convolve, correlate, depthwise, transposed
from symconv.ops.layer import add_bias, apply, cross_entropy, dense, elementwise, mean_squared_error, scale, softmax
from symconv.ops.matrix import matmul, toeplitz, unvec, vec
from symconv.ops.normalisation import batch_norm, mean, normalised
from symconv.ops.pool import argmax, pool_average, pool_max
from symconv.ops.resample import (
    bed_of_nails,
    expand,
    pixel_shuffle,
    unpool_max,
    upsample_bilinear,
    upsample_nearest,
)
from symconv.ops.window import concatenate, crop, flip, pad, rot180, stuff, transpose
from symconv.proof.problem import Problem, equation, tensor_equation
from symconv.term.polynomial import Poly
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
    add,
    at_least,
    bracket,
    equal,
    multiply,
    negative,
    total,
)
from tests.theorems.statements import both, leaf, size, upto

Side = Tensor | Value


@dataclass(frozen=True)
class System:
    """left = right under the hypotheses; left = twin is false."""

    left: Side
    right: Side
    twin: Side
    assuming: tuple[Condition, ...] = ()

    def problem(self, twin: bool = False) -> Problem:
        right = self.twin if twin else self.right
        if isinstance(self.left, Tensor) and isinstance(right, Tensor):
            return tensor_equation(self.left, right, self.assuming)
        assert isinstance(self.left, Value)
        assert isinstance(right, Value)
        return equation(self.left, right, (), self.assuming)


SYSTEMS: dict[tuple[str, str], Callable[[], System]] = {}


def system(row: str, name: str) -> Callable[[Callable[[], System]], Callable[[], System]]:
    """Register one identity of a row of the table of systems."""

    def register(build: Callable[[], System]) -> Callable[[], System]:
        SYSTEMS[row, name] = build
        return build

    return register


H, W, r, c, s, t, d, k, m, n = (size(x) for x in ["H", "W", "r", "c", "s", "t", "d", "k", "m", "n"])
N, C, O = (size(x) for x in "NCO")  # noqa: E741
P = size("P", 0)
i, j, u, v, a, b = (Poly.of(x) for x in "ijuvab")
x, w, z = leaf("x", H), leaf("w", r), leaf("z", n)
X, K = leaf("X", H, W), leaf("K", r, c)
EXP, F_ = Function("exp"), Function("f")


def ident(tensor: Tensor) -> Tensor:
    return define("same", tensor.axes, lambda *index: tensor[index])


def closed(name: str, *shape: object) -> Callable[[Callable[..., Value]], Defined]:
    """A tensor from a formula, with the parameters of the function as indices."""

    def make(entry: Callable[..., Value]) -> Defined:
        names = entry.__code__.co_varnames[: entry.__code__.co_argcount]
        return define(name, shape, entry, indices=names)  # type: ignore[arg-type]

    return make


# -- convolution and correlation -----------------------------------------------------------


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


# -- matrices ---------------------------------------------------------------------------------


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


# -- activations, losses, normalisation -----------------------------------------------------------


@system("activation", "generic f")
def _() -> System:
    dX, G = both(apply("f", X), X)
    return System(
        dX,
        closed("dN", H, W)(lambda a, b: multiply(Apply(Function("f", 1), X[a, b]), G[a, b])),
        closed("dN", H, W)(lambda a, b: multiply(Apply(F_, X[a, b]), G[a, b])),
    )


@system("activation", "ReLU: the upstream gradient where the input is positive")
def _() -> System:
    dx, G = both(apply("relu", x), x)
    return System(
        dx,
        closed("dN", H)(lambda a: multiply(Apply(Function("step"), x[a]), G[a])),
        closed("dN", H)(lambda a: multiply(Apply(Function("step"), -1 * x[a]), G[a])),
    )


@system("activation", "leaky ReLU")
def _() -> System:
    e = leaf("e")
    dx, G = both(leaky_relu(x, e), x)

    def form(q: int) -> Defined:
        on = Apply(Function("step"), x[a])
        return define(
            "dN", (H,), lambda _: multiply(add(on, multiply(e[()], add(q, negative(on)))), G[a]), indices=("a",)
        )

    return System(dx, form(1), form(2))


@system("activation", "tanh, sigmoid, softplus and GELU")
def _() -> System:
    parts = add(*(Entry(apply(name, x), (i,)) for name in ("tanh", "sigmoid", "softplus")), gelu(x)[i])
    slope = Derivative(parts, Entry(x, (i,)))  # type: ignore[arg-type]
    th, sg = Apply(Function("tanh"), x[i]), Apply(Function("sigmoid"), x[i])
    cdf, pdf = (Apply(Function(name), x[i]) for name in ("normal_cdf", "normal_pdf"))
    inside = bracket(at_least(i, 0), at_least(H - 1, i))

    def form(sign: int) -> Value:
        terms = (1 - th * th, sg * (1 - sg), sg, cdf, multiply(sign, x[i], pdf))
        return multiply(inside, add(*terms))

    return System(slope, form(1), form(-1))


@system("softmax", "the Jacobian")
def _() -> System:
    p = softmax(z)
    jacobian = closed("J", n, n)(lambda i, j: Derivative(p[i], z[j]))  # type: ignore[arg-type]
    return System(
        jacobian,
        closed("J", n, n)(lambda i, j: multiply(p[i], add(bracket(equal(i, j)), negative(p[j])))),
        closed("J", n, n)(lambda i, j: multiply(p[i], add(1, negative(p[j])))),
    )


@system("softmax", "with cross-entropy: p - y for a one-hot label")
def _() -> System:
    p, y = softmax(z), closed("y", n)(lambda i: bracket(equal(i, t - 1)))
    dz = gradient(cross_entropy(p, y), z)
    return System(
        dz,
        closed("dz", n)(lambda a: add(p[a], negative(bracket(equal(a, t - 1))))),
        closed("dz", n)(lambda a: add(bracket(equal(a, t - 1)), negative(p[a]))),
        (at_least(n, t),),
    )


@system("softmax", "the probabilities add up to 1")
def _() -> System:
    p = softmax(z)
    one = Number(Fraction(1))
    return System(total((upto("k", n),), p["k"]), one, Number(Fraction(2)))


@system("mean squared error", "2/(m n) times the residual")
def _() -> System:
    y, goal = leaf("y", m, n), leaf("g", m, n)
    dy = gradient(mean_squared_error(y, goal), y)

    def form(number: int) -> Defined:
        return closed("dy", m, n)(
            lambda a, b: multiply(number, Reciprocal(Position(m * n)), add(y[a, b], negative(goal[a, b])))
        )

    return System(dy, form(2), form(1))


@system("batch normalisation", "the gradient by the input")
def _() -> System:
    image, g, shift, eps = leaf("x", N, C), leaf("g", C), leaf("b", C), leaf("eps")
    y = batch_norm(image, g, shift, eps)
    dx, G = both(y, image)
    hat = normalised(image, [0], eps)
    deviation = hat_deviation(hat)
    centre = mean(image, [0])

    def form(second: bool) -> Defined:
        def entry(a: Poly, b: Poly) -> Value:
            count = Reciprocal(Position(N))
            inverse = Reciprocal(deviation[(b,)])
            first = multiply(count, total((upto("i", N),), G["i", b]))
            gap = add(image[a, b], negative(centre[(b,)]))
            moment = total((upto("i", N),), multiply(G["i", b], add(image["i", b], negative(centre[(b,)]))))
            last = multiply(gap, count, inverse, inverse, moment)
            parts = (G[a, b], negative(first), negative(last)) if second else (G[a, b], negative(first))
            return multiply(g[b], inverse, add(*parts))

        return closed("dx", N, C)(entry)

    return System(dx, form(True), form(False))


def hat_deviation(hat: Defined) -> Tensor:
    """The tensor by which `normalised` divides."""
    from symconv.term.tensor import tensors_in

    return next(t for t in tensors_in(hat.body) if t.name.startswith("deviation"))


# -- pooling ---------------------------------------------------------------------------------------


@system("average pooling with weight w", "the input gradient spreads the upstream one")
def _() -> System:
    weight = leaf("q")
    pooled = pool_average(X, (r, c), (s, t), weight=weight)
    dX, G = both(pooled, X)
    return System(dX, expand(G, pooled), scale(expand(G, pooled), 2, "twice"))


@system("average pooling with weight w", "the gradient by the weight")
def _() -> System:
    weight = leaf("q")
    pooled = pool_average(X, (r, c), weight=weight)
    dq, G = both(pooled, weight)
    sums = pool_average(X, (r, c), weight=1)
    means = pool_average(X, (r, c))

    def form(windows: Defined) -> Value:
        ranges = tuple(upto(name, extent) for name, extent in zip("ij", pooled.shape, strict=True))
        return total(ranges, multiply(G[i, j], windows[i, j]))

    return System(dq[()], form(sums), form(means))


@system("average pooling with weight w", "the expansion is the adjoint of the pooling")
def _() -> System:
    pooled = pool_average(x, (r,), (s,))
    y = leaf("y", *pooled.shape)
    left = total((upto("i", pooled.shape[0]),), multiply(pooled[(i,)], y[i]))
    right = total((upto("a", H),), multiply(x[a], expand(y, pooled)[(a,)]))
    return System(left, right, total((upto("a", H),), multiply(r, x[a], expand(y, pooled)[(a,)])))


@system("max pooling", "the upstream gradient goes to the winner")
def _() -> System:
    pooled = pool_max(x, (r,), (s,))
    dx, G = both(pooled, x)
    return System(dx, unpool_max(G, pooled), scale(unpool_max(G, pooled), -1, "minus"))


@system("max pooling", "the weights of a window add up to 1")
def _() -> System:
    pooled = pool_max(x, (r,), (s,))
    (winner,) = argmax(pooled, (i,))
    chosen = total((upto("u", r),), bracket(equal(Poly.of("u"), winner)))
    inside = (at_least(i, 0), at_least(pooled.shape[0] - 1, i))
    return System(chosen, Number(Fraction(1)), Position(r), inside)


@system("max pooling", "global: the maximum of all entries")
def _() -> System:
    pooled = pool_max(x, (H,), (1,))
    dx, G = both(pooled, x)
    (winner,) = argmax(pooled, (i,))

    def form(place: Poly) -> Defined:
        return closed("dx", H)(lambda a: total((upto("i", 1),), multiply(G["i"], bracket(equal(a, place)))))

    return System(dx, form(winner), form(Poly.of(0)))


@system("upsampling by repetition", "pooling it by sums gives r c times the map")
def _() -> System:
    spread = upsample_nearest(X, (r, c))
    sums = pool_average(spread, (r, c), weight=1)
    return System(sums, scale(X, Position(r * c), "rc X"), ident(X))


@system("vec, dense, softmax", "the gradient through vec is put back in shape")
def _() -> System:
    M = leaf("M", m, H * W)
    f = dense(M, vec(X))
    dX, G = both(f, X)
    back = unvec(matmul(transpose(M), G), X.shape)
    return System(dX, back, unvec(matmul(transpose(M), G), X.shape, "rows"))


# -- stages ------------------------------------------------------------------------------------------


def layer() -> tuple[Leaf, Leaf, Leaf, Defined, Defined, Defined]:
    """A [C, H, W], LW [O, C, r, c], b [O]: LZ = LW (x) A, N = LZ + b, A' = f(N)."""
    A, LW, bias = leaf("A", C, H, W), leaf("LW", O, C, r, c), leaf("b", O)
    LZ = correlate(A, LW)
    net = add_bias(LZ, bias, 0)
    return A, LW, bias, LZ, net, apply("f", net)


@system("stages dN, dLZ, dA, dLW, db", "dA -> dN")
def _() -> System:
    *_, net, out = layer()
    dN, G = both(out, net)
    shape = net.shape
    return System(
        dN,
        closed("dN", *shape)(lambda o, a, b: multiply(Apply(Function("f", 1), net[o, a, b]), G[o, a, b])),
        closed("dN", *shape)(lambda o, a, b: multiply(Apply(F_, net[o, a, b]), G[o, a, b])),
    )


@system("stages dN, dLZ, dA, dLW, db", "dN -> db")
def _() -> System:
    _, _, bias, _, net, _ = layer()
    db, G = both(net, bias)

    def form(least: int) -> Defined:
        ranges = (upto("i", H - r + 1), Range("j", Poly.of(least), W - c))
        return closed("db", O)(lambda o: total(ranges, G[o, "i", "j"]))

    return System(db, form(0), form(1))


@system("stages dN, dLZ, dA, dLW, db", "dLZ -> dLW")
def _() -> System:
    A, LW, _, LZ, _, _ = layer()
    dLW, G = both(LZ, LW)

    def form(swapped: bool) -> Defined:
        def entry(h: Poly, l: Poly, u: Poly, v: Poly) -> Value:  # noqa: E741
            at = (v, u) if swapped else (u, v)
            ranges = (upto("i", H - r + 1), upto("j", W - c + 1))
            return total(ranges, multiply(G[h, "i", "j"], A[l, at[0] + "i", at[1] + "j"]))

        return closed("dLW", O, C, r, c)(entry)

    return System(dLW, form(False), form(True))


@system("stages dN, dLZ, dA, dLW, db", "composed: the gradient of the whole layer by its weights")
def _() -> System:
    A, LW, _, _, net, out = layer()
    dLW, G = both(out, LW)

    def form(order: int) -> Defined:
        def entry(h: Poly, l: Poly, u: Poly, v: Poly) -> Value:  # noqa: E741
            slope = Apply(Function("f", order), net[h, "i", "j"])
            ranges = (upto("i", H - r + 1), upto("j", W - c + 1))
            return total(ranges, multiply(G[h, "i", "j"], slope, A[l, u + "i", v + "j"]))

        return closed("dLW", O, C, r, c)(entry)

    return System(dLW, form(1), form(0))


# -- algebra --------------------------------------------------------------------------------------------


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


# -- resampling -----------------------------------------------------------------------------------------


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


@system("nearest, bilinear, bed of nails, unpooling", "pixel shuffle and the way back, one channel")
def _() -> System:
    maps = leaf("X", k * k, H, W)
    shuffled = pixel_shuffle(maps, k)

    def back(rows: bool) -> Defined:
        def entry(l: Poly, a: Poly, b: Poly) -> Value:  # noqa: E741
            dy, dx = (l // k, l % k) if rows else (l % k, l // k)
            return shuffled[0, a * k + dy, b * k + dx]

        return closed("back", k * k, H, W)(entry)

    return System(ident(maps), back(True), back(False))


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


# -- signal and image ---------------------------------------------------------------------------------------


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


__all__ = ["SYSTEMS", "System"]
