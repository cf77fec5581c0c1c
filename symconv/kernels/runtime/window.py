"""What windows read: a rectangle cut out of images, zeros where it leaves them; the entries of each tap along an axis.

Equal parts of a total, and axes as one.
"""

from __future__ import annotations

from math import prod

from symconv.kernels.runtime.types import Array, Pair


def _even(total: int, most: int) -> int:
    """The size of equal parts of a total, none larger than `most`."""
    most = max(1, min(total, most))
    return -(-total // -(-total // most)) if total else 1


def _cut(images: Array, top: int, left: int, out: Array) -> None:
    """out[..., i, j] = images[..., top + i, left + j], zero outside the images."""
    height, width = images.shape[-2:]
    rows, columns = out.shape[-2:]
    i0, i1 = min(max(0, -top), rows), max(0, min(rows, height - top))
    j0, j1 = min(max(0, -left), columns), max(0, min(columns, width - left))
    if i1 <= i0 or j1 <= j0:
        out[...] = 0
        return
    if i0:
        out[..., :i0, :] = 0
    if i1 < rows:
        out[..., i1:, :] = 0
    if j0:
        out[..., i0:i1, :j0] = 0
    if j1 < columns:
        out[..., i0:i1, j1:] = 0
    out[..., i0:i1, j0:j1] = images[..., top + i0 : top + i1, left + j0 : left + j1]


def _cut_strided(images: Array, top: int, left: int, steps: Pair, out: Array) -> None:
    """out[..., i, j] = images[..., top + steps[0] * i, left + steps[1] * j], zero outside the images."""
    s, t = steps
    phase = images if steps == (1, 1) else images[..., top % s :: s, left % t :: t]
    _cut(phase, top // s, left // t, out)


def _reads(taps: int, stride: int, dilation: int, start: int, outputs: int, extent: int) -> list[tuple[slice, slice]]:
    """For each tap the outputs whose windows lie inside there, and the entries that they read."""
    found = []
    for u in range(taps):
        shift = dilation * u - start
        low = min(outputs, max(0, -(shift // stride)))
        high = max(low, min(outputs, (extent - 1 - shift) // stride + 1))
        first = stride * low + shift
        found.append(
            (slice(low, high), slice(first, first + stride * (high - low - 1) + 1 if high > low else first, stride))
        )
    return found


def _merged(array: Array, axis: int) -> Array | None:
    """The array with this axis and the later ones as one, or None where that would copy."""
    view = array.view()
    try:
        view.shape = (*array.shape[:axis], prod(array.shape[axis:]))
    except AttributeError:
        return None
    return view
