"""The operations, on what users hold instead of terms."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from symconv.api.arguments import kind_of, tensor_of
from symconv.calculus import gradient as _gradient
from symconv.errors import ShapeError, UsageError
from symconv.handles.reading import unwrapped
from symconv.handles.tensors import Tensor
from symconv.handles.values import Value
from symconv.handles.wrapping import wrapped
from symconv.ops import activation as _activation
from symconv.ops import channels as _channels
from symconv.ops import correlate as _correlate
from symconv.ops import layer as _layer
from symconv.ops import matrix as _matrix
from symconv.ops import normalisation as _normalisation
from symconv.ops import pool as _pool
from symconv.ops import resample as _resample
from symconv.ops import window as _window

F = TypeVar("F", bound=Callable[..., Any])


def _public(operation: F) -> F:
    """The operation on handles and SymPy sizes instead of terms."""
    signature = inspect.signature(operation)
    shown = f"{operation.__name__}({', '.join(signature.parameters)})"

    @wraps(operation)
    def call(*args: Any, **options: Any) -> Any:
        try:
            given = signature.bind(*args, **options)
        except TypeError as error:
            raise UsageError(operation.__name__, str(error), shown, "give these arguments") from None
        for name, item in given.arguments.items():
            place = f"{operation.__name__}(.., {name}=..)"
            given.arguments[name] = _argument(item, str(signature.parameters[name].annotation), place)
        return wrapped(operation(*given.args, **given.kwargs))

    return cast(F, call)


def _argument(item: Any, wanted: str, place: str) -> Any:
    """The term that an argument stands for, if it is of the kind that the operation asks for."""
    if item is None and wanted.endswith("| None"):
        return None
    if wanted.removesuffix(" | None") in ("Tensor", "Defined"):
        return tensor_of(item, place)
    if "Tensor |" in wanted and isinstance(item, Tensor):
        return item.term
    if wanted == "Sequence[Tensor]":
        if not isinstance(item, (list, tuple)):
            raise UsageError(place, kind_of(item), "a list of tensors", "write [x, y]")
        return tuple(tensor_of(part, place) for part in item)
    if isinstance(item, (Tensor, Value)):
        raise UsageError(place, kind_of(item), "a number, a size or a name", "give an option, not data")
    if wanted == "str" and not (isinstance(item, str) and item.strip()):
        raise UsageError(place, repr(item), "a name", 'give a text such as "G"')
    return unwrapped(item)


correlate = _public(_correlate.correlate)
convolve = _public(_correlate.convolve)
depthwise = _public(_correlate.depthwise)
transposed = _public(_correlate.transposed)
swap_channels = _public(_channels.swap_channels)
correlate_pairs = _public(_channels.correlate_pairs)
pad = _public(_window.pad)
crop = _public(_window.crop)
stuff = _public(_window.stuff)
flip = _public(_window.flip)
rot180 = _public(_window.rot180)
transpose = _public(_window.transpose)
concatenate = _public(_window.concatenate)
vec = _public(_matrix.vec)
unvec = _public(_matrix.unvec)
flatten_rows = _public(_matrix.flatten_rows)
toeplitz = _public(_matrix.toeplitz)
matmul = _public(_matrix.matmul)
kron = _public(_matrix.kron)
outer = _public(_matrix.outer)
diag = _public(_matrix.diag)
leaky_relu = _public(_activation.leaky_relu)
gelu = _public(_activation.gelu)
mean = _public(_normalisation.mean)
variance = _public(_normalisation.variance)
batch_norm = _public(_normalisation.batch_norm)
upsample_nearest = _public(_resample.upsample_nearest)
upsample_bilinear = _public(_resample.upsample_bilinear)
bed_of_nails = _public(_resample.bed_of_nails)
pixel_shuffle = _public(_resample.pixel_shuffle)
expand = _public(_resample.expand)
unpool_max = _public(_resample.unpool_max)
mean_squared_error = _public(_layer.mean_squared_error)
pool_max = _public(_pool.pool_max)
pool_average = _public(_pool.pool_average)
argmax = _public(_pool.argmax)
add_bias = _public(_layer.add_bias)
apply = _public(_layer.apply)
dense = _public(_layer.dense)
softmax = _public(_layer.softmax)
cross_entropy = _public(_layer.cross_entropy)
upstream = _public(_gradient.upstream)
gradient = _public(_gradient.gradient)


def pool(x: Tensor, window: object, kind: str = "max", **options: Any) -> Tensor:
    """Pooling by name: kind "max" or "average"; options as for `pool_max` and `pool_average`.

    >>> import symconv as sc
    >>> sc.pool(sc.tensor("x", sc.sizes("n")), 2, "average").entries(n=4)
    [x[0]/2 + x[1]/2, x[2]/2 + x[3]/2]
    """
    kinds: dict[str, Callable[..., Any]] = {"max": pool_max, "average": pool_average}
    if not isinstance(kind, str) or kind not in kinds:
        raise ShapeError(
            f"pool({tensor_of(x, 'pool').name})", f"kind {kind!r}", "'max' or 'average'", "choose one of the two"
        )
    return cast(Tensor, kinds[kind](x, window, **options))
