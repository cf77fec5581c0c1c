r"""The symbols and conventions of a document: how its upstream gradients, its loss and its turned kernels are called.

They are read off declaration blocks and change what a page looks like, never what it proves: names of tensors and
sizes, `\delta` or `dLZ` for a gradient, the letter of the loss, where indices begin, how `vec` stacks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Literal

from symconv.errors import InputError, UsageError, reading
from symconv.read.block import read_block
from symconv.read.documents import Form, Segment, read_file, segments
from symconv.read.facts import CallText, Facts
from symconv.read.reader import read_document
from symconv.term.fixing import at_sizes
from symconv.term.polynomial import Poly
from symconv.term.tensor import Call, Defined, Leaf, Tensor, sizes_in, tensors_in
from symconv.term.value import Entry

_TURNED = r"[_^]\{(\\(text|mathrm)\{)?(rot|rot180|flip|flipped|rotated)\}?\}"
Entries = Mapping[tuple[int, ...], Fraction]
Order = Literal["columns", "rows"]


@dataclass(frozen=True, slots=True)
class Symbols:
    """upstream: the name of dL/dT by the name of T; turned: the name of rot180(T) by that of T."""

    loss: str = "L"
    base: int = 0
    upstream: Mapping[str, str] = field(default_factory=dict)
    turned: Mapping[str, str] = field(default_factory=dict)
    order: Order = "columns"
    values: Mapping[str, Entries] = field(default_factory=dict)  # numbers of tensors and upstream gradients
    moves: bool = False  # what is solved counts from 0, and the page from `base`

    def gradient(self, name: str) -> str:
        """The name of the gradient by a tensor."""
        return self.upstream.get(name, f"d{self.loss}/d{name}")


def symbols_of(text: str, form: Form = "md", name: str = "document") -> Symbols:
    r"""The symbols of all blocks of a document; of two that say the same, the last holds.

    >>> found = symbols_of("```symconv\ntensor F[n]\nloss E(F)\nupstream \\delta = F\nbase 1\n```")
    >>> found.loss, found.base, dict(found.upstream)
    ('E', 1, {'F': '\\delta'})
    """
    found = Symbols()
    pieces = segments(text, form, name)
    for facts in _blocks(pieces):
        losses = list(facts.losses)
        found = Symbols(
            losses[0] if losses else found.loss,
            found.base if facts.base is None else facts.base,
            {**found.upstream, **{tensor: spelled for spelled, tensor in facts.upstream.items()}},
            {**found.turned, **dict(_turned(facts)), **dict(_spelled(facts, pieces))},
            "rows" if facts.conventions.get("vec", found.order) == "rows" else "columns",
            {**found.values, **{spelled: numbers for spelled, (_, numbers) in facts.values.items()}},
        )
    return found


def _blocks(found: list[Segment]) -> Iterator[Facts]:
    before: Facts | None = None
    for segment in found:
        if segment.what == "block":
            before = read_block(segment.source, before)
            yield before


def names_turned(name: str) -> bool:
    r"""Whether a reader knows without a declaration that a name is a turned tensor.

    >>> names_turned("K_{rot}"), names_turned(r"w^{\text{flip}}"), names_turned("V")
    (True, True, False)
    """
    return re.search(_TURNED + "$", name) is not None


def _turned(facts: Facts) -> Iterator[tuple[str, str]]:
    """`define K_{rot} = rot180(K)`."""
    for fact in facts.definitions:
        if isinstance(fact.right, CallText) and fact.right.name == "rot180" and len(fact.right.arguments) == 1:
            (argument,) = fact.right.arguments
            yield getattr(argument, "text", ""), fact.left.text


def _spelled(facts: Facts, pieces: list[Segment]) -> Iterator[tuple[str, str]]:
    r"""`K_{rot}` and `K^{\text{flip}}`, which need no declaration: as a formula writes them."""
    formulas = " ".join(s.latex for s in pieces if s.what != "block")
    for name in facts.tensors:
        found = re.search(re.escape(name) + _TURNED, formulas)
        if found:
            yield name, found.group()


# -- the symbols of another document -----------------------------------------------------------


def with_symbols(output: Defined, path: str) -> tuple[Defined, Symbols]:
    """The output under the names of a document, and its conventions.

    The document's definition by the same operation says what stands for what; without one, tensors of equal names do.
    Raises `UsageError` where the document's operation has tensors of other ranks.
    """
    if Path(path).is_dir() or Path(path).suffix not in (".md", ".tex", ".ipynb"):
        raise InputError(f"--symbols {path}", "no document", "a .md, .tex or .ipynb with a block", "name a file")
    with reading(f"--symbols {path}"):
        text, form = read_file(Path(path))
    if not any(s.what == "block" for s in segments(text, form, path)):
        raise UsageError(f"--symbols {path}", "no declaration block", "a block that declares symbols", "add one")
    found = symbols_of(text, form, path)
    tensors = read_document(text, form, path).tensors
    return _renamed(output, _like(output, tensors), f"--symbols {path}"), replace(found, moves=found.base != 0)


def _like(output: Defined, tensors: Mapping[str, Tensor]) -> dict[Tensor, Tensor]:
    """The tensors of the document by those of the output that they stand for."""
    operation = output.call.operation if output.call is not None else ""
    for tensor in tensors.values():
        call = _unmoved(tensor)
        if call is not None and output.call is not None and call.operation == operation:
            return {output: tensor, **dict(zip(output.call.operands, map(_source, call.operands), strict=False))}
    below = [t for t in tensors_in(Entry(output, ())) if isinstance(t, Leaf) or t == output]
    return {t: tensors[t.name] for t in below if t.name in tensors}


def _unmoved(tensor: Tensor) -> Call | None:
    """The operation behind a tensor, under the change of base that a document's block may ask for."""
    call = tensor.call if isinstance(tensor, Defined) else None
    return _unmoved(call.operands[0]) if call is not None and call.operation == "moved" else call


def _source(tensor: Tensor) -> Tensor:
    """The data behind a change of base."""
    call = tensor.call if isinstance(tensor, Defined) else None
    return _source(call.operands[0]) if call is not None and call.operation == "moved" else tensor


def _renamed(output: Defined, like: Mapping[Tensor, Tensor], place: str) -> Defined:
    """The names of the tensors, and of the sizes that are their extents."""
    sizes: dict[str, Poly] = {}
    names: dict[str, str] = {}
    for mine, theirs in like.items():
        if mine.rank != theirs.rank:
            raise UsageError(
                place,
                f"{theirs.name} with {theirs.rank} axes",
                f"{mine.rank}, as many as the {mine.name} of what is solved",
                "declare it so, or solve another operation",
            )
        names[mine.name] = theirs.name
        if isinstance(mine, Leaf):
            for a, b in zip(mine.axes, theirs.axes, strict=True):
                size = a.extent.as_atom if a.bounded and b.bounded else None
                if size is not None:
                    sizes.setdefault(str(size), b.extent)
    known = {s.name for s in sizes_in(Entry(output, ()))}
    taken = {n for p in sizes.values() for n in map(str, p.sizes())}
    free = {name: poly for name, poly in sizes.items() if name in known}
    clashes = sorted((known - set(free)) & taken)
    if clashes:
        clash = clashes[0]
        raise UsageError(place, f"the size {clash} for another quantity", "names of their own", f"rename {clash}")
    made = at_sizes(output, free, names)
    if not isinstance(made, Defined):
        raise UsageError(place, f"{output.name}, free data", "a tensor with a formula", "give an output")
    return made


__all__ = ["Entries", "Order", "Symbols", "names_turned", "symbols_of", "with_symbols"]
