"""Memory that a kernel works in: kept from call to call, one set for each thread."""

from __future__ import annotations

import threading
from math import prod
from typing import Any

import numpy as np

from symconv.kernels.runtime.types import Array

_MOST_HELD = 4 << 20  # bytes of all arrays together, beside transformed kernels


class _Workspace(threading.local):
    """Arrays by name, as large as they were ever needed, and plans with arrays; nobody else's thread sees them."""

    def __init__(self) -> None:
        self.held: dict[str, Array] = {}
        self.plans: dict[Any, Any] = {}
        self.kept = 0  # bytes of all plans

    def take(self, name: str, shape: tuple[int, ...], dtype: Any) -> Array:
        """An array with any contents, on a boundary of 64 bytes."""
        size = prod(shape) * np.dtype(dtype).itemsize
        held = self.held.get(name)
        if held is None or held.size < size:
            held = None
            self.held.pop(name, None)  # before there is a larger one
            if name != "weights":
                self.make_room(size, name)
            block = np.empty(size + 64, np.uint8)
            first = -block.ctypes.data % 64
            held = self.held[name] = block[first : first + size]
        array: Array = held[:size].view(dtype).reshape(shape)
        return array

    def make_room(self, size: int, name: str = "") -> None:
        """Let go of what calls for other sizes left: plans where they are in the way, then arrays."""
        others = sum(a.size for n, a in self.held.items() if n not in (name, "weights"))
        if others + self.kept + size > _MOST_HELD:
            self.forget()
        if others + size > _MOST_HELD:
            self.held = {n: a for n, a in self.held.items() if n == "weights"}

    def keep(self, key: Any, plan: Any, size: int) -> None:
        """A plan with arrays of so many bytes; all others go where there are too many."""
        if len(self.plans) >= 64:
            self.forget()
        self.plans[key] = plan
        self.kept += size

    def forget(self) -> None:
        """Let go of all plans."""
        self.plans.clear()
        self.kept = 0


_WORKSPACE = _Workspace()
