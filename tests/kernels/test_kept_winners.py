"""Max pooling whose winners are kept: two more functions of a module, and the training step of a network."""

from __future__ import annotations

import re

import numpy as np
import pytest

from symconv.calculus.gradient import gradient, upstream
from symconv.exporting import export_files
from symconv.kernels.export import Export
from symconv.kernels.module import ModuleWriter
from symconv.ops.correlate import correlate
from symconv.ops.layer import mean_squared_error
from symconv.ops.pool import pool_max
from tests.kernels.build import close, leaf, size, sizes
from tests.kernels.test_module import load

N, C, H, W = sizes("N C H W")
X = leaf("X", N, C, H, W)
KEPT = ["forward", "grad_X", "forward_with_winners", "grad_X_of_winners"]


def written(f, *leaves):
    up = upstream(f) if f.rank else None
    return ModuleWriter(Export(f, {x.name: gradient(f, x, up) for x in leaves})).source()


def defined(text):
    """The functions that a caller uses, which stand before the helpers."""
    return re.findall(r"^def (\w+)", text.partition("# ---- helpers")[0], re.MULTILINE)


@pytest.mark.parametrize(
    ("window", "stride"), [((2, 3), (2, 3)), ((3, 2), (2, 1)), ((1, 4), (3, 2)), ((2, 2), (1, size("s")))]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_the_gradient_from_kept_winners_is_the_gradient(window, stride, dtype):
    """Against windows searched by NumPy; few different entries, so that greatest ones are shared."""
    text = written(pool_max(X, window, stride), X)
    assert defined(text) == KEPT
    module = load(text)
    rng = np.random.default_rng(0)
    steps = tuple(s if isinstance(s, int) else 3 for s in stride)
    x = rng.integers(-3, 4, (2, 3, 9, 14)).astype(dtype)
    windows = np.lib.stride_tricks.sliding_window_view(x, window, (2, 3))[:, :, :: steps[0], :: steps[1]]
    up = rng.integers(-9, 10, windows.shape[:4]).astype(dtype)
    numbers = windows.reshape(*up.shape, -1).argmax(-1)
    expected = np.zeros_like(x)
    for n, c, i, j in np.ndindex(up.shape):
        u, v = divmod(int(numbers[n, c, i, j]), window[1])
        expected[n, c, steps[0] * i + u, steps[1] * j + v] += up[n, c, i, j]
    names = [n for n in module.forward.__annotations__ if n not in ("X", "out", "return", "threads")]
    options = dict.fromkeys(names, 3)
    y, winners = module.forward_with_winners(X=x, **options)
    np.testing.assert_array_equal(y, windows.max((4, 5)))
    np.testing.assert_array_equal(winners, numbers)
    back = {n: 3 for n in module.grad_X_of_winners.__annotations__ if n in names}
    np.testing.assert_array_equal(module.grad_X_of_winners(up, winners, x.shape, **back), expected)
    held, kept = np.empty((*y.shape, 2), y.dtype)[..., 0], np.empty(y.shape, winners.dtype, order="F")
    again = module.forward_with_winners(X=x, out=(held, kept), **options)
    assert again[0] is held
    assert again[1] is kept
    np.testing.assert_array_equal(held, y)
    np.testing.assert_array_equal(kept, winners)
    assert module.self_test() == 0


def test_results_that_share_memory_with_the_images():
    module = load(written(pool_max(X, 2, 1), X))
    x = np.random.default_rng(0).standard_normal((2, 3, 8, 8))
    y, winners = module.forward_with_winners(x)
    held = x[:, :, :7, :7]
    assert module.forward_with_winners(x, out=(held, np.empty_like(winners)))[0] is held
    np.testing.assert_array_equal(held, y)


def test_winners_in_the_memory_of_the_result():
    """Nothing that is still read is overwritten."""
    module = load(written(pool_max(X, 2, 2), X))
    x = np.random.default_rng(0).standard_normal((2, 3, 8, 8))
    y, winners = module.forward_with_winners(x)
    expected = module.grad_X_of_winners(y, winners, x.shape)
    held = np.empty(x.shape)
    inside = held.reshape(-1).view(np.uint8)[: winners.size].reshape(winners.shape)
    inside[...] = winners
    assert module.grad_X_of_winners(y, inside, x.shape, out=held) is held
    np.testing.assert_array_equal(held, expected)


SHARED = np.empty((2, 3, 4, 4))


@pytest.mark.parametrize(
    ("out", "error", "message"),
    [
        (5, TypeError, r"out: int given; a pair of arrays needed, .* give \(result, winners\) or leave it out"),
        ((np.empty(3),), TypeError, "out: 1 entries given; a pair of arrays needed"),
        (np.empty((2, 4)), TypeError, "out: ndarray given; a pair of arrays needed"),
        ((SHARED, SHARED), ValueError, "out: two arrays that share memory given; .* that lie apart"),
        ((np.empty((2, 3, 4, 4)), np.empty((2, 3, 4, 4))), ValueError, "out: shape .* of float64 given; .* of uint8"),
        ((np.empty((2, 3, 4, 3)), None), ValueError, r"out: shape \(2, 3, 4, 3\) of float64 given; \(2, 3, 4, 4\) of"),
    ],
)
def test_an_out_that_is_no_pair_of_such_arrays(out, error, message):
    module = load(written(pool_max(X, 2, 2), X))
    with pytest.raises(error, match=message):
        module.forward_with_winners(np.zeros((2, 3, 8, 8)), out=out)


def test_the_gradient_from_winners_has_the_type_of_what_comes_from_above():
    module = load(written(pool_max(X, 2, 2), X))
    x = np.random.default_rng(0).standard_normal((2, 3, 8, 8))
    y, winners = module.forward_with_winners(x)
    assert module.grad_X_of_winners(y.astype(np.float32), winners, x.shape).dtype == np.float32
    assert module.grad_X(y.astype(np.float32), x).dtype == np.float64


def test_pooling_of_one_axis_keeps_its_winners():
    module = load(export_files("maxpool1d --kernel 3 --stride 2")[".py"])
    data, up = np.random.default_rng(0).standard_normal((4, 1, 12)), np.arange(20.0).reshape(4, 1, 5)
    y, winners = module.forward_with_winners(data)
    assert winners.dtype == np.uint8
    expected = [[row[2 * i : 2 * i + 3].argmax() for i in range(5)] for row in data[:, 0]]
    np.testing.assert_array_equal(winners[:, 0], expected)
    np.testing.assert_array_equal(y, module.forward(data))
    back = module.grad_input_of_winners(up, winners, data.shape)
    np.testing.assert_array_equal(back, module.grad_input(up, data))
    assert module.self_test() == 0


@pytest.mark.parametrize("helper", ["_pool_winners", "_pool_winners_back"])
def test_wrong_winners_fail_the_self_test(helper):
    module = load(written(pool_max(X, (2, 3), 2), X))
    right = getattr(module, helper)

    def wrong(*arguments, out, winners=None, **options):
        more = {} if winners is None else {"winners": winners}
        right(*arguments, out=out, **options, **more)
        (out if winners is None else winners)[...] += 1 if winners is None else winners == 0

    setattr(module, helper, wrong)
    assert module.self_test() > 0


@pytest.mark.parametrize(
    ("spec", "target"),
    [
        ("avgpool2d --kernel 3 --stride 2", "numpy"),
        ("conv2d", "numpy"),
        ("maxpool2d --kernel 3", "c"),
        ("maxpool2d --kernel 3", "numba"),
        ("maxpool2d --kernel 3", "array-api"),
        ("maxpool2d --kernel 3", "dask"),
    ],
)
def test_nothing_else_keeps_winners(spec, target):
    assert "winners" not in " ".join(defined(export_files(spec, target=target)[".py"]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w.astype(float), r"winners: shape \(2, 3, 4, 4\) of float64 given; \(2, 3, 4, 4\) of unsigned "),
        (lambda w: w[:, :, 1:], r"winners: shape \(2, 3, 3, 4\) of uint8 given; \(2, 3, 4, 4\) of unsigned integers "),
        (lambda w: w.tolist(), "winners: list given; .* give what forward_with_winners returns"),
        (np.ma.masked_array, "winners: MaskedArray given; .* give what forward_with_winners returns"),
        (
            lambda w: w + np.uint8(6),
            "winners: the number 1[01] given; numbers of taps below 6 needed; give what",
        ),
    ],
)
def test_winners_that_are_none(change, message):
    module = load(written(pool_max(X, (2, 3), 2), X))
    x = np.random.default_rng(0).standard_normal((2, 3, 8, 9))
    y, winners = module.forward_with_winners(x)
    with pytest.raises(ValueError, match=message):
        module.grad_X_of_winners(y, change(winners), x.shape)


def test_a_step_of_training_searches_each_window_once():
    """The maximum stands within the network; the gradients are those of the functions that stand alone."""
    x, k, target = leaf("X", N, C, H, W), leaf("K", 4, C, 3, 2), leaf("T", N, 4, (H - 2) // 2, (W - 1) // 2)
    loss = mean_squared_error(pool_max(correlate(x, k), 2), target)
    text = written(loss, x, k)
    step = text[text.index("def step(") : text.index("# ---- helpers")]
    assert "_pool_winners(" in step
    assert "_pool_winners_back(" in step
    assert "_pool_max_back(" not in step
    module = load(text)
    rng = np.random.default_rng(0)
    data = rng.standard_normal((2, 3, 9, 10)), rng.standard_normal((4, 3, 3, 2)), rng.standard_normal((2, 4, 3, 4))
    value, gradients = module.step(X=data[0], K=data[1], T=data[2])
    close(value, module.forward(X=data[0], K=data[1], T=data[2]))
    close(gradients["X"], module.grad_X(X=data[0], K=data[1], T=data[2]))
    close(gradients["K"], module.grad_K(X=data[0], K=data[1], T=data[2]))
    assert module.self_test() == 0
