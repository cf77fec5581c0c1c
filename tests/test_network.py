"""A network of five layers: convolution, pooling, convolution, pooling, dense; with softmax and cross-entropy.

All sizes are symbols and the maps differ in number from layer to layer.  Each
stage of the backward pass is a theorem; neighbouring stages compose; the
exported module agrees with autograd and learns to read digits.
"""

from __future__ import annotations

import importlib.util
import itertools
import json
from functools import cache
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import sympy

import symconv as sc
from symconv.errors import SizeError
from symconv.proof.check import check
from tests import stages

PARAMETERS = ("K1", "b1", "K2", "b2", "D", "bd")


@cache
def network() -> SimpleNamespace:
    """The tensors of the forward pass by the names of the stages, the parameters, and the loss."""
    N, H, W, C1, C2, M, r, q = sc.sizes("N H W C1 C2 M r q")
    X, Y = sc.tensor("X", N, 1, H, W), sc.tensor("Y", N, M)
    K1, b1 = sc.tensor("K1", C1, 1, r, r), sc.tensor("b1", C1)
    K2, b2 = sc.tensor("K2", C2, C1, q, q), sc.tensor("b2", C2)
    z1 = sc.correlate(X, K1)
    n1 = sc.add_bias(z1, b1, 1)
    a1 = sc.apply("relu", n1)
    p1 = sc.pool_average(a1, (2, 2))
    z2 = sc.correlate(p1, K2)
    n2 = sc.add_bias(z2, b2, 1)
    a2 = sc.apply("relu", n2)
    p2 = sc.pool_average(a2, (2, 2))
    v = sc.flatten_rows(p2)
    D, bd = sc.tensor("D", M, v.shape[1]), sc.tensor("bd", M)
    z = sc.dense(D, v, bd)
    p = sc.softmax(z)
    loss = sc.cross_entropy(p, Y)
    return SimpleNamespace(**locals())


CHAIN = ("z1", "n1", "a1", "p1", "z2", "n2", "a2", "p2", "v", "z")


def replayed(verdict: Any) -> bool:
    """Proved for all sizes, and the checker accepts the whole trace."""
    assert verdict.scope == "all sizes", verdict
    return check(json.loads(json.dumps(verdict.certificate))) > 0


CLOSED_FORMS, COMPOSITIONS = stages.closed_forms(), stages.compositions()


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_each_stage_is_the_formula_that_one_writes(name: str) -> None:
    assert replayed(sc.prove(*CLOSED_FORMS[name]))


@pytest.mark.parametrize("name", COMPOSITIONS)
def test_neighbouring_stages_compose(name: str) -> None:
    """dL/dA by way of both layers is that of the first, its upstream gradient being that of the second."""
    assert replayed(sc.prove(*COMPOSITIONS[name]))


def test_every_pair_of_neighbours_in_the_network_is_composed() -> None:
    layers = [layer.__name__ for layer in stages.CHAIN]
    assert len(layers) == len(CHAIN)
    assert {f"{a} then {b}" for a, b in itertools.pairwise(layers)} == set(COMPOSITIONS)


def test_the_last_stage_is_p_minus_y() -> None:
    net = network()
    i, k, m = sc.indices("i k m")
    labels = sc.total(net.Y[i, m], (m, 0, net.M - 1))
    dz = sc.gradient(net.loss, net.z)
    assert replayed(sc.prove(dz[i, k], net.p[i, k] * labels - net.Y[i, k]))


def test_the_table_of_shapes_and_parameters() -> None:
    """LeNet's first layers on 28 x 28: 24, 12, 8 and 4 by hand; and the numbers of parameters."""
    net = network()
    given = {net.H: 28, net.W: 28, net.C1: 6, net.C2: 16, net.M: 10, net.r: 5, net.q: 5, net.N: 1}
    shapes = {name: tuple(int(e.subs(given)) for e in getattr(net, name).shape) for name in CHAIN}
    assert shapes["n1"] == (1, 6, 24, 24)
    assert shapes["p1"] == (1, 6, 12, 12)
    assert shapes["n2"] == (1, 16, 8, 8)
    assert shapes["p2"] == (1, 16, 4, 4)
    assert (shapes["v"], shapes["z"]) == ((1, 256), (1, 10))
    counts = {name: np.prod([int(e.subs(given)) for e in getattr(net, name).shape]) for name in PARAMETERS}
    assert counts == {"K1": 150, "b1": 6, "K2": 2400, "b2": 16, "D": 2560, "bd": 10}


def test_the_summary_is_that_table() -> None:
    """By hand: 150 + 6 + 2,400 + 16 + 2,560 + 10 parameters; the labels are none."""
    net = network()
    table = sc.summary(net.z, H=28, W=28, C1=6, C2=16, M=10, r=5, q=5, N=1)
    assert int(table.total) == 150 + 6 + 2400 + 16 + 2560 + 10
    shapes = [layer.shape for layer in table.layers]
    assert shapes == [
        (1, 6, 24, 24),
        (1, 6, 24, 24),
        (1, 6, 24, 24),
        (1, 6, 12, 12),
        (1, 16, 8, 8),
        (1, 16, 8, 8),
        (1, 16, 8, 8),
        (1, 16, 4, 4),
        (1, 256),
        (1, 10),
    ]
    for_all = sc.summary(net.z)
    assert sympy.expand(for_all.layers[0].count - net.C1 * net.r**2) == 0
    assert "<td>correlate</td>" in table._repr_html_()
    with pytest.raises(SizeError, match=r"summary\(.*\): the size k; expected .*; leave it out"):
        sc.summary(net.z, k=3)


# -- the exported module ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The loss and its gradients by all parameters, written by `export`, every formula proved."""
    path = Path(tmp_path_factory.mktemp("network")) / "network.py"
    source = sc.export(network().loss)
    assert source.count("proved for all sizes") >= len(PARAMETERS)
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("network", path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def digits(images: int) -> tuple[Any, Any]:
    """scikit-learn's 8 x 8 digits between 0 and 1, with one-hot labels."""
    from sklearn.datasets import load_digits

    data = load_digits()
    return data.images[:images, None] / 16.0, np.eye(10)[data.target[:images]]


def start(rng: Any, maps: tuple[int, int] = (8, 16)) -> dict[str, Any]:
    """Random parameters for 8 x 8 images, kernels of 3 and 2: 8 -> 6 -> 3 -> 2 -> 1."""
    first, second = maps
    return {
        "K1": rng.normal(size=(first, 1, 3, 3)) / 3,
        "b1": np.zeros(first),
        "K2": rng.normal(size=(second, first, 2, 2)) / np.sqrt(4 * first),
        "b2": np.zeros(second),
        "D": rng.normal(size=(10, second)) / np.sqrt(second),
        "bd": np.zeros(10),
    }


def test_it_learns_to_read_digits(module: ModuleType) -> None:
    """Over 95 % of unseen digits, with nothing but the exported gradients and forward pass."""
    rng = np.random.default_rng(5)
    images, labels = digits(1797)
    order = rng.permutation(len(images))
    train, test = order[:1437], order[1437:]
    parameters = start(rng, (12, 32))
    moments = {k: [np.zeros_like(v), np.zeros_like(v)] for k, v in parameters.items()}
    count = 0
    for _ in range(30):
        shuffled = rng.permutation(train)
        for batch in np.array_split(shuffled, len(train) // 32):
            count += 1
            _, gradients = module.step(X=images[batch], Y=labels[batch], **parameters)
            for name in PARAMETERS:
                m, s = moments[name]
                g = gradients[name] / len(batch)
                m += 0.1 * (g - m)
                s += 0.001 * (g * g - s)
                rate = 0.01 * np.sqrt(1 - 0.999**count) / (1 - 0.9**count)
                parameters[name] = parameters[name] - rate * m / (np.sqrt(s) + 1e-8)
    right = sum(_read(module, parameters, images[i]) == labels[i].argmax() for i in test)
    assert right / len(test) > 0.95


def _read(module: ModuleType, parameters: dict[str, Any], image: Any) -> int:
    """The label with the least loss."""
    losses = [float(module.forward(X=image[None], Y=np.eye(10)[None, k], **parameters)) for k in range(10)]
    return int(np.argmin(losses))


@pytest.mark.torch
def test_the_gradients_are_those_of_autograd(module: ModuleType) -> None:
    import torch
    from torch.nn.functional import avg_pool2d, conv2d, log_softmax, relu

    rng = np.random.default_rng(2)
    images, labels = digits(64)
    data = {"X": images, "Y": labels, **start(rng)}
    t = {k: torch.tensor(v, requires_grad=True) for k, v in data.items()}
    hidden = avg_pool2d(relu(conv2d(t["X"], t["K1"], t["b1"])), 2)
    hidden = avg_pool2d(relu(conv2d(hidden, t["K2"], t["b2"])), 2)
    logits = hidden.flatten(1) @ t["D"].T + t["bd"]
    loss = -(t["Y"] * log_softmax(logits, 1)).sum()
    loss.backward()
    found, gradients = module.step(**data)
    assert float(found) == pytest.approx(float(loss), rel=1e-12)
    assert set(gradients) == set(data)
    for name, gradient in gradients.items():
        exact = t[name].grad.numpy()
        assert np.abs(gradient - exact).max() <= 1e-10 * np.abs(exact).max()
