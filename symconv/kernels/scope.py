"""The body of one function while it is written: its names, its lines, the numbers already computed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from symconv.kernels.naming import Names
from symconv.kernels.nest import Extreme
from symconv.kernels.text import poly_text
from symconv.term.polynomial import Atom, Poly, Size
from symconv.term.tensor import Leaf
from symconv.term.value import Function

ELEMENTWISE = {
    "exp": "np.exp({})",
    "log": "np.log({})",
    "tanh": "np.tanh({})",
    "sigmoid": "_sigmoid({})",
    "relu": "np.maximum({}, 0)",
    "step": "_step({})",
    "softplus": "np.logaddexp({}, 0)",
    "square": "np.square({})",
    "sqrt": "np.sqrt({})",
    "normal_cdf": "_normal_cdf({})",
    "normal_pdf": "_normal_pdf({})",
    "gelu": "_gelu({})",
    "identity": "{}",
}


class Scope:
    """Lines of source and the identifiers in them."""

    def __init__(self, names: Names, functions: Names) -> None:
        self.names = names
        self.functions = functions
        self.lines: list[str] = []
        self.unknown: dict[Function, str] = {}
        self.arrays: dict[Leaf, str] = {}
        self.used: dict[Size, None] = {}
        self.wanted: dict[Poly, str] = {}  # good names for long polynomials
        self.extents: dict[Poly, str] = {}  # extents whose sizes nobody knows, as an array has them
        self.threaded = False  # some line takes the number of threads
        self.stored = False  # the result was written into the caller's array already
        self._depth = 1
        self._scalars: dict[Poly, str] = {}
        self._expressions: dict[str, str] = {}
        self._grids: dict[str, str] = {}  # where each index array was made last

    # -- lines -------------------------------------------------------------

    def line(self, text: str) -> None:
        self.lines.append("    " * self._depth + text if text else "")

    @contextmanager
    def indented(self) -> Iterator[None]:
        self._depth += 1
        yield
        self._depth -= 1

    def assign(self, wanted: str, text: str) -> str:
        """A new variable for an expression; the known one if it was computed before."""
        if text.isidentifier():
            return text
        if self._depth > 1:  # what a loop computes holds in one round only
            name = self.names.fresh(wanted)
            self.line(f"{name} = {text}")
            return name
        if text not in self._expressions:
            name = self.names.fresh(wanted)
            self.line(f"{name} = {text}")
            self._expressions[text] = name
        return self._expressions[text]

    def index_arrays(self, letters: Sequence[str], grid: str) -> None:
        """Index arrays by these letters; what was computed from others of the same letters is not known any more."""
        targets = ", ".join(letters) if len(letters) > 1 else f"({letters[0]},)"
        made = f"{targets} = {grid}"
        self.line(made)
        for letter in letters:
            if self._grids.get(letter) != made:
                stale = re.compile(rf"\b{letter}\b")
                self._expressions = {text: name for text, name in self._expressions.items() if not stale.search(text)}
                self._grids[letter] = made

    # -- numbers -----------------------------------------------------------

    def name_of(self, atom: Atom) -> str:
        if isinstance(atom, Size):
            self.used[atom] = None
            return self.names.of(atom, atom.name)
        raise TypeError(f"{atom} is no size")  # indices are replaced before

    def text(self, poly: Poly) -> str:
        return self.extents.get(poly) or poly_text(poly, self.name_of)

    def scalar(self, poly: Poly, wanted: str) -> str:
        """A short expression as it is, a long one under a name."""
        text = self.text(poly)
        if poly in self._scalars:
            return self._scalars[poly]
        if poly.terms <= 1 and "/" not in text and "%" not in text and len(text) <= 8:
            return text
        name = self.names.fresh(self.wanted.get(poly, wanted))
        self.line(f"{name} = {text}")
        self._scalars[poly] = name
        return name

    def extreme(self, extreme: Extreme, wanted: str) -> None:
        """Compute the greatest or least of some bounds."""
        if not self.names.has(extreme.size):
            name = self.names.of(extreme.size, wanted)
            self.line(f"{name} = {extreme.function}({', '.join(map(self.text, extreme.of))})")

    # -- functions ---------------------------------------------------------

    def applied(self, function: Function, argument: str) -> str:
        """function(argument); an unknown function is a parameter of the written function."""
        if function.name in ELEMENTWISE and not function.order:
            return ELEMENTWISE[function.name].format(argument)
        return f"{self.unknown_name(function)}({argument})"

    def unknown_name(self, function: Function) -> str:
        if function not in self.unknown:
            prefix = "" if not function.order else "d" if function.order == 1 else f"d{function.order}"
            wanted = f"{prefix}{function.name}" if function.name.isidentifier() else f"{prefix}f"
            self.unknown[function] = self.functions.of(function, wanted)
        return self.unknown[function]


__all__ = ["ELEMENTWISE", "Scope"]
