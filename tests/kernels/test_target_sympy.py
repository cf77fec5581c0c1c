"""The target sympy: straight-line code for small stated sizes, compared with plain loops."""

from __future__ import annotations

import ast
from functools import cache
from types import ModuleType

import numpy as np
import pytest

from symconv.calculus.gradient import gradient, upstream
from symconv.errors import ExportError
from symconv.kernels import Export
from symconv.ops.correlate import correlate, transposed
from symconv.ops.layer import add_bias, apply, cross_entropy, softmax
from symconv.ops.pool import pool_average, pool_max
from symconv.unrolled_target import UnrolledModule
from tests.kernels import reference
from tests.kernels.build import close, leaf, size

image, kernel, bias = leaf("input", 1, 4, 6, 5), leaf("kernel", 6, 2, 3, 2), leaf("bias", 6)
CONV = correlate(image, kernel, stride=2, padding=1, dilation=2, groups=2)
plane = leaf("X", 1, 2, 7, 5)
layer = apply("relu", correlate(leaf("X", 5, 4), leaf("K", 2, 3)))

EXPORTS = {
    "conv2d": (CONV, (image, kernel)),
    "with bias": (add_bias(CONV, bias, axis=1), (image, kernel, bias)),
    "transposed": (
        transposed(leaf("X", 1, 2, 3, 4), leaf("K", 2, 1, 2, 3), stride=3, padding=1),
        (leaf("X", 1, 2, 3, 4), leaf("K", 2, 1, 2, 3)),
    ),
    "max": (pool_max(plane, (2, 3), (3, 1)), (plane,)),
    "average": (pool_average(plane, 3, 2, padding=1), (plane,)),
    "loss": (cross_entropy(softmax(leaf("z", 2, 3)), leaf("y", 2, 3)), (leaf("z", 2, 3), leaf("y", 2, 3))),
    "two layers": (correlate(layer, leaf("K2", 2, 2)), (leaf("X", 5, 4), leaf("K", 2, 3), leaf("K2", 2, 2))),
    "tanh": (apply("tanh", correlate(leaf("X", 5, 4), leaf("K", 2, 3))), (leaf("X", 5, 4), leaf("K", 2, 3))),
}


@cache
def exported(name):
    f, leaves = EXPORTS[name]
    return text_of(f, *leaves)


def text_of(f, *leaves):
    up = upstream(f) if f.rank else None
    gradients = {t.name: gradient(f, t, up) for t in leaves}
    return UnrolledModule(Export(f, gradients, "A title")).source()


def load(text):
    module = ModuleType("exported")
    exec(compile(text, "exported", "exec"), module.__dict__)  # noqa: S102
    return module


@pytest.mark.parametrize("name", EXPORTS)
def test_the_self_test_passes(name, capsys):
    assert load(exported(name)).self_test() == 0
    assert "WRONG" not in capsys.readouterr().out


def test_the_code_is_straight_lines():
    """No loop and no call of an array function between the entries that go in and those that come out."""
    text = exported("conv2d")
    forward = text[text.index("def forward") : text.index("def grad_input")]
    assert "kernel_0_0_1_1" in forward
    tree = ast.parse(forward)
    loops = (ast.For, ast.While, ast.comprehension, ast.MatMult)
    assert not [node for node in ast.walk(tree) if isinstance(node, loops)]


def test_convolution():
    module = load(exported("conv2d"))
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((1, 4, 6, 5)), rng.standard_normal((6, 2, 3, 2))
    options = ((2, 2), ((1, 1), (1, 1)), (2, 2))
    y = module.forward(a, b)
    close(y, reference.correlate(a, b, *options, groups=2))
    up = rng.standard_normal(y.shape)
    dx, dk = reference.gradients(a, b, up, *options, groups=2)
    close(module.grad_input(up, b, a.shape), dx)
    close(module.grad_kernel(up, a), dk)


def test_the_first_winner_takes_the_gradient():
    module = load(exported("max"))
    a = np.random.default_rng(1).integers(0, 2, (1, 2, 7, 5)).astype(float)  # many ties
    up = np.random.default_rng(2).standard_normal((1, 2, 2, 3))
    close(module.forward(a), reference.pooled(a, (2, 3), (3, 1), np.max))
    close(module.grad_X(up, a), reference.max_pool_gradient(a, up, (2, 3), (3, 1)))


def test_types_are_kept():
    module = load(exported("conv2d"))
    a, b = np.ones((1, 4, 6, 5), np.float32), np.ones((6, 2, 3, 2), np.float32)
    assert module.forward(a, b).dtype == np.float32
    assert module.forward(a.astype(int), b.astype(int)).dtype == np.int64
    averages = load(exported("average")).forward(np.ones((1, 2, 7, 5), int))
    assert averages.dtype == np.float64
    close(averages, reference.pooled(np.ones((1, 2, 7, 5)), (3, 3), (2, 2), np.mean, padding=(1, 1)))


def test_modules_are_clean(tmp_path, assert_clean):
    for number, name in enumerate(["max", "loss", "tanh"]):
        (tmp_path / f"kernels{number}.py").write_text(exported(name))
    assert_clean(tmp_path)


def test_what_is_too_long_is_refused_with_another_target():
    large = correlate(leaf("X", 101, 100), leaf("K", 2, 3))
    with pytest.raises(ExportError, match=r"target sympy: .*: about 117,600 operations .*; expected at most 20,000"):
        text_of(large)
    with pytest.raises(ExportError, match="a sum of 2700 terms in one entry; expected at most 2500, since Python"):
        text_of(correlate(leaf("X", 60, 45), leaf("K", 60, 45)))
    with pytest.raises(ExportError, match=r"sizes that are not stated: H; expected numbers for all of them, .*; state"):
        text_of(correlate(leaf("X", size("H"), 5), leaf("K", 2, 3)))


def test_a_function_without_a_formula_is_refused():
    with pytest.raises(ExportError, match=r"a function without a formula: f\(X_0\); expected functions that"):
        text_of(apply("f", leaf("X", 3)))
