"""Index polynomials compiled into closures, and the scopes that give every index its slot.

A program takes a frame, the list of the index values; every binder has a slot
of its own in it.  Sizes are numbers already when a program is made, so that
`s*i + u - p` becomes two products and a sum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Self

from symconv.errors import ScopeError, SizeError
from symconv.proof.evaluation.numbers import DivisionByZero, EvaluationError, Key
from symconv.term.polynomial import Application, Atom, Poly, Quotient, Remainder, Size
from symconv.term.tensor import Tensor
from symconv.term.value import Argmax, Condition, Range

if TYPE_CHECKING:
    from symconv.proof.evaluate import World

Frame = list[int]
Code = Callable[[Frame], Any]
Context = tuple[tuple[int, Tensor], ...]  # (level, tensor by which one differentiates), outermost first


@dataclass(frozen=True, slots=True)
class Loop:
    """One range of a sum or a maximum: the slot of its index and the positions it takes."""

    slot: int
    positions: Callable[[Frame], range]


@dataclass(frozen=True, slots=True)
class Scope:
    """The world, what is differentiated, and the slots of the indices that can be seen."""

    world: World
    context: Context
    slots: Mapping[str, int]
    size: list[int]  # of the frame; one list for all scopes of a program

    # -- scopes -----------------------------------------------------------------

    def _slot(self) -> int:
        self.size[0] += 1
        return self.size[0] - 1

    def ranges(self, ranges: tuple[Range, ...]) -> tuple[Self, list[Loop], dict[str, tuple[int, int]]]:
        """The scope inside, the loops, and for ranges without an end the slots in which their limits will stand."""
        scope, loops, open_ends = self, [], {}
        for r in ranges:
            low, high = r.low, r.high
            if low is None or high is None:
                names = f"{r.name} from", f"{r.name} to"
                open_ends[r.name] = self._slot(), self._slot()
                scope = replace(scope, slots={**scope.slots, **dict(zip(names, open_ends[r.name], strict=True))})
                low = Poly.of(names[0]) if low is None else low
                high = Poly.of(names[1]) if high is None else high
            slot = self._slot()
            loops.append(Loop(slot, scope._positions(low, high)))
            scope = replace(scope, slots={**scope.slots, r.name: slot})
        return scope, loops, open_ends

    def _positions(self, low: Poly, high: Poly) -> Callable[[Frame], range]:
        first, last = self.fixed(low), self.fixed(high)
        if first is not None and last is not None:
            always = range(first, last + 1)
            return lambda frame: always
        start, stop = self.position(low), self.position(high + 1)
        return lambda frame: range(start(frame), stop(frame))

    # -- index polynomials --------------------------------------------------------

    def position(self, poly: Poly) -> Callable[[Frame], int]:
        constant, linear, products = self._parts(poly)
        if products:
            terms = [(c, (itemgetter(s),)) for s, c in linear.items()] + products
            return lambda frame: constant + sum(_monomial(c, codes, frame) for c, codes in terms)
        return _affine(constant, list(linear.items()))

    def fixed(self, poly: Poly) -> int | None:
        """The value, if no index occurs."""
        constant, linear, products = self._parts(poly)
        return None if linear or products else constant

    def _parts(self, poly: Poly) -> tuple[int, dict[int, int], list[tuple[int, tuple[Code, ...]]]]:
        """constant + the sum of linear[slot] * index + products with compounds or several indices."""
        constant, linear, products = 0, dict[int, int](), []
        for monomial, c in poly:
            codes: list[Code] = []
            slots: list[int] = []
            for atom in monomial:
                factor = self._atom(atom)
                if isinstance(factor, int):
                    c *= factor
                else:
                    codes.append(factor)
                    slots += [self.slots[atom]] if isinstance(atom, str) else []
            if not codes:
                constant += c
            elif len(codes) == len(slots) == 1:
                linear[slots[0]] = linear.get(slots[0], 0) + c
            elif c:
                products.append((c, tuple(codes)))
        return constant, {s: c for s, c in linear.items() if c}, products

    def _atom(self, atom: Atom) -> int | Code:
        match atom:
            case str():
                return itemgetter(self._slot_of(atom))
            case Size():
                return self._size(atom)
            case Quotient():
                return self._quotient(atom)
            case Application():
                return self._application(atom)

    def _slot_of(self, name: str) -> int:
        if name not in self.slots:
            raise ScopeError(
                f"index {name}",
                f"bound here: {', '.join(self.slots) or 'nothing'}",
                "an index that a sum, a maximum or the tensor binds",
                "bind the index, or make it a size",
            )
        return self.slots[name]

    def _size(self, size: Size) -> int:
        if size.name not in self.world.sizes:
            raise SizeError(
                f"size {size.name}",
                f"numbers for {', '.join(self.world.sizes) or 'no size'}",
                "a number for every size",
                f"give {size.name} a number",
            )
        return self.world.sizes[size.name]

    def _quotient(self, atom: Quotient) -> int | Code:
        part: Callable[[int, int], int] = int.__mod__ if isinstance(atom, Remainder) else int.__floordiv__
        numerator, denominator = self.position(atom.numerator), self.position(atom.denominator)

        def run(frame: Frame) -> int:
            divisor = denominator(frame)
            if divisor == 0:
                raise DivisionByZero(
                    f"{atom}", "a division by 0", "a divisor of at least 1", "give the divisor a least value"
                )
            return part(numerator(frame), divisor)

        fixed = self.fixed(atom.numerator) is not None and self.fixed(atom.denominator) is not None
        return run([]) if fixed else run

    def _application(self, atom: Application) -> Code:
        function = atom.function
        if not isinstance(function, Argmax):
            raise EvaluationError(f"{atom}", "an index function without a formula", "an argmax", "define the function")
        winners, key, axis = self.world.winners(function), self.key(atom.arguments), function.axis
        return lambda frame: winners[key(frame)][axis]

    def key(self, index: tuple[Poly, ...]) -> Callable[[Frame], Key]:
        codes = [self.position(p) for p in index]
        return lambda frame: tuple([code(frame) for code in codes])

    def condition(self, condition: Condition) -> Callable[[Frame], bool]:
        position = self.position(condition.poly)
        match condition.kind:
            case "ge":
                return lambda frame: position(frame) >= 0
            case "eq":
                return lambda frame: position(frame) == 0
            case "ne":
                return lambda frame: position(frame) != 0


def _monomial(coefficient: int, codes: tuple[Code, ...], frame: Frame) -> int:
    for code in codes:
        coefficient *= code(frame)
    return coefficient


def _affine(constant: int, linear: list[tuple[int, int]]) -> Callable[[Frame], int]:
    """Closures for the usual shapes; a position is calculated far more often than anything else."""
    match linear:
        case []:
            return lambda frame: constant
        case [(s, 1)] if constant == 0:
            return itemgetter(s)
        case [(s, a)]:
            return lambda frame: a * frame[s] + constant
        case [(s, 1), (t, 1)]:
            return lambda frame: frame[s] + frame[t] + constant
        case [(s, a), (t, b)]:
            return lambda frame: a * frame[s] + b * frame[t] + constant
    return lambda frame: constant + sum([c * frame[s] for s, c in linear])


def points(loops: list[Loop], frame: Frame) -> Iterator[None]:
    """The places of a window in row-major order, one after the other set in the frame."""
    if not loops:
        yield
        return
    for position in loops[0].positions(frame):
        frame[loops[0].slot] = position
        yield from points(loops[1:], frame)


__all__ = ["Code", "Context", "Frame", "Loop", "Scope", "points"]
