"""`symconv bench SPEC`: one layer measured, its table made, a picture drawn if asked."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from symconv.benching.environment import described
from symconv.benching.layers import layer_of
from symconv.benching.peers import Layer
from symconv.errors import UsageError


def checked(
    operation: str, options: Mapping[str, str | None], dtype: str, plot: str | None, target: str = "numpy"
) -> Layer:
    """The layer; raises `UsageError` before anything is measured."""
    layer = layer_of(operation, options, dtype)
    if plot is not None and find_spec("matplotlib") is None:
        raise UsageError("bench --plot", "no matplotlib", "the extra bench", "pip install 'symconv[bench]'")
    if target == "c":
        _find_compiler()
    return layer


def bench(
    operation: str,
    options: Mapping[str, str | None],
    *,
    dtype: str = "float32",
    accuracy: str = "exact",
    threads: int = 1,
    seconds: float = 1.0,
    plot: str | None = None,
    target: str = "numpy",
) -> str:
    """The table of one layer against all that is installed, measured in the environment that this process has."""
    layer = checked(operation, options, dtype, plot, target)
    from symconv.benching import picture, report

    lines = report.measure(layer, accuracy, threads, seconds, target=target)
    if plot is not None:
        picture.draw(picture.dots(lines), Path(plot))
    chosen = f"accuracy {accuracy}. Target {target}"
    head = f"Peer time / our time, medians of interleaved rounds; {chosen}. {described(threads)}."
    return f"{head}\n\n{report.table(lines)}"


def _find_compiler() -> None:
    """Raises `UsageError` where there is none."""
    from symconv.kernels.targets.c_loader import _c_compiler

    try:
        _c_compiler()
    except RuntimeError as error:
        wanted = "cc, gcc or clang, or the one that CC names"
        raise UsageError("bench --target c", "no C compiler", wanted, "install one, say apt install gcc") from error


__all__ = ["bench", "checked"]
