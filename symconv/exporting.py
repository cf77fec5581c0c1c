"""From a SPEC to a NumPy module: every gradient derived, proved, and only then written.

What is proved of a gradient is that its formula, for all sizes, is the
derivative of the forward formula: its named closed form where there is one,
else the explicit sum that the derivation ends with.  A gradient through so many
layers that its sum is too long to read is proved as it is computed, stage by
stage: each stage is the gradient of one definition by one of its operands, and
the chain rule puts them together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import cast

from symconv.calculus.derivation import derive
from symconv.calculus.gradient import gradient, upstream
from symconv.errors import DependenceError, ExportError, UsageError
from symconv.evidence import judge
from symconv.kernels import plan_of, plans_of
from symconv.kernels.export import Export
from symconv.kernels.module import ModuleWriter
from symconv.kernels.schedules.names import refuse_unknown
from symconv.kernels.stages import is_gradient, program_of
from symconv.kernels.targets.array_api import ArrayModule
from symconv.kernels.targets.c import CModule
from symconv.kernels.targets.dask import DaskModule
from symconv.kernels.targets.dask_theorem import claims_of_all
from symconv.kernels.targets.numba import NumbaModule
from symconv.proof.closed_form import closed_form
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
READABLE = 5  # stages whose sum may be written out as a whole


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
    stages = [s.formula for s in program_of(derived).stages if is_gradient(s.formula)]
    if len(stages) <= 1:
        return _in_one(f, leaf, derived)
    whole = _explicit(f, leaf, derived) if len(stages) <= READABLE else None
    return whole or _by_stages(leaf, derived, [_proved_stage(s) for s in stages])


@lru_cache(256)
def _proved_stage(stage: Defined) -> ProvedGradient:
    """One stage; layers of one kind and stages that several gradients share are proved once."""
    if stage.call is None:
        raise TypeError(f"{stage.name} is no gradient")
    f, leaf = stage.call.operands[:2]
    return _in_one(cast(Defined, f), leaf, stage)


def _by_stages(leaf: Tensor, derived: Defined, stages: list[ProvedGradient]) -> ProvedGradient:
    """The chain rule over the stages; the first one that is not proved decides."""
    open_ = next((s.verdict for s in stages if not s.verdict), None)
    hypotheses = dict.fromkeys(h for s in stages for h in s.verdict.hypotheses)
    scope = ALL_SIZES if any(s.verdict.scope == ALL_SIZES for s in stages) else STATED_SIZES
    proved = Verdict(Status.PROVED, scope, hypotheses=tuple(hypotheses))
    formula = f"stage by stage, {len(stages)} stages"
    return ProvedGradient(leaf, derived, formula, proved if open_ is None else open_)


def _in_one(f: Defined, leaf: Tensor, derived: Defined) -> ProvedGradient:
    """The named closed form, or the explicit sum."""
    try:
        form = closed_form(derived)
    except (UsageError, DependenceError):
        return _by_explicit_sum(f, leaf, derived)
    scope = ALL_SIZES if sizes_in(Entry(derived, tuple(map(Poly.of, derived.parameters)))) else STATED_SIZES
    verdict = Verdict(Status.PROVED, scope, trace=form.trace)
    return ProvedGradient(leaf, derived, text_of_tensor(form.tensor), verdict)


def _by_explicit_sum(f: Defined, leaf: Tensor, derived: Defined) -> ProvedGradient:
    problem, formula = _explicit_sum(f, leaf, derived)
    return ProvedGradient(leaf, derived, formula, _at_once(problem) or judge(problem))


def _explicit(f: Defined, leaf: Tensor, derived: Defined) -> ProvedGradient | None:
    """The explicit sum where it is short and proved without a search."""
    problem, formula = _explicit_sum(f, leaf, derived)
    verdict = _at_once(problem) if len(formula) <= LONGEST else None
    return None if verdict is None else ProvedGradient(leaf, derived, formula, verdict)


def _explicit_sum(f: Defined, leaf: Tensor, derived: Defined) -> tuple[Problem, str]:
    """The claim that the sum at the end of the derivation is the gradient, and the sum as text."""
    value: Value = like_terms(derive(derived)[-1].value)
    index = tuple(map(Poly.of, derived.parameters))
    taken = [t.name for t in tensors_in(Entry(f, ()))]
    formula = text_of_definition(replace(derived, body=value, call=None), f"grad_{leaf.name}", taken)
    return equation(Entry(derived, index), value, ranges_of(derived, derived.parameters)), formula


def _at_once(problem: Problem) -> Verdict | None:
    """Proved without evaluation, since stated sizes may be too large to be tried."""
    if undefined(problem) is not None:
        return None
    try:
        trace = prove(problem, 0)
    except (Undecided, UnsafeDivisor):  # `judge` says why
        return None
    scope = ALL_SIZES if problem.sizes else STATED_SIZES
    return Verdict(Status.PROVED, scope, trace=trace, hypotheses=tuple(map(text_of_condition, problem.hypotheses)))


TARGETS = ("numpy", "c", "numba", "array-api", "sympy", "dask")


def export_files(
    spec: str | Spec,
    wrt: str | Sequence[str] | None = None,
    unproved: bool = False,
    *,
    target: str = "numpy",
    accuracy: str = "exact",
    schedule: str = "",
    stem: str = "kernels",
) -> dict[str, str]:
    """The files of a module by their endings; the arguments are those of `symconv.export_files`."""
    _refuse_choices(target, accuracy, schedule)
    parsed = spec if isinstance(spec, Spec) else parse_spec(spec, words=True)
    proofs = [prove_gradient(parsed.output, leaf) for leaf in _wanted(parsed, wrt)]
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
    gradients = {p.leaf.name: p.tensor for p in proofs}
    notes = _notes(parsed, proofs)
    if target == "dask":
        notes.append(_tiles([parsed.output, *gradients.values()]))
    title = f"{parsed.text}: forward and gradients."
    unproved = bool(open_)
    export = Export(parsed.output, gradients, title, notes, verdicts, unproved, stem, accuracy, schedule)
    return _writer(target)(export).files()


def _refuse_choices(target: str, accuracy: str, schedule: str) -> None:
    """Refuse what no target knows, and what the one that is asked for cannot choose."""
    refuse_unknown(accuracy, schedule)
    if target not in TARGETS:
        raise UsageError("target", repr(target), " or ".join(TARGETS), "choose one of these")
    if (target not in ("numpy", "dask", "c") and accuracy != "exact") or (target not in ("numpy", "dask") and schedule):
        raise UsageError(
            f"target {target}",
            "--schedule or --accuracy",
            "numpy or dask with these, c with an accuracy",
            "leave them out",
        )


def _writer(target: str) -> type[ModuleWriter]:
    """What writes the files of a target; SymPy's printers are loaded only for their own."""
    if target == "sympy":
        from symconv.unrolled_target import UnrolledModule

        return UnrolledModule
    others = {"c": CModule, "array-api": ArrayModule, "numba": NumbaModule, "dask": DaskModule}
    return others.get(target, ModuleWriter)


def _tiles(tensors: Iterable[Defined]) -> str:
    """What is proved of the tiles: that those with their halo are the whole."""
    claims = [(c.title, equation(c.left, c.right, c.free, c.assuming)) for c in claims_of_all(tensors)]
    open_ = sorted({title for title, problem in claims if not _is_proved(problem)})
    proved = "Tiles with their halo are the whole, and sums over tiles the whole sum: proved for all sizes"
    return f"{proved}, except {', '.join(open_)}, which tests compare." if open_ else f"{proved}."


def _is_proved(problem: Problem) -> bool:
    try:
        prove(problem)
    except (Undecided, UnsafeDivisor):
        return False
    return True


def explain_spec(
    spec: str | Spec,
    wrt: str | None = None,
    *,
    target: str = "numpy",
    accuracy: str = "exact",
    schedule: str = "",
) -> str:
    """The plans of forward and of the gradients, as tables; nothing is proved for it."""
    _refuse_choices(target, accuracy, schedule)
    parsed = spec if isinstance(spec, Spec) else parse_spec(spec, words=True)
    up = upstream(parsed.output, "upstream") if parsed.output.rank else None
    gradients = {f"grad_{leaf.name}": gradient(parsed.output, leaf, up) for leaf in _wanted(parsed, wrt)}
    tensors = {"forward": parsed.output, **gradients}
    if target not in ("numpy", "dask"):
        named = {name.removeprefix("grad_"): tensor for name, tensor in gradients.items()}
        export = Export(parsed.output, named, parsed.text, accuracy=accuracy)
        return "\n\n".join(map(str, plans_of(_writer(target)(export))))
    plans = [str(plan_of(tensor, name, accuracy, schedule)) for name, tensor in tensors.items()]
    if target == "dask":
        plans.append("these are the plans for whole arrays; each tile has one of its own, by its sizes")
    return "\n\n".join(plans)


def _short(formula: str) -> str:
    """A formula that can be read; what goes through many layers is told in words."""
    return formula if len(formula) <= LONGEST else f"the sum over all paths, written out in {len(formula)} characters"


def _wanted(spec: Spec, wrt: str | Sequence[str] | None) -> list[Leaf]:
    """The leaves whose gradients are wanted: those named, else those that the SPEC asks for, else all."""
    named = spec.wanted if wrt is None else (wrt,) if isinstance(wrt, str) else wrt
    if not isinstance(named, Sequence) or (wrt is not None and not named) or not all(isinstance(n, str) for n in named):
        raise UsageError("wrt", repr(wrt), "the name of a tensor, or several", "name one, or leave it out for all")
    return [_leaf(t) for t in [spec.leaf(n) for n in named] or spec.leaves]


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
