"""The backward pass of a five-layer network by stages: every stage a theorem, and every two of them composed.

Each layer stands on free data of its own, with all sizes symbols, so that its theorem holds wherever the
layer stands in a network; the chain rule, proved for each pair of neighbours, puts the stages together.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import symconv as sc

N, C, H, W, O, M, r, q = sc.sizes("N C H W O M r q")  # noqa: E741
n, k, l, a, b, i, j, m = sc.indices("n k l a b i j m")  # noqa: E741

Layer = Callable[[Any], Any]
Claim = tuple[Any, Any]


def convolution(x: Any) -> Any:
    return sc.correlate(x, sc.tensor("K", O, x.shape[1], r, q))


def bias(x: Any) -> Any:
    return sc.add_bias(x, sc.tensor("b", x.shape[1]), 1)


def activation(x: Any) -> Any:
    return sc.apply("relu", x)


def pooling(x: Any) -> Any:
    return sc.pool(x, (2, 2), kind="average")


def flatten(x: Any) -> Any:
    return sc.flatten_rows(x)


def dense(v: Any) -> Any:
    return sc.dense(sc.tensor("D", M, v.shape[1]), v, sc.tensor("bd", M))


CHAIN: tuple[Layer, ...] = (
    *(convolution, bias, activation, pooling),
    *(convolution, bias, activation, pooling),
    *(flatten, dense),
)


def image() -> Any:
    return sc.tensor("A", N, C, H, W)


def whole(layer: Layer, following: Layer) -> Claim:
    """dL/dA by way of both layers at once, and by stages: the upstream gradient of the first is that of the second."""
    x = sc.tensor("A", N, C) if layer is dense else image()
    first = layer(x)
    both = following(first)
    G = sc.upstream(both, "G")
    return sc.gradient(both, x, G), sc.gradient(first, x, sc.gradient(both, first, G))


def compositions() -> dict[str, Claim]:
    pairs = dict.fromkeys(pairwise(CHAIN))
    return {f"{p.__name__} then {f.__name__}": whole(p, f) for p, f in pairs}


def closed_forms() -> dict[str, Claim]:
    """Each stage as the gradient that is derived, and the formula that one writes."""
    x = image()
    z = convolution(x)
    K, G = sc.tensor("K", O, C, r, q), sc.upstream(z, "G")
    rows, columns = z.shape[2:]
    taps = [(a, 0, r - 1), (b, 0, q - 1)]
    windows = [(n, 0, N - 1), (i, 0, rows - 1), (j, 0, columns - 1)]
    found: dict[str, Claim] = {}
    found["dLZ -> dA"] = (
        sc.gradient(z, x, G),
        sc.define(
            "dA",
            x.shape,
            lambda n, l, i, j: sc.total(K[k, l, a, b] * G[n, k, i - a, j - b], (k, 0, O - 1), *taps),  # noqa: E741
        ),
    )
    found["dLZ -> dLW"] = (
        sc.gradient(z, K, G),
        sc.define("dLW", K.shape, lambda k, l, a, b: sc.total(G[n, k, i, j] * x[n, l, i + a, j + b], *windows)),  # noqa: E741
    )
    net = bias(x)
    dN = sc.upstream(net, "G")
    found["dN -> dLZ"] = (sc.gradient(net, x, dN), sc.define("same", x.shape, lambda n, l, i, j: dN[n, l, i, j]))  # noqa: E741
    everywhere = [(n, 0, N - 1), (i, 0, H - 1), (j, 0, W - 1)]
    found["dN -> db"] = (
        sc.gradient(net, sc.tensor("b", C), dN),
        sc.define("db", [C], lambda l: sc.total(dN[n, l, i, j], *everywhere)),  # noqa: E741
    )
    f = activation(x)
    dF = sc.upstream(f, "G")
    found["dA -> dN"] = (sc.gradient(f, x, dF), sc.apply("step", x) * dF)
    pooled = pooling(x)
    dP = sc.upstream(pooled, "G")
    found["through pooling"] = (sc.gradient(pooled, x, dP), sc.expand(dP, pooled))
    flat = flatten(x)
    dv = sc.upstream(flat, "G")
    found["through vec"] = (
        sc.gradient(flat, x, dv),
        sc.define("dA", x.shape, lambda n, l, i, j: dv[n, (l * H + i) * W + j]),  # noqa: E741
    )
    v, D = sc.tensor("v", N, C), sc.tensor("D", M, C)
    out = dense(v)
    dz = sc.upstream(out, "G")
    found["dz -> dv"] = (sc.gradient(out, v, dz), dz @ D)
    found["dz -> dD"] = (sc.gradient(out, D, dz), sc.transpose(dz) @ v)
    found["dz -> dbd"] = (
        sc.gradient(out, sc.tensor("bd", M), dz),
        sc.define("s", [M], lambda m: sc.total(dz[n, m], (n, 0, N - 1))),
    )
    logits, labels = sc.tensor("z", N, M), sc.tensor("Y", N, M)
    p = sc.softmax(logits)
    found["loss -> dz"] = (
        sc.gradient(sc.cross_entropy(p, labels), logits),
        sc.define("dz", [N, M], lambda n, k: p[n, k] * sc.total(labels[n, m], (m, 0, M - 1)) - labels[n, k]),
    )
    return found
