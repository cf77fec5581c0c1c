"""What the tensors and sizes of a module are called: leaves in the operations' order, sizes by the part they play."""

from __future__ import annotations

from collections.abc import Iterator

from symconv.kernels.naming import Names
from symconv.term.polynomial import Poly, Size
from symconv.term.tensor import Defined, Leaf, Tensor, tensors_in

ROLES = ("stride", "padding", "dilation", "groups", "output_padding", "window")


def leaves_in_order(tensor: Tensor) -> Iterator[Leaf]:
    """The leaves in the order in which the operations take them."""
    if isinstance(tensor, Leaf):
        yield tensor
    elif isinstance(tensor, Defined):
        for operand in tensor.call.operands if tensor.call else ():
            yield from leaves_in_order(operand)
        yield from (t for t in tensors_in(tensor.body) if isinstance(t, Leaf))


def roles_of(forward: Defined, names: Names) -> dict[Size, str]:
    """Sizes that are just a stride, a padding, ...: they are called so."""
    calls = [t.call for t in (forward, *tensors_in(forward.body)) if isinstance(t, Defined) and t.call]
    found: dict[str, set[Size]] = {}
    for call in calls:
        for role, option in call.options:
            if role in ROLES:
                found.setdefault(role, set()).update(_bare_sizes(option))
    chosen: dict[Size, str] = {}
    for role, sizes in found.items():
        if len(sizes) == 1 and not sizes & set(chosen):
            (size,) = sizes
            if size.name != role and names.taken(role):
                continue
            chosen[size] = names.of(size, role)
    return chosen


def _bare_sizes(option: object) -> set[Size]:
    if isinstance(option, Poly):
        return {option.as_atom} if isinstance(option.as_atom, Size) else set()
    if isinstance(option, tuple):
        return {s for part in option for s in _bare_sizes(part)}
    return set()


__all__ = ["leaves_in_order", "roles_of"]
