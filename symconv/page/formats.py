"""The formats of a page by the endings of file names; each printer is loaded when it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from symconv.page.nodes import Page
    from symconv.page.printer import Printer

ENDINGS = (".md", ".tex", ".html", ".pdf", ".ipynb")
DRAWN = (".html", ".pdf", ".ipynb")  # with pictures


def written(page: Page, ending: str, hints: bool = False) -> bytes:
    """The file that holds a page; hints: each step stands behind its hint."""
    if ending == ".pdf":
        from symconv.page.typst import pdf

        return pdf(page, hints)
    return _printer(ending)(hints).page(page).encode()


def refuse_unready(ending: str) -> None:
    """An error where a format needs a package that is not installed."""
    if ending == ".pdf":
        from symconv.page.typst import refuse_without_typst

        refuse_without_typst()


def _printer(ending: str) -> type[Printer]:
    match ending:
        case ".md":
            from symconv.page.markdown import MarkdownPrinter

            return MarkdownPrinter
        case ".tex":
            from symconv.page.tex import TexPrinter

            return TexPrinter
        case ".html":
            from symconv.page.html import HtmlPrinter

            return HtmlPrinter
        case ".ipynb":
            from symconv.page.notebook import NotebookPrinter

            return NotebookPrinter
    raise ValueError(f"no printer for {ending!r}")


__all__ = ["DRAWN", "ENDINGS", "refuse_unready", "written"]
