# ruff: noqa: E501
"""What textbooks write: read where the text or a declaration settles it, refused with the way out where nothing does.

Each row is a block, a formula, and what the report says of it; what is true is calculated by hand.
"""

from __future__ import annotations

import pytest

from symconv.judging import verify_text
from symconv.notation.source import LocatedError
from tests.read.test_everyday import LAYER, VECTOR, line

Row = tuple[str, str, str]
ACTIVE = "size C\ntensor n[C] a[C]\nfunction f^{m,h}\ndefine a_i = f^{m,h}(n_i)\nloss F(a)\nupstream \\mathbf{dN} = n"
SCALAR = "tensor x[n]\nscalar f"

CASES = r"\begin{cases} x_i & \text{if } 1 \le i \text{ %s } i < 3 \\ 0 & \text{else} \end{cases}"

NAMES: list[Row] = [
    # a dot over a declared function is its derivative, its labels belong to the name
    (ACTIVE, r"\frac{\partial a_i}{\partial n_i} = \dot{f}^{m,h}(n_i)", "proved"),
    (ACTIVE, r"\frac{\partial a_i}{\partial n_i} = f^{m,h}(n_i)", "refuted"),
    (ACTIVE, r"\frac{\partial a_i}{\partial n_i} = \dot{g}(n_i)", "not understood"),
    # d before a bold name is one name if it is declared, and no product if it is not
    (ACTIVE, r"d\mathbf{N} = 0", "not understood"),
    (f"{ACTIVE}\nentry \\mathbf{{N}} = n", r"d\mathbf{N} = n", "d before the tensor \\mathbf{N}"),
    (f"{ACTIVE}\nalias d\\mathbf{{N}} = \\mathbf{{dN}}", r"d\mathbf{N} = \frac{\partial F}{\partial n}", "proved"),
    # a loss with another argument
    (LAYER, r"\frac{\partial L(w)}{\partial y_i} = 0", "the loss line, or add alias L(w) = L"),
    (f"{LAYER}\nalias L(w) = L", r"\frac{\partial L(w)}{\partial y_i} = \frac{\partial L}{\partial y_i}", "proved"),
    # a bracket with scripts behind a name
    (SCALAR, r"f(x)_{i} = f x_i", "'f' before a bracket with scripts, (x)_{i}; expected a product, an entry or a decl"),
    (SCALAR, r"g(x_i)^2 = x_i", "'g' before a bracket with scripts"),
    (SCALAR, r"f (x_i + 1)^2 = f x_i^2 + 2 f x_i + f", "proved"),
    (SCALAR, r"f \cdot (x_i) = x_i f", "proved"),
]
BRACES: list[Row] = [
    (VECTOR, r"2 \left\{ \sum_k x_k + 1 \right\} = 2 \sum_k x_k + 2", "proved"),
    (VECTOR, r"2 \left\{ \sum_k x_k + 1 \right\} = 2 \sum_k x_k + 1", "refuted"),
    (VECTOR, r"x_i = \{ x_i \}", r"\{ x_{i} \}, perhaps a set; expected braces around a sum"),
    (VECTOR, r"x_i = \{ x_i, 0 \}", r"a list in \{ is not supported"),
    (VECTOR, r"x_0 = \max \left\{ x_k x_l \mid k = 0, \dots, 0; l = 0, \dots, 0 \right\}", "refuted"),
    (f"{VECTOR}\nscalar t", r"t = \max \{ x_k + x_l \mid k = 0, \dots, 1; l = 0, \dots, 2 \}", "definition"),
    (f"{VECTOR}\nscalar t", r"t = \max_{k = \{0, \dots, n-1\}} x_k", "definition"),
    # `and` between the conditions of a case
    (VECTOR, rf"x_i 1(1 \le i < 3) = {CASES % 'and'}", "proved"),
    (VECTOR, rf"x_i = {CASES % 'or'}", "the words 'if or'"),
]
RAISED = "size A B\nindex h in 1..A\nbase 1\ntensor z[,]^{h} w[2,2]^{h}\noutside zero"
RANGES: list[Row] = [
    # a superscript that an index line gives a range is an axis of that range, whatever a sum says
    (RAISED, r"z_{i,j}^{h} = \sum_{h'=1}^{B} w_{i,j}^{h'}", "definition"),
    (f"{RAISED}\nscalar t", r"\sum_{h=1}^{B} w_{1,1}^{h} = \sum_h w_{1,1}^{h}", "refuted"),
]

POOL = "tensor v[4,6] z[2,2]\nsize r c\nscalar w t\nop \\boxplus^{ave} = pool sum\nop \\boxplus^{max} = pool max\n"
ONES = f"base 1\n{POOL}"
SUM = r"\sum_{k=1}^{2} \sum_{l=1}^{3} v_{2(i-1)+k, 3(j-1)+l}"
ENTRY = r"1(i=1) 1(j=1) v_{1,1}"
WINDOWS: list[Row] = [
    (f"{ONES}define z_{{i,j}} = w {SUM}", r"z = w \boxplus_{2,3}^{ave} v", "proved"),
    (f"{ONES}define z_{{i,j}} = {SUM}", r"z = w \boxplus_{2,3}^{ave} v", "refuted"),
    (f"{ONES}define z_{{i,j}} = {SUM}", r"z = \boxplus_{3,2}^{ave} v", "ill formed"),
    (f"{ONES}define z_{{i,j}} = {SUM}", r"z = \boxplus^{ave} v", "\\boxplus^{ave} without its window"),
    (f"{ONES}define z_{{i,j}} = {SUM}", r"z = \boxplus_{2,3}^{sum} v", "expected a declared sign; declare op"),
    (f"{ONES}define t = \\sum_{{i=1}}^4 \\sum_{{j=1}}^6 v_{{i,j}}", r"t = \boxplus_{4,6}^{ave} v", "proved"),
    (f"{ONES}define t = v_{{1,1}}", r"t = \boxplus_{4,6}^{ave} v", "refuted"),
    (ONES, r"t + t = \boxplus_{2,3}^{ave} v", "a whole tensor of shape (2, 2) where a number stands"),
    (ONES, r"z = w \boxplus_{2,3}^{max} v", "a number before \\boxplus^{max}"),
    (ONES, r"z = \boxplus_{2,3}^{ave} v z", "more than one operand behind \\boxplus^{ave}"),
    (f"{ONES}define z = \\boxplus_{{2,3}}^{{max}} v", r"z_{i,j} = \max_{1 \le k \le 2} \max_{1 \le l \le 3} v_{2i-2+k, 3j-3+l}", "proved"),
    (f"{ONES}op \\boxtimes = expand", r"v_{i,j} = (\boxtimes_{2,3} z)_{i,j}", "definition"),
    (f"{ONES}op \\boxplus = pool", "z = v", "'pool' alone; expected pool sum, pool mean or pool max"),
    (f"{ONES}op \\boxplus = pool mean valid", "z = v", "'valid'; expected pool mean alone"),
]  # fmt: skip
ROWS: list[Row] = [
    ("tensor x[2,2]", r"3 \times \begin{bmatrix} 2 & 0 \\ 1 & -1 \end{bmatrix} = \begin{bmatrix} 6 & 0 \\ 3 & -3 \end{bmatrix}", "proved"),
    ("tensor x[2,2]", r"3 \times \begin{bmatrix} 2 & 0 \\ 1 & -1 \end{bmatrix} = \begin{bmatrix} 6 & 0 \\ 3 & 3 \end{bmatrix}", "refuted"),
    ("tensor x[2,2]", r"x = \begin{bmatrix} 6 & 0 \\ 3 & 3 \end{bmatrix}", "definition"),
    ("tensor x[2,3]", r"x = \begin{bmatrix} 6 & 0 \\ 3 & 3 \end{bmatrix}", "ill formed"),
    ("tensor x[2]", r"\begin{pmatrix} x_0 & x_1 \end{pmatrix} \begin{pmatrix} x_1 \\ 2 \end{pmatrix} = x_0 x_1 + 2 x_1", "proved"),
    ("tensor x[2]", r"\begin{pmatrix} x_0 & x_1 \end{pmatrix} \begin{pmatrix} x_1 \\ 2 \end{pmatrix} = x_0 x_1 + 2 x_0", "refuted"),
    ("tensor x[2]", r"\begin{pmatrix} x_0 & x_1 \end{pmatrix} \begin{pmatrix} x_1 & 2 \end{pmatrix} = x_0", "ill formed"),
    ("tensor x[2]", r"\begin{bmatrix} 1 & 2 \\ 3 \end{bmatrix} = x", "rows of different lengths"),
    ("tensor x[2]", r"\begin{bmatrix} 1 & \dots \\ 3 & 1 \end{bmatrix} = x", "\\dots in a matrix; expected every entry written out"),
    ("tensor x[2]", r"\begin{bmatrix} 1 & \\ 3 & 1 \end{bmatrix} = x", "an empty cell; expected every entry written out"),
    ("tensor x[2]", r"\begin{vmatrix} 1 & 2 \\ 3 & 1 \end{vmatrix} = -5", "perhaps a table or a determinant"),
    ("tensor x[2]", r"\begin{array}{cc} 1 & 2 \\ 3 & 1 \end{array} = 1", "perhaps a table or a determinant"),
    ("tensor x[2]", r"\begin{bmatrix} 1 & 2 \end{bmatrix} \times \begin{bmatrix} 1 \\ 2 \end{bmatrix} = 5", "a product of two arrays by \\times"),
    ("tensor x[2]", r"[x_0, x_1] \cdot [2, 0] = 2 x_0", "proved"),
    ("tensor x[2]", r"[x_0, x_1] \cdot [2, 0] = 2 x_1", "refuted"),
    ("tensor x[2]", r"[x_0, x_1] \cdot [2, 0, 1] = 2 x_0", "2 numbers times 3"),
    ("tensor x[2]", r"[x_0, x_1] [2, 0] = 2 x_0", "a product of two lists"),
    ("tensor x[2]", r"x_i \text{ and } \begin{bmatrix} x_i \\ 0 \end{bmatrix} = x", "a whole tensor (array) where a number stands"),
    ("tensor x[2]\nscalar a\ndefine x_t = 1(t=0) a + 1(t=1) 3 a", r"\frac{\partial x}{\partial a} = [1, 3]", "proved"),
    ("tensor x[2]\nscalar a\ndefine x_t = 1(t=0) a + 1(t=1) 3 a", r"\frac{\partial x}{\partial a} = [3, 1]", "refuted"),
    ("tensor x[2]\nscalar a", r"[x_i, a] = x", "a whole tensor (array) where a number stands"),
    # a number added to a whole tensor
    ("tensor x[2,2] y[2,2]\nscalar a\ndefine y_{i,j} = x_{i,j} + a", r"y = x + a", "add a line broadcast scalars"),
    ("tensor x[2,2] y[2,2]\nscalar a\nbroadcast scalars\ndefine y_{i,j} = x_{i,j} + a", r"y = x + a", "proved"),
    ("tensor x[2,2] y[2,2]\nscalar a\nbroadcast scalars\ndefine y_{i,j} = x_{i,j} + a", r"y = x - a", "refuted"),
]  # fmt: skip
CENTRED = "tensor x[n] k[-1..1] y[1..n-2]\ndefine y_i = \\sum_{u=-1}^{1} k_u x_{i-u}\n"
PLACES: list[Row] = [
    (f"{CENTRED}op * = convolution valid, image first", "y = x * k", "proved"),
    (f"{CENTRED}op * = correlation valid, image first", "y = x * k", "refuted"),
    ("base 1\ntensor x[n] k[r]\nop * = correlation valid, image first\ndefine y = x * k", r"y_i = \sum_{u=1}^{r} k_u x_{i+u-1}", "proved"),
    ("base 1\ntensor x[n] k[r]\noutside zero\nop * = correlation valid, image first\ndefine y = x * k", r"y_i = \sum_{u=1}^{r} k_u x_{i+u}", "refuted"),
    ("base 1\ntensor x[n]\nsize p\noutside zero\ndefine y = pad(x, p)", r"y_i = x_{i-p}", "proved"),
    ("tensor x[n] y[1..n]\ndefine y_i = x_{i-1}", "y = x", "a right side whose indices begin at (0), and a left side at (1)"),
    ("tensor x[-1..n] y[n]\ndefine y = pad(x, 1)", "y = x", "pad of x, whose indices do not begin at 0"),
]  # fmt: skip

LINE = "tensor f[-M..M] g[-N..N]\noutside zero\nop * = convolution full\n"
COLOURS = "tensor I[3,n] G[3,r]\nlabel c in {r,g,b}\nscalar t\n"
SUMS: list[Row] = [
    # over all integers, where a factor ends
    (LINE, r"(f * g)[t] = \sum_{k=-\infty}^{\infty} f[k] g[t-k]", "proved"),
    (LINE, r"(f * g)[t] = \sum_{k=-\infty}^{+\infty} f[t-k] g[k]", "proved"),
    (LINE, r"(f * g)[t] = \sum_{k=-\infty}^{\infty} f[k] g[t+k]", "refuted"),
    (LINE, r"(f * g)[t] = \sum_{k=0}^{\infty} f[k] g[t-k]", "a sum with one end is not supported"),
    (LINE, r"(f * g)[t] = \sum_{k=-\infty}^{\infty} f[k+1] g[t-k-1]", "no factor that ends at k"),
    ("tensor f[-M..M] g[-N..N] h[..]\ndefine h_t = f_t g_t", r"h_t = \sum_{k=-\infty}^{\infty} f_k g_{t-k}", "no factor that ends at k"),
    ("tensor f[..] g[..]\nop * = convolution full", r"(f * g)[t] = f[t] g[t]", "* of f, which has no ends"),
    # over labels
    (f"{COLOURS}define t = \\sum_{{k=0}}^{{2}} I_{{k,0}}", r"t = \sum_{c \in \{r, g, b\}} I_c[0]", "proved"),
    (f"{COLOURS}define t = \\sum_{{k=0}}^{{2}} I_{{k,0}}", r"t = \sum_{c \in \{b, r, g\}} I_c[0]", "proved"),
    (f"{COLOURS}define t = \\sum_{{k=0}}^{{1}} I_{{k,0}}", r"t = \sum_{c \in \{r, g, b\}} I_c[0]", "refuted"),
    (COLOURS, r"t = \sum_{c \in \{r, g\}} I_c[0]", "the labels of c, {r, g, b}"),
    (COLOURS, r"t = \sum_{d \in \{r, g\}} I_d[1]", "declare label d in {r, g}"),
    (COLOURS, r"t = I_c[1, 2]", "I with 1 index; expected 2"),
    ("tensor I[4,n]\nlabel c in {r,g,b}\nscalar t", r"t = \sum_{c \in \{r, g, b\}} I_c[0]", "the index c of 3 labels on an axis from 0 to 3"),
    ("tensor I_c[n]\nlabel c in {r,g,b}\nscalar t", r"t = \sum_{c \in \{r, g, b\}} I_c[0]", "the index c, which the name I_c fixes, bound by a sum"),
    (f"{COLOURS}op * = convolution valid, image first, channels summed", r"(I * G)[x] = \sum_{a=0}^{r-1} \sum_{c \in \{r, g, b\}} I_c[x+a] G_c[r-1-a]", "proved"),
    (f"{COLOURS}op * = convolution valid, image first, channels summed", r"(I * G)[x] = \sum_{a=0}^{r-1} \sum_{c \in \{r, g, b\}} I_c[x+a] G_c[a]", "refuted"),
    (f"{COLOURS}op * = convolution valid channels", "t = 1", "'channels' alone; expected channels summed"),
]  # fmt: skip
LAYERS = "tensor X[3,32,32] K[12,3,3,3]\ndefine F = correlate(X, K)\n"
COUNTS: list[Row] = [
    (f"{LAYERS}count \\text{{products}} = multiplications F", r"\# \text{ products} = 30 \times 30 \times 27 \times 12", "proved"),
    (f"{LAYERS}count \\text{{products}} = multiplications F", r"4. \quad \text{products} = 291,600", "proved"),
    (f"{LAYERS}count \\text{{products}} = multiplications F", r"\text{products} = 291, 600", "behind the formula"),
    (f"{LAYERS}count \\text{{products}} = multiplications F", r"\text{products} = 291601", "refuted"),
    (f"{LAYERS}count P = additions F", r"P = 30 \cdot 30 \cdot 12 \cdot 26", "proved"),
    (f"{LAYERS}count P = parameters K", r"P = 324", "proved"),
    (f"{LAYERS}count P = parameters K", r"P = 325", "refuted"),
    (LAYERS, r"\# \text{ parameters} = 27 \times 12 = 324", "the words 'parameters' inside the formula"),
    (f"{LAYERS}count P = weights K", "P = 1", "expected multiplications, additions, parameters, receptive_field, and a tensor"),
    (f"{LAYERS}count P = multiplications F K", "P = 1", "the multiplications of 2 tensors"),
    # functions of the document's own
    ("tensor x[6]\ndefine \\mathsf{up}(A) = stuff(A, 2)", r"\mathsf{up}(x)[i] = 1(i \bmod 2 = 0) x_{\lfloor i/2 \rfloor}", "proved"),
    ("tensor x[6]\ndefine \\mathsf{up}(A) = stuff(A, 2)", r"\mathsf{up}(x)[i] = x_{\lfloor i/2 \rfloor}", "refuted"),
    ("tensor x[6]\ndefine \\mathsf{up}(A) = stuff(A, 2)", r"\mathsf{up}(x, x)[i] = x_{i}", "\\mathsf{up} with 2 arguments; expected 1, as defined"),
    ("tensor x[6]\ndefine \\mathsf{up}(x) = stuff(x, 2)", "x = x", "x, which is declared; expected a letter for the argument"),
]  # fmt: skip
TURNS: list[Row] = [
    ("tensor K[r]", r"(\text{rot}180) K = \operatorname{rot180}(K)", "proved"),
    ("tensor K[n]", r"(rot180) K = \operatorname{rot180}(K)", "proved"),
    ("tensor K[n]\nscalar r", r"(rot180) K = \operatorname{rot180}(K)", "not understood"),
]
IMAGES = "size A\nindex h in 1..A, l in 1..A\nbase 1\ntensor z[4,5]^{h} w[2,2]^{h,l}\nop * = correlation"
SLICES: list[Row] = [
    (
        IMAGES,
        r"z^{h} = \sum_{l=1}^{A} w^{h,l} * z^{l}",
        "a sum of whole images; expected a sum of entries, or a sign declared with channels summed",
    ),
    (IMAGES, r"z^{l} = \sum_{l=1}^{A} w^{h,l} * z^{h}", "the index l, free on the left side, bound by a sum"),
    (IMAGES, r"z^{h} = w^{h,l} * z^{l}", "the index l, which nothing binds"),
]


@pytest.mark.parametrize(
    ("block", "latex", "said"), NAMES + BRACES + RANGES + WINDOWS + ROWS + PLACES + SUMS + COUNTS + TURNS + SLICES
)
def test_a_construct_is_read_or_refused(block: str, latex: str, said: str) -> None:
    try:
        found = line(latex, block)
    except LocatedError as problem:  # a fault of the block itself
        found = str(problem)
    assert said in found


@pytest.mark.parametrize(
    ("block", "latex", "read_as"),
    [
        ("tensor x[2]\nscalar a", r"2 x = [a, 1]", r"2 \cdot x = [a, 1]"),
        ("tensor x[2] y[2]\nscalar a\nbroadcast scalars\ndefine y_i = x_i + a", r"y = x + a", r"y = x + a"),
        (
            "tensor x[2]\nscalar a\ndefine x_t = 3 a",
            r"\frac{\partial x}{\partial a} = [3, 3]",
            r"\frac{\partial x}{\partial a} = [3, 3]",
        ),
        ("tensor x[2]\nfunction f", r"2 f'(x) = f'(x) + f'(x)", r"f'"),
    ],
)
def test_what_was_read_is_printed_back(block: str, latex: str, read_as: str) -> None:
    report = verify_text(f"```symconv\n{block}\n```\n\n$${latex}$$\n")
    assert read_as in report.files[0].formulas[0].links[0].read_as
