"""Repairs of refuted claims: each planted slip is undone, and what is shown is read back and proved."""

from __future__ import annotations

import json
import re

import pytest

from symconv.judging import verify_text
from symconv.proof.evaluate import World, differ
from symconv.proof.verdict import Status
from symconv.repair.search import repairs
from symconv.reports import repaired_latex
from symconv.serialising import report_json
from tests.soundness.mutants import mutants_of

BLOCK = """```symconv
base    0
size    s  p >= 0
tensor  V[H,W]  X[H,W]  K[r,c]  x[n]  w[k]
define  F = correlate(X, K)
define  y = correlate(x, w, stride=s)
define  z = correlate(x, w, padding=p)
define  m = pool_average(V, (r, c))
loss    L(F, y, z, m)
outside zero
```

"""
# the slip, the formula that holds it
PLANTED = {
    "the sign of an index": r"\frac{\partial L}{\partial X_{a,b}} = "
    r"\sum_{u=0}^{r-1} \sum_{v=0}^{c-1} \frac{\partial L}{\partial F_{a+u,b+v}} K_{u,v}",
    "a missing flip": r"F_{i,j} = \sum_{u=0}^{r-1} \sum_{v=0}^{c-1} X_{i+u,j+v} K_{r-1-u,c-1-v}",
    "indices in the wrong order": r"F_{i,j} = \sum_{u=0}^{r-1} \sum_{v=0}^{c-1} X_{i+u,j+v} K_{v,u}",
    "a wrong index": r"F_{i,j} = \sum_{u=0}^{r-1} \sum_{v=0}^{c-1} X_{i+u,j+u} K_{u,v}",
    "counted from one instead of zero": r"F_{i,j} = \sum_{u=1}^{r} \sum_{v=1}^{c} X_{i+u,j+v} K_{u,v}",
    "one too many or too few": r"F_{i,j} = \sum_{u=0}^{r-1} \sum_{v=0}^{c-1} X_{i+u-1,j+v-1} K_{u,v}",
    "a wrong bound": r"F_{i,j} = \sum_{u=0}^{r-1} \sum_{v=0}^{r-1} X_{i+u,j+v} K_{u,v}",
    "a stride missing or in the wrong place": r"y_i = \sum_{u=0}^{k-1} w_u x_{i+u}",
    "a padding or an offset missing": r"z_i = \sum_{u=0}^{k-1} w_u x_{i+u}",
    "a sum for a mean": r"m_{i,j} = \sum_{u=0}^{r-1} \sum_{v=0}^{c-1} V_{r i+u,c j+v}",
}


@pytest.mark.parametrize("slip", PLANTED)
def test_a_planted_slip_is_named_and_undone(slip: str) -> None:
    report = verify_text(f"{BLOCK}$${PLANTED[slip]}$$\n")
    (formula,) = report.formulas
    assert formula.status is Status.REFUTED, report
    found = {r.slip for r in formula.links[0].repairs}
    assert slip in found, report
    assert all(r.verdict.status is Status.PROVED for r in formula.links[0].repairs)


@pytest.mark.parametrize("slip", PLANTED)
def test_what_is_shown_is_read_back_and_proved(slip: str) -> None:
    """The repair as text goes through the reader like any formula of an author."""
    shown = re.findall(r"proved instead \([^)]*\): (.*)", str(verify_text(f"{BLOCK}$${PLANTED[slip]}$$\n")))
    assert 1 <= len(shown) <= 2
    for latex in shown:
        (formula,) = verify_text(f"{BLOCK}$${latex}$$\n").formulas
        assert formula.status is Status.PROVED, (latex, formula.links[0].verdict)


LAYERS = """```symconv
base    0
size    s k
size    p >= 0
tensor  V[H,W]  X[H,W]  K[r,c]  x[n]  w[q]  A[N,C]  B[C,M]  t[W]
define  F = correlate(X, K)
define  z = correlate(x, w, padding=p)
define  Y = pool_average(V, window=k, stride=s)
size    h = rows F
define  T_{a,b} = \\sum_{m=0}^{C-1} A_{a,m} B_{m,b}
define  t_{b} = \\sum_{a=0}^{H-1} X_{a,b}
loss    L(F, z, Y, T)
outside zero
```

"""
SHORT = {
    "DF": r"\frac{\partial L}{\partial F_{i,j}}",
    "DY": r"\frac{\partial L}{\partial Y_{i,j}}",
    "DK": r"\frac{\partial L}{\partial K_{a,b}}",
    "DX": r"\frac{\partial L}{\partial X_{a,b}}",
}
# the slip, the line that holds it, and a piece of the line that a calculation by hand puts in its place
BY_HAND = [
    # Y is 1/k^2 times the sum over its window, so each pixel of the window gets 1/k^2 of the gradient
    (
        "a factor lost",
        r"\frac{\partial L}{\partial V_{a,b}} = \sum_{i,j} DY [s i \le a < s i + k] [s j \le b < s j + k]",
        r"\frac{1}{k^{2}} \sum",
    ),
    # k times k numbers are averaged
    (
        "a wrong factor",
        r"Y_{i,j} = \frac{1}{k}\sum_{u=0}^{k-1}\sum_{v=0}^{k-1} V_{s i+u,s j+v}",
        r"= \frac{1}{k^{2}} \sum",
    ),
    # nothing is averaged in a correlation
    (
        "a sum for a mean",
        r"DK = \frac{1}{r c} \sum_{i,j} DF X_{i+a,j+b}",
        r"= \sum",
    ),
    # dL/dK = sum of dL/dF times dF/dK, by the chain rule
    (
        "the wrong variable of a derivative",
        r"DK = \sum_{i,j} DF \frac{\partial F_{i,j}}{\partial X_{a,b}}",
        r"\partial F_{i, j}}{\partial K_{a, b}}",
    ),
    # pixel (b, a) meets kernel entry (b - i, a - j) at output (i, j)
    (
        "indices in the wrong order",
        r"\frac{\partial L}{\partial X_{b,a}} = \sum_{i,j} DF K_{a-i,b-j}",
        "K_{b-i, a-j}",
    ),
    # F[i, j] reads X[i + u, j + v]: the row goes with the row
    (
        "indices in the wrong order",
        r"F_{i,j} = \sum_{u=0}^{r-1} \sum_{v=0}^{c-1} X_{i+v,j+u} K_{u,v}",
        "X_{i+u, j+v}",
    ),
    # A[a, m] meets B[m, b] in T[a, b]
    (
        "a wrong index",
        r"\frac{\partial L}{\partial A_{a,m}} = \sum_{b=0}^{M-1} \frac{\partial L}{\partial T_{a,b}} B_{a,b}",
        "B_{m, b}",
    ),
    # a signal of n samples has n + 2p with its padding, so the last output is n + 2p - q
    (
        "once for twice, or twice for once",
        r"\frac{\partial L}{\partial x_a} = \sum_{i=0}^{n+p-q} \frac{\partial L}{\partial z_i} w_{a-i+p}",
        r"\sum_{i=0}^{n+2 p-q}",
    ),
    # with u' = r - 1 - u the gradient is the sum of dL/dF[a - u', b - v'] K[u', v'], and a - u' = a - r + 1 + u
    (
        "the sign of a term",
        r"DX = \sum_{u=0}^{r-1} \sum_{v=0}^{c-1} \frac{\partial L}{\partial F_{a-r-1+u,b-c+1+v}} K_{r-1-u,c-1-v}",
        "F_{a+u+1-r, b+v+1-c}",
    ),
    # F grows with X where K is positive, and so does the gradient
    (
        "a sign",
        r"DK = -\sum_{i,j} DF X_{i+a,j+b}",
        r"= \sum",
    ),
    # the distance of pixel a from output i is a - i
    (
        "a wrong index",
        r"DX = \sum_{i,j} DF K_{a-i,j-j}",
        "K_{a-i, b-j}",
    ),
    # F[i, j] reads X[i + u, j + v]
    (
        "a wrong index",
        r"F_{i,j} = \sum_{u=0}^{r-1} \sum_{v=0}^{c-1} X_{i+i,j+v} K_{u,v}",
        "X_{i+u, j+v}",
    ),
    # pixel (a, b) is read where i + u = a and j + v = b
    (
        "a wrong index",
        r"\frac{\partial F_{i,j}}{\partial X_{a,b}} = \sum_{u=0}^{r-1} \sum_{v=0}^{c-1} K_{u,v} [i+v = a] [j+v = b]",
        "[i + u = a]",
    ),
    # the sum of a column is over its rows
    ("a wrong index", r"t_{b} = \sum_{a=0}^{H-1} X_{b,b}", "X_{a, b}"),
    # without a stride two neighbouring outputs read neighbouring pixels
    (
        "once for twice, or twice for once",
        r"F_{i,j} = \sum_{u=0}^{r-1} \sum_{v=0}^{c-1} X_{2i+u,j+v} K_{u,v}",
        "X_{i+u, j+v}",
    ),
    # F has H - r + 1 rows and W - c + 1 columns, in the three lines that follow
    (
        "a wrong bound",
        r"DK = \sum_{i=0}^{H-r} \sum_{j=0}^{H-r} DF X_{i+a,j+b}",
        r"\sum_{j=0}^{W-c}",
    ),
    ("the sign of a term", "h = H - r - 1", "H + 1 - r"),
    ("the sign of a term", "h = H + r + 1", "H + 1 - r"),
    # F is the sum alone
    (
        "a term too many",
        r"F_{i,j} = 1 + \sum_{u=0}^{r-1} \sum_{v=0}^{c-1} X_{i+u,j+v} K_{u,v}",
        r"= \sum",
    ),
]


@pytest.mark.parametrize(("slip", "line", "instead"), BY_HAND)
def test_a_slip_is_mended_as_by_hand(slip: str, line: str, instead: str) -> None:
    for short, written in SHORT.items():
        line = line.replace(short, written)
    report = verify_text(f"{LAYERS}$${line}$$\n")
    (formula,) = report.formulas
    assert formula.status is Status.REFUTED, report
    shown = {r.slip: repaired_latex(formula.links[0].link, r) for r in formula.links[0].repairs}
    assert instead in shown.get(slip, ""), report
    assert instead.replace(" ", "") not in line.replace(" ", "")
    (again,) = verify_text(f"{LAYERS}$${shown[slip]}$$\n").formulas
    assert again.status is Status.PROVED


WHOLE = """```symconv
tensor  X[H,W]  K[r,c]
define  F = correlate(X, K)
loss    L(F)
outside zero
op \\otimes = correlation
```

"""


@pytest.mark.parametrize(
    ("formula", "slip"),
    [
        (r"\frac{\partial L}{\partial X} = \frac{\partial L}{\partial F} \otimes K", "a missing flip"),
    ],
)
def test_whole_tensors_are_repaired_by_their_operations(formula: str, slip: str) -> None:
    block = WHOLE.replace("op \\otimes = correlation", "op \\otimes = correlation full")
    (found,) = verify_text(f"{block}$${formula}$$\n").formulas
    assert found.status is Status.REFUTED
    assert [r.slip for r in found.links[0].repairs] == [slip]


LEFT = """```symconv
base    0
tensor  x[n]  w[r]  A[N,C]  B[C,M]  q[m]
define  y = correlate(x, w)
define  T_{a,b} = \\sum_{m=0}^{C-1} A_{a,m} B_{m,b}
define  z = correlate(q, w)
loss    L(y, z, T)
outside zero
```

"""
DY, DT = r"\frac{\partial L}{\partial y_{a-k}}", r"\frac{\partial L}{\partial T_{a,b}}"
# the slip on the left, the line, and what a calculation by hand puts in its place
ON_THE_LEFT = [
    # pixel a is read by output a - k with weight k
    (
        "the wrong variable of a derivative",
        rf"\frac{{\partial L}}{{\partial y_a}} = \sum_{{k=0}}^{{r-1}} {DY} w_k",
        r"\frac{\partial L}{\partial x_{a}} = ",
    ),
    # A[a, m] meets B[m, b] in T[a, b]
    (
        "the wrong variable of a derivative",
        rf"\frac{{\partial L}}{{\partial B_{{a,m}}}} = \sum_{{b=0}}^{{M-1}} {DT} B_{{m,b}}",
        r"\frac{\partial L}{\partial A_{a, m}} = ",
    ),
    # x[k] stands in output i with weight k - i
    (
        "the wrong variable of a derivative",
        r"\frac{\partial y_i}{\partial w_k} = w_{k-i}",
        r"\frac{\partial y_{i}}{\partial x_{k}} = ",
    ),
    # output i reads x from i on
    (
        "one too many or too few",
        r"y_{i+1} = \sum_{k=0}^{r-1} w_k x_{i+k} \quad \text{for } 0 \le i \le n - r",
        "y_{i} = ",
    ),
]


@pytest.mark.parametrize(("slip", "line", "instead"), ON_THE_LEFT)
def test_a_slip_on_the_left_is_mended(slip: str, line: str, instead: str) -> None:
    report = verify_text(f"{LEFT}$${line}$$\n")
    (formula,) = report.formulas
    assert formula.status is Status.REFUTED, report
    first = formula.links[0].repairs[0]
    shown = repaired_latex(formula.links[0].link, first)
    assert first.slip == slip
    assert shown.startswith(instead)
    assert f"proved instead ({slip}): {shown}" in str(report)
    assert json.loads(report_json(report, "0"))["files"][0]["formulas"][0]["repair"]["latex"] == shown
    (again,) = verify_text(f"{LEFT}$${shown}$$\n").formulas
    assert again.status is Status.PROVED


def test_a_gradient_that_other_outputs_share_is_not_put_on_the_left() -> None:
    """w makes y and z: the sum over y alone is not the gradient by w, and nothing is shown."""
    line = r"\frac{\partial L}{\partial x_a} = \sum_{i} \frac{\partial L}{\partial y_i} x_{i+a}"
    (formula,) = verify_text(f"{LEFT}$${line}$$\n").formulas
    assert formula.status is Status.REFUTED
    assert [r for r in formula.links[0].repairs if r.left is not None] == []
    alone = LEFT.replace("L(y, z, T)", "L(y, T)").replace("define  z = correlate(q, w)\n", "")
    (formula,) = verify_text(f"{alone}$${line}$$\n").formulas
    shown = [repaired_latex(formula.links[0].link, r) for r in formula.links[0].repairs]
    assert shown[0].startswith(r"\frac{\partial L}{\partial w_{a}} = ")


def test_a_whole_gradient_on_the_left_is_changed() -> None:
    """X and F of one shape: the gradient by X is what the flipped kernel makes."""
    block = WHOLE.replace("correlate(X, K)", "correlate(X, K, padding=1)").replace("correlation", "correlation same")
    block = block.replace("X[H,W]  K[r,c]", "X[H,W]  K[3,3]")
    line = r"\frac{\partial L}{\partial F} = \frac{\partial L}{\partial F} \otimes \operatorname{rot180}(K)"
    report = verify_text(f"{block}$${line}$$\n")
    (formula,) = report.formulas
    assert formula.status is Status.REFUTED, report
    shown = [repaired_latex(formula.links[0].link, r) for r in formula.links[0].repairs]
    assert shown[0].startswith(r"\frac{\partial L}{\partial X} = "), report


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("h = H - r", "h = H + 1 - r"),
        ("h = H + r + 1 = H - r + 1", "h = H + 1 - r"),
    ],
)
def test_a_size_keeps_its_name(line: str, instead: str) -> None:
    report = verify_text(f"{LAYERS}$${line}$$\n")
    assert f"proved instead (the sign of a term): {instead}\n" in f"{report}\n".replace(
        "one too many or too few", "the sign of a term"
    )


def test_conditions_stay_beside_the_repaired_formula() -> None:
    line = r"x_{i} = x_{i} + x_{i-1} - x_{i+1} \quad \text{for } 2 \le i \le n - 1"
    (formula,) = verify_text(f"{LEFT}$${line}$$\n").formulas
    shown = [repaired_latex(formula.links[0].link, r) for r in formula.links[0].repairs]
    assert shown
    assert all(latex.endswith(r" \quad \text{for } 2 \le i \le n - 1") for latex in shown)


MATRICES = """```symconv
tensor  x[n]  A[n,n]  W[n,n]
define  z = dense(W, x)
loss    L(z)
```

"""


@pytest.mark.parametrize(
    ("formula", "shown"),
    [
        # dL/dx[j] is the sum of W[i, j] dL/dz[i]; a column stays behind its matrix
        (
            r"\frac{\partial L}{\partial x} = W \frac{\partial L}{\partial z}",
            [r"\frac{\partial L}{\partial x} = W^{\top} \frac{\partial L}{\partial z}"],
        ),
        # turned, a product stands in the other order; nothing is said that is true of any two matrices
        (r"(A W)^T = A^T W^T", [r"(A W)^{\top} = W^{\top} A^{\top}"]),
        (r"A^T A = A A^T", []),
    ],
)
def test_matrices_and_vectors_are_repaired_in_their_directions(formula: str, shown: list[str]) -> None:
    (found,) = verify_text(f"{MATRICES}$${formula}$$\n").formulas
    assert found.status is Status.REFUTED
    assert [repaired_latex(found.links[0].link, r) for r in found.links[0].repairs] == shown


def test_a_definition_that_spoils_several_lines_is_repaired() -> None:
    """The image is read at y + u; with y + v all lines hold but the one that repeats it."""
    text = r"""```symconv
tensor  I[H,W]  K[r,c]
loss    E(O)
outside zero
```

$$O_{x,y} = \sum_{u=0}^{r-1} \sum_{v=0}^{c-1} I_{x+u,y+u} K_{u,v}$$

$$\frac{\partial O_{x,y}}{\partial K_{a,b}} = I_{x+a,y+b} [0 \le x \le H - r]$$

$$\frac{\partial E}{\partial K_{a,b}} = \sum_{x,y} \frac{\partial E}{\partial O_{x,y}} I_{x+a,y+b}$$

$$\frac{\partial E}{\partial I_{i,j}} = \sum_{x,y} \frac{\partial E}{\partial O_{x,y}} K_{i-x,j-y}$$
"""
    text = text.replace(" [0 \\le x \\le H - r]", "")
    report = verify_text(text)
    (repair,) = report.files[0].definitions.values()
    assert repair.slip == "a wrong index"
    assert (repair.mended, repair.broken) == (3, 0)
    assert "3 refuted lines are proved with (a wrong index): O_{x, y} = " in str(report)
    formulas = json.loads(report_json(report, "0"))["files"][0]["formulas"]
    assert formulas[0]["status"] == "definition"
    assert formulas[0]["repair"]["status"] == "proved"


def test_slips_of_rows_and_columns_leave_the_channel_alone() -> None:
    """Output (i, j) reads rows s i + u and columns s j + v of channel c: the stride is missing twice, not thrice."""
    text = r"""```symconv
base    0
size    s
tensor  X[H,W,C]  K[r,q,C]
tensor  Y[n,m]
loss    L(Y)
outside zero
```

$$Y_{i,j} = \sum_{u=0}^{r-1} \sum_{v=0}^{q-1} \sum_{c=0}^{C-1} X_{s i+u,s j+v,c} K_{u,v,c}$$

$$\frac{\partial L}{\partial K_{u,v,c}} = \sum_{i,j} \frac{\partial L}{\partial Y_{i,j}} X_{i+u,j+v,c}$$
"""
    _, formula = verify_text(text).formulas
    assert formula.status is Status.REFUTED
    (repair, *_) = formula.links[0].repairs
    assert repair.slip == "a stride missing or in the wrong place"
    assert "X_{s i+u, s j+v, c}" in repaired_latex(formula.links[0].link, repair)


def test_a_claim_without_a_near_truth_has_no_repair() -> None:
    report = verify_text(f"{BLOCK}$$F_{{i,j}} = 3 K_{{0,0}} K_{{0,0}} + X_{{0,0}} X_{{0,1}} X_{{1,0}}$$\n")
    (formula,) = report.formulas
    assert formula.status is Status.REFUTED
    assert formula.links[0].repairs == ()
    assert "proved instead" not in str(report)


def test_json_holds_the_first_repair() -> None:
    report = verify_text(f"{BLOCK}$${PLANTED['a wrong bound']}$$\n")
    (formula,) = json.loads(report_json(report, "0"))["files"][0]["formulas"]
    assert formula["repair"]["status"] == "proved"
    assert "c-1" in formula["repair"]["latex"]


@pytest.mark.parametrize(
    "theorem", ["T1 kernel gradient = corr(X, G), 2-D", "T7 channels: kernel gradient has no channel sum"]
)
def test_repairs_of_mutants_are_true_at_other_numbers(theorem: str) -> None:
    """Whatever is shown holds by evaluation, at sizes and with numbers that the search did not use."""
    from dataclasses import replace

    from symconv.proof.deciding import decide
    from symconv.term.substitution import entry_formula
    from symconv.term.tensor import Defined
    from symconv.term.value import Entry

    seen = 0
    for mutant in mutants_of(theorem)[::6]:
        problem = mutant.problem
        if isinstance(problem.right, Entry) and isinstance(problem.right.tensor, Defined):
            problem = replace(problem, right=entry_formula(problem.right.tensor, problem.right.index))
        verdict = decide(problem)
        if verdict.counterexample is None:
            continue
        for repair in repairs(problem, verdict.counterexample):
            sizes = {s.name: 3 + n % 2 for n, s in enumerate(problem.sizes)}
            world = World(sizes, 77, values=(problem.left, repair.right))  # type: ignore[arg-type]
            at = {r.name: 0 for r in problem.free}
            assert not differ(world.value(problem.left, at), world.value(repair.right, at))  # type: ignore[arg-type]
            seen += 1
    assert seen >= 3


def test_a_verdict_that_takes_too_long_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is looked at while a proof is searched for; the other formulas of the document are judged."""
    import symconv.judging

    text = f"{BLOCK}$$F_{{i,j}} = \\sum_{{u=0}}^{{r-1}} \\sum_{{v=0}}^{{c-1}} X_{{i+u,j+v}} K_{{u,v}}$$\n"
    assert [f.status for f in verify_text(text).formulas] == [Status.PROVED]
    monkeypatch.setattr(symconv.judging, "SECONDS", 0.0)
    (formula,) = verify_text(text).formulas
    assert formula.status is Status.UNDECIDED
    assert str(formula.links[0].verdict) == "undecided: time: no verdict within the time given to a formula"
