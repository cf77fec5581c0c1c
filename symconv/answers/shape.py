"""How many outputs a window has: count the places at which it fits.

The ends of the window are read off the formula of one entry; every inequality is proved equivalent to the one before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from symconv.answers.answer import Answer, Fact
from symconv.calculus.counting import reads
from symconv.errors import ShapeError
from symconv.proof.deciding import decide
from symconv.proof.problem import equation
from symconv.proof.verdict import Verdict
from symconv.term.polynomial import Poly
from symconv.term.tensor import Axis, Defined, Tensor
from symconv.term.value import Bracket, Condition, Entry, Position, Value, at_least, walk
from symconv.write.latex import latex_of_poly

LETTERS = {"length": "N", "rows": "H", "columns": "W"}
WORDS = {1: ("length",), 2: ("rows", "columns"), 3: ("channels", "rows", "columns")}


@dataclass(frozen=True, slots=True)
class Window:
    """The positions of x that output i reads on one axis: from `first` to `last`, linear in i."""

    x: Tensor
    axis: Axis
    index: str
    first: Poly
    last: Poly


def shape(f: Defined) -> Answer:
    r"""The extents of f, each derived from the window that moves over an axis of its data.

    >>> import symconv as sc
    >>> H, r, s = sc.sizes("H r s")
    >>> x, w, k = sc.tensor("x", H), sc.tensor("w", r), sc.indices("k")
    >>> y = sc.define("y", [(H - r) // s + 1], lambda i: sc.total(w[k] * x[s * i + k], (k, 0, r - 1)))
    >>> print(shape(y.term).facts[-1].latex)
    N_{y} = \left\lfloor\frac{H - r}{s}\right\rfloor + 1
    """
    facts: list[Fact] = []
    declares: list[str] = []
    words = WORDS.get(f.rank, tuple(f"extent {n + 1}" for n in range(f.rank)))
    for n, name in enumerate(f.parameters):
        window = _window(f, name)
        facts += [_same(f, n, words[n])] if window is None else _counted(f, n, words[n], window)
        if words[n] in LETTERS:
            size = f"{LETTERS[words[n]]}_{{{f.name}}}"
            declares.append(f"size {size} = {words[n]} {f.name}")
            facts.append(_stated(f, n, words[n], size))
    return Answer(f"the extents of ${f.name}$", tuple(facts), (f,), tuple(declares))


def _stated(f: Defined, n: int, word: str, size: str) -> Fact:
    return Fact(
        "statement",
        "Write down what was counted.",
        "So:" if f.shape[n].as_int is not None else "So, for all sizes for which there is an output:",
        f"{size} = {latex_of_poly(f.shape[n])}",
        value=f.shape[n],
        asks=f"the length of ${f.name}$" if word == "length" else f"how many {word} ${f.name}$ has",
    )


def _window(f: Defined, name: str) -> Window | None:
    """The window of the first tensor that is read at more than the index itself; None where there is none."""
    for x in _read(f.body):
        for index, ends in reads(f.body, x):
            for axis, position, (first, last) in zip(x.axes, index, ends, strict=True):
                if name in position.names() and first != last and axis.bounded:
                    return Window(x, axis, name, first, last)
    return None


def _read(body: Value) -> Iterator[Tensor]:
    """What one layer reads: data, and tensors that have a name; what is padded in between counts as data padded."""
    for entry in walk(body):
        if isinstance(entry, Entry) and isinstance(entry.tensor, Defined) and "(" in entry.tensor.name:
            yield from _read(entry.tensor.body)
        elif isinstance(entry, Entry):
            yield entry.tensor


def _same(f: Defined, n: int, word: str) -> Fact:
    return Fact(
        "an axis of its own",
        f"On which data does index ${f.parameters[n]}$ stand?",
        f"No window moves along this axis; the {word} of ${f.name}$ come with the operation.",
        f"0 \\le {f.parameters[n]} \\le {latex_of_poly(f.shape[n] - 1)}",
        judged=False,
    )


def _padding(f: Defined, x: Tensor, window: Window) -> tuple[Poly, Poly]:
    """The zeros before and after, as the operation was given them; none for a formula."""
    call = f.call
    given = dict(call.options).get("padding") if call is not None else None
    spatial = list(x.axes)[-len(given) :] if isinstance(given, tuple) else []
    for axis, amounts in zip(spatial, given if isinstance(given, tuple) else (), strict=False):
        if axis == window.axis and isinstance(amounts, tuple):
            return Poly.of(amounts[0]), Poly.of(amounts[1])
    return Poly.of(0), Poly.of(0)


def _counted(f: Defined, n: int, word: str, window: Window) -> list[Fact]:
    slope, rest = window.last.linear_in(window.index) or (Poly.of(0), window.last)
    if slope == 0 or window.axis.high is None:
        raise ShapeError(
            f"the {word} of {f.name}", f"positions {window.last}", "a window that moves", "count the entries by hand"
        )
    _, after = _padding(f, window.x, window)
    end = window.axis.high + after
    i = Poly.of(window.index)
    fits, moved = at_least(end, window.last), at_least(end - rest, slope * i)
    most = (end - rest) // slope
    at_most = at_least(most, i)
    found = [
        Fact(
            "window",
            f"Which positions of ${window.x.name}$ does output ${window.index}$ read?",
            f"The window of output ${window.index}$ begins at ${latex_of_poly(window.first)}$; its last tap reads at",
            rf"\text{{last}} = {latex_of_poly(window.last)}",
            judged=False,
        ),
        Fact(
            "fit",
            "When is the whole window inside?",
            f"It fits as long as its last position is not beyond ${latex_of_poly(end)}$, the end of ${window.x.name}$"
            + (" with its zeros." if after != 0 else "."),
            rf"{latex_of_poly(window.last)} \le {latex_of_poly(end)}",
            judged=False,
        ),
        Fact(
            "solve",
            f"Solve for ${window.index}$.",
            "Bring everything that is free of the index to the other side.",
            rf"{latex_of_poly(slope * i)} \le {latex_of_poly(end - rest)}",
            _equivalent(fits, moved),
            judged=False,
        ),
    ]
    if slope != 1:
        found.append(
            Fact(
                "whole number",
                "The index is a whole number.",
                f"${window.index}$ is a whole number, so the quotient is rounded down.",
                rf"{window.index} \le {latex_of_poly(most)}",
                _equivalent(moved, at_most),
                judged=False,
            )
        )
    count = Fact(
        "count",
        "How many whole numbers are there from 0 on?",
        f"Counting begins at 0, so there is one {word.removesuffix('s')} more than the greatest index.",
        rf"{window.index}_{{\max}} + 1 = {latex_of_poly(most + 1)}",
        _equal(f.shape[n], most + 1),
        judged=False,
    )
    found.append(count)
    return found


def _equivalent(a: Condition, b: Condition) -> Verdict:
    """Both hold for the same integers, for all sizes."""
    return decide(equation(Bracket((a,)), Bracket((b,))))


def _equal(a: Poly, b: Poly) -> Verdict:
    return decide(equation(Position(a), Position(b)))
