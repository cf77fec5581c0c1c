"""Formulas that no operation names: brackets, quotients, diagonals, positions that are not affine."""

from __future__ import annotations

import re

import numpy as np
import pytest

from symconv.calculus.gradient import gradient, upstream
from symconv.errors import ExportError
from symconv.kernels import compile_tensor, plan_of
from symconv.term.polynomial import Poly
from symconv.term.tensor import Axis, Defined, Leaf, define
from symconv.term.value import (
    Apply,
    Function,
    Maximum,
    Position,
    Range,
    Reciprocal,
    at_least,
    bracket,
    equal,
    multiply,
    total,
    unequal,
)
from tests.kernels import reference
from tests.kernels.build import close, derived, leaf, size, sizes

n, m, k, s, d = sizes("n m k s d")
p = size("p", 0)
x, w, X, Q = leaf("x", n), leaf("w", k), leaf("X", n, m), leaf("Q", n, n)
a, b = Poly.of("a"), Poly.of("b")
rng = np.random.default_rng(9)
vx, vw, vX, vQ = (
    rng.uniform(0.5, 1.5, 7),
    rng.uniform(0.5, 1.5, 3),
    rng.standard_normal((7, 5)),
    rng.normal(size=(7, 7)),
)
VALUES = {"x": vx, "w": vw, "X": vX, "Q": vQ}


def over(name, extent):
    return Range.upto(name, extent)


def at(array, *index):
    return array[index] if all(0 <= i < e for i, e in zip(index, array.shape)) else 0.0


def table(shape, entry):
    return np.array([entry(*i) for i in np.ndindex(*shape)]).reshape(shape)


# name: (extents, formula, options, the same by hand)
CASES = {
    "strided and dilated": (
        (n,),
        lambda i: total((over("a", k),), multiply(w[a], x[s * i + d * a])),
        {"s": 2, "d": 2},
        lambda i: sum(vw[u] * at(vx, 2 * i + 2 * u) for u in range(3)),
    ),
    "backwards": (
        (n,),
        lambda i: total((over("a", k),), multiply(w[a], x[s * i - d * a + p])),
        {"s": 2, "d": 3, "p": 1},
        lambda i: sum(vw[u] * at(vx, 2 * i - 3 * u + 1) for u in range(3)),
    ),
    "falling with a stride": (
        (n,),
        lambda i: total((over("a", k),), multiply(w[a], x[n - 1 - s * i - a])),
        {"s": 2},
        lambda i: sum(vw[u] * at(vx, 6 - 2 * i - u) for u in range(3)),
    ),
    "falling on both axes": (
        (n, m),
        lambda i, j: total((over("a", k),), multiply(w[a], X[n - 2 - 3 * i + d * a, m + 1 - j])),
        {"d": 2},
        lambda i, j: sum(vw[u] * at(vX, 5 - 3 * i + 2 * u, 6 - j) for u in range(3)),
    ),
    "two quotients": ((m,), lambda i: multiply(x[i // 2], x[i % 3]), {}, lambda i: vx[i // 2] * vx[i % 3]),
    "one expression in sums of different lengths": (
        (n,),
        lambda i: total((over("a", n),), x[(i * a) // 2]) + total((over("a", k),), multiply(w[a], x[(i * a) // 2])),
        {},
        lambda i: sum(at(vx, i * u // 2) for u in range(7)) + sum(vw[u] * at(vx, i * u // 2) for u in range(3)),
    ),
    "running sum": (
        (n,),
        lambda i: total((over("a", n),), multiply(x[a], bracket(at_least(i, a)))),
        {},
        lambda i: sum(vx[: i + 1]),
    ),
    "sum to a limit that moves": (
        (n,),
        lambda i: total((Range("a", Poly.of(0), i),), x[a]),
        {},
        lambda i: sum(vx[: i + 1]),
    ),
    "not every third": ((n,), lambda i: multiply(x[i], bracket(unequal(i % 3, 0))), {}, lambda i: vx[i] * (i % 3 != 0)),
    "circular": (
        (n,),
        lambda i: total((over("a", k),), multiply(w[a], x[(i + a) % n])),
        {},
        lambda i: sum(vw[u] * vx[(i + u) % 7] for u in range(3)),
    ),
    "blocks": ((n, m), lambda i, j: multiply(x[i // d], X[i, j]), {"d": 2}, lambda i, j: vx[i // 2] * vX[i, j]),
    "product of indices": ((n, m), lambda i, j: x[i * j], {}, lambda i, j: at(vx, i * j)),
    "two thirds": ((n,), lambda i: x[(i * 2) // 3], {}, lambda i: vx[i * 2 // 3]),
    "diagonal": ((n,), lambda i: Q[i, i], {}, lambda i: vQ[i, i]),
    "anti-diagonals": (
        (n,),
        lambda i: total((over("a", n), over("b", n)), multiply(Q[a, b], bracket(equal(a + b, i)))),
        {},
        lambda i: sum(at(vQ, u, i - u) for u in range(7)),
    ),
    "trace": ((), lambda: total((over("a", n),), Q[a, a]), {}, lambda: np.trace(vQ)),
    "hankel": ((n, m), lambda i, j: x[i + j], {"m": 4}, lambda i, j: at(vx, i + j)),
    "weights": ((n, m), lambda i, j: multiply(X[i, j], Position(i * j + 1)), {}, lambda i, j: vX[i, j] * (i * j + 1)),
    "growing divisor": ((n,), lambda i: multiply(x[i], Reciprocal(Position(i + 1))), {}, lambda i: vx[i] / (i + 1)),
    "reciprocal of a sum": (
        (n,),
        lambda i: Reciprocal(total((over("a", n),), multiply(x[a], Position(a + i + 1)))),
        {},
        lambda i: 1 / sum(vx[u] * (u + i + 1) for u in range(7)),
    ),
    "function of a sum": (
        (n,),
        lambda i: Apply(Function("tanh"), total((over("a", k),), multiply(w[a], x[i + a]))),
        {},
        lambda i: np.tanh(sum(vw[u] * at(vx, i + u) for u in range(3))),
    ),
    "function inside a sum": (
        (n,),
        lambda i: total((over("a", k),), multiply(w[a], Apply(Function("exp"), x[i + a - 1]))),
        {},
        lambda i: sum(vw[u] * np.exp(at(vx, i + u - 1)) for u in range(3)),
    ),
    "maximum and more": (
        (n,),
        lambda i: Maximum((over("a", k),), x[i + a]) + x[i],
        {"k": 3},
        lambda i: max(at(vx, i + u) for u in range(3)) + vx[i],
    ),
    "maximum of one tap": (
        (n,),
        lambda i: Maximum((over("a", 3),), multiply(x[i + a], bracket(equal(a, 2)))),
        {},
        lambda i: max(at(vx, i + u) * (u == 2) for u in range(3)),
    ),
    "maximum of the last taps": (
        (n,),
        lambda i: Maximum((over("a", 3),), multiply(x[i + a], bracket(at_least(a, 1)))),
        {},
        lambda i: max(at(vx, i + u) * (u >= 1) for u in range(3)),
    ),
    "maximum on a diagonal": (
        (n,),
        lambda i: Maximum((over("a", 3),), multiply(x[i + a], bracket(equal(a, i)))),
        {},
        lambda i: max(at(vx, i + u) * (u == i) for u in range(3)),
    ),
    "maximum with a quotient": (
        (n,),
        lambda i: Maximum((over("a", 3),), multiply(x[i + a], w[a % 2])),
        {},
        lambda i: max(at(vx, i + u) * vw[u % 2] for u in range(3)),
    ),
    "four factors": (
        (n,),
        lambda i: total((over("a", k),), multiply(w[a], w[a], x[i - a], x[i + a])),
        {},
        lambda i: sum(vw[u] ** 2 * at(vx, i - u) * at(vx, i + u) for u in range(3)),
    ),
    "unbounded sum": (
        (n,),
        lambda i: total((Range("a", None, None),), multiply(x[a], w[i - a])),
        {},
        lambda i: sum(vx[u] * at(vw, i - u) for u in range(7)),
    ),
    "counting": (
        (n,),
        lambda i: multiply(x[i], total((over("a", n),), bracket(at_least(a, i), at_least(2 * i, a)))),
        {},
        lambda i: vx[i] * sum(i <= u <= 2 * i for u in range(7)),
    ),
    "equal terms": ((n,), lambda i: total((over("a", k), over("b", n)), x[i]), {"k": 3}, lambda i: 21 * vx[i]),
    "only where sizes allow": ((n,), lambda i: multiply(x[i], bracket(at_least(m, n))), {"m": 5}, lambda i: 0.0),
}
SHAPE = {"n": 7, "m": 5, "k": 3}


def tensor(name):
    extents, formula, _, _ = CASES[name]
    return define(name, extents, formula)


@pytest.mark.parametrize("name", CASES)
def test_forward(name):
    extents, _, options, entry = CASES[name]
    f = compile_tensor(tensor(name))
    shape = tuple({**SHAPE, **options}[str(e)] for e in extents)
    close(call(f, options), table(shape, entry))


def call(function, options, **more):
    taken = function.__doc__.split("arguments ")[1].split(", ")
    known = {**VALUES, **SHAPE, **options, **more}
    return function(**{name: known[name] for name in taken})


@pytest.mark.parametrize("name", CASES)
def test_gradients(name):
    f, options = tensor(name), CASES[name][2]
    forward = compile_tensor(f)
    y = np.asarray(call(forward, options))
    up = rng.standard_normal(y.shape) if f.rank else np.array(1.0)
    for target in (x, w, X, Q):
        if target.name not in forward.__doc__.split("arguments ")[1].split(", "):
            continue
        found = call(derived(f, target), options, G=up)

        def moved(value, target=target):
            return np.asarray(call(forward, options, **{target.name: value}))

        close(found, reference.numeric_gradient(moved, VALUES[target.name], up, 1e-5), 1e-8)


@pytest.mark.parametrize("step", [1, 2, 3])
@pytest.mark.parametrize("tap", [1, 2, -1])
def test_gradients_by_what_is_read_backwards(step, tap):
    """Windows that leave the array below or above, or altogether; every size, one of each among them."""
    f = define("y", (m,), lambda i: total((over("a", k),), multiply(w[a], x[n - 1 - step * i - tap * a])))
    back = derived(f, x)
    for length, count, taps in np.ndindex(7, 5, 3):
        up, weights, expected = rng.standard_normal(count + 1), rng.standard_normal(taps + 1), np.zeros(length + 1)
        for i, u in np.ndindex(count + 1, taps + 1):
            place = length - step * i - tap * u
            if 0 <= place <= length:
                expected[place] += up[i] * weights[u]
        close(back(G=up, w=weights, n=length + 1), expected)


def test_axes_that_start_at_one():
    one, weights = Leaf("x", (Axis(Poly.of(1), n),)), Leaf("w", (Axis(Poly.of(1), k),))
    body = total((Range("a", Poly.of(1), k),), multiply(weights[a], one[Poly.of("i") + a - 1]))
    f = Defined("y", ("i",), (Axis(Poly.of(1), n - k + 1),), body)
    close(compile_tensor(f)(x=vx, w=vw), np.correlate(vx, vw))
    up = rng.standard_normal(5)
    close(derived(f, weights)(x=vx, G=up, k=3), np.correlate(vx, up))


def test_an_index_without_ends_is_refused():
    f = define("y", (n,), lambda i: total((Range("a", None, None),), x[i]))
    with pytest.raises(ExportError, match="y: index a: no least or no greatest value; expected an index that runs"):
        compile_tensor(f)


def test_a_window_that_changes_is_refused():
    f = define("y", (n,), lambda i: Maximum((Range("a", Poly.of(0), i),), x[a]))
    with pytest.raises(ExportError, match="a window whose ends change with a; expected a fixed window"):
        compile_tensor(f)


def test_index_arrays_that_would_fill_the_memory_are_refused():
    f = compile_tensor(tensor("running sum"))
    with pytest.raises(MemoryError, match=r"index arrays: .* in all, given; at most 67108864 are held at once; call"):
        f(x=np.ones(10_000))


def test_a_plan_shows_every_step():
    f = tensor("strided and dilated")
    text = str(plan_of(gradient(f, x, upstream(f))))
    assert "1     gradient by x: G * w" in text
    assert "adjoint of windows" in text
    assert re.search(r"multiplications .*\n.* (n \* k|k \* n) ", text)
