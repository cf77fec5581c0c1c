r"""Matrix notation: what stands side by side is multiplied in its form, rows times columns; truth by hand.

z = W x + b with W of m rows and n columns; \delta is dL/dz, so dL/dx_j is the sum of W_ij \delta_i over i, and
dL/dW_ij is \delta_i x_j.
"""

from __future__ import annotations

import pytest

from tests.read.saying import assert_refuted, said

COLUMNS = "tensor x[n] W[m,n] b[m]\ndefine z = dense(W, x, b)\nloss L(z)\nupstream \\delta = z"
ROWS = (
    "size n m\ntensor x[n] W[n,m] b[m]\ndefine z_{j} = \\sum_{i=0}^{n-1} x_{i} W_{i,j} + b_{j}\nloss L(z)\nvectors rows"
)
PLAIN = "size n m\ntensor x[n] y[n] A[n,n] B[m,n] v[m]"
BATCH = "size N D K\ntensor X[N,D] W[D,K]\ndefine Z = X W\nloss L(Z)"
DX, DW, DZ = (rf"\frac{{\partial L}}{{\partial {name}}}" for name in "xWz")

TRUE = [
    (COLUMNS, "z = W x + b"),
    (COLUMNS, "z = b + W x"),
    (COLUMNS, rf"{DX} = W^T \delta"),
    (COLUMNS, rf"{DX} = W^\top {DZ}"),
    (COLUMNS, rf"{DW} = \delta x^T"),
    (COLUMNS, r"\frac{\partial L}{\partial b} = \delta"),
    (COLUMNS, r"\nabla_x L = W^\top \nabla_z L"),
    (COLUMNS, r"\nabla_W L = (\nabla_z L) x^\top"),
    (ROWS, "z = x W + b"),
    (ROWS, rf"{DX} = {DZ} W^T"),
    (ROWS, rf"{DW} = x^T {DZ}"),
    (BATCH, r"\frac{\partial L}{\partial W} = X^\top \frac{\partial L}{\partial Z}"),
    (BATCH, r"\frac{\partial L}{\partial X} = \frac{\partial L}{\partial Z} W^\top"),
    (PLAIN, r"x^T y = \sum_i x_i y_i"),
    (PLAIN, r"x^T y = y^T x"),
    (PLAIN, r"x^T A y = \sum_{i,j} x_i A_{i,j} y_j"),
    (PLAIN, r"x^T A y = y^T A^T x"),
    (PLAIN, r"(x y^T)_{i,j} = x_i y_j"),
    (PLAIN, r"(x^T)^T = x"),
    (PLAIN, r"(B x)_i = \sum_j B_{i,j} x_j"),
    (PLAIN, r"(A B^T)^T = B A^T"),
    (PLAIN, r"\operatorname{diag}(x) y = \operatorname{diag}(y) x"),
    (PLAIN, r"(\operatorname{diag}(x))_{i,j} = x_i [i = j]"),
    (PLAIN, r"(\operatorname{diag}(x) A)_{i,j} = x_i A_{i,j}"),
    # a number before a vector is meant for every entry
    (PLAIN, r"(1 - x)_i = 1 - x_i"),
    (f"{PLAIN}\nbroadcast scalars", r"(1 - A)_{i,j} = 1 - A_{i,j}"),
    (f"{PLAIN}\nop \\odot = hadamard", r"x \odot (1 - x) = x - x \odot x"),
]


@pytest.mark.parametrize(("block", "latex"), TRUE)
def test_a_true_formula_is_proved(block: str, latex: str) -> None:
    assert said(block, latex) == ["proved for all sizes"]


FALSE = [
    (COLUMNS, "z = W x", "the claim gives W[0, 0]*x[0], exact is W[0, 0]*x[0] + b[0]"),
    (COLUMNS, rf"{DW} = 2 \delta x^T", "the claim gives 2*dL/dz[0]*x[0], exact is dL/dz[0]*x[0]"),
    (COLUMNS, r"\nabla_b L = 2 \nabla_z L", "the claim gives 2*dL/dz[0], exact is dL/dz[0]"),
    (PLAIN, r"x^T y = \sum_i x_i x_i", "the claim gives x[0]**2, exact is x[0]*y[0]"),
    (PLAIN, r"(x y^T)_{i,j} = x_j y_i", "n=2 at i=0, j=1: the claim gives x[1]*y[0], exact is x[0]*y[1]"),
    (PLAIN, r"x^T A y = y^T A x", "n=2: "),
    (PLAIN, r"A^T A = A A^T", "n=2 at i=0, j=0: "),
    (PLAIN, r"(A A)^T = A^T A", "n=2 at i=0, j=0: "),
    (PLAIN, r"\operatorname{diag}(x) A = A \operatorname{diag}(x)", "n=2 at i=0, j=1: the claim gives A[0, 1]*x[1]"),
    (PLAIN, r"(\operatorname{diag}(x) A)_{i,j} = x_j A_{i,j}", "the claim gives A[0, 1]*x[1], exact is A[0, 1]*x[0]"),
    (PLAIN, r"(1 - x)_i = x_i - 1", "the claim gives x[0] - 1, exact is 1 - x[0]"),
]


@pytest.mark.parametrize(("block", "latex", "evidence"), FALSE)
def test_a_false_formula_is_refuted(block: str, latex: str, evidence: str) -> None:
    assert_refuted(block, latex, evidence)


WITHOUT_MEANING = [
    # a lost transpose: W has m rows and n columns, \delta has m entries
    (COLUMNS, rf"{DX} = W \delta", "W @ dL/dz: shapes (m, n) and (m,)"),
    (COLUMNS, "z = W^T x + b", "transpose(W) @ x: shapes (n, m) and (n,)"),
    (COLUMNS, r"\nabla_x L = W \nabla_z L", "W @ dL/dz: shapes (m, n) and (m,)"),
    (BATCH, r"\frac{\partial L}{\partial X} = W^\top \frac{\partial L}{\partial Z}", "shapes (K, D) and (N, K)"),
    (PLAIN, "B^T v = B v", "B @ v: shapes (m, n) and (m,)"),
    # the outer product in the wrong order, and without a transpose
    (COLUMNS, rf"{DW} = x \delta^T", "the first axis has extent m on the left and n on the right"),
    (COLUMNS, rf"{DW} = \delta^T x", "m entries times n; expected as many on both sides"),
    (COLUMNS, rf"{DW} = \delta x", "a column times a column (dL/dz (m,), x (n,)); expected rows times columns"),
    (PLAIN, r"x y = \sum_i x_i y_i", "a column times a column (x (n,), y (n,))"),
    # a vector on the wrong side of its matrix
    (COLUMNS, "z = x W + b", "a column times a matrix (x (n,), W (m, n))"),
    (COLUMNS, rf"{DX} = \delta W", "a column times a matrix (dL/dz (m,), W (m, n))"),
    (ROWS, rf"{DX} = W {DZ}", "a matrix times a row (W (n, m), dL/dz (m,))"),
    (ROWS, rf"{DW} = x {DZ}^T", "n entries times m; expected as many on both sides"),
    (ROWS, rf"{DX} = {DZ} W", "dL/dz @ W: shapes (m,) and (n, m)"),
]


@pytest.mark.parametrize(("block", "latex", "reason"), WITHOUT_MEANING)
def test_a_product_that_does_not_fit_is_ill_formed(block: str, latex: str, reason: str) -> None:
    (verdict,) = said(block, latex)
    assert verdict.startswith("ill formed: ")
    assert reason in verdict


MIXED = "a vector in a product, where vectors stand as columns and as rows; expected one of the two throughout"
OPEN = [
    (PLAIN, "A x = x A", MIXED),
    (PLAIN, "A x + y A = x", MIXED),
    (
        PLAIN,
        r"x \cdot y = \sum_i x_i y_i",
        "a product of whole tensors with a dot or a cross; expected a declared sign",
    ),
    (PLAIN, r"A \cdot A = A A", "a product of whole tensors with a dot or a cross"),
    (PLAIN, r"x \times y = x", "declare the sign: op \\cdot = matmul or hadamard"),
    (PLAIN, "A^2 = A A", "the whole tensor A where a number stands; expected an entry with 2 indices"),
    (PLAIN, r"(1 - A)_{i,j} = 1 - A_{i,j}", "a number added to a whole tensor; expected two tensors of one shape"),
    (PLAIN, r"(B x)_i = \sum_j B_{j,i} x_j", "the index j without limits on axes of different extents"),
]


@pytest.mark.parametrize(("block", "latex", "reason"), OPEN)
def test_what_is_not_certain_is_refused(block: str, latex: str, reason: str) -> None:
    (verdict,) = said(block, latex)
    assert verdict.startswith("not understood: ")
    assert reason in verdict


NORMS = "tensor y[n] t[n] x[n] W[n,m] u[m]\nscalar L\ndefine L = \\frac12 \\|y - t\\|^2"


@pytest.mark.parametrize(
    ("latex", "verdict"),
    [
        (r"\frac{\partial L}{\partial y_i} = y_i - t_i", "proved for all sizes"),
        (r"\frac{\partial L}{\partial t} = t - y", "proved for all sizes"),
        (r"\frac{\partial L}{\partial y} = t - y", "refuted; n=1 at a=0"),
        (r"\left\|x\right\|_2^2 + \|W u\|^2 = x^\top x + (W u)^\top W u", "proved for all sizes"),
        (r"\lVert W \rVert_F^2 = \sum_{i,j} W_{ij}^2", "proved for all sizes"),
        (r"\Vert x \Vert^2 = \sum_i x_i", "refuted; n="),
        (r"\|x\| = 0", "a norm; expected its square"),
        (r"\|x_i\|^2 = 0", "a norm of a number; expected one of a whole tensor"),
        (r"\|x\|_1^2 = 0", "expected the square of a norm"),
        (r"\|x + \|y\|^2 = 0", "'^' with nothing before it"),
    ],
)
def test_the_square_of_a_norm_is_a_sum_of_squares(latex: str, verdict: str) -> None:
    (found,) = said(NORMS, latex)
    assert verdict in found
