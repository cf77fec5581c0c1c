"""Names in declaration lines: their spelling, and that each is declared once, as one thing."""

from __future__ import annotations

from symconv.notation.names import NAME, key_of_text
from symconv.notation.source import LocatedError, Source
from symconv.notation.symbols import LETTERS
from symconv.read.block_text import piece
from symconv.read.facts import Facts

_COMMANDS = {r"\lfloor", r"\rfloor", r"\lceil", r"\rceil", r"\bmod", r"\frac", r"\cdot", r"\left", r"\right", r"\infty"}


def declared_name(source: Source, what: str = "a name") -> str:
    """The whole text as one name."""
    found = NAME.fullmatch(source.text)
    if not found:
        raise source.fault(0, f"'{source.text}'", what, "write a name such as X, dlz, H_K or \\tilde{F}")
    return key_of_text(source)


def names_in(source: Source) -> list[tuple[str, Source]]:
    """Names one after the other; a space inside `\\tilde F` belongs to the name."""
    found: list[tuple[str, Source]] = []
    at = 0
    text = source.text
    while at < len(text):
        if text[at] in " \t,":
            at += 1
            continue
        match = NAME.match(text, at)
        if not match:
            raise source.fault(at, f"'{text[at]}'", "a name", "separate names by spaces or commas")
        part = piece(source, match.start(), match.end())
        found.append((key_of_text(part), part))
        at = match.end()
    return found


def once(source: Source, name: str, kind: str, facts: Facts) -> None:
    """A name is declared once, as one thing."""
    before, line = facts.declared.get(name, ("", 0))
    if before:
        twice = "for the second time, first" if before == kind else f"as {kind}, and as {before}"
        raise source.fault(
            0, f"{name} {twice} in line {line}", "one line for a name", "remove one of the two, or use another name"
        )
    facts.declared[name] = (kind, source.line)
    if kind != "a size" and name in facts.implied:
        raise _no_size(source, name, facts)


def imply(source: Source, facts: Facts) -> None:
    """The names in an extent or a range are sizes."""
    for name in _sizes_in(source):
        facts.implied.add(name)
        facts.places.setdefault(f"size {name}", source)
        if facts.declared.get(name, ("a size",))[0] not in ("a size", "an alias"):
            raise _no_size(source, name, facts)


def _sizes_in(source: Source) -> set[str]:
    """The names in an extent; commands such as \\lfloor and \\bmod are none."""
    found = {
        key_of_text(piece(source, m.start(), m.end())) for m in NAME.finditer(source.text) if m.group() not in _COMMANDS
    }
    return {name for name in found if not name.startswith("\\") or name in LETTERS}


def _no_size(source: Source, name: str, facts: Facts) -> LocatedError:
    kind, line = facts.declared[name]
    other = facts.places[f"size {name}"].line
    return source.fault(
        0,
        f"{name}, {kind} in line {line}, in an extent in line {other}",
        "a size in an extent",
        "use another name for one of the two",
    )
