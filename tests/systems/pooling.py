"""Pooling: average, maximum and their adjoints."""

from __future__ import annotations

from fractions import Fraction

from symconv.ops.layer import dense, scale
from symconv.ops.matrix import matmul, unvec, vec
from symconv.ops.pool import argmax, pool_average, pool_max
from symconv.ops.resample import expand, unpool_max, upsample_nearest
from symconv.ops.window import transpose
from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined
from symconv.term.value import (
    Apply,
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
    H,
    System,
    W,
    X,
    a,
    c,
    closed,
    i,
    ident,
    j,
    m,
    n,
    r,
    s,
    system,
    t,
    x,
)
from tests.theorems.statements import both, leaf, upto


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


@system("average pooling with weight w", "the tail that no window covers gets no gradient")
def _() -> System:
    pooled = pool_average(X, (r, c), (s, t))
    dX, G = both(pooled, X)
    covered = s * (G.shape[0] - 1) + r

    def form(rows: Poly) -> Defined:
        return closed("dX", H, W)(lambda a, b: multiply(bracket(at_least(rows - 1, a)), dX[a, b]))

    return System(dX, form(covered), form(covered - 1))


@system("average pooling with weight w", "the expansion is not the inverse: it gives the means of the blocks")
def _() -> System:
    fine = leaf("X", m * r, n * c)
    pooled = pool_average(fine, (r, c), weight=1)
    back = expand(pool_average(fine, (r, c)), pooled)
    share = Reciprocal(Position(r * c))

    def block(a: Poly, b: Poly) -> Value:
        inner = fine[a // r * r + "u", b // c * c + "v"]
        return multiply(share, total((upto("u", r), upto("v", c)), inner))

    return System(back, closed("means", m * r, n * c)(block), ident(fine))


@system("average pooling with weight w", "global: the gradient is the same everywhere")
def _() -> System:
    dX, G = both(pool_average(X, (H, W)), X)

    def form(number: Poly) -> Defined:
        return closed("dX", H, W)(lambda a, b: multiply(Reciprocal(Position(number)), G[0, 0]))

    return System(dX, form(H * W), form(H + W))


@system("max pooling", "overlapping windows in a plane: the gradients of a winner add up")
def _() -> System:
    pooled = pool_max(X, (r, c), (s, t))
    dX, G = both(pooled, X)
    down, across = argmax(pooled, (Poly.of("i"), Poly.of("j")))

    def form(columns: Poly) -> Defined:
        def entry(a: Poly, b: Poly) -> Value:
            meets = bracket(equal(s * Poly.of("i") + down, a), equal(columns * Poly.of("j") + across, b))
            ranges = tuple(upto(name, extent) for name, extent in zip("ij", pooled.shape, strict=True))
            return total(ranges, multiply(G["i", "j"], meets))

        return closed("dX", H, W)(entry)

    return System(dX, form(t), form(s))


@system("max pooling", "split ties: a window gives its winners equal shares")
def _() -> System:
    pooled = pool_max(x, (r,), (s,), ties="split")
    dx, G = both(pooled, x)
    greatest = pool_max(x, (r,), (s,))

    def wins(i: Poly, at: Poly) -> Value:
        return add(1, negative(Apply(Function("step"), add(greatest[i], negative(x[at])))))

    def form(shared: bool) -> Defined:
        def entry(a: Poly) -> Value:
            i = Poly.of("i")
            winners = total((upto("k", r),), wins(i, s * i + "k"))
            hits = total((upto("u", r),), multiply(bracket(equal(s * i + "u", a)), wins(i, s * i + "u")))
            parts = (G[i], hits, Reciprocal(winners)) if shared else (G[i], hits)
            return total((upto("i", G.shape[0]),), multiply(*parts))

        return closed("dx", H)(entry)

    return System(dx, form(True), form(False))
