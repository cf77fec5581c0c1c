"""Layout: parsing, printing back, limits and located errors."""

from __future__ import annotations

import time

import pytest

from symconv.notation.latex_parser import parse_latex
from symconv.notation.latex_writer import write_latex
from symconv.notation.layout import Big, Fence, Fraction, Letter, Row, Script, Sign, walk
from symconv.notation.source import LocatedError, Source

FORMULAS = [
    r"F_{i,j} = \sum_{u=0}^{r-1} \sum_{v=0}^{c-1} K_{u,v} X_{i+u, j+v}",
    r"\frac{\partial L}{\partial x[r', c']} = \sum_p \frac{\partial L}{\partial y(p)}",
    r"\left( \frac{a}{b} \right)^{2}",
    r"\begin{cases} 1 & \text{if } i = j \\ 0 & \text{otherwise} \end{cases}",
    r"\begin{aligned} a &= b \\ &= c \end{aligned} \tag{8.3}",
    r"dlz_{u,v}^{m,n} + d l z' + \mathbf{LZ} \cdot \tilde{E} \quad \boxed{x}",
    r"\max_{0 \le u < r} X_{u} \lfloor \frac{H}{s} \rfloor \bmod 2",
    r"\operatorname{pad}(G, r-1) \{ a \} [b] \exp(x) -y",
    r"a = -b + \left[ -c \right]",
]


@pytest.mark.parametrize("latex", FORMULAS)
def test_what_is_written_is_read_back(latex: str) -> None:
    layout = parse_latex(latex)
    assert parse_latex(write_latex(layout)) == layout
    assert write_latex(parse_latex(write_latex(layout))) == write_latex(layout)


def test_a_formula_as_its_tree() -> None:
    assert parse_latex(r"\sum_{u=0}^{r} X_i'[j]").items == (
        Big(r"\sum", Row((Letter("u"), Sign("="), parse_latex("0").items[0])), Row((Letter("r"),))),
        Script(Letter("X"), Row((Letter("i"),)), None, 1),
        Fence("[", Row((Letter("j"),))),
    )


def test_letters_are_joined_only_without_a_space() -> None:
    assert parse_latex("dl z").items == (Letter("d"), Letter("l", True), Letter("z"))
    assert write_latex(parse_latex("dl z")) == "dl z"


def test_every_node_has_its_place() -> None:
    latex = r"a + \frac{b}{c_{de}}"
    layout = parse_latex(latex)
    (fraction,) = (n for n in walk(layout) if isinstance(n, Fraction))
    assert fraction.at == 4
    places = {n.name: n.at for n in walk(layout) if isinstance(n, Letter)}
    assert all(latex[at] == name for name, at in places.items())


def test_lines_and_columns_count_from_1_in_the_file() -> None:
    source = Source("a\n+ )", "notes.md", 7, 3)
    with pytest.raises(
        LocatedError,
        match=r"^notes\.md:8:3: '\)'; expected '\(' before it; open the bracket or remove it\n  \+ \)\n    \^$",
    ):
        parse_latex(source)


@pytest.mark.parametrize(
    ("latex", "message"),
    [
        (r"\frac{a}", r"1:9: the end of the formula; expected an argument; add the argument in braces"),
        (r"a_{i", r"1:3: a brace left open; expected '}' before the end of the formula; close the brace opened here"),
        (r"(a + b", r"1:1: '\(' left open; expected '\)' before the end"),
        (r"(a]", r"'\(' left open; expected '\)' before '\]'"),
        (r"a__b", r"1:3: '_'; expected an argument"),
        (r"a_b_c", r"1:4: a second subscript; expected one subscript"),
        (r"^2", r"'\^' with nothing before it"),
        (r"\fraq{a}{b}", r"1:1: the command \\fraq; expected a command this reader knows; did you mean \\frac\?"),
        (r"a & b", r"1:3: '&' outside a matrix"),
        (
            r"\begin{bmatrix} a \end{cases}",
            r"1:1: \\begin\{bmatrix\} left open; expected \\end\{bmatrix\} before \\end\{cases\}",
        ),
        (r"\begin{tikzpicture} \end{tikzpicture}", r"the environment tikzpicture"),
        (r"\def\x{a}", r"1:1: \\def; expected a formula without macro definitions"),
        (r"\input{/etc/passwd}", r"\\input; expected a formula without macro definitions and files"),
        ("a \u2202 b", r"1:3: a character outside ASCII, U\+2202 PARTIAL DIFFERENTIAL; expected LaTeX in ASCII"),
        ("a \u202e b", r"a direction control, U\+202E RIGHT-TO-LEFT OVERRIDE"),
        ("\\text{a\u2067}", r"a direction control, U\+2067"),
        ("a\x07", r"the control character U\+0007"),
        ("1234567890", r"a number of 10 digits; expected at most 9"),
        (r"a \right)", r"'\\right'"),
        ("a" * 4001, r"4001 characters; expected at most 4000"),
    ],
)
def test_errors_say_where_what_and_what_to_change(latex: str, message: str) -> None:
    with pytest.raises(LocatedError, match=message):
        parse_latex(latex)


def test_a_short_list_of_unicode_marks_is_taken_for_latex() -> None:
    assert parse_latex("a \u2212\u00a0b\u2032 \u00d7 c\u200b") == parse_latex(r"a - b' \times c")


@pytest.mark.parametrize(
    "latex",
    [
        "{" * 1900 + "}" * 1900,
        "(" * 3900,
        r"\frac" * 700,
        "x_{" * 900,
        r"\sqrt{" * 500,
        "[(" * 1900,
        r"\left(" * 600,
        "_" * 4000,
    ],
)
def test_deep_nesting_is_refused_quickly(latex: str) -> None:
    start = time.perf_counter()
    with pytest.raises(LocatedError):
        parse_latex(latex)
    assert time.perf_counter() - start < 1


def test_64_levels_are_read() -> None:
    parse_latex("{" * 60 + "x" + "}" * 60)
    with pytest.raises(LocatedError, match="more than 64 levels"):
        parse_latex("(" * 70 + "x" + ")" * 70)
