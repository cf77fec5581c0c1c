"""A tensor at the numbers that a document gives: one entry carried out, then all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction

from symconv.answers.answer import Answer, Fact
from symconv.answers.numbers import Entries, carried_out, from_first, places, whole
from symconv.errors import UsageError
from symconv.given import judge_given
from symconv.proof.evaluate import World
from symconv.proof.problem import equation
from symconv.proof.verdict import Verdict
from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined, Leaf, Tensor, ranges_of, sizes_in, tensors_in
from symconv.term.value import Entry, Number, Value, add, bracket, equal, multiply
from symconv.write.latex import latex_of_value
from symconv.write.page import latex_of_whole


def value(f: Defined, given: Mapping[str, Entries]) -> Answer:
    """The entries of f; given: the numbers of its data by their names, from place 0 on.

    >>> import symconv as sc
    >>> x, w = sc.tensor("x", 3), sc.tensor("w", 2)
    >>> numbers = {"x": {(0,): 1, (1,): 2, (2,): 5}, "w": {(0,): 3, (1,): -1}}
    >>> answer = value(sc.define("y", [2], lambda i: w[0] * x[i] + w[1] * x[i + 1]).term, numbers)
    >>> [fact.latex for fact in answer.facts]
    ['y_{0} = 3 \\\\cdot 1 - 1 \\\\cdot 2 = 1', 'y = [1, 1]']

    Raises `UsageError` where some data has no numbers, or an extent is open.
    """
    place = f"find value {f.name}"
    data = [t for t in tensors_in(Entry(f, ())) if isinstance(t, Leaf)]
    without = [t.name for t in data if t.name not in given]
    if without:
        raise UsageError(place, f"no numbers for {', '.join(without)}", "a line value for each", "add the lines")
    if sizes_in(Entry(f, ())):
        names = ", ".join(s.name for s in sizes_in(Entry(f, ())))
        raise UsageError(place, f"open sizes {names}", "extents that are numbers", "write tensor X[3,4]")
    at = {t.name: from_first(t, given[t.name]) for t in data}
    world = World({}, leaves=at)
    first = tuple(_first(f, world))
    facts = (*first, *_whole(f, world, at, "The same at every place:" if first else "At every place:"))
    return Answer(f"${latex_of_whole(f)}$ at the numbers given", facts, (f,), tuple(lines(data, given)), True, f)


def lines(data: list[Leaf], given: Mapping[str, Entries]) -> Iterator[str]:
    """The `value` lines of a block."""
    for t in data:
        yield f"value {t.name} = {listed(dict(given[t.name]))}"


def listed(entries: Entries) -> str:
    """Lists in lists, from place 0 on.

    >>> listed({(0, 0): 1, (0, 1): 2, (1, 0): Fraction(1, 2), (1, 1): 4})
    '[[1, 2], [1/2, 4]]'
    """
    if () in entries:
        return str(entries[()])
    firsts = dict.fromkeys(at[0] for at in entries)
    parts = (listed({at[1:]: n for at, n in entries.items() if at[0] == first}) for first in firsts)
    return f"[{', '.join(parts)}]"


def _first(f: Defined, world: World) -> Iterator[Fact]:
    """One entry, that of the window with most to do."""
    done = {at: found for at in places(f, world) if (found := carried_out(f, at, world)) is not None}
    if not done:
        return
    most = max(done, key=lambda at: _to_do(done[at][0]))
    entry = latex_of_value(Entry(f, tuple(map(Poly.of, most))))
    yield Fact(
        "one entry",
        f"What does ${entry}$ read?",
        "Put the numbers into the definition. For one entry:",
        f"{entry} = {done[most][0]}",
        judged=done[most][1],
    )


def _to_do(text: str) -> int:
    """How many more products are not 0 than are."""
    summands = re.split(r" [-+] ", text.partition(" = ")[0])
    return sum(-1 if re.search(r"(^|\\cdot )\(?0\b", summand) else 1 for summand in summands)


def _whole(f: Tensor, world: World, at: Mapping[str, Entries], words: str) -> Iterator[Fact]:
    found = list(whole(latex_of_whole(f), f, world))
    for n, (display, judged) in enumerate(found):
        yield Fact(
            "all entries" if f.rank else "result",
            "Do the same for every entry.",
            (words if f.rank else "So:") if n == 0 else "and",
            display,
            _verdict(f, world, at) if n == 0 else None,
            judged,
            asks=f"${latex_of_whole(f)}$ at these numbers",
        )


def _verdict(f: Tensor, world: World, at: Mapping[str, Entries]) -> Verdict | None:
    """Every entry evaluated against the number that is shown."""
    names = tuple(f"i{n}" for n in range(f.rank))
    index = tuple(map(Poly.of, names))

    def shown(place: tuple[int, ...]) -> Value:
        number = Number(Fraction(str(world.entry(f, place))))
        return multiply(number, bracket(*map(equal, index, place)))

    table = add(*map(shown, places(f, world)))
    return judge_given(equation(Entry(f, index), table, ranges_of(f, names)), at)


__all__ = ["lines", "listed", "value"]
