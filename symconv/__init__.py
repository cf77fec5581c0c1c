"""symconv: derives, proves, explains and exports the mathematics of convolution layers.

    >>> import symconv as sc
    >>> H, W, r, c = sc.sizes("H W r c")
    >>> X, K = sc.tensor("X", H, W), sc.tensor("K", r, c)
    >>> F = sc.correlate(X, K)
    >>> G = sc.upstream(F, "G")
    >>> sc.prove(sc.gradient(F, K, G), sc.correlate(X, G))
    proved for all sizes

Names are loaded when they are first used, so that the command line starts
without SymPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_API = [
    "add_bias",
    "additions",
    "apply",
    "argmax",
    "batch_norm",
    "bed_of_nails",
    "bracket",
    "closed_form",
    "compare",
    "concatenate",
    "condition",
    "convolve",
    "correlate",
    "correlate_pairs",
    "crop",
    "cross_entropy",
    "define",
    "dense",
    "depthwise",
    "expand",
    "export",
    "find_filter",
    "flatten_rows",
    "flip",
    "from_sympy",
    "gelu",
    "gradient",
    "impulse_response",
    "indices",
    "leaky_relu",
    "matmul",
    "mean",
    "mean_squared_error",
    "multiplications",
    "pad",
    "parameters",
    "pixel_shuffle",
    "pool",
    "pool_average",
    "pool_max",
    "prove",
    "receptive_field",
    "rot180",
    "sizes",
    "softmax",
    "solve",
    "stuff",
    "swap_channels",
    "summary",
    "tensor",
    "to_sympy",
    "toeplitz",
    "total",
    "transpose",
    "transposed",
    "unpool_max",
    "unvec",
    "upsample_bilinear",
    "upsample_nearest",
    "upstream",
    "variance",
    "vec",
    "verify",
]

__all__ = ["Status", "Tensor", "Verdict", "__version__", *_API]


def __getattr__(name: str) -> Any:
    if name in _API:
        return getattr(import_module("symconv.api"), name)
    if name == "Tensor":
        return import_module("symconv.handles").Tensor
    if name in ("Status", "Verdict"):
        return getattr(import_module("symconv.proof.verdict"), name)
    raise AttributeError(f"module 'symconv' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
