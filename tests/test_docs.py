"""What the documentation shows is what happens.

Of README.md and docs/*.md every Python block runs, every command of a console
block gives the output shown below it, and a block with a title is the file of
that name.  `...` stands for any text.  The examples of all docstrings run.
"""

from __future__ import annotations

import contextlib
import doctest
import importlib
import io
import linecache
import pkgutil
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import symconv
from symconv.cli import OPTIONS, main
from symconv.proof.check import RULES
from symconv.proof.verdict import Status
from symconv.read.block import LINES
from symconv.read.library import TENSORS
from tests.theorems.statements import STATEMENTS

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MODULES = ["symconv", *(m.name for m in pkgutil.walk_packages(symconv.__path__, "symconv."))]
FENCE = re.compile(r"^(?P<ticks>`{3,})(?P<info>[^`\n]*)\n(?P<body>.*?)^(?P=ticks)[ ]*$", re.MULTILINE | re.DOTALL)
FLAGS = doctest.ELLIPSIS


@dataclass(frozen=True)
class Block:
    """A fenced block of a page and where it begins."""

    page: Path
    line: int
    info: str
    body: str

    @property
    def place(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        yield Block(page, text.count("\n", 0, found.start()) + 1, found["info"].strip(), found["body"])


@dataclass
class Reader:
    """Someone who follows a page from top to bottom, in one folder and one Python session."""

    names: dict[str, Any] = field(default_factory=dict)
    code: int = 0

    def follow(self, block: Block) -> None:
        language, _, title = block.info.partition(" title=")
        if title:
            Path(title).write_text(block.body, encoding="utf-8")
        elif language == "console":
            self.console(block)
        elif language == "python" and ">>>" in block.body:
            self.session(block)
        elif language == "python":
            exec(compile(block.body, block.place, "exec"), self.names)  # noqa: S102

    def session(self, block: Block) -> None:
        test = doctest.DocTestParser().get_doctest(block.body, self.names, block.place, str(block.page), block.line)
        report = io.StringIO()
        failed = doctest.DocTestRunner(optionflags=FLAGS).run(test, out=report.write, clear_globs=False).failed
        self.names = test.globs
        assert not failed, report.getvalue()

    def console(self, block: Block) -> None:
        for part in re.split(r"^\$ ", block.body, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            printed = self.run(shlex.split(command))
            assert same(shown, printed), f"{block.place}: $ {command}\n{printed}"

    def run(self, words: list[str]) -> str:
        if words == ["echo", "$?"]:
            return f"{self.code}\n"
        printed = io.StringIO()
        if words[0] == "symconv":
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                try:
                    self.code = main(words[1:])
                except SystemExit as stop:
                    self.code = int(stop.code or 0)
            return printed.getvalue()
        program = [sys.executable if words[0] == "python" else words[0], *words[1:]]
        done = subprocess.run(program, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        self.code = done.returncode
        return done.stdout


def same(shown: str, printed: str) -> bool:
    return doctest.OutputChecker().check_output(shown.rstrip() + "\n", printed.rstrip() + "\n", FLAGS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_shows_what_happens(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "derivations", tmp_path / "derivations")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [str(tmp_path), str(ROOT), *sys.path])
    before, modules = dict(STATEMENTS), set(sys.modules)
    try:
        reader = Reader()
        for block in blocks(page):
            reader.follow(block)
    finally:
        STATEMENTS.clear()
        STATEMENTS.update(before)
        for name in set(sys.modules) - modules:  # the next page may write a module of the same name
            if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
                del sys.modules[name]


def test_another_output_would_be_noticed(tmp_path: Path) -> None:
    for info, body in (
        ("python", ">>> 1 + 1\n3\n"),
        ("console", "$ symconv --version\nsymconv 9\n"),
        ("console", "$ symconv verify nothing.md\n$ echo $?\n0\n"),
    ):
        with pytest.raises(AssertionError):
            Reader().follow(Block(tmp_path, 1, info, body))


def test_the_first_two_commands_of_the_readme_are_one_line_each() -> None:
    main_job, tests = [block.body for block in blocks(ROOT / "README.md") if block.info == "sh"][:2]
    assert main_job.count("\n") == tests.count("\n") == 1
    for verb in ("verify", "solve", "export"):
        assert f".venv/bin/symconv {verb} " in main_job
    assert tests.rstrip().endswith(".venv/bin/python -m pytest")


def test_what_the_pages_say_to_install_is_what_the_readme_says() -> None:
    """Shell blocks are not run here: what they install is the beginning of the README's first command."""
    main_job = next(block.body for block in blocks(ROOT / "README.md") if block.info == "sh")
    shown = [block for page in PAGES[1:] for block in blocks(page) if block.info == "sh"]
    assert shown
    for block in shown:
        assert main_job.startswith(block.body.rstrip().removesuffix(" && . .venv/bin/activate")), block.place


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", FENCE.sub("", page.read_text(encoding="utf-8"))):
        assert (page.parent / target).exists(), target


# -- docstrings ----------------------------------------------------------------------------


NEED_EXTRAS = {"symconv.kernels.targets.dask_runtime": pytest.mark.targets}


@pytest.mark.parametrize("name", [pytest.param(name, marks=NEED_EXTRAS.get(name, ())) for name in MODULES])
def test_docstrings_show_what_happens(name: str) -> None:
    linecache.clearcache()  # doctest looks at the disk for every file that it knows
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("name", [n for n in symconv.__all__ if n != "__version__"])
def test_public_names_have_an_example(name: str) -> None:
    text = getattr(symconv, name).__doc__
    assert text
    assert ">>> " in text


# -- nothing is left out ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "what"),
    [
        ("certificates.md", [f"`{rule}`" for rule in RULES]),
        ("verdicts.md", [f"`{status.value}`" for status in Status]),
        ("conventions.md", [f"`{word}" for word in LINES]),
        ("conventions.md", [f"`{name}(" for name in TENSORS]),
        ("conventions.md", [f"`--{option}" for option in [*OPTIONS, "bias"]]),
    ],
    ids=["rules", "verdicts", "lines of a block", "library names", "options"],
)
def test_everything_has_its_line(page: str, what: list[str]) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert [word for word in what if word not in text] == []
