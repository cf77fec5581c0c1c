"""Every implication that the traces of the theorems rest on, as the checker meets it, and three solvers to ask.

An implication is a set of integer polynomials: some >= 0, some = 0, together
without a solution (the negated goal is one of them).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import cvc5
import islpy
import pytest
import z3
from cvc5 import Kind

from symconv.calculus.form import Guard
from symconv.proof import check as checker
from symconv.term.polynomial import Poly, Size

Monomials = tuple[tuple[int, tuple[str, ...]], ...]
MILLISECONDS = 1500


@dataclass(frozen=True)
class System:
    """Polynomials that cannot all hold: `positive` are >= 0, `zero` are = 0."""

    positive: tuple[Monomials, ...]
    zero: tuple[Monomials, ...]

    @property
    def atoms(self) -> tuple[str, ...]:
        return tuple(sorted({a for p in (*self.positive, *self.zero) for _, m in p for a in m}))

    @property
    def affine(self) -> bool:
        return all(len(m) <= 1 for p in (*self.positive, *self.zero) for _, m in p)

    def affine_part(self) -> System:
        """Only what is linear: fewer premises, so what they contradict, all of them do."""
        return System(*(tuple(p for p in ps if all(len(m) <= 1 for _, m in p)) for ps in (self.positive, self.zero)))


def recorded(certificates: Iterable[Any], monkeypatch: pytest.MonkeyPatch) -> list[tuple[System, bool]]:
    """The systems of all certificates that the checker accepts; true where the certificate is linear."""
    found: dict[tuple[System, bool], None] = {}
    accept = checker.Proof.contradiction

    def contradiction(proof: Any, certificate: Any, guards: Any, negated: Any) -> None:
        accept(proof, certificate, guards, negated)
        sources = [(kind, checker.read_poly(p)) for _, pairs in certificate for kind, p in pairs]
        bounds = [p for kind, p in sources if kind == "known" and any("argmax<" in a for m in p for a in m)]
        positive = [checker.POLYS[key] for equality, key in guards if not equality] + bounds
        positive += [checker.plus(checker.atom(n), checker.constant(k), -1) for n, k in checker.LEAST.items()]
        positive += [] if negated is None else [negated]
        zero = [checker.POLYS[key] for equality, key in guards if equality]
        linear = all(len(pairs) == 1 for _, pairs in certificate) and all(len(m) <= 1 for _, p in sources for m in p)
        found[System(tuple(map(monomials, positive)), tuple(map(monomials, zero))), linear] = None

    monkeypatch.setattr(checker.Proof, "contradiction", contradiction)
    for data in certificates:
        checker.check(data)
    return list(found)


def monomials(p: dict[tuple[str, ...], int]) -> Monomials:
    return tuple((c, m) for m, c in sorted(p.items()))


def system_of(guards: Iterable[Guard], sizes: Iterable[Size]) -> System:
    """Guards as a system; sizes are at least their least."""
    guards = list(guards)
    gaps = [Poly.atom(s) - s.least for s in sizes]
    positive = [*(g.poly for g in guards if not g.equality), *gaps]
    return System(tuple(map(written, positive)), tuple(written(g.poly) for g in guards if g.equality))


def written(poly: Poly) -> Monomials:
    return tuple((c, tuple(str(a) for a in m)) for m, c in poly)


# -- the solvers: True: no solution, False: one was found, None: unknown ----------------------


def by_z3(system: System) -> bool | None:
    numbers = {a: z3.Int(f"x{n}") for n, a in enumerate(system.atoms)}
    solver = z3.Solver()
    solver.set("timeout", MILLISECONDS)

    def expression(p: Monomials) -> Any:
        total = z3.IntVal(0)
        for c, m in p:
            product = z3.IntVal(c)
            for a in m:
                product = product * numbers[a]
            total = total + product
        return total

    solver.add(*(expression(p) >= 0 for p in system.positive), *(expression(p) == 0 for p in system.zero))
    answer = solver.check()
    return True if answer == z3.unsat else False if answer == z3.sat else None


def by_cvc5(system: System) -> bool | None:
    manager = cvc5.TermManager()
    solver = cvc5.Solver(manager)
    solver.setLogic("QF_LIA" if system.affine else "QF_NIA")
    solver.setOption("tlimit-per", str(MILLISECONDS))
    integers, nothing = manager.getIntegerSort(), manager.mkInteger(0)
    numbers = {a: manager.mkConst(integers, f"x{n}") for n, a in enumerate(system.atoms)}

    def combined(kind: Any, parts: list[Any]) -> Any:
        return parts[0] if len(parts) == 1 else manager.mkTerm(kind, *parts)

    def expression(p: Monomials) -> Any:
        products = [combined(Kind.MULT, [manager.mkInteger(c), *(numbers[a] for a in m)]) for c, m in p]
        return combined(Kind.ADD, [*products, nothing])

    for p in system.positive:
        solver.assertFormula(manager.mkTerm(Kind.GEQ, expression(p), nothing))
    for p in system.zero:
        solver.assertFormula(manager.mkTerm(Kind.EQUAL, expression(p), nothing))
    answer = solver.checkSat()
    return True if answer.isUnsat() else False if answer.isSat() else None


def by_isl(system: System) -> bool:
    """Affine systems only."""
    return bool(isl_set(system, (), system.atoms).is_empty())


def isl_set(system: System, parameters: tuple[str, ...], indices: tuple[str, ...], gone: tuple[str, ...] = ()) -> Any:
    """The whole points of the indices, for all parameters; `gone` are those that only have to exist."""
    names = {a: f"x{n}" for n, a in enumerate((*parameters, *indices, *gone))}

    def expression(p: Monomials) -> str:
        return " + ".join(f"{c} {names[m[0]]}" if m else f"{c}" for c, m in p) or "0"

    conditions = [f"{expression(p)} >= 0" for p in system.positive] + [f"{expression(p)} = 0" for p in system.zero]
    body = " and ".join(conditions) or "true"
    if gone:
        body = f"exists {', '.join(names[a] for a in gone)}: {body}"
    head, place = (", ".join(names[a] for a in group) for group in (parameters, indices))
    return islpy.Set(f"[{head}] -> {{ [{place}] : {body} }}")
