"""The helpers of `runtime` as text: an exported module carries the ones that it uses.

A definition of a runtime file is copied as it stands; what it names is copied too.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import import_module
from pathlib import Path

from symconv.kernels import runtime
from symconv.kernels.runtime.choice import _OF_TAPS

# In the order in which a module shows them; what a definition runs when it is read stands before it.
FILES = (
    "checks", "arrays", "contract", "entrywise", "workspace", "window", "product", "tiles", "winograd", "choice",
    "rows", "col2im", "direct", "toeplitz", "toeplitz_tiles", "dots", "sparse", "separable", "fourier", "small",
    "correlate", "bands", "pool", "pool_max", "scatter",
)  # fmt: skip
SETTINGS = ("ACCURACY", "SCHEDULE")
# the schedules that one computes its parts by; any for the others that are cut into parts
PARTS = {
    "side by side": {"direct", "rows", "shifted"},
    "taps side by side": {"taps", "rows of taps"},
    "polyphase": {"tiles"},
}
CUT = {"sub-images", "sub-images of taps"}
OF_TAPS = {*_OF_TAPS.values(), "spread taps"}


@dataclass(frozen=True, slots=True)
class Helper:
    """One definition at the top of a runtime file."""

    name: str
    source: str


@cache
def _read() -> tuple[dict[str, Helper], dict[str, str]]:
    """All helpers by name, and the import line of every other name that they use."""
    folder = Path(next(iter(runtime.__path__)))
    helpers: dict[str, Helper] = {}
    imported: dict[str, str] = {}
    for file in FILES:
        text = (folder / f"{file}.py").read_text(encoding="utf-8")
        lines = text.splitlines()
        for node in ast.parse(text).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                imported |= dict(_names(node))
            elif (name := _defined(node)) is not None:
                first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
                helpers[name] = Helper(name, "\n".join(lines[first - 1 : node.end_lineno]))
    return helpers, imported


def _names(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """The names of an import, each with a line that imports it alone."""
    module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
    if module.startswith(("symconv", "__future__")):
        return
    for alias in node.names:
        text = f"{alias.name} as {alias.asname}" if alias.asname else alias.name
        yield alias.asname or alias.name, f"from {module} import {text}" if module else f"import {text}"


def _defined(node: ast.stmt) -> str | None:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return node.name
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id != "__all__":
        return node.targets[0].id
    return None


def helper_names() -> tuple[str, ...]:
    """Every name that a module may define or import."""
    helpers, imported = _read()
    return (*helpers, *imported, *SETTINGS, "Any", "Array", "Callable", "Pair", "argparse", "sys", "time")


def _table_of(schedules: frozenset[str]) -> Helper:
    """The table of schedules cut to these, and to those that all types fall back on."""
    whole = _read()[0]["_SCHEDULES"]
    first, *rows, last = whole.source.splitlines()
    fallen_on = {"direct", "taps"} if schedules & OF_TAPS else {"direct"}
    kept = [row for row in rows if row.split('"')[1] in schedules | fallen_on]
    return Helper(whole.name, "\n".join([first, *kept, last]))


def reached(schedules: frozenset[str] | None) -> frozenset[str] | None:
    """These schedules and those of their parts; None for any."""
    if schedules is None or schedules & CUT:
        return None
    return schedules.union(*(PARTS.get(name, set()) for name in schedules))


def _chosen(schedules: frozenset[str] | None) -> dict[str, Helper]:
    """All helpers by name, those for correlations cut to these schedules."""
    helpers, _ = _read()
    names = reached(schedules)
    return helpers if names is None else helpers | {"_SCHEDULES": _table_of(names)}


def used_helpers(source: str, schedules: frozenset[str] | None = None) -> list[str]:
    """The helpers that a source names, and those that these name, in their own order.

    schedules: those of its correlations; any of them without it.
    """
    helpers = _chosen(schedules)
    found: set[str] = set()
    queue = [source]
    while queue:
        for name in (_words(queue.pop()) & set(helpers)) - found:
            found.add(name)
            queue.append(helpers[name].source)
    return [name for name in helpers if name in found]


@lru_cache(maxsize=1024)
def _words(source: str) -> frozenset[str]:
    """The names in a text; every module asks for those of the same helpers."""
    return frozenset(re.findall(r"\w+", source))


def helper_source(source: str, schedules: frozenset[str] | None = None) -> str:
    """The text of the helpers that a source needs."""
    helpers = _chosen(schedules)
    text = ""
    previous = ""
    for name in used_helpers(source, schedules):
        block = helpers[name].source
        gap = "\n" if not _spacious(block) and not _spacious(previous) else "\n\n"
        text += (gap if previous else "") + block + "\n"
        previous = block
    return text


def _spacious(block: str) -> bool:
    return block.startswith(("def ", "class ", "@"))


def imports(text: str, settings: Mapping[str, str] | None = None) -> str:
    """The imports that a text needs, in order, and the settings that it reads."""
    _, known = _read()
    known = known | {
        "Any": "from typing import Any",
        "Callable": "from collections.abc import Callable",
        **{m: f"import {m}" for m in ("argparse", "sys", "time")},
    }
    words = set(re.findall(r"(?<![\w.])\w+", re.sub(r'"""[\s\S]*?"""|#.*', "", text)))
    wanted = {line for name, line in known.items() if name in words} | {"from typing import Any", "import numpy as np"}
    plain = sorted(line for line in wanted if line.startswith("import ") and "numpy" not in line)
    grouped: dict[str, list[str]] = {}
    for line in wanted - set(plain) - {"import numpy as np"}:
        module, name = re.fullmatch(r"from (\S+) import (.+)", line).groups()  # type: ignore[union-attr]
        grouped.setdefault(module, []).append(name)
    froms = [f"from {m} import {', '.join(sorted(names))}" for m, names in sorted(grouped.items())]
    lines = ["from __future__ import annotations", "", *plain, *(f for f in froms if "numpy" not in f), ""]
    lines += ["import numpy as np", *(f for f in froms if "numpy" in f), ""]
    lines += ["Array = np.ndarray[Any, np.dtype[Any]]", *(["Pair = tuple[int, int]"] if "Pair" in words else [])]
    chosen = {"ACCURACY": "exact", "SCHEDULE": ""} | dict(settings or {})
    lines += [f'{name} = "{chosen[name]}"{_COMMENT[name]}' for name in SETTINGS if name in words]
    return "\n".join([*lines, ""])


_COMMENT = {
    "ACCURACY": '  # "fast" allows schedules that lose some digits: see the docstring',
    "SCHEDULE": "  # the name of one schedule for all correlations; empty: chosen by sizes",
}


def prelude(source: str, settings: Mapping[str, str] | None = None) -> str:
    """Imports and helpers for a source."""
    helpers = helper_source(source)
    return f"{imports(source + helpers, settings)}\n\n{helpers}\n\n"


def helper(name: str) -> object:
    """The helper itself, for tests."""
    for file in FILES:
        module = import_module(f"symconv.kernels.runtime.{file}")
        if name in vars(module):
            found: object = vars(module)[name]
            return found
    raise KeyError(name)


__all__ = ["helper", "helper_names", "helper_source", "imports", "prelude", "used_helpers"]
