"""The table of the systems: `python -m tests.systems_table docs/systems.md`."""

from __future__ import annotations

import sys
from pathlib import Path

from symconv.proof.deciding import decide
from tests.systems import SYSTEMS

HEAD = """# The systems

What courses and books on convolution layers describe, each as an identity that is proved for all sizes, and a twin one
edit away that is refuted at the sizes shown. The formulas stand in `tests/systems/`; `tests/test_systems.py` proves
them, replays the certificates, confirms the counterexamples, and runs both sides as NumPy kernels and as SymPy entries.
The table is made by `python -m tests.systems_table docs/systems.md`.

| system | identity | verdict | its twin is false at |
| --- | --- | --- | --- |
"""

OPEN = """
Not proved for all sizes: that the shares of a window add up to 1 where max pooling splits ties. It divides by the
number of winners, of which the prover does not know that it is at least 1; `tests/test_pooling.py` compares it with
plain loops. With the first winner taking all it is proved, as the table says.
"""

ELSEWHERE = """
What is more than one identity has tests of its own:

| system | where |
| --- | --- |
| net input, sum and product | the rows of the bias above; `tests/test_numeric_examples.py` |
| five-layer network: shapes, parameters, gradients, export, training | `tests/test_network.py`, `tests/stages.py` |
| designed network: squares and diamonds at every placement | `tests/test_designed_network.py` |
| impulse response of a given map, filters with a property | `tests/test_filters.py` |
| derivation steps, each equal to the one before | `derivations/`, `tests/test_solving.py` |
| code that is compared with the definition | `sc.compare`, `tests/test_comparing.py` |
| numeric kernels | every row above is run; `tests/kernels` |
| counts by an instrumented run | `tests/test_counting.py` |
| worked numbers of the sources | `tests/test_numeric_examples.py` |
| activations, interpolation and normalisation against SymPy and torch | `tests/test_layers.py` |
"""


def rows() -> list[str]:
    """One row an identity, in the order of `tests/systems`."""
    found = []
    for (row, name), build in SYSTEMS.items():
        system = build()
        verdict, twin = decide(system.problem()), decide(system.problem(twin=True))
        assert twin.counterexample is not None
        sizes = ", ".join(f"{k}={v}" for k, v in twin.counterexample.sizes.items()) or "every size"
        found.append(f"| {row} | {name} | {verdict} | {sizes} |")
    return found


def main(path: str) -> None:
    Path(path).write_text(HEAD + "\n".join(rows()) + "\n" + OPEN + ELSEWHERE, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
