"""Operations to test on, with small sizes that all differ: strides do not divide, kernels have no symmetry."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from symconv.calculus.gradient import gradient, upstream
from symconv.ops.correlate import convolve, correlate, depthwise, transposed
from symconv.ops.layer import add_bias, apply, dense, softmax
from symconv.ops.matrix import matmul, toeplitz, unvec, vec
from symconv.ops.pool import pool_average, pool_max
from symconv.ops.window import concatenate, pad, rot180, stuff
from symconv.proof.evaluate import World
from symconv.term.polynomial import Poly, Size
from symconv.term.tensor import Axis, Defined, Leaf, Tensor, tensors_in
from symconv.term.value import Entry


def size(name: str, least: int = 1) -> Poly:
    return Poly.of(Size(name, least))


def leaf(name: str, *shape: Any) -> Leaf:
    return Leaf(name, tuple(map(Axis.of, shape)))


H, W, r, c, q, s, d, g, N, Cg, Og = (size(n) for n in ["H", "W", "r", "c", "q", "s", "d", "g", "N", "Cg", "Og"])
P = size("p", 0)
x, w, v = leaf("x", H), leaf("w", r), leaf("v", q)
X, K = leaf("X", H, W), leaf("K", r, c)
X4, K4 = leaf("X", N, g * Cg, H, W), leaf("K", g * Og, Cg, r, c)

ONE = {"H": 7, "r": 3}
TWO = {"H": 5, "W": 6, "r": 2, "c": 3}
FOUR = {"N": 2, "g": 2, "Cg": 1, "Og": 3, "H": 5, "W": 6, "r": 2, "c": 3, "s": 2, "d": 2, "p": 1}

strided = correlate(x, w, stride=2, padding=1, dilation=2)
general = correlate(X4, K4, stride=s, padding=P, dilation=d, groups=g)


def both(f: Defined, tensor: Tensor) -> Defined:
    """The gradient of f by a tensor."""
    return gradient(f, tensor, upstream(f))


FORWARD: dict[str, tuple[Defined, dict[str, int]]] = {
    "correlate": (correlate(X, K), TWO),
    "convolve": (convolve(X, K), TWO),
    "full": (correlate(X, K, mode="full"), TWO),
    "same": (correlate(X, K, mode="same"), TWO),
    "strided": (strided, {"H": 8, "r": 3}),
    "general": (general, FOUR),
    "depthwise": (depthwise(leaf("X", 2, H, W), leaf("K", 2, r, c)), TWO),
    "transposed": (transposed(x, w, stride=2, padding=1), {"H": 4, "r": 3}),
    "average": (pool_average(X, (2, 3)), {"H": 5, "W": 6}),
    "two layers": (correlate(correlate(x, w), v), {"H": 8, "r": 3, "q": 2}),
    "bias": (add_bias(correlate(x, w), leaf("b")), ONE),
    "toeplitz": (matmul(toeplitz(K, (H, W), stride=2), vec(X)), TWO),
    "unvec": (unvec(vec(X, "rows"), (H, W), "columns"), TWO),
    "concatenate": (concatenate([x, w]), ONE),
    "stuffed": (pad(stuff(rot180(x), 2), ((1, 2),)), {"H": 4}),
    "square": (apply("square", correlate(x, w)), ONE),
}
GRADIENTS: dict[str, tuple[Defined, dict[str, int]]] = {
    f"{name} by {t.name}": (both(f, t), sizes)
    for name, (f, sizes) in FORWARD.items()
    for t in dict.fromkeys(t for t in tensors_in(Entry(f, ())) if isinstance(t, Leaf))
}
SMOOTH: dict[str, tuple[Defined, dict[str, int]]] = {
    "tanh": (apply("tanh", correlate(x, w)), ONE),
    "tanh by x": (both(apply("tanh", correlate(x, w, padding=1)), x), ONE),
    "softmax": (softmax(dense(leaf("A", 2, H), x)), {"H": 3}),
    "softmax by x": (both(softmax(x), x), {"H": 3}),
    "two layers by x": (both(correlate(apply("tanh", correlate(x, w)), v), x), {"H": 6, "r": 3, "q": 2}),
}
PIECEWISE: dict[str, tuple[Defined, dict[str, int]]] = {
    "relu": (apply("relu", correlate(x, w)), ONE),
    "relu by w": (both(apply("relu", correlate(x, w)), w), ONE),
    "max": (pool_max(X, (2, 2), stride=1), {"H": 3, "W": 4}),
}
MAX_GRADIENT = {"max by x": (both(pool_max(x, 3, stride=2), x), {"H": 7})}
POLYNOMIAL = {**FORWARD, **GRADIENTS}


def numbers(tensor: Tensor, sizes: dict[str, int], seed: int = 0) -> dict[str, np.ndarray[Any, Any]]:
    """Small whole numbers for all leaves of a tensor."""
    world, random = World(sizes), np.random.default_rng(seed)
    leaves = [t for t in tensors_in(Entry(tensor, ())) if isinstance(t, Leaf)]
    return {t.name: random.integers(-9, 10, [len(a) for a in world.axes(t)]) for t in leaves}


def exact(tensor: Tensor, sizes: dict[str, int], arrays: dict[str, np.ndarray[Any, Any]]) -> list[Any]:
    """All entries by the evaluator, the last axis running fastest."""
    given = {name: {at: int(a[at]) for at in np.ndindex(a.shape)} for name, a in arrays.items()}
    world = World(sizes, leaves=given, values=[Entry(tensor, tuple(map(Poly.of, getattr(tensor, "parameters", ()))))])
    return [world.entry(tensor, at) for at in product(*world.axes(tensor))]
