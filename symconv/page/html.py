"""A page as one file of HTML: formulas as MathML with a font of its own; no script, nothing from a network.

What folds is `<details>`, and so is a step behind its hint.
"""

from __future__ import annotations

import base64
import re
from functools import cache
from pkgutil import get_data

from symconv.notation.markup import Markup, element, together
from symconv.page.document import displayed, html_document, lines, mathematics
from symconv.page.nodes import (
    Declaration,
    Display,
    Figure,
    Fold,
    Heading,
    Listing,
    Node,
    Page,
    Program,
    Sentence,
    Step,
    Table,
    Text,
)
from symconv.page.plain import plain
from symconv.page.printer import Printer, headline
from symconv.page.style import PAGE

PUNCTUATION, OPTION = re.compile(r"[.,;:!?)]+"), re.compile(r"(--[\w-]+)")
FONT = """
@font-face {{ font-family: "symconv math"; src: url(data:font/woff2;base64,{}) format("woff2"); }}
"""


class HtmlPrinter(Printer):
    def page(self, page: Page) -> str:
        title = element("h1", self.sentence(page.title))
        main = element("main", *lines((title, *self.body(page.body))))
        script = (element("script", Markup(page.script)),) if page.script else ()
        return html_document(plain(page.title), PAGE + _font(), main, *script)

    def sentence(self, content: Sentence) -> Markup:
        """A mark stays on the line of the formula before it."""
        pieces: list[Markup] = []
        for part in content:
            mark = PUNCTUATION.match(part.text) if pieces and isinstance(part, Text) else None
            if mark is not None and isinstance(part, Text):
                pieces[-1] = element("span", pieces[-1], mark[0], class_="tied")
                part = Text(part.text[mark.end() :])
            pieces.append(Markup(self.inline(part)))
        return together(*pieces)

    def body(self, nodes: tuple[Node, ...]) -> list[Markup]:
        return [Markup(text) for text in self.nodes(nodes)]

    def text(self, text: str) -> Markup:
        """An option of a command is not broken."""
        pieces = OPTION.split(text)
        return together(*(element("span", p, class_="tied") if OPTION.match(p) else p for p in pieces))

    def math(self, latex: str) -> Markup:
        return mathematics(latex, False)

    def code(self, text: str) -> Markup:
        return element("code", text)

    def strong(self, text: str) -> Markup:
        return element("strong", text)

    def heading(self, heading: Heading) -> Markup:
        return element(f"h{heading.level}", self.sentence(heading.content))

    def paragraph(self, content: Sentence) -> Markup:
        return element("p", self.sentence(content))

    def display(self, display: Display) -> Markup:
        return displayed(display.latex)

    def declaration(self, declaration: Declaration) -> Markup:
        code = element("pre", element("code", "\n".join(declaration.lines)))
        summary = element("summary", "Declarations, by which a program reads the formulas")
        return element("details", summary, code, class_="declared")

    def step(self, step: Step) -> Markup:
        number, _, rule = headline(step).partition(" ")
        head = element("h3", element("span", number, class_="number"), f" {rule}")
        inner = [_details(together("In smaller steps"), self.body(step.inner))] if step.inner else []
        reason = element("p", self.sentence(step.reason))
        used = [element("div", displayed(step.equation), class_="used")] if step.equation else []
        shown = [head, reason, *used, *self.body(step.body), *inner]
        if self.hints and step.hint:
            shown = [_details(together(f"Step {step.number}: ", self.sentence(step.hint)), shown)]
        elif step.trivial:
            shown = [_details(together(headline(step)), shown)]
        return element("section", *lines(shown), class_="step")

    def fold(self, fold: Fold) -> Markup:
        return _details(self.sentence(fold.summary), self.body(fold.body))

    def figure(self, figure: Figure) -> Markup:
        named = "aria-label=" in figure.svg  # a picture that says itself what it shows
        words: dict[str, str | None] = {} if named else {"role": "img", "aria_label": figure.alt}
        picture = element("div", Markup(figure.svg), **words)
        return element("figure", picture, element("figcaption", self.sentence(figure.caption)))

    def table(self, table: Table) -> Markup:
        head = element("tr", *(element("th", self.sentence(cell)) for cell in table.head))
        rows = (element("tr", *(element("td", self.sentence(cell)) for cell in row)) for row in table.rows)
        return element("div", element("table", *lines((head, *rows))), class_="wide", tabindex="0")

    def listing(self, listing: Listing) -> Markup:
        items = (element("li", self.sentence(item)) for item in listing.items)
        return element("ol" if listing.numbered else "ul", *lines(items))

    def program(self, program: Program) -> Markup:
        return element("pre", element("code", program.text), tabindex="0")


def _details(summary: Markup, body: list[Markup]) -> Markup:
    return element("details", element("summary", summary), *lines(body))


@cache
def _font() -> str:
    data = get_data("symconv.page.fonts", "symconv-math.woff2")
    if data is None:
        raise FileNotFoundError("symconv-math.woff2")
    return FONT.format(base64.b64encode(data).decode("ascii"))


__all__ = ["HtmlPrinter"]
