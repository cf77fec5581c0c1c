"""The catalogue of rules: a rule's docstring is the rule, and so the catalogue is read off the code.

Three directives, one a set of rules: of a written derivation, of the moves behind its lines, and of a proof.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

from _ext.gallery import EXERCISES, documents, page_name, solution
from _ext.mathematics import framed
from _ext.parts import docstring, paragraph, raw, section, table
from symconv.calculus import rewriting
from symconv.hints import BY_RULE, Advice
from symconv.page.document import displayed
from symconv.page.html import HtmlPrinter
from symconv.page.nodes import Paragraph, Step, Text, inside
from symconv.page.plain import plain
from symconv.proof.check import RULES
from symconv.proof.trace import Trace

_VALUES = ("Value", "Value | None", "Sum", "tuple[Value, list[tuple[str, Poly]]]")


class DerivationRules(Directive):
    """Each rule of a worked solution: the question before it, the fact that it uses, a step of the gallery."""

    def run(self) -> list[nodes.Node]:
        return [self._rule(name, advice) for name, advice in BY_RULE.items()]

    def _rule(self, name: str, advice: Advice) -> nodes.section:
        body: list[nodes.Node] = [paragraph(advice.hint, "question")]
        if advice.instead:
            body.append(paragraph(f"Where there is nothing to {advice.needs}: {advice.instead}", "question"))
        if advice.fact:
            body.append(raw(framed(f'<div class="used">{displayed(advice.fact)}</div>')))
        for path, step in list(_uses(name))[:1]:
            body.append(_origin(path))
            body.append(raw(framed(*HtmlPrinter().body((Paragraph(step.reason), *step.body)))))
        return section(self, (Text(name[:1].upper() + name[1:]),), *body)


def _uses(rule: str) -> Iterator[tuple[str, Step]]:
    """The steps of the gallery by this rule, each with the exercise that it solves, the shortest first."""
    steps = (
        (path, below)
        for path in documents(EXERCISES)
        for node in solution(path).body
        for below in inside(node)
        if isinstance(below, Step) and below.rule == rule
    )
    yield from sorted(steps, key=lambda use: len(HtmlPrinter().step(use[1])))


def _origin(path: str) -> nodes.paragraph:
    title = plain(solution(path).title)
    link = nodes.reference("", title, refuri=f"gallery/{page_name(path)}.html", internal=True)
    return nodes.paragraph("", "For example, in ", link, nodes.Text(":"))


class RewritingRules(Directive):
    """Each move of `symconv.calculus.rewriting`, from one value to an equal one."""

    def run(self) -> list[nodes.Node]:
        rows = [(_code(f.__name__.lstrip("_")), paragraph(docstring(f), "rule")) for f in _moves()]
        return [table(("move", "rule"), rows, "rules")]


def _moves() -> Iterator[FunctionType]:
    for thing in vars(rewriting).values():
        if inspect.isfunction(thing) and thing.__module__ == rewriting.__name__ and thing.__doc__:
            returns = thing.__annotations__.get("return")
            if returns in _VALUES:
                yield thing


class ProofRules(Directive):
    """Each rule of a proof, as the prover applies it and as the checker, in words of its own, replays it."""

    def run(self) -> list[nodes.Node]:
        applied = _by_prover()
        rows = [
            (_code(name), paragraph(docstring(applied[name]), "rule"), paragraph(docstring(replay), "rule"))
            for name, replay in RULES.items()
        ]
        return [table(("rule", "the prover", "the checker"), rows, "rules")]


def _by_prover() -> dict[str, object]:
    """The method of `Trace` that notes a step by this rule."""
    tree = ast.parse(Path(inspect.getfile(Trace)).read_text(encoding="utf-8"))
    (trace,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Trace")
    found: dict[str, object] = {}
    for method in (node for node in trace.body if isinstance(node, ast.FunctionDef)):
        for call in ast.walk(method):
            match call:
                case ast.Call(func=ast.Attribute(attr="_note"), args=[ast.Constant(value=str(rule)), *_]):
                    found[rule] = getattr(Trace, method.name)
    return found


def _code(text: str) -> nodes.paragraph:
    return nodes.paragraph("", "", nodes.literal(text, text))


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("derivation-rules", DerivationRules)
    app.add_directive("rewriting-rules", RewritingRules)
    app.add_directive("proof-rules", ProofRules)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
