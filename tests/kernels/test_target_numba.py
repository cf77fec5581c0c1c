"""The target numba: compiled loops, compared with plain loops for blocks of four, remainders, tails and groups."""

from __future__ import annotations

import importlib.util
import re
import sys
from functools import cache
from itertools import count

import numpy as np
import pytest

from symconv.calculus.gradient import gradient, upstream
from symconv.errors import ExportError
from symconv.kernels import Export
from symconv.kernels.helpers import helper_names
from symconv.kernels.targets.numba import OWN_HELPERS, NumbaModule
from symconv.ops.correlate import correlate, transposed
from symconv.ops.layer import apply, cross_entropy, softmax
from symconv.ops.pool import pool_average, pool_max
from symconv.term.polynomial import Poly
from symconv.term.tensor import define
from symconv.term.value import Maximum, Range, at_least, bracket, equal, multiply, total
from tests.kernels import reference
from tests.kernels.build import close, leaf, size, sizes

N, g, C, M, H, W, r, c, s, d = sizes("N g C M H W r c s d")
p = size("p", 0)
image, kernel = leaf("input", N, C * g, H, W), leaf("kernel", M * g, C, r, c)
plane, small = leaf("input", N, C, H, W), leaf("kernel", M, C, 3, 4)
X, K, x, w = leaf("X", H, W), leaf("K", r, c), leaf("x", H), leaf("w", r)


def masked_sum():
    i = Poly.of("a")
    return define(
        "y", (H,), lambda j: total((Range.upto("a", H),), multiply(x[i], w[(j + i) % r], bracket(at_least(j, i))))
    )


def cut_maximum():
    """A window of which a condition leaves one tap, or none."""
    at = Poly.of("a")
    return define("y", (H,), lambda i: Maximum((Range.upto("a", 3),), multiply(x[i + at], bracket(equal(at, i)))))


EXPORTS = {
    "any": (correlate(image, kernel, stride=s, padding=p, dilation=d, groups=g), (image, kernel)),
    "3x4": (correlate(plane, small, padding=1), (plane, small)),
    "single channel": (correlate(X, K, stride=2, padding=((1, 2), (0, p))), (X, K)),
    "transposed": (
        transposed(leaf("X", N, C, H, W), leaf("K", C, M, r, c), stride=s, padding=p),
        (leaf("X", N, C, H, W), leaf("K", C, M, r, c)),
    ),
    "max": (pool_max(plane, (2, 3), (s, 2)), (plane,)),
    "overlapping": (pool_max(X, (2, 3), (1, 2)), (X,)),
    "cut": (cut_maximum(), (x,)),
    "average": (pool_average(plane, 2, s, padding=p), (plane,)),
    "loss": (cross_entropy(softmax(leaf("z", N, C)), leaf("y", N, C)), (leaf("z", N, C), leaf("y", N, C))),
    "function": (correlate(apply("f", X), K), (X, K)),
    "formula": (masked_sum(), (x, w)),
    "names": (
        correlate(leaf("x_0", size("shape")), leaf("x", size("dtype"))),
        (leaf("x_0", size("shape")), leaf("x", size("dtype"))),
    ),
}
number = count()


def text_of(f, *leaves):
    up = upstream(f) if f.rank else None
    gradients = {t.name: gradient(f, t, up) for t in leaves}
    return NumbaModule(Export(f, gradients, "A title")).source()


@cache
def exported(name):
    return text_of(EXPORTS[name][0], *EXPORTS[name][1])


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    """A module from a file of its own: Numba keeps what it has compiled beside the file."""
    loaded = {}

    def one(name):
        if name not in loaded:
            path = tmp_path_factory.mktemp("kernels") / f"exported_{next(number)}.py"
            path.write_text(exported(name))
            spec = importlib.util.spec_from_file_location(path.stem, path)
            loaded[name] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(loaded[name])
        return loaded[name]

    return one


SLOW = ("transposed", "loss", "function", "names")  # to compile


@pytest.mark.targets
@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] if n in SLOW else []) for n in EXPORTS])
def test_the_self_test_passes(load, name, capsys):
    assert load(name).self_test() == 0
    assert "WRONG" not in capsys.readouterr().out


# (input, kernel, stride, padding, dilation, groups): blocks of four and remainders, tails, 1-wide images, no images
CONFIGURATIONS = [
    ((2, 10, 9, 8), (14, 5, 3, 2), 2, 1, 2, 2),
    ((1, 6, 7, 1), (5, 6, 4, 1), 3, 0, 1, 1),
    ((3, 4, 5, 6), (8, 1, 2, 3), 1, 2, 3, 4),
    ((2, 7, 4, 11), (9, 7, 4, 5), 4, 3, 1, 1),
    ((1, 3, 6, 5), (4, 3, 6, 5), 1, 0, 1, 1),
    ((0, 2, 6, 5), (3, 2, 2, 3), 2, 1, 1, 1),
]


@pytest.mark.targets
@pytest.mark.parametrize("shapes", CONFIGURATIONS)
def test_convolution_with_any_options(load, shapes):
    image_shape, kernel_shape, stride, padding, dilation, groups = shapes
    module, rng = load("any"), np.random.default_rng(7)
    a, b = rng.standard_normal(image_shape), rng.standard_normal(kernel_shape)
    around, options = ((padding, padding),) * 2, {"stride": stride, "padding": padding, "dilation": dilation}
    y = module.forward(a, b, **options)
    close(y, reference.correlate(a, b, (stride,) * 2, around, (dilation,) * 2, groups))
    up = rng.standard_normal(y.shape)
    dx, dk = reference.gradients(a, b, up, (stride,) * 2, around, (dilation,) * 2, groups)
    close(module.grad_input(up, b, a.shape, **options), dx)
    close(module.grad_kernel(up, a, b.shape, **options), dk)


@pytest.mark.targets
@pytest.mark.parametrize(
    "shapes", [((2, 5, 6, 7), (7, 5, 3, 4)), ((1, 9, 3, 2), (4, 9, 3, 4)), ((3, 1, 5, 4), (2, 1, 3, 4))]
)
def test_taps_that_are_written_out(load, shapes):
    module, rng = load("3x4"), np.random.default_rng(9)
    a, b = map(rng.standard_normal, shapes)
    y = module.forward(a, b)
    close(y, reference.correlate(a, b, (1, 1), ((1, 1),) * 2, (1, 1)))
    up = rng.standard_normal(y.shape)
    dx, dk = reference.gradients(a, b, up, (1, 1), ((1, 1),) * 2, (1, 1))
    close(module.grad_input(up, b, a.shape), dx)
    close(module.grad_kernel(up, a, b.shape), dk)


@pytest.mark.targets
def test_the_first_winner_takes_the_gradient(load):
    module, rng = load("max"), np.random.default_rng(3)
    a = rng.integers(0, 3, (2, 3, 7, 9)).astype(float)  # many ties
    up = rng.standard_normal((2, 3, 2, 4))
    close(module.forward(a, stride=4), reference.pooled(a, (2, 3), (4, 2), np.max))
    close(module.grad_input(up, a, stride=4), reference.max_pool_gradient(a, up, (2, 3), (4, 2)))
    a[1, 2, 1, 3] = np.nan
    found = module.forward(a, stride=4)
    assert np.array_equal(found, reference.pooled(a, (2, 3), (4, 2), np.max), equal_nan=True)
    lowest = np.full((1, 1, 2, 3), -np.inf)
    assert module.forward(lowest, stride=1)[0, 0, 0, 0] == -np.inf
    close(module.grad_input(np.ones((1, 1, 1, 1)), lowest, stride=1)[0, 0], [[1, 0, 0], [0, 0, 0]])


@pytest.mark.targets
def test_any_layout_of_the_arrays(load):
    """Strided, turned, Fortran-ordered and read-only arrays; the arguments stay as they are."""
    module, rng = load("3x4"), np.random.default_rng(4)
    a = np.asfortranarray(rng.standard_normal((2, 5, 6, 14)))[..., ::-2]
    b = rng.standard_normal((7, 5, 3, 4))
    b.flags.writeable = False
    before = a.copy()
    close(module.forward(a, b), reference.correlate(a, b, (1, 1), ((1, 1),) * 2, (1, 1)))
    assert np.array_equal(a, before)


@pytest.mark.targets
@pytest.mark.parametrize("kind", [np.float32, pytest.param(np.int64, marks=pytest.mark.slow)])
def test_types_are_kept(load, kind):
    module, rng = load("3x4"), np.random.default_rng(5)
    a, b = rng.integers(-9, 9, (1, 2, 5, 4)).astype(kind), rng.integers(-9, 9, (5, 2, 3, 4)).astype(kind)
    y = module.forward(a, b)
    assert y.dtype == kind
    assert np.array_equal(y, reference.correlate(a, b, (1, 1), ((1, 1),) * 2, (1, 1)))


@pytest.mark.targets
@pytest.mark.parametrize("kind", ["float16", ">f4", ">f8", "longdouble"])
def test_types_that_are_not_compiled_for(load, kind):
    kernel = np.ones((5, 2, 3, 4), kind)
    message = (
        f"kernel: entries of type {kernel.dtype} given; float32, float64 or integers in the byte order of this machine "
        "needed; convert with .astype(np.float64)"
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        load("3x4").forward(np.ones((1, 2, 5, 4)), kernel)


def test_modules_are_clean(tmp_path, assert_clean):
    for place, name in enumerate(["any", "3x4", "max", "formula"]):
        (tmp_path / f"kernels{place}.py").write_text(exported(name))
    assert_clean(tmp_path)


def test_nothing_but_contraction_is_allowed():
    """Sums keep the order of the source, so that what is no number stays none."""
    assert 'fastmath={"contract"}' in exported("3x4")
    assert exported("3x4").count("fastmath") == 1


def test_without_numba_the_message_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(
        ImportError, match=r"numba: not found; .* compiled by Numba; pip install numba, or export with --"
    ):
        exec(compile(exported("formula"), "exported", "exec"), {"__name__": "exported"})  # noqa: S102


def test_helpers_have_names_of_their_own():
    assert set(OWN_HELPERS).isdisjoint(helper_names())


def test_tensors_with_names_of_the_module_get_others():
    """`lanes` is a name of the compiled functions, `numba` that of the compiler."""
    for name in ("lanes", "numba"):
        text = text_of(apply("tanh", leaf(name, H)))
        assert f"def forward({name}_2: Array" in text


@pytest.mark.slow
@pytest.mark.targets
def test_names_that_look_like_those_of_the_loops(load):
    """Tensors and sizes called as the loops call their rows, or as an attribute of an array."""
    module, rng = load("names"), np.random.default_rng(6)
    a, b = rng.standard_normal(9), rng.standard_normal(4)
    close(module.forward(a, b), np.correlate(a, b, "valid"))
    assert module.self_test() == 0


def test_a_window_that_changes_is_refused():
    f = define("y", (H,), lambda i: Maximum((Range("a", Poly.of(0), i),), x[Poly.of("a")]))
    with pytest.raises(ExportError, match="a window whose ends change with a; expected a fixed window; use a bracket"):
        text_of(f)
