"""Terms as one line of plain text, for terminals and messages: `sum_{u=0}^{r-1} K[u] X[i+u]`."""

from __future__ import annotations

from collections.abc import Iterable

from symconv.notation.display import parameters_shown, shown
from symconv.term.polynomial import Poly
from symconv.term.tensor import Call, Defined, Tensor
from symconv.term.text import text_of_condition, text_of_poly
from symconv.term.value import (
    Apply,
    Bracket,
    Derivative,
    Entry,
    Maximum,
    Number,
    Plus,
    Position,
    Range,
    Reciprocal,
    Sum,
    Times,
    Value,
)


def text_of_value(value: Value) -> str:
    """A value on one line.

    >>> from symconv.term.polynomial import Size
    >>> from symconv.term.tensor import Axis, Leaf
    >>> X, r = Leaf("X", (Axis.of(Size("H")),)), Size("r")
    >>> text_of_value(Sum((Range.upto("u", r),), X[Poly.of("i") + "u"]))
    'sum_{u=0}^{r-1} X[i+u]'
    """
    return _text(shown(value))


def text_of_definition(tensor: Defined, name: str, taken: Iterable[str] = ()) -> str:
    """`name[i, j] = ..`, the indices named so that no size or tensor of the formula and nothing taken is called alike.

    >>> from symconv.ops.correlate import correlate
    >>> from symconv.term.polynomial import Size
    >>> from symconv.term.tensor import Axis, Leaf
    >>> X, K, i = Leaf("X", (Axis.of(Size("H")),)), Leaf("K", (Axis.of(Size("r")),)), Size("i")
    >>> text_of_definition(correlate(X, K, stride=i), "output")
    'output[k] = sum_{u=0}^{r-1} K[u] X[i*k+u]'
    """
    parameters, body = parameters_shown(tensor, dict.fromkeys(taken, ""))
    places = f"[{', '.join(parameters)}]" if parameters else ""
    return f"{name}{places} = {_text(body)}"


def text_of_tensor(tensor: Tensor) -> str:
    """A tensor by the operation that made it, else by its name.

    >>> from symconv.ops.window import pad
    >>> from symconv.term.tensor import Axis, Leaf
    >>> text_of_tensor(pad(Leaf("G", (Axis.of("n"),)), (2,)))
    'pad(G, 2)'
    """
    return _call(tensor.call) if isinstance(tensor, Defined) and tensor.call is not None else tensor.name


def _call(call: Call) -> str:
    parts = [text_of_tensor(t) for t in call.operands]
    for name, option in call.options:
        if name in ("amounts", "steps"):
            parts.append(_option(option))
        elif name not in ("spatial", "axis") and not _is_default(call, name, option):
            parts.append(f"{name}={_option(option)}")
    return f"{ {'correlate': 'corr', 'convolve': 'conv'}.get(call.operation, call.operation) }({', '.join(parts)})"


def _option(option: object) -> str:
    if isinstance(option, tuple):
        if option and all(o == option[0] for o in option):
            return _option(option[0])
        return f"({', '.join(map(_option, option))})"
    return text_of_poly(option) if isinstance(option, Poly) else str(getattr(option, "name", option))


def _is_default(call: Call, name: str, option: object) -> bool:
    """What need not be said; the windows of a pooling lie side by side unless a stride is said."""
    usual = {"stride": "1", "padding": "0", "dilation": "1", "groups": "1", "output_padding": "0"}
    if name == "stride" and "window" in dict(call.options):
        return _option(option) == _option(call.option("window"))
    return option is None or _option(option) == usual.get(name)


def _text(value: Value, inside_product: bool = False) -> str:
    made = _plain(value)
    weak = isinstance(value, Plus) or (isinstance(value, Position) and value.poly.terms > 1) or made.startswith("-")
    return f"({made})" if inside_product and weak else made


def _plain(value: Value) -> str:
    match value:
        case Number(q):
            return str(q)
        case Position(poly):
            return text_of_poly(poly)
        case Entry(tensor, index):
            return tensor.name + (f"[{', '.join(map(text_of_poly, index))}]" if index else "")
        case Plus(terms):
            return _plus([_text(t) for t in terms])
        case Times(factors):
            return _times(factors)
        case Sum(ranges, body):
            return " ".join([*(_sum(r) for r in ranges), _text(body, True)])
        case Maximum(ranges, body):
            return " ".join([*(_maximum(r) for r in ranges), _text(body, True)])
        case Bracket(conditions):
            return f"[{', '.join(map(text_of_condition, conditions))}]"
        case Apply(function, argument):
            return f"{function.name}{chr(39) * function.order}({_text(argument)})"
        case Reciprocal(argument):
            below = _text(argument)
            return f"1/{below}" if below.isdigit() else f"1/({below})"
        case Derivative(inner, by):
            return f"d({_text(inner)})/d({_text(by)})"
    raise TypeError(f"no text of {type(value).__name__}")


def _plus(terms: list[str]) -> str:
    text = terms[0] if terms else "0"
    for term in terms[1:]:
        text += f" - {term[1:]}" if term.startswith("-") else f" + {term}"
    return text


def _times(factors: tuple[Value, ...]) -> str:
    factors = tuple(f for n, f in enumerate(factors) if not (isinstance(f, Bracket) and f in factors[:n]))
    first, *rest = factors
    sign = ""
    if isinstance(first, Number) and first.value < 0 and rest:
        sign, factors = "-", tuple(rest) if first.value == -1 else (Number(-first.value), *rest)
    parts = []
    for n, factor in enumerate(factors):
        part = _text(factor, bool(n) or len(factors) > 1)
        open_ended = isinstance(factor, (Sum, Maximum)) and n < len(factors) - 1
        parts.append(f"({part})" if open_ended else part)
    return sign + " ".join(parts)


def _sum(r: Range) -> str:
    low = "-inf" if r.low is None else text_of_poly(r.low)
    high = "inf" if r.high is None else text_of_poly(r.high)
    return f"sum_{{{r.name}={low}}}^{{{high}}}"


def _maximum(r: Range) -> str:
    low = "" if r.low is None else f"{text_of_poly(r.low)}<="
    high = "" if r.high is None else f"<={text_of_poly(r.high)}"
    return f"max_{{{low}{r.name}{high}}}"


__all__ = ["text_of_definition", "text_of_tensor", "text_of_value"]
