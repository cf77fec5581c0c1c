"""Failures, one class a kind.

Every message says four things: the place, what was read, what was expected
(or the smallest counterexample), and what to change.  The message is built
here so that no caller can leave a part out.

This module imports nothing of symconv.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar


class SymconvError(Exception):
    """Any failure that the user can mend.

    >>> raise ShapeError("pad(X, p)", "3 amounts for 2 axes", "one amount an axis", "give (p, q)")
    Traceback (most recent call last):
        ...
    symconv.errors.ShapeError: pad(X, p): 3 amounts for 2 axes; expected one amount an axis; give (p, q)
    """

    exit_code: ClassVar[int] = 64  # of the command that fails with it; the numbers are those of sysexits.h

    def __init__(self, place: str, found: str, expected: str, change: str) -> None:
        self.place = place
        self.found = found
        self.expected = expected
        self.change = change
        super().__init__(f"{place}: {found}; expected {expected}; {change}")


class ShapeError(SymconvError):
    """Shapes, axis counts or channel counts do not fit together."""


class SizeError(SymconvError):
    """A size is out of its range: negative, zero where it divides, too small for the kernel."""


class NameClash(SymconvError):
    """One name stands for two things."""


class ScopeError(SymconvError):
    """An index is used where nothing binds it."""


class DependenceError(SymconvError):
    """A derivative by something the value does not depend on."""


class HypothesisError(SymconvError):
    """The hypotheses contradict each other, so that anything would follow."""


class BridgeError(SymconvError):
    """A SymPy object that has no counterpart in the term language, or the reverse."""


class NotationError(SymconvError):
    """A formula or a declaration that cannot be read."""

    exit_code = 65


class ExportError(SymconvError):
    """A kernel that cannot or must not be written."""


class UsageError(SymconvError):
    """A command or a call with arguments that make no sense together."""


class InputError(SymconvError):
    """A file or a directory that cannot be read, or that holds nothing to read."""

    exit_code = 66


class OutputError(SymconvError):
    """A file that cannot be written."""

    exit_code = 73


@contextmanager
def reading(place: object) -> Iterator[None]:
    """What goes wrong while this is read becomes an `InputError`.

    >>> with reading("note.md"):
    ...     b"\\xe9".decode("utf-8")
    Traceback (most recent call last):
        ...
    symconv.errors.InputError: note.md: byte 1 is 0xe9; expected a text in UTF-8; save the file as UTF-8
    """
    try:
        yield
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise InputError(
            str(place), f"byte {error.start + 1} is 0x{byte:02x}", "a text in UTF-8", "save the file as UTF-8"
        ) from None
    except OSError as error:
        raise InputError(
            str(place), error.strerror or str(error), "a file that can be read", "correct the path, or its permissions"
        ) from None


@contextmanager
def writing(place: object) -> Iterator[None]:
    """What goes wrong while this is written becomes an `OutputError`."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            str(place), error.strerror or str(error), "a place that can be written", "choose another path"
        ) from None
