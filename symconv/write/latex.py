r"""Terms -> layout -> LaTeX.

Each node has one way to be written, and the reader reads it back as the same
node.  Precedence is a number: what stands in a product is put in parentheses
if it binds weaker, and so is a sum that more factors follow.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction as Ratio
from itertools import groupby

from symconv.notation.display import parameters_shown, shown
from symconv.notation.latex_parser import parse_latex
from symconv.notation.latex_writer import write_latex
from symconv.notation.layout import Big, Fence, Fraction, Grid, Letter, Node, Numeral, Row, Script, Sign, Words, row
from symconv.notation.names import NAME
from symconv.term.grouping import grouped
from symconv.term.polynomial import Application, Atom, Monomial, Poly, Quotient, Remainder, Size
from symconv.term.tensor import Call, Defined, Tensor
from symconv.term.value import (
    Apply,
    Bracket,
    Condition,
    Derivative,
    Entry,
    Function,
    Maximum,
    Number,
    Plus,
    Position,
    Range,
    Reciprocal,
    Sum,
    Times,
    Value,
)
from symconv.write.matrix_notation import in_product, nameless

Names = Mapping[str, str]
SUM, PRODUCT = 0, 1
SLOPE = re.compile(r"(?P<function>[^'()]+)(?P<primes>'+)\((?P<argument>.+)\)")  # the tensor of all f'(X[i])
_COMMA, _DOT = Sign(","), Sign(r"\cdot")
_PARTIAL = Letter(r"\partial")
_SIGNS = {"eq": "=", "ge": r"\ge", "ne": r"\neq"}
OPERATIONS = {"correlate": "corr", "convolve": "conv"}
_DEFAULTS: dict[str, object] = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "output_padding": 0}


def latex_of_value(value: Value, names: Names | None = None) -> str:
    r"""A value in LaTeX; `names` gives tensors other names.

    >>> from symconv.term.tensor import Axis, Leaf
    >>> X, r = Leaf("X", (Axis.of(Size("H")),)), Size("r")
    >>> latex_of_value(Sum((Range.upto("u", r),), X[Poly.of("i") + "u"]))
    '\\sum_{u=0}^{r-1} X_{i+u}'
    """
    return _tight(write_latex(Layouts(names).value(shown(value))))


def latex_of_poly(poly: Poly) -> str:
    """An index polynomial in LaTeX."""
    return _tight(write_latex(Layouts().poly(poly)))


def latex_of_tensor(tensor: Tensor, names: Names | None = None) -> str:
    r"""A definition as `F_{i,j} = ...`; a leaf by its name, an operation as its call."""
    layouts = Layouts(names)
    if not isinstance(tensor, Defined) or tensor.call is not None:
        return _tight(write_latex(layouts.tensor(tensor)))
    parameters, body = parameters_shown(tensor)
    entry = layouts.entry(Entry(tensor, tuple(map(Poly.of, parameters))))
    return _tight(write_latex(row(entry, Sign("="), layouts.value(body))))


def latex_of_limit(limit: Range | Condition) -> str:
    """The range of an index, or a condition, as it stands beside a formula."""
    layouts = Layouts()
    return _tight(write_latex(layouts.between(limit) if isinstance(limit, Range) else layouts.condition(limit)))


def latex_of_equation(left: Tensor, right: Tensor, names: Names | None = None) -> str:
    """Two whole tensors as an equation: the left side by its name, the right side as what it is made of."""
    layouts = Layouts(names)
    call = right.call if isinstance(right, Defined) and _gradient(right) is None else None
    made = layouts.tensor(right) if call is None else layouts.call(call)
    return _tight(write_latex(row(layouts.tensor(left), Sign("="), made)))


def latex_of_call(tensor: Tensor, names: Names | None = None, rows: bool = False) -> str:
    """A tensor as the operation that made it, whatever its name.

    rows: amounts that differ from side to side as a matrix, a row for each axis, which fits on a page.
    """
    layouts = Layouts(names, rows)
    call = tensor.call if isinstance(tensor, Defined) else None
    return _tight(write_latex(layouts.tensor(tensor) if call is None else layouts.call(call)))


def _tight(latex: str) -> str:
    """No space around signs inside scripts: `X_{i+u, j+v}` as it is written by hand."""
    inner = r"\{[^{}]*\}"
    return re.sub(rf"(?<=[_^]){inner}", lambda m: re.sub(r" ([-+=]) ", r"\1", m.group()), latex)


LETTERS_OF_FUNCTIONS = {"normal_cdf": r"\Phi", "normal_pdf": r"\varphi"}  # of the standard normal law


class Layouts:
    """Builds layouts; one instance a formula."""

    def __init__(self, names: Names | None = None, rows: bool = False) -> None:
        self.names = names or {}
        self.rows = rows

    # -- names -------------------------------------------------------------------

    def name(self, name: str) -> Row:
        """A name as its layout: `H_K`, `i'`, `dlz`; a word of several letters with a label upright."""
        name = self.names.get(name, name)
        word = re.fullmatch(r"([A-Za-z]{2,})_(.+)", name)
        if word:
            label = parse_latex(re.sub(r"^\{(.*)\}$", r"\1", word.group(2)))
            return Row((Script(Words(word.group(1), True), label),))
        if NAME.fullmatch(name):
            return parse_latex(name)
        slope = SLOPE.fullmatch(name)
        if slope:
            head = Script(self._function(slope["function"]), primes=len(slope["primes"]))
            return row(head, Fence("(", self.name(slope["argument"])))
        return Row((Words(name.replace("\\", " "), True),))

    def entry(self, entry: Entry) -> Row:
        """`X_{i, j}`, `\\frac{\\partial L}{\\partial X_{a, b}}`, `(corr(X, K))_{i, j}`."""
        index = self._list([self.poly(p) for p in entry.index])
        tensor = entry.tensor
        gradient = _gradient(tensor)
        if gradient is not None and tensor.name not in self.names:
            loss, by = gradient
            return Row((Fraction(row(_PARTIAL, self.name(loss)), row(_PARTIAL, _indexed(self.name(by), index))),))
        if isinstance(tensor, Defined) and tensor.call is not None and not self._named(tensor):
            made = self.call(tensor.call)
            return Row((Script(Fence("(", made), index),)) if index.items else made
        return _indexed(self.name(tensor.name), index)

    def _named(self, tensor: Tensor) -> bool:
        return tensor.name in self.names or NAME.fullmatch(tensor.name) is not None

    # -- polynomials -----------------------------------------------------------------

    def poly(self, poly: Poly) -> Row:
        """Positive terms first; in a product sizes, then what is made of them, then indices."""
        items: list[Node] = []
        parts = grouped(poly)
        if parts and parts[0].coefficient < 0:  # 1 - i, not -i + 1
            parts.sort(key=lambda part: part.coefficient < 0)
        for c, monomial, inner in parts:
            if c < 0 or items:
                items.append(Sign("-" if c < 0 else "+"))
            items += self._monomial(monomial, abs(c)).items
            if inner is not None:
                items.append(Fence("(", self.poly(inner)))
        return Row(tuple(items) or (Numeral("0"),))

    def _monomial(self, monomial: Monomial, c: int) -> Row:
        factors: list[Node] = [] if c == 1 and monomial else [Numeral(str(c))]
        ordered = sorted(monomial, key=lambda a: (isinstance(a, str), not isinstance(a, (str, Size))))
        before: Atom | None = None
        for atom, group in groupby(ordered):
            times = len(list(group))
            inner = self._atom(atom)
            if times > 1:
                base = (
                    inner.items[0]
                    if len(inner.items) == 1 and isinstance(inner.items[0], Letter)
                    else Fence("(", inner)
                )
                inner = Row((Script(base, sup=Row((Numeral(str(times)),))),))
            indices = isinstance(atom, str) and isinstance(before, str)  # t_{i j} could be an entry with two indices
            if factors and (indices or isinstance(inner.items[0], Fence)):
                factors.append(_DOT)
            before = atom
            factors += inner.items
        return Row(tuple(factors))

    def _atom(self, atom: Atom) -> Row:
        match atom:
            case str():
                return self.name(atom)
            case Size(name=name):
                return self.name(name)
            case Remainder():
                bottom = self._factor_poly(atom.denominator)
                return Row((Fence("(", row(self._factor_poly(atom.numerator), Sign(r"\bmod"), bottom)),))
            case Quotient():
                return Row(
                    (Fence(r"\lfloor", Row((Fraction(self.poly(atom.numerator), self.poly(atom.denominator)),))),)
                )
            case Application():
                arguments = self._list([self.poly(p) for p in atom.arguments])
                letter = Letter("uvw"[getattr(atom.function, "axis", 0)])  # the place of a maximum in its window
                return Row((Script(letter, arguments if atom.arguments else None, Row((Sign("*"),))),))
        raise TypeError(f"no layout of {type(atom).__name__}")

    def _factor_poly(self, poly: Poly) -> Row:
        return (
            self.poly(poly)
            if poly.terms <= 1 and not str(poly).startswith("-")
            else Row((Fence("(", self.poly(poly)),))
        )

    # -- values ----------------------------------------------------------------------

    def value(self, value: Value, level: int = SUM) -> Row:
        made = self._plain(value)
        weak = isinstance(value, Plus) or (isinstance(value, Position) and value.poly.terms > 1) or _negative(value)
        return Row((Fence("(", made),)) if weak and level > SUM else made

    def _plain(self, value: Value) -> Row:
        match value:
            case Number(q):
                return _ratio(q)
            case Position(poly):
                return self.poly(poly)
            case Entry():
                return self.entry(value)
            case Plus(terms):
                return self._plus(terms)
            case Times(factors):
                return self._times(factors)
            case Sum(ranges, body):
                return row(*(self._sum(r) for r in ranges), self.value(body, PRODUCT))
            case Maximum(ranges, body):
                return row(*(Big(r"\max", self.between(r)) for r in ranges), self.value(body, PRODUCT))
            case Bracket(conditions):
                return Row((Fence("[", self._list([self.condition(c) for c in conditions])),))
            case Apply(function, argument):
                head = self._function(function.name)
                return Row(
                    (Script(head, primes=function.order) if function.order else head, Fence("(", self.value(argument)))
                )
            case Reciprocal(argument):
                return Row((Fraction(Row((Numeral("1"),)), self.value(argument)),))
            case Derivative(inner, by):
                below = row(_PARTIAL, self.entry(by))
                if isinstance(inner, Entry) and _gradient(inner.tensor) is None and len(self.entry(inner).items) == 1:
                    return Row((Fraction(row(_PARTIAL, self.entry(inner)), below),))
                return row(Fraction(Row((_PARTIAL,)), below), self.value(inner, PRODUCT))
        raise TypeError(f"no layout of {type(value).__name__}")

    def _function(self, name: str) -> Node:
        """A letter with its labels as it is declared, a word upright."""
        name = LETTERS_OF_FUNCTIONS.get(name, name)
        if len(name) == 1 or name.startswith("\\") or re.match(r"\w[_^]", name):
            return self.name(name).items[0]
        return Words(name, True)

    def _plus(self, terms: tuple[Value, ...]) -> Row:
        items: list[Node] = []
        for term in terms:
            made = (
                self._plain(term)
                if not isinstance(term, Position) or term.poly.terms == 1
                else self.value(term, PRODUCT)
            )
            if items and not (made.items and made.items[0] == Sign("-")):
                items.append(Sign("+"))
            items += made.items
        return Row(tuple(items))

    def _times(self, factors: tuple[Value, ...]) -> Row:
        items: list[Node] = []
        factors = tuple(f for n, f in enumerate(factors) if not (isinstance(f, Bracket) and f in factors[:n]))
        first, *rest = factors
        if isinstance(first, Number) and first.value < 0 and rest:
            items.append(Sign("-"))
            factors = tuple(rest) if first.value == -1 else (Number(-first.value), *rest)
        divided = self._divided(factors)
        if divided is not None:
            return Row((*items, divided))
        for n, factor in enumerate(factors):
            made = self.value(factor, PRODUCT)
            if (
                isinstance(factor, (Sum, Maximum, Derivative))
                and n < len(factors) - 1
                and not isinstance(made.items[0], Fraction)
            ):
                made = Row((Fence("(", made),))
            if isinstance(factor, Derivative) and len(made.items) > 1 and n < len(factors) - 1:
                made = Row((Fence("(", made),))
            if n and isinstance(made.items[0], (Fence, Numeral)):
                items.append(_DOT)
            items += made.items
        return Row(tuple(items))

    def _divided(self, factors: tuple[Value, ...]) -> Fraction | None:
        """A product of entries and functions by the last factor's divisor, as one fraction; not what is a fraction."""
        *above, last = factors
        if not above or not isinstance(last, Reciprocal) or not all(isinstance(f, (Entry, Apply)) for f in above):
            return None
        made = [self.value(f, PRODUCT) for f in above]
        if any(isinstance(item, Fraction) for row_ in made for item in row_.items):
            return None
        return Fraction(row(*made), self.value(last.argument))

    def _sum(self, r: Range) -> Big:
        infinity = Letter(r"\infty")
        low = row(Sign("-"), infinity) if r.low is None else self.poly(r.low)
        high = Row((infinity,)) if r.high is None else self.poly(r.high)
        return Big(r"\sum", row(self.name(r.name), Sign("="), low), high)

    def between(self, r: Range) -> Row:
        low = Row(()) if r.low is None else row(self.poly(r.low), Sign(r"\le"))
        high = Row(()) if r.high is None else row(Sign(r"\le"), self.poly(r.high))
        return row(low, self.name(r.name), high)

    def condition(self, condition: Condition) -> Row:
        """What is positive on the left, what is negative on the right."""
        left = Poly({m: c for m, c in condition.poly if c > 0})
        right = Poly({m: -c for m, c in condition.poly if c < 0})
        return row(self.poly(left), Sign(_SIGNS[condition.kind]), self.poly(right))

    # -- operations --------------------------------------------------------------------

    def tensor(self, tensor: Tensor) -> Row:
        """A tensor by its name, by the derivative that it is, or by its operation."""
        gradient = _gradient(tensor)
        if gradient is not None and tensor.name not in self.names:
            loss, by = gradient
            return Row((Fraction(row(_PARTIAL, self.name(loss)), row(_PARTIAL, self.name(by))),))
        if isinstance(tensor, Defined) and tensor.call is not None and not self._named(tensor):
            return self.call(tensor.call)
        return self.name(tensor.name)

    def call(self, call: Call) -> Row:
        r"""`\operatorname{corr}(\operatorname{pad}(G, r - 1), \operatorname{rot180}(K))`."""
        if call.operation == "moved":  # where the indices begin is said of the document, not of each formula
            return self.tensor(call.operands[0])
        if call.operation == "array":
            return self._array(call)
        if call.operation in ("scaled", "broadcast", "each_by"):
            return self._with_number(call)
        without_name = nameless(call, self.tensor, self._function)
        if without_name is not None:
            return without_name
        arguments = [self.tensor(t) for t in call.operands]
        for name, option in call.options:
            written = self._option(call, name, option)
            if written is not None:
                arguments.append(written)
        name = OPERATIONS.get(call.operation, call.operation)
        return Row((Words(name, True), Fence("(", self._list(arguments))))

    def _with_number(self, call: Call) -> Row:
        """A whole tensor times a number, plus a number, or every entry by a number."""
        (tensor,), ((_, number),) = call.operands, call.options
        assert isinstance(number, Value)
        made = in_product(tensor, self.tensor)
        if call.operation == "each_by":
            assert isinstance(number, Entry)
            return Row((Fraction(row(_PARTIAL, made), row(_PARTIAL, self.entry(number))),))
        if call.operation == "broadcast":
            return row(made, Sign("+"), self.value(number, PRODUCT))
        if number == Number(Ratio(-1)):
            return row(Sign("-"), made)
        return row(self.value(number, PRODUCT), _DOT, made)

    def _array(self, call: Call) -> Row:
        """`\\begin{bmatrix} 1 & 0 \\end{bmatrix}`, and `[1, 0]` for a list."""
        rows = [[self.value(value) for value in line] for line in call.option("rows")]  # type: ignore[attr-defined]
        if call.option("line"):
            return Row((Fence("[", self._list(rows[0])),))
        return Row((Grid("bmatrix", tuple(map(tuple, rows))),))

    def _option(self, call: Call, name: str, option: object) -> Row | None:
        operation = call.operation
        if name == "stride" and "window" in dict(call.options):  # side by side unless said
            beside = option == call.option("window")
            return None if beside else row(Words(name), Sign("="), self._amount(option))
        if name in ("spatial", "axis") or option is None:
            return None
        if operation in ("pad", "stuff", "vec", "toeplitz") and name in ("amounts", "steps", "shape"):
            return self._amount(option)
        if name in _DEFAULTS and _all_equal(option, _DEFAULTS[name]):
            return None
        return row(Words(name), Sign("="), self._amount(option))

    def _amount(self, option: object) -> Row:
        """One number where all are the same, else a list."""
        if isinstance(option, tuple):
            if option and all(o == option[0] for o in option):
                return self._amount(option[0])
            if self.rows and any(isinstance(o, tuple) and o[0] != o[1] for o in option):
                sides = [tuple(map(self._amount, o if isinstance(o, tuple) else (o, o))) for o in option]
                return Row((Grid("pmatrix", tuple(sides)),))
            return Row((Fence("(", self._list([self._amount(o) for o in option])),))
        if isinstance(option, (int, Poly)):
            return self.poly(Poly.of(option))
        if isinstance(option, Function):
            head = self._function(option.name)
            return Row((Script(head, primes=option.order) if option.order else head,))
        return Row((Words(str(getattr(option, "name", option))),))

    def _list(self, parts: list[Row]) -> Row:
        items: list[Node] = []
        for n, part in enumerate(parts):
            items += [_COMMA, *part.items] if n else part.items
        return Row(tuple(items))


def _gradient(tensor: Tensor) -> tuple[str, str] | None:
    """(L, X) for a tensor named dL/dX."""
    match = re.fullmatch(r"d((?:[^/@ {]|\{[^{}]*\})+)/d((?:[^/@ {]|\{[^{}]*\})+)", tensor.name)
    return (match.group(1), match.group(2)) if match else None


def _indexed(name: Row, index: Row) -> Row:
    """The last letter of a name carries the index; a name with a label of its own is put in brackets."""
    if not index.items:
        return name
    *front, last = name.items
    if front and isinstance(last, Fence):  # f'(X)
        return Row((Script(Fence("(", name), index),))
    if isinstance(last, Script):
        if last.sub is None:
            return row(*front, Script(last.base, index, last.sup, last.primes))
        return row(*front, last, Fence("[", index))
    return row(*front, Script(last, index))


def _negative(value: Value) -> bool:
    match value:
        case Number(q):
            return q < 0
        case Position(poly):
            return any(c < 0 for _, c in poly)
        case Times(factors):
            return isinstance(factors[0], Number) and factors[0].value < 0
    return False


def _ratio(q: Ratio) -> Row:
    if q.denominator == 1:
        return Row((Numeral(str(q)),)) if q >= 0 else Row((Sign("-"), Numeral(str(-q))))
    made = Fraction(Row((Numeral(str(abs(q.numerator))),)), Row((Numeral(str(q.denominator)),)))
    return Row((made,)) if q > 0 else Row((Sign("-"), made))


def _all_equal(option: object, default: object) -> bool:
    if isinstance(option, tuple):
        return all(_all_equal(o, default) for o in option)
    return option == default
