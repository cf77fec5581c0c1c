"""Exercises: the sheet tells nothing, filled in from the key it is proved, filled in wrong it is refuted."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from symconv.cli import main
from symconv.errors import SizeError
from symconv.exercise import Exercise, exercise_of
from symconv.judging import verify_paths, verify_text
from symconv.page.formats import written
from symconv.proof.verdict import Status
from symconv.shown_numbers import Numbers
from symconv.solving import prepared, solve_spec
from symconv.specs import open_options, parse_spec
from symconv.varying import draw_sizes

SPECS = [
    "conv1d",
    "conv2d --stride 2 --padding 1",
    "conv2d --channels 2,3 --bias",
    "convolution2d --mode full",
    "maxpool2d --kernel 2,3",
    "avgpool1d --kernel 2",
    "conv3d",
    "transposed1d --stride 2",
    "dense --bias",
    "activation --function relu",
    r"y_i = \sum_{k=0}^{r-1} w_k x_{s i + d k}",
]
QUESTION = re.compile(r"\$\$([^$]*?) = \?\$\$")


def exercise(spec: str, seed: int = 0) -> Exercise:
    ready = prepared(parse_spec(spec, layers=False))
    return exercise_of(solve_spec(ready, sizes=draw_sizes(ready.output, {}, seed), numbers=Numbers(seed)))


def sheet_of(made: Exercise) -> str:
    return written(made.sheet(), ".md").decode()


def blanks(made: Exercise) -> list[tuple[str, str]]:
    example = () if made.example is None else made.example.blanks
    return [(blank.left, blank.right) for blank in (*made.blanks, *example)]


def filled(made: Exercise, change: int | None = None) -> str:
    """The sheet with the answers of the key, one of them made wrong."""
    answers = iter(enumerate(blanks(made)))

    def answer(match: re.Match[str]) -> str:
        number, (left, right) = next(answers)
        assert match.group(1) == left
        return f"$${left} = {wrong(right) if number == change else right}$$"

    return QUESTION.sub(answer, sheet_of(made))


def wrong(answer: str) -> str:
    """Another number somewhere, or twice the formula."""
    number = re.search(r"(?<![\d_{])-?\d+(?![\d}])", answer)
    if "sum" in answer or number is None:
        return f"2 ({answer})"
    return f"{answer[: number.start()]}{int(number.group()) + 1}{answer[number.end() :]}"


@pytest.mark.parametrize("spec", SPECS)
def test_a_sheet_asks_and_tells_nothing(spec: str) -> None:
    made = exercise(spec)
    sheet = sheet_of(made)
    assert len(QUESTION.findall(sheet)) == len(blanks(made)) >= 2
    assert not any(f"{left} = {right}" in sheet for left, right in blanks(made))
    for told in ("Chain rule", "An instance", r" = \operatorname{corr}", r"\tilde", r"\hat", "rot180"):
        assert told not in sheet
    report = verify_text(sheet)
    assert report.exit_code == 0, str(report)
    assert sum(f.status is Status.NOT_A_CLAIM for f in report.formulas) == len(blanks(made))


@pytest.mark.parametrize("spec", SPECS)
def test_a_sheet_filled_in_from_the_key_is_proved(spec: str) -> None:
    made = exercise(spec, seed=5)
    key = written(made.key(), ".md").decode()
    for left, right in blanks(made):
        assert f"$${left} = {right}$$" in key
    assert verify_text(key).exit_code == 0
    report = verify_text(filled(made))
    assert report.exit_code == 0, str(report)
    assert sum(f.status is Status.PROVED for f in report.formulas) >= len(blanks(made))


def test_the_instance_on_the_key_has_the_numbers_of_the_sheet() -> None:
    """A pooling shows its instance at numbers: the image and the upstream gradient of the sheet stand in it."""
    made = exercise("maxpool1d --kernel 2", seed=3)
    assert made.example is not None
    key = written(made.key(), ".md").decode()
    instance = key[key.index("### An instance") : key.index("## With numbers")]
    for display in made.example.given:
        name, _, numbers = display.partition(" = ")
        row = " & ".join(numbers.strip("[]").split(", "))
        assert rf"{name} = \begin{{bmatrix}} {row} \end{{bmatrix}}" in instance


@pytest.mark.parametrize("spec", ["conv1d --stride 2", "maxpool1d --kernel 2"])
def test_a_wrong_answer_is_refuted(spec: str) -> None:
    made = exercise(spec)
    for number in range(len(blanks(made))):
        report = verify_text(filled(made, change=number))
        assert report.exit_code == 1
        assert sum(f.status is Status.REFUTED for f in report.formulas) == 1


def test_the_words_of_an_operation_say_its_options() -> None:
    sheet = sheet_of(exercise("conv2d --stride 2,3 --padding 1:0 --channels 2,3 --bias"))
    for words in ("slides over $X$ without being turned", "start $2$ and $3$ apart", "$1 : 0$", "A bias $b$ is added"):
        assert words in sheet


def test_the_words_of_a_document_are_its_own(tmp_path: Path) -> None:
    path = tmp_path / "task.md"
    path.write_text(
        "# A small task\n\nWhat does $w$ do to $x$?\n\n```symconv\ntensor x[n] w[2]\ndefine y = correlate(x, w)\n"
        "loss E(y)\nupstream \\delta = y\nfind dE/dw, shape y\n```\n"
    )
    sheet = sheet_of(exercise(str(path)))
    assert sheet.startswith("# Exercise: A small task\n")
    assert "What does $w$ do to $x$?" in sheet
    assert r"\frac{\partial E}{\partial w_{a}} = ?" in sheet
    assert "upstream \\delta = y" in sheet
    assert "N_{y} = ?" in sheet


@pytest.mark.parametrize("seed", range(12))
def test_sizes_differ_and_fit(seed: int) -> None:
    """A kernel in an image, the extents of each unequal, several outputs."""
    output = parse_spec("conv2d --stride s", layers=False).output
    drawn = draw_sizes(output, {}, seed)
    assert drawn == draw_sizes(output, {}, seed)
    assert drawn["H"] != drawn["W"]
    assert drawn["r"] != drawn["c"]
    rows, columns = ((drawn[n] - drawn[k]) // drawn["s"] + 1 for n, k in (("H", "r"), ("W", "c")))
    assert min(drawn["r"], drawn["c"], rows, columns) >= 1
    assert rows * columns > 1


def test_seeds_give_other_sheets_and_the_same_one_again() -> None:
    sheets = [sheet_of(exercise("conv1d", seed)) for seed in (0, 1, 2, 3, 3)]
    assert len(set(sheets)) == 4
    assert sheets[3] == sheets[4]


def test_given_sizes_stay_and_those_that_fit_nowhere_are_refused() -> None:
    output = parse_spec("conv1d", layers=False).output
    assert draw_sizes(output, {"H": 5}, 1)["H"] == 5
    with pytest.raises(SizeError, match=r"none that fit; expected H >= r"):
        draw_sizes(output, {"H": 2, "r": 3}, 1)
    with pytest.raises(SizeError, match=r"no such size; expected H, r|no such size; expected r, H"):
        draw_sizes(output, {"n": 2}, 1)


def test_open_options_are_those_that_nothing_says() -> None:
    assert "stride" not in open_options("conv2d --stride 2", None)
    assert "padding" in open_options("conv2d --stride 2", None)
    assert "padding" not in open_options("conv2d --mode full", None)
    assert open_options(r"y_i = x_i", None) == []


def test_functions_that_leave_the_fractions_have_no_numbers() -> None:
    assert exercise("activation --function tanh").example is None
    assert exercise("activation --function relu").example is not None


# -- the command ---------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [".md", ".tex", ".html", ".ipynb"])
def test_the_key_stands_beside_the_sheet(ending: str, tmp_path: Path) -> None:
    sheet, key = tmp_path / f"sheet{ending}", tmp_path / f"sheet-key{ending}"
    assert main(["solve", "conv1d", "--exercise", "--seed", "4", "-o", str(sheet)]) == 0
    assert sorted(tmp_path.iterdir()) == sorted([sheet, key])
    assert "hain rule" in key.read_text(encoding="utf-8")
    assert "hain rule" not in sheet.read_text(encoding="utf-8")
    if ending != ".html":
        report = verify_paths([sheet, key])
        assert report.exit_code == 0, str(report)
        assert [file.error for file in report.files] == [None, None]


def test_nothing_is_overwritten_and_nothing_half_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet, key = tmp_path / "sheet.md", tmp_path / "sheet-key.md"
    key.write_text("mine")
    command = ["solve", "conv1d", "--exercise", "-o", str(sheet)]
    assert main(command) == 73
    assert re.search(r"sheet-key\.md: the file exists; expected a new file; give --force", capsys.readouterr().err)
    assert not sheet.exists()
    assert key.read_text() == "mine"
    assert main([*command, "--force"]) == 0
    assert sheet.exists()
    assert key.read_text(encoding="utf-8") != "mine"


def test_a_seed_draws_options_and_is_written_into_the_title(capsys: pytest.CaptureFixture[str]) -> None:
    heads = set()
    for seed in map(str, range(6)):
        assert main(["solve", "conv2d", "--wrt", "kernel", "--exercise", "--seed", seed]) == 0
        heads.add(capsys.readouterr().out.splitlines()[0].split(" for ")[1])
    assert len(heads) >= 3
    assert all(re.fullmatch(r"conv2d(?: --(?:stride|padding|dilation) \d)*", head) for head in heads)


def test_an_exercise_in_the_symbols_of_a_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notes = tmp_path / "notes.md"
    notes.write_text(
        "```symconv\nbase 1\ntensor A[N] W[H_K]\ndefine Z = correlate(A, W)\nupstream \\delta = Z\nloss E(Z)\n```\n"
    )
    sheet = tmp_path / "sheet.md"
    command = ["solve", "conv1d", "--exercise", "--symbols", str(notes), "--sizes", "N=5", "-o", str(sheet)]
    assert main(command) == 0
    text = sheet.read_text(encoding="utf-8")
    assert r"\frac{\partial E}{\partial W_{a}} = ?" in text
    assert r"\delta = [" in text
    report = verify_paths([tmp_path / "sheet-key.md"])
    assert report.exit_code == 0, str(report)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--exercise", "--seed", "x"], r"--seed x: 'x'; expected a whole number of at most 9 digits; write --seed 7"),
        (["--seed", "1"], r"--seed: 1 for a solution; expected --exercise beside it; add --exercise"),
    ],
)
def test_wrong_use_is_told(options: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["solve", "conv1d", *options]) == 64
    assert re.search(message, capsys.readouterr().err)


def test_a_notebook_has_the_same_questions(tmp_path: Path) -> None:
    target = tmp_path / "sheet.ipynb"
    assert main(["solve", "conv1d", "--exercise", "-o", str(target)]) == 0
    cells = json.loads(target.read_text(encoding="utf-8"))["cells"]
    assert sum("= ?" in "".join(cell["source"]) for cell in cells) >= 2
