"""Formulas of the site as MathML, with the font and the style sheet of symconv's own pages.

One idea: a formula of the documentation goes the way of every formula, through the reader's layout tree to the
writer of MathML.  What the reader does not take is a warning, and so an error of the build.
"""

from __future__ import annotations

import re
from pathlib import Path
from pkgutil import get_data

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

from symconv.errors import SymconvError
from symconv.notation.latex_parser import parse_latex
from symconv.notation.markup import Markup
from symconv.page.document import displayed, mathematics
from symconv.page.style import BASE, PAGE
from symconv.write.report_style import STYLE

FONTS = ("symconv-math.woff2", "OFL.txt")
FACE = '@font-face { font-family: "symconv math"; src: url(symconv-math.woff2) format("woff2"); }\n'
_LOG = logging.getLogger(__name__)
_COLOURS = re.compile(r"\A(.*?)^\* \{", re.DOTALL | re.MULTILINE)
_MATHEMATICS = re.compile(r"^math \{.*?^\}\n", re.DOTALL | re.MULTILINE)
_PAPER = re.compile(r"^  @page \{.*?\}\n", re.MULTILINE)


def framed(*pieces: str) -> Markup:
    """Markup of symconv's own pages, in the frame to which their style sheet is limited."""
    return Markup('<div class="symconv">\n' + "\n".join(pieces) + "\n</div>")


def style_sheet() -> str:
    """The colours and formulas of symconv's pages for the whole site, all else of their style in `framed` alone."""
    everywhere = "".join(found[1] for found in (_COLOURS.search(BASE),) if found)
    everywhere += "".join(_MATHEMATICS.findall(BASE))
    inside = _PAPER.sub("", BASE.replace(everywhere, "") + PAGE + STYLE)
    return f"{FACE}{everywhere}:where(.symconv) {{\n{inside}}}\n"


def _inline(translator: HTML5Translator, node: nodes.math) -> None:
    translator.body.append(_set(node, mathematics(node.astext(), False)))
    raise nodes.SkipNode


def _block(translator: HTML5Translator, node: nodes.math_block) -> None:
    translator.body.append(framed(_set(node, displayed(node.astext()))))
    raise nodes.SkipNode


def _set(node: nodes.Element, markup: Markup) -> Markup:
    try:
        parse_latex(node.astext())
    except SymconvError as error:
        _LOG.warning("a formula that is not read: %s", error, location=node)
    return markup


def _write_static(app: Sphinx) -> None:
    """The style sheet and the font, where the theme will lay its own files beside them."""
    if app.builder.format == "html":
        folder = Path(app.outdir, "_static")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "symconv.css").write_text(style_sheet(), encoding="utf-8")
        for name in FONTS:
            (folder / name).write_bytes(get_data("symconv.page.fonts", name) or b"")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_html_math_renderer("symconv", (_inline, None), (_block, None))
    app.connect("builder-inited", _write_static)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
