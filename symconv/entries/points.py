"""Random points: what two nodes are at one, modulo a prime for speed or exactly for evidence.

Modulo p, unknown and transcendental functions, winners and steps are drawn from
a hash of their arguments, so equal arguments give equal values.  That may part
nodes that are equal (it ignores tanh' = 1 - tanh^2 where it is not written
out), so a difference is only a suspicion until an exact point confirms it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import blake2b
from typing import Any

from symconv.entries.graph import Kind, Node, Variable, below
from symconv.proof.evaluation.elementwise import POSITIVE, VALUES, differentiated, elementwise, polynomial
from symconv.proof.evaluation.numbers import EvaluationError, differ, first_greatest, reciprocal
from symconv.term.value import Function

PRIME = 2**61 - 1
TRIES = 8


def draw(*what: object) -> int:
    """63 bits that depend on what they are for and on nothing else."""
    return int.from_bytes(blake2b(repr(what).encode(), digest_size=8).digest(), "big") >> 1


# -- modulo a prime -----------------------------------------------------------------


def suspects(pairs: Sequence[tuple[Node, Node]], seed: int = 0) -> list[int]:
    """The places of the pairs that differ at one random point modulo p.

    Equal polynomials never differ; different ones of degree d agree with a probability of at most d/p.
    """
    if all(a is b for a, b in pairs):
        return []
    known: dict[Node, int] = {}
    for node in below(n for pair in pairs for n in pair):
        known[node] = _residue(node, [known[a] for a in node.args], seed)
    return [k for k, (a, b) in enumerate(pairs) if known[a] != known[b]]


def _residue(node: Node, args: list[int], seed: int) -> int:
    data: Any = node.data
    match node.kind:
        case Kind.PRODUCT:
            result = 1
            for a in args:
                result = result * a % PRIME
            return result
        case Kind.SUM:
            return sum(args) % PRIME
        case Kind.VARIABLE:
            return draw(seed, data) % PRIME
        case Kind.NUMBER:
            return int(data.numerator * pow(data.denominator, -1, PRIME)) % PRIME
        case Kind.RECIPROCAL:
            return pow(args[0], -1, PRIME) if args[0] else draw(seed, "pole")
        case Kind.APPLY:
            return _function_residue(data, args[0], seed)
        case Kind.MAXIMUM:
            return max(args, key=lambda v: draw(seed, "order", v))
        case Kind.WINS:
            return int(args.index(max(args, key=lambda v: draw(seed, "order", v))) == data)
    return args[0]


def _function_residue(function: Function, argument: int, seed: int) -> int:
    number = draw(seed, function.name, function.order, argument)
    if function.name == "step":
        return number & 1
    if function.name == "relu":
        return argument * (draw(seed, "step", 0, argument) & 1)
    return number % PRIME


# -- exactly ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Witness:
    """A point at which two entries differ, with both values."""

    point: dict[str, int | Fraction]
    left: object
    right: object

    def __str__(self) -> str:
        at = ", ".join(f"{name} = {value}" for name, value in self.point.items())
        return f"at {at or 'every point'}: {self.left} and {self.right}"


def witness(left: Node, right: Node) -> Witness | None:
    """A point at which the two certainly differ, if one of a few random ones is such."""
    nodes = below([left, right])
    variables: list[Variable] = [n.data for n in nodes if n.kind is Kind.VARIABLE]  # type: ignore[misc]
    functions: list[Function] = [n.data for n in nodes if n.kind is Kind.APPLY]  # type: ignore[misc]
    for attempt in range(TRIES):
        point = {v: _number(v, attempt, functions) for v in variables}
        try:
            values = _exact(nodes, point, attempt)
            if differ(values[left], values[right]):
                return Witness({entry_name(v): q for v, q in point.items()}, values[left], values[right])
        except EvaluationError:
            continue
    return None


def entry_name(variable: Variable) -> str:
    """X[0, 1]."""
    name, index = variable
    return f"{name}[{', '.join(map(str, index))}]" if index else name


def _number(variable: Variable, attempt: int, functions: Iterable[Function]) -> int | Fraction:
    """Small whole numbers at first; moderate fractions under a transcendental function, positive under a log."""
    number = draw(attempt, variable)
    names = {f.name for f in functions}
    if names <= {"relu", "step"}:
        return number % (10 ** (attempt + 1)) + 1 if attempt % 2 == 0 else number % 199 - 99
    size = Fraction(number % 64 + 1, 32)
    return size if names & POSITIVE or number >> 20 & 1 else -size


def _exact(nodes: Iterable[Node], point: dict[Variable, int | Fraction], seed: int) -> dict[Node, Any]:
    known: dict[Node, Any] = {}
    for node in nodes:
        known[node] = _value(node, [known[a] for a in node.args], point, seed)
    return known


def _value(node: Node, args: list[Any], point: dict[Variable, int | Fraction], seed: int) -> Any:
    data: Any = node.data
    match node.kind:
        case Kind.PRODUCT:
            result: Any = 1
            for a in args:
                result = result * a
            return result
        case Kind.SUM:
            return sum(args)
        case Kind.VARIABLE:
            return point[data]
        case Kind.NUMBER:
            return data
        case Kind.RECIPROCAL:
            return reciprocal(args[0])
        case Kind.APPLY:
            return _applied(data, args[0], seed)
        case Kind.MAXIMUM:
            return args[first_greatest(args)]
        case Kind.WINS:
            return int(first_greatest(args) == data)
    return args[0]


def _applied(function: Function, argument: Any, seed: int) -> Any:
    if function.name in VALUES:
        return elementwise(function.name, function.order)(argument)
    coefficients = tuple(draw(seed, function.name, n) % 9 + 1 for n in range(5))
    for _ in range(function.order):
        coefficients = differentiated(coefficients)
    return polynomial(coefficients, argument)


__all__ = ["Witness", "draw", "entry_name", "suspects", "witness"]
