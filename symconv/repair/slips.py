"""The slips that hand derivations make, as edits that undo them.

The idea: a wrong line is mostly a right one with one slip.  Each row of the table names a slip and takes a value
to the values that differ from it by undoing it, the likeliest slips first.  Nothing is claimed here: what an edit
gives is proved before anyone sees it.
"""

from __future__ import annotations

from collections.abc import Iterator

from symconv.repair.context import Context, Edits, Rule
from symconv.repair.entry_slips import (
    captured_index,
    flip_missing,
    index_sign,
    one_off,
    padding_missing,
    shifted_left,
    stride_missing,
    transposed_index,
    transposed_left,
    wrong_index,
    wrong_tensor,
    wrong_variable,
)
from symconv.repair.factor_slips import (
    factor_lost,
    factor_missing,
    mean_for_sum,
    sign,
    term_too_many,
    turned_whole,
    wrong_factor,
)
from symconv.repair.limit_slips import (
    bracket,
    index_base,
    once_for_twice,
    one_off_inside,
    one_off_limit,
    power_lost,
    range_of_entries,
    term_sign,
    wrong_bound,
)
from symconv.term.substitution import with_child
from symconv.term.value import Derivative, Entry, Value, children

# a rule of the first kind is tried at every part of the right side, one of the second at the whole of it
PART, WHOLE = "part", "whole"
SLIPS: tuple[tuple[str, str, Rule], ...] = (
    ("a missing flip", PART, flip_missing),
    ("the sign of an index", PART, index_sign),
    ("indices in the wrong order", PART, transposed_index),
    ("indices in the wrong order", WHOLE, transposed_left),
    ("a wrong index", PART, wrong_index),
    ("counted from one instead of zero", PART, index_base),
    ("one too many or too few", PART, one_off),
    ("one too many or too few", PART, one_off_limit),
    ("one too many or too few", WHOLE, shifted_left),
    ("one too many or too few", PART, one_off_inside),
    ("a stride missing or in the wrong place", PART, stride_missing),
    ("a padding or an offset missing", PART, padding_missing),
    ("once for twice, or twice for once", PART, once_for_twice),
    ("a wrong bound", PART, range_of_entries),
    ("a wrong bound", PART, wrong_bound),
    ("the sign of a term", PART, term_sign),
    ("a sign", PART, sign),
    ("a sign", WHOLE, turned_whole),
    ("a term too many", PART, term_too_many),
    ("a sum for a mean", PART, mean_for_sum),
    ("a wrong factor", PART, wrong_factor),
    ("a wrong factor", PART, power_lost),
    ("a factor lost", WHOLE, factor_lost),
    ("a factor missing or too many", PART, factor_missing),
    ("the wrong variable of a derivative", PART, wrong_variable),
    ("a wrong tensor", PART, wrong_tensor),
    ("a wrong index", PART, captured_index),
    ("a wrong condition", PART, bracket),
)


def repaired(value: Value, context: Context) -> Iterator[tuple[str, Value]]:
    """Every value with one slip undone, with the name of the slip; each value once."""
    seen = {value}
    for name, where, rule in SLIPS:
        for changed in _everywhere(value, rule, context) if where == PART else rule(value, context):
            if changed not in seen:
                seen.add(changed)
                yield name, changed


def _everywhere(value: Value, rule: Rule, context: Context) -> Edits:
    """The rule at the value itself, then at each part."""
    yield from rule(value, context)
    for n, child in enumerate(children(value)):
        for changed in _everywhere(child, rule, context):
            if not _is_denominator(value, n) or isinstance(changed, Entry):
                yield with_child(value, n, changed)


def _is_denominator(value: Value, n: int) -> bool:
    """A derivative is by an entry, and stays so."""
    return isinstance(value, Derivative) and n == 1


__all__ = ["SLIPS", "repaired"]
