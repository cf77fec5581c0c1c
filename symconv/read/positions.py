"""Expressions as index polynomials: positions, limits and extents."""

from __future__ import annotations

from symconv.notation.source import Source, nearest
from symconv.read.expression import (
    Add,
    Binding,
    Comparison,
    Divide,
    Expr,
    Floor,
    Modulo,
    Mul,
    Negate,
    Num,
    Power,
    Ref,
    Signed,
    Winner,
    inside,
    placed,
)
from symconv.read.world import World
from symconv.term.polynomial import Poly
from symconv.term.value import Condition


class Positions:
    """Reads positions where the names of `indices` are in scope."""

    divides: frozenset[tuple[Poly, Poly]] = frozenset()  # numbers that conditions around let be divided, and by what

    def __init__(self, world: World, source: Source, indices: frozenset[str] = frozenset()) -> None:
        self.world = world
        self.source = source
        self.indices = indices

    def poly(self, expr: Expr) -> Poly:
        match expr:
            case Num(value=value):
                if value.denominator != 1:
                    raise self.source.fault(
                        expr.at, f"the fraction {value} as a position", "a whole number", "use a floor"
                    )
                return Poly.of(value.numerator)
            case Ref(name=name) if name in self.world.kinds.winners and name not in self.indices:
                return self.winner(placed(self.world.kinds.winners[name], expr.at))
            case Ref(name=name):
                return self.name(name, expr.at)
            case Winner():
                return self.winner(expr)
            case Add(terms=terms):
                return sum((self.poly(t) for t in terms), Poly.of(0))
            case Negate(body=body):
                return -self.poly(body)
            case Mul(factors=factors):
                product = Poly.of(1)
                for factor in factors:
                    product = product * self.poly(factor)
                return product
            case Signed(sign="*", left=left, right=right):
                return self.poly(left) * self.poly(right)
            case Power(base=base, exponent=exponent):
                return self.poly(base) ** exponent
            case Floor(body=body, ceiling=ceiling):
                return self._floor(body, ceiling)
            case Modulo(left=left, right=right):
                return self.poly(left) % self._divisor(right)
            case Divide(top=top, bottom=bottom):
                exact = self._whole_quotient(self.poly(top), self.poly(bottom))
                if exact is None:
                    raise self.source.fault(
                        expr.at, "a quotient as a position", "a whole number", "write \\lfloor ... \\rfloor"
                    )
                return exact
        raise self.source.fault(
            expr.at,
            f"{type(expr).__name__.lower()} as a position",
            "a number made of indices and sizes",
            "simplify the index",
        )

    def _whole_quotient(self, top: Poly, bottom: Poly) -> Poly | None:
        """The quotient where it is a whole number: always, or by a condition around it."""
        exact = top.divided_by(bottom)
        if exact is not None:
            return exact
        known = (t for t, b in self.divides if b == bottom)
        return (
            top // bottom if any((top - t).divided_by(b := bottom) or (top + t).divided_by(b) for t in known) else None
        )

    def is_position(self, expr: Expr) -> bool:
        """Whether an expression is made of whole numbers, sizes and indices alone."""
        match expr:
            case Num(value=value):
                return value.denominator == 1
            case Ref(name=name):
                world = self.world
                known = name in world.sizes or name in world.facts.quantities or name in world.kinds.winners
                return name in self.indices or known
            case Add() | Mul() | Negate() | Power():
                return all(map(self.is_position, inside(expr)))
            case Floor() | Modulo() | Winner():
                return True
        return False

    def winner(self, expr: Winner) -> Poly:
        """A coordinate of an arg max; it is made of values, which a limit is not."""
        raise self.source.fault(expr.at, "an arg max in a limit or an extent", "sizes and indices", "name the place")

    def _floor(self, body: Expr, ceiling: bool) -> Poly:
        rest = Poly.of(0)
        terms = body.terms if isinstance(body, Add) else (body,)
        quotient: tuple[Poly, Poly] | None = None
        for term in terms:
            sign, inner = (-1, term.body) if isinstance(term, Negate) else (1, term)
            if not isinstance(inner, Divide):
                rest = rest + self.poly(term)
            elif quotient is None:
                quotient = self.poly(inner.top) * sign, self._divisor(inner.bottom)
            else:
                raise self.source.fault(term.at, "two quotients in one floor", "one", "write one fraction")
        if quotient is None:
            return rest
        top, bottom = quotient
        return rest + (-((-top) // bottom) if ceiling else top // bottom)

    def _divisor(self, expr: Expr) -> Poly:
        poly = self.poly(expr)
        number = poly.as_int
        if number is not None and number < 1:
            raise self.source.ill_formed(
                expr.at, f"a division by {number}", "a divisor of at least 1", "change the divisor"
            )
        return poly

    def name(self, name: str, at: int) -> Poly:
        """An index in scope, a size, or a quantity such as the rows of F."""
        if name in self.indices:
            return Poly.of(name)
        if name in self.world.sizes:
            return self.world.sizes[name]
        if name in self.world.facts.quantities:
            return self.world.quantity(name, self.source, at)
        if self.world.kinds.kind(name) in ("tensor", "loss", "function") and name not in self.world.index_names:
            raise self.source.fault(
                at, f"{name}, a {self.world.kinds.kind(name)}, as a position", "an index or a size", "rename the index"
            )
        near = nearest(name, sorted(self.indices | set(self.world.sizes)))
        bound = ", ".join(sorted(self.indices)) or "none"
        raise self.source.ill_formed(
            at,
            f"the index {name}, which nothing binds",
            f"an index of the left side or of a sum around it ({bound}), or a size",
            f"did you mean {near}?"
            if near and len(name) > 1
            else f"bind {name} by a sum, replace it, or declare size {name}",
        )

    def ends(self, binding: Binding) -> tuple[Poly, Poly]:
        r"""The ends of a range; `m = k-1, \dots, 0` is the range from 0 to k-1."""
        assert binding.low is not None
        assert binding.high is not None
        first, last, at = self.poly(binding.low), self.poly(binding.high), binding.at
        if binding.second is not None:
            step = (self.poly(binding.second) - first).as_int
            if step not in (1, -1):
                raise self.source.fault(at, "a range in other steps than 1", "i = 0, 1, \\dots, n-1", "state its ends")
            return (first, last) if step == 1 else (last, first)
        plain = not binding.listed or (first.as_int is not None and last.as_int is None)
        if plain or (last - first).grows_from(-1):
            return first, last
        if (first - last).grows_from(0) or last.as_int is not None:
            return last, first
        raise self.source.fault(
            at,
            f"a range from {first} to {last}, which may rise or fall",
            "its least end first",
            "write it with \\le: a \\le i \\le b",
        )

    def rising(self, low: Expr, high: Expr, at: int) -> tuple[Poly, Poly]:
        """The limits of a sum; one that plainly begins above its end is empty to some and falls to others."""
        first, last = self.poly(low), self.poly(high)
        falls = not (first - last).as_int and (first - last).grows_from(0) and first != last
        ends = last.as_int is not None and not first.names() and _counts_up(first)
        if (falls or ends) and not self.world.literal:
            raise self.source.fault(
                at, f"a sum from {first} to {last}", "the lower limit below, the upper one above", "exchange the limits"
            )
        return first, last

    def condition(self, comparison: Comparison) -> Condition:
        """A comparison of positions."""
        left, right = self.poly(comparison.left), self.poly(comparison.right)
        match comparison.relation:
            case "=":
                return Condition("eq", left - right)
            case "\\neq":
                return Condition("ne", left - right)
            case "\\le":
                return Condition("ge", right - left)
            case "\\ge":
                return Condition("ge", left - right)
            case "<":
                return Condition("ge", right - left - 1)
        return Condition("ge", left - right - 1)


def _counts_up(poly: Poly) -> bool:
    """Whether some size makes a limit greater."""
    return any(c > 0 for monomial, c in poly if monomial)
