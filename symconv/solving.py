"""Worked solutions: the derivation of a gradient as a page, every line of it proved.

The page is Markdown with LaTeX and begins with a declaration block, so that
`symconv verify` can judge what `symconv solve` wrote.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from symconv.calculus.derivation import Pieces, Step, derive
from symconv.calculus.gradient import gradient
from symconv.errors import DependenceError, SizeError, UsageError
from symconv.notation.display import shown
from symconv.proof.closed_form import closed_form
from symconv.proof.deciding import decide
from symconv.proof.evaluate import World
from symconv.proof.problem import equation
from symconv.proof.search import SizeSearch
from symconv.proof.verdict import Verdict
from symconv.specs import Spec, parse_spec
from symconv.term.polynomial import Application, Atom, Poly
from symconv.term.substitution import replace_tensors
from symconv.term.tensor import Call, Defined, Leaf, Tensor, ranges_of, requirements_of, sizes_in, tensors_in
from symconv.term.text import text_of_condition
from symconv.term.value import Entry, Sum, Value, own_polys, walk
from symconv.write.latex import latex_of_call, latex_of_poly, latex_of_tensor, latex_of_value
from symconv.write.page import declaration, definable, entries_display, readable, sentence
from symconv.write.relations import latex_of_condition

BRIEF = ("chain rule", "change of variable", "closed form")
HAT = "\\hat G"
MOST_ENTRIES = 36


@dataclass(frozen=True, slots=True)
class Line:
    """A step with the verdict that its value is the gradient, for all sizes."""

    step: Step
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Derivation:
    """The gradient by one tensor: its lines, its closed form, and a small instance."""

    tensor: Tensor
    gradient: Defined
    lines: tuple[Line, ...]
    form: Defined | None
    named: tuple[Defined, ...]
    instance: tuple[str, ...]

    @property
    def proved(self) -> bool:
        return all(line.verdict for line in self.lines)


@dataclass(frozen=True, slots=True)
class Solution:
    """A worked solution; `to_markdown()` is the page, and so is its display in a notebook."""

    spec: Spec
    output: Defined
    derivations: tuple[Derivation, ...]
    level: str = "full"

    @property
    def proved(self) -> bool:
        """Every line that is shown is proved for all sizes."""
        return all(d.proved for d in self.derivations)

    def to_markdown(self) -> str:
        return "\n".join(_page(self)) + "\n"

    def _repr_markdown_(self) -> str:
        return self.to_markdown()

    def __repr__(self) -> str:
        names = ", ".join(d.tensor.name for d in self.derivations)
        state = "proved for all sizes" if self.proved else "not all proved"
        return f"<Solution of {self.spec.text} by {names}: {state}>"


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
    wanted = [wrt] if wrt else list(parsed.wanted) or [leaf.name for leaf in parsed.leaves]
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
            raise UsageError(f"--sizes {name}={number}", f"no size {name}", f"one of {', '.join(known)}", "correct it")
        if number < known[name].least:
            raise SizeError(
                f"--sizes {name}={number}", f"{number}", f"at least {known[name].least}", "take a larger one"
            )
    wanted = {"H": 3, "W": 3, "D": 3, "r": 2, "c": 2, "q": 2, "s": 2, "d": 1, "p": 1, "n": 3}
    first = {n: (sizes or {}).get(n, max(s.least, wanted.get(n, 2 if s.least else 1))) for n, s in known.items()}
    needs = requirements_of(entry)
    if all(World(first).holds(c, {}) for c in needs):
        return first
    if sizes and set(sizes) == set(known):
        broken = next(c for c in needs if not World(first).holds(c, {}))
        raise SizeError(f"--sizes {sizes}", "sizes that do not fit", latex_of_condition(broken), "change the sizes")
    for choice in SizeSearch(tuple(known.values()), ()).upto(40):
        fits = all(choice[n] == v for n, v in (sizes or {}).items())
        if fits and all(World(choice).holds(c, {}) for c in needs) and max(choice.values()) >= 2:
            return choice
    raise SizeError(f"--sizes {sizes}", "no sizes that fit", "what the operation needs", "change the sizes")


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


def latex_of_whole(tensor: Tensor) -> str:
    """A tensor by its name; a gradient as a fraction."""
    if tensor.name.startswith("dL/d"):
        return rf"\frac{{\partial L}}{{\partial {tensor.name[4:]}}}"
    return tensor.name


# -- the page ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Page:
    """The lines of the page below its block, and the displays that the block asks to ignore."""

    solution: Solution
    lines: list[str] = field(default_factory=list)
    displays: int = 0
    ignored: list[int] = field(default_factory=list)

    def text(self, text: str) -> None:
        self.lines += [text, ""]

    def display(self, latex: str, judged: bool = True) -> None:
        self.displays += 1
        if not judged:
            self.ignored.append(self.displays)
        self.text(f"$${latex}$$")

    def body(self) -> list[str]:
        self.text("## Given")
        self.display(latex_of_tensor(replace(self.solution.output, call=None)))
        self.text(_conventions(self.solution))
        for derivation in self.solution.derivations:
            self.section(derivation)
        return self.lines

    def section(self, derivation: Derivation) -> None:
        lines = derivation.lines
        if self.solution.level == "brief":
            lines = tuple(n for n in lines if n.step.rule in BRIEF) or lines[-1:]
        self.text(f"## The gradient by ${derivation.tensor.name}$")
        for number, line in enumerate(lines, 1):
            self.step(number, line, derivation)
        self.text(_statement(derivation))
        if derivation.instance and self.solution.level == "full":
            self.instance(derivation)

    def step(self, number: int, line: Line, derivation: Derivation) -> None:
        step, form = line.step, derivation.form
        self.text(f"**{number}. {sentence(step.rule)}** {step.reason}{_picked(line, derivation)}")
        unsaid = [t for t in derivation.named if not definable(self.solution.output, t)]
        judged = all(readable(t) for t in _below(step.value)) and not _holds_argmax(step.value)
        judged = judged and self.solution.output.rank > 0 and not any(_shows(step.value, t) for t in unsaid)
        if step.rule == "closed form" and form is not None:
            whole = latex_of_whole(derivation.gradient)
            self.display(f"{whole} = {latex_of_call(form)}", judged and readable(form))
        else:
            for tensor in derivation.named if step.rule == "names" else ():
                self.display(f"{latex_of_whole(tensor)} = {latex_of_call(tensor, rows=True)}", False)
            left = rf"\frac{{\partial L}}{{\partial {_entry_latex(derivation)}}}"
            self.display(f"{left} = {latex_of_value(step.value)}", judged)
        if not line.verdict:
            self.text(f"This line is not proved: {line.verdict}")

    def instance(self, derivation: Derivation) -> None:
        sizes, *formulas = derivation.instance
        self.text("### An instance")
        self.text(f"With `{sizes}`, and $G$ for the upstream gradient:")
        for formula in formulas:
            self.display(formula, False)


def _picked(line: Line, derivation: Derivation) -> str:
    """Here $u = a - i$: the values that the brackets gave, under the letters that the line before shows."""
    if not line.step.picked:
        return ""
    before = derivation.lines[derivation.lines.index(line) - 1].step.value
    letters = {
        a.name: b.name
        for v, w in zip(walk(before), walk(shown(before)), strict=True)
        if isinstance(v, Sum) and isinstance(w, Sum)
        for a, b in zip(v.ranges, w.ranges, strict=True)
    }
    images: dict[Atom, Poly] = {old: Poly.of(new) for old, new in letters.items()}
    pairs = [
        f"${letters.get(name, name)} = {latex_of_poly(place.substitute(images))}$" for name, place in line.step.picked
    ]
    return f" Here {', '.join(pairs)}."


def _page(solution: Solution) -> Iterator[str]:
    names = " and ".join(f"${latex_of_whole(d.gradient)}$" for d in solution.derivations)
    yield f"# {names} for {solution.spec.text}" if "\\" not in solution.spec.text else f"# {names}"
    yield ""
    page = _Page(solution)
    body = page.body()
    yield "```symconv"
    correlated = any(r"\operatorname{corr}" in line for line in body)
    yield from declaration(
        solution.output, [t for d in solution.derivations for t in d.named], page.ignored, correlated
    )
    yield "```"
    yield ""
    yield from body[:-1]


def _below(value: Value) -> list[Tensor]:
    """The tensors that a line shows by their operation."""
    return [v.tensor for v in walk(value) if isinstance(v, Entry) and "(" in v.tensor.name]


def _shows(value: Value, tensor: Tensor) -> bool:
    return tensor in set(tensors_in(value))


def _holds_argmax(value: Value) -> bool:
    return any(isinstance(a, Application) for v in walk(value) for p in own_polys(v) for a in p.all_atoms())


def _conventions(solution: Solution) -> str:
    entry = Entry(solution.output, tuple(map(Poly.of, solution.output.parameters)))
    needs = [f"`{text_of_condition(c)}`" for c in requirements_of(entry)]
    loss = "$L$ is a scalar that depends on the output alone" if solution.output.rank else "$L$ is this output"
    text = f"Indices begin at 0; entries outside a tensor count as 0; {loss}."
    return text + (f" Needed: {', '.join(needs)}." if needs else "")


def _entry_latex(derivation: Derivation) -> str:
    leaf = derivation.tensor
    return latex_of_value(Entry(leaf, tuple(map(Poly.of, derivation.gradient.parameters)))) if leaf.rank else leaf.name


def _statement(derivation: Derivation) -> str:
    if not derivation.proved:
        return "Not every line above is proved."
    hypotheses = dict.fromkeys(h for line in derivation.lines for h in line.verdict.hypotheses)
    needs = f" (where {', '.join(f'`{h}`' for h in hypotheses)})" if hypotheses else ""
    return f"Every line is proved equal to the derivative for all sizes{needs}."


__all__ = ["Derivation", "Solution", "solve_spec"]
