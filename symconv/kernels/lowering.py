"""Stages to lines of vectorised NumPy: read, multiply, place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from symconv.calculus.form import Factor
from symconv.errors import ExportError
from symconv.kernels.bounds import coefficients, product_of, span, surely_nonnegative
from symconv.kernels.nest import ONE, ZERO, Nest, Winner, nests_of
from symconv.kernels.operands import Operand, aligned, combine, fixed
from symconv.kernels.plan import Read, Slice, covers, plan_place, plan_read
from symconv.kernels.scope import Scope
from symconv.kernels.stages import Stage
from symconv.kernels.text import enclosed, poly_text, tuple_text
from symconv.term.polynomial import Atom, Poly, Size
from symconv.term.substitution import substitute
from symconv.term.tensor import Axis, Defined, Leaf
from symconv.term.value import Entry, Maximum, Value

LETTERS = "ijkuvwabcdefghmnopqrstxyzABCDEFGHJKLMNPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a plan: what is read how, and where the result goes."""

    target: str
    formula: str
    reads: tuple[str, ...]
    place: str
    cost: str


class Lowering:
    """Writes stages into a scope; keeps a row of the plan for each nest."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.rows: list[Row] = []
        self.fresh = True  # the last nest made an array of its own

    def stage(self, stage: Stage, wanted: str) -> str:
        """Write one stage; the name of its array."""
        self.scope.line(f"# {_comment(stage.title)}")
        maximum = stage.maximum
        if maximum is None:
            text = self._sum_of(stage.nests, stage.formula, stage.title)
        else:
            text = self._maximum(stage.formula, maximum, stage.title)
        name = self.scope.assign(wanted, text)
        self.scope.arrays[stage.target] = name
        return name

    def result(self, stage: Stage) -> str:
        """Write the last stage; an expression for its array, which nobody else holds."""
        self.scope.line(f"# {_comment(stage.title)}")
        maximum = stage.maximum
        if maximum is not None:
            return self._maximum(stage.formula, maximum, stage.title)
        text = self._sum_of(stage.nests, stage.formula, stage.title)
        return f"np.array({text})" if len(stage.nests) == 1 and not self.fresh else text

    # -- maxima and arguments: arrays made of formulas within a formula ----------

    def _maximum(self, formula: Defined, maximum: Maximum, title: str) -> str:
        for r in maximum.ranges:
            if r.low is None or r.high is None or r.low.names() or r.high.names():
                raise ExportError(title, f"a window whose ends change with {r.name}", "a fixed window", "use a bracket")
        window = tuple((r.name, Axis(r.low, r.high)) for r in maximum.ranges)
        axes = dict((*window, *zip(formula.parameters, formula.axes, strict=True)))
        windows = self._array_of("windows", maximum.body, axes)
        count = ", ".join(str(n) for n in range(len(window)))
        return f"{windows}.max(axis={count if len(window) == 1 else f'({count})'})"

    def _array_of(self, wanted: str, value: Value, axes: Mapping[str, Axis]) -> str:
        """The array of a value whose free indices run over these axes."""
        names = {old: f"@{n}" for n, old in enumerate(axes)}
        body = substitute(value, {old: Poly.of(new) for old, new in names.items()})
        ends = tuple(Axis(_renamed(axis.low, names), _renamed(axis.high, names)) for axis in axes.values())
        formula = Defined(wanted, tuple(names.values()), ends, body)
        return self.scope.assign(wanted, self._sum_of(nests_of(formula), formula, wanted))

    # -- nests -----------------------------------------------------------------

    def _sum_of(self, nests: Sequence[Nest], formula: Defined, title: str) -> str:
        parts = [_Nest(self, nest, formula, title).write() for nest in nests]
        if not parts:
            return f"np.zeros({self._extents(formula.shape)})"
        text = parts[0]
        for part in parts[1:]:
            text += f" - {part[1:]}" if part.startswith("-") else f" + {part}"
        return text

    def _extents(self, shape: Sequence[Poly]) -> str:
        return tuple_text([self.scope.scalar(n, "extent") for n in shape]) if shape else "()"


class _Nest:
    """Writes one nest: operands, loops, products, output."""

    def __init__(self, lowering: Lowering, nest: Nest, formula: Defined, title: str) -> None:
        self.lowering, self.scope, self.nest, self.formula, self.title = lowering, lowering.scope, nest, formula, title
        for extreme in nest.extremes:
            self.scope.extreme(extreme, str(extreme.size.name).split(" ")[0].strip("%"))
        self.letter = _letters(nest, formula.parameters, self.scope)
        self.place = plan_place(nest, formula.shape)
        self.shown = {name: self.shown_count(name) for name in nest.counts}
        self.reads: list[str] = []
        self.fresh = len(nest.factors) + len(nest.winners) + len(nest.masks) != 1  # else it may be a view

    def write(self) -> str:
        operands = [*map(self.operand, self.nest.factors), *map(self.winner, self.nest.winners), *self.numbers()]
        if self.place.kind == "scatter":
            text = self.scattered(operands)
        elif self.place.kind == "whole":
            text = self.whole(operands)
        else:
            text = self.slices(operands)
        formula = " * ".join(_plain(f.head.name) for f in self.nest.factors) or "1"
        self.lowering.rows.append(Row(self.title, formula, tuple(self.reads), self._placed(), self._cost()))
        scaled = self.scaled(text)
        self.lowering.fresh = scaled != text or self.fresh
        return scaled

    def _placed(self) -> str:
        over = f" in a loop over {', '.join(self.letter[n] for n in self.place.loops)}" if self.place.loops else ""
        return {"whole": "the whole output", "slices": f"strided slices{over}", "scatter": "scatter by index arrays"}[
            self.place.kind
        ]

    def _cost(self) -> str:
        """How many multiplications the products take, as a formula in the sizes."""
        each = len(self.nest.factors) + len(self.nest.winners) - 1
        counts = " * ".join(enclosed(self.text(c)) for c in self.nest.counts.values() if c != ONE)
        return (f"{each} * {counts}" if each > 1 else counts or "1") if each > 0 else "0"

    # -- texts ------------------------------------------------------------------

    def letters(self, names: Sequence[str]) -> str:
        return "".join(self.letter[n] for n in names)

    def count(self, name: str) -> str:
        return self.scope.scalar(self.nest.counts[name], f"n_{self.letter[name]}")

    def shown_count(self, name: str) -> Poly:
        """The count of an index as it is written: by the name of its variable if it has one."""
        count = self.nest.counts[name]
        text = self.count(name)
        if not text.isidentifier() or count.as_atom is not None:
            return count
        size = Size(f"%named {text}", -(10**6))
        self.scope.names.set(size, text)
        return Poly.atom(size)

    def text(self, poly: Poly) -> str:
        def name_of(atom: Atom) -> str:
            return self.letter[atom] if isinstance(atom, str) else self.scope.name_of(atom)

        return poly_text(poly, name_of)

    def scaled(self, text: str) -> str:
        """Times the coefficient and the parts of the weight that are the same everywhere."""
        nest = self.nest
        above = nest.coefficient.numerator
        factors = [self.text(nest.weight)] if nest.weight != ONE and not nest.weight.names() else []
        below = [self.text(p) for p in nest.denominators if not p.names()]
        if nest.coefficient.denominator != 1:
            below.append(str(nest.coefficient.denominator))
        sign = "-" if above < 0 else ""
        if abs(above) != 1:
            factors.insert(0, str(abs(above)))
        if factors or below or sign:
            text = enclosed(text)
        for factor in factors:
            text = f"{text} * {enclosed(factor)}"
        for factor in below:
            text = f"{text} / {enclosed(factor)}"
        return sign + text

    # -- operands ------------------------------------------------------------------

    def operand(self, factor: Factor) -> Operand:
        """What one factor reads, its axes in the order in which the product wants them."""
        tensor, function = factor.head.tensor, factor.head.function
        if not isinstance(tensor, Leaf):
            operand = self.computed(Entry(tensor, factor.index))
            text = self.scope.applied(function, operand.text) if function else operand.text
            operand = replace(operand, text=self.scope.assign("values", text))
        else:
            operand = self.array(tensor, factor)
        self.fresh |= function is not None or factor.head.inverse or self.place.kind == "scatter"
        if factor.head.inverse:
            operand = replace(operand, text=self.scope.assign("inverse", f"1 / {operand.atom}"))
        return operand

    def computed(self, entry: Entry) -> Operand:
        """An entry that is itself a formula: its array over the indices it mentions."""
        names = tuple(dict.fromkeys(n for p in entry.index for n in sorted(p.names())))
        axes = {n: Axis(ZERO, self.nest.counts[n] - 1) for n in names}
        self.reads.append("a formula of its own")
        return Operand(self.lowering._array_of("argument", entry, axes), self.letters(names))

    def array(self, leaf: Leaf, factor: Factor) -> Operand:
        base = self.scope.arrays[leaf]
        positions = tuple(p - (axis.low or ZERO) for p, axis in zip(factor.index, leaf.axes, strict=True))
        read = plan_read(positions, leaf.shape, self.nest.counts)
        self.reads.append(f"{_plain(leaf.name)}: {read.kind}")
        function = factor.head.function
        if read.kind in ("whole", "slice", "reshape"):
            if function is not None:
                base = self.scope.assign(f"{function.name}_{base}", self.scope.applied(function, base))
            if read.kind == "whole":
                return Operand(base, self.letters(read.indices))
            if read.kind == "reshape":
                shape = tuple_text([self.count(n) for n in read.indices])
                return Operand(self.scope.assign(f"split_{base}", f"{base}.reshape{shape}"), self.letters(read.indices))
            slices = ", ".join(map(self.slice_text, read.slices))
            return Operand(self.scope.assign(f"{base}_part", f"{base}[{slices}]"), self.letters(read.indices))
        if read.kind == "view":
            return self.view(base, read, factor)
        text = f"_gather({', '.join([base, *self.grid(read.positions, read.indices)])})"
        text = self.scope.applied(function, text) if function else text
        return Operand(self.scope.assign(f"{base}_entries", text), self.letters(read.indices))

    def slice_text(self, part: Slice) -> str:
        if part.whole:
            return "::-1" if part.turned else ":"
        start = self.scope.scalar(part.start, "start")
        if part.index is None:
            return start
        return self.sliced(part.start, self.count(part.index), part.step)

    def sliced(self, start: Poly, count: str, step: Poly) -> str:
        """start : start + step*count : step."""
        first = self.scope.scalar(start, "start") if start.names() == set() else self.text(start)
        if step == ONE:
            return f":{count}" if not start else f"{first} : {first} + {count}"
        stride = self.scope.scalar(step, "step")
        end = f"{stride} * {count}" if not start else f"{first} + {stride} * {count}"
        return f"{'' if not start else first + ' '}: {end} : {stride}".strip()

    # -- windows ------------------------------------------------------------------

    def view(self, base: str, read: Read, factor: Factor) -> Operand:
        order = self.view_order(read.indices)
        amounts, shifts = [], []
        for position, extent in zip(read.positions, read.extents, strict=True):
            amount, shift = self.margin(position, extent)
            amounts.append(amount)
            shifts.append(shift)
        source = base
        if any(a != "(0, 0)" for a in amounts):
            source = self.scope.assign(f"padded_{base}", f"_padded({base}, {', '.join(amounts)})")
        if factor.head.function is not None:
            text = self.scope.applied(factor.head.function, source)
            source = self.scope.assign(f"{factor.head.function.name}_{base}", text)
        forms = [coefficients(p) or ({}, ZERO) for p in read.positions]
        starts = [self.start(form[1], shift) for form, shift in zip(forms, shifts, strict=True)]
        shape = tuple_text([self.count(n) for n in order])
        steps = [tuple_text([self.text(form[0].get(n, ZERO)) for form in forms]) for n in order]
        letters = self.letters(order)
        shown = ", ".join(self.text(p) for p in read.positions)
        self.scope.line(f"# axes {', '.join(letters)}: {base}[{shown}], zero outside")
        text = f"_view({source}, {tuple_text(starts)}, {shape}, {tuple_text(steps)})"
        return Operand(self.scope.assign(f"{base}_windows", text), letters)

    def view_order(self, names: Sequence[str]) -> list[str]:
        """What is summed at once first if nothing else is multiplied, last if it is."""
        kept = [n for n in self.place.order if n in names] + [n for n in self.place.loops if n in names]
        summed = [n for n in names if n not in kept]
        alone = len(self.nest.factors) + len(self.nest.winners) == 1
        return summed + kept if alone else kept + summed

    def margin(self, position: Poly, extent: Poly) -> tuple[str, Poly | str]:
        """The zeros that a read needs (before, after), and the amount before."""
        ends = span(position, self.nest.counts)
        if ends is None:
            raise TypeError("a view needs a span")  # plan_read gathers otherwise
        low, high = ends
        shown = span(position, self.shown) or ends
        shift: Poly | str = ZERO
        if surely_nonnegative(low):
            before = "0"
        elif surely_nonnegative(-low):
            shift, before = -low, self.shorter(-low, -shown[0])
        else:
            shift = before = self.scope.assign("before", f"max(0, {self.shorter(-low, -shown[0])})")
        beyond = high - (extent - 1)
        if surely_nonnegative(-beyond):
            after = "0"
        elif surely_nonnegative(beyond):
            after = self.shorter(beyond, shown[1] - (extent - 1))
        else:
            after = f"max(0, {self.shorter(beyond, shown[1] - (extent - 1))})"
        return f"({before}, {after})", shift

    def shorter(self, *polys: Poly) -> str:
        """The shortest of several ways to write one number."""
        return min(map(self.text, polys), key=len)

    def start(self, rest: Poly, shift: Poly | str) -> str:
        """Where the view begins: the position at index 0 in the padded array."""
        if isinstance(shift, str):
            return _plus(shift, self.text(rest)) if rest else shift
        return self.text(rest + shift)

    # -- numbers, masks, winners ----------------------------------------------------

    def grid(self, polys: Sequence[Poly], names: Sequence[str]) -> list[str]:
        """Expressions over index arrays, an axis for each name."""
        for axis, name in enumerate(names):
            shape = ", ".join(["None"] * axis + [":"] + ["None"] * (len(names) - axis - 1))
            index = f"np.arange({self.count(name)})"
            self.scope.line(f"{self.letter[name]} = {index}" + (f"[{shape}]" if len(names) > 1 else ""))
        return [self.text(p) if p.names() else f"np.array({self.text(p)})" for p in polys]

    def numbers(self) -> list[Operand]:
        """Weights, denominators and brackets that change with the indices, as arrays."""
        nest = self.nest
        found: list[tuple[str, Poly, str]] = []
        if nest.weight.names():
            found.append(("weights", nest.weight, "{}"))
        found += [("inverses", p, "1 / ({})") for p in nest.denominators if p.names()]
        found += [("mask", g.poly, "({} == 0)" if g.equality else "({} >= 0)") for g in nest.masks]
        operands = []
        for wanted, poly, form in found:
            names = sorted(poly.names(), key=lambda n: self.letter[n])
            (text,) = self.grid([poly], names)
            name = self.scope.names.fresh(wanted)
            self.scope.line(f"{name} = {form.format(text)}")
            operands.append(Operand(name, self.letters(names)))
        return operands

    def winner(self, winner: Winner) -> Operand:
        """The one-hot array of a maximum: its arguments' indices, then the taps."""
        function = winner.function
        names = list(dict.fromkeys(n for p in winner.arguments for n in sorted(p.names())))
        taps = [next(iter(p.names())) for p in winner.taps]
        images = dict(zip(function.parameters, winner.arguments, strict=True))
        images |= dict(zip((r.name for r in function.ranges), winner.taps, strict=True))
        axes = {n: Axis(ZERO, self.nest.counts[n] - 1) for n in (*names, *taps)}
        windows = self.lowering._array_of("windows", substitute(function.body, images), axes)
        self.reads.append("maximum: one-hot")
        text = f"_first_greatest({windows}, {len(taps)})"
        return Operand(self.scope.assign("winner", text), self.letters((*names, *taps)))

    # -- output ----------------------------------------------------------------------

    def whole(self, operands: Sequence[Operand]) -> str:
        if not operands:
            return f"np.ones({self.lowering._extents(self.formula.shape)})"
        order = self.letters(self.place.order)
        text = self.laid_out(combine(self.scope, operands, order), order)
        self.fresh |= any(set(o.letters) - set(order) for o in operands)
        self.fresh &= not text.startswith("np.broadcast_to")
        if any(len(names) > 1 for names in self.place.axes):
            name = self.scope.assign("product", text)
            return f"{name}.reshape({self.lowering._extents(self.formula.shape)})"
        return text

    def laid_out(self, operand: Operand, order: str) -> str:
        """The operand on the letters of the output, repeated along those it lacks."""
        text = aligned(operand, order)
        if set(order) == set(operand.letters):
            return text
        shape = tuple_text([self.count(n) for n in self.place.order])
        return f"np.broadcast_to({text}, {shape})"

    def slices(self, operands: Sequence[Operand]) -> str:
        """Add the products into strided slices of a buffer, tap by tap, and cut off what lies outside."""
        loops = self.letters(self.place.loops)
        order = self.letters(self.place.order)
        margins = [self.margin(p, n) for p, n in zip(self.nest.positions, self.formula.shape, strict=True)]
        if loops:
            operands = self.before_loops(operands, loops, order)
        extents = [self.scope.scalar(n, "extent") for n in self.formula.shape]
        targets = [
            ":" if covers(p, names, n, self.nest.counts) else self.target(p, names, shift)
            for p, names, n, (_, shift) in zip(
                self.nest.positions, self.place.axes, self.formula.shape, margins, strict=True
            )
        ]
        counts = [self.count(n) for n in self.place.loops]
        inner = (
            tuple_text(
                [
                    self.scope.scalar(product_of(self.nest.counts[n] for n in names), "extent")
                    for names in self.place.axes
                    if names
                ]
            )
            if any(len(a) > 1 for a in self.place.axes)
            else ""
        )
        buffer = self.scope.names.fresh("buffer")
        padded = [extent if m == "(0, 0)" else _padded_extent(m, extent) for (m, _), extent in zip(margins, extents)]
        self.scope.line(
            f"{buffer} = np.zeros({tuple_text(padded) if padded else '()'}, {_result_type([o.text for o in operands])})"
        )
        where = f"{buffer}[{', '.join(targets) or '...'}]"
        if not loops:
            self.put(where, operands, order, inner, "=")
        elif len(loops) == 1:
            self.scope.line(f"for {loops} in range({counts[0]}):")
        else:
            self.scope.line(f"for {', '.join(loops)} in np.ndindex({', '.join(counts)}):")
        if loops:
            with self.scope.indented():
                self.put(where, [fixed(o, loops) for o in operands], order, inner, "+=")
        self.fresh = all(m == "(0, 0)" for m, _ in margins)
        if self.fresh:
            return buffer
        crop = [":" if m == "(0, 0)" else _crop(m, extent) for (m, _), extent in zip(margins, extents, strict=True)]
        return f"{buffer}[{', '.join(crop)}]"

    def put(self, where: str, operands: Sequence[Operand], order: str, inner: str, sign: str) -> None:
        if not operands:
            self.scope.line(f"{where} {sign} 1")
            return
        product = combine(self.scope, operands, order)
        text = aligned(product, order)
        if inner:
            if set(product.letters) != set(order):
                text = self.laid_out(product, order)
            text = f"{Operand(text, order).atom}.reshape({inner})"
        self.scope.line(f"{where} {sign} {text}")

    def before_loops(self, operands: Sequence[Operand], loops: str, order: str) -> list[Operand]:
        """Multiply at once what does not change in the loop."""
        still = [o for o in operands if not set(loops) & set(o.letters)]
        moving = [o for o in operands if set(loops) & set(o.letters)]
        if not still:
            return moving
        needed = order + "".join(
            dict.fromkeys(x for o in moving for x in o.letters if x not in order and x not in loops)
        )
        product = combine(self.scope, still, needed)
        return [replace(product, text=self.scope.assign("fixed", product.text)), *moving]

    def target(self, position: Poly, names: tuple[str, ...], shift: Poly | str) -> str:
        """The slice of one axis of the buffer that an assignment fills."""
        form = coefficients(position) or ({}, ZERO)
        fixed_part = form[1] + _total(c * Poly.of(n) for n, c in form[0].items() if n not in names)
        start = fixed_part + shift if isinstance(shift, Poly) else fixed_part
        prefix = shift if isinstance(shift, str) else ""
        if not names:
            return _plus(prefix, self.text(start)) if prefix else self.text(start)
        count = self.scope.scalar(product_of(self.nest.counts[n] for n in names), f"n_{self.letter[names[-1]]}")
        step = form[0][names[-1]]
        if prefix:
            first = _plus(prefix, self.text(start)) if start else prefix
            stride = self.scope.scalar(step, "step")
            return (
                f"{first} : {first} + {stride} * {count} : {stride}" if step != ONE else f"{first} : {first} + {count}"
            )
        return self.sliced(start, count, step)

    def scattered(self, operands: Sequence[Operand]) -> str:
        """Add every product at its position by index arrays."""
        names = tuple(dict.fromkeys(n for p in self.nest.positions for n in sorted(p.names())))
        order = self.letters(names)
        values = self.scope.assign("values", aligned(combine(self.scope, operands, order), order)) if operands else "1"
        out = self.scope.names.fresh("buffer")
        self.scope.line(
            f"{out} = np.zeros({self.lowering._extents(self.formula.shape)}, {_result_type([values] if operands else [])})"
        )
        positions = self.grid(self.nest.positions, names)
        self.scope.line(f"_scatter_add({out}, {tuple_text(positions)}, {values})")
        return out


def _letters(nest: Nest, parameters: tuple[str, ...], scope: Scope) -> dict[str, str]:
    """A letter for each index of a nest, its reader's name where that is free."""
    given: dict[str, str] = {}
    names = sorted(nest.counts, key=lambda n: (n not in parameters, list(nest.counts).index(n)))
    for name in names:
        hint = nest.hints.get(name, "").lower()[:1]
        wanted = (hint if hint in LETTERS else "") + LETTERS
        free = [x for x in wanted if x not in given.values() and not scope.names.taken(x)]
        if not free:
            raise ExportError("a formula", f"{len(names)} indices in one term", f"at most {len(LETTERS)}", "split it")
        given[name] = free[0]
    return given


def _renamed(poly: Poly | None, names: Mapping[str, str]) -> Poly | None:
    return poly and poly.substitute({old: Poly.of(new) for old, new in names.items()})


def _total(polys: Iterable[Poly]) -> Poly:
    result = ZERO
    for poly in polys:
        result = result + poly
    return result


def _plus(left: str, right: str) -> str:
    return f"{left} - {right[1:]}" if right.startswith("-") else f"{left} + {right}"


def _result_type(arrays: Sequence[str]) -> str:
    return f"np.result_type({', '.join(dict.fromkeys(arrays))})" if arrays else "float"


def _padded_extent(margin: str, extent: str) -> str:
    before, after = margin[1:-1].split(", ", 1)
    return " + ".join(x for x in (before, extent, after) if x != "0")


def _crop(margin: str, extent: str) -> str:
    before = margin[1:-1].split(", ", 1)[0]
    return f":{extent}" if before == "0" else f"{before} : {before} + {extent}"


def _plain(name: str) -> str:
    """A name without the numbers that keep the stages' arrays apart."""
    return re.sub(r"%\d+ ", "", name)


def _comment(title: str) -> str:
    """A title that cannot leave its comment."""
    return "".join(c if c.isprintable() and c.isascii() else " " for c in title)[:100]


__all__ = ["Lowering", "Row"]
