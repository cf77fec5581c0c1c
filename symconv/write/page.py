"""Parts of a Markdown page: the declaration block, matrices of entries, sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from symconv.term.polynomial import Poly
from symconv.term.tensor import Call, Defined, Leaf, Tensor, sizes_in, tensors_in
from symconv.term.value import Entry
from symconv.write.latex import latex_of_poly

# operation -> the options that a `define` line writes, with their defaults
OPTIONS: dict[str, dict[str, object]] = {
    "correlate": {"stride": 1, "padding": 0, "dilation": 1, "groups": 1},
    "convolve": {"stride": 1, "padding": 0, "dilation": 1, "groups": 1},
    "depthwise": {"stride": 1, "padding": 0, "dilation": 1},
    "transposed": {"stride": 1, "padding": 0, "output_padding": 0, "dilation": 1},
    "pool_max": {"window": None, "stride": None, "padding": 0},
    "pool_average": {"window": None, "stride": None, "padding": 0},
    "pad": {"amounts": None},
    "stuff": {"steps": None},
}
POSITIONAL = ("window", "amounts", "steps")


def declaration(output: Defined, named: Sequence[Defined]) -> Iterator[str]:
    """The block of a page: sizes, tensors, the definition, the loss, the named helpers."""
    entry = Entry(output, tuple(map(Poly.of, output.parameters)))
    sizes = sizes_in(entry)
    plain = [s.name for s in sizes if s.least == 1]
    if plain:
        yield f"size {' '.join(plain)}"
    for s in sizes:
        if s.least != 1:
            yield f"size {s.name} >= {s.least}"
    leaves = [t for t in tensors_in(entry) if isinstance(t, Leaf)]
    for leaf in leaves:
        extents = ",".join(latex_of_poly(n) for n in leaf.shape)
        yield f"tensor {leaf.name}[{extents}]" if leaf.rank else f"scalar {leaf.name}"
    if output.call is not None:
        yield f"define {output.name} = {call_text(output.call)}"
    if output.rank:
        yield f"loss L({output.name})"
    for tensor in dict.fromkeys(named):
        if tensor.call is not None:
            yield f"define {tensor.name} = {call_text(tensor.call)}"
    yield "outside zero"
    dilations = {d for t in named for d in ()}
    if not dilations:
        yield "op \\operatorname{corr} = correlation valid, image first"


def call_text(call: Call) -> str:
    """A call in the library's names, as a `define` line reads it."""
    known = OPTIONS.get(call.operation, {})
    parts = [_operand(t) for t in call.operands]
    for name, value in call.options:
        if name not in known or _is_default(value, known[name]):
            continue
        text = _option(value)
        parts.append(text if name in POSITIONAL else f"{name}={text}")
    return f"{call.operation}({', '.join(parts)})"


def _operand(tensor: Tensor) -> str:
    if isinstance(tensor, Defined) and tensor.call is not None and "(" in tensor.name:
        return call_text(tensor.call)
    return tensor.name


def _is_default(value: object, default: object) -> bool:
    if isinstance(value, tuple):
        return all(_is_default(v, default) for v in value)
    return value == default


def _option(value: object) -> str:
    """One amount for all axes, if they agree; else a tuple."""
    if isinstance(value, tuple):
        items = [_option(v) for v in value]
        return items[0] if len(set(items)) == 1 else f"({', '.join(items)})"
    return latex_of_poly(value) if isinstance(value, Poly) else str(value)


def matrix(array: Any) -> str:
    """A vector as a row, a matrix as a matrix, entries in LaTeX."""
    rows = [array.tolist()] if len(array.shape) == 1 else array.tolist()
    body = r" \\ ".join(" & ".join(_entry(e) for e in row) for row in rows)
    return rf"\begin{{bmatrix}} {body} \end{{bmatrix}}"


def _entry(expression: Any) -> str:
    import sympy

    return str(sympy.latex(expression))


def sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."
