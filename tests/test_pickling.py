"""Terms in other processes: an unpickled tensor is the one that was pickled, whatever seeds the hashes there."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys

from symconv.ops.correlate import correlate
from symconv.ops.pool import pool_max
from symconv.term.polynomial import Poly, Size
from symconv.term.tensor import Axis, Defined, Leaf

MAKE = "from tests.test_pickling import made; import pickle, sys; sys.stdout.buffer.write(pickle.dumps(made()))"


def made() -> list[Defined]:
    H, W, r, s = (Size(name) for name in "HWrs")
    image = Leaf("X", (Axis.of(H), Axis.of(W)))
    return [correlate(image, Leaf("K", (Axis.of(r), Axis.of(r))), stride=s), pool_max(image, (r, 2), (s, Poly.of(s)))]


def test_a_tensor_of_another_process_is_the_same() -> None:
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed}
        written = subprocess.run([sys.executable, "-c", MAKE], env=environment, capture_output=True, check=True).stdout
        found = pickle.loads(written)
        assert found == made()
        assert set(found) == set(made())
        assert [t.shape for t in found] == [t.shape for t in made()]
