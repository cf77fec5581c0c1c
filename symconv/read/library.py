"""The library names that a `define` line, or an operator name in a formula, may use."""

from __future__ import annotations

MANY = 32
# carried out, with the number of tensors each takes at most
TENSORS = {
    "correlate": 2,
    "convolve": 2,
    "depthwise": 2,
    "transposed": 2,
    "pad": 1,
    "crop": 1,
    "stuff": 1,
    "rot180": 1,
    "flip": 1,
    "pool_average": 1,
    "pool_max": 1,
    "vec": 1,
    "diag": 1,
    "transpose": 1,
    "dense": 3,
    "softmax": 1,
    "cross_entropy": 2,
    "toeplitz": 1,
    "concatenate": MANY,
    "unpool": 2,
    "kron": 2,
    "upsample_nearest": 1,
    "upsample_bilinear": 1,
    "bed_of_nails": 1,
    "unpool_max": 2,
}
LEAST = {"dense": 2, "concatenate": 1}  # where fewer will do
AXES = {"vec": 1, "toeplitz": 2, "diag": 2, "cross_entropy": 0}  # of the result, where they are not those of an operand
LIBRARY = frozenset(TENSORS)

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
    "vec": "vec",
    "diag": "diag",
    "kron": "kron",
    "flip": "flip",
}
TURNED = frozenset({"rot", "flip", "rot180", "ROT180", "flipped", "rotated"})  # K_{rot}, w^{\text{flip}}
