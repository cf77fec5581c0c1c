r"""A display cut into statements: lines, relations, trailing conditions and remarks.

A statement is a chain of sides with the relations between them.  Ranges and
conditions behind it belong to it.  A remark in words behind a space is dropped
and kept as a note; words that could limit the claim are never dropped.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from symconv.notation.latex_writer import write_latex
from symconv.notation.layout import (
    Boxed,
    Fence,
    Grid,
    Letter,
    Node,
    Numeral,
    Row,
    Script,
    Sign,
    Space,
    Tag,
    Words,
    walk,
)
from symconv.notation.source import LocatedError, Source
from symconv.notation.symbols import ALIGNED, RELATIONS
from symconv.read.rows import EQUALITIES, split
from symconv.read.words import in_english

FLOWS = {r"\rightarrow", r"\leftarrow", r"\mapsto", r"\downarrow", r"\uparrow"}
JOINING = {"+", "-", r"\cdot", r"\times", "*"}
CONDITION_WORDS = {"if", "for", "when", "where", "with", "provided", "such", "whenever"}
LIMITING_WORDS = frozenset(
    """only unless except assuming assume assumed suppose mod modulo up almost not in at on near inside outside interior
    border boundary edge given long let fix fixed odd even case cases away far large small enough sufficiently never
    sometimes approximately approx about roughly else until while during iff under without ignoring neglecting
    excluding generally typically usually setting choose otherwise first last within stride strides padding dilation
unit""".split()  # noqa: SIM905
).union(CONDITION_WORDS)
_FOR_ALL = ("for all", "for every", "for each", "for any")
LEADING_WORDS = frozenset("so thus hence therefore then and that is i.e i e gives yields which we get also".split())  # noqa: SIM905


@dataclass
class Statement:
    """Sides with the relations between them; `opening` is the relation a line begins with."""

    at: int
    sides: list[Row] = field(default_factory=list)
    marks: list[Sign] = field(default_factory=list)
    opening: Sign | None = None
    conditions: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def latex(self) -> str:
        return write_latex(self.row)

    @property
    def row(self) -> Row:
        items: list[Node] = [self.opening] if self.opening else []
        for n, side in enumerate(self.sides):
            items += [*side.items, *self.marks[n : n + 1]]
        return Row(tuple(items), at=self.at)


IsName = Callable[[Node], bool]


def statements(row: Row, source: Source, is_name: IsName) -> list[Statement]:
    """The statements of a display, in order."""
    found: list[Statement] = []
    for line in _lines(row):
        found += _Line(source, is_name).read(line)
    return found


def _lines(row: Row) -> list[Row]:
    """The logical lines: aligned rows that begin with = or + continue the one before."""
    items = tuple(i for i in row.items if not isinstance(i, Tag))
    opened: list[Node] = []
    for item in items:
        opened += item.body.items if isinstance(item, Boxed) and len(items) == 1 else (item,)
    grids = [i for i in opened if isinstance(i, Grid) and (i.environment in ALIGNED or i.environment == "lines")]
    if len(grids) != 1 or len(opened) != 1:
        return [Row(tuple(opened), at=row.at)] if opened else []
    lines: list[Row] = []
    for cells in grids[0].rows:
        joined: list[Node] = []
        for n, cell in enumerate(cells):
            joined += [Space(at=cell.at)] if n and n % 2 == 0 and cell.items else []
            joined += cell.items
        for line in _lines(Row(tuple(joined), at=cells[0].at)):
            first = next((i for i in line.items if not isinstance(i, Space)), None)
            if lines and isinstance(first, Sign) and (first.text in JOINING or first.text in EQUALITIES):
                rest = line.items[line.items.index(first) :]
                lines[-1] = Row((*lines[-1].items, *rest), at=lines[-1].at)
            elif first is not None:
                lines.append(line)
    return lines


class _Line:
    """One logical line, cut from left to right."""

    def __init__(self, source: Source, is_name: IsName) -> None:
        self.source = source
        self.is_name = is_name
        self.found: list[Statement] = []
        self.listing = False  # behind `for all i`, where `, j` goes on
        self.listed = False

    def read(self, line: Row) -> list[Statement]:
        parts = self._parts(line)
        for words, items in parts:
            self._part(words, items)
        return self.found

    def _parts(self, line: Row) -> list[tuple[str | None, list[Node]]]:
        """Pieces between separators; each with the words that introduce it, or None."""
        parts: list[tuple[str | None, list[Node]]] = [(None, [])]
        after_space = False
        line = self._counted(line)
        for n, item in enumerate(line.items):
            if isinstance(item, Space):
                after_space = True
                opened = parts[-1][0] is not None and not parts[-1][1]  # \text{where} \quad ...
                if not opened and not _joins(parts[-1][1], line.items[n + 1 :]):
                    parts.append((None, []))
            elif item in (Sign(","), Sign(";"), Sign(".")) and not _in_range(parts[-1][1], line, item):
                parts.append((None, []))
            elif isinstance(item, Words) and not self.is_name(item):
                text = in_english(item.text)
                if parts[-1][1] and not after_space and _first_word(text) not in CONDITION_WORDS | {"and"}:
                    raise self._words_inside(item)
                parts.append((text.strip().strip(".,:; ").lower(), []))
            elif item in (Sign(r"\therefore"), Sign(r"\because")):
                continue
            else:
                parts[-1][1].append(item)
        return [(w, i) for w, i in parts if i or w]

    def _counted(self, line: Row) -> Row:
        """A line that opens with a declared count: its list number and its # say nothing, 24,300 is one number."""
        items = [i for i in line.items if not isinstance(i, Space)]
        numbered = len(items) > 1 and isinstance(items[0], Numeral) and items[1] == Sign(".")
        items = items[2:] if numbered else items
        items = items[1:] if items[:1] == [Sign(r"\#")] else items
        if not items or not isinstance(items[0], Words) or not self.is_name(items[0]):
            return line
        return Row(tuple(_thousands(items)), at=line.at)

    def _part(self, words: str | None, items: list[Node]) -> None:
        if self.found and items[:1] == [Sign(r"\forall")]:
            items = items[1:]
        at = items[0].at if items else 0
        row = Row(tuple(items), at=at)
        if not words and self.listing:
            if _are_names(items):
                return
            raise self.source.fault(
                at,
                f"'{write_latex(row)}' behind a list of indices",
                "a condition that says for which index it holds",
                "write \\text{for all } 0 \\le i < n, 0 \\le j < m",
            )
        self.listing = self.found != [] and words in _FOR_ALL and _are_names(items)
        if self.listing:
            self.listed = True
            self.found[-1].notes.append(f"{words} {write_latex(row)}")
        elif self.found and not words and (inner := _in_parentheses(items)):
            self._part(*inner)
        elif words:
            self._after_words(words, row)
        elif self.found and _is_number(items):
            self.found[-1].notes.append(f"the number {write_latex(row)} is left out")
        elif self.found and (items[0] == Sign(r"\leftarrow") or items in ([Sign("*")], [Sign(r"\#")])):
            self._remark(write_latex(row))
        elif self.found and _is_range(row):
            self.found[-1].conditions.append(row)
        elif self.found and not any(isinstance(i, Sign) and i.text in RELATIONS for i in items):
            if not self.found[-1].notes or not self.found[-1].notes[-1].startswith("remark"):
                raise self.source.fault(
                    at, f"'{write_latex(row)}' behind the formula", "a relation, a range or nothing", "remove it"
                )
        else:
            self._refuse_value_behind(row)
            self.found.append(_relation(row))

    def _refuse_value_behind(self, row: Row) -> None:
        """`x_i = x_0, i = 0` is meant for one i; a condition is said in words."""
        left, *rest = split(row, *EQUALITIES)
        said = [node for statement in self.found for node in walk(statement.row)]
        single = rest and len(left.items) == 1 and isinstance(left.items[0], (Letter, Script))
        valued = self.found and rest and len(rest[0].items) == 1 and isinstance(rest[0].items[0], Numeral)
        if single and (left.items[0] in said or (valued and isinstance(left.items[0], Letter))):
            raise self.source.fault(
                row.at,
                f"'{write_latex(row)}' behind a formula in {write_latex(left.items[0])}",
                "a condition in words, or a definition before it is used",
                f"write \\text{{for}} {write_latex(row)}",
            )

    def _after_words(self, words: str, row: Row) -> None:
        words = " ".join(w for w in (word.strip("()[]{}.,;:!?") for word in words.split()) if w)
        first = _first_word(words)
        if first == "and" and row.items:
            if self.found and (self.found[-1].conditions or self.listed):
                self.found[-1].conditions.append(row)
            else:
                self.found.append(_relation(row))
        elif words == "where" and _gives_an_entry(row):
            self.found.append(_relation(row))
        elif first in CONDITION_WORDS and row.items and self.found:
            if set(words.split()) - {
                "for",
                "all",
                "every",
                "each",
                "any",
                "if",
                "when",
                "where",
                "with",
                "provided",
                "that",
            }:
                raise self.source.fault(
                    row.at, f"the words '{words}'", "for, for all, if or when", "write the condition as mathematics"
                )
            self.found[-1].conditions.append(row)
        elif LIMITING_WORDS & set(words.split()):
            raise self.source.fault(
                row.at,
                f"the words '{words}'",
                "a condition written as mathematics",
                "write \\text{for} 0 \\le i < n, or use an assume line",
            )
        elif any(isinstance(i, Sign) and i.text in RELATIONS for i in row.items) and not _leads_on(words):
            raise self.source.fault(
                row.at, f"the words '{words}' before a relation", "a condition or a new sentence", "use for, if or when"
            )
        elif self.found and not _leads_on(words):
            self._remark(f"{words} {write_latex(row)}".strip())
        elif row.items:
            self.found.append(_relation(row))
            self.found[-1].notes.append(f"the words '{words}' are left out")
        elif self.found:
            self._remark(words)

    def _remark(self, text: str) -> None:
        self.found[-1].notes.append(f"remark left out: {text}")

    def _words_inside(self, item: Words) -> LocatedError:
        return self.source.fault(
            item.at,
            f"the words '{item.text.strip()}' inside the formula",
            "mathematics, or a declared name",
            "move the words behind \\quad",
        )


def _thousands(items: list[Node]) -> list[Node]:
    """`24,300` without a space is one number."""
    found: list[Node] = []
    for item in items:
        before, comma = found[-2:] if len(found) > 1 else (None, None)
        if (
            isinstance(item, Numeral)
            and isinstance(before, Numeral)
            and comma == Sign(",")
            and re.fullmatch(r"\d{3}", item.text)
            and re.fullmatch(r"\d{1,3}", before.text)
            and comma is not None
            and (before.at + len(before.text), comma.at + 1) == (comma.at, item.at)
        ):
            found[-2:] = [Numeral(before.text + item.text, at=before.at)]
        else:
            found.append(item)
    return found


def _are_names(items: list[Node]) -> bool:
    return bool(items) and all(isinstance(i, (Letter, Script)) or i == Sign(",") for i in items)


def _gives_an_entry(row: Row) -> bool:
    r"""`\delta_{i} = ..` and `\delta[i] = ..` behind "where" say what a tensor is; `i = 0` is a condition."""
    left, *rest = split(row, *EQUALITIES)
    indexed = isinstance(left.items[0], Script) and left.items[0].sub is not None if left.items else False
    return bool(rest) and (indexed or (len(left.items) > 1 and isinstance(left.items[1], Fence)))


def _in_parentheses(items: list[Node]) -> tuple[str | None, list[Node]] | None:
    r"""`(i \ge 1)` and `(\text{for } i = 0)` behind a formula limit it; `(i = 0)` alone may be a remark."""
    if len(items) != 1 or not isinstance(items[0], Fence) or items[0].opener != "(":
        return None
    first, *rest = items[0].body.items or (Sign(""),)
    if isinstance(first, Words):
        words = in_english(first.text.strip().lower())
        return (words, rest) if rest and _first_word(words) in CONDITION_WORDS else None
    return (None, [first, *rest]) if _is_range(items[0].body) else None


def _relation(row: Row) -> Statement:
    """Cut at the relations; one at the beginning opens a continuation."""
    statement = Statement(row.at)
    items = list(row.items)
    while items and isinstance(items[0], Sign) and items[0].text in (r"\Rightarrow", r"\iff"):
        statement.opening = items.pop(0)  # type: ignore[assignment]
    if items and isinstance(items[0], Sign) and items[0].text in EQUALITIES:
        statement.opening = items.pop(0)  # type: ignore[assignment]
    side: list[Node] = []
    for item in items:
        if isinstance(item, Sign) and item.text in RELATIONS | FLOWS:
            statement.sides.append(Row(tuple(side), at=side[0].at if side else item.at))
            statement.marks.append(item)
            side = []
        else:
            side.append(item)
    statement.sides.append(Row(tuple(side), at=side[0].at if side else row.at))
    return statement


def _first_word(text: str) -> str:
    return (text.strip().lower().split() or [""])[0].strip(".,:;(")


def _is_number(items: list[Node]) -> bool:
    """(8.13) or (1)."""
    return (
        len(items) == 1
        and isinstance(items[0], Fence)
        and all(
            isinstance(i, (Numeral, Sign)) or (isinstance(i, Letter) and n == len(items[0].body.items) - 1)
            for n, i in enumerate(items[0].body.items)
        )
    )


def _is_range(row: Row) -> bool:
    marks = [i.text for i in row.items if isinstance(i, Sign) and i.text in RELATIONS]
    dots = any(i == Sign(r"\dots") for i in row.items)
    ordered = ("<", r"\le", ">", r"\ge", r"\neq", r"\in")
    return bool(marks) and (all(m in ordered for m in marks) or (marks == ["="] and dots))


def _leads_on(words: str) -> bool:
    """Words that open a new statement and say nothing about when it holds."""
    return set(re.sub(r"[.,:;()]", " ", words).split()) <= LEADING_WORDS


def _joins(before: list[Node], after: tuple[Node, ...]) -> bool:
    r"""A space beside a relation or between operands separates nothing: `A \quad = \quad B`."""
    follows = next((i for i in after if not isinstance(i, Space)), None)
    signs = EQUALITIES | {"+", "-"}
    ends = before[-1] if before else None
    return bool(before) and any(isinstance(i, Sign) and i.text in signs for i in (ends, follows))


def _in_range(before: list[Node], line: Row, comma: Node) -> bool:
    """The commas of `i = 0, \\dots, n-1`."""
    at = next(n for n, i in enumerate(line.items) if i is comma)
    after = [i for i in line.items[at + 1 :] if not isinstance(i, Space)]
    nearest = after[0] if after else None
    comma_then = next((n for n, i in enumerate(after) if i == Sign(",")), len(after))
    said = any(isinstance(i, Sign) and i.text in RELATIONS for i in after[:comma_then])
    second = not said and after[comma_then + 1 : comma_then + 2] == [Sign(r"\dots")] and _after_equals(before)
    return bool(before) and (nearest == Sign(r"\dots") or before[-1] == Sign(r"\dots") or second)


def _after_equals(before: list[Node]) -> bool:
    """`i = 0` just before a comma: the first number of a list."""
    marks = [i for i in before if isinstance(i, Sign) and i.text in RELATIONS]
    return bool(marks) and marks[-1] == Sign("=") and len(split(Row(tuple(before)), "=")[-2].items) == 1
