"""What `verify` says of a few formulas under a block."""

from __future__ import annotations

from symconv.judging import verify_text
from symconv.reports import Report


def report(block: str, *formulas: str) -> Report:
    """The report of a document with these displays."""
    displays = "\n\n".join(f"$${latex}$$" for latex in formulas)
    return verify_text(f"```symconv\n{block}\n```\n\n{displays}\n")


def said(block: str, *formulas: str) -> list[str]:
    """What is said of each display, without its place."""
    return [
        str(f.worst.verdict).splitlines()[0] if f.worst else f.status.value for f in report(block, *formulas).formulas
    ]


def inferred(block: str, *formulas: str) -> list[str]:
    """What was taken from the text."""
    return [fact.text for file in report(block, *formulas).files for fact in file.document.inferred]


def assert_refuted(block: str, latex: str, evidence: str) -> None:
    """The one display is refuted, and what is said holds the evidence."""
    (verdict,) = said(block, latex)
    assert verdict.startswith("refuted; ")
    assert evidence in verdict
