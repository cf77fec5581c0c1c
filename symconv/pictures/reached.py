"""Which outputs one entry of the input reaches, each with the kernel entry between them: the flip made visible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symconv.page.nodes import Figure
from symconv.pictures.boards import (
    boards,
    checked_entry,
    entry,
    extents,
    hulls,
    label_of,
    leading,
    link,
    link_words,
    listed,
    short,
)
from symconv.pictures.drawing import Grid, Look, figure
from symconv.pictures.reading import Index, Place, Reader, Term, grouped, name_of, names_read
from symconv.pictures.style import weight_class
from symconv.proof.evaluate import World
from symconv.term.tensor import Tensor
from symconv.term.text import ordinal
from symconv.write.latex import latex_of_tensor


def reached(f: Tensor, x: Tensor, at: Sequence[int], sizes: Mapping[str, int]) -> Figure:
    """The outputs of f that read the entry `at` of x, coloured and labelled like the kernel entry that links them.

    >>> from symconv.ops.correlate import correlate
    >>> from symconv.term.polynomial import Size
    >>> from symconv.term.tensor import Axis, Leaf
    >>> X, K = Leaf("X", (Axis.of(Size("H")),)), Leaf("K", (Axis.of(2),))
    >>> print(reached(correlate(X, K), X, (1,), {"H": 4}).alt)
    X: 4 entries. corr(X, K): 3 entries. X[1] reaches output[0] (through K[1]) and output[1] (through K[0]). \
As the output's index grows on the first axis, the index of K falls: K lies there turned.
    """
    reader = Reader(World(sizes), {x})
    index = checked_entry(reader, x, at)
    terms = {o: reader.unfolded(f, o) for o in reader.indices(f)}
    hit = {o: here for o, found in terms.items() if (here := grouped(found, x).get(index))}
    partners = {o: p for o, found in hit.items() for t in found for p in t.besides(x)[:1]}
    colours = {p: weight_class(n) for n, p in enumerate(_of_one_kernel(reader, partners))}
    kinds = {o: colours[partners[o]] if o in partners else "" for o in hit}
    looks = {o: _look(f, x, o, found, hit.get(o, ()), kinds.get(o, "")) for o, found in terms.items()}
    source = {i: Look("entry" if i == index else "", of=name_of(x, i)) for i in reader.indices(x)}
    outputs = boards(short(f), reader.axes(f), looks, map(leading, hit), hulls(hit))
    panels = [
        *boards(short(x, "input"), reader.axes(x), source, [leading(index)]),
        *_kernel(reader, colours),
        *(outputs or boards(short(f), reader.axes(f), looks)),
    ]
    items = [_through(entry(f, o), link_words(found, x)) for o, found in hit.items()]
    told = [extents(reader, x), extents(reader, f), f"{entry(x, index, 'input')} reaches {listed(items)}."]
    return figure(panels, " ".join([*told, *_turned(partners)]), _caption(f, x, index))


def _of_one_kernel(reader: Reader, partners: Mapping[Index, Place]) -> list[Place]:
    """All entries of the kernel, so that every one has its colour; of several kernels those that occur."""
    tensors = list(dict.fromkeys(p.tensor for p in partners.values()))
    if len(tensors) != 1:
        return list(dict.fromkeys(partners.values()))
    return [Place(tensors[0], i, True) for i in reader.indices(tensors[0])]


def _look(f: Tensor, x: Tensor, o: Index, found: Sequence[Term], here: Sequence[Term], colour: str) -> Look:
    reads = names_read(found)
    if not here:
        return Look(of=name_of(f, o), reads=reads)
    return Look(f"read {colour}".strip(), link(here, x), of=name_of(f, o), reads=reads)


def _kernel(reader: Reader, colours: Mapping[Place, str]) -> list[Grid]:
    """The tensors that link, in the same colours."""
    grids = []
    for tensor in dict.fromkeys(p.tensor for p in colours):
        looks = {p.index: Look(c, label_of(p), of=p.text) for p, c in colours.items() if p.tensor == tensor}
        planes = {leading(i) for i in looks} if len(looks) <= 16 else set()
        grids += boards(short(tensor, "kernel"), reader.axes(tensor), looks, planes)
    return grids


def _through(name: str, partner: str) -> str:
    return f"{name} (through {partner})" if partner else name


def _turned(partners: Mapping[Index, Place]) -> list[str]:
    """On which axes the kernel's index falls as the output's grows; counted on the last axes of both."""
    kernels = list(dict.fromkeys(p.tensor for p in partners.values()))
    if len(kernels) != 1:
        return []
    spatial = min(kernels[0].rank, *(len(o) for o in partners), 2)
    falling = [n for n in range(-spatial, 0) if _signs(partners, n) == {-1}]
    if not falling:
        return []
    axes = " and ".join(ordinal(spatial + n) for n in falling)
    name = short(kernels[0], "the kernel")
    plural = len(falling) > 1
    grows = f"As the output's index grows on the {axes} {'axes' if plural else 'axis'}, the index of {name} falls:"
    return [f"{grows} {name} lies there turned{' by 180 degrees' if plural else ''}."]


def _signs(partners: Mapping[Index, Place], axis: int) -> set[int]:
    """How the kernel's index moves where the output's grows on this axis alone."""
    signs = set()
    for o, p in partners.items():
        for other, q in partners.items():
            if all((a < b) if n == len(o) + axis else (a == b) for n, (a, b) in enumerate(zip(o, other, strict=True))):
                step = q.index[axis] - p.index[axis]
                signs.add((step > 0) - (step < 0))
    return signs


def _caption(f: Tensor, x: Tensor, index: Index) -> str:
    place = ",".join(map(str, index))
    return (
        f"The entries of ${latex_of_tensor(f)}$ that ${latex_of_tensor(x)}_{{{place}}}$ reaches, each with its weight."
    )


__all__ = ["reached"]
