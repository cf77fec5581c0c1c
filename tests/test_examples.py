"""The programs in docs/examples do what they say."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from scipy import ndimage
from skimage import data

EXAMPLES = Path(__file__).parent.parent / "docs" / "examples"


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_photograph_is_filtered_as_scipy_filters_it() -> None:
    filtering = example("filter_photograph")
    photograph = data.camera().astype(np.float32) / 255
    across, down = (ndimage.correlate(photograph, k, mode="constant") for k in (filtering.SOBEL, filtering.SOBEL.T))
    np.testing.assert_allclose(filtering.edges(photograph), np.hypot(across, down), atol=1e-5)


def test_a_small_network_learns_to_read_digits() -> None:
    training = example("train_digits")
    module, weights = training.exported(), training.initial()
    images, labels, test_images, test_labels = training.data()
    before = training.loss_of(module, weights, test_images, test_labels)
    for epoch in range(training.EPOCHS):
        training.train_epoch(module, weights, images, labels, epoch)
    assert training.loss_of(module, weights, test_images, test_labels) < before / 4
    assert training.accuracy(module, weights, test_images[:100], test_labels[:100]) > 0.85


@pytest.mark.torch
def test_torch_checks_the_gradients_of_a_registered_kernel() -> None:
    assert example("torch_and_jax").with_torch()


@pytest.mark.torch
def test_both_networks_of_the_example_learn_alike() -> None:
    training = example("train_digits")
    seconds = list(training.torch_epoch(training.initial(), *training.data()[:2]))
    assert len(seconds) == training.EPOCHS


@pytest.mark.targets
def test_jax_checks_the_gradients_of_a_registered_kernel() -> None:
    assert example("torch_and_jax").with_jax()
