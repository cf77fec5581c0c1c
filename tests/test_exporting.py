"""What the docstring of an exported module says: every name defined, no index called like a tensor, no sum twice."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import symconv as sc
from symconv import export
from symconv.errors import UsageError
from symconv.exporting import explain_spec
from symconv.judging import verify_text
from symconv.solving import solve_spec

LAYERS = """```symconv
tensor X[H,W] K[r,c] M[q,t]
function f
define z = correlate(X, K)
define a = f(z)
define y = correlate(a, M)
loss L(y)
outside zero
find dL/dX, dL/dK
```
"""
SQUARE = r"y_i = \sum_{k=0}^{r-1} w_k^2 x_{i+k}"


def formulas(source: str) -> list[str]:
    """The formulas of a docstring, without verdicts."""
    lines = " ".join(source.split('"""')[1].split()).replace(" grad_", "\ngrad_").replace(" output[", "\noutput[")
    return [line for line in lines.splitlines() if re.match(r"(grad_\w+|output)\[", line)]


def test_every_tensor_of_a_formula_is_defined_and_no_index_is_called_like_one(tmp_path: Path) -> None:
    document = tmp_path / "layers.md"
    document.write_text(LAYERS)
    text = export(str(document)).split('"""')[1]
    left = dict(re.findall(r"^(?:\w+: proved for all sizes: )?(\w+)\[([^]]*)\] = ", text, re.MULTILINE))
    assert {"z", "a", "output", "grad_X", "grad_K"} == set(left)
    assert not {"z", "a", "X", "K", "M"} & {index for places in left.values() for index in places.split(", ")}
    assert not {"z", "a", "X", "K", "M"} & set(re.findall(r"sum_\{(\w+)", text))


def test_equal_sums_are_added_up_and_the_factor_is_right() -> None:
    source = export(SQUARE)
    (gradient,) = (line for line in formulas(source) if line.startswith("grad_w"))
    assert gradient.count("sum_") == 1
    assert "= 2 sum_" in gradient
    namespace: dict[str, object] = {"__name__": "exported"}
    exec(source, namespace)  # noqa: S102
    rng = np.random.default_rng(4)
    w, x, upstream, step = rng.random(3), rng.random(8), rng.random(6), 1e-6
    forward, grad_w = namespace["forward"], namespace["grad_w"]
    for k, bump in enumerate(np.eye(3) * step):
        slope = (forward(w + bump, x) - forward(w - bump, x)) @ upstream / (2 * step)  # type: ignore[operator]
        assert abs(grad_w(upstream, w, x)[k] - slope) < 1e-6  # type: ignore[operator]


def test_a_page_adds_up_equal_sums_and_is_read_back() -> None:
    solution = solve_spec(SQUARE, "w")
    assert solution.derivations[0].lines[-1].step.rule == "like terms"
    assert solution.proved
    assert verify_text(solution.to_markdown()).exit_code == 0


def test_a_network_with_max_pooling_and_vec_is_proved_stage_by_stage(tmp_path: Path) -> None:
    """The sum over all paths is out of the prover's reach; each stage is not, and the numbers are right."""
    H, W, r, M = sc.sizes("H W r M")
    X, K = sc.tensor("X", H, W), sc.tensor("K", r, r)
    pooled = sc.pool(sc.apply("relu", sc.correlate(X, K)), (2, 3), stride=(1, 2))
    flat = sc.vec(pooled)
    source = sc.export(sc.dense(sc.tensor("D", M, flat.shape[0]), flat))
    assert re.search(r"^K: proved for all sizes: stage by stage, 5 stages$", source, re.MULTILINE)
    path = tmp_path / "network.py"
    path.write_text(source)
    run = subprocess.run([sys.executable, str(path), "--self-test"], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout
    assert "grad_K(" in run.stdout


def test_stated_sizes_that_the_prover_leaves_open_are_proved_entry_by_entry() -> None:
    assert "proved for the sizes stated" in sc.export(sc.vec(sc.pool(sc.tensor("X", 4, 6), (2, 2))))


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"accuracy": "Fast"}, "accuracy: 'Fast'; expected exact or fast; choose one of these"),
        ({"accuracy": None}, "accuracy: None; expected exact or fast; choose one of these"),
        ({"accuracy": ["exact"]}, r"accuracy: \['exact'\]; expected exact or fast; choose one of these"),
        ({"schedule": "foo"}, "schedule: 'foo'; expected direct, .*, col2im; choose one of these, or leave it out"),
        ({"schedule": None}, "schedule: None; expected direct, .*, col2im; choose one of these, or leave it out"),
    ],
)
def test_export_and_compile_refuse_the_same_choices(choice: dict[str, Any], message: str) -> None:
    n, k = sc.sizes("n k")
    f = sc.correlate(sc.tensor("x", n), sc.tensor("w", k))
    for call in (f.compile, lambda **chosen: sc.export(f, **chosen)):
        with pytest.raises(UsageError, match=f"^{message}$"):
            call(**choice)


@pytest.mark.parametrize("wrt", [[], (), 3, ["input", 3]])
def test_gradients_by_nothing_are_refused(wrt: Any) -> None:
    message = f"wrt: {wrt!r}; expected the name of a tensor, or several; name one, or leave it out for all"
    for call in (export, explain_spec):
        with pytest.raises(UsageError, match=f"^{re.escape(message)}$"):
            call("conv1d", wrt)
