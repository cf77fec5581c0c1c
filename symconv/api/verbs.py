"""The three big verbs: solve, verify, export."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from symconv.api.arguments import kind_of
from symconv.errors import UsageError
from symconv.handles.tensors import Tensor
from symconv.term import tensor as terms


def solve(spec: str | Tensor, wrt: str | None = None, sizes: dict[str, int] | None = None, level: str = "full") -> Any:
    """The worked solution of an operation, a formula, a document or a tensor, as `symconv solve` writes it.

    >>> import symconv as sc
    >>> solution = sc.solve("conv1d", wrt="kernel")
    >>> solution
    <Solution of conv1d by K: proved for all sizes>
    >>> print(solution.to_markdown().splitlines()[0])
    # $\\frac{\\partial L}{\\partial K}$ for conv1d
    """
    from symconv.solving import solve_spec

    return solve_spec(_spec(spec, "solve"), wrt, sizes, level)


def _spec(item: object, place: str) -> Any:
    """A tensor with its formula, or the text of a SPEC."""
    from symconv.specs import spec_of_tensor

    return spec_of_tensor(cast(terms.Defined, item.term)) if isinstance(item, Tensor) else _text(item, place)


def _text(item: object, place: str) -> str:
    if not isinstance(item, (str, Path)) or not str(item).strip():
        raise UsageError(place, kind_of(item), "an operation, a formula or the path of a document", 'write "conv2d"')
    return str(item)


def verify(source: str | Path, form: str | None = None) -> Any:
    """Judge every formula of a document: a path, or a text with its form ("md", "tex", "ipynb").

    >>> import symconv as sc
    >>> note = "```symconv\\ntensor x[n]\\n```\\n$$\\\\sum_{k=0}^{n-1} x_k = \\\\sum_{k=0}^{n-1} x_{n-1-k}$$"
    >>> print(sc.verify(note, "md"))
    document:4:3: eq1 proved for all sizes
    document: 1 proved
    """
    from symconv.judging import verify_paths, verify_text

    source = _text(source, "verify")
    if form not in (None, "md", "tex", "ipynb"):
        raise UsageError("verify", f"form={form!r}", "'md', 'tex' or 'ipynb'", "choose one, or give a path alone")
    return verify_paths([source]) if form is None else verify_text(source, cast(Any, form))


def export(
    spec: str | Tensor,
    wrt: str | Sequence[str] | None = None,
    unproved: bool = False,
    *,
    accuracy: str = "exact",
    schedule: str = "",
) -> str:
    """The source of a NumPy module with forward and gradients, as `symconv export` writes it.

    spec: an operation, a formula, a document, or a tensor, such as the loss of a network.
    wrt: the tensor whose gradient is wanted, or several by name; all of them without it.  An empty list is refused.
    unproved: write gradients that are not proved too, and say so in the file; without it they raise ExportError.
    accuracy: "exact", or "fast" for schedules that lose some digits.
    schedule: the name of one that is used wherever it fits; chosen by sizes without it.

    >>> import symconv as sc
    >>> print(sc.export("conv1d --stride 2").splitlines()[0][3:])
    conv1d --stride 2: forward and gradients.
    """
    return export_files(spec, wrt, unproved, accuracy=accuracy, schedule=schedule)[".py"]


def export_files(
    spec: str | Tensor,
    wrt: str | Sequence[str] | None = None,
    unproved: bool = False,
    *,
    target: str = "numpy",
    accuracy: str = "exact",
    schedule: str = "",
    stem: str = "kernels",
) -> dict[str, str]:
    """The files of a module for any target by their endings, as `symconv export --target` writes them.

    target: "numpy", "array-api", "c", "dask", "numba" or "sympy".
    stem: the name of the files without their endings; a .c belongs beside its .py.  All else as for `export`.

    >>> import symconv as sc
    >>> sorted(sc.export_files("conv1d --stride 2", target="c"))
    ['.c', '.py']
    """
    from symconv import exporting

    given = {"target": target, "accuracy": accuracy, "schedule": schedule, "stem": stem}
    return exporting.export_files(_spec(spec, "export"), wrt, unproved, **given)
