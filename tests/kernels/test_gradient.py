"""Gradients of every operation: lowered from the derived formula, compared with loops or differences."""

from __future__ import annotations

import numpy as np
import pytest

from symconv.calculus.gradient import gradient, upstream
from symconv.kernels import compile_tensor
from symconv.ops.correlate import convolve, correlate, depthwise, transposed
from symconv.ops.layer import add_bias, apply, cross_entropy, dense, elementwise, softmax
from symconv.ops.matrix import matmul, toeplitz, unvec, vec
from symconv.ops.pool import pool_average, pool_max
from symconv.ops.window import concatenate, crop, flip, pad, rot180, stuff, transpose
from symconv.term.tensor import Leaf
from tests.kernels import reference
from tests.kernels.build import close, derived, leaf, size, sizes

H, W, r, c, s, N, C, M = sizes("H W r c s N C M")
X, K, image = leaf("X", H, W), leaf("K", r, c), leaf("X", N, C, H, W)
B, k4 = leaf("B", M), leaf("K", M, C, r, c)
shape = {"X": (7, 6), "K": (3, 2), "Y": (7, 6), "v": (42,), "a": (), "z": (4, 5), "y": (4, 5)}
big = {"X": (2, 3, 7, 6), "K": (4, 3, 3, 2), "B": (4,), "b": (3,)}

# name: (output, shapes, options, is it linear in each leaf)
CASES = {
    "correlate": (correlate(X, K), shape, {}, True),
    "convolve": (convolve(X, K, stride=s, padding=((1, 2), (0, 1)), dilation=(2, 1)), shape, {"s": 2}, True),
    "full": (convolve(X, K, mode="full"), shape, {}, True),
    "same": (correlate(X, K, mode="same"), shape, {}, True),
    "channels": (correlate(image, k4, stride=(3, 2), padding=1), big, {}, True),
    "depthwise": (depthwise(image, leaf("K", C, r, c), stride=2), big | {"K": (3, 2, 3)}, {}, True),
    "transposed": (transposed(image, leaf("K", C, M, r, c), stride=s), big | {"K": (3, 2, 2, 4)}, {"s": 2}, True),
    "average": (pool_average(image, (3, 2), (2, 3), padding=1), big, {}, True),
    "average by weight": (pool_average(X, 2, weight=leaf("a")), shape, {}, True),
    "max": (pool_max(image, (2, 3), (3, 1)), big, {}, False),
    "max of blocks": (pool_max(X, 2), shape, {}, False),
    "pad": (pad(X, ((1, 2), (0, 3))), shape, {}, True),
    "crop": (crop(X, (2, 1)), shape, {}, True),
    "stuff": (stuff(X, (s, 3)), shape, {"s": 2}, True),
    "flip": (flip(X, [0]), shape, {}, True),
    "rot180": (rot180(X), shape, {}, True),
    "transpose": (transpose(X), shape, {}, True),
    "concatenate": (concatenate([X, leaf("Y", H, W)], 1), shape, {}, True),
    "vec": (vec(X), shape, {}, True),
    "vec of rows": (vec(image, "rows"), big, {}, True),
    "unvec": (unvec(leaf("v", H * W), (H, W)), shape, {"H": 7}, True),
    "toeplitz": (toeplitz(K, (7, 6), stride=2, padding=1), shape, {}, True),
    "toeplitz product": (matmul(toeplitz(K, (H, W)), vec(X)), shape, {}, True),
    "bias": (add_bias(image, leaf("b", C)), big, {}, True),
    "one bias": (add_bias(X, leaf("a")), shape, {}, True),
    "dense": (dense(leaf("Y", r, W), X, leaf("b", r)), shape | {"Y": (2, 6), "b": (2,)}, {}, True),
    "hadamard": (elementwise(X, apply("tanh", leaf("Y", H, W)), "*"), shape, {}, False),
    "softmax": (softmax(leaf("z", N, C)), shape, {}, False),
    "loss": (cross_entropy(softmax(leaf("z", N, C)), leaf("y", N, C)), shape, {}, False),
    "two layers": (
        correlate(apply("tanh", correlate(X, K)), leaf("Y", r, c), padding=1),
        shape | {"Y": (3, 2)},
        {},
        False,
    ),
    "used twice": (
        elementwise(apply("exp", correlate(X, K)), apply("sigmoid", correlate(X, K)), "*"),
        shape,
        {},
        False,
    ),
    "network": (
        pool_max(apply("softplus", add_bias(correlate(image, k4, stride=2, padding=1), B)), 2),
        big,
        {},
        False,
    ),
}


def leaves(f):
    from symconv.term.tensor import tensors_in

    return dict.fromkeys(t for t in tensors_in(f.body) if isinstance(t, Leaf))


@pytest.mark.parametrize("name", CASES)
def test_gradient_equals_differences(name):
    f, shapes, options, linear = CASES[name]
    rng = np.random.default_rng(len(name))
    values = {t.name: rng.uniform(0.5, 1.5, shapes[t.name]) for t in leaves(f)}
    forward = compile_tensor(f)
    sized = {key: v for key, v in options.items() if key not in ("H",)} if name != "unvec" else options
    output = np.asarray(forward(**values, **sized))
    g = rng.standard_normal(output.shape)
    for x in leaves(f):
        d = gradient(f, x, upstream(f) if f.rank else None)
        found = call(d, {**values, "G": g} if f.rank else values, {**options, **extents(x, shapes)})
        step = 1.0 if linear else 1e-5

        def at(value, x=x):
            return np.asarray(forward(**{**values, x.name: value}, **sized))

        wanted = reference.numeric_gradient(at, values[x.name], g if f.rank else 1.0, step)
        close(found, wanted, 1e-11 if linear else 1e-8)


def extents(x, shapes):
    return {str(n): v for n, v in zip(x.shape, shapes[x.name], strict=True) if n.as_atom is not None}


def call(tensor, values, options):
    """Call a compiled tensor with those arguments that it takes."""
    function = compile_tensor(tensor)
    taken = function.__doc__.split("arguments ")[1].split(", ")
    return function(**{k: v for k, v in {**values, **options}.items() if k in taken})


def test_max_pooling_with_ties_gives_the_first():
    f = pool_max(X, (2, 3), (2, 2))
    x = np.random.default_rng(0).integers(0, 3, (9, 8)).astype(float)
    g = np.random.default_rng(1).standard_normal((4, 3))
    close(derived(f, X)(X=x, G=g), reference.max_pool_gradient(x, g, (2, 3), (2, 2)))


def test_an_unknown_function_brings_its_derivative():
    f = apply("f", correlate(X, K))
    rng = np.random.default_rng(2)
    x, k, g = rng.standard_normal((6, 5)), rng.standard_normal((2, 3)), rng.standard_normal((5, 3))
    d = derived(f, X)
    wanted = derived(apply("tanh", correlate(X, K)), X)(X=x, K=k, G=g)
    close(d(X=x, K=k, G=g, df=lambda v: 1 - np.tanh(v) ** 2), wanted)


def test_closed_form_and_derived_gradient_agree_as_kernels():
    f = correlate(X, K)
    closed = correlate(pad(upstream(f), (r - 1, c - 1)), rot180(K))
    rng = np.random.default_rng(3)
    k, g = rng.standard_normal((3, 4)), rng.standard_normal((6, 3))
    close(compile_tensor(closed)(K=k, G=g), derived(f, X)(K=k, G=g))


def test_second_derivatives_are_lowered_too():
    f = apply("tanh", correlate(X, K))
    first = gradient(f, X, upstream(f))
    second = gradient(first, K, upstream(first, "U"))
    rng = np.random.default_rng(4)
    x, k, g = rng.standard_normal((5, 4)), rng.standard_normal((2, 3)), rng.standard_normal((4, 2))
    u = rng.standard_normal((5, 4))
    found = call(second, {"X": x, "K": k, "G": g, "U": u}, {"H": 5, "W": 4, "r": 2, "c": 3})
    once = compile_tensor(first)
    wanted = reference.numeric_gradient(lambda v: once(X=x, K=v, G=g), k, u, 1e-5)
    close(found, wanted, 1e-8)


def test_a_size_that_no_shape_tells_is_asked_for():
    f = correlate(X, K, stride=s)
    g = np.ones((3, 3))
    k = np.ones((2, 2))
    close(derived(f, X)(K=k, G=g, s=2, H=7, W=6), derived(correlate(X, K, stride=2), X)(K=k, G=g, H=7, W=6))


def test_least_sizes():
    p = size("p", 0)
    f = correlate(X, K, padding=p)
    one = np.ones((1, 1))
    close(derived(f, X)(K=one, G=one, p=0), one)
