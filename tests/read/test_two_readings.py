"""What could be read in two ways is settled by the text or refused; truth by hand.

x has n entries and is zero outside.  The smallest counterexample is that of
the reading that the text settles.
"""

from __future__ import annotations

import json

import pytest

from symconv.errors import NotationError
from symconv.judging import verify_text
from symconv.read.documents import Form, segments
from symconv.read.reader import read_document

VECTOR = "tensor x[n]\noutside zero"
LAYER = "tensor x[n] w[r]\noutside zero\ndefine y = correlate(x, w)\nloss L(y)"


def line(latex: str, block: str = VECTOR) -> str:
    """What is said of the first formula of a document with one display."""
    report = verify_text(f"```symconv\n{block}\n```\n\n$${latex}$$\n")
    return str(report).splitlines()[0]


TRUE = [
    # 1-based sums, settled by the extent
    (VECTOR, r"\sum_{k=1}^{n} x_k = \sum_k x_k"),
    # sums from 1 over entries that are counted from 0
    (VECTOR, r"x_0 + \sum_{k=1}^{n-1} x_k = \sum_k x_k"),
    (VECTOR, r"\sum_{k=1}^{n} x_{n-k} = \sum_k x_k"),
    (
        LAYER,
        r"\frac{\partial L}{\partial w_k} = \sum_{i=1}^{n-r+1} \frac{\partial L}{\partial y_{i-1}} x_{i+k-1}",
    ),
    # remainders in parentheses
    (VECTOR, r"\sum_{k=0}^{n-1} x_{(k+1) \bmod n} = \sum_{k=0}^{n-1} x_k"),
    (VECTOR, r"\sum_{k=0}^{n-1} x_{k \bmod n} = \sum_{k=0}^{n-1} x_k"),
    # conditions without words
    (VECTOR, r"x_i \cdot 1(i \ge 1) = x_i \quad i \ge 1"),
    (VECTOR, r"x_i \cdot 1(i \ge 1) = x_i, i > 0"),
    (VECTOR, r"x_i \cdot 1(i \ge 1) = x_i \quad \forall i \ge 1"),
    # spacing, sizes of brackets, arguments without braces
    (VECTOR, r"x_i \quad = \quad x_i"),
    (VECTOR, r"\Bigl( x_i \Bigr) + \big[ x_i \big] = 2 x_i"),
    (VECTOR, r"\frac12 x_0 = x_0 / 2"),
    (VECTOR, r"{x_0}^2 = x_0 x_0"),
    (VECTOR, r"\sum_k -x_k = - \sum_k x_k"),
]


@pytest.mark.parametrize(("block", "latex"), TRUE)
def test_a_true_formula_is_proved(block: str, latex: str) -> None:
    assert line(latex, block).endswith("proved for all sizes")


FALSE = [
    (r"\sum_{k=1}^{n-1} x_k = \sum_{k=0}^{n-1} x_k", "refuted; n=1: the claim gives x[0], exact is 0"),
    (r"\sum_{k=1}^{n} x_k = \sum_{k=0}^{n} x_k", "refuted; n=1: the claim gives x[0], exact is 0"),
    (r"\sum_{k=0}^{n-1} x_{(2k) \bmod (2n)} = x_0", "refuted; n=3"),
    (r"x_i \cdot 1(i \ge 1) = x_i", "refuted; n=1 at i=0: the claim gives x[0], exact is 0"),
    (r"\frac13 x_0 = x_0 / 2", "refuted; n=1"),
    (r"\max_{0 \le k \le n} x_k = \max_{0 \le k < n} x_k", "refuted; n=1: the claim gives x[0], exact is Max(0, x[0])"),
]


@pytest.mark.parametrize(("latex", "said"), FALSE)
def test_a_false_formula_is_refuted(latex: str, said: str) -> None:
    assert said in line(latex)


OPEN = [
    (r"\sum_{k=0}^{n-1} x_{2k \bmod 2n} = n x_0", r"'\bmod' without parentheses around its two sides"),
    (r"\sum_{k=0}^{n-1} x_{-k \bmod n} = x_0", r"'\bmod' without parentheses"),
    (r"\sum_{k=0}^{n-1} x_{k+1 \bmod n} = \sum_{k=0}^{n-1} x_k", r"'\bmod' without parentheses"),
    (r"\sum_{k=0}^{n-1} x_{k+1 \pmod n} = \sum_k x_k", r"\pmod; expected (a - b) \bmod m = 0; write the congruence"),
    (r"n(n+1) \equiv 0 \pmod{2}", r"\pmod; expected (a - b) \bmod m = 0"),
    (r".5 x_0 = x_0/2", "a number that begins with a point; expected a digit before it; write 0.5"),
    (r"1{,}000 x_0 = 1000 x_0", "'{,}'; expected a number without it; write 1000 or 10.5"),
    (r"x_12 = x_{12}", "_12; expected braces; write _{12}, or a space behind the digit"),
    (r"x_i 1(i \ge 1) = x_i \quad \text{as long as } i \ge 1", "the words 'as long as'"),
    (r"x_i 1(i \ge 1) = x_i \quad \text{given } i \ge 1", "the words 'given'"),
    (r"x_i 1(i \ge 1) = x_i \quad \text{in the interior}", "the words 'in the interior'"),
    (r"x_i = x_0 \quad \text{at } i = 0", "the words 'at'"),
    (
        r"x_i = x_0 \quad \text{because } i=0",
        "the words 'because' before a relation; expected a condition or a new sentence; use for, if or when",
    ),
    (r"\text{At the border } x_0 = x_{n-1}", "the words 'at the border'"),
    (r"\text{Let } n = 1, \quad x_0 = x_{n-1}", "the words 'let'"),
    (r"x_i = x_0, i = 0", r"'i = 0' behind a formula in i; expected a condition in words, or a definition before"),
    (r"a = \sum_k x_k", "the name a; expected a declared name; declare it: scalar a"),
]  # fmt: skip


@pytest.mark.parametrize(("latex", "said"), OPEN)
def test_what_has_two_meanings_is_refused(latex: str, said: str) -> None:
    text = line(latex)
    assert "not understood" in text
    assert said in text


def test_a_name_keeps_its_meaning() -> None:
    report = verify_text(f"```symconv\n{VECTOR}\n```\n\n$$i' = i + 1$$\n\n$$i' = i + 1$$\n\n$$i' = i - 1$$\n")
    assert "eq3 not understood" in str(report)
    assert "i' = ... for the second time, and otherwise; expected one meaning; use another name" in str(report)


def test_the_base_that_the_sums_leave_open_is_told() -> None:
    report = verify_text(f"```symconv\n{VECTOR}\n```\n\n$$\\sum_{{k=1}}^{{n-1}} x_k = \\sum_k x_k - x_0$$\n")
    assert "base 0: the sums do not settle it; a line base 1 would" in str(report)
    report = verify_text(f"```symconv\n{VECTOR}\n```\n\n$$\\sum_{{k=1}}^{{n}} x_k = \\sum_k x_k$$\n")
    assert "base 1: the sum over k runs from 1 to the extent" in str(report)


# -- displays and blocks -------------------------------------------------------------------

OPENERS = ["$$x_0 = 7", "\\[x_0 = 7", "\\begin{align}\nx_0 = 7", "\\begin{flalign*}\nx_0 = 7"]


@pytest.mark.parametrize("opener", OPENERS)
def test_a_display_that_nothing_closes_is_told_with_its_place(opener: str) -> None:
    report = verify_text(f"```symconv\n{VECTOR}\n```\n\nText\n{opener}\n\nIt costs $5 or $6.\n\n$$x_0 = x_0$$\n")
    lines = [text for text in str(report).splitlines() if ": eq" in text]
    assert "document:7:1: eq1 not understood" in lines[0]
    assert "left open; expected its end before a blank line; close the display" in lines[0]
    assert lines[1].endswith("eq2 proved for all sizes")
    assert report.exit_code == 2


@pytest.mark.parametrize("name", ["displaymath", "flalign", "flalign*", "eqnarray*", "align*", "multline"])
def test_every_display_of_latex_is_found(name: str) -> None:
    text = f"% symconv: tensor x[n]\n\\begin{{{name}}}\nx_0 = 7\n\\end{{{name}}}\n"
    assert "eq1 refuted; n=1" in str(verify_text(text, "tex"))


@pytest.mark.parametrize(
    ("latex", "said"),
    [
        # the number of columns is no factor
        (
            r"\begin{alignat}{2} x_0 &= 7 & x_1 &= 7 \end{alignat}",
            "eq1.1: refuted; n=1: the claim gives 7, exact is x[0]",
        ),
        (r"\begin{alignat*}{2} x_0 &= x_0 \end{alignat*}", "eq1 proved"),
        # nor is the distance between lines
        (r"\begin{align} x_0 &= x_0 \\[2pt] x_1 &= x_1 \\[-.5 em] x_2 &= x_2 \end{align}", "eq1 proved"),
        (r"\begin{align} x_0 &= x_0 \\* x_1 &= x_1 \\*[1ex] x_2 &= x_2 \end{align}", "eq1 proved"),
        (r"\begin{align} x_0 &= x_0 \\ [x_1] &= x_1 \end{align}", "eq1 proved"),
        # labels and numbers
        (
            r"\begin{align} x_0 &= x_0 \label{eq:a} \\ x_1 &= x_1 \nonumber \\ x_2 &= x_2 \notag \end{align}",
            "eq1 proved",
        ),
        # what is not read is told
        (
            r"\begin{dmath} x_0 = 7 \end{dmath}",
            "the environment dmath; expected align, gather, cases or a matrix; use one",
        ),
        (r"\begin{IEEEeqnarray}{rCl} x_0 &=& 7 \end{IEEEeqnarray}", "the environment IEEEeqnarray; expected align"),
    ],
)
@pytest.mark.parametrize("form", ["md", "tex"])
def test_what_stands_beside_the_lines_of_a_display(latex: str, said: str, form: Form) -> None:
    block = "% symconv: tensor x[n]\n" if form == "tex" else "```symconv\ntensor x[n]\n```\n\n"
    assert said in str(verify_text(block + latex + "\n", form))


@pytest.mark.parametrize(
    ("form", "text", "found"),
    [
        ("md", "It costs $5 and $6, or $7 = 8.", []),
        ("md", "It costs 5 $ and y = 6 $ more.", []),
        ("md", "It costs 5$ and 6$ = 7.", []),
        ("md", "Code `$x = 7$`, ``$y = `7$``, and $z = 7$.", ["z = 7"]),
        ("md", "```\n$$x = 7$$\n```\n~~~ python\n$$y = 7$$\n~~~", []),
        ("md", "```math\nx = 7\n```", ["x = 7"]),
        ("md", "Of GitHub: $`x = 7`$, and `$y = 7$`.", ["x = 7"]),
        ("ipynb", "A notebook takes $ x = 7 $, not $5 = or $6.", ["x = 7"]),
        ("tex", "TeX takes $ x = 7 $ and a$y=7$b, not \\$5 or \\$6.", ["x = 7", "y=7"]),
        ("tex", "\\begin{lstlisting}\n$x = 7$\n\\end{lstlisting} \\begin{verbatim*}$$\\end{verbatim*} $y=7$", ["y=7"]),
    ],
)
def test_dollars_of_every_kind(form: Form, text: str, found: list[str]) -> None:
    if form == "ipynb":
        text = json.dumps({"cells": [{"cell_type": "markdown", "source": [text]}]})
    assert [s.latex for s in segments(text, form)] == found


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (
            "tensor x[n]\nsize x",
            "doc:3:6: x as a size, and as a tensor in line 2; expected one line for a name; remove",
        ),
        ("size x\ntensor x[n]", "doc:3:8: x as a tensor, and as a size in line 2"),
        ("tensor f[n]\nfunction f", "f as a function, and as a tensor in line 2"),
        ("function f\nfunction f = relu", "f for the second time, first in line 2; expected one line for a name"),
        (
            "loss L(x)\nscalar L",
            "L as a scalar, and as a loss in line 2; .* remove one of the two, or use another name",
        ),
        ("tensor x[n]\nindex x in 0..3", "x as an index, and as a tensor in line 2"),
        ("tensor x[n]\nloss L(x)\nupstream x = x", "x as an upstream gradient, and as a tensor in line 2"),
        ("tensor x[n] y[n]\nalias x = y", "x as an alias, and as a tensor in line 2"),
        ("size H\ntensor F[a]\nsize H = length F", "H for the second time, first in line 2"),
        (
            "scalar n\ntensor x[n]",
            "doc:3:10: n, a scalar in line 2, in an extent in line 3; expected a size in an extent",
        ),
        ("tensor x[n]\nindex n in 0..3", "n, an index in line 3, in an extent in line 2; .* use another name for one"),
        (
            "size F\ntensor x[n]\ndefine F = pad(x, 1)",
            "doc:4:8: F defined, a size in line 2; expected a tensor or a sc",
        ),
        ("base 0\nbase 1", "base for the second time, first in line 2; expected one choice; remove one of the two"),
        ("outside zero\noutside error", "outside for the second time"),
        ("tensor x[n]\noutside zero x\noutside error x", "outside x for the second time, first in line 3"),
        ("op * = product\nop * = correlation valid", r"op \* for the second time, first in line 2"),
        ("expect refuted eq1\nexpect proved eq1", "expect eq1 for the second time, first in line 2"),
        ("tensor x[n]\nloss L(x, x)", "a tensor twice; expected what the loss depends on, each once; remove one"),
        ("tensor x[n]\nloss L(x)\nupstream g = q", "doc:4:14: g of q, which is no tensor; expected a tensor; define q"),
        ("tensor x[n]\noutside zero q", "doc:3:14: outside zero of q, which is no tensor"),
        ("tensor x[-3]", "doc:2:10: axis 1 of x with -3 entries; expected at least 1; correct the extent"),
        ("tensor x[n]\nloss L(z)", "doc:3:6: L of z, which is no tensor; expected a tensor; define z, or declare it"),
        (
            "tensor x[n]\nfind nonsense",
            "doc:3:6: 'nonsense'; expected a gradient, shape F, count multiplications F, matrix F by X, kernel F, ",
        ),
        ("tensor x[n]\nfind kernel", "'kernel'; expected kernel F; name one tensor"),
        ("tensor x[n]\nfind rewrite dL/dx as product", "expected rewrite dL/dX as conv, or as corr; name the gradient"),
        ("tensor x[n]\nfind shape", "'shape'; expected shape F; name one tensor"),
        ("tensor x[n]\nfind shape q", "shape q, q being no tensor; expected one of x"),
        ("tensor x[n]\nfind count products x", "'count products x'; expected count, one of multiplications, additions"),
        ("tensor x[n]\nfind count multiplication x", "did you mean multiplications"),
        ("tensor x[n]\nfind matrix x", "'matrix x'; expected matrix F by X; name the output and the input"),
        ("tensor x[n]\nfind dL/dx", r"dL/dx without a loss L; expected a declared loss \(none\); add a line loss L"),
        ("tensor x[n]\nloss L(x)\nfind dL/dQ", "dL/dQ, Q being no tensor; expected one of x, a, b; name a tensor"),
        ("tensor x[n] w[r]\nloss L(x)\nfind dL/dw", "dL/dw, L being no function of w; expected one of x; name one"),
    ],
)
def test_a_fault_in_the_block_is_told(block: str, message: str) -> None:
    with pytest.raises(NotationError, match=message):
        read_document(f"```symconv\n{block}\n```\n\n$$a_i = b_i$$\n", "md", "doc")


def test_a_block_that_keeps_may_say_a_convention_anew() -> None:
    text = "```symconv\ntensor x[n] w[r]\nop * = correlation valid\noutside zero\n```\n\n"
    text += "```symconv\nkeep\nop * = correlation full\noutside error\n```\n\n$$x_0 = x_0$$\n"
    assert verify_text(text).exit_code == 0
    with pytest.raises(NotationError, match="x as a size, and as a tensor in line 2"):
        verify_text(text.replace("keep", "keep\nsize x"))


def test_a_declared_range_of_an_index_is_the_axis_of_what_it_defines() -> None:
    """A sum with other limits is a claim that can be false, and says nothing about the axis."""
    block = "```symconv\ntensor x[n]\nindex k in 1..m\nbase 1\n```\n\n$$y_k = \\sum_{i=1}^{n} x_i$$\n\n"
    short, long = "$$\\sum_{k=1}^{n} y_k = n y_1$$\n", "$$\\sum_{k=1}^{m} y_k = m y_1$$\n"
    report = verify_text(block + short + "\n" + long)
    assert [f.status.value for f in report.formulas] == ["definition", "refuted", "proved"]


def test_an_axis_that_is_stated_twice_must_be_the_same() -> None:
    text = "```symconv\ntensor x[n]  y[p]\nindex k in 1..m\nbase 1\n```\n\n$$y_k = \\sum_{i=1}^{n} x_i$$\n"
    (formula,) = verify_text(text).formulas
    assert formula.status.value == "not_understood"
    assert "axis 1 of y as 1..m, which is known otherwise; expected one extent" in formula.links[0].verdict.message


@pytest.mark.parametrize("latex", [r"F = X \otimes K", "F = X K", "y = x + b", "y = w x", "a = b c", "Z = 2 A"])
def test_names_that_nothing_speaks_of_are_no_index_expressions(latex: str) -> None:
    """Without a declaration they may be tensors, and the equation a claim."""
    (formula,) = verify_text(f"$${latex}$$\n").formulas
    assert formula.status.value == "not_understood"


@pytest.mark.parametrize("latex", ["i' = i + u", "u = i - x", "m = 2 n + 1"])
def test_index_letters_may_be_named(latex: str) -> None:
    text = f"$$y_i = \\sum_x h_x g_{{i-x}}$$\n\n$${latex}$$\n"
    assert [f.status.value for f in verify_text(text).formulas][1] == "definition"


def test_a_sum_says_nothing_of_what_an_operation_makes() -> None:
    """A limit too long is a claim that is judged; the extents of F are those of the correlation."""
    block = "```symconv\ntensor x[n]  w[r]\ndefine F = correlate(x, w)\nloss L(F)\noutside zero\n```\n\n"
    for last in ("n-r", "n-r+1"):
        total = rf"\sum_{{i=0}}^{{{last}}} \frac{{\partial L}}{{\partial F_i}} x_{{i+k}}"
        latex = rf"\frac{{\partial L}}{{\partial w_k}} = {total}"
        (formula,) = verify_text(f"{block}$${latex}$$\n").formulas
        assert formula.status.value == "proved"


DATA = "```symconv\ntensor x[n]  y[n]  w[r]\nscalar b\noutside zero\n```\n\n"


@pytest.mark.parametrize(
    "condition",
    [
        r"\quad \text{for } i > 0",
        r"\text{ if } i > 2",
        r"\; (i \ge 1)",
        r", \; i \ne 0",
        r", i = 1, \dots, n-1",
        r"\text{ (if i is even)}",
        r"\text{ (when one tap)}",
        r"\quad \text{(if nothing is there)}",
    ],
)
def test_a_definition_under_a_condition_says_nothing_elsewhere(condition: str) -> None:
    """It is refused, and so is what is made of it; in no order is a false line proved."""
    first, second = f"$$y_i = x_i {condition}$$\n\n", "$$y_0 = x_0$$\n\n"
    for text in (first + second, second + first):
        assert {f.status.value for f in verify_text(DATA + text).formulas} == {"not_understood"}


@pytest.mark.parametrize(
    "text",
    [
        "For example, a box filter has $w_k = 1$.\n\n$$\\sum_k w_k x_k = \\sum_k x_k$$\n",
        "A signal that vanishes, $x_i = 0$, is rare.\n\n$$x_i + b = b$$\n",
        "Suppose $b = 0$.\n\n$$x_i + b = x_i$$\n",
    ],
)
def test_what_is_said_in_passing_is_no_definition(text: str) -> None:
    statuses = [f.status.value for f in verify_text(DATA + text).formulas]
    assert statuses[0] == "not_understood"
    assert "proved" not in statuses


def test_an_accented_name_with_an_extent_of_its_own() -> None:
    r"""The extent is called length_{\tilde{w}}, and printed so."""
    text = (
        "```symconv\ntensor w[r]\noutside zero\n```\n\n$$\\tilde w_k = w_{r-1-k}$$\n\n$$\\sum_k \\tilde w_k = w_0$$\n"
    )
    report = verify_text(text)
    assert [f.status.value for f in report.formulas] == ["definition", "refuted"]
    assert "extent of its own" in str(report)
