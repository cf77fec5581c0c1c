"""Exported C: right for every size and option, in both types; refused clearly; built once."""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from symconv.calculus.gradient import gradient, upstream
from symconv.kernels import Export
from symconv.kernels.helpers import helper_names
from symconv.kernels.targets import c_loader, c_sides
from symconv.kernels.targets.c import LOADER, CModule
from symconv.ops.correlate import convolve, correlate, transposed
from symconv.ops.layer import add_bias
from symconv.ops.matrix import matmul
from symconv.term.tensor import define
from symconv.term.value import Range, multiply, total
from tests.kernels import reference
from tests.kernels.build import close, leaf, size, sizes

pytestmark = pytest.mark.targets

N, g, C, M, H, W, r, c, s, d = sizes("N g C M H W r c s d")
p = size("p", 0)
IMAGE, KERNEL = leaf("input", N, g * C, H, W), leaf("kernel", g * M, C, r, c)
CONV = correlate(IMAGE, KERNEL, stride=s, padding=p, dilation=d, groups=g)
TILED_SHAPES = (2, 9, 8, 7), (17, 9, 3, 3)
needs_compiler = pytest.mark.skipif(not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="no C compiler")


COUNTER = """
#ifndef COUNTER
#define COUNTER
#include <malloc.h>
#include <stdlib.h>
size_t held, most_held;
static void *counted_malloc(size_t bytes)
{
    void *block = malloc(bytes);
    held += malloc_usable_size(block);
    if (held > most_held) most_held = held;
    return block;
}
static void counted_free(void *block) { held -= malloc_usable_size(block); free(block); }
#define malloc counted_malloc
#define free counted_free
#endif
"""  # before all else in the C file: how many bytes its functions hold at once


def exported(folder, f, leaves, stem="formula", **settings):
    """The exported module, loaded."""
    up = upstream(f, "upstream") if f.rank else None
    gradients = {t.name: gradient(f, t, up) for t in leaves}
    about = Export(f, gradients, "A title", ["a note"], {"forward": "proved"}, stem=stem, **settings)
    files = CModule(about).files()
    for suffix, text in files.items():
        Path(folder, stem + suffix).write_text(text)
    spec = importlib.util.spec_from_file_location(stem, Path(folder, f"{stem}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def built(folder, stem, flags, **settings):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CFLAGS", flags)
        module = exported(folder, CONV, (IMAGE, KERNEL), stem, **settings)
    module.build(folder)
    return module


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("c")


@pytest.fixture(scope="module")
def conv(folder):
    """Every option symbolic: one file for all tests of correlation."""
    return built(folder, "conv", "-O1")


@pytest.fixture(scope="module")
def in_pieces(folder):
    """The same file, but products are cut into pieces of a few rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(c_sides, "HEAD", c_sides.HEAD.replace("#define WORK 2000000", "#define WORK 3000"))
        assert "WORK 3000 " in c_sides.HEAD
        return built(folder, "in_pieces", "-O1")


# input shape, kernel shape, stride, padding, dilation, groups
SHAPES = [
    ((2, 3, 9, 11), (4, 3, 3, 2), 1, 1, 1, 1),
    ((1, 1, 37, 70), (1, 1, 3, 5), 1, 0, 1, 1),  # strips without a copy, the last one moved back
    ((1, 1, 6, 9), (1, 1, 5, 3), 1, 2, 1, 1),
    ((2, 5, 40, 33), (5, 1, 3, 4), 1, 2, 1, 5),  # depthwise
    ((2, 4, 19, 21), (8, 1, 3, 2), 3, 2, 1, 4),
    ((1, 2, 300, 90), (1, 2, 7, 3), 1, 3, 1, 1),  # bands
    ((1, 3, 23, 29), (2, 3, 5, 4), 2, 3, 1, 1),
    ((2, 17, 8, 13), (70, 17, 3, 3), 1, 1, 1, 1),  # tiles of several widths, tails of all
    ((3, 33, 7, 6), (129, 33, 2, 3), 2, 1, 1, 1),
    ((1, 40, 5, 5), (19, 40, 1, 1), 1, 0, 1, 1),
    ((2, 24, 14, 15), (36, 12, 3, 2), 2, 2, 3, 2),
    ((1, 6, 1, 31), (10, 6, 1, 4), 1, 3, 2, 1),
    ((2, 5, 4, 3), (7, 5, 8, 9), 1, 3, 1, 1),  # a kernel as large as the padded image
    ((2, 3, 24, 27), (17, 3, 6, 7), 5, 2, 1, 1),  # more phases than are held together
    ((2, 9, 270, 230), (9, 9, 2, 3), 2, 1, 1, 1),  # a gradient too large for a cache
    ((4, 3, 5, 6), (6, 3, 2, 2), 4, 0, 1, 1),  # a stride beyond the kernel: entries that nothing reads
    ((2, 150, 4, 5), (20, 150, 1, 2), 1, 0, 1, 1),  # more summed than a block holds
    ((3, 1, 28, 29), (6, 1, 5, 5), 1, 2, 1, 1),  # few taps and outputs: dot products of lines
    ((2, 4, 39, 61), (7, 4, 3, 4), 2, 1, 1, 1),  # of lines two apart
    ((2, 3, 90, 300), (3, 1, 2, 3), 3, 1, 2, 3),  # of long lines three apart, in bands
    ((2, 6, 23, 14), (16, 6, 5, 5), 1, 0, 1, 1),  # strips of several short runs and several rows
    ((2, 4, 9, 30), (10, 2, 3, 3), 1, 3, 1, 2),
]


@needs_compiler
@pytest.mark.parametrize("cut", ["conv", "in_pieces"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("x_shape", "k_shape", "stride", "padding", "dilation", "groups"), SHAPES)
def test_correlation_and_its_gradients(request, cut, x_shape, k_shape, stride, padding, dilation, groups, dtype):
    conv = request.getfixturevalue(cut)
    torch = importlib.import_module("torch")
    rng = np.random.default_rng(sum(x_shape))
    x, k = rng.standard_normal(x_shape), rng.standard_normal(k_shape)
    tx, tk = torch.tensor(x, requires_grad=True), torch.tensor(k, requires_grad=True)
    y = torch.nn.functional.conv2d(tx, tk, stride=stride, padding=padding, dilation=dilation, groups=groups)
    up = rng.standard_normal(y.shape)
    y.backward(torch.tensor(up))
    options = {"stride": stride, "padding": padding, "dilation": dilation}
    x32, k32, up32 = (a.astype(dtype) for a in (x, k, up))
    tolerance = 1e-12 if dtype == np.float64 else 3e-6
    found = conv.forward(x32, k32, **options)
    assert found.dtype == dtype
    close(found, y.detach().numpy(), tolerance)
    close(conv.grad_input(up32, k32, x_shape, **options), tx.grad.numpy(), tolerance)
    close(conv.grad_kernel(up32, x32, k_shape, **options), tk.grad.numpy(), tolerance)


@needs_compiler
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("height", range(1, 10))
def test_a_single_channel_and_kernels_of_any_height(conv, height, dtype):
    rng = np.random.default_rng(height)
    x, k = rng.standard_normal((1, 1, 43, 150)), rng.standard_normal((1, 1, height, 3))
    for padding in (0, 2):
        y = reference.correlate(x, k, (1, 1), ((padding, padding),) * 2, (1, 1), 1)
        up = rng.standard_normal(y.shape)
        dx, dk = reference.gradients(x, k, up, (1, 1), ((padding, padding),) * 2, (1, 1), 1)
        x_, k_, up_ = (a.astype(dtype) for a in (x, k, up))
        tolerance = 1e-12 if dtype == np.float64 else 3e-6
        close(conv.forward(x_, k_, padding=padding), y, tolerance)
        close(conv.grad_input(up_, k_, x.shape, padding=padding), dx, tolerance)
        close(conv.grad_kernel(up_, x_, k.shape, padding=padding), dk, tolerance)


@needs_compiler
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("taps", [(3, 3), (7, 5), (2, 9)])
def test_one_channel_whose_rows_are_called_for(conv, taps, dtype):
    """Results of more than 2 MB, a few rows left over by fours."""
    rng = np.random.default_rng(12)
    x, k = rng.standard_normal((1, 1, 739, 801)).astype(dtype), rng.standard_normal((1, 1, *taps)).astype(dtype)
    y = sum(k[0, 0, u, v] * x[..., u : u + 740 - taps[0], v : v + 802 - taps[1]] for u, v in np.ndindex(taps))
    assert y.nbytes > 1 << 21
    close(conv.forward(x, k), y, 1e-12 if dtype == np.float64 else 3e-6)
    whole = np.pad(y, ((0, 0), (0, 0), (taps[0] - 1,) * 2, (taps[1] - 1,) * 2))
    back = sum(k[0, 0, -1 - u, -1 - v] * whole[..., u : u + 739, v : v + 801] for u, v in np.ndindex(taps))
    close(conv.grad_input(y, k, x.shape), back, 1e-12 if dtype == np.float64 else 3e-6)


@needs_compiler
@pytest.mark.parametrize("cut", ["conv", "in_pieces"])
def test_random_correlations_against_plain_loops(request, cut):
    conv = request.getfixturevalue(cut)
    rng = np.random.default_rng(3)
    tried = 0
    while tried < 60:
        count, groups, inner, outer = (int(rng.integers(1, m)) for m in (3, 4, 4, 4))
        h, w, u, v = (int(rng.integers(1, m)) for m in (9, 10, 5, 4))
        stride, padding, dilation = int(rng.integers(1, 4)), int(rng.integers(0, 4)), int(rng.integers(1, 3))
        if h + 2 * padding <= dilation * (u - 1) or w + 2 * padding <= dilation * (v - 1):
            continue
        tried += 1
        x, k = rng.standard_normal((count, groups * inner, h, w)), rng.standard_normal((groups * outer, inner, u, v))
        pairs = ((stride, stride), ((padding, padding),) * 2, (dilation, dilation), groups)
        y = reference.correlate(x, k, *pairs)
        options = {"stride": stride, "padding": padding, "dilation": dilation}
        close(conv.forward(x, k, **options), y)
        up = rng.standard_normal(y.shape)
        dx, dk = reference.gradients(x, k, up, *pairs)
        close(conv.grad_input(up, k, x.shape, **options), dx)
        close(conv.grad_kernel(up, x, k.shape, **options), dk)


@needs_compiler
@pytest.mark.skipif(sys.platform != "linux", reason="asks the C library of Linux how large a block is")
def test_large_images_are_computed_in_little_memory(folder):
    """A copy of this image would take 8.5 MB, of its upstream gradient 8.4."""
    counter = folder / "counter.h"
    counter.write_text(COUNTER)
    module = built(folder, "counted", f"-O1 -include {counter}")
    most = ctypes.c_size_t.in_dll(ctypes.CDLL(str(next(folder.glob("counted-*.so")))), "most_held")
    x, k = np.zeros((1, 32, 256, 256), np.float32), np.zeros((32, 32, 3, 3), np.float32)
    calls = (
        lambda: module.forward(x, k, padding=1),
        lambda: module.grad_input(x, k, x.shape, padding=1),
        lambda: module.grad_kernel(x, x, k.shape, padding=1),
        lambda: module.forward(x, k, padding=1, stride=2),
        lambda: module.grad_input(x[:, :, :128, :128], k, x.shape, padding=1, stride=2),
        lambda: module.grad_kernel(x[:, :, :128, :128], x, k.shape, padding=1, stride=2),
    )
    for call in calls:
        most.value = 0
        call()
        assert 10_000 < most.value < 4_000_000


@needs_compiler
def test_any_layout_of_the_arrays(conv):
    rng = np.random.default_rng(4)
    x, k = rng.standard_normal((2, 6, 9, 8)), rng.standard_normal((5, 6, 3, 2))
    wanted = conv.forward(x, k)
    for other in (np.asfortranarray(x), np.repeat(x, 2, axis=3)[..., ::2], x.astype(">f8"), x[:, ::-1][:, ::-1]):
        close(conv.forward(other, k), wanted)
    x.setflags(write=False)
    close(conv.forward(x, k), wanted)
    raw = np.zeros(k.nbytes + 1, np.uint8)[1:].view(float).reshape(k.shape)
    raw[...] = k
    close(conv.forward(x, raw), wanted)
    whole = rng.integers(-9, 9, x.shape)
    assert conv.forward(whole, np.ones((5, 6, 3, 2), int)).dtype == np.float64
    assert conv.forward(x[:0], k).shape == (0, 5, 7, 7)


@needs_compiler
def test_a_result_can_be_given(conv):
    rng = np.random.default_rng(5)
    x, k = rng.standard_normal((2, 3, 6, 7)), rng.standard_normal((3, 3, 1, 1))
    wanted = conv.forward(x, k)
    out = np.empty(wanted.shape)
    assert conv.forward(x, k, out=out) is out
    close(out, wanted)
    apart = np.empty((*wanted.shape[:3], 14))[..., ::2]
    conv.forward(x, k, out=apart)
    close(apart, wanted)
    conv.forward(x, k, out=x)  # where it is read
    close(x, wanted)
    with pytest.raises(ValueError, match=r"out: shape .* of float64 given; .* of float32, writeable, needed"):
        conv.forward(x.astype("f4"), k.astype("f4"), out=out)


@pytest.fixture(scope="module")
def tiled(folder):
    """With tiles, and as users compile it."""
    return built(folder, "tiled", "", accuracy="fast")


@needs_compiler
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    ("x_shape", "k_shape", "padding"),
    [
        ((3, 17, 14, 13), (70, 17, 3, 3), 1),  # blocks of several images, tails of tiles, rows and channels
        ((1, 9, 70, 91), (33, 9, 3, 3), 0),
        ((2, 32, 5, 6), (32, 16, 3, 3), 2),  # groups
        ((1, 140, 9, 8), (20, 140, 3, 3), 3),
        ((2, 96, 5, 850), (20, 96, 3, 3), 1),  # wider than the buffers: strips
    ],
)
def test_tiles_of_f_4_3_and_f_3_4(tiled, conv, x_shape, k_shape, padding, dtype):
    torch = importlib.import_module("torch")
    rng = np.random.default_rng(sum(x_shape))
    x, k = rng.standard_normal(x_shape).astype(dtype), rng.standard_normal(k_shape).astype(dtype)
    tx, tk = (torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in (x, k))
    y = torch.nn.functional.conv2d(tx, tk, padding=padding, groups=x_shape[1] // k_shape[1])
    up = rng.standard_normal(y.shape)
    y.backward(torch.tensor(up))
    tolerance = 1e-13 if dtype == np.float64 else 2e-5
    found = tiled.forward(x, k, padding=padding)
    close(found, y.detach().numpy(), tolerance)
    x[0, 0, 2, 2] = np.nan
    spread = np.isnan(tiled.forward(x, k, padding=padding)).sum()
    assert spread > np.isnan(conv.forward(x, k, padding=padding)).sum()  # over the tiles that read it
    up = up.astype(dtype)
    close(tiled.grad_input(up, k, x_shape, padding=padding), tx.grad.numpy(), tolerance)
    x[0, 0, 2, 2] = tx.detach().numpy()[0, 0, 2, 2]
    close(tiled.grad_kernel(up, x, k_shape, padding=padding), tk.grad.numpy(), tolerance)


@needs_compiler
def test_the_docstring_tells_the_theorems(tiled, conv):
    for module in (tiled, conv):
        quoted = [line.split(":")[0] for line in module.__doc__.splitlines() if line.startswith("schedule ")]
        tiles = ["schedule tiles"] if module is tiled else []
        assert quoted == ["schedule direct", "schedule taps", "schedule adjoint", *tiles]
        assert ("ACCURACY fast" in module.__doc__) == bool(tiles)


@needs_compiler
def test_a_nan_spreads_over_the_taps_that_its_tile_reads(tiled, conv):
    rng = np.random.default_rng(10)
    x, up = rng.standard_normal((1, 9, 12, 13)), rng.standard_normal((1, 17, 10, 11))
    x[0, 4, -1, -1] = np.nan  # read by the last tap alone
    found, wanted = (np.isnan(module.grad_kernel(up, x, (17, 9, 3, 3))) for module in (tiled, conv))
    assert wanted.sum() == 17
    assert found.sum() == 17 * 9
    assert found[:, 4].all()


@needs_compiler
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_tiles_of_a_convolution_that_reads_its_windows_backward(folder, dtype):
    n, h, w = sizes("n h w")
    x, k = leaf("x", n, C, h, w), leaf("k", M, C, r, c)
    flipped = convolve(x, k)
    module = exported(folder, flipped, (x, k), "backward", accuracy="fast")
    rng = np.random.default_rng(17)
    image, kernel = (rng.standard_normal(shape).astype(dtype) for shape in ((2, 9, 11, 13), (19, 9, 3, 3)))
    pairs = ((1, 1), ((0, 0), (0, 0)), (1, 1), 1)
    y = reference.correlate(image.astype(float), kernel[:, :, ::-1, ::-1].astype(float), *pairs)
    up = rng.standard_normal(y.shape).astype(dtype)
    turned = kernel[:, :, ::-1, ::-1].astype(float)
    dx, dk = reference.gradients(image.astype(float), turned, up.astype(float), *pairs)
    tolerance = 1e-13 if dtype == np.float64 else 2e-5
    close(module.forward(image, kernel), y, tolerance)
    close(module.grad_x(up, kernel, image.shape), dx, tolerance)
    close(module.grad_k(up, image, kernel.shape), dk[:, :, ::-1, ::-1], tolerance)


@needs_compiler
@pytest.mark.parametrize("kinds", [(np.int64, np.int8), (np.uint16, bool), (bool, bool)])
@pytest.mark.parametrize("threads", [1, 2])
def test_whole_numbers_are_not_tiled(tiled, kinds, threads):
    rng = np.random.default_rng(9)
    x, k = (rng.integers(0, 99, shape).astype(kind) for shape, kind in zip(TILED_SHAPES, kinds, strict=True))
    y = reference.correlate(x.astype(float), k.astype(float), (1, 1), ((1, 1), (1, 1)), (1, 1), 1)
    assert (tiled.forward(x, k, padding=1, threads=threads) == y).all()
    up = rng.integers(-99, 99, y.shape)
    dx, dk = reference.gradients(
        x.astype(float), k.astype(float), up.astype(float), (1, 1), ((1, 1), (1, 1)), (1, 1), 1
    )
    assert (tiled.grad_input(up, k, x.shape, padding=1) == dx).all()
    assert (tiled.grad_kernel(up, x, k.shape, padding=1) == dk).all()


@needs_compiler
def test_other_taps_and_strides_are_not_tiled(tiled, conv):
    rng = np.random.default_rng(8)
    x = rng.standard_normal((2, 16, 9, 11))
    x[1, 3, 4, 5] = np.nan
    for taps, options in (((3, 3), {"stride": 2}), ((3, 3), {"dilation": 2}), ((3, 2), {}), ((5, 3), {"padding": 1})):
        k = rng.standard_normal((16, 16, *taps))
        found, wanted = tiled.forward(x, k, **options), conv.forward(x, k, **options)
        assert (np.isnan(found) == np.isnan(wanted)).all()


@needs_compiler
def test_infinities_and_nan_reach_the_entries_that_read_them(conv):
    x, k = np.ones((1, 1, 40, 60)), np.ones((1, 1, 3, 3))
    x[0, 0, 20, 30], x[0, 0, 5, 59] = np.nan, np.inf
    y = conv.forward(x, k, padding=1)
    assert np.isnan(y).sum() == 9
    assert np.isinf(y).sum() == 6


@needs_compiler
def test_threads_may_call_at_once(conv):
    rng = np.random.default_rng(6)
    x, k = rng.standard_normal((4, 8, 30, 30)), rng.standard_normal((16, 8, 3, 3))
    wanted = conv.forward(x, k)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: conv.forward(x, k), range(20)):
            close(found, wanted)


@needs_compiler
@pytest.mark.parametrize(
    ("f", "leaves"),
    [
        (add_bias(CONV, leaf("bias", g * M), axis=1), (IMAGE, KERNEL, leaf("bias", g * M))),
        (transposed(leaf("X", N, C, H, W), leaf("K", C, M, r, c), stride=s, padding=p), (leaf("X", N, C, H, W),)),
        (matmul(leaf("A", H, W), leaf("B", W, C)), (leaf("A", H, W), leaf("B", W, C))),
    ],
)
def test_the_self_test_agrees(f, leaves, tmp_path, monkeypatch):
    monkeypatch.setenv("CFLAGS", "-O0")
    module = exported(tmp_path, f, leaves)
    done = subprocess.run([sys.executable, module.__file__, "--build", "--self-test"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WRONG" not in done.stdout
    assert done.stdout.count("ok ") >= 4 * (1 + len(leaves))
    assert len(list(tmp_path.glob("formula-*.so"))) == 1


@needs_compiler
def test_a_loss_and_its_gradients(tmp_path, monkeypatch):
    monkeypatch.setenv("CFLAGS", "-O0")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    a, b = leaf("a", H), leaf("b", H)
    loss = define("loss", (), lambda: total((Range.upto("i", H),), multiply(a["i"], b["i"])))
    module = exported(tmp_path, loss, (a, b))
    assert module.forward(np.array([1.0, 2.0]), np.array([3.0, 5.0])) == 13.0
    close(module.grad_b(np.array([1.0, 2.0])), [1.0, 2.0])
    assert not module.self_test()


@needs_compiler
def test_the_library_is_built_once(tmp_path, monkeypatch):
    monkeypatch.setenv("CFLAGS", "-O0")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    f = correlate(leaf("x", H), leaf("w", r))
    close(exported(tmp_path, f, []).forward(np.arange(4.0), np.ones(2)), [1, 3, 5])
    monkeypatch.setattr(subprocess, "run", None)
    close(exported(tmp_path, f, []).forward(np.arange(5.0), np.ones(2)), [1, 3, 5, 7])
    assert len(list((tmp_path / "cache" / "symconv").iterdir())) == 1


def test_without_a_compiler_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    module = exported(tmp_path, correlate(leaf("x", H), leaf("w", r)), [])
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RuntimeError, match=r"compiler: cc, gcc and clang not found; one is needed .*; install gcc"):
        module.forward(np.ones(3), np.ones(2))
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(RuntimeError, match=r"C compiler: no-such-compiler not found; .* let CC name a compiler"):
        module.forward(np.ones(3), np.ones(2))
    monkeypatch.setenv("CC", "gcc 'x")
    with pytest.raises(
        RuntimeError, match=r"CC: gcc 'x given, which no shell splits \(No closing quotation\); .*close what is quoted"
    ):
        module.forward(np.ones(3), np.ones(2))


@needs_compiler
def test_the_compiler_may_have_options_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))))
    for options in ("-O0", "-O0 -g0"):  # each another library
        monkeypatch.setenv("CC", f"'{compiler}' {options}")
        module = exported(tmp_path, correlate(leaf("x", H), leaf("w", r)), [])
        close(module.forward(np.ones(3), np.ones(2)), [2, 2])
    assert len(list((tmp_path / "symconv").iterdir())) == 2


@needs_compiler
def test_a_folder_that_cannot_hold_the_library_is_told(tmp_path, monkeypatch):
    Path(tmp_path, "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    module = exported(tmp_path, correlate(leaf("x", H), leaf("w", r)), [])
    with pytest.raises(
        RuntimeError,
        match=r"file/symconv: the library of formula.c cannot be put there \(Not a directory\); a folder to write in "
        r"needed; let XDG_CACHE_HOME name one, or call formula.py --build",
    ):
        module.forward(np.ones(3), np.ones(2))


@needs_compiler
def test_the_source_compiles_from_any_folder(tmp_path):
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))))
    Path(tmp_path, "inner").mkdir()
    exported(tmp_path / "inner", CONV, (IMAGE, KERNEL), "convolution")
    for folder, source in ((tmp_path, "inner/convolution.c"), (tmp_path / "inner", "convolution.c")):
        command = [compiler, "-std=c99", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", source]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


@needs_compiler
def test_a_failing_or_missing_source_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    module = exported(tmp_path, correlate(leaf("x", H), leaf("w", r)), [])
    Path(tmp_path, "formula.c").write_text("no C at all")
    with pytest.raises(RuntimeError, match=r"formula.c: .* failed; a compiler for C99 with vector .* needed"):
        module.forward(np.ones(3), np.ones(2))
    Path(tmp_path, "formula.c").unlink()
    with pytest.raises(RuntimeError, match=r"formula.c: no such file; .* is needed; put both files into one folder"):
        module.forward(np.ones(3), np.ones(2))


def test_entries_that_c_does_not_take_are_refused(tmp_path):
    module = exported(tmp_path, correlate(leaf("x", H), leaf("w", r)), [])
    with pytest.raises(
        TypeError, match=r"x: entries of type \w+ given; float32 or float64 needed; convert with .astype"
    ):
        module.forward(np.ones(3, np.longdouble), np.ones(2))
    with pytest.raises(TypeError, match=r"w: entries of type \w+ given; float32 or float64 needed; convert with"):
        module.forward(np.ones(3, int), np.ones(2, np.longdouble))
    with pytest.raises(ValueError, match=r"x: 2 axes given, shape \(3, 1\); 1 needed"):
        module.forward(np.ones((3, 1)), np.ones(2))


@needs_compiler
@pytest.mark.parametrize("accuracy", ["exact", "fast"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_sums_of_nothing_are_zeros(tmp_path, accuracy, dtype):
    """No images for a gradient by the kernel, no channels, no outputs for one by the input: along one axis."""
    image, kernel = leaf("input", N, C, H), leaf("kernel", M, C, r)
    module = exported(tmp_path, correlate(image, kernel), (image, kernel), accuracy=accuracy)
    shapes = {"none": (0, 2, 3), "no channels": (2, 2, 0), "no outputs": (2, 0, 3), "many": (0, 24, 20)}
    for count, outputs, channels in shapes.values():
        x, k = np.ones((count, channels, 9), dtype), np.ones((outputs, channels, 4), dtype)
        y = np.full((count, outputs, 6), channels * 4.0, dtype)
        np.testing.assert_array_equal(module.forward(x, k, out=np.full(y.shape, 7, dtype)), y)
        by_kernel = module.grad_kernel(np.ones_like(y), x, k.shape, out=np.full(k.shape, 7, dtype))
        np.testing.assert_array_equal(by_kernel, np.full(k.shape, count * 6.0))
        by_input = module.grad_input(np.ones_like(y), k, x.shape, out=np.full(x.shape, 7, dtype))
        np.testing.assert_array_equal(
            by_input, np.broadcast_to(outputs * np.array([1, 2, 3, 4, 4, 4, 3, 2, 1]), x.shape)
        )


@pytest.mark.parametrize("accuracy", ["exact", "fast"])
def test_the_file_passes_ruff_and_mypy(tmp_path, assert_clean, accuracy):
    exported(tmp_path, CONV, (IMAGE, KERNEL), accuracy=accuracy)
    assert_clean(tmp_path)


def test_files_say_what_they_are(tmp_path):
    module = exported(tmp_path, CONV, (IMAGE, KERNEL))
    assert module.__doc__.startswith("A title\n\na note\n")
    assert "forward: proved" in module.__doc__
    assert "needs NumPy and, once, a C compiler" in module.__doc__
    text = Path(tmp_path, "formula.c").read_text()
    assert text.startswith("/* A title")
    assert "ffast-math" not in " ".join(module.FLAGS)


def test_names_of_the_loader_are_its_own():
    assert not set(LOADER) & set(helper_names())
    assert all(name in vars(c_loader) for name in LOADER)
