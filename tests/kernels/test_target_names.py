"""What holds of every target: names in comments leave the code as it is; choices it does not have are refused."""

from __future__ import annotations

import subprocess
import sys

import pytest

from symconv.calculus.gradient import gradient, upstream
from symconv.errors import UsageError
from symconv.exporting import export_files
from symconv.kernels import Export, ModuleWriter
from symconv.kernels.targets.array_api import ArrayModule
from symconv.kernels.targets.c import CModule
from symconv.kernels.targets.dask import DaskModule
from symconv.kernels.targets.numba import NumbaModule
from symconv.term.polynomial import Poly
from symconv.term.tensor import define
from symconv.term.value import Range, multiply, total
from tests.kernels.build import leaf, sizes

n, r = sizes("n r")
x, w = leaf("x", n), leaf("w", r)
QUOTED = define(
    'x"', (n - r + 1,), lambda i: total((Range.upto("a", r),), multiply(w[Poly.of("a")], x[i + Poly.of("a")]))
)


@pytest.mark.parametrize("writer", [ModuleWriter, ArrayModule, NumbaModule, DaskModule, CModule])
def test_a_quotation_mark_in_a_name_hides_no_size(writer, tmp_path):
    """Every name that a function reads is bound: sizes are left out only where no line reads them."""
    gradients = {t.name: gradient(QUOTED, t, upstream(QUOTED)) for t in (x, w)}
    path = tmp_path / "kernels.py"
    path.write_text(writer(Export(QUOTED, gradients, "A title")).files()[".py"])
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F821", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("target", "choice"),
    [(t, {"schedule": "direct"}) for t in ("c", "numba", "array-api", "sympy")]
    + [(t, {"accuracy": "fast"}) for t in ("numba", "array-api", "sympy")],
)
def test_a_choice_that_a_target_does_not_have_is_refused(target, choice):
    message = f"target {target}: --schedule or --accuracy; expected numpy or dask with these, c with an accuracy; leave"
    with pytest.raises(UsageError, match=f"^{message}"):
        export_files("conv1d", target=target, **choice)
