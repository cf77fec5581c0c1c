"""Hypothesis draws anew in every run at a desk, and the same in CI, where a red run must mean the change at hand."""

from __future__ import annotations

import os

from hypothesis import settings

pytest_plugins = ["pytester"]

settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")
