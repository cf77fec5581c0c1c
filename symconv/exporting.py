"""From a SPEC to a NumPy module: every gradient derived, proved, and only then written.

What is proved of a gradient is that its formula, for all sizes, is the
derivative of the forward formula: its named closed form where there is one,
else the explicit sum that the derivation ends with.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from symconv.calculus.derivation import derive
from symconv.calculus.gradient import gradient, upstream
from symconv.errors import DependenceError, ExportError, UsageError
from symconv.kernels import module_source
from symconv.proof.closed_form import closed_form
from symconv.proof.deciding import decide
from symconv.proof.definedness import undefined
from symconv.proof.normalise import Undecided, UnsafeDivisor
from symconv.proof.problem import Problem, equation
from symconv.proof.prove import prove
from symconv.proof.verdict import ALL_SIZES, STATED_SIZES, Status, Verdict
from symconv.specs import Spec, parse_spec
from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined, Leaf, Tensor, ranges_of, sizes_in, tensors_in
from symconv.term.text import text_of_condition
from symconv.term.value import Entry, Value
from symconv.write.like_terms import like_terms
from symconv.write.page import intermediates
from symconv.write.text import text_of_definition, text_of_tensor

LONGEST = 600  # characters of a formula in a docstring


@dataclass(frozen=True, slots=True)
class ProvedGradient:
    """A gradient with its formula in words and the verdict on that formula."""

    leaf: Tensor
    tensor: Defined
    formula: str
    verdict: Verdict


def prove_gradient(f: Defined, leaf: Tensor, name: str = "upstream") -> ProvedGradient:
    """Derive dL/d(leaf) and prove the formula that will be shown for it."""
    derived = gradient(f, leaf, upstream(f, name) if f.rank else None)
    try:
        form = closed_form(derived)
    except (UsageError, DependenceError):
        return _by_explicit_sum(f, leaf, derived)
    scope = ALL_SIZES if sizes_in(Entry(derived, tuple(map(Poly.of, derived.parameters)))) else STATED_SIZES
    verdict = Verdict(Status.PROVED, scope, trace=form.trace)
    return ProvedGradient(leaf, derived, text_of_tensor(form.tensor), verdict)


def _by_explicit_sum(f: Defined, leaf: Tensor, derived: Defined) -> ProvedGradient:
    value: Value = like_terms(derive(derived)[-1].value)
    index = tuple(map(Poly.of, derived.parameters))
    verdict = _judged(equation(Entry(derived, index), value, ranges_of(derived, derived.parameters)))
    taken = [t.name for t in tensors_in(Entry(f, ()))]
    formula = text_of_definition(replace(derived, body=value, call=None), f"grad_{leaf.name}", taken)
    return ProvedGradient(leaf, derived, formula, verdict)


def _judged(problem: Problem) -> Verdict:
    """Proved at once where that is possible, since stated sizes may be too large to be tried; else decided."""
    if undefined(problem) is not None:
        return decide(problem)
    try:
        trace = prove(problem, 0)
    except (Undecided, UnsafeDivisor):  # `decide` says why
        return decide(problem)
    scope = ALL_SIZES if problem.sizes else STATED_SIZES
    return Verdict(Status.PROVED, scope, trace=trace, hypotheses=tuple(map(text_of_condition, problem.hypotheses)))


def export_spec(spec: str | Spec, wrt: str | None = None, unproved: bool = False) -> str:
    """The source of the module.

    wrt: the one tensor whose gradient is wanted; all leaves without it.
    unproved: write gradients that are not proved too, and say so in the file.
    """
    parsed = spec if isinstance(spec, Spec) else parse_spec(spec, words=True)
    named = parsed.wanted if wrt is None else (wrt,)
    wanted: Iterable[Tensor] = [parsed.leaf(n) for n in named] or parsed.leaves
    leaves = [_leaf(t) for t in wanted]
    proofs = [prove_gradient(parsed.output, leaf) for leaf in leaves]
    open_ = [p for p in proofs if not p.verdict]
    if open_ and not unproved:
        raise NotProved(
            parsed.text,
            f"grad_{open_[0].leaf.name} is {open_[0].verdict}",
            "gradients that are proved for all sizes",
            "give --unproved to write it all the same; the file will say so",
        )
    verdicts = {
        p.leaf.name: f"{p.verdict.status.value} for {p.verdict.scope or 'no size'}: {_short(p.formula)}" for p in proofs
    }
    return module_source(
        parsed.output,
        {p.leaf.name: p.tensor for p in proofs},
        title=f"{parsed.text}: forward and gradients.",
        notes=_notes(parsed, proofs),
        verdicts=verdicts,
        unproved=bool(open_),
    )


def _short(formula: str) -> str:
    """A formula that can be read; what goes through many layers is told in words."""
    return formula if len(formula) <= LONGEST else f"the sum over all paths, written out in {len(formula)} characters"


def _leaf(tensor: Tensor) -> Leaf:
    if not isinstance(tensor, Leaf):
        raise UsageError(f"--wrt {tensor.name}", "a tensor with a formula", "free data", "name one of its leaves")
    return tensor


class NotProved(ExportError):
    """A kernel whose formula is not proved and was not asked for unproved."""


def _notes(spec: Spec, proofs: list[ProvedGradient]) -> list[str]:
    taken = [t.name for t in tensors_in(Entry(spec.output, ()))]
    notes = [text_of_definition(t, t.name, taken) for t in intermediates(spec.output)]
    notes.append(text_of_definition(spec.output, "output", taken))
    used = dict.fromkeys(h for p in proofs for h in p.verdict.hypotheses)
    if used:
        notes.append("needs " + ", ".join(used))
    return notes
