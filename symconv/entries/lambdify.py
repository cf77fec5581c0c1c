"""Tensors as NumPy callables by way of `sympy.lambdify`.

The formula becomes an array expression, and a printer of ours writes it: a few
lines whatever the image.  The unrolled expression, one `+` chain an entry, is
written on request and at fixed sizes only; Python cannot compile a chain of
more than about 2,900 terms.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from string import ascii_letters
from typing import Any, TypeAlias

import numpy as np
import sympy
from sympy.printing.numpy import NumPyPrinter

from symconv.entries import array_nodes as node
from symconv.entries.array_expressions import array_expression
from symconv.entries.array_runtime import FUNCTIONS, HELPERS
from symconv.entries.bridge import symbol_of
from symconv.entries.counting import summands
from symconv.entries.positions import checked_sizes
from symconv.entries.unfold import entries, entry_at_own_index
from symconv.errors import BridgeError, NameClash, ShapeError, SizeError
from symconv.term.polynomial import Atom, Poly
from symconv.term.tensor import Defined, Leaf, Tensor, sizes_in, tensors_in

LONGEST_CHAIN, MOST_SUMMANDS = 2500, 50_000
_NAMED = (node.LeafArray, sympy.Symbol)
Array: TypeAlias = Any  # an ndarray of any numbers


class ArrayPrinter(NumPyPrinter):  # type: ignore[misc]
    """Writes array expressions with the helpers of `array_runtime`."""

    def _axes(self, expr: Any) -> str:
        return self._tuple(extent for _, extent in expr.axes)

    def _tuple(self, items: Any) -> str:
        texts = list(map(self._print, items))
        return f"({texts[0]},)" if len(texts) == 1 else f"({', '.join(texts)})"

    def _entry(self, expr: Any, body: sympy.Basic) -> str:
        names = ", ".join(self._print(symbol) for symbol, _ in expr.axes)
        return f"lambda {names}: {self._print(body)}" if names else f"lambda: {self._print(body)}"

    def _print_Windows(self, expr: Any) -> str:
        _, array, positions = expr.args
        if _is_whole(array, expr):
            return f"{array.name}"
        steps = ", ".join(f"({self._print(offset)}, {self._tuple(steps)})" for offset, steps in positions)
        return f"windows({self._print(array)}, {self._axes(expr)}, [{steps}])"

    def _print_Stuffed(self, expr: Any) -> str:
        return f"stuff({self._print(expr.args[1])}, {self._tuple(expr.args[2])})"

    def _print_Gathered(self, expr: Any) -> str:
        _, array, axis, position = expr.args
        return f"gather({self._print(array)}, {axis}, {self._axes(expr)}, {self._entry(expr, position)})"

    def _print_Formula(self, expr: Any) -> str:
        return f"formula({self._axes(expr)}, {self._entry(expr, expr.args[1])})"

    def _print_Elementwise(self, expr: Any) -> str:
        return f"functions[{expr.args[2].name!r}]({self._print(expr.args[1])})"

    def _print_Greatest(self, expr: Any) -> str:
        return f"greatest({self._print(expr.args[1])}, {expr.args[2]})"

    def _print_Contraction(self, expr: Any) -> str:
        _, coefficient, factors = expr.args
        letters: dict[Any, str] = {}
        for array in (*factors, expr):
            for symbol, _ in array.axes:
                letters.setdefault(symbol, ascii_letters[len(letters)])
        subscripts = ",".join("".join(letters[s] for s, _ in f.axes) for f in factors)
        subscripts += "->" + "".join(letters[s] for s, _ in expr.axes)
        text = ", ".join([repr(subscripts), *map(self._print, factors)])
        text = f"einsum({text})" if factors else self._print(sympy.Integer(1))
        return text if coefficient == 1 else f"({self._print(coefficient)})*{text}"

    def _print_Total(self, expr: Any) -> str:
        return " + ".join(map(self._print, expr.args[1])) or f"formula({self._axes(expr)}, lambda *_: 0)"

    def _print_FloorDivision(self, expr: Any) -> str:
        numerator, denominator = map(self._print, expr.args)
        return f"(({numerator})//({denominator}))"

    def _print_Mod(self, expr: Any) -> str:
        numerator, denominator = map(self._print, expr.args)
        return f"(({numerator})%({denominator}))"


def _is_whole(array: Any, windows: Any) -> bool:
    """Do the windows only name the axes of the array?"""
    units = [tuple(int(k == axis) for k in range(len(windows.axes))) for axis in range(len(windows.args[2]))]
    same = all(
        offset == 0 and tuple(steps) == unit for (offset, steps), unit in zip(windows.args[2], units, strict=True)
    )
    return same and isinstance(array, node.LeafArray) and array.shape == windows.shape


class ArrayFunction:
    """A NumPy function of the leaves of a tensor.

    Called with the arrays in the order of `arguments`, or by name.  A size that their shapes do not
    tell is given by name too, or by a leaf of which only the shape matters.  `source` is the code.
    """

    def __init__(self, tensor: Tensor, functions: Mapping[str, Callable[[Array], Array]]) -> None:
        self._value = entry_at_own_index(tensor)
        self._sizes = sizes_in(self._value)
        self._known: dict[tuple[object, ...], dict[str, int]] = {}
        self.name = tensor.name
        expression, known = _expression(tensor), {**FUNCTIONS, **functions}
        _check_functions(expression, known)
        self._leaves = {leaf.name: leaf for leaf in leaves_of(tensor)}
        read = {str(part.name) for part in sympy.preorder_traversal(expression) if isinstance(part, _NAMED)}
        self.arguments = tuple(name for name in self._leaves if name in read)
        _check_names([*self.arguments, *(s.name for s in self._sizes)])
        arguments = [*(_argument(self._leaves[n]) for n in self.arguments), *map(symbol_of, self._sizes)]
        helpers = {**HELPERS, "functions": known}
        self._run = sympy.lambdify(arguments, expression, modules=[helpers, "numpy"], printer=ArrayPrinter)

    @property
    def source(self) -> str:
        """The code that runs, without the check of the shapes."""
        return inspect.getsource(self._run)

    def __call__(self, *arrays: Any, **named: Any) -> Array:
        given = {name: np.asarray(a) for name, a in zip(self.arguments, arrays, strict=False)}
        given.update({k: np.asarray(v) for k, v in named.items() if k in self._leaves})
        missing = [name for name in self.arguments if name not in given]
        if missing or len(arrays) > len(self.arguments):
            raise ShapeError(
                self.name,
                f"{len(arrays)} arrays" + (f", none for {', '.join(missing)}" if missing else ""),
                f"{', '.join(self.arguments)}",
                "give one array for each leaf",
            )
        stated = {k: v for k, v in named.items() if k not in self._leaves}
        key = (*((name, a.shape) for name, a in given.items()), *stated.items())
        sizes = self._known.get(key)
        if sizes is None:
            sizes = self._known[key] = self._found(stated, given)
        return self._run(*(given[name] for name in self.arguments), *(sizes[s.name] for s in self._sizes))

    def __repr__(self) -> str:
        return f"<NumPy function of {', '.join(self.arguments)}: {self.name}>"

    def _found(self, sizes: dict[str, int], arrays: Mapping[str, Array]) -> dict[str, int]:
        """All sizes, from the shapes and from what is given by name."""
        leaves = [(self._leaves[name], array) for name, array in arrays.items()]
        open_ = [(leaf.name, leaf.shape[k], n) for leaf, array in leaves for k, n in _extents(leaf, array)]
        while True:
            values: dict[Atom, Poly] = {s: Poly.of(sizes[s.name]) for s in self._sizes if s.name in sizes}
            left = [(name, extent.substitute(values), n) for name, extent, n in open_]
            solved = [found for _, extent, n in left if (found := _solution(extent, n)) is not None]
            for name, extent, n in left:
                if extent.as_int not in (None, n):
                    raise ShapeError(f"{name} in {self.name}", f"an extent of {n}", f"{extent}", "check the shapes")
            if not solved:
                break
            sizes.setdefault(*solved[0])
            open_ = [o for o, (_, extent, _) in zip(open_, left, strict=True) if extent.as_int is None]
        unknown = [s.name for s in self._sizes if s.name not in sizes]
        if unknown:
            raise SizeError(
                self.name,
                f"no value for {', '.join(unknown)}, which the shapes do not tell",
                "all sizes",
                f"give {', '.join(f'{n}=..' for n in unknown)}",
            )
        return checked_sizes([self._value], sizes)


def lambdify(
    tensor: Tensor,
    *,
    unrolled: bool = False,
    sizes: Mapping[str, int] | None = None,
    functions: Mapping[str, Callable[[Array], Array]] | None = None,
) -> ArrayFunction | Callable[..., Array]:
    """A NumPy function of the leaves of a tensor, by `sympy.lambdify`.

    `functions` holds what stands for unknown elementwise functions and, under f', their derivatives.
    `unrolled`: every entry written out at these `sizes`, for small ones.

    >>> from symconv.ops.correlate import correlate
    >>> from symconv.term.tensor import Axis, Leaf
    >>> from symconv.term.polynomial import Size
    >>> x, w = Leaf("x", (Axis.of(Size("H")),)), Leaf("w", (Axis.of(Size("r")),))
    >>> lambdify(correlate(x, w))(np.array([1, 2, 3, 4]), np.array([1, 10]))
    array([21, 32, 43])
    """
    if unrolled:
        return _unrolled(tensor, sizes or {}, functions or {})
    if sizes is not None:
        raise BridgeError(
            f"lambdify {tensor.name}",
            "sizes",
            "none: the code holds for all of them",
            "leave them out, or say unrolled=True",
        )
    return ArrayFunction(tensor, functions or {})


def _expression(tensor: Tensor) -> sympy.Basic:
    try:
        return array_expression(tensor)
    except BridgeError as error:
        raise BridgeError(
            f"lambdify {tensor.name}", f"{error.place}: {error.found}", error.expected, "use compile() instead"
        ) from error


def _argument(leaf: Leaf) -> sympy.Basic:
    return node.LeafArray.of(leaf) if leaf.rank else sympy.Symbol(leaf.name)


def leaves_of(tensor: Tensor) -> tuple[Leaf, ...]:
    """The leaves of a tensor, in the order of the operands that it was made from."""
    found: dict[Leaf, None] = {}

    def visit(t: Tensor) -> None:
        if isinstance(t, Leaf):
            found[t] = None
        elif isinstance(t, Defined) and t.call is not None:
            for operand in t.call.operands:
                visit(operand)

    visit(tensor)
    found.update({t: None for t in tensors_in(entry_at_own_index(tensor)) if isinstance(t, Leaf)})
    return tuple(found)


def _check_names(names: list[str]) -> None:
    for name in names:
        if not name.isidentifier() or name in HELPERS or name == "functions":
            raise BridgeError(f"the name {name}", "a name that code cannot use", "letters, digits and _", "rename it")
        if names.count(name) > 1:
            raise NameClash(
                f"the name {name}", "a tensor and a size", "one thing for one name", "rename one of the two"
            )


def _check_functions(expression: sympy.Basic, known: Mapping[str, object]) -> None:
    for part in sympy.preorder_traversal(expression):
        if isinstance(part, node.Elementwise) and part.args[2].name not in known:
            name = part.args[2].name
            raise BridgeError(
                f"the function {name}",
                "no NumPy function for it",
                "one in functions={..}",
                f'give functions={{"{name}": ..}}',
            )


def _extents(leaf: Leaf, array: Array) -> list[tuple[int, int]]:
    if array.ndim != leaf.rank:
        raise ShapeError(leaf.name, f"an array of {array.ndim} axes", f"{leaf.rank}", "reshape the array")
    return list(enumerate(array.shape))


def _solution(extent: Poly, number: int) -> tuple[str, int] | None:
    """The one size left in an extent, if it occurs as a multiple."""
    names = extent.sizes()
    if len(names) != 1:
        return None
    (size,) = names
    parts = extent.linear_in(size)
    factor = parts[0].as_int if parts is not None else None
    if parts is None or not factor or parts[1].as_int is None:
        return None
    value, rest = divmod(number - parts[1].constant, factor)
    return None if rest else (size.name, value)


# -- unrolled -------------------------------------------------------------------------


def _unrolled(
    tensor: Tensor, sizes: Mapping[str, int], functions: Mapping[str, Callable[[Array], Array]]
) -> Callable[..., Array]:
    """Every entry written out; refused where Python could not compile it."""
    _check_length(tensor, sizes)
    array = entries(tensor, sizes)
    flat = [array[()]] if not array.shape else sympy.flatten(array)
    longest = max((len(part.args) for e in flat for part in sympy.preorder_traversal(e) if part.is_Add), default=0)
    if longest > LONGEST_CHAIN:
        raise BridgeError(
            f"lambdify {tensor.name} unrolled",
            f"a sum of {longest} terms in one entry",
            f"at most {LONGEST_CHAIN}, since Python cannot compile longer ones",
            "choose smaller sizes, or leave out unrolled=True: that code does not grow with the image",
        )
    leaves = leaves_of(tensor)
    arguments = [sympy.IndexedBase(leaf.name) if leaf.rank else sympy.Symbol(leaf.name) for leaf in leaves]
    run = sympy.lambdify(arguments, flat, modules=[dict(functions), "numpy"], cse=True)

    def unrolled(*arrays: Any) -> Array:
        return np.array(run(*map(np.asarray, arrays))).reshape(array.shape)

    return unrolled


def _check_length(tensor: Tensor, sizes: Mapping[str, int]) -> None:
    """Refuse what would take minutes to write out, before it is written."""
    count = summands(tensor, sizes)
    if count > MOST_SUMMANDS:
        raise BridgeError(
            f"lambdify {tensor.name} unrolled",
            f"about {count:,} terms at these sizes",
            f"at most {MOST_SUMMANDS:,}",
            "leave out unrolled=True: that code does not grow with the image",
        )


__all__ = ["ArrayFunction", "ArrayPrinter", "lambdify"]
