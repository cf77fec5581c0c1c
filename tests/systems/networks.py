"""The backward pass by stages, and graphs of layers."""

from __future__ import annotations

from symconv.calculus.gradient import gradient
from symconv.ops.correlate import correlate
from symconv.ops.layer import add_bias, apply, elementwise
from symconv.ops.matrix import matmul
from symconv.ops.window import concatenate
from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined, Leaf
from symconv.term.value import (
    Apply,
    Function,
    Range,
    Value,
    add,
    multiply,
    total,
)
from tests.systems.base import (
    F_,
    C,
    H,
    O,
    System,
    W,
    c,
    closed,
    ident,
    m,
    n,
    r,
    system,
    w,
    x,
)
from tests.theorems.statements import both, leaf, upto


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


@system("stages dN, dLZ, dA, dLW, db", "dN -> dLZ: with b added the gradients are the same")
def _() -> System:
    _, _, _, LZ, net, _ = layer()
    dLZ, G = both(net, LZ)
    return System(dLZ, ident(G), elementwise(G, LZ, "*"))


@system("stages dN, dLZ, dA, dLW, db", "composed: by way of N or by way of LZ, dLW is the same")
def _() -> System:
    _, LW, _, LZ, net, out = layer()
    whole, G = both(out, LW)
    by_stages = gradient(LZ, LW, gradient(net, LZ, gradient(out, net, G)))
    return System(whole, by_stages, gradient(LZ, LW, G))


@system("branches", "a branch that is added: the gradients of both ways add up")
def _() -> System:
    f = elementwise(apply("f", correlate(x, w, padding=((0, r - 1),))), x)
    dx, G = both(f, x)

    def form(skip: int) -> Defined:
        def entry(a: Poly) -> Value:
            inner = total((upto("k", r),), multiply(w["k"], x[Poly.of("i") + "k"]))
            slope = multiply(Apply(Function("f", 1), inner), w[a - "i"], G["i"])
            return add(total((upto("i", H),), slope), multiply(skip, G[a]))

        return closed("dx", H)(entry)

    return System(dx, form(1), form(0))


@system("branches", "concatenated branches: each takes its part of the upstream gradient")
def _() -> System:
    left, right = leaf("p", m, H), leaf("q", n, H)
    both_ways = concatenate((matmul(left, x), matmul(right, x)), 0)
    dx, G = both(both_ways, x)

    def form(start: Poly) -> Defined:
        def entry(a: Poly) -> Value:
            first = total((upto("i", m),), multiply(left["i", a], G["i"]))
            return add(first, total((upto("i", n),), multiply(right["i", a], G[start + "i"])))

        return closed("dx", H)(entry)

    return System(dx, form(m), form(m - 1))


@system("branches", "several layers read one: the sum over all of them")
def _() -> System:
    """Chapter 8, equation 8.39: layer n is one of M that read A; its kernels are LW[n]."""
    A, LW = leaf("A", C, H, W), leaf("LW", m, O, C, r, c)

    def entry(n: Poly, o: Poly, i: Poly, j: Poly) -> Value:
        window = (upto("l", C), upto("u", r), upto("v", c))
        return total(window, multiply(LW[n, o, "l", "u", "v"], A["l", i + "u", j + "v"]))

    dA, G = both(closed("LZ", m, O, H - r + 1, W - c + 1)(entry), A)

    def form(least: int) -> Defined:
        def back(l: Poly, a: Poly, b: Poly) -> Value:  # noqa: E741
            readers = Range("n", Poly.of(least), m - 1)
            rest = (upto("o", O), upto("u", r), upto("v", c))
            return total((readers, *rest), multiply(LW["n", "o", l, "u", "v"], G["n", "o", a - "u", b - "v"]))

        return closed("dA", C, H, W)(back)

    return System(dA, form(0), form(1))
