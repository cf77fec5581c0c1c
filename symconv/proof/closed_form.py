"""Closed forms: from a derived gradient to `corr(pad(stuff(G, s), ..), rot180(K))`, found and proved.

The forward formula is read, not its name: on every axis the input is read at
`s*i + d*u - p`.  From s, d, p and the channels a few candidate forms are
built; the first that is PROVED equal to the gradient is the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from symconv.calculus.form import Expansion, Factor
from symconv.errors import DependenceError, SymconvError, UsageError
from symconv.ops.channels import correlate_pairs, swap_channels
from symconv.ops.correlate import correlate, depthwise
from symconv.ops.layer import elementwise
from symconv.ops.matrix import matmul, outer, toeplitz, unvec, vec
from symconv.ops.resample import expand, unpool_max
from symconv.ops.window import pad, rot180, stuff, transpose
from symconv.proof.normalise import Undecided, UnsafeDivisor
from symconv.proof.obligations import shapes_agree
from symconv.proof.problem import tensor_equation
from symconv.proof.prove import prove
from symconv.proof.trace import Trace
from symconv.term.polynomial import Poly, Quotient, Remainder
from symconv.term.tensor import Defined, Tensor
from symconv.term.value import Condition


@dataclass(frozen=True, slots=True)
class ClosedForm:
    """A named form of a derived tensor, with the proof that the two are equal for all sizes."""

    tensor: Defined
    trace: Trace


@dataclass(frozen=True, slots=True)
class Reading:
    """A forward formula as a sum over a window: what is read where.

    `image` and `kernel` are the two tensors; `leading` counts the axes before
    the spatial ones; on spatial axis a the image is read at
    stride[a]*i + dilation[a]*u - padding[a], the kernel at u (flipped: r-1-u).
    """

    image: Tensor
    kernel: Tensor
    leading: int
    channels: str  # "none", "full", "depthwise"
    groups: Poly
    stride: tuple[Poly, ...]
    dilation: tuple[Poly, ...]
    padding: tuple[Poly, ...]
    flipped: bool


def closed_form(gradient: Defined) -> ClosedForm:
    """The named form of a gradient, found and proved.

    gradient: what `gradient(F, X, G)` gave.  Raises `UsageError` where none of
    the forms that are tried is equal to it.
    """
    for form in closed_forms(gradient):
        return form
    raise UsageError(
        f"closed_form({gradient.name})",
        "a gradient that none of the known forms equals",
        "a gradient of a correlation, a convolution, a pooling, a matrix product or an elementwise layer",
        "state the form yourself and prove it with prove(gradient, form)",
    )


def closed_forms(gradient: Defined) -> Iterator[ClosedForm]:
    """All the named forms that are proved, the usual one first."""
    if gradient.call is None or gradient.call.operation != "gradient" or len(gradient.call.operands) != 3:
        raise DependenceError(
            f"closed_form({gradient.name})", "not a gradient", "the result of gradient(F, X, G)", "derive it first"
        )
    f, x, g = gradient.call.operands
    for build in _candidates(f, x, g):
        try:
            form = build()
        except SymconvError:
            continue  # the candidate does not exist at these shapes
        if shapes_agree(gradient, form, ()) is not None:
            continue
        try:
            yield ClosedForm(form, prove(tensor_equation(gradient, form)))
        except (Undecided, UnsafeDivisor):
            continue


Build = Callable[[], Defined]


def _candidates(f: Tensor, x: Tensor, g: Tensor) -> Iterator[Build]:
    reading = read_window_sum(f, x) if isinstance(f, Defined) else None
    if reading is not None and x == reading.image:
        yield lambda: _input_form(reading, g)
        yield from _toeplitz_forms(reading, g)
    if reading is not None and x == reading.kernel:
        yield lambda: _kernel_form(reading, g)
    if isinstance(f, Defined) and f.call is not None and f.call.operation in ("matmul", "dense"):
        left, right = f.call.operands[:2]
        if x == right:
            yield lambda: matmul(transpose(left), g)
        if x == left and g.rank == 2:
            yield lambda: matmul(g, transpose(right))
        if x == left and g.rank == 1:
            yield lambda: outer(g, right)
    if isinstance(f, Defined) and f.call is not None and f.call.operation == "pool_average":
        yield lambda: expand(g, f)
    if isinstance(f, Defined) and f.call is not None and f.call.operation == "pool_max":
        yield lambda: unpool_max(g, f)
    if isinstance(f, Defined) and f.call is not None and f.call.operation == "apply":
        slope = f.call.option("function")
        yield lambda: elementwise(_slope_of(slope, x), g, "*")


def _slope_of(function: object, x: Tensor) -> Defined:
    from symconv.calculus.functions import slope
    from symconv.ops.window import index_names
    from symconv.term.tensor import define
    from symconv.term.value import Function

    if not isinstance(function, Function):
        raise UsageError("slope", f"{function!r}", "a function", "apply a function first")
    return define(
        f"{function.name}'({x.name})", x.axes, lambda *index: slope(function, x[index]), indices=index_names(x.rank)
    )


# -- the forms ------------------------------------------------------------------------


def _input_form(reading: Reading, g: Tensor) -> Defined:
    """corr(pad(stuff(G, s), d(k-1)-p before, that + (H+2p-d(k-1)-1) mod s after), rot180(K), dilation=d)."""
    kernel, n = reading.kernel, len(reading.stride)
    extents, taps = reading.image.shape[reading.leading :], kernel.shape[kernel.rank - n :]
    around = []
    for s, d, p, h, r, out in zip(
        reading.stride, reading.dilation, reading.padding, extents, taps, g.shape[reading.leading :], strict=True
    ):
        # what is missing to the input's extent: h = s(out-1)+1 + near + far - d(r-1)
        slack, tail = _slack_and_tail(s, out)
        around.append((d * (r - 1) - p, h - 1 - slack + tail + p))
    still = ((Poly.of(0), Poly.of(0)),) * reading.leading
    ones = (Poly.of(1),) * reading.leading
    spread = g if all(s == 1 for s in reading.stride) else stuff(g, (*ones, *reading.stride))
    padded = pad(spread, (*still, *around))
    if reading.channels == "depthwise":
        return depthwise(padded, _turned(kernel, n, reading), dilation=reading.dilation)
    if reading.channels == "full":
        swapped = _turned(swap_channels(kernel, reading.groups), n, reading)
        return correlate(padded, swapped, dilation=reading.dilation, groups=reading.groups, spatial=n)
    return correlate(padded, _turned(kernel, n, reading), dilation=reading.dilation, spatial=n)


def _slack_and_tail(s: Poly, out: Poly) -> tuple[Poly, Poly]:
    """(e, e mod s) for an output of extent e div s + 1: s(out-1) is the one less the other."""
    steps = out - 1
    for atom in steps.atoms():
        if isinstance(atom, Quotient) and not isinstance(atom, Remainder) and atom.denominator == s:
            slack = s * (steps - Poly.atom(atom)) + atom.numerator
            if not any(isinstance(a, Quotient) for a in slack.atoms()):
                return slack, slack % s
    return s * steps, Poly.of(0)


def _turned(kernel: Tensor, n: int, reading: Reading) -> Tensor:
    return kernel if reading.flipped else rot180(kernel, n)


def _kernel_form(reading: Reading, g: Tensor) -> Defined:
    """corr(pad(X, p), G) with stride and dilation exchanged; the tail that no window reached is cropped."""
    n, image = len(reading.stride), reading.image
    extents, taps = image.shape[reading.leading :], reading.kernel.shape[reading.kernel.rank - n :]
    around = []
    for s, d, p, h, r, out in zip(
        reading.stride, reading.dilation, reading.padding, extents, taps, g.shape[reading.leading :], strict=True
    ):
        slack, tail = _slack_and_tail(s, out)
        around.append((p, slack + d * (r - 1) + 1 - p - h - tail))
    still = ((Poly.of(0), Poly.of(0)),) * reading.leading
    plain = all(before == after == 0 for before, after in around)
    source = image if plain else pad(image, (*still, *around))
    if reading.channels == "full":
        form = correlate_pairs(source, g, reading.dilation, 0, reading.stride, reading.groups)
    elif reading.channels == "depthwise":
        form = depthwise(source, g, reading.dilation, 0, reading.stride)
    else:
        form = correlate(source, g, reading.dilation, 0, reading.stride, spatial=n)
    return rot180(form, n) if reading.flipped else form


def _toeplitz_forms(reading: Reading, g: Tensor) -> Iterator[Build]:
    """unvec of the transposed Toeplitz matrix times vec(G)."""
    if reading.channels != "none" or reading.flipped:
        return
    shape = reading.image.shape

    def build() -> Defined:
        matrix = toeplitz(reading.kernel, shape, reading.stride, reading.padding, reading.dilation)
        return unvec(matmul(transpose(matrix), vec(g)), shape)

    yield build


# -- reading a forward formula -----------------------------------------------------------


def read_window_sum(f: Defined, x: Tensor) -> Reading | None:
    """The reading of a definition in which x occurs in one sum over a window of a product of two entries.

    What is added without x, such as a bias, does not matter to the gradient.
    """
    names = tuple(f"y{n}" for n in range(f.rank))
    terms = [t for t in Expansion().expand(f[names]) if any(factor.head.tensor == x for factor in t.factors)]
    if len(terms) != 1 or len(terms[0].factors) != 2 or terms[0].coefficient != 1 or terms[0].weight != 1:
        return None
    first, second = terms[0].factors
    for kernel, image in ((first, second), (second, first)):
        reading = _reading(f, names, kernel, image)
        if reading is not None:
            return reading
    return None


def _reading(f: Defined, names: tuple[str, ...], kernel: Factor, image: Factor) -> Reading | None:
    if kernel.head.function or image.head.function or kernel.head.inverse or image.head.inverse:
        return None
    spatial = [n for n in range(len(kernel.index)) if any(a.startswith("%") for a in kernel.index[n].names())]
    k, x = kernel.head.tensor, image.head.tensor
    leading = f.rank - sum(1 for p in image.index if _is_spatial(p))
    n = x.rank - leading
    if n < 1 or k.rank < n or f.rank != leading + n:
        return None
    parts = [
        _axis(kernel.index[k.rank - n + a], image.index[leading + a], names[leading + a], k.shape[k.rank - n + a])
        for a in range(n)
    ]
    if any(p is None for p in parts) or not spatial:
        return None
    channels = _channel_kind(names, kernel, image, leading, n)
    if channels is None:
        return None
    kind, groups = channels
    done = [p for p in parts if p is not None]
    flips = {flip for *_, flip in done}
    if len(flips) != 1:
        return None
    return Reading(
        x,
        k,
        leading,
        kind,
        groups,
        tuple(s for s, _, _, _ in done),
        tuple(d for _, d, _, _ in done),
        tuple(p for _, _, p, _ in done),
        flips.pop(),
    )


def _is_spatial(position: Poly) -> bool:
    """Made of an output index and a bound one: s*y + d*u - p."""
    plain = {a for a in position.atoms() if isinstance(a, str)} | {
        a for m, _ in position for a in m if isinstance(a, str)
    }
    return any(a.startswith("%") for a in plain) and any(a.startswith("y") for a in plain)


def _axis(tap: Poly, position: Poly, output: str, extent: Poly) -> tuple[Poly, Poly, Poly, bool] | None:
    """(stride, dilation, padding, flipped) of one axis: position = s*y + d*u - p."""
    bound = [a for a in tap.atoms() if isinstance(a, str) and a.startswith("%")]
    if len(bound) != 1:
        return None
    flipped = tap == extent - 1 - Poly.of(bound[0])
    if not flipped and tap != Poly.of(bound[0]):
        return None
    by_output = position.linear_in(output)
    by_tap = by_output and by_output[1].linear_in(bound[0])
    if not by_output or not by_tap or by_output[0].is_zero or by_tap[0].is_zero:
        return None
    stride, dilation, rest = by_output[0], by_tap[0], by_tap[1]
    if flipped:  # u = r-1-tap
        rest = rest + dilation * (extent - 1)
        dilation = -dilation
    lead = [c for _, c in dilation.sorted_terms()]
    if lead and lead[0] < 0:  # the kernel runs against the image: a convolution
        return stride, -dilation, -(rest + dilation * (extent - 1)), True
    return stride, dilation, -rest, False


def _channel_kind(
    names: tuple[str, ...], kernel: Factor, image: Factor, leading: int, n: int
) -> tuple[str, Poly] | None:
    k, x = kernel.head.tensor, image.head.tensor
    if k.rank == n and leading == 0:
        return "none", Poly.of(1)
    if leading not in (1, 2) or (leading == 2 and image.index[0] != Poly.of(names[0])):
        return None
    out, channel = Poly.of(names[leading - 1]), image.index[leading - 1]
    if k.rank == n + 1 and kernel.index[0] == channel == out:
        return "depthwise", Poly.of(1)
    if k.rank != n + 2 or kernel.index[0] != out:
        return None
    groups = x.shape[leading - 1].divided_by(k.shape[1])
    return None if groups is None else ("full", groups)


__all__ = ["ClosedForm", "Condition", "closed_form", "closed_forms", "read_window_sum"]
