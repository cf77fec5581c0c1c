r"""A gradient written with one operation: as a correlation or as a convolution.

The two differ by the kernel alone, which one of them turns; so each form is read off the other, and both are proved.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symconv.answers.answer import Answer, Fact
from symconv.calculus.gradient import gradient
from symconv.errors import SymconvError, UsageError
from symconv.evidence import judge_tensors
from symconv.ops.correlate import convolve, correlate
from symconv.ops.window import rot180
from symconv.proof.closed_form import closed_form
from symconv.term.tensor import Defined, Leaf, Tensor, tensors_in
from symconv.term.value import Entry
from symconv.write.latex import latex_of_call
from symconv.write.page import call_text, latex_of_whole

FORMS = {"corr": "correlate", "conv": "convolve"}
WORDS = {"corr": "correlation", "conv": "convolution"}
SIGNS = {
    "corr": r"op \operatorname{corr} = correlation valid, image first",
    "conv": r"op \operatorname{conv} = convolution valid, image first",
}


def rewrite(f: Defined, x: Tensor, form: str, upstream: Leaf) -> Answer:
    r"""dL/dX as `corr` or `conv` of named tensors, for a loss L of f.

    >>> import symconv as sc
    >>> from symconv.calculus.gradient import upstream
    >>> n, r = sc.sizes("n r")
    >>> X, K = sc.tensor("X", n), sc.tensor("K", r)
    >>> F = sc.correlate(X, K).term
    >>> print(rewrite(F, X.term, "conv", upstream(F, "G")).facts[-1].latex)
    \frac{\partial L}{\partial X} = \operatorname{conv}(P, K)

    Raises `UsageError` where the gradient is neither.
    """
    derived = gradient(f, x, upstream)
    first = closed_form(derived).tensor
    place = f"find rewrite {derived.name} as {form}"
    if first.call is None or first.call.operation not in FORMS.values() or not _plain(first):
        raise UsageError(place, f"the form {first.name}", "a correlation without stride", "ask for the gradient itself")
    image, kernel = first.call.operands
    named: list[Defined] = []
    if isinstance(image, Defined) and image.call is not None and image.call.operation == "pad":
        image = replace(image, name=_free("P", f))
        named.append(image)
    forms = dict(_forms(first.call.operation, image, kernel))
    whole = latex_of_whole(derived)
    shown = [name for name in FORMS if name != form and name in forms] + [form]
    facts: list[Fact] = []
    for tensor in named:
        facts.append(
            Fact(
                "names",
                "Where does the sum read outside?",
                "Zeros are put around the upstream gradient, as many as the kernel reaches over.",
                f"{tensor.name} = {latex_of_call(tensor, rows=True)}",
                judged=False,
            )
        )
    for name in shown:
        facts.append(
            Fact(
                "rewritten" if name == form else "other form",
                f"What does {name} do with its kernel?",
                _reason(name, shown[0]),
                f"{whole} = {latex_of_call(forms[name])}",
                judge_tensors(derived, forms[name]),
                asks=f"${whole}$ as one {WORDS[form]}" if name == form else "",
            )
        )
    defined = tuple(f"define {t.name} = {call_text(t.call)}" for t in named if t.call is not None)
    return Answer(f"${whole}$ as one {WORDS[form]}", tuple(facts), (f,), (*defined, *(SIGNS[name] for name in shown)))


def _forms(operation: str, image: Tensor, kernel: Tensor) -> Iterator[tuple[str, Defined]]:
    """Both forms of one sum: the kernel of the other is turned, twice turned is itself."""
    turned = _turned(kernel)
    build = {"corr": correlate, "conv": convolve}
    for name, make in build.items():
        try:
            yield name, make(image, kernel if FORMS[name] == operation else turned)
        except SymconvError:
            continue


def _turned(kernel: Tensor) -> Tensor:
    call = kernel.call if isinstance(kernel, Defined) else None
    return call.operands[0] if call is not None and call.operation == "rot180" else rot180(kernel)


def _plain(form: Defined) -> bool:
    """Without stride, padding or dilation of its own, and on as many axes as the kernel has."""
    if form.call is None or form.call.operands[1].rank > 2:
        return False
    usual = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
    return all(_all_equal(option, usual[name]) for name, option in form.call.options if name in usual)


def _all_equal(option: object, number: int) -> bool:
    return all(_all_equal(o, number) for o in option) if isinstance(option, tuple) else option == number


def _free(letter: str, f: Defined) -> str:
    taken = {t.name for t in tensors_in(Entry(f, ()))}
    return next(name for name in (letter, "S", "Q", "T", f"{letter}_1") if name not in taken)


def _reason(name: str, first: str) -> str:
    if name == first:
        return "The gradient has the form of a named operation; its entries are the same sum."
    turns = "convolution turns its kernel itself" if name == "conv" else "correlation does not turn its kernel"
    return f"A {turns}: so the kernel is turned once more, and two turns are none."


__all__ = ["FORMS", "rewrite"]
