"""Worked solutions: every line proved, the page read back and proved again, the instance right."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import symconv as sc
from symconv import export
from symconv.errors import SizeError, UsageError
from symconv.judging import verify_text
from symconv.proof.evaluate import World
from symconv.proof.verdict import Status
from symconv.solving import solve_spec
from symconv.specs import spec_of_tensor
from symconv.term.polynomial import Poly
from symconv.write.latex import latex_of_call, latex_of_value
from tests.refereeing import lines_that_differ, with_a_wrong_line
from tests.solved import solved

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
    "activation --function gelu",
    "softmax",
    r"y_i = \sum_{k=0}^{r-1} w_k x_{s i + d k}",
]


@pytest.mark.parametrize("spec", SPECS)
def test_every_line_is_proved_and_the_page_is_read_back(spec: str) -> None:
    solution = solved(spec)
    assert solution.proved, [str(n.verdict) for d in solution.derivations for n in d.lines if not n.verdict]
    report = verify_text(solution.to_markdown())
    statuses = {f.formula.id: str(f.worst.verdict) if f.worst else "" for f in report.formulas}
    assert report.exit_code == 0, statuses
    proved = [f for f in report.formulas if f.status is Status.PROVED]
    assert len(proved) >= 2 or spec == "softmax"


@pytest.mark.parametrize("spec", SPECS)
def test_every_line_evaluates_equal_to_the_line_before(spec: str) -> None:
    """The referee: at fixed sizes, without the prover."""
    assert lines_that_differ(solved(spec)) == []


def test_the_referee_finds_a_wrong_line() -> None:
    solution = solved("conv1d", "X")
    (derivation,) = solution.derivations
    before_turning = next(line.step.value for line in derivation.lines if line.step.rule == "pick")
    assert lines_that_differ(with_a_wrong_line(solution, before_turning)) == []
    assert lines_that_differ(with_a_wrong_line(solution, 2 * before_turning)) == ["X: closed form"]


def test_the_page_of_the_input_gradient_says_what_a_teacher_would() -> None:
    page = solved("conv2d", "X").to_markdown()
    for words in ("chain rule adds up", "The kernel is rotated by 180 degrees", "H >= r", "### An instance"):
        assert words in page
    assert r"\operatorname{corr}(\tilde{G}, \operatorname{rot180}(K))" in page
    assert "dL/dF_" not in page


def test_the_steps_come_in_order() -> None:
    (derivation,) = solved("conv2d --stride s", "X").derivations
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
    (derivation,) = solved("conv1d --stride 3 --padding 1", "X").derivations
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
    full, brief = (solved("conv2d", "X", level=level).to_markdown() for level in ("full", "brief"))
    assert len(brief) < len(full) / 2
    assert r"\operatorname{corr}" in brief


@pytest.mark.parametrize("level", ["brief", "full"])
@pytest.mark.parametrize("spec", [*SPECS[1::4], r"y_i = \sum_{k=0}^{r-1} w_k x_{2 i + k}"])
def test_a_name_is_defined_before_its_first_line_and_the_last_line_is_shown(spec: str, level: str) -> None:
    solution = solved(spec, level=level)
    page = solution.to_markdown().partition("## Given")[2]
    for derivation in solution.derivations:
        part = page.partition(f"## The gradient by ${derivation.tensor.name}$")[2].partition("\n## ")[0]
        for tensor in derivation.named:
            accent, _, letter = tensor.name.partition(" ")
            uses = [part.find(form) for form in (f"{accent}{{{letter}}}", f"{tensor.name} =") if form in part]
            assert uses
            assert part.find(f"{tensor.name} = ") == min(uses)
        last = latex_of_value(derivation.lines[-1].step.value)
        form = derivation.form
        assert (last if form is None else latex_of_call(form)) in part or last in part


def test_the_sizes_of_the_instance() -> None:
    page = solve_spec("conv1d", "K", {"H": 4, "r": 2}).to_markdown()
    assert "`H = 4, r = 2`" in page or "`r = 2, H = 4`" in page


def instance_of(page: str) -> dict[str, dict[tuple[int, ...], str]]:
    """The entries that the instance displays, by tensor and index, as Python on arrays G, K, X."""
    found: dict[str, dict[tuple[int, ...], str]] = {}
    for display in re.findall(r"\$\$(.*?)\$\$", page.partition("### An instance")[2].partition("### A check")[0]):
        for name, index, text in _assignments(display):
            python = re.sub(r"(\w)_\{([\d,]+)\}", r"\1[\2]", text.replace(r"\quad", " "))
            python = re.sub(r"\](\s+)(?=[GKX])", "]*", python)
            found.setdefault(name, {})[index] = python
    return found


def _assignments(display: str) -> list[tuple[str, tuple[int, ...], str]]:
    body = re.sub(r"\\\\ &\\quad", " ", display)
    left = (
        r"(?:\\left\()?(?P<name>\w|\\frac\{\\partial L\}\{\\partial (?P<by>\w)\})(?:\\right\))?(?:_\{(?P<at>[^}]*)\})?"
    )
    if r"\begin{bmatrix}" in body:
        match = re.match(left + r" = \\begin\{bmatrix\} (?P<rows>.*) \\end\{bmatrix\}", body)
        assert match, body
        lead = tuple(int(n) for n in (match["at"] or "").split(", ") if n.isdigit())
        rows = [row.split(" & ") for row in match["rows"].split(r" \\ ")]
        name = f"d{match['by']}" if match["by"] else match["name"]
        return [(name, (*lead, i, j), cell) for i, row in enumerate(rows) for j, cell in enumerate(row)]
    lines = body.removeprefix(r"\begin{aligned} ").removesuffix(r" \end{aligned}").split(r" \\ ")
    matches = [(re.match(left + r" &= (?P<text>.*)", line), line) for line in lines]
    assert all(m for m, _ in matches), matches
    return [
        (f"d{m['by']}" if m["by"] else m["name"], tuple(map(int, m["at"].split(", "))), m["text"])
        for m, _ in matches
        if m
    ]


INSTANCES = [
    ("conv2d --channels 2,3", 1),
    ("conv2d --groups 2", 2),
    ("conv2d --channels 2,2 --batch 1", 1),
    ("conv3d", 1),
]


@pytest.mark.parametrize(("spec", "groups"), INSTANCES)
@pytest.mark.parametrize("by", ["X", "K"])
def test_the_instance_of_a_tensor_of_rank_3_or_4_against_loops(spec: str, groups: int, by: str) -> None:
    shown = instance_of(solved(spec, by).to_markdown())
    shapes = {name: tuple(max(column) + 1 for column in zip(*entries, strict=True)) for name, entries in shown.items()}
    layered, n = spec != "conv3d", 3 if spec == "conv3d" else 2
    batch = (1,) if "--batch" in spec else ()
    channels = {"conv2d --channels 2,3": (2, 3), "conv2d --groups 2": (4, 4)}.get(spec, (2, 2))
    image, taps = (3,) * n, (2,) * n
    x_shape = (*batch, channels[0], *image) if layered else image
    k_shape = (channels[1], channels[0] // groups, *taps) if layered else taps
    assert shapes[f"d{by}"] == (x_shape if by == "X" else k_shape)
    rng = np.random.default_rng(0)
    X, K = rng.integers(-9, 9, x_shape), rng.integers(-9, 9, k_shape)
    wide = X.reshape((1,) * (5 - X.ndim) + X.shape) if layered else X.reshape(1, 1, *X.shape)
    core = K if layered else K.reshape(1, 1, *K.shape)
    full = np.zeros((1, core.shape[0], *(2,) * n), dtype=int)
    wide = wide.reshape(1, wide.size // 3**n, *image)
    ways = []
    for o, c, *rest in np.ndindex(core.shape[0], core.shape[1], *(2,) * n, *(2,) * n):
        at, tap = tuple(rest[:n]), tuple(rest[n:])
        channel = c + o // (core.shape[0] // groups) * core.shape[1]
        place = tuple(a + t for a, t in zip(at, tap, strict=True))
        ways.append(((0, o, *at), (0, channel, *place), (o, c, *tap)))
        full[0, o, *at] += wide[0, channel, *place] * core[o, c, *tap]
    G = rng.integers(-9, 9, full.shape)
    d_x, d_k = np.zeros_like(wide), np.zeros_like(core)
    for out, source, tap in ways:
        d_x[source] += G[out] * core[tap]
        d_k[tap] += G[out] * wide[source]
    expected = {"F": full, "dX": d_x, "dK": d_k}
    known = {"X": X, "K": K, "G": G.reshape(shapes["F"])}
    for name, entries in shown.items():
        flat = expected[name].reshape(shapes[name])
        assert {at: eval(text, {}, known) for at, text in entries.items()} == dict(np.ndenumerate(flat))  # noqa: S307


@pytest.mark.parametrize("spec", ["maxpool2d", "maxpool2d --batch 2", "maxpool2d --kernel 2 --stride 1"])
def test_the_gradient_of_a_maximum_is_shown_at_numbers(spec: str) -> None:
    page = solved(spec).to_markdown()
    shown = instance_of("### An instance" + page.partition("At these:")[2])
    read = {name: {at: int(text) for at, text in entries.items()} for name, entries in shown.items()}
    assert set(read) == {"X", "F", "G", "dX"}
    assert len(set(read["X"].values())) >= 9
    step = 1 if "--stride 1" in spec else 2
    gradient = dict.fromkeys(read["X"], 0)
    for (*lead, i, j), value in read["F"].items():
        window = {(*lead, step * i + u, step * j + v): 0 for u in range(2) for v in range(2)}
        best = max(window, key=lambda at: read["X"][at])
        assert read["X"][best] == value
        gradient[best] += read["G"][*lead, i, j]
    assert read["dX"] == gradient


def test_an_instance_that_is_too_large_says_so_and_what_to_change() -> None:
    page = solve_spec("conv2d", "X", {"H": 30, "W": 30}).to_markdown()
    assert "No instance is shown: $F$ has 841 entries at `r=2, c=2, H=30, W=30`, and at most 36 are shown." in page
    assert "Take smaller ones: `--sizes r=2,c=2,H=3,W=3`." in page
    stated = solve_spec("conv2d --size 9,9", "X").to_markdown()
    assert "$F$ has 64 entries" in stated
    assert "at most 36 are shown. State smaller numbers in the SPEC, or leave them out." in stated
    long = solve_spec(r"y_i = \exp(\sum_{k=0}^{14} w_k x_{i+k})", "w").to_markdown()
    assert "is too long for a page. Evaluate it at numbers: `symconv export` writes the code." in long


def test_the_instance_of_a_convolution_is_an_image_of_extent_3_and_a_kernel_of_extent_2() -> None:
    assert "With `r = 2, c = 2, H = 3, W = 3`, and" in solved("conv2d", "X").to_markdown()


def test_the_scope_is_that_of_the_verdicts() -> None:
    stated = "conv1d --size 5 --kernel 3 --channels 1,1 --batch 1"
    page = solved(stated, "K").to_markdown()
    assert "proved equal to the derivative for the sizes stated." in page
    assert "all sizes" not in page
    assert repr(solved(stated, "K")).endswith("proved for the sizes stated>")
    source = export(stated)
    assert "kernel: proved for the sizes stated: " in source
    assert "all sizes" not in source
    assert "kernel: proved for all sizes: " in export("conv1d --size 5")


LAYERS = """```symconv
size H W r c m n
tensor X[H,W] K[r,c] M[m,n]
function FUNCTION
define z = correlate(X, K)
define a = FUNCTION(z)
define y = correlate(a, M)
loss L(y)
outside zero
find dL/dK, dL/dX, dL/dM
```
"""
FORMULAS = """```symconv
size H r m
tensor X[H] K[r] M[m] z[H - r + 1] a[H - r + 1] y[H - r - m + 2]
function f
loss L(y)
outside zero
find dL/dK
```

$$z_i = \\sum_{u=0}^{r-1} X_{i+u} K_u$$

$$a_i = f(z_i)$$

$$y_i = \\sum_{u=0}^{m-1} a_{i+u} M_u$$
"""


@pytest.mark.parametrize("document", [LAYERS.replace("FUNCTION", "f"), LAYERS.replace("FUNCTION", "relu"), FORMULAS])
def test_the_page_of_a_document_with_layers_defines_them_in_order(document: str, tmp_path: Path) -> None:
    path = tmp_path / "comp.md"
    path.write_text(document, encoding="utf-8")
    page = solve_spec(str(path)).to_markdown()
    report = verify_text(page)
    assert report.exit_code == 0, [(f.formula.id, f.worst and str(f.worst.verdict)) for f in report.formulas]
    assert sum(f.status is Status.PROVED for f in report.formulas) >= 4
    lines = page.splitlines()
    places = [
        next(n for n, line in enumerate(lines) if line.startswith((f"define {name} =", f"tensor {name}[")))
        for name in "za"
    ]
    assert places == sorted(places)


def test_only_hypotheses_that_do_not_follow_from_others_are_printed() -> None:
    page = solved("conv2d --stride 2 --padding 1").to_markdown()
    assert page.count("for all sizes (where `H+2 >= r`, `W+2 >= c`).") == 2
    for H, r in product(range(1, 9), repeat=2):  # brute force: the one left out follows
        assert r > H + 2 or 2 * ((H - r) // 2) + r + 2 >= 0
    assert "Needed: `H+2 >= r`, `W+2 >= c`." in page


def test_a_condition_that_does_not_follow_stays() -> None:
    page = solved("maxpool2d").to_markdown()
    assert "for all sizes (where `H >= r`, `W >= c`)." in page


@pytest.mark.parametrize("options", ["--stride i --padding u", "--stride j", "--dilation k --padding l"])
def test_the_printed_formula_is_true_whatever_the_sizes_are_called(options: str) -> None:
    source = export(f"conv2d {options}")
    module: dict[str, Any] = {"__name__": "exported"}
    exec(source, module)  # noqa: S102
    text = " ".join(source.partition("output[")[2].partition("\n\n")[0].split())
    places, _, formula = text.partition("] = ")
    indices = places.split(", ")
    words = options.replace("--", "").split()
    named = dict(zip(words[1::2], (2, 1), strict=False))
    rng = np.random.default_rng(2)
    image, kernel = rng.integers(-9, 9, (2, 2, 6, 5)), rng.integers(-9, 9, (3, 2, 2, 2))
    result = module["forward"](image, kernel, **dict(zip(words[::2], named.values(), strict=True)))
    sizes = named | dict(zip(("C", "r", "c"), (2, 2, 2), strict=True))
    loops = [
        (name, int(low), eval(high, {}, sizes))  # noqa: S307
        for name, low, high in re.findall(r"sum_\{(\w)=(\d)\}\^\{([^}]*)\}", formula)
    ]
    assert not (set(indices) | {name for name, _, _ in loops}) & set(sizes)
    body = formula.rpartition("} ")[2].replace("] input", "] * input")
    padded = np.pad(image, ((0, 0), (0, 0), (3, 3), (3, 3)))
    reads = re.sub(r"input\[(.*), (.*), (.*), (.*)\]", r"padded[\1, \2, \3 + 3, \4 + 3]", body)
    for at in np.ndindex(result.shape):
        known = sizes | dict(zip(indices, at, strict=True)) | {"kernel": kernel, "padded": padded}
        total = 0
        for taps in product(*(range(low, high + 1) for _, low, high in loops)):
            total += eval(reads, {}, known | dict(zip((n for n, _, _ in loops), taps, strict=True)))  # noqa: S307
        assert total == result[at]


def test_printed_formulas_carry_no_needless_brackets(tmp_path: Path) -> None:
    assert "output[n, c, i, j] = 1/9 sum_{u=0}^{2}" in export("avgpool2d --kernel 3")
    path = tmp_path / "layers.md"
    path.write_text(LAYERS.replace("FUNCTION", "f"), encoding="utf-8")
    pages = [solve_spec(str(path), "K").to_markdown(), solved("avgpool2d").to_markdown()]
    lines = [n for page in pages for n in page.splitlines() if n.startswith("$$")]
    found = [(line, bracket) for line in lines for bracket in re.findall(r"\[[^\[\]]* \\ge [^\]]*\]", line)]
    assert found
    assert not [line for line, bracket in found if line.count(bracket) > 1]


def test_an_operation_written_with_define_is_solved_and_exported() -> None:
    n, r = sc.sizes("n r")
    x, w, k = sc.tensor("x", n), sc.tensor("w", r), sc.indices("k")
    y = sc.define("y", [n - r + 1], lambda i: sc.total(w[k] * x[i + k], (k, 0, r - 1)))
    z = sc.define("z", [n - r + 1], lambda i: y[i] * y[i])
    solution = solve_spec(spec_of_tensor(z.term))
    assert solution.proved
    report = verify_text(solution.to_markdown())
    assert report.exit_code == 0
    assert sum(f.status is Status.PROVED for f in report.formulas) >= 6
    module: dict[str, Any] = {"__name__": "exported"}
    exec(export(z), module)  # noqa: S102
    rng = np.random.default_rng(3)
    signal, taps, up = rng.standard_normal(9), rng.standard_normal(3), rng.standard_normal(7)

    def loss(signal: Any, taps: Any) -> float:
        return float(up @ np.correlate(signal, taps) ** 2)

    def slopes(at: Any, of: Any) -> list[float]:
        step = 1e-6
        return [(of(at + step * e) - of(at - step * e)) / (2 * step) for e in np.eye(len(at))]

    by_x = module["grad_x"](upstream=up, w=taps, x=signal)
    by_w = module["grad_w"](upstream=up, w=taps, x=signal)
    np.testing.assert_allclose(by_x, slopes(signal, lambda s: loss(s, taps)), atol=1e-7)
    np.testing.assert_allclose(by_w, slopes(taps, lambda t: loss(signal, t)), atol=1e-7)
    with pytest.raises(UsageError, match=r"the tensor x: free data; expected a tensor with a formula; give an output"):
        spec_of_tensor(x.term)


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


def test_a_name_with_a_prime_is_no_hiding_place() -> None:
    """Two layers with channels: in the line that derives inside the sums, no inner channel captures an outer one."""
    import symconv as sc
    from symconv.calculus.derivation import derive
    from symconv.proof.evaluate import differ
    from symconv.term.polynomial import Poly
    from symconv.term.tensor import ranges_of
    from symconv.term.value import Entry

    H, C, O, r, q = sc.sizes("H C O r q")  # noqa: E741
    x, k1, k2 = sc.tensor("x", 2, H), sc.tensor("k1", C, 2, r), sc.tensor("k2", O, C, q)
    inner = sc.apply("relu", sc.correlate(x, k1, spatial=1))
    out = sc.correlate(inner, k2, spatial=1)
    gradient = sc.gradient(out, k1, sc.upstream(out, "G")).term
    place = Entry(gradient, tuple(map(Poly.of, gradient.parameters)))
    sizes = {"H": 4, "C": 2, "O": 1, "r": 2, "q": 2}
    for step in derive(gradient):
        world = World(sizes, values=(place, step.value))
        axes = [
            range(world.poly(a.low, {}), world.poly(a.high, {}) + 1) for a in ranges_of(gradient, gradient.parameters)
        ]
        for at in product(*axes):
            here = dict(zip(gradient.parameters, at, strict=True))
            assert not differ(world.value(place, here), world.value(step.value, here)), step.rule
