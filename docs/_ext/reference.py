"""The reference: every public name in the family that it belongs to, and the help of the commands.

The families are the modules that hold the names; what a family is for is the first sentence of its module.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout, suppress
from io import StringIO
from unittest.mock import patch

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.application import Sphinx

import symconv
from _ext.parts import docstring, paragraph, section
from symconv.cli import parser
from symconv.page.nodes import Text

TITLES = {
    "symconv.api.verbs": "The three verbs",
    "symconv.api.declaring": "Sizes, indices and data",
    "symconv.api.formulas": "Formulas of your own",
    "symconv.calculus.gradient": "Gradients",
    "symconv.api.claims": "Claims",
    "symconv.proof.verdict": "Verdicts",
    "symconv.handles.tensors": "Tensors",
    "symconv.ops.correlate": "Correlation and convolution",
    "symconv.ops.pool": "Pooling",
    "symconv.ops.window": "Moving entries",
    "symconv.ops.layer": "Layers and losses",
    "symconv.ops.activation": "Activations",
    "symconv.ops.normalisation": "Normalisation",
    "symconv.ops.resample": "Resampling",
    "symconv.ops.matrix": "Matrices",
    "symconv.ops.channels": "Channels",
    "symconv.api.operations": "By name",
    "symconv.api.costs": "Costs",
    "symconv.api.filters": "Filters",
    "symconv.api.sympy_border": "SymPy",
}

_HELD = {"Defined": "Tensor", "Leaf": "Tensor", "Poly": "Expr", "PolyLike": "int | Expr"}  # instead of terms
_TERMS = re.compile(rf"\b({'|'.join(_HELD)})\b")


def families() -> dict[str, list[str]]:
    """The public names by the module that says what they do, in the order of the titles."""
    found: dict[str, list[str]] = {module: [] for module in TITLES}
    for name in symconv.__all__:
        if name != "__version__":
            found[getattr(symconv, name).__module__].append(name)
    return found


class PublicNames(Directive):
    """A section for each family, and in it each name, as autodoc shows it."""

    def run(self) -> list[nodes.Node]:
        return [self._family(module, names) for module, names in families().items()]

    def _family(self, module: str, names: list[str]) -> nodes.section:
        made = section(self, (Text(TITLES[module]),), paragraph(docstring(sys.modules[module]).split("\n\n")[0]))
        text = StringList(list(_described(names)), source=module)
        self.state.nested_parse(text, 0, made)
        return made


def _described(names: list[str]) -> Iterator[str]:
    yield "```{eval-rst}"
    yield ".. currentmodule:: symconv"
    for name in names:
        if isinstance(getattr(symconv, name), type):
            yield from ("", f".. autoclass:: {name}", "   :members:", "   :undoc-members:")
        else:
            yield from ("", f".. autofunction:: {name}")
    yield "```"


def _for_users(
    _app: Sphinx, _what: str, _name: str, _obj: object, _options: object, signature: str | None, result: str | None
) -> tuple[str | None, str | None]:
    """An operation is written for terms, and called with what users hold: tensors, and SymPy for sizes."""
    said = [text and _TERMS.sub(lambda found: _HELD[found[0]], text) for text in (signature, result)]
    return said[0], said[1]


class CommandHelp(Directive):
    """What `symconv VERB --help` prints, or `symconv --help`."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        printed = StringIO()
        with patch.dict(os.environ, COLUMNS="78"), redirect_stdout(printed), suppress(SystemExit):
            parser().parse_args([*self.arguments, "--help"])
        text = printed.getvalue()
        return [nodes.literal_block(text, text, language="text")]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("public-names", PublicNames)
    app.connect("autodoc-process-signature", _for_users)
    app.add_directive("command-help", CommandHelp)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
