"""Exported kernels on a real photograph equal torch's autograd."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symconv.calculus.gradient import gradient, upstream
from symconv.kernels import module_source
from symconv.ops.correlate import correlate
from tests.kernels.build import leaf, size, sizes

N, g, C, M, H, W, r, c, s, d = sizes("N g C M H W r c s d")
p = size("p", 0)


def exported():
    x, k = leaf("input", N, g * C, H, W), leaf("kernel", g * M, C, r, c)
    f = correlate(x, k, stride=s, padding=p, dilation=d, groups=g)
    gradients = {t.name: gradient(f, t, upstream(f)) for t in (x, k)}
    module = ModuleType("exported")
    exec(module_source(f, gradients, title="conv2d", notes=[], verdicts={}), module.__dict__)  # noqa: S102
    return module


def photograph():
    from skimage import data

    return data.astronaut().astype(np.float64).transpose(2, 0, 1) / 255


def agree(found, wanted):
    wanted = wanted.detach().numpy()
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max(initial=0) <= 1e-12 * np.abs(wanted).max(initial=1e-300)


@st.composite
def configurations(draw):
    """A crop of the photograph (1, 3 or 6 channels), a kernel that fits, options; tails included."""
    groups, per_group = draw(st.sampled_from([(1, 3), (3, 1), (1, 1), (2, 3), (6, 1), (3, 2)]))
    kernel = (draw(st.integers(1, 5)), draw(st.integers(1, 5)))
    stride, dilation, padding = draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(st.integers(0, 4))
    sides = tuple(max(1, dilation * (k - 1) + 1 - 2 * padding) + draw(st.integers(0, 40)) for k in kernel)
    return groups, per_group, draw(st.integers(1, 3)), kernel, stride, dilation, padding, sides


@pytest.mark.torch
def test_forward_and_gradients_equal_autograd():
    torch = pytest.importorskip("torch")
    module, image = exported(), photograph()
    seen = []

    @settings(max_examples=250, deadline=None, database=None, derandomize=True)
    @given(configurations(), st.integers(0, 2**16))
    def check(configuration, seed):
        groups, per_group, outputs, kernel, stride, dilation, padding, sides = configuration
        rng = np.random.default_rng(seed)
        top, left = rng.integers(0, 512 - sides[0]), rng.integers(0, 512 - sides[1])
        crop = image[:, top : top + sides[0], left : left + sides[1]]
        x = np.stack([crop, crop[::-1]])[:, np.arange(groups * per_group) % 3]
        k = rng.standard_normal((groups * outputs, per_group, *kernel))
        options = {"stride": stride, "padding": padding, "dilation": dilation}
        tx, tk = torch.tensor(x, requires_grad=True), torch.tensor(k, requires_grad=True)
        ty = torch.nn.functional.conv2d(tx, tk, groups=groups, **options)
        up = rng.standard_normal(tuple(ty.shape))
        ty.backward(torch.tensor(up))
        agree(module.forward(x, k, **options), ty)
        agree(module.grad_input(up, k, x.shape, **options), tx.grad)
        agree(module.grad_kernel(up, x, k.shape, **options), tk.grad)
        seen.append(configuration)

    check()
    assert len(seen) >= 200


@pytest.mark.torch
def test_the_whole_photograph():
    torch = pytest.importorskip("torch")
    module, image = exported(), photograph()
    rng = np.random.default_rng(1)
    x, k = image[None], rng.standard_normal((6, 1, 5, 3))
    tx, tk = torch.tensor(x, requires_grad=True), torch.tensor(k, requires_grad=True)
    ty = torch.nn.functional.conv2d(tx, tk, stride=3, padding=2, dilation=2, groups=3)
    up = rng.standard_normal(tuple(ty.shape))
    ty.backward(torch.tensor(up))
    options = {"stride": 3, "padding": 2, "dilation": 2}
    agree(module.forward(x, k, **options), ty)
    agree(module.grad_input(up, k, x.shape, **options), tx.grad)
    agree(module.grad_kernel(up, x, k.shape, **options), tk.grad)
