"""The target `numba`: loops that Numba compiles when they are first called, one function a term of a formula."""

from __future__ import annotations

from dataclasses import replace

from symconv.kernels.functions import Interface, Written
from symconv.kernels.layout import wrapped
from symconv.kernels.module import ModuleWriter
from symconv.kernels.plan_row import Row
from symconv.kernels.scope import Scope
from symconv.kernels.stages import Program
from symconv.kernels.targets.numba_lowering import OWN, Compiled, LoopLowering

NEEDS = "needs NumPy and Numba (pip install numba); a function is compiled when it is first called, and kept on disk."
HEAD = '''try:
    numba: Any = importlib.import_module("numba")
except ImportError:
    raise ImportError(
        "numba: not found; this module's loops are compiled by Numba; pip install numba, or export with --target numpy"
    ) from None


def _compiled(loops: Callable[..., None]) -> Callable[..., None]:
    """The loops as machine code: a product and a sum may become one operation, nothing else is rearranged."""
    function: Callable[..., None] = numba.njit(cache=True, nogil=True, fastmath={"contract"})(loops)
    return function

'''
OWN_HELPERS = {
    "_machine_numbers": '''def _machine_numbers(name: str, value: Any, layout: tuple[str, ...]) -> Array:
    """The value as an array of a type that Numba compiles for; integers become int64."""
    array = _array(name, value, layout)
    if array.dtype not in (np.float32, np.float64, np.int64):
        raise TypeError(
            f"{name}: entries of type {array.dtype} given; float32, float64 or integers in the byte order of this "
            "machine needed; convert with .astype(np.float64)"
        )
    return array
''',
    "_sum_type": '''def _sum_type(
    kind: np.dtype[Any], counts: tuple[int, ...], shape: tuple[int, ...]
) -> np.dtype[Any]:
    """The type to add up so many products in: float64 for float32 where more than 288 of them meet in an entry."""
    return np.dtype(np.float64) if kind == np.float32 and prod(counts) > 288 * prod(shape) else kind
''',
    "_in_phases": '''def _in_phases(array: Array, step: int) -> Array:
    """The last axis as [t, m], place m * step + t; zeros where it does not divide."""
    *lead, width = array.shape
    result = np.zeros((*lead, step, -(-width // step)), array.dtype)
    for t in range(min(step, width)):
        part = array[..., t::step]
        result[..., t, : part.shape[-1]] = part
    return result
''',
    "_out_of_phases": '''def _out_of_phases(array: Array, width: int) -> Array:
    """The last two axes [t, m] as one, place m * step + t."""
    *lead, step, _ = array.shape
    result = np.empty((*lead, width), array.dtype)
    for t in range(min(step, width)):
        part = result[..., t::step]
        part[...] = array[..., t, : part.shape[-1]]
    return result
''',
    "_least_number": '''def _least_number(dtype: np.dtype[Any]) -> Any:
    """The least number of a type."""
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min
''',
    "_winner_places": '''def _winner_places(windows: Array, taps: int) -> Array:
    """The place of the greatest entry over the last axes, the first one in row-major order."""
    return windows.reshape(*windows.shape[:-taps], prod(windows.shape[-taps:])).argmax(axis=-1)
''',
}


class NumbaModule(ModuleWriter):
    """A module whose functions call compiled loops; its referee and self-test are those of the NumPy target."""

    needs = NEEDS
    memory = "arrays with zeros around, and sums in float64 where they are long"
    with_winners = False
    reserved = ("numba", "importlib", *OWN)

    def written(self, program: Program, interface: Interface) -> Written:
        """One function, and in its source before it the loops that it calls."""
        rows: list[Row] = []
        loops: list[Compiled] = []

        def body(scope: Scope) -> str:
            lowering = LoopLowering(scope, interface.name)
            text = lowering.program(program, interface.parts)
            rows.extend(lowering.rows)
            loops[:] = lowering.compiled
            return text

        written = self.writer.write(program, interface, body, rows)
        source = written.source.replace("= _array(", "= _machine_numbers(")
        return replace(written, source="\n\n".join([*(_function(c) for c in loops), source]))

    def notes(self) -> list[str]:
        return []

    def helpers(self, text: str) -> list[str]:
        title, others = super().helpers(text)
        return [title, *(source for name, source in OWN_HELPERS.items() if f"{name}(" in text), others]

    def head(self, body: str) -> str:
        return super().head(body).replace("import argparse", "import argparse\nimport importlib", 1) + f"\n{HEAD}"


def _function(compiled: Compiled) -> str:
    """The text of a compiled function."""
    head = [f"def {compiled.name}({', '.join(compiled.parameters)}) -> None:"]
    if len(head[0]) > 100:
        head = [f"def {compiled.name}(", *(f"    {p}," for p in compiled.parameters), ") -> None:"]
    lines = [*head, f'    """{compiled.summary}"""']
    return "\n".join(["@_compiled", *lines, *(part for line in compiled.lines for part in wrapped(line))]) + "\n"


__all__ = ["NumbaModule"]
