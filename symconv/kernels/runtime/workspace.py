"""Memory that a kernel works in: kept from call to call, one set for each thread."""

from __future__ import annotations

import threading
from math import prod
from typing import Any

import numpy as np

from symconv.kernels.runtime.types import Array


class _Workspace(threading.local):
    """Arrays by name, as large as they were ever needed; nobody else's thread sees them."""

    def __init__(self) -> None:
        self.held: dict[str, Array] = {}
        self.plans: dict[Any, Any] = {}
        self.kept = 0

    def take(self, name: str, shape: tuple[int, ...], dtype: Any) -> Array:
        """An array with any contents, on a boundary of 64 bytes."""
        size = prod(shape) * np.dtype(dtype).itemsize
        held = self.held.get(name)
        if held is None or held.size < size:
            others = sum(a.size for n, a in self.held.items() if n not in (name, "weights"))
            if others + size > 4 << 20:  # left by calls for other sizes
                self.held = {n: a for n, a in self.held.items() if n == "weights"}
            block = np.empty(size + 64, np.uint8)
            first = -block.ctypes.data % 64
            held = self.held[name] = block[first : first + size]
        array: Array = held[:size].view(dtype).reshape(shape)
        return array


_WORKSPACE = _Workspace()
