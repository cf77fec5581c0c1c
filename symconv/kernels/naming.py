"""Safe identifiers: every name that reaches source text is made here.

Names of tensors, sizes and functions come from documents and are not trusted.
An identifier is built from the letters and digits of a name, never quoted
from it, and is unique within its scope.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Hashable, Iterable

LONGEST = 32
# E741 of the linters: letters that look like digits
AMBIGUOUS = {"l", "I", "O"}
RESERVED = (
    (set(dir(builtins)) | set(keyword.kwlist) | set(keyword.softkwlist) | AMBIGUOUS | {"np", "math", "sys"})
    - {"input"}  # a parameter of the exported functions
)


def identifier(wanted: str) -> str:
    """An identifier that resembles the wanted name; `value` if nothing of it can be kept.

    >>> identifier("\\\\delta"), identifier("K'"), identifier("import os; x")
    ('delta', 'K_prime', 'import_os_x')
    """
    text = wanted.replace("'", "_prime")
    text = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")[:LONGEST].rstrip("_")
    if not text:
        return "value"
    return f"n{text}" if text[0].isdigit() else text


class Names:
    """Identifiers for things, each thing the same one, no two things one.

    >>> names = Names()
    >>> names.of("first", "K'"), names.of("second", "K'"), names.of("first", "K'")
    ('K_prime', 'K_prime_2', 'K_prime')
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = RESERVED | set(taken)
        self._given: dict[Hashable, str] = {}

    def of(self, key: Hashable, wanted: str) -> str:
        if key not in self._given:
            self._given[key] = self.fresh(wanted)
        return self._given[key]

    def fresh(self, wanted: str) -> str:
        """A new identifier, for something without a key."""
        base = identifier(wanted)
        base = name = f"{base}_" if base in RESERVED else base
        count = 2
        while name in self._taken:
            name, count = f"{base}_{count}", count + 1
        self._taken.add(name)
        return name

    def set(self, key: Hashable, name: str) -> None:
        """Fix the identifier of a thing (a parameter whose name is part of an interface)."""
        self._given[key] = name
        self._taken.add(name)

    def taken(self, name: str) -> bool:
        return name in self._taken

    def has(self, key: Hashable) -> bool:
        return key in self._given


__all__ = ["Names", "identifier"]
