"""docs/reading.md is what the reader does now."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.read.reading_table import page


@pytest.mark.slow  # every document is judged as it is made, and again by README's first command
def test_the_table_in_the_docs_is_that_of_today() -> None:
    """Kept by `python -m tests.read.reading_table docs/reading.md`."""
    assert (Path(__file__).parents[2] / "docs" / "reading.md").read_text(encoding="utf-8") == page()
