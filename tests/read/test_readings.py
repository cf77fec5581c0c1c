"""Golden readings: formulas beside terms that are built by hand with the Python functions."""

from __future__ import annotations

from fractions import Fraction

import pytest

from symconv.ops.correlate import convolve, correlate
from symconv.ops.window import pad, rot180
from symconv.read.claims import Claim, Document, Kind, Link, WholeClaim
from symconv.read.reader import read_document
from symconv.term.polynomial import Poly, Size
from symconv.term.tensor import Axis, Leaf
from symconv.term.value import (
    Apply,
    Bracket,
    Derivative,
    Function,
    Maximum,
    Number,
    Position,
    Range,
    Reciprocal,
    Sum,
    Value,
    at_least,
    equal,
    multiply,
)
from tests.read.loops import equal_everywhere

H, W, R, C, N, S = (Size(n) for n in ("H", "W", "r", "c", "n", "s"))
II, J, U, V = (Poly.of(n) for n in "ijuv")
X = Leaf("X", (Axis.of(H), Axis.of(W)), "error")
K = Leaf("K", (Axis.of(R), Axis.of(C)), "error")
Z = Leaf("z", (Axis.of(N),), "error")
TAPS = (Range.upto("u", R), Range.upto("v", C))

BLOCK = r"""
size   n s c
size   p >= 0
tensor X[H,W]  K[r,c]  z[n]
loss   L(X, z)
function f
function \sigma = sigmoid
op     * = correlation valid
"""


def read(formula: str, block: str = BLOCK) -> Document:
    return read_document(f"```symconv\n{block}\n```\n\n$$\n{formula}\n$$\n", "md")


def only(formula: str, block: str = BLOCK) -> Link:
    (link,) = read(formula, block).formulas[0].links
    return link


def right(formula: str, block: str = BLOCK) -> Value:
    link = only(formula, block)
    assert isinstance(link.claim, Claim), link.message
    return link.claim.right


UNIT = Number(Fraction(1))


@pytest.mark.parametrize(
    ("latex", "value"),
    [
        (r"\sum_{u=0}^{r-1}\sum_{v=0}^{c-1} K_{uv} X_{i+u,j+v}", Sum(TAPS, K[U, V] * X[II + U, J + V])),
        (r"\sum_{u=0}^{r-1}\sum_{v=0}^{c-1} K[u,v] X(i+u,j+v)", Sum(TAPS, K[U, V] * X[II + U, J + V])),
        (r"\sum_{u,v} K_{u,v} X_{(i+u, j+v)}", Sum(TAPS, K[U, V] * X[II + U, J + V])),
        (r"\sum_{0 \le u < r} \sum_{0 \leq v \leq c-1} K_{u, v}", Sum(TAPS, K[U, V])),
        (r"-2 X_{ij} + \frac{1}{2} X_{i,j}^2", -2 * X[II, J] + Fraction(1, 2) * X[II, J] * X[II, J]),
        (r"X_{\lfloor i/s \rfloor, j \bmod s}", X[II // Poly.of(S), J % Poly.of(S)]),
        (r"X_{\left\lfloor\frac{i + 1}{s}\right\rfloor, j}", X[(II + 1) // Poly.of(S), J]),
        (r"K_{i,j} \cdot 1(i = j, i \ge 1)", K[II, J] * Bracket((equal(II, J), at_least(II, 1)))),
        (r"\mathbb{1}_{\{i < j\}}", Bracket((at_least(J - II - 1, 0),))),
        (r"[i \neq j] K_{i,j}", Bracket((equal(II, J).__class__("ne", II - J),)) * K[II, J]),
        (r"\max_{0 \le u < s} X_{i+u, j}", Maximum((Range.upto("u", S),), X[II + U, J])),
        (r"\frac{1}{r c} X_{i,j}", Reciprocal(Position(Poly.of(R) * Poly.of(C))) * X[II, J]),
        (r"\sigma(X_{i,j})", Apply(Function("sigmoid"), X[II, J])),
        (r"f''(X_{i,j})", Apply(Function("f", 2), X[II, J])),
        (r"\exp(z_i)", Apply(Function("exp"), Z[II])),
        (r"(n - i) z_{i}", multiply(Position(Poly.of(N) - II), Z[II])),
        (r"2 n z_{2i+1}", multiply(Position(2 * Poly.of(N)), Z[2 * II + 1])),
        (r"\frac{\partial X_{i,j}}{\partial K_{u',v'}}", None),
    ],
)
def test_a_value_is_read_as_it_stands(latex: str, value: Value | None) -> None:
    found = read(f"\\frac{{\\partial L}}{{\\partial X_{{i,j}}}} = {latex}").formulas[0].links[0]
    if value is None:
        assert found.kind is Kind.ILL_FORMED
    else:
        assert isinstance(found.claim, Claim), found.message
        assert found.claim.right == value


def test_a_derivative_of_an_entry_by_an_entry_is_a_node() -> None:
    link = only(r"\frac{\partial X_{i,j}}{\partial X_{a,b}} = 1(i=a, j=b)")
    assert isinstance(link.claim, Claim)
    assert link.claim.left == Derivative(X[II, J], X["a", "b"])
    assert [r.name for r in link.claim.free] == ["i", "j", "a", "b"]
    assert link.claim.free[0] == Range.upto("i", H)


def test_cases_weigh_each_branch_with_none_before() -> None:
    value = right(
        r"\frac{\partial L}{\partial z_i} = \begin{cases} z_i & \text{if } i \ge 1 \\ 0 & \text{otherwise} \end{cases}"
    )
    assert value == Bracket((at_least(II, 1),)) * Z[II]


def test_the_loss_gives_free_data_to_what_it_depends_on() -> None:
    link = only(r"\frac{\partial L}{\partial z_i} = 0")
    assert isinstance(link.claim, Claim)
    left = link.claim.left
    assert left.tensor.name == "dL/dz"  # type: ignore[attr-defined]
    assert left.tensor.axes == Z.axes  # type: ignore[attr-defined]


def test_both_spellings_of_a_derivative() -> None:
    block = "tensor X[H,W] K[r,c]\ndefine F = correlate(X, K)\nloss L(F)\nop * = correlation valid, image first"
    a = only(r"\frac{dL}{dK} = X * \frac{\partial L}{\partial F}", block)
    b = only(r"dL/dK = X * \partial L/\partial F", block)
    assert isinstance(a.claim, WholeClaim)
    assert a.claim == b.claim


def test_the_chain_rule_with_a_whole_tensor_sums_over_its_entries() -> None:
    block = "tensor X[H,W] K[r,c]\ndefine F = correlate(X, K)\nloss L(F)"
    link = only(
        r"\frac{\partial L}{\partial K_{a,b}} = \frac{\partial L}{\partial F} \frac{\partial F}{\partial K_{a,b}}",
        block,
    )
    assert isinstance(link.claim, Claim)
    assert isinstance(link.claim.right, Sum)
    assert len(link.claim.right.ranges) == 2


# -- signs between tensors ------------------------------------------------------------------


def whole(formula: str, block: str) -> WholeClaim:
    link = only(formula, block)
    assert isinstance(link.claim, WholeClaim), link.message
    return link.claim


TWO = "tensor X[H,W] K[r,c]\ndefine F = correlate(X, K)\nloss L(F)\nupstream G = F\n"


def test_the_declared_sign_names_the_operation() -> None:
    claim = whole(r"\frac{dL}{dX} = G * K_{rot}", TWO + "op * = correlation full, image first")
    g = claim.right.call.operands[0]  # type: ignore[attr-defined]
    assert claim.right == correlate(g, rot180(Leaf("K", K.axes, "error")), mode="full")
    claim = whole(r"\frac{dL}{dX} = K \circledast G", TWO + r"op \circledast = convolution full, kernel first")
    assert claim.right == convolve(g, Leaf("K", K.axes, "error"), mode="full")


@pytest.mark.parametrize(
    "turned", [r"K_{rot}", r"K^{\text{rot}}", r"K^{flip}", r"\operatorname{rot180}(K)", r"\text{rot180}(K)"]
)
def test_spellings_of_a_turned_kernel(turned: str) -> None:
    claim = whole(rf"\frac{{dL}}{{dX}} = G * {turned}", TWO + "op * = correlation full, image first")
    assert claim.right.call.operands[1].call.operation == "rot180"  # type: ignore[attr-defined]


def test_the_left_side_settles_the_mode_and_who_is_the_kernel() -> None:
    document = read(r"\frac{dL}{dK} = G * X", TWO + "op * = correlation")
    claim = document.formulas[0].links[0].claim
    assert isinstance(claim, WholeClaim)
    assert [t.name for t in claim.right.call.operands] == ["X", "dL/dF"]  # type: ignore[attr-defined]
    assert any("* is correlation valid, kernel first" in fact.text for fact in document.inferred)


def test_a_known_kernel_settles_the_order_of_a_full_correlation() -> None:
    claim = whole(r"\frac{dL}{dX} = G * K_{rot}", TWO + "op * = correlation full")
    assert claim.right.call.operands[1].name == "rot180(K)"  # type: ignore[attr-defined]


def test_what_the_extents_leave_open_is_not_understood() -> None:
    block = "tensor A[n] B[n] Q[2n-1]\nop * = correlation full"
    link = only("Q = A * B + A * B", block)
    assert link.kind is Kind.NOT_UNDERSTOOD
    block = (
        "tensor A[n] B[m] Q[n+m-1] M[k]\nloss L(M)\nalias P = Q\nop * = correlation full\ndefine Q = pad(A, (0, m-1))"
    )
    link = only("Q = A * B", block.replace("(0, m-1)", "((0, m-1),)"))
    assert link.kind is Kind.NOT_UNDERSTOOD
    assert "may be full, image first or full, kernel first" in link.message


def test_padding_by_the_define_line() -> None:
    block = TWO + "define \\tilde{F} = pad(dL/dF, (r-1, c-1))\nop \\text{conv} = correlation valid, image first"
    claim = whole(r"\frac{dL}{dX} = \text{conv}(\tilde F, K_{rot})", block)
    padded = claim.right.call.operands[0]  # type: ignore[attr-defined]
    g = Leaf("dL/dF", padded.call.operands[0].axes, "error")
    assert padded.body == pad(g, (Poly.of(R) - 1, Poly.of(C) - 1)).body


# -- displays ---------------------------------------------------------------------------------


def test_a_chain_has_a_link_for_every_equality() -> None:
    document = read(r"\frac{\partial L}{\partial z_i} = z_i = z_i + 0 \tag{4}")
    assert [link.id for link in document.formulas[0].links] == ["eq1.1", "eq1.2"]
    first, second = (link.claim for link in document.formulas[0].links)
    assert isinstance(first, Claim)
    assert isinstance(second, Claim)
    assert first.right == second.left


def test_a_leading_equality_continues_the_display_before() -> None:
    page = read_document(
        f"```symconv\n{BLOCK}\n```\n$$\\frac{{dL}}{{dz_i}} = z_i$$ or $$= 2 z_i$$ and $$\\Rightarrow z_i$$", "md"
    )
    second, third = page.formulas[1].links[0].claim, page.formulas[2].links[0].claim
    assert isinstance(second, Claim)
    assert second.left == Z[II]
    assert second.free == (Range.upto("i", N),)
    assert isinstance(third, Claim)
    assert third.left == 2 * Z[II]


def test_aligned_rows_that_begin_with_a_sign_join_the_row_before() -> None:
    link = only(r"\begin{aligned} \frac{dL}{dz_i} &= z_i \\ &\quad + 2 z_i \end{aligned}")
    assert isinstance(link.claim, Claim)
    assert link.claim.right == Z[II] + 2 * Z[II]


def test_a_stated_range_limits_the_free_index() -> None:
    link = only(r"\frac{dL}{dz_i} = z_i, \quad 1 \le i < n")
    assert isinstance(link.claim, Claim)
    assert link.claim.free == (Range("i", Poly.of(1), Poly.of(N) - 1),)
    link = only(r"\frac{dL}{dz_i} = z_i \quad \text{for } i = 0, \dots, s")
    assert isinstance(link.claim, Claim)
    assert link.claim.free == (Range("i", Poly.of(0), Poly.of(S)),)
    link = only(r"\frac{dL}{dz_i} = z_i \quad \text{if } s = 1")
    assert isinstance(link.claim, Claim)
    assert equal(S, 1) in link.claim.hypotheses


@pytest.mark.parametrize(
    "latex",
    [r"\frac{\partial L}{\partial X} = ?", r"X \rightarrow z", r"z_i", r"i \in [0, n-1]"],
)
def test_what_states_no_equality_is_no_claim(latex: str) -> None:
    assert only(latex).kind is Kind.NOT_A_CLAIM


def test_inline_formulas_with_a_relation_are_numbered() -> None:
    page = read_document("Let $x$ and $i = j - u$, $z_i \\le 3$", "md")
    assert [f.id for f in page.formulas] == ["in1", "in2"]
    assert page.formulas[0].links[0].kind is Kind.DEFINITION


# -- size formulas ----------------------------------------------------------------------------


def test_size_formulas_speak_of_a_tensor() -> None:
    block = "size H H_K s\nsize p >= 0\ntensor X[H,H] K[H_K,H_K]\n"
    block += "define F = correlate(X, K, stride=s, padding=p)\nsize H_F = rows F\n"
    link = only("H_F = (H - H_K + 2p)/s + 1", block + "assume (H - H_K + 2 p) \\bmod s = 0, H >= H_K")
    assert isinstance(link.claim, Claim)
    h, k, s, p = (Poly.atom(Size(n, least)) for n, least in (("H", 1), ("H_K", 1), ("s", 1), ("p", 0)))
    assert link.claim.left == Position((h - k + 2 * p) // s + 1)
    assert equal((h - k + 2 * p) % s, 0) in link.claim.hypotheses
    assert at_least(h, k) in link.claim.hypotheses


# -- what the text settles ----------------------------------------------------------------------


def test_a_single_formula_needs_no_block() -> None:
    document = read_document(r"$$y_i = \sum_{k=0}^{r-1} w_k x_{s i + d k}$$", "md")
    (link,) = document.formulas[0].links
    assert link.kind is Kind.DEFINITION
    assert link.defines is not None
    length, r, s, d = (Poly.atom(Size(n)) for n in ("length_y", "r", "s", "d"))
    assert link.defines.shape == (length,)
    assert document.tensors["w"].shape == (r,)
    assert document.tensors["x"].shape == (s * (length - 1) + d * (r - 1) + 1,)
    assert {f.text for f in document.inferred} >= {
        "size s >= 1",
        "size d >= 1",
        "w: axis 1 is 0..r - 1, from the sum over k",
    }


def test_the_base_comes_from_the_first_lower_limit() -> None:
    document = read_document(r"$$y_i = \sum_{k=1}^{r} w_k x_{i + k - 1}$$", "md")
    assert document.tensors["w"].axes == (Axis(Poly.of(1), Poly.of(R)),)
    length = Poly.atom(Size("length_y"))
    assert document.tensors["x"].axes == (Axis(Poly.of(1), length + R - 1),)


def test_two_sums_that_disagree_on_an_axis_are_an_error() -> None:
    page = read_document("$$y_i = \\sum_{k=0}^{r-1} w_k x_{i+k}$$ and $$y_i = \\sum_{k=0}^{r} w_k x_{i+k}$$", "md")
    assert page.formulas[1].links[0].kind is Kind.NOT_UNDERSTOOD
    assert "axis 1 of w as 0..r, and as 0..r - 1 before" in page.formulas[1].links[0].message


def test_a_block_forgets_and_keep_does_not() -> None:
    first = "```symconv\ntensor X[n] y[n]\nloss L(y)\n```\n$$y_i = 2 X_i$$\n"
    again = "$$\\frac{dL}{dX_i} = 2 \\frac{dL}{dy_i}$$"
    kept = read_document(first + "```symconv\nkeep\noutside zero\n```\n" + again, "md")
    assert kept.formulas[1].links[0].kind is Kind.CLAIM
    fresh = read_document(first + "```symconv\ntensor X[n] y[n]\nloss L(y)\n```\n" + again, "md")
    assert fresh.formulas[1].links[0].kind is Kind.ILL_FORMED


def test_a_book_with_indices_from_1_aliases_and_names_of_several_letters() -> None:
    block = "loss F(lz)\ntensor lz[,] lw[,] a[,]\nupstream dlz = lz, da = a, dlw = lw\n"
    block += "alias dz = dlz, w = lw\noutside zero\n"
    page = read_document(
        f"```symconv\n{block}```\n"
        r"$$lz_{i,j} = \sum_{m=1}^{r} \sum_{n=1}^{c} lw_{m,n} a_{i+m-1,j+n-1}$$"
        r"$$dlw_{u,v} = \sum_{i} \sum_{j} dz_{i,j} \, a_{i+u-1,j+v-1}$$"
        r"$$da_{u,v} = \sum_{i=u-r+1}^{u} \sum_{j=v-c+1}^{v} dlz_{i,j} \, w_{u-i+1,v-j+1}$$",
        "md",
    )
    definition, kernel, image = (f.links[0] for f in page.formulas)
    assert definition.kind is Kind.DEFINITION
    sizes = {"r": 2, "c": 3, "rows_{lz}": 3, "columns_{lz}": 2}
    for link in (kernel, image):
        assert isinstance(link.claim, Claim), link.message
        assert equal_everywhere(link.claim.left, link.claim.right, link.claim.free, sizes)


def test_a_definition_in_words_only_speaks_of_whole_tensors() -> None:
    block = "loss f(L)\ntensor L[,] I[,] G[,]\nop * = correlation valid, image first\ndefine L[x,y] = (I * G)[x,y]"
    link = only(r"L[x,y] = \sum_{a=0}^{w-1} \sum_{b=0}^{h-1} I[x+a,y+b] G[a,b]", block)
    assert isinstance(link.claim, Claim)
    sizes = {"w": 2, "h": 1, "rows_I": 3, "columns_I": 4}
    assert equal_everywhere(link.claim.left, link.claim.right, link.claim.free, sizes)


def test_a_formula_or_a_link_may_be_ignored() -> None:
    block = BLOCK + "ignore eq1.2\n"
    kinds = [link.kind for link in read(r"\frac{\partial L}{\partial z_i} = z_i = 2 z_i", block).formulas[0].links]
    assert kinds == [Kind.CLAIM, Kind.IGNORED]
    assert only("a = ?", BLOCK + "ignore eq1\n").kind is Kind.IGNORED
