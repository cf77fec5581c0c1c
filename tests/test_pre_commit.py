"""The hook for pre-commit: which files it takes, and what its command says of them."""

from __future__ import annotations

import json
import re
import shlex
import textwrap
from pathlib import Path

import pytest

from symconv.cli import main

ROOT = Path(__file__).parent.parent
LINE = re.compile(r"^(?:- |  )(?P<key>[a-z_]+): (?P<value>\S.*)$")
GOOD = "```symconv\ntensor x[n]\n```\n$$\\sum_{k=0}^{n-1} x_k = \\sum_{k=0}^{n-1} x_{n-1-k}$$\n"
WITHOUT = "$$E = m c^2 \\quad \\text{and so on}$$\n"
SHOWN = f"````markdown\n{GOOD}````\n$$E = m c^2$$\n"


def hook() -> dict[str, str]:
    """The one hook of the file, which is plain enough to be read without YAML."""
    lines = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8").splitlines()
    found = [LINE.match(line) for line in lines if not line.startswith("#")]
    assert all(found)
    assert [line[:2] for line in lines if not line.startswith("#")].count("- ") == 1
    return {match["key"]: match["value"] for match in found if match}


def test_the_readme_shows_the_same_hook_for_where_symconv_is_installed() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"^```yaml\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    above, _, below = shown.partition("    hooks:\n")
    assert above == "repos:\n  - repo: local\n"
    found = [LINE.match(line) for line in textwrap.dedent(below).splitlines()]
    local = {match["key"]: match["value"] for match in found if match}
    assert len(local) == len(found)
    assert local == {key: value for key, value in hook().items() if key != "description"} | {"language": "system"}


def commit(capsys: pytest.CaptureFixture[str], *files: str) -> tuple[int, str]:
    program, *arguments = shlex.split(hook()["entry"])
    assert program == "symconv"
    code = main([*arguments, *files])
    return code, capsys.readouterr().out


def test_the_hook_is_complete() -> None:
    assert set(hook()) == {"id", "name", "description", "entry", "language", "files"}
    assert (hook()["id"], hook()["language"]) == ("symconv-verify", "python")


@pytest.mark.parametrize(("file", "taken"), [("a/b.md", 1), ("b.tex", 1), ("b.ipynb", 1), ("b.mdx", 0), ("md.py", 0)])
def test_it_takes_documents(file: str, taken: int) -> None:
    assert bool(re.search(hook()["files"], file)) == bool(taken)


def test_files_without_a_block_pass_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("good.md").write_text(GOOD)
    Path("wrong.md").write_text(GOOD.replace("k=0", "k=1", 1))
    Path("without.md").write_text(WITHOUT)
    Path("shown.md").write_text(SHOWN)
    Path("empty").mkdir()
    assert main(["verify", "without.md"]) == 2
    capsys.readouterr()
    assert commit(capsys, "without.md", "good.md") == (
        0,
        "good.md:4:3: eq1 proved for all sizes\ngood.md: 1 proved\n",
    )
    assert commit(capsys, "without.md", "shown.md", "empty") == (0, "")
    code, printed = commit(capsys, "without.md", "wrong.md")
    assert code == 1
    assert printed.startswith("wrong.md:4:3: eq1 refuted; n=1")
    code, printed = commit(capsys, "--json", "without.md")
    assert (code, json.loads(printed)["files"]) == (0, [])
