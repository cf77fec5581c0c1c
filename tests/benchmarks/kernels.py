"""The table of kernels in docs/benchmarks.md, and its picture.

Run it with:  python -m tests.benchmarks.kernels docs/benchmarks.md
The picture alone, from the table that stands there:  python -m tests.benchmarks.kernels docs/benchmarks.md --picture

It keeps what stands in the file above its own heading.  Every floor is one that the project set itself; a row that
misses it says so.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np

from symconv.benching.agreement import differing
from symconv.benching.environment import again, described, prepared
from symconv.benching.kernels import TARGETS
from symconv.benching.layers import sweep
from symconv.benching.measure import SEED, compare
from symconv.benching.peers import PARTS, Layer, Peer
from symconv.benching.picture import Dots, draw
from symconv.benching.report import Line, measure, part_name, table, title

HEADING = "## Kernels\n"
THREADS = "--two-threads"  # prints one table, in a process of its own
PICTURE = "--picture"
BOTH = ("float32", "float64")


@dataclass(frozen=True, slots=True)
class Row:
    """A layer, and what its functions must reach: against a peer, or the strongest where none is named."""

    layer: Layer
    floors: dict[str, float]
    peer: str = "torch"
    accuracy: str = "fast"


def conv(count: int, channels: int, outputs: int, side: int, taps: int, **options: object) -> Layer:
    """A square convolution; stride, padding and dilation alike on both axes."""
    pairs = {name: (value, value) for name, value in options.items() if name in ("stride", "padding", "dilation")}
    rest = {name: value for name, value in options.items() if name not in pairs}
    return Layer("conv", count, channels, outputs, (side, side), (taps, taps), **pairs, **rest)  # type: ignore[arg-type]


def all_of(forward: float, grad_input: float, grad_kernel: float) -> dict[str, float]:
    return {"forward": forward, "grad_input": grad_input, "grad_kernel": grad_kernel}


def rows() -> Iterator[Row]:
    """The layers with floors, float32 and where it has one float64."""
    same = {"padding": 1}
    for layer, single, double in (
        (conv(32, 64, 64, 56, 3, **same), (1.25, 1.25, 1.1), (2.1, 1.6, 1.5)),
        (conv(32, 128, 128, 28, 3, **same), (1.6, 1.6, 1.3), (2.2, 1.9, 1.6)),
        (conv(32, 256, 256, 14, 3, **same), (1.1, 1.1, 1.1), (1.6, 1.6, 1.3)),
        (conv(32, 64, 64, 56, 3, padding=2, dilation=2), (1.05, 1.05, 0.95), None),
        (conv(32, 256, 64, 56, 1), (1.05, 1.1, 0.85), None),
        (conv(32, 64, 128, 56, 3, stride=2, **same), (0.8, 0.85, 0.8), (1.15, 0.95, 1.0)),
        (conv(32, 3, 64, 224, 7, stride=2, padding=3), (0.7, 2.5, 0.63), None),
        (conv(1, 1, 6, 28, 5, padding=2), (1.9, 1.9, 1.9), None),
        (conv(1, 6, 16, 14, 5), (1.9, 1.9, 1.9), None),
        (conv(32, 1, 6, 28, 5, padding=2), (0.75, 0.75, 0.75), None),
        (conv(32, 6, 16, 14, 5), (0.75, 0.75, 0.75), None),
    ):
        yield Row(layer, all_of(*single))
        if double is not None:
            yield Row(replace(layer, dtype="float64"), all_of(*double))
    yield Row(conv(8, 64, 64, 56, 5, padding=2), {"forward": 1.4})
    yield Row(conv(8, 64, 64, 56, 7, padding=3), {"forward": 1.2})
    yield Row(conv(32, 128, 128, 56, 3, groups=128, **same), {"forward": 0.6})
    for taps in (2, 3):
        pair = (taps, taps)
        for operation, forward, back in (("maxpool", 7.0, 1.9), ("avgpool", 2.0, 1.5)):
            layer = Layer(operation, 32, 64, 64, (112, 112), pair, (2, 2))
            yield Row(layer, {"forward": forward, "grad_input": back})
    yield Row(conv(1, 1, 1, 512, 15), {"forward": 1.45}, "")
    for taps in (3, 7, 15):
        for dtype in BOTH:
            yield Row(conv(1, 1, 1, 512, taps, dtype=dtype), all_of(3, 3, 3))


def rows_of_c() -> Iterator[Row]:
    """The layers with floors for the C target."""
    wide = (conv(32, 64, 64, 56, 3, padding=1), conv(32, 128, 128, 28, 3, padding=1))
    for layer, accuracy, dtype in product(wide, ("exact", "fast"), BOTH):
        floor = 0.9 if dtype == "float32" else 1.15
        yield Row(replace(layer, dtype=dtype), all_of(floor, floor, floor), accuracy=accuracy)
    yield Row(conv(32, 128, 128, 56, 3, padding=1, groups=128), {"forward": 1.3}, accuracy="exact")
    for layer in (
        conv(32, 64, 128, 56, 3, stride=2, padding=1),
        conv(32, 3, 64, 224, 7, stride=2, padding=3),
        conv(32, 1, 6, 28, 5, padding=2),
        conv(32, 6, 16, 14, 5),
    ):
        yield Row(layer, all_of(0.9, 0.9, 0.9), accuracy="exact")
    for taps, operation in product((2, 3), ("maxpool", "avgpool")):
        layer = Layer(operation, 32, 64, 64, (112, 112), (taps, taps), (2, 2))
        yield Row(layer, {"forward": 1.0, "grad_input": 1.0}, accuracy="exact")
    for taps, floor in ((3, 1.3), (7, 0.9)):
        yield Row(conv(1, 1, 1, 512, taps), {"forward": floor}, "opencv", "exact")


def shared_layers() -> Iterator[tuple[Layer, tuple[str, ...]]]:
    """What is measured with two threads."""
    for layer in (
        conv(32, 64, 64, 56, 3, padding=1),
        conv(32, 128, 128, 28, 3, padding=1),
        conv(32, 64, 128, 56, 3, stride=2, padding=1),
    ):
        yield layer, PARTS
    yield conv(32, 128, 128, 56, 3, padding=1, groups=128), PARTS[:2]


def judged(row: Row, lines: list[Line]) -> Iterator[str]:
    """A row of the table for each function: ratio, floor, and whether it holds."""
    for line in lines:
        ratios = line.measured.ratios
        if line.differing:
            raise ArithmeticError(f"{title(row.layer)}, {part_name(line)}: {line.differing}")
        name, ratio = (row.peer, ratios[row.peer]) if row.peer else line.measured.strongest
        floor = row.floors[line.part]
        others = ", ".join(f"{peer} {value:.2f}" for peer, value in ratios.items() if peer != name)
        holds = "yes" if ratio >= floor else "no"
        shown = f"{title(row.layer)} | {part_name(line)} | {line.measured.ours:.3g} | {name} {ratio:.2f}"
        yield f"| {shown} | {floor:g} | {holds} | {others} |"


def known_rank(seconds: float) -> Iterator[str]:
    """A kernel of rank 1, 512 x 512, against OpenCV's filter2D and its sepFilter2D."""
    import cv2

    import symconv as sc

    cv2.setNumThreads(1)
    H, W, r, c, R = sc.sizes("H W r c R")
    p, u, v = sc.indices("p u v")
    X, a, b = sc.tensor("X", H, W), sc.tensor("a", R, r), sc.tensor("b", R, c)
    ranges = (p, 0, R - 1), (u, 0, r - 1), (v, 0, c - 1)
    y = sc.define("y", [H - r + 1, W - c + 1], lambda i, j: sc.total(a[p, u] * b[p, v] * X[i + u, j + v], *ranges))
    kernel = y.compile()
    rng = np.random.default_rng(0)
    image = rng.standard_normal((512, 512)).astype(np.float32)
    for taps, whole, apart in ((7, 1.4, 0.6), (15, 9.0, 1.0), (31, 7.0, 2.0)):
        columns, rows_ = (rng.standard_normal((1, taps)).astype(np.float32) for _ in range(2))
        out = np.empty((513 - taps, 513 - taps), np.float32)
        square, border = columns.T @ rows_, cv2.BORDER_CONSTANT
        peers = {
            "filter2D": partial(cv2.filter2D, image, -1, square, borderType=border),
            "sepFilter2D": partial(cv2.sepFilter2D, image, -1, rows_[0], columns[0], borderType=border),
        }
        call, inside = partial(kernel, X=image, a=columns, b=rows_, out=out), slice(taps // 2, 513 - taps + taps // 2)
        wrong = differing(call(), {name: Peer(c, lambda found, at=inside: found[at, at]) for name, c in peers.items()})
        if wrong:
            raise ArithmeticError(f"rank 1, {taps}x{taps}: {wrong}")
        measured = compare(call, peers, seconds)
        for name, floor in (("filter2D", whole), ("sepFilter2D", apart)):
            ratio = measured.ratios[name]
            holds = "yes" if ratio >= floor else "no"
            shown = f"rank 1, 512x512, {taps}x{taps} float32 | forward | {measured.ours:.3g} | {name} {ratio:.2f}"
            yield f"| {shown} | {floor:g} | {holds} | |"


def unrolled(seconds: float) -> str:
    """The kernel for 28 x 28 with 3 x 3 against `sympy.lambdify` of all entries, called with NumPy numbers."""
    import sympy

    import symconv as sc

    image, kernel = sc.tensor("X", 28, 28), sc.tensor("K", 3, 3)
    output = sc.correlate(image, kernel)
    entries = output.entries()
    names = sorted(entries.free_symbols, key=str)
    function = sympy.lambdify(names, list(sympy.flatten(entries.tolist())), "numpy")
    rng = np.random.default_rng(0)
    x, k = rng.standard_normal((28, 28)), rng.standard_normal((3, 3))
    given = [(x if str(name)[0] == "X" else k)[tuple(map(int, re.findall(r"\d+", str(name))))] for name in names]
    compiled = output.compile()
    wrong = np.abs(np.array(function(*given)).reshape(26, 26) - compiled(X=x, K=k)).max()
    if wrong > 1e-12:
        raise ArithmeticError(f"the two differ by {wrong}")
    measured = compare(lambda: compiled(X=x, K=k), {"lambdify": lambda: function(*given)}, seconds)
    slow, fast, ratio = measured.peers["lambdify"], measured.ours, measured.ratios["lambdify"]
    holds = "holds" if ratio >= 75 else "does not hold"
    found = f"unrolled lambdify {1e3 * slow:.0f} us / compiled {1e3 * fast:.1f} us = {ratio:.0f}"
    return f"28 x 28 with 3 x 3, called with NumPy numbers: {found}; the floor of 75 {holds}"


def table_of_c(seconds: float) -> str:
    """The C target against its floors."""
    head = ["| layer | function | accuracy | ours, ms | peer time / our time | floor | holds | others |"]
    body = [*head, "| --- | --- | --- | --- | --- | --- | --- | --- |"]
    for row in rows_of_c():
        for text in judged(row, measure(row.layer, row.accuracy, 1, seconds, tuple(row.floors), "c")):
            first, function, *rest = text.split(" | ")
            body.append(" | ".join([first, function, row.accuracy, *rest]))
            print(body[-1], flush=True)
    return "\n".join(body)


def table_of_threads(seconds: float) -> str:
    """NumPy and C with two threads against torch with two: a line for each function."""
    body = ["| layer | function | NumPy, ms | torch / NumPy | C, ms | torch / C |", "| --- " * 6 + "|"]
    for layer, parts in shared_layers():
        found = [measure(layer, "fast", 2, seconds, parts, target) for target in TARGETS]
        for numpy, c in zip(*found, strict=True):
            times = [f"{m.ours:.3g} | {m.ratios['torch']:.2f}" for m in (numpy.measured, c.measured)]
            body.append(f"| {title(layer)} | {part_name(numpy)} | {' | '.join(times)} |")
    return "\n".join([*body, "", f"{described(2)}."])


def section(seconds: float, page: Path) -> str:
    """The whole section; its picture lies beside the page."""
    body: list[str] = []
    for row in rows():
        measured = measure(row.layer, row.accuracy, 1, seconds, tuple(row.floors))
        body += judged(row, measured)
        print("\n".join(body[-len(measured) :]), flush=True)
    body += known_rank(seconds)
    drawn = [line for layer in sweep(60, SEED) for line in measure(layer, "fast", 1, seconds / 3)]
    worst = min(drawn, key=lambda line: line.measured.ratios["torch"])
    mean = math.exp(sum(math.log(line.measured.ratios["torch"]) for line in drawn) / len(drawn))
    draw(dots_of_table(body), page.with_suffix(".svg"))
    of_c = table_of_c(seconds)
    threads = again("tests.benchmarks.kernels", [THREADS, str(seconds)], 2)
    if threads.returncode:
        raise RuntimeError(f"measuring with two threads failed:\n{threads.stderr}")
    return f"""{HEADING}
Written by `python -m tests.benchmarks.kernels docs/{page.name}`. Each figure is the time of a library over that of
the exported NumPy module: above 1 the module is faster. All run in one process, in rounds of random order; the figure
is the median of the ratios within a round. Accuracy `fast`, results in arrays that are kept. The
floor is what the project asks of itself.

{described(1)}.

| layer | function | ours, ms | peer time / our time | floor | holds | others |
| --- | --- | --- | --- | --- | --- | --- |
{chr(10).join(body)}

![The ratios as dots]({page.with_suffix(".svg").name})

{unrolled(seconds)}.

### The C target

What `symconv export --target c` writes, one thread, measured in the same way and against floors of its own. Of max
pooling, forward and gradient are measured together.

{of_c}

### Two threads

Each function called with `threads=2`, accuracy `fast`, against torch with two threads.

{threads.stdout}
### Layers drawn at random

Sixty convolutions drawn with the seed {SEED}, all three functions against torch. The worst is
{worst.measured.ratios["torch"]:.2f} ({title(worst.layer)}, {worst.part}), the geometric mean {mean:.2f}.

{table(drawn)}"""


def dots_of_table(lines: Iterable[str]) -> list[Dots]:
    """The rows of a picture, from the lines of the table: its first peer and the others."""
    found = []
    for line in lines:
        layer, function, _, first, _, _, others = (cell.strip() for cell in line.strip("|").split("|"))
        pairs = [pair.split() for pair in [first, *filter(None, others.split(", "))]]
        same = found and (found[-1].layer, found[-1].function) == (layer, function)
        before = found.pop().ratios if same else {}
        found.append(Dots(layer, function, {**before, **{name: float(ratio) for name, ratio in pairs}}))
    return found


def redraw(path: Path) -> None:
    """The picture of the first table below the heading; nothing is measured."""
    table_ = path.read_text(encoding="utf-8").split(HEADING)[1].split("| --- |\n")[1].split("\n\n")[0]
    draw(dots_of_table(table_.splitlines()), path.with_suffix(".svg"))


def main() -> None:
    if PICTURE in sys.argv[2:]:
        redraw(Path(sys.argv[1]))
        return
    if prepared() and sys.argv[1] == THREADS:
        print(table_of_threads(float(sys.argv[2])))
        return
    if not prepared():
        sys.exit(again("tests.benchmarks.kernels", sys.argv[1:], 1).stderr or None)
    path = Path(sys.argv[1])
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
    above = path.read_text(encoding="utf-8").split(HEADING)[0].rstrip("\n")
    path.write_text(f"{above}\n\n{section(seconds, path)}", encoding="utf-8")


if __name__ == "__main__":
    main()
