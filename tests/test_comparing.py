"""A user's own function judged: right ones pass, wrong ones are caught at the smallest sizes and entry there are."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

import symconv as sc
from symconv.errors import ShapeError, UsageError
from symconv.proof.verdict import Status

H, W, r, c, s, d = sc.sizes("H W r c s d")
p = sc.sizes("p", min=0)
X, K = sc.tensor("X", H, W), sc.tensor("K", r, c)
PLAIN = sc.correlate(X, K)
dX = sc.gradient(PLAIN, X, sc.upstream(PLAIN, "G"))
dK = sc.gradient(PLAIN, K, sc.upstream(PLAIN, "G"))

x, w = sc.tensor("x", H), sc.tensor("w", r)
STRIDED = sc.correlate(x, w, stride=s)
dx = sc.gradient(STRIDED, x, sc.upstream(STRIDED, "g"))


def corr(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return np.einsum("ijuv,uv->ij", windows, kernel)


def full(G: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    return corr(np.pad(G, [(n - 1, n - 1) for n in kernel.shape]), kernel)


def grad_input(G: np.ndarray, K: np.ndarray) -> np.ndarray:
    return full(G, K[::-1, ::-1])


def strided_gradient(g: np.ndarray, w: np.ndarray, x_shape: tuple[int, ...], s: int) -> np.ndarray:
    result = np.zeros(x_shape)
    for i in range(len(g)):
        for u in range(len(w)):
            result[s * i + u] += g[i] * w[u]
    return result


# -- what is right passes ------------------------------------------------------------


def test_the_right_input_gradient() -> None:
    found = sc.compare(grad_input, dX)
    assert found
    assert found.status is Status.CHECKED
    assert found.scope == "sizes up to a total of 14"
    assert found.tried > 300
    assert str(found).startswith("checked: grad_input(G, K) agrees with dL/dX for sizes up to a total of 14")


@pytest.mark.parametrize(
    "function",
    [
        lambda X, G: corr(X, G),
        lambda x, g: corr(x, g),
        lambda *, G, X: corr(X, G),
        lambda G, X, K: corr(X, G),
        lambda G, X, K_shape: corr(X, G).reshape(K_shape),
        lambda X, G, scale=1: scale * corr(X, G),
        lambda X, scale=1, G=None: scale * corr(X, G),
        lambda image, G: corr(image, G),
        lambda shape, X, G: corr(X, G).reshape(shape),
    ],
)
def test_arguments_are_matched_by_name_then_by_order(function: Callable[..., Any]) -> None:
    assert sc.compare(function, dK, farthest=8)


def test_order_overrides_the_names() -> None:
    def swapped(G: np.ndarray, X: np.ndarray) -> np.ndarray:
        return corr(G, X)

    assert sc.compare(swapped, dK, order=["X", "G"], farthest=8)
    assert not sc.compare(swapped, dK, farthest=8)


def test_sizes_and_shapes_as_arguments() -> None:
    assert sc.compare(strided_gradient, dx, farthest=12)


def test_a_function_for_one_stride() -> None:
    def stride_two(g: np.ndarray, w: np.ndarray, x_shape: tuple[int, ...]) -> np.ndarray:
        return strided_gradient(g, w, x_shape, 2)

    found = sc.compare(stride_two, dx, sizes={"s": 2}, farthest=10)
    assert found.scope == "sizes up to a total of 12"
    assert not sc.compare(stride_two, dx)


def test_single_precision_is_near_enough_and_lists_are_results() -> None:
    assert sc.compare(lambda G, K: grad_input(G.astype("f4"), K.astype("f4")), dX, farthest=9)
    assert sc.compare(lambda G, K: grad_input(G, K).tolist(), dX, farthest=7)


def test_convert_and_detach() -> None:
    class Wrapped:
        def __init__(self, array: np.ndarray) -> None:
            self.array = array

        def detach(self) -> np.ndarray:
            return self.array

    def function(G: Wrapped, K: Wrapped) -> Wrapped:
        return Wrapped(grad_input(G.array, K.array))

    assert sc.compare(function, dX, convert=Wrapped, farthest=8)


@pytest.mark.torch
def test_a_torch_function() -> None:
    import torch

    def function(G: Any, K: Any) -> Any:
        return torch.nn.functional.conv_transpose2d(G[None, None], K[None, None])[0, 0].requires_grad_()

    assert sc.compare(function, dX, convert=torch.from_numpy, farthest=9)


def test_softmax_in_intervals_and_max_pooling() -> None:
    z = sc.tensor("z", H)
    soft = sc.softmax(z)

    def softmax(z: np.ndarray) -> np.ndarray:
        return np.exp(z) / np.exp(z).sum()

    assert sc.compare(softmax, soft, farthest=6)
    assert sc.compare(lambda z: np.exp(z), soft, farthest=6).sizes == {"H": 1}
    pooled = sc.pool_max(x, 2, stride=2)
    dpool = sc.gradient(pooled, x, sc.upstream(pooled, "g"))

    def gradient(x: np.ndarray, g: np.ndarray, last: bool = False) -> np.ndarray:
        result = np.zeros_like(x)
        for i in range(len(g)):
            result[2 * i + (1 if last else int(x[2 * i : 2 * i + 2].argmax()))] = g[i]
        return result

    assert sc.compare(gradient, dpool)
    assert sc.compare(lambda x, g: gradient(x, g, True), dpool).sizes == {"H": 2}


# -- what is wrong is caught, at the smallest case -----------------------------------


def no_flip(G: np.ndarray, K: np.ndarray) -> np.ndarray:
    return full(G, K)


def flip_of_one_axis(G: np.ndarray, K: np.ndarray) -> np.ndarray:
    return full(G, K[::-1])


def wrong_offset(G: np.ndarray, K: np.ndarray) -> np.ndarray:
    return np.roll(grad_input(G, K), 1, axis=0)


def transposed_kernel(G: np.ndarray, K: np.ndarray) -> np.ndarray:
    result = grad_input(G, K)
    return result if K.shape[0] != K.shape[1] else full(G, K.T[::-1, ::-1])


def wrong_from_four_on(G: np.ndarray, K: np.ndarray) -> np.ndarray:
    kernel = K[::-1, ::-1].copy()
    kernel[:-3] = 0
    return full(G, kernel)


def no_symmetry(G: np.ndarray, K: np.ndarray) -> np.ndarray:
    """Right for every symmetric kernel."""
    return full(G, (K + K[::-1, ::-1]) / 2)


def exact_gradient(G: np.ndarray, K: np.ndarray) -> np.ndarray:
    result = np.zeros([n + m - 1 for n, m in zip(G.shape, K.shape)])
    for i, j in np.ndindex(G.shape):
        for u, v in np.ndindex(K.shape):
            result[i + u, j + v] += G[i, j] * K[u, v]
    return result


def smallest(function: Callable[..., np.ndarray], names: list[str]) -> tuple[dict[str, int], tuple[int, int]]:
    """The first sizes in order, and the entry, at which the function is wrong; with numbers of our own."""
    rng = np.random.default_rng(7)
    for total in range(4, 13):
        for choice in product(range(1, total), repeat=4):
            sizes = dict(zip(names, choice))
            if sum(choice) != total or sizes["H"] < sizes["r"] or sizes["W"] < sizes["c"]:
                continue
            G = rng.normal(size=(sizes["H"] - sizes["r"] + 1, sizes["W"] - sizes["c"] + 1))
            kernel = rng.normal(size=(sizes["r"], sizes["c"]))
            wrong = np.argwhere(~np.isclose(function(G, kernel), exact_gradient(G, kernel)))
            if len(wrong):
                return sizes, tuple(wrong[0])
    raise AssertionError("right at all sizes tried")


@pytest.mark.parametrize(
    "function", [no_flip, flip_of_one_axis, wrong_offset, transposed_kernel, wrong_from_four_on, no_symmetry]
)
def test_the_smallest_sizes_and_entry_are_named(function: Callable[..., np.ndarray]) -> None:
    found = sc.compare(function, dX)
    assert found.status is Status.REFUTED
    assert not found
    assert found.counterexample is not None
    sizes, at = smallest(function, list(found.counterexample.sizes))
    assert found.sizes == found.counterexample.sizes == sizes
    assert tuple(found.counterexample.at.values()) == at
    assert all(f"{name}={number}" in str(found) for name, number in sizes.items())


def test_both_values_are_shown_as_sums() -> None:
    found = sc.compare(no_flip, dX).counterexample
    assert found is not None
    assert found.claimed_sum == "G[0, 0]*K[0, 1]"
    assert found.exact_sum == "G[0, 0]*K[0, 0]"
    assert found.claimed == pytest.approx(found.claimed)
    assert found.claimed != found.exact


def test_halves_and_signs_in_the_sum() -> None:
    found = sc.compare(lambda G, K: -grad_input(G, K) / 2, dX).counterexample
    assert found is not None
    assert found.claimed_sum == "-0.5*G[0, 0]*K[0, 0]"


def test_the_stride_dropped() -> None:
    def dropped(g: np.ndarray, w: np.ndarray, x_shape: tuple[int, ...]) -> np.ndarray:
        return strided_gradient(g, w, x_shape, 1)

    found = sc.compare(dropped, dx)
    assert found.sizes == {"H": 3, "r": 1, "s": 2}
    assert found.at == {"a": 1}
    assert "g[1]*w[0]" in str(found)
    assert "exact is 0" in str(found)


def test_the_tail_dropped() -> None:
    """Rows that no window reaches have the gradient zero; a result without them has the wrong shape."""

    def dropped(g: np.ndarray, w: np.ndarray, s: int) -> np.ndarray:
        return strided_gradient(g, w, (s * (len(g) - 1) + len(w),), s)

    found = sc.compare(dropped, dx)
    assert found.sizes == {"H": 2, "r": 1, "s": 2}
    assert found.counterexample is None
    assert "dropped(g, w, s) has the wrong shape at " in str(found)
    assert str(found).endswith("(1,), but dL/dx has (2,)")


def test_transposed_axes() -> None:
    found = sc.compare(lambda G, K: grad_input(G, K).T, dX)
    assert "wrong shape" in str(found)
    assert "(2, 1), but dL/dX has (1, 2)" in str(found)


def test_a_function_that_raises() -> None:
    def fragile(G: np.ndarray, K: np.ndarray) -> np.ndarray:
        if K.shape[0] > 2:
            raise ValueError("kernels have two rows at most")
        return grad_input(G, K)

    found = sc.compare(fragile, dX)
    assert found.sizes == {"H": 3, "r": 3, "W": 1, "c": 1}
    assert "fragile(G, K) raises ValueError at " in str(found)
    assert str(found).endswith("kernels have two rows at most")


@pytest.mark.parametrize("result", [None, "text", {}])
def test_a_result_that_is_no_array(result: object) -> None:
    found = sc.compare(lambda G, K: result, dX)
    assert found.status is Status.REFUTED


def test_not_a_number_is_wrong() -> None:
    assert not sc.compare(lambda G, K: grad_input(G, K) * np.nan, dX)


def test_arguments_are_copies() -> None:
    def greedy(G: np.ndarray, K: np.ndarray) -> np.ndarray:
        result = grad_input(G, K)
        G[:] = K[:] = 0
        return result

    assert sc.compare(greedy, dX, farthest=8)


# -- wrong use --------------------------------------------------------------------------


def test_a_parameter_that_matches_nothing() -> None:
    def f(G: Any, K: Any, stride: Any) -> Any: ...

    needed = (
        r"compare\(f, dL/dX\): the parameter 'stride', for which nothing is left; "
        r"expected one of G, .*K_shape.*; rename the parameter, give it a default, or say order="
    )
    with pytest.raises(UsageError, match=needed):
        sc.compare(f, dX)


def test_an_unknown_name_in_order() -> None:
    with pytest.raises(UsageError, match=r"'Q' in order=; expected one of G, .*; choose among these"):
        sc.compare(grad_input, dX, order=["Q", "K"])


def test_an_unknown_size() -> None:
    with pytest.raises(UsageError, match=r"sizes=\{'t': 2\}; expected sizes of dL/dX: H, W, c, r; leave out"):
        sc.compare(grad_input, dX, sizes={"t": 2})


def test_free_data_has_nothing_to_compare() -> None:
    with pytest.raises(ShapeError, match=r"free data; expected a tensor with a formula; derive it"):
        sc.compare(grad_input, X)


def test_an_unknown_function_has_no_numbers() -> None:
    with pytest.raises(UsageError, match=r"the unknown function f; expected functions that have numbers: .*exp"):
        sc.compare(grad_input, sc.apply("f", x))


def test_sizes_that_do_not_fit() -> None:
    found = sc.compare(grad_input, dX, sizes={"H": 2, "r": 3})
    assert found.status is Status.UNDECIDED
    assert not found
    assert "no sizes up to a total of" in str(found)
