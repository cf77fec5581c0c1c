"""The few lines of script that make a page's pictures answer the pointer; without them a picture is complete.

A cell names its entry in `data-of` and what its entry is computed from in
`data-reads`.  Pointing at a cell lights up what it reads, and what reads it,
in the same picture; nothing else of the page is touched.
"""

from __future__ import annotations

from symconv.pictures.style import ROOT

LIGHTING = f"""
(() => {{
  const words = (cell, name) => (cell.getAttribute(name) || "").split(" ").filter(Boolean);
  const dark = (picture) => picture.querySelectorAll(".lit").forEach((cell) => cell.classList.remove("lit"));
  const light = (cell) => {{
    const picture = cell.closest("svg.{ROOT}"), of = cell.getAttribute("data-of"), reads = words(cell, "data-reads");
    dark(picture);
    cell.classList.add("lit");
    picture.querySelectorAll("[data-of]").forEach((other) => {{
      if (reads.includes(other.getAttribute("data-of")) || words(other, "data-reads").includes(of)) {{
        other.classList.add("lit");
      }}
    }});
  }};
  document.addEventListener("pointerover", (event) => {{
    const cell = event.target.closest("svg.{ROOT} [data-of]");
    document.querySelectorAll("svg.{ROOT}").forEach((picture) => {{
      if (!cell || !picture.contains(cell)) dark(picture);
    }});
    if (cell) light(cell);
  }});
}})();
"""

__all__ = ["LIGHTING"]
