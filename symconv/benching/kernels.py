"""Our side: the functions of a module as it would be exported, for a layer with numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from symconv.benching.peers import Layer
from symconv.exporting import export_spec
from symconv.kernels.compile import execute

Array = np.ndarray[Any, np.dtype[Any]]


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
def module(spec: str, accuracy: str) -> SimpleNamespace:
    """The exported module, executed."""
    return SimpleNamespace(**execute(export_spec(spec, accuracy=accuracy)))


def ours(layer: Layer, part: str, data: Mapping[str, Array], accuracy: str, threads: int) -> Callable[[], object]:
    """The call of one function, its result in an array that is kept; of max pooling forward and backward."""
    functions = module(spec_of(layer), accuracy)
    x, w, g = data["input"], data["kernel"], data["upstream"]
    if layer.operation == "conv":
        arguments, shape = {
            "forward": ((x, w), layer.shape),
            "grad_input": ((g, w, x.shape), x.shape),
            "grad_kernel": ((g, x, w.shape), w.shape),
        }[part]
        return partial(getattr(functions, part), *arguments, out=np.empty(shape, layer.dtype), threads=threads)
    forward = partial(functions.forward, x, out=np.empty(layer.shape, layer.dtype))
    if part == "forward":
        return forward
    result = np.empty(x.shape, layer.dtype)
    if layer.operation == "avgpool":
        return partial(functions.grad_input, g, x.shape, out=result)
    backward = partial(functions.grad_input, g, x, out=result)
    return lambda: (forward(), backward())


__all__ = ["ours", "spec_of"]
