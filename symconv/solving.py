"""Exercise to worked solution: the gradients of a SPEC derived, every line proved, a small instance worked out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symconv.calculus.derivation import Pieces, Step, derive
from symconv.calculus.gradient import gradient
from symconv.errors import DependenceError, SizeError, UsageError
from symconv.proof.closed_form import closed_form
from symconv.proof.deciding import decide
from symconv.proof.evaluate import World
from symconv.proof.problem import equation
from symconv.proof.search import SizeSearch
from symconv.solution import Derivation, Line, Solution, latex_of_whole
from symconv.specs import Spec, parse_spec
from symconv.term.polynomial import Poly
from symconv.term.substitution import replace_tensors
from symconv.term.tensor import Call, Defined, Leaf, Tensor, ranges_of, requirements_of, sizes_in
from symconv.term.text import text_of_condition
from symconv.term.value import Entry
from symconv.write.page import entries_display

HAT = "\\hat G"
MOST_ENTRIES = 36


def solve_spec(
    spec: str | Spec, wrt: str | None = None, sizes: dict[str, int] | None = None, level: str = "full"
) -> Solution:
    """Derive, prove and lay out the gradients of a SPEC.

    wrt: the tensor to differentiate by; all leaves without it.  sizes: for the concrete instance;
    small ones that differ without it.  level: "full", or "brief" with the main lines only.
    """
    if level not in ("brief", "full"):
        raise UsageError("level", repr(level), "'brief' or 'full'", "choose one of the two")
    parsed = spec if isinstance(spec, Spec) else parse_spec(spec, layers=False)
    output = parsed.output if parsed.output.call is None else replace(parsed.output, name="F")
    wanted = [wrt] if wrt is not None else list(parsed.wanted) or [leaf.name for leaf in parsed.leaves]
    upstream = Leaf(f"dL/d{output.name}", output.axes) if output.rank else None
    made = tuple(_derivation(output, parsed.leaf(name), upstream, sizes) for name in wanted)
    return Solution(parsed, output, made, level)


# -- one gradient -----------------------------------------------------------------------------


def _derivation(f: Defined, x: Tensor, g: Leaf | None, sizes: dict[str, int] | None) -> Derivation:
    derived = gradient(f, x, g)
    pieces = _pieces(derived, f, g)
    lines = tuple(_line(derived, step) for step in derive(derived, pieces))
    instance = _instance(f, derived, _instance_sizes(f, sizes))
    form, named = (None, ()) if pieces is None else (pieces.form, pieces.named)
    return Derivation(x, derived, lines, form, named, instance)


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
            HAT if tensor.call.operation == "stuff" else "\\tilde G" if _has(source, g) else f"\\tilde {source.name}"
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
    """The sizes given, the rest as small as the requirements allow around 3 and 2."""
    entry = Entry(f, tuple(map(Poly.of, f.parameters)))
    known = {s.name: s for s in sizes_in(entry)}
    for name, number in (sizes or {}).items():
        if name not in known:
            raise UsageError(f"sizes {name}={number}", f"no size {name}", f"one of {', '.join(known)}", "correct it")
        if number < known[name].least:
            raise SizeError(f"sizes {name}={number}", f"{number}", f"at least {known[name].least}", "take a larger one")
    wanted = {"H": 3, "W": 3, "D": 3, "r": 2, "c": 2, "q": 2, "s": 2, "d": 1, "p": 1, "n": 3}
    first = {n: (sizes or {}).get(n, max(s.least, wanted.get(n, 2 if s.least else 1))) for n, s in known.items()}
    needs = requirements_of(entry)
    if all(World(first).holds(c, {}) for c in needs):
        return first
    if sizes and set(sizes) == set(known):
        broken = next(c for c in needs if not World(first).holds(c, {}))
        raise SizeError(
            f"sizes {_shown(sizes)}", "sizes that do not fit", text_of_condition(broken), "change the sizes"
        )
    for choice in SizeSearch(tuple(known.values()), ()).upto(40):
        fits = all(choice[n] == v for n, v in (sizes or {}).items())
        if fits and all(World(choice).holds(c, {}) for c in needs) and max(choice.values()) >= 2:
            return choice
    needed = " and ".join(map(text_of_condition, needs)) or "sizes up to a total of 40"
    raise SizeError(f"sizes {_shown(sizes or {})}", "no others that fit beside these", needed, "change the sizes")


def _shown(sizes: dict[str, int]) -> str:
    return ", ".join(f"{name}={number}" for name, number in sizes.items())


def _instance(f: Defined, derived: Defined, sizes: dict[str, int]) -> tuple[str, ...]:
    """The sizes, then the output and the gradient entry by entry, where they are vectors or matrices."""
    from symconv.entries.unfold import entries

    lines = [", ".join(f"{n} = {v}" for n, v in sizes.items())]
    for tensor in (f, derived):
        if tensor.rank not in (1, 2):
            continue
        array = entries(tensor, sizes)
        if prod_of(array.shape) > MOST_ENTRIES:
            return ()
        shown_entries = entries_display(latex_of_whole(tensor), array)
        lines += [shown_entries] if shown_entries else []
    return tuple(lines) if len(lines) > 1 else ()


def prod_of(shape: tuple[int, ...]) -> int:
    result = 1
    for n in shape:
        result *= n
    return result


__all__ = ["Derivation", "Solution", "solve_spec"]
