"""The smaller steps inside a step: one rule of differentiation at a time, one index after the other.

What is written here is proved line by line like the steps themselves; a page folds it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from symconv.calculus.derivation import Step
from symconv.calculus.functions import slope
from symconv.calculus.rewriting import deltas, depends, drop_known, pick_all, rename_ranges, split_log
from symconv.ops.pool import argmax_of
from symconv.term.substitution import entry_formula, rebuild, substitute
from symconv.term.tensor import Defined
from symconv.term.value import (
    Apply,
    Derivative,
    Entry,
    Function,
    Maximum,
    Plus,
    Range,
    Reciprocal,
    Sum,
    Times,
    Value,
    ValueLike,
    add,
    as_value,
    multiply,
    total,
    walk,
)

MOST = 8  # lines inside one step
Rule = Callable[[Derivative], Value | None]


def smaller(before: Value, step: Step, free: Sequence[Range]) -> list[Step]:
    """The lines between the line before and that of the step; none where it does one thing alone.

    free: the indices of the gradient.
    """
    match step.rule:
        case "derivative inside the sums":
            found = _differentiated(before)
        case "delta":
            found = _with_brackets(before)
        case "pick":
            found = _picked(before, step, free)
        case _:
            return []
    lines = [line for line in found if line.value not in (before, step.value)]
    return lines[:MOST]


# -- one rule of differentiation at a time ---------------------------------------------------


def _differentiated(value: Value) -> Iterator[Step]:
    for _ in range(MOST):
        start = value
        for name, rule in RULES.items():
            made = _everywhere(value, rule)
            if made != value:
                yield Step(name, _words(name, value), made)
                value = made
        if value == start:
            return


def _everywhere(value: Value, rule: Rule) -> Value:
    """A rule applied to all derivatives at once, and again inside what it gives, where it is about sums."""
    match value:
        case Derivative() if (made := rule(value)) is not None:
            return _everywhere(made, rule) if rule is _linear else made
        case Plus(terms):
            return add(*(_everywhere(t, rule) for t in terms))
        case Times(factors):
            return multiply(*(_everywhere(f, rule) for f in factors))
        case Sum(ranges, body):
            return total(ranges, _everywhere(body, rule))
    return value


def _defined(value: Derivative) -> Value | None:
    """The formula of an entry for the entry; one that may lie outside its tensor stays."""
    entry, by = value.value, value.by
    if not isinstance(entry, Entry) or not isinstance(entry.tensor, Defined) or entry.tensor == by.tensor:
        return None
    inside = all(
        isinstance(p.as_atom, str) or not a.bounded for p, a in zip(entry.index, entry.tensor.axes, strict=True)
    )
    taken = {n for p in by.index for n in p.names()}
    return Derivative(_apart(entry_formula(entry.tensor, entry.index), taken), by) if inside else None


def _apart(value: Value, taken: set[str]) -> Value:
    """Sums over other letters than those of the entry that one differentiates by."""
    if isinstance(value, Sum):
        value = rename_ranges(value, taken)
    return rebuild(value, lambda v: _apart(v, taken), lambda p: p)


def _linear(value: Derivative) -> Value | None:
    """Into sums, and past factors that do not depend on what is differentiated by."""
    inner, by = value.value, value.by
    if not depends(inner, by.tensor):
        return as_value(0)
    match inner:
        case Plus(terms):
            return add(*(Derivative(t, by) if depends(t, by.tensor) else 0 for t in terms))
        case Sum(ranges, body):
            return total(ranges, Derivative(body, by))
        case Times(factors) if sum(depends(f, by.tensor) for f in factors) == 1:
            (held,) = (f for f in factors if depends(f, by.tensor))
            return multiply(*(f for f in factors if f is not held), Derivative(held, by))
    return None


def _of_product(value: Derivative) -> Value | None:
    inner, by = value.value, value.by
    if not isinstance(inner, Times):
        return None
    terms: list[ValueLike] = []
    for n, factor in enumerate(inner.factors):
        if depends(factor, by.tensor):
            terms.append(multiply(*inner.factors[:n], *inner.factors[n + 1 :], Derivative(factor, by)))
    return add(*terms)


def _of_logarithm(value: Derivative) -> Value | None:
    inner = value.value
    parts = split_log(inner.argument) if isinstance(inner, Apply) and inner.function == Function("log") else None
    return None if parts is None else Derivative(parts, value.by)


def _of_function(value: Derivative) -> Value | None:
    match value.value:
        case Apply(function, argument):
            return multiply(slope(function, argument), Derivative(argument, value.by))
        case Reciprocal(argument) as inner:
            return multiply(-1, inner, inner, Derivative(argument, value.by))
    return None


def _of_maximum(value: Derivative) -> Value | None:
    inner = value.value
    if not isinstance(inner, Maximum):
        return None
    winners = dict(zip((r.name for r in inner.ranges), argmax_of(inner), strict=True))
    return Derivative(substitute(inner.body, winners), value.by)


RULES: dict[str, Rule] = {
    "definition": _defined,
    "linear": _linear,
    "logarithm": _of_logarithm,
    "product": _of_product,
    "maximum": _of_maximum,
    "function": _of_function,
}
WORDS = {
    "linear": "The derivative of a sum is the sum of the derivatives; what does not depend on ${}$ stands before it.",
    "logarithm": "The logarithm of a product is the sum of the logarithms, and it undoes the exponential function.",
    "product": "The product rule: each factor in turn is differentiated, the others stay.",
    "maximum": "The maximum of a window is the entry that attains it.",
    "function": "The derivative of a function at its argument, times that of the argument.",
}


def _words(name: str, value: Value) -> str:
    derivatives = [v for v in walk(value) if isinstance(v, Derivative)]
    if name == "definition":
        entries = (d.value.tensor for d in derivatives if isinstance(d.value, Entry) and d.value.tensor != d.by.tensor)
        names = list(dict.fromkeys(f"${t.name}$" for t in entries if isinstance(t, Defined) and "(" not in t.name))
        return f"Put in the definition of {' and '.join(names)}." if names else "Put in the definition."
    return WORDS[name].format(derivatives[0].by.tensor.name)


# -- brackets, and one index after the other -------------------------------------------------


def _with_brackets(before: Value) -> Iterator[Step]:
    """The brackets stand where the derivatives stood, before the sums move to the front."""
    yield Step(
        "brackets", "A bracket stands where the derivative stood; then all sums move to the front.", deltas(before)
    )


def _picked(before: Value, step: Step, free: Sequence[Range]) -> Iterator[Step]:
    if len(step.picked) < 2:
        return
    value = before
    bound = {r.name for v in walk(before) if isinstance(v, Sum) for r in v.ranges}
    for name, _ in step.picked:
        value, picked = pick_all(value, tuple(bound - {name}))
        value = drop_known(value, free)
        yield Step("pick one", "One index has its value.", value, tuple(picked))


def in_smaller_steps(steps: Sequence[Step], free: Sequence[Range]) -> list[tuple[Step, list[Step]]]:
    """Each step with the lines inside it."""
    return [(step, smaller(steps[n - 1].value, step, free) if n else []) for n, step in enumerate(steps)]


__all__ = ["in_smaller_steps", "smaller"]
