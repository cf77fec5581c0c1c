"""docs/reading.md is what the reader does now."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.read.reading_table import page


@pytest.mark.targets  # every document is judged again: in the job that runs beside the README's tests
def test_the_table_in_the_docs_is_that_of_today() -> None:
    """Kept by `python -m tests.read.reading_table docs/reading.md`."""
    assert (Path(__file__).parents[2] / "docs" / "reading.md").read_text(encoding="utf-8") == page()
