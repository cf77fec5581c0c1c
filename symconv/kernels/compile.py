"""Kernels in the process: source made from a tensor, executed, called by the names of leaves and sizes.

Only text that this package wrote is executed; every identifier in it comes from `naming`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from inspect import Parameter, Signature
from itertools import combinations
from keyword import iskeyword
from typing import Any

import numpy as np

from symconv.errors import UsageError
from symconv.kernels.functions import FunctionWriter, Interface, Written
from symconv.kernels.helpers import helper_names, prelude
from symconv.kernels.naming import Names
from symconv.kernels.schedules.names import refuse_unknown
from symconv.kernels.stages import program_of
from symconv.term.polynomial import Poly, Size
from symconv.term.tensor import Defined, sizes_in
from symconv.term.value import Entry


def compile_tensor(tensor: Defined, accuracy: str = "exact", schedule: str = "") -> Callable[..., Any]:
    """A function of the tensor's leaves, as keyword arguments; sizes that no shape tells are arguments too.

    `out` is an array for the result, `threads` how many share the work where the kernel can be shared.
    accuracy, schedule: as for an exported module.

    >>> from symconv.ops.correlate import correlate
    >>> from symconv.term.tensor import Axis, Leaf
    >>> x, w = Leaf("x", (Axis.of(Size("n")),)), Leaf("w", (Axis.of(Size("k")),))
    >>> compile_tensor(correlate(x, w))(x=[1, 2, 3, 4], w=[1, 10])
    array([21, 32, 43])
    >>> import inspect
    >>> sorted(inspect.signature(compile_tensor(correlate(x, w))).parameters)
    ['w', 'x']
    """
    refuse_unknown(accuracy, schedule)
    kernel = kernel_of(tensor, (), accuracy, schedule)
    sizes = {s.name: s for s in sizes_in(Entry(tensor, tuple(map(Poly.of, tensor.parameters))))}
    usual, function = kernel.usual(), kernel.function

    def call(*places: Any, **values: Any) -> Any:
        if places:
            raise UsageError(
                f"compiled {tensor.name}",
                f"{len(places)} arguments without a name",
                f"arguments by name: {kernel.arguments()}",
                f"write {next(iter(kernel.spelled()), 'name')}=..",
            )
        if values.keys() in usual:  # nothing to look up: the time of a small kernel is that of its calls
            return function(**values)
        known = {t for t, _ in kernel.written.interface.arrays}
        spoken = tuple(sizes[name] for name in sorted(set(values) & set(sizes)) if name not in {t.name for t in known})
        said = {size for size, _ in kernel.written.said}
        chosen = kernel if said == set(spoken) else kernel_of(tensor, spoken, accuracy, schedule)
        return chosen(values)

    call.__doc__ = f"{tensor.name}; arguments {kernel.arguments()}"
    call.__signature__ = kernel.signature()  # type: ignore[attr-defined]
    return call


@cache
def write_tensor(
    tensor: Defined, spoken: tuple[Size, ...] = (), accuracy: str = "exact", schedule: str = ""
) -> Written:
    """The source of one function for a tensor; `spoken` are the sizes that its caller says."""
    program = program_of(tensor)
    names = Names((*helper_names(), "compute", "out", "threads"))
    arrays = tuple((leaf, names.of(leaf, leaf.name)) for leaf in program.leaves)
    interface = Interface("compute", "The entries of one tensor.", arrays, spoken=spoken)
    taken = (*helper_names(), "compute", "out", "threads", *(name for _, name in arrays))
    return FunctionWriter(taken, accuracy, schedule).vectorised(program, interface)


@dataclass(frozen=True, slots=True)
class Kernel:
    """An executed source, called by the names of leaves, sizes and unknown functions."""

    name: str
    written: Written
    function: Callable[..., Any]

    def spelled(self) -> dict[str, str]:
        """The identifier of every argument, by its own name."""
        written = self.written
        found = {name: name for _, name in written.unknown}
        found |= {size.name: name for size, name in written.said}
        return found | {leaf.name: name for leaf, name in written.interface.arrays}

    def usual(self) -> tuple[frozenset[str], ...]:
        """The arguments of calls that need no other look, with or without `out` and `threads`.

        None where an argument is not spelled as it is named.
        """
        spelled, extra = self.spelled(), self.written.extra
        if any(a != b for a, b in spelled.items()):
            return ()
        further = [c for n in range(len(extra) + 1) for c in combinations(extra, n)]
        return tuple(frozenset((*spelled, *more)) for more in further)

    def arguments(self) -> str:
        return ", ".join(self.spelled()) or "none"

    def signature(self) -> Signature:
        """Keyword arguments alone; names that Python cannot write, such as x', can still be given in a dict."""
        names = (n for n in self.spelled() if n.isidentifier() and not iskeyword(n))
        return Signature([Parameter(n, Parameter.KEYWORD_ONLY) for n in names])

    def kept(self) -> dict[str, int]:
        """The bytes of each buffer that this thread's calls have left."""
        workspace = self.function.__globals__.get("_WORKSPACE")
        if workspace is None:
            return {}
        arrays = (plan.nbytes for plan in workspace.plans.values() if isinstance(plan, np.ndarray))
        places = sum(arrays)
        named = {"places of windows": places, "small problem": workspace.kept - places}
        small = {name: size for name, size in named.items() if size}
        return small | {name: buffer.nbytes for name, buffer in workspace.held.items()}

    def __call__(self, values: Mapping[str, Any]) -> Any:
        place = f"compiled {self.name}"
        spelled = {name: name for name in self.written.extra} | self.spelled()
        strange = sorted(set(values) - set(spelled))
        if strange:
            raise UsageError(place, f"argument {', '.join(strange)}", self.arguments(), "leave it out or rename it")
        missing = sorted(set(self.spelled()) - set(values))
        if missing:
            raise UsageError(place, f"no {', '.join(missing)}", self.arguments(), f"give {', '.join(missing)}")
        return self.function(**{spelled[name]: value for name, value in values.items()})


@cache
def kernel_of(tensor: Defined, spoken: tuple[Size, ...], accuracy: str, schedule: str) -> Kernel:
    written = write_tensor(tensor, spoken, accuracy, schedule)
    settings = {"ACCURACY": accuracy, "SCHEDULE": schedule}
    function = execute(prelude(written.source, settings) + written.source)[written.interface.name]
    return Kernel(tensor.name, written, function)


def execute(source: str) -> dict[str, Any]:
    """The names of a source that this package has just written, executed."""
    namespace: dict[str, Any] = {"__name__": "symconv_kernel"}
    exec(compile(source, "<kernel written by symconv>", "exec"), namespace)  # noqa: S102
    return namespace


__all__ = ["Kernel", "compile_tensor", "execute", "kernel_of", "write_tensor"]
