"""Problems drawn at random, and the loops over taps that judge schedules.

The loops are written from the formula  out[n, g, o, i, j] = sum of kernel[g, o, k, u, v] images[n, g, k, s i + d u - p]
alone; they pad by hand and know no schedule.
"""

from __future__ import annotations

import tracemalloc
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import strategies as st

from symconv.kernels.runtime import correlate, product, workspace


@contextmanager
def traced():
    """The most memory, in bytes, that Python and NumPy take at once inside, known once it is left."""
    peak = SimpleNamespace(bytes=None)
    tracemalloc.start()
    try:
        yield peak
        peak.bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def loops(images, kernel, start, stride, dilation, extent):
    """The correlation tap by tap, in float64."""
    reach = [s * (n - 1) + d * (t - 1) for s, n, d, t in zip(stride, extent, dilation, kernel.shape[3:], strict=True)]
    before = [max(0, p) for p in start]
    after = [max(0, far - p - h + 1) for far, p, h in zip(reach, start, images.shape[3:], strict=True)]
    wide = np.pad(images.astype(float), [(0, 0)] * 3 + list(zip(before, after, strict=True)))
    out = np.zeros((images.shape[0], *kernel.shape[:2], *extent))
    for u, v in np.ndindex(kernel.shape[3:]):
        top, left = (b - p + d * t for b, p, d, t in zip(before, start, dilation, (u, v), strict=True))
        rows = slice(top, top + stride[0] * (extent[0] - 1) + 1, stride[0])
        columns = slice(left, left + stride[1] * (extent[1] - 1) + 1, stride[1])
        out += np.einsum("gok,ngkij->ngoij", kernel[..., u, v].astype(float), wide[..., rows, columns])
    return out


def adjoint_loops(upstream, kernel, start, stride, dilation, shape):
    """Every product added where its window reads, in float64."""
    out = np.zeros((upstream.shape[0], kernel.shape[0], kernel.shape[2], *shape))
    for u, v in np.ndindex(kernel.shape[3:]):
        for i, j in np.ndindex(upstream.shape[3:]):
            x, y = stride[0] * i + dilation[0] * u - start[0], stride[1] * j + dilation[1] * v - start[1]
            if 0 <= x < shape[0] and 0 <= y < shape[1]:
                out[..., x, y] += np.einsum("gok,ngo->ngk", kernel[..., u, v] * 1.0, upstream[..., i, j] * 1.0)
    return out


@st.composite
def problems(draw, most=3):
    """Arrays and numbers of one correlation; windows may leave the images on any side."""
    pair = st.tuples(st.integers(1, 3), st.integers(1, 3))
    count, groups, channels, outputs = (draw(st.integers(1, most)) for _ in range(4))
    taps, stride, dilation = draw(st.tuples(st.integers(1, 7), st.integers(1, 7))), draw(pair), draw(pair)
    extent = draw(st.tuples(st.integers(1, 13), st.integers(1, 13)))
    start = draw(st.tuples(st.integers(-2, 5), st.integers(-2, 5)))
    sides = [
        max(1, (n - 1) * s + (t - 1) * d + 1 - p - draw(st.integers(0, 4)))
        for n, s, t, d, p in zip(extent, stride, taps, dilation, start, strict=True)
    ]
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    images = rng.standard_normal((count, groups, channels, *sides)).astype(dtype)
    kernel = rng.standard_normal((groups, outputs, channels, *taps)).astype(dtype)
    layout = draw(st.sampled_from(["C", "F", "turned", "read-only"]))
    if layout == "F":
        images, kernel = np.asfortranarray(images), np.asfortranarray(kernel)
    if layout == "turned":
        images = images[..., ::-1, ::-1].copy()[..., ::-1, ::-1]
    images.flags.writeable = kernel.flags.writeable = layout != "read-only"
    return images, kernel, start, stride, dilation, extent


def close(found, expected, dtype):
    tolerance = 2e-5 if dtype == np.float32 else 1e-11
    assert found.dtype == dtype
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * max(1, np.abs(expected).max(initial=0)))


def run(schedule, accuracy, images, kernel, start, stride, dilation, extent):
    out = np.full((images.shape[0], *kernel.shape[:2], *extent), np.nan, images.dtype)
    with pytest.MonkeyPatch.context() as patch:
        for module in (correlate, product):
            patch.setattr(module, "ACCURACY", accuracy)
        correlate._run(schedule, images, kernel, start, stride, dilation, out)
    return out


MEGABYTES = 1 << 20


def kept():
    """Bytes of what is kept from call to call beside transformed kernels; nothing is kept afterwards."""
    found = sum(a.nbytes for name, a in workspace._WORKSPACE.held.items() if name != "weights")
    found += sum(v.nbytes for plan in workspace._WORKSPACE.plans.values() if plan is not None for v in owned(plan))
    workspace._WORKSPACE.held.clear()
    workspace._WORKSPACE.plans.clear()
    workspace._WORKSPACE.kept = 0
    return found


def owned(plan):
    """The arrays behind a plan's views, each once."""
    if isinstance(plan, np.ndarray):
        return [plan]
    arrays = [v for v in vars(plan).values() if isinstance(v, np.ndarray)]
    bases = {id(b): b for a in arrays for b in [a if a.base is None else base(a)]}
    return bases.values()


def base(array):
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array if array.base is None or isinstance(array.base, np.ndarray) else np.asarray(array.base.base)
