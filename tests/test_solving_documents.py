"""Documents with operations in operations: the page names what it cannot show, and holds when it is read back."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TypeAlias

import numpy as np
import pytest

from symconv.judging import verify_text
from symconv.kernels import compile_tensor
from symconv.proof.verdict import Status
from symconv.read.reader import read_document
from symconv.solution import Solution
from symconv.solving import solve_spec

BLOCK = """```symconv
tensor X[H,W] K[r,c] Z[C,H,W] D[C,r,c] x[n] y[m] k[r] w[n] M[q,t]
function f
function \\phi = relu
{}
loss L({})
outside zero
find {}
```
"""
DOCUMENTS = {
    "toeplitz of a vector": ("define T = toeplitz(k, n)", "T", "dL/dk"),
    "toeplitz": ("define T = toeplitz(K, (H, W))", "T", "dL/dK"),
    "toeplitz of a square": ("define T = toeplitz(K, (H, H))", "T", "dL/dK"),
    "softmax, named": ("define s = softmax(x)\ndefine l = cross_entropy(s, w)", "s", "dL/dx"),
    "softmax": ("define l = cross_entropy(softmax(x), w)", "l", "dL/dx"),
    "concatenate": ("define q = concatenate(x, y)", "q", "dL/dx, dL/dy"),
    "depthwise": ("define F = depthwise(Z, D, stride=2, padding=1)", "F", "dL/dZ, dL/dD"),
    "pool_average": ("define P = pool_average(X, window=2, padding=1)", "P", "dL/dX"),
    "pool_max of a function": ("define P = pool_max(f(correlate(X, K)), window=2)", "P", "dL/dX, dL/dK"),
    "two layers": ("define z = correlate(X, K)\ndefine a = f(z)\ndefine Y = correlate(a, M)", "Y", "dL/dX, dL/dK"),
    "a layer, pooled": ("define z = correlate(X, K)\ndefine a = f(z)\ndefine Y = pool_average(a, 2)", "Y", "dL/dX"),
    "vec": ("define v = vec(correlate(X, K))", "v", "dL/dX"),
    "a known function": ("define P = \\phi(correlate(X, K))", "P", "dL/dX"),
}
Solved: TypeAlias = Callable[[str], Solution]


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Solved:
    """The solution of a document; each is solved once."""

    @cache
    def of(name: str) -> Solution:
        document = tmp_path_factory.mktemp("notes") / "note.md"
        document.write_text(BLOCK.format(*DOCUMENTS[name]))
        return solve_spec(str(document))

    return of


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_page_is_read_back(name: str, solved: Solved) -> None:
    solution = solved(name)
    assert solution.proved
    report = verify_text(solution.to_markdown())
    assert report.exit_code == 0, str(report)
    assert any(f.status is Status.PROVED for f in report.formulas)


def test_what_has_no_name_is_given_one_and_defined_before_it_is_used(solved: Solved) -> None:
    page = solved("pool_max of a function").to_markdown()
    lines = [line for line in page.splitlines() if line.startswith("define")]
    assert lines == ["define Z = correlate(X, K)", "define A = f(Z)", "define P = pool_max(A, 2, stride=2)"]
    assert "apply" not in page


def test_the_tensor_that_the_page_defines_is_the_one_that_the_document_defines(solved: Solved) -> None:
    """The referee: NumPy on the page's own block."""
    page = solved("pool_max of a function").to_markdown().replace("function f", "function f = tanh", 1)
    output = read_document(page, "md").tensors["P"]
    rng = np.random.default_rng(5)
    X, K = rng.standard_normal((5, 6)), rng.standard_normal((2, 3))
    windows = np.lib.stride_tricks.sliding_window_view(X, (2, 3))
    activated = np.tanh(np.einsum("ijuv,uv->ij", windows, K))
    expected = activated.reshape(2, 2, 2, 2).max(axis=(1, 3))
    np.testing.assert_allclose(compile_tensor(output)(X=X, K=K), expected, rtol=1e-12)


def test_a_kernel_turned_in_its_last_axes_only_is_not_shown_as_if_it_were_turned_whole() -> None:
    page = solve_spec("depthwise2d").to_markdown()
    assert verify_text(page).exit_code == 0
    assert "define F = depthwise(X, K)" in page
