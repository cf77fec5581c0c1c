"""The kernel of a map, and the filter with a given property."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from numbers import Rational
from typing import Any

import sympy

from symconv import fitting, responses
from symconv.api.arguments import tensor_of
from symconv.errors import ShapeError
from symconv.fitting import Fit
from symconv.handles.tensors import Tensor
from symconv.responses import Response


def impulse_response(f: Tensor, x: Tensor) -> Response:
    """The kernel of a map from x to f, or a witness that it has none; see `symconv.responses.impulse_response`.

    >>> import symconv as sc
    >>> n = sc.sizes("n")
    >>> x = sc.tensor("x", n)
    >>> sc.impulse_response(sc.define("later", [n], lambda i: x[i - 2]), x)
    a convolution with its impulse response: proved for all sizes
    >>> sc.impulse_response(sc.define("ramp", [n], lambda i: i * x[i]), x)
    linear; position invariance refuted; n=2 at i=0, a=0: the claim gives 0, exact is 1
    """
    return responses.impulse_response(tensor_of(f, "impulse_response"), tensor_of(x, "impulse_response"))


def find_filter(left: Tensor, right: Tensor, g: Tensor, **sizes: int) -> Fit:
    """The filter g for which left = right, whatever the data; see `symconv.fitting.find_filter`.

    >>> import symconv as sc
    >>> n = sc.sizes("n")
    >>> f, g = sc.tensor("f", n), sc.tensor("g", 2)
    >>> sc.find_filter(sc.correlate(f, g), sc.define("d", [n - 1], lambda t: f[t + 1] - f[t]), g)
    [-1, 1]; proved for all sizes
    """
    terms = [tensor_of(t, "find_filter") for t in (left, right, g)]
    return fitting.find_filter(terms[0], terms[1], terms[2], sizes)


def rank_factors(kernel: object) -> tuple[sympy.Matrix, sympy.Matrix]:
    """The rank R of a kernel [r, c] of numbers, exactly: columns [R, r] and rows [R, c] whose products add up to it.

    kernel: nested lists, an array or a SymPy matrix, of rational numbers.  A float is taken exactly, as the binary
    fraction that it is: 0.1 * 3 is not 0.3, so that rows of floats are seldom multiples of each other.  Fractions, or
    texts such as "1/3" and "0.3", say what is meant.  A correlation with a kernel of rank R written as
    sum over p of columns[p, u] rows[p, v]  takes two products of one axis each.

    Raises `ShapeError` for what is no matrix of rational numbers, and for zeros alone: R is a size, at least 1.

    >>> import symconv as sc
    >>> columns, rows = sc.rank_factors([[1, 0, -1], [2, 0, -2], [1, 0, -1]])
    >>> columns, rows
    (Matrix([[1, 2, 1]]), Matrix([[1, 0, -1]]))
    >>> sc.rank_factors([["0.1", "0.3"], ["1/30", "0.1"]])
    (Matrix([[1/10, 1/30]]), Matrix([[1, 3]]))
    """
    given: Any = kernel.tolist() if hasattr(kernel, "tolist") else kernel
    listed = isinstance(given, list | tuple) and all(isinstance(row, list | tuple) for row in given)
    entries = [list(row) for row in given] if listed else []
    if len({len(row) for row in entries}) != 1 or not entries[0]:
        shown = " ".join(repr(kernel).split())[:80]
        raise ShapeError("rank_factors", shown, "a matrix of numbers, rows of one length", "give [[1, 2], [3, 4]], say")
    matrix = sympy.Matrix([[_rational(x, i, j) for j, x in enumerate(row)] for i, row in enumerate(entries)])
    if matrix.is_zero_matrix:
        raise ShapeError("rank_factors", "zeros alone, of rank 0", "a rank of at least 1", "leave this kernel out")
    columns, rows = matrix.rank_decomposition()
    return columns.T, rows


def _rational(entry: object, row: int, column: int) -> sympy.Rational:
    """An entry of a kernel exactly."""
    number = entry.item() if hasattr(entry, "item") else entry  # a number of NumPy
    try:
        exact = Fraction(number) if isinstance(number, Rational | float | Decimal | str) else None
    except (ValueError, OverflowError, ZeroDivisionError):  # no number, infinity, a zero below the bar
        exact = None
    if exact is None:
        raise ShapeError(
            f"rank_factors: entry {row}, {column}",
            " ".join(repr(entry).split())[:80],
            "a rational number",
            "give an int, a float, a Fraction or a text such as '1/3'",
        )
    return sympy.Rational(exact.numerator, exact.denominator)
