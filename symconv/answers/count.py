"""How many operations or parameters: of one entry, times the number of entries, each tensor that is made once.

The counts are read off the formulas; that their product is the whole is proved for all sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce

from symconv.answers.answer import Answer, Fact
from symconv.calculus.counting import additions, multiplications, of_one_entry, parameters
from symconv.errors import UsageError
from symconv.proof.deciding import decide
from symconv.proof.problem import equation
from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined, Tensor, tensors_in
from symconv.term.value import Entry, Position
from symconv.write.latex import latex_of_poly, latex_of_value

COUNTS: dict[str, Callable[[Tensor], Poly]] = {"multiplications": multiplications, "additions": additions}
LONG = 80  # letters of LaTeX
SHORT = 3  # summands up to which a product is multiplied out
OF_ENTRY = {
    "multiplications": "Every summand of a product of $m$ numbers takes $m - 1$ multiplications.",
    "additions": "A sum of $m$ summands takes $m - 1$ additions.",
}


def count(what: str, tensors: Iterable[Tensor]) -> Answer:
    r"""The number of multiplications, additions or parameters.

    >>> import symconv as sc
    >>> H, r = sc.sizes("H r")
    >>> y = sc.correlate(sc.tensor("X", H), sc.tensor("K", r))
    >>> print(count("multiplications", [y.term]).facts[-1].latex)
    \left(H + 1 - r\right) \cdot r = H r + r - r^{2}
    """
    given = tuple(tensors)
    names = ", ".join(f"${t.name}$" for t in given)
    if what == "parameters":
        facts, declared = _stated(what, given, parameters(given))
        found = [fact for fact in _parameters(given) if fact.rule != "total" or not facts]
        return Answer(f"the parameters of {names}", (*found, *facts), given, declared)
    if what not in COUNTS:
        known = ", ".join([*COUNTS, "parameters"])
        raise UsageError(f"count {what}", f"no count {what}", known, "choose one of these")
    (f,) = given
    facts, declared = _stated(what, given, COUNTS[what](f))
    return Answer(f"the {what} of {names}", (*_operations(what, f), *facts), given, declared)


def _stated(what: str, tensors: tuple[Tensor, ...], whole: Poly) -> tuple[tuple[Fact, ...], tuple[str, ...]]:
    """The count under a name that a document can declare; none where the tensors have names of other signs."""
    names = [t.name for t in tensors]
    if not all(name.isalnum() for name in names):
        return (), ()
    name = rf"\text{{{what} of {' and '.join(names)}}}"
    fact = Fact(
        "statement",
        "Write down what was counted.",
        "So:",
        f"{name} = {latex_of_poly(whole)}",
        value=whole,
        asks=f"the {what} of {', '.join(f'${n}$' for n in names)}",
    )
    return (fact,), (f"count {name} = {what} {' '.join(names)}",)


def _operations(what: str, f: Tensor) -> Iterable[Fact]:
    below = dict.fromkeys((f, *tensors_in(Entry(f, ()))))
    made = [t for t in below if isinstance(t, Defined) and of_one_entry(what, t) != 0]
    total = Poly.of(0)
    for t in made[::-1]:
        each, many = of_one_entry(what, t), _product(t.shape)
        total = total + each * many
        index = tuple(map(Poly.of, t.parameters))
        yield Fact(
            "one entry",
            f"How many {what} does one entry take?",
            f"{OF_ENTRY[what]} One entry of ${t.name}$ takes ${latex_of_poly(each)}$.",
            f"{latex_of_value(Entry(t, index))} = {latex_of_value(t.body)}",
        )
        yield Fact(
            "entries",
            "How many entries are there?",
            f"${t.name}$ has as many entries as its extents multiplied.",
            _multiplied(t.shape, each, many * each),
            judged=False,
        )
    whole = COUNTS[what](f)
    if len(made) == 1 and whole == total:
        return
    yield Fact(
        "total",
        "Add up all tensors that are made.",
        "Together:",
        latex_of_poly(whole),
        decide(equation(Position(whole), Position(total))),
        judged=False,
    )


def _parameters(tensors: tuple[Tensor, ...]) -> Iterable[Fact]:
    for t in tensors:
        out = latex_of_poly(_product(t.shape))
        long = _product(t.shape).terms > SHORT or out == _times(t.shape)
        yield Fact(
            "entries",
            f"How many numbers does ${t.name}$ hold?",
            f"${t.name}$ holds as many numbers as its extents multiplied." if t.rank else f"${t.name}$ is one number.",
            _times(t.shape) if long else f"{_times(t.shape)} = {out}",
            judged=False,
        )
    whole = parameters(tensors)
    if len(tensors) == 1:
        return
    yield Fact(
        "total",
        "Add them up.",
        "Together:",
        latex_of_poly(whole) if whole.terms <= SHORT else " + ".join(_times(t.shape) for t in tensors),
        judged=False,
    )


def _multiplied(shape: tuple[Poly, ...], each: Poly, whole: Poly) -> str:
    """The product, and multiplied out where that is shorter than a line."""
    product, out = rf"{_times(shape)} \cdot {_factor(each)}", latex_of_poly(whole)
    return product if len(out) > LONG or out == product else f"{product} = {out}"


def _product(factors: Iterable[Poly]) -> Poly:
    return reduce(lambda a, b: a * b, factors, Poly.of(1))


def _factor(poly: Poly) -> str:
    text = latex_of_poly(poly)
    return rf"\left({text}\right)" if poly.terms > 1 else text


def _times(shape: tuple[Poly, ...]) -> str:
    return r" \cdot ".join(map(_factor, shape)) or "1"
