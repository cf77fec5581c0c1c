"""Words beside a formula in English, German, French and Spanish: what limits it is read or refused; truth by hand.

x_i 1(i >= 1) is x_i for all i but 0.
"""

from __future__ import annotations

import pytest

from tests.read.saying import said

VECTOR = "tensor x[n] z[n] q[n]\noutside zero"
STEP = r"x_i 1(i \ge 1) = x_i \quad"
BINDING = [
    "für",
    "für alle",
    "falls",
    "wenn",
    "sofern",
    "mit",
    "pour",
    "pour tout",
    "si",
    "para",
    "para todo",
    "cuando",
]


@pytest.mark.parametrize("words", ["for", "if", "when", "for all", *BINDING])
def test_a_condition_holds_and_another_does_not(words: str) -> None:
    assert said(VECTOR, rf"{STEP} \text{{{words} }} i \ge 1") == ["proved for all sizes"]
    (verdict,) = said(VECTOR, rf"{STEP} \text{{{words} }} i \ge 0")
    assert verdict.startswith("refuted; n=1 at i=0: the claim gives x[0], exact is 0")


@pytest.mark.parametrize(("first", "second"), [("falls", "und"), ("si", "et"), ("para", "y"), ("if", "and")])
def test_conditions_are_joined(first: str, second: str) -> None:
    both = rf"{STEP} \text{{{first} }} i \ge 0 \text{{ {second} }} i \ge 1"
    assert said(VECTOR, both) == ["proved for all sizes"]


@pytest.mark.parametrize("words", ["für alle", "pour tout", "para todo", "for all"])
def test_for_all_limits_nothing(words: str) -> None:
    assert said(VECTOR, rf"x_i = 0 + x_i \quad \text{{{words} }} i") == ["proved for all sizes"]
    assert said(VECTOR, rf"{STEP} \text{{{words} }} i")[0].startswith("refuted; n=1 at i=0")


@pytest.mark.parametrize(
    ("words", "english"),
    [
        ("nur am Rand", "only am border"),
        ("außer am Rand", "except am border"),
        ("ohne Rand", "without border"),
        ("näherungsweise", "approximately"),
        ("sauf au bord", "except au border"),
        ("hors du bord", "hors du border"),
        ("environ", "approximately"),
        ("excepto en el borde", "except en el border"),
        ("fuera del borde", "fuera del border"),
        ("aproximadamente", "approximately"),
        ("except at the border", "except at the border"),
    ],
)
def test_words_that_limit_are_refused(words: str, english: str) -> None:
    (verdict,) = said(VECTOR, rf"{STEP} \text{{{words}}}")
    assert verdict.startswith("not understood: ")
    assert f"the words '{english}'; expected a condition written as mathematics" in verdict


@pytest.mark.parametrize("words", ["nur für", "only for", "genau dann wenn"])
def test_a_condition_that_says_more_than_it_binds_is_refused(words: str) -> None:
    (verdict,) = said(VECTOR, rf"{STEP} \text{{{words} }} i \ge 1")
    assert verdict.startswith("not understood: ")
    assert "expected a condition written as mathematics" in verdict


@pytest.mark.parametrize("words", ["solange", "ausgenommen", "lorsque", "siempre que", "as far as we know"])
def test_unknown_words_before_a_relation_are_refused(words: str) -> None:
    (verdict,) = said(VECTOR, rf"{STEP} \text{{{words} }} i \ge 1")
    assert verdict.startswith("not understood: ")


@pytest.mark.parametrize("words", ["Kettenregel", "règle de la chaîne", "regla de la cadena", "chain rule"])
def test_a_remark_is_left_out_and_kept_as_a_note(words: str) -> None:
    assert said(VECTOR, rf"x_i z_i = z_i x_i \quad \text{{{words}}}") == ["proved for all sizes"]


@pytest.mark.parametrize(
    ("when", "otherwise"),
    [("falls", "sonst"), ("wenn", "andernfalls"), ("si", "sinon"), ("si", "en otro caso"), ("si", "de lo contrario")],
)
def test_cases_in_other_languages(when: str, otherwise: str) -> None:
    cases = r"x_i {} = \begin{{cases}} x_i & \text{{{} }} i \ge 1 \\ {} & \text{{{}}} \end{{cases}}"
    assert said(VECTOR, cases.format(r"1(i \ge 1)", when, "0", otherwise)) == ["proved for all sizes"]
    (verdict,) = said(VECTOR, cases.format("", when, "0", otherwise))
    assert verdict.startswith("refuted; n=1 at i=0: the claim gives 0, exact is x[0]")


@pytest.mark.parametrize("words", ["where", "wobei", "où", "donde"])
def test_what_stands_behind_where_defines(words: str) -> None:
    """q is x by what stands behind; so x z is q z, and 2 x z is not."""
    clause = rf"\quad \text{{{words} }} q_i = x_i"
    assert said(VECTOR, rf"x_i z_i = q_i z_i {clause}") == ["proved for all sizes"]
    (verdict,) = said(VECTOR, rf"2 x_i z_i = q_i z_i {clause}")
    assert verdict.startswith("refuted; n=1 at i=0: the claim gives x[0]*z[0], exact is 2*x[0]*z[0]")


def test_where_before_an_index_limits() -> None:
    assert said(VECTOR, r"x_i 1(i = 1) = x_i \quad \text{where } i = 1") == ["proved for all sizes"]
    (verdict,) = said(VECTOR, r"x_i 1(i = 1) = x_i \quad \text{where } i = 2")
    assert verdict.startswith("refuted; n=3 at i=2: the claim gives x[2], exact is 0")
