"""Our side: the functions of a module as it would be exported, for a layer with numbers."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from symconv.benching.peers import Layer
from symconv.exporting import export_files
from symconv.kernels.compile import execute

Array = np.ndarray[Any, np.dtype[Any]]
TARGETS = ("numpy", "c")
_FOLDERS: list[TemporaryDirectory[str]] = []  # of modules in several files, until the process ends


def spec_of(layer: Layer) -> str:
    """The SPEC of a layer; extents stay open, as in a module that is used for many."""
    pairs = {"stride": layer.stride, "padding": layer.padding, "dilation": layer.dilation}
    if layer.operation != "conv":
        return f"{layer.operation}2d --kernel {_pair(layer.kernel)} --stride {_pair(layer.stride)}"
    said = [f"--{name} {_pair(pair)}" for name, pair in pairs.items()]
    return " ".join(["conv2d", *said, f"--groups {layer.groups}"])


def _pair(pair: tuple[int, int]) -> str:
    return f"{pair[0]},{pair[1]}"


@lru_cache(64)
def module(spec: str, accuracy: str, target: str) -> SimpleNamespace | ModuleType:
    """The exported module, executed; compiled first where it is in C."""
    files = export_files(spec, accuracy=accuracy, target=target)
    return SimpleNamespace(**execute(files[".py"])) if target == "numpy" else _built(files)


def _built(files: Mapping[str, str]) -> ModuleType:
    """A module in several files, its library beside them."""
    _FOLDERS.append(TemporaryDirectory(prefix="symconv-bench-"))
    folder = Path(_FOLDERS[-1].name)
    for ending, text in files.items():
        (folder / f"kernels{ending}").write_text(text, encoding="utf-8")
    found = importlib.util.spec_from_file_location("kernels", folder / "kernels.py")
    if found is None or found.loader is None:
        raise ImportError(f"{folder}: kernels.py cannot be loaded")
    made = importlib.util.module_from_spec(found)
    found.loader.exec_module(made)
    made.build(folder)
    return made


def ours(
    layer: Layer, part: str, data: Mapping[str, Array], accuracy: str, threads: int, target: str = "numpy"
) -> Callable[[], object]:
    """The call of one function, its result in an array that is kept; of max pooling forward and backward."""
    functions = module(spec_of(layer), accuracy, target)
    x, w, g = data["input"], data["kernel"], data["upstream"]
    if layer.operation == "conv":
        arguments, shape = {
            "forward": ((x, w), layer.shape),
            "grad_input": ((g, w, x.shape), x.shape),
            "grad_kernel": ((g, x, w.shape), w.shape),
        }[part]
        return _call(getattr(functions, part), arguments, np.empty(shape, layer.dtype), threads)
    forward = _call(functions.forward, (x,), np.empty(layer.shape, layer.dtype), threads)
    if part == "forward":
        return forward
    result = np.empty(x.shape, layer.dtype)
    if layer.operation == "avgpool":
        return _call(functions.grad_input, (g, x.shape), result, threads)
    if hasattr(functions, "forward_with_winners"):
        return _kept(functions, x, g, result)
    backward = _call(functions.grad_input, (g, x), result, threads)
    return lambda: (forward(), backward())


def _kept(functions: Any, x: Array, g: Array, result: Array) -> Callable[[], object]:
    """Forward and backward of a maximum whose winners are kept between the two."""
    held = functions.forward_with_winners(x)

    def both() -> object:
        output, winners = functions.forward_with_winners(x, out=held)
        return output, functions.grad_input_of_winners(g, winners, x.shape, out=result)

    return both


def _call(
    function: Callable[..., object], arguments: tuple[object, ...], out: Array, threads: int
) -> Callable[[], object]:
    """With threads where the function can share its work among some."""
    more = {"threads": threads} if "threads" in inspect.signature(function).parameters else {}
    return partial(function, *arguments, out=out, **more)


__all__ = ["TARGETS", "ours", "spec_of"]
