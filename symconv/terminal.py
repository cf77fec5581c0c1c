"""What a terminal shows beyond a pipe or a file: statuses in colour, and a line that tells how far the judging is.

A stream that is no terminal, and a terminal that knows no control sequences,
get nothing of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from symconv.judging import Watch, unwatched
from symconv.proof.verdict import Status
from symconv.read.claims import Document
from symconv.reports import PASSES

RED, GREEN, YELLOW = 31, 32, 33
FAILS = (Status.REFUTED, Status.ILL_FORMED)
CELLS = 20  # of the bar
ERASE = "\r\x1b[K"
CUT, WRAP = "\x1b[?7l", "\x1b[?7h"  # a line that is too long would else go on below, and stay there


def takes_control(stream: TextIO | None) -> bool:
    """Whether it is a terminal that understands control sequences."""
    return stream is not None and stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def takes_colour(stream: TextIO | None) -> bool:
    """The same, where nobody asked for no colour; see https://no-color.org."""
    return takes_control(stream) and not os.environ.get("NO_COLOR")


def painted(text: str, status: Status) -> str:
    """What is said of a formula, with its status in colour.

    >>> painted("eq1.2: refuted; n=2: the claim gives 0", Status.REFUTED)
    'eq1.2: \\x1b[31mrefuted\\x1b[0m; n=2: the claim gives 0'
    """
    words = status.value.replace("_", " ")
    colour = GREEN if status in PASSES else RED if status in FAILS else YELLOW
    return text.replace(words, f"\x1b[{colour}m{words}\x1b[0m", 1)


@contextmanager
def progress(stream: TextIO | None) -> Iterator[Watch]:
    """A watch that writes one line over and over, which is erased at the end."""
    if stream is None or not takes_control(stream):
        yield unwatched
        return

    def write(text: str) -> None:
        with suppress(OSError):  # the judging goes on without anyone who looks on
            stream.write(text)
            stream.flush()

    try:
        yield lambda *state: write(f"{ERASE}{CUT}{bar(*state)}{WRAP}")
    finally:
        write(ERASE)


def bar(document: Document, judged: int, now: str) -> str:
    """How many formulas of a document are judged, and what is done now.

    >>> bar(Document("note.md", tuple("abcd")), 1, "eq2")
    '[#####---------------] 1 of 4 formulas, now eq2 of note.md'
    """
    most = len(document.formulas)
    filled = CELLS * judged // most
    name = "".join(c if c.isprintable() else "?" for c in document.name)
    return f"[{'#' * filled}{'-' * (CELLS - filled)}] {judged} of {most} formulas, now {now} of {name}"
