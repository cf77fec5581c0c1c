"""Sums of thousands of products in float32: each target keeps to the digits that docs/kernels.md promises.

All entries are positive, so that what a sum loses adds up instead of cancelling.
"""

from __future__ import annotations

import importlib
import importlib.util

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

import symconv as sc

LAYERS = {  # images, channels, outputs, extent
    "many images": (6, 5, 4, 60),
    "many channels": (1, 700, 3, 9),
    "many outputs": (1, 3, 700, 9),
}
TARGETS = ["numpy", "array-api", *(pytest.param(t, marks=pytest.mark.targets) for t in ("c", "numba", "dask"))]
WINDOWS = 3, 3


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """The module of a spec for a target, from a file of its own: Numba and C keep what they compile beside it."""
    modules = {}

    def one(spec, target):
        if (spec, target) not in modules:
            stem = f"long_sums_{len(modules)}"
            folder = tmp_path_factory.mktemp("kernels")
            for ending, text in sc.export_files(spec, target=target, stem=stem).items():
                (folder / f"{stem}{ending}").write_text(text)
            found = importlib.util.spec_from_file_location(stem, folder / f"{stem}.py")
            modules[spec, target] = importlib.util.module_from_spec(found)
            found.loader.exec_module(modules[spec, target])
        return modules[spec, target]

    return one


def positive(*shape):
    return np.random.default_rng(0).random(shape, np.float32)


def windows(array):
    """[n, k, i, j, u, v] with zeros around, in twice the digits."""
    return sliding_window_view(np.pad(array.astype(float), ((0, 0), (0, 0), (1, 1), (1, 1))), WINDOWS, axis=(2, 3))


def layer_of(module, name, convert=lambda array: array):
    """What a module computes of a layer, and the same by NumPy in float64."""
    images, channels, outputs, side = LAYERS[name]
    x, k = positive(images, channels, side, side), positive(outputs, channels, *WINDOWS)
    d = positive(images, outputs, side, side)
    computed = {
        "forward": module.forward(convert(x), convert(k)),
        "grad_kernel": module.grad_kernel(convert(d), convert(x), kernel_shape=k.shape),
        "grad_input": module.grad_input(convert(d), convert(k), input_shape=x.shape),
    }
    turned = k[:, :, ::-1, ::-1].astype(float)
    expected = {
        "forward": np.einsum("nkijuv,okuv->noij", windows(x), k.astype(float), optimize=True),
        "grad_kernel": np.einsum("nkijuv,noij->okuv", windows(x), d.astype(float), optimize=True),
        "grad_input": np.einsum("noijuv,okuv->nkij", windows(d), turned, optimize=True),
    }
    return computed, expected


def converter(target):
    """What makes the arrays of a target of NumPy's."""
    return importlib.import_module("dask.array").from_array if target == "dask" else np.asarray


def assert_kept(computed, expected):
    for part, wanted in expected.items():
        found = np.asarray(computed[part])
        assert found.dtype == np.float32, part
        assert np.abs(found - wanted).max() <= 1e-6 * np.abs(wanted).max(), part


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("layer", LAYERS)
def test_convolutions(loaded, layer, target):
    assert_kept(*layer_of(loaded("conv2d --padding 1", target), layer, converter(target)))


@pytest.mark.targets
@pytest.mark.parametrize("library", ["torch", "jax.numpy"])
@pytest.mark.parametrize("layer", LAYERS)
def test_array_libraries(loaded, layer, library):
    """Of small matrices torch adds up all products in a row: 65,536 of them would lose 4e-6."""
    convert = importlib.import_module(library).asarray
    assert_kept(*layer_of(loaded("conv2d --padding 1", "array-api"), layer, convert))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("sides", [(3, 40_000), (40_000, 3), (300, 3000)])
def test_dense_layers(loaded, sides, target):
    rows, columns = sides
    convert = converter(target)
    module, w, x, d = loaded("dense", target), positive(rows, columns), positive(columns), positive(rows)
    computed = {
        "forward": module.forward(convert(w), convert(x)),
        "grad_input": module.grad_input(convert(d), convert(w)),
    }
    wide = w.astype(float)
    assert_kept(computed, {"forward": wide @ x.astype(float), "grad_input": d.astype(float) @ wide})
