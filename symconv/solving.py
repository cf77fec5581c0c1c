"""Exercise to worked solution: the gradients of a SPEC derived, every line proved, a small instance worked out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from symconv.answers.answer import Answer
from symconv.answers.count import count
from symconv.answers.shape import shape
from symconv.calculus.derivation import Pieces, Step, derive
from symconv.calculus.gradient import gradient
from symconv.checking import checked
from symconv.errors import DependenceError, UsageError
from symconv.instancing import instance, instance_sizes
from symconv.needs import limits, without_implied
from symconv.notation.display import fresh_letter, heads_in
from symconv.notation.names import NAME
from symconv.proof.closed_form import closed_form
from symconv.proof.deciding import decide
from symconv.proof.problem import equation
from symconv.reasons import changes
from symconv.shown_numbers import Numbers
from symconv.smaller import in_smaller_steps
from symconv.solution import Solution, letter_of
from symconv.specs import Question, Spec, parse_spec
from symconv.symbols import Symbols, with_symbols
from symconv.term.polynomial import Poly
from symconv.term.rebasing import Rebasing
from symconv.term.substitution import replace_tensors, substitute
from symconv.term.tensor import Call, Defined, Leaf, Tensor, ranges_of, requirements_of, sizes_in, tensors_in
from symconv.term.value import Entry, Maximum, Sum, walk
from symconv.worked import Derivation, Line
from symconv.write.known_names import by_names, factored
from symconv.write.like_terms import like_terms
from symconv.write.page import intermediates, nameless

SMALL = 1  # the seed of the numbers of a check: small ones, not the same in two tensors
COUNTS = ("multiplications", "additions", "parameters")
LETTERS = [*"ZAPQSUVYTBDE", *(f"Z_{{{n}}}" for n in range(1, 100))]


@dataclass(frozen=True, slots=True)
class Request:
    """What is solved, under which symbols, what its instance shows, and whether small steps are shown."""

    output: Defined
    symbols: Symbols
    sizes: dict[str, int] | None
    numbers: Numbers
    small: bool = True

    @property
    def upstream(self) -> Leaf | None:
        """The gradient that comes from above; none where the output is the loss."""
        return Leaf(self.symbols.gradient(self.output.name), self.output.axes) if self.output.rank else None


def solve_spec(
    spec: str | Spec,
    wrt: str | None = None,
    sizes: dict[str, int] | None = None,
    level: str = "full",
    symbols: str | None = None,
    numbers: Numbers | None = None,
) -> Solution:
    """Derive, prove and lay out the gradients of a SPEC.

    wrt: the tensor to differentiate by; all leaves without it.  sizes: for the concrete instance;
    without it an image of extent 3 (4 for a pooling) and a kernel of extent 2, or smaller ones where that is too much
    for a page.  level: "full", or "brief" with the main lines only.  symbols: a document whose names and conventions
    the page takes.  numbers: those of the instance.
    """
    if level not in ("brief", "full"):
        raise UsageError("level", repr(level), "'brief' or 'full'", "choose one of the two")
    parsed = prepared(spec if isinstance(spec, Spec) else parse_spec(spec, layers=False), symbols)
    if parsed.document not in ("", parsed.text) and not (parsed.questions or parsed.wanted or wrt):
        raise UsageError(
            parsed.text, "no `find` line", "what the document asks for", "add `find dL/dX`, or name a tensor with --wrt"
        )
    everything = [] if parsed.questions else [leaf.name for leaf in parsed.leaves]
    wanted = [wrt] if wrt is not None else list(parsed.wanted) or everything
    request = Request(parsed.output, parsed.symbols, sizes, numbers or Numbers(), level == "full")
    made = tuple(_derivation(request, parsed.leaf(name)) for name in wanted)
    answers: tuple[Answer, ...] = ()
    for question in parsed.questions:
        answers += (_answer(question, request, answers),)
    if parsed.symbols.moves:
        output = _moved(Rebasing(parsed.symbols.base), parsed.output)
        parsed = replace(parsed, output=output)
    return Solution(parsed, parsed.output, made, level, answers, request.numbers, sizes or {})


def prepared(parsed: Spec, symbols: str | None = None) -> Spec:
    """The SPEC as it is solved: its output has a name, in the words of a document where one is given."""
    operation = parsed.output.call is not None and not parsed.document and not NAME.fullmatch(parsed.output.name)
    output = _with_names(replace(parsed.output, name="F") if operation else parsed.output)
    parsed = replace(parsed, output=output)
    return parsed if symbols is None else _under(parsed, symbols)


def _under(parsed: Spec, symbols: str) -> Spec:
    """The SPEC in the words of another document."""
    output, found = with_symbols(parsed.output, symbols)
    if any(isinstance(v, Maximum) for v in walk(output.body)):
        found = replace(found, base=0, moves=False)  # taps of a maximum count from 0
    if parsed.questions or parsed.wanted:
        raise UsageError(
            f"--symbols {symbols}",
            "a document with `find` lines beside it",
            "an operation or a formula as SPEC",
            "write the symbols into the block of the document",
        )
    return replace(parsed, output=output, symbols=found)


def _answer(question: Question, request: Request, before: tuple[Answer, ...]) -> Answer:
    """The answer to a `find` line that asks for no gradient; what is solved bears its name on the page."""
    output, symbols = request.output, request.symbols
    tensors = tuple(output if t.name == output.name else t for t in question.tensors)
    what, _, form = question.what.partition(" ")
    if what == "rewrite":
        return _rewritten(request, tensors[0], form)
    if what in COUNTS:
        return count(what, tensors)
    first, *others = tensors
    if not isinstance(first, Defined):
        raise UsageError(f"find {what} {first.name}", "data without a formula", "a tensor with a formula", "define it")
    match what:
        case "matrix":
            from symconv.answers.matrix import matrix

            return replace(
                matrix(first, others[0], symbols.order), at=tuple(instance_sizes(first, request.sizes).items())
            )
        case "kernel":
            from symconv.answers.kernel import kernel

            taken = {
                line.split()[1].partition("[")[0] for a in before for line in a.declares if line.startswith("tensor")
            }
            return kernel(first, others[0] if others else None, taken)
        case "value":
            from symconv.answers.value import value

            return value(first, symbols.values)
    return shape(first)


def _rewritten(request: Request, x: Tensor, form: str) -> Answer:
    from symconv.answers.rewrite import rewrite

    if request.upstream is None:
        raise UsageError(f"find rewrite d/d{x.name} as {form}", "a loss itself", "a tensor with axes", "name another")
    return rewrite(request.output, x, form, request.upstream)


def _with_names(f: Defined) -> Defined:
    """A letter for each tensor that a page can neither show by its operation nor by a name."""
    while (tensor := next(nameless(f), None)) is not None:
        entry = Entry(f, ())
        taken = {f.name, *f.parameters, *(t.name for t in tensors_in(entry)), *(s.name for s in sizes_in(entry))}
        letter = next(name for name in LETTERS if name not in taken)
        f = _rebuilt(f, {tensor: replace(tensor, name=letter)})
    return f


# -- one gradient -----------------------------------------------------------------------------


def _derivation(request: Request, x: Tensor) -> Derivation:
    f, g, symbols = request.output, request.upstream, request.symbols
    taken = {symbols.loss, *(t.name for t in tensors_in(Entry(f, ())))}
    derived = replace(_lettered(gradient(f, x, g), taken), name=symbols.gradient(x.name))
    pieces = _pieces(derived, f, g, symbols)
    steps = _steps(derived, pieces, intermediates(f))
    form = None if pieces is None else pieces.form
    named = () if pieces is None else pieces.named
    letter = letter_of(f, symbols)
    free = ranges_of(derived, derived.parameters)
    told = in_smaller_steps(steps, free) if request.small else [(step, []) for step in steps]
    if symbols.moves:
        move = Rebasing(symbols.base)
        counted = _counted(derived, [s for step, inner in told for s in (step, *inner)])
        told = [
            (_moved_step(move, derived, counted, step), [_moved_step(move, derived, counted, s) for s in inner])
            for step, inner in told
        ]
        f, derived = _moved(move, f), _moved(move, derived)
        x, named = move.tensor(x), tuple(_moved(move, t) for t in named)
        form = None if form is None else _moved(move, form)
    lines = tuple(_line(derived, step, inner) for step, inner in told)
    at = instance_sizes(f, request.sizes)
    last = replace(derived, body=lines[-1].step.value)
    shown = instance(f, last, at, letter, request.numbers)
    if request.small and not shown.refusal:
        numbers = request.numbers if shown.numbers or request.numbers.seed is not None else Numbers(SMALL)
        shown = replace(shown, check=checked(f, x, last, at, letter, numbers))
    return Derivation(x, derived, lines, form, named, shown)


def _lettered(derived: Defined, taken: set[str]) -> Defined:
    """With other letters for the indices that a tensor of the page has."""
    bodies = [derived.body, *(t.body for t in tensors_in(derived.body) if isinstance(t, Defined))]
    sums = {r.name for body in bodies for v in walk(body) if isinstance(v, (Sum, Maximum)) for r in v.ranges}
    used = {*taken, *derived.parameters, *sums, *heads_in(derived.body)}
    images: dict[str, Poly] = {}
    for name in derived.parameters:
        if name in taken:
            letter = fresh_letter(name, used)
            used.add(letter)
            images[name] = Poly.of(letter)
    names = tuple(str(images.get(p, p)) for p in derived.parameters)
    return replace(derived, parameters=names, body=substitute(derived.body, images))


def _moved(move: Rebasing, tensor: Defined) -> Defined:
    made = move.tensor(tensor)
    if not isinstance(made, Defined):
        raise TypeError(f"{tensor.name} became data")
    return made


def _counted(derived: Defined, steps: list[Step]) -> set[str]:
    """The indices that count from 0: those of the gradient, and those of sums."""
    sums = (v for step in steps for v in walk(step.value) if isinstance(v, Sum))
    return {*derived.parameters, *(r.name for v in sums for r in v.ranges if r.low == Poly.of(0))}


def _moved_step(move: Rebasing, derived: Defined, counted: set[str], step: Step) -> Step:
    picked = tuple((name, move.place(name, place, counted)) for name, place in step.picked)
    return replace(step, value=move.value(step.value, derived.parameters), picked=picked)


def _steps(derived: Defined, pieces: Pieces | None, layers: list[Defined]) -> list[Step]:
    """The steps of the derivation; at its end equal summands are added up, and layers are called by their names."""
    steps = _unguarded(derived, derive(derived, pieces))
    collected = like_terms(steps[-1].value)
    if collected != steps[-1].value:
        steps.append(Step("like terms", "Equal summands are added up.", collected))
    named = by_names(collected, layers)
    if named != collected:
        made = {v.tensor for v in walk(named) if isinstance(v, Entry)} - {
            v.tensor for v in walk(collected) if isinstance(v, Entry)
        }
        names = " and ".join(f"${t.name}$" for t in layers if t in made)
        reason = (
            f"This holds the formula of an entry of {names}. What does not depend on a sum's index stands before it."
        )
        steps.append(Step("by name", reason, factored(named)))
    return steps


def _unguarded(derived: Defined, steps: list[Step]) -> list[Step]:
    """Brackets that say what is known are left out, and so is a change of variable that then changes nothing."""
    entry = Entry(derived, tuple(map(Poly.of, derived.parameters)))
    known = [*requirements_of(entry), *(c for r in ranges_of(derived, derived.parameters) for c in limits(r))]
    kept: list[Step] = []
    for step in steps:
        plain = replace(step, value=without_implied(step.value, known))
        if plain.rule == "change of variable" and plain != step and kept:
            made = changes(kept[-1].value, plain.value)
            if made and not any(c.turned for c in made):
                continue
        kept.append(plain)
    return kept


def _line(derived: Defined, step: Step, inner: Sequence[Step] = ()) -> Line:
    entry = Entry(derived, tuple(map(Poly.of, derived.parameters)))
    verdict = decide(equation(entry, step.value, ranges_of(derived, derived.parameters)))
    return Line(step, verdict, tuple(_line(derived, small) for small in inner))


def _pieces(derived: Defined, f: Defined, g: Leaf | None, symbols: Symbols) -> Pieces | None:
    """The closed form with names for what is stuffed, padded and, where the document has one, turned in it."""
    try:
        form = closed_form(derived).tensor
    except (UsageError, DependenceError):
        return None
    images: dict[Tensor, Tensor] = {}
    named: list[Defined] = []
    spread: Defined | None = None
    upstream = letter_of(f, symbols)
    for tensor in _operands(form):
        if tensor.call is None or tensor.call.operation not in ("stuff", "pad", "rot180"):
            continue
        source = tensor.call.operands[0]
        if tensor.call.operation == "rot180" and source.name not in symbols.turned:
            continue
        if tensor.call.operation == "rot180":
            letter = symbols.turned[source.name]
        elif tensor.call.operation == "stuff":
            letter = _accented(r"\hat", upstream)
        else:
            letter = _accented(r"\tilde", upstream if _has(source, g) else source.name)
        body = replace_tensors(tensor.body, images)
        call = replace(tensor.call, operands=tuple(images.get(t, t) for t in tensor.call.operands))
        made = Defined(letter, tensor.parameters, tensor.axes, body, call, tensor.requires)
        images[tensor] = made
        named.append(made)
        spread = made if tensor.call.operation == "stuff" else spread
    return Pieces(_rebuilt(form, images), spread, tuple(named))


def _accented(accent: str, name: str) -> str:
    """The name with an accent, over all of it where it has several letters."""
    return f"{accent} {name}" if NAME.fullmatch(f"{accent} {name}") else f"{accent}{{{name}}}"


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


__all__ = ["Derivation", "Solution", "prepared", "solve_spec"]
