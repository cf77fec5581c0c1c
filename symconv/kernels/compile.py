"""Kernels in the process: source made from a tensor, executed, called by the names of leaves and sizes.

Only text that this package wrote is executed; every identifier in it comes from `naming`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from symconv.errors import UsageError
from symconv.kernels.functions import FunctionWriter, Interface, Written
from symconv.kernels.helpers import HELPER_NAMES, prelude
from symconv.kernels.naming import Names
from symconv.kernels.stages import program_of
from symconv.term.tensor import Defined


def compile_tensor(tensor: Defined) -> Callable[..., Any]:
    """A function of the tensor's leaves, as keyword arguments; sizes that no shape tells are arguments too.

    >>> import numpy as np
    >>> from symconv.ops.correlate import correlate
    >>> from symconv.term.tensor import Axis, Leaf
    >>> x, w = Leaf("x", (Axis.of("n"),)), Leaf("w", (Axis.of("k"),))
    """
    written = write_tensor(tensor)
    function = _execute(prelude(written.source) + written.source, written.interface.name)
    return _by_name(tensor, written, function)


@cache
def write_tensor(tensor: Defined) -> Written:
    """The source of one function for a tensor."""
    program = program_of(tensor)
    names = Names(HELPER_NAMES)
    arrays = tuple((leaf, names.of(leaf, leaf.name)) for leaf in program.leaves)
    interface = Interface("compute", "The entries of one tensor.", arrays)
    return FunctionWriter((*HELPER_NAMES, "compute")).vectorised(program, interface)


def _execute(source: str, name: str) -> Callable[..., Any]:
    namespace: dict[str, Any] = {"__name__": "symconv_kernel"}
    exec(compile(source, "<kernel written by symconv>", "exec"), namespace)  # noqa: S102
    found: Callable[..., Any] = namespace[name]
    return found


def _by_name(tensor: Defined, written: Written, function: Callable[..., Any]) -> Callable[..., Any]:
    spelled = {leaf.name: name for leaf, name in written.interface.arrays}
    spelled |= {size.name: name for size, name in written.said}
    spelled |= {f.name + "'" * f.order: name for f, name in written.unknown}
    spelled |= {name: name for _, name in written.unknown}
    needed = set(written.parameters)

    def call(**values: Any) -> Any:
        place = f"compiled {tensor.name}"
        strange = sorted(set(values) - set(spelled))
        if strange:
            raise UsageError(place, f"argument {', '.join(strange)}", _listed(spelled), "leave it out or rename it")
        arguments = {spelled[k]: v for k, v in values.items()}
        missing = needed - set(arguments)
        if missing:
            absent = sorted(k for k, v in spelled.items() if v in missing)
            raise UsageError(place, f"no {', '.join(absent)}", _listed(spelled), f"give {', '.join(absent)}")
        return function(**arguments)

    call.__doc__ = f"{tensor.name}; arguments {_listed(spelled)}"
    return call


def _listed(spelled: Mapping[str, str]) -> str:
    return ", ".join(spelled) or "no arguments"


__all__ = ["compile_tensor", "write_tensor"]
