"""One expression read against names that are settled already."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from symconv.notation.latex_parser import parse_latex
from symconv.notation.source import Source
from symconv.read.facts import Facts, OpFact
from symconv.read.grammar import Grammar
from symconv.read.kinds import Kinds, Ranks
from symconv.read.values import Values
from symconv.read.world import World
from symconv.term.polynomial import Poly, Size
from symconv.term.tensor import Tensor
from symconv.term.value import Value

OPS = {
    "corr": OpFact("corr", "correlation", "valid", "image first", (), 0),
    "conv": OpFact("conv", "convolution", "valid", "image first", (), 0),
}


def read_value(
    latex: str | Source,
    tensors: Mapping[str, Tensor],
    sizes: Iterable[Size] = (),
    indices: Iterable[str] = (),
    functions: Iterable[str] = (),
) -> Value:
    r"""The value of an expression over known tensors, sizes and free indices.

    A tensor named `dL/dX` is read as the derivative of the loss L by X.

    >>> from symconv.term.tensor import Axis, Leaf
    >>> read_value("X_{i} + 1", {"X": Leaf("X", (Axis.of(Size("n")),))}, indices="i").terms[0].tensor
    X
    """
    source = latex if isinstance(latex, Source) else Source(latex)
    facts = Facts(functions={name: name for name in functions}, ops=dict(OPS))
    kinds = Kinds(facts)
    world = World(
        facts,
        kinds,
        sizes={s.name: Poly.atom(s) for s in sizes},
        tensors=dict(tensors),
        index_names=set(indices),
        literal=True,
    )
    kinds.sizes |= set(world.sizes)
    for name, tensor in tensors.items():
        kinds.tensors[name] = Ranks(tensor.rank)
        gradient = re.fullmatch(r"d([^/]+)/d([^/]+)", name)
        if gradient:
            loss, by = gradient.groups()
            facts.losses[loss] = (by,)
            world.gradients[loss, by] = tensor
    row = parse_latex(source)
    expr = Grammar(source, kinds).expression(row.items, row.at)
    return Values(world, source, frozenset(indices)).value(expr)
