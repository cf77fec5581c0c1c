"""A pooling of a formula as one call of the functions in `c_pool_lines`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from symconv.kernels.nest import ONE, ZERO, Nest
from symconv.kernels.pool_patterns import Pooling, Side
from symconv.kernels.targets.c_function import Array, CFunction
from symconv.kernels.targets.c_text import grouped

WHOLE = Side("", ONE, ONE, ZERO, ONE)  # the window of an axis that is not there
FUNCTIONS = {"maximum": "pool_larger", "sum": "pool_plus", "spread": "pool_back", "route": "pool_back"}


@contextmanager
def write_pooling(function: CFunction, found: Pooling, nest: Nest | None, out: Array) -> Iterator[None]:
    """Fill `out`, or do what is written inside, where the taps or the windows lie far apart.

    nest: what gives the coefficient, the weight and the denominators, if there is any.
    """
    for extreme in nest.extremes if nest is not None else ():
        function.extreme(extreme)
    function.pools.add(found.kind)
    image, result = _ends(function, found, out)
    first, second = found.sides[0] or WHOLE, found.sides[1]
    lead = len(image.shape) - (1 if found.sides[0] is None else 2)
    name = function.names.fresh("pooling")
    function.line(f"const struct pooling {name} = {{")
    function.line(f"    .planes = {function.count(image.shape[:lead])},")
    for field, array in (("image", image), ("result", result)):
        sizes = [*([] if found.sides[0] else ["1"]), *map(function.scalar, array.shape[lead:])]
        function.line(f"    .{field} = {{{', '.join(sizes)}}},")
    for field in ("start", "taps", "stride", "dilation"):
        pair = [function.text(getattr(side, field)) for side in (first, second)]
        function.line(f"    .{field} = {{{', '.join(pair)}}},")
    function.line("};")
    read = function.array(found.images).name
    arrays = {"spread": ["NULL", read], "route": [read, result.name]}.get(found.kind, [read])
    numbers = ["1", "1"] if nest is None else _factor(function, nest)
    call = ", ".join([f"&{name}", *arrays, out.name, *numbers])
    with function.block(f"if (near_together(&{name}))"):
        function.line(f"memory.failed = NAME({FUNCTIONS[found.kind]})({call});")
        function.line("if (memory.failed) goto done;")
    with function.block("else"):
        yield


def has_planes(function: CFunction, found: Pooling, out: Array) -> bool:
    """Whether the axes before the windows are the same in all arrays."""
    image, result = _ends(function, found, out)
    lead = len(image.shape) - (1 if found.sides[0] is None else 2)
    return image.shape[:lead] == result.shape[:lead]


def _ends(function: CFunction, found: Pooling, out: Array) -> tuple[Array, Array]:
    """The array that windows read (or write, in an adjoint), and the one with an entry for each window."""
    if found.upstream is not None:
        return out, function.array(found.upstream)
    read = function.array(found.images)
    return (out, read) if found.kind == "spread" else (read, out)


def _factor(function: CFunction, nest: Nest) -> list[str]:
    """What a sum is multiplied with, and what it is divided by."""
    above, below = [f"(T){nest.coefficient.numerator}"], [f"(T){nest.coefficient.denominator}"]
    above += [f"(T){grouped(function.text(nest.weight))}"] if nest.weight != ONE else []
    below += [f"(T){grouped(function.text(p))}" for p in nest.denominators]
    return [" * ".join(above), " * ".join(below)]


__all__ = ["has_planes", "write_pooling"]
