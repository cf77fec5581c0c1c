"""The self-test of an exported module: every function against plain loops, every adjoint against its function.

The loops are the formula once more, index by index.  A gradient of what is affine in a tensor x is checked a second
time without any formula: <upstream, f(x) - f(0)> = <gradient(upstream), x>, in whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from symconv.kernels.layout import wrapped
from symconv.kernels.nest import Nest
from symconv.kernels.stages import Program
from symconv.term.tensor import Leaf, tensors_in
from symconv.term.value import Entry, Value

NAMES = (
    *("part", "self_test", "main", "CHECKS", "ADJOINTS", "CASES", "FUNCTIONS", "PRECISION", "SCHEDULES"),
    *("SECONDS", "MOST", "by_schedule", "by_loops"),
    *("drawn", "picked", "computed", "largest_error", "adjoint_error", "reported"),
)  # what it defines
CURVED = 2


@dataclass(frozen=True, slots=True)
class SelfTest:
    """What a module puts into the text: rows of tables, and how a target calls a function.

    precision: the greatest error by the type of the entries.  schedules: each is tried, besides the choice.
    given, result: expressions for an argument `value` and for the array that `function(**arguments)` gives.
    shown: the attribute of an argument that is printed.
    more: definitions of the target.  options: lines of `main`.
    """

    checks: Iterable[str]
    adjoints: Iterable[str]
    cases: Iterable[str]
    functions: Mapping[str, str]
    positive: bool
    precision: Mapping[str, float] = field(default_factory=lambda: {"f8": 1e-12})
    schedules: Sequence[str] = ()
    given: str = "value"
    result: str = "np.asarray(function(**arguments))"
    shown: str = "shape"
    more: str = ""
    options: str = ""

    def text(self) -> str:
        return TEXT.format(
            more=self.more,
            checks=_rows(self.checks),
            adjoints=_rows(self.adjoints),
            cases=_rows(self.cases),
            functions="".join(f'    "{name}": {text},\n' for name, text in self.functions.items()),
            precision=", ".join(f'"{dtype}": {error}' for dtype, error in self.precision.items()),
            schedules="".join(f'    "{name}",\n' for name in ("", *self.schedules)),
            draw="rng.uniform(0.5, 1.5, size)" if self.positive else "rng.standard_normal(size)",
            least=1 if self.positive else -9,
            given=self.given,
            result=self.result,
            shown=self.shown,
            options=self.options,
        )


def is_affine(program: Program, leaf: Leaf) -> bool:
    """True if the result is a sum of products with one entry of the leaf each, and of others without any."""
    degrees = {leaf: 1}
    for stage in program.stages:
        if stage.maximum is None:
            degrees[stage.target] = max((_degree(nest, degrees) for nest in stage.nests), default=0)
        else:
            degrees[stage.target] = CURVED * any(degrees.get(t, 0) for t in stage.reads())
    return degrees[program.result] == 1


def _degree(nest: Nest, degrees: Mapping[Leaf, int]) -> int:
    """How many factors have to do with the leaf; what is chosen, divided or put into a function is curved."""
    found = 0
    values: list[Value] = [w.function.body for w in nest.winners]
    for factor in nest.factors:
        head = factor.head
        if isinstance(head.tensor, Leaf) and head.function is None and not head.inverse:
            found += degrees.get(head.tensor, 0)
        else:
            values.append(Entry(head.tensor, factor.index))
    inside = (t for value in values for t in tensors_in(value) if isinstance(t, Leaf))
    return CURVED if any(degrees.get(t, 0) for t in inside) else found


def sine_of(order: int) -> str:
    """A function for tests whose derivatives are as simple."""
    return ("np.sin", "np.cos", "lambda x: -np.sin(x)", "lambda x: -np.cos(x)")[order % 4]


def _rows(rows: Iterable[str]) -> str:
    """The rows of a table, each with a comma."""
    return "".join(f"{line}\n" for row in rows for line in wrapped(f"    {row},", True))


TEXT = '''{more}# function, its referee, the parameters of both
CHECKS: list[tuple[Callable[..., Any], Callable[..., _Table], tuple[str, ...], tuple[str, ...]]] = [
{checks}]
# function, its gradient by one parameter, in which the function is affine; the parameters of both
ADJOINTS: list[tuple[Callable[..., Any], Callable[..., Any], str, tuple[str, ...], tuple[str, ...]]] = [
{adjoints}]
# shapes of arrays, and options
CASES: list[dict[str, Any]] = [
{cases}]
FUNCTIONS: dict[str, Callable[[Array], Array]] = {{
{functions}}}
PRECISION = {{{precision}}}  # the greatest error by the type of the entries
# each computes the sums over windows that it fits; "": as chosen by sizes
SCHEDULES = (
{schedules})


SECONDS, MOST = 0.5, 100_000  # spent on one function, entries of a comparison


def drawn(case: dict[str, Any], rng: np.random.Generator, dtype: str, *, whole: bool) -> dict[str, Any]:
    """The arrays and options of a case, the entries whole numbers if asked."""
    values: dict[str, Any] = {{}}
    for name, size in case.items():
        values[name] = size
        if isinstance(size, tuple):
            entries = rng.integers({least}, 10, size) if whole else {draw}
            values[name], values[f"{{name}}_shape"] = np.asarray(entries, dtype), size
    return values


def picked(values: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """The arguments of one function."""
    return {{name: FUNCTIONS.get(name, values.get(name)) for name in names}}


def computed(function: Callable[..., Any], values: dict[str, Any]) -> Array:
    """What a function gives."""
    arguments = {{name: {given} for name, value in values.items()}}
    result: Array = {result}
    return result


def by_loops(slow: _Table, rng: np.random.Generator) -> dict[tuple[int, ...], float]:
    """What the referee says: all entries, or some in a random order, as many as the time allows."""
    count = int(np.prod(slow.shape))
    order = rng.permutation(count) if count <= MOST else rng.integers(0, count, MOST)
    start, exact = time.perf_counter(), dict[tuple[int, ...], float]()
    for at in order:
        place = tuple(int(k) for k in np.unravel_index(at, slow.shape)) if slow.shape else ()
        exact[place] = float(slow[place])
        if len(exact) >= 4 and time.perf_counter() - start > SECONDS:
            break
    return exact


def largest_error(fast: Array, slow: _Table, exact: dict[tuple[int, ...], float]) -> float:
    """The greatest difference at the entries that the referee has computed, relative to the greatest of them."""
    if fast.shape != slow.shape:
        return np.inf
    differences = [abs(float(fast[place]) - value) for place, value in exact.items()]
    return float(np.max(differences, initial=0)) / max(1.0, *map(abs, exact.values()))


def by_schedule(
    function: Callable[..., Any], values: dict[str, Any], slow: _Table, rng: np.random.Generator
) -> tuple[float, str]:
    """The greatest difference that a schedule makes, and a remark: which one, and how much was compared."""
    exact, worst, remark = by_loops(slow, rng), -1.0, ""
    for schedule in SCHEDULES:
        globals()["SCHEDULE"] = schedule
        error = largest_error(computed(function, values), slow, exact)
        if not error <= worst:
            worst, remark = error, f", schedule {{schedule}}" if schedule else ""
    globals()["SCHEDULE"] = SCHEDULES[0]
    count = int(np.prod(slow.shape))
    return worst, remark if len(exact) == count else f"{{remark}}, {{len(exact)}} of {{count}} entries"


def adjoint_error(change: Array, gradient: Array, values: dict[str, Any], leaf: str) -> float:
    """By how much <upstream, change> and <gradient, leaf> differ, relative to the terms of these sums."""
    if gradient.shape != np.shape(values[leaf]):
        return np.inf
    left = np.float64(values.get("upstream", 1)) * change
    right = np.float64(values[leaf]) * gradient
    return float(abs(left.sum() - right.sum()) / max(1.0, abs(left).sum()))


def reported(error: float, bound: float, name: str, arguments: dict[str, Any], more: str) -> int:
    """Print one line; 1 if the error is too large."""
    given = {{n: getattr(v, "{shown}", v) for n, v in arguments.items() if n not in FUNCTIONS}}
    options = ", ".join(f"{{name}}={{value}}" for name, value in given.items())
    print(f"{{'ok   ' if error <= bound else 'WRONG'}} {{name}}({{options}}): error {{error:.1e}}{{more}}")
    return int(not error <= bound)


def self_test() -> int:
    """Compare every function with its referee and with its adjoint; the number of disagreements."""
    rng = np.random.default_rng(0)
    wrong = 0
    for case, dtype in [(case, dtype) for case in CASES for dtype in PRECISION]:
        values, bound = drawn(case, rng, dtype, whole=False), PRECISION[dtype]
        for function, loops, names, loop_names in CHECKS:
            given = picked(values, names)
            error, remark = by_schedule(function, given, loops(**picked(values, loop_names)), rng)
            wrong += reported(error, bound, function.__name__, given, remark)
        values = drawn(case, rng, dtype, whole=True)
        for function, gradient, leaf, names, gradient_names in ADJOINTS:
            without = values | {{leaf: np.zeros_like(values[leaf])}}
            change = computed(function, picked(values, names)) - computed(function, picked(without, names))
            back = computed(gradient, picked(values, gradient_names))
            error = adjoint_error(change, back, values, leaf)
            wrong += reported(error, bound, gradient.__name__, picked(values, gradient_names), ", as an adjoint")
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description="Kernels written by symconv.")
    parser.add_argument("--self-test", action="store_true", help="compare every function with plain loops")
{options}    if parser.parse_args().self_test:
        sys.exit(1 if self_test() else 0)
    if len(sys.argv) == 1:
        parser.print_help()


if __name__ == "__main__":
    main()
'''


__all__ = ["NAMES", "SelfTest", "is_affine", "sine_of"]
