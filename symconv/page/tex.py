r"""A page as a LaTeX document that `symconv verify` reads back; what folds elsewhere stands open here.

Displays are `\[..\]`, and one that is wider than the page is made smaller.  The declaration block is a comment.
"""

from __future__ import annotations

import re

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

# The new meaning of a display is given by its name, so that a reader of the file sees no display here.
PREAMBLE = r"""\documentclass[11pt,a4paper]{article}
\usepackage[utf8]{inputenc}
\IfFileExists{lmodern.sty}{\usepackage[T1]{fontenc}\usepackage{lmodern}}{}
\usepackage{amsmath,amssymb,bm,graphicx}
\usepackage[margin=2.3cm]{geometry}
\setlength{\parindent}{0pt}
\setlength{\parskip}{0.6em}
\allowdisplaybreaks
\makeatletter
\newsavebox{\shown}
\newcommand{\fitted}[1]{\sbox{\shown}{\ensuremath{\displaystyle #1}}%
  \ifdim\wd\shown>\linewidth\resizebox{\linewidth}{!}{\usebox{\shown}}\else\usebox{\shown}\fi}
\newcommand{\placed}{center}
\@namedef{[}#1\]{\begin{\placed}\fitted{#1}\end{\placed}}
\newenvironment{smallersteps}{\begin{quote}\small\emph{In smaller steps:}\par}{\end{quote}}
\newenvironment{fact}{\small\renewcommand{\placed}{quote}}{}
\DeclareMathOperator*{\argmax}{arg\,max}
\providecommand{\coloneqq}{\mathrel{:=}}
\makeatother
"""
_MARKS = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\char34{}", "-": "-{}", "'": "'", "`": r"\textasciigrave{}",
}  # fmt: skip
SECTIONS = {2: "section", 3: "subsection", 4: "subsubsection"}


class TexPrinter(Printer):
    def page(self, page: Page) -> str:
        head = f"% {plain(page.title)}\n{PREAMBLE}\\begin{{document}}"
        title = f"{{\\LARGE\\bfseries {self.sentence(page.title)}\\par}}"
        return "\n\n".join([head, title, *self.nodes(page.body), r"\end{document}"]) + "\n"

    def text(self, text: str) -> str:
        """A hyphen stays one where two follow each other."""
        return re.sub(r"(?<!-)-\{\}(?!-)", "-", "".join(_MARKS.get(c, c) for c in text))

    def math(self, latex: str) -> str:
        return f"${latex}$"

    def code(self, text: str) -> str:
        return f"\\texttt{{{self.text(text)}}}"

    def strong(self, text: str) -> str:
        return f"\\textbf{{{self.text(text)}}}"

    def heading(self, heading: Heading) -> str:
        return f"\\{SECTIONS[heading.level]}*{{{self.sentence(heading.content)}}}"

    def paragraph(self, content: Sentence) -> str:
        return self.sentence(content)

    def display(self, display: Display) -> str:
        return f"\\[{display.latex}\\]"

    def declaration(self, declaration: Declaration) -> str:
        return "\n".join(f"% symconv: {line}" for line in declaration.lines)

    def step(self, step: Step) -> str:
        hint = [f"\\emph{{Hint. {self.sentence(step.hint)}}}"] if self.hints and step.hint else []
        head = f"{self.strong(headline(step))} {self.sentence(step.reason)}"
        fact = self.display(Display(step.equation)) if step.equation else ""
        used = [f"\\begin{{fact}}{fact}\\end{{fact}}"] if fact else []
        inner = [r"\begin{smallersteps}", *self.nodes(step.inner), r"\end{smallersteps}"] if step.inner else []
        return "\n\n".join([*hint, head, *used, *self.nodes(step.body), *inner])

    def fold(self, fold: Fold) -> str:
        return "\n\n".join([f"\\emph{{{self.sentence(fold.summary)}}}", *self.nodes(fold.body)])

    def figure(self, figure: Figure) -> str:
        """TeX sets no SVG by itself: the words stand for the picture."""
        told = f"\\fbox{{\\parbox{{0.8\\linewidth}}{{{self.text(figure.alt)}}}}}"
        return f"\\begin{{center}}\n{told}\n\n{self.sentence(figure.caption)}\n\\end{{center}}"

    def table(self, table: Table) -> str:
        rows = [" & ".join(map(self.sentence, row)) + r" \\ \hline" for row in (table.head, *table.rows)]
        columns = f"|{'l|' * len(table.head)}"
        return "\n".join([f"\\begin{{tabular}}{{{columns}}}\n\\hline", *rows, r"\end{tabular}"])

    def listing(self, listing: Listing) -> str:
        name = "enumerate" if listing.numbered else "itemize"
        items = [f"\\item {self.sentence(item)}" for item in listing.items]
        return "\n".join([f"\\begin{{{name}}}", *items, f"\\end{{{name}}}"])

    def program(self, program: Program) -> str:
        return f"\\begin{{verbatim}}\n{program.text}\n\\end{{verbatim}}"


__all__ = ["TexPrinter"]
