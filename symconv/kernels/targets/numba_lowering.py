"""Stages to compiled loops: a buffer for each formula, and a call that adds each of its terms to it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from symconv.errors import ExportError
from symconv.kernels.functions import together
from symconv.kernels.lowering import Row
from symconv.kernels.naming import identifier
from symconv.kernels.nest import ONE, Nest, nests_of
from symconv.kernels.nest_reads import plain
from symconv.kernels.scope import Scope
from symconv.kernels.stages import Program, Stage
from symconv.kernels.targets.numba_loops import Loops
from symconv.kernels.targets.numba_nests import LoopNest
from symconv.kernels.text import enclosed, tuple_text
from symconv.term.polynomial import Atom, Poly
from symconv.term.substitution import substitute
from symconv.term.tensor import Axis, Defined, Leaf
from symconv.term.value import Maximum, Value, as_value

OWN = ("out", "at", "lanes")  # names of the compiled functions
WORDS = {"for", "in", "if", "and", "or", "not", "range", "np", *OWN}


@dataclass(frozen=True, slots=True)
class Compiled:
    """A function to compile: it adds to its first argument."""

    name: str
    summary: str
    parameters: tuple[str, ...]
    lines: tuple[str, ...]


class LoopLowering:
    """Writes the stages of a program: arrays in the scope, loops beside it."""

    def __init__(self, scope: Scope, name: str) -> None:
        self.scope, self.name = scope, name
        self.rows: list[Row] = []
        self.compiled: list[Compiled] = []

    def program(self, program: Program, parts: Sequence[str] = ()) -> str:
        """All stages; an expression for what the function returns."""
        for array in list(self.scope.arrays.values()):
            self.scope.line(f'{array} = np.asarray({array}, order="C")')
        for stage in program.stages if program.several else program.stages[:-1]:
            self.scope.arrays[stage.target] = self.scope.assign(identifier(stage.title), self.expression(stage))
        if not program.several:
            return self.expression(program.stages[-1])
        return together(self.scope, program, parts)

    def expression(self, stage: Stage) -> str:
        self.scope.line(f"# {''.join(c if c.isprintable() and c.isascii() else ' ' for c in stage.title)[:100]}")
        if stage.maximum is not None:
            return self.maximum(stage.formula, stage.maximum, stage.title)
        return self.sum_of(stage.nests, stage.formula, stage.title)

    def sum_of(self, nests: Sequence[Nest], formula: Defined, title: str) -> str:
        parts = []
        for nest in nests:
            arrays = LoopNest(self, nest, formula)
            loops = Loops(arrays)
            buffer = arrays.buffer()
            self.call(loops, buffer, title)
            parts.append(arrays.scaled(arrays.result(buffer)))
        text = parts[0] if parts else f"np.zeros({self.extents(formula.shape)})"
        for part in parts[1:]:
            text += f" - {part[1:]}" if part.startswith("-") else f" + {part}"
        return text

    def call(self, loops: Loops, buffer: str, title: str, more: Mapping[str, str] | None = None) -> None:
        """The line that calls the loops; the loops as a function of the arrays and the numbers in them."""
        arrays, lines = loops.arrays, loops.write()
        given = {"out": buffer, **(more or {}), **{name: name for name in arrays.arrays}}
        text = "\n".join(lines)
        inside = set(re.findall(r"^\s*(?:for )?(\w+)(?: =| in)", text, re.MULTILINE))
        words = dict.fromkeys(re.findall(r"(?<![\w.])[A-Za-z_]\w*", text))  # but attributes
        numbers = [w for w in words if w not in WORDS | inside | set(given)]
        name = f"_{self.name}_{len(self.compiled) + 1}"
        parameters = (*(f"{n}: Array" for n in given), *(f"{n}: int" for n in numbers))
        product = " * ".join(plain(f.head.name) for f in arrays.nest.factors) or "1"
        self.compiled.append(Compiled(name, f"Loops of {self.name}: {_said(product)}.", parameters, tuple(lines)))
        self.scope.line(f"{name}({', '.join([*given.values(), *numbers])})")
        cost = " * ".join(enclosed(arrays.text(c)) for c in arrays.nest.counts.values()) or "1"
        self.rows.append(Row(title, product, tuple(arrays.reads), f"loops, {loops.shape}", cost))

    # -- maxima --------------------------------------------------------------------------

    def maximum(self, formula: Defined, maximum: Maximum, title: str) -> str:
        for r in maximum.ranges:
            if r.low is None or r.high is None or r.low.names() or r.high.names():
                raise ExportError(title, f"a window whose ends change with {r.name}", "a fixed window", "use a bracket")
        window = {r.name: Axis(r.low, r.high) for r in maximum.ranges}
        windows, nests = _over(window | dict(zip(formula.parameters, formula.axes, strict=True)), maximum.body)
        found = self.greatest(nests, windows, len(window), formula, title)
        if found is not None:
            return found[0]
        text = self.scope.assign("windows", self.sum_of(nests, windows, title))
        return f"{text}.max(axis={tuple_text([str(n) for n in range(len(window))])})"

    def winners(self, value: Value, names: Mapping[str, Axis], taps: Mapping[str, Axis]) -> str:
        """The table of where each window has its first maximum."""
        windows, nests = _over({**taps, **names}, value)
        table = Defined("winners", windows.parameters[len(taps) :], windows.axes[len(taps) :], as_value(0))
        found = self.greatest(nests, windows, len(taps), table, "winners")
        if found is not None:
            return found[1]
        text = self.array_of("windows", value, {**names, **taps})
        return self.scope.assign("winner", f"_winner_places({text}, {len(taps)})")

    def greatest(
        self, nests: Sequence[Nest], windows: Defined, taps: int, formula: Defined, title: str
    ) -> tuple[str, str] | None:
        """The arrays of maxima and of their places, by loops over a window that is read directly, else None."""
        if len(nests) != 1 or not _is_read(nests[0], windows):
            return None
        nest = replace(nests[0], positions=nests[0].positions[taps:])
        arrays = LoopNest(self, nest, formula)
        if arrays.refs[0].open:
            return None
        buffer, places = self.scope.names.fresh("greatest"), self.scope.names.fresh("places")
        (source,) = arrays.arrays
        shape = tuple_text(arrays.amounts) if arrays.amounts else "()"
        self.scope.line(f"{buffer} = np.full({shape}, _least_number({source}.dtype), {source}.dtype)")
        self.scope.line(f"{places} = np.zeros({shape}, np.int64)")
        self.call(Loops(arrays, windows.parameters[:taps]), buffer, title, {"at": places})
        return buffer, places

    # -- what a nest needs of its function --------------------------------------------------

    def array_of(self, wanted: str, value: Value, axes: Mapping[str, Axis]) -> str:
        """The array of a value whose free indices run over these axes."""
        formula, nests = _over(axes, value)
        return self.scope.assign(wanted, self.sum_of(nests, formula, wanted))

    def extents(self, shape: Sequence[Poly]) -> str:
        return tuple_text([self.scope.scalar(n, "extent") for n in shape]) if shape else "()"


def _is_read(nest: Nest, windows: Defined) -> bool:
    """True if a nest is an array read once, as it is, for each of its indices."""
    heads = [f.head for f in nest.factors]
    plain_head = len(heads) == 1 and isinstance(heads[0].tensor, Leaf) and not (heads[0].function or heads[0].inverse)
    plainly = not nest.masks and not nest.winners and nest.coefficient == 1 and nest.weight == ONE
    places = [next(iter(p.names())) for p in nest.positions if len(p.names()) == 1]
    return plain_head and plainly and not nest.denominators and set(places) == set(nest.counts)


def _over(axes: Mapping[str, Axis], value: Value) -> tuple[Defined, list[Nest]]:
    """A value as a formula of some indices, and its nests."""
    names = {old: f"@{n}" for n, old in enumerate(axes)}
    images: dict[Atom, Poly] = {old: Poly.of(new) for old, new in names.items()}

    def renamed(poly: Poly | None) -> Poly | None:
        return poly and poly.substitute(images)

    ends = tuple(Axis(renamed(axis.low), renamed(axis.high)) for axis in axes.values())
    formula = Defined(
        "values", tuple(names.values()), ends, substitute(value, {old: Poly.of(new) for old, new in names.items()})
    )
    return formula, nests_of(formula)


def _said(text: str) -> str:
    """A formula that cannot leave its docstring."""
    return "".join(c if c.isprintable() and c.isascii() and c not in '"\\' else " " for c in text)[:80]


__all__ = ["OWN", "Compiled", "LoopLowering"]
