"""One function of a module: signature, docstring, checks of shapes, sizes, then the stages."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Literal

from symconv.kernels.layout import WIDTH, without_unused, wrapped
from symconv.kernels.lowering import Lowering
from symconv.kernels.naming import Names, identifier
from symconv.kernels.plan_row import Row
from symconv.kernels.pool_patterns import Windows, routes_of
from symconv.kernels.scope import Scope
from symconv.kernels.size_lines import SizeLines, layout_text
from symconv.kernels.sizes import solve_sizes
from symconv.kernels.stages import Program
from symconv.kernels.text import poly_text, tuple_text
from symconv.term.polynomial import Poly, Size
from symconv.term.tensor import Defined, Leaf, sizes_in
from symconv.term.value import Entry, Function

DEFAULTS = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "output_padding": 0}
OPTIONAL = {"out": None, "threads": 1}  # what a function may take besides: an array for the result, how many share it


@dataclass(frozen=True, slots=True)
class Interface:
    """What a function is called and takes: arrays, shapes that no array has, named sizes."""

    name: str
    summary: str
    arrays: tuple[tuple[Leaf, str], ...]
    shapes: tuple[tuple[Leaf, str], ...] = ()
    roles: Mapping[Size, str] = field(default_factory=dict)
    spoken: tuple[Size, ...] = ()
    returns: str = "Array"
    parts: tuple[str, ...] = ()  # the names of what comes with the first result, if several are asked for
    winners: Literal["", "kept", "given"] = ""  # those of a maximum: a second result, or an argument

    @property
    def filled(self) -> tuple[str, ...]:
        """The caller's arrays for what the function returns."""
        if self.winners == "kept":
            return ("out_result", "out_winners")
        return ("out",) if self.returns == "Array" else ()

    @property
    def given(self) -> list[Leaf]:
        """The leaves whose shapes a caller gives."""
        return [leaf for leaf, _ in (*self.arrays, *self.shapes)]


@dataclass(frozen=True, slots=True)
class Written:
    """A function's source, the order of its parameters, and the plan behind it."""

    interface: Interface
    source: str
    said: tuple[tuple[Size, str], ...]
    unknown: tuple[tuple[Function, str], ...]
    rows: tuple[Row, ...]
    extra: tuple[str, ...] = ()  # optional parameters: an array for the result, the number of threads

    @property
    def parameters(self) -> tuple[str, ...]:
        """Positional parameters first, then those by keyword."""
        given = ["winners"] if self.interface.winners == "given" else []
        positional = [*(n for _, n in self.interface.arrays), *given, *(n for _, n in self.interface.shapes)]
        return (*positional, *(n for _, n in self.unknown), *(n for _, n in self.said))


Body = Callable[[Scope], str]


class FunctionWriter:
    """Writes functions that share the spelling of sizes and unknown functions."""

    def __init__(self, taken: Sequence[str], accuracy: str = "exact", schedule: str = "") -> None:
        self.taken, self.accuracy, self.schedule = tuple(taken), accuracy, schedule
        self.functions = Names(taken)

    def vectorised(self, program: Program, interface: Interface, windows: Collection[Windows] = ()) -> Written:
        """The function that computes a program with NumPy.

        windows: those of a maximum whose winners the function keeps or is given.
        """
        rows: list[Row] = []

        def body(scope: Scope) -> str:
            given = dict.fromkeys(windows, "winners") if interface.winners == "given" else {}
            routes = {*routes_of(program.stages), *windows}
            lowering = Lowering(scope, self.accuracy, self.schedule, routes, given)
            for stage in program.stages if program.several else program.stages[:-1]:
                lowering.stage(stage, identifier(stage.title))
            if program.several:
                text = together(scope, program, interface.parts)
            else:
                text = lowering.result(program.stages[-1], *interface.filled)
            if interface.winners == "kept":
                pairs = zip((text, *lowering.winners.values()), interface.filled, strict=True)
                text = ", ".join(f"_stored({array}, {filled})" for array, filled in pairs)
            rows.extend(lowering.rows)
            return text

        return self.write(program, interface, body, rows)

    def write(self, program: Program, interface: Interface, body: Body, rows: list[Row]) -> Written:
        """The function with the checks of its parameters around a body."""
        trial = self._scope(interface, program.tensor)
        result = body(trial)
        written = "\n".join([*trial.lines, result])
        words = set(re.findall(r"\w+", written))
        used = {size for size in trial.used if trial.name_of(size) in words}
        rows.clear()
        scope = self._scope(interface, program.tensor, trial.unknown)
        given = interface.given
        wanted = _in_order(program.tensor, {*used, *interface.spoken})
        solution = solve_sizes(given, wanted, _options(interface), interface.spoken)
        scope.extents = {n: text for n, text in scope.extents.items() if not n.sizes() <= solution.all}
        said = tuple((s, scope.names.of(s, s.name)) for s in sorted(solution.said, key=lambda s: s.name))
        for name in (*(n for _, n in interface.arrays), *(n for _, n in interface.shapes)):
            scope.names.set(("parameter", name), name)
        self._checks(scope, interface)
        if interface.winners == "kept":
            scope.line(f"{', '.join(interface.filled)} = _two_results(out)")
        if trial.threaded:
            scope.line('threads = _whole("threads", threads, 1)')
        SizeLines(scope, _sources(interface), solution, program.tensor).write(said)
        text = body(scope)
        if interface.returns == "Array" and not scope.stored:
            text = f"_stored({text}, out)"
        elif not interface.winners and not re.fullmatch(r"(?!total)\w+|np\.array\(.*\)|\w+\.reshape\(.*\)", text):
            name = scope.names.fresh("result")
            scope.line(f"{name}: {interface.returns} = {text}")
            text = name
        scope.line(f"return {text}")
        unknown = tuple(scope.unknown.items())
        head = self._head(interface, said, unknown, scope, program.tensor)
        lines = without_unused(scope.lines, scope.lines)
        source = "\n".join([*head, *(part for line in lines for part in wrapped(line))]) + "\n"
        taken = {"out": bool(interface.filled), "threads": scope.threaded}
        extra = tuple(name for name in OPTIONAL if taken[name])
        return Written(interface, source, said, unknown, tuple(rows), extra)

    # -- parts ---------------------------------------------------------------

    def _scope(self, interface: Interface, tensor: Defined, functions: Mapping[Function, str] | None = None) -> Scope:
        names = Names(self.taken)
        for leaf, name in interface.arrays:
            names.set(("array", leaf), name)
        for leaf, name in interface.shapes:
            names.set(("shape", leaf), name)
        for size, name in interface.roles.items():
            names.set(size, name)
        for function, name in (functions or {}).items():
            names.set(("function", function), name)
        scope = Scope(names, self.functions)
        scope.arrays.update(interface.arrays)
        given = interface.given
        told = solve_sizes(given, interface.spoken, _options(interface), interface.spoken).all
        for leaf, source in _sources(interface).items():
            scope.extents |= {n: f"{source}[{a}]" for a, n in enumerate(leaf.shape) if not n.sizes() <= told}
        entry = Entry(tensor, tuple(map(Poly.of, tensor.parameters)))
        for size in (*(s for leaf in given for n in leaf.shape for s in sizes_of(n)), *sizes_in(entry)):
            names.of(size, size.name)
        for shape in (*(leaf.shape for leaf in given), tensor.shape):
            scope.wanted |= {n: w for n, w in zip(shape[::-1], _axis_names(len(shape)), strict=False) if n.terms > 1}
        return scope

    def _checks(self, scope: Scope, interface: Interface) -> None:
        for leaf, name in interface.arrays:
            scope.line(f'{name} = _array("{name}", {name}, {layout_text(scope, leaf)})')
        for leaf, name in interface.shapes:
            scope.line(f'{name} = _shape("{name}", {name}, {layout_text(scope, leaf)})')

    def _head(
        self,
        interface: Interface,
        said: Sequence[tuple[Size, str]],
        unknown: Sequence[tuple[Function, str]],
        scope: Scope,
        tensor: Defined,
    ) -> list[str]:
        parameters = [f"{n}: Array" for _, n in interface.arrays]
        parameters += ["winners: Array"] if interface.winners == "given" else []
        parameters += [f"{n}: tuple[int, ...]" for _, n in interface.shapes]
        parameters += [f"{n}: Callable[[Array], Array]" for _, n in unknown]
        extra = [f"out: {interface.returns} | None = {OPTIONAL['out']}"] if interface.filled else []
        extra += [f"threads: int = {OPTIONAL['threads']}"] if scope.threaded else []
        if said or extra:
            parameters.append("*")
        required = [p for p in said if p[1] not in DEFAULTS]
        optional = [p for p in said if p[1] in DEFAULTS]
        parameters += [f"{n}: int" for _, n in required]
        parameters += [f"{n}: int = {DEFAULTS[n]}" for _, n in optional]
        parameters += extra
        one_line = f"def {interface.name}({', '.join(parameters)}) -> {interface.returns}:"
        head = [one_line]
        if len(one_line) > 100:
            head = [f"def {interface.name}(", *(f"    {p}," for p in parameters), f") -> {interface.returns}:"]
        head.append(f'    """{interface.summary}')
        head.append("")
        for leaf, name in interface.arrays:
            head += _spoken(f"{name}: {_shown(scope, leaf.shape)}")
        if interface.winners == "given":
            head += _spoken("winners: of the shape of upstream, as `forward_with_winners` returns them")
        for leaf, name in interface.shapes:
            head += _spoken(f"{name}: {_shown(scope, leaf.shape)}")
        if interface.winners == "kept":
            head += _spoken(
                "out: a pair of arrays, for the result and for the winners, of their types; new ones without it"
            )
        elif interface.filled:
            head += _spoken("out: an array for the result, of its shape and type; a new one without it")
        if scope.threaded:
            head += _spoken("threads: how many share the work")
        more = f", and by name: {', '.join(interface.parts)}" if interface.parts else ""
        more += ", and winners of this shape, numbers of taps in row-major order" * (interface.winners == "kept")
        head += _spoken(f"result: {_shown(scope, tensor.shape)}{more}")
        return [*head, '    """']


def together(scope: Scope, program: Program, parts: Sequence[str]) -> str:
    """What a function returns that has several results: the first one, and the others by name."""
    first, *rest = (scope.arrays[target] for target in program.several)
    named = (f'"{name}": {array}' for name, array in zip(parts, rest, strict=True))
    return f"({first}, {{{', '.join(named)}}})"


def _spoken(text: str) -> list[str]:
    """A line of a docstring, folded where it is too long."""
    return wrap(text, WIDTH, initial_indent="    ", subsequent_indent="        ", break_on_hyphens=False)


def _in_order(tensor: Defined, sizes: set[Size]) -> list[Size]:
    """Those of the tensor's sizes, in the reader's order."""
    order = sizes_in(Entry(tensor, tuple(map(Poly.of, tensor.parameters))))
    return [s for s in order if s in sizes]


def _sources(interface: Interface) -> dict[Leaf, str]:
    """Where the extents of each leaf stand."""
    return {leaf: f"{name}.shape" for leaf, name in interface.arrays} | dict(interface.shapes)


def _options(interface: Interface) -> set[Size]:
    return {s for s, role in interface.roles.items() if role != "groups"}


def _axis_names(rank: int) -> tuple[str, ...]:
    """Names for long extents, from the last axis backwards."""
    return ("length",) if rank == 1 else ("width", "height", "depth") if rank > 1 else ()


def sizes_of(poly: Poly) -> list[Size]:
    """The sizes of a polynomial in the order in which they are shown."""
    return sorted(poly.sizes(), key=lambda s: s.name)


def _shown(scope: Scope, shape: Sequence[Poly]) -> str:
    return tuple_text([poly_text(n, scope.name_of) for n in shape]) if shape else "a number"


__all__ = ["OPTIONAL", "FunctionWriter", "Interface", "Written", "together"]
