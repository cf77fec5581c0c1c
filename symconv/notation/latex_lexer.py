r"""LaTeX mathematics cut into tokens.

Limits are checked before anything is read.  A short list of Unicode marks is
taken for its LaTeX spelling; every other character outside ASCII is refused by
name, and so is whatever defines macros or reads files.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from symconv.notation.source import LocatedError, Source, nearest
from symconv.notation.symbols import FORBIDDEN, KNOWN, NARROW, SPELLINGS, TEXTS

MOST_CHARACTERS = 4000
MOST_DIGITS = 9
INVISIBLE = "\u00a0\u200b\u200c\u200d\u2060\ufeff\u2009\u202f"
BIDI = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

Kind = Literal["letter", "number", "mark", "control", "words", "tag", "begin", "end"]
_PIECES = re.compile(
    rf"(?P<space>[\s{INVISIBLE}]+)|(?P<comment>(?<!\\)%[^\n]*)|(?P<number>\d+(?:\.\d+)?)|(?P<letter>[A-Za-z])"
    r"|(?P<control>\\(?:[A-Za-z]+\*?|.|\n))|(?P<colon>:=)|(?P<mark>.)",
    re.DOTALL,
)

_DISTANCE = re.compile(r"\*?(?:\[\s*-?(?:\d+\.?\d*|\.\d+)\s*(?:pt|pc|in|bp|cm|mm|em|ex|mu|sp)\s*\])?")


@dataclass(frozen=True, slots=True)
class Token:
    """One token; `spaced` tells that white space stands before it."""

    kind: Kind
    text: str
    at: int
    spaced: bool


def tokens(source: Source) -> list[Token]:
    r"""The tokens of a formula.

    >>> [t.text for t in tokens(Source(r"x_{i}\cdot 12"))]
    ['x', '_', '{', 'i', '}', '\\cdot', '12']
    """
    text = source.text
    if len(text) > MOST_CHARACTERS:
        raise source.fault(0, f"{len(text)} characters", f"at most {MOST_CHARACTERS} in a formula", "split the formula")
    found: list[Token] = []
    at, spaced = 0, False
    while at < len(text):
        match = _PIECES.match(text, at)
        assert match is not None  # the last alternative takes any character
        kind, piece = match.lastgroup, match.group()
        if kind in ("space", "comment") or piece in NARROW:
            at, spaced = match.end(), True
            continue
        token, at = _token(source, kind or "mark", piece, at, spaced)
        found.append(token)
        spaced = False
    return found


def _token(source: Source, kind: str, piece: str, at: int, spaced: bool) -> tuple[Token, int]:
    end = at + len(piece)
    if kind == "number":
        if len(piece) > MOST_DIGITS:
            raise source.fault(
                at, f"a number of {len(piece)} digits", f"at most {MOST_DIGITS}", "name the number as a size"
            )
        return Token("number", piece, at, spaced), end
    if kind == "letter":
        return Token("letter", piece, at, spaced), end
    if piece == "." and source.text[end : end + 1].isdigit():
        raise source.fault(at, "a number that begins with a point", "a digit before it", "write 0.5")
    if kind == "control":
        return _control(source, piece, at, spaced)
    piece = SPELLINGS.get(piece, piece)
    if not piece.isascii():
        raise _refused(source, piece, at)
    if kind == "mark" and not piece.startswith("\\") and not piece.isprintable():
        raise source.fault(at, f"the control character U+{ord(piece):04X}", "printable text", "remove it")
    return Token("control" if piece.startswith("\\") else "mark", piece, at, spaced), end


def _control(source: Source, piece: str, at: int, spaced: bool) -> tuple[Token, int]:
    end = at + len(piece)
    name = piece.rstrip("*") if len(piece) > 2 else piece
    if name in FORBIDDEN:
        raise source.fault(at, f"{name}", "a formula without macro definitions and files", "write the formula out")
    if name in TEXTS or name in (r"\tag", r"\label", r"\begin", r"\end"):
        body, end = _argument(source, name, end)
        if name in TEXTS:
            return Token("words", f"{name} {body.replace(chr(92) + '_', '_')}", at, spaced), end
        kind: Kind = "tag" if name in (r"\tag", r"\label") else "begin" if name == r"\begin" else "end"
        return Token(kind, body.strip().rstrip("*"), at, spaced), end
    distance = _DISTANCE.match(source.text, end) if name == r"\\" else None
    if distance is not None:  # how far apart two lines are set
        return Token("control", name, at, spaced), distance.end()
    if piece != name:  # the star belongs to the formula: \sigma*x
        end -= 1
    return Token("control", SPELLINGS.get(name, name), at, spaced), end


def _argument(source: Source, name: str, at: int) -> tuple[str, int]:
    """The raw text between braces, nested braces kept."""
    text = source.text
    start = at
    while start < len(text) and text[start].isspace():
        start += 1
    if start >= len(text) or text[start] != "{":
        raise source.fault(min(start, len(text)), f"{name} without braces", "'{'", f"write {name}{{...}}")
    depth = 0
    for end in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        if not text[end].isascii() and text[end] in BIDI:
            raise _refused(source, text[end], end)
        if depth == 0:
            return text[start + 1 : end], end + 1
    raise source.fault(start, "an open brace", "'}' before the end", "close the brace opened here")


def _refused(source: Source, character: str, at: int) -> LocatedError:
    name = unicodedata.name(character, "an unnamed character")
    what = "a direction control" if character in BIDI else "a character outside ASCII"
    return source.fault(at, f"{what}, U+{ord(character):04X} {name}", "LaTeX in ASCII", "write it as a LaTeX command")


def unknown_control(source: Source, token: Token) -> LocatedError:
    """The error for a command that stands in no table."""
    near = nearest(token.text, KNOWN)
    change = f"did you mean {near}?" if near else "write it with the commands of plain LaTeX mathematics"
    return source.fault(token.at, f"the command {token.text}", "a command this reader knows", change)
