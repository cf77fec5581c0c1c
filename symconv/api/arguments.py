"""What users give for a tensor, a number, a condition or a name: read as terms, or refused in one way."""

from __future__ import annotations

from sympy.core.relational import Relational
from sympy.logic.boolalg import BooleanAtom

from symconv.errors import BridgeError, NameClash, UsageError
from symconv.handles.positions import Condition
from symconv.handles.reading import poly_of, value_of
from symconv.handles.tensors import Tensor
from symconv.term import tensor as terms
from symconv.term import value as values
from symconv.term.polynomial import Poly


def tensor_of(item: object, place: str) -> terms.Tensor:
    """The tensor that was given."""
    if isinstance(item, Tensor):
        return item.term
    if isinstance(item, terms.Tensor):
        return item
    raise UsageError(place, kind_of(item), "a tensor", "make one with tensor(name, ..), or from a formula with define")


def kind_of(item: object) -> str:
    """What was given, on one short line."""
    text = f"{item!r}".splitlines()[0] if f"{item!r}" else ""
    return f"{text[:40]} ({type(item).__name__})"


def number_of(item: object, place: str) -> values.Value:
    """What stands for one number: a value, a number, a position, a tensor of rank 0."""
    if isinstance(item, bool):
        raise UsageError(place, repr(item), "a number", "write bracket(..) for a condition as a number")
    return value_of(item, place)


def relation_of(item: object, place: str) -> values.Condition:
    """A condition from a SymPy relation; strict ones speak of integers."""
    if isinstance(item, Condition):
        return item.term
    if isinstance(item, values.Condition):
        return item
    if isinstance(item, (bool, BooleanAtom)):
        return values.Condition("ge", Poly.of(0 if item else -1))
    if not isinstance(item, Relational):
        raise BridgeError(place, f"{item!r}", "a SymPy relation such as H >= r", "write Eq(a, b), a >= b or a < b")
    gap = poly_of(item.lhs) - poly_of(item.rhs)
    match item.rel_op:
        case "==":
            return values.Condition("eq", gap)
        case "!=":
            return values.Condition("ne", gap)
        case ">=":
            return values.Condition("ge", gap)
        case ">":
            return values.Condition("ge", gap - 1)
        case "<=":
            return values.Condition("ge", -gap)
    return values.Condition("ge", -gap - 1)


def words_in(names: object, what: str) -> list[str]:
    """The names in a text, each an identifier and none twice."""
    words = names.replace(",", " ").split() if isinstance(names, str) else []
    if not words:
        raise BridgeError(what, repr(names), "at least one name", f'write the names with spaces: {what}("H W")')
    for word in words:
        if not word.isidentifier():
            raise BridgeError(what, f"the name {word!r}", "letters, digits and _", "choose another name")
    twice = next((w for w in words if words.count(w) > 1), None)
    if twice is not None:
        raise NameClash(f'{what}("{names}")', f"{twice} twice", "each name once", "rename one, or leave it out")
    return words
