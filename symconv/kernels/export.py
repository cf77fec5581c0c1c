"""What a module is written from, and what its docstring says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from textwrap import wrap

from symconv.kernels.layout import WIDTH
from symconv.kernels.naming import identifier
from symconv.term.tensor import Defined


@dataclass(frozen=True, slots=True)
class Export:
    """The tensors of a module, what is said about them, and the settings of its schedules.

    forward: the output.  gradients: by the name of the leaf.  notes, verdicts: text for the docstring (formulas,
    hypotheses; the verdict and scope by function or leaf).  unproved: no proof stands behind the functions, and the
    docstring says so.  stem: the name of the files without their endings.  accuracy, schedule: of the schedules.
    """

    forward: Defined
    gradients: Mapping[str, Defined] = field(default_factory=dict)
    title: str = ""
    notes: Sequence[str] = ()
    verdicts: Mapping[str, str] = field(default_factory=dict)
    unproved: bool = False
    stem: str = "kernels"
    accuracy: str = "exact"
    schedule: str = ""

    @property
    def settings(self) -> dict[str, str]:
        """The lines that a module fixes for all its functions."""
        return {"ACCURACY": self.accuracy, "SCHEDULE": self.schedule}

    def docstring(self, target: Sequence[str], needs: str) -> str:
        """The docstring of a module.

        target: what a target says of its functions.  needs: what must be installed.
        """
        lines = [self.title, ""]
        if self.unproved:
            lines += ["NOT PROVED: these functions were exported without a proof that they are right.", ""]
        for part in (self.notes, [f"{identifier(n)}: {v}" for n, v in self.verdicts.items()], target):
            lines += [*part, ""] if part else []
        lines += [f"Written by symconv {_version()}; {needs} `python FILE --self-test` compares it with plain loops."]
        folded = (part for line in lines for part in wrap(_plain(line), WIDTH, subsequent_indent="    ") or [""])
        text = "\n".join(folded)
        return f'r"""{text}\n"""\n' if "\\" in text else f'"""{text}\n"""\n'


def _plain(line: str) -> str:
    """Text that cannot end a docstring."""
    kept = "".join(c if c.isprintable() else " " for c in line.replace("\n", " / "))
    return kept.replace('"', "'").rstrip()


def _version() -> str:
    try:
        return version("symconv")
    except PackageNotFoundError:
        return "(not installed)"


__all__ = ["Export"]
