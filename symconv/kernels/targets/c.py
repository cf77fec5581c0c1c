"""C99 with a loader in Python: `CModule.files` gives the two texts.

The .py file has the signatures, checks and self-test of the NumPy target; what computes stands in the .c
file, written once for a type T and compiled for float and double.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import replace

from symconv.kernels.export import Export
from symconv.kernels.functions import FunctionWriter, Interface, Written
from symconv.kernels.module import ModuleWriter, banner
from symconv.kernels.plan_row import Row
from symconv.kernels.schedule_notes import theorem_of
from symconv.kernels.scope import Scope
from symconv.kernels.self_test import SelfTest
from symconv.kernels.stages import Program
from symconv.kernels.targets import (
    c_dots,
    c_engine,
    c_loader,
    c_packing,
    c_pool_lines,
    c_sides,
    c_tiles,
    c_winograd,
    c_winograd_taps,
)
from symconv.kernels.targets.c_runtime import ELEMENTWISE, FOOT, HEAD, TWICE
from symconv.kernels.targets.c_stage import write_program
from symconv.kernels.targets.c_text import comment_c
from symconv.kernels.targets.c_threads import shared_of
from symconv.kernels.text import tuple_text

CONTRACT = """
The C file of the same name computes; it is compiled when it is first called, and kept in ~/.cache/symconv
(--build: beside this file).  float32 and float64; whole numbers count as float64; infinities and NaN go where
the formula takes them.
"""
FAST = """
ACCURACY fast: 3 x 3 taps of stride 1 are computed by tiles of F(4, 3), gradients by them by tiles of F(3, 4), errors up
to 2e-5 in float32 and 1e-13 in float64; an infinity or a NaN spreads over the tiles that read it.  Arrays of whole
numbers alone are not.
"""
POOLINGS = {
    "maximum": ("greatest of windows",),
    "sum": ("sums of windows",),
    "spread": ("sums of windows",),
    "route": ("winners of windows",),
}
LOADER = (
    *("_c_words", "_c_compiler", "_c_file_name", "build", "_c_into", "_c_library"),
    *("_c_type", "_c_function", "_in_c", "_in_parts", "_call_c", "_place", "_for_c"),
)
BUILD = """\
    parser.add_argument("--build", action="store_true", help="compile the C file beside this one")
    if parser.parse_args().build:
        print(build(SOURCE.parent))
"""


class _Writer(FunctionWriter):
    """Writes the Python functions, and keeps the C functions that they call."""

    def __init__(self, taken: Sequence[str], fast: bool) -> None:
        super().__init__(taken)
        self.fast = fast
        self.c_functions: dict[str, str] = {}
        self.engine = False
        self.pools: set[str] = set()

    def calling(self, program: Program, interface: Interface) -> Written:
        """The Python function that calls a C function for all stages."""

        rows: list[Row] = []

        def body(scope: Scope) -> str:
            function = write_program(scope, program, self.fast)
            rows.extend(function.rows)
            self.engine |= function.engine
            self.pools |= function.pools
            self.c_functions[interface.name] = function.source(interface.name)
            arrays = [scope.arrays[leaf] for leaf in function.inputs]
            sizes = [text for _, text in function.sizes.values()]
            extents = tuple_text([scope.text(n) for n in program.tensor.shape]) if program.tensor.rank else "()"
            if function.fast:  # sums of whole numbers stay exact
                kinds = " == ".join(f"{a}.dtype.kind" for a in arrays)
                sizes.append(f'{kinds} == "i"' if arrays else "1")
            result = scope.names.fresh("result")
            named = ", ".join(f"{a}={a}" for a in arrays)
            scope.line(f"{result} = _result(out, {extents}, _c_type({named}))")
            call = f'"{interface.name}", {result}, {_tuple(arrays)}, {_tuple(sizes)}, out is not None'
            shared = shared_of(program)
            if shared is not None and list(function.sizes).count(shared.extent) == 1:
                axes = [shared.axes.get(leaf) for leaf in function.inputs]
                call += f", threads, {list(function.sizes).index(shared.extent)}, {_tuple(list(map(str, axes)))}"
                scope.threaded = True
            scope.line(f"_in_c({call})")
            scope.stored = True
            return result

        return self.write(program, interface, body, rows)


def _tuple(parts: list[str]) -> str:
    return tuple_text(parts) if parts else "()"


class CModule(ModuleWriter):
    """The module of the NumPy target with calls of C in its functions."""

    needs = "needs NumPy and, once, a C compiler."
    memory = "at most 4 MB beside packed kernels; more where the rows of one window, of all channels, are larger"
    with_winners = False
    with_step = False  # each function stands alone: none returns a loss and its gradients at once

    def __init__(self, export: Export) -> None:
        self.quick = export.accuracy == "fast"
        self.c_writer: _Writer | None = None
        super().__init__(export)

    def written(self, program: Program, interface: Interface) -> Written:
        if self.c_writer is None:
            self.c_writer = _Writer(self.writer.taken, self.quick)
        return self.c_writer.calling(program, interface)

    def calls(self) -> _Writer:
        """What wrote the functions of both files."""
        if self.c_writer is None:
            raise TypeError("a module has at least one function")
        return self.c_writer

    def files(self) -> dict[str, str]:
        """The two texts; both must be saved under one name in one folder."""
        return {".py": self.source(), ".c": self.c_source()}

    def notes(self) -> list[str]:
        """The theorems of the schedules, and what the functions promise."""
        writer = self.calls()
        tiles = ["tiles"] if self.quick and writer.engine else []
        names = ["direct", "taps", "adjoint", *tiles] if writer.engine else []
        names += sorted({name for kind in writer.pools for name in POOLINGS[kind]})
        texts = (CONTRACT, FAST) if tiles else (CONTRACT,)
        return [*map(theorem_of, names), "", *(" ".join(text.split()) for text in texts)]

    def helpers(self, text: str) -> list[str]:
        loader = (inspect.getsource(vars(c_loader)[name]) for name in LOADER)
        return [banner("the C library"), *loader, *super().helpers(text)]

    def head(self, body: str) -> str:
        return _with_loader_imports(super().head(body))

    def test(self) -> SelfTest:
        """For both types of entries, and the option --build."""
        return replace(
            super().test(), schedules=(), precision={"f8": 1e-12, "f4": 3e-5 if self.quick else 2e-6}, options=BUILD
        )

    def c_source(self) -> str:
        writer = self.calls()
        plain = [c_tiles.HEAD, c_sides.HEAD, c_dots.HEAD] if writer.engine else []
        typed = (
            [c_tiles.text(), c_packing.PRODUCT, c_dots.text(), c_packing.PACKING, c_engine.TYPED]
            if writer.engine
            else []
        )
        plain += [c_pool_lines.HEAD] if writer.pools else []
        typed += [c_pool_lines.text(writer.pools)] if writer.pools else []
        typed += [c_winograd.text(), c_winograd_taps.text()] if writer.engine and self.quick else []
        about = f"The functions that {self.export.stem}.py calls, written by symconv."
        head = f"{comment_c(self.export.title)}\n{comment_c(about)}"
        own = HEAD.replace("FILE_NAME", f"{self.export.stem}.c")
        return "\n".join([head, own, *plain, TWICE, ELEMENTWISE, *typed, *writer.c_functions.values(), FOOT])


def _with_loader_imports(text: str) -> str:
    """The imports of the loader among those of the module, its constants behind them."""
    lines = [line for line in text.splitlines() if line and "__future__" not in line]
    own = inspect.getsource(c_loader).splitlines()
    wanted = {*lines, *(line for line in own if line.startswith(("import ", "from ")))}
    wanted -= {"from __future__ import annotations"}
    numpy = sorted((line for line in wanted if line.split(".")[0].endswith("numpy")), key=lambda line: line[0] == "f")
    numpy = [line for line in ("import numpy as np", *numpy) if "numpy" in line]
    plain = sorted(line for line in wanted if line.startswith("import ") and "numpy" not in line)
    froms: dict[str, set[str]] = {}
    for line in wanted:
        if line.startswith("from ") and "numpy" not in line:
            module, names = line.removeprefix("from ").split(" import ")
            froms.setdefault(module, set()).update(names.split(", "))
    joined = [f"from {module} import {', '.join(sorted(froms[module]))}" for module in sorted(froms)]
    rest = [line for line in lines if not line.startswith(("import ", "from "))]
    constants = [line for line in own if line.startswith(("SOURCE", "FLAGS", "# never"))]
    head = ["from __future__ import annotations", "", *plain, *joined, ""]
    return "\n".join([*head, *dict.fromkeys(numpy), "", *rest, *constants, ""])


__all__ = ["CModule"]
