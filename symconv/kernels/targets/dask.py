"""The target `dask`: the functions on dask arrays, for images that outgrow memory or one machine.

Each stage of a formula is cut into tiles (`dask_tiles`): the module holds, for each stage, the NumPy kernel of
one tile, lowered like any other formula, and a function that gives every tile its operands with their halo.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from symconv.kernels.export import Export
from symconv.kernels.functions import Interface, Written, together
from symconv.kernels.module import ModuleWriter, banner
from symconv.kernels.naming import Names, identifier
from symconv.kernels.parts import Step
from symconv.kernels.plan_row import Row
from symconv.kernels.scope import Scope
from symconv.kernels.self_test import SelfTest
from symconv.kernels.stages import Program, Stage, program_of
from symconv.kernels.targets.dask_tiles import AxisReach, Tiling, tiling_of
from symconv.kernels.text import tuple_text
from symconv.term.polynomial import Poly

CALLING = (
    "Takes dask arrays, and NumPy arrays, which it cuts into chunks; gives dask arrays, which .compute() or .to_zarr() "
    "makes by threads, processes or a distributed cluster (whose workers get this file by client.upload_file)."
)
TILES = (
    "Every operation runs tile by tile. The tiles end where the chunks of the input do; how far a tile reaches beyond "
    "them, its halo, was read off the formula."
)


class DaskModule(ModuleWriter):
    """The module's functions on dask arrays; names, cases and referees are those of the NumPy target."""

    needs = "needs NumPy and dask (pip install 'dask[array]')."
    with_winners = False
    reserved = ("dask_array", "dask", "Lazy", "Mapping", "NamedTuple", "partial", "in_chunks")

    def __init__(self, export: Export) -> None:
        self.tiles: list[Written] = []
        super().__init__(export)

    def written(self, program: Program, interface: Interface) -> Written:
        """One function: its stages, each of them tiled."""
        rows: list[Row] = []
        known = len(self.tiles)

        def body(scope: Scope) -> str:
            del self.tiles[known:]
            for stage in program.stages if program.several else program.stages[:-1]:
                scope.arrays[stage.target] = scope.assign(identifier(stage.title), self._stage(scope, stage, interface))
            if program.several:
                return together(scope, program, interface.parts)
            return self._stage(scope, program.stages[-1], interface)

        returns = interface.returns.replace("Array", "Lazy")
        written = self.writer.write(program, replace(interface, returns=returns), body, rows)
        source = re.sub(r"(\w+: )Array\b", r"\1Lazy", written.source).replace("= _array(", "= _lazy(")
        return replace(written, source=source)

    def _stage(self, scope: Scope, stage: Stage, interface: Interface) -> str:
        """The call that makes the dask array of one stage."""
        tiling = tiling_of(stage, [leaf for leaf, _ in interface.arrays])
        tile = self._tile(tiling, stage.title, interface)
        scope.line(f"# {identifier(stage.title)}: tile by tile")
        lengths = {size: label for label, size in tiling.lengths.items()}
        options = [f'"{n}": {_quoted(lengths[s]) if s in lengths else scope.name_of(s)}' for s, n in tile.said]
        options += [f'"{name}": {scope.unknown_name(function)}' for function, name in tile.unknown]
        arguments = (
            tile.interface.name,
            _sequence([scope.arrays[o.leaf] for o in tiling.operands]),
            _sequence([_sequence([_read(scope, axis) for axis in o.axes]) for o in tiling.operands]),
            _sequence([_write(scope, axis) for axis in tiling.writes]),
            tuple_text([scope.scalar(n, "extent") for n in stage.formula.shape]) if stage.formula.rank else "()",
            _mapping([f"{_quoted(i)}: {scope.scalar(n, 'count')}" for i, n in tiling.counts.items()]),
            _mapping(options),
            str(tiling.exact),
        )
        return f"_tiled({', '.join(arguments)})"

    def _tile(self, tiling: Tiling, title: str, interface: Interface) -> Written:
        """The NumPy function of one tile."""
        names, known = Names(self.taken), dict(interface.arrays)
        arrays = tuple(
            (o.block, names.fresh(known.get(o.leaf) or o.leaf.name.split(" ", 1)[-1])) for o in tiling.operands
        )
        shown = Interface(
            f"_tile_{len(self.tiles)}_{identifier(title)}",
            f"One tile of: {title}.",
            arrays,
            roles=self.roles,
            spoken=tuple(tiling.lengths.values()),
        )
        written = self.writer.vectorised(program_of(tiling.formula), shown)
        self.tiles.append(written)
        return written

    # -- text --------------------------------------------------------------------

    def notes(self) -> list[str]:
        return [CALLING, TILES, *super().notes()]

    def functions(self) -> list[str]:
        """The functions on dask arrays, and the NumPy functions of their tiles."""
        return [*super().functions(), banner("the NumPy kernels of single tiles"), *(t.source for t in self.tiles)]

    def steps(self) -> list[Step]:
        """What computes the sums over windows of all tiles."""
        return [row.step for tile in self.tiles for row in tile.rows if row.step is not None]

    def helpers(self, text: str) -> list[str]:
        lazy = _runtime()[1]
        return [*super().helpers(f"{text}\n{lazy}"), lazy]

    def head(self, body: str) -> str:
        return _with_dask(super().head(body))

    def tried(self) -> list[str]:
        return []  # by the self-test of the NumPy target

    def test(self) -> SelfTest:
        """On chunks of random lengths."""
        test = super().test()
        return replace(
            test,
            given="in_chunks(value)",
            result='np.asarray(function(**arguments).compute(scheduler="sync"))',
            more=IN_CHUNKS + test.more.replace("Array", "Lazy"),
        )


# -- parts of source ------------------------------------------------------------------


def _read(scope: Scope, axis: AxisReach | None) -> str:
    if axis is None:
        return "None"
    return f"_Read({_quoted(axis.label)}, {_numbers(scope, axis.step, axis.first, axis.halo)})"


def _write(scope: Scope, axis: tuple[str, Poly, Poly] | None) -> str:
    return "None" if axis is None else f"_Write({_quoted(axis[0])}, {_numbers(scope, *axis[1:])})"


def _numbers(scope: Scope, *polys: Poly) -> str:
    return ", ".join(scope.text(p) for p in polys)


def _quoted(text: str) -> str:
    return f'"{identifier(text)}"'


def _sequence(parts: Sequence[str]) -> str:
    return f"({', '.join(parts)},)" if len(parts) == 1 else f"({', '.join(parts)})"


def _mapping(parts: Sequence[str]) -> str:
    return f"{{{', '.join(parts)}}}"


# -- the text that every module carries --------------------------------------------------


def _runtime() -> tuple[str, str]:
    """The imports and the helpers of `dask_runtime`, as text: dask itself is not needed to write a module."""
    text = Path(__file__).with_name("dask_runtime.py").read_text(encoding="utf-8")
    _, importing, helpers = re.split(r"^# ---- \w+\n", text, flags=re.MULTILINE)
    return importing.strip(), helpers.strip() + "\n"


def _with_dask(text: str) -> str:
    """Imports and settings with those of the runtime, and that of dask with what to install."""
    own = {"collections.abc": {"Callable", "Mapping", "Sequence"}, "functools": {"partial"}}
    own["typing"] = {"Any", "NamedTuple"}
    lines = re.findall(r"^from (?!__future__|numpy)(\S+) import (.+)\n", text, re.MULTILINE)
    found = {module: set(names.split(", ")) for module, names in lines}
    merged = {module: found.get(module, set()) | own.get(module, set()) for module in {*found, *own}}
    block = "".join(f"from {module} import {', '.join(sorted(merged[module]))}\n" for module in sorted(merged))
    text = re.sub(r"(^from (?!__future__|numpy)\S+ import .+\n)+", lambda _: block, text, flags=re.MULTILINE)
    return text.replace("\nArray = ", f"\n{_runtime()[0]}\n\nArray = ", 1)


IN_CHUNKS = '''def in_chunks(value: Any) -> Any:
    """An array in chunks whose lengths change along each axis; everything else as it is."""
    if not isinstance(value, np.ndarray):
        return value
    rng = np.random.default_rng(value.shape)
    chunks = []
    for n in value.shape:
        inner = np.flatnonzero(rng.random(max(0, n - 1)) < 0.3) + 1
        chunks.append(tuple(int(k) for k in np.diff([0, *inner, n])))
    return dask_array.from_array(value, chunks=tuple(chunks))


'''


__all__ = ["DaskModule"]
