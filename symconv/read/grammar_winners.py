"""Arg max: the place where a maximum is attained, and the names that a formula gives to its coordinates.

`(u^*, v^*) = \arg\\max_{u,v} x_{i+u,j+v}` names two index functions of i and j; of equal entries the first wins.
"""

from __future__ import annotations

from dataclasses import replace

from symconv.notation.layout import Big, Fence, Letter, Node, Row, Script, Space, Words
from symconv.notation.names import name_key
from symconv.notation.source import Source
from symconv.read.clauses import Statement
from symconv.read.expression import Biggest, Expr, Tuple, Winner
from symconv.read.rows import Cursor, Rows, split

_WORDS = {"argmax", "arg max", r"arg\,max", r"arg\ max", r"arg~max"}


class Winners(Rows):
    """Reads an arg max as the tuple of its coordinates."""

    def arg_max(self, cursor: Cursor) -> Expr | None:
        """`\arg\\max_{u,v} ...`: one position, or as many as indices run."""
        lower = _under_arg_max(cursor.rest_of())
        if lower is None:
            return None
        at = cursor.at
        if cursor.take() == Big(r"\arg"):
            cursor.take()
        inner = Cursor((Big(r"\max", lower, None, at=at), *cursor.rest()), at)
        greatest = self.term(inner)
        if inner.item is not None or not isinstance(greatest, Biggest):
            raise self.source.fault(at, "an arg max of several terms", "one term behind it", "put it in parentheses")
        places = tuple(Winner(greatest, axis, at=at) for axis in range(len(greatest.bindings)))
        return places[0] if len(places) == 1 else Tuple(places, at=at)


def _under_arg_max(items: tuple[Node, ...]) -> Row | None:
    """What stands below an arg max that opens a row."""
    first, second = (*items[:2], None, None)[:2]
    if isinstance(first, Big) and first == Big(r"\arg") and isinstance(second, Big) and second.sign == r"\max":
        return second.lower
    if isinstance(first, Big) and first.sign == r"\argmax":
        return first.lower
    if isinstance(first, Script) and isinstance(first.base, Words) and first.base.text.strip() in _WORDS:
        return first.sub
    return None


def named_places(statement: Statement) -> list[str] | None:
    """The names that a formula gives to the coordinates of an arg max: `i^*`, or `(u^*, v^*)`."""
    if len(statement.sides) != 2:
        return None
    left, right = (tuple(i for i in side.items if not isinstance(i, Space)) for side in statement.sides)
    if _under_arg_max(right) is None:
        return None
    if len(left) == 1 and isinstance(left[0], Fence) and left[0].opener == "(":
        left = tuple(part.items[0] for part in split(left[0].body, ",") if len(part.items) == 1)
    plain = all(isinstance(i, Letter) or (isinstance(i, Script) and i.sub is None) for i in left)
    return [name_key(i) for i in left] if plain else None


def places_of(names: list[str], value: Expr, source: Source, at: int) -> dict[str, Winner]:
    """Each name with its coordinate."""
    found = value.items if isinstance(value, Tuple) else (value,)
    places = [f for f in found if isinstance(f, Winner)]
    if len(places) != len(names):
        raise source.fault(
            at, f"{len(names)} names for {len(places)} indices", "a name for each index of the arg max", "name each"
        )
    return {name: replace(place, at=at) for name, place in zip(names, places, strict=True)}
