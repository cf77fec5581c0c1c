"""Arrays with named axes, and the products of several of them.

`combine` writes the lines that multiply operands and sum over the letters
that the result does not keep: single sums first, then pairs by matrix
products, then what is left entry by entry.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from symconv.kernels.scope import Scope
from symconv.kernels.text import enclosed


@dataclass(frozen=True, slots=True)
class Operand:
    """An expression for an array, a letter for each of its axes."""

    text: str
    letters: str

    @property
    def atom(self) -> str:
        """The expression, in parentheses where it needs them."""
        return enclosed(self.text)


def fixed(operand: Operand, loops: str) -> Operand:
    """The operand at one round of the loops: their letters become indices."""
    if not set(loops) & set(operand.letters):
        return operand
    parts = [x if x in loops else ":" for x in operand.letters]
    while parts[-1] == ":" and parts:
        parts.pop()
    return Operand(f"{operand.atom}[{', '.join(parts)}]", "".join(x for x in operand.letters if x not in loops))


def aligned(operand: Operand, letters: str) -> str:
    """The operand with its axes in the order of `letters`, an axis of extent 1 where it has none.

    Leading axes of extent 1 are left to broadcasting.
    """
    wanted = "".join(x for x in letters if x in operand.letters)
    text = operand.atom
    if wanted != operand.letters:
        text += f".transpose({', '.join(str(operand.letters.index(x)) for x in wanted)})"
    present = letters[letters.index(wanted[0]) :] if wanted else ""
    if present == wanted:
        return text if text != operand.atom else operand.text
    parts = [":" if x in wanted else "None" for x in present]
    while parts[-1] == ":":
        parts.pop()
    return f"{text}[{', '.join(parts)}]"


def combine(scope: Scope, operands: Sequence[Operand], kept: str) -> Operand:
    """One operand: the product, summed over every letter that is not kept."""
    left = [_summed(scope, o, [p for p in operands if p is not o], kept) for o in operands]
    while len(left) > 1:
        pairs = [(a, b) for n, a in enumerate(left) for b in left[n + 1 :]]
        a, b = min(pairs, key=lambda pair: len(set(pair[0].letters) | set(pair[1].letters)))
        rest = [o for o in left if o is not a and o is not b]
        needed = set(kept).union(*(o.letters for o in rest))
        left = [*rest, _pair(scope, a, b, needed, kept)]
    return left[0]


def _summed(scope: Scope, operand: Operand, others: Sequence[Operand], kept: str) -> Operand:
    """Sum over the letters that only this operand has."""
    needed = set(kept).union(*(o.letters for o in others))
    axes = [n for n, x in enumerate(operand.letters) if x not in needed]
    if not axes:
        return operand
    which = str(axes[0]) if len(axes) == 1 else f"({', '.join(map(str, axes))})"
    text = f"{operand.atom}.sum(axis={which})" if len(axes) < len(operand.letters) else f"{operand.atom}.sum()"
    return Operand(scope.assign("total", text), "".join(x for x in operand.letters if x in needed))


def _pair(scope: Scope, a: Operand, b: Operand, needed: set[str], kept: str) -> Operand:
    both = "".join(dict.fromkeys(a.letters + b.letters))
    order = "".join(x for x in kept if x in both) + "".join(x for x in both if x not in kept)
    result = "".join(x for x in order if x in needed)
    if set(both) - needed:
        text = f'_contract("{a.letters},{b.letters}->{result}", {a.text}, {b.text})'
    else:
        text = f"{_factor(aligned(a, result))} * {_factor(aligned(b, result))}"
        return Operand(text, _present(a, b, result))
    return Operand(scope.assign("product", text), result)


def _present(a: Operand, b: Operand, result: str) -> str:
    return "".join(x for x in result if x in a.letters or x in b.letters)


def _factor(text: str) -> str:
    """A factor of a product: sums and quotients in parentheses."""
    node = ast.parse(text, mode="eval").body
    product = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)
    return text if product else enclosed(text)


__all__ = ["Operand", "aligned", "combine", "fixed"]
