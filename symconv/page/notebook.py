"""A page as a notebook: Markdown cells, one a section, and a cell that makes the page again.

Pictures are attachments of their cells.  `symconv verify` reads the Markdown cells back.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from typing import Any

from symconv.page.markdown import MarkdownPrinter
from symconv.page.nodes import Figure, Heading, Node, Page, Program

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


class NotebookPrinter(MarkdownPrinter):
    def __init__(self, hints: bool = False) -> None:
        super().__init__(hints)
        self.attached: dict[str, dict[str, str]] = {}

    def page(self, page: Page) -> str:
        cells = [self._markdown(f"# {self.sentence(page.title)}")]
        cells += map(self._of_nodes, _sections(page.body))
        if page.program is not None:
            cells.append(_code(page.program))
        numbered = [{"id": f"cell-{n}", **cell} for n, cell in enumerate(cells, 1)]
        notebook = {"cells": numbered, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}
        return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"

    def _of_nodes(self, nodes: list[Node]) -> dict[str, Any]:
        first = nodes[0]
        if isinstance(first, Program) and _runs(first):
            return _code(first)
        return self._markdown("\n\n".join(self.nodes(nodes)))

    def _markdown(self, text: str) -> dict[str, Any]:
        cell = {"cell_type": "markdown", "metadata": {}, "source": text.splitlines(keepends=True)}
        attached, self.attached = self.attached, {}
        return {**cell, "attachments": attached} if attached else cell

    def picture(self, figure: Figure) -> str:
        name = f"picture-{len(self.attached) + 1}.svg"
        self.attached[name] = {"image/svg+xml": base64.b64encode(figure.svg.encode()).decode("ascii")}
        return f"attachment:{name}"


def _sections(nodes: Iterable[Node]) -> Iterator[list[Node]]:
    """The nodes cut before each heading, and around each program that runs."""
    section: list[Node] = []
    for node in nodes:
        if section and (isinstance(node, Heading) or _runs(node) or _runs(section[0])):
            yield section
            section = []
        section.append(node)
    if section:
        yield section


def _runs(node: Node) -> bool:
    return isinstance(node, Program) and node.language == "python"


def _code(program: Program) -> dict[str, Any]:
    source = program.text.splitlines(keepends=True)
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": source}


__all__ = ["NotebookPrinter"]
