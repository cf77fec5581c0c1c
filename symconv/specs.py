"""SPECs: an operation with its options, a formula, or a document, as the command line takes them.

    conv2d --stride 2 --padding 1 --channels 3,8
    y_i = \\sum_{k=0}^{r-1} w_k x_{s i + d k}
    notes.md                                         (with a `find` line)

What an option does not say stays symbolic.
"""

from __future__ import annotations

import argparse
import difflib
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

from symconv.errors import InputError, SizeError, UsageError, reading
from symconv.ops.correlate import convolve, correlate, depthwise, transposed
from symconv.ops.layer import add_bias, apply, cross_entropy, dense, softmax
from symconv.ops.pool import pool_average, pool_max
from symconv.symbols import Symbols, symbols_of
from symconv.term.polynomial import Poly, Size
from symconv.term.tensor import Axis, Defined, Leaf, Tensor, requirements_of, sizes_in, tensors_in
from symconv.term.text import text_of_condition, text_of_poly
from symconv.term.value import Entry

AXES = {1: ("H",), 2: ("H", "W"), 3: ("D", "H", "W")}
TAPS = {1: ("r",), 2: ("r", "c"), 3: ("q", "r", "c")}
WORDS = {"X": "input", "K": "kernel", "b": "bias", "w": "weight", "y": "target"}
# every option, in the order in which they are listed, and what it is for
OPTIONS = {
    "stride": "distance between windows; 1 unless said",
    "padding": "zeros around the input; before:after for two sides",
    "dilation": "distance between taps; 1 unless said",
    "groups": "channel groups; 1 unless said",
    "channels": "input and output channels: C,O",
    "kernel": "kernel or window extents: r,c",
    "size": "input extents: H,W",
    "batch": "how many inputs",
    "mode": "valid, full or same",
    "output-padding": "extra rows of a transposed convolution",
    "function": "the name of an elementwise function",
    "bias": "add a bias to each output channel",
}
_WINDOW = "stride padding dilation channels kernel size batch bias"
# the options that each operation uses; any other is refused
USES = {
    "conv": f"{_WINDOW} groups mode",
    "convolution": f"{_WINDOW} groups mode",
    "correlation": f"{_WINDOW} groups mode",
    "depthwise": f"{_WINDOW} mode",
    "transposed": f"{_WINDOW} output-padding",
    "maxpool": "stride channels kernel size batch",
    "avgpool": "stride padding channels kernel size batch",
    "dense": "channels bias",
    "softmax": "size",
    "activation": "size function",
}


@dataclass(frozen=True, slots=True)
class Question:
    """What a `find` line asks of tensors: shape, a count, the matrix of F by X, kernel, value, or `rewrite conv`."""

    what: str
    tensors: tuple[Tensor, ...]


@dataclass(frozen=True, slots=True)
class Spec:
    """What was asked for: the output, its leaves in the order of use, and where it came from."""

    text: str
    output: Defined
    document: str = ""  # the text of the document that a SPEC was read from
    wanted: tuple[str, ...] = field(default=())  # the leaves that `find` lines name
    questions: tuple[Question, ...] = ()  # what else `find` lines ask for
    symbols: Symbols = field(default_factory=Symbols)

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        found = tensors_in(Entry(self.output, ()))
        return tuple(t for t in found if isinstance(t, Leaf))

    def leaf(self, name: str) -> Tensor:
        """The tensor called so; a SPEC operation's tensors answer to their words and letters."""
        for t in tensors_in(Entry(self.output, ())):
            if name in (t.name, WORDS.get(t.name)) or WORDS.get(name) == t.name:
                return t
        names = [t.name for t in self.leaves]
        near = difflib.get_close_matches(name, [*names, *(WORDS[n] for n in names if n in WORDS)], 1)
        raise UsageError(
            f"--wrt {name}",
            f"no tensor {name}",
            f"one of {', '.join(names)}",
            f"did you mean {near[0]}?" if near else "name one of these",
        )

    def check_sizes(self, sizes: Mapping[str, int]) -> None:
        """Refuse sizes that break a requirement whose sizes are all given."""
        given: dict[Any, Poly] = {s: Poly.of(n) for s, n in ((_size(self.output, n), v) for n, v in sizes.items()) if s}
        for condition in requirements_of(Entry(self.output, ())):
            value = condition.poly.substitute(given).as_int if condition.poly.sizes() <= set(given) else None
            if value is not None and not (
                value >= 0 if condition.kind == "ge" else (value == 0) == (condition.kind == "eq")
            ):
                raise SizeError(
                    f"--sizes {','.join(f'{n}={v}' for n, v in sizes.items())}",
                    f"{text_of_poly(condition.poly)} = {value}",
                    text_of_condition(condition),
                    "change the sizes",
                )


def spec_of_tensor(output: Defined) -> Spec:
    """The SPEC of an operation that was built, or written with `define`: what `solve` and `export` take.

    >>> import symconv as sc
    >>> n, r = sc.sizes("n r")
    >>> x, w, k = sc.tensor("x", n), sc.tensor("w", r), sc.indices("k")
    >>> y = sc.define("y", [n - r + 1], lambda i: sc.total(w[k] * x[i + k], (k, 0, r - 1)))
    >>> [leaf.name for leaf in spec_of_tensor(y.term).leaves]
    ['w', 'x']
    """
    if not isinstance(output, Defined):
        raise UsageError(f"the tensor {output.name}", "free data", "a tensor with a formula", "give an output")
    return Spec(output.name, output)


def _size(output: Defined, name: str) -> Size | None:
    return next((s for s in sizes_in(Entry(output, ())) if s.name == name), None)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        names = ", ".join(f"--{n}" for n in OPTIONS)
        raise UsageError("the options in SPEC", message, f"among {names}", "correct it")


def add_operation_options(parser: argparse.ArgumentParser) -> None:
    """The options that operations take, numbers or names, one for all axes or one an axis."""
    group = parser.add_argument_group("options of the operation (a number or a name; one, or one an axis: 2,1)")
    for name, words in OPTIONS.items():
        if name == "bias":
            group.add_argument("--bias", action="store_true", default=None, help=words)
        else:
            group.add_argument(f"--{name}", help=words, metavar="V")


def options_given(options: argparse.Namespace | None) -> dict[str, str | bool]:
    """The options that were said, by their names on the command line."""
    found = {name: getattr(options, name.replace("-", "_"), None) for name in OPTIONS}
    return {name: said for name, said in found.items() if said is not None and said is not False}


def open_options(text: str, options: argparse.Namespace | None) -> list[str]:
    """The options that a SPEC operation uses and that nothing says; none for a formula or a document.

    >>> open_options("maxpool2d --stride 2", None)
    ['channels', 'kernel', 'size', 'batch']
    """
    text = text.strip()
    if not re.fullmatch(r"[\w-]+(\s+--.*)?", text, re.DOTALL):
        return []
    inside = _options_inside(text)
    family = re.sub(r"[123]d$", "", inside.operation)
    said = {**options_given(inside), **options_given(options)}
    crop = ("padding",) if "mode" in said else ()  # what a mode pads is settled
    return [name for name in USES.get(family, "").split() if name not in said and name not in crop]


def parse_spec(text: str, options: argparse.Namespace | None = None, words: bool = False, layers: bool = True) -> Spec:
    """Read a SPEC.

    options: the operation's options that were read apart; others may stand in the text.
    words: call the tensors input, kernel, ... instead of X, K, ...
    layers: give convolutions batch and channel axes even where no option speaks of them.
    """
    text = text.strip()
    if Path(text).suffix in (".md", ".tex", ".ipynb"):
        _refuse_options(f"the document {text}", options)
        return _from_document(text)
    if any(sign in text for sign in "=\\") and not re.fullmatch(r"[\w-]+(\s+--.*)?", text, re.DOTALL):
        _refuse_options("a formula", options)
        return _from_formula(text)
    inside = _options_inside(text)
    said, apart = options_given(inside), options_given(options)
    twice = sorted(set(said) & set(apart))
    if twice:
        raise UsageError(
            f"--{twice[0]}", f"{said[twice[0]]} in SPEC and {apart[twice[0]]} after it", "one of the two", "drop one"
        )
    for name, value in apart.items():
        setattr(inside, name.replace("-", "_"), value)
    made = _Builder(inside, words, layers).build(inside.operation)
    return Spec(_spelled(inside.operation, {n: v for n in OPTIONS for v in [said.get(n, apart.get(n))] if v}), made)


def _options_inside(text: str) -> argparse.Namespace:
    """`conv2d --stride 2` taken apart."""
    parser = _Parser(prog="SPEC", add_help=False, allow_abbrev=False)
    parser.add_argument("operation")
    add_operation_options(parser)
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"SPEC {text}", str(error).lower(), "quotes in pairs", "close the quotation") from None
    if not words:
        raise UsageError("SPEC", "an empty text", "an operation, a formula or a document", "write conv2d")
    return parser.parse_args(words)


def _refuse_options(what: str, options: argparse.Namespace | None) -> None:
    given = options_given(options)
    if given:
        raise UsageError(f"--{next(iter(given))}", f"an option for {what}", "no options", "write it into the formula")


def _spelled(operation: str, given: Mapping[str, str | bool]) -> str:
    return " ".join([operation, *(f"--{n}" if said is True else f"--{n} {said}" for n, said in given.items())])


FUNCTIONS_CALLED = ("exp", "gelu", "log", "relu", "sigmoid", "softplus", "sqrt", "tanh")
# what others call an operation
ALSO = {
    "linear": "dense",
    "fc": "dense",
    "cross_entropy": "softmax",
    "deconv": "transposed2d",
    "pool": "maxpool2d",
    **{
        name: f"activation --function {name}"
        for name in ["exp", "log", "relu", "sigmoid", "tanh", "sqrt", "softplus", "gelu"]
    },
}


def _nearest_operation(name: str, known: list[str]) -> str:
    """Another name for it, or the most similar one, on two axes where that is open; "" if none is near."""
    if name in ALSO:
        return ALSO[name]
    near = difflib.get_close_matches(name, known, len(known))
    likeness = {n: difflib.SequenceMatcher(None, n, name).ratio() for n in near}
    best = [n for n in near if likeness[n] == likeness[near[0]]]
    return next((n for n in best if n.endswith("2d")), next(iter(best), ""))


@dataclass(slots=True)
class _Builder:
    """Builds the output of a named operation from its options."""

    options: argparse.Namespace
    words: bool
    layers: bool

    def build(self, operation: str) -> Defined:
        match = re.fullmatch(r"(conv|convolution|correlation|depthwise|transposed|maxpool|avgpool)([123])d", operation)
        if match or operation in PLAIN:
            self._check_used(match.group(1) if match else operation, operation)
        if match:
            return self._spatial(match.group(1), int(match.group(2)))
        if operation in PLAIN:
            return PLAIN[operation](self)
        known = [f"{n}{d}d" for n in SPATIAL for d in (1, 2, 3)] + list(PLAIN)
        near = _nearest_operation(operation, known)
        raise UsageError(
            f"operation {operation!r}",
            "an unknown name",
            "conv1d .. conv3d, convolution2d, depthwise2d, transposed2d, maxpool2d, avgpool2d, dense, softmax, "
            "activation, a formula, or a document",
            f"did you mean {near}?" if near else "choose one of these",
        )

    # -- options -------------------------------------------------------------

    def _check_used(self, family: str, operation: str) -> None:
        """Refuse what the operation does not use, and empty options."""
        used = USES[family].split()
        for name, said in options_given(self.options).items():
            if name not in used:
                listed = ", ".join(f"--{n}" for n in OPTIONS if n in used)
                raise UsageError(
                    f"{operation} --{name}", "an option that it does not use", f"among {listed}", "drop it"
                )
            if said is not True and not str(said).strip():
                raise UsageError(f"--{name}", "an empty value", OPTIONS[name], "give a value, or drop the option")

    def amount(self, option: str, text: str, least: int = 1) -> Poly:
        """A number, or a name that becomes a size."""
        text = text.strip()
        place = f"--{option} {text}"
        if re.fullmatch(r"[-+]?[0-9]+", text):
            if len(text) > 9:
                raise SizeError(place, f"a number of {len(text)} digits", "at most 9 digits", "give a name instead")
            if int(text) < least:
                raise SizeError(place, text, f"a number of at least {least}", "give a larger number or a name")
            return Poly.of(int(text))
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", text):
            raise UsageError(place, f"{text!r}", "a whole number or a name", "write 2, or s")
        return Poly.of(Size(text, least))

    def single(self, option: str, default: str) -> Poly:
        """An option that has one value, whatever the axes."""
        return self.amount(option, getattr(self.options, option) or default)

    def amounts(self, option: str, axes: int, default: Sequence[str], least: int = 1) -> tuple[Poly, ...]:
        given = getattr(self.options, option.replace("-", "_"))
        parts = given.split(",") if given else list(default)
        if len(parts) == 1:
            parts = parts * axes
        if len(parts) != axes:
            raise UsageError(
                f"--{option} {given}", f"{len(parts)} values", f"1 or {axes}".replace("1 or 1", "1"), "give as many"
            )
        return tuple(self.amount(option, p, least) for p in parts)

    def padding(self, axes: int) -> tuple[tuple[Poly, Poly], ...]:
        given = self.options.padding or "0"
        parts = given.split(",") if "," in given else [given] * axes
        pairs = [p.split(":") * (1 if ":" in p else 2) for p in parts]
        if any(len(p) != 2 for p in pairs):
            raise UsageError(f"--padding {given}", f"{given.count(':')} colons", "p or before:after", "write 1, or 0:1")
        if len(parts) != axes:
            raise UsageError(f"--padding {given}", f"{len(parts)} values", f"1 or {axes}", "give one, or one an axis")
        return tuple((self.amount("padding", a, 0), self.amount("padding", b, 0)) for a, b in pairs)

    def leaf(self, letter: str, *shape: Poly) -> Leaf:
        return Leaf(WORDS.get(letter, letter) if self.words else letter, tuple(map(Axis.of, shape)))

    # -- operations --------------------------------------------------------------

    def _spatial(self, name: str, n: int) -> Defined:
        image = self.amounts("size", n, AXES[n])
        if name in ("maxpool", "avgpool"):
            return self._pool(name, n, image)
        taps = self.amounts("kernel", n, TAPS[n])
        stride, dilation = self.amounts("stride", n, "1"), self.amounts("dilation", n, "1")
        o = self.options
        layered = self.layers or o.channels or o.groups or o.batch or o.bias or name == "depthwise"
        batch = (self.single("batch", "N"),) if self.layers or o.batch else ()
        if name == "depthwise":
            (channels,) = self.amounts("channels", 1, "C")
            x, k = self.leaf("X", *batch, channels, *image), self.leaf("K", channels, *taps)
            return self._biased(depthwise(x, k, stride, self.padding(n), dilation, o.mode), n)
        if not layered:
            x, k = self.leaf("X", *image), self.leaf("K", *taps)
        else:
            x, k = self._channelled(name, batch, image, taps)
        if name == "transposed":
            extra = self.amounts("output-padding", n, "0", 0)
            return self._biased(transposed(x, k, stride, self.padding(n), extra, dilation, spatial=n), n)
        operation = convolve if name == "convolution" else correlate
        groups = self.single("groups", "1")
        made = operation(x, k, stride, self.padding(n), dilation, groups, o.mode, spatial=n)
        return self._biased(made, n)

    def _channelled(
        self, name: str, batch: tuple[Poly, ...], image: tuple[Poly, ...], taps: tuple[Poly, ...]
    ) -> tuple[Leaf, Leaf]:
        groups = self.single("groups", "1")
        given = self.options.channels
        if given:
            inputs, outputs = self.amounts("channels", 2, ())
            within = inputs.divided_by(groups)
            if within is None:
                raise SizeError(
                    f"--channels {given} --groups {groups}",
                    f"{inputs} input channels in {groups} groups",
                    "a multiple of the groups",
                    "give numbers that do, or leave --channels out: a group then has C_g input and O_g output channels",
                )
        elif groups == 1:
            inputs, within, outputs = Poly.of(Size("C")), Poly.of(Size("C")), Poly.of(Size("O"))
        else:
            within, outputs = Poly.of(Size("C_g")), groups * Size("O_g")
            inputs = groups * within
        x = self.leaf("X", *batch, inputs, *image)
        first = (inputs, outputs) if name == "transposed" else (outputs, within)
        return x, self.leaf("K", *first, *taps)

    def _biased(self, f: Defined, n: int) -> Defined:
        if not self.options.bias:
            return f
        channel = f.rank - n - 1
        return add_bias(f, self.leaf("b", *(f.shape[channel : channel + 1])), channel if channel >= 0 else None)

    def _pool(self, name: str, n: int, image: tuple[Poly, ...]) -> Defined:
        window = self.amounts("kernel", n, TAPS[n])
        stride = self.amounts("stride", n, ()) if self.options.stride else window
        o = self.options
        lead: tuple[Poly, ...] = (self.single("batch", "N"),) if self.layers or o.batch else ()
        lead += (self.single("channels", "C"),) if self.layers or o.batch or o.channels else ()
        x = self.leaf("X", *lead, *image)
        if name == "maxpool":
            return pool_max(x, window, stride, spatial=n)
        return pool_average(x, window, stride, self.padding(n), spatial=n)

    def dense(self) -> Defined:
        inputs, outputs = self.amounts("channels", 2, ("n", "m"))
        bias = self.leaf("b", outputs) if self.options.bias else None
        w = Leaf("weight" if self.words else "W", (Axis.of(outputs), Axis.of(inputs)))
        return dense(w, self.leaf("X", inputs), bias)

    def softmax(self) -> Defined:
        (count,) = self.amounts("size", 1, ("n",))
        z = Leaf("input" if self.words else "z", (Axis.of(count),))
        return cross_entropy(softmax(z), self.leaf("y", count))

    def activation(self) -> Defined:
        name = self.options.function or "f"
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
            raise UsageError("--function", f"{name!r}", "a name", "write relu, or f for an unknown function")
        return apply(name, self.leaf("X", *self.amounts("size", 2, AXES[2])))


SPATIAL = ("conv", "convolution", "correlation", "depthwise", "transposed", "maxpool", "avgpool")
PLAIN: dict[str, Callable[[_Builder], Defined]] = {
    "dense": _Builder.dense,
    "softmax": _Builder.softmax,
    "activation": _Builder.activation,
}


# -- formulas and documents ---------------------------------------------------------------


def _from_formula(text: str) -> Spec:
    """A definition in LaTeX; reads outside are zero, as for a padded input."""
    from symconv.read.reader import read_definition

    return Spec(text, read_definition(text, "SPEC"), text)


def _from_document(path: str) -> Spec:
    from symconv.read.documents import read_file

    if Path(path).is_dir():
        raise InputError(path, "a directory", "one document", "name the file")
    with reading(path):
        text, form = read_file(Path(path))
    return _from_text(path, text, path, form)


def _from_text(spec: str, text: str, name: str, form: Any = "md") -> Spec:
    from symconv.read.claims import Kind
    from symconv.read.reader import read_document

    symbols = symbols_of(text, form, name)
    document = read_document(text, form, name)
    if symbols.base and not any(link.defines for f in document.formulas for link in f.links):
        # what is defined by operations alone is the same on every base: it is solved from 0 on, and shown from the base
        document = read_document(_from_zero(text), form, name)
        symbols = replace(symbols, moves=True)
    for formula in document.formulas:
        for link in formula.links:
            if link.kind in (Kind.NOT_UNDERSTOOD, Kind.ILL_FORMED):
                raise UsageError(name, link.message, "formulas that can be read", "correct the formula")
    wanted: list[str] = []
    output: Defined | None = None
    questions: list[Question] = []
    for find in document.finds:
        if find.question:
            named = tuple(_asked(find.what, name, document.tensors) for name in find.tensors)
            questions.append(Question(find.question, named))
        found = _found(find.by, document.tensors) if find.loss else None
        if found is not None:
            output, leaf = found
            wanted += [] if find.question else [leaf]
    asked = [t for q in questions for t in q.tensors if isinstance(t, Defined)]
    if output is None and asked:
        output = asked[-1]
    if output is None:
        defined = [t for t in document.tensors.values() if isinstance(t, Defined)]
        links = [link.defines for f in document.formulas for link in f.links if link.defines is not None]
        output = next(iter(links or defined), None)
    if output is None:
        raise UsageError(
            name, "no definition and no find line", "a formula that defines a tensor", "add one, or a `find` line"
        )
    return Spec(spec, output, text, tuple(wanted), tuple(questions), symbols)


def _from_zero(text: str) -> str:
    """The document with another line on the base of its indices."""
    return re.sub(r"(?m)^(\s*(?:%\s*symconv:)?\s*base\s+)[1-9]\d*\s*$", r"\g<1>0", text)


def _asked(what: str, name: str, tensors: dict[str, Tensor]) -> Tensor:
    if name not in tensors:
        known = ", ".join(tensors) or "none"
        raise UsageError(
            f"find {what}", f"no formula in which {name} stands", f"one of {known}", f"define {name} by a formula"
        )
    return tensors[name]


def _found(name: str, tensors: dict[str, Tensor]) -> tuple[Defined, str] | None:
    """Of `dL/dK` the leaf K, and the last definition that depends on it."""
    for t in reversed(list(tensors.values())):
        if isinstance(t, Defined) and any(leaf.name == name for leaf in tensors_in(Entry(t, ()))):
            return t, name
    return None
