"""A user's own function against a derived tensor: "my gradient check is off", answered with the smallest case.

Sizes are tried by total, the smallest first; leaves hold random whole numbers
without symmetry; what is right is said by the referee (`proof.evaluate`),
exactly.  The function is a black box: arrays go in, an array comes out.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from html import escape
from itertools import islice, product
from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from symconv.calculus.form import Guard
from symconv.errors import ShapeError, SizeError, SymconvError, UsageError
from symconv.evidence import short_sum
from symconv.kernels.stages import program_of
from symconv.ops.window import integer
from symconv.proof.deciding import Effort, Survey
from symconv.proof.evaluate import EvaluationError, World
from symconv.proof.evaluation.elementwise import VALUES
from symconv.proof.evaluation.intervals import Interval
from symconv.proof.problem import tensor_equation
from symconv.proof.verdict import Counterexample, Status
from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined, Leaf, Tensor, tensors_in
from symconv.term.value import Apply, Entry, walk

Array: TypeAlias = npt.NDArray[np.float64]
DRAWS = 4  # choices of numbers at each sizes: a wrong maximum may be right by chance
GREATEST = 999  # of the numbers drawn; small ones are easier to read
MOST_PROBES = 300  # calls spent on saying what a wrong entry adds up


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was found of a function: REFUTED with the smallest case, or CHECKED up to a total of the sizes.

    It is true only where the function was called and never wrong.  `counterexample` names sizes and
    entry; it is None where the shape is wrong or the function raises, which
    `message` tells and `sizes` locates.
    """

    status: Status
    function: str
    tensor: str
    scope: str = ""
    message: str = ""
    sizes: dict[str, int] | None = None
    counterexample: Counterexample | None = None
    arguments: tuple[str, ...] = ()
    tried: int = 0

    @property
    def at(self) -> dict[str, int] | None:
        """The entry, by the names of the indices."""
        return None if self.counterexample is None else self.counterexample.at

    def __bool__(self) -> bool:
        return self.status is Status.CHECKED

    def __str__(self) -> str:
        call = f"{self.function}({', '.join(self.arguments)})"
        text = f"{self.status.value}: {call}"
        if self.counterexample is not None:
            return f"{text} differs from {self.tensor} at {_case(self.counterexample)}"
        if self.message:
            return f"{text} {self.message}"
        return f"{text} agrees with {self.tensor} for {self.scope} ({self.tried} choices of sizes)"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"<p><b>{escape(self.status.value)}</b>{escape(str(self)[len(self.status.value) :])}</p>"


def _case(found: Counterexample) -> str:
    place = ", ".join(f"{k}={v}" for k, v in found.at.items())
    sizes = _listed(found.sizes)
    gives, exact = (
        f"{text} = {_shown(number)}" if text and text != _shown(number) else _shown(number)
        for text, number in ((found.claimed_sum, found.claimed), (found.exact_sum, found.exact))
    )
    where = f"{sizes}, entry {place}" if place else sizes
    return f"{where}: it gives {gives}, exact is {exact}"


def _listed(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{k}={v}" for k, v in sizes.items()) or "the only sizes"


def _shown(number: object) -> str:
    if isinstance(number, Interval):
        number = _float(number)
    if isinstance(number, float):
        return str(int(number)) if number.is_integer() and abs(number) < 2**53 else f"{number:.12g}"
    return str(number)


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

    >>> from symconv.calculus.gradient import gradient, upstream
    >>> from symconv.ops.correlate import correlate
    >>> from symconv.term.polynomial import Size
    >>> from symconv.term.tensor import Axis
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
    trial = _Trial(function, name, derived, _matched(function, name, derived, known, order), convert, tolerance)
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


def _judged(trial: _Trial, survey: Survey, fixed: Mapping[str, int], farthest: int, most: int) -> Comparison:
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


# -- arguments -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Argument:
    """A parameter and what it gets: the array or the shape of a tensor, or a size."""

    parameter: str
    keyword: bool
    what: Tensor | str
    shape: bool = False

    def __str__(self) -> str:
        name = self.what if isinstance(self.what, str) else self.what.name + "_shape" * self.shape
        return name if self.parameter in (name, "") else f"{self.parameter}={name}"


def _matched(
    function: Callable[..., Any], name: str, derived: Defined, sizes: set[str], order: Sequence[str] | None
) -> tuple[_Argument, ...]:
    """What each parameter of the function gets."""
    known = _Names(derived, sizes)
    if order is not None:
        return tuple(known.ordered(name, text) for text in order)
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # a function written in C
        return tuple(_Argument("", False, leaf) for leaf in known.needed)
    wanted = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    found = {p.name: known.named(p.name) for p in wanted}
    taken = {a.what for a in found.values() if a is not None and not a.shape}
    rest = [leaf for leaf in known.needed if leaf not in taken]
    made: list[_Argument] = []
    for p in wanted:
        argument = found[p.name]
        keyword = p.kind is p.KEYWORD_ONLY
        if argument is None and p.default is p.empty:
            if not rest:
                raise _unmatched(name, p.name, derived, known)
            argument = _Argument(p.name, keyword, rest.pop(0))
        if argument is None:
            if keyword:
                continue
            break  # what follows can be given by its name alone
        made.append(replace(argument, keyword=keyword))
    beyond = wanted[len(made) :] if len(made) < len(wanted) else []
    made += [
        replace(a, keyword=True)
        for p in beyond
        if (a := found[p.name]) is not None and p.name not in {m.parameter for m in made}
    ]
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        made += [_Argument("", False, leaf) for leaf in rest]
    return tuple(made)


class _Names:
    """The names that a parameter may bear."""

    def __init__(self, derived: Defined, sizes: set[str]) -> None:
        below = tensors_in(Entry(derived, tuple(map(Poly.of, derived.parameters))))
        self.derived, self.sizes = derived, sizes
        self.leaves = [t for t in below if isinstance(t, Leaf)]
        self.needed = program_of(derived).leaves

    def named(self, parameter: str) -> _Argument | None:
        """By the very name, else by the name in any case."""
        for fold in (str, str.casefold):
            name = fold(parameter)
            for leaf in self.leaves:
                if name == fold(leaf.name):
                    return _Argument(parameter, False, leaf)
                if name == fold(f"{leaf.name}_shape"):
                    return _Argument(parameter, False, leaf, True)
            size = next((s for s in sorted(self.sizes) if name == fold(s)), None)
            if size is not None:
                return _Argument(parameter, False, size)
        return _Argument(parameter, False, self.derived, True) if parameter == "shape" else None

    def ordered(self, function: str, text: str) -> _Argument:
        found = self.named(text)
        if found is None:
            raise UsageError(
                f"compare({function}, {self.derived.name})", f"{text!r} in order=", self.listed(), "choose among these"
            )
        return replace(found, parameter="")

    def listed(self) -> str:
        names = [t.name for t in self.leaves]
        return "one of " + ", ".join([*names, *(f"{n}_shape" for n in names), *sorted(self.sizes), "shape"])


def _unmatched(function: str, parameter: str, derived: Defined, known: _Names) -> UsageError:
    return UsageError(
        f"compare({function}, {derived.name})",
        f"the parameter {parameter!r}, for which nothing is left",
        known.listed(),
        "rename the parameter, give it a default, or say order=[..]",
    )


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


# -- one choice of sizes ---------------------------------------------------------------


@dataclass(slots=True)
class _Trial:
    """The function, its arguments, and what it is judged against."""

    function: Callable[..., Any]
    name: str
    tensor: Defined
    arguments: tuple[_Argument, ...]
    convert: Callable[[Array], Any] | None
    tolerance: float
    leaves: list[Leaf] = field(default_factory=list)

    def __post_init__(self) -> None:
        found = [a.what for a in self.arguments if isinstance(a.what, Leaf) and not a.shape]
        self.leaves = list(dict.fromkeys(found))

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(map(str, self.arguments))

    def at(self, sizes: dict[str, int]) -> Comparison | None:
        """What is wrong at these sizes, if anything."""
        for seed in range(DRAWS):
            world = self._world(sizes, seed)
            given = {leaf: self._array(world, leaf) for leaf in self.leaves}
            failure = self._failure(world, sizes, given)
            if failure is not None:
                return failure
        return None

    def _failure(self, world: World, sizes: dict[str, int], given: Mapping[Leaf, Array]) -> Comparison | None:
        blank = Comparison(Status.REFUTED, self.name, self.tensor.name, sizes=sizes)
        axes = world.axes(self.tensor)
        shape = tuple(map(len, axes))
        try:
            result = self._call(world, given)
        except Exception as error:  # noqa: BLE001 - whatever the function raises is a finding
            return replace(blank, message=f"raises {type(error).__name__} at {_listed(sizes)}: {error}")
        if result is None:
            return replace(blank, message=f"gives no array of numbers at {_listed(sizes)}")
        if result.shape != shape:
            return replace(
                blank,
                message=f"has the wrong shape at {_listed(sizes)}: {result.shape}, but {self.tensor.name} has {shape}",
            )
        exact = self._exact(world, axes)
        most = max([1.0, *(abs(_float(v)) for v in exact.values())])
        for place, number in exact.items():
            index = tuple(i - axis.start for i, axis in zip(place, axes, strict=True))
            claimed = float(result[index])
            if not abs(claimed - _float(number)) <= self.tolerance * most:
                at = dict(zip(self.tensor.parameters, place, strict=True))
                found = Counterexample(sizes, at, claimed, number)
                return replace(blank, counterexample=self._explained(found, world, given, index))
        return None

    def _world(self, sizes: dict[str, int], seed: int) -> World:
        """Whole numbers up to `GREATEST`, no two of one leaf the same; moderate fractions where exp or log occurs."""
        value = Entry(self.tensor, tuple(map(Poly.of, self.tensor.parameters)))
        drawn = World(sizes, seed, values=(value,))
        small: dict[str, dict[tuple[int, ...], int | Fraction]] = {}
        for leaf in (t for t in tensors_in(value) if isinstance(t, Leaf)):
            used: set[int] = set()
            for place in product(*drawn.axes(leaf)):
                number = drawn.entry(leaf, place)
                if not isinstance(number, int):
                    return drawn
                whole = abs(number) % GREATEST + 1
                while whole in used and len(used) < GREATEST:
                    whole = whole % GREATEST + 1
                used.add(whole)
                small.setdefault(leaf.name, {})[place] = whole if number > 0 else -whole
        return World(sizes, seed, small, values=(value,))

    def _array(self, world: World, leaf: Leaf) -> Array:
        axes = world.axes(leaf)
        numbers = [_float(world.entry(leaf, place)) for place in product(*axes)]
        return np.array(numbers, dtype=np.float64).reshape(tuple(map(len, axes)))

    def _exact(self, world: World, axes: tuple[range, ...]) -> dict[tuple[int, ...], object]:
        """The entries that have a value here."""
        found: dict[tuple[int, ...], object] = {}
        for place in product(*axes):
            try:
                found[place] = world.entry(self.tensor, place)
            except EvaluationError:
                continue
        return found

    def _call(self, world: World, given: Mapping[Leaf, Array]) -> Array | None:
        """The function's result as an array of numbers; None if it is none."""
        places: list[Any] = []
        keywords: dict[str, Any] = {}
        for argument in self.arguments:
            what = argument.what
            item: Any
            if isinstance(what, str):
                item = world.sizes[what]
            elif argument.shape:
                item = tuple(map(len, world.axes(what)))
            else:
                item = given[cast(Leaf, what)].copy()
                item = item if self.convert is None else self.convert(item)
            if argument.keyword:
                keywords[argument.parameter] = item
            else:
                places.append(item)
        result = self.function(*places, **keywords)
        result = result.detach() if hasattr(result, "detach") else result
        result = result.cpu() if hasattr(result, "cpu") else result
        try:
            return np.asarray(result, dtype=np.float64)
        except (TypeError, ValueError):
            return None

    # -- what a wrong entry adds up --------------------------------------------------

    def _explained(
        self, found: Counterexample, world: World, given: Mapping[Leaf, Array], index: tuple[int, ...]
    ) -> Counterexample:
        """Both values as short sums of entries, where they are that."""
        value = Entry(self.tensor, tuple(map(Poly.of, self.tensor.parameters)))
        try:
            exact = short_sum(value, found)
            claimed = self._probed(world, given, index, cast(float, found.claimed)) if exact else ""
        except SymconvError:
            return found
        return replace(found, exact_sum=exact, claimed_sum=claimed)

    def _probed(self, world: World, given: Mapping[Leaf, Array], index: tuple[int, ...], claimed: float) -> str:
        """The products that the function's entry adds up, found with arrays of a single 1; else empty."""
        leaves = sorted(given, key=lambda t: t.name)
        choices = product(*(list(np.ndindex(given[t].shape)) for t in leaves))
        terms, total = [], 0.0
        for n, choice in enumerate(islice(choices, MOST_PROBES + 1)):
            units = {t: np.zeros_like(given[t]) for t in leaves}
            for leaf, place in zip(leaves, choice, strict=True):
                units[leaf][place] = 1.0
            try:
                result = None if n == MOST_PROBES else self._call(world, units)
            except Exception:  # noqa: BLE001 - such arrays need not suit the function
                return ""
            if result is None or not np.isfinite(result[index]):
                return ""
            coefficient = float(result[index])
            if coefficient:
                factors = [_entry(world, t, p) for t, p in zip(leaves, choice, strict=True)]
                terms.append((coefficient, "*".join(factors)))
                total += coefficient * float(np.prod([given[t][p] for t, p in zip(leaves, choice, strict=True)]))
        if abs(total - claimed) > 1e-9 * max(1.0, abs(claimed)) or len(terms) > 12:
            return ""
        return _sum_text(terms)


def _entry(world: World, leaf: Leaf, place: tuple[int, ...]) -> str:
    if not place:
        return leaf.name
    at = (i + axis.start for i, axis in zip(place, world.axes(leaf), strict=True))
    return f"{leaf.name}[{', '.join(map(str, at))}]"


def _sum_text(terms: list[tuple[float, str]]) -> str:
    """`g[0]*w[1] - 2*g[1]*w[0]`."""
    text = ""
    for coefficient, factors in terms:
        size = abs(coefficient)
        term = factors if size == 1 else f"{_shown(size)}*{factors}"
        sign = "-" if coefficient < 0 else "+"
        text += f" {sign} {term}" if text else f"{'-' * (coefficient < 0)}{term}"
    return text or "0"


def _float(number: object) -> float:
    if isinstance(number, Interval):
        return float((number.low + number.high) / 2)
    return float(cast(Fraction, number))


__all__ = ["Comparison", "compare"]
