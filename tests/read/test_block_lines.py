"""Lines of the block that say what lies outside, who wins a tie, where the origin is, what a layer is; truth by hand.

Operations are compared with NumPy on arrays of unequal extents.
"""

from __future__ import annotations

import re

import numpy as np
import pytest

from symconv.judging import verify_text
from symconv.kernels.compile import compile_tensor
from symconv.notation.source import NotationError, Source
from symconv.read.block import read_block
from symconv.read.reader import read_document
from tests.read.saying import assert_refuted, report, said

LAYERS = r"""tensor x[n]^{l} x[m]^{l+1} z[m]^{l+1} W[m,n]^{l+1}
function \sigma = leaky_relu(1/10)
loss E(x^{l+1})
define z^{l+1}_i = \sum_{j=0}^{n-1} W^{l+1}_{ij} x^{l}_j
define x^{l+1}_i = \sigma(z^{l+1}_i)"""
AMBIENT = (
    "ambient m n\ntensor z[,]^{m,n,h} a[A,B]^{n,h}\nfunction f\nloss F(a^n)\ndefine a^{n,h}_{ij} = f(z^{m,n,h}_{ij})"
)
OPEN = "tensor x[n] y[m] z[k]\nloss L(z)\ndefine y_i = O(x)\ndefine z = O(y)"
AROUND = "tensor x[n] w[r] y[]\nloss L(y)\noutside periodic x y\ndefine y_i = \\sum_{k=0}^{r-1} w_k x_{i+k}"
TORUS = (
    "tensor x[H,W] w[r,c] y[,]\nloss L(y)\noutside periodic\n"
    "define y_{ij} = \\sum_{u=0}^{r-1} \\sum_{v=0}^{c-1} w_{uv} x_{i+u,j+v}"
)
MIRROR = "tensor x[n]\nsize n >= 2\noutside reflect x\nindex i in 0..n-1"
UNIQUE = (
    "size H k s\ntensor x[H] y[]\nloss L(y)\nties excluded\noutside zero\ndefine y_i = \\max_{0 \\le u < k} x_{s i+u}"
)
FIRST = UNIQUE.replace("excluded", "first")
SHARED = "tensor X[7]\nties split\ndefine P = pool_max(X, 2)\nloss L(P)"
ENTROPY = "scalar L\ntensor z[C] y[C]\ndefine p = softmax(z)\ndefine L = -\\sum_{k=0}^{C-1} y_k \\log p_k\n"
ONE = "assume \\sum_k y_k = 1"
ROWS = "tensor y[N,C] x[N]\nassume \\sum_k y_{n,k} = 1"
KRON = "tensor A[m,n] B[p,q] X[n,q]\nvec columns\nop \\otimes = kronecker"
ACROSS = "tensor X[2,3]\naxes x-y\nvec columns\nsize R = rows X\nsize C = columns X"
ORIGIN = (
    "tensor X[H] K[r]\noutside zero X\norigin {}\nop * = correlation same, image first\n"
    "op \\star = convolution same, image first"
)
SUMS = "tensor X[H]\nsize H >= 2\npool sum\ndefine Y = pool_average(X, 2)"
ENDLESS = "tensor f[..] g[-M..M]\noutside zero g\nindex n in Z\ndefine y_n = \\sum_{k=-M}^{M} g_k f_{n-k}"
TWICE = "tensor x[n] y[] v[]\noutside zero\nassume n >= 3\ndefine y_i = x_i + x_{i+1}\ndefine v_i = y_i + y_{i+1}"
FROM_ZERO = "tensor x[n] y[n]\noutside zero\ndefine y_i = \\sum_{k=0}^{n-1} x_k"
DOUBLED = "tensor x[n] y[n]\ndefine y_i = 2 x_i"
WINDOWS = "size H W s t\ntensor I[H,W]\noutside zero\ndefine P = pool_max(I, window=(2,3), stride=(s,t))"

TRUE = [
    (
        LAYERS,
        (
            r"\frac{\partial E}{\partial x^{l}_j}"
            r" = \sum_{i=0}^{m-1} \frac{\partial E}{\partial x^{l+1}_i} \sigma'(z_i^{l+1}) W_{ij}^{l+1}"
        ),
    ),
    (
        AMBIENT,
        r"\frac{\partial F}{\partial z^{m,n,h}_{ij}} = \frac{\partial F}{\partial a^{n,h}_{ij}} f'(z^{m,n,h}_{ij})",
    ),
    (
        OPEN,
        r"\frac{\partial L}{\partial x_j} = \sum_i \frac{\partial L}{\partial y_i} \frac{\partial y_i}{\partial x_j}",
    ),
    (
        OPEN,
        (
            r"\frac{\partial z_l}{\partial x_j} = \sum_i \frac{\partial z_l}{\partial y_i}"
            r" \frac{\partial y_i}{\partial x_j}"
        ),
    ),
    (AROUND, r"\frac{\partial L}{\partial x_a} = \sum_{k=0}^{r-1} w_k \frac{\partial L}{\partial y_{a-k}}"),
    (AROUND, r"\frac{\partial L}{\partial w_k} = \sum_{i=0}^{n-1} x_i \frac{\partial L}{\partial y_{i-k}}"),
    (AROUND, r"\sum_{i=0}^{n-1} x_{i+1} = \sum_{i=0}^{n-1} x_i"),
    (AROUND, r"y_{i+n} = y_i"),
    (
        TORUS,
        (
            r"\frac{\partial L}{\partial x_{ab}}"
            r" = \sum_{u=0}^{r-1} \sum_{v=0}^{c-1} w_{uv} \frac{\partial L}{\partial y_{a-u,b-v}}"
        ),
    ),
    (MIRROR, r"x_{-1} = x_1"),
    (UNIQUE, r"\frac{\partial y_i}{\partial x_a} = 1(x_a = y_i)"),
    (UNIQUE, r"\frac{\partial L}{\partial x_a} = \sum_i \frac{\partial L}{\partial y_i} (1 - 1(x_a \neq y_i))"),
    (KRON + "\ntensor C[n,k] D[q,l]", r"(A \otimes B)(C \otimes D) = (A C) \otimes (B D)"),
    (TWICE, r"v_i = x_i + 2 x_{i+1} + x_{i+2}"),
    (SHARED, r"P_i = \max_{0 \le u < 2} X_{2i+u}"),
    (ENTROPY + ONE, r"\frac{\partial L}{\partial z_i} = p_i - y_i"),
    (ENTROPY, r"\frac{\partial L}{\partial z_i} = p_i \sum_k y_k - y_i"),
    (ROWS, r"\sum_n \sum_k y_{n,k} x_n = \sum_n x_n"),
    (KRON, r"(A \otimes B)^\top = A^\top \otimes B^\top"),
    (KRON, r"\operatorname{vec}(B X^\top A^\top) = (A \otimes B) \operatorname{vec}(X^\top)"),
    (ACROSS, "R = 3"),
    (ACROSS, r"X = \begin{pmatrix} X_{0,0} & X_{1,0} \\ X_{0,1} & X_{1,1} \\ X_{0,2} & X_{1,2} \end{pmatrix}"),
    (ORIGIN.format("first"), r"(X * K)_i = \sum_{k=0}^{r-1} K_k X_{i+k}"),
    (ORIGIN.format("first"), r"(X \star K)_i = \sum_{k=0}^{r-1} K_k X_{i-k}"),
    (ORIGIN.format("centre"), r"(X * K)_i = \sum_{k=0}^{r-1} K_k X_{i+k-\lfloor (r-1)/2 \rfloor}"),
    (SUMS, "Y_i = X_{2i} + X_{2i+1}"),
    (ENDLESS, r"\frac{\partial y_n}{\partial g_k} = f_{n-k}"),
    (ENDLESS, r"y_n = \sum_{k=-M}^{M} g_{-k} f_{n+k}"),
    (FIRST, r"y_i = x_{s i + \arg\max_{0 \le u < k} x_{s i+u}}"),
    (WINDOWS, r"P[x,y] = \max_{a \in \{0,\dots,1\}} \max_{b \in \{0,1,\dots,2\}} I[s x+a,t y+b]"),
    (WINDOWS, r"P[x,y] = \max_{0 \le a \le 1, 0 \le b < 3} I[s x+a,t y+b]"),
    (WINDOWS, r"\sum_{0 \le a < H, 0 \le b < W} I_{a,b} = \sum_{b \in \{1, \dots, W\}} \sum_a I_{a,b-1}"),
]


@pytest.mark.parametrize(("block", "latex"), TRUE)
def test_a_true_formula_is_proved(block: str, latex: str) -> None:
    assert said(block, latex) == ["proved for all sizes"] or said(block, latex) == ["proved for the sizes stated"]


FALSE = [
    (
        LAYERS.replace("m]", "n]").replace("[m,", "[n,"),
        (
            r"\frac{\partial E}{\partial x^{l}_j}"
            r" = \sum_{i=0}^{n-1} \frac{\partial E}{\partial x^{l+1}_i} \sigma'(z_i^{l+1}) W_{ji}^{l+1}"
        ),
    ),
    (OPEN, r"y_i = \sum_j \frac{\partial y_i}{\partial x_j} x_j"),
    (AROUND, r"\frac{\partial L}{\partial w_k} = \sum_{i=0}^{n-1} x_i \frac{\partial L}{\partial y_{i+k}}"),
    (AROUND, r"\frac{\partial y_i}{\partial x_{i+k}} = w_k"),  # where r > n a pixel is met twice
    (AROUND + "\nindex i in 0..n-1", r"x_{i+n} = x_{i+1}"),
    (MIRROR, r"x_{-1} = x_0"),  # that is a mirror between the entries
    (UNIQUE, r"\frac{\partial y_i}{\partial x_a} = 1(x_{a+1} = y_i)"),
    (UNIQUE, r"\frac{\partial L}{\partial x_a} = \sum_i \frac{\partial L}{\partial y_i} 1(x_a \ge y_i)"),
    (FROM_ZERO, r"y_i = \sum_{k=1}^{n-1} x_k"),  # the block counts from 0
    (FIRST, r"\frac{\partial y_i}{\partial x_a} = 1(x_a = y_i)"),  # of two equal entries the first wins
    (ENTROPY, r"\frac{\partial L}{\partial z_i} = p_i - y_i"),
    (ENTROPY + ONE, r"\frac{\partial L}{\partial z_i} = y_i - p_i"),
    (ENTROPY + ONE, r"\sum_k y_k z_k = 1"),
    (ROWS, r"\sum_n \sum_k y_{n,k} = C"),
    (KRON, r"(A \otimes B)^\top = B^\top \otimes A^\top"),
    (ACROSS, "C = 3"),
    (ORIGIN.format("centre"), r"(X * K)_i = \sum_{k=0}^{r-1} K_k X_{i+k}"),
    (SUMS, r"Y_i = \frac12 (X_{2i} + X_{2i+1})"),
    (ENDLESS, r"y_n = \sum_{k=-M}^{M} g_k f_{n+k}"),
    (WINDOWS, r"P[x,y] = \max_{0 \le a \le 1, 0 \le b < 2} I[s x+a,t y+b]"),
]


@pytest.mark.parametrize(("block", "latex"), FALSE)
def test_a_false_formula_is_refuted(block: str, latex: str) -> None:
    assert_refuted(block, latex, "the claim gives")


REFUSED = [
    (
        OPEN,
        r"\frac{\partial}{\partial x_j} \frac{\partial y_i}{\partial x_k} = 0",
        "a derivative of something made of dy/dx",
    ),
    (OPEN, r"\frac{\partial}{\partial z_j} \frac{\partial L}{\partial z_k} = 0", "made of dL/dz; .*differentiate once"),
    (TORUS, r"\frac{\partial L}{\partial x} = x \ast x", "between tensors"),
    (AROUND + "\nop * = convolution full", "x * w = w * x", "with zeros around x, which is periodic outside"),
    (MIRROR + "\nloss L(x)", r"\frac{\partial x_i}{\partial x_{i+1}} = 0", "a derivative by x, which is reflected"),
    (ACROSS + "\ntensor Y[3,2]", "X Y = X Y", "a product or a transpose of matrices under axes x-y"),
    (ACROSS + "\ntensor Y[3,2]\nop \\cdot = matmul", r"X \cdot Y = X \cdot Y", "between matrices under axes x-y"),
    (SHARED, r"P_i = X_{2i + \arg\max_{0 \le u < 2} X_{2i+u}}", "an arg max under ties split"),
    (FIRST, r"(p, q) = \arg\max_u x_u", "2 names for 1 indices"),
    (FIRST, r"p = \arg\max_u x_u + 1", "an arg max of several terms"),
    (FIRST, r"y_i = \sum_{u=0}^{\arg\max_v x_v} x_u", "an arg max in a limit"),
    (DOUBLED, r"\frac{\partial x_i}{\partial y_j} = 0", "of something made of x by y, which is made of x too"),
    (ENTROPY + ONE, r"\frac{\partial}{\partial y_j} \sum_k y_k = 1", "by y, whose entries an assumption ties"),
    (LAYERS, r"x_i^{l,2} = x_i^{l+1}", "the superscript l, 2"),
    ("tensor x[n]\nsum repeated", "x_i^2 = x_i x_i", "the index i below a power"),
    ("tensor x[n] y[n]\nsum repeated", r"x_0 = \frac{y_i}{x_i}", "on both sides of a fraction"),
    (UNIQUE, r"1((a, i) = (1, 2, 3)) y_i = 0", "2 places on the left, 3 on the right"),
]


@pytest.mark.parametrize(("block", "latex", "message"), REFUSED)
def test_what_has_no_meaning_is_refused(block: str, latex: str, message: str) -> None:
    (found,) = said(block, latex)
    assert re.search(message, found), found


FAULTS = [
    ("function \\sigma = leaky_relu(1 + 2)", "'1 \\+ 2'; expected a slope: a number or a scalar"),
    ("tensor z[]^{l-1,}", "expected superscripts between commas"),
    ("ambient l\nsize l", "l as a size, and as a layer in line 1"),
    ("tensor y[n]\ndefine y_i = O()", r"O\(\) of nothing; expected the tensors"),
    ("outside wrap x", "'wrap'; expected zero, error, periodic or reflect"),
    ("axes y-x", "axes y-x; expected row-column or x-y"),
]


@pytest.mark.parametrize(("block", "message"), FAULTS)
def test_a_fault_is_told_with_its_place(block: str, message: str) -> None:
    with pytest.raises(NotationError, match=message):
        read_block(Source(block))


ASSUMED = [
    ("tensor y[n] x[n]\nassume \\sum_k y_k x_k = 1", "an assumption on values; expected a sum over whole axes"),
    ("tensor y[n]\nassume \\sum_{k=1}^{n} y_k = 1", "an assumption on values; expected a sum over whole axes"),
    ("tensor y[n]\nassume \\sum_k y_k = 1, \\sum_k y_k = 2", "which has a formula or an assumption already"),
    ("tensor y[n] x[n]\ndefine y_i = 2 x_i\nassume \\sum_k y_k = 1", "an assumption on y, which has a formula"),
    ("tensor y[..]\nassume \\sum_k y_k = 1", "a sum over an axis without ends"),
    ("tensor y[n,m]\nassume \\sum_j y_{n,j} = 1", "the size n as an index; expected an index of its own"),
    (
        "tensor x[1] y[m]\nloss L(y)\nupstream g = y\ndefine y_i = x_0\nassume \\sum_i g_i = 0",
        "an assumption on g, a gradient; expected data that add up to a number",
    ),
    ("tensor y[n]\nscalar c\nassume \\sum_k y_k = c", "an amount made of data; expected data that add up"),
    (
        "tensor x[n] y[n] z[n]\ndefine y = O(x)\ndefine z = O(y, x)",
        "z that depends on x directly, and through y; expected one of the two ways",
    ),
    ("tensor x[n]\ndefine y_n = 2 x_n", "the size n as an index of the definition"),
    ("define y_i = x_i", "the name x; expected a declared name"),
    ("tensor X[4] Y[2]\nties split\ndefine P = pool_max(X, 2)\ndefine U = unpool(Y, P)", "in which ties are shared"),
    ("tensor y[n]\ndefine z = O(y)", "z, whose axes are open; expected its axes"),
]


@pytest.mark.parametrize(("block", "message"), ASSUMED)
def test_an_assumption_that_cannot_be_carried_out_stops(block: str, message: str) -> None:
    with pytest.raises(NotationError, match=message):
        read_document(f"```symconv\n{block}\n```\n", "md")


def test_what_is_assumed_of_data_stands_with_the_verdict() -> None:
    (file,) = report(ENTROPY + ONE, r"\frac{\partial L}{\partial z_i} = p_i - y_i").files
    (formula,) = file.formulas
    assert formula.links[0].verdict.hypotheses == ("\\sum_k y_k = 1",)


def test_the_names_of_an_arg_max_stand_for_where_it_is_attained() -> None:
    found = said(
        FIRST,
        r"u^* = \operatorname*{arg\,max}_{0 \le u < k} x_{s i+u}",
        r"\frac{\partial y_i}{\partial x_a} = 1(a = s i + u^*)",
        r"\frac{\partial y_i}{\partial x_a} = 1(a = i + u^*)",
        r"\sum_j y_j = x_{s i + u^*}",
        r"u^* = \arg\max_{0 \le u < k} x_{u}",
        "u^* = 0",
    )
    assert found[:2] == ["definition: u^{*}: where the maximum is attained", "proved for all sizes"]
    assert found[2].startswith("refuted")
    assert "the index i, which nothing binds" in found[3]
    assert "u^{*}, which has a meaning already" in found[4]
    assert "u^{*}, which has a meaning already" in found[5]


DISTINCT = "tensor X[6]\nties excluded\ndefine P = pool_max(X, 2)\nloss L(P)"
HALF = r"\lfloor a/2\rfloor"


@pytest.mark.parametrize(
    "latex",
    [
        r"1(X_0 > X_1) + 1(X_1 > X_0) = 1",
        rf"\frac{{\partial P_i}}{{\partial X_a}} = 1(i = {HALF}) (1 - 1(X_a < P_{{{HALF}}}))",
    ],
)
def test_no_counterexample_has_ties_where_they_are_excluded(latex: str) -> None:
    (found,) = said(DISTINCT, latex)
    assert found.startswith(("proved", "checked"))
    (found,) = said(DISTINCT.replace("excluded", "first"), latex)
    assert found.startswith("refuted")


def test_a_mirrored_entry_is_compared_by_its_value() -> None:
    """The window of y reads x_1 twice: the greater of x_0 and x_1 is meant."""
    block = "tensor x[2]\nties excluded\noutside reflect x\nscalar y\ndefine y = \\max_{0 \\le u < 3} x_{u-1}"
    assert_refuted(block, "1(x_1 = y) = 0", "the claim gives")


def test_an_assumption_holds_in_a_block_that_keeps_it() -> None:
    block = "tensor y[n] z[n]\nassume \\sum_k y_k = 1"
    text = f"```symconv\n{block}\n```\n\n```symconv\nkeep\n```\n\n$$\\sum_k y_k z_i = z_i$$\n"
    (formula,) = verify_text(text).files[0].formulas
    assert formula.status.value == "proved"


def test_a_repair_says_something_else_than_the_claim() -> None:
    text = (
        "```symconv\ntensor x[n] y[n]\noutside zero\ndefine y_i = x_{i+1}\n```\n\n"
        "```symconv\nkeep\noutside periodic x\n```\n\n$$y_i = x_{i+1}$$\n"
    )
    (formula,) = verify_text(text).files[0].formulas
    assert formula.status.value == "refuted"
    assert not formula.links[0].repairs


def test_a_comparison_of_shared_maxima_is_refuted_without_a_crash() -> None:
    block = "tensor x[3]\nties split\nscalar y\ndefine y = \\max_{0 \\le u < 3} x_u"
    assert_refuted(block, "1(y = x_0) = 1", "the claim gives")


def test_scalars_are_compared_by_value() -> None:
    (found,) = said("scalar a b", "1(a > b) + 1(a < b) + 1(a = b) = 1")
    assert found.startswith(("proved", "checked"))
    assert_refuted("scalar a b", "1(a > b) + 1(a < b) = 1", "the claim gives")


rng = np.random.default_rng(5)


def tensor_of(block: str, name: str):
    return compile_tensor(read_document(f"```symconv\n{block}\n```\n", "md").tensors[name])


def test_a_periodic_read_is_that_of_a_wrapped_array() -> None:
    x, w = rng.standard_normal(5), rng.standard_normal(3)
    expected = np.array([np.dot(w, np.pad(x, (0, 2), "wrap")[i : i + 3]) for i in range(5)])
    np.testing.assert_allclose(tensor_of(AROUND, "y")(x=x, w=w), expected)


def test_a_reflected_read_is_that_of_a_mirrored_array() -> None:
    x = rng.standard_normal(4)
    block = "tensor x[4] y[10]\noutside reflect x\ndefine y_i = x_{i-3}"
    np.testing.assert_allclose(tensor_of(block, "y")(x=x), np.pad(x, (3, 3), "reflect"))


def test_the_kronecker_product_is_that_of_numpy() -> None:
    a, b = rng.standard_normal((2, 3)), rng.standard_normal((4, 2))
    block = "tensor A[m,n] B[p,q]\ndefine R = kron(A, B)"
    np.testing.assert_allclose(tensor_of(block, "R")(A=a, B=b), np.kron(a, b))


def test_unpooling_puts_back_where_the_maximum_was() -> None:
    x, y = np.array([1.0, 5.0, 7.0, 2.0, 3.0, 3.0]), np.array([10.0, 20.0, 30.0])
    block = "tensor X[6] Y[3]\nbase {}\ndefine P = pool_max(X, 2)\ndefine U = unpool(Y, P)"
    for base in (0, 1):
        np.testing.assert_allclose(tensor_of(block.format(base), "U")(X=x, Y=y), [0, 10, 20, 0, 30, 0])


def test_a_leaky_relu_has_its_slope_below_zero() -> None:
    block = "tensor x[n] y[n]\nscalar a\nfunction f = leaky_relu(a)\ndefine y_i = f(x_i)"
    np.testing.assert_allclose(tensor_of(block, "y")(x=np.array([-2.0, 3.0]), a=np.float64(0.25)), [-0.5, 3.0])


FIELDS = (
    "size r n\ntensor x[n] w[r] v[3]\noutside zero\ndefine y = correlate(x, w, stride=2)\ndefine z = correlate(y, v)\n"
    "count R = receptive_field z x\ncount S = receptive_field y"
)


def test_a_receptive_field_is_that_of_the_windows_one_upon_another() -> None:
    """Three windows of r, two apart: r + 4."""
    assert said(FIELDS, "R = r + 4", "S = r") == ["proved for all sizes"] * 2
    assert_refuted(FIELDS, "R = r + 3", "the claim gives")


def test_a_receptive_field_of_several_tensors_or_widths_is_refused() -> None:
    (found,) = said("tensor x[n] y[n]\ndefine z_i = x_i + y_i\ncount R = receptive_field z", "R = 1")
    assert "the receptive field of z in one of x, y; expected one tensor that it reads" in found
    (found,) = said("tensor X[H,W] K[2,3]\ndefine F = correlate(X, K)\ncount R = receptive_field F X", "R = 2")
    assert "the receptive field of F in X, which is 2, 3 on its axes; expected one number" in found
    (found,) = said("tensor X[H,W] Y[H]\ndefine F_i = 2 Y_i\ncount R = receptive_field F X", "R = 2")
    assert "F does not depend on X" in found
    with pytest.raises(NotationError, match="the receptive_field of 3 tensors; expected a tensor and what it reads"):
        read_block(Source("tensor x[n]\ncount R = receptive_field x x x"))


def test_that_ties_are_excluded_stands_with_the_verdict_that_rests_on_it() -> None:
    (first, second) = report(UNIQUE, r"\frac{\partial y_i}{\partial x_a} = 1(x_a = y_i)", "x_a = x_a").files[0].formulas
    assert first.links[0].verdict.hypotheses[-1] == "no two entries of a tensor are equal"
    assert not second.links[0].verdict.hypotheses
