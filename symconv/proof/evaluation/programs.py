"""Values compiled into closures: the inner loop of the evaluator.

One closure a node, made once for a tree.  What is differentiated is known when
compiling: the context lists it, outermost first, and a derivative is a program
of its own in a longer context.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

from symconv.proof.evaluation.elementwise import VALUES, differentiated, elementwise, polynomial
from symconv.proof.evaluation.numbers import (
    EvaluationError,
    Key,
    first_greatest,
    gradient_at,
    greatest,
    reciprocal,
    total,
)
from symconv.proof.evaluation.positions import Code, Context, Frame, Loop, Scope, points
from symconv.proof.evaluation.support import bounding_box
from symconv.term.polynomial import Poly
from symconv.term.tensor import Tensor
from symconv.term.value import (
    Apply,
    Argmax,
    Bracket,
    Derivative,
    Entry,
    Function,
    Maximum,
    Plus,
    Position,
    Range,
    Reciprocal,
    Sum,
    Times,
    Value,
    free_indices,
)
from symconv.term.value import Number as Constant

if TYPE_CHECKING:
    from symconv.proof.evaluate import World


class EmptyWindow(EvaluationError):
    """The maximum of nothing."""


@dataclass(frozen=True, slots=True)
class Compiler(Scope):
    """Makes closures of values, in a scope."""

    @classmethod
    def start(cls, world: World, names: tuple[str, ...], context: Context = ()) -> Compiler:
        """The outermost scope: the named indices lie at the front of the frame."""
        return cls(world, context, {n: k for k, n in enumerate(names)}, [len(names)])

    # -- whole programs: from the arguments alone to a number -----------------------

    def program(self, value: Value) -> Code:
        return self._framed(self.value(value))

    def position_program(self, poly: Poly) -> Callable[[Frame], int]:
        return self._framed(self.position(poly))

    def winner_program(self, argmax: Argmax) -> Callable[[Frame], Key]:
        """All coordinates of the first maximum of a window."""
        inner, loops, _ = self.ranges(argmax.ranges)
        body, slots = inner.value(argmax.body), [loop.slot for loop in loops]

        def run(frame: Frame) -> Key:
            window = [(tuple([frame[s] for s in slots]), body(frame)) for _ in points(loops, frame)]
            return window[first_greatest([number for _, number in _filled(window)])][0]

        return self._framed(run)

    def _framed(self, code: Code) -> Code:
        spare = [0] * (self.size[0] - len(self.slots))
        return (lambda arguments: code(arguments + spare)) if spare else code

    # -- values -----------------------------------------------------------------

    def value(self, value: Value) -> Code:
        match value:
            case Constant(number):
                exact = _lean(number)
                return lambda frame: exact
            case Position(poly):
                return self.position(poly)
            case Entry(tensor, index):
                return self._entry(tensor, index)
            case Plus(terms):
                return self._plus(terms)
            case Times(factors):
                return self._times(factors)
            case Bracket():
                return self._times((value,))
            case Sum():
                return self._sum(value)
            case Maximum(ranges, body):
                return self._maximum(ranges, body)
            case Apply(function, argument):
                return self._apply(function, argument)
            case Reciprocal(argument):
                inner = self.value(argument)
                return lambda frame: reciprocal(inner(frame))
            case Derivative(inner_value, by):
                return self._derivative(inner_value, by)
        raise TypeError(f"no evaluation of {type(value).__name__}")

    def _entry(self, tensor: Tensor, index: tuple[Poly, ...]) -> Code:
        table = self.world.table(tensor, self.context)
        codes = [self.position(p) for p in index]
        match codes:
            case [a]:
                return lambda frame: table[(a(frame),)]
            case [a, b]:
                return lambda frame: table[a(frame), b(frame)]
            case [a, b, c]:
                return lambda frame: table[a(frame), b(frame), c(frame)]
        return lambda frame: table[tuple([code(frame) for code in codes])]

    def _plus(self, terms: tuple[Value, ...]) -> Code:
        codes = [self.value(t) for t in terms]
        return lambda frame: total([code(frame) for code in codes])

    def _times(self, factors: tuple[Value, ...]) -> Code:
        """Brackets first: where one is zero, the rest need not even exist."""
        conditions = [self.condition(c) for f in factors if isinstance(f, Bracket) for c in f.conditions]
        product = _product([self.value(f) for f in factors if not isinstance(f, Bracket)])
        if not conditions:
            return product

        def run(frame: Frame) -> Any:
            for holds in conditions:
                if not holds(frame):
                    return 0
            return product(frame)

        return run

    def _sum(self, node: Sum) -> Code:
        scope, loops, open_ends = self.ranges(node.ranges)
        code = scope.value(node.body)
        for loop in reversed(loops):
            code = _total_of(loop, code) if self.context else _sum_of(loop, code)
        if not open_ends:
            return code
        outside, evaluate = dict(self.slots), self.world.poly

        def run(frame: Frame) -> Any:
            at = {name: frame[slot] for name, slot in outside.items()}
            for name, limits in bounding_box(node, at, evaluate).items():
                for slot, limit in zip(open_ends[name], limits, strict=True):
                    frame[slot] = limit
            return code(frame)

        return run

    def _maximum(self, ranges: tuple[Range, ...], body: Value) -> Code:
        scope, loops, _ = self.ranges(ranges)
        code = scope.value(body)
        return lambda frame: greatest(_filled([code(frame) for _ in points(loops, frame)]))

    def _apply(self, function: Function, argument: Value) -> Code:
        inner = self.value(argument)
        if function.name in VALUES:
            self.world.uses(function.name)
            outer = elementwise(function.name, function.order)
        else:
            coefficients = self.world.coefficients(function.name)
            for _ in range(function.order):
                coefficients = differentiated(coefficients)
            outer = partial(polynomial, coefficients)
        return lambda frame: outer(inner(frame))

    def _derivative(self, value: Value, by: Entry) -> Code:
        """The value with its whole gradient once, for each place of its own indices; then one component."""
        level = self.context[-1][0] + 1 if self.context else 1
        inner = replace(self, context=(*self.context, (level, by.tensor))).value(value)
        own = [self.slots[n] for n in sorted(free_indices(value))]
        component = self.key(by.index)
        known: dict[Key, Mapping[Key, Any]] = {}

        def run(frame: Frame) -> Any:
            place = tuple([frame[s] for s in own])
            if place not in known:
                known[place] = gradient_at(inner(frame), level)
            return known[place].get(component(frame), 0)

        return run


def _lean(number: Fraction) -> int | Fraction:
    return number.numerator if number.denominator == 1 else number


def _product(codes: list[Code]) -> Code:
    match codes:
        case []:
            return lambda frame: 1
        case [a]:
            return a
        case [a, b]:
            return lambda frame: a(frame) * b(frame)

    def run(frame: Frame) -> Any:
        result = 1
        for code in codes:
            result = result * code(frame)
        return result

    return run


def _sum_of(loop: Loop, body: Code) -> Code:
    slot, positions = loop.slot, loop.positions

    def run(frame: Frame) -> Any:
        result = 0
        for position in positions(frame):
            frame[slot] = position
            result = result + body(frame)
        return result

    return run


def _total_of(loop: Loop, body: Code) -> Code:
    """The same for duals, whose gradients are gathered at once."""
    return lambda frame: total([body(frame) for _ in points([loop], frame)])


def _filled(window: list[Any]) -> list[Any]:
    if not window:
        raise EmptyWindow("a maximum", "an empty window", "a window with at least one entry", "give it extent >= 1")
    return window


__all__ = ["Compiler", "EmptyWindow"]
