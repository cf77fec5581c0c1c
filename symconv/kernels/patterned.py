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
    scope: Scope, found: Pooling, arrays: Sequence[str], result: str, text_of: Callable[[Poly], str]
) -> None:
    """Fill the array `result` with one of the four kinds of pooling; `arrays` are those that it reads."""
    first, second = found.sides
    whole = Side("", Poly.of(1), Poly.of(1), Poly.of(0), Poly.of(1))
    pairs = [(getattr(first or whole, name), getattr(second, name)) for name in ("start", "taps", "stride", "dilation")]
    options = [
        f"{name}={tuple_text([text_of(p) for p in pair])}"
        for name, pair in zip(("start", "taps", "stride", "dilation"), pairs, strict=True)
    ]
    lifted = [a if first is not None else f"{enclosed(a)}[..., None, :]" for a in (*arrays, result)]
    call = {
        "maximum": "_pool(np.maximum, ",
        "sum": "_pool(np.add, ",
        "spread": "_pool_back(",
        "route": "_pool_max_back(",
    }[found.kind]
    scope.line(f"{call}{', '.join([*lifted[:-1], *options, f'out={lifted[-1]}'])})")


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


__all__ = ["write_correlation", "write_pooling"]
