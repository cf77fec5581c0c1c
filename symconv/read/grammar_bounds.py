r"""Sums, maxima, derivatives and conditions: the constructs that reach over a row.

A sum, a maximum and a derivative operator take the rest of their term, up to
the next + or - outside brackets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction as Ratio

from symconv.notation.latex_writer import write_latex
from symconv.notation.layout import Big, Fence, Fraction, Grid, Letter, Node, Numeral, Row, Script, Sign, Space, Words
from symconv.notation.names import name_key
from symconv.read.expression import (
    Access,
    Add,
    Biggest,
    Binding,
    Cases,
    Comparison,
    Diff,
    Elementwise,
    Expr,
    Extremum,
    Indicator,
    Modulo,
    Mul,
    Negate,
    Num,
    Ref,
    Total,
    Tuple,
)
from symconv.read.rows import COMPARISONS, Cursor, Rows, has_relation, split, text_of
from symconv.read.words import in_english

_INFINITY = Letter("\\infty")
_ORDERED = ("<", r"\le")
_HOLDS = {"<": "<", r"\le": "<=", "=": "=", r"\ge": ">=", ">": ">", r"\neq": "<>"}  # of less, equal, greater


class Bounds(Rows):
    """Reads what binds names or compares."""

    def named(self, cursor: Cursor) -> Expr:
        raise NotImplementedError

    def is_name(self, item: Node | None) -> bool:
        raise NotImplementedError

    # -- sums and maxima -------------------------------------------------------------

    def big(self, cursor: Cursor) -> Expr:
        item = cursor.take()
        assert isinstance(item, Big)
        if self.in_limit and item.sign in (r"\max", r"\min") and item.lower is None:
            return self._extreme(item, cursor)
        if item.sign not in (r"\sum", r"\max"):
            raise self.source.unsupported(item.at, item.sign, "use \\sum or \\max")
        body = cursor.item
        if item.sign == r"\max" and isinstance(body, Fence) and body.opener in (r"\{", "("):
            marks = split(body.body, "|", ":")
            if len(marks) == 2 and item.lower is None:
                cursor.take()
                ranges = tuple(b for part in split(marks[1], ";") for b in self.bindings(part, None, item.at))
                return self._over(Biggest, ranges, Cursor(marks[0].items, marks[0].at), item.at)
            listed = split(body.body, ",", ";")
            if item.lower is None and len(listed) == 2 and (Numeral("0"),) in [part.items for part in listed]:
                cursor.take()
                (other,) = [p for p in listed if p.items != (Numeral("0"),)] or listed[1:]
                return Elementwise("relu", 0, self.expression(other.items, other.at), at=item.at)
            if item.lower is None:
                raise self.source.unsupported(
                    item.at, "a maximum of listed numbers", "write \\max_{...} over a range, or a function"
                )
        if item.lower is None:
            raise self.source.fault(
                item.at, f"{item.sign} without an index", "an index below", f"write {item.sign}_{{i=0}}^{{n-1}}"
            )
        bounds, conditions = _without_conditions(item.lower, self.kinds.is_bound_name(self.bound))
        bindings = self.bindings(bounds, item.upper, item.at)
        if conditions == [item.lower]:  # j \neq i
            others = frozenset(name for name, _ in self.names_in(split(item.lower, r"\neq")[1]) if not name.isdigit())
            bindings = tuple(replace(b, excluded=others) for b in bindings)
        return self._over(Total if item.sign == r"\sum" else Biggest, bindings, cursor, item.at, conditions)

    def _extreme(self, item: Big, cursor: Cursor) -> Expr:
        r"""`\max(0, i - r + 1)` as a limit: the sum begins at the greatest of several numbers."""
        fence = cursor.item
        pieces = split(fence.body, ",") if isinstance(fence, Fence) and fence.opener in ("(", r"\{") else []
        if len(pieces) < 2:
            raise self.source.fault(item.at, f"{item.sign} of one number", "a list", f"write {item.sign}(a, b)")
        cursor.take()
        return Extremum(item.sign, tuple(self.expression(p.items, p.at) for p in pieces), at=item.at)

    def _over(
        self,
        kind: type[Total] | type[Biggest],
        bindings: tuple[Binding, ...],
        cursor: Cursor,
        at: int,
        conditions: Sequence[Row] = (),
    ) -> Expr:
        if conditions and kind is Biggest:
            raise self.source.unsupported(at, "a maximum with a condition", "write the range by its ends")
        outer = self.unlimited
        self.unlimited = outer | {b.name for b in bindings if b.low is None and not b.endless}
        with self.binding([b.name for b in bindings]):
            if cursor.item is None:
                raise self.source.fault(at, "nothing to add up", "an expression behind it", "complete the sum")
            held = tuple(c for row in conditions for c in self.conditions(row))
            body = self._reach(kind, cursor)
            body = Mul((Indicator(held, at=at), body), at=body.at) if held else body
        self.unlimited = outer
        return kind(bindings, body, at=at)

    def _reach(self, kind: type[Total] | type[Biggest], cursor: Cursor) -> Expr:
        """What is added up: one term, `-x_k` too; a maximum that opens its row takes all of it."""
        if kind is Total and cursor.is_sign("-"):
            at = cursor.take().at
            return Negate(self.term(cursor), at=at)
        return self.term(cursor) if kind is Total or cursor.next else self.expression(cursor.rest(), cursor.start)

    def bindings(self, lower: Row, upper: Row | None, at: int) -> tuple[Binding, ...]:
        """`u=0` with an upper limit, `0 \\le u < r`, `i, j`, or `xy`; in a list each for itself."""
        endless = self._endless(lower, upper)
        if endless is not None:
            return endless
        for item in (*lower.items, *(upper.items if upper else ())):
            if item == Letter("\\infty"):
                raise self.source.unsupported(item.at, "a sum with one end", "give both ends, or -\\infty and \\infty")
        if (labels := self._labels(lower, upper)) is not None:
            return labels
        if len(lower.items) == 1 and isinstance(lower.items[0], Grid):
            return self._stacked(lower.items[0], upper, at)
        marks = [i.text for i in lower.items if isinstance(i, Sign) and i.text in (*COMPARISONS, r"\in")]
        if not marks:
            if upper is not None:
                raise self.source.fault(
                    lower.at, "an upper limit without a lower one", "i=0 below", "write \\sum_{i=0}^{n-1}"
                )
            return tuple(Binding(n, at=a) for n, a in self.names_in(lower))
        if marks == ["="]:
            left, right = split(lower, "=")
            return self._from_to(left, right, upper, at)
        each = split(lower, ",")
        if upper is None and len(marks) == 2 * len(each) and all(len(split(p, *_ORDERED)) == 3 for p in each):
            return tuple(b for part in each for b in self._between(part))  # 0 \le i < n, 0 \le j < m
        if upper is None and all(m in _ORDERED for m in marks):
            return self._between(lower)
        raise self.source.fault(
            lower.at,
            f"the range {write_latex(lower)}",
            "i=0 with an upper limit, 0 \\le i < n, or names",
            "write one of these forms",
        )

    def _endless(self, lower: Row, upper: Row | None) -> tuple[Binding, ...] | None:
        r"""`\sum_{k=-\infty}^{\infty}`: over all integers."""
        parts = split(lower, "=")
        low = parts[1].items if len(parts) == 2 else ()
        if low != (Sign("-"), _INFINITY) or upper is None or upper.items not in ((_INFINITY,), (Sign("+"), _INFINITY)):
            return None
        return tuple(Binding(name, endless=True, at=at) for name, at in self.names_in(parts[0]))

    def _labels(self, lower: Row, upper: Row | None) -> tuple[Binding, ...] | None:
        r"""`\sum_{c \in \{r, g, b\}}`: over the labels that a line gives the index."""
        parts = split(lower, r"\in")
        fence = parts[1].items[0] if len(parts) == 2 and len(parts[1].items) == 1 else None
        if upper is not None or not isinstance(fence, Fence) or fence.opener != r"\{":
            return None
        if Sign(r"\dots") in fence.body.items:  # \{0, \dots, n-1\}
            return self._from_to(parts[0], parts[1], None, lower.at)
        names = self.names_in(parts[0])
        said = tuple(name_key(piece) for piece in split(fence.body, ","))
        for name, at in names:
            declared = self.kinds.facts.labels.get(name)
            if declared is None or sorted(declared) != sorted(said):
                raise self.source.fault(
                    at,
                    f"{name} over the set {write_latex(fence)}",
                    f"the labels of {name}, {{{', '.join(declared)}}}" if declared else "labels that a line declares",
                    f"declare label {name} in {{{', '.join(said)}}}",
                )
        return tuple(Binding(name, count=len(said), at=at) for name, at in names)

    def _stacked(self, grid: Grid, upper: Row | None, at: int) -> tuple[Binding, ...]:
        r"""`\substack{0 \le i < n \\ 0 \le j < m}`: a range a line."""
        lines = [row[0] for row in grid.rows if len(row) == 1 and row[0].items]
        if len(lines) < len(grid.rows) or (upper is not None and len(lines) > 1):
            raise self.source.fault(
                grid.at, "several lines under one upper limit", "0 \\le i < n on each line", "give every line both ends"
            )
        return tuple(b for line in lines for b in self.bindings(line, upper, at))

    def _from_to(self, left: Row, right: Row, upper: Row | None, at: int) -> tuple[Binding, ...]:
        names = self.names_in(left)
        listed = upper is None
        second: Expr | None = None
        if upper is None:  # k = 1, \dots, r, with braces or without
            only = right.items[0] if len(right.items) == 1 else None
            right = only.body if isinstance(only, Fence) and only.opener == r"\{" else right
            pieces = split(right, ",")
            if len(pieces) not in (3, 4) or pieces[-2].items != (Sign(r"\dots"),):
                raise self.source.fault(
                    at, f"{names[0][0]} without an upper limit", "an upper limit", "write \\sum_{i=0}^{n-1}"
                )
            right, upper = pieces[0], pieces[-1]
            second = self._limit(pieces[1]) if len(pieces) == 4 else None
        low, high = self._limit(right), self._limit(upper)
        return tuple(Binding(name, low, high, listed, second, at=a) for name, a in names)

    def _between(self, lower: Row) -> tuple[Binding, ...]:
        """0 \\le u < r; a strict end is one further in."""
        marks = [i.text for i in lower.items if isinstance(i, Sign) and i.text in _ORDERED]
        found: list[Binding] = []
        pieces = split(lower, *_ORDERED)
        if len(pieces) != 3:
            raise self.source.fault(
                lower.at, f"the range {write_latex(lower)}", "0 \\le i < n", "give both ends, one range a sum"
            )
        low, middle, high = pieces
        for name, at in self.names_in(middle):
            found.append(Binding(name, self._end(low, marks[0] == "<", 1), self._end(high, marks[1] == "<", -1), at=at))
        return tuple(found)

    def _end(self, row: Row, strict: bool, step: int) -> Expr:
        end = self._limit(row)
        return Add((end, Num(Ratio(step), at=row.at)), at=row.at) if strict else end

    def _limit(self, row: Row) -> Expr:
        """In a limit, an undeclared letter with a label is a size: `N_1`."""
        outer, self.in_limit = self.in_limit, True
        try:
            return self.expression(row.items, row.at)
        finally:
            self.in_limit = outer

    def names_in(self, row: Row) -> list[tuple[str, int]]:
        """Index names side by side: `i, j`, `xy`, `x' y'`."""
        names: list[tuple[str, int]] = []
        for item in row.items:
            if isinstance(item, (Sign, Space)) and item in (Sign(","), Space()):
                continue
            plain = isinstance(item, Letter) or (
                isinstance(item, Script) and isinstance(item.base, Letter) and item.sup is None
            )
            if not plain or item == Letter("\\partial"):
                raise self.source.fault(
                    item.at, f"'{write_latex(item)}' as an index to sum over", "a letter", "write \\sum_{i, j}"
                )
            key = name_key(item)
            if key in (n for n, _ in names):
                raise self.source.ill_formed(
                    item.at, f"the index {key} bound twice", "different names", "rename one of the two"
                )
            names.append((key, item.at))
        if not names:
            raise self.source.fault(row.at, "no index to sum over", "a letter", "write \\sum_{i=0}^{n-1}")
        return names

    # -- derivatives -------------------------------------------------------------------

    def derivative(self, item: Fraction, cursor: Cursor) -> Expr | None:
        """`\\frac{\\partial L}{\\partial x_i}`, or the operator before the rest of its term; None for a quotient."""
        top, bottom = item.top.items, item.bottom.items
        above, below = _starts_with_d(top), _starts_with_d(bottom)
        if above == "\\partial" and below is None:
            raise self.source.fault(
                item.bottom.at,
                "a denominator without \\partial",
                "\\partial above and below",
                "write \\frac{\\partial y}{\\partial w}",
            )
        if above is None or below is None or len(bottom) < 2:
            return None
        if above == "d" and self.kinds.kind("d") is not None:
            raise self.source.fault(
                item.at, "d, which is declared, above and below", "\\partial in a derivative", "write \\partial"
            )
        if above != below:
            raise self.source.fault(
                item.at, f"{above} above and {below} below", "the same sign twice", "write \\partial twice"
            )
        by = self._by(Row(bottom[1:], at=bottom[1].at))
        if len(top) == 1:
            if cursor.item is None:
                raise self.source.fault(
                    item.at, "a derivative of nothing", "an expression behind it", "complete the derivative"
                )
            return Diff(self.term(cursor), by, at=item.at)
        inner = Cursor(top[1:], top[1].at)
        value = self.term(inner)
        if inner.item is not None:
            raise self.source.fault(
                inner.at, "a sum without parentheses under \\partial", "one term", "put it in parentheses"
            )
        return Diff(value, by, at=item.at)

    def slashed_derivative(self, cursor: Cursor) -> Expr | None:
        """`dL/dX` and `\\partial L/\\partial X` on one line."""
        mark = _starts_with_d(cursor.items[cursor.next :])
        if mark is None or (mark == "d" and self.kinds.kind("d") is not None):
            return None
        start = cursor.next
        slash = next((n for n, i in enumerate(cursor.items) if n > start + 1 and i == Sign("/")), None)
        if slash is None or _starts_with_d(cursor.items[slash + 1 :]) != mark or slash + 2 >= len(cursor.items):
            return None
        at = cursor.at
        inner = Cursor(cursor.items[start + 1 : slash], at)
        value = self.named(inner)
        if inner.item is not None:
            return None
        cursor.next = slash + 2
        by_at = cursor.at
        return Diff(value, self._entry_or_name(self.named(cursor), by_at), at=at)

    def nabla(self, cursor: Cursor) -> Expr:
        r"""`\nabla_x L`: the derivatives by every entry of x, in the shape of x."""
        item = cursor.take()
        if not isinstance(item, Script) or item.sub is None or item.sup is not None or not self.is_name(cursor.item):
            raise self.source.fault(
                item.at,
                r"\nabla in this place",
                r"\nabla_x L",
                "name its tensor, or write a fraction",
            )
        by = self._by(item.sub)
        at = cursor.at
        value = self.named(cursor)
        if not isinstance(value, Ref):
            raise self.source.fault(at, r"\nabla of something composed", r"\nabla_x L of a loss L", "name it first")
        return Diff(value, by, True, at=item.at)

    def _by(self, row: Row) -> Expr:
        cursor = Cursor(row.items, row.at)
        if cursor.item is None or not self.is_name(cursor.item):
            raise self.source.fault(row.at, "no name below \\partial", "an entry or a tensor", "name it first")
        by = self.named(cursor)
        if cursor.item is not None:
            raise self.source.fault(
                cursor.at, "more than one name below \\partial", "one entry or one tensor", "differentiate once"
            )
        return self._entry_or_name(by, row.at)

    def _entry_or_name(self, by: Expr, at: int) -> Expr:
        if not isinstance(by, (Access, Ref)):
            raise self.source.fault(at, "a derivative by something composed", "an entry or a tensor", "name it first")
        return by

    # -- conditions --------------------------------------------------------------------

    def conditions(self, row: Row) -> tuple[Comparison, ...]:
        """Comma-separated chains: `0 \\le i < n, x + u = i`."""
        found: list[Comparison] = []
        for part in split(row, ",", ";"):
            divides = split(part, "|")
            if len(divides) == 2 and not has_relation(part):  # s | i - u
                by, what = (self.expression(p.items, p.at) for p in divides)
                found.append(Comparison("=", Modulo(what, by, at=part.at), Num(Ratio(0), at=part.at), at=part.at))
                continue
            pieces = split(part, *COMPARISONS)
            marks = [i for i in part.items if isinstance(i, Sign) and i.text in COMPARISONS]
            if not marks:
                raise self.source.fault(
                    part.at, f"'{write_latex(part)}'", "a condition such as x + u = i", "complete it"
                )
            sides = [self.expression(p.items, p.at) for p in pieces]
            for mark, left, right in zip(marks, sides, sides[1:], strict=False):
                found += self._compared(mark, left, right)
        return tuple(found)

    def _compared(self, mark: Sign, left: Expr, right: Expr) -> list[Comparison]:
        """`(a, b) = (i + u, j + v)` is said of each place."""
        pairs = [(left, right)]
        if isinstance(left, Tuple) and isinstance(right, Tuple) and mark.text == "=":
            if len(left.items) != len(right.items):
                raise self.source.ill_formed(
                    mark.at,
                    f"{len(left.items)} places on the left, {len(right.items)} on the right",
                    "as many on both sides",
                    "complete the shorter one",
                )
            pairs = list(zip(left.items, right.items, strict=True))
        return [Comparison(mark.text, a, b, at=mark.at) for a, b in pairs]  # type: ignore[arg-type]

    def indicator(self, row: Row, at: int) -> Expr:
        return Indicator(self.conditions(row), at=at)

    def cases(self, grid: Grid) -> Expr:
        """Branches with conditions; the last is `otherwise`."""
        branches: list[tuple[Expr, tuple[Comparison, ...]]] = []
        for number, cells in enumerate(grid.rows):
            if len(cells) != 2:
                raise self.source.fault(
                    grid.at, "a case without its condition", "value & condition", "separate them by &"
                )
            value = Row(tuple(i for i in cells[0].items if i != Sign(",")), at=cells[0].at)
            condition, words = _condition_and_words(cells[1], lambda words: self.kinds.known(name_key(words)))
            last = number == len(grid.rows) - 1
            if words not in ("if", "for", "when", "", "otherwise", "else"):
                raise self.source.fault(
                    cells[1].at, f"the words '{words}'", "if or otherwise", "write the condition as mathematics"
                )
            otherwise = words in ("otherwise", "else")
            if otherwise and (not last or condition.items):
                raise self.source.fault(
                    cells[1].at, f"'{words}' before another case", "otherwise at the end", "put it on the last line"
                )
            holds = () if otherwise else self.conditions(condition)
            if last and not otherwise and not _part_the_numbers([c for _, c in branches] + [holds]):
                raise self.source.fault(
                    cells[1].at, "a last case with a condition", "otherwise", "say what holds in all other cases"
                )
            branches.append((self.expression(value.items, value.at), () if last else holds))
        return Cases(tuple(branches), at=grid.at)


def _without_conditions(lower: Row, known: Callable[[Node], bool]) -> tuple[Row, list[Row]]:
    r"""What is summed over, and the conditions on it: behind a colon, on lines of their own, `j \neq i`."""
    head, *rest = split(lower, ":")
    if rest:
        return head, rest
    grid = lower.items[0] if len(lower.items) == 1 else None
    if isinstance(grid, Grid) and all(len(row) == 1 for row in grid.rows):
        lines = [row[0] for row in grid.rows]
        said = [line for n, line in enumerate(lines) if n and _only_limits(line)]
        if said:
            kept = tuple(row for row in grid.rows if row[0] not in said)
            bounds = kept[0][0] if len(kept) == 1 else Row((Grid(grid.environment, kept, at=grid.at),), at=lower.at)
            return bounds, said
    first, *further = split(lower, ",")
    if further and all(map(_only_limits, further)):  # k = 0, k \neq i
        return first, further
    sides = split(lower, r"\neq")
    if len(sides) == 2 and len(sides[0].items) == 1 and not known(sides[0].items[0]):
        return sides[0], [lower]
    return lower, []


def _only_limits(row: Row) -> bool:
    r"""A condition that gives no range: with one comparison that is not an equality with a single name, or s | i."""
    marks = [i.text for i in row.items if isinstance(i, Sign) and i.text in (*COMPARISONS, "|", r"\in")]
    if marks in (["|"], [r"\neq"]):
        return True
    left = split(row, "=")[0]
    return (
        marks == ["="] and len([i for i in left.items if not isinstance(i, Space)]) > 1 and Sign(",") not in left.items
    )


def _condition_and_words(cell: Row, is_name: Callable[[Words], bool]) -> tuple[Row, str]:
    """What is said in mathematics, with commas for each `and` between two conditions, and the other words."""
    items: list[Node] = []
    words: list[str] = []
    for item in cell.items:
        text = in_english(text_of(item).strip()) if isinstance(item, Words) and not is_name(item) else ""
        if text == "and" and items:
            items.append(Sign(",", at=item.at))
        elif text:
            words.append(text)
        elif not isinstance(item, Space):
            items.append(item)
    return Row(tuple(items), at=cell.at), " ".join(words).strip().rstrip(".,")


def _part_the_numbers(cases: list[tuple[Comparison, ...]]) -> bool:
    """Whether exactly one of the cases holds, whatever the numbers: `i > 0` and `i \\le 0`."""
    first = [c for case in cases for c in case]
    alike = all(len(case) == 1 for case in cases) and all(
        (c.left, c.right) == (first[0].left, first[0].right) for c in first
    )
    return alike and sorted("".join(_HOLDS[c.relation] for c in first)) == ["<", "=", ">"]


def _starts_with_d(items: tuple[Node, ...]) -> str | None:
    if not items:
        return None
    if items[0] == Letter("\\partial"):
        return "\\partial"
    first = items[0]
    if (isinstance(first, Letter) and first.name == "d") or (isinstance(first, Words) and first.text == "d"):
        return "d"
    return None
