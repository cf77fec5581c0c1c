"""A page as Markdown with LaTeX, which `symconv verify` reads back; what folds is `<details>`."""

from __future__ import annotations

import base64
import re

from symconv.page.nodes import (
    Declaration,
    Display,
    Figure,
    Fold,
    Heading,
    Listing,
    Math,
    Page,
    Program,
    Sentence,
    Step,
    Table,
    Text,
)
from symconv.page.printer import Printer, headline

_MARKS = re.compile(r"([\\`*_<$])")


class MarkdownPrinter(Printer):
    def page(self, page: Page) -> str:
        return "\n\n".join([f"# {self.sentence(page.title)}", *self.nodes(page.body)]) + "\n"

    def text(self, text: str) -> str:
        return _MARKS.sub(r"\\\1", text)

    def math(self, latex: str) -> str:
        return f"${latex}$"

    def code(self, text: str) -> str:
        return f"`` {text} ``" if "`" in text else f"`{text}`"

    def strong(self, text: str) -> str:
        return f"**{self.text(text)}**"

    def heading(self, heading: Heading) -> str:
        return f"{'#' * heading.level} {self.sentence(heading.content)}"

    def paragraph(self, content: Sentence) -> str:
        return self.sentence(content)

    def display(self, display: Display) -> str:
        return f"$${display.latex}$$"

    def declaration(self, declaration: Declaration) -> str:
        return self.program(Program("symconv", "\n".join(declaration.lines)))

    def step(self, step: Step) -> str:
        blocks = [f"{self.strong(headline(step))} {self.sentence(step.reason)}"]
        if step.equation:
            blocks.append(f"> {self.display(Display(step.equation))}")
        blocks += self.nodes(step.body)
        if step.inner:
            blocks.append(self._details((Text("In smaller steps"),), self.nodes(step.inner)))
        if self.hints and step.hint:
            return self._details((Text(f"Step {step.number}: "), *step.hint), blocks)
        if step.trivial:
            return self._details((Text(headline(step)),), blocks)
        return "\n\n".join(blocks)

    def fold(self, fold: Fold) -> str:
        return self._details(fold.summary, self.nodes(fold.body))

    def _details(self, summary: Sentence, blocks: list[str]) -> str:
        """Blank lines stand between the tags, so that what is inside is read as Markdown."""
        return "\n\n".join(["<details>\n<summary>", self.sentence(summary), "</summary>", *blocks, "</details>"])

    def figure(self, figure: Figure) -> str:
        return f"![{self.text(figure.alt)}]({self.picture(figure)})\n\n{self.sentence(figure.caption)}"

    def picture(self, figure: Figure) -> str:
        """The address of a picture: here the picture itself."""
        data = base64.b64encode(figure.svg.encode()).decode("ascii")
        return f"data:image/svg+xml;base64,{data}"

    def table(self, table: Table) -> str:
        rule = ("---",) * len(table.head)
        rows = [tuple(map(self._cell, row)) for row in (table.head, *table.rows)]
        return "\n".join(f"| {' | '.join(row)} |" for row in (rows[0], rule, *rows[1:]))

    def _cell(self, content: Sentence) -> str:
        """A bar would end the cell."""
        bare = (Math(part.latex.replace("|", r"\vert ")) if isinstance(part, Math) else part for part in content)
        return self.sentence(tuple(bare)).replace("|", r"\|")

    def listing(self, listing: Listing) -> str:
        marks = [f"{n}." if listing.numbered else "*" for n in range(1, len(listing.items) + 1)]
        return "\n".join(f"{mark} {self.sentence(item)}" for mark, item in zip(marks, listing.items, strict=True))

    def program(self, program: Program) -> str:
        fence = "`" * max(3, 1 + max(map(len, re.findall("`+", program.text)), default=0))
        return f"{fence}{program.language}\n{program.text}\n{fence}"


__all__ = ["MarkdownPrinter"]
