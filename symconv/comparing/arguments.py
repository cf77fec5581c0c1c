"""What each parameter of a function gets: matched by its name, else in order."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from symconv.errors import UsageError
from symconv.kernels.stages import program_of
from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined, Leaf, Tensor, tensors_in
from symconv.term.value import Entry

Array: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Argument:
    """A parameter and what it gets: the array or the shape of a tensor, or a size."""

    parameter: str
    keyword: bool
    what: Tensor | str
    shape: bool = False

    def __str__(self) -> str:
        name = self.what if isinstance(self.what, str) else self.what.name + "_shape" * self.shape
        return name if self.parameter in (name, "") else f"{self.parameter}={name}"


def matched(
    function: Callable[..., Any], name: str, derived: Defined, sizes: set[str], order: Sequence[str] | None
) -> tuple[Argument, ...]:
    """What each parameter of the function gets."""
    known = Names(derived, sizes)
    if order is not None:
        return tuple(known.ordered(name, text) for text in order)
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # a function written in C
        return tuple(Argument("", False, leaf) for leaf in known.needed)
    wanted = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    found = {p.name: known.named(p.name) for p in wanted}
    taken = {a.what for a in found.values() if a is not None and not a.shape}
    rest = [leaf for leaf in known.needed if leaf not in taken]
    made: list[Argument] = []
    for p in wanted:
        argument = found[p.name]
        keyword = p.kind is p.KEYWORD_ONLY
        if argument is None and p.default is p.empty:
            if not rest:
                raise _unmatched(name, p.name, derived, known)
            argument = Argument(p.name, keyword, rest.pop(0))
        if argument is None:
            if keyword:
                continue
            break  # what follows can be given by its name alone
        made.append(replace(argument, keyword=keyword))
    beyond = wanted[len(made) :] if len(made) < len(wanted) else []
    made += [
        replace(a, keyword=True)
        for p in beyond
        if (a := found[p.name]) is not None and p.name not in {m.parameter for m in made}
    ]
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        made += [Argument("", False, leaf) for leaf in rest]
    return tuple(made)


class Names:
    """The names that a parameter may bear."""

    def __init__(self, derived: Defined, sizes: set[str]) -> None:
        below = tensors_in(Entry(derived, tuple(map(Poly.of, derived.parameters))))
        self.derived, self.sizes = derived, sizes
        self.leaves = [t for t in below if isinstance(t, Leaf)]
        self.needed = program_of(derived).leaves

    def named(self, parameter: str) -> Argument | None:
        """By the very name, else by the name in any case."""
        for fold in (str, str.casefold):
            name = fold(parameter)
            for leaf in self.leaves:
                if name == fold(leaf.name):
                    return Argument(parameter, False, leaf)
                if name == fold(f"{leaf.name}_shape"):
                    return Argument(parameter, False, leaf, True)
            size = next((s for s in sorted(self.sizes) if name == fold(s)), None)
            if size is not None:
                return Argument(parameter, False, size)
        return Argument(parameter, False, self.derived, True) if parameter == "shape" else None

    def ordered(self, function: str, text: str) -> Argument:
        found = self.named(text)
        if found is None:
            raise UsageError(
                f"compare({function}, {self.derived.name})", f"{text!r} in order=", self.listed(), "choose among these"
            )
        return replace(found, parameter="")

    def listed(self) -> str:
        names = [t.name for t in self.leaves]
        return "one of " + ", ".join([*names, *(f"{n}_shape" for n in names), *sorted(self.sizes), "shape"])


def _unmatched(function: str, parameter: str, derived: Defined, known: Names) -> UsageError:
    return UsageError(
        f"compare({function}, {derived.name})",
        f"the parameter {parameter!r}, for which nothing is left",
        known.listed(),
        "rename the parameter, give it a default, or say order=[..]",
    )
