"""The same computation by other libraries, each where it is installed and can do it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Call = Callable[[], Any]
PARTS = ("forward", "grad_input", "grad_kernel")


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer with numbers for everything: what is compared."""

    operation: str  # conv, maxpool or avgpool
    batch: int
    channels: int
    outputs: int
    extent: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1
    dtype: str = "float32"

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Of the output."""
        sizes = zip(self.extent, self.kernel, self.stride, self.padding, self.dilation, strict=True)
        rows, columns = ((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in sizes)
        return self.batch, self.outputs, rows, columns

    @property
    def parts(self) -> tuple[str, ...]:
        return PARTS if self.operation == "conv" else PARTS[:2]

    def data(self, seed: int = 0) -> dict[str, Array]:
        """Random input, kernel and upstream gradient."""
        rng = np.random.default_rng(seed)
        shapes = {
            "input": (self.batch, self.channels, *self.extent),
            "kernel": (self.outputs, self.channels // self.groups, *self.kernel),
            "upstream": self.shape,
        }
        return {name: rng.standard_normal(shape).astype(self.dtype) for name, shape in shapes.items()}


@dataclass(frozen=True, slots=True)
class Peer:
    """Another library's call, and how the array that ours computes is found in what it returns."""

    call: Call
    array_in: Callable[[Any], Any] = np.asarray

    def result(self) -> Array:
        """What it computes, to be held against ours."""
        return np.asarray(self.array_in(self.call()))


def peers(layer: Layer, part: str, data: Mapping[str, Array], threads: int = 1) -> dict[str, Peer]:
    """The calls of all installed libraries that compute this part of a layer."""
    found: dict[str, Peer] = {}
    for name, make in (("torch", _torch), ("jax", _jax), ("opencv", _opencv), ("scipy", _scipy)):
        if find_spec("cv2" if name == "opencv" else name) is not None:
            peer = make(layer, part, data, threads)
            if peer is not None:
                found[name] = peer
    return found


def _torch(layer: Layer, part: str, data: Mapping[str, Array], threads: int) -> Peer | None:
    torch = import_module("torch")
    torch.set_num_threads(threads)
    x, w, g = (torch.from_numpy(data[name]) for name in ("input", "kernel", "upstream"))
    aten = torch.ops.aten
    kernel, stride, padding, dilation = (
        list(pair) for pair in (layer.kernel, layer.stride, layer.padding, layer.dilation)
    )
    if layer.operation == "conv":
        if part == "forward":
            return Peer(lambda: torch.conv2d(x, w, None, stride, padding, dilation, layer.groups))
        mask = [part == "grad_input", part == "grad_kernel", False]
        tail = (None, stride, padding, dilation, False, [0, 0], layer.groups, mask)
        return Peer(lambda: aten.convolution_backward(g, x, w, *tail), lambda found: found[mask.index(True)])
    if layer.operation == "avgpool":
        if part == "forward":
            return Peer(lambda: aten.avg_pool2d(x, kernel, stride))
        return Peer(lambda: aten.avg_pool2d_backward(g, x, kernel, stride, [0, 0], False, True, None))
    if part == "forward":
        return Peer(lambda: aten.max_pool2d_with_indices(x, kernel, stride), lambda found: found[0])

    def both() -> object:
        _, places = aten.max_pool2d_with_indices(x, kernel, stride)
        return aten.max_pool2d_with_indices_backward(g, x, kernel, stride, [0, 0], [1, 1], False, places)

    return Peer(both)


def _jax(layer: Layer, part: str, data: Mapping[str, Array], threads: int) -> Peer | None:
    if layer.operation != "conv" or part != "forward":
        return None
    jax = import_module("jax")
    jax.config.update("jax_enable_x64", layer.dtype == "float64")
    x, w = (jax.numpy.asarray(data[name]) for name in ("input", "kernel"))
    convolve = jax.jit(
        lambda x, w: jax.lax.conv_general_dilated(
            x,
            w,
            layer.stride,
            [(p, p) for p in layer.padding],
            rhs_dilation=layer.dilation,
            feature_group_count=layer.groups,
        )
    )
    return Peer(lambda: convolve(x, w).block_until_ready())


def _single(layer: Layer) -> bool:
    """One image, one channel, every window: what image libraries compute."""
    plain = layer.stride == layer.dilation == (1, 1) and layer.padding == (0, 0)
    return layer.operation == "conv" and plain and (layer.batch, layer.channels, layer.outputs) == (1, 1, 1)


def _opencv(layer: Layer, part: str, data: Mapping[str, Array], threads: int) -> Peer | None:
    if not _single(layer) or part != "forward":
        return None
    cv2 = import_module("cv2")
    cv2.setNumThreads(threads)
    x, w = data["input"][0, 0], data["kernel"][0, 0]
    rows, columns = (slice(k // 2, k // 2 + n) for k, n in zip(layer.kernel, layer.shape[2:], strict=True))

    def inside(found: Array) -> Array:  # filter2D fills a frame of windows that leave the image, too
        return found[None, None, rows, columns]

    return Peer(lambda: cv2.filter2D(x, -1, w, borderType=cv2.BORDER_CONSTANT), inside)


def _scipy(layer: Layer, part: str, data: Mapping[str, Array], threads: int) -> Peer | None:
    if not _single(layer) or part != "forward":
        return None
    signal = import_module("scipy.signal")
    x, w = data["input"][0, 0], data["kernel"][0, 0, ::-1, ::-1]
    return Peer(lambda: signal.fftconvolve(x, w, mode="valid"), lambda found: found[None, None])


__all__ = ["PARTS", "Layer", "Peer", "peers"]
