"""Stages to lines of vectorised NumPy: the nests of each formula, added up."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from symconv.errors import ExportError
from symconv.kernels.nest import Nest, nests_of
from symconv.kernels.nest_reads import plain
from symconv.kernels.nest_text import NestText
from symconv.kernels.nest_writer import NestWriter
from symconv.kernels.parts import step_of
from symconv.kernels.patterned import taps_text, write_correlation, write_pooling
from symconv.kernels.patterns import Correlation, correlation_of
from symconv.kernels.plan_row import Row, bytes_moved, bytes_of
from symconv.kernels.pool_patterns import Pooling, Windows, maximum_of, pooling_of
from symconv.kernels.rank_patterns import KnownRank, known_rank_of
from symconv.kernels.scope import Scope
from symconv.kernels.stages import Stage
from symconv.kernels.text import tuple_text
from symconv.term.polynomial import Poly
from symconv.term.substitution import substitute
from symconv.term.tensor import Axis, Defined, Leaf
from symconv.term.value import Maximum, Value


class Lowering:
    """Writes stages into a scope; keeps a row of the plan for each nest."""

    def __init__(
        self,
        scope: Scope,
        accuracy: str = "exact",
        wanted: str = "",
        routes: Collection[Windows] = (),
        winners: Mapping[Windows, str] | None = None,
    ) -> None:
        """routes: the windows whose winners a later stage asks for.  winners: the arrays of those that are given."""
        self.scope, self.accuracy, self.wanted = scope, accuracy, wanted
        self.routes, self.given = routes, dict(winners or {})
        self.winners = dict(self.given)
        self.rows: list[Row] = []
        self.fresh = True  # the last nest made an array of its own
        self.filled = self.kept = ""  # the caller's arrays, where the last stage can be written into them

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

    def result(self, stage: Stage, filled: str = "out", kept: str = "") -> str:
        """Write the last stage; an expression for its array, which nobody else holds.

        filled, kept: the caller's arrays for the result, and for the winners if it is a maximum that keeps them.
        """
        self.scope.line(f"# {_comment(stage.title)}")
        self.filled, self.kept = filled, kept
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
        found = maximum_of(maximum, formula)
        if found is not None:
            moved = bytes_of([found.images.shape, formula.shape], self.scope.text)
            self.rows.append(Row(title, plain(found.images.name), ("windows",), "maximum", "0", moved, _AXES))
            return self._pooled(found, [self.scope.arrays[found.images]], formula, self.scope.text)
        window = tuple((r.name, Axis(r.low, r.high)) for r in maximum.ranges)
        axes = dict((*window, *zip(formula.parameters, formula.axes, strict=True)))
        windows = self.array_of("windows", maximum.body, axes)
        count = ", ".join(str(n) for n in range(len(window)))
        return f"{windows}.max(axis={count if len(window) == 1 else f'({count})'})"

    def array_of(self, wanted: str, value: Value, axes: Mapping[str, Axis]) -> str:
        """The array of a value whose free indices run over these axes."""
        names = {old: f"@{n}" for n, old in enumerate(axes)}
        body = substitute(value, {old: Poly.of(new) for old, new in names.items()})
        ends = tuple(Axis(_renamed(axis.low, names), _renamed(axis.high, names)) for axis in axes.values())
        formula = Defined(wanted, tuple(names.values()), ends, body)
        return self.scope.assign(wanted, self._sum_of(nests_of(formula), formula, wanted))

    # -- nests -----------------------------------------------------------------

    def _sum_of(self, nests: Sequence[Nest], formula: Defined, title: str) -> str:
        found = [correlation_of(nest, formula) for nest in nests]
        known = next((n for n, c in enumerate(found) if c is not None), None)
        pattern = None if known is None else found[known]
        if known is not None and pattern is not None:
            rest = [nest for n, nest in enumerate(nests) if n != known]
            return self._correlation(nests[known], pattern, rest, formula, title)
        if len(nests) > 1:  # added up in an array of their own: the caller's may be one that another term reads
            self.filled = ""
        parts = [self._write(nest, formula, title) for nest in nests]
        if not parts:
            return f"np.zeros({self.extents(formula.shape)})"
        text = parts[0]
        for part in parts[1:]:
            text += f" - {part[1:]}" if part.startswith("-") else f" + {part}"
        return text

    def _correlation(self, nest: Nest, found: Correlation, rest: Sequence[Nest], formula: Defined, title: str) -> str:
        """A correlation in an array of its own, the other terms added to it."""
        leaves = dict.fromkeys(f.head.tensor for n in (nest, *rest) for f in n.factors)
        arrays = [self.scope.arrays[leaf] for leaf in leaves if isinstance(leaf, Leaf)]
        text = NestText(self, nest, formula)
        result = self._allocated(formula, arrays)
        write_correlation(text, found, result)
        product = " * ".join(plain(f.head.name) for f in nest.factors)
        reads = tuple(
            f"{plain(f.head.name)}: windows" if f.head.tensor == found.images else plain(f.head.name)
            for f in nest.factors
        )
        place = "sums over windows" if found.kind == "gather" else "adjoint of windows"
        step = step_of(found, formula.shape, self.accuracy, self.wanted)
        numbers = text.cost(), bytes_moved(nest, formula, self.scope.text)
        self.rows.append(Row(title, product, reads, place, *numbers, "by sizes, when it runs", step))
        scale = text.scaled(result)
        if scale != result:
            self.scope.line(f"{result} = {scale}")
        for other in rest:
            part = self._write(other, formula, title)
            self.scope.line(f"{result} {'-=' if part.startswith('-') else '+='} {part.removeprefix('-')}")
        self.fresh = True
        return result

    def _pooling(self, found: Pooling, nest: Nest, formula: Defined, title: str) -> str:
        """A sum of windows or an adjoint; the coefficient goes to the smaller array, out there or in here."""
        text = NestText(self, nest, formula)
        read = (None if found.windows in self.given else found.images, found.upstream)
        arrays = [self.scope.arrays[leaf] for leaf in read if leaf is not None]
        moved = bytes_moved(nest, formula, self.scope.text)
        self.rows.append(Row(title, plain(found.images.name), ("windows",), found.kind, "0", moved, _AXES))
        self.fresh = True
        if found.kind != "sum":
            scaled = self.scope.assign("scaled", text.scaled(arrays[-1]))
            return self._pooled(found, [*arrays[:-1], scaled], formula, text.text)
        return self._scaled(text, lambda made: self._pooled(found, arrays, formula, text.text, made))

    def _scaled(self, text: NestText, write: Callable[[str], str]) -> str:
        """Sums that `write` writes, times the coefficient; quotients of floats stand in the caller's array.

        write: takes the name of the helper that makes the array to be filled.
        """
        if text.scaled("total") == "total":
            return write("_result")
        divisor, filled = text.divisor(), self.filled
        if not divisor:
            self.filled = ""
            return text.scaled(write("_result"))
        return f"_quotient({write('_sums')}, {divisor}, {filled or None})"

    def _known_rank(self, found: KnownRank, nest: Nest, formula: Defined, title: str) -> str:
        """A sum of products column times row, along one axis after the other."""
        text = NestText(self, nest, formula)
        names = [self.scope.arrays[leaf] for leaf in (found.images, found.columns, found.rows)]

        def write(made: str) -> str:
            result = self._allocated(formula, names, made=made)
            vectors = [f"{n}.T" if turned else n for n, turned in zip(names[1:], found.transposed, strict=True)]
            self.scope.line(f"_separable({names[0]}, {', '.join(vectors)}, out={result})")
            return result

        scaled = self._scaled(text, write)
        product = " * ".join(plain(f.head.name) for f in nest.factors)
        cost = text.cost() + ", by two products of one axis each"
        moved = bytes_moved(nest, formula, self.scope.text)
        self.rows.append(Row(title, product, ("windows",), "sums over windows", cost, moved, "known rank"))
        self.fresh = True
        return scaled

    def _pooled(
        self,
        found: Pooling,
        arrays: Sequence[str],
        formula: Defined,
        text_of: Callable[[Poly], str],
        made: str = "_result",
    ) -> str:
        """Pooling in an array of its own; the winners of a maximum are kept where they are asked for."""
        given = self.given.get(found.windows)
        result = self._allocated(formula, arrays, () if given is None else (given,), made)
        if found.kind == "maximum" and found.windows in self.routes:
            self.winners[found.windows] = self._kept_winners(found, formula, (arrays[0], result), text_of)
        winners = self.winners.get(found.windows, "") if found.kind in ("maximum", "route") else ""
        if given is not None and found.upstream is not None:
            shape, taps = f"{self.scope.arrays[found.upstream]}.shape", taps_text(found, text_of)
            self.scope.line(f'{given} = _tap_numbers("{given}", {given}, {shape}, {taps})')
        write_pooling(self.scope, found, arrays, result, text_of, winners)
        return result

    def _kept_winners(
        self, found: Pooling, formula: Defined, apart: Sequence[str], text_of: Callable[[Poly], str]
    ) -> str:
        """The array for the number of the tap that wins each window; `apart` are those it shares no memory with."""
        kept, self.kept = self.kept, ""
        shape, kind = self.extents(formula.shape), f"_tap_type({taps_text(found, text_of)})"
        name = self.scope.names.fresh("numbers")
        made = f"_result({kept}, {shape}, {kind}, {', '.join(apart)})" if kept else f"np.empty({shape}, {kind})"
        self.scope.line(f"{name} = {made}")
        return name

    def _allocated(
        self, formula: Defined, arrays: Sequence[str], others: Sequence[str] = (), made: str = "_result"
    ) -> str:
        """The array that a helper fills from these: the caller's own where this is the last stage.

        others: read too, without a say in the type of the result.  made: the helper that says whether it can be.
        """
        filled, self.filled = self.filled, ""
        shape, named = self.extents(formula.shape), ", ".join(dict.fromkeys(arrays))
        kind, result = f"np.result_type({named})", self.scope.names.fresh("result")
        array = (
            f"{made}({filled}, {shape}, {kind}, {', '.join([named, *others])})"
            if filled
            else f"np.empty({shape}, {kind})"
        )
        self.scope.line(f"{result} = {array}")
        return result

    def _write(self, nest: Nest, formula: Defined, title: str) -> str:
        pooling = pooling_of(nest, formula)
        if pooling is not None:
            return self._pooling(pooling, nest, formula, title)
        known_rank = known_rank_of(nest, formula)
        if known_rank is not None:
            return self._known_rank(known_rank, nest, formula, title)
        writer = NestWriter(self, nest, formula)
        text = writer.write()
        product = " * ".join(plain(f.head.name) for f in nest.factors) or "1"
        moved = bytes_moved(nest, formula, self.scope.text)
        self.rows.append(Row(title, product, tuple(writer.reads), writer.placed(), writer.cost(), moved))
        self.fresh = writer.fresh
        return text

    def extents(self, shape: Sequence[Poly]) -> str:
        return tuple_text([self.scope.scalar(n, "extent") for n in shape]) if shape else "()"


_AXES = "one axis after the other"


def _renamed(poly: Poly | None, names: Mapping[str, str]) -> Poly | None:
    return poly and poly.substitute({old: Poly.of(new) for old, new in names.items()})


def _comment(title: str) -> str:
    """A title that cannot leave its comment."""
    return "".join(c if c.isprintable() and c.isascii() else " " for c in title)[:100]


__all__ = ["Lowering", "Row"]
