"""The length of what is written out, counted from the formula, against what is written out."""

from __future__ import annotations

import time

import pytest
import sympy

from symconv.calculus.gradient import gradient, upstream
from symconv.entries.counting import summands
from symconv.entries.lambdify import lambdify
from symconv.entries.unfold import entries
from symconv.errors import BridgeError
from symconv.specs import parse_spec


def written(tensor, sizes):
    """The summands of the expressions themselves."""
    flat = sympy.flatten(entries(tensor, sizes))
    return sum(len(e.args) if e.is_Add else int(e != 0) for e in flat)


@pytest.mark.parametrize(
    ("spec", "sizes"),
    [
        ("conv2d", {"H": 5, "W": 6, "r": 2, "c": 3}),
        ("conv1d --dilation 2", {"H": 7, "r": 3}),
        ("conv2d --groups 2", {"H": 4, "W": 4, "r": 2, "c": 2, "C_g": 2, "O_g": 1}),
        ("avgpool2d", {"H": 4, "W": 5, "r": 2, "c": 2}),
        ("activation", {"H": 4, "W": 3}),
    ],
)
def test_the_count_is_what_sympy_writes(spec: str, sizes: dict[str, int]) -> None:
    parsed = parse_spec(spec, layers=False)
    f = parsed.output
    for tensor in (f, *(gradient(f, leaf, upstream(f)) for leaf in parsed.leaves)):
        assert summands(tensor, sizes) == written(tensor, sizes), tensor.name


def test_reads_of_zeros_are_counted_too() -> None:
    f, sizes = parse_spec("conv1d --padding 2", layers=False).output, {"H": 4, "r": 3}
    assert summands(f, sizes) == 6 * 3
    assert written(f, sizes) == 4 * 3


def test_a_long_expression_is_refused_at_once() -> None:
    parsed = parse_spec("conv2d", layers=False)
    dx = gradient(parsed.output, parsed.leaf("X"), upstream(parsed.output))
    start = time.perf_counter()
    with pytest.raises(BridgeError, match=r"960,400 terms.*; expected at most 50,000; leave out unrolled=True"):
        lambdify(dx, unrolled=True, sizes={"H": 200, "W": 200, "r": 5, "c": 5})
    assert time.perf_counter() - start < 1
