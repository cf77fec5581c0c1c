"""A user's own function against a derived tensor: "my gradient check is off", answered with the smallest case.

Sizes are tried by total, the smallest first; leaves hold random whole numbers
without symmetry; what is right is said by the referee (`proof.evaluate`),
exactly.  The function is a black box: arrays go in, an array comes out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from symconv.calculus.form import Guard
from symconv.comparing.arguments import Array, matched
from symconv.comparing.comparison import Comparison
from symconv.comparing.trial import Trial
from symconv.errors import ShapeError, SizeError, UsageError
from symconv.ops.window import integer
from symconv.proof.deciding import Effort, Survey
from symconv.proof.evaluation.elementwise import VALUES
from symconv.proof.problem import tensor_equation
from symconv.proof.verdict import Status
from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined, Tensor, tensors_in
from symconv.term.value import Apply, walk


def compare(
    function: Callable[..., Any],
    derived: Tensor,
    *,
    order: Sequence[str] | None = None,
    convert: Callable[[Array], Any] | None = None,
    sizes: Mapping[str, int] | None = None,
    tolerance: float = 1e-6,
    farthest: int = 14,
    most: int = 600,
) -> Comparison:
    """Judge a function of arrays against a tensor, sizes by total, and name the smallest case that is wrong.

    function: takes NumPy arrays.  An argument is matched by its name: a leaf (`G`, or `g`), the shape of
    one (`X_shape`), a size (`s`), `shape` for the shape of the result; other arguments get the
    leaves that are left, in order.  What the function takes beyond that needs a default.
    order: the names of the positional arguments instead, `order=["K", "G", "X_shape"]`.
    convert: what makes an argument of a NumPy array, such as `torch.from_numpy`.
    sizes: sizes that stay as they are, `{"s": 2}`, for a function written for them.
    tolerance: of the largest entry.
    farthest, most: the greatest total of the sizes that are not fixed, and the most choices of sizes.

    >>> import numpy as np
    >>> from symconv.calculus.gradient import gradient, upstream
    >>> from symconv.ops.correlate import correlate
    >>> from symconv.term.polynomial import Size
    >>> from symconv.term.tensor import Axis, Leaf
    >>> x, w = Leaf("x", (Axis.of(Size("n")),)), Leaf("w", (Axis.of(Size("k")),))
    >>> y = correlate(x, w)
    >>> dx = gradient(y, x, upstream(y, "g"))
    >>> print(compare(lambda g, w: np.convolve(g, w), dx, farthest=8))
    checked: <lambda>(g, w) agrees with dL/dx for sizes up to a total of 8 (16 choices of sizes)
    >>> wrong = compare(lambda g, w: np.convolve(g, w[::-1]), dx)
    >>> wrong.sizes, wrong.at, wrong.counterexample.claimed_sum, wrong.counterexample.exact_sum
    ({'k': 2, 'n': 2}, {'a': 0}, 'g[0]*w[1]', 'g[0]*w[0]')

    Raises `UsageError` where an argument cannot be matched, `ShapeError` where `derived` is free data.
    """
    name = getattr(function, "__name__", None) or type(function).__name__
    if not isinstance(derived, Defined):
        raise ShapeError(f"compare({name}, ..)", "free data", "a tensor with a formula", "derive it: gradient(F, X, G)")
    fixed = _fixed(sizes, f"compare({name}, {derived.name})")
    if not isinstance(tolerance, (int, float)) or not 0 <= tolerance < 1:
        raise UsageError(
            f"compare({name}, {derived.name})", f"tolerance={tolerance!r}", "a number from 0 to 1", "write 1e-6"
        )
    survey = Survey(tensor_equation(derived, derived), Effort())
    known = {s.name for s in survey.problem.sizes}
    if set(fixed) - known:
        raise UsageError(
            f"compare({name}, {derived.name})",
            f"sizes={fixed}",
            f"sizes of {derived.name}: {', '.join(sorted(known)) or 'it has none'}",
            "leave out the others",
        )
    _refuse_unknown_functions(name, derived)
    trial = Trial(function, name, derived, matched(function, name, derived, known, order), convert, tolerance)
    return _judged(trial, survey, fixed, farthest + sum(fixed.values()), most)


def _fixed(sizes: Mapping[str, int] | None, place: str) -> dict[str, int]:
    """The sizes that stay as they are: whole numbers, none negative."""
    if sizes is not None and not isinstance(sizes, Mapping):
        raise UsageError(place, f"sizes={sizes!r}", "a dictionary from names to numbers", 'write {"s": 2}')
    fixed = {}
    for name, given in (sizes or {}).items():
        number = integer(given)
        if number is None or number < 0:
            raise SizeError(f"{place}, size {name}", f"the value {given!r}", "a whole number", "give 0, 1, 2, ...")
        fixed[name] = number
    return fixed


def _judged(trial: Trial, survey: Survey, fixed: Mapping[str, int], farthest: int, most: int) -> Comparison:
    """All sizes by total, until the function is wrong or the limits are reached."""
    problem = survey.problem
    stay = [Guard(Poly.of(s) - fixed[s.name], True) for s in problem.sizes if s.name in fixed]
    search, tried, finished = survey.tuples(stay), 0, 0
    blank = Comparison(Status.CHECKED, trial.name, trial.tensor.name, arguments=trial.parameters)
    least = sum(s.least for s in problem.sizes)
    for total in range(least, max(farthest, least) + 1):
        for choice in search.of_total(total):
            if not survey.admits(choice):
                continue
            found = trial.at(choice)
            tried += 1
            if found is not None:
                return replace(found, arguments=trial.parameters, tried=tried)
        if search.exhausted:
            break
        finished = total
        if tried >= most or not problem.sizes:
            break
    if not tried:
        return replace(
            blank, status=Status.UNDECIDED, message=f"was not called: no sizes up to a total of {farthest} fit"
        )
    scope = f"sizes up to a total of {finished}" if problem.sizes else "the sizes stated"
    return replace(blank, scope=scope, tried=tried)


def _refuse_unknown_functions(name: str, derived: Defined) -> None:
    for tensor in (derived, *tensors_in(derived.body)):
        if not isinstance(tensor, Defined):
            continue
        for value in walk(tensor.body):
            if isinstance(value, Apply) and value.function.name not in VALUES:
                raise UsageError(
                    f"compare({name}, {derived.name})",
                    f"the unknown function {value.function.name}",
                    f"functions that have numbers: {', '.join(sorted(n for n in VALUES if n.isidentifier()))}",
                    "apply one of these instead",
                )
