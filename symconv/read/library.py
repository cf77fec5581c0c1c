"""The library names that a `define` line, or an operator name in a formula, may use."""

from __future__ import annotations

# carried out, with the number of tensors each takes
TENSORS = {
    "correlate": 2,
    "convolve": 2,
    "transposed": 2,
    "pad": 1,
    "crop": 1,
    "stuff": 1,
    "rot180": 1,
    "flip": 1,
    "pool_average": 1,
    "pool_max": 1,
    "vec": 1,
    "dense": 3,
    "softmax": 1,
}
LATER = frozenset({"cross_entropy", "concatenate", "toeplitz", "unpool"})
LIBRARY = frozenset(TENSORS) | LATER

# names that may stand in a formula without a declaration: each has one meaning only
PLAIN = {
    "rot180": "rot180",
    "rot_{180}": "rot180",
    "rot_{180^\\circ}": "rot180",
    "ROT180": "rot180",
    "pad": "pad",
    "crop": "crop",
    "stuff": "stuff",
    "softmax": "softmax",
}
TURNED = frozenset({"rot", "flip", "rot180", "ROT180", "flipped", "rotated"})  # K_{rot}, w^{\text{flip}}
