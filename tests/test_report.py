"""The page of `symconv verify -o report.html`: what it shows, that it is well formed, and always the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

import symconv
from symconv.cli import main
from symconv.judging import verify_paths, verify_text
from symconv.proof.verdict import Status
from symconv.reporting import LOOKS, report_html
from symconv.reports import Report
from symconv.write.grid_picture import GridPicture
from tests.shipped import verified

ROOT = Path(__file__).parent.parent
HOSTILE = '<script>alert("1 & 2")</script>'
NOTE = r"""```symconv
size    H W r c
tensor  X[H,W]  K[r,c]
define  F = correlate(X, K)
loss    L(F)
outside zero
expect  refuted eq1
```

$$\frac{\partial L}{\partial X_{a,b}} = \sum_{u=0}^{r-1} \sum_{v=0}^{c-1}
\frac{\partial L}{\partial F_{a+u,b-v}} K_{u,v}$$

$$\sum_{u=0}^{r-1} K_{u,0} = \sum_{u=0}^{r-1} K_{r-1-u,0} = \sum_{u=1}^{r-1} K_{u,0}$$

$$F_{i,j} = q$$

$$\text{<script>alert("1 & 2")</script>} = 2$$

$$Z_a = \sum_{u=0}^{r-1} K_{u,0} X_{a+u,0}$$
"""
VOID = {"meta"}


class Page(HTMLParser):
    """Elements as they open and close; every one must be closed by its own end."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text.append(data)

    def attributes(self, name: str) -> list[str]:
        return [value for _, given in self.seen if (value := given.get(name)) is not None]


def page_of(text: str, name: str = "note.md") -> str:
    return report_html(verify_text(text, name=name), "1.0")


def article(page: str, name: str) -> str:
    """One formula of the first document."""
    found = re.search(rf'<article id="d1-{name}".*?</article>', page, re.DOTALL)
    assert found is not None, name
    return found.group()


def parts(page: str, tag: str) -> Iterator[ElementTree.Element]:
    return (ElementTree.fromstring(text) for text in re.findall(rf"<{tag}\b.*?</{tag}>", page, re.DOTALL))


@pytest.fixture(scope="module")
def shipped() -> Report:
    written = (path for path in sorted((ROOT / "derivations").iterdir()) if path.name != "wrong")
    return verified(*written, ROOT / "derivations" / "wrong" / "handwritten-notes.md")


@pytest.fixture(scope="module")
def note() -> str:
    return page_of(NOTE)


def test_the_page_is_well_formed(note: str, shipped: Report) -> None:
    for text in (note, report_html(shipped, "1.0")):
        page = Page(text)
        assert text.startswith("<!DOCTYPE html>\n")
        ids = page.attributes("id")
        assert len(ids) == len(set(ids))
        assert {link.removeprefix("#") for link in page.attributes("href")} <= set(ids)
        assert len(list(parts(text, "math"))) > 5
        assert len(list(parts(text, "svg"))) > 1


def test_the_page_needs_nothing_and_runs_nothing(shipped: Report) -> None:
    text = report_html(shipped, "1.0")
    page = Page(text)
    assert not {tag for tag, _ in page.seen} & {"script", "link", "img", "iframe", "object", "base", "form"}
    assert not re.search(r"https?:|@import|url\(|src=", re.sub(r"<code>.*?</code>", "", text, flags=re.DOTALL))
    assert not [name for _, given in page.seen for name in given if name.startswith("on")]


def test_every_formula_of_every_document_is_there(shipped: Report) -> None:
    page = Page(report_html(shipped, "1.0"))
    anchors, text = set(page.attributes("id")), "".join(page.text)
    for n, file in enumerate(shipped.files, 1):
        assert f"d{n}" in anchors
        for report in file.formulas:
            assert f"d{n}-{report.formula.id}" in anchors
            assert report.formula.latex in text
            several = report.links if len(report.links) > 1 else ()
            assert {f"d{n}-{link.link.id}" for link in several} <= anchors
        for fact in file.document.inferred:
            assert f"line {fact.line}: {fact.text}" in text


def test_what_the_reader_prints_is_always_shown_as_mathematics(shipped: Report) -> None:
    """No formula as read, no repair and no condition falls back to LaTeX."""
    codes = re.findall(r'(?:class="formula"[^>]*>|<dd>)<code>(.*?)</code>', report_html(shipped, "1.0"))
    assert [code for code in codes if "\\" in code] == []


def test_a_refuted_formula_with_all_its_evidence(note: str) -> None:
    text = "".join(Page(article(note, "eq1")).text)
    for wanted in ("✗ refuted", "as expected", "note.md:10:3", "proved instead", "the sign of an index", "true if"):
        assert wanted in text
    assert "the claim gives" in text
    assert "K[1, 0]*dL/dF[0, 0]" in text
    assert "entry a=1, b=0" in text
    grid, upstream, kernel = parts(article(note, "eq1"), "svg")
    assert grid.get("aria-label") == "dL/dX, 2 by 1; entry (1, 0) marked"
    assert [e.get("class") for e in grid.iter("rect")] == ["cell", "cell entry"]
    assert upstream.get("aria-label") == "dL/dF, 1 by 1; exact reads (0, 0)"
    assert kernel.get("aria-label") == "K, 2 by 1; exact reads (1, 0)"


def test_a_chain_shows_each_link(note: str) -> None:
    text = article(note, "eq2")
    assert re.findall(r'id="(d1-eq2\.\d)" class="link (\w+)"', text) == [("d1-eq2.1", "good"), ("d1-eq2.2", "bad")]
    assert "for all sizes" in text
    assert "expected: proved" in text
    assert "<svg" not in text


def test_what_is_not_read_shows_its_source_and_the_reason(note: str) -> None:
    for name, status in (("eq3", "open"), ("eq4", "open")):
        text = article(note, name)
        assert f'class="badge {status}"' in text
        assert "<dt>reason</dt>" in text
        assert '<details open="">' in text


def test_hostile_text_is_text() -> None:
    text = page_of(NOTE, f"{HOSTILE}.md")
    page = Page(text)
    assert "script" not in {tag for tag, _ in page.seen}
    assert f"{HOSTILE}.md" in page.text
    assert r"\text{<script>alert" in "".join(page.text)
    assert "&lt;script&gt;" in text


def test_an_attribute_takes_any_text() -> None:
    picture = GridPicture(f'"/>{HOSTILE}', range(1), range(1)).svg()
    assert ElementTree.fromstring(picture).get("aria-label") == f'"/>{HOSTILE}, 1 by 1'


def test_the_same_report_gives_the_same_bytes(note: str) -> None:
    assert page_of(NOTE) == note
    assert not re.search(r"\b20\d\d-\d\d|\d\d:\d\d:\d\d|seconds", note)


def test_a_document_without_formulas() -> None:
    assert "0 formulas in 1 document, all as expected." in "".join(Page(page_of("Only words.")).text)


def test_every_status_has_its_look() -> None:
    assert set(LOOKS) == set(Status)


# -- the command ---------------------------------------------------------------------------


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("note.md").write_text(NOTE, encoding="utf-8")
    return tmp_path


def test_the_command_writes_the_page_beside_its_lines(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, lines, _ = run(capsys, "verify", "note.md")
    assert run(capsys, "verify", "note.md", "-o", "report.html") == (code, lines, "")
    assert code == 1
    assert Path("report.html").read_text(encoding="utf-8") == report_html(
        verify_paths(["note.md"]), symconv.__version__
    )
    code, out, _ = run(capsys, "verify", "note.md", "--json", "-o", "again.html")
    assert (code, list(json.loads(out))) == (1, ["version", "files"])
    assert Path("again.html").read_bytes() == Path("report.html").read_bytes()
    assert sorted(p.name for p in here.iterdir()) == ["again.html", "note.md", "report.html"]


@pytest.mark.parametrize("name", ["report.pdf", "report", "report.md", ".html"])
def test_another_ending_is_refused(name: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "verify", "note.md", "-o", name)
    assert (code, out) == (64, "")
    assert "expected .html; choose a name that ends in .html" in err
    assert not (here / name).exists()


def test_an_existing_file_stays(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = here / "report.html"
    target.write_text("mine")
    code, out, err = run(capsys, "verify", "note.md", "-o", "report.html")
    assert (code, out) == (73, "")
    assert "the file exists" in err
    assert target.read_text() == "mine"
    assert run(capsys, "verify", "note.md", "-o", "report.html", "--force")[0] == 1
    assert target.read_text().startswith("<!DOCTYPE html>")
