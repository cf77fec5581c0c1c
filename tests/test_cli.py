"""The command line: exit codes, output, files; and the documents that the project ships."""

from __future__ import annotations

import io
import json
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from symconv.cli import main
from symconv.proof.check import check
from tests.shipped import judged_once

ROOT = Path(__file__).parent.parent
DERIVATIONS = ROOT / "derivations"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    try:
        code = main(list(arguments))
    except SystemExit as stop:
        code = int(stop.code or 0)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.slow  # README's first command is the same
def test_the_shipped_derivations_pass(capsys: pytest.CaptureFixture[str]) -> None:
    faults = DERIVATIONS / "wrong"  # judged page by page in test_wrong.py
    parts = [part for part in sorted(DERIVATIONS.iterdir()) if part != faults]
    with judged_once():
        code, out, _ = run(capsys, "verify", *map(str, parts), str(faults / "handwritten-2d-as-printed.md"))
    assert code == 0, out
    assert "proved for all sizes" in out
    assert "(as expected)" in out


def test_verify_writes_certificates_that_the_checker_accepts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, _ = run(capsys, "verify", str(DERIVATIONS / "cs233-q6-input-gradient.md"), "--certificates", str(tmp_path))
    assert code == 0
    files = sorted(tmp_path.glob("*.json"))
    assert len(files) >= 5
    for file in files:
        check(json.loads(file.read_text()))
    replay = [sys.executable, "-m", "symconv.proof.check", *map(str, files)]
    done = subprocess.run(replay, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stdout.count("accepted") == len(files)


CLAIM = """```symconv
size H r
tensor X[H] K[r]
define F = correlate(X, K)
loss L(F)
outside zero
{more}
```

$$\\frac{{\\partial L}}{{\\partial X_a}} = \\sum_{{u=0}}^{{r-1}} \\frac{{\\partial L}}{{\\partial F_{{{index}}}}} K_u$$
"""


def written(tmp_path: Path, index: str, more: str = "") -> str:
    path = tmp_path / "note.md"
    path.write_text(CLAIM.format(index=index, more=more))
    return str(path)


def test_a_false_line_is_refuted_at_the_smallest_sizes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "verify", "--json", written(tmp_path, "a+u"))
    assert code == 1
    (formula,) = json.loads(out)["files"][0]["formulas"]
    assert formula["status"] == "refuted"
    assert formula["line"] == 10
    assert formula["counterexample"]["sizes"] == {"H": "2", "r": "2"}
    assert formula["counterexample"]["at"] == {"a": "1"}
    assert formula["counterexample"]["exact"] == "K[1]*dL/dF[0]"
    assert formula["counterexample"]["claimed"] == "0"
    assert formula["condition"] == {"latex": "r = 1", "status": "proved"}


def test_the_right_line_is_proved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "verify", "--json", written(tmp_path, "a-u"))
    report = json.loads(out)
    assert code == 0
    assert set(report) == {"version", "files"}
    (formula,) = report["files"][0]["formulas"]
    wanted = "id line column latex read_as status expected scope message counterexample condition repair"
    assert set(formula) == {*wanted.split(), "hypotheses_used", "seconds", "links"}
    assert (formula["status"], formula["scope"]) == ("proved", "all sizes")


def test_expectations_turn_the_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "verify", written(tmp_path, "a+u", "expect refuted eq1"))[0] == 0
    assert run(capsys, "verify", written(tmp_path, "a-u", "expect refuted eq1"))[0] == 1
    assert run(capsys, "verify", written(tmp_path, r"\text{a}", ""))[0] == 2


def test_a_fault_in_a_block_is_65(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "verify", written(tmp_path, "a-u", "tensr Y[,]"))
    assert code == 65
    assert "note.md:7" in err
    assert "tensor" in err


FAULTS = {"fault.md": 65, "latin.md": 66, "no-such-file.md": 66, "no-documents": 66}


@pytest.fixture
def several(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents that can be judged, and one for each way in which one cannot."""
    monkeypatch.chdir(tmp_path)
    Path("good.md").write_text(CLAIM.format(index="a-u", more=""))
    Path("wrong.md").write_text(CLAIM.format(index="a+u", more=""))
    Path("fault.md").write_text(CLAIM.format(index="a-u", more="tensr Y[,]"))
    Path("latin.md").write_bytes(b"note\xe9\n")
    Path("no-documents").mkdir()


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize(("name", "code"), FAULTS.items())
def test_a_file_that_cannot_be_read_leaves_the_others_judged(
    name: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    alone, nothing, told = run(capsys, "verify", "--json", name)
    assert (alone, nothing) == (code, "")
    _, lines, _ = run(capsys, "verify", "good.md", "wrong.md")
    assert run(capsys, "verify", "good.md", name, "wrong.md") == (code, lines, told)
    found, out, err = run(capsys, "verify", "--json", "good.md", name, "wrong.md")
    assert (found, err) == (code, told)
    good, faulty, wrong = json.loads(out)["files"]
    assert faulty == {"path": name, "summary": {}, "formulas": []}
    assert (good["summary"], wrong["summary"]) == ({"proved": 1}, {"refuted": 1})


@pytest.mark.usefixtures("several")
def test_errors_of_several_files(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "verify", "no-such-file.md", "good.md", "fault.md")
    assert code == 65
    assert out == run(capsys, "verify", "good.md")[1]
    assert [line.split(":")[1] for line in err.splitlines() if line.startswith("symconv: ")] == [
        " no-such-file.md",
        " fault.md",
    ]
    assert run(capsys, "verify", "no-such-file.md", "latin.md")[:2] == (66, "")


@pytest.mark.usefixtures("several")
def test_a_directory_with_an_error_in_one_block(capsys: pytest.CaptureFixture[str]) -> None:
    Path("latin.md").unlink()
    code, out, err = run(capsys, "verify", ".", "-o", "report.html")
    assert code == 65
    assert "good.md: 1 proved" in out
    assert "wrong.md: 1 refuted" in out
    assert "fault" not in out
    assert err.startswith("symconv: fault.md:7:")
    page = Path("report.html").read_text()
    assert "2 formulas in 3 documents, 1 not as expected; 1 not read." in page
    assert "<pre>fault.md:7:" in page


@pytest.mark.usefixtures("several")
def test_standard_input_with_an_error_beside_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(Path("fault.md").read_text()))
    code, out, err = run(capsys, "verify", "--json", "-", "good.md")
    assert code == 65
    assert [file["path"] for file in json.loads(out)["files"]] == ["standard input", "good.md"]
    assert err.startswith("symconv: standard input:7:")


NOTE = "```symconv\ntensor x[n]\n```\n$$\\sum_{k=0}^{n-1} x_k = \\sum_{k=0}^{n-1} x_{n-1-k}$$\n"

# arguments, exit code, what the message says
WRONG: list[tuple[str, int, str]] = [
    ("verify no-such-file", 66, "no-such-file: no such file; expected a document or a directory; correct the path"),
    ("verify no-such-file.md", 66, "no-such-file.md: no such file; expected a document"),
    ("verify empty", 66, "empty: no document with a block; expected a .md, .tex, .ipynb with a ```symconv block; name"),
    ("verify other.txt", 66, "other.txt: the ending '.txt'; expected .md, .tex or .ipynb; rename it"),
    ("verify latin.md", 66, "latin.md: byte 5 is 0xe9; expected a text in UTF-8; save the file as UTF-8"),
    ("solve latin.md", 66, "latin.md: byte 5 is 0xe9; expected a text in UTF-8"),
    ("export no-such-file.md -o k.py", 66, "no-such-file.md: No such file or directory; expected a file that can be"),
    ("export folder.md -o k.py", 66, "folder.md: a directory; expected one document; name the file"),
    ("verify broken.ipynb", 65, "broken.ipynb: not a notebook (TypeError); expected JSON with cells; save"),
    ("verify note.md --certificates note.md", 73, "note.md: File exists; expected a place that can be written; choo"),
    ("verify note.md --certificates ''", 64, "--certificates: an empty name; expected a directory; name one"),
    ("verify --js note.md", 64, "unrecognized arguments: --js"),
    ("export conv2d --strid 2 -o k.py", 64, "unrecognized arguments: --strid 2"),
    ("export 'conv2d --strid 2' -o k.py", 64, "unrecognized arguments: --strid 2; expected among --stride, "),
    (
        "export dense --stride 2 -o k.py",
        64,
        "dense --stride: an option that it does not use; expected among --channels",
    ),
    ("export 'dense --stride 2' -o k.py", 64, "dense --stride: an option that it does not use; expected among --chan"),
    ("export depthwise2d --groups 2 -o k.py", 64, "depthwise2d --groups: an option that it does not use"),
    ("export transposed2d --mode same -o k.py", 64, "transposed2d --mode: an option that it does not use"),
    ("export maxpool2d --padding 1 -o k.py", 64, "maxpool2d --padding: an option that it does not use"),
    ("export softmax --function f -o k.py", 64, "softmax --function: an option that it does not use; expected among"),
    ("export note.md --stride 2 -o k.py", 64, "--stride: an option for the document note.md; expected no options"),
    ("export 'y_i = x_i' --bias -o k.py", 64, "--bias: an option for a formula; expected no options; write it into"),
    ("export 'conv2d --stride 2' --stride 3 -o k.py", 64, "--stride: 2 in SPEC and 3 after it; expected one of the"),
    ("export conv2d --stride -1 -o k.py", 64, "--stride -1: -1; expected a number of at least 1; give a larger"),
    ("export conv2d --stride 1000000000 -o k.py", 64, "a number of 10 digits; expected at most 9 digits; give a na"),
    ("export conv2d --stride '' -o k.py", 64, "--stride: an empty value; expected distance between windows"),
    ("export conv2d --stride 1.5 -o k.py", 64, "--stride 1.5: '1.5'; expected a whole number or a name; write 2"),
    ("export conv2d --stride 1,2,3 -o k.py", 64, "--stride 1,2,3: 3 values; expected 1 or 2; give as many"),
    ("export conv2d --padding 1:2:3 -o k.py", 64, "--padding 1:2:3: 2 colons; expected p or before:after; write"),
    ("export conv2d --padding 1,2,3 -o k.py", 64, "--padding 1,2,3: 3 values; expected 1 or 2; give one, or one"),
    ("export dense --channels 3 -o k.py --wrt ''", 64, "--wrt: an empty name; expected the name of a tensor"),
    ("export conv2d --wrt image -o k.py", 64, "--wrt image: no tensor image; expected one of kernel, input"),
    ('export "conv2d \'x" -o k.py', 64, "SPEC conv2d 'x: no closing quotation; expected quotes in pairs"),
    ("export '' -o k.py", 64, "SPEC: an empty text; expected an operation, a formula or a document; write conv2d"),
    ("export conv2d -o nodir/k.py", 73, "-o nodir/k.py: no directory nodir; expected one that exists; make it first"),
    ("export conv2d -o empty", 73, "-o empty: a directory; expected the name of a file; name a file in it"),
    ("export conv2d -o /dev/null --force", 73, "-o /dev/null: something that is no plain file; expected the name"),
    ("export conv2d -o ''", 64, "-o: an empty name; expected the name of a file; name one"),
    ("solve conv2d -o page", 64, "-o page: no ending; expected .md, "),
    ("solve conv2d --sizes H=2,r=3", 64, "--sizes H=2,r=3: H-r = -1; expected H >= r; change the sizes"),
    ("solve conv2d --sizes H=2,H=3", 64, "--sizes H=2,H=3: H twice; expected each size once; leave one out"),
    ("solve conv2d --sizes H", 64, "--sizes H: 'H'; expected NAME=NUMBER, at most 9 digits; write H=3,W=4"),
]


@pytest.mark.parametrize(("line", "code", "message"), WRONG, ids=[line for line, _, _ in WRONG])
def test_what_is_wrong_is_told(
    line: str,
    code: int,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("empty", "folder.md"):
        Path(name).mkdir()
    Path("empty", "latin.md").write_bytes(b"caf\xe9 without a block")
    Path("latin.md").write_bytes(b"note\xe9\n")
    Path("other.txt").write_text(NOTE)
    Path("note.md").write_text(NOTE)
    Path("broken.ipynb").write_text('{"cells": 3}')
    found, out, err = run(capsys, *shlex.split(line))
    assert (found, out) == (code, "")
    assert message in err
    assert not Path("k.py").exists()


def test_a_directory_is_searched_for_blocks_of_every_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a/b").mkdir(parents=True)
    Path("a/note.md").write_text(NOTE)
    Path("a/tildes.md").write_text(NOTE.replace("```", "~~~"))
    Path("a/without.md").write_text("$$x = x$$")
    Path("a/b/note.tex").write_text("% symconv: tensor x[n]\n\\begin{equation}x_i = x_i\\end{equation}\n")
    cell = {"cell_type": "markdown", "source": [NOTE]}
    Path("a/b/note.ipynb").write_text(json.dumps({"cells": [cell]}))
    code, out, _ = run(capsys, "verify", "a")
    assert code == 0
    names = [line.split(":")[0] for line in out.splitlines() if line.endswith(": 1 proved")]
    assert names == ["a/b/note.ipynb", "a/b/note.tex", "a/note.md", "a/tildes.md"]


def test_certificates_of_equal_names_do_not_overwrite_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "here" / "u").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    paths = ["note.md", "u/note.md", "u__note.md", "../note.md", "my note.md"]
    for path in paths:
        Path(path).write_text(NOTE)
    assert run(capsys, "verify", *paths, "--certificates", "proofs")[0] == 0
    names = {path.name for path in Path("proofs").iterdir()}
    assert len(names) == len(paths)
    assert {"note.md.eq1.1.json", "u__note.md.eq1.1.json"} < names
    assert not any(name.startswith(".") for name in names)
    assert list(tmp_path.rglob("*.json")) == list((tmp_path / "here" / "proofs").iterdir())
    assert run(capsys, "verify", *reversed(paths), "--certificates", "proofs")[0] == 0
    assert {path.name for path in Path("proofs").iterdir()} == names


def test_a_link_stays_a_link(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target, link = tmp_path / "target.md", tmp_path / "link.md"
    target.write_text("old")
    link.symlink_to(target)
    assert run(capsys, "solve", "conv1d", "--wrt", "input", "-o", str(link))[0] == 73
    assert run(capsys, "solve", "conv1d", "--wrt", "input", "-o", str(link), "--force")[0] == 0
    assert link.is_symlink()
    assert target.read_text().startswith("# ")


@pytest.mark.parametrize("end", [">&-", ">/dev/full"])
def test_an_output_that_takes_nothing(end: str, tmp_path: Path) -> None:
    (tmp_path / "note.md").write_text(NOTE)
    command = f"{shlex.quote(sys.executable)} -m symconv verify note.md {end}"
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 73
    assert done.stderr.startswith("symconv: standard output: ")
    assert "Traceback" not in done.stderr


def test_standard_input_that_is_no_text(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "symconv", "verify", "-"]
    done = subprocess.run(command, input=b"\xe9", cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 66
    assert b"standard input: byte 1 is 0xe9; expected a text in UTF-8" in done.stderr


def test_options_in_a_spec_and_after_it_add_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "k.py"
    assert run(capsys, "export", "conv1d --stride 2", "--padding", "1", "--wrt", "input", "-o", str(target))[0] == 0
    assert "conv1d --stride 2 --padding 1: forward and gradients." in target.read_text()


def test_a_missing_file_is_66_and_wrong_use_64(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "verify", "no-such-file.md")[0] == 66
    code, _, err = run(capsys, "export", "conv9d", "-o", "x.py")
    assert code == 64
    assert "operation 'conv9d'" in err
    assert run(capsys, "prove")[0] == 64
    assert run(capsys)[0] == 64


def test_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(CLAIM.format(index="a-u", more="")))
    code, out, _ = run(capsys, "verify", "-")
    assert code == 0
    assert "standard input:10:3: eq1 proved for all sizes" in out


def test_solve_to_standard_output_and_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "solve", "conv2d", "--wrt", "input", "--sizes", "H=3,W=4,r=2,c=2")
    assert code == 0
    target = tmp_path / "page.md"
    assert run(capsys, "solve", "conv2d", "--wrt", "input", "--sizes", "H=3,W=4,r=2,c=2", "-o", str(target))[0] == 0
    assert target.read_text() == out
    assert run(capsys, "verify", str(target))[0] == 0
    assert run(capsys, "solve", "conv2d", "-o", str(target))[0] == 73
    assert target.read_text() == out
    assert run(capsys, "solve", "conv2d", "-o", str(tmp_path / "page.docx"))[0] == 64


EXPORTS = [
    "conv1d",
    "conv2d --stride 2 --padding 1",
    "conv2d --stride s --padding p --dilation d --groups g",
    "conv3d --kernel 2,3,1",
    "conv2d --bias --channels 3,8",
    "convolution2d --mode full",
    "depthwise2d --stride 2",
    "transposed1d --stride 2 --bias",
    "transposed2d --stride 2 --padding 1 --output-padding 1",
    "maxpool2d --kernel 3,2 --stride 2",
    "avgpool2d",
    "dense --bias",
    "activation --function tanh",
    "softmax",
]


@pytest.mark.parametrize("spec", EXPORTS)
def test_exported_modules_test_themselves(spec: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "kernels.py"
    code, _, err = run(capsys, "export", *spec.split(), "-o", str(target))
    assert code == 0, err
    source = target.read_text()
    assert "proved for all sizes" in source
    assert "import symconv" not in source
    done = subprocess.run(
        [sys.executable, "-I", str(target), "--self-test"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("ok") >= 10


STATED = [
    "conv2d --kernel 3 --size 8,9 --channels 3,8 --batch 2",
    "conv2d --size 28,28 --kernel 5,5",
    "conv2d --size 224 --kernel 3 --channels 3,8 --bias",
    "depthwise2d --size 56 --kernel 7 --channels 96",
    "maxpool2d --size 112 --kernel 3 --stride 2",
    "dense --channels 4096,1000 --bias",
    "softmax --size 1000",
]


@pytest.mark.parametrize("spec", STATED)
def test_stated_sizes_are_proved_in_seconds(spec: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "kernels.py"
    start = time.perf_counter()
    code, _, err = run(capsys, "export", *spec.split(), "-o", str(target))
    assert code == 0, err
    assert time.perf_counter() - start < 20
    assert target.read_text().count("proved for ") >= 1


def test_export_of_a_formula_and_of_a_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    formula = r"y_i = \sum_{k=0}^{r-1} w_k x_{s i + d k}"
    for spec in (formula, str(DERIVATIONS / "cs233-q6-input-gradient.md")):
        target = tmp_path / "kernels.py"
        assert run(capsys, "export", spec, "-o", str(target), "--force")[0] == 0
        done = subprocess.run([sys.executable, "-I", str(target), "--self-test"], capture_output=True, check=False)
        assert done.returncode == 0


def test_export_never_overwrites_unasked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "kernels.py"
    target.write_text("mine")
    code, _, err = run(capsys, "export", "conv1d", "-o", str(target))
    assert code == 73
    assert "--force" in err
    assert target.read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "found"), [("k.c", "the ending .c"), ("k", "no ending"), ("k.py.txt", "the ending .txt")]
)
def test_an_exported_module_ends_in_py(
    name: str, found: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the ending .c the module and the C source would be one file; nothing is printed or written before."""
    target = tmp_path / name
    for force in ([], ["--force"]):
        code, out, err = run(capsys, "export", "conv1d", "--target", "c", "--explain", "-o", str(target), *force)
        assert (code, out) == (64, "")
        assert err == f"symconv: -o {target}: {found}; expected .py; choose a name that ends in .py\n"
    assert not list(tmp_path.iterdir())


def test_what_is_not_proved_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The prover is made to give up: the file is refused, and written with --unproved and says so."""
    import symconv.exporting
    from symconv.errors import UsageError
    from symconv.proof.verdict import Status, Verdict

    def gives_up(*_: object) -> Verdict:
        return Verdict(Status.CHECKED, "sizes up to a total of 9")

    def no_form(*_: object) -> None:
        raise UsageError("closed_form", "none", "one", "try")

    monkeypatch.setattr(symconv.exporting, "_at_once", lambda _: None)
    monkeypatch.setattr(symconv.exporting, "judge", gives_up)
    monkeypatch.setattr(symconv.exporting, "closed_form", no_form)
    target = tmp_path / "kernels.py"
    code, _, err = run(capsys, "export", "conv1d", "-o", str(target))
    assert (code, target.exists()) == (1, False)
    assert "--unproved" in err
    assert run(capsys, "export", "conv1d", "-o", str(target), "--unproved")[0] == 0
    assert "not proved" in target.read_text().lower()


def test_help_starts_without_sympy() -> None:
    program = "import sys; from symconv.cli import parser; parser().format_help(); print('sympy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_proposal_is_asked_for_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    note = tmp_path / "note.md"
    note.write_text("$$y_i = 2 x_i$$\n")
    for other in (["--json"], ["-o", str(tmp_path / "r.html")], ["--certificates", str(tmp_path)]):
        code, out, err = run(capsys, "verify", "--propose", str(note), *other)
        assert (code, out) == (64, "")
        assert "--propose: another output beside it; expected --propose alone; run verify a second time" in err


def test_proposals_go_on_behind_a_file_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    note = tmp_path / "note.md"
    note.write_text(r"$$y_i = \sum_{k=0}^{r-1} w_k x_{i+k}$$")
    code, out, err = run(capsys, "verify", "--propose", str(tmp_path / "none.md"), str(note))
    assert code == 66
    assert "none.md" in err
    assert "tensor   y[]  w[]  x[]" in out
