"""The lines at the start of a function: sizes from shapes, every shape compared once with what its sizes make of it.

A shape stands in the source as `name.shape`, or as a parameter of its own where the array is not given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symconv.kernels.scope import Scope
from symconv.kernels.sizes import Known, Solution
from symconv.kernels.text import poly_text, tuple_text
from symconv.term.polynomial import Poly, Size
from symconv.term.tensor import Defined, Leaf, requirements_of
from symconv.term.value import Entry


class SizeLines:
    """Writes them into a scope.  sources: the expression for each leaf's shape."""

    def __init__(self, scope: Scope, sources: Mapping[Leaf, str], solution: Solution, tensor: Defined) -> None:
        self.scope, self.sources, self.solution = scope, sources, solution
        self.requirements = requirements_of(Entry(tensor, tuple(map(Poly.of, tensor.parameters))))

    def write(self, said: Sequence[tuple[Size, str]]) -> None:
        """Sizes that are said, plain extents, sizes that follow from other extents; then what must hold of them."""
        for size, name in said:
            self.scope.line(f'{name} = _whole("{name}", {name}, {size.least})')
        for leaf, source in self.sources.items():
            self._unpacked(leaf, source)
        for known in self.solution.known:
            if not known.plain:
                self._derived(known, self.sources[known.leaf])
        for leaf, source in self.sources.items():
            self._compared(leaf, source)
        self._required()

    def _plain(self, leaf: Leaf) -> dict[int, Known]:
        """The axes of a leaf whose extent is just a size."""
        return {k.axis: k for k in self.solution.known if k.plain and k.leaf == leaf}

    def _unpacked(self, leaf: Leaf, source: str) -> None:
        """The sizes that are just extents, in one line: H, W = X.shape."""
        mine = self._plain(leaf)
        if not mine:
            return
        targets = [self.scope.name_of(mine[a].size) if a in mine else "_" for a in range(leaf.rank)]
        self.scope.line(f"{', '.join(targets) if len(targets) > 1 else f'({targets[0]},)'} = {source}")
        counted = self._counted()
        self._nonempty([mine[a] for a in sorted(mine) if mine[a].size in counted], source)

    def _derived(self, known: Known, source: str) -> None:
        """size = (extent - rest) / slope, which must come out even."""
        scope = self.scope
        text = f"{source}[{known.axis}]"
        name = scope.name_of(known.size)
        if not known.rest.is_zero:
            rest = scope.text(-known.rest)
            text = f"{text} - {rest[1:]}" if rest.startswith("-") else f"{text} + {rest}"
        slope = scope.text(known.slope)
        if known.slope != Poly.of(1):
            atom = known.slope.as_atom
            if isinstance(atom, Size) and atom.least < 1:
                slope = f'_whole("{slope}", {slope}, 1)'
            text = f"{text} // {slope}" if known.rest.is_zero else f"({text}) // {slope}"
        scope.line(f'{name} = _solved("{name}", {text}, {known.size.least}, "{text}")')

    def _nonempty(self, counted: Sequence[Known], source: str) -> None:
        """Refuse axes without entries, of sizes that the proofs take to be at least 1."""
        if not counted:
            return
        scope = self.scope
        names = [scope.name_of(k.size) for k in counted]
        scope.line(f"if not {names[0]}:" if len(names) == 1 else f"if not ({' and '.join(names)}):")
        array, axes = source.removesuffix(".shape"), tuple_text([str(k.axis) for k in counted])
        with scope.indented():
            scope.line(f'_refuse_empty("{array}", {source}, {axes}, {layout_text(scope, counted[0].leaf)})')

    def _compared(self, leaf: Leaf, source: str) -> None:
        """Refuse a shape that is not what its sizes make of it; plain extents are so in any case."""
        plain, told = self._plain(leaf), self.solution.all
        if not any(n.sizes() <= told for a, n in enumerate(leaf.shape) if a not in plain):
            return
        needed = [
            self.scope.scalar(n, "extent") if n.sizes() <= told else f"{source}[{a}]" for a, n in enumerate(leaf.shape)
        ]
        name = source.removesuffix(".shape")
        self.scope.line(f"if {source} != {tuple_text(needed)}:")
        with self.scope.indented():
            layout = layout_text(self.scope, leaf)
            self.scope.line(f'_refuse_shape("{name}", {source}, {tuple_text(needed)}, {layout})')

    def _counted(self) -> set[Size]:
        """Sizes that may not be 0, whatever has no entries otherwise: others are computed from them.

        They are of windows and images, and what an extent is divided by.
        """
        slopes = (k.slope for k in self.solution.known)
        found = {s for poly in (*(c.poly for c in self.requirements), *slopes) for s in poly.sizes()}
        return {s for s in found if s.least >= 1}

    def _required(self) -> None:
        """What the definitions need of the sizes."""
        for condition in self.requirements:
            sizes = condition.poly.sizes()
            if condition.poly.names() or not sizes or not sizes <= self.solution.all:
                continue
            text = self.scope.text(condition.poly)
            sign = {"ge": ">=", "eq": "==", "ne": "!="}[condition.kind]
            self.scope.line(f'_holds({text} {sign} 0, "{text} {sign} 0", {text})')


def layout_text(scope: Scope, leaf: Leaf) -> str:
    """The axes of a leaf as a message shows them: a tuple of texts."""
    return tuple_text([f'"{poly_text(n, scope.name_of)}"' for n in leaf.shape]) if leaf.rank else "()"


__all__ = ["SizeLines", "layout_text"]
