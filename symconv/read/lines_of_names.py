"""Lines that name what words and letters of a document stand for: counts, labels, functions of whole tensors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from symconv.notation.names import NAME
from symconv.notation.source import Source, nearest
from symconv.read.block_text import cut, equation, piece
from symconv.read.declared import declared_name, names_in, once
from symconv.read.facts import CallText, Facts, MakerFact

COUNTS = ("multiplications", "additions", "parameters", "receptive_field")


def count(rest: Source, facts: Facts) -> None:
    r"""count P = multiplications F, count \text{number of parameters} = parameters K."""
    left, right = equation(rest)
    what, _, of = right.text.partition(" ")
    if what not in COUNTS or not of.strip():
        near = nearest(what, list(COUNTS))
        change = f"did you mean {near}?" if near and of else "write count P = multiplications F"
        raise right.fault(0, f"'{right.text}'", f"{', '.join(COUNTS)}, and a tensor", change)
    tensors = [name for name, _ in names_in(piece(right, len(what), len(right.text)))]
    most = {"parameters": len(tensors), "receptive_field": 2}.get(what, 1)
    if len(tensors) > most:
        wanted = "one tensor" if most == 1 else "a tensor and what it reads"
        raise right.fault(0, f"the {what} of {len(tensors)} tensors", wanted, "give the last one of them")
    name = declared_name(left)
    once(left, name, "a count", facts)
    facts.quantities[name] = (what, " ".join(tensors))


def label(rest: Source, facts: Facts) -> None:
    """label c in {r,g,b}: an index over a set of names."""
    match = re.fullmatch(rf"({NAME.pattern})\s+in\s+\{{(.+)\}}", rest.text)
    if not match:
        raise rest.fault(0, f"'{rest.text}'", "an index and its labels", "write label c in {r,g,b}")
    name = declared_name(piece(rest, match.start(1), match.end(1)))
    labels = tuple(declared_name(part) for part in cut(piece(rest, match.start(2), match.end(2)), ","))
    if len(set(labels)) < len(labels):
        raise rest.fault(match.start(2), "a label twice", "each once", "remove one")
    once(rest, name, "a label", facts)
    facts.labels[name] = labels


def maker(left: Source, right: CallText, facts: Facts) -> None:
    """define up(A) = stuff(A, 2): a function of whole tensors."""
    match = re.fullmatch(rf"({NAME.pattern})\s*\(([^()]+)\)", left.text)
    if not match:
        raise left.fault(0, f"'{left.text}'", "a name with its arguments", "write define up(A) = stuff(A, 2)")
    name = declared_name(piece(left, match.start(1), match.end(1)))
    parameters = tuple(n for n, _ in names_in(piece(left, match.start(2), match.end(2))))
    for parameter in parameters:
        if parameter in facts.declared or parameter in facts.implied:
            raise left.fault(
                match.start(2), f"{parameter}, which is declared", "a letter for the argument", "use another letter"
            )
    once(left, name, "a function of tensors", facts)
    facts.makers.append(MakerFact(name, parameters, right, right.place))


_NUMBER = re.compile(r"-?\d{1,9}(/[1-9]\d{0,8}|\.\d{1,9})?")
MOST_NUMBERS = 4096


def value(rest: Source, facts: Facts) -> None:
    """value X = [[1,2],[3,4]]: numbers for a tensor, or for the upstream gradient of that name."""
    left, right = equation(rest)
    name = declared_name(left)
    if name in facts.values:
        raise left.fault(0, f"numbers for {name} a second time", "one list of numbers", "remove one")
    facts.values[name] = (left, dict(_entries(right, ())))


def _entries(text: Source, place: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], Fraction]]:
    if _NUMBER.fullmatch(text.text):
        yield place, Fraction(text.text)
        return
    if not (text.text.startswith("[") and text.text.endswith("]")) or len(place) > 5:
        raise text.fault(0, f"'{text.text}'", "a number, or a list of numbers in brackets", "write [[1, 2], [3, 4]]")
    parts = cut(piece(text, 1, len(text.text) - 1), ",")
    if len(parts) > MOST_NUMBERS:
        raise text.fault(0, f"{len(parts)} numbers", f"at most {MOST_NUMBERS}", "give a smaller example")
    for n, part in enumerate(parts):
        yield from _entries(part, (*place, n))
