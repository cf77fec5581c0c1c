"""Sizes by formulas: the first one settles a name, the others are judged by it; truth by hand.

An input of N entries, padded by p on both sides, has N + 2p; a window of k entries that moves in steps of s fits
floor((N + 2p - k) / s) + 1 times.
"""

from __future__ import annotations

import pytest

from tests.read.saying import inferred, said

LAYER = "size N k s M\nsize p >= 0\ntensor X[N] W[k] Z[M]\nloss C(Z)\noutside zero"
SIZE = r"M = \left\lfloor \frac{N+2p-k}{s} \right\rfloor + 1"
FORWARD = r"Z_i = \sum_{u=0}^{k-1} W_u X_{s i+u-p}"
LIMIT = r"\frac{{\partial C}}{{\partial W_u}} = \sum_{{i=0}}^{{{}}} \frac{{\partial C}}{{\partial Z_i}} X_{{s i+u-p}}"
DECLARED = "size H r s\ntensor X[H] K[r]\ndefine Y = correlate(X, K, stride=s)\nsize h = length Y\noutside zero"
POOLED = "size k\ntensor x[H,W] y[,]\nloss L(y)\noutside zero\nsize h = rows y"
MEAN = r"y_{i,j} = \frac{1}{k^2} \sum_{u=0}^{k-1} \sum_{v=0}^{k-1} x_{k i+u, k j+v}"


def test_the_first_formula_says_what_a_size_is() -> None:
    verdicts = said(LAYER, SIZE, FORWARD, LIMIT.format("M-1"), LIMIT.format(r"\lfloor (N+2p-k)/s \rfloor"))
    assert verdicts == ["definition: M stands for div(N - k + 2*p, s) + 1", "definition", *["proved for all sizes"] * 2]
    assert "M is div(N - k + 2*p, s) + 1, as the formula says" in inferred(LAYER, SIZE, FORWARD)


def test_the_second_formula_for_a_size_is_judged() -> None:
    ceiling = r"M = \left\lceil \frac{N+2p-k+1}{s} \right\rceil"
    _, _, true, false = said(
        LAYER, SIZE, FORWARD, ceiling, ceiling.replace("lceil", "lfloor").replace("rceil", "rfloor")
    )
    assert true == "proved for all sizes"
    assert false.startswith("refuted; N=1, k=1, p=0, s=2: the claim gives 0, exact is 1; true if s = 1")


def test_a_sum_over_a_size_by_a_formula_has_its_ends() -> None:
    _, _, short = said(LAYER, SIZE, FORWARD, LIMIT.format("M-2"))
    assert short.startswith("refuted; N=1, k=1, p=0, s=1 at u=0: the claim gives 0, exact is X[0]*dC/dZ[0]")


@pytest.mark.parametrize(
    ("latex", "verdict"),
    [
        (r"h = \lfloor \frac{H-r}{s} \rfloor + 1", "proved for all sizes"),
        (r"h = \lfloor \frac{H-r}{s} \rfloor + 1 = \lfloor \frac{H-r+s}{s} \rfloor", "proved for all sizes"),
        (r"h = \lfloor \frac{H-r}{s} \rfloor", "refuted; H=1, r=1, s=1: the claim gives 0, exact is 1"),
        # the second link: for s = 2 and H = r the one is 1, the other 0
        (
            r"h = \lfloor \frac{H-r}{s} \rfloor + 1 = \lfloor \frac{H-r+1}{s} \rfloor",
            "refuted; H=1, r=1, s=2: the claim gives 0, exact is 1; true if s = 1",
        ),
        # two slips of which each link has one
        (
            r"h = \lfloor \frac{H-r}{s} \rfloor = \lfloor \frac{H-r+s}{s} \rfloor - 1",
            "refuted; H=1, r=1, s=1: the claim gives 0, exact is 1",
        ),
    ],
)
def test_the_extent_of_an_operation_is_judged_link_by_link(latex: str, verdict: str) -> None:
    assert said(DECLARED, latex)[0].startswith(verdict)


def test_a_formula_settles_the_rows_that_the_text_leaves_open() -> None:
    whole = r"h = \lfloor \frac{H}{k} \rfloor"
    assert said(POOLED, MEAN, whole) == ["definition", "definition: h stands for div(H, k)"]
    assert "h is div(H, k), as the formula says" in inferred(POOLED, MEAN, whole)


def test_the_second_link_of_a_chain_for_open_rows_is_judged() -> None:
    """floor((H-k)/k) + 1 is floor(H/k); floor((H-1)/k) is another number where k divides H."""
    chain = r"h = \lfloor \frac{{H-k}}{{k}} \rfloor + 1 = \lfloor \frac{{{}}}{{k}} \rfloor"
    assert said(POOLED, MEAN, chain.format("H")) == ["definition", "proved for all sizes"]
    _, false = said(POOLED, MEAN, chain.format("H-1"))
    assert false.startswith("refuted; H=1, k=1: the claim gives 0, exact is 1")
