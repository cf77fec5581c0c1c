"""Definitions hold wherever the text gives them, and what cannot be read leaves nothing to guess; truth by hand."""

from __future__ import annotations

import pytest

from symconv.errors import NotationError
from symconv.judging import verify_text
from symconv.read.reader import read_definition, read_document
from symconv.reports import Report

VECTOR = "tensor x[n]\noutside zero"
LAYER = "tensor x[n]\nfunction f\nloss L(a)\noutside zero"


def report(block: str, *displays: str) -> Report:
    """What is said of a document with one display a formula."""
    return verify_text("\n\n".join([f"```symconv\n{block}\n```", *(f"$${d}$$" for d in displays)]) + "\n")


TRUE = [
    # an output before what it is made of
    (VECTOR, ["y_i = 2 z_i", "z_i = 3 x_i", "y_i = 6 x_i"]),
    (VECTOR, ["u_i = v_i + 1", "v_i = z_i z_i", "z_i = 3 x_i", "u_i = 9 x_i^2 + 1"]),
    (
        LAYER,
        [
            "a_i = f(z_i)",
            r"z_i = \sum_{k=0}^{r-1} w_k x_{i+k}",
            r"\delta_i = \frac{dL}{dz_i}",
            r"\delta_i = \frac{dL}{da_i} f'(z_i)",
            r"\frac{dL}{dw_k} = \sum_i \delta_i x_{i+k}",
        ],
    ),
    # entry by entry, a tensor is as long as what it is made of
    (VECTOR, ["y_i = 3 x_i", r"\sum_i y_i = 3 \sum_i x_i"]),
    (VECTOR, ["y_i = x_i x_i", r"\sum_i y_i = \sum_{i=0}^{n-1} x_i x_i"]),
    # the second formula would make y of itself: it is a claim
    (VECTOR, ["y_i = 2 z_i", "z_i = y_i / 2"]),
]


@pytest.mark.parametrize(("block", "displays"), TRUE)
def test_a_definition_holds_before_its_place(block: str, displays: list[str]) -> None:
    found = report(block, *displays)
    assert found.exit_code == 0, str(found)
    assert str(found).count("proved for all sizes") >= 1


FALSE = [
    (["y_i = 2 z_i", "z_i = 3 x_i", "y_i = 5 x_i"], "eq3 refuted; n=1 at i=0: the claim gives 5*x[0], exact is 6*x[0]"),
    (["y_i = 2 z_i", "z_i = y_i"], "eq2 refuted"),
    (["y_i = x_i + x_{i+1}", r"\sum_i y_i = 2 \sum_i x_i"], "eq2 refuted"),
]


@pytest.mark.parametrize(("displays", "said"), FALSE)
def test_a_false_claim_is_refuted_by_what_the_definitions_say(displays: list[str], said: str) -> None:
    assert said in str(report(VECTOR, *displays))


UNREAD = [
    r"z_i = \nabla x_i",
    r"z_i = \foo x_i",
    r"z_i = x_i \quad \text{unless } i = 0",
    r"\begin{align} z_i &= \foo x_i \\ v_i &= x_i \end{align}",
    r"\begin{align} v_i &= x_i \\ z_i &:= \foo x_i \end{align}",
]


@pytest.mark.parametrize("formula", UNREAD)
@pytest.mark.parametrize("block", [VECTOR, f"{VECTOR}\ntensor z[n]"])
def test_claims_about_what_is_defined_by_a_formula_that_is_not_understood(formula: str, block: str) -> None:
    found = str(report(block, formula, "z_i = 3 x_i", "y_i = 2 z_i", "y_i = 6 x_i"))
    message = ", whose formula in line {} is not understood; expected a definition that can be read; mend that formula"
    line = block.count("\n") + 5
    assert found.count("z" + message.format(line)) == 2
    assert found.count("y" + message.format(line + 4)) == 1
    assert "refuted" not in found
    assert "proved" not in found


def test_what_is_ignored_defines_nothing() -> None:
    found = report(f"{VECTOR}\nignore eq1", r"z_i = \nabla x_i", "z_i = 3 x_i", "z_i = x_i + x_i + x_i")
    assert found.exit_code == 0


def test_what_a_define_line_reads_may_be_unread() -> None:
    found = str(report(f"{VECTOR}\ntensor z[n] w[r]\ndefine y = correlate(z, w)", r"z_i = \nabla x_i", "y_0 = 0"))
    assert "eq2 not understood" in found
    assert "y, whose formula in line 5 is not understood" in found


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("tensor y[n] w[r]\ndefine y = correlate(y, w)", "doc:3:8: y made of itself; expected a formula in other"),
        ("tensor w[r]\ndefine y = pad(z, 1)\ndefine z = pad(y, 1)", "doc:4:8: z made of itself"),
    ],
)
def test_define_lines_do_not_turn_in_a_circle(block: str, message: str) -> None:
    with pytest.raises(NotationError, match=message):
        read_document(f"```symconv\n{block}\n```\n", "md", "doc")


# -- one bare formula --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "parameters"),
    [
        (r"\hat{y}_i = \sum_{k=0}^{r-1} w_k x_{i+k}", r"\hat{y}", ("i",)),
        (r"$$ F_{i,j} = X_{i,j}^2 $$", "F", ("i", "j")),
    ],
)
def test_a_formula_alone_defines_a_tensor(text: str, name: str, parameters: tuple[str, ...]) -> None:
    tensor = read_definition(text)
    assert (tensor.name, tensor.parameters) == (name, parameters)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (r"y_i = \sum_{j} x_{i}", r"SPEC:1:13: the index j without limits, which stands alone on no axis; expected"),
        (r"  $$ y_i = 2 \foo x_i$$", r"SPEC:1:14: the command \\foo; expected a command this reader knows"),
        ("y_i\n = x_i x_{i,j}", r"SPEC:2:8: 2 indices of x; expected 1, one an axis; give every axis its index"),
        ("y_i = x_i = x_{i+1}", r"SPEC:1:1: 'y_\{i\} = x_\{i\} = x_\{i \+ 1\}'; expected one formula that defi"),
        (" x_i + 1", r"SPEC:1:2: 'x_i \+ 1'; expected one formula .*; write y_i = .*, or a document with several"),
        ("x_i = x_i + 1", r"SPEC:1:1: x, whose extents are open"),
        (r"s = \sum_{k=0}^{n-1} x_k", "SPEC:1:1: the name s; expected a declared name; declare it: scalar s"),
        ("", r"SPEC:1:1: ''; expected one formula that defines a tensor by others"),
    ],
)  # fmt: skip
def test_the_place_of_a_fault_is_that_in_the_formula(text: str, message: str) -> None:
    with pytest.raises(NotationError, match=message):
        read_definition(text, "SPEC")
