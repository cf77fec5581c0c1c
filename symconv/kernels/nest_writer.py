"""The output of a nest: laid over everything, added slice by slice, or scattered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from symconv.kernels.bounds import coefficients, product_of, surely_nonnegative
from symconv.kernels.factors import indices_of
from symconv.kernels.nest import ONE, ZERO
from symconv.kernels.nest_reads import NestReads, plus
from symconv.kernels.nest_text import Margin
from symconv.kernels.operands import Operand, aligned, combine, fixed
from symconv.kernels.plan import covers
from symconv.kernels.text import tuple_text
from symconv.term.polynomial import Poly


class NestWriter(NestReads):
    """Writes a whole nest; `write` gives the expression for its array."""

    def write(self) -> str:
        operands = self.operands()
        if self.place.kind == "scatter":
            text = self.scattered(operands)
        elif self.place.kind == "whole":
            text = self.whole(operands)
        else:
            text = self.slices(operands)
        scaled = self.scaled(text)
        self.fresh |= scaled != text
        return scaled

    # -- for the plan

    def placed(self) -> str:
        over = f" in a loop over {', '.join(self.letter[n] for n in self.place.loops)}" if self.place.loops else ""
        return {"whole": "the whole output", "slices": f"strided slices{over}", "scatter": "scatter by index arrays"}[
            self.place.kind
        ]

    def whole(self, operands: Sequence[Operand]) -> str:
        if not operands:
            return f"np.ones({self.host.extents(self.formula.shape)})"
        order = self.letters(self.place.order)
        text = self.laid_out(combine(self.scope, operands, order), order)
        self.fresh |= any(set(o.letters) - set(order) for o in operands)
        self.fresh &= not text.startswith("np.broadcast_to")
        if any(len(names) > 1 for names in self.place.axes):
            name = self.scope.assign("product", text)
            return f"{name}.reshape({self.host.extents(self.formula.shape)})"
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
        targets = self.targets(margins)
        counts = [self.count(n) for n in self.place.loops]
        inner = self.joined_shape()
        buffer = self.scope.names.fresh("buffer")
        wide = [m.around(extent) for m, extent in zip(margins, extents, strict=True)]
        kind = _result_type([o.text for o in operands])
        self.scope.line(f"{buffer} = np.zeros({tuple_text(wide) if wide else '()'}, {kind})")
        where = f"{buffer}[{', '.join(targets) or '...'}]{self.turned()}"
        if not loops:
            self.put(where, operands, order, inner, "=")
        elif len(loops) == 1:
            self.scope.line(f"for {loops} in range({counts[0]}):")
        else:
            self.scope.line(f"for {', '.join(loops)} in np.ndindex({', '.join(counts)}):")
        if loops:
            with self.scope.indented():
                self.put(where, [fixed(o, loops) for o in operands], order, inner, "+=")
        self.fresh = all(m.empty for m in margins)
        if self.fresh:
            return buffer
        return f"{buffer}[{', '.join(m.crop(extent) for m, extent in zip(margins, extents, strict=True))}]"

    def targets(self, margins: Sequence[Margin]) -> list[str]:
        """The slice of each axis of the buffer that an assignment fills."""
        parts = zip(self.nest.positions, self.place.axes, self.formula.shape, margins, strict=True)
        return [
            ":" if covers(p, names, extent, self.nest.counts) else self.target(p, names, margin.shift)
            for p, names, extent, margin in parts
        ]

    def turned(self) -> str:
        """A view of what is filled with the axes turned round along which positions fall, else nothing."""
        parts = zip(self.nest.positions, self.place.axes, strict=True)
        steps = [falls(step_of(p, names)) for p, names in parts if names]
        return f"[{', '.join('::-1' if falling else ':' for falling in steps)}]" if any(steps) else ""

    def joined_shape(self) -> str:
        """The shape of a product where some axis of the output has several of its indices, else nothing."""
        if all(len(names) <= 1 for names in self.place.axes):
            return ""
        counts = [product_of(self.nest.counts[n] for n in names) for names in self.place.axes if names]
        return tuple_text([self.scope.scalar(count, "extent") for count in counts])

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
            return plus(prefix, self.text(start)) if prefix else self.text(start)
        number = product_of(self.nest.counts[n] for n in names)
        count, step = self.scope.scalar(number, f"n_{self.letter[names[-1]]}"), step_of(position, names)
        if falls(step):  # from its lowest place on: an end below the first entry would be counted from the last
            start, step = start + step * (number - 1), -step
        if prefix:
            first = prefix if start.is_zero else plus(prefix, self.text(start))
            stride = self.scope.scalar(step, "step")
            return (
                f"{first} : {first} + {stride} * {count} : {stride}" if step != ONE else f"{first} : {first} + {count}"
            )
        return self.sliced(start, count, step)

    def scattered(self, operands: Sequence[Operand]) -> str:
        """Add every product at its position by index arrays."""
        names = indices_of(self.nest.positions)
        order = self.letters(names)
        values = self.scope.assign("values", aligned(combine(self.scope, operands, order), order)) if operands else "1"
        out = self.scope.names.fresh("buffer")
        self.scope.line(
            f"{out} = np.zeros({self.host.extents(self.formula.shape)}, {_result_type([values] if operands else [])})"
        )
        positions = self.grid(self.nest.positions, names)
        self.scope.line(f"_scatter_add({out}, {tuple_text(positions)}, {values})")
        return out


def step_of(position: Poly, names: tuple[str, ...]) -> Poly:
    """How far a position moves with the index that its axis is laid out by."""
    form = coefficients(position)
    return form[0][names[-1]] if form is not None else ZERO


def falls(step: Poly) -> bool:
    """True for a step backwards; the sign of a step is known where there is a span."""
    return surely_nonnegative(-step - 1)


def _total(polys: Iterable[Poly]) -> Poly:
    result = ZERO
    for poly in polys:
        result = result + poly
    return result


def _result_type(arrays: Sequence[str]) -> str:
    return f"np.result_type({', '.join(dict.fromkeys(arrays))})" if arrays else "float"


__all__ = ["NestWriter"]
