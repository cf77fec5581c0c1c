"""Before anything is timed: whether a library computes what ours does.

A ratio of times of two different results says nothing, so a library whose result differs is named and not timed.  Which
of the two is wrong this cannot tell; the self-test of an exported module can.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from symconv.benching.peers import Array, Peer

# of the greatest entry: float32 has room for the tiles of `--accuracy fast` and for long sums of a gradient
TOLERANCE = {"float32": 1e-4, "float64": 1e-11}


def difference(ours: Array, theirs: Array) -> str:
    """In what two results differ; nothing where they agree."""
    if ours.shape != theirs.shape:
        return f"its shape is {_shape(theirs)}, ours {_shape(ours)}"
    if ours.dtype != theirs.dtype:
        return f"its entries are {theirs.dtype}, ours {ours.dtype}"
    wide = np.float64
    strange = ~np.isfinite(ours), ~np.isfinite(theirs)
    if (strange[0] != strange[1]).any():
        return f"NaN or infinity stands in {strange[1].sum()} of its entries, in {strange[0].sum()} of ours"
    usual = ~strange[0]
    apart = np.abs(ours[usual].astype(wide) - theirs[usual]).max(initial=0)
    greatest, tolerance = np.abs(ours[usual]).max(initial=0), TOLERANCE[str(ours.dtype)]
    if apart <= tolerance * greatest:
        return ""
    share = apart / greatest if greatest else apart
    return f"its result is {share:.1e} of the greatest entry away, {tolerance:.0e} allowed"


def _shape(array: Array) -> str:
    return "x".join(map(str, array.shape)) or "a number"


def differing(ours: Any, peers: Mapping[str, Peer]) -> dict[str, str]:
    """The peers whose results differ from ours, and in what.

    ours: the array, or several of which the last one is compared: of a pair, the gradient.
    """
    mine = np.asarray(ours[-1] if isinstance(ours, tuple) else ours)
    found = {name: difference(mine, peer.result()) for name, peer in peers.items()}
    return {name: text for name, text in found.items() if text}


__all__ = ["TOLERANCE", "difference", "differing"]
