"""The layout tree as MathML: what is expected is written by hand."""

from __future__ import annotations

import inspect
from xml.etree import ElementTree

import pytest

from symconv.notation import glyphs, layout
from symconv.notation.latex_parser import parse_latex
from symconv.notation.layout import Node, Row, Words
from symconv.notation.mathml_writer import PRINTERS, write_mathml
from symconv.notation.symbols import ACCENTS, BIG, ENVIRONMENTS, FENCES, FONTS, LETTERS, SIGNS

# MathML Core, as far as it is used here
CORE = "math merror mfrac mi mn mo mover mrow mspace msub msubsup msup mtable mtd mtext mtr munder munderover"
TIGHT = 'lspace="0em" rspace="0em"'
COMMA = '<mo lspace="0em" rspace="0.17em">,</mo>'
SUM = '<mo form="prefix" movablelimits="true">∑</mo>'


def bracketed(inner: str, opener: str = "(", closer: str = ")", stretchy: str = "false") -> str:
    left = f'<mo form="prefix" stretchy="{stretchy}">{opener}</mo>'
    return f'<mrow>{left}{inner}<mo form="postfix" stretchy="{stretchy}">{closer}</mo></mrow>'


EXPECTED = [
    (
        r"F_{i,j} = K",
        f"<msub><mi>F</mi><mrow><mi>i</mi>{COMMA}<mi>j</mi></mrow></msub><mo>=</mo><mi>K</mi>",
    ),
    (
        r"\sum_{u=0}^{r-1} x_u",
        (
            f"<munderover>{SUM}<mrow><mi>u</mi><mo {TIGHT}>=</mo><mn>0</mn></mrow>"
            f"<mrow><mi>r</mi><mo {TIGHT}>−</mo><mn>1</mn></mrow></munderover><msub><mi>x</mi><mi>u</mi></msub>"
        ),
    ),
    (
        r"\frac{\partial L}{\partial X_a}",
        "<mfrac><mrow><mi>∂</mi><mi>L</mi></mrow><mrow><mi>∂</mi><msub><mi>X</mi><mi>a</mi></msub></mrow></mfrac>",
    ),
    (
        r"\left(\frac{a}{2}\right)^2 (b)",
        "<msup>"
        + bracketed("<mfrac><mi>a</mi><mn>2</mn></mfrac>", stretchy="true")
        + f"<mn>2</mn></msup>{bracketed('<mi>b</mi>')}",
    ),
    (
        r"f''_k(-x')",
        f"<msubsup><mi>f</mi><mi>k</mi><mo {TIGHT}>″</mo></msubsup>"
        + bracketed(f'<mo form="prefix" {TIGHT}>−</mo><msup><mi>x</mi><mo {TIGHT}>′</mo></msup>'),
    ),
    (
        r"\begin{bmatrix} 1 & \delta \\ 0 & \Gamma \end{bmatrix}",
        bracketed(
            "<mtable><mtr><mtd><mn>1</mn></mtd><mtd><mi>δ</mi></mtd></mtr>"
            '<mtr><mtd><mn>0</mn></mtd><mtd><mi mathvariant="normal">Γ</mi></mtd></mtr></mtable>',
            "[",
            "]",
            "true",
        ),
    ),
    (
        r"\begin{cases} x & \text{if } n \end{cases}",
        (
            '<mrow><mo form="prefix" stretchy="true">{</mo><mtable><mtr><mtd style="text-align: left"><mi>x</mi></mtd>'
            '<mtd style="text-align: left"><mtext>if\u00a0</mtext><mi>n</mi></mtd></mtr></mtable></mrow>'
        ),
    ),
    (
        r"\tilde{G} * \operatorname{rot180}(\mathbf{K})",
        '<mover accent="true"><mi>G</mi><mo stretchy="false">˜</mo></mover><mo>∗</mo><mi>rot180</mi>'
        + bracketed("<mi>𝐊</mi>"),
    ),
    (
        r"\lfloor \frac{n}{s} \rfloor + \lceil m \rceil",
        bracketed("<mfrac><mi>n</mi><mi>s</mi></mfrac>", "⌊", "⌋", "true")
        + "<mo>+</mo>"
        + bracketed("<mi>m</mi>", "⌈", "⌉"),
    ),
    (
        r"\max_{0 \le u} z \quad \text{<b> & co}",
        (
            '<munder><mo form="prefix" movablelimits="true" lspace="0em" rspace="0.17em">max</mo>'
            f"<mrow><mn>0</mn><mo {TIGHT}>≤</mo><mi>u</mi></mrow></munder><mi>z</mi>"
            '<mspace width="1em"></mspace><mtext>&lt;b&gt; &amp; co</mtext>'
        ),
    ),
]


@pytest.mark.parametrize(("latex", "wanted"), EXPECTED, ids=[latex for latex, _ in EXPECTED])
def test_a_formula_as_it_is_written_by_hand(latex: str, wanted: str) -> None:
    assert write_mathml(parse_latex(latex)) == f'<math display="block">{wanted}</math>'
    assert write_mathml(parse_latex(latex), display=False) == f"<math>{wanted}</math>"


def test_every_kind_of_node_has_a_printer() -> None:
    kinds = {
        kind
        for _, kind in inspect.getmembers(layout, inspect.isclass)
        if issubclass(kind, Node) and kind is not Node and kind.__module__ == layout.__name__
    }
    assert set(PRINTERS) == kinds


MARKS = [
    *sorted(LETTERS | SIGNS),
    *(f"{sign}_a^b" for sign in sorted(BIG)),
    *(f"{mark}{{xy}}" for mark in sorted(ACCENTS)),
    *(f"{font}{{x R 2 \\delta y_i}}" for font in sorted(FONTS)),
    *(f"{opener} x {closer}" for opener, closer in FENCES.items()),
    *(f"\\begin{{{name}}} x & y \\\\ z & {{}} \\end{{{name}}}" for name in sorted(ENVIRONMENTS - {"array", "alignat"})),
    r"\begin{array}{cc} x & y \end{array}",
    r"a \\ b",
    r"\sum_{\substack{i \\ j}} x",
    r"\boxed{x'} \tag{8.3} {x_i}^2 {ab}_c",
]


@pytest.mark.parametrize("latex", MARKS)
def test_whatever_is_read_can_be_shown(latex: str) -> None:
    """Well formed, of the elements of MathML Core, and without a trace of LaTeX."""
    text = write_mathml(parse_latex(latex))
    root = ElementTree.fromstring(text)
    assert {e.tag for e in root.iter()} <= set(CORE.split())
    assert "\\" not in text
    arities = {"mfrac": 2, "msub": 2, "msup": 2, "munder": 2, "mover": 2, "msubsup": 3, "munderover": 3}
    for e in root.iter():
        assert len(e) == arities.get(e.tag, len(e)), text


def test_text_is_escaped() -> None:
    made = write_mathml(Row((Words("</math><script>"), Words("&amp;"))))
    assert [e.text for e in ElementTree.fromstring(made)] == ["</math><script>", "&amp;"]


def test_letters_of_fonts_that_unicode_had_before() -> None:
    letters = {r"\mathbb": ("R", "ℝ"), r"\mathcal": ("L", "ℒ"), r"\mathfrak": ("C", "ℭ"), r"\bm": ("h", "𝒉")}
    assert {f: glyphs.in_alphabet(plain, f) for f, (plain, _) in letters.items()} == {
        f: wanted for f, (_, wanted) in letters.items()
    }
