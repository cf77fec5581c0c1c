"""Exercise to worked solution: the gradients of a SPEC derived, every line proved, a small instance worked out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from math import prod

from symconv.answers.answer import Answer
from symconv.answers.count import count
from symconv.answers.shape import shape
from symconv.calculus.derivation import Pieces, Step, derive
from symconv.calculus.gradient import gradient
from symconv.errors import DependenceError, SizeError, UsageError
from symconv.proof.closed_form import closed_form
from symconv.proof.deciding import decide
from symconv.proof.evaluate import World
from symconv.proof.problem import equation
from symconv.proof.search import SizeSearch
from symconv.shown_numbers import PRIME, different
from symconv.solution import Derivation, Instance, Line, Solution, latex_of_whole
from symconv.specs import Question, Spec, parse_spec
from symconv.term.polynomial import Poly, Size
from symconv.term.substitution import replace_tensors
from symconv.term.tensor import Call, Defined, Leaf, Tensor, ranges_of, requirements_of, sizes_in, tensors_in
from symconv.term.text import text_of_condition
from symconv.term.value import Entry, Maximum, walk
from symconv.write.like_terms import like_terms
from symconv.write.page import entries_displays, nameless, numbers_displays, upstream_letter

LETTERS = [*"ZAPQSUVYTBDE", *(f"Z_{{{n}}}" for n in range(1, 100))]
MOST_ENTRIES = PRIME - 1
# sizes of an instance: of an image, of a kernel or window, any other; the first that fit on a page are taken
POOLED = ((4, 2, 2), (4, 2, 1))
SMALL = ((3, 2, 2), (2, 2, 2), (2, 1, 2), (3, 2, 1), (2, 2, 1), (2, 1, 1))
IMAGE, TAPS, ONE = ("H", "W", "D", "n"), ("r", "c", "q"), ("d", "p")


def solve_spec(
    spec: str | Spec, wrt: str | None = None, sizes: dict[str, int] | None = None, level: str = "full"
) -> Solution:
    """Derive, prove and lay out the gradients of a SPEC.

    wrt: the tensor to differentiate by; all leaves without it.  sizes: for the concrete instance;
    without it an image of extent 3 (4 for a pooling) and a kernel of extent 2, or smaller ones where that is too much
    for a page.  level: "full", or "brief" with the main lines only.
    """
    if level not in ("brief", "full"):
        raise UsageError("level", repr(level), "'brief' or 'full'", "choose one of the two")
    parsed = spec if isinstance(spec, Spec) else parse_spec(spec, layers=False)
    operation = parsed.output.call is not None and not parsed.document
    output = _with_names(replace(parsed.output, name="F") if operation else parsed.output)
    parsed = replace(parsed, output=output)
    everything = [] if parsed.questions else [leaf.name for leaf in parsed.leaves]
    wanted = [wrt] if wrt is not None else list(parsed.wanted) or everything
    upstream = Leaf(f"dL/d{output.name}", output.axes) if output.rank else None
    made = tuple(_derivation(output, parsed.leaf(name), upstream, sizes) for name in wanted)
    answers = tuple(_answer(question, output) for question in parsed.questions)
    return Solution(parsed, output, made, level, answers)


def _answer(question: Question, output: Defined) -> Answer:
    """The answer to a `find` line that asks for no gradient; what is solved bears its name on the page."""
    tensors = tuple(output if t.name == output.name else t for t in question.tensors)
    first = tensors[0]
    if question.what in ("shape", "matrix") and not isinstance(first, Defined):
        raise UsageError(
            f"find {question.what} {first.name}", "data without a formula", "a tensor with a formula", "define it"
        )
    if question.what == "shape" and isinstance(first, Defined):
        return shape(first)
    if question.what == "matrix" and isinstance(first, Defined):
        from symconv.answers.matrix import matrix

        return matrix(first, tensors[1])
    return count(question.what, tensors)


def _with_names(f: Defined) -> Defined:
    """A letter for each tensor that a page can neither show by its operation nor by a name."""
    while (tensor := next(nameless(f), None)) is not None:
        entry = Entry(f, ())
        taken = {f.name, *f.parameters, *(t.name for t in tensors_in(entry)), *(s.name for s in sizes_in(entry))}
        letter = next(name for name in LETTERS if name not in taken)
        f = _rebuilt(f, {tensor: replace(tensor, name=letter)})
    return f


# -- one gradient -----------------------------------------------------------------------------


def _derivation(f: Defined, x: Tensor, g: Leaf | None, sizes: dict[str, int] | None) -> Derivation:
    derived = gradient(f, x, g)
    pieces = _pieces(derived, f, g)
    lines = tuple(_line(derived, step) for step in _steps(derived, pieces))
    instance = _instance(f, derived, _instance_sizes(f, sizes))
    form, named = (None, ()) if pieces is None else (pieces.form, pieces.named)
    return Derivation(x, derived, lines, form, named, instance)


def _steps(derived: Defined, pieces: Pieces | None) -> list[Step]:
    """The steps of the derivation, equal summands added up at its end."""
    steps = derive(derived, pieces)
    collected = like_terms(steps[-1].value)
    if collected != steps[-1].value:
        steps.append(Step("like terms", "Equal summands are added up.", collected))
    return steps


def _line(derived: Defined, step: Step) -> Line:
    entry = Entry(derived, tuple(map(Poly.of, derived.parameters)))
    return Line(step, decide(equation(entry, step.value, ranges_of(derived, derived.parameters))))


def _pieces(derived: Defined, f: Defined, g: Leaf | None) -> Pieces | None:
    """The closed form with names for what is stuffed and padded in it."""
    try:
        form = closed_form(derived).tensor
    except (UsageError, DependenceError):
        return None
    images: dict[Tensor, Tensor] = {}
    named: list[Defined] = []
    spread: Defined | None = None
    for tensor in _operands(form):
        if tensor.call is None or tensor.call.operation not in ("stuff", "pad"):
            continue
        source = tensor.call.operands[0]
        letter = (
            f"\\hat {upstream_letter(f)}"
            if tensor.call.operation == "stuff"
            else f"\\tilde {upstream_letter(f)}"
            if _has(source, g)
            else f"\\tilde {source.name}"
        )
        body = replace_tensors(tensor.body, images)
        call = replace(tensor.call, operands=tuple(images.get(t, t) for t in tensor.call.operands))
        made = Defined(letter, tensor.parameters, tensor.axes, body, call, tensor.requires)
        images[tensor] = made
        named.append(made)
        spread = made if tensor.call.operation == "stuff" else spread
    return Pieces(_rebuilt(form, images), spread, tuple(named))


def _has(tensor: Tensor, g: Leaf | None) -> bool:
    return tensor == g or (isinstance(tensor, Defined) and tensor.call is not None and g in tensor.call.operands)


def _operands(form: Defined) -> Iterator[Defined]:
    """The tensors below a form, what is inside first."""
    for tensor in form.call.operands if form.call is not None else ():
        if isinstance(tensor, Defined):
            yield from _operands(tensor)
            yield tensor


def _rebuilt(form: Defined, images: dict[Tensor, Tensor]) -> Defined:
    """The form on the named tensors, its call too."""
    call = form.call
    if call is not None:
        operands = tuple(
            images.get(t) or (_rebuilt(t, images) if isinstance(t, Defined) and t.call is not None else t)
            for t in call.operands
        )
        call = Call(call.operation, operands, call.options)
    return replace(form, body=replace_tensors(form.body, images), call=call)


# -- the instance --------------------------------------------------------------------------------


def _instance_sizes(f: Defined, sizes: dict[str, int] | None) -> dict[str, int]:
    """The sizes given, the rest small: the first of `SMALL` that meets the requirements and fits on a page."""
    given, entry = sizes or {}, Entry(f, tuple(map(Poly.of, f.parameters)))
    known = {s.name: s for s in sizes_in(entry)}
    for name, number in given.items():
        if name not in known:
            raise UsageError(f"sizes {name}={number}", f"no size {name}", f"one of {', '.join(known)}", "correct it")
        if number < known[name].least:
            raise SizeError(f"sizes {name}={number}", f"{number}", f"at least {known[name].least}", "take a larger one")
    needs = requirements_of(entry)
    pooled = f.call is not None and f.call.operation.startswith("pool")
    small = (*POOLED, *SMALL) if pooled else SMALL
    choices = [{n: given.get(n, _wanted(s, *wanted)) for n, s in known.items()} for wanted in small]
    fitting = [choice for choice in choices if all(World(choice).holds(c, {}) for c in needs)]
    if fitting:
        return next((choice for choice in fitting if _too_large(f, choice) is None), fitting[0])
    if set(given) == set(known):
        broken = next(c for c in needs if not World(given).holds(c, {}))
        raise SizeError(
            f"sizes {_shown(given)}", "sizes that do not fit", text_of_condition(broken), "change the sizes"
        )
    for choice in SizeSearch(tuple(known.values()), ()).upto(40):
        fits = all(choice[n] == v for n, v in given.items())
        if fits and all(World(choice).holds(c, {}) for c in needs) and max(choice.values()) >= 2:
            return choice
    needed = " and ".join(map(text_of_condition, needs)) or "sizes up to a total of 40"
    raise SizeError(f"sizes {_shown(given)}", "no others that fit beside these", needed, "change the sizes")


def _wanted(size: Size, image: int, taps: int, other: int) -> int:
    """A small number for a size, by what its name stands for."""
    number = image if size.name in IMAGE else taps if size.name in TAPS else 1 if size.name in ONE else other
    return max(size.least, number if size.least or size.name in ONE else 1)


def _shown(sizes: dict[str, int]) -> str:
    return ", ".join(f"{name}={number}" for name, number in sizes.items())


def _instance(f: Defined, derived: Defined, sizes: dict[str, int]) -> Instance:
    """The output and the gradient entry by entry; where a maximum chooses, at numbers."""
    from symconv.entries.unfold import entries

    shown = ", ".join(f"{n} = {v}" for n, v in sizes.items())
    large = _too_large(f, sizes)
    if large is not None:
        return Instance(shown, refusal=f"{large}{_smaller(f)}")
    chosen = any(isinstance(v, Maximum) for t in (f, *_below(f)) for v in walk(t.body))
    displays: list[str] = []
    for tensor in (f,) if chosen else (f, derived):
        found = (
            entries_displays(latex_of_whole(tensor), entries(tensor, sizes), upstream_letter(f)) if tensor.rank else ()
        )
        if found is None:
            long = f"an entry of ${latex_of_whole(tensor)}$ is too long for a page"
            return Instance(shown, refusal=f"{long}. Evaluate it at numbers: `symconv export` writes the code.")
        displays += found
    numbers = tuple(_at_numbers(f, derived, sizes)) if chosen else ()
    return Instance(shown, tuple(displays), numbers, at=tuple(sizes.items()))


def _below(f: Defined) -> list[Defined]:
    return [t for t in tensors_in(f.body) if isinstance(t, Defined)]


def _too_large(f: Defined, sizes: dict[str, int]) -> str | None:
    """What has more entries than are shown: the output, or a tensor that it is made of."""
    world = World(sizes)
    data = [t for t in tensors_in(f.body) if isinstance(t, Leaf)]
    for tensor in (f, *(t for t in data if all(None not in (a.low, a.high) for a in t.axes))):
        count = prod(map(len, world.axes(tensor)))
        if count > MOST_ENTRIES:
            at = f" at `{_shown(sizes)}`" if sizes else ""
            return f"${tensor.name}$ has {count} entries{at}, and at most {MOST_ENTRIES} are shown."
    return None


def _smaller(f: Defined) -> str:
    """Sizes that fit on a page, or where else the large numbers stand."""
    sizes = _instance_sizes(f, None)
    if _too_large(f, sizes) is None:
        return f" Take smaller ones: `--sizes {_shown(sizes).replace(', ', ',')}`."
    return " State smaller numbers in the SPEC, or leave them out."


def _at_numbers(f: Defined, derived: Defined, sizes: dict[str, int]) -> Iterator[str]:
    """Numbers for all data, no two alike in one tensor; the output and the gradient there."""
    import numpy as np

    data = [t for t in tensors_in(f.body) if isinstance(t, Leaf)]
    others = [t for t in tensors_in(derived.body) if isinstance(t, Leaf) and t not in data]
    axes = World(sizes).axes
    given = {t.name: _different(list(product(*axes(t)))) for t in (*data, *others)}
    world = World(sizes, leaves=given)
    for tensor in (*data, f, *others, derived):
        numbers = np.array([world.entry(tensor, at) for at in product(*axes(tensor))], dtype=object)
        name = upstream_letter(f) if tensor in others else latex_of_whole(tensor)
        yield from numbers_displays(name, numbers.reshape([len(a) for a in axes(tensor)]))


def _different(places: list[tuple[int, ...]]) -> dict[tuple[int, ...], int]:
    return dict(zip(places, different(len(places)), strict=True))


__all__ = ["Derivation", "Solution", "solve_spec"]
