"""Named operations on whole tensors: declared signs, and the library's names.

A sign says correlation or convolution; valid, full or same and which operand
is the kernel may be left out.  Then every reading that fits is built, and what
the left side's extents (or a tensor known as a kernel) do not settle is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from symconv.errors import SymconvError
from symconv.notation.source import LocatedError, Source
from symconv.ops.correlate import convolve, correlate, depthwise, transposed
from symconv.ops.layer import cross_entropy, dense, elementwise, softmax
from symconv.ops.matrix import diag, kron, matmul, toeplitz, vec
from symconv.ops.pool import pool_average, pool_max
from symconv.ops.resample import bed_of_nails, unpool_max, upsample_bilinear, upsample_nearest
from symconv.ops.window import concatenate, crop, flip, pad, rot180, stuff, transpose
from symconv.read.arrays import at_base, begins, from_zero, moved, over_channels
from symconv.read.facts import OpFact
from symconv.read.library import LEAST, TENSORS
from symconv.read.world import World
from symconv.term.polynomial import Poly
from symconv.term.tensor import Axis, Defined, Tensor

FUNCTIONS: dict[str, Callable[..., Defined]] = {
    "correlate": correlate,
    "convolve": convolve,
    "depthwise": depthwise,
    "transposed": transposed,
    "pad": pad,
    "crop": crop,
    "stuff": stuff,
    "rot180": rot180,
    "pool_average": pool_average,
    "pool_max": pool_max,
    "vec": vec,
    "diag": diag,
    "transpose": transpose,
    "dense": dense,
    "softmax": softmax,
    "cross_entropy": cross_entropy,
    "toeplitz": lambda k, shape, **options: toeplitz(k, shape if isinstance(shape, tuple) else (shape,), **options),
    "kron": kron,
    "unpool": unpool_max,
    "concatenate": lambda *tensors, **options: concatenate(tensors, **options),
    "upsample_nearest": upsample_nearest,
    "upsample_bilinear": upsample_bilinear,
    "bed_of_nails": bed_of_nails,
    "unpool_max": unpool_max,
}
OPTIONS = {
    "correlate": ("stride", "padding", "dilation", "groups", "mode"),
    "convolve": ("stride", "padding", "dilation", "groups", "mode"),
    "depthwise": ("stride", "padding", "dilation", "mode"),
    "transposed": ("stride", "padding", "output_padding", "dilation"),
    "pool_average": ("window", "stride", "padding", "weight"),
    "pool_max": ("window", "stride", "ties"),
    "vec": ("order",),
    "flip": ("axes",),
    "toeplitz": ("stride", "padding", "dilation", "order"),
    "concatenate": ("axis",),
}
ORDERS = ("image first", "kernel first")
MODES = ("valid", "full", "same")


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a sign, and the tensor that it gives."""

    mode: str
    order: str
    tensor: Tensor


def call(
    name: str,
    tensors: Sequence[Tensor],
    others: Sequence[object],
    options: dict[str, object],
    source: Source,
    at: int,
    base: int = 0,
) -> Tensor:
    """A library operation; its own complaints are given the place of the call."""
    if name not in FUNCTIONS and name != "flip":
        raise source.unsupported(at, f"the operation {name}", "write it by its entries")
    most = TENSORS[name]
    least = LEAST.get(name, most)
    if not least <= len(tensors) <= most:
        wanted = f"{most}" if least == most else f"{least} to {most}"
        raise source.fault(at, f"{name} of {len(tensors)} tensors", wanted, f"give {name} its operands")
    if name == "pool_max" and "padding" in options:
        raise source.unsupported(at, "pool_max with padding", "pool a padded tensor: pool_max(pad(X, p), window=..)")
    unknown = set(options) - set(OPTIONS.get(name, ()))
    if unknown:
        allowed = ", ".join(OPTIONS.get(name, ())) or "no options"
        raise source.fault(at, f"{name} with the option {sorted(unknown)[0]}", allowed, "remove it or correct its name")
    tensors, places = _from_the_base(name, tensors, base, source, at)
    try:
        return places(_built(name, tensors, others, options, source, at))
    except (TypeError, IndexError):
        raise source.fault(
            at, f"{name} with these arguments", "the arguments in the table of library names", "correct the call"
        ) from None
    except LocatedError:
        raise
    except SymconvError as problem:
        raise source.ill_formed(at, f"{problem.place}: {problem.found}", problem.expected, problem.change) from problem


def _from_the_base(
    name: str, tensors: Sequence[Tensor], base: int, source: Source, at: int
) -> tuple[list[Tensor], Callable[[Tensor], Tensor]]:
    """The library counts from 0; a document from its base, where the operands and the result begin."""
    if all(at_base(t, base) for t in tensors):
        return [from_zero(t) for t in tensors], lambda result: moved(result, (Poly.of(base),) * result.rank)
    if name in ("rot180", "flip"):
        return list(tensors), lambda result: result
    other = next(t for t in tensors if not at_base(t, base))
    raise source.fault(
        at,
        f"{name} of {other.name}, whose indices do not begin at {base}",
        f"tensors with indices from {base}",
        "write the operation by its entries",
    )


def _built(
    name: str,
    tensors: Sequence[Tensor],
    others: Sequence[object],
    options: dict[str, object],
    source: Source,
    at: int,
) -> Tensor:
    if name == "flip":
        axes = options.get("axes", tuple(others))
        chosen = axes if isinstance(axes, tuple) else (axes,)
        numbers = [a.as_int for a in chosen if isinstance(a, Poly)]
        if not chosen or len(numbers) != len(chosen) or None in numbers:
            raise source.fault(
                at,
                "flip without its axes",
                "flip(K, 0), or axes=(0, 1)",
                "name the axes, or add alias flip = rot180",
            )
        return flip(tensors[0], [n for n in numbers if n is not None])
    return FUNCTIONS[name](*tensors, *others, **options)


def join(
    fact: OpFact,
    left: Tensor,
    right: Tensor,
    wanted: tuple[Axis, ...] | None,
    options: dict[str, object],
    world: World,
    source: Source,
    at: int,
) -> Tensor:
    """Two tensors joined by a declared sign."""
    if fact.meaning == "product":
        raise source.fault(
            at, f"{fact.sign} between tensors, declared as the product of numbers", "numbers", "use another sign"
        )
    if fact.meaning == "hadamard":
        return tried(lambda: elementwise(left, right, "*"), source, at)
    if fact.meaning == "kronecker":
        return tried(lambda: kron(left, right), source, at)
    if fact.meaning == "matmul" and world.x_first:
        raise source.fault(
            at,
            f"{fact.sign} between matrices under axes x-y",
            "indices, where the first one counts columns",
            "write the formula by its entries",
        )
    if fact.meaning == "matmul":
        return tried(lambda: matmul(left, right), source, at)
    for tensor in (left, right):
        if not all(axis.bounded for axis in tensor.axes):
            raise source.fault(
                at,
                f"{fact.sign} of {tensor.name}, which has no ends",
                "tensors with two ends, zero outside: else nothing says that the sum exists",
                f"declare tensor {tensor.name}[-M..M] and outside zero",
            )
    readings = built = _readings(fact, left, right, options, world)
    if wanted is not None:
        extents = [axis.extent.without_remainders() for axis in wanted]
        readings = [r for r in readings if [a.extent.without_remainders() for a in r.tensor.axes] == extents]
    if len(readings) > 1 and len({r.mode for r in readings}) == 1:
        readings = _by_role(readings, left, right, world) or readings
    if not readings and len(built) == 1 and wanted is not None:
        raise source.ill_formed(
            at,
            f"{fact.sign} of {left.name} {left.shape} and {right.name} {right.shape}, of shape {built[0].tensor.shape}",
            f"({', '.join(str(a.extent) for a in wanted)}), the shape of the left side",
            "correct the operands, or the line op",
        )
    if not readings:
        shapes = f"{left.name} {left.shape} and {right.name} {right.shape}"
        raise source.fault(
            at,
            f"{fact.sign} of {shapes}: no reading as {fact.meaning} has the extents of the left side",
            "extents that fit" if wanted is None else f"({', '.join(str(a.extent) for a in wanted)})",
            "correct the operands, or the line op",
        )
    if len(readings) > 1:
        several = " or ".join(f"{r.mode}, {r.order}" for r in readings)
        raise source.fault(
            at,
            f"{fact.sign}, which may be {several}",
            "one of them",
            f"declare it: op {fact.sign} = {fact.meaning} {readings[0].mode}, {readings[0].order}",
        )
    chosen = readings[0]
    if fact.order is None and not (chosen.mode == "full" and fact.meaning == "convolution"):
        _check_order(fact.sign, chosen.order, world, source, at)
    if fact.mode is None or fact.order is None:
        line, _ = source.position(at)
        world.note(line, f"{fact.sign} is {fact.meaning} {chosen.mode}, {chosen.order}")
    return chosen.tensor


def _check_order(sign: str, order: str, world: World, source: Source, at: int) -> None:
    """A sign without a declared order has one order throughout."""
    line, _ = source.position(at)
    before, first = world.orders.setdefault(sign, (order, line))
    if before != order:
        raise source.fault(
            at,
            f"{sign} read {order} here, and {before} in line {first}",
            "one order throughout",
            f"declare it: op {sign} = ..., {before}, or exchange the operands",
        )


def _readings(fact: OpFact, left: Tensor, right: Tensor, options: dict[str, object], world: World) -> list[Reading]:
    """Every mode and order that the declaration leaves open and that can be built."""
    base = world.base
    first = world.facts.conventions.get("origin") == "first"
    function = correlate if fact.meaning == "correlation" else convolve
    found: list[Reading] = []
    for mode in (fact.mode,) if fact.mode else (("valid",) if "padding" in options else MODES):
        for order in (fact.order,) if fact.order else ORDERS:
            image, kernel = (left, right) if order == "image first" else (right, left)
            start = _start(image, kernel, fact.meaning, mode, options, base)
            if start is None:
                found += _centred(image, kernel, fact.meaning, mode, order) if not options else []
                continue
            if mode == "full" and fact.meaning == "convolution" and order == "kernel first" and fact.order is None:
                continue  # full convolution commutes
            given = dict(options) if "padding" in options else {**options, "mode": mode}
            if mode == "same" and first:
                given = {**options, "padding": _before_or_behind(kernel, fact.meaning, options)}
            channels = given.pop("channels", None)
            try:
                tensor = (
                    over_channels(function, from_zero(image), from_zero(kernel), given)
                    if channels
                    else function(from_zero(image), from_zero(kernel), **given)  # type: ignore[arg-type]
                )
            except SymconvError:
                continue
            found.append(Reading(mode, order, moved(tensor, start(tensor))))
    return found


def _centred(image: Tensor, kernel: Tensor, meaning: str, mode: str, order: str) -> list[Reading]:
    """Same about the origin of a kernel on -q..q: the places of the image, of the full result."""
    ends = [(axis.low, axis.high) for axis in kernel.axes]
    if mode != "same" or image.rank != kernel.rank or image.outside != "zero":
        return []
    cut = [(-low, high) if meaning == "convolution" else (high, -low) for low, high in ends if low and high]
    if len(cut) < len(ends) or not all(a.grows_from(0) and b.grows_from(0) for a, b in cut):
        return []
    function = correlate if meaning == "correlation" else convolve
    full = function(from_zero(image), from_zero(kernel), mode="full")
    starts = tuple(low or Poly.of(0) for low in begins(image))
    return [Reading(mode, order, moved(crop(full, tuple(cut)), starts))]


def _before_or_behind(kernel: Tensor, meaning: str, options: dict[str, object]) -> tuple[tuple[Poly, Poly], ...]:
    """Same with the origin at the first entry of the kernel: it reads ahead in a correlation, back in a convolution."""
    sides = []
    reaches = [axis.extent - 1 for axis in kernel.axes if axis.bounded]
    dilations = options.get("dilation", 1)
    for n, reach in enumerate(reaches):
        dilation = dilations[n] if isinstance(dilations, tuple) else dilations
        far = reach * (dilation if isinstance(dilation, (int, Poly)) else 1)
        sides.append((Poly.of(0), far) if meaning == "correlation" else (far, Poly.of(0)))
    return tuple(sides)


def _start(
    image: Tensor, kernel: Tensor, meaning: str, mode: str, options: dict[str, object], base: int
) -> Callable[[Tensor], tuple[Poly, ...]] | None:
    """Where the result begins: at the base like its operands, else where the formula of one entry says."""
    if at_base(image, base) and at_base(kernel, base):
        return lambda result: (Poly.of(base),) * result.rank
    if options or mode == "same" or image.rank != kernel.rank:
        return None
    lows = []
    for x, k in zip(image.axes, kernel.axes, strict=True):
        assert x.low is not None
        assert k.low is not None
        assert k.high is not None
        turned, plain = (k.high, k.low) if mode == "valid" else (k.low, k.high)
        lows.append(x.low + turned if meaning == "convolution" else x.low - plain)
    return lambda result: tuple(lows)


def _by_role(readings: list[Reading], left: Tensor, right: Tensor, world: World) -> list[Reading]:
    """The reading in which the tensor that the document uses as a kernel is the kernel."""
    if world.is_kernel(left) == world.is_kernel(right):
        return []
    order = "kernel first" if world.is_kernel(left) else "image first"
    return [r for r in readings if r.order == order]


def tried(make: Callable[[], Tensor], source: Source, at: int) -> Tensor:
    try:
        return make()
    except SymconvError as problem:
        raise source.ill_formed(at, f"{problem.place}: {problem.found}", problem.expected, problem.change) from problem
