"""Activations, normalisation and resampling: against SymPy's derivatives, and against torch with its gradients."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

import numpy as np
import pytest
import sympy

import symconv as sc
from symconv.calculus.functions import DERIVATIVES

t = sympy.Symbol("t", real=True)
normal = sympy.exp(-(t**2) / 2) / sympy.sqrt(2 * sympy.pi)

# each function written out in SymPy's own functions; relu and step off their kink
DEFINITIONS: dict[str, sympy.Expr] = {
    "exp": sympy.exp(t),
    "log": sympy.log(t),
    "sigmoid": 1 / (1 + sympy.exp(-t)),
    "tanh": sympy.tanh(t),
    "relu": sympy.Max(t, 0),
    "step": sympy.Piecewise((1, t > 0), (0, True)),
    "square": t**2,
    "identity": t,
    "softplus": sympy.log(1 + sympy.exp(t)),
    "sqrt": sympy.sqrt(t),
    "gelu": t * (1 + sympy.erf(t / sympy.sqrt(2))) / 2,
    "normal_cdf": (1 + sympy.erf(t / sympy.sqrt(2))) / 2,
    "normal_pdf": normal,
}
ONLY_POSITIVE = {"log", "sqrt"}
POINTS = (sympy.Rational(-7, 3), sympy.Rational(-1, 4), sympy.Rational(1, 5), sympy.Rational(9, 4))


def test_every_function_of_the_table_is_compared() -> None:
    assert set(DEFINITIONS) == set(DERIVATIVES)


def compiled(f: Any, x: Any) -> Callable[[float], tuple[float, float]]:
    """The value and the derived gradient of an elementwise tensor at one number."""
    functions = f.compile(), sc.gradient(f, x, sc.upstream(f, "G")).compile()

    def both(at: float) -> tuple[float, float]:
        value, slope = (float(called(g, {"x": np.array([at]), "G": np.array([1.0])})[0]) for g in functions)
        return value, slope

    return both


def called(function: Callable[..., Any], data: dict[str, Any]) -> Any:
    """The function with those of the data that it takes."""
    needed = (p.name for p in signature(function).parameters.values() if p.default is p.empty)
    return function(**{name: data[name] for name in needed})


@pytest.mark.parametrize("name", DEFINITIONS)
def test_the_slope_is_that_of_sympy(name: str) -> None:
    """f' as SymPy differentiates the definition; f itself as NumPy computes it."""
    x = sc.tensor("x", 1)
    both = compiled(sc.apply(name, x), x)
    slope = sympy.diff(DEFINITIONS[name], t)
    for point in POINTS:
        if name in ONLY_POSITIVE and point < 0:
            continue
        value, derived = both(float(point))
        assert value == pytest.approx(float(DEFINITIONS[name].subs(t, point)), rel=1e-13, abs=1e-14)
        assert derived == pytest.approx(float(slope.subs(t, point).doit()), rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("name", ["exp", "log", "tanh", "square", "identity", "sqrt"])
def test_the_slope_is_a_theorem(name: str) -> None:
    """Where SymPy's own derivative is made of functions of the table, it is proved to be the one derived here."""
    x = sc.tensor("x", sc.sizes("n"))
    f = sc.apply(name, x)
    G = sc.upstream(f, "G")
    entry = sympy.IndexedBase("x")[sympy.Symbol("a", integer=True)]
    slope = sc.from_sympy(sympy.diff(DEFINITIONS[name], t).subs(t, entry), x)
    assert (
        sc.prove(sc.gradient(f, x, G), sc.define("claimed", x.shape, lambda a: slope * G[a], ["a"])).scope
        == "all sizes"
    )


def test_the_kink_of_relu_is_zero() -> None:
    x = sc.tensor("x", 1)
    assert compiled(sc.apply("relu", x), x)(0.0) == (0.0, 0.0)
    assert compiled(sc.leaky_relu(x, 0.25), x)(-2.0) == (-0.5, 0.25)


# -- against torch --------------------------------------------------------------------------------


N, C, H, W = sc.sizes("N C H W")
IMAGE, SHUFFLED = sc.tensor("X", N, C, H, W), sc.tensor("X", N, 4 * C, H, W)
GAIN, SHIFT = sc.tensor("g", C), sc.tensor("b", C)


def judged(f: Any, leaves: tuple[Any, ...], theirs: Callable[..., Any], *data: Any, **fixed: Any) -> None:
    """The value of f, and its gradients by the leaves, are those of torch for these arrays, to 1e-12."""
    import torch

    tensors = [torch.tensor(array, requires_grad=True) for array in data]
    exact = theirs(*tensors)
    upstream = np.random.default_rng(8).normal(size=tuple(exact.shape))
    exact.backward(torch.tensor(upstream))
    given = {leaf.name: array for leaf, array in zip(leaves, data, strict=True)} | fixed | {"G": upstream}
    given |= dict(zip("NCHW", data[0].shape, strict=True))
    assert close(called(f.compile(), given), exact)
    for leaf, tensor in zip(leaves, tensors, strict=True):
        assert close(called(sc.gradient(f, leaf, sc.upstream(f, "G")).compile(), given), tensor.grad)


def close(ours: Any, theirs: Any) -> bool:
    exact = theirs.detach().numpy()
    return bool(np.abs(ours - exact).max() <= 1e-12 * max(1, np.abs(exact).max()))


def image(*shape: int) -> Any:
    return np.random.default_rng(3).normal(size=shape)


@pytest.mark.torch
@pytest.mark.parametrize("name", ["sigmoid", "tanh", "softplus", "relu"])
def test_activations(name: str) -> None:
    import torch

    theirs = getattr(torch, name, None) or getattr(torch.nn.functional, name)
    judged(sc.apply(name, IMAGE), (IMAGE,), theirs, image(2, 3, 4, 5))


@pytest.mark.torch
def test_leaky_relu_and_gelu() -> None:
    from torch.nn.functional import gelu, leaky_relu

    judged(sc.leaky_relu(IMAGE, 0.125), (IMAGE,), lambda x: leaky_relu(x, 0.125), image(2, 3, 4, 5))
    judged(sc.gelu(IMAGE), (IMAGE,), gelu, image(2, 3, 4, 5))


@pytest.mark.torch
@pytest.mark.parametrize("corners", [False, True])
@pytest.mark.parametrize("factor", [(2, 2), (3, 2), (1, 4)])
def test_bilinear(corners: bool, factor: tuple[int, int]) -> None:
    from torch.nn.functional import interpolate

    def theirs(x: Any) -> Any:
        return interpolate(x, scale_factor=factor, mode="bilinear", align_corners=corners)

    judged(sc.upsample_bilinear(IMAGE, factor, corners=corners), (IMAGE,), theirs, image(2, 3, 4, 5))


@pytest.mark.torch
def test_nearest_and_pixel_shuffle() -> None:
    from torch.nn.functional import interpolate, pixel_shuffle

    nearest = sc.upsample_nearest(IMAGE, (3, 2))
    judged(nearest, (IMAGE,), lambda x: interpolate(x, scale_factor=(3, 2)), image(2, 3, 4, 5))
    ours = sc.pixel_shuffle(SHUFFLED, 2)
    judged(ours, (SHUFFLED,), lambda x: pixel_shuffle(x, 2), image(2, 8, 3, 5), C=2)


@pytest.mark.torch
def test_batch_normalisation() -> None:
    """In training, with the biased variance, by the input, the gain and the shift."""
    from torch.nn.functional import batch_norm

    def theirs(x: Any, gain: Any, shift: Any) -> Any:
        return batch_norm(x, None, None, gain, shift, training=True, eps=1e-3)

    ours = sc.batch_norm(IMAGE, GAIN, SHIFT, sc.tensor("e"))
    arrays = image(3, 2, 4, 5), np.array([1.5, -0.5]), np.array([0.25, 2.0])
    judged(ours, (IMAGE, GAIN, SHIFT), theirs, *arrays, e=np.array(1e-3))
