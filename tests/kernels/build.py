"""Short ways to make leaves, sizes and arguments in these tests."""

from __future__ import annotations

import numpy as np

from symconv.calculus.gradient import gradient, upstream
from symconv.kernels import compile_tensor
from symconv.term.polynomial import Poly, Size
from symconv.term.tensor import Axis, Leaf


def size(name, least=1):
    return Poly.of(Size(name, least))


def sizes(names):
    return [size(n) for n in names.split()]


def leaf(name, *shape):
    return Leaf(name, tuple(map(Axis.of, shape)))


def close(found, wanted, tolerance=1e-12):
    found, wanted = np.asarray(found), np.asarray(wanted)
    assert found.shape == wanted.shape
    scale = max(1.0, np.abs(wanted).max(initial=0))
    assert np.abs(found - wanted).max(initial=0) <= tolerance * scale


def derived(f, x):
    """The compiled gradient of a loss by x; G is the upstream gradient."""
    return compile_tensor(gradient(f, x, upstream(f) if f.rank else None))
