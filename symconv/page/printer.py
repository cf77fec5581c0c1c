"""What every format does with a page: one method for each kind of node and of words.

A format that lacks a method cannot be made, and a kind of node without a case here does not pass the type checker.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import assert_never

from symconv.page.nodes import (
    Code,
    Declaration,
    Display,
    Figure,
    Fold,
    Heading,
    Inline,
    Listing,
    Math,
    Node,
    Page,
    Paragraph,
    Program,
    Sentence,
    Step,
    Strong,
    Table,
    Text,
)


class Printer(ABC):
    """One format; hints: whether each step stands behind its hint, or below it where nothing folds."""

    def __init__(self, hints: bool = False) -> None:
        self.hints = hints

    @abstractmethod
    def page(self, page: Page) -> str: ...

    def sentence(self, content: Sentence) -> str:
        return "".join(map(self.inline, content))

    def inline(self, part: Inline) -> str:
        match part:
            case Text(text):
                return self.text(text)
            case Math(latex):
                return self.math(latex)
            case Code(text):
                return self.code(text)
            case Strong(text):
                return self.strong(text)
            case _:
                assert_never(part)

    def nodes(self, nodes: Iterable[Node]) -> list[str]:
        return list(map(self.node, nodes))

    def node(self, node: Node) -> str:
        match node:
            case Heading():
                return self.heading(node)
            case Paragraph(content):
                return self.paragraph(content)
            case Display():
                return self.display(node)
            case Declaration():
                return self.declaration(node)
            case Step():
                return self.step(node)
            case Fold():
                return self.fold(node)
            case Figure():
                return self.figure(node)
            case Table():
                return self.table(node)
            case Listing():
                return self.listing(node)
            case Program():
                return self.program(node)
            case _:
                assert_never(node)

    # -- words ---------------------------------------------------------------------------------

    @abstractmethod
    def text(self, text: str) -> str: ...

    @abstractmethod
    def math(self, latex: str) -> str: ...

    @abstractmethod
    def code(self, text: str) -> str: ...

    @abstractmethod
    def strong(self, text: str) -> str: ...

    # -- nodes ---------------------------------------------------------------------------------

    @abstractmethod
    def heading(self, heading: Heading) -> str: ...

    @abstractmethod
    def paragraph(self, content: Sentence) -> str: ...

    @abstractmethod
    def display(self, display: Display) -> str: ...

    @abstractmethod
    def declaration(self, declaration: Declaration) -> str: ...

    @abstractmethod
    def step(self, step: Step) -> str: ...

    @abstractmethod
    def fold(self, fold: Fold) -> str: ...

    @abstractmethod
    def figure(self, figure: Figure) -> str: ...

    @abstractmethod
    def table(self, table: Table) -> str: ...

    @abstractmethod
    def listing(self, listing: Listing) -> str: ...

    @abstractmethod
    def program(self, program: Program) -> str: ...


def headline(step: Step) -> str:
    """Number and rule of a step: `3. Change of variable.`"""
    return f"{step.number}. {step.rule[:1].upper()}{step.rule[1:]}."


__all__ = ["Printer", "headline"]
