"""The checker: replays a certificate with nothing but the standard library.

    python -m symconv.proof.check FILE...

A certificate says: left = right for all values of the sizes, and how the
difference of the two is brought to nothing.  This file is a second
implementation of the expansion and of every rule, on purpose: it referees the
prover and imports nothing of it.  It decides nothing and searches nothing;
each step either satisfies the side condition of its rule or is rejected.

Index polynomials are dictionaries {sorted tuple of atoms: coefficient}; atoms
are strings; what a compound atom is made of stands in `COMPOUNDS`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from fractions import Fraction
from itertools import count
from typing import Any, NoReturn

Poly = dict[tuple[str, ...], int]
Guard = tuple[bool, str]  # (equality?, text of the polynomial)
COMPOUNDS: dict[str, tuple[Any, ...]] = {}
POLYS: dict[str, Poly] = {}
LEAST: dict[str, int] = {}  # of the sizes of the problem
FORMAT = "symconv certificate 1"
WORK = [0]
MOST_WORK = 10_000_000  # two hundred times what the largest theorem takes
MOST_ATOMS = 1000


class Rejected(Exception):
    """The certificate does not prove its claim; the text names the step."""


def reject(reason: str) -> NoReturn:
    raise Rejected(reason)


def require(condition: bool, reason: str) -> None:
    if not condition:
        reject(reason)


def spend(units: int) -> None:
    """A short certificate may ask for endless work; it is given up."""
    WORK[0] += units
    require(WORK[0] <= MOST_WORK, "more work than is allowed")


# -- polynomials ----------------------------------------------------------------


def constant(number: int) -> Poly:
    return {(): number} if number else {}


def atom(name: str) -> Poly:
    return {(name,): 1}


def plus(a: Poly, b: Poly, factor: int = 1) -> Poly:
    result = dict(a)
    for m, c in b.items():
        result[m] = result.get(m, 0) + factor * c
    return {m: c for m, c in result.items() if c}


def times(a: Poly, b: Poly) -> Poly:
    result: Poly = {}
    for m, c in a.items():
        for n, d in b.items():
            key = tuple(sorted(m + n))
            spend(1 + len(key) + c.bit_length() + d.bit_length())
            require(len(key) <= MOST_ATOMS, "a product of too many atoms")
            result[key] = result.get(key, 0) + c * d
    return {m: c for m, c in result.items() if c}


def text(p: Poly) -> str:
    """A text that equal polynomials share; the polynomial is kept under it."""
    key = " ".join(f"{c}*{'*'.join(m)}" for m, c in sorted(p.items())) or "0"
    spend(len(key))
    POLYS[key] = p
    return key


def number_of(p: Poly) -> int | None:
    if not p:
        return 0
    return p[()] if set(p) == {()} else None


def make_compound(kind: str, *parts: Any) -> str:
    name = f"{kind}<{'|'.join(part if isinstance(part, str) else repr(part) for part in parts)}>"
    COMPOUNDS[name] = (kind, *parts)
    return name


def is_quotient(a: str) -> bool:
    return a in COMPOUNDS and COMPOUNDS[a][0] in ("div", "mod")


def substitute(p: Poly, values: dict[str, Poly]) -> Poly:
    result: Poly = {}
    for m, c in p.items():
        product = constant(c)
        for a in m:
            product = times(product, substitute_atom(a, values))
        result = plus(result, product)
    return result


def substitute_atom(a: str, values: dict[str, Poly]) -> Poly:
    if a in values:
        return values[a]
    if a not in COMPOUNDS:
        return atom(a)
    kind, *parts = COMPOUNDS[a]
    if kind in ("div", "mod"):
        num, den = (substitute(POLYS[part], values) for part in parts)
        return divided(kind, num, den)
    function, arguments = parts
    return atom(make_compound("argmax", function, tuple(text(substitute(POLYS[p], values)) for p in arguments)))


def divided(kind: str, num: Poly, den: Poly) -> Poly:
    """floor(num/den) or the remainder, with whole multiples of den taken out of num."""
    whole, rest = whole_part(num, den)
    if rest is None:
        return whole if kind == "div" else plus(num, times(whole, den), -1)
    left = atom(make_compound(kind, text(rest), text(den)))
    return plus(whole, left) if kind == "div" else left


def whole_part(num: Poly, den: Poly) -> tuple[Poly, Poly | None]:
    """num = whole*den + rest; rest None: floor(num/den) = whole."""
    number = number_of(den)
    if number is not None:
        if number < 1:
            return {}, num
        whole = {m: c // number for m, c in num.items() if (not m or c % number == 0) and c // number}
        rest = plus(num, times(whole, den), -1)
        return whole, (None if number_of(rest) is not None else rest)
    if not grows_from_one(den):  # nothing is simplified that a divisor 0 would make meaningless
        return {}, num
    exact = exact_quotient(num, den)
    if exact is not None:
        return exact, None
    if len(den) == 1:
        ((monomial, c),) = den.items()
        whole = {}
        for m, k in num.items():
            q = monomial_quotient(m, monomial)
            if q is not None and k % c == 0:
                whole[q] = k // c
        return whole, plus(num, times(whole, den), -1)
    return {}, num


def grows_from_one(p: Poly) -> bool:
    """At least 1 for all sizes: with each counted from its least value no coefficient of p - 1 is negative."""
    shifted = constant(-1)
    for m, c in p.items():
        product = constant(c)
        for a in m:
            if a not in LEAST:
                return False
            product = times(product, plus(atom(a), constant(LEAST[a])))
        shifted = plus(shifted, product)
    return all(c > 0 for c in shifted.values())


def monomial_quotient(m: tuple[str, ...], d: tuple[str, ...]) -> tuple[str, ...] | None:
    rest = list(m)
    for a in d:
        if a not in rest:
            return None
        rest.remove(a)
    return tuple(rest)


def exact_quotient(num: Poly, den: Poly) -> Poly | None:
    lead = max(den, key=lambda m: (len(m), m))
    quotient: Poly = {}
    while num:
        top = max(num, key=lambda m: (len(m), m))
        factor = monomial_quotient(top, lead)
        if factor is None or num[top] % den[lead]:
            return None
        step = {factor: num[top] // den[lead]}
        quotient, num = plus(quotient, step), plus(num, times(step, den), -1)
    return quotient


def names_in(p: Poly) -> set[str]:
    """All atoms, those inside compounds included."""
    found: set[str] = set()
    spend(len(p))
    for m in p:
        for a in m:
            found.add(a)
            if a in COMPOUNDS:
                kind, *parts = COMPOUNDS[a]
                for part in parts if kind != "argmax" else parts[1]:
                    found |= names_in(POLYS[part])
    return found


def linear(p: Poly, name: str) -> tuple[Poly, Poly] | None:
    """(a, b) with p = a*name + b, name being nowhere in a and b."""
    a: Poly = {}
    b: Poly = {}
    for m, c in p.items():
        if m.count(name) == 1:
            rest = list(m)
            rest.remove(name)
            a[tuple(rest)] = c
        else:
            b[m] = c
    return None if name in names_in(a) | names_in(b) else (a, b)


def solved(p: Poly, name: str) -> Poly:
    """The value of name where p = 0; its coefficient must be 1 or -1."""
    parts = linear(p, name)
    if parts is None or number_of(parts[0]) not in (1, -1):
        reject(f"the equality {text(p)} = 0 does not determine {name}")
    return plus({}, parts[1], -1 if number_of(parts[0]) == 1 else 1)


# -- guards -----------------------------------------------------------------------


def guard(p: Poly, equality: bool) -> Guard:
    """Equalities in one of their two signs."""
    if equality and p and p[min(p)] < 0:
        p = plus({}, p, -1)
    return (equality, text(p))


def join(guards: set[Guard], *more: Guard) -> set[Guard]:
    """Guards that hold by themselves are left out."""
    return guards | {g for g in more if not holds(g)}


def holds(g: Guard) -> bool:
    number = number_of(POLYS[g[1]])
    return number is not None and (number == 0 if g[0] else number >= 0)


def fails(g: Guard) -> bool:
    return number_of(POLYS[g[1]]) is not None and not holds(g)


class Term:
    """coefficient * weight / denominators * SUM_bound PROD factors [guards].

    needs: what must be >= 0 wherever the guards hold, or the term has no value.
    """

    def __init__(
        self,
        coefficient: Fraction = Fraction(1),
        weight: Poly | None = None,
        denominators: tuple[str, ...] = (),
        bound: frozenset[str] = frozenset(),
        factors: tuple[tuple[str, tuple[str, ...]], ...] = (),
        guards: set[Guard] | None = None,
        needs: frozenset[Guard] = frozenset(),
    ) -> None:
        spend(10 + len(factors) + len(guards or ()) + coefficient.denominator.bit_length())
        self.coefficient = coefficient
        self.weight = constant(1) if weight is None else weight
        self.denominators = denominators
        self.bound = bound
        self.factors = factors
        self.guards = guards or set()
        self.needs = needs

    def times(self, other: Term) -> Term:
        return Term(
            self.coefficient * other.coefficient,
            times(self.weight, other.weight),
            self.denominators + other.denominators,
            self.bound | other.bound,
            self.factors + other.factors,
            self.guards | other.guards,
            self.needs | other.needs,
        )

    def changed(self, **parts: Any) -> Term:
        now = {
            "coefficient": self.coefficient,
            "weight": self.weight,
            "denominators": self.denominators,
            "bound": self.bound,
            "factors": self.factors,
            "guards": set(self.guards),
            "needs": self.needs,
        }
        return Term(**{**now, **parts})

    def scaled(self, number: int) -> Term:
        return self.changed(coefficient=number * self.coefficient)

    def place(self, values: dict[str, Poly], factors: bool = True, keep: Guard | None = None) -> Term:
        """Substitute, in the factors too or not; one guard may be kept as it is."""

        def put(key: str) -> str:
            return text(substitute(POLYS[key], values))

        images = {g if g == keep else guard(substitute(POLYS[g[1]], values), g[0]) for g in self.guards}
        return self.changed(
            weight=substitute(self.weight, values),
            denominators=tuple(map(put, self.denominators)),
            factors=tuple((h, tuple(map(put, i))) for h, i in self.factors) if factors else self.factors,
            guards=join(set(), *images),
        )

    def names(self) -> set[str]:
        keys = [*self.denominators, *(p for _, i in self.factors for p in i), *(g[1] for g in self.guards)]
        return names_in(self.weight).union(*(names_in(POLYS[k]) for k in keys))


# -- the problem: values and their expansion -------------------------------------------

Value = tuple[Any, ...]
Axes = tuple[tuple[str | None, str | None], ...]
Definition = tuple[tuple[str, ...], Value]  # parameters and formula


def read_poly(data: Any) -> Poly:
    result: Poly = {}
    for c, atoms in data:
        require(type(c) is int, "a coefficient that is no whole number")
        product = constant(c)
        for a in atoms:
            require(not isinstance(a, str) or is_name(a), f"{a!r} is no name")
            product = times(product, atom(a) if isinstance(a, str) else read_compound(a))
        result = plus(result, product)
    return result


def is_name(a: str) -> bool:
    """Names hold none of the signs that the texts of polynomials are made with."""
    return bool(a) and not a[0].isdigit() and not any(sign in a for sign in "*<>|, \t\n")


def is_plain(a: Any) -> bool:
    """Names of indices and parameters: no size, bound index, constant or place of a function is called so."""
    return type(a) is str and is_name(a) and a[0] not in "%/#$"


def is_whole(n: Any) -> bool:
    """Neither true nor 1.0 is a whole number here."""
    return type(n) is int


def read_number(data: Any) -> Fraction:
    """`-3` or `1/2`: exponents would let a short text be a huge number."""
    require(
        type(data) is str and re.fullmatch("-?[0-9]{1,4000}(/[0-9]{1,4000})?", data) is not None,
        f"{data!r} is no number",
    )
    return Fraction(data)


def read_compound(data: Any) -> Poly:
    kind, *parts = data
    if kind in ("div", "mod"):
        num, den = map(read_poly, parts)
        return atom(make_compound(kind, text(num), text(den)))
    require(kind == "argmax", f"an unknown atom {kind!r}")
    ranges, body, axis, arguments = parts
    window = tuple((n, read_limit(low), read_limit(high)) for n, low, high in ranges)
    require(
        [n for n, _, _ in window] == [f"%{k}" for k in range(len(window))],
        "the axes of an argmax are called %0, %1, ...",
    )
    require(is_whole(axis) and 0 <= axis < len(window), "an argmax without this axis")
    value: Value = ("max", window, read_value(body))
    require(free_names(value) <= {f"${k}" for k in range(len(arguments))}, "an argmax with a hidden index")
    function = repr((window, value[2], axis))
    FUNCTIONS[function] = (window, axis)
    return atom(make_compound("argmax", function, tuple(text(read_poly(p)) for p in arguments)))


FUNCTIONS: dict[str, tuple[Any, int]] = {}
DEFINED = [0]  # how many tensors are known so far


def read_range(data: Any) -> tuple[str, str | None, str | None]:
    name, low, high = data
    require(is_plain(name), f"{name!r} is no name of an index")
    return name, read_limit(low), read_limit(high)


def read_tensor(data: Any) -> int:
    """A definition is made of tensors before it, so that none is made of itself."""
    require(is_whole(data) and data >= 0, "a tensor is meant by its number")
    require(data < DEFINED[0], f"tensor {data} is not known here")
    return int(data)


def read_limit(data: Any) -> str | None:
    return None if data is None else text(read_poly(data))


def read_value(data: Any) -> Value:
    """JSON into tuples, polynomials into their texts."""
    kind, *parts = data
    match kind:
        case "number":
            return kind, read_number(parts[0])
        case "position":
            return kind, text(read_poly(parts[0]))
        case "entry":
            return kind, read_tensor(parts[0]), tuple(text(read_poly(p)) for p in parts[1])
        case "plus" | "times":
            return kind, tuple(map(read_value, parts[0]))
        case "sum" | "max":
            return kind, tuple(map(read_range, parts[0])), read_value(parts[1])
        case "bracket":
            require(all(c in ("ge", "eq", "ne") for c, _ in parts[0]), "an unknown comparison")
            return kind, tuple((c, text(read_poly(p))) for c, p in parts[0])
        case "apply":
            require(type(parts[0]) is str and parts[0] != "", "a function without a name")
            require(is_whole(parts[1]) and parts[1] >= 0, "an order that is no whole number")
            return kind, parts[0], parts[1], read_value(parts[2])
        case "reciprocal":
            return kind, read_value(parts[0])
        case "derivative":
            return kind, read_value(parts[0]), read_tensor(parts[1]), tuple(text(read_poly(p)) for p in parts[2])
    reject(f"an unknown kind of value {kind!r}")


def rename_value(v: Value, names: dict[str, str]) -> Value:
    """Other names for free indices; none of the new ones is ever bound."""

    def put(key: str | None) -> str | None:
        return None if key is None else text(substitute(POLYS[key], {o: atom(n) for o, n in names.items()}))

    match v:
        case ("position", p):
            return "position", put(p)
        case ("entry", tensor, index):
            return "entry", tensor, tuple(map(put, index))
        case ("plus" | "times" as kind, parts):
            return kind, tuple(rename_value(p, names) for p in parts)
        case ("sum" | "max" as kind, ranges, body):
            kept = dict(names)
            limits = []
            for n, low, high in ranges:
                limits.append((n, rename_limit(low, kept), rename_limit(high, kept)))
                kept.pop(n, None)
            return kind, tuple(limits), rename_value(body, kept)
        case ("bracket", conditions):
            return "bracket", tuple((c, put(p)) for c, p in conditions)
        case ("apply", name, order, argument):
            return "apply", name, order, rename_value(argument, names)
        case ("reciprocal", argument):
            return "reciprocal", rename_value(argument, names)
        case ("derivative", inner, tensor, index):
            return "derivative", rename_value(inner, names), tensor, tuple(map(put, index))
    return v


def joined(v: Value) -> Value:
    """max over u of max over v of f = max over u, v of f, the first of equal values alike; no limit of v tells u."""
    kind, outer, inner = v
    if inner[0] != "max":
        return v
    _, ranges, body = joined(inner)
    told = {n for _, *limits in ranges for key in limits if key is not None for n in names_in(POLYS[key])}
    if not told.isdisjoint(n for n, _, _ in outer):
        return v
    apart: dict[str, str] = {}
    window = list(outer)
    for n, low, high in ranges:
        window.append((f"%{n}", rename_limit(low, apart), rename_limit(high, apart)))
        apart[n] = f"%{n}"  # no name of a certificate begins so
    return kind, tuple(window), rename_value(body, apart)


def rename_limit(key: str | None, names: dict[str, str]) -> str | None:
    return None if key is None else text(substitute(POLYS[key], {o: atom(n) for o, n in names.items()}))


def free_names(v: Value) -> set[str]:
    def of(*keys: str | None) -> set[str]:
        return {n for k in keys if k is not None for n in names_in(POLYS[k]) if n not in COMPOUNDS and n[0] != "#"}

    match v:
        case ("position", p):
            return of(p)
        case ("entry", _, index):
            return of(*index)
        case ("plus" | "times", parts):
            return set().union(*map(free_names, parts))
        case ("sum" | "max", ranges, body):
            found: set[str] = set()
            bound: set[str] = set()
            for n, low, high in ranges:
                found |= of(low, high) - bound
                bound.add(n)
            return found | (free_names(body) - bound)
        case ("bracket", conditions):
            return of(*(p for _, p in conditions))
        case ("apply", _, _, argument) | ("reciprocal", argument):
            return free_names(argument)
        case ("derivative", inner, _, index):
            return free_names(inner) | of(*index)
    return set()


def read_definition(t: Any) -> Definition | None:
    """Parameters and formula of a defined tensor, None for data."""
    require(("parameters" in t) == ("body" in t), "a definition needs parameters and a formula")
    if "body" not in t:
        return None
    given, body = tuple(t["parameters"]), read_value(t["body"])
    require(all(map(is_plain, given)) and len(set(given)) == len(given), "a parameter without a name of its own")
    require(free_names(body) <= set(given), "a definition with an index out of scope")
    return given, body


class Expander:
    """Left and right as flat sums; bound indices are called %1, %2, ... as they are met."""

    def __init__(self, tensors: list[Any]) -> None:
        data = [t["name"] for t in tensors if "body" not in t]
        require(len(set(data)) == len(data), "two tensors have one name")
        self.tensors: list[tuple[Axes, Definition | None]] = []
        for n, t in enumerate(tensors):
            DEFINED[0] = n
            axes = tuple((read_limit(a), read_limit(b)) for a, b in t["axes"])
            self.tensors.append((axes, read_definition(t)))
        DEFINED[0] = len(tensors)
        self.made: dict[str, Definition] = {}
        self.numbers = count(1)
        self.opaque: frozenset[Any] = frozenset()

    def fresh(self) -> str:
        return f"%{next(self.numbers)}"

    def body(self, tensor: Any) -> Definition | None:
        """Parameters and formula of a definition, None for data."""
        return self.made[tensor] if isinstance(tensor, str) else self.tensors[tensor][1]

    def axes(self, tensor: Any) -> Axes:
        return ((None, None),) * len(self.made[tensor][0]) if isinstance(tensor, str) else self.tensors[tensor][0]

    def ends(self) -> Iterator[str]:
        """The limits of all axes."""
        return (limit for axes, _ in self.tensors for axis in axes for limit in axis if limit is not None)

    def limits(self, tensor: Any, index: tuple[Poly, ...]) -> Iterator[Guard]:
        """The guards that a place is on the axes."""
        for position, (low, high) in zip(index, self.axes(tensor), strict=True):
            yield from within(position, low and POLYS[low], high and POLYS[high])

    def expand(self, v: Value, at: dict[str, Poly]) -> list[Term]:
        return needing(self.expanded(v, at), divisors(own_places(v), at))

    def expanded(self, v: Value, at: dict[str, Poly]) -> list[Term]:
        def put(key: str) -> Poly:
            return substitute(POLYS[key], at)

        match v:
            case ("number", q):
                return [Term(q)] if q else []
            case ("position", p):
                return [Term(weight=put(p))]
            case ("plus", parts):
                return [t for p in parts for t in self.expand(p, at)]
            case ("times", parts):
                return self.product([("value", p) for p in parts], at)
            case ("sum", ranges, body):
                inside, guards, needs, names = dict(at), set[Guard](), set[Guard](), []
                for n, low, high in ranges:
                    needs |= divisors((low, high), inside)
                    name = self.fresh()
                    limits = (
                        (None if low is None else substitute(POLYS[low], inside)),
                        (None if high is None else substitute(POLYS[high], inside)),
                    )
                    inside[n] = atom(name)
                    names.append(name)
                    guards = join(guards, *within(atom(name), *limits))
                head = Term(bound=frozenset(names), guards=guards, needs=frozenset(needs))
                return [head.times(t) for t in self.expand(body, inside)]
            case ("entry", tensor, index):
                return self.entry(tensor, tuple(put(p) for p in index))
            case ("bracket", conditions):
                result = [Term()]
                for kind, p in conditions:
                    g = guard(put(p), kind != "ge")
                    with_it = [t.changed(guards=join(t.guards, g)) for t in result]
                    if kind == "ne":
                        pairs = zip(result, with_it, strict=True)
                        result = [t for a, b in pairs for t in (a, b.scaled(-1))]
                    else:
                        result = with_it
                return result
            case ("max", ranges, body):
                return self.maximum(v, at)
            case ("apply", name, order, argument):
                return self.apply(name, order, argument, at)
            case ("reciprocal", argument):
                return self.reciprocal(argument, at)
        _, inner, tensor, index = v
        return self.derivative(inner, tensor, tuple(put(p) for p in index), at)

    def product(self, parts: list[tuple[str, Value]], at: dict[str, Poly]) -> list[Term]:
        result = [Term()]
        for how, part in parts:
            terms = self.expand(part, at) if how == "value" else self.reciprocal(part, at)
            result = [a.times(b) for a in result for b in terms]
        return result

    def entry(self, tensor: Any, index: tuple[Poly, ...]) -> list[Term]:
        head, formula = Term(guards=join(set(), *self.limits(tensor, index))), self.body(tensor)
        if formula is None or tensor in self.opaque:
            return [head.changed(factors=((head_name(tensor, "", 0, False), tuple(map(text, index))),))]
        parameters, body = formula
        return [head.times(t) for t in self.expand(body, dict(zip(parameters, index, strict=True)))]

    def maximum(self, v: Value, at: dict[str, Poly]) -> list[Term]:
        v = joined(v)
        free = sorted(free_names(v))
        _, ranges, body = rename_value(v, {n: f"${k}" for k, n in enumerate(free)})
        inner: dict[str, str] = {}
        canonical = []
        for k, (n, low, high) in enumerate(ranges):
            canonical.append((f"%{k}", rename_limit(low, inner), rename_limit(high, inner)))
            inner[n] = f"%{k}"
        body = rename_value(body, inner)
        arguments = tuple(text(substitute(atom(n), at)) for n in free)
        inside, needs = dict(at), set[Guard]()
        for axis, (n, low, high) in enumerate(v[1]):
            needs |= divisors((low, high), inside) | not_empty(low, high, inside)
            function = repr((tuple(canonical), body, axis))
            FUNCTIONS[function] = (tuple(canonical), axis)
            inside[n] = atom(make_compound("argmax", function, arguments))
        return needing(self.expand(v[2], inside), needs)

    def argument(self, v: Value, at: dict[str, Poly]) -> tuple[Any, tuple[Poly, ...]]:
        """A value as an entry of a tensor; one is made where it is not."""
        if v[0] == "entry":
            return v[1], tuple(substitute(POLYS[p], at) for p in v[2])
        free = sorted(free_names(v))
        names = tuple(f"${k}" for k in range(len(free)))
        body = rename_value(v, dict(zip(free, names, strict=True)))
        self.made[repr(body)] = (names, body)
        return repr(body), tuple(substitute(atom(n), at) for n in free)

    def apply(self, name: str, order: int, argument: Value, at: dict[str, Poly]) -> list[Term]:
        if (name, order) == ("identity", 0):
            return self.expand(argument, at)
        if (name, order) == ("square", 0):
            return self.product([("value", argument), ("value", argument)], at)
        if (name, order) == ("gelu", 0):
            return self.product([("value", argument), ("value", ("apply", "normal_cdf", 0, argument))], at)
        if (name, order) == ("log", 0):
            known = self.logarithm(argument, at)
            if known is not None:
                return known
        tensor, index = self.argument(argument, at)
        terms = [Term(factors=((head_name(tensor, name, order, False), tuple(map(text, index))),))]
        return needing(terms, divisors(own_places(argument), at))

    def logarithm(self, v: Value, at: dict[str, Poly]) -> list[Term] | None:
        if v[:3] == ("apply", "exp", 0):
            return self.expand(v[3], at)
        if v[0] == "reciprocal":
            needs = self.positive(v[1], at)
            if needs is not None:
                return needing([t.scaled(-1) for t in self.apply("log", 0, v[1], at)], needs)
        if v[0] == "times":
            needs = self.all_positive(v[1], at)
            if needs is not None:
                return needing([t for p in v[1] for t in self.apply("log", 0, p, at)], needs)
        if v[0] == "entry" and v[1] not in self.opaque:
            formula = self.body(v[1])
            if formula is not None:
                index = tuple(substitute(POLYS[p], at) for p in v[2])
                known = self.logarithm(formula[1], dict(zip(formula[0], index, strict=True)))
                return known and needing(known, {*self.limits(v[1], index), *divisors(v[2], at)})
        return None

    def positive(self, v: Value, at: dict[str, Poly]) -> set[Guard] | None:
        """What makes the value positive; None where its form does not tell."""
        match v:
            case ("number", q):
                return set() if q > 0 else None
            case ("apply", "exp", 0, _):
                return set()
            case ("reciprocal", inner):
                return self.positive(inner, at)
            case ("sum", ranges, body):
                inside, needs = dict(at), set[Guard]()
                for n, low, high in ranges:
                    needs |= divisors((low, high), inside) | not_empty(low, high, inside)
                    inside[n] = atom(f"${n}")
                within_sum = self.positive(body, inside)
                return None if within_sum is None else needs | within_sum
            case ("plus", parts) | ("times", parts):
                return self.all_positive(parts, at) if parts else None
            case ("entry", tensor, index):
                formula = self.body(tensor)
                if formula is not None:
                    places = tuple(substitute(POLYS[p], at) for p in index)
                    inner_needs = self.positive(formula[1], dict(zip(formula[0], places, strict=True)))
                    if inner_needs is not None:
                        return inner_needs.union(self.limits(tensor, places), divisors(index, at))
        return None

    def all_positive(self, parts: Iterable[Value], at: dict[str, Poly]) -> set[Guard] | None:
        needs: set[Guard] = set()
        for part in parts:
            more = self.positive(part, at)
            if more is None:
                return None
            needs |= more
        return needs

    def reciprocal(self, v: Value, at: dict[str, Poly]) -> list[Term]:
        return needing(self.inverted(v, at), divisors(own_places(v), at))

    def inverted(self, v: Value, at: dict[str, Poly]) -> list[Term]:
        if v[0] == "position":
            return [Term(denominators=(text(substitute(POLYS[v[1]], at)),))]
        if v[0] == "number":
            return [Term(1 / v[1])]
        if v[0] == "times":
            return self.product([("reciprocal", p) for p in v[1]], at)
        if v[0] == "reciprocal":
            return self.expand(v[1], at)
        if v[0] == "entry" and v[1] not in self.opaque:
            formula = self.body(v[1])
            if formula is not None and formula[1][0] in ("times", "apply"):
                index = tuple(substitute(POLYS[p], at) for p in v[2])
                terms = self.reciprocal(formula[1], dict(zip(formula[0], index, strict=True)))
                return needing(terms, self.limits(v[1], index))
        name, order, inner = ("", 0, v) if v[0] != "apply" else v[1:]
        tensor, places = self.argument(inner, at)
        terms = [Term(factors=((head_name(tensor, name, order, True), tuple(map(text, places))),))]
        return needing(terms, divisors(own_places(inner), at))

    # derivatives: expand with the target as data, then drop one factor after the other

    def derivative(self, v: Value, target: Any, position: tuple[Poly, ...], at: dict[str, Poly]) -> list[Term]:
        require(all(self.body(t) is None for t in self.opaque), "a derivative inside one by a definition")
        outer, self.opaque = self.opaque, self.opaque | {target}
        terms = [d for t in self.expand(v, at) for d in self.drop(t, target, position)]
        self.opaque = outer
        if self.body(target) is None or target in outer:
            return terms
        plain, result = head_name(target, "", 0, False), []
        for term in terms:
            unfolded = [term.changed(factors=())]
            for head, index in term.factors:
                whole = [Term(factors=((head, index),))]
                parts = whole if head != plain else self.entry(target, tuple(POLYS[p] for p in index))
                unfolded = [a.times(b) for a in unfolded for b in parts]
            result += unfolded
        return result

    def drop(self, term: Term, target: Any, position: tuple[Poly, ...]) -> list[Term]:
        result = []
        for n, (head, index) in enumerate(term.factors):
            others = term.changed(factors=term.factors[:n] + term.factors[n + 1 :])
            result += [others.times(s) for s in self.slope(head, index, target, position)]
        return result

    def slope(self, head: str, index: tuple[str, ...], target: Any, position: tuple[Poly, ...]) -> list[Term]:
        tensor, name, order, inverse = HEADS[head]
        if not name and not inverse:
            if tensor != target:
                return []
            equal = (guard(plus(POLYS[e], a, -1), True) for e, a in zip(index, position, strict=True))
            return [Term(guards=join(set(), *equal))]
        places = tuple(POLYS[p] for p in index)
        inner = [d for t in self.entry(tensor, places) for d in self.drop(t, target, position)]
        if not inner:
            return []
        entry: Value = ("entry", tensor, index)
        if inverse:
            outer = [Term(Fraction(-1), factors=((head, index), (head, index)))]
            if name:
                outer = [o.times(s) for o in outer for s in self.expand(slope_of(name, order, entry), {})]
        else:
            outer = self.expand(slope_of(name, order, entry), {})
        return [o.times(i) for o in outer for i in inner]


def needing(terms: list[Term], needs: Iterable[Guard]) -> list[Term]:
    """The terms have a value only where all of this holds."""
    more = join(set(), *needs)
    return [t.changed(needs=t.needs | more) for t in terms]


def own_places(v: Value) -> tuple[str, ...]:
    """The polynomials that stand in the value itself, limits of ranges left out."""
    match v:
        case ("position", p):
            return (p,)
        case ("entry", _, index) | ("derivative", _, _, index):
            return tuple(index)
        case ("bracket", conditions):
            return tuple(p for _, p in conditions)
    return ()


def divisors(keys: Iterable[str | None], at: dict[str, Poly]) -> set[Guard]:
    """What says that the divisors in these polynomials are at least 1."""
    quotients = {a for k in keys if k is not None for a in names_in(POLYS[k]) if is_quotient(a)}
    return {guard(plus(substitute(POLYS[COMPOUNDS[a][2]], at), constant(1), -1), False) for a in quotients}


def not_empty(low: str | None, high: str | None, at: dict[str, Poly]) -> set[Guard]:
    """What says that a range holds a place."""
    if low is None or high is None:
        return set()
    return {guard(plus(substitute(POLYS[high], at), substitute(POLYS[low], at), -1), False)}


HEADS: dict[str, tuple[Any, str, int, bool]] = {}


def head_name(tensor: Any, function: str, order: int, inverse: bool) -> str:
    key = repr((tensor, function, order, inverse))
    HEADS[key] = (tensor, function, order, inverse)
    return key


WITH_ZEROS = ("log", "tanh", "relu", "step", "square", "identity", "sqrt", "gelu")
POSITIVE = ("sigmoid", "softplus", "normal_cdf", "normal_pdf")  # their derivatives need not be


def slope_of(name: str, order: int, x: Value) -> Value:
    """f'(x), of the known functions by their own formula."""
    one: Value = ("number", Fraction(1))

    def less(v: Value) -> Value:
        return "times", (("number", Fraction(-1)), v)

    me: Value = ("apply", name, order, x)
    known: dict[str, Value] = {
        "exp": me,
        "log": ("reciprocal", x),
        "sigmoid": ("times", (me, ("plus", (one, less(me))))),
        "tanh": ("plus", (one, less(("times", (me, me))))),
        "relu": ("apply", "step", 0, x),
        "step": ("number", Fraction(0)),
        "square": ("times", (("number", Fraction(2)), x)),
        "identity": one,
        "softplus": ("apply", "sigmoid", 0, x),
        "sqrt": ("times", (("number", Fraction(1, 2)), ("reciprocal", me))),
        "normal_cdf": ("apply", "normal_pdf", 0, x),
        "normal_pdf": ("times", (("number", Fraction(-1)), x, me)),
    }
    if name in known and (order == 0 or name == "exp"):
        return known[name]
    return ("apply", name, order + 1, x)


def within(position: Poly, low: Poly | str | None, high: Poly | str | None) -> Iterator[Guard]:
    if isinstance(low, dict):
        yield guard(plus(position, low, -1), False)
    if isinstance(high, dict):
        yield guard(plus(high, position, -1), False)


# -- certificates -------------------------------------------------------------------


class Proof:
    """The state of a replay: sizes, facts, terms; a method for each rule."""

    def __init__(self, problem: dict[str, Any]) -> None:
        for name, least in problem["sizes"]:
            require(type(name) is str and is_whole(least), "a size has a name and a whole number")
            require(f"#{name}" not in LEAST, f"the size {name} is there twice")
            LEAST[f"#{name}"] = least
        self.expander = expander = Expander(problem["tensors"])
        self.free = [read_range(r) for r in problem["free"]]
        require(len({n for n, _, _ in self.free}) == len(self.free), "a free index is there twice")
        self.facts: set[Guard] = set()
        self.not_zero: set[str] = set()
        for kind, p in problem["hypotheses"]:
            require(kind in ("ge", "eq", "ne"), f"an unknown hypothesis {kind!r}")
            g = guard(read_poly(p), kind != "ge")
            self._require_known(names_in(POLYS[g[1]]), set())
            if kind == "ne":
                self.not_zero.add(g[1])
            else:
                self.facts = join(self.facts, g)
        for name, low, high in self.free:
            ends = [None if limit is None else POLYS[limit] for limit in (low, high)]
            self.facts = join(self.facts, *within(atom(name), *ends))
        for g in self.facts:
            self._require_known(names_in(POLYS[g[1]]), set())
        for limit in expander.ends():
            closed = all(n in LEAST or n in COMPOUNDS for n in names_in(POLYS[limit]))
            require(closed, f"the end {limit} of an axis is not made of sizes")
        self._require(divisors([*(key for _, key in self.facts), *self.not_zero, *expander.ends()], {}), set())
        sides = [read_value(problem["left"]), read_value(problem["right"])]
        for side in sides:
            self._require_known(free_names(side), set())
        left, right = (expander.expand(side, {}) for side in sides)
        self.terms = self.difference(left, right)

    def difference(self, left: list[Term], right: list[Term]) -> dict[int, Term]:
        """The terms of left - right, all of which have a value."""
        terms = [*left, *(t.scaled(-1) for t in right)]
        for term in terms:
            self._require_known(term.names(), term.bound)
            require(self.is_finite(term), "a sum without end")
            self._require_value(term)
        return {n: t.changed(needs=frozenset()) for n, t in enumerate(terms)}

    def _require_known(self, names: set[str], bound: Iterable[str]) -> None:
        known = {*LEAST, *(name for name, _, _ in self.free), *bound}
        for name in names - known:
            require(name in COMPOUNDS, f"{name!r} is no size, free index or bound index")

    def _require_value(self, term: Term) -> None:
        """Wherever its guards hold, no divisor is 0 and all that the term needs holds."""
        for d in term.denominators:
            self._require_not_zero(d, term.guards)
        self._require(term.needs, term.guards)

    def _require(self, needs: Iterable[Guard], guards: set[Guard]) -> None:
        for _, p in needs:
            shown = self.never_negative(POLYS[p], self.facts | guards)
            require(shown, f"nothing says that {p} >= 0, without which there is no value")

    def _require_not_zero(self, d: str, guards: set[Guard]) -> None:
        """A divisor is positive for all sizes, or a hypothesis or guard says so."""
        p = POLYS[d]
        shown = self.never_negative(plus(p, constant(1), -1), self.facts | guards)
        require(shown or guard(p, True)[1] in self.not_zero, f"nothing says that the divisor {d} is not 0")

    def never_negative(self, p: Poly, known: set[Guard]) -> bool:
        """p >= 0: its form says so, or one known guard and the form of what it leaves."""
        mine = names_in(p)  # a guard that brings in other quotients would never end
        near = [POLYS[key] for equality, key in known if not equality]
        near = [g for g in near if {a for m in g for a in m if is_quotient(a)} <= mine]
        return self.by_form(p, known) or any(self.by_form(plus(p, g, -1), known) for g in near)

    def by_form(self, p: Poly, known: set[Guard]) -> bool:
        """No coefficient is negative once each size is counted from its least; a quotient of such is at least 0."""
        least: dict[str, int | None] = {a: self.least_of(a, known) for m in p for a in m}
        shifted: Poly = {}
        for m, c in p.items():
            product = constant(c)
            for a in m:
                start = least[a]
                if start is None:
                    return False
                product = times(product, plus(atom(a), constant(start)))
            shifted = plus(shifted, product)
        return all(c > 0 for c in shifted.values())

    def least_of(self, a: str, known: set[Guard]) -> int | None:
        if not is_quotient(a):
            return LEAST.get(a)
        _, num, den = COMPOUNDS[a]
        positive = self.never_negative(plus(POLYS[den], constant(1), -1), known)
        return 0 if positive and self.never_negative(POLYS[num], known) else None

    def is_finite(self, term: Term) -> bool:
        """Every bound index has limits on both sides, in turn."""
        held: set[str] = set()
        while True:
            found = {n for n in term.bound - held if self.sides(n, term, term.bound - held) == {1, -1}}
            if not found:
                return held == term.bound
            held |= found

    def sides(self, name: str, term: Term, open_: frozenset[str] | set[str]) -> set[int]:
        """1: a guard keeps the index from below, -1: from above, by indices that are not open."""
        found: set[int] = set()
        for equality, key in term.guards:
            parts = linear(POLYS[key], name)
            if parts is None or not names_in(parts[0]).union(names_in(parts[1])).isdisjoint(open_):
                continue
            for sign in (1, -1):
                if self.by_form(plus(constant(-1), parts[0], sign), set()):
                    found |= {1, -1} if equality else {sign}
        return found

    def term(self, step: dict[str, Any]) -> Term:
        require(step["term"] in self.terms, f"there is no term {step['term']}")
        return self.terms[step["term"]]

    def new_name(self, name: str, *terms: Term) -> None:
        used = set(LEAST) | {n for n, _, _ in self.free}
        for g in self.facts:
            used |= names_in(POLYS[g[1]])
        for term in terms:
            used |= term.names() | term.bound
        require(type(name) is str and is_name(name) and name not in used, f"the name {name!r} is not new")

    def read(self, data: Any, *terms: Term) -> Poly:
        """A polynomial of a step; its quotients stand in the facts or the terms, where their divisors are not 0."""
        p = read_poly(data)
        new = set(filter(is_quotient, names_in(p)))
        for g in self.facts if new else ():
            new -= names_in(POLYS[g[1]])
        for term in terms if new else ():
            new -= term.names()
        require(not new, "a quotient that is not there")
        return p

    # what is known, and what follows from it

    def allows(self, kind: str, p: Poly, guards: set[Guard], negated: Poly | None) -> bool:
        """Is p one of the polynomials known to be >= 0 (or = 0), or the goal's negation?"""
        if kind == "negated":
            return negated is not None and p == negated
        if kind == "zero":
            return guard(p, True) in guards
        if kind != "known":
            return False
        return guard(p, False) in guards or self.is_size_gap(p) or self.is_application_bound(p, guards)

    def is_size_gap(self, p: Poly) -> bool:
        names = [m for m in p if m]
        if len(names) != 1 or len(names[0]) != 1 or p[names[0]] != 1:
            return False
        least = LEAST.get(names[0][0])
        return least is not None and p.get((), 0) == -least

    def is_application_bound(self, p: Poly, guards: set[Guard]) -> bool:
        """value - low or high - value of an argmax that occurs in p, over a window that is not empty."""
        for m in p:
            for a in m:
                if len(m) != 1 or COMPOUNDS.get(a, ("",))[0] != "argmax":
                    continue
                _, function, arguments = COMPOUNDS[a]
                window, axis = FUNCTIONS[function]
                values = {f"${k}": POLYS[p] for k, p in enumerate(arguments)}
                limits = [tuple(substitute(POLYS[limit], values) for limit in r[1:]) for r in window]
                own = {n for n, _, _ in window}
                raw = (names_in(POLYS[limit]) for r in window for limit in r[1:])
                lengths = [plus(high, low, -1) for low, high in limits]
                needs = [*lengths, *(POLYS[d] for _, d in divisors((e for r in window for e in r[1:]), values))]
                if not all(map(own.isdisjoint, raw)) or not all(self.never_negative(n, guards) for n in needs):
                    continue
                low, high = limits[axis]
                if p in (plus(atom(a), low, -1), plus(high, atom(a), -1)):
                    return True
        return False

    def contradiction(self, certificate: Any, guards: set[Guard], negated: Poly | None) -> None:
        """The summands must be allowed and add up to -1."""
        total: dict[tuple[str, ...], Fraction] = {}
        for multiplier, sources in certificate:
            number, product, equality = read_number(multiplier), constant(1), False
            for kind, data in sources:
                p = read_poly(data)
                require(self.allows(kind, p, guards, negated), f"{text(p)} is not {kind}")
                product = times(product, p)
                equality = equality or kind == "zero"
            require(number >= 0 or equality, "a negative multiplier of an inequality")
            for m, c in product.items():
                total[m] = total.get(m, Fraction(0)) + number * c
                spend(total[m].denominator.bit_length())
        require({m: c for m, c in total.items() if c} == {(): Fraction(-1)}, "the summands do not add up to -1")

    def follows(self, p: Poly, equality: bool, certificates: Any, guards: set[Guard]) -> None:
        """One certificate for p >= 0; for p = 0 another for -p >= 0."""
        sides = [p, plus({}, p, -1)] if equality else [p]
        require(len(certificates) == len(sides), "a certificate too few or too many")
        for side, certificate in zip(sides, certificates, strict=True):
            self.contradiction(certificate, guards, plus(constant(-1), side, -1))

    # the rules

    def constant(self, step: dict[str, Any]) -> None:
        """q := div(num, den) once for all terms; den >= 1 follows from the facts."""
        num, den = (self.read(step[k], *self.terms.values()) for k in ("numerator", "denominator"))
        name = step["name"]
        require(name[:1] == "/", "a constant is called /1, /2, ...")
        fixed = {n for n, _, _ in self.free}
        bound = {n for n in names_in(num) | names_in(den) if n[0] in "%$"} - fixed
        require(not bound, "a quotient of bound indices")
        self.new_name(name, *self.terms.values())
        require(name not in names_in(num) | names_in(den), "the name occurs in its own quotient")
        self.follows(plus(den, constant(1), -1), False, [step["positive"]], self.facts)
        images = quotient_images(num, den, name)
        self.facts = join(set(), *(guard(substitute(POLYS[g[1]], images), g[0]) for g in self.facts))
        self.facts = join(self.facts, *quotient_guards(num, den, name))
        self.terms = {k: t.place(images) for k, t in self.terms.items()}

    def reuse(self, step: dict[str, Any]) -> None:
        """div(num, den) -> q where the facts say 0 <= num - den*q < den."""
        num, den = (self.read(step[k], *self.terms.values()) for k in ("numerator", "denominator"))
        name = step["name"]
        require(is_name(name), f"{name!r} is no name")
        require(set(quotient_guards(num, den, name)) <= self.facts, f"{name} is not known to be this quotient")
        images = quotient_images(num, den, name)
        self.facts = join(set(), *(guard(substitute(POLYS[g[1]], images), g[0]) for g in self.facts))
        self.terms = {k: t.place(images) for k, t in self.terms.items()}

    def use(self, step: dict[str, Any]) -> None:
        """±v + e = 0 is a fact, or both v + e and -v - e are >= 0: v -> ∓e in all terms."""
        p, names = self.read(step["guard"]), list(self.read(step["name"]))
        both = {guard(p, False), guard(plus({}, p, -1), False)}
        require(guard(p, True) in self.facts or both <= self.facts, "no such fact")
        require(len(names) == 1 and len(names[0]) == 1, "not the name of an atom")
        name = names[0][0]
        self.terms = {k: t.place({name: solved(p, name)}) for k, t in self.terms.items()}

    def quotient(self, step: dict[str, Any]) -> None:
        """A quotient in one term as a bound index with two guards; den >= 1 follows."""
        term, name = self.term(step), step["name"]
        num, den = (self.read(step[k], term) for k in ("numerator", "denominator"))
        require(name[:1] == "%", "a bound index is called %1, %2, ...")
        self.new_name(name, term)
        require(name not in names_in(num) | names_in(den), "the index occurs in its own quotient")
        self.follows(plus(den, constant(1), -1), False, [step["positive"]], self.facts | term.guards)
        changed = term.place(quotient_images(num, den, name))
        guards = join(changed.guards, *quotient_guards(num, den, name))
        self.terms[step["term"]] = changed.changed(bound=term.bound | {name}, guards=guards)

    def key(self, step: dict[str, Any]) -> None:
        """h(e) = SUM_k [k - e = 0] h(k)."""
        term, name, n, axis = self.term(step), step["name"], step["factor"], step["axis"]
        require(name[:1] == "%", "a bound index is called %1, %2, ...")
        self.new_name(name, term)
        require(0 <= n < len(term.factors) and 0 <= axis < len(term.factors[n][1]), "there is no such place")
        head, index = term.factors[n]
        equality = guard(plus(atom(name), POLYS[index[axis]], -1), True)
        index = (*index[:axis], text(atom(name)), *index[axis + 1 :])
        factors = (*term.factors[:n], (head, index), *term.factors[n + 1 :])
        self.terms[step["term"]] = term.changed(
            factors=factors, bound=term.bound | {name}, guards=join(term.guards, equality)
        )

    def eliminate(self, step: dict[str, Any]) -> None:
        """SUM_v [±v + e = 0] h(v) = h(∓e)."""
        term, name = self.term(step), step["name"]
        g = guard(self.read(step["guard"], term), True)
        require(name in term.bound, f"{name} is not bound here")
        require(g in term.guards, f"the term has no guard {g[1]} = 0")
        rest = term.changed(guards=term.guards - {g}, bound=term.bound - {name})
        self.terms[step["term"]] = rest.place({name: solved(POLYS[g[1]], name)})

    def rewrite(self, step: dict[str, Any]) -> None:
        """[±v + e = 0] g(v) = [±v + e = 0] g(∓e) in the other guards and the weight."""
        term, name = self.term(step), step["name"]
        g = guard(self.read(step["guard"], term), True)
        require(g in term.guards, f"the term has no guard {g[1]} = 0")
        self.terms[step["term"]] = term.place({name: solved(POLYS[g[1]], name)}, factors=False, keep=g)

    def rename(self, step: dict[str, Any]) -> None:
        """Other names for bound indices, one to one; factors in another order."""
        term, names, order = self.term(step), step["names"], step["order"]
        require(set(names) <= term.bound, "a name that is not bound here")
        require(len(set(names.values())) == len(names), "two indices get one name")
        others = (term.names() | term.bound) - set(names)
        require(others.isdisjoint(names.values()), "a new name is taken")
        require(all(is_name(n) and n[0] == "%" for n in names.values()), "a bound index is called %1, %2, ...")
        require(sorted(order) == list(range(len(term.factors))), "the factors are not all there")
        moved = term.changed(
            bound=frozenset(names.get(b, b) for b in term.bound), factors=tuple(term.factors[n] for n in order)
        )
        self.terms[step["term"]] = moved.place({old: atom(new) for old, new in names.items()})

    def shift(self, step: dict[str, Any]) -> None:
        """SUM_v h(v) = SUM_w h(±w + e)."""
        term, name, new = self.term(step), step["name"], step["new"]
        offset = self.read(step["offset"], term)
        require(
            name in term.bound and is_whole(step["sign"]) and step["sign"] in (1, -1),
            "not a bijection of a bound index",
        )
        require(new[:1] == "%", "a bound index is called %1, %2, ...")
        self.new_name(new, term)
        require(names_in(offset).isdisjoint({name, new}), "the offset holds the index itself")
        image = plus(offset, atom(new), step["sign"])
        self.terms[step["term"]] = term.changed(bound=(term.bound - {name}) | {new}).place({name: image})

    def count(self, step: dict[str, Any]) -> None:
        """SUM_v [v - a >= 0][b - v >= 0] = (b - a + 1) [b - a + 1 >= 0]."""
        term, name = self.term(step), step["name"]
        low, high = (guard(self.read(step[k], term), False) for k in ("low", "high"))
        rest = self.only_in(term, name, {low, high})
        for g, sign in ((low, 1), (high, -1)):
            parts = linear(POLYS[g[1]], name)
            require(parts is not None and number_of(parts[0]) == sign, "not a limit of the index")
        length = plus(plus(POLYS[low[1]], POLYS[high[1]]), constant(1))
        guards = join(rest.guards, guard(length, False))
        counted = rest.changed(guards=guards, weight=times(rest.weight, length))
        self._require_value(counted)
        self.terms[step["term"]] = counted

    def add_up(self, step: dict[str, Any]) -> None:
        """SUM_v w(v) [v - a >= 0][b - v >= 0] = (P(b + 1) - P(a)) / m [b - a + 1 >= 0], if P(v + 1) - P(v) = m w(v)."""
        term, name, m = self.term(step), step["name"], step["by"]
        low, high = (guard(self.read(step[k], term), False) for k in ("low", "high"))
        primitive = self.read(step["primitive"], term)
        rest = self.only_in(term.changed(weight=constant(1)), name, {low, high})
        require(is_whole(m) and m >= 1, "a divisor that is no whole number from 1 on")
        require(self.are_known(names_in(primitive), term), "a primitive on unknown names")
        shifted = substitute(primitive, {name: plus(atom(name), constant(1))})
        require(plus(shifted, primitive, -1) == times(constant(m), term.weight), "not a primitive of the weight")
        ends = []
        for g, sign in ((low, 1), (high, -1)):
            parts = linear(POLYS[g[1]], name)
            if parts is None or number_of(parts[0]) != sign:
                reject("not a limit of the index")
            ends.append(plus({}, parts[1], -sign))
        first, last = ends
        weight = plus(substitute(primitive, {name: plus(last, constant(1))}), substitute(primitive, {name: first}), -1)
        length = plus(plus(last, first, -1), constant(1))
        added = rest.changed(
            coefficient=term.coefficient / m, weight=weight, guards=join(rest.guards, guard(length, False))
        )
        self._require_known(added.names(), added.bound | self.fact_names())
        self._require_value(added)
        self.terms[step["term"]] = added

    def unique(self, step: dict[str, Any]) -> None:
        """SUM_q [a - d*q >= 0][d - 1 - a + d*q >= 0] = 1 for d >= 1."""
        term, name = self.term(step), step["name"]
        low, high = (guard(self.read(step[k], term), False) for k in ("low", "high"))
        rest = self.only_in(term, name, {low, high})
        parts = linear(POLYS[low[1]], name)
        if parts is None or name in names_in(parts[0]):
            reject("the index is not a quotient")
        divisor = plus({}, parts[0], -1)
        require(POLYS[high[1]] == plus(plus(divisor, constant(-1)), POLYS[low[1]], -1), "not the limits of a quotient")
        self.follows(plus(divisor, constant(1), -1), False, [step["positive"]], self.facts)
        self.terms[step["term"]] = rest

    def only_in(self, term: Term, name: str, guards: set[Guard]) -> Term:
        """The term without these guards and the bound index, which must be nowhere else."""
        require(name in term.bound, f"{name} is not bound here")
        require(guards <= term.guards, "the term has no such guards")
        rest = term.changed(guards=term.guards - guards, bound=term.bound - {name})
        require(name not in rest.names(), f"{name} occurs elsewhere")
        return rest

    def entail(self, step: dict[str, Any]) -> None:
        """A guard that follows may be written beside the others."""
        term, equality = self.term(step), step["equality"]
        p = self.read(step["guard"], term)
        g = guard(p, equality)
        require(self.are_known(names_in(POLYS[g[1]]), term), "a guard on unknown names")
        self.follows(p, equality, step["certificates"], self.facts | term.guards)
        self.terms[step["term"]] = term.changed(guards=join(term.guards, g))

    def are_known(self, names: set[str], term: Term) -> bool:
        """Sizes, free indices, named constants, and what is bound in the term."""
        known = self.fact_names().union(LEAST, term.bound, (n for n, _, _ in self.free))
        return all(n in known or n in COMPOUNDS for n in names)

    def discharge(self, step: dict[str, Any]) -> None:
        """A guard that follows from the others may be left out."""
        term, equality = self.term(step), step["equality"]
        p = self.read(step["guard"], term)
        g = guard(p, equality)
        require(g in term.guards, "the term has no such guard")
        self.follows(p, equality, step["certificates"], self.facts | (term.guards - {g}))
        self.terms[step["term"]] = term.changed(guards=term.guards - {g})

    def absurd(self, step: dict[str, Any]) -> None:
        """A term with contradictory guards is 0."""
        term = self.term(step)
        if step["certificate"] is None:
            excluded = any(equality and key in self.not_zero for equality, key in term.guards)
            require(excluded or any(map(fails, term.guards)), "no guard of the term is false by itself")
        else:
            self.contradiction(step["certificate"], self.facts | term.guards, None)
        del self.terms[step["term"]]

    def split(self, step: dict[str, Any]) -> None:
        """h = h [p >= 0] + h [-p - 1 >= 0]."""
        term, (first, second) = self.term(step), step["into"]
        p = self.read(step["guard"], term)
        require(
            is_whole(first) and is_whole(second) and first != second and not {first, second} & set(self.terms),
            "the two halves need new numbers",
        )
        del self.terms[step["term"]]
        self.terms[first] = term.changed(guards=join(term.guards, guard(p, False)))
        opposite = guard(plus(constant(-1), p, -1), False)
        self.terms[second] = term.changed(guards=join(term.guards, opposite))

    def cancel(self, step: dict[str, Any]) -> None:
        """h(e) * 1/h(e) = 1, h being data, an unknown function, or one that is never 0."""
        term, n, m = self.term(step), step["factor"], step["inverse"]
        require(n != m and {n, m} <= set(range(len(term.factors))), "there are no such factors")
        (head, index), (other, place) = term.factors[n], term.factors[m]
        require(index == place and HEADS[head][:3] == HEADS[other][:3], "the factors are not each other's reciprocal")
        require(not HEADS[head][3] and HEADS[other][3], "the factors are not each other's reciprocal")
        _, function, order, _ = HEADS[head]
        require(
            function not in WITH_ZEROS and (order == 0 or function not in POSITIVE), f"{function} has zeros of its own"
        )
        rest = tuple(f for k, f in enumerate(term.factors) if k not in (n, m))
        self.terms[step["term"]] = term.changed(factors=rest)

    def alike(self, step: dict[str, Any]) -> None:
        """f(T[e]) = f(U[d]), as the lemma says that T[e] = U[d]; U is the argument of another factor."""
        term, n, (other, m) = self.term(step), step["factor"], step["model"]
        require(0 <= n < len(term.factors), "there is no such place")
        require(other in self.terms and 0 <= m < len(self.terms[other].factors), "there is no such model")
        (head, old), (model, places) = term.factors[n], self.terms[other].factors[m]
        require(HEADS[head][1:] == HEADS[model][1:], "the factors are not of one function")
        index = tuple(text(self.read(p, term)) for p in step["index"])
        require(len(index) == len(places), "a place with too few indices or too many")
        require(all(self.are_known(names_in(POLYS[p]), term) for p in index), "an index on unknown names")
        self.lemma(term, (HEADS[head][0], old), (HEADS[model][0], index), step)
        factors = (*term.factors[:n], (model, index), *term.factors[n + 1 :])
        self.terms[step["term"]] = term.changed(factors=factors)

    def unit(self, step: dict[str, Any]) -> None:
        """h = h * T[e] * 1/T[e], T[e] being positive and written out; 1/T is a factor that stands somewhere."""
        term, (other, m), into = self.term(step), step["model"], step["into"]
        require(other in self.terms and 0 <= m < len(self.terms[other].factors), "there is no such model")
        head, _ = self.terms[other].factors[m]
        tensor, function, _, inverse = HEADS[head]
        require(inverse and function == "", "not the reciprocal of an entry")
        index = tuple(text(self.read(p, term)) for p in step["index"])
        require(len(index) == len(self.expander.axes(tensor)), "a place with too few indices or too many")
        require(all(self.are_known(names_in(POLYS[p]), term) for p in index), "an index on unknown names")
        needs = self.expander.positive(("entry", tensor, index), {})
        if needs is None:
            reject("nothing says that the entry is positive")
        self._require(needs, term.guards)
        parts = self.written_out(term, [("entry", tensor, index)], step["first"])[0]
        require(
            len(into) == len(set(into)) == len(parts) and all(map(is_whole, into)) and set(into).isdisjoint(self.terms),
            "the parts need new numbers",
        )
        del self.terms[step["term"]]
        factor = Term(factors=((head, index),))
        for number, part in zip(into, parts, strict=True):
            product = term.times(factor).times(part)
            self._require_known(product.names(), product.bound | self.fact_names())
            require(self.is_finite(product), "a sum without end")
            self._require_value(product)
            self.terms[number] = product.changed(needs=frozenset())

    def written_out(self, term: Term, values: list[Value], first: Any) -> list[list[Term]]:
        """Values expanded within a term, with bound indices that are new from this number on."""
        require(is_whole(first), "bound indices have whole numbers")
        self.expander.numbers = count(first)
        expanded = [self.expander.expand(v, {}) for v in values]
        used = {n for n, _, _ in self.free} | self.fact_names() | term.bound
        require(all(used.isdisjoint(t.bound) for side in expanded for t in side), "a bound index that is in use")
        return expanded

    def fact_names(self) -> set[str]:
        return set[str]().union(*(names_in(POLYS[g[1]]) for g in self.facts))

    def lemma(
        self, term: Term, left: tuple[Any, tuple[str, ...]], right: tuple[Any, tuple[str, ...]], step: dict[str, Any]
    ) -> None:
        """Replay a proof that two entries are equal wherever the term's guards hold; its bound indices are fixed."""
        inner = copy(self)
        inner.free = [*self.free, *((n, None, None) for n in term.bound)]
        inner.facts = self.facts | term.guards
        inner.terms = inner.difference(*inner.written_out(term, [("entry", *left), ("entry", *right)], step["first"]))
        for inner_step in step["steps"]:
            inner.do(inner_step)
        inner.finish()

    def do(self, step: dict[str, Any]) -> None:
        """One step by its rule."""
        require(step["rule"] in RULES, f"an unknown rule {step['rule']!r}")
        RULES[step["rule"]](self, step)

    def finish(self) -> None:
        """Terms that agree in indices, factors and guards must have coefficients that add up to 0."""
        classes: dict[Any, list[Term]] = {}
        for term in self.terms.values():
            classes.setdefault((term.bound, term.factors, frozenset(term.guards)), []).append(term)
        for terms in classes.values():
            total: dict[tuple[str, ...], Fraction] = {}
            for n, term in enumerate(terms):
                product = term.weight
                for m, other in enumerate(terms):
                    for d in other.denominators if m != n else ():
                        product = times(product, POLYS[d])
                for monomial, c in product.items():
                    total[monomial] = total.get(monomial, Fraction(0)) + term.coefficient * c
            require(not any(total.values()), "the remaining terms do not cancel")


def quotient_images(num: Poly, den: Poly, name: str) -> dict[str, Poly]:
    q = atom(name)
    return {
        make_compound("div", text(num), text(den)): q,
        make_compound("mod", text(num), text(den)): plus(num, times(den, q), -1),
    }


def quotient_guards(num: Poly, den: Poly, name: str) -> tuple[Guard, Guard]:
    rest = plus(num, times(den, atom(name)), -1)
    return guard(rest, False), guard(plus(plus(den, constant(-1)), rest, -1), False)


RULES: dict[str, Callable[[Proof, dict[str, Any]], None]] = {
    "constant": Proof.constant,
    "reuse": Proof.reuse,
    "use": Proof.use,
    "quotient": Proof.quotient,
    "key": Proof.key,
    "eliminate": Proof.eliminate,
    "rewrite": Proof.rewrite,
    "rename": Proof.rename,
    "shift": Proof.shift,
    "count": Proof.count,
    "unique": Proof.unique,
    "add": Proof.add_up,
    "entail": Proof.entail,
    "discharge": Proof.discharge,
    "absurd": Proof.absurd,
    "split": Proof.split,
    "cancel": Proof.cancel,
    "alike": Proof.alike,
    "unit": Proof.unit,
}


def check(certificate: dict[str, Any]) -> int:
    """Replay; the number of steps.  Raises `Rejected` with the first step that fails."""
    for table in (COMPOUNDS, POLYS, LEAST, FUNCTIONS, HEADS):
        table.clear()
    WORK[0] = DEFINED[0] = 0
    place = "the problem"
    try:
        require(certificate["format"] == FORMAT, f"the format is not {FORMAT!r}")
        proof = Proof(certificate["problem"])
        for number, step in enumerate(certificate["steps"], 1):
            place = f"step {number}"
            proof.do(step)
        place = "the end"
        proof.finish()
    except Rejected as error:
        raise Rejected(f"{place}: {error}") from None
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
        raise Rejected(f"{place}: malformed ({type(error).__name__}: {error})") from None
    return len(certificate["steps"])


def main(paths: list[str]) -> int:
    """One line a file; 0 if all are accepted, 1 if one is rejected, 64 without a file."""
    if not paths:
        print("usage: python -m symconv.proof.check FILE...", file=sys.stderr)
        return 64
    bad = 0
    for path in paths:
        try:
            with open(path, encoding="utf-8") as file:
                steps = check(json.load(file, object_pairs_hook=once_each))
            say(f"{path}: accepted, {steps} steps")
        except (Rejected, OSError, ValueError, RecursionError) as error:
            bad = 1
            say(f"{path}: rejected: {error}")
    return bad


def once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of a file, which may not say two things under one name."""
    require(len(dict(pairs)) == len(pairs), "an object has a name twice")
    return dict(pairs)


def say(line: str) -> None:
    """A name may hold what no output can show."""
    print(line.encode(errors="backslashreplace").decode())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
