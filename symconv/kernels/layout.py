"""The look of source: long calls over several lines, no variable that nobody reads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

WIDTH = 110


def wrapped(line: str) -> Iterator[str]:
    """A line, its outermost call over several lines if it is too long.

    >>> list(wrapped("    total = f(" + ", ".join(["first", "second"]) + ")"))
    ['    total = f(first, second)']
    """
    indent = line[: len(line) - len(line.lstrip())]
    opening = _opening(line)
    if len(line) <= WIDTH or opening is None or line.lstrip().startswith("#"):
        yield line
        return
    parts = arguments(line[opening + 1 : -1])
    lines = [f"{part}," for part in parts] if len(parts) > 1 else clauses(parts[0])
    yield line[: opening + 1]
    for part in lines:
        yield from wrapped(f"{indent}    {part}")
    yield f"{indent})"


def _opening(line: str) -> int | None:
    """Where the parenthesis opens that the last character closes."""
    if not line.endswith(")"):
        return None
    depth = 0
    for at in range(len(line) - 1, -1, -1):
        depth += (line[at] in ")]}") - (line[at] in "([{")
        if not depth:
            before = line[:at].rpartition(" = ")[2].strip()
            return at if re.fullmatch(r"(return |def )?[\w.]*|result\[[^\]]*\]", before) else None
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


def without_unused(lines: Sequence[str], everything: Sequence[str]) -> list[str]:
    """Lines that unpack or name sizes, less what no other line reads."""
    kept: list[str] = []
    for line in lines:
        others = re.sub(r'"[^"]*"', "", "\n".join(other for other in everything if other is not line))
        target, _, value = line.strip().partition(" = ")
        unpacking = (
            re.fullmatch(r"[\w, ()]+", target) is not None
            and re.fullmatch(r"\w+(\.shape)?(\[\d+\])?", value) is not None
        )
        if not value or not (unpacking or value.startswith("_whole(")):
            kept.append(line)
            continue
        names = re.findall(r"\w+", target)
        used = [n if re.search(rf"\b{n}\b", others) else "_" for n in names]
        if value.startswith("_whole("):
            kept.append(line if used != ["_"] else line.replace(f"{target} = ", "", 1))
        elif set(used) != {"_"}:
            kept.append(line if len(used) == 1 else line.replace(target, ", ".join(used), 1))
    return kept


__all__ = ["arguments", "clauses", "without_unused", "wrapped"]
