"""The formats of a page by the endings of file names; each printer is loaded when it is used."""

from __future__ import annotations

from symconv.page.nodes import Page

ENDINGS = (".md", ".html")


def written(page: Page, ending: str, hints: bool = False) -> bytes:
    """The file that holds a page; hints: each step stands behind its hint."""
    match ending:
        case ".md":
            from symconv.page.markdown import MarkdownPrinter

            return MarkdownPrinter(hints).page(page).encode()
        case ".html":
            from symconv.page.html import HtmlPrinter

            return HtmlPrinter(hints).page(page).encode()
    raise ValueError(f"no printer for {ending}")


__all__ = ["ENDINGS", "written"]
