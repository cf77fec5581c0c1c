"""A worked solution and its page: a declaration block, what is given, and line by line the log of steps.

A line that is not proved says so.  The page is read back by `symconv verify` from the formats that it reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from symconv import answer_page
from symconv.answers.answer import Answer
from symconv.answers.numbers import from_first, latex_of_number, whole
from symconv.errors import UsageError
from symconv.needs import not_implied
from symconv.notation.display import parameters_shown
from symconv.page.formats import DRAWN, ENDINGS, refuse_unready, written
from symconv.page.markdown import MarkdownPrinter
from symconv.page.nodes import (
    Declaration,
    Display,
    Figure,
    Heading,
    Math,
    Node,
    Page,
    Paragraph,
    Program,
    Sentence,
    Table,
    Text,
    displays,
    sentence,
)
from symconv.proof.evaluate import World
from symconv.saving import refuse_target, save
from symconv.shown_numbers import Numbers
from symconv.specs import Spec
from symconv.stating import document_words
from symconv.symbols import Symbols, names_turned
from symconv.telling import holds_argmax, steps
from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined, Leaf, Tensor, ranges_of, requirements_of, sizes_in, tensors_in
from symconv.term.text import text_of_condition
from symconv.term.value import Entry, walk
from symconv.worked import Check, Derivation, Instance, gradient_entry
from symconv.write.latex import latex_of_call, latex_of_limit, latex_of_poly, latex_of_tensor, latex_of_value
from symconv.write.page import (
    declaration,
    intermediates,
    is_inner,
    is_nameless,
    latex_of_whole,
    others,
    upstream_letter,
)


@dataclass(frozen=True, slots=True)
class Solution:
    """A worked solution; `to_markdown()` is the page, and so is its display in a notebook."""

    spec: Spec
    output: Defined
    derivations: tuple[Derivation, ...]
    level: str = "full"
    answers: tuple[Answer, ...] = ()
    numbers: Numbers = field(default_factory=Numbers)
    given_sizes: Mapping[str, int] = field(default_factory=dict)

    @property
    def proved(self) -> bool:
        """Every line that is shown is proved."""
        return all(d.proved for d in self.derivations) and all(a.proved for a in self.answers)

    def page(self, pictures: bool = False, behind: Sequence[Node] = ()) -> Page:
        """The page before any format: `symconv.page.formats` writes it.

        pictures: with those drawn from its terms.  behind: what stands at the end.
        """
        return _page(self, pictures, behind)

    def title(self) -> Sentence:
        """The head of the document that asks, or what is asked for."""
        return _title(self)

    def given(self) -> Iterator[Node]:
        """The definitions and the conventions."""
        return _given(self)

    def declaration(self, body: Sequence[Node], helpers: bool = True) -> Declaration:
        """The block by which the nodes can be read; helpers: with the names that the derivations bring in."""
        return _declaration(self, body, helpers)

    def sizes(self) -> dict[str, int]:
        """Those of the instance, or those that were given."""
        return dict(self.derivations[0].instance.at) if self.derivations else dict(self.given_sizes)

    def letter(self) -> str:
        """The name of the upstream gradient."""
        return letter_of(self.output, self.spec.symbols)

    def to_markdown(self) -> str:
        return MarkdownPrinter().page(self.page())

    def save(self, path: str | Path, hints: bool = False, overwrite: bool = False) -> None:
        """Write the page to a file; the ending says how: .md, .tex, .html, .pdf or .ipynb.

        hints: each step stands behind its hint.  HTML, PDF and notebooks have the pictures.  Raises `UsageError` for
        another ending, and `OutputError` where the file exists (unless `overwrite`) or cannot be written.

        >>> import symconv as sc, tempfile
        >>> file = tempfile.mkdtemp() + "/answer.html"
        >>> sc.solve("conv1d", wrt="kernel").save(file)
        >>> open(file).read()[:15]
        '<!DOCTYPE html>'
        """
        ending, place, how = Path(path).suffix, f"save({str(path)!r})", "give overwrite=True to overwrite it"
        if ending not in ENDINGS:
            found = f"the ending {ending}" if ending else "no ending"
            raise UsageError(place, found, f"one of {', '.join(ENDINGS)}", "choose a name that ends so")
        refuse_target(str(path), overwrite, place, how)
        refuse_unready(ending)
        save(str(path), written(self.page(pictures=ending in DRAWN), ending, hints), overwrite, place, how)

    def pictures(self) -> tuple[Figure, ...]:
        """The pictures of the page, each with its SVG (`.svg`) and words for who does not see it (`.alt`).

        >>> import symconv as sc
        >>> [figure.alt[:26] for figure in sc.solve("conv1d", wrt="kernel").pictures()]
        ['X: 3 entries. F: 2 entries']
        """
        return tuple(node for node in self.page(pictures=True).body if isinstance(node, Figure))

    def _repr_markdown_(self) -> str:
        return self.to_markdown()

    def __repr__(self) -> str:
        names = ", ".join(f"by {d.tensor.name}" for d in self.derivations)
        asked = ", ".join(a.question.replace("$", "") for a in self.answers)
        scope = self.derivations[-1].lines[-1].verdict.scope if self.derivations else "all sizes"
        state = f"proved for {scope}" if self.proved else "not all proved"
        return f"<Solution of {self.spec.text} {', '.join(filter(None, (names, asked)))}: {state}>"


def letter_of(output: Tensor, symbols: Symbols) -> str:
    """How the upstream gradient is called where a fraction would be too long."""
    return symbols.upstream.get(output.name) or upstream_letter(output)


# -- the page ---------------------------------------------------------------------------------------


def _title(solution: Solution) -> Sentence:
    asked = [f"${latex_of_whole(d.gradient)}$" for d in solution.derivations]
    names = " and ".join(asked + [answer.question for answer in solution.answers])
    names = names[:1].upper() + names[1:]
    text, head = solution.spec.text, _head(solution.spec.document)
    title = (*sentence(names), *((Text(f" for {text}"),) if "\\" not in text else ()))
    return sentence(head) if head else title


def _page(solution: Solution, pictures: bool, behind: Sequence[Node]) -> Page:
    told = (Paragraph(sentence(text)) for text in document_words(solution.spec.document))
    body: list[Node] = [*told, *_given(solution)]
    for derivation in solution.derivations:
        body += _section(derivation, solution, {node for node in body if isinstance(node, Display)})
        if pictures and solution.level == "full" and not derivation.instance.refusal:
            body += _pictures(derivation, solution, body)
    for answer in solution.answers:
        body += answer_page.nodes(answer)
        if pictures and answer.drawn is not None:
            body += _picture(answer, answer.drawn, solution)
    body += _layers(solution, pictures)
    body += behind
    drawn = any(isinstance(node, Figure) for node in body)
    blocked = (_declaration(solution, body), *body)
    return Page(solution.title(), blocked, _program(solution), _script() if drawn else "")


def _script() -> str:
    from symconv.pictures.lighting import LIGHTING

    return LIGHTING


def _pictures(derivation: Derivation, solution: Solution, above: Sequence[Node]) -> Iterator[Node]:
    """Drawn at the sizes of the instance; what all gradients share is shown once."""
    from symconv import illustrating

    sizes = dict(derivation.instance.at)
    yield from (figure for figure in _of_output(solution, sizes) if figure not in above)
    yield from illustrating.of_gradient(solution.output, derivation.tensor, derivation.form, sizes)


def _of_output(solution: Solution, sizes: dict[str, int]) -> Iterator[Figure]:
    from symconv import illustrating

    upstream = solution.spec.symbols.gradient(solution.output.name)
    yield from illustrating.of_output(solution.output, sizes, solution.numbers, upstream)


def _picture(answer: Answer, drawn: Defined, solution: Solution) -> Iterator[Figure]:
    from symconv import illustrating

    if answer.numeric:
        yield from illustrating.of_numbers(drawn, solution.spec.symbols.values)
    else:
        yield from illustrating.of_matrix(drawn, dict(answer.at))


def _layers(solution: Solution, pictures: bool) -> Iterator[Node]:
    """The table of a network of which the extents of several layers are asked for, and its diagram."""
    asked = [q.tensors[0] for q in solution.spec.questions if q.what == "shape"]
    output = next((t for t in reversed(asked) if isinstance(t, Defined)), None)
    if len(asked) < 2 or output is None:
        return
    below = set(tensors_in(Entry(output, ())))
    by_formula = any(isinstance(t, Defined) and t.call is None for t in below)
    if by_formula or not set(asked) <= below:
        return
    from symconv.overview import summary

    head, *rows = summary(output).cells()
    yield Heading(2, (Text("All layers"),))
    cells = tuple(tuple((Text(cell.replace("_", " ")),) if cell else () for cell in row) for row in rows)
    yield Table(tuple((Text(cell),) for cell in head), cells)
    if pictures:
        from symconv import illustrating

        yield from illustrating.of_layers(output, {})


def _head(document: str) -> str:
    """The head of a document in Markdown, which names its page too."""
    first, *_ = document.lstrip().split("\n") or [""]
    return first.removeprefix("# ").strip() if first.startswith("# ") else ""


def _declaration(solution: Solution, body: Sequence[Node], helpers: bool = True) -> Declaration:
    shown = list(displays(body))
    ignored = [n for n, display in enumerate(shown, 1) if not display.judged]
    correlated = any(r"\operatorname{corr}" in display.latex for display in shown if display.judged)
    known = {name for name in solution.spec.symbols.turned.values() if names_turned(name)}
    named = [t for d in solution.derivations for t in d.named if helpers and t.name not in known]
    said = [line for answer in solution.answers for line in answer.declares]
    about = [t for answer in solution.answers for t in answer.about]
    lines = [*declaration(solution.output, named, ignored, correlated, _loss(solution), tuple(_symbol_lines(solution)))]
    lines[-1:-1] = [line for line in others(solution.output, about) if line not in lines]
    return Declaration(tuple(dict.fromkeys((*lines, *said))))


def _loss(solution: Solution) -> str:
    """The letter of the loss; none where no gradient is asked for."""
    asked = solution.derivations or any(q.what.startswith("rewrite") for q in solution.spec.questions)
    return solution.spec.symbols.loss if asked else ""


def _symbol_lines(solution: Solution) -> Iterator[str]:
    """What the page says of its symbols: names of gradients, and where indices begin."""
    symbols = solution.spec.symbols
    if symbols.base:
        yield f"base {symbols.base}"
    shown = {solution.output.name, *(d.tensor.name for d in solution.derivations)}
    for name in (name for name in symbols.upstream if name in shown and _loss(solution)):
        yield f"upstream {symbols.upstream[name]} = {name}"


def _program(solution: Solution) -> Program | None:
    """What solves the same again, where the SPEC is a text: an operation or a formula, no document and no tensor."""
    spec = solution.spec
    operation = not spec.document and spec.text.split()[0].isalnum() and spec.text != spec.output.name
    if (not operation and spec.document != spec.text) or not solution.derivations:
        return None
    (first, *others) = solution.derivations
    wrt = f", wrt={first.tensor.name!r}" if not others and len(spec.leaves) > 1 else ""
    level = "" if solution.level == "full" else f", level={solution.level!r}"
    call = f"sc.solve({spec.text!r}{wrt}{level})"
    return Program("python", f"import symconv as sc\n\nsolution = {call}\nprint(repr(solution))")


def _given(solution: Solution) -> Iterator[Node]:
    yield Heading(2, (Text("Given"),))
    shown = _defined(solution)
    yield from map(_definition, shown)
    yield from _operations(shown)
    yield from _shapes(solution, shown)
    yield Paragraph(sentence(_conventions(solution)))
    yield from _numbers_given(solution)


def _operations(shown: Sequence[Defined]) -> Iterator[Node]:
    """An entry of each operation that a definition shows without a name of its own."""
    inside = [v.tensor for t in shown for v in walk(t.body) if isinstance(v, Entry)]
    nameless = dict.fromkeys(t for t in inside if isinstance(t, Defined) and is_nameless(t))
    for tensor in nameless:
        left = latex_of_value(Entry(tensor, tuple(map(Poly.of, parameters_shown(tensor)[0]))))
        right = latex_of_tensor(replace(tensor, name="T", call=None)).partition(" = ")[2]
        yield Display(f"{left} = {right}", judged=False)


def _shapes(solution: Solution, shown: Sequence[Defined]) -> Iterator[Node]:
    """The extents of the data and of what is defined, where they are bounded."""
    data = [t for s in shown for t in tensors_in(Entry(s, ())) if isinstance(t, Leaf)]
    said = [rf"{latex_of_whole(t)} \in {_space(t)}" for t in dict.fromkeys((*data, *shown)) if _bounded(t)]
    if said and solution.derivations:
        yield Paragraph((Text("The shapes:"),))
        yield Display(r", \quad ".join(said) + ".", judged=False)


def _bounded(tensor: Tensor) -> bool:
    return all(a.bounded for a in tensor.axes)


def _space(tensor: Tensor) -> str:
    several = tensor.rank > 1
    extents = [rf"({text})" if several and terms > 1 else text for text, terms in map(_extent, tensor.shape)]
    return rf"\mathbb{{R}}^{{{r' @ '.join(extents)}}}".replace("@", r"\times") if extents else r"\mathbb{R}"


def _extent(extent: Poly) -> tuple[str, int]:
    return latex_of_poly(extent), extent.terms


def _numbers_given(solution: Solution) -> Iterator[Node]:
    """The numbers of the document, where it asks for a result at these."""
    asked = [t for a in solution.answers if a.numeric for t in a.about]
    data = dict.fromkeys(t for f in asked for t in tensors_in(Entry(f, ())) if isinstance(t, Leaf))
    if data:
        world = World({}, leaves={t.name: from_first(t, solution.spec.symbols.values[t.name]) for t in data})
        yield Paragraph((Text("The numbers:"),))
        for t in data:
            yield from (Display(display, judged=False) for display, _ in whole(t.name, t, world))


def _defined(solution: Solution) -> list[Defined]:
    """What the page speaks of, each after what it is made of."""
    asked = [t for answer in solution.answers for t in answer.about if isinstance(t, Defined) and not is_nameless(t)]
    first = [solution.output] if solution.derivations else []
    whole = [t for output in (*first, *asked, solution.output) for t in (*_made_first(output), output)]
    below = (t for output in whole for t in (*intermediates(output), output))
    return list({t.name: t for t in below if not is_inner(t)}.values())


def _made_first(tensor: Defined) -> Iterator[Defined]:
    """The operands of the operation, though its formula may not read them: the pooling whose places are used."""
    for operand in tensor.call.operands if tensor.call is not None else ():
        if isinstance(operand, Defined) and not is_nameless(operand):
            yield from _made_first(operand)
            yield operand


def _definition(tensor: Defined) -> Display:
    """The formula of an entry; the operation alone where a formula says less."""
    inner = any(is_inner(v.tensor) for v in walk(tensor.body) if isinstance(v, Entry))
    if tensor.call is not None and (inner or holds_argmax(tensor.body)):
        return Display(f"{tensor.name} = {latex_of_call(tensor)}", judged=False)
    return Display(latex_of_tensor(replace(tensor, call=None)))


def _section(derivation: Derivation, solution: Solution, above: set[Display]) -> Iterator[Node]:
    """above: what the page shows already."""
    yield Heading(2, sentence(f"The gradient by ${derivation.tensor.name}$"))
    yield from _places(derivation)
    yield from steps(derivation, solution.output, solution.level == "brief")
    yield Paragraph(sentence(_statement(derivation)))
    if solution.level == "full":
        yield from _instance(derivation.instance, above, solution)


def _places(derivation: Derivation) -> Iterator[Node]:
    """The entry that is looked for, and where its indices run."""
    free = ranges_of(derivation.gradient, derivation.gradient.parameters)
    limits = [latex_of_limit(r) for r in free if r.low is not None or r.high is not None]
    if limits:
        yield Paragraph((Text("We look for"),))
        yield Display(r", \quad ".join((gradient_entry(derivation), *limits)) + ".", judged=False)


def _instance(instance: Instance, above: set[Display], solution: Solution) -> Iterator[Node]:
    """Entries of the output, which all gradients share, are shown once."""
    yield Heading(3, (Text("An instance"),))
    if instance.refusal:
        yield Paragraph(sentence(f"No instance is shown: {instance.refusal}"))
        return
    shown, numbers = (tuple(Display(f, judged=False) for f in part) for part in (instance.displays, instance.numbers))
    at = f"With `{instance.sizes}`, and" if instance.sizes else "With"
    if "\\" in instance.sizes:  # a name that is no plain text
        at = "With these sizes, and"
        yield Display(_sizes_latex(instance.sizes, solution.output), judged=False)
    again = f", ${solution.output.name}$ as above" if above & {*shown, *numbers} else ""
    letter = letter_of(solution.output, solution.spec.symbols)
    upstream = f"{at} ${letter}$ for the upstream gradient{again}:"
    alone = f"{at.removesuffix(', and')}{again.replace(',', ' and', 1)}:" if again else f"{at.removesuffix(', and')}:"
    yield Paragraph(sentence(upstream if solution.output.rank else alone))
    yield from (display for display in shown if display not in above)
    if numbers:
        yield Paragraph(sentence("Which entry is the greatest depends on the numbers. At these:"))
    yield from (display for display in numbers if display not in above)
    if instance.check is not None:
        yield from _check(instance.check, above | set(numbers), solution)


def _check(check: Check, above: set[Display], solution: Solution) -> Iterator[Node]:
    """The numbers that are not on the page yet, and a table of the two ends."""
    loss, (entry, derivative) = solution.spec.symbols.loss, check.derivative
    numbers = [Display(f, judged=False) for f in check.numbers]
    new = [display for display in numbers if display not in above]
    yield Heading(3, (Text("A check with numbers"),))
    total = f", and let ${loss}$ be the sum of its entries times those of the output" if solution.output.rank else ""
    letter = letter_of(solution.output, solution.spec.symbols)
    of_upstream = f"; ${letter}$ is the upstream gradient{total}" if total else ""
    as_above = "" if len(new) == len(numbers) else ", what is not shown again as above"
    yield Paragraph(sentence(f"Take these numbers{as_above}{of_upstream}. Let ${check.entry}$ grow by 1:"))
    yield from new
    rows = [((Math(latex_of_number(at)),), (Math(latex_of_number(value)),)) for at, value in check.ends]
    yield Table(((Math(check.entry),), (Math(loss),)), tuple(rows))
    yield Paragraph(sentence(f"${loss}$ grows by as much as the last line gives at these numbers:"))
    yield Display(f"{entry} = {latex_of_number(derivative)}", judged=False)


def _sizes_latex(sizes: str, output: Defined) -> str:
    """`n = 3, m_{\\hat y} = 2` as a formula."""
    known = {s.name: latex_of_poly(Poly.atom(s)) for s in sizes_in(Entry(output, ()))}
    pairs = [part.split(" = ") for part in sizes.split(", ")]
    return r", \quad ".join(f"{known[name]} = {number}" for name, number in pairs)


def _conventions(solution: Solution) -> str:
    entry = Entry(solution.output, tuple(map(Poly.of, solution.output.parameters)))
    needs = [f"`{text_of_condition(c)}`" for c in not_implied(requirements_of(entry))]
    loss = _loss(solution)
    role = "a scalar that depends on the output alone" if solution.output.rank else "this output"
    of_loss = f"; ${loss}$ is {role}" if loss else ""
    text = f"Indices begin at {solution.spec.symbols.base}; entries outside a tensor count as 0{of_loss}."
    return text + (f" Needed: {', '.join(needs)}." if needs else "")


def _statement(derivation: Derivation) -> str:
    if not derivation.proved:
        return "Not every line above is proved."
    known = {text_of_condition(c): c for line in derivation.lines for c in requirements_of(line.step.value)}
    entry = Entry(derivation.gradient, tuple(map(Poly.of, derivation.gradient.parameters)))
    known |= {text_of_condition(c): c for c in requirements_of(entry)}
    used = dict.fromkeys(h for line in derivation.lines for h in line.verdict.hypotheses)
    implied = {known[h] for h in used if h in known} - set(not_implied([known[h] for h in used if h in known]))
    hypotheses = [h for h in used if known.get(h) not in implied]
    needs = f" (where {', '.join(f'`{h}`' for h in hypotheses)})" if hypotheses else ""
    return f"Every line is proved equal to the derivative for {derivation.lines[-1].verdict.scope}{needs}."


__all__ = ["Solution", "letter_of"]
