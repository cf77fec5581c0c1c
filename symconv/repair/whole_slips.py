"""The slips of formulas with whole tensors: a kernel not turned, operands in the wrong order, a transpose missing.

As in `slips`, each rule takes a tensor to those that differ from it by undoing one slip; here the parts are
the operands of named operations, and what an edit gives is made by the operations again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from symconv.errors import SymconvError
from symconv.ops.correlate import convolve, correlate
from symconv.ops.layer import apply, elementwise
from symconv.ops.matrix import matmul
from symconv.ops.window import crop, pad, rot180, stuff, transpose
from symconv.term.tensor import Call, Defined, Tensor
from symconv.term.value import Function

Operands = tuple[Tensor, ...]
MAKERS: dict[str, Callable[..., Tensor]] = {
    "correlate": correlate,
    "convolve": convolve,
    "matmul": matmul,
    "rot180": rot180,
    "transpose": transpose,
    "pad": pad,
    "crop": crop,
    "stuff": stuff,
    "elementwise": elementwise,
}
WINDOWS = ("correlate", "convolve")


def repaired_whole(tensor: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Every tensor with one slip undone, with the name of the slip; each tensor once."""
    seen = {tensor}
    for name, rule in SLIPS:
        for changed in _everywhere(tensor, rule):
            if changed not in seen:
                seen.add(changed)
                yield name, changed


Rule = Callable[[Call], Iterator[Tensor]]


def _everywhere(tensor: Tensor, rule: Rule) -> Iterator[Tensor]:
    call = tensor.call if isinstance(tensor, Defined) else None
    if call is None:
        return
    yield from rule(call)
    for n, operand in enumerate(call.operands):
        for changed in _everywhere(operand, rule):
            yield from _with(call, (*call.operands[:n], changed, *call.operands[n + 1 :]))


def _with(call: Call, operands: Operands) -> Iterator[Tensor]:
    """The same operation on other operands; nothing where it does not take them."""
    options: dict[str, Any] = dict(call.options)
    try:
        if call.operation == "apply":
            yield apply(options["function"], operands[0])
        elif call.operation in MAKERS:
            yield MAKERS[call.operation](*operands, **options)
    except SymconvError:  # shapes that do not fit are no repair
        return


def flip_missing(call: Call) -> Iterator[Tensor]:
    """corr(X, K) -> corr(X, rot180(K)); and without the turn where there is one."""
    if call.operation in WINDOWS:
        x, k = call.operands
        turned = k.call.operands[0] if isinstance(k, Defined) and k.call and k.call.operation == "rot180" else rot180(k)
        yield from _with(call, (x, turned))


def other_order(call: Call) -> Iterator[Tensor]:
    """A B -> B A; a vector stays on its side of a matrix, for it has a direction."""
    if call.operation in WINDOWS or (call.operation == "matmul" and _both_matrices(call)):
        yield from _with(call, call.operands[::-1])


def transpose_missing(call: Call) -> Iterator[Tensor]:
    """A B -> A^T B, A B^T, A^T B^T, and these in the other order; A v -> A^T v."""
    if call.operation != "matmul":
        return
    for a, b in (call.operands, call.operands[::-1]) if _both_matrices(call) else (call.operands,):
        turned = [t if t.rank == 1 else _turned(t) for t in (a, b)]
        for pair in ((turned[0], b), (a, turned[1]), (turned[0], turned[1])):
            yield from _with(call, pair)


def _both_matrices(call: Call) -> bool:
    return all(t.rank == 2 for t in call.operands)


def _turned(matrix: Tensor) -> Tensor:
    """The transpose; of a transpose what it is made of."""
    call = matrix.call if isinstance(matrix, Defined) else None
    return call.operands[0] if call is not None and call.operation == "transpose" else transpose(matrix)


def derivative_missing(call: Call) -> Iterator[Tensor]:
    """f(N) -> f'(N)."""
    function = dict(call.options).get("function")
    if call.operation == "apply" and isinstance(function, Function):
        yield apply(Function(function.name, function.order + 1), call.operands[0])


SLIPS: tuple[tuple[str, Rule], ...] = (
    ("a missing flip", flip_missing),
    ("operands in the wrong order", other_order),
    ("a transpose missing", transpose_missing),
    ("a derivative missing", derivative_missing),
)

__all__ = ["repaired_whole"]
