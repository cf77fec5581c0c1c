"""The numbers of an instance: whole numbers of which no two are alike in one tensor.

Pages have the same ones always; an exercise draws small ones by its seed, so that a class can have a sheet each.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

PRIME = 37
LEAST = 5  # numbers are drawn from -5 .. 5, or from as many as it takes


def different(count: int) -> list[int]:
    """Multiples of 11 modulo a prime: below it no two are alike.

    >>> different(4)
    [11, 22, 33, 7]
    """
    return [(n + 1) * 11 % PRIME for n in range(count)]


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of each tensor by its name; without a seed those of every page.

    >>> Numbers().of("X", 3) == different(3)
    True
    >>> Numbers(4).of("X", 3) == Numbers(4).of("X", 3) != Numbers(5).of("X", 3)
    True
    """

    seed: int | None = None

    def of(self, name: str, count: int) -> list[int]:
        """As many numbers, none twice and none zero."""
        if self.seed is None:
            return different(count)
        most = max(LEAST, (count + 3) // 2)
        drawn = [n for n in range(-most, most + 1) if n]
        return Random(f"{self.seed} {name}").sample(drawn, count)


__all__ = ["PRIME", "Numbers", "different"]
