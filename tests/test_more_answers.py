"""Kernels read off maps, gradients as one operation, results at numbers: against NumPy, and read back."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from scipy.signal import convolve2d

import symconv as sc
from symconv.answers.kernel import kernel
from symconv.answers.numbers import carried_out, latex_of_number
from symconv.answers.rewrite import rewrite
from symconv.answers.value import value
from symconv.calculus.gradient import upstream
from symconv.errors import ShapeError, UsageError
from symconv.judging import verify_text
from symconv.page.nodes import Figure, Page, Table
from symconv.proof.evaluate import World
from symconv.proof.verdict import Status
from symconv.solving import solve_spec
from symconv.term.fixing import at_sizes
from symconv.term.rebasing import Rebasing
from symconv.term.tensor import Defined

H, W, r, c, n = sc.sizes("H W r c n")
P, K = sc.tensor("P", H, W), sc.tensor("K", r, c)


def test_the_kernel_of_a_shift_is_one_tap_and_its_turned_one_the_other_way() -> None:
    answer = kernel(sc.define("S", [H, W], lambda i, j: P[i + 1, j - 2]).term)
    assert answer.proved
    by_rule = {fact.rule: fact.latex for fact in answer.facts}
    assert by_rule["kernel"] == "h_{k, l} = [k + 1 = 0, l = 2]"
    assert by_rule["table"] == r"h = \begin{bmatrix} 0 & 0 & 1 \\ 0 & 0 & 0 \end{bmatrix}"
    assert by_rule["impulse"].endswith("= [i + 1 = a, j = b + 2]")
    assert answer.declares == ("tensor h[-1..0,0..2]",)


def test_what_has_no_kernel_is_refused_with_a_witness() -> None:
    x = sc.tensor("x", n)
    with pytest.raises(
        ShapeError, match=r"position invariance refuted.*; expected linear, and the same at every place"
    ):
        kernel(sc.define("s", [n], lambda i: i * x[i]).term)
    with pytest.raises(ShapeError, match=r"linearity .*ask for its matrix instead"):
        kernel(sc.apply("relu", x).term)
    with pytest.raises(ShapeError, match=r"expected finitely many numbers and weights; state the kernel"):
        kernel(sc.correlate(x, x_squared(sc.tensor("w", 2))).term, x.term)
    with pytest.raises(ShapeError, match=r"data .*; expected one input; write find kernel F by X"):
        kernel(sc.correlate(x, sc.tensor("w", 2)).term)


def x_squared(x: sc.Tensor) -> sc.Tensor:
    return sc.apply("square", x)


def test_the_kernel_of_a_correlation_is_the_turned_one() -> None:
    answer = kernel(sc.correlate(sc.tensor("x", n), sc.tensor("w", 3)).term, sc.tensor("x", n).term)
    assert answer.proved
    (table,) = (fact.latex for fact in answer.facts if fact.rule == "table")
    assert table == r"h = \begin{bmatrix} w_{2} & w_{1} & w_{0} \end{bmatrix}"


@pytest.mark.parametrize("name", ["X", "K"])
@pytest.mark.parametrize("form", ["conv", "corr"])
def test_both_forms_of_a_gradient_are_proved(name: str, form: str) -> None:
    X = sc.tensor("X", H, W)
    F = sc.correlate(X, K).term
    leaf = {"X": X, "K": K}[name].term
    answer = rewrite(F, leaf, form, upstream(F, "G"))
    assert answer.proved
    assert rf"\operatorname{{{form}}}(" in answer.facts[-1].latex


def test_a_strided_gradient_is_no_plain_correlation() -> None:
    X = sc.tensor("X", H, W)
    F = sc.correlate(X, K, stride=2).term
    with pytest.raises(
        UsageError, match=r"as conv.*; expected a correlation without stride; ask for the gradient itself"
    ):
        rewrite(F, K.term, "conv", upstream(F, "G"))


def test_a_result_at_numbers_is_that_of_scipy() -> None:
    image, taps = np.arange(12).reshape(3, 4) - 5, np.array([[1, -2], [3, 4]])
    Z = sc.convolve(sc.tensor("X", 3, 4), sc.tensor("K", 2, 2), mode="full").term
    given = {name: {at: Fraction(int(a[at])) for at in np.ndindex(*a.shape)} for name, a in (("X", image), ("K", taps))}
    answer = value(Z, given)
    assert answer.proved
    body = answer.facts[-1].latex.split("bmatrix}")[1].removesuffix(r"\end{")
    found = [[int(cell) for cell in row.split("&")] for row in body.split(r"\\")]
    assert (np.array(found) == convolve2d(image, taps)).all()
    assert "value K = [[1, -2], [3, 4]]" in answer.declares


def test_numbers_must_be_there_and_extents_too() -> None:
    x = sc.tensor("x", 3)
    y = sc.define("y", [2], lambda i: x[i] * x[i + 1]).term
    with pytest.raises(UsageError, match=r"no numbers for x; expected a line value for each; add the lines"):
        value(y, {})
    open_ = sc.define("y", [n], lambda i: sc.tensor("x", n)[i]).term
    with pytest.raises(UsageError, match=r"open sizes n; expected extents that are numbers; write tensor X\[3,4\]"):
        value(open_, {"x": {(0,): Fraction(1)}})


def test_one_entry_is_carried_out_with_signs_and_fractions() -> None:
    x, w = sc.tensor("x", 3), sc.tensor("w", 2)
    leaves = {"x": {(0,): 2, (1,): -3, (2,): 5}, "w": {(0,): Fraction(1, 2), (1,): -1}}
    world = World({}, leaves=leaves)
    y = sc.correlate(x, w).term
    assert carried_out(y, (0,), world) == (r"\frac{1}{2} \cdot 2 - 1 \cdot (-3) = 4", True)
    assert carried_out(sc.pool(x, 2, kind="max", stride=1).term, (1,), world) == (r"\max(-3, 5) = 5", False)
    assert carried_out(sc.apply("relu", x).term, (1,), world) is None
    assert latex_of_number(Fraction(-1, 3)) == r"-\frac{1}{3}"


# -- terms at other sizes, and on another base ---------------------------------------------------


def test_a_tensor_at_sizes_has_the_entries_that_it_had() -> None:
    Y = sc.pool(sc.correlate(P, K, stride=2, padding=1), 2, kind="max", stride=1).term
    sizes = {"H": 6, "W": 7, "r": 3, "c": 2}
    fixed = at_sizes(Y, sizes)
    assert [str(e) for e in fixed.shape] == ["2", "3"]
    leaves = {t: {at: 10 * at[0] + at[1] ** 2 - 7 for at in np.ndindex(7, 7)} for t in "PK"}
    for at in product(range(2), range(3)):
        assert World(sizes, leaves=leaves).entry(Y, at) == World({}, leaves=leaves).entry(fixed, at)


def test_a_tensor_on_base_1_has_the_same_entries_one_place_further() -> None:
    Y = sc.correlate(P, K, stride=2, padding=1).term
    moved = Rebasing(1).tensor(Y)
    assert isinstance(moved, Defined)
    sizes = {"H": 4, "W": 5, "r": 2, "c": 3}
    numbers = {(i, j): 3 * i - j * j for i in range(5) for j in range(5)}
    before = World(sizes, leaves=dict.fromkeys("PK", numbers))
    further = {(i + 1, j + 1): v for (i, j), v in numbers.items()}
    after = World(sizes, leaves={"P": further, "K": further})
    for i, j in product(*before.axes(Y)):
        assert before.entry(Y, (i, j)) == after.entry(moved, (i + 1, j + 1))


# -- on pages ------------------------------------------------------------------------------------


def page_of(block: str, tmp_path, pictures: bool = True) -> tuple[Page, str]:  # type: ignore[no-untyped-def]
    path = tmp_path / "note.md"
    path.write_text(f"```symconv\n{block}\n```\n")
    solution = solve_spec(str(path))
    assert solution.proved
    report = verify_text(solution.to_markdown())
    assert report.exit_code == 0, str(report)
    assert any(f.status is Status.PROVED for f in report.formulas)
    return solution.page(pictures=pictures), solution.to_markdown()


def figures(page: Page) -> list[str]:
    return [node.alt for node in page.body if isinstance(node, Figure)]


def test_a_matrix_is_drawn_by_its_weights(tmp_path) -> None:  # type: ignore[no-untyped-def]
    page, _ = page_of("tensor x[n] w[2]\ndefine y = correlate(x, w)\noutside zero\nfind matrix y by x", tmp_path)
    (alt,) = figures(page)
    assert "w[0] stands at (0, 0) and (1, 1)" in alt


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        ("upsample_nearest(x, 2)", "x[0] = 5 gives U[0] = 5 and U[1] = 5"),
        ("bed_of_nails(x, 2)", "x[1] = 7 gives U[2] = 7"),
        ("transposed(x, w)", "x[0] = 5"),
    ],
)
def test_upsampling_is_drawn_at_its_numbers(operation: str, said: str, tmp_path) -> None:  # type: ignore[no-untyped-def]
    block = f"tensor x[2] w[2]\ndefine U = {operation}\nvalue x = [5,7]\nvalue w = [2,-1]\noutside zero\nfind value U"
    if "w" not in operation:
        block = block.replace(" w[2]", "").replace("value w = [2,-1]\n", "")
    page, text = page_of(block, tmp_path)
    (alt,) = figures(page)
    assert said in alt
    assert "x = [5, 7]" in text


def test_layers_have_a_table_and_a_diagram(tmp_path) -> None:  # type: ignore[no-untyped-def]
    block = (
        "tensor X[1,8,9] K[2,1,3,2]\ndefine Z = correlate(X, K)\ndefine A = relu(Z)\ndefine Y = pool_max(A, 2)\n"
        "outside zero\nfind shape Z, shape Y"
    )
    page, text = page_of(block, tmp_path)
    (table,) = [node for node in page.body if isinstance(node, Table)]
    assert len(table.rows) == 4
    assert "| pool max | 2 x 3 x 4 |" in text
    (alt,) = figures(page)
    assert "Backward, the gradient goes from pool_max to relu" in alt


def test_layers_that_do_not_follow_each_other_have_no_table(tmp_path) -> None:  # type: ignore[no-untyped-def]
    block = "tensor x[9] w[3]\ndefine y = correlate(x, w)\ndefine z = correlate(x, w, stride=2)\nfind shape y, shape z"
    page, _ = page_of(f"{block}\noutside zero", tmp_path)
    assert not [node for node in page.body if isinstance(node, Table)]


def test_two_kernels_on_a_page_have_two_names(tmp_path) -> None:  # type: ignore[no-untyped-def]
    block = (
        "tensor x[n] a[n] b[n]\noutside zero\ndefine a_i = x_{i-1}\ndefine b_i = \\frac{x_i + x_{i+1}}{2}\n"
        "find kernel a, kernel b by x"
    )
    _, text = page_of(block, tmp_path)
    assert "h_{k} = [k = 1]" in text
    assert r"g_{k} = \frac{1}{2}" in text


def test_counts_are_stated_so_that_a_document_can_be_judged() -> None:
    from symconv.answers.count import count

    answer = count("parameters", [K.term, sc.tensor("b", 3).term])
    assert answer.declares == (r"count \text{parameters of K and b} = parameters K b",)
    assert answer.facts[-1].latex == r"\text{parameters of K and b} = c r + 3"
    assert answer.facts[-1].judged
