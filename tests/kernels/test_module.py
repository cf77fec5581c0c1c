"""Exported modules: alone, readable, checked by their own self-test, safe against hostile names."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import keyword
import os
import pkgutil
import re
import subprocess
import sys
import time
from functools import partial
from itertools import pairwise
from types import ModuleType

import numpy as np
import pytest

import symconv.kernels
from symconv import export
from symconv.calculus.gradient import gradient, upstream
from symconv.errors import ExportError, UsageError
from symconv.kernels import Export, ModuleWriter, compile_tensor
from symconv.kernels.cases import small_sizes
from symconv.kernels.compile import write_tensor
from symconv.ops.correlate import correlate, transposed
from symconv.ops.layer import add_bias, apply, cross_entropy, softmax
from symconv.ops.matrix import matmul, toeplitz, vec
from symconv.ops.pool import pool_average, pool_max
from symconv.ops.window import stuff
from symconv.term.polynomial import Poly, Size
from symconv.term.tensor import Axis, Leaf, define, tensors_in
from symconv.term.value import Apply, Function, Range, at_least, bracket, multiply, total
from tests.kernels import reference
from tests.kernels.build import close, derived, leaf, size, sizes

N, g, C, M, H, W, r, c, s, d = sizes("N g C M H W r c s d")
p = size("p", 0)
image, kernel, bias = leaf("input", N, g * C, H, W), leaf("kernel", g * M, C, r, c), leaf("bias", g * M)
X, K, x, w = leaf("X", H, W), leaf("K", r, c), leaf("x", H), leaf("w", r)
CONV = correlate(image, kernel, stride=s, padding=p, dilation=d, groups=g)


def source(f, *leaves, **options):
    up = upstream(f) if f.rank else None
    gradients = {t.name: gradient(f, t, up) for t in leaves}
    about = {"title": "A title", "verdicts": {"forward": "proved, all sizes"}, **options}
    return ModuleWriter(Export(f, gradients, **about)).source()


def load(text):
    module = ModuleType("exported")
    exec(compile(text, "exported", "exec"), module.__dict__)  # noqa: S102
    return module


def masked_sum():
    i = Poly.of("a")
    return define(
        "y", (H,), lambda j: total((Range.upto("a", H),), multiply(x[i], w[(j + i) % r], bracket(at_least(j, i))))
    )


EXPORTS = {
    "conv2d": (CONV, (image, kernel)),
    "with bias": (add_bias(CONV, bias, axis=1), (image, kernel, bias)),
    "fixed": (correlate(leaf("input", N, 3, H, W), leaf("kernel", 8, 3, 3, 3), 2, 1), ()),
    "single channel": (correlate(X, K, stride=s, padding=((1, 2), (0, p))), (X, K)),
    "transposed": (transposed(leaf("X", N, C, H, W), leaf("K", C, M, r, c), stride=s, padding=p), ()),
    "max": (pool_max(leaf("X", N, C, H, W), (2, 3), (s, 2)), (leaf("X", N, C, H, W),)),
    "average": (pool_average(leaf("X", N, C, H, W), 2, s, padding=p), (leaf("X", N, C, H, W),)),
    "stuff": (stuff(X, s), (X,)),
    "toeplitz": (matmul(toeplitz(K, (H, W)), vec(X)), (X, K)),
    "loss": (cross_entropy(softmax(leaf("z", N, C)), leaf("y", N, C)), (leaf("z", N, C),)),
    "two layers": (correlate(apply("f", correlate(X, K)), leaf("K2", C, M)), (X, K, leaf("K2", C, M))),
    "formula": (masked_sum(), (x, w)),
}


@pytest.fixture(scope="module", params=EXPORTS)
def exported(request):
    f, leaves = EXPORTS[request.param]
    return source(f, *leaves)


def run(path, *arguments):
    """Run a file where symconv cannot be found."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    block = f"import sys; sys.modules['symconv'] = None; sys.argv = {[str(path), *arguments]!r}; import runpy; "
    block += f"runpy.run_path({str(path)!r}, run_name='__main__')"
    return subprocess.run(
        [sys.executable, "-I", "-c", block], cwd=path.parent, env=clean, capture_output=True, text=True, check=False
    )


def test_the_self_test_passes_without_symconv(exported, tmp_path):
    path = tmp_path / "kernels.py"
    path.write_text(exported)
    done = run(path, "--self-test")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) >= 3
    assert all(line.startswith("ok ") for line in lines)
    assert not re.search(r"(import|from) symconv", exported)


def test_modules_are_clean(tmp_path, assert_clean):
    """Every exported module passes ruff with its default settings, and mypy --strict."""
    for number, (f, leaves) in enumerate(EXPORTS.values()):
        (tmp_path / f"kernels{number}.py").write_text(source(f, *leaves))
    assert_clean(tmp_path)


def test_a_wrong_kernel_fails_its_self_test(tmp_path):
    text = source(CONV, image, kernel)
    wrong = text.replace("_correlate(\n        input", "_correlate(\n        2 * input")
    assert wrong != text
    path = tmp_path / "kernels.py"
    path.write_text(wrong)
    done = run(path, "--self-test")
    assert done.returncode == 1
    assert "WRONG forward(" in done.stdout


@pytest.mark.parametrize(
    ("name", "affine"),
    [("conv2d", ["input", "kernel"]), ("with bias", ["input", "kernel", "bias"]), ("max", []), ("loss", []),
     ("two layers", ["K2"]), ("average", ["X"]), ("toeplitz", ["X", "K"])],
)  # fmt: skip
def test_adjoints_are_checked_where_the_output_is_affine(name, affine, capsys):
    """In whole numbers: without division there is no error at all."""
    f, leaves = EXPORTS[name]
    module = load(source(f, *leaves))
    assert [leaf for _, _, leaf, _, _ in module.ADJOINTS] == affine
    module.CHECKS = []
    assert module.self_test() == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(affine) * len(module.CASES)
    whole = name not in ("average", "two layers")  # a division, a sine
    assert all(line.endswith("error 0.0e+00, as an adjoint") for line in lines if whole)


def test_a_gradient_that_is_wrong_together_with_its_loops_is_found():
    module = load(source(CONV, image, kernel))
    module.ADJOINTS = [(f, lambda **k: 1.001 * module.grad_input(**k), *rest) for f, _, *rest in module.ADJOINTS[:1]]
    module.CHECKS = []
    assert module.self_test() > 0
    forward, _, *rest = module.ADJOINTS[0]
    module.ADJOINTS = [(forward, lambda **k: module.grad_input(**k)[:1, :, 1:], *rest)]
    assert module.self_test() == len(module.CASES)


UNIT, DILATED = correlate(image, kernel, groups=g), correlate(image, kernel, dilation=2, groups=g)
SINGLE, STRIDED = correlate(X, K), correlate(leaf("X", N, C, 17, 19), leaf("K", M, C, 5, 6), stride=2, padding=1)


@pytest.mark.parametrize(
    ("f", "helper"),
    [(CONV, "_direct"), (CONV, "_direct_taps"), (CONV, "_spread_taps"), (CONV, "_sparse"), (UNIT, "_shifted"),
     (STRIDED, "_winograd"), (STRIDED, "_winograd_taps"), (UNIT, "_fourier"), (SINGLE, "_toeplitz"),
     (SINGLE, "_dots"), (DILATED, "_sub_images"), (UNIT, "_side_by_side"), (UNIT, "_taps_side_by_side"),
     (UNIT, "_rows"), (UNIT, "_rows_of_taps"), (UNIT, "_shifted_rows"), (STRIDED, "_interleaved"),
     (STRIDED, "_col2im"), (UNIT, "_col2im")],
)  # fmt: skip
def test_a_wrong_schedule_fails_the_self_test(f, helper, capsys):
    """Small cases would be computed without any: each schedule is tried by name."""
    leaves = [t for t in tensors_in(f.body) if isinstance(t, Leaf)]
    module = load(source(f, *leaves, accuracy="fast"))
    right = getattr(module, helper)

    def wrong(*arguments):
        right(*arguments)
        for place in arguments[-1] if isinstance(arguments[-1], list) else [arguments[-1]]:
            place[...] *= 1.01

    setattr(module, helper, wrong)
    for name, function in list(module._SCHEDULES.items()):
        if function is right:
            module._SCHEDULES[name] = wrong
    assert module.self_test() > 0
    assert ", schedule " in capsys.readouterr().out


def test_the_interface_of_conv2d():
    module = load(source(CONV, image, kernel))
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 4, 9, 8)), rng.standard_normal((6, 2, 3, 2))
    y = module.forward(a, b, stride=2, padding=1)
    close(y, reference.correlate(a, b, (2, 2), ((1, 1), (1, 1)), (1, 1), groups=2))
    up = rng.standard_normal(y.shape)
    dx, dk = reference.gradients(a, b, up, (2, 2), ((1, 1), (1, 1)), (1, 1), groups=2)
    close(module.grad_input(up, b, a.shape, stride=2, padding=1), dx)
    close(module.grad_kernel(up, a, b.shape, stride=2, padding=1), dk)


def test_the_gradient_of_a_bias_needs_the_upstream_gradient_alone():
    module = load(source(*[add_bias(leaf("input", N, C, H, W), leaf("bias", C), axis=1), leaf("bias", C)]))
    up = np.random.default_rng(1).standard_normal((2, 3, 4, 5))
    close(module.grad_bias(up), up.sum((0, 2, 3)))


@pytest.mark.parametrize("stride", [1, s])
def test_the_gradient_of_a_bias_asks_for_no_size_of_the_layer_before(stride):
    f = add_bias(
        correlate(leaf("input", N, C, H, W), leaf("kernel", M, C, r, c), stride, p, d), leaf("bias", M), axis=1
    )
    module = load(source(f, leaf("bias", M)))
    assert list(inspect.signature(module.grad_bias).parameters) == ["upstream", "out"]
    up = np.random.default_rng(1).standard_normal((2, 3, 4, 5))
    close(module.grad_bias(up), up.sum((0, 2, 3)))
    assert module.self_test() == 0


STATED = {
    "more than is small": correlate(leaf("input", 2, 3, 8, 9), leaf("kernel", 8, 3, 3, 3)),
    "an image": correlate(leaf("input", N, C, 28, 28), leaf("kernel", M, C, 5, 5)),
    "a large image": add_bias(correlate(leaf("input", N, 3, 224, 224), leaf("kernel", 8, 3, 3, 3)), leaf("bias", 8), 1),
    "a large kernel": correlate(X, leaf("K", 11, 30)),
    "a large pool": pool_max(leaf("input", N, C, 112, 112), 3, 2),
}


@pytest.mark.parametrize("name", STATED)
def test_stated_sizes_are_tested_as_they_are(name, capsys):
    """Large arrays are compared with the loops at as many entries as half a second allows."""
    f = STATED[name]
    leaves = [t for t in tensors_in(f.body) if isinstance(t, Leaf)]
    module = load(source(f, *leaves))
    start = time.perf_counter()
    assert module.self_test() == 0
    assert time.perf_counter() - start < 30
    for line in capsys.readouterr().out.splitlines():
        part = re.search(r", (\d+) of (\d+) entries$", line)
        assert part is None or 4 <= int(part[1]) < int(part[2])


def stated(count, channels, outputs, side, taps, stride=1, dilation=1, groups=1):
    return correlate(
        leaf("input", count, groups * channels, side, side + 3),
        leaf("kernel", groups * outputs, channels, taps, taps + 1),
        *(stride, 1, dilation, groups),
    )


@pytest.mark.parametrize("accuracy", ["exact", "fast"])
@pytest.mark.parametrize(
    "sizes",
    [(2, 20, 24, 19, 3), (3, 3, 2, 12, 2, 2), (1, 1, 1, 90, 16), (2, 64, 66, 41, 2, 1, 2), (9, 2, 3, 14, 3),
     (2, 1, 1, 30, 3, 1, 1, 5), (2, 24, 16, 40, 5, 2), (20, 24, 2, 9, 3, 1, 2, 1)],
)  # fmt: skip
def test_stated_sizes_leave_the_schedules_that_are_run(sizes, accuracy):
    """A module of stated sizes has the schedules that float32 and float64 take, and no others."""
    f = stated(*sizes)
    leaves = [t for t in tensors_in(f.body) if isinstance(t, Leaf)]
    module = load(text := source(f, *leaves, accuracy=accuracy))
    body, whole = (re.search(r"^_SCHEDULES = .*?^}", t, re.M | re.S) for t in (text, source(CONV)))
    branches = re.findall(r'"([a-z -]+)"', body[0] if body else "")
    cut = sizes == (2, 64, 66, 41, 2, 1, 2)  # sub-images may be computed in any way
    assert (set(branches) < set(re.findall(r'"([a-z -]+)"', whole[0]))) != cut
    table, ran = getattr(module, "_SCHEDULES", {}), set()
    for name, run in list(table.items()):
        table[name] = lambda *rest, name=name, run=run: (ran.add(name), run(*rest))
    module._small_for, module.SCHEDULES = lambda *_: None, ("",)
    module.SECONDS = 0.1  # for the entries that the loops compute
    assert module.self_test() == 0
    module.PRECISION = {"f4": 3e-5}
    assert module.self_test() == 0
    assert ran - {"direct"} <= set(branches)


@pytest.mark.parametrize("sizes", [(2, 3, 32, 41, 5, 2), (2, 20, 24, 19, 3), (1, 1, 1, 90, 16), (2, 24, 16, 40, 5, 2)])
def test_a_module_of_stated_sizes_takes_other_types(sizes):
    """Its schedules are those of float32 and float64; whole numbers and long doubles have fewer of them."""
    f = stated(*sizes)
    leaves = [t for t in tensors_in(f.body) if isinstance(t, Leaf)]
    module = load(source(f, *leaves))
    rng = np.random.default_rng(0)
    values = {t.name: rng.integers(-9, 10, [p.as_int for p in t.shape]) for t in leaves}
    image, kernel, upstream = values["input"], values["kernel"], rng.integers(-9, 10, [p.as_int for p in f.shape])
    calls = (
        (module.forward, image, kernel),
        (partial(module.grad_input, input_shape=image.shape), upstream, kernel),
        (partial(module.grad_kernel, kernel_shape=kernel.shape), upstream, image),
    )
    for function, left, right in calls:
        expected = function(left.astype(np.float64), right.astype(np.float64)).round()
        np.testing.assert_array_equal(function(left.astype(np.longdouble), right.astype(np.longdouble)), expected)
        great = function(left * 2**31, right * 2**20)  # so large that float64 might round sums of their products
        np.testing.assert_array_equal(great, expected.astype(np.int64) * 2**51)


def test_a_sample_finds_what_is_wrong(capsys):
    text = source(STATED["a large image"])
    wrong = text.replace("return result", "return result * (1 + 1e-9)", 1)
    assert wrong != text
    assert load(wrong).self_test() == 2
    assert load(text.replace("return result", "return result * np.nan", 1)).self_test() == 2
    assert load(text.replace("return result", "return result[..., 1:]", 1)).self_test() == 2
    assert "WRONG forward(" in capsys.readouterr().out


def test_sizes_that_nothing_meets():
    x = leaf("input", H)
    needs = [at_least(H, 5000)]
    with pytest.raises(
        ExportError, match=r"self-test: no sizes up to 2000 that meet all .*; expected H >= 5000; state sm"
    ):
        small_sizes([Size("H")], [x.shape], needs)


def test_the_docstring_says_what_is_known():
    text = source(
        CONV,
        image,
        title=r"y = \sum_u k_u x_{i+u}",
        notes=["needs H >= r"],
        verdicts={"forward": "proved, all sizes"},
        unproved=True,
    )
    doc = ast.get_docstring(ast.parse(text))
    assert r"y = \sum_u k_u x_{i+u}" in doc
    assert "NOT PROVED" in doc
    assert "needs H >= r" in doc
    assert "forward: proved, all sizes" in doc
    assert "NOT PROVED" not in source(CONV, image)


@pytest.mark.parametrize(
    ("pooled", "theorems"),
    [
        (pool_max(image, 2), ["greatest of windows", "winners of windows"]),
        (pool_average(image, 2), ["sums of windows"]),
    ],
)
def test_the_docstring_names_the_theorems_behind_a_pooling(pooled, theorems):
    doc = " ".join(ast.get_docstring(ast.parse(source(pooled, image))).split())
    assert re.findall(r"schedule ([a-z ]+): The", doc) == theorems


HOSTILE = [
    "__import__('os').system('false')",
    '"""\nraise SystemExit\n"""',
    "a\nraise SystemExit(9)",
    "x); raise SystemExit(9); (",
    "import",
    "np",
    "_contract",
    "forward",
    "K'",
    r"\delta",
    "λ",
    "",
    " ",
    "0",
    "H",
    "l",
    "O",
    "print",
    "a" * 500,
]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_never_quoted(name):
    """Whatever tensors, sizes, functions and indices are called, the source holds safe identifiers only."""
    n = Poly.of(Size(name))
    first, second = Leaf(name, (Axis.of(n),)), Leaf(name + "2", (Axis.of(r),))
    inner = correlate(first, second, stride=Poly.of(Size(name + "s")))
    f = define(name, inner.shape, lambda i: Apply(Function(name), inner[i]), indices=(name + "i",))
    gradients = {name: gradient(f, first, upstream(f, name + "G"))}
    text = ModuleWriter(Export(f, gradients, name, [name], {name: name})).source()
    tree = ast.parse(text)
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    assert all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", n) and not keyword.iskeyword(n) for n in names)
    body = tree.body[1:]
    assert not any(isinstance(node, ast.Raise) for node in body)
    calls = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not calls & {"__import__", "exec", "eval", "system", "print_"}
    load(text)
    compiled = compile_tensor(f)
    function = {name: np.tanh} if name else {}
    values = {first.name: np.arange(4.0), second.name: np.ones(2), name + "s": 1}
    if name not in values and function:
        close(compiled(**values, **function), np.tanh(np.array([1.0, 3.0, 5.0])))


def test_two_names_that_look_alike_stay_apart():
    first, second = leaf("a-b", H), leaf("a_b", H)
    f = define("y", (H,), lambda i: first[i] - second[i])
    close(compile_tensor(f)(**{"a-b": np.array([3.0]), "a_b": np.array([1.0])}), [2.0])


MODULE = load(source(CONV, image, kernel))
GOOD = (np.ones((2, 4, 9, 8)), np.ones((6, 2, 3, 2)))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: MODULE.forward(GOOD[0][0], GOOD[1]), ValueError, r"input: 3 axes given, shape \(4, 9, 8\); 4 needed"),
        (
            lambda: MODULE.forward(GOOD[0][:, :3], GOOD[1]),
            ValueError,
            r"input: shape \(2, 3, 9, 8\) given; \(2, 2, 9, 8\) needed, \(N, C \* groups, H, W\); change this array",
        ),
        (
            lambda: MODULE.forward(GOOD[0], GOOD[1][:5]),
            ValueError,
            r"kernel: shape \(5, 2, 3, 2\) given; \(4, 2, 3, 2\)",
        ),
        (lambda: MODULE.forward(*GOOD, stride=0), ValueError, "stride: 0 given; at least 1 needed; give a larger one"),
        (lambda: MODULE.forward(*GOOD, stride=1.5), TypeError, "stride: 1.5 given; a whole number from 1 on needed"),
        (lambda: MODULE.forward(*GOOD, padding=-1), ValueError, "padding: -1 given; at least 0 needed"),
        (lambda: MODULE.forward(*GOOD, dilation=9), ValueError, r"sizes: .* >= 0 is needed, the left side is -10"),
        (
            lambda: MODULE.forward(GOOD[0].astype(complex), GOOD[1]),
            TypeError,
            r"input: entries of type complex128 given; real numbers needed; give its \.real or its \.imag$",
        ),
        (lambda: MODULE.forward("ab", GOOD[1]), TypeError, "input: entries of type <U2 given"),
        (
            lambda: MODULE.grad_input(np.ones((2, 6, 7, 6)), GOOD[1], GOOD[0].shape),
            ValueError,
            r"upstream: shape \(2, 6, 7, 6\) given; \(2, 6, 7, 7\) needed",
        ),
        (
            lambda: MODULE.grad_input(np.ones((2, 6, 7, 7)), GOOD[1], (9, 8)),
            ValueError,
            r"input_shape: \(9, 8\) given; 4",
        ),
    ],
)
def test_bad_input_is_refused_with_a_clear_message(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_compiled_kernels_name_their_arguments():
    f = compile_tensor(CONV)
    with pytest.raises(UsageError, match=r"no s; expected .*kernel.*; give s"):
        f(input=GOOD[0], kernel=GOOD[1], p=0, d=1)
    with pytest.raises(UsageError, match=r"argument weight; expected .*; leave it out or rename it"):
        f(input=GOOD[0], weight=GOOD[1], s=1, p=0, d=1)
    with pytest.raises(ValueError, match=r"H: 10 given|input: shape"):
        f(input=GOOD[0], kernel=GOOD[1], s=1, p=0, d=1, H=10)


def test_a_gradient_needs_the_name_of_a_leaf():
    with pytest.raises(
        ExportError, match="gradient 'kernels': no leaf of that name in the formula; expected input, ke"
    ):
        ModuleWriter(Export(CONV, {"kernels": gradient(CONV, kernel, upstream(CONV))}))


def test_self_test_sizes_hide_nothing():
    """The cases of a self-test hold tails that do not divide and more than one group."""
    cases = load(source(CONV, image, kernel)).CASES
    slack = [
        (case["input"][2] + 2 * case["padding"] - case["dilation"] * (case["kernel"][2] - 1) - 1) % case["stride"]
        for case in cases
    ]
    assert any(slack)
    assert any(case["input"][1] // case["kernel"][1] > 1 for case in cases)


def test_self_test_sizes_hold_a_single_channel():
    """Schedules of one channel are compared as well; most cases have more of them."""
    cases = load(source(UNIT, image, kernel)).CASES
    single = [{*case["input"][:2], *case["kernel"][:2]} == {1} for case in cases]
    assert single.count(True) == 1 < single.count(False)


def test_written_functions_hold_no_tensor_names():
    text = write_tensor(gradient(CONV, image, upstream(CONV, "G'"))).source
    assert "G_prime" in text
    assert "G'" not in text


def test_derived_by_a_name_with_a_prime():
    a, b = leaf("K'", H), leaf(r"\delta", r)
    f = correlate(a, b)
    found = derived(f, a)(**{r"\delta": np.array([1.0, 2.0]), "G": np.ones(2)})
    close(found, [1.0, 3.0, 2.0])


def test_docstrings_run():
    for info in pkgutil.iter_modules(symconv.kernels.__path__):
        module = importlib.import_module(f"symconv.kernels.{info.name}")
        assert doctest.testmod(module).failed == 0, info.name


LAYERS = [
    "maxpool2d --kernel 3",
    "maxpool1d --kernel 3 --stride 2",
    "conv3d --stride s --padding p --dilation d",
    "conv2d --groups g --bias",
    "transposed2d --stride 2 --padding 1",
    "avgpool2d --stride 2 --kernel 3 --padding 1",
]


@pytest.mark.parametrize("spec", LAYERS)
def test_exported_modules_are_laid_out_for_reading(spec, tmp_path):
    source = export(spec)
    lines = source[source.index("from __future__") :].splitlines()  # the docstring has a line for each formula
    assert max(map(len, lines)) <= 120
    assert not [line for line in lines if line != line.rstrip()]
    for before, line in pairwise(lines):
        assert not line.lstrip().startswith("def ") or before == "" or before.lstrip().startswith(("class ", "@")), line
    path = tmp_path / "layer.py"
    path.write_text("\n".join(lines) + "\n")
    done = subprocess.run([sys.executable, str(path), "--self-test"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_referee_finds_the_winner_of_a_window_once():
    source = export("maxpool2d --kernel 3")
    loops = source[source.index("def _loops_grad_input") : source.index("CHECKS")]
    assert loops.count("_first(") == 1


@pytest.mark.parametrize("spec", LAYERS)
def test_the_loops_of_a_gradient_are_loops(spec):
    """Statements, each index that an equality fixes put in, no condition that always holds."""
    source = export(spec)
    loops = source[source.index("def _loops_grad_input") : source.index("# function, its referee")]
    assert "total: Any = 0" in loops
    assert not re.search(r"for \w+ in \(", loops)
    assert not re.search(r"\b(if|and) \w+ >= 0", loops)


def test_the_result_goes_into_an_array_of_the_caller():
    module = load(export("conv2d --stride 2 --bias"))
    rng = np.random.default_rng(0)
    a, b, bias = rng.standard_normal((2, 3, 9, 8)), rng.standard_normal((4, 3, 3, 2)), rng.standard_normal(4)
    expected = module.forward(a, b, bias)
    held = np.full((2, 4, 4, 4, 2), np.nan)
    for out in (np.empty(expected.shape), held[..., 0], np.empty(expected.shape, order="F")):
        assert module.forward(a, b, bias, out=out, threads=2) is out
        close(out, expected)
    assert np.isnan(held[..., 1]).all()
    summed = np.empty(4)
    assert module.grad_bias(expected, out=summed) is summed
    close(summed, expected.sum((0, 2, 3)))


@pytest.mark.parametrize(
    ("out", "message"),
    [
        (
            np.empty((2, 4, 4, 5)),
            r"out: shape \(2, 4, 4, 5\) of float64 given; \(2, 4, 4, 4\) of float64, writeable, needed",
        ),
        (
            np.empty((2, 4, 4, 4), np.float32),
            r"out: shape \(2, 4, 4, 4\) of float32 given; .* of float64, writeable, needed",
        ),
        (np.broadcast_to(0.0, (2, 4, 4, 4)), r"of float64, read-only, given; .*; give such an array or leave it out"),
    ],
)
def test_an_array_that_cannot_hold_the_result_is_refused(out, message):
    module = load(export("conv2d --stride 2"))
    with pytest.raises(ValueError, match=message):
        module.forward(np.ones((2, 3, 9, 8)), np.ones((4, 3, 3, 2)), out=out)


def test_no_images_and_no_channels():
    module = load(export("conv2d --padding 1"))
    assert module.forward(np.ones((0, 3, 9, 8)), np.ones((4, 3, 3, 2))).shape == (0, 4, 9, 9)
    assert not module.grad_kernel(np.ones((0, 4, 9, 9)), np.ones((0, 3, 9, 8)), (4, 3, 3, 2)).any()
    assert module.grad_input(np.ones((0, 4, 9, 9)), np.ones((4, 3, 3, 2)), (0, 3, 9, 8)).shape == (0, 3, 9, 8)


@pytest.mark.parametrize("side", [5, 70])
def test_a_result_may_take_the_place_of_an_input(side):
    """Small and large images, the whole input and a part of it."""
    module = load(source(CONV, image, kernel))
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 4, side, side)), rng.standard_normal((4, 2, 3, 3))
    expected = reference.correlate(a, b, (1, 1), ((1, 1), (1, 1)), (1, 1), groups=2)
    back = module.grad_input(expected, b, a.shape, padding=1)
    held = a.copy()
    assert module.forward(held, b, padding=1, out=held) is held
    close(held, expected)
    assert module.grad_input(held, b, a.shape, padding=1, out=held) is held
    close(held, back)
    wide = np.concatenate([a, a])
    module.forward(wide[1:3], b, padding=1, out=wide[2:])
    close(wide[2:], reference.correlate(np.roll(a, 1, 0), b, (1, 1), ((1, 1), (1, 1)), (1, 1), groups=2))
