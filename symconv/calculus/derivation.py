"""The derivation of a gradient as a list of steps, in the order in which one would write them.

Every step is an equal form of the same entry of the gradient; the last ones
lead to a closed form where one is known.  Nothing is claimed here: whoever
shows the steps proves each of them.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from symconv.calculus.rewriting import deltas, derive_inside, drop_known, flat, pick_all, stuffed
from symconv.calculus.windows import one_window
from symconv.term.polynomial import Poly
from symconv.term.substitution import entry_formula, substitute
from symconv.term.tensor import Defined, Tensor, ranges_of, tensors_in
from symconv.term.value import Entry, Maximum, Plus, Sum, Times, Value, add, multiply, total, walk


@dataclass(frozen=True, slots=True)
class Step:
    """One line: the rule's name, the reason in words, and what the gradient's entry equals now.

    picked: the indices of the line before to which the brackets gave a value.
    """

    rule: str
    reason: str
    value: Value
    picked: tuple[tuple[str, Poly], ...] = ()


@dataclass(frozen=True, slots=True)
class Pieces:
    """The parts of a closed form, under the names that the page gives them.

    spread: the stuffed upstream gradient (or it itself); padded: what is
    correlated; form: the closed form built of these.
    """

    form: Defined
    spread: Defined | None = None
    named: tuple[Defined, ...] = ()


CLOSED = "This is the formula of a named operation."
CLOSING = {
    "expand": "Every entry of the upstream gradient is spread over its window, each pixel getting the same share.",
    "unpool_max": "Every entry of the upstream gradient is put where its window had its maximum; the rest is 0.",
}


def derive(gradient: Defined, pieces: Pieces | None = None) -> list[Step]:
    """The steps from the chain rule to the closed form."""
    f, x = gradient.call.operands[:2] if gradient.call is not None else (gradient, gradient)
    free = ranges_of(gradient, gradient.parameters)
    steps = [Step("chain rule", _chain_reason(f, x), gradient.body)]
    inside = derive_inside(gradient.body)
    steps.append(Step("derivative inside the sums", _inside_reason(x, f), inside))
    picked_from = drop_known(flat(deltas(inside)), free)
    steps.append(Step("delta", _delta_reason(x), picked_from))
    stride = pieces is not None and pieces.spread is not None
    kept = _taps(picked_from, x, f) if stride or _is_input(gradient) else ()
    value, picked = pick_all(picked_from, kept)
    if not picked and not stride:  # windows of a pooling: the brackets give a place in the window
        value, picked = pick_all(picked_from)
    value = drop_known(value, free)
    if picked:
        reason = "Of all summands the brackets leave one; entries outside their range count as zero."
        steps.append(Step("pick", reason, value, tuple(dict(picked).items())))
    alone, windows = one_window(value)
    if windows:
        value = drop_known(alone, free)
        steps.append(Step("one window", _window_reason(windows), value, tuple(dict(windows).items())))
    if stride and pieces is not None and pieces.spread is not None:
        g = gradient.call.operands[2] if gradient.call is not None else gradient
        spread = stuffed(value, g, pieces.spread)
        if spread != value:
            reason = "The windows start s apart: write the upstream gradient with zeros between its entries, "
            steps.append(Step("zero-stuffing", reason + "so that one entry answers for each position.", spread))
    if pieces is not None:
        closing = _closing(gradient, pieces)
        known = pieces.spread is None or any(s.rule == "zero-stuffing" for s in steps)
        steps += closing if known else closing[1:]  # nothing is shown before it has its name
    return _without_repeats(steps)


def _closing(gradient: Defined, pieces: Pieces) -> list[Step]:
    """From the closed form backwards: its body unfolded, its body, and its name."""
    index = tuple(map(Poly.of, gradient.parameters))
    operation = pieces.form.call.operation if pieces.form.call is not None else ""
    last = Step("closed form", CLOSING.get(operation, CLOSED), Entry(pieces.form, index))
    if operation in CLOSING:  # its formula is a sum over all windows, of which one is left by now
        return [last]
    body = entry_formula(pieces.form, index)
    opened = unfolded(body, {pieces.spread})
    return [
        Step("change of variable", _change_reason(opened, body), opened),
        Step(
            "names",
            "Name what is padded: zeros stand where the sum reads outside, so many before and after on each axis.",
            body,
        ),
        last,
    ]


def _change_reason(opened: Value, body: Value) -> str:
    calls = (v.tensor.call for v in _entries(body) if isinstance(v.tensor, Defined))
    turned = any(call is not None and call.operation == "rot180" for call in calls)
    if turned:
        return (
            "Count the taps backwards, from the last to the first: the index of the kernel then runs backwards "
            "and that of the gradient forwards. The kernel is rotated by 180 degrees."
        )
    return "Write the sum over the indices of the window that now slides."


def unfolded(value: Value, stop: AbstractSet[Tensor | None] = frozenset()) -> Value:
    """Entries of operations that only move entries, written as entries of what they move."""
    match value:
        case Plus(terms):
            return add(*(unfolded(t, stop) for t in terms))
        case Times(factors):
            return multiply(*(unfolded(f, stop) for f in factors))
        case Sum(ranges, body):
            return total(ranges, unfolded(body, stop))
        case Entry(Defined() as tensor, index) if tensor not in stop:
            formula = entry_formula(tensor, index)
            return unfolded(formula, stop) if isinstance(formula, Entry) else value
    return value


def _without_repeats(steps: list[Step]) -> list[Step]:
    kept: list[Step] = []
    for step in steps:
        if not kept or not _alike(step.value, kept[-1].value):
            kept.append(step)
    return kept


def _alike(left: Value, right: Value) -> bool:
    """Equal but for the names of bound indices and the order of factors."""
    if isinstance(left, Sum) and isinstance(right, Sum) and len(left.ranges) == len(right.ranges):
        names = {r.name: Poly.of(s.name) for r, s in zip(left.ranges, right.ranges, strict=True)}
        same = all((r.low, r.high) == (s.low, s.high) for r, s in zip(left.ranges, right.ranges, strict=True))
        return same and _alike(substitute(left.body, names), right.body)
    if isinstance(left, Times) and isinstance(right, Times):
        return len(left.factors) == len(right.factors) and set(left.factors) == set(right.factors)
    return left == right


def _is_input(gradient: Defined) -> bool:
    """The gradient by something read at shifted places, an image; a kernel is read at the tap itself."""
    if gradient.call is None or len(gradient.call.operands) < 2:
        return False
    f, x = gradient.call.operands[:2]
    if not isinstance(f, Defined):
        return False
    entries = [v for v in _entries(f.body) if v.tensor == x]
    return any(p.as_atom is None for v in entries for p in v.index)


def _entries(value: Value) -> list[Entry]:
    return [v for v in walk(value) if isinstance(v, Entry)]


def _taps(value: Value, x: Tensor, f: Tensor) -> tuple[str, ...]:
    """The indices of the window, which stay bound in an input gradient."""
    if not isinstance(f, Defined) or not isinstance(value, Sum):
        return ()
    kept: list[str] = []
    for t in (f, *(t for t in tensors_in(f.body) if isinstance(t, Defined))):
        positions = [p for v in _entries(t.body) if v.tensor == x for p in v.index if p.as_atom is None]
        spatial = {n for p in positions for n in p.names()} - set(t.parameters)
        kept += [r.name for v in walk(t.body) if isinstance(v, Sum) for r in v.ranges if r.name in spatial]
    return tuple(kept)


# -- the words ------------------------------------------------------------------------------


def _chain_reason(f: Tensor, x: Tensor) -> str:
    return (
        f"The loss depends on ${x.name}$ through every entry of ${f.name}$; the chain rule adds up all these ways, "
        "each with its upstream gradient."
    )


def _window_reason(windows: list[tuple[str, Poly]]) -> str:
    several = "the windows lie side by side, and a pixel lies in one of them"
    return f"As the stride is the window, {several}; a pixel behind the last window lies in none, and its entry is 0."


def _inside_reason(x: Tensor, f: Tensor) -> str:
    values = [f.body] if isinstance(f, Defined) else []
    values += [t.body for value in values for t in tensors_in(value) if isinstance(t, Defined)]
    maximum = next((v for value in values for v in walk(value) if isinstance(v, Maximum)), None)
    said = f"Put in the definition. Sums are finite, and only the entries of ${x.name}$ depend on ${x.name}$."
    if maximum is None:
        return said
    places = ", ".join(f"{letter}^*" for letter in "uvw"[: len(maximum.ranges)])
    return (
        f"{said} The maximum of a window is its entry at ${places}$, the first place at which it is attained, which "
        "a small change does not move; the derivative is that of this entry."
    )


def _delta_reason(x: Tensor) -> str:
    return f"One entry of ${x.name}$ by another is 1 if they are the same entry and 0 if not: a bracket on the indices."
