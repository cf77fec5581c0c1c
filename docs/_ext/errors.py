"""The catalogue of errors: every class, and every message that the code can give, read off the calls that make them.

A message has four parts.  Where the code puts in what it met, such as a name or a number, the catalogue shows dots.
"""

from __future__ import annotations

import ast
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import groupby
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

import symconv
from _ext.parts import docstring, paragraph, section, table
from symconv.errors import SymconvError
from symconv.page.nodes import Code

HOLE = "…"
HEAD = ("what was read", "what was expected", "what to change")
MADE_BY = {"fault": "LocatedError", "ill_formed": "IllFormed", "unsupported": "NotSupported"}  # methods of a source
ROOT = Path(symconv.__file__).parent


@dataclass(frozen=True, slots=True, order=True)
class Message:
    """The parts of a message; the place is left away where it is file, line and column."""

    error: str
    module: str
    place: str
    found: str
    expected: str
    change: str


@cache
def classes() -> dict[str, type[SymconvError]]:
    """All classes of errors by name, each after the one that it is made from."""
    for module in pkgutil.walk_packages(symconv.__path__, "symconv."):
        import_module(module.name)
    return {kind.__name__: kind for kind in _below(SymconvError) if kind.__module__.startswith("symconv.")}


def _below(kind: type[SymconvError]) -> Iterator[type[SymconvError]]:
    yield kind
    for narrower in sorted(kind.__subclasses__(), key=lambda k: (k.__module__ != "symconv.errors", k.__name__)):
        yield from _below(narrower)


@cache
def messages() -> tuple[Message, ...]:
    """Every message of the code, each once."""
    found: set[Message] = set()
    for path in sorted(ROOT.rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and (message := _message(node, module)) is not None:
                found.add(message)
    return tuple(sorted(found))


def _message(call: ast.Call, module: str) -> Message | None:
    """The message that a call makes; None for other calls, and where the code puts in every part."""
    match call.func, call.args:
        case ast.Attribute(attr="unsupported"), [_, found, change]:
            said = (f"{_text(found)} is not supported yet", "a form from the documentation", _text(change))
            return Message("NotSupported", module, "", *said)
        case ast.Attribute(attr=("fault" | "ill_formed") as name), [_, *parts] if len(parts) == 3:
            error, place, parts = MADE_BY[name], "", parts
        case ast.Name(name), [place_, *parts] if name in classes() and len(parts) == 3:
            error, place = name, _text(place_)
        case _:
            return None
    texts = [_text(part) for part in parts]
    return None if set(texts) == {HOLE} else Message(error, module, place, *texts)


def _text(part: ast.expr) -> str:
    """What is known of a text before the code runs."""
    match part:
        case ast.Constant(str(text)):
            return text
        case ast.JoinedStr(parts):
            return "".join(_text(p) for p in parts)
        case ast.BinOp(left, ast.Add(), right):
            return f"{_text(left)}{_text(right)}"
        case ast.IfExp(_, yes, no):
            said = list(dict.fromkeys(text for text in (_text(yes), _text(no)) if text != HOLE))
            return " / ".join(said) or HOLE
    return HOLE


class ErrorCatalogue(Directive):
    """A section for each class, in it what it means, the exit code, and its messages."""

    def run(self) -> list[nodes.Node]:
        return [self._class(kind) for kind in classes().values() if kind is not SymconvError]

    def _class(self, kind: type[SymconvError]) -> nodes.section:
        mine = [message for message in messages() if message.error == kind.__name__]
        base = kind.__mro__[1]
        made_from = f" A kind of `{base.__name__}`." if base is not SymconvError else ""
        body: list[nodes.Node] = [paragraph(f"{docstring(kind)}{made_from} Exit code {kind.exit_code}.")]
        if mine:
            body.append(table(HEAD, _rows(mine), "messages"))
        return section(self, (Code(kind.__name__),), *body)


def _rows(messages: list[Message]) -> Iterator[tuple[nodes.Node, ...]]:
    """The messages of each module, below a row that says what the module is for."""
    for module, of_module in groupby(messages, key=lambda message: message.module):
        name = f"symconv.{module}"
        purpose = docstring(import_module(name)).split("\n\n")[0]
        said = nodes.Text(f": {purpose}")
        yield (nodes.paragraph("", "", nodes.literal(name, name), said, classes=["said-by"]),)
        yield from map(_row, of_module)


def _row(message: Message) -> tuple[nodes.Node, ...]:
    place = f"{message.place}: " if message.place.strip(HOLE) else ""
    found = nodes.paragraph("", f"{place}{message.found}")
    return found, nodes.paragraph("", message.expected), nodes.paragraph("", message.change)


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("error-catalogue", ErrorCatalogue)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
