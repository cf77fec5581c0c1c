"""The window of an output over the input: what is read, with which kernel entry, what is zero and what nobody reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from symconv.errors import DependenceError
from symconv.page.nodes import Figure
from symconv.pictures.boards import (
    boards,
    checked_entry,
    entry,
    extents,
    hulls,
    leading,
    link,
    link_words,
    listed,
    short,
)
from symconv.pictures.drawing import Grid, Label, Legend, Look, figure
from symconv.pictures.reading import Index, Reader, Term, grouped, name_of, names_read
from symconv.proof.evaluate import World
from symconv.term.tensor import Tensor
from symconv.write.latex import latex_of_tensor

Terms = Mapping[Index, Sequence[Term]]


def window(f: Tensor, x: Tensor, at: Sequence[Sequence[int]], sizes: Mapping[str, int]) -> Figure:
    """The entries of x that the outputs `at` of f read, one grid an output, and where these stand in f.

    Dashed cells lie outside x: zeros that the formula reads.  Grey cells are read by no output of f.

    >>> from symconv.ops.correlate import correlate
    >>> from symconv.term.polynomial import Size
    >>> from symconv.term.tensor import Axis, Leaf
    >>> X, K = Leaf("X", (Axis.of(Size("H")),)), Leaf("K", (Axis.of(2),))
    >>> print(window(correlate(X, K, stride=2, padding=(1, 0)), X, [(0,), (1,)], {"H": 4}).alt)
    X: 4 entries. corr(X, K, stride=2, padding=(1, 0)): 2 entries. output[0] reads X[0] (with K[1]) and 1 \
zero outside. output[1] reads X[1] (with K[0]) and X[2] (with K[1]). No output reads X[3].
    """
    reader = Reader(World(sizes), {x})
    outputs = [checked_entry(reader, f, index) for index in at]
    terms = {index: reader.unfolded(f, index) for index in reader.indices(f)}
    read = {i for found in terms.values() for i in grouped(found, x)}
    if not read:
        raise DependenceError(
            f"window({f.name})", f"no entry of {x.name}", "a tensor that is read", "name a tensor that f is made of"
        )
    never = sorted(set(reader.indices(x)) - read)
    grids = [grid for o in outputs for grid in _input(reader, f, x, o, terms[o], read)]
    kinds = {kind for grid in grids for look in grid.looks.values() for kind in look.kind.split()}
    legend = Legend(tuple(line for line in _legend(x) if line[0] in kinds))
    told = [extents(reader, x), extents(reader, f), *(_told(reader, f, x, o, terms[o]) for o in outputs)]
    if never:
        told.append(f"No output reads {listed(entry(x, i, 'input') for i in never)}.")
    return figure([*grids, *_output(reader, f, outputs, terms), legend], " ".join(told), _caption(f, x))


def _input(reader: Reader, f: Tensor, x: Tensor, output: Index, terms: Sequence[Term], read: set[Index]) -> list[Grid]:
    """The grids of x for one output, with the zeros around it that any output reads."""
    here, own = grouped(terms, x), set(reader.indices(x))
    axes = [_widened(axis, [i[n] for i in read]) for n, axis in enumerate(reader.axes(x))]
    looks = {i: _look(x, i, here.get(i, ()), i in own, i in read) for i in product(*axes)}
    title = f"{entry(f, output)} reads {short(x, 'input')}"
    return boards(title, axes, looks, map(leading, here), hulls(here))


def _widened(axis: range, positions: Sequence[int]) -> range:
    return range(min(axis.start, *positions), max(axis.stop - 1, *positions) + 1)


def _look(x: Tensor, index: Index, terms: Sequence[Term], own: bool, ever: bool) -> Look:
    holds = {"padding": not own, "read": bool(terms), "never": own and not ever}
    label = link(terms, x) if terms else Label("" if own else "0")
    return Look(" ".join(kind for kind in holds if holds[kind]), label, of=name_of(x, index) if own else None)


def _output(reader: Reader, f: Tensor, outputs: Sequence[Index], terms: Terms) -> list[Grid]:
    looks = {
        i: Look("entry" if i in outputs else "", of=name_of(f, i), reads=names_read(found))
        for i, found in terms.items()
    }
    return boards(short(f), reader.axes(f), looks, map(leading, outputs))


def _legend(x: Tensor) -> Iterator[tuple[str, str]]:
    yield "read", "read; in it, what it is multiplied with"
    yield "padding", f"outside {short(x, 'the input')}: zero"
    yield "never", "read by no output"


def _told(reader: Reader, f: Tensor, x: Tensor, output: Index, terms: Sequence[Term]) -> str:
    """One output in words."""
    here, own = grouped(terms, x), set(reader.indices(x))
    items = [_with(entry(x, i, "input"), link_words(found, x)) for i, found in here.items() if i in own]
    zeros = len(here.keys() - own)
    if zeros:
        items.append(f"{zeros} zero{'s' * (zeros > 1)} outside")
    return f"{entry(f, output)} reads {listed(items)}."


def _with(name: str, partner: str) -> str:
    return f"{name} (with {partner})" if partner else name


def _caption(f: Tensor, x: Tensor) -> str:
    return f"The window over ${latex_of_tensor(x)}$ of entries of ${latex_of_tensor(f)}$, read off its formula."


__all__ = ["window"]
