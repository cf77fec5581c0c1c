"""Every token left out, every two neighbours swapped, in all displayed equations: read, or refused with a place.

Nothing else may happen: no other exception, no formula that reads for long.  The judge is not asked.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from symconv.notation.latex_lexer import tokens
from symconv.notation.source import Source
from symconv.read.claims import Kind
from symconv.read.documents import Segment, segments
from symconv.read.reader import read_document

SEEDS = sorted((Path(__file__).parents[2] / "derivations" / "seeds").glob("*.md"))
MOST_SECONDS = 2.0
STEP = 23  # of all edits, those that the quick test takes


def displays() -> list[tuple[str, str]]:
    """Every displayed equation with the block above it; expectations speak of other numbers, and are left out."""
    found: list[tuple[str, str]] = []
    for path in SEEDS:
        block: list[str] = []
        for segment in segments(path.read_text(encoding="utf-8"), "md"):
            block = _block(segment, block)
            if segment.what == "display":
                found.append(("\n".join(block), segment.latex))
    return found


def _block(segment: Segment, before: list[str]) -> list[str]:
    if segment.what != "block":
        return before
    lines = [line for line in segment.source.text.split("\n") if not line.startswith("expect")]
    return [*before, *lines[1:]] if lines[:1] == ["keep"] else lines


def edits(latex: str) -> Iterator[str]:
    """One token left out, or two neighbours changed for each other."""
    places = [t.at for t in tokens(Source(latex))] + [len(latex)]
    pieces = [latex[a:b] for a, b in pairwise(places)]
    for n, piece in enumerate(pieces):
        yield " ".join([*pieces[:n], *pieces[n + 1 :]])
        if n + 1 < len(pieces) and piece != pieces[n + 1]:
            yield " ".join([*pieces[:n], pieces[n + 1], piece, *pieces[n + 2 :]])


def all_edits() -> list[tuple[str, str]]:
    return [(block, edit) for block, latex in displays() for edit in edits(latex)]


def check(block: str, latex: str) -> None:
    start = time.perf_counter()
    document = read_document(f"```symconv\n{block}\n```\n\n$$\n{latex}\n$$\n", "md")
    assert time.perf_counter() - start < MOST_SECONDS, latex
    for formula in document.formulas:
        for link in formula.links:
            if link.kind in (Kind.NOT_UNDERSTOOD, Kind.ILL_FORMED):
                assert link.message, latex
                assert link.problem is not None, latex
            assert link.line >= 1, latex


def test_there_are_as_many_equations_as_in_the_sources() -> None:
    assert len(displays()) == 160


def test_some_edits_are_read_or_refused_with_a_place() -> None:
    for block, latex in all_edits()[::STEP]:
        check(block, latex)


@pytest.mark.slow
def test_all_edits_are_read_or_refused_with_a_place() -> None:
    for block, latex in all_edits():
        check(block, latex)
