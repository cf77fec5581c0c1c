"""The concrete instance of a solution: small sizes that fit, every entry there, and numbers where a maximum chooses."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod

from symconv.errors import SizeError, UsageError
from symconv.proof.evaluate import World
from symconv.proof.search import SizeSearch
from symconv.shown_numbers import PRIME, Numbers
from symconv.term.polynomial import Poly, Size
from symconv.term.tensor import Defined, Leaf, Tensor, requirements_of, sizes_in, tensors_in
from symconv.term.text import text_of_condition
from symconv.term.value import Entry, Maximum, walk
from symconv.worked import Instance
from symconv.write.page import entries_displays, intermediates, is_inner, latex_of_whole, numbers_displays

MOST_ENTRIES = PRIME - 1
# sizes of an instance: of an image, of a kernel or window, any other; the first that fit on a page are taken
POOLED = ((4, 2, 2), (4, 2, 1))
SMALL = ((3, 2, 2), (2, 2, 2), (2, 1, 2), (3, 2, 1), (2, 2, 1), (2, 1, 1))
IMAGE, TAPS, ONE = ("H", "W", "D", "n"), ("r", "c", "q"), ("d", "p")


def instance_sizes(f: Defined, sizes: dict[str, int] | None) -> dict[str, int]:
    """The sizes given, the rest small: the first of `SMALL` that meets the requirements and fits on a page."""
    given, entry = sizes or {}, Entry(f, tuple(map(Poly.of, f.parameters)))
    known = {s.name: s for s in sizes_in(entry)}
    for name, number in given.items():
        if name not in known:
            raise UsageError(f"sizes {name}={number}", f"no size {name}", f"one of {', '.join(known)}", "correct it")
        if number < known[name].least:
            raise SizeError(f"sizes {name}={number}", f"{number}", f"at least {known[name].least}", "take a larger one")
    needs = requirements_of(entry)
    pooled = f.call is not None and f.call.operation.startswith("pool")
    small = (*POOLED, *SMALL) if pooled else SMALL
    roles = _roles(f)
    choices = [{n: given.get(n, _wanted(s, roles.get(n, ""), *wanted)) for n, s in known.items()} for wanted in small]
    fitting = [choice for choice in choices if all(World(choice).holds(c, {}) for c in needs)]
    if fitting:
        return next((choice for choice in fitting if too_large(f, choice) is None), fitting[0])
    if set(given) == set(known):
        broken = next(c for c in needs if not World(given).holds(c, {}))
        raise SizeError(
            f"sizes {_shown(given)}", "sizes that do not fit", text_of_condition(broken), "change the sizes"
        )
    for choice in SizeSearch(tuple(known.values()), ()).upto(40):
        fits = all(choice[n] == v for n, v in given.items())
        if fits and all(World(choice).holds(c, {}) for c in needs) and max(choice.values()) >= 2:
            return choice
    needed = " and ".join(map(text_of_condition, needs)) or "sizes up to a total of 40"
    raise SizeError(f"sizes {_shown(given)}", "no others that fit beside these", needed, "change the sizes")


def _roles(f: Defined) -> dict[str, str]:
    """Sizes as extents of an image or of its kernel, where the operation tells which is which."""
    windows = ("correlate", "convolve", "transposed", "depthwise")
    if f.call is None or f.call.operation not in windows:
        return {}
    image, kernel = (
        {str(extent.as_atom): role for extent in tensor.shape if extent.as_atom is not None}
        for tensor, role in zip(f.call.operands, ("image", "taps"), strict=False)
    )
    return {**image, **{name: role for name, role in kernel.items() if name not in image}}


def _wanted(size: Size, role: str, image: int, taps: int, other: int) -> int:
    """A small number for a size, by what its name stands for; else by the tensor that it is an extent of."""
    named = {**dict.fromkeys(IMAGE, image), **dict.fromkeys(TAPS, taps), **dict.fromkeys(ONE, 1)}
    number = named.get(size.name, {"image": image, "taps": taps}.get(role, other))
    return max(size.least, number if size.least or size.name in ONE else 1)


def _shown(sizes: dict[str, int]) -> str:
    return ", ".join(f"{name}={number}" for name, number in sizes.items())


def instance(f: Defined, derived: Defined, sizes: dict[str, int], letter: str, given: Numbers) -> Instance:
    """The output and the gradient entry by entry; where a maximum chooses, at numbers.

    derived: the gradient by its last line.  letter: that of the upstream gradient.  given: the numbers of the data.
    """
    from symconv.unrolling import unrolled

    shown = ", ".join(f"{n} = {v}" for n, v in sizes.items())
    large = too_large(f, sizes)
    if large is not None:
        return Instance(shown, refusal=f"{large}{_smaller(f)}")
    chosen = any(isinstance(v, Maximum) for t in (f, *_below(f)) for v in walk(t.body))
    displays: list[str] = []
    layers = [t for t in intermediates(f) if not is_inner(t) and too_large(t, sizes) is None]
    names = {g.name: letter for g in tensors_in(derived.body) if isinstance(g, Leaf) and "/d" in g.name}
    for tensor in (*layers, f) if chosen else (*layers, f, derived):
        made = unrolled(tensor, sizes, names, [t for t in layers if t != tensor])
        found = None if made is None else entries_displays(latex_of_whole(tensor), _shape(tensor, sizes), made)
        if found is None:
            long = f"an entry of ${latex_of_whole(tensor)}$ is too long for a page"
            return Instance(shown, refusal=f"{long}. Evaluate it at numbers: `symconv export` writes the code.")
        displays += found
    numbers = tuple(_at_numbers(f, derived, sizes, letter, given)) if chosen else ()
    return Instance(shown, tuple(displays), numbers, at=tuple(sizes.items()))


def _below(f: Defined) -> list[Defined]:
    return [t for t in tensors_in(f.body) if isinstance(t, Defined)]


def too_large(f: Defined, sizes: dict[str, int]) -> str | None:
    """What has more entries than are shown: the output, or a tensor that it is made of."""
    world = World(sizes)
    data = [t for t in tensors_in(f.body) if isinstance(t, Leaf)]
    for tensor in (f, *(t for t in data if all(None not in (a.low, a.high) for a in t.axes))):
        count = prod(map(len, world.axes(tensor)))
        if count > MOST_ENTRIES:
            at = f" at `{_shown(sizes)}`" if sizes else ""
            return f"${tensor.name}$ has {count} entries{at}, and at most {MOST_ENTRIES} are shown."
    return None


def _smaller(f: Defined) -> str:
    """Sizes that fit on a page, or where else the large numbers stand."""
    sizes = instance_sizes(f, None)
    if too_large(f, sizes) is None:
        return f" Take smaller ones: `--sizes {_shown(sizes).replace(', ', ',')}`."
    return " State smaller numbers in the SPEC, or leave them out."


def _at_numbers(f: Defined, derived: Defined, sizes: dict[str, int], letter: str, numbers: Numbers) -> Iterator[str]:
    """Numbers for all data, no two alike in one tensor; the output and the gradient there."""
    data = [t for t in tensors_in(f.body) if isinstance(t, Leaf)]
    others = [t for t in tensors_in(derived.body) if isinstance(t, Leaf) and t not in data]
    axes = World(sizes).axes
    given = {t.name: _numbered(numbers, t.name, list(product(*axes(t)))) for t in (*data, *others)}
    world = World(sizes, leaves=given)
    for tensor in (*data, f, *others, derived):
        found = [world.entry(tensor, at) for at in product(*axes(tensor))]
        name = letter if tensor in others else latex_of_whole(tensor)
        yield from numbers_displays(name, _shape(tensor, sizes), found)


def _shape(tensor: Tensor, sizes: dict[str, int]) -> list[int]:
    return [len(axis) for axis in World(sizes).axes(tensor)]


def _numbered(numbers: Numbers, name: str, places: list[tuple[int, ...]]) -> dict[tuple[int, ...], int]:
    return dict(zip(places, numbers.of(name, len(places)), strict=True))


__all__ = ["instance", "instance_sizes", "too_large"]
