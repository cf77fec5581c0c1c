"""A page as Typst, and by the package `typst` as PDF.

What folds elsewhere stands open here; a formula that is wider than the page is made smaller.
"""

from __future__ import annotations

import re

from symconv.errors import OutputError, SymconvError
from symconv.notation.latex_parser import parse_latex
from symconv.notation.typst_writer import quoted, write_typst
from symconv.page.nodes import (
    Declaration,
    Display,
    Figure,
    Fold,
    Heading,
    Listing,
    Page,
    Program,
    Sentence,
    Step,
    Table,
)
from symconv.page.plain import plain
from symconv.page.printer import Printer, headline

_MARKS = re.compile(r'([\\#$*_`<>@~\[\]=+/"-])')
PREAMBLE = """
#set document(title: {title}, date: none)
#set page(paper: "a4", margin: 2.3cm, numbering: "1")
#set text(font: "New Computer Modern", size: 11pt, lang: "en")
#set par(justify: true)
#set math.mat(column-gap: 1em)
#show math.equation.where(block: true): it => layout(room => {{
  let wide = measure(it).width
  if wide > room.width {{ align(center, scale(room.width / wide * 100%, reflow: true, box(it))) }} else {{ it }}
}})
#show heading: set block(above: 1.6em, below: 0.9em)
#show raw: set text(size: 9pt)
#let used(body) = block(sticky: true, inset: (left: 1em), stroke: (left: 1.5pt + luma(200)), text(fill: luma(80), body))
#let smaller(body) = block(inset: (left: 1.5em), text(size: 9.5pt, fill: luma(80))[#emph[In smaller steps:] #body])
#let declared(body) = block(breakable: false, width: 100%, inset: 0.7em, fill: luma(246), text(size: 8pt, body))
"""


class TypstPrinter(Printer):
    def page(self, page: Page) -> str:
        head = PREAMBLE.format(title=quoted(plain(page.title))).lstrip()
        title = f"#text(size: 17pt, weight: 700)[{self.sentence(page.title)}]"
        body = sorted(page.body, key=lambda node: isinstance(node, Declaration))  # on paper it stands last
        return "\n\n".join([head, title, *self.nodes(body)]) + "\n"

    def text(self, text: str) -> str:
        """Two hyphens stay two, and a number at the start of a line is none of a list."""
        escaped = _MARKS.sub(r"\\\1", text).replace(r"\-\-", r"\-#h(0.08em)\-")
        return re.sub(r"^(\d+)\.", r"\1\\.", escaped)

    def math(self, latex: str) -> str:
        formula = _mathematics(latex)
        return f"${formula}$" if formula is not None else self.code(latex)

    def code(self, text: str) -> str:
        return f"#raw({quoted(text)})"

    def strong(self, text: str) -> str:
        return f"#strong[{self.text(text)}]"

    def heading(self, heading: Heading) -> str:
        return f"#heading(level: {heading.level - 1})[{self.sentence(heading.content)}]"

    def paragraph(self, content: Sentence) -> str:
        return self.sentence(content)

    def display(self, display: Display) -> str:
        formula = _mathematics(display.latex)
        return f"$ {formula} $" if formula is not None else self.program(Program("latex", display.latex))

    def declaration(self, declaration: Declaration) -> str:
        lines = Program("", "\n".join(declaration.lines))
        return f"#declared[The declarations of this page:\n\n{self.program(lines)}]"

    def step(self, step: Step) -> str:
        hint = [f"#emph[Hint. {self.sentence(step.hint)}]"] if self.hints and step.hint else []
        used = [f"#used[{self.display(Display(step.equation))}]"] if step.equation else []
        head = f"#block(sticky: true)[{self.strong(headline(step))} {self.sentence(step.reason)}]"
        inner = ["#smaller[" + "\n\n".join(["", *self.nodes(step.inner), "]"])] if step.inner else []
        return "\n\n".join([*hint, head, *used, *self.nodes(step.body), *inner])

    def fold(self, fold: Fold) -> str:
        return "\n\n".join([f"#emph[{self.sentence(fold.summary)}]", *self.nodes(fold.body)])

    def figure(self, figure: Figure) -> str:
        picture = f'image(bytes({quoted(figure.svg)}), format: "svg", alt: {quoted(figure.alt)})'
        return f"#figure({picture}, numbering: none, caption: [{self.sentence(figure.caption)}])"

    def table(self, table: Table) -> str:
        head = ", ".join(f"strong[{self.sentence(cell)}]" for cell in table.head)
        rows = [", ".join(f"[{self.sentence(cell)}]" for cell in row) for row in table.rows]
        return f"#table(columns: {len(table.head)}, table.header({head}),\n  " + ",\n  ".join(rows) + ")"

    def listing(self, listing: Listing) -> str:
        items = ", ".join(f"[{self.sentence(item)}]" for item in listing.items)
        return f"#{'enum' if listing.numbered else 'list'}({items})"

    def program(self, program: Program) -> str:
        language = f", lang: {quoted(program.language)}" if program.language else ""
        return f"#raw({quoted(program.text)}, block: true{language})"


def pdf(page: Page, hints: bool = False) -> bytes:
    """The page as PDF, the same bytes at every time; without the package `typst` an error that names it."""
    refuse_without_typst()
    import typst

    return bytes(typst.compile(TypstPrinter(hints).page(page).encode(), format="pdf"))


def refuse_without_typst() -> None:
    from importlib.util import find_spec

    if find_spec("typst") is None:
        raise OutputError(
            "a file that ends in .pdf",
            "no package typst",
            "the extra pdf of symconv",
            "run: pip install 'symconv[pdf]'; or choose .html or .tex",
        )


def _mathematics(latex: str) -> str | None:
    try:
        return write_typst(parse_latex(latex))
    except SymconvError:
        return None


__all__ = ["TypstPrinter", "pdf", "refuse_without_typst"]
