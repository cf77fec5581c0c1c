"""`symconv bench` and the options of `symconv export` that choose kernels: what they print, refuse and write."""

from __future__ import annotations

import platform
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from shutil import which

import numpy as np
import pytest

from symconv import cli, export, exporting
from symconv.benching.agreement import TOLERANCE, difference, differing
from symconv.benching.command import checked
from symconv.benching.environment import MALLOC, described, wanted
from symconv.benching.kernels import TARGETS, ours
from symconv.benching.layers import layer_of, sweep
from symconv.benching.measure import Measured, compare
from symconv.benching.peers import Layer, Peer, peers
from symconv.benching.picture import Dots, dots, draw
from symconv.benching.report import Line, measure, part_name, table, title
from symconv.errors import UsageError
from tests.benchmarks import kernels

pytestmark = pytest.mark.targets  # in the job that runs beside the README's tests


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "symconv", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_the_command_measures_against_what_is_installed(tmp_path: Path) -> None:
    """SciPy is: its fftconvolve computes one channel, forward."""
    path = tmp_path / "table.md"
    done = run("bench", "conv2d", "--size", "40,30", "--kernel", "3,5", "--seconds", "0.02", "-o", str(path))
    assert done.returncode == 0, done.stderr
    text = path.read_text()
    assert "freed memory kept" in text
    assert "| conv 1x1x40x30 to 1 3x5 float32 | forward |" in text
    assert "scipy " in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["conv2d", "--kernel", "3"], "bench: no --size; expected numbers for every size; add --size 56,56, say"),
        (["conv2d", "--size", "9"], "bench: no --kernel; expected numbers for every size; add --kernel 3,3, say"),
        (
            ["conv2d", "--size", "9", "--kernel", "3", "--groups", "2"],
            "bench: 2 groups of 1 channels and 1 outputs; expected groups that divide both; change --groups or",
        ),
        (
            ["conv2d", "--size", "H", "--kernel", "3"],
            "bench --size: 'H'; expected a whole number from 1 on; give",
        ),
        (["conv1d", "--size", "9", "--kernel", "3"], "bench: operation 'conv1d'; expected conv2d, .*; measure one of"),
        (["conv2d", "--size", "9", "--kernel", "3", "--bias"], "bench: --bias; expected --batch, .*; leave it out"),
        (
            ["conv2d", "--size", "2", "--kernel", "3"],
            r"bench: windows of \d x \d in images of .*, padding included; expected a",
        ),
        *(
            (["conv2d", "--threads", n], f"bench: argument --threads: '{n}'; expected a whole number from 1 to 64; see")
            for n in ("0", "-1", "65", "two")
        ),
        *(
            (["conv2d", "--seconds", s], f"bench: argument --seconds: '{s}'; expected a number of seconds above 0, .*")
            for s in ("nan", "inf", "0", "-1", "long")
        ),
        (["conv2d", "--size", "9", "--kernel", "3", "--target", "numba"], "invalid choice: 'numba'"),
        (["conv2d", "--size", "9", "--kernel", "3", "--accuracy", "Fast"], "invalid choice: 'Fast'"),
    ],
)
def test_what_cannot_be_measured_is_refused(arguments: list[str], message: str) -> None:
    done = run("bench", *arguments)
    assert done.returncode == 64, done.stdout + done.stderr
    assert re.search(message, done.stderr), done.stderr
    assert done.stderr.count("\n") == 1


def test_a_layer_that_nobody_else_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("symconv.benching.peers.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"bench: no library that computes this; expected torch, .*; pip install"):
        measure(Layer("conv", 1, 1, 1, (9, 9), (3, 3)), "exact", 1, 0.01)


def test_ratios_are_medians_of_rounds() -> None:
    slow, fast = (lambda n=n: sum(range(n)) for n in (200_000, 20_000))
    measured = compare(fast, {"slow": slow}, 0.2)
    assert 5 < measured.ratios["slow"] < 20
    assert measured.rounds >= 5
    assert measured.strongest == ("slow", measured.ratios["slow"])


def test_the_environment_fixes_threads_and_memory() -> None:
    found = wanted(2, {"OPENBLAS_CORETYPE": "Haswell", "HOME": "there"})
    assert (found["OMP_NUM_THREADS"], found["OPENBLAS_NUM_THREADS"], found["GLIBC_TUNABLES"]) == ("2", "1", MALLOC)
    assert "OPENBLAS_CORETYPE" not in found
    assert found["HOME"] == "there"
    assert "numpy" in described(1)
    assert platform.machine() in described(1)


def test_the_table_says_what_was_measured() -> None:
    layer = layer_of(
        "conv2d", {"size": "9,8", "kernel": "3", "channels": "2,4", "stride": "2,1", "groups": "2"}, "float64"
    )
    assert title(layer) == "conv 1x2x9x8 to 4 3x3 stride 2,1 groups 2 float64"
    pool = layer_of("maxpool2d", {"size": "9", "kernel": "3"}, "float32")
    assert pool.stride == (3, 3)
    line = Line(pool, "grad_input", Measured(1.5, {"torch": 3.0}, {"torch": 2.0}, 7))
    assert part_name(line) == "forward + grad_input"
    assert "| maxpool 1x1x9x9 3x3 stride 3 float32 | forward + grad_input | 1.5 | torch 2.00 |" in table([line])


def test_the_sweep_is_the_same_each_time() -> None:
    drawn = list(sweep(60, 1))
    assert drawn == list(sweep(60, 1))
    assert len({layer.stride for layer in drawn}) > 3
    assert {layer.dtype for layer in drawn} == {"float32", "float64"}
    assert all(min(layer.shape) > 0 for layer in drawn)


def test_without_a_compiler_c_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(UsageError, match=r"bench --target c: no C compiler; expected cc, .* CC names; install one"):
        checked("conv2d", {"size": "9", "kernel": "3"}, "float32", None, "c")


@pytest.mark.skipif(not any(map(which, ("cc", "gcc", "clang"))), reason="no C compiler")
def test_the_command_measures_c() -> None:
    done = run(
        "bench", "conv2d", "--size", "20", "--kernel", "3", "--seconds", "0.02", "--target", "c", "--threads", "2"
    )
    assert done.returncode == 0, done.stderr
    assert "accuracy exact. Target c. " in done.stdout
    assert "| conv 1x1x20x20 to 1 3x3 float32 | forward |" in done.stdout


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("operation", ["conv", "maxpool", "avgpool"])
def test_what_is_measured_is_right(operation: str, target: str) -> None:
    """Forward of one window by hand."""
    if target == "c" and not any(map(which, ("cc", "gcc", "clang"))):
        pytest.skip("no C compiler")
    layer = Layer(operation, 2, 3, 4 if operation == "conv" else 3, (7, 6), (3, 2), (2, 2), dtype="float64")
    data = layer.data()
    found = np.asarray(ours(layer, "forward", data, "exact", 2, target)())
    window = data["input"][1, :, 2:5, 4:6]
    hand = {"conv": (window * data["kernel"][2]).sum(), "maxpool": window[2].max(), "avgpool": window[2].mean()}
    assert found.shape == layer.shape
    np.testing.assert_allclose(found[1, 2, 1, 2], hand[operation])
    for part in layer.parts[1:]:
        ours(layer, part, data, "exact", 2, target)()


# -- the others ---------------------------------------------------------------------------------


def by_hand(layer: Layer, data: dict[str, np.ndarray]) -> np.ndarray:
    """One channel, window by window."""
    x, w = data["input"][0, 0].astype(float), data["kernel"][0, 0].astype(float)
    out = np.empty(layer.shape)
    for i, j in np.ndindex(*layer.shape[2:]):
        out[0, 0, i, j] = (x[i : i + w.shape[0], j : j + w.shape[1]] * w).sum()
    return out


@pytest.mark.parametrize("name", ["torch", "jax", "opencv", "scipy"])
@pytest.mark.parametrize("taps", [(3, 5), (4, 2), (12, 13)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_peer_computes_the_formula(name: str, taps: tuple[int, int], dtype: str) -> None:
    pytest.importorskip("cv2" if name == "opencv" else name, reason="the extra bench")
    layer = Layer("conv", 1, 1, 1, (20, 23), taps, dtype=dtype)
    data = layer.data()
    found = peers(layer, "forward", data)[name].result()
    assert (found.shape, found.dtype) == (layer.shape, np.dtype(dtype))
    wanted = by_hand(layer, data)
    assert np.abs(found - wanted).max() <= (1e-5 if dtype == "float32" else 1e-13) * np.abs(wanted).max()


@pytest.mark.parametrize(
    "change",
    [{"stride": (2, 1)}, {"padding": (1, 0)}, {"dilation": (1, 2)}, {"batch": 2}, {"channels": 2, "outputs": 1}],
    ids=str,
)
def test_image_libraries_are_asked_for_plain_windows_only(change: dict[str, object]) -> None:
    pytest.importorskip("cv2", reason="the extra bench")
    layer = replace(Layer("conv", 1, 1, 1, (20, 23), (3, 3)), **change)
    assert not {"opencv", "scipy"} & set(peers(layer, "forward", layer.data()))
    plain = Layer("conv", 1, 1, 1, (20, 23), (3, 3))
    assert {"opencv", "scipy"} <= set(peers(plain, "forward", plain.data()))
    assert not {"opencv", "scipy"} & set(peers(plain, "grad_input", plain.data()))


@pytest.mark.parametrize("operation", ["conv", "maxpool", "avgpool"])
def test_all_agree_before_they_are_timed(operation: str) -> None:
    pytest.importorskip("torch", reason="the extra bench")
    more = {"groups": 2, "padding": (1, 0)} if operation == "conv" else {}
    layer = Layer(operation, 2, 4, 6 if operation == "conv" else 4, (9, 8), (3, 2), (2, 2), **more)
    data = layer.data()
    for part in layer.parts:
        others = peers(layer, part, data)
        assert "torch" in others
        assert differing(ours(layer, part, data, "fast", 1)(), others) == {}


ENTRIES = np.array([[1.0, -4.0], [2.0, 0.5]], np.float32)


@pytest.mark.parametrize(
    ("theirs", "message"),
    [
        (ENTRIES.T[:1], "its shape is 1x2, ours 2x2"),
        (ENTRIES.astype(float), "its entries are float64, ours float32"),
        (
            np.where(ENTRIES == 2, np.float32("nan"), ENTRIES),
            "NaN or infinity stands in 1 of its entries, in 0 of ours",
        ),
        (ENTRIES + np.float32(1), r"its result is 2\.5e-01 of the greatest entry away, 1e-04 allowed"),
        (-ENTRIES, r"its result is 2\.0e\+00 of the greatest entry away, 1e-04 allowed"),
        (ENTRIES * np.float32(1 + 2e-5), ""),
    ],
)
def test_a_difference_is_told(theirs: np.ndarray, message: str) -> None:
    assert re.fullmatch(message, difference(ENTRIES, theirs))


def test_the_tolerance_is_that_of_the_type() -> None:
    wide = ENTRIES.astype(float)
    assert difference(wide, wide * (1 + 1e-12)) == ""
    assert "1e-11 allowed" in difference(wide, wide * (1 + 1e-9))
    assert difference(wide * 0, wide * 0) == ""
    assert set(TOLERANCE) == {"float32", "float64"}


def test_a_peer_that_differs_is_named_and_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = Layer("conv", 1, 1, 1, (9, 8), (3, 3))
    right, calls = by_hand(layer, layer.data()).astype("f4"), []

    def strange() -> np.ndarray:
        calls.append("strange")
        return right + 1

    found = {"good": Peer(lambda: right), "strange": Peer(strange)}
    monkeypatch.setattr("symconv.benching.report.peers", lambda *_: found)
    (line,) = measure(layer, "exact", 1, 0.01, ("forward",))
    assert calls == ["strange"]
    assert list(line.measured.ratios) == ["good"]
    text = table([line])
    assert re.search(r"\| forward \| [\d.e-]+ \| good [\d.]+, strange differs \|\n\n", text)
    said = r"strange is not timed: conv 1x1x9x8 to 1 3x3 float32, forward: its result is .* away, 1e-04 allowed\.\n$"
    assert re.search(said, text)
    row = kernels.Row(layer, {"forward": 1.0}, "strange")
    with pytest.raises(ArithmeticError, match=r"conv 1x1x9x8 to 1 3x3 float32, forward: .*'strange': 'its result"):
        list(kernels.judged(row, [line]))


def test_where_all_differ_our_time_stands_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = Layer("conv", 1, 1, 1, (9, 8), (3, 3))
    monkeypatch.setattr("symconv.benching.report.peers", lambda *_: {"odd": Peer(lambda: np.zeros(3, "f4"))})
    lines = measure(layer, "exact", 1, 0.01, ("forward",))
    assert "| odd differs |\n\nodd is not timed: conv" in table(lines)
    assert "its shape is 3, ours 1x1x7x6." in table(lines)
    message = "bench --plot: no library that computes the same; expected at least one ratio; drop --plot"
    with pytest.raises(UsageError, match=message):
        draw(dots(lines), Path("never.svg"))


# -- the picture --------------------------------------------------------------------------------

ROWS = [
    Dots("a layer", "forward", {"torch": 2.0, "opencv": 0.5}),
    Dots("a layer", "grad_input", {"torch": 4.0}),
    Dots("another", "forward", {"torch": 1.0, "filter2D": 8.0}),
]


def test_the_picture_names_everything_and_is_the_same_each_time(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra bench")
    first, second = tmp_path / "1.svg", tmp_path / "2.svg"
    draw(ROWS, first)
    draw(ROWS, second)
    assert first.read_bytes() == second.read_bytes()
    text = first.read_text(encoding="utf-8")
    words = re.findall(r">([^<>\n]+)</text>", text)
    assert words.count("a layer") == words.count("another") == 1
    assert words.count("forward") == 2
    assert {"torch", "opencv", "filter2D", "0.5", "1", "2", "4", "8"} <= set(words)
    assert "left of 1 the library is faster, right of it our kernel" in words


def test_a_dot_stands_where_its_ratio_is(tmp_path: Path) -> None:
    """On a logarithmic axis 0.5 and 2 are as far from 1 as each other, 4 twice as far."""
    pytest.importorskip("matplotlib", reason="the extra bench")
    draw(ROWS[:2], tmp_path / "1.svg")
    text = (tmp_path / "1.svg").read_text(encoding="utf-8")
    groups = re.findall(r"<g clip-path[^>]*>\s*((?:<use [^>]*/>\s*)+)</g>|<g>\s*((?:<use [^>]*/>\s*)+)</g>", text)
    dots_ = [
        float(x) for group in groups for x in re.findall(r'<use [^>]*x="([\d.]+)"[^>]*fill: #0072b2', "".join(group))
    ]
    others = [
        float(x) for group in groups for x in re.findall(r'<use [^>]*x="([\d.]+)"[^>]*fill: #009e73', "".join(group))
    ]
    two, four = sorted(set(dots_))[-2:]
    half = min(others)
    assert four - two == pytest.approx((two - half) / 2, rel=1e-3)


def test_the_command_draws(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra bench")
    path = tmp_path / "ratios.svg"
    done = run("bench", "conv2d", "--size", "20", "--kernel", "3", "--seconds", "0.02", "--plot", str(path))
    assert done.returncode == 0, done.stderr
    assert ">conv 1x1x20x20 to 1 3x3 float32</text>" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(("ending", "begins"), [("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_other_formats(ending: str, begins: bytes, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra bench")
    path = tmp_path / f"ratios.{ending}"
    draw(ROWS, path)
    assert path.read_bytes().startswith(begins)


def test_without_matplotlib_nothing_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("symconv.benching.command.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"bench --plot: no matplotlib; expected the extra bench; pip install 'symc"):
        checked("conv2d", {"size": "9", "kernel": "3"}, "float32", "ratios.svg")


@pytest.mark.parametrize(
    ("plot", "message"),
    [
        ("ratios.foo", "--plot ratios.foo: the ending .foo; expected .svg, .png or .pdf; choose a name that ends in"),
        ("ratios", "--plot ratios: no ending; expected .svg, .png or .pdf; choose a name that ends in"),
        ("nowhere/ratios.svg", "--plot nowhere/ratios.svg: no directory nowhere; expected one that exists; make it"),
        (" ", "--plot: an empty name; expected the name of a file; name one"),
    ],
)
def test_a_picture_that_cannot_be_drawn_is_refused_first(
    plot: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["bench", "conv2d", "--size", "9", "--kernel", "3", "--plot", plot]) in (64, 73)
    assert message in capsys.readouterr().err


def test_the_picture_of_the_docs_is_that_of_its_table(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra bench")
    docs = Path(__file__).parents[1] / "docs"
    copy = tmp_path / "benchmarks.md"
    copy.write_text((docs / "benchmarks.md").read_text(encoding="utf-8"), encoding="utf-8")
    kernels.redraw(copy)
    drawn, kept = (
        re.findall(r">([^<>\n]+)</text>", p.read_text("utf-8"))
        for p in (copy.with_suffix(".svg"), docs / "benchmarks.svg")
    )
    assert drawn == kept


def test_the_table_is_read_back() -> None:
    lines = [
        "| conv a | forward | 26 | torch 1.50 | 1.25 | yes | jax 1.92, scipy 3 |",
        "| rank 1 | forward | 0.2 | filter2D 1.66 | 1.4 | yes | |",
        "| rank 1 | forward | 0.2 | sepFilter2D 1.01 | 0.6 | yes | |",
    ]
    assert kernels.dots_of_table(lines) == [
        Dots("conv a", "forward", {"torch": 1.5, "jax": 1.92, "scipy": 3.0}),
        Dots("rank 1", "forward", {"filter2D": 1.66, "sepFilter2D": 1.01}),
    ]


def test_the_tables_of_c_and_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []

    def measured(
        layer: Layer, accuracy: str, threads: int, seconds: float, parts: tuple[str, ...], target: str
    ) -> list[Line]:
        asked.append((accuracy, threads, target))
        ratios = {"torch": 1.0, "opencv": 0.95}
        return [Line(layer, part, Measured(2.0 if target == "c" else 3.0, {}, ratios, 5)) for part in parts]

    monkeypatch.setattr(kernels, "measure", measured)
    text = kernels.table_of_c(0.1)
    assert {(accuracy, 1, "c") for accuracy in ("exact", "fast")} == set(asked)
    wide = "| conv 32x64x56x56 to 64 3x3 padding 1 float32 | grad_kernel | exact | 2 |"
    assert f"{wide} torch 1.00 | 0.9 | yes | opencv 0.95 |" in text
    assert "| conv 1x1x512x512 to 1 3x3 float32 | forward | exact | 2 | opencv 0.95 | 1.3 | no | torch 1.00 |" in text
    assert len({line.count(" | ") for line in text.splitlines()}) == 1
    shared = kernels.table_of_threads(0.1)
    assert {target for _, threads, target in asked if threads == 2} == {*TARGETS}
    assert "| conv 32x64x56x56 to 64 3x3 padding 1 float32 | forward | 3 | 1.00 | 2 | 1.00 |" in shared
    assert "2 threads" in shared


# -- export -------------------------------------------------------------------------------------


def test_the_choices_of_the_command_are_those_of_the_library() -> None:
    assert cli.TARGETS == exporting.TARGETS


def test_a_plan_is_printed_without_a_file() -> None:
    options = ["--size", "56", "--channels", "64,64", "--kernel", "3", "--padding", "1", "--batch", "2"]
    done = run("export", "conv2d", *options, "--explain", "--accuracy", "fast")
    assert done.returncode == 0, done.stderr
    assert "plan of forward\nstep  computes" in done.stdout
    assert "sums over windows" in done.stdout
    assert "tiles of taps F(4, 3)" in done.stdout
    assert re.search(r"adjoint of windows .* tiles F\(4, 3\)$", done.stdout, re.MULTILINE)
    weights = re.findall(r"weights ([\d,]+)", done.stdout)  # F(4, 3): 6 x 6 positions, 64 x 64 channels, float32
    assert weights[:1] == [f"{36 * 64 * 64 * 4:,}"]
    open_ = run("export", "conv2d", "--explain")
    assert "working memory: at most 4 MB, beside transformed kernels" in open_.stdout
    assert "by sizes, when it runs" in open_.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "export: no -o FILE; expected the file to write; give -o kernels.py, or --explain to see the plan"),
        (
            ["-o", "k.py", "--schedule", "fastest"],
            "schedule: 'fastest'; expected direct, .*tiles, .*; choose one",
        ),
        (
            ["-o", "k.py", "--target", "numba", "--accuracy", "fast"],
            "target numba: --schedule or --accuracy; expected numpy",
        ),
        (
            ["-o", "k.py", "--schedule", ""],
            "^symconv: --schedule: an empty name; expected the name of a schedule; name",
        ),
        (
            ["-o", "k.py", "--target", "cuda"],
            "^symconv export: argument --target: invalid choice: 'cuda' .*; see symconv",
        ),
    ],
)
def test_choices_that_are_refused(arguments: list[str], message: str, tmp_path: Path) -> None:
    arguments = [str(tmp_path / a) if a == "k.py" else a for a in arguments]
    done = run("export", "conv1d", *arguments)
    assert done.returncode == 64
    assert re.search(message, done.stderr), done.stderr
    assert not list(tmp_path.iterdir())


def test_settings_are_lines_of_the_module(tmp_path: Path) -> None:
    path = tmp_path / "k.py"
    done = run("export", "conv2d", "--accuracy", "fast", "--schedule", "direct", "-o", str(path))
    assert done.returncode == 0, done.stderr
    text = path.read_text()
    assert 'ACCURACY = "fast"' in text
    assert 'SCHEDULE = "direct"' in text
    assert "schedule tiles: Tiles of m outputs" in text


def test_a_target_of_two_files_overwrites_neither(tmp_path: Path) -> None:
    path = tmp_path / "k.py"
    assert run("export", "conv1d", "--target", "c", "-o", str(path)).returncode == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["k.c", "k.py"]
    path.unlink()
    done = run("export", "conv1d", "--target", "c", "-o", str(path))
    assert done.returncode == 73
    assert "k.c" in done.stderr
    assert not path.exists()


def test_several_gradients_by_name() -> None:
    text = export("conv2d --bias", ("kernel", "bias"))
    assert "def grad_kernel(" in text
    assert "def grad_bias(" in text
    assert "def grad_input(" not in text
