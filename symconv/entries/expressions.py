"""Nodes as SymPy expressions, and SymPy expressions as nodes.

An entry of a tensor is `Indexed`: X[0, 1].  Sums are built by one `Add` of all
terms.  A maximum is `Max`, its winner a `Piecewise` that says who wins a tie;
SymPy is never asked to differentiate or to simplify.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from functools import cmp_to_key
from typing import Any, cast

import sympy
from sympy.core.function import AppliedUndef

from symconv.entries.graph import STEP, Graph, Kind, Node, Variable, below
from symconv.errors import BridgeError
from symconv.term.value import Function

KNOWN: dict[str, Callable[[sympy.Expr], sympy.Expr]] = {
    "exp": sympy.exp,
    "log": sympy.log,
    "tanh": sympy.tanh,
    "sqrt": sympy.sqrt,
    "sigmoid": lambda x: 1 / (1 + sympy.exp(-x)),
    "softplus": lambda x: sympy.log(1 + sympy.exp(x)),
    "normal_cdf": lambda x: (1 + sympy.erf(x / sympy.sqrt(2))) / 2,
    "normal_pdf": lambda x: sympy.exp(-(x**2) / 2) / sympy.sqrt(2 * sympy.pi),
    "gelu": lambda x: x * (1 + sympy.erf(x / sympy.sqrt(2))) / 2,
    "relu": lambda x: sympy.Max(0, x, evaluate=bool(x.is_Rational)),
    "step": lambda x: sympy.Piecewise((1, x > 0), (0, True)),
}
ATOMS = (sympy.Indexed, sympy.Symbol)
NAMES: dict[Any, str] = {sympy.exp: "exp", sympy.log: "log", sympy.tanh: "tanh"}


def applied(function: Function, argument: sympy.Expr) -> sympy.Expr:
    """function(argument); an unknown function of order n is its n-th derivative there."""
    known = KNOWN.get(function.name)
    if known is not None and function.order == 0:
        return known(argument)
    unknown = sympy.Function(function.name)
    if function.order == 0:
        return unknown(argument)
    place = sympy.Symbol("t")
    return sympy.Subs(sympy.Derivative(unknown(place), (place, function.order)), place, argument)


# -- nodes -> SymPy -------------------------------------------------------------------


class Writer:
    """Writes nodes as expressions, each once.

    `given` holds expressions to write in the place of a leaf's entries.
    """

    def __init__(self, given: Mapping[str, Mapping[tuple[int, ...], sympy.Expr]] | None = None) -> None:
        self._given = dict(given or {})
        self._bases: dict[str, sympy.IndexedBase] = {}
        self._written: dict[Node, sympy.Expr] = {}
        self._keys: dict[Node, tuple[int, ...]] = {}

    def write(self, roots: Sequence[Node]) -> list[sympy.Expr]:
        nodes = [n for n in below(r for r in roots if r not in self._written) if n not in self._written]
        self._rank(n for n in nodes if n.kind is Kind.VARIABLE)
        for node in nodes:
            if node.kind is not Kind.VARIABLE:
                self._written[node] = self._ordered(node) or self._expression(node, self._args(node))
        return [self._written[r] for r in roots]

    def _args(self, node: Node) -> list[sympy.Expr]:
        return [self._written[a] for a in node.args]

    def _rank(self, variables: Iterable[Node]) -> None:
        """Write the variables, and note SymPy's own order of them."""
        new = {node: self._variable(cast(Variable, node.data)) for node in variables}
        self._written |= new
        entries = {e: n for n, e in ((n, self._written[n]) for n in (*self._keys, *new)) if isinstance(e, ATOMS)}
        if len(entries) < len(self._keys) + len(new):  # expressions of the user's: SymPy shall order them
            self._keys = {}
            return
        order = sorted(entries, key=cmp_to_key(sympy.Basic.compare))
        self._keys = {entries[e]: (rank,) for rank, e in enumerate(order)}

    def _ordered(self, node: Node) -> sympy.Expr | None:
        """A product of different variables, or a sum of different such products, put in SymPy's order at once.

        This is what `Mul` and `Add` make of them, without their search for terms to collect.
        """
        if node.kind not in (Kind.PRODUCT, Kind.SUM) or len(set(node.args)) < len(node.args):
            return None
        product = node.kind is Kind.PRODUCT
        keys = {a: self._keys.get(a) for a in node.args}
        if None in keys.values() or any((len(k) == 1) is not product for k in keys.values() if k):
            return None
        args = sorted(node.args, key=lambda a: (len(keys[a] or ()), keys[a]))
        if product:
            self._keys[node] = tuple(rank for a in args for rank in keys[a] or ())
        return (sympy.Mul if product else sympy.Add)._from_args([self._written[a] for a in args], True)

    def _expression(self, node: Node, args: list[sympy.Expr]) -> sympy.Expr:
        data: Any = node.data
        match node.kind:
            case Kind.PRODUCT:
                return sympy.Mul(*args)
            case Kind.SUM:
                return sympy.Add(*args)
            case Kind.NUMBER:
                return sympy.Rational(data.numerator, data.denominator)
            case Kind.APPLY:
                return applied(data, args[0])
            case Kind.RECIPROCAL:
                return sympy.Pow(args[0], -1)
            case Kind.MAXIMUM:
                return max(args) if all(a.is_Rational for a in args) else sympy.Max(*args, evaluate=False)
            case Kind.WINS:
                return _winner(args, data)
        return args[0]

    def _variable(self, variable: Variable) -> sympy.Expr:
        name, index = variable
        if name in self._given:
            return self._given[name][index]
        if not index:
            return sympy.Symbol(name)
        base = self._bases.setdefault(name, sympy.IndexedBase(name))
        return base[index]


def _winner(window: Sequence[sympy.Expr], place: int) -> sympy.Expr:
    """1 where the entry at this place is greater than those before and not less than those after it."""
    chosen = window[place]
    before = [sympy.Gt(chosen, other) for other in window[:place]]
    after = [sympy.Ge(chosen, other) for other in window[place + 1 :]]
    return sympy.Piecewise((1, sympy.And(*before, *after)), (0, True))


# -- SymPy -> nodes -------------------------------------------------------------------


class Reader:
    """Reads SymPy expressions over entries into one graph, each subexpression once."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._read: dict[sympy.Basic, Node] = {}

    def read(self, expr: object) -> Node:
        """The node of an expression of entries, symbols, numbers and known functions."""
        if isinstance(expr, int | Fraction) and not isinstance(expr, bool):
            return self.graph.constant(expr)
        if not isinstance(expr, sympy.Basic):
            raise _refused(expr)
        waiting: list[Any] = [expr]
        while waiting:  # a sum may be nested deeper than Python's own stack
            top = waiting[-1]
            missing = [a for a in _parts(top) if a not in self._read]
            if missing:
                waiting.extend(missing)
                continue
            waiting.pop()
            if top not in self._read:
                self._read[top] = self._node(top)
        return self._read[expr]

    def _all(self, exprs: Iterable[Any]) -> list[Node]:
        return [self._read[e] for e in exprs]

    def _node(self, expr: Any) -> Node:
        g = self.graph
        if isinstance(expr, sympy.Rational):
            return g.constant(Fraction(int(expr.p), int(expr.q)))
        if isinstance(expr, sympy.Indexed | sympy.Symbol | sympy.matrices.expressions.matexpr.MatrixElement):
            return g.variable(*_variable(expr))
        if isinstance(expr, sympy.Add):
            return g.sum(self._all(expr.args))
        if isinstance(expr, sympy.Mul):
            return g.product(self._all(expr.args))
        if isinstance(expr, sympy.Pow):
            return self._power(expr)
        if isinstance(expr, sympy.Max):
            return self._maximum(expr)
        if isinstance(expr, sympy.Subs):
            derivative = expr.expr
            function = Function(derivative.expr.func.__name__, int(derivative.variable_count[0][1]))
            return g.apply(function, self._read[expr.point[0]])
        if isinstance(expr, AppliedUndef) and len(expr.args) == 1:
            return g.apply(Function(expr.func.__name__), self._read[expr.args[0]])
        if type(expr) in NAMES:
            return g.apply(Function(NAMES[type(expr)]), self._read[expr.args[0]])
        if isinstance(expr, sympy.Piecewise):
            return self._piecewise(expr)
        return self._condition(expr)

    def _power(self, expr: sympy.Pow) -> Node:
        exponent = int(expr.exp)
        power = self.graph.product([self._read[expr.base]] * abs(exponent))
        return power if exponent > 0 else self.graph.reciprocal(power)

    def _maximum(self, expr: sympy.Max) -> Node:
        others = [a for a in expr.args if a != 0]
        if len(others) == 1 and len(expr.args) == 2:
            return self.graph.apply(Function("relu"), self._read[others[0]])
        return self.graph.maximum(self._all(expr.args))

    def _piecewise(self, expr: sympy.Piecewise) -> Node:
        """The sum of [no condition before holds, this one does] * value."""
        terms, before = [], self.graph.one
        for value, condition in expr.args:
            holds = self._read[condition]
            terms.append(self.graph.product([before, holds, self._read[value]]))
            before = self.graph.product([before, self._not(holds)])
        return self.graph.sum(terms)

    def _condition(self, expr: Any) -> Node:
        """A condition as a number, 1 or 0."""
        g = self.graph
        if expr in (sympy.true, sympy.false):
            return g.one if expr == sympy.true else g.zero
        if isinstance(expr, sympy.StrictGreaterThan | sympy.StrictLessThan):
            return g.apply(STEP, self._read[expr.gts - expr.lts])
        if isinstance(expr, sympy.GreaterThan | sympy.LessThan):
            return self._not(g.apply(STEP, self._read[expr.lts - expr.gts]))
        if isinstance(expr, sympy.And):
            return g.product(self._all(expr.args))
        if isinstance(expr, sympy.Or):
            return self._not(g.product(map(self._not, self._all(expr.args))))
        if isinstance(expr, sympy.Not):
            return self._not(self._read[expr.args[0]])
        raise _refused(expr)

    def _not(self, node: Node) -> Node:
        return self.graph.sum([self.graph.one, self.graph.product([self.graph.constant(-1), node])])


def _parts(expr: Any) -> Sequence[Any]:
    """The subexpressions that must be read before this one."""
    if isinstance(expr, sympy.Indexed | sympy.matrices.expressions.matexpr.MatrixElement):
        return ()
    if isinstance(expr, sympy.Pow):
        if not isinstance(expr.exp, sympy.Integer):
            raise _refused(expr)
        return (expr.base,)
    if isinstance(expr, sympy.Subs):
        if not _derivative_of_unknown(expr):
            raise _refused(expr)
        return (expr.point[0],)
    if isinstance(expr, sympy.Piecewise):
        if expr.args[-1][1] != sympy.true:
            raise BridgeError(
                f"entry {expr}", "no value where no condition holds", "a last case (value, True)", "add the last case"
            )
        return [part for pair in expr.args for part in pair]
    if isinstance(expr, sympy.StrictGreaterThan | sympy.StrictLessThan):
        return (expr.gts - expr.lts,)
    if isinstance(expr, sympy.GreaterThan | sympy.LessThan):
        return (expr.lts - expr.gts,)
    return expr.args  # type: ignore[no-any-return]


def _derivative_of_unknown(expr: sympy.Subs) -> bool:
    inner = expr.expr
    return (
        isinstance(inner, sympy.Derivative)
        and isinstance(inner.expr, AppliedUndef)
        and len(inner.variable_count) == len(expr.point) == 1
        and inner.expr.args == expr.variables
        and isinstance(inner.variable_count[0][1], sympy.Integer)
    )


def _variable(expr: Any) -> Variable:
    if isinstance(expr, sympy.Symbol):
        return expr.name, ()
    base, index = (expr.base.label, expr.indices) if isinstance(expr, sympy.Indexed) else (expr.parent, expr.indices)
    if not all(isinstance(k, sympy.Integer) for k in index):
        raise BridgeError(
            f"entry {expr}",
            "an index that is not a number",
            "entries at fixed places",
            "put numbers in the place of the indices, or prove it for all sizes",
        )
    return str(base), tuple(map(int, index))


def _refused(expr: object) -> BridgeError:
    return BridgeError(
        f"entry {expr}",
        f"a {type(expr).__name__}",
        "numbers, symbols, entries, + - *, integer powers, Max, exp, log, tanh, f(x) and Piecewise",
        "write the entry with these",
    )


__all__ = ["Reader", "Writer", "applied"]
