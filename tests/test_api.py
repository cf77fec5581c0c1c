"""The Python interface, used as its users do."""

from __future__ import annotations

import itertools
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy

import symconv as sc
from symconv.errors import UsageError
from symconv.proof.verdict import Status

H, W, r, c = sc.sizes("H W r c")
i, j, u, v = sc.indices("i j u v")
X, K = sc.tensor("X", H, W), sc.tensor("K", r, c)
F = sc.correlate(X, K)
G = sc.upstream(F, "G")
dX, dK = sc.gradient(F, X, G), sc.gradient(F, K, G)


def test_the_example_of_the_design() -> None:
    H, W, r, c = sc.sizes("H W r c")
    X, K = sc.tensor("X", H, W), sc.tensor("K", r, c)
    F = sc.correlate(X, K, stride=1, padding=0, dilation=1)
    G = sc.upstream(F, "G")
    dX = sc.gradient(F, X, G)
    v = sc.prove(dX, sc.correlate(sc.pad(G, (r - 1, c - 1)), sc.rot180(K)))
    assert v.status is sc.Status.PROVED
    assert (v.scope, v.counterexample, v.condition) == ("all sizes", None, None)
    assert v.certificate is not None
    assert sc.prove(dX, dX, assuming=[H >= r])  # noqa: SIM300
    assert repr(sc.closed_form(dX)) == "corr(pad(G, (r-1, c-1)), rot180(K))"
    assert dX.entries(H=3, W=4, r=2, c=2).shape == (3, 4)

    def my_function(G: np.ndarray, K: np.ndarray) -> np.ndarray:
        padded = np.pad(G, [(n - 1, n - 1) for n in K.shape])
        return np.einsum("ijuv,uv->ij", np.lib.stride_tricks.sliding_window_view(padded, K.shape), K)

    found = sc.compare(my_function, dX)
    assert found.status is sc.Status.REFUTED
    assert found.counterexample.exact_sum == "G[0, 0]*K[0, 0]"
    assert sc.compare(lambda G, K: my_function(G, K[::-1, ::-1]), dX)


# -- proof ----------------------------------------------------------------------------


def test_a_wrong_claim_has_a_counterexample() -> None:
    verdict = sc.prove(dX, sc.correlate(sc.pad(G, (r - 1, c - 1)), K))
    assert verdict.status is Status.REFUTED
    found = verdict.counterexample
    assert found is not None
    assert sum(found.sizes.values()) == 6
    assert found.exact_sum == "G[0, 0]*K[0, 0]"
    assert found.claimed_sum.startswith("G[0, 0]*K[")


def test_a_formula_keeps_its_own_index_names() -> None:
    """y_a = sum_i w_i x_{a+i}: the sum's i is not the name that the first axis gets."""
    n, r = sc.sizes("n r")
    x, w = sc.tensor("x", n), sc.tensor("w", r)
    y = sc.define("y", [n - r + 1], lambda a: sc.total(w[i] * x[a + i], (i, 0, r - 1)))
    given = {"x": np.array([1.0, 2.0, 4.0, 8.0]), "w": np.array([1.0, -3.0])}
    assert y.compile()(**given).tolist() == np.correlate(given["x"], given["w"], "valid").tolist()
    assert sc.prove(y, sc.correlate(x, w))


def test_sympy_index_expressions_stand_on_either_side() -> None:
    n, r = sc.sizes("n r")
    x, w, k = sc.tensor("x", n), sc.tensor("w", r), sc.indices("k")
    data, taps = sympy.IndexedBase("x"), sympy.IndexedBase("w")
    assert sc.prove(sympy.Sum(data[k], (k, 0, n - 1)), sc.total(x[n - 1 - k], (k, 0, n - 1)))
    turned = sympy.Sum(taps[r - 1 - k] * data[i + r - 1 - k], (k, 0, r - 1))
    assert sc.prove(sc.correlate(x, w), turned)
    wrong = sc.prove(sympy.Sum(taps[k] * data[i + r - 1 - k], (k, 0, r - 1)), sc.correlate(x, w))
    assert wrong.counterexample.sizes == {"n": 2, "r": 2}


def test_verdicts_on_arrays_have_the_parts_of_the_others() -> None:
    a, b = sympy.symbols("a b")
    right = sc.prove(sympy.Array([a + a]), sympy.Array([2 * a]))
    assert (right.status, right.scope, right.counterexample) == (sc.Status.PROVED, "the sizes stated", None)
    wrong = sc.prove(sympy.Array([a, b]), sympy.Array([a, a]))
    found = wrong.counterexample
    assert (wrong.status, found.at, found.claimed, found.exact) == (sc.Status.REFUTED, (1,), a, b)
    assert (wrong.certificate, wrong.condition) == (None, None)


def test_ties_are_tried() -> None:
    """Of equal maxima the first wins, from whichever end one looks: at n = 2 and x = (1, 1) the two differ."""
    n = sc.sizes("n")
    x = sc.tensor("x", 2 * n)
    first = sc.pool_max(x, 2)
    last = sc.flip(sc.pool_max(sc.flip(x, [0]), 2), [0])
    G = sc.upstream(first, "G")
    found = sc.prove(sc.gradient(first, x, G), sc.gradient(last, x, G))
    assert found.status is Status.REFUTED
    numbers = found.counterexample.numbers
    assert numbers["x[0]"] == numbers["x[1]"]
    assert "where G[0] = " in str(found)


@pytest.mark.parametrize("name", list("abcdefgh"))
def test_the_verdict_does_not_depend_on_a_name(name: str) -> None:
    x = sc.tensor(name, 1)
    assert sc.prove(sc.apply("relu", x), x).status is Status.REFUTED


def test_hypotheses_on_remainders_that_contradict_each_other() -> None:
    n = sc.sizes("n")
    x = sc.tensor("x", n)
    verdict = sc.prove(x, x, assuming=[sympy.Eq(n % 2, 0), sympy.Eq(n % 2, 1)])
    assert verdict.status is Status.ILL_FORMED


@pytest.mark.parametrize(("limit", "least"), [(100, 100), (1000, 1000)])
def test_a_claim_that_is_false_far_out_is_refuted_there(limit: int, least: int) -> None:
    n = sc.sizes("n")
    x = sc.tensor("x", n)
    verdict = sc.prove(x[0] * sc.bracket(n < limit), x[0])
    assert verdict.counterexample.sizes == {"n": least}


def test_what_has_no_value_anywhere_is_not_checked() -> None:
    x = sc.tensor("x", sc.sizes("n"))
    verdict = sc.prove(x[0] / (x[0] - x[0]), 5 * x[0] / x[0])
    assert verdict.status is Status.UNDECIDED
    assert "at no size that was tried both sides have a value" in verdict.message


def test_a_product_that_is_too_long_is_given_up() -> None:
    x = sc.tensor("x", sc.sizes("n"))
    left, right = (x[0] + x[1] + x[2] + x[3]) ** 9, (x[3] + x[2] + x[1] + x[0]) ** 9
    assert "terms; expected at most 10000" in sc.prove(left, right).message


def test_sums_that_are_too_long_to_evaluate_are_left_open() -> None:
    n = sc.sizes("n")
    x, k = sc.tensor("x", n), sc.indices("k")
    verdict = sc.prove(sc.total(x[k], (k, 0, 10**7)), sc.total(x[k], (k, 0, n - 1)))
    assert verdict.status is Status.UNDECIDED


def test_a_claim_that_is_true_under_a_condition() -> None:
    n, k = sc.sizes("n k")
    x = sc.tensor("x", n)
    verdict = sc.prove(sc.total(x[u], (u, 0, k - 1)), sc.total(x[u], (u, 0, n - 1)))
    assert verdict.status is Status.REFUTED
    assert str(verdict).endswith("true if n = k")


def test_hypotheses_as_sympy_relations() -> None:
    n, k, m = sc.sizes("n k m")
    x = sc.tensor("x", n)
    assert sc.prove(x[k], x[m]).status is Status.REFUTED
    assert sc.prove(x[k], x[m], assuming=[sympy.Eq(k, m)])
    zero = sc.total(0)
    for beyond in (k >= n, k > n - 1, n <= k, n < k + 1):
        assert sc.prove(x[k], zero, assuming=[beyond])
    assert sc.prove(x[k], zero, assuming=[sympy.Ne(k, n)]).status is Status.REFUTED
    assert sc.prove(x[k], zero, assuming=[True]).status is Status.REFUTED


def test_values_in_index_notation() -> None:
    n, s = sc.sizes("n s")
    x, w, k = sc.tensor("x", n), sc.tensor("w", r), sc.indices("k")
    y = sc.define("y", [(n - r) // s + 1], lambda i: sc.total(w[k] * x[s * i + k], (k, 0, r - 1)))
    assert sc.prove(y, sc.correlate(x, w, stride=s))
    assert sc.prove(sc.total(x[k], (k, 0, n - 1)), sc.total(x[n - 1 - k], (k, 0, n - 1)))
    assert sc.to_sympy(y).has(sympy.Sum)


def test_arrays_of_entries() -> None:
    sizes = {"H": 3, "W": 4, "r": 2, "c": 2}
    left = dX.entries(**sizes)
    right = sc.correlate(sc.pad(G, (r - 1, c - 1)), sc.rot180(K)).entries(**sizes)
    assert sc.prove(left, right)
    assert not sc.prove(left, sc.correlate(sc.pad(G, (r - 1, c - 1)), K).entries(**sizes))


def test_entries_over_arrays_of_ones_own() -> None:
    mine = sympy.Array([[1, 2], [3, 4]])
    entries = F.entries({"K": mine}, H=2, W=2, r=2, c=2)
    assert entries[0, 0].free_symbols
    assert str(entries[0, 0]) == "X[0, 0] + 2*X[0, 1] + 3*X[1, 0] + 4*X[1, 1]"


def test_the_sizes_of_a_tensor_are_sympy() -> None:
    assert F.shape == (H - r + 1, W - c + 1)
    assert sc.pad(X, ((1, 2), (0, r))).shape == (H + 3, W + r)
    assert F.ndim == 2


def test_arithmetic_on_tensors() -> None:
    A, B = sc.tensor("A", H, W), sc.tensor("B", H, W)
    assert sc.prove(A + B, B + A)
    assert sc.prove((A - B) * B, A * B - B * B)
    assert sc.tensor("A", H, W) == A
    assert A != B
    assert len({A, B, sc.tensor("A", H, W)}) == 2
    m = sc.tensor("m", W, r)
    assert (A @ m).shape == (H, r)


def test_numbers_scale_tensors_and_values() -> None:
    n = sc.sizes("n")
    x, k = sc.tensor("x", n), sc.indices("k")
    assert sc.prove(2 * x, x + x)
    assert sc.prove(x / 2 + x / 2, x)
    assert sc.prove(-x, x - 2 * x)
    assert sc.prove(n * x, x * n)
    assert sc.prove(x[i] / 2, Fraction(1, 2) * x[i])
    assert sc.prove(-x[i] + n * x[i], (n - 1) * x[i])
    assert sc.prove(sc.total(x[k] ** 2, (k, 0, n - 1)), sc.total(x[k] * x[k], (k, 0, n - 1)))
    assert sc.prove(sc.total(x[k], (k, 0, n - 1)) / n, sc.total(x[k] / n, (k, 0, n - 1)))
    assert sc.prove(1 - (1 - x[i]), x[i])
    assert sc.prove(x[i] ** 0, 1)
    assert str((3 * x).entries(n=2)) == "[3*x[0], 3*x[1]]"
    np.testing.assert_array_equal((x / 4).compile()(x=np.array([1.0, 2.0])), [0.25, 0.5])
    assert str(sc.gradient(3 * x, x, sc.tensor("g", n)).entries(n=1)) == "[3*g[0]]"


def test_a_number_is_an_integer_of_any_kind() -> None:
    assert sc.correlate(X, K, stride=np.int64(2)) == sc.correlate(X, K, stride=2)
    assert sc.tensor("x", np.int64(3)).shape == (3,)
    assert len(sc.tensor("x", 3, H)) == 3


def test_a_single_hypothesis_needs_no_list() -> None:
    n, m = sc.sizes("n m")
    x = sc.tensor("x", n)
    assert sc.prove(x[m], 0, assuming=m >= n)
    assert sc.prove(x[m], 0, assuming=sc.condition(m >= n))
    assert sc.prove(x[m], 0, assuming=(relation for relation in [m >= n]))


def test_max_pooling_sends_its_gradient_to_the_argmax() -> None:
    h, w = sc.sizes("h w")
    x = sc.tensor("x", 2 * h, 3 * w)
    y = sc.pool_max(x, (2, 3))
    g = sc.upstream(y, "g")
    first, second = sc.argmax(y, (i, j))

    def entry(a: sympy.Symbol, b: sympy.Symbol) -> Any:
        hit = sc.bracket((2 * i + first).equals(a), (3 * j + second).equals(b))
        return sc.total(g[i, j] * hit, (i, 0, h - 1), (j, 0, w - 1))

    assert sc.prove(sc.gradient(y, x, g), sc.define("d", [2 * h, 3 * w], entry, ["a", "b"]))
    assert sc.prove(sc.bracket(first >= 0, first <= 1, second < 3, second > -1), 1)
    (only,) = sc.argmax(sc.pool_max(sc.tensor("x", 2 * h), 2), i)
    assert str(-(only - 1) + i * 0) == "-argmax_0(i)+1"
    assert (i - only) == (i - only)


# -- closed forms -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "form"),
    [
        ({}, "corr(pad(G, (r-1, c-1)), rot180(K))"),
        ({"stride": 2}, "corr(pad(stuff(G, 2), "),
        ({"dilation": 2}, "rot180(K), dilation=2)"),
    ],
)
def test_closed_forms_of_the_input_gradient(options: dict[str, int], form: str) -> None:
    f = sc.correlate(X, K, **options)
    assert form in repr(sc.closed_form(sc.gradient(f, X, sc.upstream(f, "G"))))


def test_the_closed_form_of_the_kernel_gradient() -> None:
    found = sc.closed_form(dK)
    assert repr(found) == "corr(X, G)"
    assert sc.prove(dK, found)


# -- numbers --------------------------------------------------------------------------------


def test_compile_and_lambdify_agree() -> None:
    rng = np.random.default_rng(1)
    g, k = rng.normal(size=(4, 6)), rng.normal(size=(3, 2))
    compiled = dX.compile()(G=g, K=k)
    expected = np.zeros((6, 7))
    for p in np.ndindex(g.shape):
        for q in np.ndindex(k.shape):
            expected[p[0] + q[0], p[1] + q[1]] += g[p] * k[q]
    np.testing.assert_allclose(compiled, expected)
    x = rng.normal(size=(5, 6))
    np.testing.assert_allclose(F.compile()(X=x, K=k), F.lambdify()(X=x, K=k))


def test_a_tensor_shows_itself() -> None:
    assert repr(F) == "corr(X, K)"
    assert F._repr_latex_().startswith("$")
    assert "relu" in repr(sc.apply("relu", X))
    assert "Function" not in repr(sc.apply("relu", X))
    assert "\\operatorname{rot180}" in sc.closed_form(dX).expression
    assert "<b>proved</b>" in sc.prove(dK, sc.correlate(X, G))._repr_html_()


def test_every_public_object_is_one_line() -> None:
    n, k = sc.sizes("n"), sc.indices("k")
    x, w = sc.tensor("x", n), sc.tensor("w", r)
    y = sc.define("y", [n - r + 1], lambda i: sc.total(w[k] * x[i + k], (k, 0, r - 1)))
    (place,) = sc.argmax(sc.pool_max(x, 2), (i,))
    shown = {
        "y[i] = sum_{k=0}^{r-1} w[k] x[i+k]": y,
        "x[2*i+k]": x[2 * i + k],
        "sum_{k=0}^{r-1} w[k]": sc.total(w[k], (k, 0, r - 1)),
        "H >= r": sc.condition(r <= H),
        "argmax_0(i)": place,
        "[i >= 1]": sc.bracket(i >= 1),
    }
    for text, item in shown.items():
        assert repr(item) == text
        assert item._repr_latex_().startswith("$\\displaystyle ")
    report = sc.verify("```symconv\ntensor x[n]\n```\n$$x_i = x_i$$\n", form="md")
    (file,), (formula,) = report.files, report.formulas
    assert repr(file) == "<FileReport document: 1 proved>"
    assert repr(formula) == "<FormulaReport eq1: proved>"
    assert repr(formula.links[0]) == "<LinkReport eq1.1: proved for all sizes>"
    assert "document: 1 proved" in report._repr_html_()
    found = sc.compare(lambda x, w: np.correlate(x, w, "valid"), sc.correlate(x, w), farthest=4)
    assert found._repr_html_().startswith("<p><b>checked</b>: &lt;lambda&gt;(x, w) agrees")


# -- the border to SymPy ----------------------------------------------------------------


def test_sympy_and_back() -> None:
    x, w = sympy.IndexedBase("x"), sympy.IndexedBase("w")
    k, n = sc.indices("k"), sc.sizes("n")
    expr = sympy.Sum(w[k] * x[i + k], (k, 0, r - 1))
    xs, ws = sc.tensor("x", n), sc.tensor("w", r)
    value = sc.from_sympy(expr, xs, ws)
    assert sc.prove(value, sc.total(ws[u] * xs[i + u], (u, 0, r - 1)))
    assert sc.prove(sc.from_sympy(sc.to_sympy(value), xs, ws), value)
    assert sc.to_sympy(sc.correlate(xs, ws)).has(sympy.Sum)


# -- the three verbs -------------------------------------------------------------------------


def test_solve() -> None:
    solution = sc.solve("conv1d", wrt="input")
    assert "rot180" in solution.to_markdown()


def test_verify() -> None:
    text = "```symconv\ntensor x[n] w[r]\n```\n$$\\sum_{k=0}^{n-1} x_k = \\sum_{k=0}^{n-1} x_{n-1-k}$$\n"
    report = sc.verify(text, form="md")
    assert report
    assert [f.status for f in report.formulas] == [Status.PROVED]
    wrong = sc.verify(text.replace("x_{n-1-k}", "x_{n-2-k}"), form="md")
    assert not wrong
    assert wrong.exit_code == 1


def test_export(tmp_path: Path) -> None:
    path = tmp_path / "kernels.py"
    path.write_text(sc.export("conv1d --stride 2"), encoding="utf-8")
    run = subprocess.run([sys.executable, str(path), "--self-test"], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "grad_input" in path.read_text(encoding="utf-8")


def test_a_tensor_is_exported_for_every_target() -> None:
    n = sc.sizes("n")
    x, w = sc.tensor("x", n), sc.tensor("w", 3)
    filtered = sc.correlate(x, w)
    for target in ("numpy", "array-api", "c", "dask", "numba"):
        files = sc.export_files(filtered, target=target, stem="filtered")
        assert set(files) == ({".py", ".c"} if target == "c" else {".py"})
        assert "def grad_w(" in files[".py"]
    assert sc.export_files(filtered) == {".py": sc.export(filtered)}
    with pytest.raises(UsageError, match=r"target: 'fortran'; expected numpy or c or numba or"):
        sc.export_files(filtered, target="fortran")


def test_a_certificate_is_replayed_by_the_checker_alone(tmp_path: Path) -> None:
    path = tmp_path / "proof.json"
    sc.prove(dX, sc.correlate(sc.pad(G, (r - 1, c - 1)), sc.rot180(K))).save(path)
    run = subprocess.run([sys.executable, "-m", "symconv.proof.check", str(path)], capture_output=True, text=True)
    assert run.returncode == 0
    assert "accepted" in run.stdout


def test_names_are_listed_and_others_are_refused() -> None:
    assert set(dir(sc)) >= {"compare", "prove", "solve", "verify", "export"}
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        sc.nothing  # noqa: B018


def test_an_index_that_a_sum_binds_moves_aside_to_a_name_of_its_own() -> None:
    """Four indices, two of which the sum binds: each argument stays the index of its own axis."""
    a, b = sc.sizes("a b")
    T = sc.tensor("T", a, b, a, b)
    k, l = sc.indices("k l")  # noqa: E741
    turned = sc.define("U", [b, a, b, a], lambda p, q, r, s: sc.total(T[q, p, s, r] * (k + l), (k, 0, 1), (l, 0, 1)))
    moved = turned.entries(a=2, b=3)
    X = sympy.IndexedBase("T")
    assert moved.shape == (3, 2, 3, 2)
    for place in itertools.product(range(3), range(2), range(3), range(2)):
        p, q, r, s = place
        assert sympy.expand(moved[place] - 4 * X[q, p, s, r]) == 0


def numbers(name: str, values: list[Any]) -> Any:
    """A vector of given numbers."""
    return sc.define(name, [len(values)], lambda i: sum(v * sc.bracket(sympy.Eq(i, k)) for k, v in enumerate(values)))


def test_a_claim_about_numbers_alone_is_proved_for_the_sizes_stated() -> None:
    means = sc.pool(numbers("x", [3, 4, 5, 7]), 2, kind="average")
    verdict = sc.prove(means, numbers("y", [sympy.Rational(7, 2), 6]))
    assert (verdict.status, verdict.scope) == (Status.PROVED, "the sizes stated")
    assert sc.prove(means, numbers("y", [sympy.Rational(7, 2), 5])).status is Status.REFUTED


def test_maxima_of_numbers_are_numbers() -> None:
    x = sc.tensor("x", 3)
    assert sc.pool(x, 2, stride=1).entries({"x": sympy.Array([5, 5, 2])}) == sympy.Array([5, 5])
    assert sc.prove(sc.pool(numbers("x", [0, 1, 2]), 2, stride=1), sympy.Array([1, 2])).status == "proved"


def test_a_scalar_tensor_times_a_tensor() -> None:
    """E8.9: N = b LZ, on either side of the sign."""
    b, Z = sc.tensor("b"), sc.tensor("Z", *sc.sizes("n m"))
    i, j = sc.indices("i j")
    for product in (b * Z, Z * b):
        assert sc.prove(product[i, j], b[()] * Z[i, j]).scope == "all sizes"


def test_extents_compare_as_in_sympy() -> None:
    n = sc.sizes("n")
    assert sc.pool(sc.tensor("x", n), 2, stride=2).shape == (n // 2,)
