"""The script that lights cells up: what it does in a browser, and that no picture needs it."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from symconv.ops.correlate import correlate
from symconv.pictures.lighting import LIGHTING
from symconv.pictures.window import window
from tests.pictures.svg import grids, leaf

PICTURE = window(correlate(leaf("X", 3, 4), leaf("K", 2, 2)), leaf("X", 3, 4), [(0, 0)], {})
POINT = """
const all = [...document.querySelectorAll("[data-of]")];
const point = (of) => all.find((c) => c.getAttribute("data-of") === of)
  .dispatchEvent(new PointerEvent("pointerover", {bubbles: true}));
const lit = () => all.filter((c) => c.classList.contains("lit")).map((c) => c.getAttribute("data-of")).join(" ");
const results = [];
for (const of of ["correlate(X,K)[1,2]", "X[0,0]"]) { point(of); results.push(lit()); }
document.body.dispatchEvent(new PointerEvent("pointerover", {bubbles: true})); results.push(lit());
document.title = results.join("|");
"""


def test_a_picture_is_complete_without_it():
    assert "<script" not in PICTURE.svg
    assert ".lit{" in PICTURE.svg


def test_it_reads_what_cells_carry_and_nothing_from_outside():
    assert {"data-of", "data-reads", "svg.scp"} <= set(re.findall(r"data-\w+|svg\.\w+", LIGHTING))
    assert not re.search(r"http|fetch|import|eval|innerHTML|</", LIGHTING)


def test_every_entry_that_is_read_is_drawn_or_is_of_a_tensor_that_is_not():
    cells = [drawn for _, found in grids(PICTURE) for drawn in found.values()]
    drawn = {c.of for c in cells}
    read = {name for c in cells for name in c.reads}
    assert {name for name in read if name.startswith("X")} <= drawn


@pytest.mark.browser
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")
def test_pointing_lights_what_is_read_and_what_reads(tmp_path):
    page = tmp_path / "page.html"
    page.write_text(
        f"<title></title>{PICTURE.svg}<script>{LIGHTING}</script><script>{POINT}</script>", encoding="utf-8"
    )
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", page.as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    found = re.search(r"<title>(.*?)</title>", shown)
    assert found is not None
    output, entry, nothing = (set(part.split()) for part in found[1].split("|"))
    assert output == {"X[1,2]", "X[1,3]", "X[2,2]", "X[2,3]", "correlate(X,K)[1,2]"}
    assert entry == {"X[0,0]", "correlate(X,K)[0,0]"}
    assert nothing == set()
