"""The steps of a derivation as nodes of a page: reason, fact, line, and the smaller steps that fold.

A tensor is defined before the first line that shows it.  In brief the lines that follow from others by rote are left
out: what remains is the chain rule, the sum that the brackets leave, and the closed form.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from symconv.hints import advice
from symconv.notation.display import shown
from symconv.page.nodes import Display, Math, Node, Paragraph, Sentence, Step, Table, Text, sentence
from symconv.reasons import changes, factors_of, in_brief, reason, rule_of
from symconv.term.polynomial import Application, Poly
from symconv.term.substitution import replace_tensors, substitute
from symconv.term.tensor import Call, Defined, Leaf, Tensor, tensors_in
from symconv.term.value import Entry, Range, Sum, Value, own_polys, walk
from symconv.worked import Derivation, Line, gradient_entry
from symconv.write.latex import latex_of_call, latex_of_poly, latex_of_tensor, latex_of_value
from symconv.write.page import definable, latex_of_whole, readable

INDEX_FORMS = ("pick", "one window", "zero-stuffing", "like terms", "by name")  # what the brackets leave
TRIVIAL = ("like terms",)
FACTS = ("stride", "dilation", "groups")  # options that the general fact of a correlation does not speak of


def steps(derivation: Derivation, output: Defined, brief: bool) -> Iterator[Step]:
    """The lines that are shown, numbered, each behind the definitions that it needs."""
    defined: set[Tensor] = set()
    chosen = _main(derivation.lines) if brief else list(derivation.lines)
    for number, line in enumerate(chosen, 1):
        before = _before(line, derivation)
        rule = rule_of(line.step, before)
        told = advice(rule, _done(derivation))
        body = [*_definitions(line, derivation, defined), *_displays(line, derivation, output)]
        why = (in_brief if brief else reason)(line.step, before, derivation, output)
        inner = () if brief else tuple(_inner(line, before, derivation, output))
        fact = told.fact if rule != "closed form" else _fact(derivation, told.fact)
        if brief and rule not in ("zero-stuffing", "closed form"):
            fact = ""
        yield Step(number, rule, sentence(told.hint), sentence(why), fact, tuple(body), inner, rule in TRIVIAL)


def _main(lines: Sequence[Line]) -> list[Line]:
    """The first, the last of those that the brackets leave, and the last."""
    left = [line for line in lines if line.step.rule in INDEX_FORMS]
    kept = [lines[0], *left[-1:], lines[-1]]
    return [line for n, line in enumerate(kept) if line not in kept[:n]]


def _before(line: Line, derivation: Derivation) -> Value | None:
    n = derivation.lines.index(line)
    return derivation.lines[n - 1].step.value if n else None


def _done(derivation: Derivation) -> set[str]:
    """Whether the derivation pads, turns or correlates: facts are told of what it does."""
    form, calls = derivation.form, [t.call for t in derivation.named if t.call is not None]
    if form is None or form.call is None:
        return set()
    done = {call.operation for call in calls}
    done |= {"turn"} if any(isinstance(t, Defined) and _turns(t) for t in form.call.operands) else set()
    return done | ({"correlate"} if form.call.operation == "correlate" else set())


def _turns(tensor: Defined) -> bool:
    return tensor.call is not None and tensor.call.operation == "rot180"


# -- the line --------------------------------------------------------------------------------


def _displays(line: Line, derivation: Derivation, output: Defined) -> Iterator[Node]:
    value, form = line.step.value, derivation.form
    judged = _judged(value, derivation, output)
    if line.step.rule == "closed form" and form is not None:
        whole = latex_of_whole(derivation.gradient)
        yield Display(f"{whole} = {latex_of_call(form)}", judged and readable(form))
    else:
        yield Display(f"{gradient_entry(derivation)} = {latex_of_value(value)}", judged)
    if not line.proved:
        yield Paragraph((Text(f"This line is not proved: {line.verdict}"),))


def _definitions(line: Line, derivation: Derivation, defined: set[Tensor]) -> Iterator[Display]:
    """The tensors with names of their own that the line is the first to show, and those that these are made of."""
    below = set(tensors_in(line.step.value))
    for tensor in derivation.named:
        if tensor in below and tensor not in defined:
            defined.add(tensor)
            yield Display(f"{latex_of_whole(tensor)} = {latex_of_call(tensor, rows=True)}", judged=False)


def _judged(value: Value, derivation: Derivation, output: Defined) -> bool:
    """Whether a declaration block has words for all that the line shows."""
    unsaid = [t for t in derivation.named if not definable(output, t)]
    read = all(readable(t) for t in _below(value)) and not holds_argmax(value)
    return read and output.rank > 0 and not any(t in set(tensors_in(value)) for t in unsaid)


def judged_alone(line: Line, derivation: Derivation, output: Defined) -> bool:
    """Whether a document that declares the problem alone can state the line, and whether the line is an answer."""
    helpers = [t for t in tensors_in(line.step.value) if t in derivation.named or "(" in t.name]
    early = line.step.rule in ("chain rule", "derivative inside the sums")
    return not early and not helpers and _judged(line.step.value, derivation, output)


def _below(value: Value) -> list[Tensor]:
    """The tensors that a line shows by their operation."""
    return [v.tensor for v in walk(value) if isinstance(v, Entry) and "(" in v.tensor.name]


def holds_argmax(value: Value) -> bool:
    """A position that a maximum decides about: a block has no words for it."""
    return any(isinstance(a, Application) for v in walk(value) for p in own_polys(v) for a in p.all_atoms())


# -- what folds ------------------------------------------------------------------------------


def _inner(line: Line, before: Value | None, derivation: Derivation, output: Defined) -> Iterator[Node]:
    left = gradient_entry(derivation)
    for small in line.inner:
        yield Paragraph(sentence(reason(small.step, before, derivation, output)))
        yield Display(f"{left} = {latex_of_value(small.step.value)}", judged=False)
        before = small.step.value
    if line.inner:
        yield Paragraph((Text("And so the line above."),))
    if line.step.rule == "change of variable" and before is not None:
        yield from _substitution(before, line.step.value)
    if line.step.rule in ("names", "zero-stuffing", "change of variable"):
        yield from _entries(line, before, derivation)


def _substitution(before: Value, after: Value) -> Iterator[Node]:
    """The limits and the factors, before and after a change of variable."""
    made = changes(before, after)
    if not any(c.turned for c in made):
        return
    first = shown(before)
    images = {c.old.name: c.place for c in made}
    rows = [(_limits(c.old), _limits(c.new)) for c in made]
    for factor in factors_of(first.body if isinstance(first, Sum) else first):
        rows.append(((Math(latex_of_value(factor)),), (Math(latex_of_value(substitute(factor, images))),)))
    yield Table(((Text("Before"),), (Text("After"),)), tuple(rows))


def _limits(r: Range) -> Sentence:
    """In words: a document that is read back takes a formula with a relation for a claim."""
    ends = [Poly.of(0) if end is None else end for end in (r.low, r.high)]
    low, high = (Math(latex_of_poly(end)) for end in ends)
    return Math(r.name), Text(" from "), low, Text(" to "), high


def _entries(line: Line, before: Value | None, derivation: Derivation) -> Iterator[Node]:
    """An entry of each tensor that the line brings in, by what it is made of."""
    known = set() if before is None else set(tensors_in(before))
    new = [t for t in _shown(line.step.value) if t not in known]
    if new:
        yield Paragraph((Text("An entry of what is new here, outside which there are zeros:"),))
    for tensor in new:
        yield Display(_by_entry(tensor), judged=False)


def _shown(value: Value) -> list[Defined]:
    """Tensors that a line shows by a name or an operation, what is inside first."""
    found: dict[Defined, None] = {}

    def visit(tensor: Tensor) -> None:
        call = tensor.call if isinstance(tensor, Defined) else None
        if isinstance(tensor, Defined) and call is not None and call.operation != "gradient":
            for operand in call.operands:
                visit(operand)
            found[tensor] = None

    for entry in walk(value):
        if isinstance(entry, Entry):
            visit(entry.tensor)
    return list(found)


def _by_entry(tensor: Defined) -> str:
    """`(rot180(K))_{u} = K_{r-u-1}`."""
    index = tuple(map(Poly.of, tensor.parameters))
    right = latex_of_tensor(replace(tensor, name="T", call=None)).partition(" = ")[2]
    return f"{latex_of_value(Entry(tensor, index))} = {right}"


def _fact(derivation: Derivation, usual: str) -> str:
    """The formula of the operation that the closed form names, where it is not the usual one of a correlation."""
    form = derivation.form
    call = form.call if form is not None else None
    if form is None or call is None or call.operation not in ("correlate", "depthwise", "correlate_pairs"):
        return usual if call is not None and call.operation == "convolve" else ""
    options = [name for name, value in call.options if name in FACTS and not _is_one(value)]
    if call.operation == "correlate" and not options and form.rank < 3:
        return usual
    leaves: dict[Tensor, Tensor] = {t: Leaf(n, t.axes) for t, n in zip(call.operands, "AB", strict=False)}
    made = replace(form, body=replace_tensors(form.body, leaves), name="T", call=None)
    named = replace(form, call=Call(call.operation, tuple(leaves[t] for t in call.operands), call.options))
    left, _, right = latex_of_tensor(made).partition(" = ")
    return f"\\left({latex_of_call(named)}\\right){left.removeprefix('T')} = {right}"


def _is_one(value: object) -> bool:
    return all(map(_is_one, value)) if isinstance(value, tuple) else value == 1


__all__ = ["holds_argmax", "judged_alone", "steps"]
