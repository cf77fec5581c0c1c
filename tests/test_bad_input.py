"""Bad input: every message says what was given, what is needed and what to change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy

import symconv as sc
from symconv.cli import main
from symconv.errors import (
    BridgeError,
    DependenceError,
    InputError,
    NameClash,
    OutputError,
    ScopeError,
    ShapeError,
    SizeError,
    SymconvError,
    UsageError,
)
from symconv.proof.verdict import Status
from symconv.solving import solve_spec

H, W, r, c, C, M = sc.sizes("H W r c C M")
i, j, k = sc.indices("i j k")
X, K = sc.tensor("X", H, W), sc.tensor("K", r, c)
F = sc.correlate(X, K)
G = sc.upstream(F, "G")


def image(*shape: int) -> Any:
    return sc.tensor("x", *shape)


def kernel(*shape: int) -> Any:
    return sc.tensor("w", *shape)


BAD: dict[str, tuple[Callable[[], object], type[SymconvError], str]] = {
    # sizes that contradict each other
    "one size with two least values": (
        lambda: sc.prove(
            sc.correlate(sc.tensor("x", sc.sizes("n")), kernel(2)),
            sc.correlate(sc.tensor("x", sc.sizes("n", min=3)), kernel(2)),
        ),
        NameClash,
        r"size n: at least 1 in one place and at least 3 in another; expected one size .*; make the size once",
    ),
    "entries at sizes that do not fit": (
        lambda: F.entries(H=2, W=2, r=3, c=1),
        SizeError,
        r"sizes .*r=3.*H=2.*: H - r = -1; expected H - r >= 0; choose sizes at which",
    ),
    "a hypothesis on an index of a tensor": (
        lambda: sc.prove(F, F, assuming=[sympy.Eq(i, 0)]),
        ScopeError,
        r"assuming: i = 0 with the index i; expected sizes, or an index .*; state it entry by entry",
    ),
    "a hypothesis on an index that no side leaves free": (
        lambda: sc.prove(X[i, j], X[i, j], assuming=[k >= 0]),
        ScopeError,
        r"assuming: k >= 0 with the index k; expected sizes, or an index that the claim leaves free",
    ),
    "two tensors of one name in one operation": (
        lambda: sc.correlate(sc.tensor("x", H), sc.tensor("x", r)),
        NameClash,
        r"tensor x: shapes \(r,\) and \(H,\) under one name; expected one tensor for one name; rename",
    ),
    "an upstream gradient with the name of the data": (
        lambda: sc.upstream(F, "X"),
        NameClash,
        r"upstream\(.*, 'X'\): X, a tensor that .* is made of; expected a name of its own; choose .* dX",
    ),
    "a name of an axis that a sum inside binds": (
        lambda: sc.define("y", [H], lambda a: sc.total(X[a, i], (i, 0, W - 1)), ["i"]),
        ScopeError,
        r"define y: the index i, which a sum inside binds again; expected names .*; rename the index",
    ),
    "limits in an index that comes later": (
        lambda: sc.total(X[i, k], (k, 0, i), (i, 0, H - 1)),
        ScopeError,
        r"total: a limit of k in i, which is bound behind it; expected limits .*; name the outer sum first",
    ),
    "more cropped than is there": (
        lambda: sc.crop(image(3), 2),
        SizeError,
        r"pad\(x\): 4 of 3 entries cropped on the first axis; expected at least 0 entries left; crop less",
    ),
    "a tensor with open sizes beside an array": (
        lambda: sc.prove(F.entries(H=2, W=2, r=1, c=1), F),
        SizeError,
        r"prove: .* with open sizes beside an array of entries; .*; unfold it: .*\.entries\(.*H=\.\.",
    ),
    "an index expression in names that the tensor has not": (
        lambda: sc.prove(F, sympy.IndexedBase("X")[k, k]),
        ScopeError,
        r"prove: the free index k; expected the indices i, j of .*; rename it",
    ),
    "entries with a size missing": (
        lambda: F.entries(H=2, W=2, r=1),
        SizeError,
        r"size c: no value; expected a whole number of at least 1; give .*c=\.\.",
    ),
    "a negative number for a size": (
        lambda: F.entries(H=-2, W=2, r=1, c=1),
        SizeError,
        r"size H: the value -2; expected a whole number of at least 1; give",
    ),
    "a negative least value": (
        lambda: sc.sizes("H", min=-1),
        SizeError,
        r"size H: a least value of -1; expected 0, 1, 2, \.\.\.; .*min=0",
    ),
    "an extent of zero": (lambda: image(0), ShapeError, r"tensor x: an extent of 0; expected at least 1; give a pos"),
    "an extent that need not be whole": (
        lambda: sc.tensor("x", H / 2),
        BridgeError,
        r"H/2: a division by 2 .*; expected integers, sizes, .*; write a division as floor",
    ),
    # strides, dilations, paddings
    "a negative stride": (
        lambda: sc.correlate(X, K, stride=-1),
        SizeError,
        r"correlate\(X, K\): stride -1; expected a stride of at least 1; give a positive stride",
    ),
    "stride zero": (lambda: sc.correlate(X, K, stride=0), SizeError, r"stride 0; expected a stride of at least 1"),
    "a negative stride of one axis": (lambda: sc.correlate(X, K, stride=(1, -2)), SizeError, r"stride -2; expected a"),
    "a negative dilation": (
        lambda: sc.correlate(X, K, dilation=-2),
        SizeError,
        r"dilation -2; expected a dilation of at least 1; give a positive dilation",
    ),
    "a negative padding": (
        lambda: sc.correlate(X, K, padding=-1),
        SizeError,
        r"padding -1; expected a padding of at least 0; use crop",
    ),
    "an unknown mode": (
        lambda: sc.correlate(X, K, mode="fool"),
        UsageError,
        r"mode 'fool'; expected 'valid', 'full' or 'same'; choose one of the three",
    ),
    # a kernel larger than its padded input
    "a kernel larger than the input": (
        lambda: sc.correlate(image(3, 3), kernel(5, 5)),
        SizeError,
        r"a kernel that reaches over 5 positions on an axis of 3; expected .* fits into the padded input; pad by at le",
    ),
    "a kernel larger than the padded input": (
        lambda: sc.correlate(image(3, 3), kernel(6, 6), padding=1),
        SizeError,
        r"a kernel that reaches over .*; expected .* fits into the padded input; pad by at least .* smaller kernel",
    ),
    "a dilated kernel larger than the input": (
        lambda: sc.correlate(image(4), kernel(3), dilation=2),
        SizeError,
        r"a kernel that reaches over 5 positions on an axis of 4; .* or take a smaller kernel or dilation",
    ),
    # names
    "a name used twice": (
        lambda: sc.prove(sc.correlate(sc.tensor("X", H), sc.tensor("X", r)), sc.tensor("y", H - r + 1)),
        NameClash,
        r"tensor X: shapes .* under one name; expected one tensor for one name; rename one of the two",
    ),
    "a tensor without a name": (
        lambda: sc.tensor(H, W),
        ShapeError,
        r"tensor: the name H; expected a text; name the tensor first, then its extents",
    ),
    # an index out of scope
    "an index that nothing binds": (
        lambda: sc.define("y", [H], lambda i: X[i, j]),
        ScopeError,
        r"y\[i\]: the index j in its formula; expected an index that the tensor, a sum .* binds; sum over it, or",
    ),
    "an index outside its sum": (
        lambda: sc.define("y", [H], lambda i: X[i, k] * sc.total(X[i, k], (k, 0, 3))),
        ScopeError,
        r"y\[i\]: the index k in its formula",
    ),
    "too few indices": (
        lambda: X[i],
        ShapeError,
        r"X\[i\]: 1 indices; expected 2, one an axis; give every axis its index",
    ),
    # shapes
    "axes that do not fit": (
        lambda: sc.correlate(X, sc.tensor("w", r)),
        ShapeError,
        r"an input of shape \(H, W\) and a kernel of shape \(r,\); expected .*; add the missing axes",
    ),
    "a sum of two shapes": (
        lambda: X + K,
        ShapeError,
        r"X \+ K: shapes \(H, W\) and \(r, c\); expected one shape; pad or crop one of the two",
    ),
    "a matrix product of two shapes": (
        lambda: X @ K,
        ShapeError,
        r"X @ K: shapes \(H, W\) and \(r, c\); expected \[m, n\] and \[n, l\]; transpose one",
    ),
    "amounts for too many axes": (
        lambda: sc.pad(X, (1, 2, 3)),
        ShapeError,
        r"pad\(X\): 3 amounts; expected 2, one an axis; give one amount, or one for each axis",
    ),
    "an upstream gradient of the wrong shape": (
        lambda: sc.gradient(F, K, sc.tensor("G", H, W)),
        ShapeError,
        r"an upstream gradient of shape \(H, W\); expected \(H - r \+ 1, W - c \+ 1\); give G = upstream\(F\)",
    ),
    "no upstream gradient": (lambda: sc.gradient(F, K), ShapeError, r"no upstream gradient; expected one of shape"),
    "a gradient by something else": (
        lambda: sc.gradient(F, sc.tensor("Z", H), G),
        DependenceError,
        r"gradient of correlate\(X, K\) by Z: .* does not depend on Z; expected a tensor that .*; check the names",
    ),
    # channels
    "wrong channel counts": (
        lambda: sc.correlate(image(3, 8, 8), kernel(4, 2, 3, 3)),
        ShapeError,
        r"3 input channels, kernel for 2 in each of 1 groups; expected 2 input channels; make the input's channels",
    ),
    "wrong channel names": (
        lambda: sc.correlate(sc.tensor("x", C, H, W), sc.tensor("w", M, M, r, c)),
        ShapeError,
        r"C input channels, kernel for M in each of 1 groups; expected M input channels",
    ),
    "wrong channels in groups": (
        lambda: sc.correlate(image(4, 8, 8), kernel(4, 4, 3, 3), groups=2),
        ShapeError,
        r"4 input channels, kernel for 4 in each of 2 groups; expected 8 input channels",
    ),
    "groups that do not divide": (
        lambda: sc.correlate(image(4, 8, 8), kernel(3, 2, 3, 3), groups=2),
        ShapeError,
        r"3 output channels in 2 groups; expected a multiple of the groups; change one of the two",
    ),
    "no groups": (lambda: sc.correlate(image(4, 8, 8), kernel(4, 4, 3, 3), groups=0), SizeError, r"groups 0; expected"),
    # other wrong use
    "a text as a hypothesis": (
        lambda: sc.prove(F, F, assuming=["H >= r"]),
        BridgeError,
        r"assuming: 'H >= r'; expected a SymPy relation such as H >= r; write Eq",
    ),
    "a text as a side": (lambda: sc.prove(F, "X"), BridgeError, r"Tensor and str; expected two tensors.*; wrap a Sy"),
    "a closed form of free data": (
        lambda: sc.closed_form(X),
        ShapeError,
        r"closed_form\(X\): free data; expected a gradient; derive it",
    ),
    "an unknown kind of pooling": (
        lambda: sc.pool(X, 2, kind="median"),
        ShapeError,
        r"pool\(X\): kind 'median'; expected 'max' or 'average'; choose one of the two",
    ),
    "an unknown rule for reads outside": (
        lambda: sc.tensor("X", H, outside="wrap"),
        ShapeError,
        r"tensor X: outside='wrap'; expected 'zero' or 'error'; choose one of the two",
    ),
    "an array that nothing reads": (
        lambda: sc.gradient(F, X, G).compile()(G=np.ones((2, 2)), K=np.ones((2, 2)), X=np.ones((5, 5))),
        UsageError,
        r"argument X; expected .*; leave it out or rename it",
    ),
    "an array missing": (lambda: F.compile()(X=np.ones((2, 2))), UsageError, r"no K; expected .*K.*; give K"),
    "an array without a name": (
        lambda: F.compile()(np.ones((2, 2))),
        UsageError,
        r"compiled correlate.*: 1 arguments without a name; expected arguments by name: .*; write .*=\.\.",
    ),
    # what symbols cannot do
    "iteration over a tensor": (lambda: list(X), UsageError, r"iteration over X: a symbolic object; .* \.entries\("),
    "iteration over a value": (lambda: list(X[i, j]), UsageError, r"iteration over X\[i, j\]: a symbolic object"),
    "a tensor as an array": (lambda: np.asarray(X), UsageError, r"an array of X: .* without numbers; .*\.compile\(\)"),
    "the truth of a tensor": (lambda: bool(X), UsageError, r"bool\(X\): a symbolic object; expected .*; ask prove"),
    "the length of a symbolic axis": (lambda: len(X), SizeError, r"len\(X\): the shape \(H, W\); .*; use \.shape"),
    "a slice": (lambda: X[0:2, i], ShapeError, r"X\[\.\.\]: slice\(0, 2, None\); expected one index an axis; .* crop"),
    "a fraction as an index": (lambda: X[1.5, i], BridgeError, r"index expression 1\.5: a float; expected a whole"),
    "a value as an index": (lambda: X[X[i, j], j], BridgeError, r"the position X\[i, j\]: a value; expected an index"),
    # arithmetic
    "a rounded number beside a value": (
        lambda: 0.5 * X[i, j],
        UsageError,
        r"\.\. \* X\[i, j\]: 0\.5; expected a value, a whole number, a Fraction .*; write Fraction\(1, 2\) for a half",
    ),
    "an array beside a tensor": (lambda: np.ones(3) * X, UsageError, r"\.\. \* X: array.*; expected a value"),
    "a whole tensor beside a value": (
        lambda: X[i, j] + X,
        UsageError,
        r"the whole tensor X; .*; name an entry: X\[\.\.\]",
    ),
    "a division by zero": (lambda: X[i, j] / 0, UsageError, r"a division by 0; expected a divisor that is not 0"),
    "a root": (lambda: X[i, j] ** 0.5, UsageError, r"the exponent 0\.5; expected a whole number from -64 to 64"),
    "a power of a tensor": (
        lambda: X**2,
        UsageError,
        r"X \*\* 2: a power of a tensor; .*; write X \* X entry by entry",
    ),
    "a number plus a tensor": (lambda: 1 + X, ShapeError, r"\.\. \+ X: 1; expected a tensor; make one with tensor"),
    "a number minus a tensor": (lambda: 1 - X, ShapeError, r"\.\. - X: 1; expected a tensor"),
    "a tensor as a divisor": (lambda: 1 / X, UsageError, r"1 / X: a tensor as a divisor; .*; say it entry by entry"),
    # arguments of operations
    "a number for a tensor": (
        lambda: sc.correlate(X, 3),
        UsageError,
        r"correlate\(\.\., k=\.\.\): 3 \(int\); expected a tensor; make one with tensor\(name",
    ),
    "a name for a tensor": (
        lambda: sc.gradient(F, "X", G),
        UsageError,
        r"gradient\(.*x=\.\.\): 'X' \(str\); expected a t",
    ),
    "an argument missing": (
        lambda: sc.correlate(X),
        UsageError,
        r"correlate: missing a required argument: 'k'; expected correlate\(x, k, stride, .*\); give these",
    ),
    "an option misspelt": (
        lambda: sc.correlate(X, K, strid=2),
        UsageError,
        r"unexpected keyword argument 'strid'; exp",
    ),
    "a broken stride": (
        lambda: sc.correlate(X, K, stride=1.5),
        UsageError,
        r"correlate\(X, K\): stride 1\.5; expected a whole number or a size; give 2",
    ),
    "no stride": (
        lambda: sc.correlate(X, K, stride=None),
        UsageError,
        r"stride None; expected a whole number or a size",
    ),
    "a text for a stride": (lambda: sc.correlate(X, K, stride="2"), UsageError, r"stride '2'; expected a whole number"),
    "a stride that is an index": (lambda: sc.correlate(X, K, stride=i), ScopeError, r"stride i with the index i; exp"),
    "a broken padding": (
        lambda: sc.pad(X, 1.5),
        UsageError,
        r"pad\(X\): amount 1\.5; expected a whole number or a size",
    ),
    "three sides of an axis": (
        lambda: sc.pad(X, ((1, 2, 3), 1)),
        ShapeError,
        r"3 amounts for one axis; expected 2, bef",
    ),
    "a tensor as an option": (
        lambda: sc.pad(X, K),
        UsageError,
        r"pad\(\.\., amounts=\.\.\): K .*; expected a number, a si",
    ),
    "no upstream name": (
        lambda: sc.upstream(F, ""),
        UsageError,
        r"upstream\(.*name=.*: ''; expected a name; give a text",
    ),
    "an axis that is none": (
        lambda: sc.flip(X, [5]),
        ShapeError,
        r"flip\(X\): axis 5; expected an axis from 0 to 1; cou",
    ),
    "an axis outside a list": (lambda: sc.flip(X, 1), ShapeError, r"flip\(X\): axes 1; expected a list of axes; write"),
    "too many axes to turn": (
        lambda: sc.rot180(X, 4),
        ShapeError,
        r"rot180\(X\): spatial=4; expected a number from 1 to 2; say how many",
    ),
    "an axis to join along that is none": (
        lambda: sc.concatenate([X], axis=3),
        ShapeError,
        r"concatenate: axis 3; expected an axis from 0 to 1; count",
    ),
    "nothing to join": (
        lambda: sc.concatenate([]),
        ShapeError,
        r"concatenate: no tensors; expected at least one; list",
    ),
    "one tensor to join": (
        lambda: sc.concatenate(X),
        UsageError,
        r"concatenate\(.*: X \(Tensor\); expected a list of ten",
    ),
    "an order that is no permutation": (
        lambda: sc.transpose(X, (0, 0)),
        ShapeError,
        r"order \(0, 0\); expected each of",
    ),
    "a function without a name": (
        lambda: sc.apply("", X),
        UsageError,
        r"apply\(.*: the function ''; expected the name o",
    ),
    "a function that is a number": (
        lambda: sc.apply(3, X),
        UsageError,
        r"the function 3; expected the name of a functi",
    ),
    "softmax of a scalar": (
        lambda: sc.softmax(sc.tensor("s")),
        ShapeError,
        r"softmax\(s\): a scalar; expected at least",
    ),
    "a window of nothing": (
        lambda: sc.pool(X, 0),
        SizeError,
        r"window 0; expected a window of at least 1; give a posi",
    ),
    "an axis for a scalar bias": (
        lambda: sc.add_bias(X, sc.tensor("b"), axis=0),
        ShapeError,
        r"axis=0 for a bias of shape \(\); expected a bias with one number .*; leave out the axis",
    ),
    "no groups of a kernel": (
        lambda: sc.swap_channels(kernel(4, 4, 3), groups=0),
        SizeError,
        r"groups 0; expected a gr",
    ),
    "channels of a plain kernel": (
        lambda: sc.swap_channels(K),
        ShapeError,
        r"a kernel of shape \(r, c\); expected \[O, C",
    ),
    "pairs of plain maps": (
        lambda: sc.correlate_pairs(image(3), image(2)),
        ShapeError,
        r"shapes \(3,\) and \(2,\); expected \[C, H\.\.\] with \[O, h\.\.\]; give both channel axes",
    ),
    "a shape that is no tuple": (
        lambda: sc.toeplitz(K, 3),
        ShapeError,
        r"toeplitz\(K\): the shape 3; expected a tuple o",
    ),
    "a negative output padding": (
        lambda: sc.transposed(image(3), kernel(2), output_padding=-1),
        SizeError,
        r"padding -1; expected a padding of at least 0",
    ),
    "an argmax without a maximum": (
        lambda: sc.argmax(F, (i, j)),
        UsageError,
        r"argmax of correlate.*: no maximum; expec",
    ),
    "an argmax with one index of two": (
        lambda: sc.argmax(sc.pool_max(X, 2), i),
        ShapeError,
        r"argmax of pool_max\(X\): 1 indices; expected 2, one an axis; give a tuple",
    ),
    # sizes, extents, definitions
    "a size twice": (
        lambda: sc.sizes("H H"),
        NameClash,
        r'sizes\("H H"\): H twice; expected each name once; rename one',
    ),
    "no name for a size": (
        lambda: sc.sizes(""),
        BridgeError,
        r"sizes: ''; expected at least one name; write the names",
    ),
    "a name that is none": (lambda: sc.indices("1a"), BridgeError, r"indices: the name '1a'; expected letters, digits"),
    "an index as an extent": (lambda: sc.tensor("x", i), ScopeError, r'an extent with the index i; .*sizes\("i"\)'),
    "a shape as an extent": (
        lambda: sc.tensor("x", (H, W)),
        ShapeError,
        r"the extent \(H, W\); .*; give the extents one",
    ),
    "entries of a size that it does not have": (
        lambda: F.entries(H=3, W=3, r=1, c=1, z=4),
        SizeError,
        r"correlate\(X, K\)\.entries: the size z; expected the sizes r, c, H, W; leave it out",
    ),
    "more entries than fit": (
        lambda: F.entries(H=10**6, W=10**6, r=1, c=1),
        SizeError,
        r"1000000000000 entries; expected at most 1000000; choose smaller sizes",
    ),
    "entries from an array": (lambda: X.entries(np.ones(3)), UsageError, r"X\.entries: ndarray; expected a dictionary"),
    "entries from a number": (lambda: X.entries({"X": 3}, H=1, W=1), UsageError, r"int for X; expected a SymPy array"),
    "a formula that is a tensor": (
        lambda: sc.define("y", [H], lambda i: X),
        UsageError,
        r"define y: the whole tensor X; expected a number; name an entry: X",
    ),
    "a formula that is true": (
        lambda: sc.define("y", [H], lambda i: True),
        UsageError,
        r"define y: True; expected a nu",
    ),
    "a formula that is an index": (
        lambda: sc.define("y", [H], lambda i: k),
        ScopeError,
        r"y\[i\]: the index k in its formula",
    ),
    "a formula of too many indices": (
        lambda: sc.define("y", [H], lambda i, j: X[i, j]),
        ShapeError,
        r"define y: a function of \(i, j\); expected one of 1 indices; take one argument an axis",
    ),
    "a formula that is a number": (
        lambda: sc.define("y", [H], 3),
        UsageError,
        r"define y: 3 \(int\); expected a function",
    ),
    "extents outside a list": (
        lambda: sc.define("y", H, lambda i: 1),
        ShapeError,
        r"the extents H; expected a list of",
    ),
    "a definition without a name": (
        lambda: sc.define("", [H], lambda i: 1),
        ShapeError,
        r"define: the name ''; expecte",
    ),
    "two names for one axis": (
        lambda: sc.define("y", [H], lambda i: 1, ["a", "b"]),
        ShapeError,
        r"define y: 2 names; expected 1, one an axis; name every axis, or none",
    ),
    "a sum over a size": (
        lambda: sc.total(X[r, r], (r, 0, 3)),
        ScopeError,
        r"total: the size r as an index; expected an",
    ),
    "a sum without an end": (
        lambda: sc.total(X[k, k], (k, 0)),
        UsageError,
        r"the limits \(k, 0\); expected an index and",
    ),
    "no condition": (lambda: sc.bracket(), UsageError, r"bracket: no conditions; expected at least one; write bracket"),
    "hypotheses on fixed sizes": (
        lambda: sc.prove(X.entries(H=1, W=1), X.entries(H=1, W=1), assuming=r <= H),
        UsageError,
        r"prove: assuming=.* with arrays of entries; expected no hypotheses; .*leave it out",
    ),
    "an array against a number": (
        lambda: sc.prove(X.entries(H=1, W=1), 3),
        BridgeError,
        r"prove: 3 \(int\); expected a t",
    ),
    "two tensors of one name for SymPy": (
        lambda: sc.from_sympy(H, sc.tensor("x", H), sc.tensor("x", W)),
        NameClash,
        r"from_sympy: two tensors x; expected one tensor for one name; rename",
    ),
    "a number for SymPy": (lambda: sc.to_sympy(3), BridgeError, r"to_sympy: 3 \(int\); expected a tensor or a value"),
    "no function to compare": (
        lambda: sc.compare(3, F),
        UsageError,
        r"compare: 3 \(int\); expected a function of arrays",
    ),
    "an unknown option of compare": (
        lambda: sc.compare(np.add, F, far=3),
        UsageError,
        r"compare: the option far; expected one of order, .*; leave it out or rename it",
    ),
    "a broken size to compare at": (
        lambda: sc.compare(np.add, F, sizes={"H": 1.5}),
        SizeError,
        r"compare\(add, correlate.*, size H: the value 1\.5; expected a whole number; give 0, 1",
    ),
    "sizes to compare at without names": (
        lambda: sc.compare(np.add, F, sizes=3),
        UsageError,
        r"sizes=3; expected a dictionary from names to numbers; write",
    ),
    "a tolerance that is no number": (
        lambda: sc.compare(np.add, F, tolerance=float("nan")),
        UsageError,
        r"tolerance=nan; expected a number from 0 to 1; write 1e-6",
    ),
    "an unknown option of lambdify": (
        lambda: F.lambdify(foo=1),
        UsageError,
        r"correlate\(X, K\)\.lambdify: the option foo; expected one of .*; leave it out",
    ),
    # the layers
    "a window larger than its input": (
        lambda: sc.pool(image(5, 5), (6, 2)),
        SizeError,
        r"pool_max\(x\): a window that reaches over 6 positions on an axis of 5; expected a window that fits",
    ),
    "a window larger than the sizes chosen": (
        lambda: sc.pool(X, (3, 3)).entries(H=2, W=4),
        SizeError,
        r"sizes H=2, W=4: H - 3 = -1; expected H - 3 >= 0; choose sizes at which the operations are defined",
    ),
    "a pooling stride of 0": (lambda: sc.pool(X, 2, stride=0), SizeError, r"pool_max\(X\): stride 0; .* at least 1"),
    "no tie rule": (lambda: sc.pool(X, 2, ties="last"), UsageError, r"ties='last'; expected 'first' or 'split'"),
    "a factor of 0": (lambda: sc.upsample_nearest(X, 0), SizeError, r"factor 0; expected a factor of at least 1"),
    "corners of one entry": (
        lambda: sc.upsample_bilinear(image(1), 1, corners=True),
        SizeError,
        r"upsample_bilinear\(x\): an output of extents .*1.*; expected at least 2 on each axis; drop corners=True",
    ),
    "channels that are no multiple": (
        lambda: sc.pixel_shuffle(image(7, H, W), 2),
        ShapeError,
        r"shape \(7, H, W\) with factor 2; expected \[.., C\*k\*k, H, W\]; change the channels",
    ),
    "a slope a position": (lambda: sc.leaky_relu(X, X), ShapeError, r"a slope of shape .*; expected a number or a sc"),
    "a matrix of other extents": (
        lambda: sc.dense(sc.tensor("D", 3, 4), image(5)),
        ShapeError,
        r"shapes \(3, 4\) and \(5,\); expected \[m, n\]",
    ),
    "a loss of other data": (
        lambda: sc.gradient(sc.mean_squared_error(image(H), kernel(H)), X),
        DependenceError,
        r"does not depend on X; expected a tensor that .* is made of; check the names",
    ),
    "a matrix for other axes": (
        lambda: sc.toeplitz(K, (H,)),
        ShapeError,
        r"a kernel of shape \(r, c\) for an input of shape \(H,\); expected .*\[O, C, r\.\.\] for \(C, H",
    ),
    # the three verbs
    "a number to solve": (lambda: sc.solve(3), UsageError, r"solve: 3 \(int\); expected an operation, a formula or"),
    "an unknown form": (lambda: sc.verify("x", "docx"), UsageError, r"verify: form='docx'; expected 'md', 'tex' or"),
    "a document that is missing": (
        lambda: sc.verify("no.md"),
        InputError,
        r"no\.md: no such file; expected a document",
    ),
    "standard input in Python": (lambda: sc.verify("-"), InputError, r"-: no standard input; expected a text; give"),
}


@pytest.mark.parametrize("name", BAD)
def test_the_message_says_what_to_change(name: str) -> None:
    call, kind, message = BAD[name]
    with pytest.raises(kind, match=message) as caught:
        call()
    for part in (caught.value.place, caught.value.found, caught.value.expected, caught.value.change):
        assert part
        assert part in str(caught.value)


# -- claims that are neither true nor false --------------------------------------------


@pytest.mark.parametrize(
    ("assuming", "shown"),
    [
        ([H >= 5, H <= 3], "H >= 5, "),
        ([r >= H + 1], "r >= H[+]1"),
        ([False], "0 >= 1"),
    ],
)
@pytest.mark.parametrize("right", [sc.correlate(X, G), sc.rot180(sc.correlate(X, G))], ids=["true", "false"])
def test_contradictory_hypotheses_prove_nothing(assuming: list[object], shown: str, right: Any) -> None:
    verdict = sc.prove(sc.gradient(F, K, G), right, assuming=assuming)
    assert verdict.status is Status.ILL_FORMED
    assert not verdict
    assert "the hypotheses contradict each other: " in verdict.message
    assert shown.replace("[+]", "+") in verdict.message


def test_two_shapes_are_not_compared() -> None:
    verdict = sc.prove(F, sc.correlate(sc.pad(X, (1, 1)), K))
    assert verdict.status is Status.ILL_FORMED
    assert str(verdict) == (
        "ill formed: the first axis has extent H - r + 1 on the left and H - r + 3 on the right; "
        "the two must agree for all sizes"
    )


def test_two_ranks_are_not_compared() -> None:
    assert "2 axes on the left, 1 on the right" in str(sc.prove(F, sc.tensor("v", H)))


def test_a_read_out_of_range_is_named() -> None:
    strict = sc.tensor("v", H, outside="error")
    y = sc.define("y", [H], lambda i: strict[i + 1])
    verdict = sc.prove(y, y)
    assert verdict.status is Status.ILL_FORMED
    assert "v[i + 1] may leave the range 0 .. H - 1 of its first axis; let it be zero outside, pad it" in str(verdict)


# -- arrays that do not fit, at run time -----------------------------------------------


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ({"X": (2, 2), "K": (3, 1)}, r"H - r >= 0 is needed, the left side is -1; change the shapes or the options"),
        ({"X": (2, 2), "K": (3,)}, r"K: 1 axes given, shape \(3,\); 2 needed, \(r, c\); reshape it"),
    ],
)
def test_arrays_that_do_not_fit(shapes: dict[str, tuple[int, ...]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        F.compile()(**{name: np.ones(shape) for name, shape in shapes.items()})


def test_arrays_that_contradict_each_other() -> None:
    run = sc.gradient(F, K, G).compile()
    with pytest.raises(ValueError, match=r"G: shape \(2, 2\) given; \(4, 4\) needed, .*; change this array or"):
        run(G=np.ones((2, 2)), X=np.ones((5, 5)), r=2, c=2)


@pytest.mark.parametrize(
    ("spec", "meant"),
    [
        ("maxpool", "maxpool2d"),
        ("conv", "conv2d"),
        ("pool2d", "maxpool2d"),
        ("convd2", "conv2d"),
        ("linear", "dense"),
        ("sigmoid", "activation --function sigmoid"),
    ],
)
def test_an_operation_is_meant_on_two_axes_or_by_another_name(spec: str, meant: str) -> None:
    with pytest.raises(UsageError, match=rf"did you mean {meant}\?$"):
        solve_spec(spec)


def test_a_tensor_is_meant_by_its_word() -> None:
    with pytest.raises(UsageError, match=r"no tensor inpt; expected one of K, X; did you mean input\?$"):
        solve_spec("conv2d", "inpt")


@pytest.mark.parametrize(("option", "meant"), [("--strid", "--stride"), ("--lvel", "--level")])
def test_an_option_is_meant(option: str, meant: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["solve", "conv2d", option, "brief"])
    assert stop.value.code == 64
    assert f"; did you mean {meant}?" in capsys.readouterr().err


def test_an_exercise_without_a_find_line(tmp_path: Path) -> None:
    document = tmp_path / "note.md"
    document.write_text("```symconv\ntensor x[n] y[n]\nloss L(y)\ndefine y_i = x_i x_i\n```\n")
    with pytest.raises(UsageError, match=r"no `find` line; expected what the document asks for; add `find dL/dX`"):
        solve_spec(str(document))
    assert solve_spec(str(document), "x").proved


def test_a_page_is_not_saved_over_another_or_under_an_unknown_ending(tmp_path: Path) -> None:
    solution = solve_spec("conv1d", "K", level="brief")
    path = tmp_path / "answer.md"
    solution.save(path)
    with pytest.raises(OutputError, match="the file exists; expected a new file; give overwrite=True"):
        solution.save(path)
    solution.save(path, overwrite=True)
    assert path.read_text(encoding="utf-8") == solution.to_markdown()
    with pytest.raises(UsageError, match=r"the ending .txt; expected one of .md, .tex"):
        solution.save(tmp_path / "answer.txt")
    assert [p.name for p in tmp_path.iterdir()] == ["answer.md"]
