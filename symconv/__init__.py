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

# module: the public names that it holds
_HOLDS = {
    "api.operations": [
        "add_bias",
        "apply",
        "argmax",
        "batch_norm",
        "bed_of_nails",
        "concatenate",
        "convolve",
        "correlate",
        "correlate_pairs",
        "crop",
        "cross_entropy",
        "dense",
        "depthwise",
        "expand",
        "flatten_rows",
        "flip",
        "gelu",
        "gradient",
        "kron",
        "leaky_relu",
        "diag",
        "matmul",
        "outer",
        "mean",
        "mean_squared_error",
        "pad",
        "pixel_shuffle",
        "pool",
        "pool_average",
        "pool_max",
        "rot180",
        "softmax",
        "stuff",
        "swap_channels",
        "toeplitz",
        "transpose",
        "transposed",
        "unpool_max",
        "unvec",
        "upsample_bilinear",
        "upsample_nearest",
        "upstream",
        "variance",
        "vec",
    ],
    "api.declaring": ["indices", "sizes", "tensor"],
    "api.formulas": ["bracket", "condition", "define", "total"],
    "api.claims": ["closed_form", "compare", "prove"],
    "api.costs": ["additions", "multiplications", "parameters", "receptive_field", "summary"],
    "api.filters": ["find_filter", "impulse_response", "rank_factors"],
    "api.sympy_border": ["from_sympy", "to_sympy"],
    "api.verbs": ["export", "export_files", "solve", "verify"],
    "handles.tensors": ["Tensor"],
    "proof.verdict": ["Status", "Verdict"],
}
_HOME = {name: f"symconv.{module}" for module, names in _HOLDS.items() for name in names}

__all__ = ["__version__", *sorted(_HOME)]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'symconv' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
