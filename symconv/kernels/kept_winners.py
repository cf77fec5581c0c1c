"""Two more functions of a module whose output is a maximum of windows: its winners are searched once, and kept.

`forward_with_winners` gives the output and the number of the tap that wins each window; `grad_X_of_winners` takes
these in place of X and searches nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from symconv.kernels.functions import FunctionWriter, Interface, Written
from symconv.kernels.layout import wrapped
from symconv.kernels.pool_patterns import Windows, maximum_of, routes_of
from symconv.kernels.stages import Program
from symconv.term.tensor import Leaf


@dataclass(frozen=True, slots=True)
class KeptWinners:
    """The two functions, and the names of what the plain ones take."""

    forward: Written
    gradient: Written
    taken: tuple[str, ...]

    @property
    def sources(self) -> tuple[str, str]:
        return self.forward.source, self.gradient.source

    def wrappers(self) -> str:
        """The two as functions of what the plain ones take, for the self-test."""
        forward, back = (
            ", ".join(f'{n}=arguments["{n}"]' for n in written.parameters) for written in (self.forward, self.gradient)
        )
        text = _WRAPPERS.format(name=self.gradient.interface.name, forward=forward, back=back)
        return "".join(f"{part}\n" for line in text.splitlines() for part in wrapped(line))


def kept_winners(
    writer: FunctionWriter,
    forward: tuple[Program, Interface],
    gradient: tuple[Program, Interface],
    images: tuple[Leaf, str],
) -> KeptWinners | None:
    """None where the output is no such maximum, or the gradient asks for more than its winners.

    forward, gradient: the programs and interfaces of the plain functions.  images: what the gradient is by.
    """
    windows = _maximum_windows(forward[0]) & _only_routes(gradient[0])
    if {leaf for leaf, _ in windows} != {images[0]}:
        return None
    leaf, name = images
    back = f"{gradient[1].name}_of_winners"
    kept = replace(
        forward[1],
        name="forward_with_winners",
        summary=f"The output, and which tap of each window has its first greatest entry, for `{back}`.",
        returns="tuple[Array, Array]",
        winners="kept",
    )
    given = replace(
        gradient[1],
        name=back,
        summary=f"As `{gradient[1].name}`, from winners of `forward_with_winners`; of the type of upstream.",
        arrays=tuple(pair for pair in gradient[1].arrays if pair[0] != leaf),
        shapes=((leaf, f"{name}_shape"),),
        winners="given",
    )
    both = writer.vectorised(forward[0], kept, windows), writer.vectorised(gradient[0], given, windows)
    taken = dict.fromkeys([*both[0].parameters, *(n for n in both[1].parameters if n != "winners")])
    return KeptWinners(*both, tuple(taken))


def _maximum_windows(program: Program) -> frozenset[Windows]:
    """The windows of a program that is a maximum and nothing else."""
    if len(program.stages) != 1 or (maximum := program.stages[0].maximum) is None:
        return frozenset()
    found = maximum_of(maximum, program.stages[0].formula)
    return frozenset() if found is None else frozenset({found.windows})


def _only_routes(program: Program) -> frozenset[Windows]:
    """The windows of a program that lays an upstream gradient out at winners and does nothing else."""
    single = len(program.stages) == 1 and len(program.stages[0].nests) == 1
    return routes_of(program.stages) if single else frozenset()


_WRAPPERS = '''def with_winners(**arguments: Any) -> Array:
    """The output of `forward_with_winners`."""
    return forward_with_winners({forward})[0]


with_winners.__name__ = "forward_with_winners"


def of_winners(**arguments: Any) -> Array:
    """What `{name}` returns."""
    arguments["winners"] = forward_with_winners({forward})[1]
    return {name}({back})


of_winners.__name__ = "{name}"


'''

__all__ = ["KeptWinners", "kept_winners"]
