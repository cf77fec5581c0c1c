"""A worked solution as a page: Markdown with LaTeX, readable by `symconv verify`.

The page begins with a declaration block and goes line by line through the log
of steps; a line that is not proved says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from symconv.calculus.derivation import Step
from symconv.calculus.form import guard_of
from symconv.notation.display import shown
from symconv.proof.implication import Knowledge
from symconv.proof.verdict import Verdict
from symconv.specs import Spec
from symconv.term.polynomial import Application, Atom, Poly, Quotient, Remainder
from symconv.term.tensor import Defined, Tensor, requirements_of, tensors_in
from symconv.term.text import text_of_condition
from symconv.term.value import Condition, Entry, Sum, Value, own_polys, walk
from symconv.write.latex import latex_of_call, latex_of_poly, latex_of_tensor, latex_of_value
from symconv.write.page import declaration, definable, intermediates, readable, sentence

BRIEF = ("chain rule", "change of variable", "closed form")


@dataclass(frozen=True, slots=True)
class Line:
    """A step with the verdict that its value is the gradient, for all sizes."""

    step: Step
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Instance:
    """Small sizes, and displays of all entries there; numbers where entries alone say too little; or why not."""

    sizes: str
    displays: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Derivation:
    """The gradient by one tensor: its lines, its closed form, and a small instance."""

    tensor: Tensor
    gradient: Defined
    lines: tuple[Line, ...]
    form: Defined | None
    named: tuple[Defined, ...]
    instance: Instance

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
        """Every line that is shown is proved."""
        return all(d.proved for d in self.derivations)

    def to_markdown(self) -> str:
        return "\n".join(_page(self)) + "\n"

    def _repr_markdown_(self) -> str:
        return self.to_markdown()

    def __repr__(self) -> str:
        names = ", ".join(d.tensor.name for d in self.derivations)
        scope = self.derivations[-1].lines[-1].verdict.scope
        state = f"proved for {scope}" if self.proved else "not all proved"
        return f"<Solution of {self.spec.text} by {names}: {state}>"


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
        for tensor in (*intermediates(self.solution.output), self.solution.output):
            self.display(latex_of_tensor(replace(tensor, call=None)))
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
        if self.solution.level == "full":
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
        instance = derivation.instance
        self.text("### An instance")
        if instance.refusal:
            self.text(f"No instance is shown: {instance.refusal}")
            return
        at = f"With `{instance.sizes}`, and" if instance.sizes else "With"
        self.text(f"{at} $G$ for the upstream gradient:")
        for formula in instance.displays:
            self.display(formula, False)
        if instance.numbers:
            self.text("Which entry is the greatest depends on the numbers. At these:")
        for formula in instance.numbers:
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
        f"${letters.get(name, name)} = {latex_of_poly(place.substitute(images))}$"
        for name, place in line.step.picked
        if not _winners(place)
    ]
    return f" Here {', '.join(pairs)}." if pairs else ""


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
    return any(_winners(p) for v in walk(value) for p in own_polys(v))


def _winners(poly: Poly) -> list[Atom]:
    """The places of maxima in a position: a block has no words for them."""
    return [a for a in poly.all_atoms() if isinstance(a, Application)]


def _conventions(solution: Solution) -> str:
    entry = Entry(solution.output, tuple(map(Poly.of, solution.output.parameters)))
    needs = [f"`{text_of_condition(c)}`" for c in _not_implied(requirements_of(entry))]
    loss = "$L$ is a scalar that depends on the output alone" if solution.output.rank else "$L$ is this output"
    text = f"Indices begin at 0; entries outside a tensor count as 0; {loss}."
    return text + (f" Needed: {', '.join(needs)}." if needs else "")


def _not_implied(conditions: Iterable[Condition]) -> list[Condition]:
    """The conditions that do not follow from those before and behind them; of two alike the first stays."""
    kept = list(dict.fromkeys(conditions))
    for condition in reversed(kept):
        others = [c for c in kept if c is not condition]
        if condition.kind == "ge" and _follows(condition, others):
            kept = others
    return kept


def _follows(condition: Condition, others: list[Condition]) -> bool:
    """With what is known of quotients: 0 <= a - b * (a div b) < b."""
    guards = [guard_of(c) for c in others if c.kind != "ne"]
    atoms = {a for c in (condition, *others) for a in c.poly.all_atoms()}
    for atom in sorted((a for a in atoms if isinstance(a, Quotient)), key=str):
        rest = atom.numerator - atom.denominator * Poly.atom(atom)
        if isinstance(atom, Remainder):
            rest = Poly.atom(atom)
        guards += [guard_of(Condition("ge", rest)), guard_of(Condition("ge", atom.denominator - 1 - rest))]
    return Knowledge(guards).entails(guard_of(condition)) is not None


def _entry_latex(derivation: Derivation) -> str:
    leaf = derivation.tensor
    return latex_of_value(Entry(leaf, tuple(map(Poly.of, derivation.gradient.parameters)))) if leaf.rank else leaf.name


def _statement(derivation: Derivation) -> str:
    if not derivation.proved:
        return "Not every line above is proved."
    known = {text_of_condition(c): c for line in derivation.lines for c in requirements_of(line.step.value)}
    entry = Entry(derivation.gradient, tuple(map(Poly.of, derivation.gradient.parameters)))
    known |= {text_of_condition(c): c for c in requirements_of(entry)}
    used = dict.fromkeys(h for line in derivation.lines for h in line.verdict.hypotheses)
    implied = {known[h] for h in used if h in known} - set(_not_implied([known[h] for h in used if h in known]))
    hypotheses = [h for h in used if known.get(h) not in implied]
    needs = f" (where {', '.join(f'`{h}`' for h in hypotheses)})" if hypotheses else ""
    return f"Every line is proved equal to the derivative for {derivation.lines[-1].verdict.scope}{needs}."


__all__ = ["Derivation", "Instance", "Line", "Solution", "latex_of_whole"]
