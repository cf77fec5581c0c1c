"""The dask target: chunked arrays through the tiles, compared with the NumPy kernel on the whole array.

The arrays hold whole numbers stored as float64, so that every sum is exact in any order and equal means equal.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import signal
import subprocess
import sys
import time
from functools import cache
from random import Random

import numpy as np
import pytest

from symconv.calculus.gradient import gradient, upstream
from symconv.kernels import Export, ModuleWriter
from symconv.kernels.targets.dask import DaskModule
from symconv.ops.correlate import correlate
from symconv.ops.layer import add_bias, apply, cross_entropy, softmax
from symconv.ops.pool import pool_max
from symconv.ops.window import rot180
from symconv.specs import parse_spec
from symconv.term.polynomial import Poly
from symconv.term.tensor import Leaf, define, tensors_in
from symconv.term.value import Maximum, Range, at_least, bracket, multiply
from tests.kernels.build import leaf, sizes

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")

pytestmark = pytest.mark.targets

H, W, r, c, N, C, M = sizes("H W r c N C M")
CONV = "conv2d --stride s --padding p --dilation d --groups g"


@cache
def sources(spec):
    """The text of both modules: for dask, and for NumPy."""
    parsed = parse_spec(spec, words=True)
    f = parsed.output
    gradients = {leaf.name: gradient(f, leaf, upstream(f, "upstream")) for leaf in parsed.leaves}
    about = Export(f, gradients, spec)
    return DaskModule(about).source(), ModuleWriter(about).source()


@pytest.fixture(scope="module")
def modules(tmp_path_factory):
    """(dask module, NumPy module) of a SPEC."""
    folder = tmp_path_factory.mktemp("exported")
    sys.path.insert(0, str(folder))  # processes import the module by its name
    known = {}

    def load(spec):
        if spec not in known:
            number = len(known)
            names = f"dask_kernels_{number}", f"numpy_kernels_{number}"
            for name, text in zip(names, sources(spec), strict=True):
                (folder / f"{name}.py").write_text(text)
            known[spec] = tuple(map(importlib.import_module, names))
        return known[spec]

    yield load
    sys.path.remove(str(folder))


def whole_numbers(rng, shape):
    return rng.integers(-4, 5, shape).astype(float)


def cut(random, n, most):
    """Chunks of random lengths: short ones, long ones, a last one of 1."""
    if random.random() < 0.25:
        return (n,)
    if random.random() < 0.3:
        return (1,) * n
    found = []
    while sum(found) < n:
        found.append(min(random.randint(1, most), n - sum(found)))
    return tuple(found[:-1] + [found[-1] - 1, 1]) if found[-1] > 1 and random.random() < 0.3 else tuple(found)


def chunked(random, array, most=7):
    return da.from_array(array, chunks=tuple(cut(random, n, most) for n in array.shape))


def equal(found, wanted):
    assert isinstance(found, da.Array)
    assert found.shape == wanted.shape
    assert found.dtype == wanted.dtype
    made = found.compute(scheduler="sync")
    assert made.shape == wanted.shape
    assert np.array_equal(made, wanted)


def drawn(random):
    """Shapes and options of a convolution: all sizes different where that can be."""
    groups = random.choice((1, 1, 2, 3))
    stride, padding, dilation = random.randint(1, 4), random.randint(0, 4), random.randint(1, 3)
    kernel = random.randint(1, 4), random.randint(1, 5)
    image = [
        max(1, dilation * (k - 1) + 1 - 2 * padding) + extra
        for k, extra in zip(kernel, (random.randint(0, 14), random.randint(0, 17)), strict=True)
    ]
    n, per_group, out = random.randint(1, 3), random.randint(1, 3), random.randint(1, 2)
    shapes = (n, per_group * groups, *image), (out * groups, per_group, *kernel)
    return *shapes, {"stride": stride, "padding": padding, "dilation": dilation}


@pytest.mark.parametrize("seed", range(24))
def test_any_chunks_give_what_the_whole_array_gives(modules, seed):
    lazy, plain = modules(CONV)
    random, rng = Random(seed), np.random.default_rng(seed)
    x_shape, k_shape, options = drawn(random)
    x, k = whole_numbers(rng, x_shape), whole_numbers(rng, k_shape)
    y = plain.forward(x, k, **options)
    g = whole_numbers(rng, y.shape)
    equal(lazy.forward(chunked(random, x), chunked(random, k), **options), y)
    wanted = plain.grad_kernel(g, x, k_shape, **options)
    equal(lazy.grad_kernel(chunked(random, g), chunked(random, x), k_shape, **options), wanted)
    wanted = plain.grad_input(g, k, x_shape, **options)
    equal(lazy.grad_input(chunked(random, g), k, x_shape, **options), wanted)


LARGER = {
    "one channel": ((1, 1, 512, 500), (1, 1, 3, 3), 1, 1),
    "one channel, many taps": ((1, 1, 400, 420), (1, 1, 17, 15), 1, 2),
    "many channels": ((2, 40, 38, 41), (48, 40, 3, 3), 1, 1),
    "a stride": ((2, 64, 56, 50), (64, 64, 3, 3), 2, 1),
    "few channels with a stride": ((2, 3, 120, 130), (64, 3, 7, 7), 2, 3),
    "small images": ((32, 3, 32, 30), (8, 3, 5, 5), 1, 2),
}


@pytest.mark.parametrize("schedule", ["", "direct", "toeplitz", "taps", "rows", "col2im"])
@pytest.mark.parametrize("name", LARGER)
def test_tiles_large_enough_for_every_schedule(modules, name, schedule):
    """Tiles choose their schedules by their own sizes: all of them are in the module."""
    lazy, _ = modules(CONV)
    torch = importlib.import_module("torch")
    x_shape, k_shape, stride, padding = LARGER[name]
    rng = np.random.default_rng(0)
    x, k = (torch.tensor(whole_numbers(rng, shape), requires_grad=True) for shape in (x_shape, k_shape))
    y = torch.nn.functional.conv2d(x, k, stride=stride, padding=padding)
    g = whole_numbers(rng, y.shape)
    y.backward(torch.tensor(g))
    image = da.from_array(x.detach().numpy(), chunks=(1, -1, x_shape[2] // 2 + 3, x_shape[3]))
    given = da.from_array(g, chunks=(1, -1, g.shape[2] // 2 + 1, g.shape[3]))
    options = {"stride": stride, "padding": padding, "dilation": 1}
    lazy.SCHEDULE = schedule
    try:
        found = [
            lazy.forward(image, k.detach().numpy(), **options).compute(scheduler="sync"),
            lazy.grad_input(given, k.detach().numpy(), x_shape, **options).compute(scheduler="sync"),
            lazy.grad_kernel(given, image, k_shape, **options).compute(scheduler="sync"),
        ]
    finally:
        lazy.SCHEDULE = ""
    for made, wanted in zip(found, (y.detach(), x.grad, k.grad), strict=True):
        np.testing.assert_allclose(made, wanted.numpy(), rtol=0, atol=1e-9)


OTHERS = {
    "conv1d --stride 3 --padding 2 --dilation 2": ((2, 3, 19), (4, 3, 3)),
    "conv1d --bias": ((2, 3, 19), (4, 3, 3), (4,)),
    "conv3d --stride 2 --padding 1": ((1, 2, 7, 8, 9), (3, 2, 3, 2, 4)),
    "conv2d --mode full": ((2, 3, 9, 11), (4, 3, 3, 2)),
    "transposed2d --stride 3 --padding 1": ((2, 3, 7, 8), (3, 4, 4, 5)),
    "depthwise2d --stride 2": ((2, 3, 12, 11), (3, 3, 2)),
    "avgpool2d --stride 2 --kernel 4 --padding 1": ((2, 3, 12, 15),),
    "maxpool2d --kernel 3 --stride 2": ((2, 3, 12, 15),),
    "maxpool2d --kernel 3": ((2, 3, 13, 15),),
}


@pytest.mark.parametrize("spec", OTHERS)
def test_other_operations_run_in_tiles_too(modules, spec):
    lazy, plain = modules(spec)
    parsed = parse_spec(spec, words=True)
    shapes = dict(zip(("input", "kernel", "bias"), OTHERS[spec], strict=False))
    rng = np.random.default_rng(len(spec))
    values = {leaf.name: 4 * whole_numbers(rng, shapes[leaf.name]) for leaf in parsed.leaves}
    y = plain.forward(**values)
    g = 4 * whole_numbers(rng, y.shape)
    for seed in range(2):
        random = Random(seed)
        equal(lazy.forward(**{n: chunked(random, v) for n, v in values.items()}), y)
        for target in values:
            name = f"grad_{target}"
            given = values | {"upstream": g, f"{target}_shape": shapes[target]}
            taken = plain_arguments(getattr(plain, name), given)
            wanted = getattr(plain, name)(**taken)
            cut = {n: chunked(random, v) if isinstance(v, np.ndarray) else v for n, v in taken.items()}
            equal(getattr(lazy, name)(**cut), wanted)


def plain_arguments(function, given):
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    return {n: given[n] for n in names}


@pytest.mark.parametrize("dtype", ["float32", "int64", "int8", "bool"])
def test_types_are_those_of_the_numpy_kernel(modules, dtype):
    lazy, plain = modules(CONV)
    rng = np.random.default_rng(3)
    x, k = rng.integers(0, 2, (2, 2, 9, 8)).astype(dtype), rng.integers(0, 2, (3, 1, 3, 2)).astype(dtype)
    k = np.concatenate([k, k[:1]])
    equal(lazy.forward(da.from_array(x, chunks=3), k, padding=1), plain.forward(x, k, padding=1))


def test_numpy_arrays_are_cut_into_chunks(modules):
    lazy, plain = modules(CONV)
    rng = np.random.default_rng(4)
    x, k = whole_numbers(rng, (1, 1, 300, 200)), whole_numbers(rng, (1, 1, 3, 5))
    with dask.config.set({"array.chunk-size": "64KiB"}):
        found = lazy.forward(x, k)
    assert found.npartitions > 4
    equal(found, plain.forward(x, k))


@pytest.mark.parametrize("empty", [(0, 2, 9, 8), (2, 0, 9, 8)])
def test_empty_arrays(modules, empty):
    lazy, plain = modules("conv2d --stride 2 --padding 1")
    x, k = np.ones(empty), np.ones((3, empty[1], 3, 2))
    y = plain.forward(x, k)
    equal(lazy.forward(da.from_array(x, chunks=3), k), y)
    equal(lazy.grad_kernel(da.from_array(y, chunks=2), x, k.shape), plain.grad_kernel(y, x, k.shape))
    equal(lazy.grad_input(da.from_array(y, chunks=2), k, x.shape), plain.grad_input(y, k, x.shape))


def test_chunks_of_length_zero(modules):
    lazy, plain = modules(CONV)
    rng = np.random.default_rng(5)
    x, k = whole_numbers(rng, (1, 1, 9, 8)), whole_numbers(rng, (1, 1, 3, 2))
    cut = da.from_array(x, chunks=(1, 1, (4, 0, 5), (0, 8, 0)))
    equal(lazy.forward(cut, k), plain.forward(x, k))


def test_where_the_chunks_end_the_result_has_chunks(modules):
    """Regular chunks stay regular, which Zarr files need."""
    lazy, _ = modules(CONV)
    x, k = da.zeros((1, 1, 90, 80), chunks=(1, 1, 30, 20)), np.ones((1, 1, 3, 5))
    y = lazy.forward(x, k, padding=1)
    assert y.chunks[2:] == ((30, 30, 30), (20, 20, 20, 18))
    assert lazy.grad_input(y, k, x.shape, padding=1).chunks[2:] == ((30, 30, 30), (20, 20, 20, 20))
    assert lazy.forward(x, k, stride=2).chunks[2:] == ((15, 15, 14), (10, 10, 10, 8))


def test_nothing_is_computed_before_it_is_asked_for(modules):
    lazy, _ = modules(CONV)

    def never(block):
        raise RuntimeError("computed")

    x = da.zeros((1, 1, 10**6, 10**6), chunks=(1, 1, 50_000, 50_000)).map_blocks(never, meta=np.empty((0,) * 4))
    assert lazy.forward(x, np.ones((1, 1, 3, 3))).shape == (1, 1, 10**6 - 2, 10**6 - 2)


# -- formulas of one's own ---------------------------------------------------------------


def test_names_of_options_are_those_of_other_targets(modules):
    lazy, plain = modules("conv2d --stride sa,sb --dilation da,db")
    for name in ("forward", "grad_input", "grad_kernel"):
        found, wanted = (set(inspect.signature(getattr(module, name)).parameters) for module in (lazy, plain))
        assert {"sa", "sb", "da", "db"} <= found
        assert found <= wanted


def exported(folder, name, f):
    """Both modules of any definition, its leaves named as they are."""
    leaves = dict.fromkeys(t for t in tensors_in(f.body) if isinstance(t, Leaf))
    gradients = {leaf.name: gradient(f, leaf, upstream(f, "upstream") if f.rank else None) for leaf in leaves}
    about = Export(f, gradients, name)
    for kind, text in (
        ("lazy", DaskModule(about).source()),
        ("plain", ModuleWriter(about).source()),
    ):
        path = folder / f"{name}_{kind}.py"
        path.write_text(text)
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module


def test_several_layers_run_tile_by_tile(tmp_path):
    """Whole numbers pass through exactly: convolution, bias, relu, maximum."""
    image, kernel, bias = leaf("x", N, C, H, W), leaf("k", M, C, r, c), leaf("b", M)
    f = pool_max(apply("relu", add_bias(correlate(image, kernel, stride=2, padding=1), bias)), (2, 3), (2, 1))
    lazy, plain = exported(tmp_path, "network", f)
    random, rng = Random(1), np.random.default_rng(1)
    x, k, b = (whole_numbers(rng, shape) for shape in ((2, 3, 17, 15), (4, 3, 3, 2), (4,)))
    y = plain.forward(x=x, k=k, b=b)
    g = whole_numbers(rng, y.shape)
    cut = {name: chunked(random, v) for name, v in {"x": x, "k": k, "b": b, "upstream": g}.items()}
    whole = {"x": x, "k": k, "b": b, "upstream": g}
    equal(lazy.forward(**{n: cut[n] for n in "xkb"}), y)
    for name in ("grad_x", "grad_k", "grad_b"):
        names = plain_arguments(getattr(plain, name), whole)
        equal(getattr(lazy, name)(**{n: cut[n] for n in names}), getattr(plain, name)(**names))


def test_a_loss_is_a_number(tmp_path):
    f = cross_entropy(softmax(leaf("z", N, C)), leaf("t", N, C))
    lazy, plain = exported(tmp_path, "loss", f)
    rng = np.random.default_rng(2)
    z, t = rng.standard_normal((7, 5)), rng.dirichlet(np.ones(5), 7)
    pieces = {"z": da.from_array(z, chunks=(3, 2)), "t": da.from_array(t, chunks=(2, 4))}
    for name in ("forward", "grad_z"):
        found = getattr(lazy, name)(**pieces).compute(scheduler="sync")
        assert np.allclose(found, getattr(plain, name)(z=z, t=t), rtol=1e-12)


def test_an_axis_that_no_operand_has(tmp_path):
    f = define("y", (H, W), lambda i, j: multiply(leaf("x", H)[i], 3, bracket(at_least(W - 1 - j, 0))))
    lazy, plain = exported(tmp_path, "repeated", f)
    x = np.arange(7.0)
    equal(lazy.forward(da.from_array(x, chunks=(3, 4)), W=5), plain.forward(x, W=5))


def test_an_operand_that_is_read_twice_has_two_blocks(tmp_path):
    x = leaf("x", H, W)
    f = define("y", (H - 1, W - 2), lambda i, j: multiply(x[i, j], x[i + 1, j + 2]))
    lazy, plain = exported(tmp_path, "pairs", f)
    random, rng = Random(3), np.random.default_rng(3)
    values = whole_numbers(rng, (13, 17))
    y = plain.forward(values)
    equal(lazy.forward(chunked(random, values)), y)
    g = whole_numbers(rng, y.shape)
    equal(lazy.grad_x(chunked(random, g), chunked(random, values)), plain.grad_x(g, values))


@pytest.mark.parametrize("chunks", [(7,), (3, 4), (2, 2, 2, 1), (1,) * 7])
def test_the_window_of_a_maximum_stays_whole(tmp_path, chunks):
    """y = x max(x), whose gradient at the first greatest entry has the sum over all of it as well."""
    x = leaf("x", H)
    u = Poly.of("u")
    f = define("y", (H,), lambda i: multiply(Maximum((Range.upto("u", Poly.of(H)),), x[u]), x[i]))
    lazy, _ = exported(tmp_path, "scaled", f)
    values, given = np.array([1.0, -3, 4, 2, 4, 0, -1]), np.array([2.0, 1, -1, 3, 5, -2, 4])
    equal(lazy.forward(da.from_array(values, chunks=(chunks,))), 4 * values)
    wanted = 4 * given
    wanted[2] += given @ values
    equal(lazy.grad_x(*(da.from_array(a, chunks=(chunks,)) for a in (given, values))), wanted)


def test_a_turned_axis_stays_whole(tmp_path):
    f = rot180(leaf("x", H, W))
    lazy, plain = exported(tmp_path, "turned", f)
    x = whole_numbers(np.random.default_rng(9), (7, 5))
    equal(lazy.forward(da.from_array(x, chunks=3)), plain.forward(x))


# -- schedulers ------------------------------------------------------------------------


def large(rng):
    x, k = whole_numbers(rng, (2, 2, 61, 47)), whole_numbers(rng, (4, 1, 3, 5))
    return x, k, {"stride": 2, "padding": 3, "dilation": 2}


@pytest.mark.parametrize("scheduler", ["threads", "processes"])
def test_threads_and_processes(modules, scheduler):
    lazy, plain = modules(CONV)
    rng = np.random.default_rng(6)
    x, k, options = large(rng)
    y = plain.forward(x, k, **options)
    g = whole_numbers(rng, y.shape)
    lazies = (
        lazy.forward(da.from_array(x, chunks=17), k, **options),
        lazy.grad_kernel(da.from_array(g, chunks=9), x, k.shape, **options),
        lazy.grad_input(da.from_array(g, chunks=9), k, x.shape, **options),
    )
    found = dask.compute(*lazies, scheduler=scheduler, num_workers=2)
    wanted = y, plain.grad_kernel(g, x, k.shape, **options), plain.grad_input(g, k, x.shape, **options)
    for mine, theirs in zip(found, wanted, strict=True):
        assert np.array_equal(mine, theirs)


def test_a_cluster_that_loses_a_worker(modules):
    """Two workers; one is killed when some of the tiles are done; what it held is made again."""
    distributed = pytest.importorskip("distributed")
    lazy, plain = modules(CONV)
    rng = np.random.default_rng(7)
    x, k, options = large(rng)
    y = plain.forward(x, k, **options)
    g = whole_numbers(rng, y.shape)

    def slowly(block):
        time.sleep(0.02)
        return block

    with (
        dask.config.set({"distributed.comm.timeouts.connect": "2s"}),  # how long one looks for the lost worker
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, memory_limit="1GiB"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        client.upload_file(lazy.__file__)
        before = {w: info["pid"] for w, info in client.run(lambda: {"pid": os.getpid()}).items()}
        slow_x = da.from_array(x, chunks=(1, 1, 12, 9)).map_blocks(slowly, dtype=float)
        slow_g = da.from_array(g, chunks=(1, 2, 8, 7)).map_blocks(slowly, dtype=float)
        futures = client.compute(
            [
                lazy.forward(slow_x, k, **options),
                lazy.grad_kernel(slow_g, slow_x, k.shape, **options),
                lazy.grad_input(slow_g, k, x.shape, **options),
            ]
        )
        wait_for_some_work(client, before)
        assert not all(f.done() for f in futures)
        os.kill(next(iter(before.values())), signal.SIGKILL)
        found = client.gather(futures)
        after = {info["pid"] for info in client.run(lambda: {"pid": os.getpid()}).values()}
        assert next(iter(before.values())) not in after
    wanted = y, plain.grad_kernel(g, x, k.shape, **options), plain.grad_input(g, k, x.shape, **options)
    for mine, theirs in zip(found, wanted, strict=True):
        assert np.array_equal(mine, theirs)


def wait_for_some_work(client, workers, most=20.0):
    """Until the worker that will be killed holds results."""
    address, end = next(iter(workers)), time.monotonic() + most
    while len(client.has_what([address])[address]) < 5:
        assert time.monotonic() < end
        time.sleep(0.02)


# -- what is refused -------------------------------------------------------------------


def test_bad_arguments_are_refused_with_a_message(modules):
    lazy, _ = modules(CONV)
    x, k = da.zeros((1, 2, 9, 8), chunks=3), np.ones((3, 2, 3, 2))
    with pytest.raises(ValueError, match=r"input: 2 axes given, shape \(9, 8\); 4 needed, .*; reshape it"):
        lazy.forward(x[0, 0], k)
    with pytest.raises(TypeError, match=r"input: entries of type complex128 given; real numbers needed; give its"):
        lazy.forward(x.astype(complex), k)
    with pytest.raises(TypeError, match=r"kernel: entries of type object given; real numbers needed; give an array of"):
        lazy.forward(x, k.astype(object))
    with pytest.raises(TypeError, match=r"input: chunks with a mask given; a number .*; fill them with dask.array.ma"):
        lazy.forward(da.ma.masked_equal(x, 1), k)
    with pytest.raises(ValueError, match=r"kernel: 36 masked entries given; a number at every place needed; fill the"):
        lazy.forward(x, np.ma.array(k, mask=True))
    with pytest.raises(ValueError, match=r"input: the entry 9223372036854775808 of type uint64 given; at most 922337"):
        lazy.forward((x + 1).astype("u8") * np.uint64(2**63), k).compute(scheduler="sync")
    with pytest.raises(ValueError, match=r"input: chunks of unknown size given, .*; call .compute_chunk_sizes\(\)"):
        lazy.forward(x[:, :, x[0, 0, :, 0] == 0], k)
    with pytest.raises(ValueError, match=r"groups = input.shape\[1\] // C_g: 0 found; at least 1 needed; change"):
        lazy.forward(x, np.ones((3, 5, 3, 2)))
    with pytest.raises(ValueError, match=r"stride: 0 given; at least 1 needed"):
        lazy.forward(x, k, stride=0)
    with pytest.raises(ValueError, match=r"sizes: H .* >= 0 is needed, the left side is -1"):
        lazy.forward(x, np.ones((3, 2, 10, 2)))
    with pytest.raises(ValueError, match=r"upstream: shape \(1, 3, 7, 8\) given; \(1, 3, 7, 7\) needed"):
        lazy.grad_kernel(da.zeros((1, 3, 7, 8), chunks=3), x, k.shape)


def test_without_dask_the_module_says_what_to_install(tmp_path):
    path = tmp_path / "kernels.py"
    path.write_text(sources(CONV)[0])
    script = f"import sys, runpy; sys.modules['dask'] = None; runpy.run_path({str(path)!r})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode
    assert "dask: not installed; these functions need dask and its arrays; run: python -m pip" in done.stderr


# -- the file --------------------------------------------------------------------------


def test_a_module_is_written_without_dask():
    script = (
        "import sys; sys.modules['dask'] = None\n"
        "from symconv.kernels import Export\n"
        "from symconv.kernels.targets.dask import DaskModule\n"
        "from symconv.specs import parse_spec\n"
        "f = parse_spec('conv1d --stride 2', words=True).output\n"
        "assert 'map_overlap' in DaskModule(Export(f)).source()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert not done.returncode, done.stderr


def test_the_file_needs_no_symconv_and_tests_itself(tmp_path):
    path = tmp_path / "kernels.py"
    path.write_text(sources("conv2d --stride s --padding p --groups g")[0])
    script = "import sys, runpy; sys.modules['symconv'] = None; sys.argv = ['k', '--self-test']\n"
    script += f"runpy.run_path({str(path)!r}, run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert not done.returncode, done.stdout + done.stderr
    assert done.stdout.count("ok") == 25


def test_the_self_test_finds_a_wrong_halo(tmp_path):
    """A block that begins one position late."""
    path = tmp_path / "kernels.py"
    right = sources("conv2d --stride s --padding p --groups g")[0]
    wrong = right.replace('_Read("i", stride, -padding,', '_Read("i", stride, 1 - padding,', 1)
    assert wrong != right
    path.write_text(wrong)
    done = subprocess.run([sys.executable, str(path), "--self-test"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "WRONG forward" in done.stdout


def test_the_file_passes_ruff_and_mypy(tmp_path, assert_clean):
    (tmp_path / "kernels.py").write_text(sources(CONV)[0])
    assert_clean(tmp_path)


def test_the_docstring_says_how_tiles_are_made():
    text = sources(CONV)[0]
    assert "was read off the formula" in text
    assert "map_overlap" in text
