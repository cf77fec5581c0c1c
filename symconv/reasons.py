"""What a step of a derivation does, in words that fit the line before and the line after.

The rules of `symconv.calculus.derivation` say what may be done; here it is told for the case at hand: which index gets
which value and what becomes of its range, how far windows stand apart, which variable is put for which.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations, product

from symconv.calculus.derivation import Step, unfolded
from symconv.notation.display import shown
from symconv.term.polynomial import Application, Atom, Poly
from symconv.term.substitution import substitute
from symconv.term.tensor import Defined, Tensor, ranges_of
from symconv.term.value import Bracket, Entry, Range, Sum, Times, Value, walk
from symconv.worked import Derivation
from symconv.write.latex import latex_of_poly
from symconv.write.page import latex_of_whole

MOVES = ("pad", "rot180", "transpose", "swap_channels", "flip")  # operations that only move entries
NAMED = {
    "pad": "Name what is padded: zeros stand where the sum reads outside, so many before and after on each axis.",
    "rot180": "A kernel whose indices run backwards is the kernel rotated by 180 degrees.",
    "transpose": "Rows and columns change places: that is the transposed matrix.",
    "swap_channels": "Input and output channels of the kernel change places.",
    "slope": "The derivatives of the function at all entries are a tensor: its name is that of the derivative.",
    "correlate": "The sum is an entry of a correlation, at a place that is counted from the other end.",
}
FORMS = {
    "correlate": "One array slides over the other without being turned: this is the formula of a correlation.",
    "convolve": "One array slides over the other and is turned: this is the formula of a convolution.",
    "depthwise": "In each channel alone the sum is that of a correlation.",
    "correlate_pairs": "For each output channel with each input channel the sum is that of a correlation.",
    "rot180": "Every index counts from the other end: the correlation is rotated by 180 degrees.",
    "matmul": "A row times a column for every entry: this is a product with a matrix.",
    "elementwise": "At every place the entries are multiplied.",
}


def reason(step: Step, before: Value | None, derivation: Derivation, output: Defined) -> str:
    """Why the line equals the line before; what the derivation says of it where nothing is to be added."""
    match step.rule:
        case "chain rule":
            return _of_chain_rule(step, derivation, output)
        case "pick" | "pick one" if before is not None:
            return _of_pick(step, before, derivation)
        case "zero-stuffing":
            return _of_stuffing(step, derivation)
        case "change of variable" if before is not None:
            return _of_change(step, before)
        case "names" if before is not None:
            return _of_names(step, before)
        case "closed form" if derivation.form is not None and derivation.form.call is not None:
            return FORMS.get(derivation.form.call.operation, step.reason)
        case "one window":
            return step.reason + _placed(step, before)
    return step.reason


def in_brief(step: Step, before: Value | None, derivation: Derivation, output: Defined) -> str:
    """The same where the lines between were left out."""
    if step.rule in ("chain rule", "closed form"):
        return reason(step, before, derivation, output)
    x = derivation.tensor.name
    told = f"Put in the definition and differentiate; one entry of ${x}$ by another is 1 if they are the same, else 0."
    return f"{told} {_of_stuffing(step, derivation)}" if step.rule == "zero-stuffing" else f"{told} What remains:"


def _of_chain_rule(step: Step, derivation: Derivation, output: Defined) -> str:
    if not output.rank:
        return f"${output.name}$ is the loss itself: its derivative is what we look for."
    call = derivation.gradient.call
    upstream = call.operands[2] if call is not None and len(call.operands) == 3 else None
    return step.reason if upstream is None else step.reason.removesuffix(".") + f" ${latex_of_whole(upstream)}$."


# -- one index after the other ---------------------------------------------------------------


def _of_pick(step: Step, before: Value, derivation: Derivation) -> str:
    """The values of the indices, and what becomes of their ranges."""
    pairs = _placed(step, before)
    if not pairs:
        return step.reason
    told = f"The brackets leave the summands in which {pairs.removeprefix(' Here ')}"
    free = ranges_of(derivation.gradient, derivation.gradient.parameters)
    lost = [r for r in _ranges(step, before) if not _covered(r, dict(step.picked)[r.name], free)]
    if not lost:
        return told
    letters = _letters(before)
    names = " and ".join(f"${letters.get(r.name, r.name)}$" for r in lost)
    ranges = f"the range{'s' if len(lost) > 1 else ''} of {names}"
    if any(isinstance(v, Bracket) and any(c.kind == "ge" for c in v.conditions) for v in walk(step.value)):
        return f"{told} That they lie in {ranges} stays as a bracket."
    return f"{told} Outside {ranges} an entry is read that counts as 0, so nothing needs to be said of that."


def _placed(step: Step, before: Value | None) -> str:
    """Here $u = a - i$: the values that the brackets gave, under the letters that the line before shows."""
    letters = {} if before is None else _letters(before)
    images: dict[Atom, Poly] = {old: Poly.of(new) for old, new in letters.items()}
    pairs = [
        f"${letters.get(name, name)} = {latex_of_poly(place.substitute(images))}$"
        for name, place in step.picked
        if not any(isinstance(a, Application) for a in place.all_atoms())
    ]
    return f" Here {', '.join(pairs)}." if pairs else ""


def _letters(value: Value) -> dict[str, str]:
    """The letters under which a page shows the bound indices."""
    return {
        a.name: b.name
        for v, w in zip(walk(value), walk(shown(value)), strict=True)
        if isinstance(v, Sum) and isinstance(w, Sum)
        for a, b in zip(v.ranges, w.ranges, strict=True)
    }


def _ranges(step: Step, before: Value) -> list[Range]:
    names = [name for name, _ in step.picked]
    found = {r.name: r for v in walk(before) if isinstance(v, Sum) for r in v.ranges}
    return [found[name] for name in names if name in found]


def _covered(r: Range, place: Poly, free: tuple[Range, ...]) -> bool:
    """The index is another one that runs as far, so that no place is lost."""
    return any(place == Poly.of(f.name) and (f.low, f.high) == (r.low, r.high) for f in free)


# -- zeros between ---------------------------------------------------------------------------


def _of_stuffing(step: Step, derivation: Derivation) -> str:
    stuffed = next((t for t in derivation.named if t.call is not None and t.call.operation == "stuff"), None)
    steps = stuffed.call.option("steps") if stuffed is not None and stuffed.call is not None else None
    if stuffed is None or not isinstance(steps, tuple):
        return step.reason
    apart = list(dict.fromkeys(f"${latex_of_poly(Poly.of(s))}$" for s in steps if s != 1))
    between = list(dict.fromkeys(f"${latex_of_poly(Poly.of(s) - 1)}$" for s in steps if s != 1))
    zeros = "a zero" if between == ["$1$"] else f"{' and '.join(between)} zeros"
    return (
        f"The windows start {' and '.join(apart)} apart. Let ${stuffed.name}$ be the upstream gradient with {zeros} "
        "between neighbours; then one of its entries answers for each position."
    )


# -- another variable ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """Index `old` of the line before is `place`, in the index `new` of the line after, over the same numbers."""

    old: Range
    new: Range
    place: Poly

    @property
    def turned(self) -> bool:
        return self.place != Poly.of(self.new.name)


def changes(before: Value, after: Value) -> tuple[Change, ...]:
    """How the sum after runs through the sum before: each index as it was, or from its end; () if in no such way."""
    before, after = shown(before), shown(unfolded(after))
    if not (isinstance(before, Sum) and isinstance(after, Sum)) or len(before.ranges) != len(after.ranges):
        return ()
    if len(before.ranges) > 4:
        return ()
    for order in permutations(after.ranges):
        pairs = list(zip(before.ranges, order, strict=True))
        if any((r.low, r.high) != (s.low, s.high) or None in (r.low, r.high) for r, s in pairs):
            continue
        for made in product(*(_ways(r, s) for r, s in pairs)):
            images = {c.old.name: c.place for c in made}
            if sorted(map(repr, factors_of(substitute(before.body, images)))) == sorted(
                map(repr, factors_of(after.body))
            ):
                return made
    return ()


def _ways(old: Range, new: Range) -> Iterator[Change]:
    index = Poly.of(new.name)
    yield Change(old, new, index)
    if old.low is not None and old.high is not None:
        yield Change(old, new, old.low + old.high - index)


def factors_of(value: Value) -> tuple[Value, ...]:
    return value.factors if isinstance(value, Times) else (value,)


def _of_change(step: Step, before: Value) -> str:
    made = changes(before, step.value)
    turned = [c for c in made if c.turned]
    if not turned:
        return _of_names(step, before) if not made else _renaming(made)
    return (
        f"{_put(made)} The new index runs down through the same numbers through which the old one runs up. Now the "
        "index of the kernel runs backwards and that of the gradient forwards. The kernel is rotated by 180 degrees."
    )


def _put(made: tuple[Change, ...]) -> str:
    """Put $k = r - 1 - u$."""
    pairs = [f"${c.old.name} = {latex_of_poly(c.place)}$" for c in made if c.turned and c.old.name != c.new.name]
    places = [f"${latex_of_poly(c.place)}$ in the place of ${c.old.name}$" for c in made if c.turned]
    return f"Put {' and '.join(pairs if len(pairs) == len(places) else places)}."


def _renaming(made: tuple[Change, ...]) -> str:
    """Another letter for an index, where the line has one."""
    pairs = [f"${c.old.name}$ is called ${c.new.name}$" for c in made if c.old.name != c.new.name and not c.turned]
    return f"The index {', '.join(pairs)} now." if pairs else ""


def _of_names(step: Step, before: Value) -> str:
    known = set(_operations(before))
    told = [NAMED[name] for name in dict.fromkeys(_operations(step.value)) if name in NAMED and name not in known]
    return " ".join(filter(None, (*told, _renaming(changes(before, step.value))))) or step.reason


def _operations(value: Value) -> Iterator[str]:
    """The operations that a line shows, those inside others too."""
    for entry in walk(value):
        if isinstance(entry, Entry):
            yield from _calls(entry.tensor)


def _calls(tensor: Tensor) -> Iterator[str]:
    call = tensor.call if isinstance(tensor, Defined) else None
    if call is None and "'(" in tensor.name:
        yield "slope"
    if call is not None and call.operation != "gradient":
        yield call.operation
        for operand in call.operands:
            yield from _calls(operand) if call.operation in MOVES else ()


def rule_of(step: Step, before: Value | None) -> str:
    """The name of the step; a change of variable that changes none is one of names."""
    if step.rule != "change of variable" or before is None or any(c.turned for c in changes(before, step.value)):
        return step.rule
    return "names"


__all__ = ["Change", "changes", "factors_of", "in_brief", "reason", "rule_of"]
