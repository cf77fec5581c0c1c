r"""LaTeX -> layout: a recursive descent over tokens, never deeper than 64 levels.

One method reads one construct.  Errors point at the token, and for what is
left open, at the opener.
"""

from __future__ import annotations

import re
from dataclasses import replace

from symconv.notation.latex_lexer import Token, tokens, unknown_control
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
)
from symconv.notation.source import LocatedError, Source
from symconv.notation.symbols import (
    ACCENTS,
    BIG,
    CLASSES,
    CLOSERS,
    ENVIRONMENTS,
    FENCES,
    FONTS,
    FRACTIONS,
    FUNCTIONS,
    LETTERS,
    NORMS,
    SIGNS,
    SIZING,
    UPRIGHT,
    WIDE,
    WITH_ARGUMENT,
)

MOST_LEVELS = 64
MOST_CELLS = 64


def parse_latex(text: str | Source) -> Row:
    r"""The layout of a formula; several lines (`\\`) become one grid of lines.

    >>> parse_latex("x_i").items[0].sub.items[0].name
    'i'
    """
    source = text if isinstance(text, Source) else Source(text)
    return _Parser(source).formula()


def _with_norms(found: list[Token]) -> list[Token]:
    r"""`\|x\|`: of bars by turns the first opens and the second closes, but \left and \right say so themselves."""
    opens = True
    for n, token in enumerate(found):
        if token.text in NORMS and token.kind in ("mark", "control"):
            sized = found[n - 1].text if n else ""
            opens = {r"\left": True, r"\right": False}.get(sized, opens)
            found[n] = replace(token, text=r"\lVert" if opens else r"\rVert")
            opens = not opens
    return found


class _Parser:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.tokens = _with_norms(tokens(source))
        self.next = 0
        self.level = 0

    # -- the token stream -----------------------------------------------------

    @property
    def token(self) -> Token | None:
        return self.tokens[self.next] if self.next < len(self.tokens) else None

    @property
    def place(self) -> int:
        return self.token.at if self.token else len(self.source.text)

    def is_mark(self, *marks: str) -> bool:
        return self.token is not None and self.token.kind in ("mark", "control") and self.token.text in marks

    def take(self) -> Token:
        token = self.token
        if token is None:
            raise self.source.fault(
                len(self.source.text), "the end of the formula", "an argument", "complete the formula"
            )
        self.next += 1
        return token

    # -- rows -------------------------------------------------------------------

    def formula(self) -> Row:
        lines = self.lines("lines", ())
        if self.token is not None:
            raise self.stray(self.token)
        if len(lines) > 1 or len(lines[0]) > 1:
            return Row((Grid("lines", lines, at=0),), at=0)
        return lines[0][0]

    def lines(self, environment: str, stop: tuple[str, ...]) -> tuple[tuple[Row, ...], ...]:
        r"""Cells between & and \\, up to the end of the environment."""
        rows: list[tuple[Row, ...]] = []
        cells = [self.row(stop)]
        while self.is_mark("&", "\\\\"):
            if self.is_mark("&") and environment == "lines":
                raise self.source.fault(
                    self.place, "'&' outside a matrix or an aligned environment", "an operator", "remove it"
                )
            if self.take().text == "&":
                cells.append(self.row(stop))
            else:
                rows.append(tuple(cells))
                cells = [self.row(stop)]
            if len(cells) > MOST_CELLS or len(rows) > MOST_CELLS:
                raise self.source.fault(
                    self.place, "a grid that is too large", f"at most {MOST_CELLS} x {MOST_CELLS}", "split it"
                )
        if not rows or len(cells) > 1 or cells[0].items:
            rows.append(tuple(cells))
        return tuple(rows)

    def row(self, stop: tuple[str, ...] = ()) -> Row:
        start = self.place
        self.level += 1
        if self.level > MOST_LEVELS:
            raise self.source.fault(start, f"more than {MOST_LEVELS} levels", "a flatter formula", "split the formula")
        items: list[Node] = []
        while self.token is not None and not self.ends_row(stop):
            if self.is_mark(*CLASSES):
                self.take()
                items += self.argument().items
            else:
                items.append(self.item(items[-1] if items else None))
        self.level -= 1
        return Row(tuple(items), at=start)

    def ends_row(self, stop: tuple[str, ...]) -> bool:
        token = self.token
        assert token is not None
        if token.kind == "end":
            return True
        if token.kind not in ("mark", "control"):
            return False
        after = self.tokens[self.next + 1] if self.next + 1 < len(self.tokens) else None
        if token.text in SIZING and after is not None and after.text in CLOSERS:
            return True
        return (
            token.text in ("&", "\\\\", "}") or token.text in stop or token.text in CLOSERS or token.text == r"\right"
        )

    # -- items ------------------------------------------------------------------

    def item(self, before: Node | None) -> Node:
        if self.is_mark("_", "^", "'"):
            raise self.source.fault(
                self.place, f"'{self.take().text}' with nothing before it", "a base", "put the base before it"
            )
        at = self.place
        base = self.atom(before)
        sub: Row | None = None
        sup: Row | None = None
        primes = 0
        while self.is_mark("_", "^", "'"):
            mark = self.take()
            if mark.text == "'":
                primes += 1
            elif mark.text == "_":
                if sub is not None:
                    raise self.source.fault(
                        mark.at, "a second subscript", "one subscript", "put both into one pair of braces"
                    )
                sub = self.argument()
            else:
                raised = self.argument()
                stars = sum(item == Sign("'") for item in raised.items)
                if stars and stars == len(raised.items):  # x^{\prime}
                    primes += stars
                    continue
                if sup is not None:
                    raise self.source.fault(
                        mark.at, "a second superscript", "one superscript", "put both into one pair of braces"
                    )
                sup = raised
        if isinstance(base, Big):
            if primes:
                raise self.source.fault(at, f"a prime at {base.sign}", "limits", "remove the prime")
            return Big(base.sign, sub, sup, at=at)
        if sub is None and sup is None and not primes:
            return base
        if isinstance(base, Script) and base.sup is None and not primes and sub is None:  # {x_0}^2
            return Script(base.base, base.sub, sup, base.primes, at=at)
        return Script(base, sub, sup, primes, at=at)

    def atom(self, before: Node | None = None) -> Node:
        token = self.take()
        at, text = token.at, token.text
        match token.kind:
            case "number":
                return Numeral(text, at=at)
            case "letter":
                joined = not token.spaced and isinstance(before, Letter) and not before.name.startswith("\\")
                return Letter(text, joined, at=at)
            case "words":
                command, _, body = text.partition(" ")
                return Words(body, command in UPRIGHT, at=at)
            case "tag":
                return Tag(text, at=at)
            case "begin":
                return self.environment(token)
        if text == "{":
            inside = self.group(token)
            if inside.items == (Sign(","),):
                raise self.source.fault(at, "'{,}'", "a number without it", "write 1000 or 10.5")
            return inside.items[0] if len(inside.items) == 1 else inside
        if text in FENCES:
            return self.fence(token, text)
        if text in SIGNS or text == "'":
            return Sign(text, at=at)
        return self.control(token)

    def control(self, token: Token) -> Node:
        at, text = token.at, token.text
        if text in LETTERS:
            return Letter(text, at=at)
        if text in BIG:
            return Big(text, at=at)
        if text in FUNCTIONS:
            return Words(text[1:], True, at=at)
        if text in FRACTIONS:
            return Fraction(self.argument(), self.argument(), at=at)
        if text in ACCENTS:
            return Accent(text, self.argument(), at=at)
        if text in FONTS:
            return Styled(text, self.argument(), at=at)
        if text in WIDE:
            return Space(at=at)
        if text == r"\substack":
            return self.substack(token)
        if text == r"\boxed":
            return Boxed(self.argument(), at=at)
        if text in SIZING:
            return self.sized(token)
        if text.startswith("\\") and text[1:].isalpha() and text != r"\right":
            raise unknown_control(self.source, token)
        raise self.stray(token)

    def argument(self) -> Row:
        """One argument: a group in braces, or one atom."""
        token = self.token
        if token is not None and token.kind == "mark" and token.text == "{":
            self.take()
            return self.group(token)
        if token is None or self.ends_row(()) or token.text in ("_", "^"):
            raise self.source.fault(self.place, self.described(), "an argument", "add the argument in braces")
        at = self.place
        self.level += 1
        if self.level > MOST_LEVELS:
            raise self.source.fault(at, f"more than {MOST_LEVELS} levels", "a flatter formula", "split the formula")
        if token.kind == "number" and len(token.text) > 1:
            return self.one_digit(token)
        atom = self.atom()
        self.level -= 1
        return Row((atom,), at=at)

    def one_digit(self, token: Token) -> Row:
        r"""`\frac12` is a half: an argument without braces is one digit."""
        self.level -= 1
        before = self.tokens[self.next - 1].text
        if before in ("_", "^"):
            raise self.source.fault(
                token.at,
                f"{before}{token.text}",
                "braces",
                f"write {before}{{{token.text}}}, or a space behind the digit",
            )
        digit, rest = token.text[0], token.text[1:]
        self.tokens[self.next] = Token("number", rest, token.at + 1, False)
        return Row((Numeral(digit, at=token.at),), at=token.at)

    def group(self, opener: Token) -> Row:
        body = self.row()
        if not self.is_mark("}"):
            raise self.source.fault(
                opener.at, "a brace left open", f"'}}' before {self.described()}", "close the brace opened here"
            )
        self.take()
        return body

    def sized(self, token: Token) -> Node:
        r"""\left( ... \right): the size is nothing to us, the pair is."""
        bracket = self.take()
        if bracket.text not in FENCES:
            raise self.source.fault(
                bracket.at, f"'{bracket.text}' after {token.text}", "an opening bracket", "use ( [ or \\{"
            )
        return self.fence(bracket, bracket.text)

    def fence(self, opener: Token, text: str) -> Fence:
        body = self.row()
        if self.is_mark(r"\right", *(s for s in SIZING if s not in (r"\left", r"\right"))):
            self.take()
        closer = FENCES[text]
        if not self.is_mark(closer):
            raise self.source.fault(
                opener.at,
                f"'{text}' left open",
                f"'{closer}' before {self.described()}",
                "close the bracket opened here",
            )
        self.take()
        return Fence(text, body, at=opener.at)

    def environment(self, token: Token) -> Grid:
        name = token.text
        if name not in ENVIRONMENTS:
            raise self.source.fault(
                token.at, f"the environment {name}", "align, gather, cases or a matrix", "use one of these"
            )
        if name in WITH_ARGUMENT and self.is_mark("{"):
            self.group(self.take())
        rows = self.lines(name, ())
        if self.token is None or self.token.kind != "end" or self.token.text != name:
            raise self.source.fault(
                token.at, f"\\begin{{{name}}} left open", f"\\end{{{name}}} before {self.described()}", "close it"
            )
        self.take()
        return Grid(name, rows, at=token.at)

    def substack(self, token: Token) -> Grid:
        r"""`\substack{0 \le i < n \\ 0 \le j < m}`: lines one below the other."""
        if not self.is_mark("{"):
            raise self.source.fault(self.place, self.described(), "'{'", "write \\substack{...}")
        opener = self.take()
        rows = self.lines("substack", ())
        if not self.is_mark("}"):
            raise self.source.fault(
                opener.at, "a brace left open", f"'}}' before {self.described()}", "close the brace opened here"
            )
        self.take()
        return Grid("substack", rows, at=token.at)

    # -- messages ---------------------------------------------------------------

    def described(self) -> str:
        if self.token is None:
            return "the end of the formula"
        text = self.token.text
        return {"end": f"\\end{{{text}}}", "words": "text"}.get(self.token.kind, f"'{text}'")

    def stray(self, token: Token) -> LocatedError:
        if token.text in CLOSERS:
            return self.source.fault(
                token.at, f"'{token.text}'", f"'{CLOSERS[token.text]}' before it", "open the bracket or remove it"
            )
        shown = re.sub(r"\s+", " ", token.text)
        return self.source.fault(token.at, f"'{shown}'", "an operand or an operator", "remove it")


__all__ = ["parse_latex"]
