"""Tensors at numbers: the whole as a list or a matrix, and one entry carried out summand by summand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import product
from math import prod

from symconv.errors import ShapeError, SymconvError
from symconv.proof.evaluate import World
from symconv.term.tensor import Defined, Tensor, tensors_in
from symconv.term.value import Bracket, Entry, Maximum, Number, Plus, Range, Sum, Times, Value
from symconv.write.page import numbers_displays

Entries = Mapping[tuple[int, ...], Fraction]
Summand = tuple[Fraction, list[Fraction]]  # a number times entries
MOST_SUMMANDS = 12  # of an entry that is carried out on one line


def from_first(t: Tensor, entries: Entries) -> dict[tuple[int, ...], Fraction]:
    """The same numbers from the first place of each axis on."""
    lows = [(axis.low.as_int if axis.low is not None else 0) or 0 for axis in t.axes]
    return {tuple(p + low for p, low in zip(at, lows, strict=True)): Fraction(n) for at, n in entries.items()}


def places(tensor: Tensor, world: World) -> list[tuple[int, ...]]:
    return list(product(*world.axes(tensor)))


def numbers_of(tensor: Tensor, world: World) -> list[Fraction]:
    """All entries in the order of the places."""
    return [Fraction(str(world.entry(tensor, at))) for at in places(tensor, world)]


def whole(left: str, tensor: Tensor, world: World) -> Iterator[tuple[str, bool]]:
    """`left = ...` with all entries, and whether a document can state it so: up to two axes it can."""
    numbers = numbers_of(tensor, world)
    if not tensor.rank:
        yield f"{left} = {latex_of_number(numbers[0])}", True
    elif tensor.rank == 1 and len(numbers) > 1:
        yield f"{left} = [{', '.join(map(latex_of_number, numbers))}]", True
    else:
        shape = [len(axis) for axis in world.axes(tensor)]
        made = numbers_displays(left, shape, map(latex_of_number, numbers))
        yield from ((display, tensor.rank == 2) for display in made)


def carried_out(f: Tensor, place: tuple[int, ...], world: World) -> tuple[str, bool] | None:
    """An entry as `1 \\cdot 2 + 3 \\cdot 4 = 14`; and whether a document can state it so.

    None where it is no sum of few products, or nothing is left to do.
    """
    if not isinstance(f, Defined):
        return None
    at = dict(zip(f.parameters, place, strict=True))
    try:
        text = (
            _maximum(f.body, at, world) if isinstance(f.body, Maximum) else _sum_text([*_summands(f.body, at, world)])
        )
    except SymconvError:
        return None
    if text is None:
        return None
    return f"{text} = {latex_of_number(Fraction(str(world.entry(f, place))))}", not isinstance(f.body, Maximum)


def latex_of_number(number: Fraction | int) -> str:
    """A whole number, or a fraction.

    >>> latex_of_number(Fraction(-3, 4))
    '-\\\\frac{3}{4}'
    """
    number = Fraction(number)
    if number.denominator == 1:
        return str(number)
    return rf"{'-' if number < 0 else ''}\frac{{{abs(number.numerator)}}}{{{number.denominator}}}"


def _sum_text(summands: list[Summand]) -> str | None:
    """The summands with their signs; none where there are too many, or only one that is a number."""
    texts = [_product_text([*([] if number == 1 and factors else [number]), *factors]) for number, factors in summands]
    if not 1 <= len(texts) <= MOST_SUMMANDS or (len(texts) == 1 and r"\cdot" not in texts[0]):
        return None
    return texts[0] + "".join(f" - {t[1:]}" if t.startswith("-") else f" + {t}" for t in texts[1:])


def _product_text(factors: list[Fraction]) -> str:
    """The first factor bears the sign of its own; another negative one stands in parentheses."""
    first, *others = factors
    rest = (f"({latex_of_number(n)})" if n < 0 else latex_of_number(n) for n in others)
    return r" \cdot ".join((latex_of_number(first), *rest))


def _summands(value: Value, at: dict[str, int], world: World) -> Iterator[Summand]:
    """The products that a value adds up: a number, and entries; products with an empty bracket are left out."""
    match value:
        case Plus(terms):
            for term in terms:
                yield from _summands(term, at, world)
        case Sum(ranges, body):
            for inner in _box(ranges, at, world):
                yield from _summands(body, inner, world)
        case Times(factors):
            yield from _products(list(factors), at, world)
        case Bracket() if world.value(value, at) == 0:
            return
        case Entry(Defined() as inner, index) if _inner(inner):
            place = tuple(world.poly(p, at) for p in index)
            if all(p in axis for p, axis in zip(place, world.axes(inner), strict=True)):
                opened = dict(zip(inner.parameters, place, strict=True))
                yield from _summands(inner.body, opened, world)
        case _ if _has_data(value):
            yield Fraction(1), [_number(value, at, world)]
        case _:
            yield _number(value, at, world), []


def _products(factors: list[Value], at: dict[str, int], world: World) -> Iterator[Summand]:
    """A product of sums is one of its sums multiplied out, if it has one only."""
    known = [_number(f, at, world) for f in factors if not _has_data(f)]
    number = prod(known, start=Fraction(1))
    data = [f for f in factors if _has_data(f)]
    sums = [f for f in data if isinstance(f, (Sum, Plus)) or _is_step(f)]
    entries = [_number(f, at, world) for f in data if f not in sums or len(sums) > 1]
    if Fraction(0) in known:
        return
    if len(sums) != 1:
        yield number, entries
        return
    for inner, found in _summands(sums[0], at, world):
        yield number * inner, [*entries, *found]


def _is_step(value: Value) -> bool:
    """An entry of what an operation makes on its way."""
    return isinstance(value, Entry) and isinstance(value.tensor, Defined) and _inner(value.tensor)


def _inner(tensor: Defined) -> bool:
    return tensor.call is None and "(" in tensor.name


def _has_data(value: Value) -> bool:
    return not isinstance(value, Bracket) and any(True for _ in tensors_in(value))


def _maximum(value: Maximum, at: dict[str, int], world: World) -> str | None:
    items = [latex_of_number(_number(value.body, inner, world)) for inner in _box(value.ranges, at, world)]
    return rf"\max({', '.join(items)})" if 1 < len(items) <= MOST_SUMMANDS else None


def _box(ranges: tuple[Range, ...], at: dict[str, int], world: World) -> Iterator[dict[str, int]]:
    if not ranges:
        yield at
        return
    first, *others = ranges
    if first.low is None or first.high is None:
        raise ShapeError(f"the index {first.name}", "no end", "a range with two ends", "give the sum its limits")
    for n in range(world.poly(first.low, at), world.poly(first.high, at) + 1):
        yield from _box(tuple(others), {**at, first.name: n}, world)


def _number(value: Value, at: dict[str, int], world: World) -> Fraction:
    return value.value if isinstance(value, Number) else Fraction(str(world.value(value, at)))


__all__ = ["Entries", "carried_out", "from_first", "latex_of_number", "numbers_of", "places", "whole"]
