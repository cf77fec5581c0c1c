"""What tests of several targets share: the check that an exported file is clean."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def assert_clean(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], None]:
    """A folder of modules passes ruff with its default settings, and mypy --strict, which reads NumPy's types once."""
    types = tmp_path_factory.mktemp("types")

    def check(folder: Path) -> None:
        for command in (["ruff", "check", "--isolated", "--no-cache"], ["mypy", "--strict", f"--cache-dir={types}"]):
            done = subprocess.run(
                [sys.executable, "-m", *command, "."], cwd=folder, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stdout + done.stderr

    return check
