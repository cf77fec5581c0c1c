"""Train a small CNN on scikit-learn's digits with an exported module alone, and against the same network in torch.

    python docs/examples/train_digits.py            # trains; prints accuracy and time for each epoch
    python docs/examples/train_digits.py --torch    # the same in torch beside it, one thread each

The network is written once, as formulas; `symconv.export` derives and proves all gradients and writes one module,
whose function `step` computes the loss and all gradients.  Nothing else of symconv is used while it trains.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from types import ModuleType
from typing import Any

for threads in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(threads, "1")

import numpy as np  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402

import symconv as sc  # noqa: E402

Array = np.ndarray[Any, np.dtype[Any]]
SHAPES = {"K1": (8, 1, 3, 3), "b1": (8,), "K2": (16, 8, 3, 3), "b2": (16,), "D": (10, 64), "bd": (10,)}
BATCH, RATE, EPOCHS = 32, 0.1, 5


def network() -> sc.Tensor:
    """The loss: two layers of 3x3 convolution with padding 1, relu and max pooling, a dense layer, cross-entropy."""
    N, H, W, C1, C2, M = sc.sizes("N H W C1 C2 M")
    X, Y = sc.tensor("X", N, 1, H, W), sc.tensor("Y", N, M)
    K1, b1, K2, b2 = (
        sc.tensor("K1", C1, 1, 3, 3),
        sc.tensor("b1", C1),
        sc.tensor("K2", C2, C1, 3, 3),
        sc.tensor("b2", C2),
    )
    first = sc.pool_max(sc.apply("relu", sc.add_bias(sc.correlate(X, K1, padding=1), b1, 1)), (2, 2))
    second = sc.pool_max(sc.apply("relu", sc.add_bias(sc.correlate(first, K2, padding=1), b2, 1)), (2, 2))
    rows = sc.flatten_rows(second)
    D, bd = sc.tensor("D", M, rows.shape[1]), sc.tensor("bd", M)
    return sc.cross_entropy(sc.softmax(sc.dense(D, rows, bd)), Y)


def exported() -> ModuleType:
    """The module as a file would hold it."""
    module = ModuleType("digits_network")
    exec(compile(sc.export(network(), tuple(SHAPES)), "digits_network.py", "exec"), module.__dict__)  # noqa: S102
    return module


def data() -> tuple[Array, Array, Array, Array]:
    """Images [N, 1, 8, 8] and labels as rows of a table, for training and for the test."""
    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))
    images = (digits.images[order, None] / 16).astype(np.float32)
    labels = np.eye(10, dtype=np.float32)[digits.target[order]]
    return images[:1500], labels[:1500], images[1500:], labels[1500:]


def initial() -> dict[str, Array]:
    """Random weights, zeros as biases."""
    rng = np.random.default_rng(1)
    return {
        name: (rng.standard_normal(shape) * np.sqrt(2 / max(1, np.prod(shape[1:])))).astype(np.float32)
        if len(shape) > 1
        else np.zeros(shape, np.float32)
        for name, shape in SHAPES.items()
    }


def batches(images: Array, labels: Array, epoch: int) -> Iterator[tuple[Array, Array]]:
    """The data in a new order."""
    order = np.random.default_rng(epoch).permutation(len(images))
    for first in range(0, len(order), BATCH):
        some = order[first : first + BATCH]
        yield images[some], labels[some]


def train_epoch(module: ModuleType, weights: dict[str, Array], images: Array, labels: Array, epoch: int) -> float:
    """One pass over the data by gradient descent; the seconds it took."""
    begun = time.perf_counter()
    for X, Y in batches(images, labels, epoch):
        _, gradients = module.step(X=X, Y=Y, **weights)
        for name, gradient in gradients.items():
            weights[name] -= RATE / len(X) * gradient
    return time.perf_counter() - begun


def loss_of(module: ModuleType, weights: dict[str, Array], images: Array, labels: Array) -> float:
    """The mean loss."""
    return float(module.forward(X=images, Y=labels, **weights)) / len(images)


def accuracy(module: ModuleType, weights: dict[str, Array], images: Array, labels: Array) -> float:
    """How many digits are read right: the label with the least loss is the one that the network chooses."""
    right = 0
    for X, Y in zip(images, labels, strict=True):
        losses = [
            float(module.forward(X=X[None], Y=np.eye(10, dtype=np.float32)[k : k + 1], **weights)) for k in range(10)
        ]
        right += int(np.argmin(losses) == np.argmax(Y))
    return right / len(images)


def torch_epoch(weights: dict[str, Array], images: Array, labels: Array) -> Iterator[float]:
    """The same network, weights and batches in torch on one thread; the seconds of each epoch."""
    import torch
    from torch.nn import functional

    torch.set_num_threads(1)
    w = {name: torch.tensor(value, requires_grad=True) for name, value in weights.items()}
    for epoch in range(EPOCHS):
        begun = time.perf_counter()
        for X, Y in batches(images, labels, epoch):
            x, y = torch.from_numpy(X), torch.from_numpy(Y)
            first = functional.max_pool2d(torch.relu(torch.conv2d(x, w["K1"], w["b1"], padding=1)), 2)
            second = functional.max_pool2d(torch.relu(torch.conv2d(first, w["K2"], w["b2"], padding=1)), 2)
            scores = second.flatten(1) @ w["D"].T + w["bd"]
            loss = -(functional.log_softmax(scores, 1) * y).sum()
            for value in w.values():
                value.grad = None
            loss.backward()
            with torch.no_grad():
                for value in w.values():
                    value -= RATE / len(X) * value.grad
        yield time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torch", action="store_true", help="train the same network in torch, too")
    options = parser.parse_args()
    module, weights = exported(), initial()
    train_images, train_labels, images, labels = data()
    other = torch_epoch(initial(), train_images, train_labels) if options.torch else None
    for epoch in range(EPOCHS):
        seconds = train_epoch(module, weights, train_images, train_labels, epoch)
        beside = f", torch {next(other):.3f} s" if other is not None else ""
        print(f"epoch {epoch}: loss {loss_of(module, weights, images, labels):.3f}, {seconds:.3f} s{beside}")
    print(f"test digits read right: {accuracy(module, weights, images, labels):.1%}")


if __name__ == "__main__":
    main()
