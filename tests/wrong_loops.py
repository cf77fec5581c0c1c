"""Both sides of refuted formulas of `derivations/wrong`, by loops that are written from the formulas, over letters.

Each function is given the sizes and the entry of a counterexample and returns the exact and the claimed value there.
Gradients are derivatives of the outputs, which SymPy takes; nothing here knows symconv.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any, TypeAlias

import numpy as np
from scipy.signal import convolve2d, correlate2d
from sympy import Expr, Integer, Symbol, diff

Numbers: TypeAlias = dict[str, int]
Sides: TypeAlias = tuple[Any, Any]  # exact, claimed
SIDES: dict[tuple[str, int], Callable[[Numbers, Numbers], Sides]] = {}


def refuted(number: str, n: int = 0) -> Callable[[Callable[[Numbers, Numbers], Sides]], None]:
    """Both sides of the refuted formula n of a fault, at sizes and at an entry."""

    def keep(sides: Callable[[Numbers, Numbers], Sides]) -> None:
        SIDES[number, n] = sides

    return keep


def letters(name: str, *extents: int, first: int = 0) -> dict[tuple[int, ...], Expr]:
    """An array of letters, named as in a counterexample."""
    ranges = [range(first, first + extent) for extent in extents]
    return {place: Symbol(f"{name}[{', '.join(map(str, place))}]") for place in product(*ranges)}


def at(array: dict[tuple[int, ...], Expr], *place: int) -> Expr:
    """An entry, or 0 outside."""
    return array.get(place, Integer(0))


def gradient(outputs: dict[tuple[int, ...], Expr], upstream: str, by: Expr) -> Expr:
    """The sum over all outputs of upstream gradient times derivative."""
    return sum(
        (Symbol(f"{upstream}[{', '.join(map(str, place))}]") * diff(y, by) for place, y in outputs.items()), Integer(0)
    )


def correlation(x: dict[tuple[int, ...], Expr], k: dict[tuple[int, ...], Expr], s: int = 1) -> dict[Any, Expr]:
    """By its definition: every place of the kernel that lies on the image, s apart."""
    sides = [[max(p[axis] for p in array) + 1 for axis in range(2)] for array in (x, k)]
    (H, W), (r, c) = sides
    return {
        (i, j): sum((k[u, v] * x[s * i + u, s * j + v] for u, v in k), Integer(0))
        for i in range((H - r) // s + 1)
        for j in range((W - c) // s + 1)
    }


def places(n: int, r: int, s: int = 1, p: int = 0) -> int:
    """How many places a window has, by laying it."""
    return sum(1 for start in range(-p, n + p) if (start + p) % s == 0 and start + r <= n + p)


@refuted("X01")
def _(z: Numbers, e: Numbers) -> Sides:
    return places(z["H"], z["h"], z["s"]), 1 + (z["W"] - z["w"]) // z["s"]


@refuted("X02", 1)
def _(z: Numbers, e: Numbers) -> Sides:
    return places(z["H"], z["h"], z["s"]), len(range(0, z["H"] - z["H"] + 1, z["s"]))


@refuted("X03")
def _(z: Numbers, e: Numbers) -> Sides:
    return z["s"] * (places(z["W"], z["w"], z["s"]) - 1), z["W"] - z["w"]


@refuted("X07")
def _(z: Numbers, e: Numbers) -> Sides:
    assert z["w"] == z["h"] == 1  # the maximum of one entry
    image = letters("I_c", z["W"], z["H"])
    return image[z["s"] * e["x"], z["s"] * e["y"]], image[e["x"], e["y"]]


@refuted("X11")
def _(z: Numbers, e: Numbers) -> Sides:
    image, kernel = letters("I_c", z["W"], z["H"]), letters("G_c", z["w"], z["h"])
    outputs = correlation(image, kernel, z["s"])
    claimed = sum(Symbol(f"df/dL[{i}, {j}]") * image[i + e["x"], j + e["y"]] for i, j in outputs)
    return gradient(outputs, "df/dL", kernel[e["x"], e["y"]]), claimed


@refuted("X12")
def _(z: Numbers, e: Numbers) -> Sides:
    return colours(z, e, kernel=0, sign=1)


@refuted("X12", 1)
def _(z: Numbers, e: Numbers) -> Sides:
    return colours(z, e, kernel=e["f"], sign=-1)


def colours(z: Numbers, e: Numbers, kernel: int, sign: int) -> Sides:
    """Full convolution of all channels; and with this kernel, and this sign of j - j'."""
    x, k = letters("X", z["C"], z["H"], z["W"]), letters("K", z["F"], z["C"], z["r"], z["s"])
    taps = list(product(range(z["C"]), range(z["r"]), range(z["s"])))
    exact = sum(k[e["f"], c, u, v] * at(x, c, e["i"] - u, e["j"] - v) for c, u, v in taps)
    return exact, sum(k[kernel, c, u, v] * at(x, c, e["i"] - u, sign * (e["j"] - v)) for c, u, v in taps)


def signal(z: Numbers) -> tuple[dict[tuple[int, ...], Expr], dict[tuple[int, ...], Expr]]:
    """The outputs of a true convolution with a centred kernel, and the signal."""
    reach, n = z["l"], z["n"]
    x, w = letters("x", n), letters("w", 2 * reach + 1, first=-reach)
    taps = range(-reach, reach + 1)
    return {(i,): sum(w[k,] * x[i - k,] for k in taps) for i in range(reach, n - reach)}, x


@refuted("X14")
def _(z: Numbers, e: Numbers) -> Sides:
    y, x = signal(z)
    return diff(y[e["i"] - z["l"],], x[e["i"],]), Symbol(f"w[{z['l']}]")


def ends(z: Numbers, e: Numbers, first: int, last: int) -> Sides:
    """The gradient, and its two outer terms with these entries of the kernel."""
    y, x = signal(z)
    d = {place: Symbol(f"dc/dy[{place[0]}]") for place in y}
    claimed = at(d, e["i"] - z["l"]) * Symbol(f"w[{first}]") + at(d, e["i"] + z["l"]) * Symbol(f"w[{last}]")
    return gradient(y, "dc/dy", x[e["i"],]), claimed


@refuted("X15")
def _(z: Numbers, e: Numbers) -> Sides:
    return ends(z, e, z["l"], -z["l"])


@refuted("X15", 1)
def _(z: Numbers, e: Numbers) -> Sides:
    return ends(z, e, -z["l"], z["l"])


@refuted("X15", 2)
def _(z: Numbers, e: Numbers) -> Sides:
    y, x = signal(z)
    d = {place: Symbol(f"dc/dy[{place[0]}]") for place in y}
    taps = range(-z["l"], z["l"] + 1)
    return gradient(y, "dc/dy", x[e["i"],]), sum(at(d, e["i"] + k) * Symbol(f"w[{-k}]") for k in taps)


@refuted("X16")
def _(z: Numbers, e: Numbers) -> Sides:
    positions = places(z["H"], z["H_K"]) * places(z["W"], z["W_K"])
    convolution = z["C_{out}"] * positions * z["C"] * z["H_K"] * z["W_K"]
    dense = z["C_{out}"] * positions * z["C"] * z["H"] * z["W"]
    return convolution, Integer(dense) * z["H"] * z["W"] / (z["H_K"] * z["W_K"])


@refuted("X21")
def _(z: Numbers, e: Numbers) -> Sides:
    H, r, p = z["H"], z["H_K"], z["p"]
    outputs = places(H, r, p=p)
    return sum(1 for i in range(outputs) for u in range(r) if 0 <= i + u - p < H), outputs * r


@refuted("X26")
def _(z: Numbers, e: Numbers) -> Sides:
    return np.ones((3, 3, 3)).size + np.ones((12, 3)).size, 3 * 3 * 12 + 3 * 12


@refuted("X28")
def _(z: Numbers, e: Numbers) -> Sides:
    small, kernel = np.array([[3, 4], [1, 7]]), np.array([[2, 0], [1, -1]])
    back = correlate2d(convolve2d(small, kernel), kernel, mode="valid")
    return int(back[e["i"], e["j"]]), int(small[e["i"], e["j"]])


@refuted("X31")
def _(z: Numbers, e: Numbers) -> Sides:
    x, w = letters("x", z["n"]), letters("w", 3)

    def same(signal: dict[Any, Expr], i: int) -> Expr:
        return sum(w[k,] * at(signal, i + k - 1) for k in range(3))

    shifted = {(i,): at(x, i - 1) for i in range(z["n"])}
    before = e["i"] - 1
    return same(shifted, e["i"]), same(x, before) if 0 <= before < z["n"] else Integer(0)


@refuted("X33")
def _(z: Numbers, e: Numbers) -> Sides:
    r, c = z["r"], z["c"]
    w, p = letters("w", r, c), letters("p", z["R_r"], z["R_c"])
    exact = sum(w[i, j] * at(p, e["m"] - i, e["n"] - j) for i, j in w)
    return exact, sum(w[r - 1 - i, c - 1 - j] * at(p, e["m"] + i, e["n"] + j) for i, j in w)


@refuted("X37")
def _(z: Numbers, e: Numbers) -> Sides:
    return places(z["R"], z["r"], 2), Integer(places(z["R"], z["r"])) / 2


@refuted("X38")
def _(z: Numbers, e: Numbers) -> Sides:
    exact = places(z["R_r"], z["r"], z["S^t"], z["P^d"])
    return exact, Integer(z["R_r"] + 2 * z["P^d"] - z["r"]) / z["S^t"] + 1


def layer(z: Numbers, e: Numbers) -> tuple[Expr, Callable[[int], Expr]]:
    """(8.38) with indices from 1; the gradient by an input, and its part through the first maps of the layer."""
    maps, below, S, r = z["H^m"], z["H^n"], (z["S_r^m"], z["S_c^m"]), (z["r^m"], z["c^m"])
    label = f"{z['m']}, {z['n']}"
    a = {
        (u, v, k): Symbol(f"a[{u}, {v}, {z['n']}, {k}]")
        for u in range(1, S[0] + r[0])
        for v in range(1, S[1] + r[1])
        for k in range(1, below + 1)
    }
    by = a[e["u'"], e["v'"], e["l"]]

    def through(h: int) -> Expr:
        total = Integer(0)
        for i, j in product(range(1, S[0] + 1), range(1, S[1] + 1)):
            taps = product(range(1, r[0] + 1), range(1, r[1] + 1), range(1, below + 1))
            z_ij = sum(Symbol(f"lw[{u}, {v}, {label}, {h}, {k}]") * a[i + u - 1, j + v - 1, k] for u, v, k in taps)
            total += Symbol(f"dF/dlz[{i}, {j}, {label}, {h}]") * diff(z_ij, by)
        return total

    def first(count: int) -> Expr:
        return sum((through(h) for h in range(1, count + 1)), Integer(0))

    return first(maps), first


@refuted("X43")
def _(z: Numbers, e: Numbers) -> Sides:
    exact, first = layer(z, e)
    return exact, first(z["H^n"])


@refuted("X43", 1)
def _(z: Numbers, e: Numbers) -> Sides:
    exact, first = layer(z, e)
    return exact, first(z["H^n"])


@refuted("X51")
def _(z: Numbers, e: Numbers) -> Sides:
    p, kernel = letters("p", z["R"], z["C"]), [[0, 1], [0, 0]]
    exact = sum(kernel[i][j] * at(p, e["m"] - i, e["n"] - j) for i in range(2) for j in range(2))
    return exact, at(p, e["m"] + 1, e["n"] - 1)


@refuted("X52")
def _(z: Numbers, e: Numbers) -> Sides:
    return z["r"] * places(z["R"], z["r"], z["r"]), z["R"]


@refuted("X53")
def _(z: Numbers, e: Numbers) -> Sides:
    a, w = letters("a", z["H"], z["r"] * z["S"]), letters("w", z["H"])
    window = range(z["r"] * e["i"], z["r"] * (e["i"] + 1))
    output = w[e["h"],] * sum(a[e["h"], u] for u in window)
    return diff(output, a[e["l"], e["u"]]), w[e["h"],] if e["u"] in window else 0


@refuted("X58")
def _(z: Numbers, e: Numbers) -> Sides:
    x, w = letters("x", z["H"], z["W"]), letters("w", 2 * z["l_1"] + 1, 2 * z["l_2"] + 1)
    centred = sum(w[a, b] * at(x, e["r"] + a - z["l_1"], e["c"] + b - z["l_2"]) for a, b in w)
    return centred, sum(w[a, b] * at(x, e["r"] + a, e["c"] + b) for a, b in w)


@refuted("X61")
def _(z: Numbers, e: Numbers) -> Sides:
    x, w = letters("x", z["H"], z["W"]), letters("w", z["k_1"], z["k_2"])
    y, offset = correlation(x, w), e["a'"] + e["b'"]
    claimed = sum((Symbol(f"dL/dy[{r}, {c}]") * at(x, r + offset, c + offset) for r, c in y), Integer(0))
    return gradient(y, "dL/dy", w[e["a'"], e["b'"]]), claimed


@refuted("X64")
def _(z: Numbers, e: Numbers) -> Sides:
    k_1, k_2 = z["k_1"], z["k_2"]
    x, w = letters("x", z["H"], z["W"]), letters("w", k_1, k_2)
    d = letters("dL/dy", z["H"] - k_1 + 1, z["W"] - k_2 + 1)
    claimed = sum(w[k_1 - 1 - a, k_2 - 1 - b] * at(d, e["a"] - a, e["b"] - b) for a, b in w)
    return gradient(correlation(x, w), "dL/dy", x[e["a"], e["b"]]), claimed


@refuted("X64", 1)
def _(z: Numbers, e: Numbers) -> Sides:
    x, w = letters("x", z["H"], z["W"]), letters("w", z["k_1"], z["k_2"])
    d = letters("dL/dy", z["H"] - z["k_1"] + 1, z["W"] - z["k_2"] + 1)
    claimed = sum(w[a, b] * at(d, e["r'"] + a, e["c'"] + b) for a, b in w)
    return gradient(correlation(x, w), "dL/dy", x[e["r'"], e["c'"]]), claimed


@refuted("X65")
def _(z: Numbers, e: Numbers) -> Sides:
    a, b, c, d, last, f, x, y = map(Symbol, "abcdefxy")
    padded = [0, a, b, c, d, last, 0]
    printed = [0 * x + a * y, a * x + b * y, b * x + c * y, c * x + d * y, d * x + last * y, last * x + f * y]
    return padded[e["i"]] * x + padded[e["i"] + 1] * y, printed[e["i"]]


@refuted("X66")
def _(z: Numbers, e: Numbers) -> Sides:
    a, b, c, d, last, x, y = map(Symbol, "abcdexy")
    padded = [0, a, b, c, d, last, 0]
    error = sum(Symbol("fghijk"[n]) * (padded[n] * x + padded[n + 1] * y) for n in range(6))
    return diff(error, last), Symbol("j") * y


@refuted("X67")
def _(z: Numbers, e: Numbers) -> Sides:
    n, x, y = z["n"], e["x"], e["y"]
    image = letters("I", n + z["rows_O"] - 1, n + z["columns_O"] - 1)
    kernel = letters("K", n, n)
    exact = sum(image[x + u, y + v] * kernel[u, v] for u, v in kernel)
    return exact, sum(at(image, x + u, y + u) * kernel[u, v] for u, v in kernel)
