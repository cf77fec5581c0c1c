"""Columns, rows and layouts: taken from the definition or from a line, never guessed; truth by hand."""

from __future__ import annotations

import pytest

from tests.read.saying import inferred, said

LAYER = "size m n\ntensor x[n] W[m,n] y[m] h[m]\nfunction f = relu\ndefine y = dense(W, x)\ndefine h = f(y)\nloss L(h)"
SQUARE = "tensor x[n] W[n,n]\ndefine y = dense(W, x)\nloss L(y)"
YX, HY, HX = (rf"\frac{{\partial {a}}}{{\partial {b}}}" for a, b in ("yx", "hy", "hx"))
LX, LY, LH = (rf"\frac{{\partial L}}{{\partial {name}}}" for name in "xyh")
NUMERATOR, DENOMINATOR = "layout numerator", "layout denominator"

# with a row for each output dy_i/dx_j stands at (i, j), and is W_ij; with a column for each output at (j, i)
TRUE = [
    (LAYER, NUMERATOR, f"{YX} = W"),
    (LAYER, DENOMINATOR, f"{YX} = W^T"),
    (SQUARE, NUMERATOR, f"{YX} = W"),
    (SQUARE, DENOMINATOR, f"{YX} = W^T"),
    (LAYER, NUMERATOR, f"{HX} = {HY} {YX}"),
    (LAYER, DENOMINATOR, f"{HX} = {YX} {HY}"),
    (LAYER, NUMERATOR, rf"{HY} = \operatorname{{diag}}(1[y > 0])"),
    (LAYER, NUMERATOR, f"{LX} = {LH} {HX}"),
    (LAYER, DENOMINATOR, f"{LX} = {HX} {LH}"),
    (LAYER, NUMERATOR, f"{LX} = {LY} W"),
    (LAYER, DENOMINATOR, f"{LX} = W^T {LY}"),
    (LAYER, NUMERATOR, r"\nabla_x L = W^T \nabla_y L"),  # a gradient written with nabla is a column in any case
]


@pytest.mark.parametrize(("block", "layout", "latex"), TRUE)
def test_a_jacobian_is_laid_out_as_the_line_says(block: str, layout: str, latex: str) -> None:
    assert said(f"{block}\n{layout}", latex) == ["proved for all sizes"]


@pytest.mark.parametrize(
    ("block", "layout", "latex", "reason"),
    [
        (SQUARE, NUMERATOR, f"{YX} = W^T", "refuted; n=2 at i=0, j=1: the claim gives W[1, 0], exact is W[0, 1]"),
        (SQUARE, DENOMINATOR, f"{YX} = W", "refuted; n=2 at i=0, j=1: the claim gives W[0, 1], exact is W[1, 0]"),
        (LAYER, NUMERATOR, f"{YX} = W^T", "ill formed: the first axis has extent m on the left and n on the right"),
        (LAYER, DENOMINATOR, f"{YX} = W", "ill formed: the first axis has extent n on the left and m on the right"),
        (LAYER, NUMERATOR, f"{HX} = {YX} {HY}", "dy/dx @ dh/dy: shapes (m, n) and (m, m)"),
        (LAYER, NUMERATOR, f"{LX} = {HX} {LH}", "a matrix times a row (dh/dx (m, n), dL/dh (m,))"),
        (LAYER, NUMERATOR, f"{LX} = W^T {LY}", "a matrix times a row (transpose(W) (n, m), dL/dy (m,))"),
        (LAYER, NUMERATOR, rf"{HY} = \operatorname{{diag}}(1[y < 0])", "refuted; m=1, n=1 at i=0, j=0: "),
        (LAYER, NUMERATOR, rf"{HY} = \operatorname{{diag}}(1[x > 0])", "ill formed: the first axis has extent m"),
        (LAYER, "", f"{YX} = W", "not understood: "),
        (LAYER, "", f"{YX} = W", "a derivative of one vector by another; expected a layout: an output a row"),
    ],
)
def test_another_layout_is_another_formula(block: str, layout: str, latex: str, reason: str) -> None:
    (verdict,) = said(f"{block}\n{layout}".strip(), latex)
    assert reason in verdict


FREE = "size n m\ntensor x[n] W[{}] z[m]\nloss L(z)"
DW = r"\frac{\partial L}{\partial W}"
DZ = r"\frac{\partial L}{\partial z}"


def test_a_definition_with_a_vector_before_a_matrix_makes_rows() -> None:
    block = FREE.format("n,m")
    formulas = ("z = x W", f"{DW} = x^T {DZ}", f"{LX} = {DZ} W^T", f"{LX} = W {DZ}", f"{DW} = x {DZ}^T")
    first, second, third, fourth, fifth = said(block, *formulas)
    assert [first, second, third] == ["definition", "proved for all sizes", "proved for all sizes"]
    assert "a matrix times a row (W (n, m), dL/dz (m,))" in fourth
    assert "n entries times m" in fifth
    assert inferred(block, *formulas) == ["vectors are rows, from the side of a matrix on which one stands"]


def test_a_definition_with_a_vector_behind_a_matrix_makes_columns() -> None:
    block = FREE.format("m,n")
    formulas = ("z = W x", f"{DW} = {DZ} x^T", f"{LX} = W^T {DZ}", f"{LX} = {DZ} W", f"{DW} = x^T {DZ}")
    first, second, third, fourth, fifth = said(block, *formulas)
    assert [first, second, third] == ["definition", "proved for all sizes", "proved for all sizes"]
    assert "a column times a matrix (dL/dz (m,), W (m, n))" in fourth
    assert "n entries times m" in fifth
    assert inferred(block, *formulas) == ["vectors are columns, from the side of a matrix on which one stands"]


def test_a_declared_direction_holds_against_the_text() -> None:
    first, second = said(f"{FREE.format('m,n')}\nvectors rows", "z = W x", f"{LX} = W^T {DZ}")
    assert "a matrix times a row (W (m, n), x (n,))" in first
    assert "z, whose formula in line 8 is not understood" in second


IMAGE = (
    "tensor X[H,W] K[r,c]\ndefine Y = correlate(X, K)\ndefine T = toeplitz(K, (H, W), order={0})\noutside zero\nvec {0}"
)
BELOW, BEHIND = (rf"(\operatorname{{vec}}(X))_{{{place}}} = X_{{i,j}}" for place in ("i + H j", "W i + j"))


@pytest.mark.parametrize(("order", "true", "false"), [("columns", BELOW, BEHIND), ("rows", BEHIND, BELOW)])
def test_vec_counts_as_the_line_says(order: str, true: str, false: str) -> None:
    """Columns below each other put entry (i, j) at i + H j, rows behind each other at W i + j."""
    block = IMAGE.format(order)
    assert said(block, true, r"\operatorname{vec}(Y) = T \operatorname{vec}(X)") == ["proved for all sizes"] * 2
    assert said(block, false)[0].startswith("refuted; H=2, W=2 at i=0, j=1: ")
    other = {"rows": "columns", "columns": "rows"}[order]
    (verdict,) = said(
        block.replace(f"order={order}", f"order={other}"), r"\operatorname{vec}(Y) = T \operatorname{vec}(X)"
    )
    assert verdict.startswith("refuted; ")
