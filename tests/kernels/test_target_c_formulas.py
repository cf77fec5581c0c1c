"""Formulas that no operation names, in C: brackets, quotients, diagonals, maxima, and the gradients of all."""

from __future__ import annotations

import numpy as np
import pytest

from symconv.errors import ExportError
from symconv.ops.pool import pool_max
from symconv.term.polynomial import Poly
from symconv.term.tensor import Axis, Defined, define, tensors_in
from symconv.term.value import Apply, Function, Maximum, Range, total
from tests.kernels import reference
from tests.kernels.build import close, leaf, sizes
from tests.kernels.test_formula import CASES, SHAPE, VALUES, Q, X, n, rng, table, tensor, w, x
from tests.kernels.test_target_c import exported

pytestmark = pytest.mark.targets

N, C, H, W, s = sizes("N C H W s")


@pytest.fixture(autouse=True)
def _quickly_compiled(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("CFLAGS", "-O0")


def call(function, options, **more):
    code = function.__code__
    taken = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    known = {**VALUES, **SHAPE, **options, **more, "out": None}
    known |= {f"{name}_shape": value.shape for name, value in VALUES.items()}
    return function(**{name: known[name] for name in taken})


@pytest.mark.parametrize("name", CASES)
def test_forward_and_gradients(name, tmp_path):
    extents, _, options, entry = CASES[name]
    f = tensor(name)
    leaves = [t for t in (x, w, X, Q) if t in set(tensors_in(f.body))]
    module = exported(tmp_path, f, leaves)
    found = call(module.forward, options)
    close(found, table(tuple({**SHAPE, **options}[str(e)] for e in extents), entry))
    up = rng.standard_normal(found.shape) if f.rank else np.array(1.0)
    for target in leaves:
        got = call(getattr(module, f"grad_{target.name}"), options, upstream=up)

        def moved(value, target=target):
            return call(module.forward, options, **{target.name: value})

        close(got, reference.numeric_gradient(moved, VALUES[target.name], up, 1e-5), 1e-8)


def test_axes_that_start_at_one(tmp_path):
    one = leaf("x", Axis(Poly.of(1), n))
    f = Defined(
        "y", ("i",), (Axis(Poly.of(1), n - 2),), Maximum((Range.upto("a", 3),), one[Poly.of("i") + Poly.of("a")])
    )
    module = exported(tmp_path, f, [one])
    values = np.array([3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0])
    close(module.forward(values), [4.0, 4.0, 5.0, 9.0, 9.0])
    found = module.grad_x(np.array([1.0, 10.0, 100.0, 1e3, 1e4]), values)
    close(found, [0.0, 0.0, 11.0, 0.0, 100.0, 11e3, 0.0])


def test_maxima_take_the_first_of_equal_entries_and_nan(tmp_path):
    image = leaf("input", N, C, H, W)
    module = exported(tmp_path, pool_max(image, (2, 3), (s, 2)), [image])
    values = rng.integers(0, 3, (2, 3, 7, 9)).astype(float)
    up = rng.standard_normal((2, 3, 2, 4))
    close(module.forward(values, stride=4), reference.pooled(values, (2, 3), (4, 2), np.max))
    close(module.grad_input(up, values, stride=4), reference.max_pool_gradient(values, up, (2, 3), (4, 2)))
    values[1, 2, 0, 2] = np.nan
    pooled = module.forward(values, stride=4)
    assert np.isnan(pooled).sum() == 2
    assert np.isnan(pooled[1, 2, 0, :2]).all()


def test_a_function_that_c_does_not_have_is_refused(tmp_path):
    f = define("y", (n,), lambda i: Apply(Function("f"), x[i]))
    with pytest.raises(ExportError, match=r"target c: the function f; expected one of exp, .*; name one, or use"):
        exported(tmp_path, f, [])


def test_a_window_that_changes_is_refused(tmp_path):
    f = define("y", (n,), lambda i: Maximum((Range("a", Poly.of(0), i),), x[Poly.of("a")]))
    with pytest.raises(ExportError, match=r"a window whose ends change with a; expected a fixed window; use a bracket"):
        exported(tmp_path, f, [])


def test_a_sum_without_terms_is_zero(tmp_path):
    f = define("y", (n,), lambda i: total((Range("a", Poly.of(0), i - 1),), x[Poly.of("a")]))
    close(exported(tmp_path, f, []).forward(np.array([2.0, 3.0, 5.0])), [0.0, 2.0, 5.0])
