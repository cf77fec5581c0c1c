"""A program as one C function: every stage an array, the last one the output."""

from __future__ import annotations

from contextlib import ExitStack

from symconv.kernels.inner_formulas import window_of
from symconv.kernels.nest import ZERO
from symconv.kernels.pool_patterns import maximum_of
from symconv.kernels.scope import Scope
from symconv.kernels.stages import Program, Stage
from symconv.kernels.targets.c_function import Array, CFunction
from symconv.kernels.targets.c_nest import add_nests, entry_text, read_of
from symconv.kernels.targets.c_pool import has_planes, write_pooling
from symconv.kernels.targets.c_rows import row_of_maximum, row_of_pooling
from symconv.kernels.targets.c_text import comment_c
from symconv.term.polynomial import Poly
from symconv.term.substitution import substitute
from symconv.term.tensor import Defined
from symconv.term.value import Maximum


def write_program(scope: Scope, program: Program, fast: bool = False) -> CFunction:
    """The stages of a program; `out` is the last one's array."""
    function = CFunction(scope, fast)
    for stage in program.stages:
        _stage(function, stage, stage is program.stages[-1])
    return function


def _stage(function: CFunction, stage: Stage, last: bool) -> None:
    function.line(comment_c(stage.title))
    shape = stage.formula.shape
    out = Array("out", (ZERO,) * len(shape), shape) if last else function.allocate(stage.title, shape)
    lows = tuple(axis.low or ZERO for axis in stage.formula.axes)
    function.made[stage.target] = Array(out.name, lows, shape)
    if stage.maximum is None:
        add_nests(function, stage.nests, stage.formula, out, stage.title)
    else:
        _maximum(function, stage.formula, stage.maximum, stage.title, out)


def _maximum(function: CFunction, formula: Defined, maximum: Maximum, title: str, out: Array) -> None:
    """By lines where the windows are those of a pooling, else by taps."""
    found = maximum_of(maximum, formula)
    if found is not None and has_planes(function, found, out):
        function.rows.append(row_of_pooling(title, found, formula))
        with write_pooling(function, found, None, out):
            _by_taps(function, formula, maximum, title, out)
    else:
        _by_taps(function, formula, maximum, title, out)
        window = [axis.extent for axis in window_of(maximum, title).values()]
        function.rows.append(row_of_maximum(title, formula, window))


def _by_taps(function: CFunction, formula: Defined, maximum: Maximum, title: str, out: Array) -> None:
    """Each tap of the window in turn over the whole row."""
    window = window_of(maximum, title)
    axes = dict(zip(formula.parameters, formula.axes, strict=True)) | window
    counts = {n: axis.extent for n, axis in axes.items()}
    body = substitute(maximum.body, {n: Poly.of(n) + (axis.low or ZERO) for n, axis in axes.items()})
    taps = list(window)
    read = read_of(function, body, (*formula.parameters, *taps), counts)
    spelling = {n: function.names.fresh(n) for n in counts}
    entries = function.count(out.shape)
    function.line(f"for (long at = 0; at < {entries}; at++) {out.name}[at] = -INFINITY;")
    with ExitStack() as stack:
        for name in (*formula.parameters[:-1], *taps, *formula.parameters[-1:]):
            index, count = spelling[name], function.text(counts[name])
            if name in formula.parameters[-1:]:
                function.directive("#pragma GCC ivdep")
            stack.enter_context(function.block(f"for (long {index} = 0; {index} < {count}; {index}++)"))
        place = f"{out.name}[{function.offset(out, [spelling[p] for p in formula.parameters])}]"
        function.line(f"{place} = NAME(larger)({place}, {entry_text(function, read, spelling)});")


__all__ = ["write_program"]
