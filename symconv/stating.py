"""The problem of an exercise in words: those of the document that asks, or what an operation does."""

from __future__ import annotations

import re
from collections.abc import Iterator

from symconv.term.polynomial import Poly
from symconv.term.tensor import Call, Defined
from symconv.write.latex import latex_of_poly

# what an operation does, with the names of its operands
DOES = {
    "correlate": "The kernel ${1}$ slides over ${0}$ without being turned; at each place the products of what lies "
    "on top of each other are added up.",
    "convolve": "The kernel ${1}$ is turned by 180 degrees and slides over ${0}$; at each place the products of what "
    "lies on top of each other are added up.",
    "depthwise": "Each channel of ${0}$ has a kernel of its own in ${1}$ that slides over it; products are added up.",
    "transposed": "Each entry of ${0}$ lays down a copy of the kernel ${1}$, times itself; where copies overlap they "
    "are added up.",
    "pool_max": "Windows slide over ${0}$, and of each the greatest entry is kept, the first of equal ones.",
    "pool_average": "Windows slide over ${0}$, and each gives the mean of its entries.",
    "dense": "The matrix ${0}$ is multiplied with the vector ${1}$.",
    "add_bias": "A bias ${1}$ is added to each output channel.",
    "apply": "A function is applied to every entry of ${0}$.",
    "cross_entropy": "The scores become probabilities by softmax, and their cross entropy with ${1}$ is the loss.",
}
AMOUNTS = {
    "stride": ("1", "Windows start {} apart."),
    "padding": ("0", "Zeros stand around the input: {} on each side."),
    "dilation": ("1", "The taps of the kernel stand {} apart."),
    "groups": ("1", "The channels are split into {} groups."),
}


def document_words(document: str) -> Iterator[str]:
    """What a document in Markdown says before its first block, its head aside."""
    before = re.split(r"(?m)^(?:```|\$\$)", document, maxsplit=1)[0]
    if not document.lstrip().startswith("# "):
        return
    for part in re.split(r"\n\s*\n", before):
        if part.strip() and not part.lstrip().startswith("#"):
            yield " ".join(part.split())


def operation_words(tensor: Defined) -> Iterator[str]:
    """What the operation does, the operations inside first.

    >>> import symconv as sc
    >>> n, r = sc.sizes("n r")
    >>> list(operation_words(sc.correlate(sc.tensor("x", n), sc.tensor("w", r), stride=2).term))[1]
    'Windows start $2$ apart.'
    """
    call = tensor.call
    if call is None:
        yield "An output is given by its formula."
        return
    for operand in call.operands:
        if isinstance(operand, Defined) and operand.call is not None:
            yield from operation_words(operand)
    yield DOES.get(call.operation, "An output is given by its formula.").format(*(t.name for t in call.operands))
    yield from _amounts(call)


def _amounts(call: Call) -> Iterator[str]:
    for name, value in call.options:
        usual, words = AMOUNTS.get(name, ("", ""))
        items = value if isinstance(value, tuple) else (value,)
        said = dict.fromkeys(_amount(item) for item in items)
        if words and set(said) != {usual}:
            shown = list(said) if len(said) == 1 else [_amount(item) for item in items]
            yield words.format(" and ".join(f"${text}$" for text in shown))


def _amount(item: object) -> str:
    """One number for both sides where they agree."""
    if isinstance(item, tuple):
        sides = list(dict.fromkeys(_amount(side) for side in item))
        return sides[0] if len(sides) == 1 else " : ".join(sides)
    return latex_of_poly(item) if isinstance(item, Poly) else str(item)


__all__ = ["document_words", "operation_words"]
