"""The referee: the number that a value has at fixed sizes, by brute force.

A value is compiled once into closures over a list of index values, and every
entry of a tensor is calculated once.  Derivatives are taken forward, with
duals, from the definition of what is differentiated; sums are added up term
by term.  Nothing is rewritten, and nothing is shared with `calculus` or with
the prover: what both find true is true twice.

Numbers are exact.  A world in which a transcendental function occurs holds
small rationals instead of large integers, and intervals where the function is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from fractions import Fraction
from hashlib import blake2b
from typing import Any

from symconv.errors import ScopeError
from symconv.proof.evaluation.cost import cost
from symconv.proof.evaluation.elementwise import POSITIVE, TRANSCENDENTAL
from symconv.proof.evaluation.numbers import (
    DivisionByZero,
    DomainError,
    Dual,
    EvaluationError,
    Key,
    Number,
    Undecided,
    differ,
    plain,
)
from symconv.proof.evaluation.positions import Context
from symconv.proof.evaluation.programs import Compiler, EmptyWindow
from symconv.proof.evaluation.support import Unbounded
from symconv.term.polynomial import Poly
from symconv.term.tensor import Axis, Defined, Leaf, Tensor, tensors_in
from symconv.term.value import Argmax, Condition, Value, free_indices

Inside = Callable[[Key], bool]


class OutOfRange(EvaluationError):
    """An entry that does not exist is read from a tensor for which that is an error."""

    def __init__(self, tensor: Tensor, index: Key, axes: str) -> None:
        self.tensor = tensor
        self.index = index
        super().__init__(
            f"{tensor.name}[{', '.join(map(str, index))}]",
            "a read out of range",
            f"an index in {axes}",
            "guard the read, or let the tensor be zero outside",
        )


class Table(dict[Key, Any]):
    """Entries, calculated when they are first read."""

    __slots__ = ("compute",)

    def __init__(self, compute: Callable[[Key], Any]) -> None:
        super().__init__()
        self.compute = compute

    def __missing__(self, index: Key) -> Any:
        number = self[index] = self.compute(index)
        return number


class Draw(Enum):
    """What the entries of the leaves are drawn from."""

    INTEGERS = "integers up to 10^9"
    RATIONALS = "rationals between -3 and 3"
    POSITIVE = "rationals between 0 and 3"
    HALVES = "halves between -2 and 2"
    ALIKE = "-1, 0 and 1, so that some are equal"


class World:
    """One choice of sizes and of numbers for all leaves and unknown functions.

    sizes: a number for every size, by name.  seed: two worlds of one seed agree
    in every entry and every unknown function.  leaves: entries that are given
    instead of drawn.  values: what will be evaluated, if some of it holds exp,
    log or the like and some does not; all must be known before the first entry
    is drawn, because the entries are moderate then.  draw: from which numbers; of those
    alike many are equal, which is where the rule for ties shows.

    >>> from symconv.term.polynomial import Size
    >>> X = Leaf("X", (Axis.of(Size("n")),))
    >>> world = World({"n": 3}, leaves={"X": {(0,): 1, (1,): 2, (2,): 4}})
    >>> world.value(X["i"] * X["i"], {"i": 2}), world.value(X["i"], {"i": 3})
    (16, 0)
    """

    def __init__(
        self,
        sizes: Mapping[str, int],
        seed: int = 0,
        leaves: Mapping[str, Mapping[Key, int | Fraction]] | None = None,
        *,
        values: Iterable[Value] = (),
        draw: Draw = Draw.INTEGERS,
    ) -> None:
        self.sizes = dict(sizes)
        self.seed = seed
        self._leaves = dict(leaves or {})
        self._draw = draw
        self._drawn = False
        self._tables: dict[tuple[Tensor, Context], Table] = {}
        self._below: dict[Tensor, frozenset[Tensor]] = {}
        self._winners: dict[tuple[object, ...], Table] = {}
        self._positions: dict[Poly, tuple[tuple[str, ...], Callable[[list[int]], int]]] = {}
        self._programs: dict[int, tuple[Value, tuple[str, ...], Callable[[list[int]], Any]]] = {}
        for value in values:
            self._program(value)

    # -- what others ask ------------------------------------------------------

    def poly(self, poly: Poly, at: Mapping[str, int]) -> int:
        """An index polynomial where the indices have these values."""
        found = self._positions.get(poly)
        if found is None:
            names = tuple(sorted(poly.names()))
            found = self._positions[poly] = names, Compiler.start(self, names).position_program(poly)
        names, run = found
        return run(_arguments(names, at))

    def cost(self, *values: Value) -> int:
        """The work of one place, an estimate: indices that limits speak of are counted as 0."""

        def count(poly: Poly) -> int:
            return self.poly(poly, dict.fromkeys(poly.names(), 0))

        known: dict[Tensor, int] = {}
        return sum(cost(value, count, known) for value in values)

    def holds(self, condition: Condition, at: Mapping[str, int]) -> bool:
        number = self.poly(condition.poly, at)
        return number >= 0 if condition.kind == "ge" else (number == 0) == (condition.kind == "eq")

    def value(self, value: Value, at: Mapping[str, int]) -> Number:
        """A value where its free indices stand at these places."""
        names, run = self._program(value)
        return plain(run(_arguments(names, at)))

    def entry(self, tensor: Tensor, index: Key) -> Number:
        """One entry; 0 outside the axes, unless that is an error."""
        return plain(self.table(tensor, ())[index])

    def axes(self, tensor: Tensor) -> tuple[range, ...]:
        """The positions of each axis."""
        result = []
        for axis in tensor.axes:
            low, high = self._limits(axis)
            if low is None or high is None:
                raise Unbounded(
                    f"the axes of {tensor.name}", "an axis without an end", "two ends", "give the axis a range"
                )
            result.append(range(low, high + 1))
        return tuple(result)

    def entries_read(self) -> dict[str, Number]:
        """The entries of data that were read so far, by their names."""
        return {
            f"{tensor.name}[{', '.join(map(str, index))}]": plain(number)
            for (tensor, _), table in self._tables.items()
            if isinstance(tensor, Leaf)
            for index, number in table.items()
            if self._inside(tensor)(index)
        }

    # -- what the compiler asks ---------------------------------------------------

    def table(self, tensor: Tensor, context: Context) -> Table:
        """The entries of a tensor with their derivatives by the tensors of the context, filled as they are read."""
        if context:
            below = self._made_of(tensor)
            context = tuple(c for c in context if c[1] == tensor or c[1] in below)
        known = self._tables.get((tensor, context))
        if known is None:
            known = self._tables[tensor, context] = Table(self._computation(tensor, context))
        return known

    def winners(self, window: Argmax) -> Table:
        """Where the windows of a maximum attain it, all coordinates, by the window's parameters."""
        key = window.parameters, window.ranges, window.body
        known = self._winners.get(key)
        if known is None:
            run = Compiler.start(self, window.parameters).winner_program(window)
            known = self._winners[key] = Table(lambda index: run(list(index)))
        return known

    def coefficients(self, name: str) -> tuple[int, ...]:
        """The polynomial of degree 4 that stands for an unknown function."""
        return tuple(self._random(name, "coefficient", n) % 999 + 1 for n in range(5))

    def uses(self, function: str) -> None:
        """A function of the table occurs: from now on its arguments must be moderate."""
        if function not in TRANSCENDENTAL:
            return
        draw = Draw.POSITIVE if function in POSITIVE else Draw.RATIONALS
        if self._draw in (draw, Draw.POSITIVE):
            return
        if self._drawn:
            raise EvaluationError(
                function,
                f"entries already drawn from {self._draw.value}",
                draw.value,
                "name all values when the world is made: World(.., values=(a, b))",
            )
        self._draw = draw

    # -- inside -----------------------------------------------------------------

    def _program(self, value: Value) -> tuple[tuple[str, ...], Callable[[list[int]], Any]]:
        known = self._programs.get(id(value))
        if known is None:  # the value is kept as well, so that its id stays its own
            names = tuple(sorted(free_indices(value)))
            known = self._programs[id(value)] = value, names, Compiler.start(self, names).program(value)
        return known[1:]

    def _made_of(self, tensor: Tensor) -> frozenset[Tensor]:
        known = self._below.get(tensor)
        if known is None:
            found = frozenset(tensors_in(tensor.body)) if isinstance(tensor, Defined) else frozenset()
            known = self._below[tensor] = found
        return known

    def _limits(self, axis: Axis) -> tuple[int | None, int | None]:
        low, high = (None if p is None else self.poly(p, {}) for p in (axis.low, axis.high))
        return low, high

    def _computation(self, tensor: Tensor, context: Context) -> Callable[[Key], Any]:
        levels = [level for level, variable in context if variable == tensor]
        if levels:
            return self._variable(tensor, levels, tuple(c for c in context if c[1] != tensor))
        if isinstance(tensor, Defined):
            return self._defined(tensor, context)
        if isinstance(tensor, Leaf):
            return self._leaf(tensor)
        raise TypeError(f"no entries of {type(tensor).__name__}")

    def _variable(self, tensor: Tensor, levels: list[int], context: Context) -> Callable[[Key], Any]:
        """A tensor by which one differentiates: each entry plus an infinitesimal of its own."""
        entries, inside = self.table(tensor, context), self._inside(tensor)

        def compute(index: Key) -> Any:
            number = entries[index]
            if inside(index):
                for level in levels:
                    number = number + Dual(level, 0, {index: 1})
            return number

        return compute

    def _defined(self, tensor: Defined, context: Context) -> Callable[[Key], Any]:
        run, inside = Compiler.start(self, tensor.parameters, context).program(tensor.body), self._inside(tensor)
        return lambda index: run(list(index)) if inside(index) else 0

    def _leaf(self, leaf: Leaf) -> Callable[[Key], Number]:
        given, inside = self._leaves.get(leaf.name, {}), self._inside(leaf)

        def compute(index: Key) -> Number:
            if not inside(index):
                if leaf.outside == "error":
                    axes = ", ".join(f"{'..' if a is None else a}:{'..' if b is None else b}" for a, b in limits)
                    raise OutOfRange(leaf, index, f"[{axes}]")
                return 0
            return given[index] if index in given else self._drawn_entry(leaf.name, index)

        limits = [self._limits(axis) for axis in leaf.axes]
        return compute

    def _inside(self, tensor: Tensor) -> Inside:
        limits = [self._limits(axis) for axis in tensor.axes]

        def inside(index: Key) -> bool:
            for k, (low, high) in zip(index, limits, strict=True):
                if (low is not None and k < low) or (high is not None and k > high):
                    return False
            return True

        return inside

    def _drawn_entry(self, name: str, index: Key) -> int | Fraction:
        self._drawn = True
        number = self._random(name, "entry", *index)
        if self._draw is Draw.ALIKE:
            return number % 3 - 1
        if self._draw is Draw.HALVES:
            return Fraction(number % 9 - 4, 2)
        if self._draw is Draw.INTEGERS:
            size = number % 10**9 + 1
            return size if number >> 62 & 1 else -size
        size = number % (3 << 28) + 1
        return Fraction(size if self._draw is Draw.POSITIVE or number >> 62 & 1 else -size, 1 << 28)

    def _random(self, *what: object) -> int:
        """63 bits that depend on the seed and on nothing else but what they are for."""
        text = "\0".join(map(str, (self.seed, *what)))
        return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


def _arguments(names: tuple[str, ...], at: Mapping[str, int]) -> list[int]:
    try:
        return [at[n] for n in names]
    except KeyError as missing:
        raise ScopeError(
            f"index {missing.args[0]}",
            f"values for {', '.join(at) or 'no index'}",
            f"one for each of {', '.join(names)}",
            "bind the index in a sum, or give it a value",
        ) from None


__all__ = [
    "DivisionByZero",
    "DomainError",
    "Draw",
    "EmptyWindow",
    "EvaluationError",
    "Number",
    "OutOfRange",
    "Unbounded",
    "Undecided",
    "World",
    "differ",
]
