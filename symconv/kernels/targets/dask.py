"""`--target dask`: the functions on dask arrays, for images that outgrow memory or one machine.

Each stage of a formula is cut into tiles (`dask_tiles`): the module holds, for each stage, the NumPy kernel of
one tile, lowered like any other formula, and a function that gives every tile its operands with their halo.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from symconv.kernels.functions import FunctionWriter, Interface, Written
from symconv.kernels.helpers import helper_source, imports
from symconv.kernels.lowering import Row
from symconv.kernels.module import ModuleWriter, banner, docstring_of, names_of, rows_of, sine_of
from symconv.kernels.naming import Names, identifier
from symconv.kernels.scope import Scope
from symconv.kernels.stages import Program, Stage, program_of
from symconv.kernels.targets.dask_tiles import AxisReach, Tiling, tiling_of
from symconv.kernels.text import tuple_text
from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined

OWN_NAMES = ("da", "dask", "Lazy", "Mapping", "NamedTuple", "partial")
CALLING = (
    "Takes dask arrays, and NumPy arrays, which it cuts into chunks; gives dask arrays, which .compute() or .to_zarr() "
    "makes by threads, processes or a distributed cluster (whose workers get this file by client.upload_file)."
)
TILES = (
    "Every operation runs tile by tile. The tiles end where the chunks of the input do; how far a tile reaches beyond "
    "them, its halo, was read off the formula."
)

NEEDS = "needs NumPy and dask (pip install 'dask[array]')."


def module_files(
    forward: Defined,
    gradients: Mapping[str, Defined],
    *,
    title: str,
    notes: Sequence[str],
    verdicts: Mapping[str, str],
    unproved: bool = False,
    stem: str = "kernels",
    settings: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The module for dask, {".py": source}; arguments as for the NumPy target."""
    module = _DaskModule(forward, gradients)
    docstring = docstring_of(title, [*notes, CALLING, TILES], verdicts, unproved, module.theorems(), NEEDS)
    return {".py": module.source(docstring, settings)}


class _DaskModule(ModuleWriter):
    """The module's functions on dask arrays; names, cases and referees are those of the NumPy target."""

    def __init__(self, forward: Defined, gradients: Mapping[str, Defined]) -> None:
        super().__init__(forward, gradients)
        self.tiles: list[str] = []
        names = (*self.taken, *OWN_NAMES, *self.names.values(), *self.roles.values())
        self.lazy_writer = FunctionWriter(names)
        tensors = (forward, *gradients.values())
        self.lazy = [self._lazy(program_of(t), p.fast.interface) for t, p in zip(tensors, self.pairs, strict=True)]

    def _lazy(self, program: Program, interface: Interface) -> Written:
        """One function: its stages, each of them tiled."""
        rows: list[Row] = []
        known = len(self.tiles)

        def body(scope: Scope) -> str:
            del self.tiles[known:]
            for stage in program.stages[:-1]:
                scope.arrays[stage.target] = scope.assign(identifier(stage.title), self._stage(scope, stage, interface))
            return self._stage(scope, program.stages[-1], interface)

        written = self.lazy_writer.write(program, replace(interface, returns="Lazy"), body, rows)
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
        written = self.lazy_writer.vectorised(program_of(tiling.formula), shown)
        self.tiles.append(written.source)
        return written

    # -- text --------------------------------------------------------------------

    def fast(self) -> list[str]:
        """The NumPy functions, those of single tiles."""
        return self.tiles

    def source(self, docstring: str, settings: Mapping[str, str] | None = None) -> str:
        lazy = [w.source for w in self.lazy]
        slow = [p.slow.source for p in self.pairs]
        test = self.self_test()
        helpers = helper_source("\n".join([*self.tiles, *slow, _runtime()[1]]))
        parts = [
            *lazy,
            banner("the NumPy kernels of single tiles"),
            *self.tiles,
            banner("helpers"),
            helpers,
            _runtime()[1],
            banner("the referee: the formulas as plain loops, used by --self-test only"),
            *slow,
            test,
        ]
        body = "\n\n".join(parts)
        return f"{docstring}\n{_imports(body, settings)}\n\n{body}"

    def self_test(self) -> str:
        checks = rows_of(
            f"({w.interface.name}, {p.slow.interface.name}, {names_of(w)}, {names_of(p.slow)})"
            for w, p in zip(self.lazy, self.pairs, strict=True)
        )
        unknown = dict(u for w, p in zip(self.lazy, self.pairs, strict=True) for u in (*w.unknown, *p.slow.unknown))
        functions = "".join(f'    "{name}": {sine_of(f.order)},\n' for f, name in unknown.items())
        draw = "rng.uniform(0.5, 1.5, size)" if self.positive() else "rng.standard_normal(size)"
        return SELF_TEST.format(checks=checks, cases=rows_of(self.cases()), functions=functions, draw=draw)


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


def _imports(body: str, settings: Mapping[str, str] | None) -> str:
    """The imports that a text needs, that of dask with what to install, and the settings."""
    text = imports(body, settings)
    own = {"collections.abc": {"Callable", "Mapping", "Sequence"}, "functools": {"partial"}}
    own["typing"] = {"Any", "NamedTuple"}
    lines = re.findall(r"^from (?!__future__|numpy)(\S+) import (.+)\n", text, re.MULTILINE)
    found = {module: set(names.split(", ")) for module, names in lines}
    merged = {module: found.get(module, set()) | own.get(module, set()) for module in {*found, *own}}
    block = "".join(f"from {module} import {', '.join(sorted(merged[module]))}\n" for module in sorted(merged))
    text = re.sub(r"(^from (?!__future__|numpy)\S+ import .+\n)+", lambda _: block, text, flags=re.MULTILINE)
    return text.replace("\nArray = ", f"\n{_runtime()[0]}\n\nArray = ", 1)


SELF_TEST = '''# function, its referee, the parameters of both
CHECKS: list[tuple[Callable[..., Lazy], Callable[..., _Table], tuple[str, ...], tuple[str, ...]]] = [
{checks}]
# shapes of arrays, and options
CASES: list[dict[str, Any]] = [
{cases}]
FUNCTIONS: dict[str, Callable[[Array], Array]] = {{
{functions}}}


SECONDS, MOST = 0.5, 100_000  # spent on one comparison, entries of one


def compared(found: Array, slow: _Table, rng: np.random.Generator) -> float:
    """The greatest difference, relative to the greatest entry: in a random order, as long as the time allows."""
    if found.shape != slow.shape:
        return np.inf
    start, worst, scale = time.perf_counter(), 0.0, 1.0
    for seen, at in enumerate(rng.permutation(min(found.size, MOST))):
        place = tuple(int(k) for k in np.unravel_index(at, found.shape)) if found.shape else ()
        exact = float(slow[place])
        worst, scale = max(worst, abs(float(found[place]) - exact)), max(scale, abs(exact))
        if seen >= 4 and time.perf_counter() - start > SECONDS:
            break
    return worst / scale


def in_chunks(value: Any, rng: np.random.Generator) -> Any:
    """An array in chunks of random length; everything else as it is."""
    if not isinstance(value, np.ndarray):
        return value
    chunks = []
    for n in value.shape:
        inner = np.flatnonzero(rng.random(max(0, n - 1)) < 0.3) + 1
        chunks.append(tuple(int(k) for k in np.diff([0, *inner, n])))
    return da.from_array(value, chunks=tuple(chunks))


def self_test() -> int:
    """Compare every function, on chunks of random lengths, with its referee; the number of disagreements."""
    rng = np.random.default_rng(0)
    wrong = 0
    for case in CASES:
        drawn: dict[str, Any] = {{}}
        for name, size in case.items():
            drawn[name] = {draw} if isinstance(size, tuple) else size
            if isinstance(size, tuple):
                drawn[f"{{name}}_shape"] = size
        for function, loops, names, loop_names in CHECKS:
            arguments = {{name: FUNCTIONS.get(name, in_chunks(drawn.get(name), rng)) for name in names}}
            found = np.asarray(function(**arguments).compute(scheduler="sync"))
            slow = loops(**{{name: FUNCTIONS.get(name, drawn.get(name)) for name in loop_names}})
            error = compared(found, slow, rng)
            agrees = error <= 1e-12
            wrong += not agrees
            given = {{n: getattr(v, "chunks", v) for n, v in arguments.items() if n not in FUNCTIONS}}
            options = ", ".join(f"{{name}}={{value}}" for name, value in given.items())
            print(f"{{'ok   ' if agrees else 'WRONG'}} {{function.__name__}}({{options}}): error {{error:.1e}}")
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description="Kernels for dask, written by symconv.")
    parser.add_argument("--self-test", action="store_true", help="compare every function with plain loops")
    if parser.parse_args().self_test:
        sys.exit(1 if self_test() else 0)
    parser.print_help()


if __name__ == "__main__":
    main()
'''


__all__ = ["module_files"]
