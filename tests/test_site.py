"""The site of the documentation: built without a warning, twice the same, with nothing from a network or left out."""

from __future__ import annotations

import ast
import doctest
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from html import unescape
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import symconv
from symconv.calculus import rewriting
from symconv.cli import parser
from symconv.errors import SymconvError
from symconv.hints import BY_RULE
from symconv.proof.check import RULES

pytestmark = pytest.mark.site
ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href", "object": "data"}
FORMULA = re.compile(r"\$\$.+?\$\$|\$[^$\n]+?\$", re.DOTALL)
CODE = re.compile(r"^(`{3,})[^\n]*\n.*?^\1 *$|``.*?``|`[^`\n]*`", re.MULTILINE | re.DOTALL)


def sphinx(source: Path, out: Path, seed: int = 0) -> subprocess.CompletedProcess[str]:
    """The build, with its caches outside of what is built, and with an order of sets that the seed changes."""
    caches = f"{out}.caches"
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-d", caches, "-b", "html"]
    environment = {**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [*command, str(source), str(out)], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("sphinx", reason="the extra docs")
    out = tmp_path_factory.mktemp("built") / "site"
    done = sphinx(DOCS, out)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return out


class PageReader(HTMLParser):
    """What a page loads, where it links to, its ids, how often a tag stands in it, and its text outside of code."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.tags: Counter[str] = Counter()
        self.words: list[str] = []
        self.code: list[str] = []
        self.inside: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        self.tags[tag] += 1
        self.ids |= {given[name] for name in ("id",) if name in given}
        if tag in LOADS and given.get(LOADS[tag]) and given.get("rel") not in ("next", "prev", "index", "search"):
            self.loads.append(given[LOADS[tag]])
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in ("pre", "code", "script", "style", "title", "svg"):
            self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.inside and self.inside[-1] == tag:
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        if not self.inside:
            self.words.append(data)
        elif self.inside[-1] == "code" and "pre" not in self.inside:
            self.code.append(data)


@cache
def page(path: Path) -> PageReader:
    return PageReader(path.read_text(encoding="utf-8"))


def pages(site: Path) -> list[Path]:
    found = sorted(site.rglob("*.html"))
    assert len(found) > 40
    return found


def files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


# -- the build ----------------------------------------------------------------------------------


def test_two_builds_are_the_same_bytes(site: Path, tmp_path: Path) -> None:
    done = sphinx(DOCS, tmp_path / "site", seed=7)
    assert done.returncode == 0, done.stderr
    first, second = files(site), files(tmp_path / "site")
    assert set(first) == set(second)
    assert [name for name in first if first[name] != second[name]] == []


def test_nothing_of_this_machine_stands_in_it(site: Path) -> None:
    for name, content in files(site).items():
        assert str(ROOT).encode() not in content, name
        assert str(Path.home()).encode() not in content, name


def test_a_formula_that_is_not_read_is_an_error_of_the_build(tmp_path: Path) -> None:
    pytest.importorskip("sphinx", reason="the extra docs")
    source = tmp_path / "docs"
    source.mkdir()
    (source / "conf.py").write_text(
        f"import sys\nsys.path.insert(0, {str(DOCS)!r})\nextensions = ['myst_parser', '_ext.mathematics']\n"
        "myst_enable_extensions = ['dollarmath']\nhtml_math_renderer = 'symconv'\n"
    )
    (source / "index.md").write_text("# One\n\n$$x_i = y_i$$\n")
    assert sphinx(source, tmp_path / "good").returncode == 0
    assert "<math" in (tmp_path / "good" / "index.html").read_text()
    (source / "index.md").write_text("# One\n\n$$x_i = {y_i$$\n")
    done = sphinx(source, tmp_path / "bad")
    assert done.returncode == 1
    assert "index.md:3: WARNING: a formula that is not read: formula:1:" in done.stderr


def test_the_examples_of_what_makes_the_pages_run(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sphinx", reason="the extra docs")
    monkeypatch.syspath_prepend(str(DOCS))
    found = [doctest.testmod(import_module(f"_ext.{path.stem}")) for path in (DOCS / "_ext").glob("[!_]*.py")]
    assert sum(result.attempted for result in found) > 0
    assert sum(result.failed for result in found) == 0


def test_the_readme_says_how_to_build_it() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (block,) = (b for b in re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL) if "sphinx" in b)
    words = shlex.split(block)
    assert words[-8:] == ["-m", "sphinx", "-W", "--keep-going", "-b", "html", "docs", "build/site"]
    assert ".[docs]" in words


# -- every page ---------------------------------------------------------------------------------------


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    for path in pages(site):
        seen = page(path)
        assert seen.loads, path
        for address in seen.loads:
            parts = urlsplit(address)
            assert parts.scheme in ("", "data"), f"{path.name}: {address}"
            assert parts.netloc == "", f"{path.name}: {address}"
            assert parts.scheme or (path.parent / unquote(parts.path)).is_file(), f"{path.name}: {address}"


def test_no_style_sheet_and_no_script_loads_anything(site: Path) -> None:
    for path in site.rglob("*.css"):
        text = path.read_text(encoding="utf-8")
        assert "@import" not in text, path.name
        for address in re.findall(r"url\(\s*['\"]?([^'\")]+)", text):
            assert address.startswith("data:") or (path.parent / address).is_file(), f"{path.name}: {address}"
    for path in site.rglob("*.js"):
        assert not re.search(r"""["'](https?:)?//(?!www\.w3\.org/)\w""", path.read_text(encoding="utf-8")), path.name


def test_every_link_inside_leads_somewhere(site: Path) -> None:
    inside = 0
    for path in pages(site):
        for link in page(path).links:
            parts = urlsplit(link)
            if parts.scheme in ("http", "https"):
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path.resolve()
            assert target.is_file(), f"{path.name}: {link}"
            if parts.fragment and target.suffix == ".html":
                assert unquote(parts.fragment) in page(target).ids | {""}, f"{path.name}: {link}"
            inside += 1
    assert inside > 2000


def test_every_formula_is_mathml(site: Path) -> None:
    """As many as the source has, at least; and no formula stands there as it was typed."""
    for source in sorted(DOCS.rglob("*.md")):
        written = len(FORMULA.findall(CODE.sub("", source.read_text(encoding="utf-8"))))
        built = page(site / source.relative_to(DOCS).with_suffix(".html"))
        assert built.tags["math"] >= written, source.name
        assert not re.search(r"\$[^$\n]*\\[a-z]+[^$\n]*\$", "".join(built.words)), source.name
    for path in (site / "gallery").glob("*.html"):
        shown = re.search(
            r"```\{(judged|solution)\}", (DOCS / "gallery" / f"{path.stem}.md").read_text(encoding="utf-8")
        )
        assert not shown or page(path).tags["math"] > 2, path.name
        assert not re.search(r"\\(frac|sum|partial|operatorname)\b", "".join(page(path).code)), path.name


# -- nothing is left out ----------------------------------------------------------------------------------


def text_of(site: Path, name: str) -> str:
    """The text of a page without its tags."""
    return unescape(re.sub(r"<[^>]+>", "", (site / name).read_text(encoding="utf-8")))


def test_every_exercise_and_every_derivation_has_its_page(site: Path) -> None:
    exercises = {f"exercise-{p.stem}.html" for p in (ROOT / "derivations" / "exercises").glob("*.md")}
    hands = {f"hand-{p.stem}.html" for p in (ROOT / "derivations").glob("*.md")}
    wrong = {f"hand-{p.stem}-wrong.html" for p in (ROOT / "derivations" / "wrong").glob("*.md")}
    assert len(exercises) >= 20
    assert wrong
    assert {p.name for p in (site / "gallery").glob("*.html")} == exercises | hands | wrong
    for name in exercises:
        assert "Given" in text_of(site, f"gallery/{name}"), name
        exercise = (ROOT / "derivations/exercises" / name[9:]).with_suffix(".md").read_text(encoding="utf-8")
        assert exercise.split("\n")[0].removeprefix("# ") in text_of(site, "gallery.html")


def test_pictures_and_verdicts_are_there(site: Path) -> None:
    drawn = [p.name for p in (site / "gallery").glob("exercise-*.html") if 'class="scp"' in p.read_text("utf-8")]
    assert len(drawn) > 10
    said = text_of(site, "gallery/hand-handwritten-2d-as-printed-wrong.html")
    document = (ROOT / "derivations/wrong/handwritten-2d-as-printed.md").read_text(encoding="utf-8")
    expected = [name for line in re.findall(r"^expect +\w+ (.*)$", document, re.MULTILINE) for name in line.split()]
    assert said.count("as expected") == len(expected) > 5
    for verdict in ("✗ refuted", "! ill formed", "? not understood", "✓ proved", "mended"):
        assert verdict in said


def test_every_rule_is_in_the_catalogue(site: Path) -> None:
    text = " ".join(text_of(site, "rules.html").split())
    for rule in BY_RULE:
        assert f"{rule[:1].upper()}{rule[1:]}" in text
        assert BY_RULE[rule].hint in text
    for name, replay in RULES.items():
        assert name in text
        assert " ".join((replay.__doc__ or "").split()) in text, name
    for move in ("derive_inside", "deltas", "flat", "pick_all", "stuffed", "drop_known"):
        assert " ".join(getattr(rewriting, move).__doc__.split()) in text, move


def test_every_public_name_is_in_the_reference(site: Path) -> None:
    ids = page(site / "api.html").ids
    assert [name for name in symconv.__all__ if f"symconv.{name}" not in ids] == ["__version__"]
    assert {f"symconv.Tensor.{name}" for name in ("entries", "compile", "shape")} <= ids


def test_every_option_of_the_commands_is_there(site: Path) -> None:
    text = text_of(site, "commands.html")
    for verb in ("solve", "verify", "export"):
        with pytest.raises(SystemExit):
            parser().parse_args([verb, "--help"])
        for option in re.findall(r"--[a-z-]+", help_of(verb)):
            assert option in text


def help_of(verb: str) -> str:
    command = [sys.executable, "-m", "symconv", verb, "--help"]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout


def kinds(kind: type[SymconvError]) -> Iterator[type[SymconvError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from kinds(narrower)


def test_every_error_is_in_the_catalogue(site: Path) -> None:
    text = text_of(site, "errors.html")
    for kind in set(kinds(SymconvError)) - {SymconvError}:
        assert kind.__name__ in text
    for change in last_words():
        assert change in text, change


def last_words() -> set[str]:
    """What to change, in each call of an error whose last argument is plain text."""
    found = set()
    for path in (ROOT / "symconv").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Raise(exc=ast.Call(args=[_, _, _, ast.Constant(str(change))])):
                    found.add(change)
    assert len(found) > 150
    return found


def test_the_gallery_is_kept_by_nobody() -> None:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("no repository")
    listed = subprocess.run([git, "ls-files", "docs/gallery"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert listed.stdout == ""
