"""The target `sympy`: every entry written out as straight-line code by SymPy's printer, for small stated sizes.

The entries of each tensor at its stated sizes are SymPy expressions (`entries`); what several share is
computed once (`sympy.cse`); `pycode` prints them.  The code grows with the sizes, so large ones are refused
before anything is written out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import product
from textwrap import wrap
from typing import Any

import sympy
from sympy.core.function import AppliedUndef

from symconv.entries.counting import summands
from symconv.entries.unfold import entries
from symconv.errors import ExportError
from symconv.kernels.export import Export
from symconv.kernels.functions import Interface, Written
from symconv.kernels.layout import wrapped
from symconv.kernels.module import ModuleWriter
from symconv.kernels.nest_reads import plain
from symconv.kernels.plan_row import Row, bytes_of
from symconv.kernels.scope import Scope
from symconv.kernels.stages import Program
from symconv.kernels.text import tuple_text
from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined, Leaf, Tensor, sizes_in, tensors_in
from symconv.term.value import Entry

MOST_OPERATIONS, LONGEST_SUM = 20_000, 2_500  # Python cannot compile a sum of more than about 2,900 terms
INSTEAD = "use the target numpy (or c, numba), whose code does not grow with the sizes"
Shape = tuple[int, ...]


def _check(tensor: Defined) -> None:
    """Refuse sizes that are not stated, and what would be too long."""
    free = sizes_in(Entry(tensor, tuple(map(Poly.of, tensor.parameters))))
    if free:
        raise ExportError(
            f"target sympy: {tensor.name}",
            f"sizes that are not stated: {', '.join(s.name for s in free)}",
            "numbers for all of them, since every entry is written out",
            f"state them, or {INSTEAD}",
        )
    operations = 2 * summands(tensor, {})
    if operations > MOST_OPERATIONS:
        raise ExportError(
            f"target sympy: {tensor.name}",
            f"about {operations:,} operations at these sizes",
            f"at most {MOST_OPERATIONS:,}, since every one is written out",
            f"state smaller sizes, or {INSTEAD}",
        )


class UnrolledModule(ModuleWriter):
    """A module of straight-line code; its referee and self-test are those of the NumPy target."""

    memory = "a number for each entry, and for what several share"

    def __init__(self, export: Export) -> None:
        for tensor in (export.forward, *export.gradients.values()):
            _check(tensor)
        super().__init__(export)

    def written(self, program: Program, interface: Interface) -> Written:
        """One function: the entries of its arrays, what is shared, the entries of the results."""
        tensors = [self.forward, *self.gradients.values()] if interface.parts else [program.tensor]

        rows: list[Row] = []

        def body(scope: Scope) -> str:
            text = Unrolled(scope, interface.arrays).write(tensors, interface.parts)
            rows.append(_row(tensors, interface, "\n".join(scope.lines)))
            return text

        return self.writer.write(program, interface, body, rows)

    def notes(self) -> list[str]:
        return []

    def head(self, body: str) -> str:
        head = super().head(body)
        return head.replace("import argparse", "import argparse\nimport math", 1) if "math." in body else head


class Unrolled:
    """Writes the entries of tensors into a scope."""

    def __init__(self, scope: Scope, arrays: Sequence[tuple[Leaf, str]]) -> None:
        self.scope = scope
        self.arrays = arrays
        self.symbols = {leaf: self.array(leaf, name) for leaf, name in arrays}

    def array(self, leaf: Leaf, name: str) -> sympy.ImmutableDenseNDimArray:
        """A symbol for each entry of an array, named by its place."""
        shape = _shape(leaf)
        places = product(*map(range, shape))
        names = (self.scope.names.fresh("_".join([name, *map(str, place)])) for place in places)
        return sympy.ImmutableDenseNDimArray([sympy.Symbol(n, real=True) for n in names], shape)

    def write(self, tensors: Sequence[Defined], parts: Sequence[str]) -> str:
        """All lines; an expression for what the function returns."""
        given = {leaf.name: symbols for leaf, symbols in self.symbols.items()}
        found = [entries(t, {}, {n: a for n, a in given.items() if _reads(t, n)}) for t in tensors]
        flat = [[a[()]] if not a.shape else sympy.flatten(a) for a in found]
        shared, written = sympy.cse([e for one in flat for e in one], _fresh(self.scope), order="none")
        for expression in [value for _, value in shared] + written:
            _check_entry(expression)
        lines = [f"{symbol} = {sympy.pycode(value)}" for symbol, value in shared]
        texts = [sympy.pycode(e, allow_unknown_functions=True) for e in written]
        self.unpack(set(re.findall(r"\w+", "\n".join([*lines, *texts]))))
        for line in lines:
            target, _, value = line.partition(" = ")
            self.scope.line(line if len(line) < 100 else f"{target} = ({value})")
        kinds = [name for _, name in self.arrays] or ["float"]
        divides = any("/" in text or "math." in text for text in (*lines, *texts))
        kinds += ["np.float16"] if divides else []  # of whole numbers the result is then float64
        self.scope.line(f"kind = np.result_type({', '.join(kinds)})")
        results = []
        for one, array in zip(flat, found, strict=True):
            mine, texts = texts[: len(one)], texts[len(one) :]
            results.append(self.packed(mine, array.shape))
        if not parts:
            return results[0]
        named = (f'"{name}": {text}' for name, text in zip(parts, results[1:], strict=True))
        return f"({results[0]}, {{{', '.join(named)}}})"

    def unpack(self, used: set[str]) -> None:
        """The entries of every array under the names of their symbols."""
        for leaf, name in self.arrays:
            flat = sympy.flatten(self.symbols[leaf]) if leaf.rank else [self.symbols[leaf][()]]
            names = [str(s) if str(s) in used else "_" for s in flat]
            if set(names) != {"_"}:
                self.scope.line("(")
                for line in wrap(", ".join(names) + ",", 100):
                    self.scope.line(f"    {line}")
                self.scope.line(f") = {name}.reshape(-1).tolist()")

    def packed(self, texts: Sequence[str], shape: Shape) -> str:
        """A list of entries, one a line, as an array."""
        name = self.scope.names.fresh("entries")
        self.scope.line(f"{name} = [")
        for text in texts:
            for line in wrapped(f"        {text},", True):
                self.scope.line(line.removeprefix("    "))
        self.scope.line("]")
        whole = tuple_text([str(n) for n in shape]) if shape else "()"
        return f"np.array({name}, kind).reshape({whole})"


def _row(tensors: Sequence[Defined], interface: Interface, code: str) -> Row:
    """The row of the plan: the multiplications that the code spells out."""
    leaves = [leaf for leaf, _ in interface.arrays]
    count = len(re.findall(r"(?<!\*)\*(?!\*)", code))
    moved = bytes_of([*(leaf.shape for leaf in leaves), *(t.shape for t in tensors)], str)
    reads = tuple(f"{plain(leaf.name)}: whole" for leaf in leaves)
    return Row(interface.name, "all entries", reads, "entry by entry", f"{count:,}", moved, "straight-line code")


def _shape(leaf: Leaf) -> Shape:
    return tuple(n.constant for n in leaf.shape)


def _reads(tensor: Tensor, name: str) -> bool:
    """True if the tensor has a leaf of that name."""
    return any(t.name == name for t in tensors_in(Entry(tensor, ())) if isinstance(t, Leaf))


def _fresh(scope: Scope) -> Iterator[sympy.Symbol]:
    while True:
        yield sympy.Symbol(scope.names.fresh("shared"), real=True)


def _check_entry(expression: Any) -> None:
    """Refuse what Python could not compile, and functions that nobody knows."""
    longest = max((len(part.args) for part in sympy.preorder_traversal(expression) if part.is_Add), default=0)
    if longest > LONGEST_SUM:
        raise ExportError(
            "target sympy",
            f"a sum of {longest} terms in one entry",
            f"at most {LONGEST_SUM}, since Python cannot compile longer ones",
            f"state smaller sizes, or {INSTEAD}",
        )
    unknown = expression.atoms(AppliedUndef, sympy.Subs, sympy.Derivative)
    if unknown:
        raise ExportError(
            "target sympy",
            f"a function without a formula: {min(map(str, unknown))}",
            "functions that SymPy knows",
            "name one (relu, tanh, ...), or use the target numpy, which takes the function as an argument",
        )


__all__ = ["UnrolledModule"]
