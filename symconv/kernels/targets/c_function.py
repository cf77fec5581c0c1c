"""One C function while it is written: its arrays, the sizes that its caller passes, its stages.

Every function has one signature, `int name(T *out, const T *const *in, const long *size)`: the arrays and
the sizes stand in the order in which this file has come across them, which the Python side is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from symconv.errors import ExportError
from symconv.kernels.naming import Names
from symconv.kernels.nest import ZERO, Extreme
from symconv.kernels.plan_row import Row
from symconv.kernels.scope import Scope
from symconv.kernels.targets.c_text import RESERVED, Lines, grouped, poly_c
from symconv.term.polynomial import Atom, Poly, Size
from symconv.term.tensor import Leaf
from symconv.term.value import Function

FUNCTIONS = (
    *("exp", "log", "tanh", "sigmoid", "relu", "step", "softplus", "square", "sqrt"),
    *("normal_cdf", "normal_pdf", "gelu", "identity"),
)


@dataclass(frozen=True, slots=True)
class Array:
    """A C array with contiguous rows: its name, the least position and the extent of each axis."""

    name: str
    lows: tuple[Poly, ...]
    shape: tuple[Poly, ...]


class CFunction(Lines):
    """Lines of one function, and the names in them."""

    def __init__(self, scope: Scope, fast: bool = False) -> None:
        super().__init__()
        self.fast = fast  # schedules that lose some digits are allowed
        self.scope = scope
        self.names = Names(RESERVED)
        self.sizes: dict[Poly, tuple[str, str]] = {}  # what the caller passes: its name here, its text there
        self.inputs: dict[Leaf, Array] = {}
        self.made: dict[Leaf, Array] = {}
        self.engine = False  # some stage is a product with a sum
        self.pools: set[str] = set()  # the kinds of pooling among the stages
        self.rows: list[Row] = []  # of the plan
        self.named: dict[Poly, tuple[str, str]] = {}  # numbers that the function computes first

    # -- sizes -------------------------------------------------------------------

    def text(self, poly: Poly, spelling: Mapping[str, str] | None = None) -> str:
        """A polynomial in sizes and in the indices that `spelling` names."""
        if poly in self.scope.extents:
            return self._passed(poly, "extent")
        if poly in self.named:
            return self.named[poly][0]

        def name_of(atom: Atom) -> str:
            if isinstance(atom, str):
                return (spelling or {})[atom]
            if isinstance(atom, Size):
                known = self.names.has(atom)
                return self.names.of(atom, atom.name) if known else self._passed(Poly.atom(atom), atom.name)
            raise TypeError(f"{atom} is no size")

        return poly_c(poly, name_of)

    def scalar(self, poly: Poly) -> str:
        """A number that does not change in the function: a long expression under a name."""
        text = self.text(poly)
        if (poly.terms < 2 and "(" not in text) or any(self.names.has(size) for size in poly.sizes()):
            return text
        if poly not in self.named:
            self.named[poly] = self.names.fresh(self.scope.wanted.get(poly, "extent")), text
        return self.named[poly][0]

    def _passed(self, poly: Poly, wanted: str) -> str:
        if poly not in self.sizes:
            self.sizes[poly] = self.names.fresh(wanted), self.scope.text(poly)
        return self.sizes[poly][0]

    def extreme(self, extreme: Extreme) -> None:
        """Compute the greatest or least of some bounds."""
        if self.names.has(extreme.size):
            return
        text, *others = map(self.text, extreme.of)
        for other in others:
            text = f"{extreme.function}imum({text}, {other})"
        self.line(f"const long {self.names.of(extreme.size, extreme.function)} = {text};")

    # -- arrays -------------------------------------------------------------------

    def array(self, leaf: Leaf) -> Array:
        """The array of a leaf: one that a stage made, or an input."""
        if leaf in self.made:
            return self.made[leaf]
        if leaf not in self.inputs:
            lows = tuple(axis.low or ZERO for axis in leaf.axes)
            self.inputs[leaf] = Array(self.names.fresh(leaf.name), lows, leaf.shape)
        return self.inputs[leaf]

    def allocate(self, wanted: str, shape: Sequence[Poly]) -> Array:
        """A new array, freed at the end of the function."""
        name = self.names.fresh(wanted)
        self.line(f"T *{name} = take(&memory, sizeof(T) * {grouped(self.count(shape))});")
        self.line("if (memory.failed) goto done;")
        return Array(name, (ZERO,) * len(shape), tuple(shape))

    def count(self, shape: Sequence[Poly]) -> str:
        return " * ".join(grouped(self.scalar(n)) for n in shape) or "1"

    def offset(self, array: Array, index: Sequence[str]) -> str:
        """The flat position of an entry, its positions counted from 0."""
        text = ""
        for position, extent in zip(index, array.shape, strict=True):
            text = f"{grouped(text)} * {grouped(self.scalar(extent))} + {position}" if text else position
        return text or "0"

    def applied(self, function: Function, argument: str) -> str:
        if function.name not in FUNCTIONS or function.order:
            name = f"{function.name}{chr(39) * function.order}"
            raise ExportError(
                "target c", f"the function {name}", f"one of {', '.join(FUNCTIONS)}", "name one, or use --target numpy"
            )
        return argument if function.name == "identity" else f"NAME({function.name})({argument})"

    # -- the whole ------------------------------------------------------------------

    def source(self, name: str) -> str:
        """The function with its head and foot around the lines."""
        head = [f"int NAME({name})(T *restrict out, const T *const *in, const long *size)", "{"]
        head += [f"    const T *restrict {a.name} = in[{n}];" for n, a in enumerate(self.inputs.values())]
        head += [f"    const long {c} = size[{n}];" for n, (c, _) in enumerate(self.sizes.values())]
        head += [f"    const int whole_numbers = (int)size[{len(self.sizes)}];"] if self.fast else []
        head += [f"    const long {name} = {text};" for name, text in self.named.values()]
        used = {"in": bool(self.inputs), "size": bool(self.sizes) or self.fast}
        head += [f"    (void){name};" for name, is_used in used.items() if not is_used]
        head += ["    (void)whole_numbers;"] if self.fast else []
        foot = ["    release(&memory);", "    return memory.failed;", "}"]
        if any("goto done" in line for line in self.lines):
            foot.insert(0, "done:")
        return "\n".join([*head, "    struct memory memory = {0};", *self.lines, *foot]) + "\n"


__all__ = ["FUNCTIONS", "Array", "CFunction"]
