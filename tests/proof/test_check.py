"""The checker rule by rule: each proves something small, and each refuses what breaks its side condition.

Every proof here is made by hand in the certificate format; every message that
the checker can give is met by name, which the last tests hold it to.
"""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from symconv.proof import check as checker
from symconv.proof.check import RULES, Rejected, check
from tests.proof.forgeries import (
    AT_ONCE,
    LINE,
    ONE,
    ZERO,
    X,
    argmax,
    bracket,
    claim,
    entry,
    free,
    num,
    step,
    sum_over,
    summand,
    upto,
    var,
)

Json = Any
SOURCE = Path(checker.__file__)
I = ["position", var("i")]  # noqa: E741


def minus(p: Json) -> Json:
    return [[-c, m] for c, m in p]


def times(*factors: Json) -> Json:
    return ["times", list(factors)]


def by_known(p: Json, known: Json) -> Json:
    """p >= 0 since it is `known` plus a constant: half of both, or all, add up to -1."""
    gap = sum(c for c, m in p if not m) - sum(c for c, m in known if not m)
    share = f"1/{gap + 1}"
    return [
        summand(share, "negated", [*minus([t for t in p if t[1]]), *num(-constant(p) - 1)]),
        summand(share, "known", known),
    ]


def constant(p: Json) -> int:
    return sum(c for c, m in p if not m)


def f_of(argument: Json) -> Json:
    return ["apply", "f", 0, argument]


# -- a small proof for each rule ----------------------------------------------------------------

HALF: Json = ["div", var("#H"), num(2)]
REST: Json = ["mod", var("#H"), num(2)]
TWO_POSITIVE: Json = [summand("1/2", "negated", num(-2))]  # 2 - 1 >= 0
V_HALF: Json = [[2, [["div", var("v"), num(2)]]], [1, [["mod", var("v"), num(2)]]]]
LOW, HIGH = [[1, ["%1"]], [-2, ["%q"]]], [[-1, ["%1"]], [2, ["%q"]], [1, []]]

N_LESS: Json = [[1, ["#n"]], [-1, ["%1"]], [-1, []]]
EXP_SUM_BODY: Json = sum_over([upto("v", 3)], ["apply", "exp", 0, entry(var("v"))])
EXP_SUM: Json = entry(tensor=1)

PROOFS: dict[str, Json] = {
    "constant": claim(
        ["position", [[2, [HALF]], [1, [REST]]]],
        ["position", var("#H")],
        step("constant", numerator=var("#H"), denominator=num(2), name="/1", positive=TWO_POSITIVE),
        sizes=[["H", 1]],
    ),
    "reuse": claim(
        ["position", [[1, [HALF]]]],
        ["position", var("#q")],
        step("reuse", numerator=var("#H"), denominator=num(2), name="#q"),
        sizes=[["H", 1], ["q", 0]],
        hypotheses=[["ge", [[1, ["#H"]], [-2, ["#q"]]]], ["ge", [[-1, ["#H"]], [2, ["#q"]], [1, []]]]],
    ),
    "use": claim(
        ["position", var("#H")],
        ["position", var("#r")],
        step("use", guard=[[1, ["#H"]], [-1, ["#r"]]], name=var("#H")),
        sizes=[["H", 1], ["r", 1]],
        hypotheses=[["eq", [[1, ["#H"]], [-1, ["#r"]]]]],
    ),
    "use, from two inequalities": claim(
        ["position", var("#H")],
        ["number", "3"],
        step("use", guard=var("#H", 1, -3), name=var("#H")),
        sizes=[["H", 1]],
        hypotheses=[["ge", var("#H", 1, -3)], ["ge", var("#H", -1, 3)]],
    ),
    "absurd, by what is not 0": claim(
        times(bracket("eq", var("i")), I),
        times(bracket("eq", var("i")), ["number", "3"]),
        step("absurd", term=0, certificate=None),
        step("absurd", term=1, certificate=None),
        free=free("i"),
        hypotheses=[["ne", var("i")]],
    ),
    "quotient": claim(
        sum_over([upto("v", 3)], ["position", V_HALF]),
        sum_over([upto("v", 3)], ["position", var("v")]),
        step("quotient", term=0, numerator=var("%1"), denominator=num(2), name="%q", positive=TWO_POSITIVE),
        step("unique", term=0, name="%q", low=LOW, high=HIGH, positive=TWO_POSITIVE),
        step("rename", term=1, names={"%2": "%1"}, order=[]),
    ),
    "key": claim(
        entry(var("i", 1, 1)),
        entry(var("i", 1, 1)),
        step("key", term=0, factor=0, axis=0, name="%k"),
        step("eliminate", term=0, guard=[[1, ["%k"]], [-1, ["i"]], [-1, []]], name="%k"),
        free=free("i"),
        tensors=[X],
    ),
    "rewrite": claim(
        times(bracket("eq", var("i", 1, -3)), I),
        times(bracket("eq", var("i", 1, -3)), ["number", "3"]),
        step("rewrite", term=0, guard=var("i", 1, -3), name="i"),
        free=free("i"),
    ),
    "shift": claim(
        sum_over([upto("v", 3)], entry(var("v"))),
        sum_over([upto("w", 4, 1)], entry(var("w", 1, -1))),
        step("shift", term=0, name="%1", sign=1, offset=num(-1), new="%s"),
        step("rename", term=1, names={"%2": "%s"}, order=[0]),
        tensors=[X],
    ),
    "count": claim(
        sum_over([["v", [], var("#n", 1, -1)]], ONE),
        ["position", var("#n")],
        step("count", term=0, name="%1", low=var("%1"), high=[[1, ["#n"]], [-1, ["%1"]], [-1, []]]),
        step(
            "discharge", term=0, guard=var("#n"), equality=False, certificates=[by_known(var("#n"), var("#n", 1, -1))]
        ),
        sizes=[["n", 1]],
    ),
    "add": claim(
        sum_over([["v", [], var("#n", 1, -1)]], ["position", var("v", 2)]),
        ["position", [[1, ["#n", "#n"]], [-1, ["#n"]]]],
        step("add", term=0, name="%1", low=var("%1"), high=N_LESS, primitive=[[1, ["%1", "%1"]], [-1, ["%1"]]], by=1),
        step(
            "discharge", term=0, guard=var("#n"), equality=False, certificates=[by_known(var("#n"), var("#n", 1, -1))]
        ),
        sizes=[["n", 1]],
    ),
    "entail": claim(
        bracket("ge", var("i", 1, -1)),
        times(bracket("ge", var("i", 1, -1)), bracket("ge", var("i"))),
        step("entail", term=0, guard=var("i"), equality=False, certificates=[by_known(var("i"), var("i", 1, -1))]),
        free=free("i"),
    ),
    "absurd": claim(
        times(bracket("ge", var("i", 1, -1)), bracket("ge", var("i", -1))),
        ZERO,
        step(
            "absurd", term=0, certificate=[summand("1", "known", var("i", 1, -1)), summand("1", "known", var("i", -1))]
        ),
        free=free("i"),
    ),
    "split": claim(
        ONE,
        ["plus", [bracket("ge", var("i")), bracket("ge", var("i", -1, -1))]],
        step("split", term=0, guard=var("i"), into=[10, 11]),
        free=free("i"),
    ),
    "cancel": claim(
        times(entry(var("i")), ["reciprocal", entry(var("i"))]),
        ONE,
        step("cancel", term=0, factor=0, inverse=1),
        free=free("i"),
        tensors=[X],
    ),
    "unit": claim(
        times(EXP_SUM, ["reciprocal", EXP_SUM]),
        ONE,
        step("unit", term=1, model=[0, 1], index=[], first=3, into=[5]),
        step("rename", term=5, names={"%3": "%1"}, order=[1, 0]),
        tensors=[X, {"name": "S", "axes": [], "parameters": [], "body": EXP_SUM_BODY}],
    ),
    "alike": claim(
        sum_over([upto("v", 3)], f_of(sum_over([upto("w", 2)], entry(var("w"))))),
        sum_over([upto("v", 3)], f_of(sum_over([upto("w", 3, 1)], entry(var("w", 1, -1))))),
        step(
            "alike",
            term=0,
            factor=0,
            model=[1, 0],
            index=[],
            first=3,
            steps=[
                step("shift", term=0, name="%3", sign=1, offset=num(-1), new="%s"),
                step("rename", term=1, names={"%4": "%s"}, order=[0]),
            ],
        ),
        step("rename", term=1, names={"%2": "%1"}, order=[0]),
        tensors=[X],
    ),
}


@pytest.mark.parametrize("name", PROOFS)
def test_a_small_proof_is_accepted(name: str) -> None:
    assert check(PROOFS[name]) == len(PROOFS[name]["steps"])


def test_every_rule_has_a_small_proof() -> None:
    assert {s["rule"] for proof in PROOFS.values() for s in proof["steps"]} == set(RULES)


@pytest.mark.parametrize("name", PROOFS)
def test_a_small_proof_needs_each_of_its_steps(name: str) -> None:
    steps = PROOFS[name]["steps"]
    for n in range(len(steps)):
        if steps[n]["rule"] != "key":  # without the key, its elimination has no index
            with pytest.raises(Rejected):
                check({**PROOFS[name], "steps": steps[:n] + steps[n + 1 :]})


SLIDING: Json = ["v", var("t"), var("t", 1, 3)]
PLANE: Json = {"name": "x", "axes": [LINE, LINE]}


@pytest.mark.parametrize(
    ("outer", "inner", "together"),
    [
        ([upto("u", 2)], [upto("v", 3)], [upto("u", 2), upto("v", 3)]),
        ([upto("v", 2)], [upto("u", 3)], [upto("v", 2), upto("u", 3)]),
        ([upto("t", 1), upto("u", 2)], [upto("v", 3)], [upto("t", 1), upto("u", 2), upto("v", 3)]),
        ([upto("u", 2)], [upto("t", 1), SLIDING], [upto("u", 2), upto("t", 1), SLIDING]),
    ],
)
def test_the_maximum_of_maxima_is_one_over_both_windows(outer: Json, inner: Json, together: Json) -> None:
    x = entry(var("u"), var("v"))
    nested = ["max", outer, ["max", inner, x]]
    assert check(claim(nested, ["max", together, x], tensors=[PLANE])) == 0
    with pytest.raises(Rejected, match="do not cancel"):
        check(claim(nested, ["max", together, entry(var("v"), var("u"))], tensors=[PLANE]))


def test_a_window_that_depends_on_an_outer_index_is_not_joined() -> None:
    x = entry(var("u"), var("v"))
    nested = ["max", [upto("t", 2)], ["max", [SLIDING], x]]
    assert check(claim(nested, nested, tensors=[PLANE], free=free("u"))) == 0
    with pytest.raises(Rejected, match="do not cancel"):
        check(claim(nested, ["max", [upto("t", 2), SLIDING], x], tensors=[PLANE], free=free("u")))


def test_a_proof_by_contradiction_of_constant_guards() -> None:
    assert check(claim(bracket("ge", num(-1)), ZERO, step("absurd", term=0, certificate=None))) == 1


# -- what is refused ---------------------------------------------------------------------------


def but(proof: str, number: int = 0, /, **changes: Json) -> Json:
    """A small proof with one step changed."""
    steps = list(PROOFS[proof]["steps"])
    steps[number] = {**steps[number], **changes}
    return {**PROOFS[proof], "steps": steps}


def given(name: str, **changes: Json) -> Json:
    """A small proof of another problem."""
    return {**PROOFS[name], "problem": {**PROOFS[name]["problem"], **changes}}


def value(v: Json, **parts: Json) -> Json:
    return claim(v, ZERO, **parts)


def polynomial(p: Json, **parts: Json) -> Json:
    return value(["position", p], **parts)


def defined(**parts: Json) -> Json:
    return {"name": "F", "axes": [LINE], "parameters": ["i"], "body": entry(var("i")), **parts}


BY_DEFINITION = ["derivative", ["derivative", entry(var("i")), 0, [var("i")]], 1, [var("i")]]
PIECES: list[Json] = [X, defined()]
TANH: Json = ["apply", "tanh", 0, entry(var("i"))]

BY_MINUS_1: Json = ["mod", num(5), num(-1)]
N_TIMES = ["v", [], var("#n", 1, -1)]
N_TIMES_HIGH: Json = [[1, ["#n"]], [-1, ["%1"]], [-1, []]]
V, UP_TO_3, SQUARE = var("%1"), var("%1", -1, 3), [[3, ["%1"]], [-1, ["%1", "%1"]]]  # v (3 - v) >= 0 for 0 <= v <= 3
SQUARE_LIMIT = claim(
    sum_over([upto("v", 3)], ONE),
    ONE,
    step(
        "entail",
        term=0,
        guard=SQUARE,
        equality=False,
        certificates=[
            [
                summand("1", "negated", [*minus(SQUARE), [-1, []]]),
                ["1", [["known", V], ["known", UP_TO_3]]],
            ]
        ],
    ),
    step(
        "discharge",
        term=0,
        guard=V,
        equality=False,
        certificates=[
            [
                ["1/4", [["negated", var("%1", -1, -1)], ["known", UP_TO_3]]],
                summand("1/4", "known", SQUARE),
                summand("1/4", "negated", var("%1", -1, -1)),
            ]
        ],
    ),
    step("unique", term=0, name="%1", low=SQUARE, high=UP_TO_3, positive=AT_ONCE),
)

EXP_AT: Json = ["plus", [["apply", "exp", 0, entry(var("i"))], ONE]]
UNIT_TWICE = claim(
    times(EXP_SUM, ["reciprocal", EXP_SUM]),
    sum_over([upto("w", 3)], ONE),
    step("unit", term=1, model=[0, 1], index=[], first=2, into=[5]),
    tensors=PROOFS["unit"]["problem"]["tensors"],
)
LEMMA = step("alike", term=0, factor=0, model=[1, 0], index=[], first=1, steps=[])

REFUSED: list[tuple[str, Json]] = [
    # the file
    (r"the problem: the format is not 'symconv certificate 1'", {**PROOFS["key"], "format": "another"}),
    (r"the problem: malformed \(KeyError", {"format": "symconv certificate 1"}),
    (r"step 1: an unknown rule 'trust'", but("key", rule="trust")),
    (r"step 1: malformed \(KeyError: 'factor'\)", {**PROOFS["key"], "steps": [step("key", term=0, name="%k")]}),
    # numbers and names
    (r"a coefficient that is no whole number", polynomial([[0.5, []]])),
    (r"a coefficient that is no whole number", polynomial([[True, []]])),
    (r"'a\*b' is no name$", polynomial([[1, ["a*b"]]])),
    (r"'1e6' is no number", value(["number", "1e6"])),
    (r"an unknown atom 'gcd'", polynomial([[1, [["gcd", [], []]]]])),
    (r"a product of too many atoms", polynomial([[1, ["i"] * 1001]], free=free("i"))),
    # argmax
    (r"the axes of an argmax are called %0, %1, ...", polynomial(var(argmax([upto("u", 2)])))),
    (r"an argmax without this axis", polynomial(var(argmax([upto("%0", 2)], 1)))),
    (r"an argmax with a hidden index", polynomial(var(argmax([["%0", [], var("i")]])), free=free("i"))),
    # values
    (r"'%1' is no name of an index", value(sum_over([upto("%1", 2)], ONE))),
    (r"a tensor is meant by its number", value(entry(tensor=True))),
    (r"a tensor is meant by its number", value(["derivative", ONE, -1, []])),
    (r"tensor 0 is not known here", value(entry())),
    (r"tensor 1 is not known here", value(ONE, tensors=[X, defined(body=entry(var("i"), tensor=1))])),
    (r"an unknown comparison", value(bracket("le", var("i")), free=free("i"))),
    (r"a function without a name", value(["apply", "", 0, ONE])),
    (r"an order that is no whole number", value(["apply", "f", -1, ONE])),
    (r"an unknown kind of value 'root'", value(["root", ONE])),
    # definitions
    (r"two tensors have one name", value(ONE, tensors=[X, X])),
    (r"a definition needs parameters and a formula", value(ONE, tensors=[{"name": "F", "axes": [], "body": ONE}])),
    (r"a parameter without a name of its own", value(ONE, tensors=[X, defined(parameters=["i", "i"])])),
    (r"a parameter without a name of its own", value(ONE, tensors=[X, defined(parameters=["#i"])])),
    (r"a definition with an index out of scope", value(ONE, tensors=[X, defined(parameters=["j"])])),
    (r"a derivative inside one by a definition", value(BY_DEFINITION, tensors=PIECES, free=free("i"))),
    (
        r"the end 1\*i of an axis is not made of sizes",
        value(ONE, free=free("i"), tensors=[{"name": "x", "axes": [[None, var("i")]]}]),
    ),
    # the problem
    (r"a size has a name and a whole number", value(ONE, sizes=[["H", 1.0]])),
    (r"the size H is there twice", value(ONE, sizes=[["H", 1], ["H", 2]])),
    (r"a free index is there twice", value(ONE, free=free("i", "i"))),
    (r"an unknown hypothesis 'gt'", value(ONE, hypotheses=[["gt", num(1)]])),
    (r"'zz' is no size, free index or bound index", value(ONE, hypotheses=[["ge", var("zz")]])),
    (r"'zz' is no size, free index or bound index", value(ONE, hypotheses=[["ne", var("zz")]])),
    (r"'zz' is no size, free index or bound index", value(ONE, free=[["i", var("zz"), None]])),
    (r"'i' is no size, free index or bound index", given("rewrite", free=[])),
    (r"'#n' is no size, free index or bound index", given("count", sizes=[])),
    (r"a sum without end", value(sum_over([["k", [], None]], ONE))),
    (r"a sum without end", value(sum_over([["k", None, []]], ONE))),
    (r"nothing says that the divisor 1\*i is not 0", value(["reciprocal", I], free=free("i"))),
    (r"nothing says that .* >= 0, without which there is no value", polynomial(var(["div", num(5), []]))),
    (r"nothing says that .* >= 0, without which there is no value", value(ONE, hypotheses=[["ge", var(BY_MINUS_1)]])),
    (r"malformed \(ZeroDivisionError", value(["reciprocal", ZERO])),
    # names of steps
    (r"step 1: there is no term 7", but("key", term=7)),
    (r"step 1: a constant is called /1, /2, ...", but("constant", name="%1")),
    (r"step 1: the name '/a b' is not new", but("constant", name="/a b")),
    (r"step 1: a bound index is called %1, %2, ...", but("key", name="k")),
    (r"step 1: a bound index is called %1, %2, ...", but("quotient", name="k")),
    (r"step 1: a bound index is called %1, %2, ...", but("shift", new="w")),
    (r"step 2: a bound index is called %1, %2, ...", but("shift", 1, names={"%2": "w"})),
    (r"step 1: the name '%1' is not new", but("quotient", name="%1")),
    (r"step 1: the name '%1' is not new", but("shift", new="%1")),
    (r"step 2: the name '%k' is not new", {**PROOFS["key"], "steps": PROOFS["key"]["steps"][:1] * 2}),
    # certificates
    (r"step 1: 1\*i is not known", but("entail", certificates=[[summand("1", "known", var("i"))]])),
    (r"step 1: 1\*i is not zero", but("entail", certificates=[[summand("1", "zero", var("i"))]])),
    (r"step 1: 1\*i is not negated", but("entail", certificates=[[summand("1", "negated", var("i"))]])),
    (r"step 1: 1\*i is not guessed", but("entail", certificates=[[summand("1", "guessed", var("i"))]])),
    (r"step 1: a negative multiplier of an inequality", but("entail", certificates=[[["-1", []]]])),
    (r"step 1: the summands do not add up to -1", but("entail", certificates=[[["1", []]]])),
    (r"step 1: a certificate too few or too many", but("entail", certificates=[])),
    (r"step 1: a certificate too few or too many", but("entail", equality=True)),
    (r"step 1: the summands do not add up to -1", but("constant", positive=[])),
    (r"step 1: the summands do not add up to -1", but("quotient", positive=[])),
    (r"step 2: the summands do not add up to -1", but("quotient", 1, positive=[])),
    (r"step 1: the summands do not add up to -1", but("absurd", certificate=[])),
    (r"step 2: the summands do not add up to -1", but("count", 1, certificates=[[]])),
    # quotients
    (r"step 1: a quotient of bound indices", but("constant", numerator=var("%1"))),
    (r"step 1: the name occurs in its own quotient", but("constant", numerator=var("/1", 1, 1))),
    (r"step 1: the index occurs in its own quotient", but("quotient", numerator=var("%q"))),
    (r"step 1: a quotient that is not there", but("constant", numerator=var(["div", var("#H"), num(3)]))),
    (r"step 1: a quotient that is not there", but("shift", offset=var(["div", num(0), num(0)]))),
    (r"step 1: #H is not known to be this quotient", but("reuse", name="#H")),
    (r"step 1: 'a b' is no name$", but("reuse", name="a b")),
    # equalities
    (r"step 1: no such fact", but("use", guard=var("#H"))),
    (r"step 1: no such fact", given("use, from two inequalities", hypotheses=[["ge", var("#H", 1, -3)]])),
    (
        r"step 1: no guard of the term is false by itself",
        given("absurd, by what is not 0", hypotheses=[["ne", var("i", 1, 1)]]),
    ),
    (
        r"step 1: no guard of the term is false by itself",
        given("absurd, by what is not 0", left=times(bracket("ge", var("i")), I)),
    ),
    (r"step 1: not the name of an atom", but("use", name=var("#H", 1, 1))),
    (r"step 1: not the name of an atom", but("use", name=[[1, ["#H", "#r"]]])),
    (r"step 1: the equality .* = 0 does not determine #q", but("use", name=var("#q"))),
    (r"step 2: %z is not bound here", but("key", 1, name="%z")),
    (r"step 2: the term has no guard 1\*%k = 0", but("key", 1, guard=var("%k"))),
    (r"step 1: the term has no guard 1\*i = 0", but("rewrite", guard=var("i"))),
    (r"step 1: the equality .* = 0 does not determine j", but("rewrite", name="j")),
    # places and names of one term
    (r"step 1: there is no such place", but("key", factor=1)),
    (r"step 1: there is no such place", but("key", axis=-1)),
    (r"step 2: a name that is not bound here", but("shift", 1, names={"%9": "%s"})),
    (r"step 2: two indices get one name", but("quotient", 1, rule="rename", names={"%1": "%a", "%q": "%a"}, order=[])),
    (r"step 2: a new name is taken", but("quotient", 1, rule="rename", names={"%q": "%1"}, order=[])),
    (r"step 2: the factors are not all there", but("shift", 1, order=[0, 0])),
    (r"step 1: not a bijection of a bound index", but("shift", sign=2)),
    (r"step 1: not a bijection of a bound index", but("shift", name="%9")),
    (r"step 1: the offset holds the index itself", but("shift", offset=var("%1"))),
    (r"step 1: the offset holds the index itself", but("shift", offset=var("%s"))),
    # sums
    (r"step 1: %9 is not bound here", but("count", name="%9")),
    (r"step 1: the term has no such guards", but("count", low=var("%1", 1, -1))),
    (r"step 1: %1 occurs elsewhere", given("count", left=sum_over([N_TIMES], ["position", var("v")]))),
    (r"step 1: not a limit of the index", but("count", low=N_TIMES_HIGH, high=var("%1"))),
    (r"step 2: not the limits of a quotient", but("quotient", 1, low=HIGH, high=LOW)),
    (r"step 3: the index is not a quotient", SQUARE_LIMIT),
    (r"step 1: a divisor that is no whole number from 1 on", but("add", by=0)),
    (r"step 1: a divisor that is no whole number from 1 on", but("add", by=True)),
    (r"step 1: not a primitive of the weight", but("add", by=2)),
    (r"step 1: not a primitive of the weight", but("add", primitive=[[1, ["%1", "%1"]]])),
    (r"step 1: a primitive on unknown names", but("add", primitive=[[1, ["%1", "%1"]], [-1, ["%1"]], [1, ["zz"]]])),
    (r"step 1: not a limit of the index", but("add", low=N_LESS, high=var("%1"))),
    (r"step 1: the term has no such guards", but("add", low=var("%1", 1, -1))),
    # guards
    (r"step 1: a guard on unknown names", but("entail", guard=var("zz"))),
    (r"step 2: the term has no such guard$", but("count", 1, guard=var("#n", 1, 1))),
    (r"step 1: no guard of the term is false by itself", but("absurd", certificate=None)),
    (r"step 1: the two halves need new numbers", but("split", into=[10, 10])),
    (r"step 1: the two halves need new numbers", but("split", into=[1, 10])),
    (r"step 1: the two halves need new numbers", but("split", into=[10.0, 11])),
    # reciprocals
    (r"step 1: there are no such factors", but("cancel", inverse=2)),
    (r"step 1: there are no such factors", but("cancel", inverse=0)),
    (r"step 1: the factors are not each other's reciprocal", but("cancel", factor=1, inverse=0)),
    (
        r"step 1: the factors are not each other's reciprocal",
        given("cancel", left=times(entry(var("i")), ["reciprocal", entry(var("i", 1, 1))])),
    ),
    (r"step 1: tanh has zeros of its own", given("cancel", left=times(TANH, ["reciprocal", TANH]))),
    # fractions
    (r"step 1: there is no such model", but("unit", model=[0, 7])),
    (r"step 1: not the reciprocal of an entry", but("unit", model=[0, 0])),
    (r"step 1: a place with too few indices or too many", but("unit", index=[num(0)])),
    (r"step 1: the parts need new numbers", but("unit", into=[0])),
    (r"step 1: the parts need new numbers", but("unit", into=[])),
    (r"step 1: bound indices have whole numbers", but("unit", first=None)),
    (r"step 1: a bound index that is in use", UNIT_TWICE),
    (
        r"step 1: an index on unknown names",
        claim(
            times(entry(num(0), tensor=1), ["reciprocal", entry(num(0), tensor=1)]),
            ONE,
            step("unit", term=1, model=[0, 1], index=[var("zz")], first=9, into=[5]),
            tensors=[X, {"name": "S", "axes": [LINE], "parameters": ["i"], "body": EXP_AT}],
        ),
    ),
    (
        r"step 1: nothing says that the entry is positive",
        claim(
            times(entry(tensor=1), ["reciprocal", entry(tensor=1)]),
            ONE,
            step("unit", term=1, model=[0, 1], index=[], first=9, into=[5]),
            tensors=[X, {"name": "S", "axes": [], "parameters": [], "body": sum_over([upto("v", 3)], entry(var("v")))}],
        ),
    ),
    (
        r"step 1: nothing says that .* >= 0, without which there is no value",
        claim(
            times(entry(tensor=1), ["reciprocal", entry(tensor=1)]),
            ONE,
            step("unit", term=1, model=[0, 1], index=[], first=9, into=[5]),
            sizes=[["n", 0]],
            tensors=[
                X,
                {
                    "name": "S",
                    "axes": [],
                    "parameters": [],
                    "body": sum_over([["v", [], var("#n", 1, -1)]], ["apply", "exp", 0, entry(var("v"))]),
                },
            ],
        ),
    ),
    # lemmas
    (r"step 1: there is no such place", but("alike", factor=1)),
    (r"step 1: there is no such model", but("alike", model=[7, 0])),
    (r"step 1: there is no such model", but("alike", model=[1, -1])),
    (
        r"step 1: the factors are not of one function",
        given("alike", right=["apply", "g", 0, sum_over([upto("w", 3, 1)], entry(var("w", 1, -1)))]),
    ),
    (r"step 1: a place with too few indices or too many", but("alike", index=[num(0)])),
    (
        r"step 1: an index on unknown names",
        claim(f_of(entry(num(0))), f_of(entry(num(1))), {**LEMMA, "index": [var("zz")]}, tensors=[X]),
    ),
    (r"step 1: bound indices have whole numbers", but("alike", first="3")),
    (r"step 1: a bound index that is in use", but("alike", first=1)),
    (r"step 1: the remaining terms do not cancel", but("alike", steps=[])),
    (r"step 1: an unknown rule 'trust'", but("alike", steps=[step("trust")])),
    # the end
    (r"the end: the remaining terms do not cancel", claim(ONE, ZERO)),
    (r"the end: the remaining terms do not cancel", given("count", right=["position", var("#n", 1, 1)])),
]  # fmt: skip


@pytest.mark.parametrize(("message", "data"), REFUSED, ids=[f"{n} {m[:40]}" for n, (m, _) in enumerate(REFUSED)])
def test_what_is_wrong_is_named(message: str, data: Json) -> None:
    with pytest.raises(Rejected, match=message):
        check(data)


def messages() -> list[str]:
    """Every text that the checker gives to require() or reject(), as a pattern: what is filled in is anything."""
    found = []
    for node in ast.walk(ast.parse(SOURCE.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("require", "reject"):
            text = node.args[-1]
            if isinstance(text, ast.Constant):
                found.append(re.escape(text.value))
            elif isinstance(text, ast.JoinedStr):
                parts = [re.escape(p.value) if isinstance(p, ast.Constant) else ".+" for p in text.values]
                found.append("".join(parts))
    return found


def test_every_message_of_the_checker_is_met_by_a_test() -> None:
    """The cases above are run, and their messages compared with those in the source; two have tests of their own."""
    given_texts = []
    for _, data in REFUSED:
        with pytest.raises(Rejected) as error:
            check(data)
        given_texts.append(str(error.value).split(": ", 1)[1])
    own_tests = ["more work than is allowed", "an object has a name twice"]
    missing = [m for m in messages() if not any(re.fullmatch(m, t) for t in [*given_texts, *own_tests])]
    assert len(messages()) >= 60
    assert missing == []


# -- the command line --------------------------------------------------------------------------------


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A copy of the one file, alone, without the package and without site packages."""
    shutil.copy(SOURCE, cwd / "check.py")
    command = [sys.executable, "-I", "-S", "check.py", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, encoding="utf-8")


def test_a_file_alone_accepts_a_proof(tmp_path: Path) -> None:
    (tmp_path / "proof.json").write_text(json.dumps(PROOFS["count"]))
    done = run("proof.json", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "proof.json: accepted, 2 steps\n", "")


def test_one_rejected_file_among_others_is_1(tmp_path: Path) -> None:
    (tmp_path / "good.json").write_text(json.dumps(PROOFS["key"]))
    (tmp_path / "bad.json").write_text(json.dumps(claim(ONE, ZERO)))
    done = run("bad.json", "good.json", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "bad.json: rejected: the end: the remaining terms do not cancel",
        "good.json: accepted, 2 steps",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "Expecting value"),
        (b"{", "Expecting property name"),
        (b"\xff\xfe", "codec can't decode"),
        (b"[" * 100_000, "recursion"),
        (b"[1" + b"0" * 5000 + b"]", "Exceeds the limit"),
        (b"NaN", "malformed"),
        (b'{"format": 1, "format": 2}', "an object has a name twice"),
        (json.dumps(value(ONE, sizes=[["\ud800", 1], ["\ud800", 1]])).encode(), r"the size \ud800 is there twice"),
    ],
)
def test_an_unreadable_file_is_1_and_told(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(content)
    done = run("x.json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("x.json: rejected: ")
    assert message in done.stdout


def test_a_missing_file_is_1(tmp_path: Path) -> None:
    done = run("nowhere.json", cwd=tmp_path)
    assert done.returncode == 1
    assert "nowhere.json: rejected: " in done.stdout


def test_no_file_is_64(tmp_path: Path) -> None:
    done = run(cwd=tmp_path)
    assert (done.returncode, done.stdout) == (64, "")
    assert done.stderr.startswith("usage: ")


# -- independence -----------------------------------------------------------------------------------


def test_the_standard_library_is_all_it_imports() -> None:
    imported = set()
    for node in ast.walk(ast.parse(SOURCE.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {a.name.split(".")[0] for a in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(str(node.module).split(".")[0])
    assert imported <= sys.stdlib_module_names


def test_nothing_is_kept_from_one_certificate_to_the_next() -> None:
    """A constant, a function or a tensor of one claim is unknown in the next, and the order does not matter."""
    for first in PROOFS.values():
        for second in PROOFS.values():
            check(first)
            assert check(second) == len(second["steps"])
    check(PROOFS["cancel"])
    with pytest.raises(Rejected, match="tensor 0 is not known here"):
        check(value(entry(var("i")), free=free("i")))


def test_the_data_is_left_as_it_is() -> None:
    for proof in PROOFS.values():
        before = json.dumps(proof)
        check(proof)
        assert json.dumps(proof) == before
