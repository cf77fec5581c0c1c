"""The symbols of a document in a solution: names of gradients, index base 1, turned kernels, the letter of the loss."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.signal import convolve2d

from symconv.cli import main
from symconv.errors import InputError, UsageError
from symconv.judging import verify_text
from symconv.proof.evaluate import World
from symconv.proof.verdict import Status
from symconv.solving import solve_spec
from symconv.term.polynomial import Poly

SYMBOLS = """The turned kernel is $W_{rot}$.

```symconv
base 1
size H_K W_K N M
tensor A[N,M] W[H_K,W_K]
define Z = correlate(A, W)
upstream dLZ = Z
upstream \\eta = W
loss E(Z)
outside zero
```
"""


@pytest.fixture
def symbols(tmp_path: Path) -> str:
    path = tmp_path / "notes.md"
    path.write_text(SYMBOLS.split("\n\n", 1)[1] + "\n" + SYMBOLS.split("\n", 1)[0])
    return str(path)


@pytest.mark.parametrize("spec", ["conv2d", "conv2d --stride 2 --padding 1"])
def test_a_page_in_the_symbols_of_a_document_is_proved_and_read_back(spec: str, symbols: str) -> None:
    solution = solve_spec(spec, symbols=symbols)
    assert solution.proved
    page = solution.to_markdown()
    for said in (r"\sum_{u=1}^{H_{K}}", r"\eta_{a, b} =", "dLZ_{i, j}", r"\partial E", "Indices begin at 1", "W_{rot}"):
        assert said in page
    for other in (r"\partial L", "X_{", "rot180}(W), ", "begin at 0"):
        assert other not in page
    report = verify_text(page)
    assert report.exit_code == 0, str(report)
    assert sum(f.status is Status.PROVED for f in report.formulas) >= 8


def test_the_moved_lines_have_the_entries_of_numpy(symbols: str) -> None:
    """Row a of the gradient by the image is row a - 1 of the full convolution of dLZ with the kernel."""
    _, by_image = solve_spec("conv2d", symbols=symbols).derivations
    world = World({"N": 4, "M": 5, "H_K": 2, "W_K": 3}, seed=3)
    leaves = {t.name: t for line in by_image.lines for t in _leaves(line.step.value)}
    up, kernel = (
        np.array([[world.entry(leaves[name], (i + 1, j + 1)) for j in range(3)] for i in range(n)], dtype=object)
        for name, n in (("dLZ", 3), ("W", 2))
    )
    expected = convolve2d(up.astype(float), kernel.astype(float))
    for line in by_image.lines[1:]:
        found = [[world.value(line.step.value, {"a": a, "b": b}) for b in range(1, 6)] for a in range(1, 5)]
        np.testing.assert_allclose(np.array(found, dtype=float), expected)


def _leaves(value):  # type: ignore[no-untyped-def]
    from symconv.term.tensor import Leaf, tensors_in

    return [t for t in tensors_in(value) if isinstance(t, Leaf)]


def test_what_brackets_gave_counts_from_the_base(symbols: str) -> None:
    """i + u = a + 1 from 1 on."""
    _, by_image = solve_spec("conv1d", symbols=_one_axis(symbols)).derivations
    (pick,) = (line.step for line in by_image.lines if line.step.rule == "pick")
    assert pick.picked == (("i", Poly.of("a") + 1 - Poly.of("u")),)


def _one_axis(symbols: str) -> str:
    path = Path(symbols)
    path.write_text(path.read_text().replace("A[N,M] W[H_K,W_K]", "A[N] W[H_K]").replace("H_K W_K N M", "H_K N"))
    return symbols


def test_a_document_of_operations_counts_from_its_own_base(tmp_path: Path) -> None:
    path = tmp_path / "own.md"
    path.write_text(
        "```symconv\nbase 1\ntensor X[n] K[r]\ndefine F = correlate(X, K)\nupstream \\delta = F\nloss E(F)\n"
        "outside zero\nfind dE/dX\n```\n"
    )
    page = solve_spec(str(path)).to_markdown()
    assert r"F_{i} = \sum_{u=1}^{r} K_{u} X_{i+u-1}" in page
    assert r"\tilde \delta = \operatorname{pad}(\delta, r - 1)" in page
    assert verify_text(page).exit_code == 0


def test_taps_of_a_maximum_count_from_0(symbols: str) -> None:
    solution = solve_spec("maxpool2d", symbols=symbols)
    assert solution.proved
    assert "Indices begin at 0" in solution.to_markdown()


def test_rows_are_stacked_where_the_document_says_so(tmp_path: Path) -> None:
    path = tmp_path / "own.md"
    path.write_text(
        "```symconv\ntensor X[3,4] K[2,2]\ndefine F = correlate(X, K)\nvec rows\noutside zero\n"
        "find matrix F by X\n```\n"
    )
    assert "vec rows" in solve_spec(str(path)).to_markdown()


def test_what_does_not_fit_is_refused(symbols: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"Z with 2 axes; expected 3, as many as the F of what is solved"):
        solve_spec("conv2d --channels C,O", symbols=symbols)
    bare = tmp_path / "bare.md"
    bare.write_text("$x$")
    with pytest.raises(UsageError, match="no declaration block; expected a block that declares symbols"):
        solve_spec("conv1d", symbols=str(bare))
    with pytest.raises(InputError, match=r"no document; expected a \.md, \.tex or \.ipynb with a block"):
        solve_spec("conv1d", symbols=str(tmp_path))
    asking = tmp_path / "asking.md"
    asking.write_text("```symconv\ntensor x[n]\ndefine y = vec(x)\nloss L(y)\nfind dL/dx\n```\n")
    with pytest.raises(UsageError, match="a document with `find` lines beside it; expected an operation"):
        solve_spec(str(asking), symbols=symbols)
    clash = tmp_path / "clash.md"
    clash.write_text("```symconv\ntensor A[r] W[n]\ndefine Z = correlate(A, W)\n```\n")
    assert solve_spec("conv1d", symbols=str(clash)).proved


def test_the_command_takes_symbols(symbols: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["solve", "conv2d", "--wrt", "A", "--symbols", symbols]) == 0
    assert "dLZ" in capsys.readouterr().out
