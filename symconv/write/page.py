"""Parts of a Markdown page: the declaration block, matrices of entries, sentences."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, product

from symconv.calculus.functions import DERIVATIVES
from symconv.term.polynomial import Poly
from symconv.term.tensor import Axis, Call, Defined, Leaf, Tensor, sizes_in, tensors_in
from symconv.term.value import Apply, Entry, Function, walk
from symconv.write.latex import LETTERS_OF_FUNCTIONS, latex_of_poly

# what a declaration block can define: operation -> the options that its line writes, with their defaults
OPTIONS: dict[str, dict[str, object]] = {
    "correlate": {"stride": 1, "padding": 0, "dilation": 1, "groups": 1},
    "convolve": {"stride": 1, "padding": 0, "dilation": 1, "groups": 1},
    "transposed": {"stride": 1, "padding": 0, "output_padding": 0, "dilation": 1},
    "pool_max": {"window": None, "stride": None, "padding": 0},
    "pool_average": {"window": None, "stride": None, "padding": 0},
    "dense": {},
    "pad": {"amounts": None},
    "stuff": {"steps": None},
    "rot180": {},
    "upsample_nearest": {"factor": None},
    "upsample_bilinear": {"factor": None},
    "bed_of_nails": {"factor": None},
    "unpool_max": {},
    "depthwise": {"stride": 1, "padding": 0, "dilation": 1},
    "softmax": {},
    "cross_entropy": {},
    "concatenate": {"axis": 0},
    "vec": {"order": "columns"},
    "toeplitz": {"shape": None, "stride": 1, "padding": 0, "dilation": 1, "order": "columns"},
}
POSITIONAL = ("window", "amounts", "steps", "shape", "factor")
# what a formula may show by its operation
IN_SLOPES = {"gelu": ("normal_cdf", "normal_pdf"), "normal_cdf": ("normal_pdf",)}  # what their slopes are made of
READABLE = frozenset(
    ("correlate", "convolve", "transposed", "pool_max", "pool_average", "dense", "pad", "stuff", "rot180", "crop")
)


def declaration(
    output: Defined,
    named: Sequence[Defined],
    ignored: Sequence[int],
    correlated: bool = True,
    loss: str = "L",
    said: Sequence[str] = (),
) -> Iterator[str]:
    """The block of a page: sizes, tensors, the definition, the loss, the named helpers.

    ignored: the numbers of displays that a block has no words for; correlated: the page has a closed form with `corr`;
    loss: its letter, or none; said: what a document says besides of its symbols.
    """
    entry = Entry(output, tuple(map(Poly.of, output.parameters)))
    sizes = sizes_in(entry)
    plain = [s.name for s in sizes if s.least == 1]
    if plain:
        yield f"size {' '.join(plain)}"
    for s in sizes:
        if s.least != 1:
            yield f"size {s.name} >= {s.least}"
    for leaf in (t for t in tensors_in(entry) if isinstance(t, Leaf)):
        yield f"tensor {leaf.name}[{_axes(leaf)}]" if leaf.rank else f"scalar {leaf.name}"
    functions = {v.function.name for v in _applications(output)}
    for name in sorted(functions | {made for f in functions for made in IN_SLOPES.get(f, ())}):
        letter = LETTERS_OF_FUNCTIONS.get(name, name)
        yield f"function {letter}" if name not in DERIVATIVES else f"function {letter} = {name}"
    for tensor in (*intermediates(output), output):
        if tensor.call is not None and sayable(tensor):
            yield f"define {tensor.name} = {call_text(tensor.call)}"
        else:
            yield f"tensor {tensor.name}[{_axes(tensor)}]" if tensor.rank else f"scalar {tensor.name}"
    if output.rank and loss:
        yield f"loss {loss}({output.name})"
    yield from said
    for tensor in dict.fromkeys(named):
        if tensor.call is not None and definable(output, tensor):
            yield f"define {tensor.name} = {call_text(tensor.call)}"
    yield "outside zero"
    if correlated:
        yield "op \\operatorname{corr} = correlation valid, image first"
    if ignored:
        yield "ignore " + " ".join(f"eq{n}" for n in ignored)


def others(output: Defined, tensors: Sequence[Tensor]) -> Iterator[str]:
    """Lines for tensors that the output is not made of: sizes, data and definitions."""
    known = set(tensors_in(Entry(output, ())))
    for tensor in tensors:
        below = [t for t in dict.fromkeys((*_below(tensor), tensor)) if t not in known and not is_inner(t)]
        for made in sorted(below, key=lambda t: isinstance(t, Defined)):
            known.add(made)
            if isinstance(made, Leaf):
                yield f"tensor {made.name}[{_axes(made)}]" if made.rank else f"scalar {made.name}"
            elif isinstance(made, Defined) and made.call is not None and sayable(made) and not is_nameless(made):
                yield f"define {made.name} = {call_text(made.call)}"
            elif isinstance(made, Defined) and not is_nameless(made):
                yield f"tensor {made.name}[{_axes(made)}]" if made.rank else f"scalar {made.name}"


def _below(tensor: Tensor) -> Iterator[Tensor]:
    """What a tensor is made of, by its formula and by its operation, what is inside first."""
    call = tensor.call if isinstance(tensor, Defined) else None
    for operand in call.operands if call is not None else ():
        yield from _below(operand)
        yield operand
    yield from tensors_in(Entry(tensor, ()))


def is_inner(tensor: Tensor) -> bool:
    """A step inside an operation, which no page names."""
    return isinstance(tensor, Defined) and tensor.call is None and "(" in tensor.name


def upstream_letter(output: Tensor) -> str:
    """A letter for the upstream gradient that no tensor or size of the page has: G, if it is free."""
    entry = Entry(output, ())
    taken = {output.name, *(t.name for t in tensors_in(entry)), *(s.name for s in sizes_in(entry))}
    return next(letter for letter in ("G", "D", "U", "E", "Y", r"\Delta") if letter not in taken)


def definable(output: Defined, tensor: Defined) -> bool:
    """A `define` line can say what the tensor is: an operation on what the block defines."""
    return sayable(output) and sayable(tensor)


def sayable(tensor: Tensor) -> bool:
    """A `define` line has words for a tensor, and for all that it is made of."""
    if not isinstance(tensor, Defined):
        return True
    call = tensor.call
    if call is None or not (call.operation in OPTIONS or call.operation == "apply"):
        return False
    if call.operation == "apply" and any(map(is_nameless, call.operands)):
        return False
    if (
        call.operation in ("correlate", "convolve", "transposed")
        and call.operands[0].rank == 3 == call.operands[1].rank
    ):
        return False  # a line would be read as channels with two axes
    return all(map(sayable, call.operands))


def intermediates(output: Defined) -> list[Defined]:
    """The named tensors that the output is made of, each after what it is made of itself."""
    found: dict[Defined, None] = {}

    def visit(tensor: Defined) -> None:
        for entry in walk(tensor.body):
            if isinstance(entry, Entry) and isinstance(entry.tensor, Defined) and entry.tensor not in found:
                visit(entry.tensor)
                found[entry.tensor] = None

    visit(output)
    return [t for t in found if not is_nameless(t)]


def nameless(output: Defined) -> Iterator[Defined]:
    """What the output is made of and a page can neither show by its operation nor by a name, what is inside first."""
    for tensor in (*(t for t in tensors_in(output.body) if isinstance(t, Defined)), output):
        for entry in walk(tensor.body):
            inner = entry.tensor if isinstance(entry, Entry) else None
            if not isinstance(inner, Defined) or not is_nameless(inner):
                continue
            applied = tensor.call is not None and tensor.call.operation == "apply"
            if applied or not readable(inner):
                yield from nameless(inner)
                yield inner


def is_nameless(tensor: Tensor) -> bool:
    """Shown by its operation, as in `pad(X, 1)`."""
    return isinstance(tensor, Defined) and tensor.call is not None and "(" in tensor.name


def _axes(tensor: Tensor) -> str:
    """Extents, or ranges where an axis does not begin at 0."""
    return ",".join(_axis(a) for a in tensor.axes)


def _axis(axis: Axis) -> str:
    if axis.low is None or axis.high is None:
        return ".."
    low, high = axis.low, axis.high
    return latex_of_poly(axis.extent) if low.is_zero else f"{latex_of_poly(low)}..{latex_of_poly(high)}"


def _applications(output: Defined) -> list[Apply]:
    values = [output.body, *(t.body for t in tensors_in(output.body) if isinstance(t, Defined))]
    return [v for value in values for v in walk(value) if isinstance(v, Apply)]


def readable(tensor: Tensor) -> bool:
    """Every operation of a closed form has a name in declaration blocks, and no option that `corr(..)` cannot show."""
    if not isinstance(tensor, Defined) or tensor.call is None:
        return "(" not in tensor.name
    if tensor.call.operation == "rot180" and tensor.call.option("spatial") != _turned(tensor.rank):
        return False
    options = OPTIONS.get(tensor.call.operation, {})
    plain = tensor.call.operation in ("pad", "stuff") or all(
        _is_default(value, options[name]) for name, value in tensor.call.options if name in options
    )
    return tensor.call.operation in READABLE and plain and all(map(readable, tensor.call.operands))


def _turned(rank: int) -> int:
    """How many axes `rot180` turns where nothing is said: all of a kernel without channels."""
    return rank if rank <= 3 else rank - 2


def call_text(call: Call) -> str:
    """A call in the library's names, as a `define` line reads it."""
    if call.operation == "apply":
        return _application(call)
    known = OPTIONS.get(call.operation, {})
    parts = [_operand(t) for t in call.operands]
    for name, value in call.options:
        if name not in known or _is_default(value, known[name]):
            continue
        text = _shape(value) if name == "shape" else _option(value)
        parts.append(text if name in POSITIONAL else f"{name}={text}")
    return f"{call.operation}({', '.join(parts)})"


def _application(call: Call) -> str:
    function = dict(call.options)["function"]
    name = function.name if isinstance(function, Function) else str(function)
    head = name if len(name) == 1 else rf"\operatorname{{{name}}}"
    return f"{head}({', '.join(map(_operand, call.operands))})"


def _operand(tensor: Tensor) -> str:
    if isinstance(tensor, Defined) and tensor.call is not None and is_nameless(tensor):
        return call_text(tensor.call)
    return latex_of_whole(tensor)


def latex_of_whole(tensor: Tensor) -> str:
    """A tensor by its name; a gradient as a fraction."""
    loss, _, by = tensor.name.removeprefix("d").partition("/d")
    return rf"\frac{{\partial {loss}}}{{\partial {by}}}" if by else tensor.name


def _is_default(value: object, default: object) -> bool:
    if isinstance(value, tuple):
        return all(_is_default(v, default) for v in value)
    return value == default


def _shape(value: object) -> str:
    """Every extent, also where all are the same."""
    items = [_option(v) for v in value] if isinstance(value, tuple) else [_option(value)]
    return f"({', '.join(items)})" if len(items) > 1 else items[0]


def _option(value: object) -> str:
    """One amount for all axes, if they agree; else a tuple."""
    if isinstance(value, tuple):
        items = [_option(v) for v in value]
        if len(set(items)) == 1:
            return items[0]
        return f"({', '.join(items)})"
    return latex_of_poly(value) if isinstance(value, Poly) else str(value)


# letters of LaTeX: of a row of a matrix, of a line of a sum, of a term, of a list of entries
WIDE, LINE, TOO_LONG, LIST = 240, 120, 170, 2500


def entries_displays(left: str, shape: Sequence[int], entries: Sequence[str]) -> tuple[str, ...] | None:
    """`left = matrix`, one for each index before the last two; None where a term is too long for a page.

    entries: in LaTeX, the last axis running fastest.  Entry by entry where a row is too wide; a long sum stands on
    several lines.  A vector stands as a row.
    """
    return _displays(left, shape, list(map(_lines, entries)))


def numbers_displays(left: str, shape: Sequence[int], numbers: Iterable[object]) -> tuple[str, ...]:
    """The same of numbers."""
    return _displays(left, shape, [[str(number)] for number in numbers]) or ()


def _displays(left: str, shape: Sequence[int], cells: list[list[str]]) -> tuple[str, ...] | None:
    if any(len(line) > TOO_LONG for cell in cells for line in cell):
        return None
    if not shape:
        return (f"{left} = {' '.join(cells[0])}",)
    width = shape[-1]
    height = shape[-2] if len(shape) > 1 else 1
    made: list[str] = []
    for n, lead in enumerate(product(*map(range, shape[:-2]))):
        start = n * height * width
        rows = [cells[start + i * width : start + (i + 1) * width] for i in range(height)]
        made += _matrix(left, lead, rows, len(shape))
    return tuple(made)


def _matrix(left: str, lead: tuple[int, ...], cells: list[list[list[str]]], rank: int) -> Iterator[str]:
    """A matrix of entries, or lists of them, each of a length that can be read back."""
    base = left if "\\" not in left else rf"\left({left}\right)"
    if max(sum(len(line) for cell in row for line in cell) for row in cells) <= WIDE:
        rows = [[" ".join(cell) for cell in row] for row in cells]
        body = r" \\ ".join(" & ".join(row) for row in rows)
        name = rf"{base}_{{{', '.join(map(str, lead))}, \cdot, \cdot}}" if lead else left
        yield rf"{name} = \begin{{bmatrix}} {body} \end{{bmatrix}}"
        return
    entries = [
        r" \\ &\quad ".join((rf"{base}_{{{', '.join(map(str, (*lead, i, j)[-rank:]))}}} &= {first}", *rest))
        for i, row in enumerate(cells)
        for j, (first, *rest) in enumerate(row)
    ]
    while entries:
        length = list(accumulate(map(len, entries)))
        most = max(1, bisect_right(length, LIST))
        body = r" \\ ".join(entries[:most])
        entries = entries[most:]
        yield rf"\begin{{aligned}} {body} \end{{aligned}}"


def _lines(sum_: str) -> list[str]:
    """A sum cut before its signs, so that no line is long."""
    lines, depth = [""], 0
    for part in re.split(r"( [-+] |[{}()])", sum_):
        depth += (part in ("{", "(")) - (part in ("}", ")"))
        if depth == 0 and part in (" + ", " - ") and len(lines[-1]) > LINE - 40:
            lines.append(f"{part.strip()} ")
        else:
            lines[-1] += part
    return lines


def sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."
