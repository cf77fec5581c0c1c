"""Pages as chromium shows them: no wider than a phone, dark where that is wished, the font of the page used."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from symconv.page.formats import written
from symconv.page.nodes import Step
from symconv.solving import solve_spec
from tests.page.test_formats import LARGE, SPECS

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no chromium")]
PHONE = 390

# A frame as wide as a phone holds the page; what is measured there becomes the text of the frame's own page.
FRAME = """<!DOCTYPE html><body><iframe srcdoc="{}" style="width: {}px; height: 800px; border: 0"></iframe><script>
const heights = found => [...found].map(e => e.getBoundingClientRect().height);
const frame = document.querySelector("iframe");
frame.onload = () => frame.contentDocument.fonts.ready.then(() => {{
  const page = frame.contentDocument, root = page.documentElement, style = e => frame.contentWindow.getComputedStyle(e);
  const wide = [...page.querySelectorAll(".formula")].filter(e => e.scrollWidth > e.clientWidth);
  const cut = [...page.querySelectorAll(".formula")].filter(e => e.scrollHeight > e.clientHeight + 1);
  document.body.textContent = JSON.stringify({{
    page: root.scrollWidth, room: root.clientWidth, wide: wide.length,
    overflow: wide.map(e => style(e).overflowX), cut: cut.map(e => e.scrollHeight - e.clientHeight),
    font: [...page.fonts].map(f => f.status), colour: style(page.body).backgroundColor,
    open: page.querySelectorAll("details[open]").length, steps: page.querySelectorAll(".step").length,
    sum: Math.max(0, ...heights(page.querySelectorAll(".formula munderover > mo:first-child"))),
  }});
}});
</script>"""


def measured(page: bytes, folder: Path, width: int, *options: str) -> dict[str, Any]:
    frame = folder / "frame.html"
    frame.write_text(FRAME.format(html.escape(page.decode()), width), encoding="utf-8")
    command = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile"]
    budget = "--virtual-time-budget=5000"
    done = subprocess.run(
        [*command, *options, budget, "--dump-dom", frame.as_uri()], capture_output=True, text=True, check=True
    )
    found = re.search(r"\{.*\}", done.stdout, re.DOTALL)
    assert found, done.stdout[:500]
    return dict(json.loads(html.unescape(found[0])))


@pytest.mark.parametrize("spec", [*SPECS, *LARGE])
def test_a_page_fits_a_phone_and_its_formulas_scroll_in_their_boxes(spec: str, tmp_path: Path) -> None:
    seen = measured(written(solve_spec(spec).page(), ".html"), tmp_path, PHONE)
    assert seen["page"] == seen["room"] <= PHONE
    assert set(seen["overflow"]) <= {"auto"}
    assert seen["cut"] == []
    assert seen["font"] == ["loaded"]
    assert seen["sum"] > 20  # the large signs that the font's table has for displays


def test_wide_formulas_are_there_at_all(tmp_path: Path) -> None:
    seen = measured(written(solve_spec("conv2d --channels 2,3").page(), ".html"), tmp_path, PHONE)
    assert seen["wide"] > 3


def test_light_and_dark(tmp_path: Path) -> None:
    page = written(solve_spec("conv1d", "X").page(), ".html")
    assert measured(page, tmp_path, 900)["colour"] == "rgb(255, 255, 255)"
    dark = measured(page, tmp_path, 900, "--blink-settings=preferredColorScheme=0")
    assert dark["colour"] == "rgb(21, 24, 28)"


def test_hints_are_closed(tmp_path: Path) -> None:
    page = solve_spec("conv1d", "X").page()
    steps = sum(isinstance(node, Step) for node in page.body)
    seen = measured(written(page, ".html", hints=True), tmp_path, 900)
    assert (seen["open"], seen["steps"]) == (0, steps)
