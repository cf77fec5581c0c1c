"""`pytest derivations/`: which formulas become tests, what passes, what a failure says, and what it costs others."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

import symconv.judging
import symconv.pytest_plugin
import symconv.read.reader

ROOT = Path(__file__).parent.parent

Run = Callable[..., pytest.RunResult]
BLOCK = "```symconv\ntensor  x[n]  w[r]\ndefine  y = correlate(x, w)\nloss    L(y)\noutside zero\n{more}```\n"
KERNEL = r"\frac{\partial L}{\partial w_k} = \sum_{i=0}^{n-r} \frac{\partial L}{\partial y_i} x_{i+k}"
INPUT = r"\frac{\partial L}{\partial x_a} = \sum_{k=0}^{r-1} \frac{\partial L}{\partial y_{a-k}} w_k"
WRONG = INPUT.replace("a-k", "a+k")


def note(*formulas: str, more: str = "") -> str:
    return BLOCK.format(more=more) + "".join(f"\n$${formula}$$\n" for formula in formulas)


def notebook(*cells: str) -> str:
    return json.dumps({"cells": [{"cell_type": "markdown", "source": [cell]} for cell in cells]})


def write(pytester: pytest.Pytester, **files: str) -> None:
    """Files by their names, with `_` for the dot."""
    for name, text in files.items():
        (pytester.path / name.replace("_", ".")).write_text(text, encoding="utf-8")


@pytest.fixture
def run(pytester: pytest.Pytester, request: pytest.FixtureRequest) -> Run:
    """A run of pytest in the folder of the test, with the plugin as it is installed and no cache."""
    assert request.config.pluginmanager.has_plugin("symconv"), "install the package anew: pip install -e ."

    def run(*arguments: str) -> pytest.RunResult:
        return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:benchmark", *arguments)

    return run


def collected(result: pytest.RunResult) -> list[str]:
    return [line for line in result.outlines if "::" in line]


# -- what is collected ------------------------------------------------------------------------------


def test_each_formula_of_each_document_is_a_test(pytester: pytest.Pytester, run: Run) -> None:
    pytester.mkdir("deep")
    write(
        pytester,
        conv1d_md=note(KERNEL, INPUT) + "\nwhere $x_0 = x_0$ and $x$ is the input\n",
        book_ipynb=notebook(BLOCK.format(more=""), f"$${KERNEL}$$"),
        plain_md=f"$${WRONG}$$\n",
        code_py="x = 1\n",
    )
    (pytester.path / "deep" / "paper.tex").write_text("% symconv: tensor x[n]\n\\[x_i = x_i\\]\n")
    ids = ["book.ipynb::eq1", "conv1d.md::eq1", "conv1d.md::eq2", "conv1d.md::in1", "deep/paper.tex::eq1"]
    assert collected(run("--collect-only", "-q")) == ids
    assert collected(run("--collect-only", "-q")) == ids
    assert collected(run("--collect-only", "-q", "conv1d.md::eq2", "deep")) == [ids[2], ids[4]]
    result = run("-v")
    result.assert_outcomes(passed=5)
    result.stdout.fnmatch_lines(["conv1d.md::eq1 PASSED*", "deep/paper.tex::eq1 PASSED*"])
    assert result.ret == pytest.ExitCode.OK


def test_a_file_without_a_block_is_no_test_even_by_its_name(pytester: pytest.Pytester, run: Run) -> None:
    write(pytester, plain_md=f"$${WRONG}$$\n", shown_md=f"````markdown\n{note(WRONG)}````\n")
    assert run().ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert run("shown.md").ret == pytest.ExitCode.USAGE_ERROR
    assert run("plain.md").ret == pytest.ExitCode.USAGE_ERROR


def test_patterns_choose_documents(pytester: pytest.Pytester, run: Run) -> None:
    pytester.mkdir("notes")
    write(pytester, a_md=note(KERNEL), b_tex="% symconv: tensor x[n]\n$$x_i = x_i$$\n")
    (pytester.path / "notes" / "a.md").write_text(note(KERNEL))
    every = ["a.md::eq1", "b.tex::eq1", "notes/a.md::eq1"]
    for patterns, found in (
        ("", every),
        ("*.md", [every[0], every[2]]),
        ("notes/*\n  *.tex", every[1:]),
        ("none", []),
    ):
        pytester.makeini(f"[pytest]\nsymconv_documents =\n  {patterns}\n")
        assert collected(run("--collect-only", "-q")) == found, patterns
        assert collected(run("--collect-only", "-q", "-p", "no:symconv", "-W", "ignore")) == []


def test_of_this_project_the_derivations_are_tests_and_the_pages_are_not(run: Run) -> None:
    result = run("--collect-only", f"--rootdir={ROOT}", f"{ROOT}/derivations", f"{ROOT}/docs")
    assert result.ret == pytest.ExitCode.OK
    files = {line.partition("::")[0] for line in collected(result)}
    assert "derivations/wrong/handwritten-2d-as-printed.md" in files
    assert all(file.startswith("derivations/") for file in files)


# -- what passes, and what a failure says --------------------------------------------------------------


def test_a_failure_is_the_line_of_verify(pytester: pytest.Pytester, run: Run) -> None:
    write(pytester, note_md=note(KERNEL, WRONG))
    _, line, *_ = str(symconv.judging.verify_paths(["note.md"])).splitlines()
    assert line.startswith("note.md:10:3: eq2 refuted; n=2, r=2 at a=1: the claim gives 0, exact is ")
    result = run()
    result.assert_outcomes(passed=1, failed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    lines = result.outlines
    (head,) = (n for n, line in enumerate(lines) if line.startswith("___"))
    assert lines[head].strip("_ ") == "eq2"
    assert lines[head + 1] == line.replace(" eq2 ", " ")
    assert lines[head + 2].startswith("===")
    assert lines[head + 3].startswith("FAILED note.md::eq2 - note.md:10:3: refuted; ")
    assert "Traceback" not in result.stdout.str()


def test_the_place_is_that_of_the_link_that_fails(pytester: pytest.Pytester, run: Run) -> None:
    write(pytester, note_md=note("x_i = x_i = 2 x_i"), paper_tex="% symconv: tensor x[n]\n\n$$x_i = y_j$$\n")
    result = run()
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        ["note.md:8:15: eq1.2: refuted; *", "paper.tex:3:3: not understood: *", "  x_i = y_j", "        ^"]
    )


def test_an_expectation_turns_the_outcome(pytester: pytest.Pytester, run: Run) -> None:
    write(pytester, note_md=note(KERNEL, WRONG, WRONG, more="expect refuted eq1\nexpect refuted eq2\nignore eq3\n"))
    result = run()
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["note.md:11:3: proved for all sizes (expected refuted)"])


def test_definitions_and_what_claims_nothing_pass(pytester: pytest.Pytester, run: Run) -> None:
    write(pytester, note_md=note(r"z_i = 2 x_i", r"\dots"))
    statuses = [f.status.value for f in symconv.judging.verify_paths([pytester.path / "note.md"]).formulas]
    assert set(statuses) == {"definition", "not_a_claim"}
    run().assert_outcomes(passed=2)


def test_an_error_in_a_block_is_an_error_of_the_collection(pytester: pytest.Pytester, run: Run) -> None:
    write(pytester, bad_md=note(KERNEL, more="tensr z[n]\n"), latin_md="", good_md=note(KERNEL))
    (pytester.path / "latin.md").write_bytes(note(KERNEL).encode() + b"\xe9\n")
    result = run("--continue-on-collection-errors")
    result.assert_outcomes(passed=1, errors=2)
    result.stdout.fnmatch_lines(
        ["*ERROR collecting bad.md*", "bad.md:6:1: 'tensr'; expected *did you mean 'tensor'?", "  tensr z?n?", "  ^"]
    )
    result.stdout.fnmatch_lines(["latin.md: byte * is 0xe9; expected a text in UTF-8; save the file as UTF-8"])
    assert "Traceback" not in result.stdout.str()
    assert run().ret == pytest.ExitCode.INTERRUPTED


def test_formulas_are_chosen_by_name(pytester: pytest.Pytester, run: Run) -> None:
    write(pytester, one_md=note(KERNEL, WRONG), two_md=note(KERNEL, WRONG))
    run("-k", "one and eq1").assert_outcomes(passed=1, deselected=3)
    run("two.md::eq2").assert_outcomes(failed=1)


def test_a_document_is_read_once_and_only_what_runs_is_judged(
    pytester: pytest.Pytester, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(pytester, one_md=note(KERNEL, WRONG), two_md=note(KERNEL))
    seen: list[str] = []
    read, judge = symconv.read.reader.read_document, symconv.judging.judge_formula
    monkeypatch.setattr("symconv.read.reader.read_document", lambda *a: seen.append(a[2]) or read(*a))
    monkeypatch.setattr("symconv.judging.judge_formula", lambda f: seen.append(f.id) or judge(f))
    run("-k", "eq2").assert_outcomes(failed=1, deselected=2)
    assert seen == ["one.md", "two.md", "eq2"]
    seen.clear()
    run("one.md::eq1", "one.md::eq2").assert_outcomes(passed=1, failed=1)
    assert seen == ["one.md", "eq1", "eq2"]


def test_a_fault_of_the_judge_keeps_its_traceback(
    pytester: pytest.Pytester, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(formula: object) -> object:
        raise RuntimeError("no verdict")

    monkeypatch.setattr("symconv.judging.judge_formula", broken)
    write(pytester, note_md=note(KERNEL))
    result = run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*test_pytest_plugin.py*RuntimeError*"])


def test_it_agrees_with_the_command(pytester: pytest.Pytester, run: Run) -> None:
    page = ROOT / "derivations" / "wrong" / "handwritten-2d-as-printed.md"
    report = symconv.judging.verify_paths([page])
    outcomes = Counter("passed" if formula.as_expected else "failed" for formula in report.formulas)
    assert run(str(page)).parseoutcomes() == outcomes


# -- what it costs where it is not used ----------------------------------------------------------------


def test_other_runs_import_neither_the_reader_nor_sympy(pytester: pytest.Pytester) -> None:
    heavy = ["sympy", "numpy", "symconv.judging", "symconv.read.reader", "symconv.read.documents"]
    write(pytester, README_md=f"$${WRONG}$$\n")
    pytester.makepyfile(
        test_it=f"import sys\ndef test_it():\n assert 'symconv.pytest_plugin' in sys.modules\n"
        f" assert not set({heavy}) & set(sys.modules)\n"
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:benchmark")
    result.assert_outcomes(passed=1)
