"""What textbooks write: read where the text or a declaration settles it, refused with the way out where nothing does.

Each row is a block, a formula, and what the report says of it; what is true is calculated by hand.
"""

from __future__ import annotations

import pytest

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


@pytest.mark.parametrize(("block", "latex", "said"), NAMES + BRACES + RANGES)
def test_a_construct_is_read_or_refused(block: str, latex: str, said: str) -> None:
    assert said in line(latex, block)
