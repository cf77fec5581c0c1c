"""Writing a proof as JSON, for anyone to replay.

The file holds the problem (every definition written out) and the steps of the
trace.  This writer is the one part of the trust base beside `check.py`: it
says which claim was proved.

Index polynomials are lists [[coefficient, [atom, ...]], ...].  An atom is an
index "i", a bound index "%1", a named constant "/1", a size "#H", or a list:
["div", num, den], ["mod", num, den], ["argmax", ranges, body, axis, arguments].
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from fractions import Fraction

from symconv.proof.implication import Summand
from symconv.proof.problem import Problem
from symconv.proof.trace import Step, Trace
from symconv.term.polynomial import Application, Atom, Poly, Quotient, Remainder, Size
from symconv.term.tensor import Defined, Tensor
from symconv.term.value import (
    Apply,
    Argmax,
    Bracket,
    Derivative,
    Entry,
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

FORMAT = "symconv certificate 1"
Json = object


def plain_name(name: str) -> str:
    """A name without the signs that the format reserves: `\\text{a b}` becomes `\\text{a.20.b}`."""
    plain = "".join(f".{ord(sign):x}." if sign in "*<>|, \t\n" else sign for sign in name)
    return f".{plain}" if plain[:1].isdigit() else plain


@dataclass(slots=True)
class _Writer:
    ids: dict[Tensor, int] = field(default_factory=dict)
    tensors: list[Json] = field(default_factory=list)

    def poly(self, poly: Poly) -> Json:
        return [[c, [self.atom(a) for a in m]] for m, c in poly.sorted_terms()]

    def atom(self, atom: Atom) -> Json:
        match atom:
            case str():
                return plain_name(atom)
            case Size():
                return f"#{plain_name(atom.name)}"
            case Remainder():
                return ["mod", self.poly(atom.numerator), self.poly(atom.denominator)]
            case Quotient():
                return ["div", self.poly(atom.numerator), self.poly(atom.denominator)]
            case Application() if isinstance(atom.function, Argmax):
                f = atom.function
                return [
                    "argmax",
                    [self.range(r) for r in f.ranges],
                    self.value(f.body),
                    f.axis,
                    [self.poly(a) for a in atom.arguments],
                ]
        raise TypeError(f"no certificate form of {atom!r}")

    def range(self, r: Range) -> Json:
        return [plain_name(r.name), self.limit(r.low), self.limit(r.high)]

    def limit(self, poly: Poly | None) -> Json:
        return None if poly is None else self.poly(poly)

    def value(self, value: Value) -> Json:
        match value:
            case Number(q):
                return ["number", str(q)]
            case Position(p):
                return ["position", self.poly(p)]
            case Entry(tensor, index):
                return ["entry", self.tensor(tensor), [self.poly(p) for p in index]]
            case Plus(parts):
                return ["plus", [self.value(p) for p in parts]]
            case Times(parts):
                return ["times", [self.value(p) for p in parts]]
            case Sum(ranges, body):
                return ["sum", [self.range(r) for r in ranges], self.value(body)]
            case Maximum(ranges, body):
                return ["max", [self.range(r) for r in ranges], self.value(body)]
            case Bracket(conditions):
                return ["bracket", [[c.kind, self.poly(c.poly)] for c in conditions]]
            case Apply(function, argument):
                return ["apply", function.name, function.order, self.value(argument)]
            case Reciprocal(argument):
                return ["reciprocal", self.value(argument)]
            case Derivative(inner, by):
                return ["derivative", self.value(inner), self.tensor(by.tensor), [self.poly(p) for p in by.index]]
        raise TypeError(f"no certificate form of {type(value).__name__}")

    def tensor(self, tensor: Tensor) -> int:
        """The number of a tensor; its definition is written before the first use."""
        if tensor not in self.ids:
            entry: dict[str, Json] = {
                "name": tensor.name,
                "axes": [[self.limit(a.low), self.limit(a.high)] for a in tensor.axes],
            }
            if isinstance(tensor, Defined):
                entry["parameters"] = [plain_name(p) for p in tensor.parameters]
                entry["body"] = self.value(tensor.body)
            self.ids[tensor] = len(self.tensors)
            self.tensors.append(entry)
        return self.ids[tensor]

    def plain(self, item: object) -> Json:
        """Anything that a step records."""
        match item:
            case Poly():
                return self.poly(item)
            case Summand():
                return [str(item.multiplier), [[kind, self.poly(p)] for kind, p in item.sources]]
            case Fraction():
                return str(item)
            case dict():
                return {str(k): self.plain(v) for k, v in item.items()}
            case list() | tuple():
                return [self.plain(i) for i in item]
        return item


def problem_json(problem: Problem, writer: _Writer | None = None) -> dict[str, Json]:
    """The claim, with every definition that it rests on."""
    writer = writer or _Writer()
    left, right = writer.value(problem.left), writer.value(problem.right)
    return {
        "sizes": [[plain_name(s.name), s.least] for s in problem.sizes],
        "free": [writer.range(r) for r in problem.free],
        "hypotheses": [[c.kind, writer.poly(c.poly)] for c in problem.hypotheses],
        "left": left,
        "right": right,
        "tensors": writer.tensors,
    }


def certificate(trace: Trace) -> dict[str, Json]:
    """The problem and the whole trace, ready for `json.dump`."""
    writer = _Writer()
    problem = problem_json(trace.problem, writer)
    steps: list[Step] = trace.steps
    return {"format": FORMAT, "problem": problem, "steps": [writer.plain(s) for s in steps]}


def certificate_text(trace: Trace) -> str:
    return json.dumps(certificate(trace), separators=(",", ":"), sort_keys=True)
