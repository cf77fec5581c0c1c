"""Hand-made certificates of claims that are false or say nothing: the checker must reject each.

A polynomial is written as in a certificate: [[coefficient, [atom, ...]], ...].
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Json = Any
FORGERIES: dict[str, Callable[[], Json]] = {}

LINE = [None, None]
X: Json = {"name": "x", "axes": [LINE]}
Y: Json = {"name": "y", "axes": [LINE]}
ONE: Json = ["number", "1"]
ZERO: Json = ["number", "0"]
AT_ONCE: Json = [["1", [["negated", [[-1, []]]]]]]  # 1 >= 1


def forgery(name: str) -> Callable[[Callable[[], Json]], Callable[[], Json]]:
    def register(build: Callable[[], Json]) -> Callable[[], Json]:
        FORGERIES[name] = build
        return build

    return register


def claim(left: Json, right: Json, *steps: Json, **parts: Json) -> Json:
    """A whole certificate; `parts` are those of its problem."""
    empty: Json = {"sizes": [], "free": [], "hypotheses": [], "tensors": []}
    return {
        "format": "symconv certificate 1",
        "problem": {**empty, **parts, "left": left, "right": right},
        "steps": list(steps),
    }


def num(n: int) -> Json:
    return [[n, []]] if n else []


def var(name: Json, factor: int = 1, offset: int = 0) -> Json:
    return [[factor, [name]], *num(offset)]


def upto(name: str, last: int, first: int = 0) -> Json:
    return [name, num(first), num(last)]


def entry(*index: Json, tensor: Json = 0) -> Json:
    return ["entry", tensor, list(index)]


def sum_over(ranges: Json, body: Json) -> Json:
    return ["sum", ranges, body]


def bracket(kind: str, p: Json) -> Json:
    return ["bracket", [[kind, p]]]


def free(*names: str) -> Json:
    return [[n, None, None] for n in names]


def step(rule: str, **details: Json) -> Json:
    return {"rule": rule, **details}


def summand(multiplier: str, kind: str, p: Json) -> Json:
    return [multiplier, [[kind, p]]]


# -- the numbers of JSON ----------------------------------------------------------------


@forgery("both halves of a split under one number that differs from itself")
def _() -> Json:
    nan = float("nan")
    halves = step("split", term=0, guard=[], into=[nan, nan])
    return claim(ONE, ZERO, halves, step("absurd", term=nan, certificate=None))


@forgery("a sign that is a float, so that large coefficients are rounded")
def _() -> Json:
    def side(weight: int) -> Json:
        return sum_over([upto("v", 1)], ["times", [["position", [[weight, ["v"]]]], entry(var("v"))]])

    turns = [step("shift", term=n, name=f"%{n + 1}", sign=1.0, offset=[], new="%9") for n in (0, 1)]
    return claim(side(2**53 + 1), side(2**53), *turns, tensors=[X])


@forgery("a number without end")
def _() -> Json:
    return claim(["number", float("inf")], ["number", float("inf")])


@forgery("a number in the notation that lets a short text be a huge number")
def _() -> Json:
    return claim(["number", "1e6"], ["number", "1e6"])


# -- names that read like polynomials -------------------------------------------------------


def product_read_as_name(rule: str) -> Json:
    """sum of x[p q] = sum of x[n], n called "p*q"."""
    three = [upto("p", 1), upto("q", 1), upto("n", 1)]
    left, right = sum_over(three, entry([[1, ["p", "q"]]])), sum_over(three, entry(var("n")))
    steps = []
    for term, (p, q, n) in enumerate((("%1", "%2", "%3"), ("%4", "%5", "%6"))):
        if term:
            steps.append(step("rename", term=term, names={p: "%1", q: "%2"}, order=[0]))
        if rule == "rename":
            steps.append(step("rename", term=term, names={n: "%1*%2"}, order=[0]))
        else:
            steps.append(step("shift", term=term, name=n, sign=1, offset=[], new="%1*%2"))
    return claim(left, right, *steps, tensors=[X])


forgery("rename: a name that reads like a product")(lambda: product_read_as_name("rename"))
forgery("shift: a name that reads like a product")(lambda: product_read_as_name("shift"))


def discharged(kind: str, p: Json, fact: Json = None) -> Json:
    """The step that leaves out [p = 0] or [p >= 0] from term 0, p (and -p) being known."""
    minus = [[-c, m] for c, m in p]
    sides = [p, minus] if kind == "eq" else [p]
    other = {id(p): minus, id(minus): p}
    proofs = [[summand("1", "negated", [*other[id(s)], [-1, []]]), summand("1", "known", s)] for s in sides]
    return step("discharge", term=0, guard=p, equality=kind == "eq", certificates=proofs)


@forgery("a free index whose name reads like a product")
def _() -> Json:
    p = [[1, ["a", "b"]]]
    ranges = [*free("a", "b"), upto("a*b", 0)]
    return claim(
        ["times", [entry(var("a")), bracket("eq", p)]], entry(var("a")), discharged("eq", p), free=ranges, tensors=[X]
    )


@forgery("a free index whose name reads like a quotient")
def _() -> Json:
    half = ["div", var("#H"), num(2)]
    p = [[1, [half]]]
    ranges = [upto("div<1*#H|2*>", 0)]
    return claim(bracket("eq", p), ONE, discharged("eq", p), free=ranges, sizes=[["H", 1]])


# -- names that are bound elsewhere -----------------------------------------------------------


@forgery("quotient: the new index occurs in its own numerator")
def _() -> Json:
    made = step("quotient", term=0, numerator=var("%9", 1, 1), denominator=num(1), name="%9", positive=AT_ONCE)
    return claim(ONE, ZERO, made, step("absurd", term=0, certificate=None))


@forgery("constant: the new name occurs in its own numerator")
def _() -> Json:
    made = step("constant", numerator=var("/1", 1, 1), denominator=num(1), name="/1", positive=AT_ONCE)
    return claim(ONE, ZERO, made, step("absurd", term=0, certificate=[summand("1", "known", num(-1))]))


@forgery("a hypothesis about a bound index")
def _() -> Json:
    proof = [summand("1/2", "known", var("%1", -1, 5)), summand("1/2", "zero", var("%1", 1, -7))]
    return claim(
        sum_over([upto("v", 5)], entry(var("v"))),
        ZERO,
        step("absurd", term=0, certificate=proof),
        hypotheses=[["eq", var("%1", 1, -7)]],
        tensors=[X],
    )


@forgery("hypotheses about a name that the claim does not have")
def _() -> Json:
    proof = [summand("1", "known", var("zz", 1, -1)), summand("1", "known", var("zz", -1))]
    absurd = step("absurd", term=0, certificate=proof)
    return claim(ONE, ZERO, absurd, hypotheses=[["ge", var("zz", 1, -1)], ["ge", var("zz", -1)]])


@forgery("an index out of scope is caught by a sum")
def _() -> Json:
    left = sum_over([upto("v", 1)], entry([[1, ["v"]], [1, ["%1"]]]))
    right = sum_over([upto("v", 1)], entry(var("v", 2)))
    return claim(left, right, step("rename", term=1, names={"%2": "%1"}, order=[0]), tensors=[X])


@forgery("the index of a sum under f is called like an argument of f")
def _() -> Json:
    def side(index: Json) -> Json:
        total = sum_over([upto("$0", 1)], entry(index))
        return ["apply", "f", 0, ["plus", [["position", var("i")], total]]]

    return claim(side([[1, ["i"]], [1, ["$0"]]]), side(var("$0", 2)), free=free("i"), tensors=[X])


@forgery("a summation index called like a size is taken for the size under f")
def _() -> Json:
    inner = ["apply", "f", 0, ["plus", [entry(var("#H")), entry(var("#H"), tensor=1)]]]
    renamed = step("rename", term=1, names={"%2": "%1"}, order=[0])
    left, right = (sum_over([upto(name, 1)], inner) for name in ("#H", "k"))
    return claim(left, right, renamed, sizes=[["H", 1]], tensors=[X, Y])


@forgery("a parameter called like a size is taken for the size under f")
def _() -> Json:
    inner = ["apply", "f", 0, ["plus", [entry(var("#H")), entry(var("#H"), tensor=1)]]]
    defined: Json = {"name": "F", "axes": [LINE], "parameters": ["#H"], "body": inner}
    return claim(entry(num(3), tensor=2), inner, sizes=[["H", 1]], tensors=[X, Y, defined])


@forgery("one parameter twice")
def _() -> Json:
    defined: Json = {"name": "F", "axes": [LINE, LINE], "parameters": ["i", "i"], "body": entry(var("i"))}
    return claim(entry(var("a"), var("b"), tensor=1), entry(var("b")), free=free("a", "b"), tensors=[X, defined])


@forgery("one free index twice, its two ranges without a common place")
def _() -> Json:
    proof = [summand("1/5", "known", var("i", -1)), summand("1/5", "known", var("i", 1, -5))]
    absurd = step("absurd", term=0, certificate=proof)
    return claim(ONE, ZERO, absurd, free=[upto("i", 0), upto("i", 9, 5)])


@forgery("one size twice, with another least value")
def _() -> Json:
    p = var("#H", 1, -5)
    return claim(bracket("ge", p), ONE, discharged("ge", p), sizes=[["H", 1], ["H", 5]])


# -- index functions -----------------------------------------------------------------------------


def argmax(ranges: Json, axis: int = 0) -> Json:
    return ["argmax", ranges, ONE, axis, []]


@forgery("the bounds of an argmax over an empty window")
def _() -> Json:
    a = argmax([upto("%0", -1)])
    proof = [summand("1", "known", var(a)), summand("1", "known", var(a, -1, -1))]
    return claim(ONE, ZERO, step("absurd", term=0, certificate=proof))


@forgery("the bounds of an argmax whose first axis is empty")
def _() -> Json:
    """The second axis alone is not empty, yet there is no such place."""
    window = [upto("%0", -1), upto("%1", 0)]
    a, p = argmax(window, 1), bracket("eq", var(argmax(window, 1)))
    proofs = [
        [summand("1", "negated", var(a, -1, -1)), summand("1", "known", var(a))],
        [summand("1", "negated", var(a, 1, -1)), summand("1", "known", var(a, -1))],
    ]
    return claim(p, ONE, step("discharge", term=0, guard=var(a), equality=True, certificates=proofs))


@forgery("the bounds of an argmax hold an index of its own window")
def _() -> Json:
    """sum over v in -1 .. -1 of 1 = 0: with v called %0 the bounds say v >= 0."""
    a = argmax([upto("%0", 5), ["%1", [], var("%0")]], 1)
    proof = [
        summand("1", "known", [[1, ["%0"]], [-1, [a]]]),
        summand("1", "known", var(a)),
        summand("1", "known", var("%0", -1, -1)),
    ]
    renamed = step("rename", term=0, names={"%1": "%0"}, order=[])
    absurd = step("absurd", term=0, certificate=proof)
    return claim(sum_over([upto("v", -1, -1)], ONE), ZERO, renamed, absurd)


@forgery("an argmax that hides a bound index")
def _() -> Json:
    """sum over u of 1 = sum over u, v of 1: every index equals the argmax over [itself, itself]."""
    a = argmax([["%0", var("%1"), var("%1")]])
    up, down = [[1, [a]], [-1, ["%1"]]], [[-1, [a]], [1, ["%1"]]]
    proofs = [
        [summand("1", "negated", [*up, [-1, []]]), summand("1", "known", down)],
        [summand("1", "negated", [*down, [-1, []]]), summand("1", "known", up)],
    ]

    def gone(term: int) -> list[Json]:
        return [
            step("entail", term=term, guard=up, equality=True, certificates=proofs),
            step("eliminate", term=term, guard=up, name="%1"),
        ]

    steps = gone(0)
    for name in ("%2", "%3"):
        steps += [step("rename", term=1, names={name: "%1"}, order=[]), *gone(1)]
    return claim(sum_over([upto("u", 1)], ONE), sum_over([upto("u", 1), upto("v", 1)], ONE), *steps)


# -- what a claim may be made of --------------------------------------------------------------------


@forgery("a bracket with an unknown comparison")
def _() -> Json:
    return claim(bracket("le", var("i")), bracket("eq", var("i")), free=free("i"))


@forgery("a tensor under two numbers")
def _() -> Json:
    slope = ["derivative", entry(var("i"), tensor=-1), 0, [var("j")]]
    return claim(slope, ZERO, free=free("i", "j"), tensors=[X])


@forgery("two tensors under one name")
def _() -> Json:
    slope = ["derivative", entry(var("i"), tensor=1), 0, [var("j")]]
    return claim(slope, ZERO, free=free("i", "j"), tensors=[X, X])


@forgery("a definition taken for data, since it has no parameters")
def _() -> Json:
    defined: Json = {"name": "F", "axes": [LINE], "body": entry(var("i"))}
    slope = ["derivative", entry(var("i"), tensor=1), 0, [var("j")]]
    return claim(slope, ZERO, free=free("i", "j"), tensors=[X, defined])


@forgery("a function without a name taken for the identity")
def _() -> Json:
    return claim(["apply", "", 0, entry(var("i"))], entry(var("i")), free=free("i"), tensors=[X])


@forgery("the derivative of tanh' by the formula of tanh")
def _() -> Json:
    f = ["apply", "tanh", 1, entry(var("i"))]
    right = ["times", [["plus", [ONE, ["times", [["number", "-1"], f, f]]]], bracket("eq", [[1, ["i"]], [-1, ["j"]]])]]
    return claim(["derivative", f, 0, [var("j")]], right, free=free("i", "j"), tensors=[X])


@forgery("sums without end: the same less the same is 1")
def _() -> Json:
    line = sum_over([["k", [], None]], ONE)
    proof = [summand("1/2", "negated", var("%1", -1, -1)), summand("1/2", "known", var("%1", 1, -1))]
    return claim(
        ["plus", [line, ["times", [["number", "-1"], line]]]],
        ONE,
        step("split", term=0, guard=var("%1", 1, -1), into=[10, 11]),
        step("discharge", term=10, guard=var("%1"), equality=False, certificates=[proof]),
        step("shift", term=10, name="%1", sign=1, offset=num(1), new="%2"),
        step("count", term=11, name="%1", low=var("%1"), high=var("%1", -1)),
    )


# -- divisors that may be 0 ------------------------------------------------------------------------------


@forgery("(H - 1) / (H - 1) = 1 for H >= 1")
def _() -> Json:
    p = ["position", var("#H", 1, -1)]
    return claim(["times", [p, ["reciprocal", p]]], ONE, sizes=[["H", 1]])


@forgery("5 + 1/0 + 1/0 = 0")
def _() -> Json:
    pole = ["reciprocal", ["position", []]]
    return claim(["plus", [["number", "5"], pole, pole]], ZERO)


@forgery("H (H - 1) div (H - 1) = H for H >= 1")
def _() -> Json:
    product = [[1, ["#H", "#H"]], [-1, ["#H"]]]
    quotient = [[1, [["div", product, var("#H", 1, -1)]]]]
    return claim(["position", quotient], ["position", var("#H")], sizes=[["H", 1]])


@forgery("sum over v = 1 .. n of 1/n = 1 for n >= 0")
def _() -> Json:
    """The bracket [n >= 1] that makes 1/n safe follows from the limits of v, until v is counted."""
    n, one_on = var("#n"), bracket("ge", var("#n", 1, -1))
    left = sum_over([["v", num(1), n]], ["times", [one_on, ["reciprocal", ["position", n]]]])
    low, high = var("%1", 1, -1), [[1, ["#n"]], [-1, ["%1"]]]
    between = [summand("1", "negated", var("#n", -1)), summand("1", "known", low), summand("1", "known", high)]
    at_least_0 = [summand("1", "negated", var("#n", -1, -1)), summand("1", "known", n)]
    steps = [
        step("discharge", term=0, guard=var("#n", 1, -1), equality=False, certificates=[between]),
        step("count", term=0, name="%1", low=low, high=high),
        step("discharge", term=0, guard=n, equality=False, certificates=[at_least_0]),
    ]
    return claim(left, ONE, *steps, sizes=[["n", 0]])


@forgery("a bound index that a hypothesis on its name keeps from being 0")
def _() -> Json:
    """sum over v = 0, 1 of v/v = 2."""
    v = ["position", var("v")]
    left, right = sum_over([upto("v", 1)], ["times", [v, ["reciprocal", v]]]), sum_over([upto("v", 1)], ONE)
    renamed = step("rename", term=1, names={"%2": "%1"}, order=[])
    return claim(left, right, renamed, hypotheses=[["ne", var("%1")]])


def quotient_by_parameter(fact: Json) -> Json:
    """F[p] = H p div p, and F[H - 1] = H for H >= 1; a free index is called p as well."""
    body = ["position", [[1, [["div", [[1, ["#H", "p"]]], var("p")]]]]]
    defined: Json = {"name": "F", "axes": [LINE], "parameters": ["p"], "body": body}
    left, right = entry(var("#H", 1, -1)), ["position", var("#H")]
    return claim(left, right, sizes=[["H", 1]], tensors=[defined], free=free("p"), hypotheses=[fact])


forgery("a divisor that a hypothesis on a free index of its name makes positive")(
    lambda: quotient_by_parameter(["ge", var("p", 1, -1)])
)
forgery("a divisor that a hypothesis on a free index of its name keeps from being 0")(
    lambda: quotient_by_parameter(["ne", var("p")])
)


@forgery("tanh(0) / tanh(0) = 1")
def _() -> Json:
    f = ["apply", "tanh", 0, ZERO]
    return claim(["times", [f, ["reciprocal", f]]], ONE, step("cancel", term=0, factor=0, inverse=1))


@forgery("relu'(x) / relu'(x) = 1")
def _() -> Json:
    f = ["apply", "relu", 1, entry(var("i"))]
    whole = ["times", [f, ["reciprocal", f]]]
    return claim(whole, ONE, step("cancel", term=0, factor=0, inverse=1), free=free("i"), tensors=[X])


@forgery("sigmoid'' / sigmoid'' = 1 at 0, where sigmoid'' is 0")
def _() -> Json:
    f = ["apply", "sigmoid", 2, ZERO]
    return claim(["times", [f, ["reciprocal", f]]], ONE, step("cancel", term=0, factor=0, inverse=1))


def log_of_product(factor: Json, **parts: Json) -> Json:
    """log(factor * exp 1) = log(factor) + 1."""
    left = ["apply", "log", 0, ["times", [factor, ["apply", "exp", 0, ONE]]]]
    return claim(left, ["plus", [["apply", "log", 0, factor], ONE]], **parts)


forgery("log(0 e) = log 0 + 1, the 0 being an empty sum")(
    lambda: log_of_product(sum_over([["k", num(1), var("#n")], upto("m", 0)], ONE), sizes=[["n", 0]])
)
forgery("log(0 e) = log 0 + 1, the 0 being a sum of nothing")(lambda: log_of_product(["plus", []]))
forgery("log(0 e) = log 0 + 1, the 0 being read outside a range")(
    lambda: log_of_product(
        entry(num(5)), tensors=[{"name": "F", "axes": [[[], []]], "parameters": ["i"], "body": ["number", "2"]}]
    )
)


@forgery("the logarithm of a 0 that is read outside a range")
def _() -> Json:
    body = ["apply", "exp", 0, ["position", var("i")]]
    defined: Json = {"name": "F", "axes": [[[], []]], "parameters": ["i"], "body": body}
    return claim(["apply", "log", 0, entry(num(5))], ["number", "5"], tensors=[defined])


@forgery("one over a 0 that is read outside a range")
def _() -> Json:
    body = ["times", [["number", "2"], ["number", "3"]]]
    defined: Json = {"name": "F", "axes": [[[], []]], "parameters": ["i"], "body": body}
    return claim(["reciprocal", entry(num(5))], ["number", "1/6"], tensors=[defined])


@forgery("the maximum over an empty window of 5 is 5")
def _() -> Json:
    five = ["number", "5"]
    return claim(["max", [["u", num(1), var("#n")]], five], five, sizes=[["n", 0]])


@forgery("the maximum of maxima over an empty window of 5 is 5")
def _() -> Json:
    five = ["number", "5"]
    inner = ["max", [["v", num(1), var("#n")]], five]
    return claim(["max", [upto("u", 1)], inner], five, sizes=[["n", 0]])


@forgery("the maximum of maxima over windows of which the last is empty")
def _() -> Json:
    five = ["number", "5"]
    inner = ["max", [["v", var("u"), num(0)]], five]
    return claim(["max", [upto("u", 1)], inner], five)


@forgery("the maximum of maxima over an index of the same name is over the outer one")
def _() -> Json:
    """max over u <= 2 of max over u <= 1 of x[u] is the greatest of two entries; on the right it is that of three."""
    left = ["max", [upto("u", 2)], ["max", [upto("u", 1)], entry(var("u"))]]
    right = ["max", [upto("u", 2), upto("w", 1)], entry(var("u"))]
    return claim(left, right, tensors=[X])


@forgery("a definition by itself: F = exp F has no solution")
def _() -> Json:
    defined: Json = {"name": "F", "axes": [], "parameters": [], "body": ["apply", "exp", 0, entry()]}
    return claim(entry(), ["apply", "exp", 0, entry()], tensors=[defined])


@forgery("two definitions by each other")
def _() -> Json:
    def defined(name: str, other: int, function: str) -> Json:
        body = ["apply", function, 0, entry(tensor=other)]
        return {"name": name, "axes": [], "parameters": [], "body": body}

    both = [defined("F", 1, "exp"), defined("G", 0, "sigmoid")]
    return claim(entry(), ["apply", "exp", 0, entry(tensor=1)], tensors=both)


@forgery("an axis that begins at an index of a sum")
def _() -> Json:
    data: Json = {"name": "x", "axes": [[var("%1"), None]]}
    left = sum_over([upto("v", 1)], entry(var("v", 1, -1)))
    return claim(left, ZERO, step("absurd", term=0, certificate=None), tensors=[data])


@forgery("1 = 0 by a quotient v/v at v = 0 that is 2 after one rewriting and 3 after another")
def _() -> Json:
    """With w = 0 the quotient (2 v + w) div v reads 2, with w = v it reads 3."""
    v, w, gap = var("%1"), var("%2"), [[1, ["%2"]], [-1, ["%1"]]]
    a = ["div", [[2, ["%1"]], [1, ["%2"]]], v]

    low = {name: var(name) for name in ("%1", "%2")}
    high = {name: var(name, -1) for name in ("%1", "%2")}
    facts = [
        step("entail", term=0, guard=p, equality=True, certificates=proofs)
        for p, proofs in (
            (
                w,
                [
                    [summand("1", "negated", var("%2", -1, -1)), summand("1", "known", low["%2"])],
                    [summand("1", "negated", var("%2", 1, -1)), summand("1", "known", high["%2"])],
                ],
            ),
            (
                gap,
                [
                    [
                        summand("1", "negated", [[1, ["%1"]], [-1, ["%2"]], [-1, []]]),
                        summand("1", "known", low["%2"]),
                        summand("1", "known", high["%1"]),
                    ],
                    [
                        summand("1", "negated", [[1, ["%2"]], [-1, ["%1"]], [-1, []]]),
                        summand("1", "known", low["%1"]),
                        summand("1", "known", high["%2"]),
                    ],
                ],
            ),
        )
    ]
    steps = [
        *facts,
        step("split", term=0, guard=var(a, 1, -3), into=[10, 11]),
        step("rewrite", term=10, guard=w, name="%2"),
        step("absurd", term=10, certificate=None),
        step("rewrite", term=11, guard=gap, name="%2"),
        step("absurd", term=11, certificate=None),
    ]
    return claim(sum_over([upto("v", 0), upto("w", 0)], ONE), ZERO, *steps)


# -- lemmas -------------------------------------------------------------------------------


def f_of(argument: Json) -> Json:
    return ["apply", "f", 0, argument]


def alike(model: Json, index: Json, *steps: Json, first: int = 50) -> Json:
    return step("alike", term=0, factor=0, model=model, index=index, first=first, steps=list(steps))


@forgery("a lemma about another place of the same argument")
def _() -> Json:
    shown = alike([1, 0], [var("i", 1, 1)])
    return claim(f_of(entry(var("i"))), f_of(entry(var("i", 1, 1))), shown, free=free("i"), tensors=[X])


@forgery("a lemma that gets rid of its terms by the guard of another term")
def _() -> Json:
    absurd = [summand("1", "known", var("i")), summand("1", "known", var("i", -1, -1))]
    left = ["plus", [f_of(entry(var("i"))), ["times", [bracket("ge", var("i", -1, -1)), f_of(entry(num(0)))]]]]
    ends = [step("absurd", term=n, certificate=absurd) for n in (0, 1)]
    shown = alike([1, 0], [num(0)], *ends)
    return claim(left, f_of(entry(num(0))), shown, free=free("i"), hypotheses=[["ge", var("i")]], tensors=[X])


@forgery("a lemma whose sum takes the name of an index that is fixed")
def _() -> Json:
    inner = sum_over([upto("w", 2)], entry(var("w")))
    left = sum_over([upto("v", 2)], f_of(inner))
    right = sum_over([upto("v", 2)], f_of(["times", [["number", "3"], entry(var("v"))]]))
    return claim(left, right, alike([1, 0], [var("%1")], first=1), tensors=[X])


@forgery("a lemma of one function used for another")
def _() -> Json:
    return claim(f_of(entry(var("i"))), entry(var("i")), alike([1, 0], [var("i")]), free=free("i"), tensors=[X])


@forgery("a lemma of a function used for its derivative")
def _() -> Json:
    right = ["apply", "f", 1, entry(var("i"))]
    return claim(f_of(entry(var("i"))), right, alike([1, 0], [var("i")]), free=free("i"), tensors=[X])


@forgery("a lemma of a reciprocal used for what it is the reciprocal of")
def _() -> Json:
    right = ["reciprocal", f_of(entry(var("i")))]
    return claim(f_of(entry(var("i"))), right, alike([1, 0], [var("i")]), free=free("i"), tensors=[X])


@forgery("a sum that may be 0 over itself is 1")
def _() -> Json:
    total: Json = {"name": "S", "axes": [], "parameters": [], "body": sum_over([upto("v", 1)], entry(var("v")))}
    left = ["times", [entry(tensor=1), ["reciprocal", entry(tensor=1)]]]
    unit = step("unit", term=1, model=[0, 1], index=[], first=9, into=[5])
    return claim(left, ONE, unit, step("rename", term=5, names={"%9": "%1"}, order=[1, 0]), tensors=[X, total])


@forgery("a sum of an index whose data moves with it")
def _() -> Json:
    left = sum_over([upto("v", 3)], ["times", [["position", var("v", 2)], entry(var("v"))]])
    right = ["times", [["number", "12"], entry(num(0))]]
    high = [[-1, ["%1"]], [3, []]]
    primitive = [[1, ["%1", "%1"]], [-1, ["%1"]]]
    return claim(
        left, right, step("add", term=0, name="%1", low=var("%1"), high=high, primitive=primitive, by=1), tensors=[X]
    )


@forgery("a part of a sum over one denominator is left out")
def _() -> Json:
    pair = ["plus", [["apply", "exp", 0, entry(num(n))] for n in (0, 1)]]
    total: Json = {"name": "S", "axes": [], "parameters": [], "body": pair}
    left = ["times", [["apply", "exp", 0, entry(num(0))], ["reciprocal", entry(tensor=1)]]]
    unit = step("unit", term=1, model=[0, 1], index=[], first=9, into=[5])
    return claim(left, ONE, unit, step("rename", term=5, names={}, order=[1, 0]), tensors=[X, total])


@forgery("a lemma that uses itself")
def _() -> Json:
    again = alike([1, 0], [var("i")], alike([1, 0], [var("i")]))
    left, right = (f_of(f_of(entry(var("i", 1, n)))) for n in (0, 1))
    return claim(left, right, again, free=free("i"), tensors=[X])
