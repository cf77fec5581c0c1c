"""Proof at fixed sizes, entry by entry, independent of the proof for all sizes.

Each side is enumerated from its own formula.  What proves two entries equal is
tried in this order, the cheapest first:

  coordinates   the lists of all terms, as arrays, are equal (polynomials only)
  structure     the two entries are the same expression
  normal form   the two expand to the same sparse polynomial over atoms
  ring          they do so after the denominators are multiplied out

Before anything is expanded both sides are compared at a random point modulo a
prime; a difference there is confirmed by exact numbers, which are the evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from itertools import product
from typing import Any, ClassVar, NamedTuple, TypeAlias, cast

import sympy

from symconv.entries.coordinates import Enumeration, NotPolynomial
from symconv.entries.expressions import Reader, Writer
from symconv.entries.graph import Graph, Kind, Node, Variable, below, collector_paused
from symconv.entries.normal import NormalForms, TooLarge, Undefined
from symconv.entries.points import Witness, suspects, witness
from symconv.entries.positions import checked_sizes
from symconv.entries.term_lists import Terms, canonical
from symconv.entries.unfold import entry_at_own_index
from symconv.entries.unfolding import Unfolding
from symconv.errors import BridgeError, ShapeError
from symconv.term.tensor import Leaf, Tensor, check_tensor_names, tensors_in

Side: TypeAlias = Any  # a tensor, or a SymPy array or matrix of entries
Index = tuple[int, ...]
CONFIRMATIONS = 3


class EntryStatus(StrEnum):
    """What is known of all entries at the sizes stated."""

    PROVED = "proved"
    REFUTED = "refuted"
    UNDECIDED = "undecided"


class Tier(StrEnum):
    """What proved an entry, the cheapest first."""

    COORDINATES = "coordinates"
    STRUCTURE = "structure"
    NORMAL_FORM = "normal form"
    RING = "ring"


class Difference(NamedTuple):
    """An entry at which the two sides differ: `claimed` is the right side, `exact` the left one."""

    sizes: dict[str, int]
    at: Index
    claimed: sympy.Expr | None
    exact: sympy.Expr | None


@dataclass(frozen=True, slots=True)
class EntryVerdict:
    """What was found at the sizes stated, and how.

    `tiers` counts the entries that each tier proved.  REFUTED: `entry`, both
    expressions there, and the point at which they differ.  UNDECIDED: `entry` is the first open one.
    """

    status: EntryStatus
    sizes: dict[str, int]
    tiers: dict[Tier, int] = field(default_factory=dict)
    entry: Index | None = None
    left: sympy.Expr | None = None
    right: sympy.Expr | None = None
    witness: Witness | None = None

    scope: ClassVar[str] = "the sizes stated"
    certificate: ClassVar[None] = None  # the entries are the evidence: anyone can expand them
    condition: ClassVar[None] = None  # nothing is left open that a condition could be on

    @property
    def counterexample(self) -> Difference | None:
        """Where the two sides differ, as a verdict for all sizes tells it."""
        if self.status is not EntryStatus.REFUTED or self.entry is None:
            return None
        return Difference(self.sizes, self.entry, self.right, self.left)

    def __bool__(self) -> bool:
        """Only what is proved counts as true."""
        return self.status is EntryStatus.PROVED

    @property
    def tier(self) -> Tier | None:
        """The last tier that was needed."""
        return max(self.tiers, key=list(Tier).index) if self.tiers else None

    def __str__(self) -> str:
        sizes = ", ".join(f"{k}={v}" for k, v in self.sizes.items())
        text = f"{self.status.value} at {sizes or 'the sizes stated'}"
        if self.status is EntryStatus.PROVED:
            how = ", ".join(f"{n} by {tier.value}" for tier, n in self.tiers.items())
            return f"{text}: {sum(self.tiers.values())} entries equal ({how})"
        text += f": entry {self.entry} is {self.left} on the left, {self.right} on the right"
        return f"{text}; {self.witness}" if self.witness is not None else text

    __repr__ = __str__


@collector_paused()
def prove_at(left: Side, right: Side, sizes: Mapping[str, int] | None = None) -> EntryVerdict:
    """Are two tensors, or a tensor and an array of SymPy expressions, equal at these sizes?

    >>> from symconv.ops.window import pad, rot180
    >>> from symconv.term.tensor import Axis
    >>> from symconv.term.polynomial import Size
    >>> x = Leaf("x", (Axis.of(Size("n")),))
    >>> prove_at(rot180(rot180(x)), x, {"n": 4})
    proved at n=4: 4 entries equal (4 by coordinates)
    >>> prove_at(rot180(x), x, {"n": 3}).left
    x[2]
    """
    tensors = [side for side in (left, right) if isinstance(side, Tensor)]
    values = [entry_at_own_index(t) for t in tensors]
    check_tensor_names(tuple(values))
    sizes = checked_sizes(values, sizes or {})
    if len(tensors) == 2:
        try:
            return _by_coordinates(left, right, sizes)
        except NotPolynomial:
            pass
    elif not tensors:
        return prove_entries(left, right)
    graph = Graph()
    unfolding, reader = Unfolding(graph, sizes, *tensors), Reader(graph)
    sides = [
        [unfolding.entry(s, i) for i in unfolding.indices(s)]
        if isinstance(s, Tensor)
        else list(map(reader.read, _flat(s)))
        for s in (left, right)
    ]
    shapes = [_axes(s, unfolding) for s in (left, right)]
    _check_shapes([tuple(map(len, s)) for s in shapes])
    _check_entries(tensors, unfolding, sides)
    return _by_nodes(list(product(*shapes[0])), list(zip(*sides, strict=True)), sizes)


@collector_paused()
def prove_entries(left: Side, right: Side) -> EntryVerdict:
    """Are two SymPy arrays (or matrices) of entries equal, entry by entry?

    >>> x, y = sympy.symbols("x y")
    >>> prove_entries(sympy.Array([(x + y) ** 2]), sympy.Array([x**2 + 2 * x * y + y**2])).tier
    <Tier.NORMAL_FORM: 'normal form'>
    """
    shapes = [tuple(side.shape) for side in (left, right)]
    _check_shapes(shapes)
    indices = list(product(*map(range, shapes[0])))
    pairs = list(zip(_flat(left), _flat(right), strict=True))
    reader = Reader(Graph())
    open_ = [(i, pair) for i, pair in zip(indices, pairs, strict=True) if pair[0] != pair[1]]
    verdict = _by_nodes([i for i, _ in open_], [(reader.read(a), reader.read(b)) for _, (a, b) in open_], {})
    same = len(pairs) - len(open_)
    if same and verdict:
        tiers = {**verdict.tiers, Tier.STRUCTURE: same + verdict.tiers.get(Tier.STRUCTURE, 0)}
        return replace(verdict, tiers={t: tiers[t] for t in Tier if t in tiers})
    return verdict


# -- the two sides ------------------------------------------------------------------


def _flat(side: Any) -> list[Any]:
    if isinstance(side, sympy.NDimArray | sympy.MatrixBase):
        return [side[i] for i in product(*map(range, side.shape))]
    raise BridgeError(
        "a side of an equation",
        f"a {type(side).__name__}",
        "a tensor, or a SymPy array or matrix of entries",
        "wrap the entries in sympy.Array",
    )


def _axes(side: Any, unfolding: Unfolding) -> tuple[range, ...]:
    if isinstance(side, Tensor):
        return tuple(unfolding.positions.axis(a, side.name) for a in side.axes)
    return tuple(map(range, side.shape))


def _check_shapes(shapes: Sequence[tuple[int, ...]]) -> None:
    if shapes[0] != shapes[1]:
        raise ShapeError(
            "the two sides",
            f"shapes {shapes[0]} and {shapes[1]}",
            "one shape",
            "pad, crop or transpose one of the two, or choose other sizes",
        )


def _check_entries(tensors: Iterable[Tensor], unfolding: Unfolding, sides: list[list[Node]]) -> None:
    """An array must not name an entry that its leaf does not have."""
    known = {
        t.name: [unfolding.positions.axis(a, t.name) for a in t.axes]
        for tensor in tensors
        for t in tensors_in(entry_at_own_index(tensor))
        if isinstance(t, Leaf)
    }
    for node in below(n for side in sides for n in side):
        if node.kind is not Kind.VARIABLE:
            continue
        name, index = cast(Variable, node.data)
        axes = known.get(name)
        if axes is not None and (len(axes) != len(index) or not all(k in a for k, a in zip(index, axes, strict=True))):
            shape = tuple(map(len, axes))
            raise BridgeError(
                f"entry {name}{list(index)}", "an entry that is not there", f"an index within {shape}", "write 0 for it"
            )


# -- tiers --------------------------------------------------------------------------


def _by_coordinates(left: Tensor, right: Tensor, sizes: dict[str, int]) -> EntryVerdict:
    """Compare the lists of all terms."""
    enumeration = Enumeration(sizes)
    axes = enumeration.axes(left)
    _check_shapes([tuple(map(len, enumeration.axes(t))) for t in (left, right)])
    a, b = enumeration.terms(left), enumeration.terms(right)
    negative = [replace(t, coefficient=-t.coefficient) for t in b]
    difference = canonical([*a, *negative])
    if not difference:
        count = 1
        for axis in axes:
            count *= len(axis)
        return EntryVerdict(EntryStatus.PROVED, sizes, {Tier.COORDINATES: count})
    row = min(int(t.row[0]) for t in difference)
    graph = Graph()
    pair = (_node(graph, enumeration, a, row), _node(graph, enumeration, b, row))
    return _different(list(product(*axes))[row], pair, sizes, witness(*pair))


def _node(graph: Graph, enumeration: Enumeration, blocks: list[Terms], row: int) -> Node:
    """One entry of a list of terms."""
    terms = []
    for block in blocks:
        for t in range(block.row.searchsorted(row), block.row.searchsorted(row, side="right")):
            variables = [graph.variable(*enumeration.variables.entry(int(f))) for f in block.factors[t]]
            terms.append(graph.product([graph.constant(Fraction(block.coefficient[t])), *variables]))
    return graph.sum(terms)


def _by_nodes(indices: list[Index], pairs: list[tuple[Node, Node]], sizes: dict[str, int]) -> EntryVerdict:
    """Refute at a random point, or prove by the tiers."""
    for k in suspects(pairs)[:CONFIRMATIONS]:
        found = witness(*pairs[k])
        if found is not None:
            return _different(indices[k], pairs[k], sizes, found)
    opened, closed = NormalForms(), NormalForms(open_maxima=False)
    tiers: dict[Tier, int] = {}
    for index, pair in zip(indices, pairs, strict=True):
        tier = _tier(pair, opened, closed)
        if tier is None:
            return _different(index, pair, sizes, None)
        tiers[tier] = tiers.get(tier, 0) + 1
    return EntryVerdict(EntryStatus.PROVED, sizes, {t: tiers[t] for t in Tier if t in tiers})


def _tier(pair: tuple[Node, Node], opened: NormalForms, closed: NormalForms) -> Tier | None:
    """What proves a pair equal, if anything does."""
    if pair[0] is pair[1]:
        return Tier.STRUCTURE
    try:
        if opened.equal(*pair) or closed.equal(*pair):
            return Tier.NORMAL_FORM
        return Tier.RING if opened.equal_in_ring(*pair) else None
    except (TooLarge, Undefined):
        return None


def _different(index: Index, pair: tuple[Node, Node], sizes: dict[str, int], found: Witness | None) -> EntryVerdict:
    """Refuted with a point, else undecided, with the two expressions."""
    status = EntryStatus.UNDECIDED if found is None else EntryStatus.REFUTED
    left, right = Writer().write(pair)
    return EntryVerdict(status, sizes, {}, index, left, right, found)


__all__ = ["EntryStatus", "EntryVerdict", "Tier", "prove_at", "prove_entries"]
