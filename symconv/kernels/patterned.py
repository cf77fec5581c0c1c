"""A correlation or its adjoint as source: one call of a helper that picks the schedule by sizes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from symconv.kernels.nest_text import NestText
from symconv.kernels.patterns import Correlation, Laid, Window
from symconv.kernels.pool_patterns import Pooling, Side
from symconv.kernels.scope import Scope
from symconv.kernels.text import enclosed, tuple_text
from symconv.term.polynomial import Poly


def write_correlation(text: NestText, found: Correlation, result: str) -> None:
    """Fill the array `result` with the correlation: `text` knows the nest's indices and sizes."""
    scope = text.scope
    arrays = (
        _seen(text, scope.arrays[found.images], found.images_laid),
        _seen(text, scope.arrays[found.kernel], found.kernel_laid),
        _seen(text, result, found.out_laid),
    )
    numbers = [
        _pair(text, [-w.offset for w in found.windows]),
        _pair(text, [w.stride for w in found.windows]),
        _pair(text, [w.dilation for w in found.windows]),
    ]
    function = "_correlate" if found.kind == "gather" else "_scatter"
    named = zip(("start", "stride", "dilation"), numbers, strict=True)
    options = [f"{name}={value}" for name, value in named]
    scope.threaded = True
    scope.line(f"# {_shown(text, found)}, zero outside")
    scope.line(f"{function}({', '.join([*arrays[:2], *options, f'out={arrays[2]}', 'threads=threads'])})")


def write_pooling(
    scope: Scope,
    found: Pooling,
    arrays: Sequence[str],
    result: str,
    text_of: Callable[[Poly], str],
    winners: str = "",
) -> None:
    """Fill the array `result` with one of the four kinds of pooling; `arrays` are those that it reads.

    winners: an array that a maximum keeps its winners in, and that a route reads instead of the images.
    """
    options = [f"{name}={_both(found, name, text_of)}" for name in ("start", "taps", "stride", "dilation")]
    read = [winners, arrays[-1]] if winners and found.kind == "route" else arrays
    kept = {"winners": winners} if winners and found.kind == "maximum" else {}
    named = [f"{name}={_lifted(found, array)}" for name, array in (kept | {"out": result}).items()]
    call = {
        "maximum": "_pool_winners(" if winners else "_pool(np.maximum, ",
        "sum": "_pool(np.add, ",
        "spread": "_pool_back(",
        "route": "_pool_winners_back(" if winners else "_pool_max_back(",
    }[found.kind]
    scope.line(f"{call}{', '.join([*(_lifted(found, array) for array in read), *options, *named])})")


def taps_text(found: Pooling, text_of: Callable[[Poly], str]) -> str:
    """How many taps a window has on each of two axes."""
    return _both(found, "taps", text_of)


def _both(found: Pooling, name: str, text_of: Callable[[Poly], str]) -> str:
    """A number of both axes of windows, the first of which may be missing."""
    whole = Side("", Poly.of(1), Poly.of(1), Poly.of(0), Poly.of(1))
    return tuple_text([text_of(getattr(side or whole, name)) for side in found.sides])


def _lifted(found: Pooling, array: str) -> str:
    """An array as one with two axes of windows."""
    return array if found.sides[0] is not None else f"{enclosed(array)}[..., None, :]"


def _pair(text: NestText, polys: Sequence[Poly]) -> str:
    return tuple_text([text.text(p) for p in polys])


def _shown(text: NestText, found: Correlation) -> str:
    """Where the windows read, or where the products go."""
    base = text.scope.arrays[found.images] if found.kind == "gather" else "result"
    return f"{base}[.., {', '.join(_position(text, w) for w in found.windows)}]"


def _position(text: NestText, window: Window) -> str:
    position = window.offset
    for name, step in ((window.out, window.stride), (window.tap, window.dilation)):
        if name is not None:
            position = position + step * Poly.of(name)
    return text.text(position)


def _seen(text: NestText, base: str, laid: Laid) -> str:
    """The array with the axes that the helper wants."""
    if laid.split:
        base = f"{base}.reshape{tuple_text([text.scope.text(n) for n in laid.split])}"
    order = [p for p in laid.order if p is not None]
    if order != sorted(order):
        base = f"{base}.transpose({', '.join(map(str, order))})"
    places = ["None" if p is None else "::-1" if axis in laid.turned else ":" for axis, p in enumerate(laid.order)]
    while places and places[-1] == ":":
        places.pop()
    return f"{base}[{', '.join(places)}]" if places else base


__all__ = ["taps_text", "write_correlation", "write_pooling"]
