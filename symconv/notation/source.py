"""Places in a text: offsets turned into line, column and a caret.

A layout node keeps only its offset.  `Source` knows where the text came from
and builds the four-part message.  Lines and columns count from 1, in code
points.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from symconv.errors import NotationError


class LocatedError(NotationError):
    """A failure with a place: file, line, column, and the line with a caret under it.

    >>> raise Source("a + )").fault(4, "')'", "an operand", "remove it")
    Traceback (most recent call last):
        ...
    symconv.notation.source.LocatedError: formula:1:5: ')'; expected an operand; remove it
      a + )
          ^
    """

    def __init__(self, source: Source, offset: int, found: str, expected: str, change: str) -> None:
        self.line, self.column = source.position(offset)
        self.excerpt = source.excerpt(offset)
        super().__init__(f"{source.name}:{self.line}:{self.column}", found, expected, change)

    def __str__(self) -> str:
        return f"{super().__str__()}\n{self.excerpt}"


class NotSupported(LocatedError):
    """Something the notation allows and this version does not carry out."""


class IllFormed(LocatedError):
    """A formula that is readable but says nothing: an index unbound or captured, a wrong count of indices."""


@dataclass(frozen=True, slots=True)
class Source:
    """A piece of text and where it begins in its file."""

    text: str
    name: str = "formula"
    line: int = 1
    column: int = 1

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column in the file."""
        before = self.text[:offset]
        breaks = before.count("\n")
        if not breaks:
            return self.line, self.column + offset
        return self.line + breaks, offset - before.rfind("\n")

    def excerpt(self, offset: int) -> str:
        """The line of the offset with a caret below; long lines are cut to the neighbourhood."""
        start = self.text.rfind("\n", 0, offset) + 1
        end = self.text.find("\n", offset)
        line = self.text[start : end if end >= 0 else None]
        at = offset - start
        if len(line) > 100:
            cut = max(0, at - 50)
            line, at = line[cut : cut + 100], at - cut
        return f"  {line}\n  {' ' * at}^"

    def fault(self, offset: int, found: str, expected: str, change: str) -> LocatedError:
        """The error for this place, to be raised."""
        return LocatedError(self, offset, found, expected, change)

    def unsupported(self, offset: int, found: str, change: str) -> NotSupported:
        return NotSupported(self, offset, f"{found} is not supported yet", "a form from the documentation", change)

    def ill_formed(self, offset: int, found: str, expected: str, change: str) -> IllFormed:
        return IllFormed(self, offset, found, expected, change)


def nearest(word: str, known: list[str]) -> str:
    """The known word that is most like this one, or nothing.

    >>> nearest("tensr", ["tensor", "loss"]), nearest("qqq", ["tensor"])
    ('tensor', '')
    """
    found = get_close_matches(word, known, n=1, cutoff=0.6)
    return found[0] if found else ""
