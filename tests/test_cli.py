"""The command line: exit codes, output, files; and the documents that the project ships."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from symconv.cli import main
from symconv.proof.check import check

ROOT = Path(__file__).parent.parent
DERIVATIONS = ROOT / "derivations"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    try:
        code = main(list(arguments))
    except SystemExit as stop:
        code = int(stop.code or 0)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_shipped_derivations_pass(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "verify", str(DERIVATIONS))
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


def test_a_missing_file_is_66_and_wrong_use_64(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "verify", "no-such-file.md")[0] == 66
    code, _, err = run(capsys, "export", "conv9d", "-o", "x.py")
    assert code == 64
    assert "operation 'conv9d'" in err
    assert run(capsys, "prove")[0] == 64
    assert run(capsys)[0] == 64


def test_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import io

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

    monkeypatch.setattr(symconv.exporting, "decide", gives_up)
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
