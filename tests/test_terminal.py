"""What a terminal is shown by `symconv verify`, through a pseudo terminal; and that a pipe gets nothing of it."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from symconv.proof.verdict import Status
from symconv.read.claims import Document, Formula
from symconv.terminal import bar, painted

NOTE = """```symconv
tensor x[n] y[n]
expect refuted eq2
```
$$\\sum_{k=0}^{n-1} x_k = \\sum_{k=0}^{n-1} x_{n-1-k}$$
$$\\sum_{k=0}^{n-1} x_k = \\sum_{k=1}^{n-1} x_k$$
$$y_i = \\text{what}$$
"""
ERASED = "\r\x1b[K"
COLOUR = re.compile(r"\x1b\[\d+m")
ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Seen:
    """All that came through standard output and standard error."""

    code: int
    out: str
    err: str


def verify(folder: Path, *arguments: str, terminals: str, **variables: str) -> Seen:
    """The command in a folder; `terminals` names which of "out" and "err" lead to a terminal, the others to a file."""
    given = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")}
    given |= {"TERM": "xterm", "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"} | variables
    main, other = pty.openpty()
    with (folder / "piped").open("w+b") as file:
        ends = {name: other if name in terminals else file.fileno() for name in ("out", "err")}
        command = [sys.executable, "-m", "symconv", "verify", *arguments]
        process = subprocess.Popen(
            command, cwd=folder, env=given, stdin=subprocess.DEVNULL, stdout=ends["out"], stderr=ends["err"]
        )
        os.close(other)
        read = b""
        with suppress(OSError):  # the end of what a terminal gives is an error
            while piece := os.read(main, 4096):
                read += piece
        os.close(main)
        code = process.wait()
        file.seek(0)
        texts = {"terminal": read.decode().replace("\r\n", "\n"), "file": file.read().decode()}
    out, err = (texts["terminal" if name in terminals else "file"] for name in ("out", "err"))
    return Seen(code, out, err)


@pytest.fixture
def piped(tmp_path: Path) -> str:
    (tmp_path / "note.md").write_text(NOTE)
    done = subprocess.run(
        [sys.executable, "-m", "symconv", "verify", "note.md"],
        cwd=tmp_path,
        env={**os.environ, "TERM": "xterm", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (2, b"")
    assert b"\x1b" not in done.stdout
    assert b"\r" not in done.stdout
    return done.stdout.decode()


def test_statuses_are_coloured_on_a_terminal(tmp_path: Path, piped: str) -> None:
    seen = verify(tmp_path, "note.md", terminals="out")
    assert (seen.code, seen.err) == (2, "")
    assert COLOUR.sub("", seen.out) == piped
    first, second, third, *_ = seen.out.splitlines()
    assert first == "note.md:5:3: eq1 \x1b[32mproved\x1b[0m for all sizes"
    assert second.startswith("note.md:6:3: eq2 \x1b[31mrefuted\x1b[0m; n=1")
    assert third.startswith("note.md:7:3: eq3 \x1b[33mnot understood\x1b[0m: ")
    assert seen.out.count("\x1b") == 6


def test_progress_is_shown_on_a_terminal_and_erased(tmp_path: Path, piped: str) -> None:
    seen = verify(tmp_path, "note.md", terminals="err")
    assert (seen.code, seen.out) == (2, piped)
    states = seen.err.split(ERASED)
    assert [state.removeprefix("\x1b[?7l").removesuffix("\x1b[?7h") for state in states] == [
        "",
        "[--------------------] 0 of 3 formulas, now eq1 of note.md",
        "[######--------------] 1 of 3 formulas, now eq2 of note.md",
        "[#############-------] 2 of 3 formulas, now eq3 of note.md",
        "[####################] 3 of 3 formulas, now repairs of note.md",
        "",
    ]


def test_one_terminal_for_both_ends_with_the_lines_alone(tmp_path: Path, piped: str) -> None:
    seen = verify(tmp_path, "note.md", terminals="out err")
    _, _, left = seen.out.rpartition(ERASED)
    assert COLOUR.sub("", left) == piped


def test_an_error_stands_on_a_line_of_its_own(tmp_path: Path, piped: str) -> None:
    (tmp_path / "fault.md").write_text(NOTE.replace("tensor", "tensr"))
    seen = verify(tmp_path, "note.md", "fault.md", terminals="err")
    assert (seen.code, seen.out) == (65, piped)
    assert f"{ERASED}symconv: fault.md:2:1: " in seen.err


@pytest.mark.parametrize(
    ("variable", "value", "colour", "progress"),
    [("NO_COLOR", "1", False, True), ("NO_COLOR", "", True, True), ("TERM", "dumb", False, False)],
)
def test_what_the_environment_refuses(
    variable: str, value: str, colour: bool, progress: bool, tmp_path: Path, piped: str
) -> None:
    seen = verify(tmp_path, "note.md", terminals="out err", **{variable: value})
    assert (bool(COLOUR.search(seen.out)), ERASED in seen.out) == (colour, progress)
    if not progress:
        assert seen.out == piped


def test_json_has_no_colour(tmp_path: Path, piped: str) -> None:
    seen = verify(tmp_path, "--json", "note.md", terminals="out")
    assert seen.out.startswith("{\n")
    assert "\x1b" not in seen.out


@pytest.mark.parametrize("status", list(Status))
def test_every_status_has_a_colour(status: Status) -> None:
    words = status.value.replace("_", " ")
    colour = {"refuted": 31, "ill formed": 31, "proved": 32, "definition": 32, "not a claim": 32, "ignored": 32}
    assert painted(f"{words} for {words}", status) == f"\x1b[{colour.get(words, 33)}m{words}\x1b[0m for {words}"


def test_a_name_cannot_write_beyond_the_line() -> None:
    formula = Formula("eq1", 1, 1, "x", ())
    assert bar(Document("a\n\x1b[2J.md", (formula,)), 0, "eq1").endswith("now eq1 of a??[2J.md")
