"""Activations, losses and normalisation."""

from __future__ import annotations

from fractions import Fraction

from symconv.calculus.gradient import gradient
from symconv.ops.activation import gelu, leaky_relu
from symconv.ops.layer import apply, cross_entropy, dense, elementwise, mean_squared_error, softmax
from symconv.ops.matrix import matmul, unvec, vec
from symconv.ops.normalisation import batch_norm, mean, normalised
from symconv.ops.window import transpose
from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined, Tensor, define, tensors_in
from symconv.term.value import (
    Apply,
    Derivative,
    Entry,
    Function,
    Number,
    Position,
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
from tests.systems.base import (
    F_,
    C,
    H,
    N,
    System,
    W,
    X,
    a,
    closed,
    i,
    ident,
    m,
    n,
    system,
    t,
    x,
    z,
)
from tests.theorems.statements import both, leaf, upto


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

    return next(t for t in tensors_in(hat.body) if t.name.startswith("deviation"))


@system("activation", "the identity passes the upstream gradient on")
def _() -> System:
    dx, G = both(apply("identity", x), x)
    return System(dx, ident(G), elementwise(G, x, "*"))


@system("softmax", "the gradient by its input: p (G - sum of p G)")
def _() -> System:
    p = softmax(z)
    dz, G = both(p, z)

    def form(inner: Tensor) -> Defined:
        weighted = total((upto("k", n),), multiply(inner["k"], G["k"]))
        return closed("dz", n)(lambda a: multiply(p[a], add(G[a], negative(weighted))))

    return System(dz, form(p), form(z))


@system("vec, dense, softmax", "the gradient by the matrix is an outer product")
def _() -> System:
    M, v = leaf("M", m, n), leaf("v", n)
    dM, G = both(dense(M, v), M)
    outer = closed("dM", m, n)(lambda i, j: multiply(G[i], v[j]))
    return System(dM, outer, closed("dM", m, n)(lambda i, j: multiply(G[i], v[j + 1])))


@system("vec, dense, softmax", "by rows: the gradient is put back by rows")
def _() -> System:
    M = leaf("M", m, H * W)
    dX, G = both(dense(M, vec(X, "rows")), X)
    g = matmul(transpose(M), G)
    return System(dX, unvec(g, X.shape, "rows"), unvec(g, X.shape))
