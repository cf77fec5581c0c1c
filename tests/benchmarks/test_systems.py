"""The five-layer network stage by stage, and all rows of the table of systems.

    python -m tests.benchmarks.table docs/benchmarks.md

writes the table of all figures.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

import symconv as sc
from symconv.proof.deciding import decide
from symconv.proof.verdict import Status
from tests import stages
from tests.benchmarks.test_proofs import PLAIN, prove, seconds
from tests.systems import SYSTEMS

pytestmark = pytest.mark.targets  # in the job that runs beside the README's tests


def network() -> bool:
    """Every gradient of the network derived and proved: the closed form of each stage, and all compositions."""
    claims = {**stages.closed_forms(), **stages.compositions()}
    return all(sc.prove(*claim).status is Status.PROVED for claim in claims.values())


def all_rows() -> bool:
    """Every identity proved, every twin refuted."""
    systems = [build() for build in SYSTEMS.values()]
    proved = all(decide(s.problem()).status is Status.PROVED for s in systems)
    return proved and all(decide(s.problem(twin=True)).status is Status.REFUTED for s in systems)


def figures() -> dict[str, float]:
    plain = seconds(lambda: prove(PLAIN), 5)
    return {"network / input gradient": seconds(network) / plain, "all rows s": seconds(all_rows, 1)}


def test_network_by_stages(benchmark: Callable[..., bool]) -> None:
    assert benchmark(network)


def test_the_network_takes_at_most_two_hundred_input_gradients() -> None:
    assert seconds(network) <= 200 * seconds(lambda: prove(PLAIN), 5)
