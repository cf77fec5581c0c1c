"""What a plan says: which schedule stands, its tile, the small problem, its multiplications beside the formula's."""

from __future__ import annotations

import re

import numpy as np
import pytest

from symconv import cli
from symconv.exporting import explain_spec
from symconv.kernels import plan_of
from symconv.kernels.compile import kernel_of
from symconv.kernels.schedules.names import NAMES
from symconv.kernels.standing import NEEDS
from symconv.specs import parse_spec

WIDE = "conv2d --size 56 --channels 64,64 --kernel 3 --padding 1 --batch 2"
STRIDED = "conv2d --size 57 --channels 24,32 --kernel 3 --stride 2 --batch 4"
DILATED = "conv2d --size 30 --channels 16,32 --kernel 3 --dilation 2 --batch 2"
SPREAD = "conv2d --size 60 --channels 64,64 --kernel 3 --dilation 2 --batch 2"
PHASED = {"accuracy": "fast", "schedule": "polyphase"}
COMMON = "conv2d --size 56 --channels 64,64 --kernel 3 --stride 2 --dilation 2 --padding 2 --batch 2"
DEEP = "conv2d --size 80 --channels 1,1 --kernel 17 --batch 1"


def plans(spec: str, **choices: str) -> dict[str, str]:
    """The plan of each function."""
    parts = re.split(r"^plan of (\w+)\n", explain_spec(spec, **choices), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def row(plan: str) -> list[str]:
    """The cells of the only row: ..., the formula's multiplications, the schedule's, bytes, schedule."""
    return re.split(r"  +", plan.splitlines()[1])


@pytest.mark.parametrize(
    ("spec", "choices", "function", "schedule", "count"),
    [
        # 14 x 14 tiles of 6 x 6 positions; exact 28 x 28 of 4 x 4
        (WIDE, {"accuracy": "fast"}, "forward", "tiles F(4, 3)", 2 * 64 * 64 * 14 * 14 * 36),
        (WIDE, {}, "forward", "tiles F(2, 3)", 2 * 64 * 64 * 28 * 28 * 16),
        (WIDE, {"accuracy": "fast"}, "grad_kernel", "tiles of taps F(4, 3)", 2 * 64 * 64 * 14 * 14 * 36),
        (WIDE, {"schedule": "direct"}, "forward", "direct", 2 * 64 * 64 * 9 * 56 * 56),
        (WIDE, {"schedule": "direct"}, "grad_kernel", "taps", 2 * 64 * 64 * 9 * 56 * 56),
        # the windows of the adjoint are 58 x 58 in size, all of them whole
        (DILATED, {"schedule": "direct"}, "grad_input", "direct", 2 * 16 * 32 * 9 * 30 * 30),
        # four images of 28 x 28 results: 7 x 7 tiles each
        (SPREAD, {"accuracy": "fast"}, "forward", "sub-images (tiles F(4, 3))", 4 * 2 * 64 * 64 * 7 * 7 * 36),
        # every second entry is read: 28 x 28 results of images of 28 x 28
        (COMMON, {"accuracy": "fast"}, "forward", "tiles F(4, 3)", 2 * 64 * 64 * 7 * 7 * 36),
        (COMMON, {"accuracy": "fast"}, "grad_kernel", "tiles of taps F(4, 3)", 2 * 64 * 64 * 7 * 7 * 36),
        # 28 x 28 results, four phases of 2 x 2 taps: 7 x 7 tiles of 5 x 5 positions
        (STRIDED, PHASED, "forward", "polyphase F(4, 2)", 4 * 24 * 32 * 4 * 49 * 25),
        # all rows of 28 entries and a zero, for the first tap goes one entry further back than the others
        (WIDE + " --stride 2", {}, "grad_input", "col2im", 2 * 64 * 64 * 9 * 28 * 29),
        # 64 x 64 results; sides of 48 have 32 right, as little as one side of 96: 2 x 2 tiles, 48 x 25 complex numbers
        (DEEP, {"schedule": "fourier"}, "forward", "fourier", 4 * (2 * 2) * 48 * 25),
    ],
)  # fmt: skip
def test_the_schedule_and_its_multiplications(spec, choices, function, schedule, count):
    cells = row(plans(spec, **choices)[function])
    assert cells[-1] == schedule
    assert cells[-3] == f"{count:,}"


@pytest.mark.parametrize("spec", [WIDE, STRIDED, DILATED, DEEP])
def test_the_formula_is_counted_as_it_is_written(spec):
    """The product of the extents of all indices, evaluated."""
    for plan in plans(spec, accuracy="fast").values():
        factors, total = row(plan)[4].split(" = ")
        assert np.prod([int(n) for n in factors.split(" * ")]) == int(total.replace(",", ""))


def test_what_is_counted_is_said():
    tiles = "multiplications by schedule, tiles: products of transformed tiles; the transforms are not counted"
    assert tiles in plans(WIDE)["forward"].splitlines()
    spectra = (
        "multiplications by schedule, fourier: four for each product of two spectra; the transforms are not counted"
    )
    assert spectra in plans(DEEP, schedule="fourier")["forward"]
    assert "multiplications by schedule, toeplitz: those with the zeros" in plans(DEEP, schedule="toeplitz")["forward"]
    assert "multiplications by schedule, sparse: at most" in plans(WIDE, schedule="sparse")["forward"]
    assert "multiplications by schedule" not in plans(WIDE, schedule="direct")["forward"]


# -- the small problem -----------------------------------------------------------------------------


def test_a_small_problem_is_named():
    """28 x 28 results of 5 x 5 taps: 25 * 784 entries of columns, and rows of 32 copied whole."""
    small = "conv2d --size 28 --channels 1,6 --kernel 5 --padding 2 --batch 1"
    cells = row(plans(small)["forward"])
    assert cells[-1] == "small problem"
    assert cells[-3] == f"{6 * 25 * (27 * 32 + 28):,}"
    assert row(plans(small, schedule="direct")["forward"])[-1] == "direct"
    large = small.replace("--batch 1", "--batch 32")
    assert "small problem" not in row(plans(large)["forward"])[-1]


def test_an_adjoint_may_be_small_in_part():
    """Of the four phases of a stride, those of two taps have few enough columns; a single tap needs none."""
    cells = row(plans("conv2d --size 40 --channels 64,56 --kernel 3 --stride 2 --padding 1 --batch 2")["grad_input"])
    assert cells[-1] == "2 x direct, 2 x small problem"


def test_open_sizes_say_when_a_problem_is_small():
    said = "by sizes: windows of up to 131,072 entries are a small problem, one matrix product in kept arrays"
    for plan in plans("conv2d").values():
        assert said in plan.splitlines()
        assert row(plan)[-1] == "by sizes, when it runs"
    assert said not in plans("conv2d", schedule="direct")["forward"]


# -- a schedule that is asked for --------------------------------------------------------------------


@pytest.mark.targets  # half a minute
@pytest.mark.parametrize("wanted", ["", *NAMES])
@pytest.mark.parametrize("accuracy", ["exact", "fast"])
def test_what_stands_is_what_runs(wanted, accuracy):
    """The names in the plans are those of the first schedules that the compiled function runs; else it is small."""
    for spec in (WIDE, STRIDED, DILATED, DEEP):
        layer = parse_spec(spec, words=True).output
        kernel = kernel_of(layer, (), accuracy, wanted)
        table, ran = kernel.function.__globals__["_SCHEDULES"], []
        before = dict(table)
        for name, run in before.items():
            table[name] = lambda *rest, name=name, run=run, ran=ran: (ran.append(name), run(*rest))
        arrays = ((leaf.name, leaf.shape) for leaf, _ in kernel.written.interface.arrays)
        kernel({name: np.ones([n.as_int for n in shape], np.float32) for name, shape in arrays})
        table.update(before)
        said = row(str(plan_of(layer, "", accuracy, wanted)).split("\n", 1)[1])[-1]
        assert re.split(r" F\(| \(", said)[0] == [*ran, "small problem"][0]


CANNOT = [
    (STRIDED, "tiles", "grad_kernel", "cannot compute this; it needs a stride and a dilation of 1", "taps"),
    (STRIDED, "fourier", "forward", "cannot compute this; it needs a stride and a dilation of 1", "direct"),
    (STRIDED, "shifted", "forward", "cannot compute this; it needs a stride of 1 down the rows", "direct"),
    (STRIDED, "sub-images", "forward", "cannot compute this; it needs a dilation above 1 and a stride of 1", "direct"),
    (STRIDED, "side by side", "forward", "cannot compute this; it needs several images of at most 512 KB", "direct"),
    (WIDE, "toeplitz", "forward", "cannot compute this; it needs one channel and one output", "tiles F(2, 3)"),
    (WIDE, "col2im", "forward", "cannot compute this; it needs an adjoint in float32 or float64", "tiles F(2, 3)"),
    (WIDE, "spread taps", "forward", "cannot compute this; it needs a gradient by a kernel", "tiles F(2, 3)"),
    (WIDE, "polyphase", "forward", "cannot compute this; it needs a stride above 1", "tiles F(2, 3)"),
    (
        *(STRIDED, "tiles", "grad_input", "computes 3 of 4 parts; it needs a stride and a dilation of 1"),
        "tiles F(2, 2), tiles F(2, 2) down, tiles F(2, 2) across, direct",
    ),
]


@pytest.mark.parametrize(("spec", "wanted", "function", "message", "stands"), CANNOT)
def test_a_schedule_that_cannot_is_told_with_what_stands(spec, wanted, function, message, stands):
    found = plans(spec, schedule=wanted)[function]
    (said,) = (line for line in found.splitlines() if line.startswith("schedule "))
    assert said.startswith(f"schedule {wanted}, step 1: {message}")
    assert said.endswith(f"; what stands, by sizes: {stands}")
    assert row(found)[-1] == stands


def test_what_can_needs_no_word():
    assert "schedule tiles" not in plans(WIDE, schedule="tiles", accuracy="fast")["grad_kernel"]
    assert set(NEEDS) == set(NAMES)


def test_other_steps_and_open_sizes():
    said = "schedule tiles: no step is a sum over windows, which schedules are for; the plan stands without it"
    assert said in plans("maxpool2d --size 8 --kernel 2", schedule="tiles")["forward"].splitlines()
    assert row(plans("conv2d", schedule="tiles")["forward"])[-1] == "tiles where it fits, else by sizes, when it runs"


def test_a_schedule_of_adjoints_is_none_of_other_steps():
    found = plans("conv2d", schedule="col2im")
    said = "schedule col2im, step 1: cannot compute this; it needs an adjoint in float32 or float64"
    for name in ("forward", "grad_kernel"):
        assert row(found[name])[-1] == "by sizes, when it runs"
        assert said in found[name]
    assert row(found["grad_input"])[-1] == "col2im where it fits, else by sizes, when it runs"
    assert said not in found["grad_input"]


def test_a_type_that_is_computed_otherwise_has_a_line():
    """17 taps and more are spectra in float64, 19 and more in float32."""
    found = plans(DEEP.replace("--kernel 17", "--kernel 18").replace("80", "90"))["forward"]
    assert row(found)[-1] == "toeplitz"
    assert re.search(r"^step 1 in float64: fourier, [\d,]+ multiplications$", found, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--schedule", "fastest"], "schedule: 'fastest'; expected direct, .*; choose one of these"),
        (["--target", "c", "--schedule", "tiles"], "target c: --schedule or --accuracy; expected numpy or dask"),
        (["--target", "numba", "--accuracy", "fast"], "target numba: --schedule or --accuracy; expected numpy or dask"),
    ],
)
def test_the_command_refuses_what_export_refuses(arguments, message, capsys):
    assert cli.main(["export", "conv1d", "--explain", *arguments]) == 64
    assert re.match(f"symconv: {message}", capsys.readouterr().err)


def test_the_command_hands_the_schedule_on(capsys):
    assert cli.main(["export", *WIDE.split(), "--explain", "--schedule", "direct", "--wrt", "input"]) == 0
    assert row(capsys.readouterr().out.split("plan of forward\n")[1])[-1] == "direct"
    assert cli.main(["export", "conv1d", "--explain", "--target", "dask"]) == 0
    said = "these are the plans for whole arrays; each tile has one of its own, by its sizes\n"
    assert capsys.readouterr().out.endswith(said)


PIECES = "in pieces of some rows"


@pytest.mark.parametrize(
    ("target", "choices", "ways"),
    [
        ("c", {}, {PIECES}),
        ("c", {"accuracy": "fast"}, {f"tiles {t} where they fit, else {PIECES}" for t in ("F(4, 3)", "F(3, 4)")}),
        ("numba", {}, {"compiled loops"}),
        ("array-api", {}, {"by the array library"}),
    ],
)
def test_each_target_has_plans_of_its_own(target, choices, ways):
    """Two images, 64 channels twice, 9 taps, 56 x 56 results; 4 bytes for each entry of the three arrays."""
    found = plans(WIDE, target=target, **choices)
    assert list(found) == ["forward", "grad_kernel", "grad_input"]
    assert {row(plan)[-1] for plan in found.values()} == ways
    for plan in found.values():
        assert row(plan)[-3].endswith(f" = {2 * 64 * 64 * 9 * 56 * 56:,}")
        assert row(plan)[-2] == f"{4 * (2 * 2 * 64 * 56 * 56 + 64 * 64 * 9):,}"
        assert "by schedule" not in plan
        assert re.search(r"^working memory: (at most 4 MB|arrays with zeros|what the library)", plan, re.MULTILINE)


def test_plans_of_c_name_what_is_no_product():
    pooled = plans("maxpool2d --kernel 2,2 --stride 2", target="c")
    assert [row(plan)[-1] for plan in pooled.values()] == ["one axis after the other"] * 2
    assert row(plans("dense", target="c")["forward"])[-4:-2] == ["plain loops", "n * m"]
    windows, greatest = plans(r"y_i = \max_{0 \le k \le 1} x_{i+k} w_k", target="c")["forward"].splitlines()[1:3]
    assert re.split("  +", windows)[-4:-2] == ["plain loops", "length_y * 2"]
    assert re.split("  +", greatest)[3:] == ["maximum", "0", "4 * 2 * length_y + 4 * length_y", "tap by tap"]


def test_the_plan_of_straight_line_code_counts_its_multiplications():
    """Four windows of four taps; the sum of two of three entries takes none."""
    found = plans("conv2d --channels 1,1 --kernel 2 --size 3 --batch 1", target="sympy")
    assert [row(plan)[-3:] for plan in found.values()] == [["16", "68", "straight-line code"]] * 3
