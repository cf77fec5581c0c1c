"""Worked solutions: every line proved, the page read back and proved again, the instance right."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from symconv.errors import SizeError, UsageError
from symconv.judging import verify_text
from symconv.proof.evaluate import World
from symconv.proof.verdict import Status
from symconv.solving import solve_spec
from symconv.term.polynomial import Poly

SPECS = [
    "conv1d",
    "conv2d",
    "conv3d",
    "conv2d --stride 2 --padding 1",
    "conv2d --stride s --padding p --dilation d",
    "conv1d --padding 1:2 --stride 3",
    "convolution2d",
    "conv2d --mode full",
    "conv2d --channels C,O",
    "conv2d --channels 4,6 --groups 2",
    "conv2d --channels C,O --bias",
    "depthwise2d",
    "transposed1d --stride 2",
    "maxpool1d --kernel 2",
    "avgpool2d",
    "dense --bias",
    "activation",
    "activation --function sigmoid",
    "softmax",
    r"y_i = \sum_{k=0}^{r-1} w_k x_{s i + d k}",
]


@pytest.mark.parametrize("spec", SPECS)
def test_every_line_is_proved_and_the_page_is_read_back(spec: str) -> None:
    solution = solve_spec(spec)
    assert solution.proved, [str(n.verdict) for d in solution.derivations for n in d.lines if not n.verdict]
    report = verify_text(solution.to_markdown())
    statuses = {f.formula.id: str(f.worst.verdict) if f.worst else "" for f in report.formulas}
    assert report.exit_code == 0, statuses
    proved = [f for f in report.formulas if f.status is Status.PROVED]
    assert len(proved) >= 2 or spec == "softmax"


@pytest.mark.parametrize("spec", SPECS)
def test_every_line_evaluates_equal_to_the_line_before(spec: str) -> None:
    """The referee: at fixed sizes, without the prover."""
    from symconv.proof.deciding import Effort, Survey
    from symconv.proof.evaluate import differ
    from symconv.proof.problem import equation
    from symconv.term.tensor import ranges_of

    for derivation in solve_spec(spec).derivations:
        free = ranges_of(derivation.gradient, derivation.gradient.parameters)
        values = [line.step.value for line in derivation.lines]
        for before, after in pairwise(values):
            survey = Survey(equation(before, after, free), Effort())
            sizes = [z for z in survey.tuples().upto(16) if survey.admits(z)][:12]
            assert sizes
            for choice in sizes:
                world = World(choice, seed=7, values=(before, after))
                for at in survey.positions(world):
                    assert not differ(world.value(before, at), world.value(after, at))


def test_the_page_of_the_input_gradient_says_what_a_teacher_would() -> None:
    page = solve_spec("conv2d", "X").to_markdown()
    for words in ("chain rule adds up", "The kernel is rotated by 180 degrees", "H >= r", "### An instance"):
        assert words in page
    assert r"\operatorname{corr}(\tilde{G}, \operatorname{rot180}(K))" in page
    assert "dL/dF_" not in page


def test_the_steps_come_in_order() -> None:
    (derivation,) = solve_spec("conv2d --stride s", "X").derivations
    rules = [line.step.rule for line in derivation.lines]
    assert rules == [
        "chain rule",
        "derivative inside the sums",
        "delta",
        "zero-stuffing",
        "change of variable",
        "names",
        "closed form",
    ]


def test_the_closed_form_of_a_strided_layer_against_loops() -> None:
    (derivation,) = solve_spec("conv1d --stride 3 --padding 1", "X").derivations
    world = World({"H": 8, "r": 4})
    upstream = {i: world.entry(derivation.gradient.call.operands[2], (i,)) for i in range(3)}  # type: ignore[union-attr]
    kernel = {u: world.entry(next(iter(_leaves(derivation, "K"))), (u,)) for u in range(4)}
    expected = np.zeros(8, dtype=object)
    for i, g in upstream.items():
        for u, k in kernel.items():
            if 0 <= 3 * i + u - 1 < 8:
                expected[3 * i + u - 1] += g * k
    form = derivation.lines[-1].step.value
    assert [world.value(form, {"a": a}) for a in range(8)] == list(expected)


def _leaves(derivation: object, name: str) -> list:  # type: ignore[type-arg]
    from symconv.term.tensor import tensors_in
    from symconv.term.value import Entry

    gradient = derivation.gradient  # type: ignore[attr-defined]
    entry = Entry(gradient, tuple(map(Poly.of, gradient.parameters)))
    return [t for t in tensors_in(entry) if t.name == name]


def test_brief_shows_fewer_lines() -> None:
    full, brief = (solve_spec("conv2d", "X", level=level).to_markdown() for level in ("full", "brief"))
    assert len(brief) < len(full) / 2
    assert r"\operatorname{corr}" in brief


def test_the_sizes_of_the_instance() -> None:
    page = solve_spec("conv1d", "K", {"H": 4, "r": 2}).to_markdown()
    assert "`H = 4, r = 2`" in page or "`r = 2, H = 4`" in page


def test_wrong_input_says_what_to_change() -> None:
    with pytest.raises(UsageError, match=r"operation 'conv2'.*did you mean conv2d"):
        solve_spec("conv2")
    with pytest.raises(UsageError, match=r"no tensor weights.*one of"):
        solve_spec("conv2d", "weights")
    with pytest.raises(SizeError, match=r"H.*expected"):
        solve_spec("conv1d", None, {"H": 1, "r": 3})
    with pytest.raises(UsageError, match=r"no size Q; expected one of"):
        solve_spec("conv1d", None, {"Q": 1})
    with pytest.raises(UsageError, match="'brief' or 'full'"):
        solve_spec("conv1d", level="short")
    with pytest.raises(SizeError, match="at least 1"):
        solve_spec("conv1d --stride 0")
    with pytest.raises(SizeError, match="multiple of the groups"):
        solve_spec("conv2d --channels 3,4 --groups 2")
