"""What the tutorials show as it looks in a browser: steps of a solution, and verdicts on a document printed above.

The commands around them run as tests; these directives run the same code while the page is read.
"""

from __future__ import annotations

import re
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import Directive, directives
from sphinx.application import Sphinx

from _ext.mathematics import framed
from _ext.parts import raw
from symconv.judging import verify_paths
from symconv.notation.markup import Markup, element
from symconv.page.html import HtmlPrinter
from symconv.page.nodes import Figure, Step
from symconv.reporting import article
from symconv.reports import FileReport
from symconv.solving import solve_spec

_TITLED = re.compile(r"^(`{3,})(\w+) title=(.+)$", re.MULTILINE)


class SolvedDirective(Directive):
    """Steps of a worked solution, by their numbers, or its pictures."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar = {
        "wrt": directives.unchanged,
        "steps": directives.positive_int_list,
        "hints": directives.flag,
        "pictures": directives.flag,
    }

    def run(self) -> list[nodes.Node]:
        page = solve_spec(self.arguments[0], self.options.get("wrt")).page(pictures=True)
        steps = self.options.get("steps", [])
        shown = tuple(
            node
            for node in page.body
            if (isinstance(node, Step) and node.number in steps)
            or (isinstance(node, Figure) and "pictures" in self.options)
        )
        script = [raw(element("script", Markup(page.script)))] if "pictures" in self.options else []
        return [raw(framed(*HtmlPrinter(hints="hints" in self.options).body(shown))), *script]


class ReportDirective(Directive):
    """The verdicts on the last document of this page with this title, as `verify -o report.html` shows them."""

    required_arguments = 1
    option_spec: ClassVar = {"only": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        (title,) = self.arguments
        source = captioned(Path(self.state.document.current_source).read_text(encoding="utf-8"))
        file = _judged(title, _printed("\n".join(source.split("\n")[: self.lineno]), title))
        only = self.options.get("only", "").split()
        shown = (f for f in file.formulas if not only or f.formula.id in only)
        return [raw(framed(*(article(f, file, 1) for f in shown)))]


def captioned(text: str) -> str:
    """A page whose blocks with a title show it as a caption.

    >>> print(captioned("```markdown title=note.md\\nHello.\\n```"))
    ```{code-block} markdown
    :caption: note.md
    <BLANKLINE>
    Hello.
    ```
    """
    return _TITLED.sub(r"\1{code-block} \2\n:caption: \3\n", text)


def _caption(_app: Sphinx, _name: str, source: list[str]) -> None:
    source[0] = captioned(source[0])


def _printed(text: str, title: str) -> str:
    """The body of the last block with this title."""
    fence = rf"^(`{{3,}}){{code-block}} \w+\n:caption: {re.escape(title)}\n\n(.*?)^\1$"
    return str(re.findall(fence, text, re.MULTILINE | re.DOTALL)[-1][1])


def _judged(name: str, text: str) -> FileReport:
    with TemporaryDirectory() as folder, chdir(folder):
        Path(name).write_text(text, encoding="utf-8")
        (file,) = verify_paths([name]).files
    return file


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("source-read", _caption)
    app.add_directive("solved", SolvedDirective)
    app.add_directive("report", ReportDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
