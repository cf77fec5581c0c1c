"""The kernel of a map, and the filter with a given property."""

from __future__ import annotations

from symconv import fitting, responses
from symconv.api.arguments import tensor_of
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
