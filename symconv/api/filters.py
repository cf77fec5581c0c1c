"""The kernel of a map, and the filter with a given property."""

from __future__ import annotations

from fractions import Fraction

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

    kernel: a nested list, an array or a SymPy matrix; a float counts as the fraction that it is.  A correlation with
    a kernel of rank R written as  sum over p of columns[p, u] rows[p, v]  takes two products of one axis each.

    Raises `ShapeError` for what is no matrix of numbers.

    >>> import symconv as sc
    >>> columns, rows = sc.rank_factors([[1, 0, -1], [2, 0, -2], [1, 0, -1]])
    >>> columns, rows
    (Matrix([[1, 2, 1]]), Matrix([[1, 0, -1]]))
    """
    given = kernel.tolist() if hasattr(kernel, "tolist") else kernel
    rows_of_numbers = given if isinstance(given, list) and all(isinstance(row, list) for row in given) else []
    known = int, float, Fraction, sympy.Rational
    lengths = {len(row) for row in rows_of_numbers}
    plain = all(isinstance(x, known) and abs(x) < float("inf") for row in rows_of_numbers for x in row)
    if len(lengths) != 1 or 0 in lengths or not plain:
        raise ShapeError(
            "rank_factors", repr(kernel)[:80], "a matrix of numbers, rows of one length", "give [[1, 2], [3, 4]], say"
        )
    matrix = sympy.Matrix([[sympy.Rational(x) for x in row] for row in rows_of_numbers])
    columns, rows = matrix.rank_decomposition()
    return columns.T, rows
