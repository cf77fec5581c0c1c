"""Everyday LaTeX: read where it can mean one thing only, else refused with the reason; truth by hand.

x has n entries and w has r; both are zero outside, and y is their valid correlation.
"""

from __future__ import annotations

import pytest

from symconv.judging import verify_text
from symconv.read.reader import read_document

VECTOR = "tensor x[n]\noutside zero"
LAYER = "tensor x[n] w[r]\nscalar b\noutside zero\nop * = correlation valid, image first\ndefine y = x * w\nloss L(y)"
SOFTMAX = "tensor z[n]\nfunction e = exp"
GRADIENT = r"\sum_{k=0}^{r-1} \frac{\partial L}{\partial y_{a-k}} w_k"


def line(latex: str, block: str) -> str:
    """What is said of a document with one display."""
    return str(verify_text(f"```symconv\n{block}\n```\n\n$${latex}$$\n")).splitlines()[0]


TRUE = [
    # derivatives of a loss with its arguments, and entries of whole gradients
    (LAYER, rf"\frac{{\partial L(y)}}{{\partial x_a}} = {GRADIENT}"),
    (LAYER, rf"\frac{{d L(y)}}{{d x_a}} = {GRADIENT}"),
    (LAYER, rf"dL(y)/dx_a = {GRADIENT}"),
    (LAYER, rf"\frac{{\partial}}{{\partial x_a}} L(y) = {GRADIENT}"),
    (LAYER, rf"\frac{{\partial L}}{{\partial x}}[a] = {GRADIENT}"),
    (LAYER, rf"\frac{{\partial L(y)}}{{\partial x}}\Big[a\Big] = {GRADIENT}"),
    # several lines below a sum
    (VECTOR, r"\sum_{\substack{0 \le k < n}} x_k = \sum_k x_k"),
    (VECTOR, r"\sum_{\substack{0 \le k < n \\ k \neq 1}} x_k = \sum_k x_k - x_1 [n > 1]"),
    (VECTOR, r"\sum_{k=0, k \neq 1}^{n-1} x_k = \sum_{k : k + 1 \neq 2} x_k"),
    (VECTOR, r"\sum_{k \neq i} x_k = \sum_k x_k - x_i \quad \text{for } 0 \le i < n"),
    (VECTOR, r"\sum_{\substack{0 \le k < n \\ 3 \mid k}} x_{k/3} = \sum_{k=0}^{\lfloor (n-1)/3 \rfloor} x_k"),
    (VECTOR, r"\sum_{k=\max(0, i-2)}^{\min(n-1, i)} x_k = x_i + x_{i-1} + x_{i-2} \quad \text{for } 0 \le i < n"),
    (VECTOR, r"\sum_{\substack{0 \le k < n \\ 0 \le j < n}} x_k x_j = \sum_k \sum_j x_k x_j"),
    (VECTOR, r"\sum_{\substack{k = 0}}^{n-1} x_k = \sum_k x_k"),
    # the greater of a number and 0
    (f"{VECTOR}\nfunction f = relu", r"\max(x_0, 0) = f(x_0)"),
    (f"{VECTOR}\nfunction f = relu", r"\max\{0, x_0\} + 1 = 1 + f(x_0)"),
    # cases of which exactly one holds
    (VECTOR, r"x_i 1(i > 2) = \begin{cases} x_i & \text{if } i > 2 \\ 0 & \text{if } i \le 2 \end{cases}"),
    (VECTOR, r"x_i = \begin{cases} x_i & i = 2 \\ x_i & i \neq 2 \end{cases}"),
    # conditions in parentheses and in words
    (VECTOR, r"x_i 1(i \ge 1) = x_i \quad (i \ge 1)"),
    (VECTOR, r"x_i 1(i \ge 1) = x_i, (1 \le i < n)"),
    (VECTOR, r"x_i 1(i = 2) = x_i \quad (\text{for } i = 2)"),
    (VECTOR, r"x_i 1(i \ge 1) = x_i \quad \text{for all } i \text{ with } i \ge 1"),
    (VECTOR, r"x_i 1(i \ge 1) = x_i \text{ for all } i \text{ and } i \ge 1"),
    (VECTOR, r"x_i x_j = x_j x_i \quad \text{for all } i, j"),
    # numbers before whole tensors
    (LAYER, r"2 (x * w) = (x + x) * w"),
    (LAYER, r"(x + x) * w = 2 x * w"),
    (LAYER, r"-y = (-x) * w"),
    (LAYER, r"y = \frac{(x + x) * w}{2}"),
    (LAYER, r"(1 + b) y = y + b y"),
    (LAYER, r"2 n y = n (2 y)"),
    # the base of the natural logarithm
    (SOFTMAX, r"\sum_k e^{z_k} = \sum_k \exp(z_k)"),
    (SOFTMAX, r"\mathrm{e}^{-z_0} = e(-z_0)"),
    ("tensor z[n]", r"\sum_{e} e^2 z_e = \sum_{k} k^2 z_k"),
    # a declared delta
    ("tensor z[n] \\delta[n,n]", r"\sum_k \delta_{0,k} z_k = \sum_k z_k \delta_{0,k}"),
]


@pytest.mark.parametrize(("block", "latex"), TRUE)
def test_a_true_formula_is_proved(block: str, latex: str) -> None:
    assert line(latex, block).endswith("proved for all sizes")


FALSE = [
    (LAYER, rf"\frac{{\partial L(y)}}{{\partial x_a}} = 2 {GRADIENT}", "n=1, r=1 at a=0: the claim gives 2*"),
    (
        LAYER,
        rf"\frac{{\partial L}}{{\partial x}}[a] = {GRADIENT.replace('a-k', 'a+k')}",
        "n=2, r=2 at a=1: the claim gives 0, exact is dL/dy[0]*w[1]; true if r = 1",
    ),
    (VECTOR, r"\sum_{\substack{0 \le k < n \\ 0 \le j < k}} x_j = \sum_k x_k", "n=1: the claim gives x[0], exact is 0"),
    (VECTOR, r"\max(x_0, 0) = x_0", "n=1: the claim gives x[0], exact is Max(0, x[0])"),
    (
        VECTOR,
        r"x_i = \begin{cases} x_i & i > 0 \\ 0 & i \le 0 \end{cases}",
        "n=1 at i=0: the claim gives 0, exact is x[0]",
    ),
    (VECTOR, r"x_i 1(i \ge 2) = x_i \quad (i \ge 1)", "n=2 at i=1: the claim gives x[1], exact is 0"),
    (VECTOR, r"x_i 1(i \ge 1) = x_i \quad \text{for all } i", "n=1 at i=0: the claim gives x[0], exact is 0"),
    (LAYER, r"(x + x) * w = 3 x * w", "r=1, n=1 at i=0: the claim gives 3*w[0]*x[0], exact is 2*w[0]*x[0]"),
    (LAYER, r"((1 + b) x) * w = (1 - b) y", "the claim gives (1 - b)*w[0]*x[0], exact is (b + 1)*w[0]*x[0]"),
    (SOFTMAX, r"e^{2 z_0} = e^{z_0}", "n=1: the claim gives exp(z[0]), exact is exp(2*z[0])"),
    (
        "tensor z[n] \\delta[n,n]",
        r"\sum_k \delta_{0,k} z_k = z_0",
        "n=1: the claim gives z[0], exact is \\delta[0, 0]*z[0]",
    ),
]


@pytest.mark.parametrize(("block", "latex", "said"), FALSE)
def test_a_false_formula_is_refuted(block: str, latex: str, said: str) -> None:
    text = line(latex, block)
    assert "refuted; " in text
    assert said in text


OPEN = [
    (LAYER, r"\frac{\partial L(x)}{\partial x_a} = 0", "L(x); expected L(y), as declared; write L alone, or correct"),
    (LAYER, r"\frac{\partial L(y, x)}{\partial x_a} = 0", "L(y, x); expected L(y), as declared"),
    (LAYER, r"\nabla_x L = 0", "num of whole tensors; expected a tensor, a declared operation, or entries"),
    (LAYER, r"\nabla L = 0", r"\nabla in this place; expected \nabla_x L; name its tensor, or write a fraction"),
    (LAYER, r"\left.\frac{\partial L}{\partial x_a}\right|_{x=0} = 0", r"'.' after \left; expected an opening bracket"),
    (VECTOR, r"\sum_{\substack{0 \le k < n} x_k = 0", "a brace left open; expected '}' before the end of the formula"),
    (VECTOR, r"\sum_{\substack 0 \le k < n} x_k = 0", r"'0'; expected '{'; write \substack{...}"),
    (VECTOR, r"\max(x_0, x_1) = 0", "a maximum of listed numbers is not supported yet"),
    (VECTOR, r"\min(x_0, 0) = 0", r"\min is not supported yet"),
    (
        VECTOR,
        r"x_i = \begin{cases} x_i & i > 0 \\ x_0 & i = 0 \end{cases}",
        "a last case with a condition; expected otherwise",
    ),
    (VECTOR, r"x_i = \begin{cases} x_i & i \ge 0 \\ x_0 & i \le 0 \end{cases}", "a last case with a condition"),
    (VECTOR, r"x_i = \begin{cases} x_i & i > 0 \\ x_0 & n \le 0 \end{cases}", "a last case with a condition"),
    (VECTOR, r"x_i = \begin{cases} x_i & \text{if } i > 0 \end{cases}", "a last case with a condition"),
    (
        VECTOR,
        r"x_i = \begin{cases} x_i & \text{otherwise} \\ x_0 & i > 0 \end{cases}",
        "'otherwise' before another case; expected otherwise at the end; put it on the last line",
    ),
    (VECTOR, r"x_i = x_i \quad (i = 0)", r"'(i = 0)' behind the formula; expected a relation, a range or nothing"),
    (VECTOR, r"x_i = x_i \quad [i \ge 1]", r"'[i \ge 1]' behind the formula"),
    (VECTOR, r"x_i = x_i (i \ge 1)", "a condition in parentheses; expected 1(...) or [...] around a condition"),
    (
        VECTOR,
        r"x_i x_j = x_j x_i \text{ for all } i, j \ge 1",
        r"'j \ge 1' behind a list of indices; expected a condition that says for which index it holds",
    ),
    (VECTOR, r"x_i = 0 \text{ for some } i \ge 1", "the words 'for some'; expected for, for all, if or when"),
    (
        VECTOR,
        r"\sum_k \delta_{k,0} x_k = x_0",
        r"\delta, which may be Kronecker's sign or a tensor; expected a condition",
    ),
    (VECTOR, r"y_i = \sum_k \delta_{i,k} x_k", r"write 1(i = j), or declare tensor \delta[..] or upstream \delta = .."),
    (VECTOR, r"\sum_k (-1)^k x_k = x_0", "the exponent k; expected a number from 1 to 9; write cases, or a sum of"),
    (VECTOR, r"2^k x_k = x_k", "the exponent k; expected a number from 1 to 9"),
    (VECTOR, r"e^{x_0} = 1", "e^{x_{0}}; expected exp(..), or e declared; add a line function e = exp"),
    (VECTOR, r"e^2 x_0 = x_0", "e^{2}; expected exp(..), or e declared"),
    (SOFTMAX, r"e^z_0 = 1", "the function e with an index; expected its argument in parentheses"),
    (SOFTMAX, r"z_e = 1", "the function e without an argument"),
    (LAYER, r"a y = y", "the name a; expected a declared name; declare it: scalar a"),
    (
        LAYER,
        r"y \cdot y = y",
        "a product of whole tensors with a dot or a cross; expected a declared sign between them",
    ),
]


@pytest.mark.parametrize(("block", "latex", "said"), OPEN)
def test_what_is_not_certain_is_refused(block: str, latex: str, said: str) -> None:
    text = line(latex, block)
    assert "not understood" in text
    assert said in text


def test_an_index_does_not_slip_into_a_whole_tensor() -> None:
    assert "the index i, which nothing binds" in line(r"y_i = (i x * w)_i", LAYER)


def test_what_was_read_names_the_number() -> None:
    report = verify_text(f"```symconv\n{LAYER}\n```\n\n$$2 y = (1 + b) n y / 3$$\n")
    (formula,) = report.formulas
    assert formula.links[0].read_as == r"2 \cdot y = \frac{1}{3} \cdot (1 + b) n \cdot y"


def test_for_all_is_kept_as_a_note() -> None:
    document = read_document(f"```symconv\n{VECTOR}\n```\n\n$$x_i x_j = x_j x_i \\text{{ for all }} i, j$$", "md")
    assert document.formulas[0].links[0].notes == ("for all i",)
