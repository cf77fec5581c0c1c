"""The helpers of `runtime` as text: an exported module carries the ones that it uses."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

from symconv.kernels import runtime

HELPERS: dict[str, Callable[..., Any]] = {
    name: value
    for name, value in vars(runtime).items()
    if name.startswith("_") and (inspect.isfunction(value) or inspect.isclass(value))
}
HELPER_NAMES = (*HELPERS, "Any", "Array", "Callable", "Sequence", "as_strided", "erf", "operator", "prod")


def used_helpers(source: str) -> list[str]:
    """The helpers that a source calls, and those that these call, in their own order."""
    found: set[str] = set()
    queue = [source]
    while queue:
        text = queue.pop()
        for name in HELPERS:
            if name not in found and re.search(rf"\b{name}\(", text):
                found.add(name)
                queue.append(inspect.getsource(HELPERS[name]))
    return [name for name in HELPERS if name in found]


def helper_source(source: str) -> str:
    return "\n\n".join(inspect.getsource(HELPERS[name]) for name in used_helpers(source))


def imports(text: str) -> str:
    """The imports that a text needs."""
    lines = ["from __future__ import annotations", ""]
    plain = [m for m in ("argparse", "operator", "sys", "time") if re.search(rf"\b{m}\.", text)]
    lines += [f"import {m}" for m in plain]
    abstract = [name for name in ("Callable", "Sequence") if f"{name}[" in text]
    if abstract:
        lines.append(f"from collections.abc import {', '.join(abstract)}")
    mathematical = [name for name in ("erf", "prod") if re.search(rf"\b{name}\b", text)]
    if mathematical:
        lines.append(f"from math import {', '.join(mathematical)}")
    lines += ["from typing import Any", "", "import numpy as np"]
    if "as_strided(" in text:
        lines.append("from numpy.lib.stride_tricks import as_strided")
    return "\n".join([*lines, "", "Array = np.ndarray[Any, np.dtype[Any]]", ""])


def prelude(source: str) -> str:
    """Imports and helpers for a source."""
    helpers = helper_source(source)
    return f"{imports(source + helpers)}\n\n{helpers}\n\n"


__all__ = ["HELPER_NAMES", "helper_source", "imports", "prelude", "used_helpers"]
