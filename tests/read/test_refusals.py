"""What is not settled is refused, with the place and what to change; nothing is guessed."""

from __future__ import annotations

import pytest

from symconv.errors import NotationError
from symconv.notation.source import LocatedError, Source
from symconv.read.block import read_block
from symconv.read.claims import Kind
from symconv.read.reader import read_document
from tests.read.test_readings import BLOCK, only

LEFT = r"\frac{\partial L}{\partial X_{i,j}} = "


@pytest.mark.parametrize(
    ("latex", "kind", "message"),
    [
        (
            r"K_{u,v}",
            Kind.ILL_FORMED,
            r"the index u, which nothing binds; expected an index of the left side or of a sum",
        ),
        (r"\sum_{u=0}^{r-1} K_{u,v}", Kind.ILL_FORMED, r"the index v, which nothing binds"),
        (
            r"\sum_{i=0}^{r-1} K_{i,j}",
            Kind.ILL_FORMED,
            r"the index i, free on the left side, bound by a sum on the right",
        ),
        (
            r"\sum_{u=0}^{r-1} \sum_{u=0}^{c-1} K_{u,u}",
            Kind.ILL_FORMED,
            r"the index u, which is taken already, bound again",
        ),
        (r"X_{i}", Kind.ILL_FORMED, r"X with 1 index; expected 2 \(block, line 5\); separate the indices by commas"),
        (r"X_{i+1 j}", Kind.ILL_FORMED, r"X with 1 index"),
        (r"X_{i,,j}", Kind.ILL_FORMED, r"an empty index of X"),
        (r"X_{i,j/s}", Kind.NOT_UNDERSTOOD, r"a quotient as a position; expected a whole number; write \\lfloor"),
        (
            r"Q_{i,j}",
            Kind.NOT_UNDERSTOOD,
            r"Q, whose extents are open; expected extents; declare them: tensor Q\[H,W\]",
        ),
        (r"Q_{ij}", Kind.NOT_UNDERSTOOD, r"Q with the subscript ij; expected a declared index count"),
        (
            r"g(i)",
            Kind.NOT_UNDERSTOOD,
            r"'g' before a parenthesis; expected a declared name: a call, an entry and a product look",
        ),
        (
            r"X * K",
            Kind.NOT_UNDERSTOOD,
            r"\*, which may be valid, image first or valid, kernel first; expected one of them; declare",
        ),
        (
            r"X \otimes K",
            Kind.NOT_UNDERSTOOD,
            r"\\otimes between tensors; expected a declared meaning; declare it: op \\otimes",
        ),
        (r"z_i / 2 z_j", Kind.NOT_UNDERSTOOD, r"a factor behind a/b"),
        (r"z_i + \dots + z_j", Kind.NOT_UNDERSTOOD, r"an ellipsis; expected a sum with its limits"),
        (r"z_i \text{ roughly } + 1", Kind.NOT_UNDERSTOOD, r"the words 'roughly' inside the formula"),
        (r"z_i \quad \text{unless } s = 1", Kind.NOT_UNDERSTOOD, r"the words 'unless'; expected a condition"),
        (r"\frac{\partial z_i}{z_j}", Kind.NOT_UNDERSTOOD, r"a denominator without \\partial"),
        (r"\frac{\partial z_i}{d z_j}", Kind.NOT_UNDERSTOOD, r"\\partial above and d below"),
        (r"\sum_{u} K_{u+i, j}", Kind.NOT_UNDERSTOOD, r"the index u without limits, which stands alone on no axis"),
        (r"\sum_{u=0} K_{u, j}", Kind.NOT_UNDERSTOOD, r"u without an upper limit"),
        (
            r"\sum_{u=-\infty}^{\infty} K_{u, j}",
            Kind.NOT_UNDERSTOOD,
            r"a sum over all integers u, and no factor that ends at u",
        ),
        (r"\prod_{u=0}^{r-1} K_{u, j}", Kind.NOT_UNDERSTOOD, r"\\prod is not supported yet"),
        (r"K^T", Kind.NOT_UNDERSTOOD, r"the whole tensor K where a number stands"),
        (r"z_i^{k}", Kind.NOT_UNDERSTOOD, r"the superscript k; expected a power from 1 to 9"),
        (r"\nabla z_i", Kind.NOT_UNDERSTOOD, r"\\nabla in this place"),
        (r"z_i +", Kind.NOT_UNDERSTOOD, r"the end; expected an operand"),
        (r"z_i \cdot \cdot z_j", Kind.NOT_UNDERSTOOD, r"'\\cdot'; expected an operand"),
        (r"f z_i", Kind.NOT_UNDERSTOOD, r"the function f without an argument"),
        (r"z_{i \bmod 0}", Kind.ILL_FORMED, r"a division by 0"),
        (r"L z_i", Kind.NOT_UNDERSTOOD, r"the loss L alone"),
        (
            r"\begin{bmatrix} 1 & 2 \end{bmatrix}",
            Kind.NOT_UNDERSTOOD,
            r"a whole tensor \(array\) where a number stands",
        ),
        (
            r"\begin{cases} 1 & \text{if } i = j \\ 0 & \text{if } i = 1 \end{cases}",
            Kind.NOT_UNDERSTOOD,
            r"a last case with a condition",
        ),
    ],
)
def test_a_right_side_that_is_refused(latex: str, kind: Kind, message: str) -> None:
    link = only(LEFT + latex)
    assert link.claim is None
    with pytest.raises(LocatedError, match=message):
        raise _as_error(link.message)
    assert link.kind is kind
    assert link.line >= 11


def _as_error(message: str) -> LocatedError:
    error = LocatedError(Source(""), 0, "", "", "")
    error.__class__ = type("Message", (LocatedError,), {"__str__": lambda _: message})
    return error


@pytest.mark.parametrize(
    ("latex", "kind", "message"),
    [
        (
            r"\frac{\partial L}{\partial K_{u,v}} = 0",
            Kind.ILL_FORMED,
            r"the derivative of L by K; expected a tensor that X, z depends on",
        ),
        (
            r"dX_{i,j} = z_i",
            Kind.NOT_UNDERSTOOD,
            r"d before the tensor X; expected a declared name; declare upstream dX = X",
        ),
        (r"\delta z_i = z_i", Kind.NOT_UNDERSTOOD, r"\delta before the tensor z"),
        (r"X_{2i,j} \le 3", Kind.NOT_UNDERSTOOD, r"the relation \\le; expected an equality"),
        (r"= z_i", Kind.NOT_UNDERSTOOD, r"a continuation of nothing"),
        (
            r"\frac{\partial L}{\partial X_{i+a,j}} = z_j",
            Kind.NOT_UNDERSTOOD,
            r"the free index i, which stands alone on no axis",
        ),
        (r"X = X", Kind.CLAIM, ""),
        (r"n = 3", Kind.NOT_UNDERSTOOD, "a value for the size n"),
    ],
)
def test_whole_formulas(latex: str, kind: Kind, message: str) -> None:
    link = only(latex)
    assert link.kind is kind, link.message
    assert message.replace("\\\\", "\\") in link.message


def test_the_column_of_a_fault_counts_in_the_file() -> None:
    text = f"```symconv\n{BLOCK}\n```\n\nHere $$ {LEFT}K_{{u,j}} $$"
    (link,) = read_document(text, "md").formulas[0].links
    line = text.split("\n")[link.line - 1]
    assert line[link.column - 1] == "u"


# -- blocks -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("tensr X[H]", r"doc:3:1: 'tensr'; expected one of alias, .*; did you mean 'tensor'\?"),
        ("tensor X", r"doc:3:9: X without brackets; expected '\[' and the axes"),
        ("tensor X[H] X[W]", r"X for the second time"),
        ("tensor X[H", r"X without brackets"),
        ("tensor X[1..]", r"a range with one end"),
        ("size", r"doc:3:5: 'size' alone"),
        ("size 3", r"'3'; expected a name"),
        ("size F = area X", r"'area X'; expected rows, columns, channels or length"),
        ("loss L", r"'L'; expected a loss with its tensors, L\(y\)"),
        ("loss L()", r"no tensor; expected what the loss depends on"),
        ("outside nothing", r"'nothing'; expected zero, error, periodic or reflect"),
        ("op * correlation", r"a sign, '=' and its meaning"),
        ("op * = corelation", r"'corelation'; .*did you mean correlation\?"),
        ("op * = correlation ful", r"'ful'; expected valid, full, same.*; did you mean full\?"),
        ("op * = correlation kernel", r"'kernel' alone; expected 'first'"),
        ("function f = sinus", r"'sinus'; expected identity"),
        ("expect refutd eq1", r"'refutd'; .*did you mean refuted\?"),
        ("expect refuted 3", r"'3'; expected eq1, eq2.1 or in3"),
        ("expect refuted eq7", r"eq7 in the block; expected a formula of this document \(eq1 to eq1\)"),
        ("base 2", r"base 2; expected 0 or 1"),
        ("index i 0..3", r"an index and its range; write index i in 0..n-1"),
        ("vec down", r"vec down; expected columns or rows; choose one of these"),
        ("vectors up", r"vectors up; expected columns or rows"),
        ("layout numerator\nlayout denominator", r"layout for the second time, first in line \d+"),
        ("label c in {r,r}", r"a label twice; expected each once; remove one"),
        ("label c = r", r"an index and its labels; write label c in"),
        ("define F = correlate(X)", r"doc:3:22: X in correlate; expected a declared tensor; declare tensor X"),
        ("tensor X[n]\ndefine F = correlate(X)", r"correlate of 1 tensors; expected 2"),
        (
            "tensor X[n] K[k]\ndefine F = correlate(X, K, strid=2)",
            r"correlate with the option strid; expected stride, padding",
        ),
        ("tensor X[3] K[5]\ndefine F = correlate(X, K)", r"a kernel that reaches over 5 positions on an axis of 3"),
        ("tensor X[n]\ndefine F = unpool(X)", r"unpool of 1 tensors; expected 2"),
        ("define F = (X, Y)", r"a tuple"),
        ("keep", r"'keep' in the first block"),
        ("assume H", r"'H'; expected a condition"),
    ],
)
def test_a_fault_in_a_block_stops_with_its_place(block: str, message: str) -> None:
    with pytest.raises(NotationError, match=message):
        read_document(f"\n```symconv\n{block}\n```\n$$a_i = b_i$$", "md", "doc")


def test_every_line_of_the_table_has_its_record() -> None:
    facts = read_block(
        Source(
            "# a comment\n"
            "loss F(n, b)\n"
            "tensor y[,] x[H, W]  g[-l..l] a[1..n] f[..]  lz[,]^{m,n,h}\n"
            "scalar b\n"
            "function \\sigma = sigmoid\n"
            "size H W r c\nsize n >= 2\nsize p >= 0\nsize H_F = rows y\n"
            "index h in 1..M, k in 1..N\n"
            "upstream dlz = lz, \\delta = y\n"
            "alias dz = dlz\nentry LZ = lz\nbase 1\n"
            "op * = convolution full, kernel first\n"
            "op \\circledast = correlation stride 2, padding p, dilation d\n"
            "op \\text{conv} = correlation valid\n"
            "outside zero y x\noutside error\n"
            "vec columns\nties first\npool mean\naxes row-column\norigin first\nlayout numerator\n"
            "define F = correlate(x, pad(y, (1, 2)), stride=(s, t))\ndefine \\tilde F = x \\otimes y\n"
            "assume s >= 1, (H + 2 p - r) \\bmod s = 0\n"
            "find dL/dK, dL/dX\nexpect refuted eq3 eq5.1\nignore eq4 in2\n"
        )
    )
    assert facts.losses == {"F": ("n", "b")}
    assert [len(t.axes) for t in facts.tensors.values()] == [2, 2, 1, 1, 1, 5, 0]
    assert facts.tensors["lz"].raised == 3
    assert facts.sizes == {"H": None, "W": None, "r": None, "c": None, "n": 2, "p": 0}
    assert facts.quantities == {"H_F": ("rows", "y")}
    assert facts.ops["*"].order == "kernel first"
    assert [name for name, _ in facts.ops["\\circledast"].options] == ["stride", "padding", "dilation"]
    assert "conv" in facts.ops
    assert facts.outside_of == {"y": "zero", "x": "zero"}
    assert [d.left.text for d in facts.definitions] == ["F", "\\tilde F"]
    assert [a.text for a in facts.assumptions] == ["s >= 1", "(H + 2 p - r) \\bmod s = 0"]
    assert facts.expected == {"eq3": "refuted", "eq5.1": "refuted"}
    assert facts.ignored == {"eq4", "in2"}
    assert [f.what for f in facts.finds] == ["dL/dK", "dL/dX"]
    assert facts.base == 1


# -- what could be dropped in silence is not ------------------------------------------------------


def test_a_sign_behind_a_space_is_not_a_remark() -> None:
    link = only(LEFT + r"z_i \quad * z_j")
    assert link.kind is Kind.NOT_UNDERSTOOD
    assert link.claim is None


def test_a_label_that_could_be_indices_is_refused() -> None:
    link = only(r"\frac{\partial L}{\partial K_{r,o,t}} = K_{rot}", "tensor K[n,n,n]\nloss L(K)")
    assert link.kind is Kind.NOT_UNDERSTOOD
    assert "K_{rot}, a label or 3 indices; expected one of the two" in link.message


def test_a_condition_on_a_definition_is_refused() -> None:
    link = only(r"y_i = 2 x_i \quad \text{if } n = 1", "tensor x[n] y[n]")
    assert link.kind is Kind.NOT_UNDERSTOOD
    assert "a condition on the definition of y" in link.message


def test_a_range_behind_a_definition_is_its_axis() -> None:
    link = only(r"y_i = 2 x_i, \quad 1 \le i \le n", "tensor x[n] y[]\nbase 1")
    assert link.defines is not None
    assert str(link.defines.axes[0].high) == "n"
    link = only(r"y_i = 2 x_i, \quad 1 \le i \le n", "tensor x[n] y[n]\nbase 0")
    assert "axis 1 of y as 1..n, which is known otherwise" in link.message


def test_a_definition_that_fails_is_not_used() -> None:
    page = read_document("```symconv\ntensor x[n] y[n]\n```\n$$y_i = x_{i} + q$$ $$y_i = x_i$$", "md")
    assert [f.links[0].kind for f in page.formulas] == [Kind.NOT_UNDERSTOOD, Kind.NOT_UNDERSTOOD]
