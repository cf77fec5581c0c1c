"""A whole module: docstring, functions, helpers, the referee's loops, the self-test.

`ModuleWriter` is the NumPy target; the others write their own functions, helpers or imports in its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from symconv.errors import ExportError
from symconv.kernels.cases import small_sizes, value_at
from symconv.kernels.export import Export
from symconv.kernels.functions import FunctionWriter, Interface, Written
from symconv.kernels.helpers import helper_names, helper_source, imports, reached, used_helpers
from symconv.kernels.kept_winners import KeptWinners, kept_winners
from symconv.kernels.naming import Names
from symconv.kernels.parts import Step
from symconv.kernels.referee import Referee
from symconv.kernels.roles import leaves_in_order, roles_of
from symconv.kernels.schedule_notes import notes_on
from symconv.kernels.schedules.names import NAMES as SCHEDULE_NAMES
from symconv.kernels.self_test import NAMES, SelfTest, is_affine, sine_of
from symconv.kernels.stages import Program, program_of, program_of_all
from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined, Leaf, requirements_of, sizes_in, tensors_in
from symconv.term.value import Apply, Entry, Function, Reciprocal, walk

T = TypeVar("T")
OWN_NAMES = (
    *("step", "forward", "forward_with_winners", "upstream", "winners", "out", "out_result", "out_winners", "threads"),
    *NAMES,
)


@dataclass(frozen=True, slots=True)
class JudgedFunction:
    """A function and the loops that judge it."""

    leaf: Leaf | None  # whose gradient it is
    program: Program
    fast: Written
    slow: Written


class ModuleWriter:
    """The functions of a module and the text around them; a target sets or overrides what differs."""

    needs = "needs NumPy alone."
    memory = "at most 4 MB, beside transformed kernels"  # that a function works in
    referee = "the referee: the formulas as plain loops, used by --self-test only"
    reserved: tuple[str, ...] = ()  # names of the target's own
    with_step = True
    with_winners = True

    def __init__(self, export: Export) -> None:
        self.export = export
        self.forward, self.gradients = export.forward, export.gradients
        self.taken = (*helper_names(), *OWN_NAMES, *self.reserved)
        names = Names(self.taken)
        order = list(dict.fromkeys(leaves_in_order(self.forward)))
        self.names = {leaf: names.of(leaf, leaf.name) for leaf in order}
        self.roles = roles_of(self.forward, names)
        taken = (*self.taken, *self.names.values(), *self.roles.values())
        self.writer = FunctionWriter(taken, export.accuracy, export.schedule)
        program = program_of(self.forward)
        arrays = tuple((leaf, self.names[leaf]) for leaf in order if leaf in program.leaves)
        interface = Interface("forward", "The output.", arrays, roles=self.roles)
        self.pairs = [self.pair(None, program, interface)]
        for key, tensor in self.gradients.items():
            self.pairs.append(self.gradient(key, tensor, order))
        several = self.with_step and not self.forward.rank and len(self.gradients) > 1
        self.step = self.training_step(order) if several else None
        self.kept = self.kept_winners() if self.with_winners else None

    def gradient(self, key: str, tensor: Defined, order: Sequence[Leaf]) -> JudgedFunction:
        program = program_of(tensor)
        target = next((leaf for leaf in order if leaf.name == key), None)
        if target is None:
            raise ExportError(
                f"gradient {key!r}",
                "no leaf of that name in the formula",
                ", ".join(leaf.name for leaf in order),
                "use the name of a leaf as the key",
            )
        ups = [leaf for leaf in program.leaves if leaf not in order]
        arrays = [(leaf, "upstream") for leaf in ups]
        if len(arrays) > 1:
            raise ExportError(
                f"gradient {key!r}",
                f"{len(arrays)} tensors that forward does not have",
                "one, the upstream gradient",
                "use leaves of the formula",
            )
        arrays += [(leaf, self.names[leaf]) for leaf in order if leaf in program.leaves]
        known = {n for leaf, _ in arrays for n in leaf.shape}
        shapes = () if set(target.shape) <= known else ((target, f"{self.names[target]}_shape"),)
        name = f"grad_{self.names[target].rstrip('_')}"
        summary = f"The gradient of a loss by {self.names[target]}, from the upstream gradient by the output."
        return self.pair(target, program, Interface(name, summary, tuple(arrays), shapes, self.roles))

    def training_step(self, order: Sequence[Leaf]) -> Written:
        """The loss and all gradients at once; what they share is computed once."""
        program = program_of_all(self.forward, self.gradients.values())
        arrays = tuple((leaf, self.names[leaf]) for leaf in order if leaf in program.leaves)
        names = (p.fast.interface.name.removeprefix("grad_") for p in self.pairs[1:])
        interface = Interface(
            "step",
            "The loss and its gradients, for one step of training.",
            arrays,
            roles=self.roles,
            returns="tuple[Array, dict[str, Array]]",
            parts=tuple(names),
        )
        return self.written(program, interface)

    def kept_winners(self) -> KeptWinners | None:
        """The functions that keep the winners of a maximum; None where there is none."""
        forward, *gradients = ((p.program, p.fast.interface, p.leaf) for p in self.pairs)
        found = (
            kept_winners(self.writer, forward[:2], (program, interface), (leaf, self.names[leaf]))
            for program, interface, leaf in gradients
            if leaf is not None
        )
        return next((kept for kept in found if kept is not None), None)

    def written(self, program: Program, interface: Interface) -> Written:
        """The function that a caller uses; a target writes its own."""
        return self.writer.vectorised(program, interface)

    def pair(self, leaf: Leaf | None, program: Program, interface: Interface) -> JudgedFunction:
        fast = self.written(program, interface)
        slow_interface = Interface(
            f"_loops_{interface.name}",
            f"`{interface.name}` by plain loops over the formula: slow, and the referee of the self-test.",
            interface.arrays,
            interface.shapes,
            interface.roles,
            returns="_Table",
        )
        slow = self.writer.write(program, slow_interface, lambda scope: Referee(scope).program(program), [])
        return JudgedFunction(leaf, program, fast, slow)

    # -- text --------------------------------------------------------------------

    def files(self) -> dict[str, str]:
        """The files of the module by their endings."""
        return {".py": self.source()}

    def source(self) -> str:
        """The module: docstring, imports, functions, helpers, referee and self-test."""
        functions = "\n\n".join(self.functions())
        tests = "\n\n".join([*(p.slow.source for p in self.pairs), self.test().text()])
        parts = [functions, *self.helpers(f"{functions}\n{tests}"), banner(self.referee), tests]
        body = "\n\n".join(parts)
        return f"{self.export.docstring(self.notes(), self.needs)}\n{self.head(body)}\n\n{body}"

    def functions(self) -> list[str]:
        """The functions that a caller uses."""
        more = [self.step.source] if self.step is not None else []
        return [p.fast.source for p in self.pairs] + more + list(self.kept.sources if self.kept is not None else ())

    def helpers(self, text: str) -> list[str]:
        """The definitions that a text needs, under a heading."""
        return [banner("helpers"), helper_source(text, self.schedules())]

    def steps(self) -> list[Step]:
        """What computes the sums over windows of all functions."""
        written = [p.fast for p in self.pairs] + ([self.step] if self.step is not None else [])
        return [row.step for w in written for row in w.rows if row.step is not None]

    def schedules(self) -> frozenset[str] | None:
        """The schedules that the stated sizes leave; None where some size decides when a function runs."""
        steps = self.steps()
        return united(step.schedules for step in steps) if steps else None

    def head(self, body: str) -> str:
        """The imports and settings that a text needs."""
        return imports(body, self.export.settings)

    def notes(self) -> list[str]:
        """What makes each schedule right that the functions may choose."""
        used = self.used_helpers()
        tiles = united(step.tiles for step in self.steps())
        calls = re.findall(r"_pool\(np\.\w+", "\n".join(self.functions()))
        return notes_on([*used, *calls], tiles if "_tile" in used else frozenset())

    def used_helpers(self) -> Sequence[str]:
        """The helpers that the functions call, and those that these call."""
        return used_helpers("\n".join(self.functions()), self.schedules())

    def test(self) -> SelfTest:
        """What the self-test calls, and on which sizes."""
        checks = [
            f"({p.fast.interface.name}, {p.slow.interface.name}, {names_of(p.fast)}, {names_of(p.slow)})"
            for p in self.pairs
        ]
        more = ""
        if self.step is not None:
            step, more = self.step, _PART
            checks += [
                f'(part("{name}"), {p.slow.interface.name}, {names_of(step)}, {names_of(p.slow)})'
                for name, p in zip(("", *step.interface.parts), self.pairs, strict=True)
            ]
        if self.kept is not None:
            more += self.kept.wrappers()
            taken = {"with_winners": self.kept.forward.parameters, "of_winners": self.kept.taken}
            for (name, given), p in zip(taken.items(), self.pairs[:2], strict=True):
                names = "".join(f'"{n}", ' for n in given).rstrip(" ")
                checks.append(f"({name}, {p.slow.interface.name}, ({names}), {names_of(p.slow)})")
        unknown = dict(u for p in self.pairs for u in (*p.fast.unknown, *p.slow.unknown))
        return SelfTest(
            checks,
            list(self.adjoints()),
            list(self.cases()),
            {name: sine_of(f.order) for f, name in unknown.items()},
            self.positive(),
            self.precision(),
            self.tried(),
            more=more,
        )

    def precision(self) -> dict[str, float]:
        """The greatest error in the self-test, by the type of the entries."""
        return {"f8": 1e-12}

    def tried(self) -> list[str]:
        """The schedules that the self-test tries one by one."""
        if "_correlate" not in self.used_helpers():
            return []
        left = reached(self.schedules())
        return [name for name in SCHEDULE_NAMES if left is None or name in left]

    def adjoints(self) -> Iterator[str]:
        """One line for each gradient by a tensor in which the output is affine."""
        forward, *gradients = self.pairs
        for p in gradients:
            if p.leaf is not None and is_affine(forward.program, p.leaf):
                called = f"forward, {p.fast.interface.name}"
                yield f'({called}, "{self.names[p.leaf]}", {names_of(forward.fast)}, {names_of(p.fast)})'

    def positive(self) -> bool:
        """True if some formula divides or takes a logarithm."""
        bodies = [self.forward.body, *(t.body for t in tensors_in(self.forward.body) if isinstance(t, Defined))]
        return any(
            isinstance(v, Reciprocal) or (isinstance(v, Apply) and v.function == Function("log"))
            for body in bodies
            for v in walk(body)
        )

    def cases(self) -> Iterator[str]:
        """One line for each case: the shapes of all arrays, and the options."""
        entry = Entry(self.forward, tuple(map(Poly.of, self.forward.parameters)))
        leaves = dict(self.names)
        for pair in self.pairs:
            leaves |= dict(pair.fast.interface.arrays)
        said = {s: n for p in self.pairs for s, n in (*p.fast.said, *p.slow.said)}
        sizes = sizes_in(entry)
        shapes = [leaf.shape for leaf in leaves]
        for drawn in small_sizes(sizes, shapes, requirements_of(entry)):
            parts = [f'"{name}": {tuple(value_at(n, drawn) for n in leaf.shape)}' for leaf, name in leaves.items()]
            parts += [f'"{name}": {drawn[size]}' for size, name in said.items()]
            yield f"{{{', '.join(parts)}}}"


def united(sets: Iterable[frozenset[T] | None]) -> frozenset[T] | None:
    """All of them together; None where one is not known."""
    found: frozenset[T] = frozenset()
    for some in sets:
        if some is None:
            return None
        found |= some
    return found


def names_of(written: Written) -> str:
    return "(" + "".join(f'"{n}", ' for n in written.parameters).rstrip(" ") + ")"


def banner(text: str) -> str:
    return f"# {'-' * 4} {text} {'-' * max(4, 90 - len(text))}\n"


_PART = '''def part(name: str) -> Callable[..., Array]:
    """One gradient that `step` computes; the loss where there is no name."""

    def one(**arguments: Any) -> Array:
        loss, gradients = step(**arguments)
        return gradients[name] if name else loss

    one.__name__ = f"step: {name or 'loss'}"
    return one


'''


__all__ = ["JudgedFunction", "ModuleWriter", "banner", "names_of"]
