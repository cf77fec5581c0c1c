"""Kernels in the process: source made from a tensor, executed, called by the names of leaves and sizes.

Only text that this package wrote is executed; every identifier in it comes from `naming`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from inspect import Parameter, Signature
from keyword import iskeyword
from typing import Any
from unicodedata import normalize

import numpy as np

from symconv.errors import UsageError
from symconv.kernels.functions import OPTIONAL, FunctionWriter, Interface, Written
from symconv.kernels.helpers import helper_names, prelude
from symconv.kernels.naming import Names
from symconv.kernels.schedules.names import refuse_unknown
from symconv.kernels.stages import program_of
from symconv.term.polynomial import Poly, Size
from symconv.term.tensor import Defined, sizes_in
from symconv.term.value import Entry

_CALLER = """\
def call({parameters}):
    if {unusual}:
        __given = {{{given}}}
        __others.update((name, value) for name, (value, default) in __given.items() if value is not default)
        return __looked_up(__places, __others)
    return __function({arguments})
"""


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
    >>> list(inspect.signature(compile_tensor(correlate(x, w))).parameters)
    ['w', 'x', 'out', 'threads']
    """
    refuse_unknown(accuracy, schedule)
    kernel = kernel_of(tensor, (), accuracy, schedule)
    sizes = {s.name: s for s in sizes_in(Entry(tensor, tuple(map(Poly.of, tensor.parameters))))}
    keywords = {normalize("NFKC", name): name for name in (*sizes, *kernel.spelled())}  # as Python reads them
    keywords |= {name: name for name in keywords.values()}

    def looked_up(places: tuple[Any, ...], values: dict[str, Any]) -> Any:
        if places:
            raise UsageError(
                f"compiled {tensor.name}",
                f"{len(places)} arguments without a name",
                f"arguments by name: {kernel.arguments()}",
                f"write {next(iter(kernel.spelled()), 'name')}=..",
            )
        values = {keywords.get(name, name): value for name, value in values.items()}
        known = {t for t, _ in kernel.written.interface.arrays}
        spoken = tuple(sizes[name] for name in sorted(set(values) & set(sizes)) if name not in {t.name for t in known})
        said = {size for size, _ in kernel.written.said}
        chosen = kernel if said == set(spoken) else kernel_of(tensor, spoken, accuracy, schedule)
        return chosen(values)

    call = kernel.caller(looked_up)
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

    def caller(self, looked_up: Callable[[tuple[Any, ...], dict[str, Any]], Any]) -> Callable[..., Any]:
        """A function of keywords: the kernel itself where exactly its arguments are given, else what looks them up.

        The time of a small kernel is that of its calls, so that those are written out, without a dictionary.
        """
        spelled = self.spelled()
        if any(a != b for a, b in spelled.items()):  # spelled otherwise, as what begins with underscores always is
            return lambda *places, **values: looked_up(places, values)
        optional = self.written.extra
        parameters = [*(f"{a}=__none" for a in spelled), *(f"{a}=__{a}" for a in optional)]
        given = [*(f"{a!r}: ({a}, __none)" for a in spelled), *(f"{a!r}: ({a}, __{a})" for a in optional)]
        source = _CALLER.format(
            parameters=", ".join(("*__places", *parameters, "**__others")),
            unusual=" or ".join(("__places", "__others", *(f"{a} is __none" for a in spelled))),
            given=", ".join(given),
            arguments=", ".join(f"{a}={a}" for a in (*spelled, *optional)),
        )
        known = {"__none": object(), "__looked_up": looked_up, "__function": self.function}
        known |= {f"__{a}": OPTIONAL[a] for a in optional}
        caller: Callable[..., Any] = execute(source, **known)["call"]
        return caller

    def arguments(self) -> str:
        return ", ".join(self.spelled()) or "none"

    def signature(self) -> Signature:
        """Keyword arguments alone; names that Python cannot write, such as x', can still be given in a dict."""
        names = [n for n in self.spelled() if n.isidentifier() and not iskeyword(n)]
        parameters = [Parameter(n, Parameter.KEYWORD_ONLY) for n in names]
        more = [name for name in self.written.extra if name not in names]
        return Signature([*parameters, *(Parameter(n, Parameter.KEYWORD_ONLY, default=OPTIONAL[n]) for n in more)])

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


def execute(source: str, **known: object) -> dict[str, Any]:
    """The names of a source that this package has just written, executed; it may use those that are known."""
    namespace: dict[str, Any] = {"__name__": "symconv_kernel", **known}
    exec(compile(source, "<kernel written by symconv>", "exec"), namespace)  # noqa: S102
    return namespace


__all__ = ["Kernel", "compile_tensor", "execute", "kernel_of", "write_tensor"]
