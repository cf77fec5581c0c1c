"""The table of figures, at sizes that take a second."""

from __future__ import annotations

import pytest

from tests.benchmarks import table
from tests.benchmarks.table import Figure, figures, page

pytestmark = pytest.mark.targets  # in the job that runs beside the README's tests


def test_every_figure_has_its_row() -> None:
    found = list(figures(side=5, kernel=2, shorter=4))
    text = page(found)
    assert len(found) == 14
    assert all(f.value > 0 for f in found)
    assert all(f.row() in text for f in found)


def test_the_part_on_kernels_stays(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(table, "figures", lambda: iter([Figure("a time", "<=", 2, 1.5)]))
    path = tmp_path / "page.md"
    assert table.main([str(path)]) == 0
    alone = path.read_text()
    assert "Kernels" not in alone
    assert "The kernels follow." not in alone
    kernels = "## Kernels\n\nWritten by hand.\n"
    path.write_text(f"{alone}\n{kernels}")
    for _ in range(2):
        assert table.main([str(path)]) == 0
        text = path.read_text()
        assert text.endswith(f"processors.\n\n{kernels}")
        assert "\nThe kernels follow." in text
        assert text.count("| a time |") == 1


def test_a_bound_that_is_broken_is_said() -> None:
    assert Figure("a time", "<=", 2, 1.5).row() == "| a time | at most 2 | 1.5 | yes |"
    assert Figure("a ratio", ">=", 2, 1.5, " times").row() == "| a ratio | at least 2 times | 1.5 times | **no** |"
