r"""Layout -> MathML Core, which browsers show without a script or a font of ours.

A printer for each kind of node, in a table.  What LaTeX sets tight is set
tight here: signs in scripts and limits, brackets around what is not tall.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from symconv.notation import glyphs
from symconv.notation.layout import (
    Accent,
    Big,
    Boxed,
    Fence,
    Fraction,
    Grid,
    Letter,
    Node,
    Numeral,
    Row,
    Script,
    Sign,
    Space,
    Styled,
    Tag,
    Words,
    parts,
)
from symconv.notation.markup import Markup, element, together
from symconv.notation.symbols import FENCES, LETTERS, MATRICES, OPERATIONS, RELATIONS

ORDINARY = {
    r"\dots", r"\vdots", r"\ddots", r"\top", r"\#", r"\&", r"\$", r"\_", r"\%", r"\forall", r"\exists", ".", "?",
}  # fmt: skip
UPRIGHT = {r"\infty", r"\nabla"} | {name for name in LETTERS if name[1].isupper()}
MATRIX_FENCES = {"bmatrix": ("[", "]"), "pmatrix": ("(", ")"), "vmatrix": ("|", "|"), "cases": ("{", "")}
WIDE = {r"\widetilde", r"\widehat"}
LINES = {  # accents that no font stretches far enough are borders
    r"\overline": "border-top: 0.07em solid; padding-top: 0.1em",
    r"\underline": "border-bottom: 0.07em solid; padding-bottom: 0.1em",
}
WORDY = (r"\bmod", r"\pmod")  # a word between two letters, which would run into them in an index too
TIGHT = {"lspace": "0em", "rspace": "0em"}
GAP = element("mspace", width="0.17em")  # around the name of a function
OPERANDS = (Letter, Numeral, Script, Fraction, Fence, Accent, Styled)
WORD = {"lspace": "0em", "rspace": "0.17em"}
# Where a cell stands in its column; aligned lines have a column to the left and one to the right of their relations.
ALIGNED = ("text-align: right; padding: 0.25em 0", "text-align: left; padding: 0.25em 0")
CENTRED = {*MATRICES, "gather", "gathered", "substack"}
CELLS: dict[str, tuple[str | None, ...]] = {
    "cases": ("text-align: left",),
    "lines": ("text-align: left",),
    **dict.fromkeys(CENTRED, (None,)),
}


def write_mathml(node: Node, display: bool = True) -> Markup:
    r"""The MathML of a layout; display: as a formula on its own lines, else within a line.

    >>> from symconv.notation.latex_parser import parse_latex
    >>> write_mathml(parse_latex(r"x_i"), display=False)
    '<math><msub><mi>x</mi><mi>i</mi></msub></math>'
    """
    return element("math", _row(node, False), display="block" if display else None)


def _print(node: Node, tight: bool) -> Markup:
    printer = PRINTERS.get(type(node))
    if printer is None:
        raise TypeError(f"no MathML for {type(node).__name__}")
    return printer(node, tight)


def _row(node: Node, tight: bool) -> Markup:
    """The items of a row without an element around them; another node as it is."""
    items = node.items if isinstance(node, Row) else (node,)
    return together(*(_beside(items, n, tight) for n in range(len(items))))


def _beside(items: tuple[Node, ...], n: int, tight: bool) -> Markup:
    """One item, printed as its neighbours ask."""
    item = items[n]
    before = items[n - 1] if n else None
    after = items[n + 1] if n + 1 < len(items) else None
    if isinstance(item, Sign) and item.text in ("-", "+", r"\pm") and _begins(before):
        return _operator(glyphs.SIGNS.get(item.text, item.text), form="prefix", **TIGHT)
    named = isinstance(item, Words) and item.operator
    ahead = GAP if named and isinstance(before, OPERANDS) else ""
    behind = GAP if named and after is not None and not isinstance(_base(after), (Fence, Sign)) else ""
    return together(ahead, _print(item, tight), behind)


def _base(node: Node) -> Node:
    return _base(node.base) if isinstance(node, Script) else node


def _begins(before: Node | None) -> bool:
    """Whether a sign behind this one is the sign of a number."""
    return before is None or (isinstance(before, Sign) and before.text in RELATIONS | OPERATIONS | {",", ";", ":"})


def _one(node: Node | None, tight: bool) -> Markup:
    """A node as exactly one element."""
    if node is None:
        return element("mrow")
    if isinstance(node, Row):
        if len(node.items) == 1 and not isinstance(node.items[0], (Sign, Row)):
            return _one(node.items[0], tight)
        return element("mrow", _row(node, tight))
    return _print(node, tight)


def _operator(text: str, **attributes: str | None) -> Markup:
    return element("mo", text, **attributes)


def _identifier(text: str, upright: bool = False) -> Markup:
    """Several letters are upright by themselves."""
    return element("mi", text, mathvariant="normal" if upright and len(text) == 1 else None)


# -- a printer for each kind of node ------------------------------------------------------


def _mrow(node: Row, tight: bool) -> Markup:
    return element("mrow", _row(node, tight))


def _letter(node: Letter, tight: bool) -> Markup:
    return _identifier(glyphs.letter(node.name), upright=node.name in UPRIGHT)


def _numeral(node: Numeral, tight: bool) -> Markup:
    return element("mn", node.text)


def _sign(node: Sign, tight: bool) -> Markup:
    text = glyphs.SIGNS.get(node.text, node.text)
    if node.text in ORDINARY:
        return _identifier(text, upright=True)
    if node.text == "|":
        return _operator(text, form="infix", stretchy="false", lspace="0.17em", rspace="0.17em")
    if node.text == "'":
        return _operator(text, **TIGHT)
    if node.text in WORDY:
        return _operator(text, lspace="0.28em", rspace="0.28em")
    if node.text == "," and tight:
        return _operator(text, lspace="0em", rspace="0.17em")
    return _operator(text, **TIGHT) if tight else _operator(text)


def _words(node: Words, tight: bool) -> Markup:
    if node.operator:
        return _identifier(node.text, upright=True)
    text = node.text
    body = text.strip()
    front, back = "\u00a0" * text[:1].isspace(), "\u00a0" * (text[-1:].isspace() and bool(body))
    return element("mtext", front + body + back)


def _styled(node: Styled, tight: bool) -> Markup:
    """Letters and digits take their characters from the font's alphabet."""
    items = [_in_font(item, node.font, tight) for item in node.body.items]
    return items[0] if len(items) == 1 else element("mrow", *items)


def _in_font(node: Node, font: str, tight: bool) -> Markup:
    match node:
        case Letter(name=name):
            return _identifier(glyphs.in_alphabet(glyphs.letter(name), font))
        case Numeral(text=text):
            return element("mn", *(glyphs.in_alphabet(digit, font) for digit in text))
        case Script(base=base):
            return _print(replace(node, base=Styled(font, Row((base,)))), tight)
    return _print(node, tight)


def _accent(node: Accent, tight: bool) -> Markup:
    if node.mark in LINES:
        return element("mrow", _row(node.body, tight), style=LINES[node.mark])
    mark = _operator(glyphs.ACCENTS[node.mark], stretchy="true" if node.mark in WIDE else "false")
    return element("mover", _one(node.body, tight), mark, accent="true")


def _script(node: Script, tight: bool) -> Markup:
    base = _one(node.base, tight)
    raised = _raised(node)
    if node.sub is None:
        return base if not raised else element("msup", base, raised)
    numbers = _numbers(node.sub)
    sub = _one(node.sub, True) if numbers is None else element("mtext", numbers)
    return element("msubsup", base, sub, raised) if raised else element("msub", base, sub)


def _numbers(index: Row) -> str | None:
    """The numbers of one entry, `0,1,0`: one text for what large instances hold by the thousand."""
    plain = len(index.items) > 1 and all(isinstance(i, Numeral) or i == Sign(",") for i in index.items)
    return "".join(i.text for i in index.items if isinstance(i, (Numeral, Sign))) if plain else None


def _raised(node: Script) -> Markup | None:
    """Primes and superscript as one element."""
    primes = _operator(glyphs.PRIMES.get(node.primes, "′" * node.primes), **TIGHT) if node.primes else None
    if node.sup is None:
        return primes
    return element("mrow", primes, _row(node.sup, True)) if primes else _one(node.sup, True)


def _fraction(node: Fraction, tight: bool) -> Markup:
    return element("mfrac", _one(node.top, tight), _one(node.bottom, tight))


def _big(node: Big, tight: bool) -> Markup:
    """Limits stand above and below, but beside an integral."""
    word = node.sign not in glyphs.BIG or node.sign == r"\argmax"
    text = glyphs.BIG.get(node.sign, node.sign[1:])
    beside = node.sign == r"\int"
    sign = _operator(text, form="prefix", movablelimits=None if beside else "true", **(WORD if word else {}))
    limits = [_one(limit, True) for limit in (node.lower, node.upper) if limit is not None]
    under, over = ("sub", "sup") if beside else ("under", "over")
    name = (under if node.lower is not None else "") + (over if node.upper is not None else "")
    return element(f"m{name}", sign, *limits) if name else sign


def _fence(node: Fence, tight: bool) -> Markup:
    return _fenced(node.opener, _row(node.body, tight), FENCES[node.opener], _tall(node.body))


def _fenced(opener: str, body: Markup, closer: str, tall: bool) -> Markup:
    stretchy = "true" if tall else "false"
    left = _operator(glyphs.FENCES.get(opener, opener), form="prefix", stretchy=stretchy)
    right = _operator(glyphs.FENCES.get(closer, closer), form="postfix", stretchy=stretchy)
    return element("mrow", left if opener else "", body, right if closer else "")


def _tall(node: Node) -> bool:
    """Whether brackets around this grow."""
    match node:
        case Fraction() | Big() | Grid():
            return True
        case Script(base=base):
            return _tall(base)
    return any(map(_tall, parts(node)))


def _grid(node: Grid, tight: bool) -> Markup:
    sides = CELLS.get(node.environment, ALIGNED)
    lines = [
        element("mtr", *(element("mtd", _row(c, tight), style=sides[n % len(sides)]) for n, c in enumerate(cells)))
        for cells in node.rows
    ]
    compact = node.environment in MATRICES | {"cases", "substack"}
    table = element("mtable", *lines, displaystyle=None if compact else "true")
    opener, closer = MATRIX_FENCES.get(node.environment, ("", ""))
    return _fenced(opener, table, closer, True) if opener or closer else table


def _space(node: Space, tight: bool) -> Markup:
    return element("mspace", width="1em")


def _boxed(node: Boxed, tight: bool) -> Markup:
    return element("mrow", _row(node.body, tight), style="border: 1px solid; padding: 0.2em")


def _tag(node: Tag, tight: bool) -> Markup:
    return element("mrow", element("mspace", width="2em"), element("mtext", f"({node.text})"))


PRINTERS: dict[type[Node], Callable[[Any, bool], Markup]] = {
    Row: _mrow,
    Letter: _letter,
    Numeral: _numeral,
    Sign: _sign,
    Words: _words,
    Styled: _styled,
    Accent: _accent,
    Script: _script,
    Fraction: _fraction,
    Big: _big,
    Fence: _fence,
    Grid: _grid,
    Space: _space,
    Boxed: _boxed,
    Tag: _tag,
}

__all__ = ["write_mathml"]
