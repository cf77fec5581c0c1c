"""The look of source: long calls over several lines, no variable that nobody reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

WIDTH = 110


def wrapped(line: str, inside: bool = False) -> Iterator[str]:
    """A line, what its last bracket encloses over several lines if it is too long.

    inside: the line stands in brackets itself, so that it may be cut anywhere.

    >>> list(wrapped("    total = f(" + ", ".join(["first", "second"]) + ")"))
    ['    total = f(first, second)']
    """
    text = line.lstrip()
    indent = line[: len(line) - len(text)]
    if len(line) <= WIDTH:
        yield line
    elif text.startswith("# "):
        yield from wrap(text, WIDTH, initial_indent=indent, subsequent_indent=f"{indent}# ", break_on_hyphens=False)
    elif inside and (cut := _cut(text)) is not None:
        for packed in _packed(cut, indent):
            yield from wrapped(packed, True)
    elif text.startswith("if ") and text.endswith(":"):
        first, *rest = text[3:-1].split(" and ")
        yield f"{indent}if ("
        yield from _packed([first, *(f"and {part}" for part in rest)], f"{indent}    ")
        yield f"{indent}):"
    elif (ends := _enclosed(line)) is not None:
        opening, closing = ends
        yield line[: opening + 1]
        for part in _parts(line[opening + 1 : closing]):
            yield from wrapped(f"{indent}    {part}", True)
        yield f"{indent}{line[closing:]}"
    else:
        yield line


def _parts(text: str) -> list[str]:
    """What stands in brackets: arguments, or the clauses of a comprehension."""
    parts = arguments(text)
    single = len(parts) == 1 and not text.rstrip().endswith(",")
    return clauses(parts[0]) if single else [f"{part}," for part in parts]


def _cut(text: str) -> list[str] | None:
    """A sum, a product or a condition cut before its signs; None where it has none outside brackets."""
    depth, quoted, start = 0, False, 0
    parts: list[str] = []
    for at, c in enumerate(text):
        quoted ^= c == '"'
        depth += 0 if quoted else (c in "([{") - (c in ")]}")
        if not depth and not quoted and re.match(r" (and|\*|\+|-) ", text[at:]):
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]] if parts else None


def _packed(parts: Sequence[str], indent: str) -> Iterator[str]:
    """As many parts on a line as there is room for."""
    text = indent + parts[0]
    for part in parts[1:]:
        if len(text) + len(part) >= WIDTH:
            yield text
            text = indent + part
        else:
            text += f" {part}"
    yield text


def _enclosed(line: str) -> tuple[int, int] | None:
    """Where the last bracket opens and closes, of a call at the end or of the place that is assigned to."""
    place = re.fullmatch(r"(\s*\w+)\[.*(\]) \+?= [^\[(]*", line)
    if place:
        return place.end(1), place.start(2)
    end = len(line) - 1 - line.endswith(",")
    if line[end] not in ")}":
        return None
    depth = 0
    for at in range(end, -1, -1):
        depth += (line[at] in ")]}") - (line[at] in "([{")
        if not depth:
            return at, end
    return None


def arguments(text: str) -> list[str]:
    """Split at the commas that no bracket encloses."""
    parts, depth, start, quoted = [], 0, 0, False
    for at, c in enumerate(text):
        quoted ^= c == '"'
        depth += 0 if quoted else (c in "([{") - (c in ")]}")
        if c == "," and not depth and not quoted:
            parts.append(text[start:at].strip())
            start = at + 1
    last = text[start:].strip()
    return [*parts, last] if last else parts


def clauses(text: str) -> list[str]:
    """Split before `for`, `if` and `else` where no bracket encloses them.

    >>> clauses("a[i if i else 0] for i in range(3) if i")
    ['a[i if i else 0]', 'for i in range(3)', 'if i']
    """
    parts, depth, start = [], 0, 0
    for at, c in enumerate(text):
        depth += (c in "([{") - (c in ")]}")
        if c == " " and not depth and re.match(r" (for|if|else) ", text[at:]):
            parts.append(text[start:at].strip())
            start = at + 1
    return [*parts, text[start:].strip()]


def _code(lines: Iterable[str]) -> str:
    """Lines without comments, in which a tensor's name may leave a quotation mark open, and without strings."""
    return "\n".join(re.sub(r'"[^"]*"', "", line) for line in lines if not line.lstrip().startswith("#"))


def without_unused(lines: Sequence[str], everything: Sequence[str]) -> list[str]:
    """Lines that unpack or name sizes, less what no other line reads."""
    kept: list[str] = []
    for line in lines:
        others = _code(other for other in everything if other is not line)
        target, _, value = line.strip().partition(" = ")
        unpacking = (
            re.fullmatch(r"[\w, ()]+", target) is not None
            and re.fullmatch(r"\w+(\.shape)?(\[\d+\])?", value) is not None
        )
        checked = value.startswith(("_whole(", "_solved("))
        if not value or not (unpacking or checked):
            kept.append(line)
            continue
        names = re.findall(r"\w+", target)
        used = [n if re.search(rf"\b{n}\b", others) else "_" for n in names]
        if checked:
            kept.append(line if used != ["_"] else line.replace(f"{target} = ", "", 1))
        elif set(used) != {"_"}:
            kept.append(line if len(used) == 1 else line.replace(target, ", ".join(used), 1))
    return kept


__all__ = ["arguments", "clauses", "without_unused", "wrapped"]
