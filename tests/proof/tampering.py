"""Ways to tamper with a certificate.

`disturbances` change a trace anywhere; what comes out may still be valid, so
they count as attacks only under a claim that is false.  `INVALID` changes one
step so that its own side condition fails: an attack under any claim.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

Json = Any
Step = dict[str, Json]
INVALID: dict[str, Callable[[Step], Iterator[Step]]] = {}
NOWHERE: Json = [[7, ["%nowhere"]], [-3, []]]  # a polynomial that stands in no trace
FALSE: Json = [[-1, []]]  # -1 >= 0


def with_steps(certificate: Json, steps: list[Step]) -> Json:
    return {**certificate, "steps": steps}


# -- anywhere in a trace -----------------------------------------------------------------


def disturbances(steps: list[Step], others: list[Step], rng: random.Random) -> Iterator[list[Step]]:
    """The steps with one dropped, two swapped, one twice, one from elsewhere, one number changed, cut short."""
    if not steps:
        yield rng.sample(others, min(3, len(others)))
        return
    n, m = rng.randrange(len(steps)), rng.randrange(len(steps))
    yield steps[:n] + steps[n + 1 :]
    swapped = list(steps)
    swapped[n], swapped[m] = steps[m], steps[n]
    yield swapped
    yield [*steps[: n + 1], *steps[n:]]
    if others:
        yield [*steps[:n], rng.choice(others), *steps[n + 1 :]]
    yield [*steps[:n], renumbered(steps[n], rng), *steps[n + 1 :]]
    yield steps[:n]


def renumbered(data: Json, rng: random.Random) -> Json:
    """One whole number somewhere inside is another."""
    places = list(numbers_in(data))
    return replaced(data, *rng.choice(places)) if places else data


def numbers_in(data: Json, path: tuple[Json, ...] = ()) -> Iterator[tuple[tuple[Json, ...], int]]:
    if type(data) is int:
        yield path, data + 1
        yield path, -data - 1
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in inner:
        yield from numbers_in(value, (*path, key))


def replaced(data: Json, path: tuple[Json, ...], value: Json) -> Json:
    if not path:
        return value
    copy = data.copy()
    copy[path[0]] = replaced(data[path[0]], path[1:], value)
    return copy


def forced(terms: dict[int, list[tuple[Json, bool]]]) -> Iterator[list[Step]]:
    """Terms that do not cancel are got rid of by certificates that show nothing.

    terms: the number of each term, and its guards.
    """
    for claimed in ([], [["1", []]], [["-1", []]], [["1", [["known", FALSE]]]], [["1", [["negated", FALSE]]]]):
        yield [{"rule": "absurd", "term": n, "certificate": claimed} for n in terms]
    yield [{"rule": "absurd", "term": n, "certificate": None} for n in terms]
    for claimed in ([], [["-1", []]], [["1", [["known", FALSE]]]]):
        yield [
            {"rule": "discharge", "term": n, "guard": p, "equality": equal, "certificates": [claimed] * (1 + equal)}
            for n, guards in terms.items()
            for p, equal in guards
        ]
    yield [
        {"rule": "discharge", "term": n, "guard": p, "equality": equal, "certificates": [[["1", [["known", p]]]]]}
        for n, guards in terms.items()
        for p, equal in guards
    ]


# -- a step that is wrong by construction ---------------------------------------------------


def invalid(*rules: str) -> Callable[[Callable[[Step], Iterator[Step]]], Callable[[Step], Iterator[Step]]]:
    """Register a tampering for steps of these rules."""

    def register(change: Callable[[Step], Iterator[Step]]) -> Callable[[Step], Iterator[Step]]:
        def applied(step: Step) -> Iterator[Step]:
            if step["rule"] in rules:
                yield from change(step)

        INVALID[change.__name__] = applied
        return change

    return register


def certificates_in(step: Step) -> Iterator[tuple[tuple[Json, ...], Json]]:
    """Every list of summands of a step, with its place."""
    for key in ("positive", "certificate"):
        if step.get(key):
            yield (key,), step[key]
    for n, summands in enumerate(step.get("certificates", [])):
        yield ("certificates", n), summands


CERTIFIED = ("constant", "quotient", "unique", "entail", "discharge", "absurd")


@invalid(*CERTIFIED)
def a_multiplier_is_another(step: Step) -> Iterator[Step]:
    """No summand is 0, so the sum is no longer -1."""
    for path, summands in certificates_in(step):
        for n, (multiplier, _) in enumerate(summands):
            yield replaced(step, (*path, n, 0), str(Fraction(multiplier) * 2))


@invalid(*CERTIFIED)
def a_multiplier_is_negative(step: Step) -> Iterator[Step]:
    for path, summands in certificates_in(step):
        for n, (multiplier, _) in enumerate(summands):
            yield replaced(step, (*path, n, 0), str(-Fraction(multiplier)))


@invalid(*CERTIFIED)
def a_summand_is_missing(step: Step) -> Iterator[Step]:
    for path, summands in certificates_in(step):
        for n in range(len(summands)):
            yield replaced(step, path, summands[:n] + summands[n + 1 :])


@invalid(*CERTIFIED)
def what_nobody_knows_is_used_as_known(step: Step) -> Iterator[Step]:
    """-1 >= 0 would show anything."""
    for path, _ in certificates_in(step):
        for kind in ("known", "negated", "zero", "proved"):
            yield replaced(step, path, [["1", [[kind, FALSE]]]])
            yield replaced(step, path, [["1", [[kind, NOWHERE]]], ["1", [[kind, FALSE]]]])


@invalid("add")
def another_sum_is_claimed(step: Step) -> Iterator[Step]:
    yield {**step, "by": step["by"] + 1}
    yield {**step, "by": 0}
    yield {**step, "primitive": [*step["primitive"], [1, [step["name"]] * 9]]}
    yield {**step, "low": step["high"], "high": step["low"]}


@invalid("unit")
def a_part_of_a_fraction_is_missing_or_twice(step: Step) -> Iterator[Step]:
    yield {**step, "into": step["into"][1:]}
    yield {**step, "into": [*step["into"], 10_000]}
    yield {**step, "model": [10_000, 0]}
    yield {**step, "index": [*step["index"], []]}


@invalid("alike")
def a_lemma_is_missing_or_cut_short(step: Step) -> Iterator[Step]:
    yield {**step, "model": [step["term"], 10_000]}
    yield {**step, "index": [*step["index"], []]}
    if step["steps"]:
        yield {**step, "steps": [{"rule": "trust"}]}
        yield {**step, "steps": [*step["steps"], {"rule": "absurd", "term": 10_000, "certificate": None}]}


@invalid("entail", "discharge")
def a_certificate_too_few(step: Step) -> Iterator[Step]:
    yield {**step, "certificates": step["certificates"][1:]}
    yield {**step, "certificates": []}


@invalid("eliminate", "rewrite", "discharge")
def a_guard_that_is_not_there(step: Step) -> Iterator[Step]:
    yield {**step, "guard": NOWHERE}
    yield {**step, "guard": [*step["guard"], *NOWHERE]}


@invalid("eliminate", "rewrite")
def another_value_for_an_index(step: Step) -> Iterator[Step]:
    """The equality is another one: doubled, and moved by what no size or index is called."""
    yield {**step, "guard": [[2 * c, m] for c, m in step["guard"]]}
    yield {**step, "guard": [*step["guard"], [1, ["%elsewhere"]]]}


@invalid("eliminate")
def an_index_that_is_not_bound(step: Step) -> Iterator[Step]:
    yield {**step, "name": "%nowhere"}
    yield {**step, "name": "#H"}
    yield {**step, "name": "i"}


@invalid("rename")
def two_indices_under_one_name(step: Step) -> Iterator[Step]:
    names = step["names"]
    for name in names:
        for other in names:
            if name != other:
                yield {**step, "names": {**names, name: names[other]}}


@invalid("rename")
def a_name_that_means_something_else(step: Step) -> Iterator[Step]:
    names = step["names"]
    for name in names:
        for taken in ("#H", "i", "/1", "$0", "", "%a*%b", "%1 1*%2"):
            yield {**step, "names": {**names, name: taken}}


@invalid("rename")
def an_index_from_nowhere(step: Step) -> Iterator[Step]:
    yield {**step, "names": {**step["names"], "%nowhere": "%x"}}
    yield {**step, "names": {**step["names"], "#H": "%x"}}


@invalid("rename")
def factors_lost_or_doubled(step: Step) -> Iterator[Step]:
    order = step["order"]
    yield {**step, "order": [*order, 0]}
    yield {**step, "order": [n + 1 for n in order] or [0]}
    if order:
        yield {**step, "order": order[1:]}
    if len(order) > 1:
        yield {**step, "order": [order[0]] * len(order)}


@invalid("shift")
def no_bijection(step: Step) -> Iterator[Step]:
    for sign in (0, 2, -3, 1.0, True, "1", None):
        yield {**step, "sign": sign}
    for name in (step["name"], step["new"]):
        yield {**step, "offset": [*step["offset"], [1, [name]]]}
    yield {**step, "new": step["name"]}
    yield {**step, "name": "%nowhere"}


@invalid("key", "quotient", "constant")
def a_name_that_is_not_new(step: Step) -> Iterator[Step]:
    for taken in ("#H", "i", "$0", "", "%a*%b", "/1*/2", None, 1):
        yield {**step, "name": taken}


@invalid("key")
def a_place_that_no_factor_has(step: Step) -> Iterator[Step]:
    for key in ("factor", "axis"):
        for place in (-1, 99, 0.5, None):
            yield {**step, key: place}


@invalid("count", "unique")
def limits_that_are_not_there(step: Step) -> Iterator[Step]:
    for key in ("low", "high"):
        for offset in (1, -1):
            yield {**step, key: [*step[key], [offset, []]]}
        yield {**step, key: NOWHERE}
    yield {**step, "low": step["high"], "high": step["low"]}
    yield {**step, "name": "%nowhere"}


@invalid("constant", "quotient")
def another_divisor(step: Step) -> Iterator[Step]:
    """The certificate shows that the old one is positive, not this one."""
    yield {**step, "denominator": []}
    yield {**step, "denominator": [[-c, m] for c, m in step["denominator"]]}
    yield {**step, "denominator": [*step["denominator"], [-1, ["#H"]]]}


@invalid("reuse")
def another_quotient(step: Step) -> Iterator[Step]:
    yield {**step, "numerator": [*step["numerator"], [1, []]]}
    yield {**step, "denominator": [*step["denominator"], [1, []]]}
    yield {**step, "name": "#H"}
    yield {**step, "name": "a*b"}


@invalid("absurd")
def no_contradiction(step: Step) -> Iterator[Step]:
    yield {**step, "certificate": []}


@invalid(
    "key", "eliminate", "rewrite", "rename", "shift", "count", "unique", "entail", "discharge", "absurd", "quotient"
)
def a_term_that_is_not_there(step: Step) -> Iterator[Step]:
    for number in (-1, 10**9, None, float("nan")):
        yield {**step, "term": number}


@invalid("constant", "reuse", "quotient", "key", "eliminate", "rewrite", "rename", "count", "entail", "discharge")
def a_rule_that_does_not_exist(step: Step) -> Iterator[Step]:
    yield {**step, "rule": "trust"}
    yield {**step, "rule": ["key"]}
