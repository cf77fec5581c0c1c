"""The gradient of a loss, from the definition alone: dL/dX[a] = sum over i of G[i] * dF[i]/dX[a].

Nothing is looked up: the derivative stays a `Derivative` node until the
expansion carries it out, entry by entry of the definition.
"""

from __future__ import annotations

from symconv.errors import DependenceError, NameClash, ShapeError
from symconv.term.polynomial import Poly
from symconv.term.substitution import fresh_name
from symconv.term.tensor import Call, Defined, Leaf, Tensor, ranges_of, sizes_in, tensors_in
from symconv.term.value import Derivative, Entry, Range, multiply, total

NAMES = {0: (), 1: ("a",), 2: ("a", "b"), 3: ("c", "a", "b"), 4: ("m", "c", "a", "b"), 5: ("m", "c", "a", "b", "e")}


def upstream(f: Tensor, name: str = "G") -> Leaf:
    """dL/dF as free data: a leaf with the axes of F.

    >>> import symconv as sc
    >>> n, r = sc.sizes("n r")
    >>> sc.upstream(sc.correlate(sc.tensor("x", n), sc.tensor("w", r))).shape
    (n - r + 1,)

    Raises `NameClash` if a tensor that F is made of is called so.
    """
    if any(t.name == name for t in tensors_in(Entry(f, ()))):
        raise NameClash(
            f"upstream({f.name}, {name!r})",
            f"{name}, a tensor that {f.name} is made of",
            "a name of its own",
            f"choose another name, such as d{name}",
        )
    return Leaf(name, f.axes)


def gradient(f: Tensor, x: Tensor, g: Tensor | None = None) -> Defined:
    """dL/dX for a loss L that depends on F, whose upstream gradient is `g`.

    f: the output.  x: a leaf of f, or a tensor that f is defined by.  g: dL/dF,
    of f's shape; left out where f is the loss itself (rank 0).
    Result: a tensor of x's shape.

    >>> import symconv as sc
    >>> n, r = sc.sizes("n r")
    >>> x, w = sc.tensor("x", n), sc.tensor("w", r)
    >>> y = sc.correlate(x, w)
    >>> sc.gradient(y, x, sc.upstream(y, "G")).entries(n=3, r=2)
    [G[0]*w[0], G[0]*w[1] + G[1]*w[0], G[1]*w[1]]
    """
    place = f"gradient of {f.name} by {x.name}"
    if g is None and f.rank:
        raise ShapeError(place, "no upstream gradient", f"one of shape {f.shape}", "give G = upstream(F)")
    if g is not None and g.axes != f.axes:
        raise ShapeError(place, f"an upstream gradient of shape {g.shape}", f"{f.shape}", "give G = upstream(F)")
    output = _output_names(f)
    entry = Entry(f, tuple(map(Poly.of, output)))
    if x not in set(tensors_in(entry)):
        raise DependenceError(
            place, f"{f.name} does not depend on {x.name}", f"a tensor that {f.name} is made of", "check the names"
        )
    scalars = (t.name for t in tensors_in(entry) if not t.rank)
    position = _position_names(x.rank, {*output, *(s.name for s in sizes_in(entry)), *scalars})
    by = Entry(x, tuple(map(Poly.of, position)))
    ranges: tuple[Range, ...] = ranges_of(f, output)
    inner = Derivative(entry, by)
    body = total(ranges, inner if g is None else multiply(Entry(g, entry.index), inner))
    operands = (f, x) if g is None else (f, x, g)
    return Defined(f"dL/d{x.name}", position, x.axes, body, Call("gradient", operands))


def _position_names(rank: int, taken: set[str]) -> tuple[str, ...]:
    """Names for the entry that the derivative is by, none of which is an index or a size already."""
    names: list[str] = []
    for wanted in NAMES.get(rank, tuple(f"a{k}" for k in range(rank))):
        free = (n for n in (wanted, *"kletxyzm") if n not in taken and n not in names)
        names.append(next(free, fresh_name(wanted, {*taken, *names})))
    return tuple(names)


def _output_names(f: Tensor) -> tuple[str, ...]:
    if isinstance(f, Defined):
        return f.parameters
    return ("i", "j", "k", "l", "m")[: f.rank]
