"""Single edits of LaTeX: the slips of the pen in a formula about layers, found by their look alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

BEFORE, AFTER = r"(?<=[_{,(\[ ])", r"(?=[},)\] +-])"
INDEX = re.compile(rf"(?<=[_{{,(\[ +-])([a-z]'?){AFTER}")
SUM = re.compile(r"\\sum_\{([^{}]*)\}\^(?:\{([^{}]*)\}|(\w))")
SIZE = re.compile(r"(?<![\\\w])[A-Za-z](?:_(?:\w|\{[^{}]*\}))?(?!\w)")


def _put(latex: str, start: int, end: int, text: str) -> str:
    return latex[:start] + text + latex[end:]


def _next(items: list[str], item: str) -> str | None:
    """The one behind it, each counted once and the first behind the last; nothing where there is no other."""
    distinct = list(dict.fromkeys(items))
    other = distinct[(distinct.index(item) + 1) % len(distinct)]
    return None if other == item else other


def one_index(latex: str) -> Iterator[str]:
    """i + 1 or i - 1 for i."""
    for found in re.finditer(BEFORE + "([a-z])" + AFTER, latex):
        for step in ("+1", "-1"):
            yield _put(latex, found.end(), found.end(), step)


def sign(latex: str) -> Iterator[str]:
    """+ for -, and - for +."""
    for found in re.finditer(r"(?<=[\w}'])\s*([+-])\s*(?=[\w\\(])", latex):
        yield _put(latex, found.start(1), found.end(1), "-" if found[1] == "+" else "+")


def limit(latex: str) -> Iterator[str]:
    """A limit of a sum one too large or too small."""
    for found in SUM.finditer(latex):
        which = 2 if found[2] is not None else 3
        for step in ("+1", "-1"):
            changed = found[which] + step
            yield _put(latex, found.start(which), found.end(which), changed if which == 2 else f"{{{changed}}}")
        lower = re.search(r"=\s*([01])$", found[1])
        if lower is not None:
            start = found.start(1) + lower.start(1)
            for other in {"0": "1", "1": "0"}[lower[1]], "-1" if lower[1] == "0" else "2":
                yield _put(latex, start, start + 1, other)


def bound(latex: str) -> Iterator[str]:
    """A limit in the size of another limit."""
    limits = [(f.start(2), f[2]) for f in SUM.finditer(latex) if f[2] is not None]
    sizes = [(at + s.start(), s[0]) for at, text in limits for s in SIZE.finditer(text)]
    for at, size in sizes:
        other = _next([s for _, s in sizes], size)
        if other is not None:
            yield _put(latex, at, at + len(size), other)


def swapped(latex: str) -> Iterator[str]:
    """Two neighbouring indices exchanged."""
    for found in re.finditer(r"([a-z]'?)\s*,\s*([a-z]'?)(?=[}\])])", latex):
        yield _put(latex, found.start(), found.end(), f"{found[2]},{found[1]}")


def another_index(latex: str) -> Iterator[str]:
    """One index where another of the formula belongs: of a channel, or a bound one for a free one."""
    places = list(INDEX.finditer(latex))
    for found in places:
        other = _next([f[1] for f in places], found[1])
        if other is not None:
            yield _put(latex, found.start(1), found.end(1), other)


def prime(latex: str) -> Iterator[str]:
    """A prime dropped."""
    for found in re.finditer("'", latex):
        yield _put(latex, found.start(), found.end(), "")


def flip(latex: str) -> Iterator[str]:
    """A kernel not turned: rot180 dropped, or u for r - 1 - u."""
    for found in re.finditer(r"\\operatorname\{rot180\}|\\text\{rot180\}|rot180", latex):
        yield _put(latex, found.start(), found.end(), "")
    for found in re.finditer(SIZE.pattern + r"\s*-\s*1\s*-\s*(?=[a-z])", latex):
        yield _put(latex, found.start(), found.end(), "")


def factor(latex: str) -> Iterator[str]:
    """1/k^2, a square or a 2 lost; 2p for p."""
    for lost in (r"\\frac\{1\}\{[^{}]*\}", r"(?<=[A-Za-z])\^(?:2|\{2\})", r"(?<![\w^{.,])2\s*(?=[A-Za-z])"):
        for found in re.finditer(lost, latex):
            yield _put(latex, found.start(), found.end(), "")
    for found in re.finditer(rf"(?<=[+-])\s*(?=[a-z]{AFTER})", latex):
        yield _put(latex, found.end(), found.end(), "2")


def denominator(latex: str) -> Iterator[str]:
    """A derivative by another tensor of the formula."""
    name = r"\\partial\s+(\\?[A-Za-z]+)"
    names = [f[1] for f in re.finditer(name, latex)]
    for found in re.finditer(r"\}\{" + name, latex):
        other = _next(names, found[1])
        if other is not None:
            yield _put(latex, found.start(1), found.end(1), other)


def condition(latex: str) -> Iterator[str]:
    r"""< for \le, and \le for <."""
    for found in re.finditer(r"\\leq?(?![A-Za-z])|<", latex):
        yield _put(latex, found.start(), found.end(), r"\le " if found[0] == "<" else "< ")


EDITS: tuple[tuple[str, Callable[[str], Iterator[str]]], ...] = (
    ("index +-1", one_index),
    ("sign", sign),
    ("limit +-1", limit),
    ("changed bound", bound),
    ("swapped indices", swapped),
    ("another index", another_index),
    ("dropped prime", prime),
    ("dropped flip", flip),
    ("factor", factor),
    ("denominator", denominator),
    ("condition", condition),
)


def edits_of(latex: str) -> Iterator[tuple[str, str]]:
    """Every single edit with its kind; each text once."""
    seen = {latex}
    for kind, rule in EDITS:
        for changed in rule(latex):
            if changed not in seen:
                seen.add(changed)
                yield kind, changed
