"""One function for each line of the declaration block: from text to a record in `Facts`."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import get_args

from symconv.notation.latex_parser import parse_latex
from symconv.notation.latex_writer import write_latex
from symconv.notation.names import NAME, canonical, key_of_text
from symconv.notation.source import Source, nearest
from symconv.read.block_text import call_text, cut, equation, piece, words
from symconv.read.declared import declared_name, imply, names_in, once
from symconv.read.facts import (
    WINDOWS,
    CallText,
    DefineFact,
    Extent,
    Facts,
    FindFact,
    Meaning,
    OpFact,
    TensorFact,
    TupleText,
)
from symconv.read.library import LIBRARY
from symconv.read.lines_of_names import maker

FUNCTIONS = (
    "identity",
    "relu",
    "sigmoid",
    "tanh",
    "softplus",
    "gelu",
    "exp",
    "log",
    "square",
    "sqrt",
    "normal_cdf",
    "normal_pdf",
    "kronecker",
)
LEAKY = re.compile(r"leaky_relu\s*\(\s*([^()]*?)\s*\)")
STATUSES = (
    "proved",
    "checked",
    "refuted",
    "ill_formed",
    "undecided",
    "not_understood",
    "not_a_claim",
    "definition",
    "ignored",
)
QUANTITIES = ("rows", "columns", "channels", "length")


def _stated(source: Source, what: str, facts: Facts) -> None:
    """A convention is stated once in a block."""
    if what in facts.said:
        raise source.fault(
            0, f"{what} for the second time, first in line {facts.said[what]}", "one choice", "remove one of the two"
        )
    facts.said[what] = source.line


# -- names ---------------------------------------------------------------------------


def loss(rest: Source, facts: Facts) -> None:
    """loss L(y): a scalar function of the listed tensors."""
    match = re.fullmatch(rf"({NAME.pattern})\s*\(([^()]*)\)", rest.text)
    if not match:
        raise rest.fault(0, f"'{rest.text}'", "a loss with its tensors, L(y)", "write loss L(y) or loss F(n, b)")
    name = declared_name(piece(rest, match.start(1), match.end(1)))
    arguments = tuple(n for n, _ in names_in(piece(rest, match.start(2), match.end(2))))
    if not arguments:
        raise rest.fault(match.start(2), "no tensor", "what the loss depends on", "write loss L(y)")
    if len(set(arguments)) < len(arguments):
        raise rest.fault(match.start(2), "a tensor twice", "what the loss depends on, each once", "remove one")
    once(rest, name, "a loss", facts)
    facts.losses[name] = arguments
    facts.places[f"loss {name}"] = rest


def tensor(rest: Source, facts: Facts) -> None:
    """tensor y[,] X[H,W] g[-l..l]: index counts or extents."""
    at = 0
    while at < len(rest.text):
        if rest.text[at] in " \t,":
            at += 1
            continue
        match = NAME.match(rest.text, at)
        if not match:
            raise rest.fault(at, f"'{rest.text[at]}'", "a name", "write tensor X[H,W]")
        opener = match.end()
        closer = rest.text.find("]", opener)
        if rest.text[opener : opener + 1] != "[" or closer < 0:
            raise rest.fault(
                min(opener, len(rest.text)),
                f"{match.group()} without brackets",
                "'[' and the axes",
                "write X[,] or X[H,W]",
            )
        name = declared_name(piece(rest, match.start(), match.end()))
        imply(piece(rest, opener + 1, closer), facts)
        axes = tuple(_extent(p) for p in cut(piece(rest, opener + 1, closer), ","))
        at, layer, letters = _raised(rest, closer + 1, facts)
        name = canonical(f"{name}^{{{layer}}}") if layer else name
        once(piece(rest, match.start(), match.end()), name, "a tensor", facts)
        above = len(letters)
        axes = (() if len(axes) == 1 and above and closer == opener + 1 else axes) + (None,) * above
        facts.tensors[name] = TensorFact(name, axes, rest.line, above, letters)


def _raised(rest: Source, at: int, facts: Facts) -> tuple[int, str, tuple[str, ...]]:
    """The superscripts behind the bracket: where they end, those that name a layer, and the letters of indices."""
    match = re.compile(r"\^\{([^{}]*)\}|\^(\w)").match(rest.text, at)
    if not match:
        return at, "", ()
    parts = cut(piece(rest, *match.span(1 if match.group(1) is not None else 2)), ",")
    if not all(part.text for part in parts):
        raise rest.fault(at, f"'{match.group()}'", "superscripts between commas", "write tensor z[]^{l-1}")
    layers = [part for part in parts if facts.is_layer(part.text)]
    label = ", ".join(write_latex(parse_latex(part)) for part in layers)
    return match.end(), label, tuple(part.text for part in parts if part not in layers)


def ambient(rest: Source, facts: Facts) -> None:
    """ambient l: a superscript l, or l - 1, says which layer a tensor belongs to; it is no index."""
    for name, source in names_in(rest):
        once(source, name, "a layer", facts)


def _extent(source: Source) -> Extent | None:
    text = source.text
    if not text:
        return None
    if text == "..":
        return Extent(None, None, False)
    if ".." in text:
        middle = text.index("..")
        low, high = piece(source, 0, middle), piece(source, middle + 2, len(text))
        if not low.text or not high.text:
            raise source.fault(middle, "a range with one end", "two ends, or '..' alone", "write -l..l")
        return Extent(low, high, False)
    return Extent(None, source, True)


def scalar(rest: Source, facts: Facts) -> None:
    for name, source in names_in(rest):
        once(source, name, "a scalar", facts)
        facts.tensors[name] = TensorFact(name, (), rest.line)


def function(rest: Source, facts: Facts) -> None:
    """function f, or function \\sigma = sigmoid."""
    if "=" not in rest.text:
        for name, source in names_in(rest):
            once(source, name, "a function", facts)
            facts.functions[name] = name.lstrip("\\")
        return
    left, right = equation(rest)
    name = declared_name(left)
    leaky = LEAKY.fullmatch(right.text)
    if leaky:
        facts.slopes[name] = _slope(piece(right, leaky.start(1), leaky.end(1)))
    elif right.text not in FUNCTIONS:
        near = nearest(right.text, [*FUNCTIONS, "leaky_relu(slope)"])
        raise right.fault(
            0,
            f"'{right.text}'",
            ", ".join((*FUNCTIONS, "leaky_relu(slope)")),
            f"did you mean {near}?" if near else "choose one of these",
        )
    once(left, name, "a function", facts)
    facts.functions[name] = "leaky_relu" if leaky else right.text


def _slope(text: Source) -> Fraction | str:
    """The slope of a leaky relu below 0: a number, or the name of a scalar."""
    if re.fullmatch(r"-?\d{1,9}(/[1-9]\d{0,8}|\.\d{1,9})?", text.text):
        return Fraction(text.text)
    return declared_name(text, "a slope: a number or a scalar")


def size(rest: Source, facts: Facts) -> None:
    """size H W, size n >= 2, size H_F = rows F."""
    bound = re.fullmatch(r"(.+?)\s*>=\s*(\d{1,9})", rest.text)
    if "=" in rest.text and not bound:
        left, right = equation(rest)
        match = re.fullmatch(r"(\w+)\s+(.+)", right.text)
        if not match or match.group(1) not in QUANTITIES:
            raise right.fault(
                0, f"'{right.text}'", "rows, columns, channels or length, and a tensor", "write size H_F = rows F"
            )
        once(left, declared_name(left), "a size", facts)
        facts.quantities[declared_name(left)] = (
            match.group(1),
            declared_name(piece(right, match.start(2), match.end(2))),
        )
        return
    least = int(bound.group(2)) if bound else None
    for name, source in names_in(piece(rest, 0, bound.end(1)) if bound else rest):
        once(source, name, "a size", facts)
        facts.sizes[name] = least


def index(rest: Source, facts: Facts) -> None:
    """index h in 1..H, l in 1..M."""
    for part in cut(rest, ","):
        match = re.fullmatch(rf"({NAME.pattern})\s+in\s+(.+?)\s*\.\.\s*(.+)", part.text)
        endless = re.fullmatch(rf"({NAME.pattern})\s+in\s+(?:Z|\\mathbb\s*\{{?Z\}}?)", part.text)
        if endless:
            name = declared_name(piece(part, endless.start(1), endless.end(1)))
            once(part, name, "an index", facts)
            facts.endless.add(name)
            continue
        if not match:
            raise part.fault(0, f"'{part.text}'", "an index and its range", "write index i in 0..n-1, or index i in Z")
        name = declared_name(piece(part, match.start(1), match.end(1)))
        once(part, name, "an index", facts)
        imply(piece(part, match.start(2), match.end(3)), facts)
        facts.indices[name] = (piece(part, match.start(2), match.end(2)), piece(part, match.start(3), match.end(3)))


def upstream(rest: Source, facts: Facts) -> None:
    for part in cut(rest, ","):
        left, right = equation(part)
        once(left, declared_name(left), "an upstream gradient", facts)
        facts.upstream[declared_name(left)] = declared_name(right)
        facts.places[f"upstream {declared_name(left)}"] = right


def alias(rest: Source, facts: Facts) -> None:
    for part in cut(rest, ","):
        left, right = equation(part)
        call = re.fullmatch(rf"({NAME.pattern})\s*\(([^()]+)\)", left.text)
        if call:
            _spelled(left, call, right, facts)
            continue
        once(left, declared_name(left), "an alias", facts)
        facts.aliases[declared_name(left)] = declared_name(right)


def _spelled(left: Source, call: re.Match[str], right: Source, facts: Facts) -> None:
    """alias F(x) = F: another way to write the loss F."""
    name = declared_name(piece(left, call.start(1), call.end(1)))
    if name not in facts.losses or declared_name(right) != name:
        raise right.fault(
            0,
            f"{left.text} as {right.text}",
            "a loss of the block on both sides",
            "write loss F(y), then alias F(x) = F",
        )
    arguments = tuple(n for n, _ in names_in(piece(left, call.start(2), call.end(2))))
    facts.spelled[name] = (*facts.spelled.get(name, ()), arguments)


# -- conventions ------------------------------------------------------------------------


def base(rest: Source, facts: Facts) -> None:
    if rest.text not in ("0", "1"):
        raise rest.fault(0, f"base {rest.text}", "0 or 1", "choose one of the two")
    _stated(rest, "base", facts)
    facts.base = int(rest.text)


def outside(rest: Source, facts: Facts) -> None:
    """outside zero, or outside zero x y."""
    what, _, names = rest.text.partition(" ")
    if what not in ("zero", "error", "periodic", "reflect"):
        raise rest.fault(0, f"'{what}'", "zero, error, periodic or reflect", "choose one of these")
    if not names.strip():
        _stated(rest, "outside", facts)
        facts.outside = what
    for name, source in names_in(piece(rest, len(what), len(rest.text))):
        _stated(source, f"outside {name}", facts)
        facts.outside_of[name] = what
        facts.places[f"outside {name}"] = source


def choice(word: str, choices: tuple[str, ...]) -> Callable[[Source, Facts], None]:
    """A convention that one word settles."""

    def line(rest: Source, facts: Facts) -> None:
        if rest.text not in choices:
            raise rest.fault(0, f"{word} {rest.text}", " or ".join(choices), "choose one of these")
        _stated(rest, word, facts)
        facts.conventions[word] = rest.text

    return line


def op(rest: Source, facts: Facts) -> None:
    """op * = correlation full, kernel first, stride s."""
    match = re.match(r"\s*(\S.*?)\s*=\s*", rest.text)
    if not match:
        raise rest.fault(0, f"'{rest.text}'", "a sign, '=' and its meaning", "write op * = correlation valid")
    sign = key_of_text(piece(rest, match.start(1), match.end(1)))
    given = words(piece(rest, match.end(), len(rest.text)))
    if not given:
        raise rest.fault(match.end(), "no meaning", ", ".join(get_args(Meaning)), "write op * = correlation valid")
    meaning = given[0].text
    if meaning == "pool":
        if len(given) < 2 or given[1].text not in ("sum", "mean", "max"):
            raise given[0].fault(0, "'pool' alone", "pool sum, pool mean or pool max", "say what becomes of a window")
        meaning = f"pool {given.pop(1).text}"
    if meaning not in get_args(Meaning):
        near = nearest(meaning, list(get_args(Meaning)))
        raise given[0].fault(
            0, f"'{meaning}'", ", ".join(get_args(Meaning)), f"did you mean {near}?" if near else "choose one of these"
        )
    if meaning in WINDOWS and len(given) > 1:
        raise given[1].fault(0, f"'{given[1].text}'", f"{meaning} alone", "the window stands below the sign")
    _stated(rest, f"op {sign}", facts)
    facts.ops[sign] = _options(sign, meaning, given[1:], rest)


def _options(sign: str, meaning: str, given: list[Source], rest: Source) -> OpFact:
    mode: str | None = None
    order: str | None = None
    options: list[tuple[str, Source]] = []
    rests = iter(given)
    for word in rests:
        if word.text in ("valid", "full", "same"):
            mode = word.text
        elif word.text == "channels":
            if (following := next(rests, None)) is None or following.text != "summed":
                raise word.fault(0, "'channels' alone", "channels summed", "say what becomes of the channels")
            options.append(("channels", following))
        elif word.text in ("image", "kernel", "stride", "padding", "dilation"):
            value = next(rests, None)
            if value is None or (word.text in ("image", "kernel") and value.text != "first"):
                raise word.fault(0, f"'{word.text}' alone", "'first' or a value behind it", f"complete '{word.text}'")
            if word.text in ("image", "kernel"):
                order = f"{word.text} first"
            else:
                options.append((word.text, value))
        else:
            known = ["valid", "full", "same", "image first", "kernel first", "stride", "padding", "dilation"]
            near = nearest(word.text, known)
            raise word.fault(0, f"'{word.text}'", ", ".join(known), f"did you mean {near}?" if near else "remove it")
    return OpFact(sign, meaning, mode, order, tuple(options), rest.line)  # type: ignore[arg-type]


# -- statements ---------------------------------------------------------------------------


def define(rest: Source, facts: Facts) -> None:
    """define F = correlate(X, K), or define F = X * K."""
    left, right = equation(rest)
    depends = re.fullmatch(r"O\s*\(([^()]*)\)", right.text)
    if depends:
        tensors = tuple(name for name, _ in names_in(piece(right, *depends.span(1))))
        if not tensors:
            raise right.fault(0, "O() of nothing", "the tensors that it depends on", "write define y_i = O(x)")
        facts.definitions.append(DefineFact(left, right, rest.line, tensors))
        return
    value = call_text(right, LIBRARY)
    if re.fullmatch(r".*\w\(.*\)|.*\}\s*\(.*\)", left.text):
        if isinstance(value, CallText):
            maker(left, value, facts)
            return
        raise left.unsupported(0, "a tensor function without a library call", "define the tensors one by one")
    if isinstance(value, TupleText):
        raise right.fault(0, "a tuple", "a tensor", "define one name a line")
    facts.definitions.append(DefineFact(left, value, rest.line))


def assume(rest: Source, facts: Facts) -> None:
    facts.assumptions += [p for p in cut(rest, ",") if p.text]


COUNTED = ("multiplications", "additions", "parameters")


def find(rest: Source, facts: Facts) -> None:
    """find dL/dK, dL/dX; shape F; count multiplications F; matrix F by X; kernel F; value F; rewrite dL/dX as conv."""
    for part in cut(rest, ","):
        match = re.fullmatch(r"d(.+?)\s*/\s*d\s*(.+)", part.text)
        word = part.text.split(" ")[0]
        if word in ("shape", "count", "matrix", "kernel", "value"):
            facts.finds.append(_question(part, word))
        elif word == "rewrite":
            facts.finds.append(_rewrite(part))
        elif match is None:
            raise part.fault(
                0,
                f"'{part.text}'",
                "a gradient, shape F, count multiplications F, matrix F by X, kernel F, value F "
                "or rewrite dL/dX as conv",
                "write find dL/dX",
            )
        else:
            facts.finds.append(FindFact(part.text, part.line, match.group(1).strip(), match.group(2).strip(), part))


def _question(part: Source, word: str) -> FindFact:
    """What is asked of which tensors: `count parameters K b` of several."""
    _, *given = part.text.split()
    if word == "count":
        what, *names = given or [""]
        if what not in COUNTED or not names:
            near = nearest(what, list(COUNTED))
            change = f"did you mean {near}?" if near and names else "write find count multiplications F"
            raise part.fault(0, f"'{part.text}'", f"count, one of {', '.join(COUNTED)}, and a tensor", change)
        return FindFact(part.text, part.line, "", "", part, what, tuple(names))
    if word == "matrix":
        if len(given) != 3 or given[1] != "by":
            raise part.fault(0, f"'{part.text}'", "matrix F by X", "name the output and the input")
        return FindFact(part.text, part.line, "", given[2], part, word, (given[0], given[2]))
    if word == "kernel" and len(given) == 3 and given[1] == "by":
        return FindFact(part.text, part.line, "", given[2], part, word, (given[0], given[2]))
    if len(given) != 1:
        raise part.fault(0, f"'{part.text}'", f"{word} F", "name one tensor")
    return FindFact(part.text, part.line, "", "", part, word, tuple(given))


def _rewrite(part: Source) -> FindFact:
    """`rewrite dL/dX as conv`: one operation, its name in place of the question."""
    match = re.fullmatch(r"rewrite\s+d(.+?)\s*/\s*d\s*(.+?)\s+as\s+(conv|corr)", part.text)
    if match is None:
        raise part.fault(
            0, f"'{part.text}'", "rewrite dL/dX as conv, or as corr", "name the gradient and the operation"
        )
    loss, by, form = (group.strip() for group in match.groups())
    return FindFact(part.text, part.line, loss, by, part, f"rewrite {form}", (by,))


def expect(rest: Source, facts: Facts) -> None:
    """expect refuted eq3 eq5."""
    given = words(rest)
    if given[0].text not in STATUSES:
        near = nearest(given[0].text, list(STATUSES))
        raise given[0].fault(
            0, f"'{given[0].text}'", ", ".join(STATUSES), f"did you mean {near}?" if near else "choose one"
        )
    if len(given) < 2:
        raise given[0].fault(0, "no formula", "eq1, eq2.1, in3, ...", "name the formulas")
    for formula in given[1:]:
        _stated(formula, f"expect {formula.text}", facts)
        facts.expected[_formula(formula)] = given[0].text


def ignore(rest: Source, facts: Facts) -> None:
    facts.ignored |= {_formula(w) for w in words(rest)}


def _formula(source: Source) -> str:
    if not re.fullmatch(r"(eq|in)[1-9]\d{0,5}(\.[1-9]\d{0,3})?", source.text):
        raise source.fault(0, f"'{source.text}'", "eq1, eq2.1 or in3", "name a formula by its number in the file")
    return source.text
