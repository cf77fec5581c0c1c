"""The target `array-api`: a module that works on the arrays of any library of the Python array API standard.

Shapes and options are known when a function is called, arrays need not be: so that JAX can compile it.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import replace

from symconv.kernels.functions import Interface, Written
from symconv.kernels.helpers import helper_source
from symconv.kernels.module import ModuleWriter, banner
from symconv.kernels.plan_row import Row
from symconv.kernels.scope import Scope
from symconv.kernels.stages import Program
from symconv.kernels.targets import array_api_runtime
from symconv.kernels.targets.array_api_lowering import ArrayLowering

OWN_HELPERS = {
    name: inspect.getsource(value)
    for name, value in vars(array_api_runtime).items()
    if name.startswith("_") and (inspect.isfunction(value) or inspect.isclass(value))
}
NEEDS = "takes arrays of any library of the array API standard (jax.jit: options static); NumPy for its self-test."
IMPORTS = (
    ("import argparse", r"\bargparse\."),
    ("import importlib", r"\bimportlib\."),
    ("import importlib.util", r"\bimportlib\.util\."),
    ("import operator", r"\boperator\."),
    ("import sys", r"\bsys\."),
    ("import time", r"\btime\."),
    ("from collections.abc import {}", r"\b(Callable|Sequence)\["),
    ("from functools import {}", r"\b(reduce)\("),
    ("from itertools import {}", r"\b(combinations|product)\("),
    ("from math import {}", r"\b(erf|isqrt|prod)\b"),
)


class ArrayModule(ModuleWriter):
    """A module written for the array API; its referee and self-test are those of the NumPy target."""

    needs = NEEDS
    memory = "what the library takes"
    referee = "the referee: the formulas as plain loops over NumPy arrays, used by --self-test only"
    with_winners = False
    reserved = ("xp", "product", "reduce", "combinations", "importlib")

    def written(self, program: Program, interface: Interface) -> Written:
        """One function."""
        rows: list[Row] = []
        interface = replace(interface, returns=interface.returns.replace("Array", "Any"))  # nothing is written in place

        def body(scope: Scope) -> str:
            lowering = ArrayLowering(scope)
            text = lowering.program(program, interface.parts)
            rows.extend(lowering.rows)
            return text

        return self.writer.write(program, interface, body, rows)

    def notes(self) -> list[str]:
        return []

    def helpers(self, text: str) -> list[str]:
        return [banner("helpers"), *helpers_of(text)]

    def head(self, body: str) -> str:
        return imports(body)


def helpers_of(text: str) -> list[str]:
    """The helpers that a text calls, and those that these call: ours, then those of the NumPy target."""
    found: dict[str, str] = {}
    queue = [text]
    while queue:
        calls = set(re.findall(r"\b_[A-Za-z]\w*", queue.pop())) & (set(OWN_HELPERS) - set(found))
        found |= {name: OWN_HELPERS[name] for name in sorted(calls)}
        queue += [OWN_HELPERS[name] for name in sorted(calls)]
    left = re.sub(rf"\b({'|'.join(OWN_HELPERS)})\b", "", text)
    return [*(found[name] for name in OWN_HELPERS if name in found), helper_source(left)]


def imports(text: str) -> str:
    """The imports that a text needs."""
    lines = ["from __future__ import annotations", ""]
    for line, pattern in IMPORTS:
        names = re.findall(pattern, text)
        if names:
            lines.append(line.format(", ".join(sorted(set(names)))))
    lines += ["from typing import Any", "", "import numpy as np", ""]
    return "\n".join([*lines, "Array = Any  # an array of any library of the array API standard", ""])


__all__ = ["ArrayModule", "helpers_of"]
