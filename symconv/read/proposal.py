r"""The block that a document lacks, as far as its formulas say what it must hold.

The idea: count, never guess.  How many indices a name carries, what stands as a limit and where sums begin
can be read off; what a sign means or what lies outside a tensor cannot, so these lines are comments that
give the choice, and the block works only as far as its author settles it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from symconv.errors import SymconvError
from symconv.notation.latex_parser import parse_latex
from symconv.notation.layout import Big, Fence, Fraction, Letter, Node, Numeral, Row, Script, Sign, Styled, parts, walk
from symconv.notation.source import Source
from symconv.notation.symbols import RELATIONS
from symconv.read.documents import Form, segments

OPERATORS = {
    "*": "convolution full | convolution valid | correlation valid | product",
    r"\ast": "convolution full | convolution valid | correlation valid | product",
    r"\star": "correlation valid | convolution valid | convolution full",
    r"\otimes": "correlation valid | convolution full | kronecker | product",
    r"\circledast": "convolution full | correlation valid",
    r"\circ": "hadamard | composition is not an operation here",
    r"\odot": "hadamard",
}
PARTIAL = r"\partial"


@dataclass
class _Seen:
    """What the formulas of a document show."""

    indices: dict[str, Counter[int]] = field(default_factory=dict)  # by name: how often with how many indices
    defined: dict[str, None] = field(default_factory=dict)  # names on a left side, in order
    bound: set[str] = field(default_factory=set)  # indices of sums
    firsts: Counter[str] = field(default_factory=Counter)
    above: dict[str, None] = field(default_factory=dict)  # what is differentiated, without an index
    below: dict[str, None] = field(default_factory=dict)  # what is differentiated by
    called: dict[str, None] = field(default_factory=dict)
    signs: dict[str, None] = field(default_factory=dict)
    unread: int = 0


def propose(text: str, form: Form, name: str) -> str | None:
    """The lines of a block, or None where the document has one.

    >>> print(propose(r"$$y_i = \\sum_{k=0}^{r-1} w_k x_{i+k}$$", "md", "note.md"))
    tensor   y[]  w[]  x[]
    base     0
    # choose: outside zero | outside error (the default) | outside periodic
    """
    found = segments(text, form, name)
    if any(s.what == "block" for s in found):
        return None
    seen = _Seen()
    for segment in found:
        try:
            row = parse_latex(Source(segment.latex, name))
        except SymconvError:  # `verify` says what is wrong with it
            seen.unread += 1
            continue
        if any(isinstance(n, Sign) and n.text in RELATIONS for n in walk(row)):
            _look(row, seen)
    return "\n".join(_lines(seen))


def _lines(seen: _Seen) -> Iterator[str]:
    losses = [n for n in seen.above if n not in seen.indices]
    tensors = {n: c for n, c in seen.indices.items() if n not in seen.bound and n not in losses}
    ranked = {name: max(counts) for name, counts in tensors.items()}
    if ranked:
        yield "tensor   " + "  ".join(f"{n}[{',' * (k - 1)}]" for n, k in ranked.items())
    for loss in losses:
        direct = [n for n in seen.below if n in seen.defined and n in ranked]
        yield f"loss     {loss}({', '.join(direct) or next(iter(ranked), 'y')})"
        yield f"# check: the tensors that {loss} depends on directly"
    functions = [n for n in seen.called if n not in ranked and n not in losses and n not in seen.bound]
    for function in functions:
        yield f"# if {function} is a function of one number: function {function}"
    if seen.firsts:
        base = "1" if seen.firsts["1"] and not seen.firsts["0"] else "0"
        yield f"base     {base}"
    for sign in seen.signs:
        yield f"# choose: op {sign} = {OPERATORS[sign]}"
    yield "# choose: outside zero | outside error (the default) | outside periodic"
    for name, counts in tensors.items():
        if len(counts) > 1:
            numbers = ", ".join(map(str, sorted(counts)))
            yield f"# {name} stands with {numbers} indices: declare one number, and write the others so"
    if seen.unread:
        yield f"# {seen.unread} formulas could not be read; verify says why"


def _look(row: Row, seen: _Seen) -> None:
    for left in _left_names(row):
        seen.defined.setdefault(left)
    for node in walk(row):
        match node:
            case Big(lower=lower) if lower is not None:
                _limits(lower, seen)
            case Fraction(top=top, bottom=bottom):
                _derivative(top, bottom, seen)
            case Sign(text=text) if text in OPERATORS:
                seen.signs.setdefault(text)
            case Script(sub=sub) if sub is not None and not _is_label(sub) and (name := _name(node)) is not None:
                seen.indices.setdefault(name, Counter())[_count(sub)] += 1
            case Row(items=items):
                _brackets(items, seen)


def _brackets(items: tuple[Node, ...], seen: _Seen) -> None:
    """`X[i,j]` is an entry; `f(x)` may be a call."""
    for before, after in pairwise(items):
        name = _name(before)
        if name is None or not isinstance(after, Fence):
            continue
        if after.opener == "[":
            seen.indices.setdefault(name, Counter())[_count(after.body)] += 1
        elif after.opener == "(" and isinstance(before, Letter):
            seen.called.setdefault(name)


def _left_names(row: Row) -> Iterable[str]:
    """The name whose entry stands alone before the first relation."""
    for n, node in enumerate(row.items):
        if isinstance(node, Sign) and node.text in RELATIONS:
            left = [i for i in row.items[:n] if not isinstance(i, Fence)]
            name = _name(left[0]) if len(left) == 1 else None
            return [name] if name is not None else []
    return []


def _limits(lower: Row, seen: _Seen) -> None:
    seen.bound.update(n.name for n in lower.items if isinstance(n, Letter))
    first = [n for n in lower.items if not isinstance(n, Letter)]
    seen.firsts.update(t for n in first if (t := getattr(n, "text", "")) in ("0", "1"))


def _derivative(top: Row, bottom: Row, seen: _Seen) -> None:
    if not all(any(isinstance(n, Letter) and n.name == PARTIAL for n in walk(side)) for side in (top, bottom)):
        return
    for side, names in ((top, seen.above), (bottom, seen.below)):
        rest = [n for n in side.items if not (isinstance(n, Letter) and n.name == PARTIAL)]
        name = _name(rest[0]) if rest else None
        if name is not None and (side is bottom or isinstance(rest[0], (Letter, Styled))):
            names.setdefault(name)


def _name(node: Node) -> str | None:
    """The letter at the base, whatever its scripts and font."""
    while isinstance(node, (Script, Styled)) or (isinstance(node, Row) and len(node.items) == 1):
        node = parts(node)[0]
    return node.name if isinstance(node, Letter) and node.name != PARTIAL else None


def _count(index: Row) -> int:
    """How many indices: one more than there are commas; letters without a comma, as in O_{xy}, count one by one."""
    items = index.items
    if len(items) == 1 and isinstance(items[0], Fence):
        return _count(items[0].body)
    if len(items) > 1 and all(isinstance(n, Letter) for n in items):
        return len(items)
    return 1 + sum(isinstance(n, Sign) and n.text == "," for n in items)


def _is_label(sub: Row) -> bool:
    """k_1, H_K: part of a name rather than an index."""
    return all(isinstance(n, Numeral) or (isinstance(n, Letter) and n.name.isupper()) for n in sub.items)


__all__ = ["propose"]
