"""The target array-api: arrays of every library of the standard, compared with plain loops; compiled by JAX."""

from __future__ import annotations

import subprocess
import sys
from functools import cache, partial
from types import ModuleType

import numpy as np
import pytest

from symconv.calculus.gradient import gradient, upstream
from symconv.errors import ExportError
from symconv.kernels import Export
from symconv.kernels.targets.array_api import ArrayModule
from symconv.ops.correlate import correlate, transposed
from symconv.ops.layer import add_bias, apply, cross_entropy, softmax
from symconv.ops.matrix import matmul, toeplitz, vec
from symconv.ops.pool import pool_average, pool_max
from symconv.ops.window import stuff
from symconv.term.polynomial import Poly
from symconv.term.tensor import define
from symconv.term.value import Maximum, Range, at_least, bracket, multiply, total
from tests.kernels import reference
from tests.kernels.build import close, leaf, size, sizes

N, g, C, M, H, W, r, c, s, d = sizes("N g C M H W r c s d")
p = size("p", 0)
image, kernel = leaf("input", N, C * g, H, W), leaf("kernel", M * g, C, r, c)
CONV = correlate(image, kernel, stride=s, padding=p, dilation=d, groups=g)
X, K, x, w = leaf("X", H, W), leaf("K", r, c), leaf("x", H), leaf("w", r)


def text_of(f, *leaves):
    up = upstream(f) if f.rank else None
    gradients = {t.name: gradient(f, t, up) for t in leaves}
    return ArrayModule(Export(f, gradients, "A title")).source()


def load(text):
    module = ModuleType("exported")
    exec(compile(text, "exported", "exec"), module.__dict__)  # noqa: S102
    return module


def masked_sum():
    i = Poly.of("a")
    return define(
        "y", (H,), lambda j: total((Range.upto("a", H),), multiply(x[i], w[(j + i) % r], bracket(at_least(j, i))))
    )


EXPORTS = {
    "conv2d": (CONV, (image, kernel)),
    "with bias": (add_bias(CONV, leaf("bias", M * g), axis=1), (image, kernel, leaf("bias", M * g))),
    "fixed": (correlate(leaf("input", N, 3, H, W), leaf("kernel", 8, 3, 3, 3), 2, 1), ()),
    "single channel": (correlate(X, K, stride=s, padding=((1, 2), (0, p))), (X, K)),
    "transposed": (
        transposed(leaf("X", N, C, H, W), leaf("K", C, M, r, c), stride=s, padding=p),
        (leaf("X", N, C, H, W), leaf("K", C, M, r, c)),
    ),
    "max": (pool_max(leaf("X", N, C, H, W), (2, 3), (s, 2)), (leaf("X", N, C, H, W),)),
    "average": (pool_average(leaf("X", N, C, H, W), 2, s, padding=p), (leaf("X", N, C, H, W),)),
    "stuff": (stuff(X, s), (X,)),
    "toeplitz": (matmul(toeplitz(K, (H, W)), vec(X)), (X, K)),
    "loss": (cross_entropy(softmax(leaf("z", N, C)), leaf("y", N, C)), (leaf("z", N, C), leaf("y", N, C))),
    "two layers": (correlate(apply("f", correlate(X, K)), leaf("K2", C, M)), (X, K, leaf("K2", C, M))),
    "tanh": (correlate(apply("tanh", correlate(X, K)), leaf("K2", C, M)), (X, K, leaf("K2", C, M))),
    "formula": (masked_sum(), (x, w)),
    "two quotients": (define("y", (C,), lambda i: multiply(x[i // 2], x[i % 3])), (x,)),
}


@cache
def exported(name):
    return text_of(EXPORTS[name][0], *EXPORTS[name][1])


@pytest.mark.parametrize("name", EXPORTS)
def test_the_self_test_passes(name, capsys):
    assert load(exported(name)).self_test() == 0
    assert "WRONG" not in capsys.readouterr().out


def test_modules_are_clean(tmp_path, assert_clean):
    for number, name in enumerate(["conv2d", "max", "loss", "two layers", "formula"]):
        (tmp_path / f"kernels{number}.py").write_text(exported(name))
    assert_clean(tmp_path)


# (input, kernel, stride, padding, dilation, groups): tails that do not divide, 1-wide images, large kernels
CONFIGURATIONS = [
    ((2, 6, 9, 8), (4, 3, 3, 2), 2, 1, 2, 2),
    ((1, 2, 7, 1), (3, 2, 4, 1), 3, 0, 1, 1),
    ((3, 4, 5, 6), (4, 1, 2, 3), 1, 2, 3, 4),
    ((2, 1, 4, 11), (5, 1, 4, 5), 4, 3, 1, 1),
    ((1, 3, 6, 5), (2, 3, 6, 5), 1, 0, 1, 1),
    ((0, 2, 6, 5), (3, 2, 2, 3), 2, 1, 1, 1),
]


def as_numpy(array):
    return np.asarray(array, dtype=np.float64)


def strict():
    import array_api_strict as xp

    xp.set_array_api_strict_flags(boolean_indexing=False, data_dependent_shapes=False, enabled_extensions=())
    return xp.asarray, partial, as_numpy


def torch_tensors():
    import torch

    return torch.asarray, partial, lambda tensor: tensor.numpy()


def jax_compiled():
    import jax

    jax.config.update("jax_enable_x64", True)
    return jax.numpy.asarray, lambda function, **options: jax.jit(partial(function, **options)), as_numpy


LIBRARIES = {"strict": strict, "torch": torch_tensors, "jax": jax_compiled}


CASES = [(library, shapes) for library in LIBRARIES for shapes in CONFIGURATIONS[: 3 if library == "jax" else None]]


@pytest.mark.targets
@pytest.mark.parametrize(("library", "shapes"), CASES)
def test_convolution_on_every_library(library, shapes):
    image_shape, kernel_shape, stride, padding, dilation, groups = shapes
    module = load(exported("conv2d"))
    give, bound, take = LIBRARIES[library]()
    rng = np.random.default_rng(7)
    a, b = rng.standard_normal(image_shape), rng.standard_normal(kernel_shape)
    around = ((padding, padding),) * 2
    options = {"stride": stride, "padding": padding, "dilation": dilation}
    wanted = reference.correlate(a, b, (stride,) * 2, around, (dilation,) * 2, groups)
    up = rng.standard_normal(wanted.shape)
    dx, dk = reference.gradients(a, b, up, (stride,) * 2, around, (dilation,) * 2, groups)
    close(take(bound(module.forward, **options)(give(a), give(b))), wanted)
    close(take(bound(module.grad_input, input_shape=a.shape, **options)(give(up), give(b))), dx)
    close(take(bound(module.grad_kernel, kernel_shape=b.shape, **options)(give(up), give(a))), dk)


@pytest.mark.targets
@pytest.mark.parametrize("library", LIBRARIES)
def test_the_first_winner_takes_the_gradient_on_every_library(library):
    module = load(exported("max"))
    give, bound, take = LIBRARIES[library]()
    rng = np.random.default_rng(3)
    a = rng.integers(0, 3, (2, 3, 7, 9)).astype(float)  # many ties
    up = rng.standard_normal((2, 3, 2, 4))
    close(take(bound(module.forward, stride=4)(give(a))), reference.pooled(a, (2, 3), (4, 2), np.max))
    close(take(bound(module.grad_X, stride=4)(give(up), give(a))), reference.max_pool_gradient(a, up, (2, 3), (4, 2)))
    strict_ties = np.ones((1, 1, 4, 3))
    found = take(bound(module.grad_X, stride=1)(give(np.ones((1, 1, 3, 1))), give(strict_ties)))
    close(found, reference.max_pool_gradient(strict_ties, np.ones((1, 1, 3, 1)), (2, 3), (1, 2)))


def by_name(function, names):
    """The function of arrays in this order."""
    return lambda *given, **rest: function(**dict(zip(names, given, strict=True)), **rest)


@pytest.mark.targets
@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("name", ["transposed", "average", "loss", "toeplitz", "formula", "tanh"])
def test_other_operations_on_every_library(library, name):
    """What the self-test has compared with plain loops on NumPy arrays comes out the same elsewhere."""
    module = load(exported(name))
    give, bound, take = LIBRARIES[library]()
    rng = np.random.default_rng(5)
    for function, _, names, _ in module.CHECKS:
        case = module.CASES[0]
        if not callable(function) or function.__name__.startswith("step"):
            continue
        drawn = {n: rng.uniform(0.5, 1.5, v) if isinstance(v, tuple) else v for n, v in case.items()}
        arrays = [n for n in names if isinstance(case.get(n), tuple)]
        shapes = {n: case[n.removesuffix("_shape")] for n in names if n.endswith("_shape")}
        options = {n: v for n, v in drawn.items() if n in names and n not in arrays} | shapes
        called = bound(by_name(function, arrays), **options)
        close(take(called(*(give(drawn[n]) for n in arrays))), function(**{n: drawn[n] for n in arrays}, **options))


@pytest.mark.targets
def test_jax_differentiates_the_forward_function_to_the_exported_gradients():
    """Two ways to the gradient that share nothing: JAX's transposition of the program, and the proved formula."""
    give, bound, _ = jax_compiled()
    import jax

    module = load(exported("conv2d"))
    rng = np.random.default_rng(11)
    a, b = give(rng.standard_normal((2, 6, 8, 7))), give(rng.standard_normal((4, 3, 3, 2)))
    options = {"stride": 3, "padding": 2, "dilation": 2}
    y, back = jax.vjp(bound(module.forward, **options), a, b)
    up = give(rng.standard_normal(y.shape))
    dx, dk = back(up)
    close(bound(module.grad_input, input_shape=a.shape, **options)(up, b), dx)
    close(bound(module.grad_kernel, kernel_shape=b.shape, **options)(up, a), dk)


@pytest.mark.targets
@pytest.mark.parametrize("kind", ["float32", "int64"])
def test_types_are_kept(kind):
    import array_api_strict as xp

    module = load(exported("conv2d"))
    rng = np.random.default_rng(2)
    a, b = rng.integers(-5, 5, (1, 2, 6, 5)).astype(kind), rng.integers(-5, 5, (3, 2, 2, 3)).astype(kind)
    options = {"stride": 2, "padding": 1}
    y = module.forward(xp.asarray(a), xp.asarray(b), **options)
    assert y.dtype == getattr(xp, kind)
    wanted = reference.correlate(a, b, (2, 2), ((1, 1),) * 2, (1, 1))
    assert np.array_equal(np.asarray(y), wanted)
    dx = module.grad_input(y, xp.asarray(b), a.shape, **options)
    assert dx.dtype == getattr(xp, kind)
    assert np.array_equal(np.asarray(dx), reference.gradients(a, b, wanted, (2, 2), ((1, 1),) * 2, (1, 1))[0])


@pytest.mark.targets
@pytest.mark.parametrize("library", ["numpy", *LIBRARIES])
@pytest.mark.parametrize("kind", ["bool", "uint8", "int8", "int16"])
def test_small_integers_are_summed_in_wide_ones(library, kind):
    """As NumPy's target does: 100 * 100 does not fit into what the entries are given in."""
    give, bound, back = LIBRARIES[library]() if library in LIBRARIES else (np.asarray, partial, np.asarray)
    a, b = np.full((1, 1, 3, 3), 100).astype(kind), np.full((1, 1, 2, 2), 100).astype(kind)
    found = back(bound(load(exported("conv2d")).forward)(give(a), give(b)))
    np.testing.assert_array_equal(found, np.full((1, 1, 2, 2), 4 if kind == "bool" else 40000))


@pytest.mark.targets
def test_integers_of_jax_without_64_bits(tmp_path):
    program = (
        "import runpy, sys, jax.numpy as jnp; forward = runpy.run_path(sys.argv[1])['forward']\n"
        "y = forward(*(jnp.full((1, 1, 2, 2), 100, jnp.uint8),) * 2); print(y.dtype, y.item())\n"
        "y = forward(*(jnp.full((1, 1, 1, 1), n, jnp.uint32) for n in (1, 2**32 - 1))); print(y.dtype, y.item())\n"
    )
    path = tmp_path / "kernels.py"
    path.write_text(exported("conv2d"))
    command = [sys.executable, "-W", "error", "-c", program, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["int32 40000", "uint32 4294967295"], done.stderr


IMAGE, KERNEL = np.ones((2, 4, 9, 8)), np.ones((6, 2, 3, 2))


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        (
            (np.ma.array(IMAGE), KERNEL),
            {},
            ValueError,
            r"input: MaskedArray given; a number at every place needed; fill",
        ),
        (([1.0], KERNEL), {}, TypeError, r"input: list given, which has no __array_namespace__; an array .*; pass one"),
        ((IMAGE, 1j * KERNEL), {}, TypeError, r"kernel: entries of type complex128 given; real .*; give an array of"),
        ((IMAGE, KERNEL.astype(object)), {}, TypeError, r"kernel: entries of type object given; real numbers needed"),
        ((IMAGE, KERNEL > 0), {}, TypeError, r"kernel: entries of type int64 given beside input: float64; one .*small"),
        ((IMAGE[0], KERNEL), {}, ValueError, r"input: 3 axes given, shape \(4, 9, 8\); 4 needed, .*; reshape it"),
        ((IMAGE, KERNEL.astype("f4")), {}, TypeError, r"kernel: entries of type float32 given beside input: f"),
        ((IMAGE, KERNEL), {"stride": 0}, ValueError, "stride: 0 given; at least 1 needed; give a larger one"),
        ((IMAGE[:, :3], KERNEL), {}, ValueError, r"input: shape \(2, 3, 9, 8\) given; \(2, 2, 9, 8\) needed"),
    ],
)
def test_bad_input_is_refused_with_a_clear_message(arguments, options, error, message):
    with pytest.raises(error, match=message):
        load(exported("conv2d")).forward(*arguments, **options)


def test_whole_numbers_are_refused_where_the_formula_divides():
    with pytest.raises(TypeError, match="X: entries of type int64 given; floating-point numbers needed, since"):
        load(exported("average")).forward(np.ones((1, 1, 4, 4), dtype=int))


@pytest.mark.targets
def test_arrays_of_two_libraries_are_refused():
    import torch

    with pytest.raises(TypeError, match=r"kernel: an array of .*torch given beside input, one of numpy; arrays of"):
        load(exported("conv2d")).forward(IMAGE, torch.ones(6, 2, 3, 2))


def test_what_the_standard_lacks_is_refused_at_export():
    with pytest.raises(ExportError, match="the function normal_cdf: erf, which the array API standard does not have"):
        text_of(apply("gelu", X))
    with pytest.raises(ExportError, match=r"ones: a function that is given no array, .*; use the target numpy"):
        text_of(define("ones", (H,), lambda i: i + 1))


def test_a_window_that_changes_is_refused():
    f = define("y", (H,), lambda i: Maximum((Range("a", Poly.of(0), i),), x[Poly.of("a")]))
    with pytest.raises(ExportError, match="a window whose ends change with a; expected a fixed window; use a bracket"):
        text_of(f)
