"""The nodes of a page for an answer: one numbered step a fact, and at the end what is proved."""

from __future__ import annotations

from collections.abc import Iterator

from symconv.answers.answer import Answer
from symconv.page.nodes import Display, Heading, Node, Paragraph, Step, Text, sentence


def nodes(answer: Answer) -> Iterator[Node]:
    """A section with the question as its head."""
    yield Heading(2, sentence(answer.question[:1].upper() + answer.question[1:]))
    for number, fact in enumerate(answer.facts, 1):
        body: list[Node] = [Display(fact.latex, fact.judged)]
        if fact.verdict is not None and not fact.verdict:
            body.append(Paragraph((Text(f"This line is not proved: {fact.verdict}"),)))
        yield Step(number, fact.rule, sentence(fact.hint), sentence(fact.reason), "", tuple(body))
    if any(fact.verdict is not None for fact in answer.facts):
        text = f"is proved {_scope(answer)}" if answer.proved else "is not proved in every case"
        yield Paragraph((Text(f"Every line that follows from another {text}."),))


def _scope(answer: Answer) -> str:
    """For all sizes, for those that the document states, or at its numbers."""
    verdicts = [fact.verdict for fact in answer.facts if fact.verdict is not None]
    if any(verdict.message.startswith("at the numbers") for verdict in verdicts):
        return "at the numbers given"
    return f"for {verdicts[-1].scope}"
