"""A function called at one choice of sizes, and judged there by the referee."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from itertools import product
from typing import Any, cast

import numpy as np

from symconv.comparing.arguments import Argument, Array
from symconv.comparing.comparison import Comparison, as_float, listed
from symconv.comparing.probing import explained
from symconv.proof.evaluate import EvaluationError, World
from symconv.proof.verdict import Counterexample, Status
from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined, Leaf, tensors_in
from symconv.term.value import Entry

DRAWS = 4  # choices of numbers at each sizes: a wrong maximum may be right by chance
GREATEST = 999  # of the numbers drawn; small ones are easier to read


@dataclass(slots=True)
class Trial:
    """The function, its arguments, and what it is judged against."""

    function: Callable[..., Any]
    name: str
    tensor: Defined
    arguments: tuple[Argument, ...]
    convert: Callable[[Array], Any] | None
    tolerance: float
    leaves: list[Leaf] = field(default_factory=list)

    def __post_init__(self) -> None:
        found = [a.what for a in self.arguments if isinstance(a.what, Leaf) and not a.shape]
        self.leaves = list(dict.fromkeys(found))

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(map(str, self.arguments))

    def at(self, sizes: dict[str, int]) -> Comparison | None:
        """What is wrong at these sizes, if anything."""
        for seed in range(DRAWS):
            world = self._world(sizes, seed)
            given = {leaf: self._array(world, leaf) for leaf in self.leaves}
            failure = self._failure(world, sizes, given)
            if failure is not None:
                return failure
        return None

    def _failure(self, world: World, sizes: dict[str, int], given: Mapping[Leaf, Array]) -> Comparison | None:
        blank = Comparison(Status.REFUTED, self.name, self.tensor.name, sizes=sizes)
        axes = world.axes(self.tensor)
        shape = tuple(map(len, axes))
        try:
            result = self._call(world, given)
        except Exception as error:  # noqa: BLE001 - whatever the function raises is a finding
            return replace(blank, message=f"raises {type(error).__name__} at {listed(sizes)}: {error}")
        if result is None:
            return replace(blank, message=f"gives no array of numbers at {listed(sizes)}")
        if result.shape != shape:
            return replace(
                blank,
                message=f"has the wrong shape at {listed(sizes)}: {result.shape}, but {self.tensor.name} has {shape}",
            )
        exact = self._exact(world, axes)
        most = max([1.0, *(abs(as_float(v)) for v in exact.values())])
        for place, number in exact.items():
            index = tuple(i - axis.start for i, axis in zip(place, axes, strict=True))
            claimed = float(result[index])
            if not abs(claimed - as_float(number)) <= self.tolerance * most:
                at = dict(zip(self.tensor.parameters, place, strict=True))
                found = Counterexample(sizes, at, claimed, number)
                call = partial(self._call, world)
                return replace(blank, counterexample=explained(found, self.tensor, call, world, given, index))
        return None

    def _world(self, sizes: dict[str, int], seed: int) -> World:
        """Whole numbers up to `GREATEST`, no two of one leaf the same; moderate fractions where exp or log occurs."""
        value = Entry(self.tensor, tuple(map(Poly.of, self.tensor.parameters)))
        drawn = World(sizes, seed, values=(value,))
        small: dict[str, dict[tuple[int, ...], int | Fraction]] = {}
        for leaf in (t for t in tensors_in(value) if isinstance(t, Leaf)):
            used: set[int] = set()
            for place in product(*drawn.axes(leaf)):
                number = drawn.entry(leaf, place)
                if not isinstance(number, int):
                    return drawn
                whole = abs(number) % GREATEST + 1
                while whole in used and len(used) < GREATEST:
                    whole = whole % GREATEST + 1
                used.add(whole)
                small.setdefault(leaf.name, {})[place] = whole if number > 0 else -whole
        return World(sizes, seed, small, values=(value,))

    def _array(self, world: World, leaf: Leaf) -> Array:
        axes = world.axes(leaf)
        numbers = [as_float(world.entry(leaf, place)) for place in product(*axes)]
        return np.array(numbers, dtype=np.float64).reshape(tuple(map(len, axes)))

    def _exact(self, world: World, axes: tuple[range, ...]) -> dict[tuple[int, ...], object]:
        """The entries that have a value here."""
        found: dict[tuple[int, ...], object] = {}
        for place in product(*axes):
            try:
                found[place] = world.entry(self.tensor, place)
            except EvaluationError:
                continue
        return found

    def _call(self, world: World, given: Mapping[Leaf, Array]) -> Array | None:
        """The function's result as an array of numbers; None if it is none."""
        places: list[Any] = []
        keywords: dict[str, Any] = {}
        for argument in self.arguments:
            what = argument.what
            item: Any
            if isinstance(what, str):
                item = world.sizes[what]
            elif argument.shape:
                item = tuple(map(len, world.axes(what)))
            else:
                item = given[cast(Leaf, what)].copy()
                item = item if self.convert is None else self.convert(item)
            if argument.keyword:
                keywords[argument.parameter] = item
            else:
                places.append(item)
        result = self.function(*places, **keywords)
        result = result.detach() if hasattr(result, "detach") else result
        result = result.cpu() if hasattr(result, "cpu") else result
        try:
            return np.asarray(result, dtype=np.float64)
        except (TypeError, ValueError):
            return None
