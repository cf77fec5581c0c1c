"""An exercise: the problem of a solution without its answers, and the key that holds them.

A sheet asks with question marks: `F = ?`.  Whoever writes a formula or numbers in their place lets `symconv verify`
judge them, for the block on the sheet declares all that a formula may speak of.  The second part asks the same at
numbers, under a block of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain

from symconv.answers.answer import Fact
from symconv.answers.numbers import places, whole
from symconv.calculus.gradient import gradient
from symconv.checking import RATIONAL
from symconv.page.nodes import Declaration, Display, Heading, Node, Page, Paragraph, Text, sentence
from symconv.proof.evaluate import World
from symconv.shown_numbers import Numbers
from symconv.solution import Solution
from symconv.stating import document_words, operation_words
from symconv.telling import judged_alone
from symconv.term.fixing import at_sizes
from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined, Leaf, Tensor, sizes_in, tensors_in
from symconv.term.value import Apply, Entry, Position, walk
from symconv.worked import Derivation, gradient_entry
from symconv.write.latex import latex_of_tensor, latex_of_value
from symconv.write.page import declaration, intermediates, latex_of_whole, others, sayable

MOST = 36  # entries of a tensor that is worked out by hand


@dataclass(frozen=True, slots=True)
class Blank:
    """What is asked for: `left = ?` on the sheet, and on the key `left = right`."""

    words: str
    left: str
    right: str


@dataclass(frozen=True, slots=True)
class Example:
    """The problem at numbers: its block, what is given, and what is asked for."""

    lines: tuple[str, ...]
    sizes: str
    upstream: str
    given: tuple[str, ...]
    defined: tuple[str, ...]
    blanks: tuple[Blank, ...]


@dataclass(frozen=True, slots=True)
class Exercise:
    """The sheet, and the solution with the answers to it.

    >>> from symconv.solving import solve_spec
    >>> made = exercise_of(solve_spec("conv1d", sizes={"H": 4, "r": 2}))
    >>> [blank.left for blank in made.blanks]
    ['\\\\frac{\\\\partial L}{\\\\partial K_{a}}', '\\\\frac{\\\\partial L}{\\\\partial X_{a}}']
    """

    solution: Solution
    blanks: tuple[Blank, ...]
    example: Example | None

    def sheet(self, read_back: bool = True) -> Page:
        """The problem: in words, what is given, what to find; read_back: and how it is checked, where it can be."""
        solution = self.solution
        body: list[Node] = [
            *_story(solution),
            *solution.given(),
            Heading(2, (Text("Find"),)),
            *_asked(self.blanks, solution),
        ]
        if self.example is not None:
            body += _with_numbers(self.example, solved=False)
        if read_back and (self.blanks or self.example is not None):
            body += _checking()
        title = (Text("Exercise: "), *solution.title())
        return Page(title, (solution.declaration(body, helpers=False), *body))

    def key(self, pictures: bool = False) -> Page:
        """The worked solution, and the answers at the numbers of the sheet."""
        behind = () if self.example is None else tuple(_with_numbers(self.example, solved=True))
        return self.solution.page(pictures, behind)


def exercise_of(solution: Solution) -> Exercise:
    """The exercise that a solution answers, at the sizes and numbers of its instance."""
    blanks = chain(
        (blank for derivation in solution.derivations for blank in _gradient_blanks(solution, derivation)),
        (_fact_blank(fact) for answer in solution.answers for fact in answer.facts if _asks(fact)),
    )
    return Exercise(solution, tuple(blanks), _example(solution))


def _story(solution: Solution) -> Iterator[Node]:
    """The words of the document that asks; of an operation what it does, and what is wanted of it."""
    told = list(document_words(solution.spec.document))
    if told:
        yield from (Paragraph(sentence(text)) for text in told)
        return
    words = " ".join(operation_words(solution.output))
    output, loss = solution.output.name, solution.spec.symbols.loss
    after = f"A loss ${loss}$ depends on the output ${output}$ alone. " if solution.output.rank else ""
    by = " and by ".join(f"${d.tensor.name}$" for d in solution.derivations)
    yield Paragraph(sentence(f"{words} {after}Derive the gradient by {by}.".strip()))


# -- for all sizes -------------------------------------------------------------------------------


def _gradient_blanks(solution: Solution, derivation: Derivation) -> Iterator[Blank]:
    """The entry of the gradient, where a document has words for it."""
    lines = [line for line in derivation.lines if judged_alone(line, derivation, solution.output)]
    if lines:
        words = f"the derivative of ${solution.spec.symbols.loss}$ by an entry of ${derivation.tensor.name}$"
        yield Blank(words, gradient_entry(derivation), latex_of_value(lines[-1].step.value))


def _asks(fact: Fact) -> bool:
    return fact.judged and bool(fact.asks)


def _fact_blank(fact: Fact) -> Blank:
    left, _, right = fact.latex.partition(" = ")
    return Blank(fact.asks, left, right)


def _asked(blanks: tuple[Blank, ...], solution: Solution) -> Iterator[Node]:
    asked = {blank.left for blank in blanks}
    unsaid = [d for d in solution.derivations if gradient_entry(d) not in asked]
    for blank in blanks:
        yield Paragraph(sentence(f"{blank.words[:1].upper()}{blank.words[1:]}:"))
        yield Display(f"{blank.left} = ?")
    for derivation in unsaid:
        yield Paragraph(sentence(f"In words: how does ${latex_of_whole(derivation.gradient)}$ come about?"))


# -- at numbers ----------------------------------------------------------------------------------


def _example(solution: Solution) -> Example | None:
    """The problem at the sizes of the instance; none where a value would be no fraction, or too many are asked for."""
    sizes = solution.sizes()
    moved = at_sizes(solution.output, sizes)
    if not solution.derivations:
        return _counted(solution, moved, sizes)
    if not isinstance(moved, Defined) or not _by_hand(moved):
        return None
    leaves = [t for t in tensors_in(Entry(moved, ())) if isinstance(t, Leaf)]
    upstream = Leaf(solution.letter(), moved.axes) if moved.rank else None
    axes = World({})
    every = [*leaves, *([] if upstream is None else [upstream])]
    drawn = {solution.letter(): solution.spec.symbols.gradient(moved.name)}  # as the instance on the key draws them
    given = {t.name: _numbers(solution.numbers, drawn.get(t.name, t.name), places(t, axes)) for t in every}
    world = World({}, leaves=given)
    asked = [(moved.name, moved)]
    for derivation in solution.derivations:
        leaf = next(t for t in tensors_in(Entry(moved, ())) if t.name == derivation.tensor.name)
        made = replace(gradient(moved, leaf, upstream), name=derivation.gradient.name)
        asked.append((latex_of_whole(made), made))
    blanks = tuple(blank for left, tensor in asked for blank in _number_blanks(left, tensor, world))
    shown = tuple(display for t in every for display, _ in whole(t.name, t, world))
    unsaid = (t for t in (*intermediates(moved), moved) if t.call is None or not sayable(t))
    formulas = tuple(latex_of_tensor(replace(t, call=None)) for t in unsaid)
    return Example(
        tuple(_block(solution, moved, upstream, given)),
        _said(sizes),
        solution.letter() if moved.rank else "",
        shown,
        formulas,
        blanks,
    )


def _counted(solution: Solution, moved: Tensor, sizes: Mapping[str, int]) -> Example | None:
    """Sizes and counts at numbers, where the question leaves sizes open."""
    facts = [fact for answer in solution.answers for fact in answer.facts if fact.value is not None]
    asked = [t for answer in solution.answers for t in answer.about]
    if (
        not isinstance(moved, Defined)
        or not sizes
        or not facts
        or any(sizes_in(Entry(t, ())) for t in _fixed(asked, sizes))
    ):
        return None
    blanks = []
    for fact in facts:
        number = at_sizes(_alone(fact.value), sizes)
        left, _, _ = fact.latex.partition(" = ")
        blanks.append(Blank(fact.asks, left, latex_of_value(number.body) if isinstance(number, Defined) else ""))
    lines = [*declaration(moved, [], [], False, "")]
    lines += [line for line in others(moved, _fixed(asked, sizes)) if line not in lines]
    lines += dict.fromkeys(line for answer in solution.answers for line in answer.declares if line not in lines)
    unsaid = (t for t in (*intermediates(moved), moved) if t.call is None or not sayable(t))
    formulas = tuple(latex_of_tensor(replace(t, call=None)) for t in unsaid)
    return Example(tuple(lines), _said(sizes), "", (), formulas, tuple(blanks))


def _fixed(tensors: Sequence[Tensor], sizes: Mapping[str, int]) -> list[Tensor]:
    return [at_sizes(t, sizes) for t in tensors]


def _alone(value: Poly | None) -> Defined:
    """A number as a tensor without axes, so that sizes can be put into it."""
    return Defined("number", (), (), Position(value or Poly.of(0)))


def _by_hand(output: Defined) -> bool:
    """Few entries, all of them fractions of fractions, at sizes that are numbers."""
    if sizes_in(Entry(output, ())):
        return False
    values = [output.body, *(t.body for t in tensors_in(output.body) if isinstance(t, Defined))]
    applied = {v.function.name for value in values for v in walk(value) if isinstance(v, Apply)}
    tensors = [output, *(t for t in tensors_in(output.body) if isinstance(t, Leaf))]
    bounded = all(a.bounded for t in tensors for a in t.axes)
    return applied <= set(RATIONAL) and bounded and all(0 < len(places(t, World({}))) <= MOST for t in tensors)


def _numbers(numbers: Numbers, name: str, every: list[tuple[int, ...]]) -> dict[tuple[int, ...], Fraction]:
    return dict(zip(every, map(Fraction, numbers.of(name, len(every))), strict=True))


def _number_blanks(left: str, tensor: Defined, world: World) -> Iterator[Blank]:
    """The whole tensor, or its first and last entry where it has more axes than a page."""
    found = list(whole(left, tensor, world))
    if all(judged for _, judged in found) and len(found) == 1:
        _, _, right = found[0][0].partition(" = ")
        yield Blank(f"${left}$ at these numbers", left, right)
        return
    every = places(tensor, world)
    for place in dict.fromkeys((every[0], every[-1])):
        entry = latex_of_value(Entry(replace(tensor, call=None), tuple(map(Poly.of, place))))
        ((display, _),) = whole(entry, _single(tensor, place), world)
        yield Blank(f"${entry}$ at these numbers", entry, display.partition(" = ")[2])


def _single(tensor: Defined, place: tuple[int, ...]) -> Defined:
    """One entry as a tensor without axes."""
    return Defined(tensor.name, (), (), Entry(tensor, tuple(map(Poly.of, place))))


def _block(
    solution: Solution, output: Defined, upstream: Leaf | None, given: Mapping[str, Mapping[tuple[int, ...], Fraction]]
) -> Iterator[str]:
    """The block of the second part: sizes are numbers, and so are the data."""
    symbols = solution.spec.symbols
    said = [f"base {symbols.base}"] if symbols.base else []
    if upstream is not None:
        said.append(f"upstream {upstream.name} = {output.name}")
    said += [f"upstream {name} = {tensor}" for tensor, name in symbols.upstream.items() if tensor != output.name]
    shown = latex_of_tensor(replace(output, call=None))
    yield from declaration(output, [], [], r"\operatorname{corr}" in shown, symbols.loss, said)
    for name, entries in given.items():
        yield f"value {name} = {_listed(list(entries), list(entries.values()))}"


def _listed(every: list[tuple[int, ...]], numbers: list[Fraction]) -> str:
    """Lists in lists: `[[1, 2], [3, 4]]`."""
    if not every[0]:
        return str(numbers[0])
    firsts = list(dict.fromkeys(at[0] for at in every))
    parts = []
    for first in firsts:
        chosen = [n for n, at in enumerate(every) if at[0] == first]
        parts.append(_listed([every[n][1:] for n in chosen], [numbers[n] for n in chosen]))
    return f"[{', '.join(parts)}]"


def _said(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{name} = {number}" for name, number in sizes.items())


def _with_numbers(example: Example, solved: bool) -> Iterator[Node]:
    yield Heading(2, (Text("With numbers"),))
    yield Declaration(example.lines)
    sizes = f"With `{example.sizes}`, let" if example.sizes and "\\" not in example.sizes else "Let"
    if not example.given:
        yield Paragraph(sentence(f"With `{example.sizes}`:"))
        yield from map(Display, example.defined)
        yield from (Display(f"{b.left} = {b.right if solved else '?'}") for b in example.blanks)
        return
    named = f"; ${example.upstream}$ is the upstream gradient" if example.upstream else ""
    yield Paragraph(sentence(f"{sizes} these be the numbers{named}:"))
    yield from (Display(display, judged=False) for display in example.given)
    yield from map(Display, example.defined)
    yield Paragraph((Text("Then:" if solved else "Work out:"),))
    for blank in example.blanks:
        yield Display(f"{blank.left} = {blank.right}" if solved else f"{blank.left} = ?")


def _checking() -> Iterator[Node]:
    yield Heading(2, (Text("Check"),))
    yield Paragraph(
        sentence(
            "Write a formula, a number, a list `[1, 2]` or a matrix in the place of each question mark. "
            "`symconv verify` on this file then says which answers are proved, and where a wrong one fails first."
        )
    )


__all__ = ["Blank", "Example", "Exercise", "exercise_of"]
