"""Plain text of declaration lines: cut at separators outside brackets, every piece with its place."""

from __future__ import annotations

import re

from symconv.notation.source import Source
from symconv.read.facts import CallText, TupleText

_OPENERS, _CLOSERS = "([{", ")]}"
_CALL = re.compile(r"\s*(\\?[A-Za-z_][A-Za-z0-9_]*)\s*\(")
MOST_LEVELS = 32


def piece(source: Source, start: int, end: int) -> Source:
    """A part of a text without the white space around it, its place kept."""
    text = source.text[start:end]
    start += len(text) - len(text.lstrip())
    line, column = source.position(start)
    return Source(text.strip(), source.name, line, column)


def cut(source: Source, separators: str) -> list[Source]:
    """The pieces between separators that stand outside all brackets.

    >>> [p.text for p in cut(Source("X[H, W], K"), ",")]
    ['X[H, W]', 'K']
    """
    pieces: list[Source] = []
    start, stack = 0, []
    for at, character in enumerate(source.text):
        if character in _OPENERS:
            stack.append(at)
            if len(stack) > MOST_LEVELS:
                raise source.fault(at, f"more than {MOST_LEVELS} levels of brackets", "fewer", "split the line")
        elif character in _CLOSERS:
            if not stack or _OPENERS.index(source.text[stack[-1]]) != _CLOSERS.index(character):
                raise source.fault(at, f"'{character}'", "a bracket opened before it", "open the bracket or remove it")
            stack.pop()
        elif character in separators and not stack:
            pieces.append(piece(source, start, at))
            start = at + 1
    if stack:
        raise source.fault(stack[-1], f"'{source.text[stack[-1]]}' left open", "its closing bracket", "close it")
    pieces.append(piece(source, start, len(source.text)))
    return pieces


def words(source: Source) -> list[Source]:
    """Pieces between spaces and commas outside brackets."""
    return [w for part in cut(source, ",") for w in cut(part, " \t") if w.text]


def equation(source: Source) -> tuple[Source, Source]:
    """Left and right of the first `=` outside brackets."""
    parts = cut(source, "=")
    if len(parts) < 2 or not parts[0].text or not parts[1].text:
        raise source.fault(0, f"'{source.text}'", "a name, '=' and what it stands for", "write NAME = ...")
    offset = source.text.index("=", len(source.text) - len(source.text.lstrip()) + len(parts[0].text))
    return parts[0], piece(source, offset + 1, len(source.text))


def call_text(source: Source, library: frozenset[str]) -> CallText | TupleText | Source:
    """A call, a tuple, or mathematics left as it is.

    What a word before a bracket means is settled later; a single letter or a command is mathematics
    unless a call by a word stands in the bracket.
    """
    found = _CALL.match(source.text)
    if found and _is_call(source, found):
        inner = piece(source, found.end(), len(source.text) - 1)
        arguments: list[CallText | TupleText | Source] = []
        options: list[tuple[str, CallText | TupleText | Source]] = []
        for part in cut(inner, ","):
            option = re.match(r"([a-z_]+)\s*=(?!=)", part.text)
            if option:
                value = piece(part, option.end(), len(part.text))
                options.append((option.group(1), call_text(value, library)))
            elif part.text:
                arguments.append(call_text(part, library))
            else:
                raise source.fault(
                    found.end(), "an empty argument", "an argument between the commas", "remove the comma"
                )
        return CallText(found.group(1), tuple(arguments), tuple(options), source)
    if found and found.group(1) in library:
        end = _closing(source.text, found.end() - 1)
        raise source.fault(
            end if end < 0 else end + 1, "text behind the call", "one call", "define each part in a line of its own"
        )
    if source.text.startswith("(") and source.text.endswith(")"):
        items = cut(piece(source, 1, len(source.text) - 1), ",")
        if len(items) > 1:
            return TupleText(tuple(call_text(i, library) for i in items if i.text))
    return source


def _is_call(source: Source, head: re.Match[str]) -> bool:
    name, text = head.group(1), source.text
    if not text.endswith(")") or _closing(text, head.end() - 1) != len(text) - 1:
        return False
    word = re.search(r"(?<![\\\w])[A-Za-z_]\w{2,}\s*\(", text[head.end() :])
    return (len(name) > 1 and not name.startswith("\\")) or word is not None


def _closing(text: str, opening: int) -> int:
    """Where the bracket closes that opens here; -1 if nowhere."""
    depth = 0
    for at in range(opening, len(text)):
        depth += (text[at] in _OPENERS) - (text[at] in _CLOSERS)
        if not depth:
            return at
    return -1
