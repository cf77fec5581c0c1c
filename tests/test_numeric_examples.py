"""Examples with numbers or letters as courses and books on convolution layers print them, each with its answer.

The sources are a sheet on convolution and backpropagation, (a) to (f); a book
chapter with equations 8.1 to 8.53, solved problems P8 and exercises E8; a
theory sheet, Q1 to Q6; lecture notes; and a derivation by hand.  The answers
come from them, from a calculation by hand, or from NumPy and SciPy.  Where a
figure is lost, an image or a kernel of our own stands in for it.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
import sympy
from scipy.signal import convolve2d, correlate2d
from scipy.signal.windows import gaussian

import symconv as sc

HALF, QUARTER = Fraction(1, 2), Fraction(1, 4)


# -- how an answer is checked --------------------------------------------------------------------


def exact(numbers: object) -> Any:
    """Nested lists of whole numbers and fractions as an array of objects."""
    return np.vectorize(Fraction, otypes=[object])(np.array(numbers, dtype=object))


def fixed(name: str, numbers: object) -> sc.Tensor:
    """A tensor of numbers, for a claim about them alone."""
    array = exact(numbers)

    def entry(*index: sympy.Symbol) -> Any:
        found: Any = Fraction(0)
        for place in np.ndindex(array.shape):
            here = sc.bracket(*map(sympy.Eq, index, place)) if place else 1
            found = found + here * array[place]
        return found

    return sc.define(name, list(array.shape), entry, ["a", "b", "c", "d"][: array.ndim])


def entries_at(tensor: sc.Tensor, **arrays: object) -> Any:
    """The entries with numbers or letters in the place of these leaves; a maximum of numbers is evaluated."""
    found = tensor.entries({name: sympy.Array(array) for name, array in arrays.items()})
    result = np.empty(found.shape, dtype=object)
    for place in np.ndindex(*found.shape):
        result[place] = sympy.expand(found[place].doit())
    return result


def agree(build: Callable[..., sc.Tensor], expected: object, proved: bool = True, **arrays: Any) -> None:
    """The SymPy entries, the NumPy kernel and, at these numbers, the prover say what is expected.

    proved: False where maxima of numbers are to be compared, which the prover leaves open.
    """
    wanted = exact(expected)
    named = {name: exact(array) for name, array in arrays.items()}
    tensor = build(**{name: sc.tensor(name, *array.shape) for name, array in named.items()})
    found = entries_at(tensor, **{name: array.tolist() for name, array in named.items()})
    assert found.shape == wanted.shape
    assert (found == wanted).all()
    close(tensor.compile()(**{name: array.astype(float) for name, array in named.items()}), wanted.astype(float))
    at_numbers = build(**{name: fixed(name, array) for name, array in named.items()})
    if proved:
        assert sc.prove(at_numbers, sympy.Array(sympy.sympify(wanted.tolist()))).status == sc.Status.PROVED
    wrong = wanted.copy()
    wrong.flat[-1] += 1
    assert sc.prove(at_numbers, fixed("expected", wrong)).status is sc.Status.REFUTED


def close(found: object, wanted: object) -> None:
    """Equal arrays but for rounding."""
    found, wanted = np.asarray(found), np.asarray(wanted)
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() <= 1e-12 * max(1.0, np.abs(wanted).max())


def letters(name: str, *shape: int) -> Any:
    """Letters for entries: d00, d01, d10, ..."""
    return sympy.Array(sympy.symbols([f"{name}{''.join(map(str, at))}" for at in np.ndindex(shape)]), shape)


def spelled(tensor: sc.Tensor, expected: Any, **arrays: Any) -> None:
    """The entries, in these letters, are the ones written out; the prover agrees."""
    wanted = sympy.Array(np.vectorize(sympy.sympify, otypes=[object])(np.array(expected, dtype=object)).tolist())
    found = tensor.entries({name: sympy.Array(array) for name, array in arrays.items()})
    assert found.shape == wanted.shape
    assert all(sympy.expand(found[place] - wanted[place]) == 0 for place in np.ndindex(*wanted.shape))
    assert sc.prove(found, wanted).status == sc.Status.PROVED


def max_gradient(x: sc.Tensor, G: sc.Tensor, window: object, stride: object, ties: str = "first") -> sc.Tensor:
    return sc.gradient(sc.pool(x, window, kind="max", stride=stride, ties=ties), x, G)


def test_the_checks_can_fail() -> None:
    with pytest.raises(AssertionError):
        agree(lambda x: sc.rot180(x), [1, 2, 3], x=[1, 2, 3])
    with pytest.raises(AssertionError):
        spelled(sc.rot180(sc.tensor("x", 2)), ["a", "b"], x=sympy.symbols("a b"))


# -- the sheet, (a): the central difference ------------------------------------------------------

DIFFERENCE = [HALF, 0, -HALF]  # g[-1], g[0], g[1]


def test_the_filter_of_the_central_difference() -> None:
    """(f * g)[t] = (f[t+1] - f[t-1])/2 leaves one g; correlation needs its negative."""
    g, f = sympy.symbols("g_m1 g_0 g_1"), sympy.symbols("f_m1 f_0 f_1")  # at t = -1, 0, 1
    wanted = (f[2] - f[0]) / 2
    for operation, sign in ((sc.convolve, 1), (sc.correlate, -1)):
        (value,) = operation(sc.tensor("f", 3), sc.tensor("g", 3)).entries({"f": sympy.Array(f), "g": sympy.Array(g)})
        unknown = sympy.Poly(value - wanted, *f).coeffs()
        assert sympy.solve(unknown, g) == dict(zip(g, (sign * sympy.Rational(h) for h in DIFFERENCE), strict=True))


def test_the_central_difference_of_any_signal() -> None:
    n = sc.sizes("n")
    f = sc.tensor("f", n)
    wanted = sc.define("d", [n - 2], lambda t: (f[t + 2] - f[t]) / 2)
    assert sc.prove(sc.convolve(f, fixed("g", DIFFERENCE)), wanted).scope == "all sizes"
    assert sc.prove(sc.correlate(f, fixed("g", DIFFERENCE)), wanted).status is sc.Status.REFUTED


@pytest.mark.parametrize(
    ("power", "error"), [(0, 0), (1, 0), (2, 0), (3, lambda t: 1), (4, lambda t: 4 * t)], ids=lambda p: f"{p}"[:1]
)
def test_the_central_difference_is_exact_to_degree_2(power: int, error: Any) -> None:
    """The error is 1 for t^3 and 4 t for t^4."""
    t = np.arange(-3, 6)
    inner = t[1:-1]
    slope = power * inner.astype(float) ** (power - 1) if power else np.zeros(len(inner))
    found = sc.convolve(sc.tensor("f", len(t)), sc.tensor("g", 3)).compile()(
        f=t.astype(float) ** power, g=[0.5, 0, -0.5]
    )
    close(found - slope, np.array([error(v) if callable(error) else 0 for v in inner], dtype=float))


# -- the sheet, (b) to (d): three colours, a set of filters, a stride ----------------------------


def coloured() -> tuple[Any, Any]:
    """An image of three colours, 6 x 5, and two filters 3 x 2."""
    rng = np.random.default_rng(0)
    return rng.integers(-9, 10, (3, 6, 5)), rng.integers(-9, 10, (2, 3, 3, 2))


def listing(image: Any, filters: Any, s: int) -> Any:
    """The sheet's listing, put right: a loop over the filters, the height with h, one entry a position."""
    (_, W, H), (count, _, w, h) = image.shape, filters.shape
    out = np.zeros((count, 1 + (W - w) // s, 1 + (H - h) // s))
    for k, x, y in product(range(count), range(0, W - w + 1, s), range(0, H - h + 1, s)):
        for c in range(3):
            out[k, x // s, y // s] += (image[c, x : x + w, y : y + h] * filters[k, c]).sum()
    return out


@pytest.mark.parametrize(("s", "shape"), [(1, (2, 4, 4)), (2, (2, 2, 2)), (3, (2, 2, 2)), (4, (2, 1, 1))])
def test_a_set_of_filters_on_three_colours(s: int, shape: tuple[int, ...]) -> None:
    image, filters = coloured()
    found = sc.correlate(sc.tensor("I", *image.shape), sc.tensor("G", *filters.shape), stride=s)
    assert found.shape == shape
    close(found.compile()(I=image, G=filters), listing(image, filters, s))


def test_the_two_axes_have_sizes_of_their_own() -> None:
    """The sheet prints the factor of the width twice: 1 x 1 in the place of 1 x 2."""
    W, H, w, h, s = sc.sizes("W H w h s")
    shape = sc.correlate(sc.tensor("I", W, H), sc.tensor("G", w, h), stride=s).shape
    assert [n.subs({W: 1, H: 2, w: 1, h: 1, s: 1}) for n in shape] == [1, 2]


EDGE = [[-1, 0, 1]]


def step_image(height: int, low: int, high: int, length: int | None = None) -> Any:
    """Seven columns, `low` up to the third and `high` from the fourth on; in the first `length` rows alone."""
    image = np.full((height, 7), low)
    image[:length, 3:] = high
    return image


@pytest.mark.parametrize("n", [1, 3, 4])
def test_a_vertical_edge(n: int) -> None:
    """A step of height 5 gives 5 n beside the edge and 0 elsewhere; downwards, and under true convolution, -5 n."""
    row = np.array([0, 5 * n, 5 * n, 0, 0])
    up, down = step_image(5, 2, 7), step_image(5, 7, 2)
    wanted = np.tile(row, (6 - n, 1))
    detector = EDGE * n
    agree(lambda P, D: sc.correlate(P, D), wanted, P=up, D=detector)
    agree(lambda P, D: sc.correlate(P, D), -wanted, P=down, D=detector)
    agree(lambda P, D: sc.convolve(P, D), -wanted, P=up, D=detector)


def test_no_vertical_edge_no_response() -> None:
    """A constant and a horizontal edge give 0; the detector read with its axes swapped misses the vertical one."""
    horizontal = step_image(7, 2, 7).T[:6]
    agree(lambda P, D: sc.correlate(P, D), np.zeros((3, 5)), P=np.full((5, 7), 4), D=EDGE * 3)
    agree(lambda P, D: sc.correlate(P, D), np.zeros((4, 5)), P=horizontal, D=EDGE * 3)
    agree(lambda P, D: sc.correlate(P, sc.transpose(D)), np.zeros((3, 5)), P=step_image(5, 2, 7), D=EDGE * 3)


def test_the_height_of_the_detector_is_the_length_of_edge_it_needs() -> None:
    """Greatest response min(n, length) times the step: the full one from length n on."""
    run = sc.correlate(sc.tensor("I", 6, 7), sc.tensor("D", *sc.sizes("n m"))).compile()
    for n, length in product((1, 2, 4), range(7)):
        found = run(I=step_image(6, 0, 5, length), D=np.array(EDGE * n))
        assert found.max() == 5 * min(n, length)


@pytest.mark.parametrize("s", [1, 2])
def test_the_derivatives_by_filter_and_image(s: int) -> None:
    """df/dG[x,y] sums dL[i,j] I[si+x, sj+y], df/dI[x,y] sums dL[i,j] G[x-si, y-sj], zero outside the filter."""
    image, filters = coloured()
    P, G = sc.tensor("I", *image.shape), sc.tensor("G", *filters.shape)
    L = sc.correlate(P, G, stride=s)
    up = np.random.default_rng(1).integers(-9, 10, [int(n) for n in L.shape])
    dG, dI = np.zeros(filters.shape), np.zeros(image.shape)
    for k, i, j in np.ndindex(up.shape):
        for c, x, y in np.ndindex(filters.shape[1:]):
            dG[k, c, x, y] += up[k, i, j] * image[c, s * i + x, s * j + y]
        for c, x, y in np.ndindex(image.shape):
            if 0 <= x - s * i < filters.shape[2] and 0 <= y - s * j < filters.shape[3]:
                dI[c, x, y] += up[k, i, j] * filters[k, c, x - s * i, y - s * j]
    U = sc.upstream(L, "U")
    close(sc.gradient(L, G, U).compile()(I=image, U=up), dG)
    close(sc.gradient(L, P, U).compile()(G=filters, U=up), dI)


# -- the sheet, (e) and (f): max pooling ---------------------------------------------------------


def test_max_pooling_moves_by_its_stride() -> None:
    """[1, 2, 3, 4] by twos gives [2, 4]; the formula without the stride would give [2, 3]."""
    agree(lambda x: sc.pool(x, 2, kind="max", stride=2), [2, 4], proved=False, x=[1, 2, 3, 4])
    n = sc.sizes("n")
    x = sc.tensor("x", n)
    y = sc.pool(x, 2, kind="max", stride=2)
    plain = sc.pool(x, 2, kind="max", stride=1)
    unstrided = sc.define("L", [n // 2], lambda i: plain[i])
    strided = sc.define("L", [n // 2], lambda i: plain[2 * i])
    numbers = sympy.Array([1, 2, 3, 4])
    assert [int(y.shape[0].subs(n, size)) for size in (2, 3, 4, 9)] == [1, 1, 2, 4]
    assert [e.doit() for e in unstrided.entries({"x": numbers}, n=4)] == [2, 3]
    assert sc.prove(y, unstrided, assuming=n >= 2).status is sc.Status.REFUTED
    assert sc.prove(y.entries(n=9), strided.entries(n=9)).status == sc.Status.PROVED


def test_an_element_of_a_max_pooling_is_the_maximum_of_its_window() -> None:
    """Window 2 x 3, strides 3 and 2, on 5 x 8: rows 0, 1 and 3, 4, columns from 0, 2 and 4."""
    X = sympy.IndexedBase("X")
    found = sc.pool(sc.tensor("X", 5, 8), (2, 3), kind="max", stride=(3, 2)).entries()
    assert found.shape == (2, 3)
    for i, j in np.ndindex(2, 3):
        assert found[i, j] == sympy.Max(*(X[3 * i + a, 2 * j + b] for a in range(2) for b in range(3)))


@pytest.mark.parametrize("ties", ["first", "split"])
def test_where_windows_overlap_the_gradients_add_up(ties: str) -> None:
    """[1, 5, 2], window 2, stride 1: the 5 wins twice."""
    agree(
        lambda x, G: max_gradient(x, G, 2, 1, ties),
        [0, 17, 0],
        proved=False,
        x=[1, 5, 2],
        G=[10, 7],
    )


@pytest.mark.parametrize(("ties", "expected"), [("first", [10, 7, 0, 3]), ("split", [5, 12, 0, 3])])
def test_a_tie(ties: str, expected: list[int]) -> None:
    """[5, 5, 2, 4], window 2, stride 1: the windows of G are (5, 5), (5, 2), (2, 4)."""
    agree(lambda x, G: max_gradient(x, G, 2, 1, ties), expected, proved=False, x=[5, 5, 2, 4], G=[10, 7, 3])


def test_at_a_tie_the_slopes_of_both_sides_differ() -> None:
    """max(5 + e, 5): slope 1 upwards, 0 downwards; each tie rule lies between."""
    run = sc.pool(sc.tensor("x", 2), 2, kind="max").compile()
    (up,), (here,), (down,) = (run(x=[5 + e, 5.0]) for e in (0.5, 0.0, -0.5))
    assert ((up - here) / 0.5, (here - down) / 0.5) == (1, 0)


# -- the chapter, 8.11 and 8.12: correlation as a matrix -----------------------------------------

BLOCKS = [
    ["w00", "w10", 0, "w01", "w11", 0, 0, 0, 0],
    [0, "w00", "w10", 0, "w01", "w11", 0, 0, 0],
    [0, 0, 0, "w00", "w10", 0, "w01", "w11", 0],
    [0, 0, 0, 0, "w00", "w10", 0, "w01", "w11"],
]


def test_the_matrix_of_a_3_by_3_image_and_a_2_by_2_kernel() -> None:
    """All 36 entries of 8.12, columns stacked: 16 weights and 20 zeros; by rows it is another matrix."""
    K, w = sc.tensor("K", 2, 2), letters("w", 2, 2)
    matrix = sc.toeplitz(K, (3, 3))
    spelled(matrix, BLOCKS, K=w)
    assert sum(entry != 0 for row in BLOCKS for entry in row) == 16
    by_rows = sc.toeplitz(K, (3, 3), order="rows").entries({"K": w})
    assert list(by_rows[0]) == list(sympy.symbols("w00 w01")) + [0, *sympy.symbols("w10 w11"), 0, 0, 0, 0]


def test_the_matrix_at_numbers() -> None:
    """Times the stacked image it gives the stacked output: windows [[1,2],[4,5]] and so on with [[1,-2],[3,5]]."""
    image, kernel = [[1, 2, 3], [4, 5, 6], [7, 8, 10]], [[1, -2], [3, 5]]
    output = [[34, 41], [55, 67]]  # 1 - 4 + 12 + 25, 2 - 6 + 15 + 30, 4 - 10 + 21 + 40, 5 - 12 + 24 + 50
    agree(lambda P, K: sc.correlate(P, K), output, P=image, K=kernel)
    agree(lambda P, K: sc.toeplitz(K, (3, 3)) @ sc.vec(P), [34, 55, 41, 67], P=image, K=kernel)
    agree(lambda P, K: sc.toeplitz(K, (3, 3), order="rows") @ sc.vec(P, "rows"), [34, 41, 55, 67], P=image, K=kernel)


def test_the_matrix_is_doubly_block_toeplitz() -> None:
    """4 x 5 image, 2 x 3 kernel: 9 x 20 with 54 weights; blocks repeat along block diagonals, and so do entries."""
    kernel = np.array([[1, 2, 3], [4, 5, 6]])
    matrix = sc.toeplitz(sc.tensor("K", 2, 3), (4, 5)).compile()(K=kernel)
    assert matrix.shape == (9, 20)
    assert np.count_nonzero(matrix) == 6 * 9
    blocks = matrix.reshape(3, 3, 5, 4).transpose(0, 2, 1, 3)  # block row, block column, row, column
    for n, q in product(range(2), range(4)):
        assert (blocks[n, q] == blocks[n + 1, q + 1]).all()
    assert (blocks[..., :-1, :-1] == blocks[..., 1:, 1:]).all()
    assert (matrix[:-1, :-1] != matrix[1:, 1:]).any()  # the whole is not Toeplitz
    image = np.arange(20).reshape(4, 5) ** 2
    close(matrix @ image.ravel("F"), correlate2d(image, kernel, "valid").ravel("F"))


# -- the chapter, 8.14 to 8.19, figures 8.3 and 8.8, E8.7: sizes ---------------------------------


def test_a_4_by_4_image_a_2_by_2_kernel_and_stride_2() -> None:
    """1 + 4 + 15 - 24 = -4, 3 + 8 + 21 - 32 = 0, 9 + 20 + 39 - 56 = 12, 11 + 24 + 45 - 64 = 16."""
    image = np.arange(1, 17).reshape(4, 4)
    agree(lambda P, K: sc.correlate(P, K, stride=2), [[-4, 0], [12, 16]], P=image, K=[[1, 2], [3, -4]])


def test_a_ring_of_zeros() -> None:
    """A 3 x 3 image in 5 x 5."""
    agree(
        lambda P: sc.pad(P, 1),
        [[0, 0, 0, 0, 0], [0, 1, 2, 3, 0], [0, 4, 5, 6, 0], [0, 7, 8, 9, 0], [0, 0, 0, 0, 0]],
        P=[[1, 2, 3], [4, 5, 6], [7, 8, 9]],
    )


def size(R: int, r: int, stride: int = 1, padding: int = 0) -> int:
    """The extent of the output for R pixels and r weights."""
    return int(sc.correlate(sc.tensor("P", R), sc.tensor("K", r), stride=stride, padding=padding).shape[0])


def test_sizes_in_numbers() -> None:
    """The chapter: 3 and 2 give 2; stride 2 makes 2 of 3; E8.7: 15 gives 8; the quotient 3/2 is rounded down to 1."""
    assert size(3, 2) == 2
    assert (size(4, 2), size(4, 2, 2)) == (3, 2)
    assert size(15, 3, 2, 1) == 8
    assert size(2, 1, 2) == 1


def test_the_padding_that_keeps_the_size() -> None:
    """15 and 3 need padding 1; in general (r - 1)/2, which even kernels do not have."""
    assert [p for p in range(8) if size(15, 3, 1, p) == 15] == [1]
    for r in range(1, 8):
        assert [p for p in range(8) if size(15, r, 1, p) == 15] == ([(r - 1) // 2] if r % 2 else [])


def test_max_pooling_by_threes_makes_5_by_5_of_15_by_15() -> None:
    image = np.random.default_rng(2).integers(-99, 100, (15, 15))
    found = sc.pool(sc.tensor("V", 15, 15), 3, kind="max").compile()(V=image)
    close(found, image.reshape(5, 3, 5, 3).max((1, 3)))


# -- the chapter, P8.1, P8.2 and E8.4: kernels turned and shifted --------------------------------

KERNEL = [[1, 4, 7], [2, 5, 8], [3, 6, 9]]  # w[i, j] with i to the right and j upwards: w[2, 0] = 3


def drawn(rows: list[list[int]]) -> Any:
    """A table as it is printed, the greatest j first, as an array [i, j]."""
    return np.array(rows)[::-1].T


PLAIN = [[0, 0, 7, 8, 9], [0, 0, 4, 5, 6], [0, 0, 1, 2, 3], [0] * 5, [0] * 5]
LEFT_TO_RIGHT = [[9, 8, 7, 0, 0], [6, 5, 4, 0, 0], [3, 2, 1, 0, 0], [0] * 5, [0] * 5]
TOP_TO_BOTTOM = [[0] * 5, [0] * 5, [3, 2, 1, 0, 0], [6, 5, 4, 0, 0], [9, 8, 7, 0, 0]]
SHIFTED = [[0] * 5, [0, 3, 2, 1, 0], [0, 6, 5, 4, 0], [0, 9, 8, 7, 0], [0] * 5]

Table = tuple[list[list[int]], Callable[..., Any], Callable[..., sc.Tensor]]
TABLES: dict[str, Table] = {  # as it is printed; the entry, i and j from -2 on (shifted: m-3, n-3); by operations
    "w[i,j]": (PLAIN, lambda w, i, j: w[i - 2, j - 2], lambda w: sc.pad(w, ((2, 0), (2, 0)))),
    "w[-i,j]": (
        LEFT_TO_RIGHT,
        lambda w, i, j: w[2 - i, j - 2],
        lambda w: sc.flip(sc.pad(w, ((2, 0), (2, 0))), [0]),
    ),
    "w[-i,-j]": (TOP_TO_BOTTOM, lambda w, i, j: w[2 - i, 2 - j], lambda w: sc.rot180(sc.pad(w, ((2, 0), (2, 0))))),
    "w[m-i,n-j]": (SHIFTED, lambda w, i, j: w[3 - i, 3 - j], lambda w: sc.pad(sc.rot180(w), 1)),
}


@pytest.mark.parametrize("table", TABLES)
def test_how_a_kernel_is_turned_and_shifted(table: str) -> None:
    """All 25 cells of each table of P8.1, by the index formula and by the operations."""
    printed, entry, operations = TABLES[table]
    agree(lambda w: sc.define("t", [5, 5], lambda i, j: entry(w, i, j)), drawn(printed), w=KERNEL)
    agree(operations, drawn(printed), w=KERNEL)


def test_convolution_is_correlation_with_the_turned_kernel() -> None:
    image = np.random.default_rng(3).integers(-9, 10, (5, 4))
    turned = [[9, 6, 3], [8, 5, 2], [7, 4, 1]]
    wanted = convolve2d(image, KERNEL, "valid")
    agree(lambda P, w: sc.convolve(P, w), wanted, P=image, w=KERNEL)
    agree(lambda P, w: sc.correlate(P, w), wanted, P=image, w=turned)
    assert (correlate2d(image, KERNEL, "valid") != wanted).any()


CORNER = [[0, 0, 0, 0, 0], [0, 0, 0, 0, 0], [0, 0, 1, 0, 0], [0, 1, 1, 0, 0], [0, 0, 0, 0, 0]]  # the image of E8.4
MOVED = [[0, 0, 0, 0, 0], [0, 0, 0, 1, 0], [0, 0, 1, 1, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]]
RIGHT_UP = [[0, 1], [0, 0]]


def test_the_impulse_response_of_the_shift_to_the_right_and_up() -> None:
    """A point moves right and up: 1 at the upper right of a centred 3 x 3 kernel; left and up is another one."""
    point = [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
    agree(lambda d: sc.pad(d, ((-1, 1), (1, -1))), [[0, 0, 1], [0, 0, 0], [0, 0, 0]], d=point)
    agree(lambda d: sc.pad(d, ((-1, 1), (-1, 1))), [[1, 0, 0], [0, 0, 0], [0, 0, 0]], d=point)


def test_the_centred_kernel_moves_the_image_right_and_up() -> None:
    """E8.4: ones at (2,4), (3,3), (3,4), counted from 1; correlation needs the kernel turned."""
    kernel = [[0, 0, 1], [0, 0, 0], [0, 0, 0]]
    agree(lambda P, w: sc.convolve(P, w, mode="same"), MOVED, P=CORNER, w=kernel)
    agree(lambda P, w: sc.correlate(P, sc.rot180(w), padding=1), MOVED, P=CORNER, w=kernel)
    down_left = np.roll(CORNER, (1, -1), (0, 1))
    agree(lambda P, w: sc.correlate(P, w, padding=1), down_left, P=CORNER, w=kernel)


ORIGINS = {  # origin of the 2 x 2 kernel: (entries to crop from the full convolution, (rows down, columns right))
    "upper left": (((0, 1), (0, 1)), (0, 1)),
    "upper right": (((0, 1), (1, 0)), (0, 0)),
    "lower left": (((1, 0), (0, 1)), (-1, 1)),
    "lower right": (((1, 0), (1, 0)), (-1, 0)),
}


@pytest.mark.parametrize("origin", ORIGINS)
def test_the_kernel_of_P8_2_needs_its_origin_at_the_lower_left(origin: str) -> None:
    amounts, moves = ORIGINS[origin]
    wanted = np.roll(CORNER, moves, (0, 1))
    assert (wanted == np.array(MOVED)).all() == (origin == "lower left")
    agree(lambda P, w: sc.crop(sc.convolve(P, w, mode="full"), amounts), wanted, P=CORNER, w=RIGHT_UP)


# -- the chapter, P8.3 and P8.4: average pooling with a weight -----------------------------------

MAP = [[1, 2, 3, -4], [5, 6, 7, 8], [9, -10, 11, 12], [13, 14, 15, 16], [17, 18, 19, 20]]


def test_the_input_gradient_of_average_pooling() -> None:
    """lw times each upstream entry on its 2 x 2 block; the fifth row, which no window covers, gets 0."""
    up = [[1, -2], [3, 5]]
    wanted = [[7, 7, -14, -14], [7, 7, -14, -14], [21, 21, 35, 35], [21, 21, 35, 35], [0, 0, 0, 0]]
    assert (np.array(wanted[:4]) == 7 * np.kron(up, np.ones((2, 2)))).all()

    A = sc.tensor("A", 5, 4)
    agree(lambda G, lw: sc.gradient(sc.pool(A, 2, kind="average", weight=lw), A, G), wanted, G=up, lw=7)


def test_the_gradient_of_average_pooling_by_its_weight() -> None:
    """Window sums 14, 14, 26, 54, weighted with the upstream entries: 14 - 28 + 78 + 270 = 334."""
    sums = [[14, 14], [26, 54]]
    agree(lambda A: sc.pool(A, 2, kind="average", weight=1), sums, A=MAP)
    lw = sc.tensor("lw")
    agree(lambda A, G: sc.gradient(sc.pool(A, 2, kind="average", weight=lw), lw, G), 334, A=MAP, G=[[1, -2], [3, 5]])


def test_expanding_is_not_the_inverse_of_pooling() -> None:
    """Pooling the expanded map by sums gives r c times the map; expanding the pooled map gives block sums."""
    small = [[1, 2, -3], [4, 5, 7]]
    agree(
        lambda A: sc.pool(sc.upsample_nearest(A, (3, 2)), (3, 2), kind="average", weight=1),
        [[6, 12, -18], [24, 30, 42]],
        A=small,
    )
    agree(lambda A: sc.upsample_nearest(sc.pool(A, (2, 3), kind="average", weight=1), (2, 3)), [[16] * 3] * 2, A=small)


# -- the chapter, E8.1 to E8.6: an image of 8 x 8 ------------------------------------------------


def stand_in() -> Any:
    """Black are the diagonal from 2 to 7 and row 7 from 2 to 7, counted from 1: our stand-in for E8.1's lost image."""
    image = np.zeros((8, 8), dtype=int)
    image[range(1, 7), range(1, 7)] = 1
    image[6, 1:7] = 1
    return image


def test_a_diagonal_is_found_with_a_diagonal_kernel() -> None:
    """E8.1: 64 inner products; 3, the number of ones of the kernel, at (3,3) to (6,6) alone, counted from 1."""
    image = stand_in()
    P, K = sc.tensor("P", 8, 8), sc.tensor("K", 3, 3)
    found = sc.correlate(P, K, padding=1)
    wanted = correlate2d(image, np.eye(3, dtype=int), "same")
    close(found.compile()(P=image, K=np.eye(3)), wanted)
    assert (entries_at(found, P=image.tolist(), K=np.eye(3, dtype=int).tolist()) == wanted).all()
    assert {(i + 1, j + 1) for i, j in np.argwhere(wanted == 3)} == {(3, 3), (4, 4), (5, 5), (6, 6)}
    assert wanted.max() == 3


def test_max_pooling_of_the_found_diagonal() -> None:
    """E8.2: the map of E8.1 in blocks of 2 x 2."""
    found = sc.pool(sc.correlate(sc.tensor("P", 8, 8), sc.tensor("K", 3, 3), padding=1), 2, kind="max")
    wanted = [[2, 0, 0, 0], [0, 3, 0, 0], [1, 1, 3, 0], [1, 1, 1, 2]]
    close(found.compile()(P=stand_in(), K=np.eye(3)), wanted)
    assert (entries_at(found, P=stand_in().tolist(), K=np.eye(3, dtype=int).tolist()) == np.array(wanted)).all()


AVERAGES = {
    "two in a row": [[HALF, HALF]],
    "a 2 x 2 block": [[QUARTER, QUARTER], [QUARTER, QUARTER]],
    "a 3 x 3 block": [[Fraction(1, 9)] * 3] * 3,
    "the four beside it": [[0, QUARTER, 0], [QUARTER, 0, QUARTER], [0, QUARTER, 0]],
}


@pytest.mark.parametrize("name", AVERAGES)
def test_the_average_of_adjacent_pixels(name: str) -> None:
    """E8.5: each neighbourhood's kernel is the response to a point; turned by 180 degrees it is the same."""
    kernel = np.array(AVERAGES[name])
    h, w = kernel.shape
    image = stand_in()
    P, K = sc.tensor("P", *sc.sizes("H W")), sc.tensor("K", h, w)
    wanted = np.zeros((9 - h, 9 - w))
    for i, j in np.ndindex(wanted.shape):
        window = image[i : i + h, j : j + w]
        wanted[i, j] = window[kernel != 0].mean()
    for operation in (sc.convolve, sc.correlate):
        found = operation(P, K).compile()(P=image, K=kernel.astype(float))
        close(found, wanted)
    point = np.zeros((2 * h - 1, 2 * w - 1), dtype=int)
    point[h - 1, w - 1] = 1
    agree(lambda P, K: sc.convolve(P, K), kernel, P=point, K=kernel)
    agree(lambda K: sc.rot180(K), kernel, K=kernel)


def test_the_average_of_two_in_a_row_by_hand() -> None:
    """E8.5, the third row of the image, where one pixel is black, and the seventh, where six are."""
    found = sc.convolve(sc.tensor("P", 8, 8), sc.tensor("K", 1, 2)).compile()(P=stand_in(), K=[[0.5, 0.5]])
    assert found.shape == (8, 7)
    close(found[2], [0, 0.5, 0.5, 0, 0, 0, 0])
    close(found[6], [0.5, 1, 1, 1, 1, 1, 0.5])


def test_convolution_and_correlation_differ() -> None:
    """E8.6: in 24 of 36 places; with the kernel turned they agree."""
    image, kernel = stand_in(), [[7, 8, 9], [4, 5, 6], [1, 2, 3]]
    turned = [[3, 2, 1], [6, 5, 4], [9, 8, 7]]
    P, K = sc.tensor("P", 8, 8), sc.tensor("K", 3, 3)
    convolved, correlated = sc.convolve(P, K).compile(), sc.correlate(P, K).compile()
    close(convolved(P=image, K=kernel), convolve2d(image, kernel, "valid"))
    close(correlated(P=image, K=kernel), correlate2d(image, kernel, "valid"))
    assert np.count_nonzero(convolved(P=image, K=kernel) != correlated(P=image, K=kernel)) == 24
    close(correlated(P=image, K=turned), convolved(P=image, K=kernel))
    entries = entries_at(sc.correlate(P, sc.rot180(K)), P=image.tolist(), K=kernel)
    assert (entries == convolve2d(image, kernel, "valid")).all()


# -- the chapter, E8.8 and E8.9 ------------------------------------------------------------------


@pytest.mark.parametrize(("R", "r", "s"), [((6,), 2, 2), ((7,), 3, 1), ((6, 5), 2, 2), ((5, 6), 3, 1), ((7, 5), 2, 3)])
def test_the_input_gradient_of_max_pooling(R: tuple[int, ...], r: int, s: int) -> None:
    """E8.8 by central differences: no two entries are nearer than 1, so half of that is a small step."""
    rng = np.random.default_rng(4)
    image = rng.permutation(np.prod(R)).reshape(R).astype(float)
    A = sc.tensor("A", *R)
    pooled = sc.pool(A, (r,) * len(R), kind="max", stride=s)
    run = pooled.compile()
    up = rng.integers(-9, 10, run(A=image).shape)
    wanted = np.zeros(R)
    for at in np.ndindex(R):
        e = np.zeros(R)
        e[at] = 0.25
        wanted[at] = np.sum(up * (run(A=image + e) - run(A=image - e))) / 0.5
    close(sc.gradient(pooled, A, sc.upstream(pooled, "G")).compile()(A=image, G=up), wanted)


def test_the_gradients_of_a_product_with_a_bias() -> None:
    """E8.9: N = b LZ gives dLZ = b dN and db = sum of dN LZ: 7 + 16 - 27 + 40 - 55 + 72 = 53."""

    def net(LZ: sc.Tensor, b: sc.Tensor) -> sc.Tensor:
        return sc.define("N", LZ.shape, lambda i, j: b[()] * LZ[i, j])

    LZ, b, up = sc.tensor("LZ", 2, 3), sc.tensor("b"), [[1, 2, 3], [4, -5, 6]]
    agree(lambda b, G: sc.gradient(net(LZ, b), LZ, G), [[3, 6, 9], [12, -15, 18]], b=3, G=up)
    agree(lambda LZ, G: sc.gradient(net(LZ, b), b, G), 53, LZ=[[7, 8, -9], [10, 11, 12]], G=up)


# -- the theory sheet, Q1 and Q2: sizes and counts -----------------------------------------------


def test_the_size_is_the_number_of_positions() -> None:
    """Q1: (H - r + 2p)/s + 1 where s divides, rounded down elsewhere, counted window by window."""
    H, W, r, c, s, p = sc.sizes("H W r c s p")
    rows, columns = sc.correlate(sc.tensor("X", H, W), sc.tensor("K", r, c), stride=s, padding=p).shape
    counts = {sympy.lambdify((H, r, s, p), rows): [], sympy.lambdify((W, c, s, p), columns): []}
    for n, k, step, around in product(range(1, 8), range(1, 5), range(1, 5), range(1, 3)):
        if n + 2 * around < k:
            continue
        positions = [at for at in range(-around, n + around, step) if at + k <= n + around]
        quotient = Fraction(n - k + 2 * around, step) + 1
        assert (quotient == len(positions)) == (quotient.denominator == 1)
        assert all(count(n, k, step, around) == len(positions) for count in counts)


def products(image: tuple[int, ...], kernels: tuple[int, ...], p: int, zeros: bool) -> int:
    """The products of a loop over all windows; zeros: those with a zero of the padding too."""
    (_, H, W), (out, channels, r, c) = image, kernels
    count = 0
    for _, i, j in np.ndindex(out, H + 2 * p - r + 1, W + 2 * p - c + 1):
        for _, u, v in np.ndindex(channels, r, c):
            count += zeros or (0 <= i + u - p < H and 0 <= j + v - p < W)
    return count


def counted(image: tuple[int, ...], kernels: tuple[int, ...], p: int = 0) -> tuple[int, int]:
    """(the multiplications of a convolution, those of a dense layer of as many outputs)."""
    X, K = sc.tensor("X", *image), sc.tensor("K", *kernels)
    F = sc.correlate(X, K, padding=p)
    D = sc.tensor("D", int(np.prod([int(n) for n in F.shape])), int(np.prod(image)))
    return int(sc.multiplications(F)), int(sc.multiplications(sc.dense(D, sc.vec(X))))


@pytest.mark.parametrize(("channels", "outputs"), [(3, 2), (2, 3), (6, 1)])
def test_multiplications_of_a_convolution_and_of_a_dense_layer(channels: int, outputs: int) -> None:
    """Q2 on 5 x 5 with 3 x 3: 486 of 1350, which is 9/25: reduced to that fraction, not by it."""
    convolution, dense = counted((channels, 5, 5), (outputs, channels, 3, 3))
    assert (convolution, dense) == (486, 1350)
    assert Fraction(convolution, dense) == Fraction(3 * 3, 5 * 5)
    assert products((channels, 5, 5), (outputs, channels, 3, 3), 0, zeros=True) == 486


@pytest.mark.parametrize(
    ("image", "kernels", "p"),
    [((1, 4, 6), (1, 1, 2, 3), 0), ((2, 5, 4), (3, 2, 3, 2), 1), ((1, 5, 5), (1, 1, 3, 3), 1)],
)
def test_the_count_is_that_of_a_loop(image: tuple[int, ...], kernels: tuple[int, ...], p: int) -> None:
    assert counted(image, kernels, p)[0] == products(image, kernels, p, zeros=True)


def test_products_with_zeros_of_the_padding_count() -> None:
    """Q2's formula counts them: 225, not 169, on 5 x 5; on one pixel 9 times what the dense layer takes."""
    assert counted((1, 5, 5), (1, 1, 3, 3), 1)[0] == 225
    assert products((1, 5, 5), (1, 1, 3, 3), 1, zeros=False) == 169
    assert counted((1, 1, 1), (1, 1, 3, 3), 1) == (9, 1)


# -- the theory sheet, Q3: two Gaussian blobs ----------------------------------------------------


def blobs(window: int, std: float) -> Any:
    """Two points on a canvas of 50 x 50, drawn as blobs by one convolution, cropped as SciPy crops it."""
    canvas = np.zeros((50, 50))
    canvas[20, 40] = canvas[40, 20] = 1
    line = gaussian(window, std=std)
    around = (window // 2, (window - 1) // 2)
    picture = sc.convolve(sc.tensor("P", 50, 50), sc.tensor("K", *sc.sizes("r c")), padding=(around, around)).compile()
    found = picture(P=canvas, K=np.outer(line, line))
    close(found, convolve2d(canvas, np.outer(line, line), "same"))
    return found


def rows_and_columns(mask: Any) -> tuple[int, int, int, int]:
    """The first and the last row and column with a mark."""
    rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    return rows[0], rows[-1], columns[0], columns[-1]


@pytest.mark.parametrize(("window", "first", "last"), [(11, 15, 25), (9, 16, 24)])
def test_an_odd_window_is_centred_on_its_point(window: int, first: int, last: int) -> None:
    """Q3: rows 15 to 25 for a window of 11, the peak exactly on the point, the second blob mirrored."""
    found = blobs(window, 2)
    upper = found[:30]
    assert rows_and_columns(upper > 0) == (first, last, first + 20, last + 20)
    assert [tuple(at) for at in np.argwhere(found == 1)] == [(20, 40), (40, 20)]
    assert found.max() == 1
    close(found, found.T)
    close(upper.sum(), gaussian(window, std=2).sum() ** 2)


def test_an_even_window_is_half_a_pixel_off() -> None:
    """Q3 as printed, window 50 and deviation 5: four pixels tie at exp(-1/100), and blobs of 30 rows, not 10."""
    found = blobs(50, 5)
    peak = np.argwhere(np.abs(found - np.exp(-0.01)) < 1e-4)
    assert sorted(map(tuple, peak[:4])) == [(20, 40), (20, 41), (21, 40), (21, 41)]
    assert found.max() < 1
    assert rows_and_columns(found[:30, 30:] > 0.01)[0] == 6
    assert rows_and_columns(blobs(10, 2)[:30] > 0)[:2] == (16, 25)


# -- the theory sheet, Q4 to Q6: linear networks and gradients in letters ------------------------


def test_a_network_without_nonlinear_layers_is_affine_in_the_pixels() -> None:
    """Q4: convolution, average pooling, a dense layer: degree 1, so a matrix and a vector say it all."""
    X, K, D, b = sc.tensor("X", 5, 4), sc.tensor("K", 2, 1), sc.tensor("D", 3, 4), sc.tensor("b", 3)
    logits = sc.dense(D, sc.vec(sc.pool(sc.correlate(X, K), 2, kind="average")), b)
    rng = np.random.default_rng(5)
    image, kernel, matrix, shift = (rng.integers(-9, 10, shape) for shape in [(5, 4), (2, 1), (3, 4), (3,)])
    pixels = sympy.symarray("x", (5, 4)).ravel()
    letters_ = {"X": pixels.reshape(5, 4).tolist(), "K": kernel.tolist(), "D": matrix.tolist(), "b": shift.tolist()}
    entries = [sympy.Poly(e, *pixels) for e in entries_at(logits, **letters_)]
    assert all(e.total_degree() == 1 for e in entries)
    weights = np.array([[float(e.coeff_monomial(x)) for x in pixels] for e in entries])
    run = logits.compile()
    close(run(X=image, K=kernel, D=matrix, b=shift), weights @ image.ravel() + shift)
    assert np.linalg.matrix_rank(weights) == 3


def test_the_kernel_gradient_in_letters() -> None:
    """Q5: 3 x 3 by 2 x 2."""
    X, K = sc.tensor("X", 3, 3), sc.tensor("K", 2, 2)
    F = sc.correlate(X, K)
    G = sc.upstream(F, "G")
    d, x, k = letters("d", 2, 2), letters("x", 3, 3), letters("k", 2, 2)
    outputs = [
        ["k00*x00 + k01*x01 + k10*x10 + k11*x11", "k00*x01 + k01*x02 + k10*x11 + k11*x12"],
        ["k00*x10 + k01*x11 + k10*x20 + k11*x21", "k00*x11 + k01*x12 + k10*x21 + k11*x22"],
    ]
    gradient = [
        ["d00*x00 + d01*x01 + d10*x10 + d11*x11", "d00*x01 + d01*x02 + d10*x11 + d11*x12"],
        ["d00*x10 + d01*x11 + d10*x20 + d11*x21", "d00*x11 + d01*x12 + d10*x21 + d11*x22"],
    ]
    spelled(F, outputs, X=x, K=k)
    spelled(sc.gradient(F, K, G), gradient, X=x, G=d)
    spelled(sc.correlate(X, G), gradient, X=x, G=d)


INPUT_GRADIENT = [
    ["d00*k00", "d00*k01 + d01*k00", "d01*k01"],
    ["d00*k10 + d10*k00", "d00*k11 + d01*k10 + d10*k01 + d11*k00", "d01*k11 + d11*k01"],
    ["d10*k10", "d10*k11 + d11*k10", "d11*k11"],
]


def test_the_input_gradient_in_letters() -> None:
    """Q6, by derivation, by both readings of its formula, padded on each side, and by the transposed matrix of 8.12."""
    X, K = sc.tensor("X", 3, 3), sc.tensor("K", 2, 2)
    F = sc.correlate(X, K)
    G = sc.upstream(F, "G")
    d, k = letters("d", 2, 2), letters("k", 2, 2)
    spelled(sc.gradient(F, X, G), INPUT_GRADIENT, G=d, K=k)
    spelled(sc.correlate(sc.pad(G, 1), sc.rot180(K)), INPUT_GRADIENT, G=d, K=k)
    spelled(sc.convolve(G, K, mode="full"), INPUT_GRADIENT, G=d, K=k)
    stacked = np.array(INPUT_GRADIENT).ravel("F")
    spelled(sc.transpose(sc.toeplitz(K, (3, 3))) @ sc.vec(G), stacked, G=d, K=k)
    assert sc.correlate(sc.pad(G, ((1, 0), (1, 0))), sc.rot180(K)).shape == (2, 2)  # padded on one side: too small


def test_the_two_gradients_at_numbers() -> None:
    """With d = 1, 2, 3, 5, x = 1..9 and k = 1, -2, 3, 4: for example 1 + 4 + 12 + 25 = 42 and 4 + 6 - 6 + 5 = 9."""
    X, K, up = sc.tensor("X", 3, 3), sc.tensor("K", 2, 2), [[1, 2], [3, 5]]
    image, kernel = [[1, 2, 3], [4, 5, 6], [7, 8, 9]], [[1, -2], [3, 4]]
    agree(lambda X, G: sc.gradient(sc.correlate(X, K), K, G), [[42, 53], [75, 86]], X=image, G=up)
    agree(lambda K, G: sc.gradient(sc.correlate(X, K), X, G), [[1, 0, -4], [6, 9, -2], [9, 27, 20]], K=kernel, G=up)


# -- the lecture notes: the derivation in one dimension, stacking, dilation ----------------------


def test_the_one_dimensional_gradients_with_all_ends() -> None:
    """y_i = sum over k of w_k x_{i-k}, k from -1 to 1; dx_i = sum of dy_{i+k} w_k, dw_k = sum of dy_i x_{i-k}."""
    x, w = sc.tensor("x", 5), sc.tensor("w", 3)  # w[0] is w_{-1}, y[0] is y_1
    y = sc.convolve(x, w)
    G = sc.upstream(y, "G")
    a, b, g = letters("x", 5), letters("w", 3), letters("g", 3)
    spelled(y, ["w0*x2 + w1*x1 + w2*x0", "w0*x3 + w1*x2 + w2*x1", "w0*x4 + w1*x3 + w2*x2"], x=a, w=b)
    inputs = ["g0*w2", "g0*w1 + g1*w2", "g0*w0 + g1*w1 + g2*w2", "g1*w0 + g2*w1", "g2*w0"]
    spelled(sc.gradient(y, x, G), inputs, w=b, G=g)
    kernel = ["g0*x2 + g1*x3 + g2*x4", "g0*x1 + g1*x2 + g2*x3", "g0*x0 + g1*x1 + g2*x2"]
    spelled(sc.gradient(y, w, G), kernel, x=a, G=g)


def inputs_of(y: sc.Tensor, weights: int) -> set[int]:
    """The entries of x that the first entry of y depends on, its kernels being all ones."""
    named = {f"w{n}": sympy.Array([1, 1, 1]) for n in range(weights)}
    return {int(e.indices[0]) for e in y.entries(named)[0].atoms(sympy.Indexed)}


def stacked(n: int, dilations: list[int]) -> sc.Tensor:
    """Kernels of three taps, one upon the other."""
    y = sc.tensor("x", n)
    for number, d in enumerate(dilations):
        y = sc.correlate(y, sc.tensor(f"w{number}", 3), dilation=d)
    return y


@pytest.mark.parametrize(("k", "field"), [(1, 3), (2, 5), (3, 7)])
def test_stacking(k: int, field: int) -> None:
    """k layers of 3 taps leave N - 2k of N entries and see 1 + 2k of them."""
    y = stacked(12, [1] * k)
    assert y.shape == (12 - 2 * k,)
    assert inputs_of(y, k) == set(range(field))
    assert sc.receptive_field(y, sc.tensor("x", 12)) == (field,)


@pytest.mark.parametrize(("dilations", "span", "seen"), [([1, 2, 4], 15, 15), ([2, 2, 2], 13, 7), ([3], 7, 3)])
def test_dilated_layers(dilations: list[int], span: int, seen: int) -> None:
    """Dilations 1, 2, 4 see all of a span of 15; 2, 2, 2 span 13 with gaps; one layer spans d(k-1)+1."""
    y = stacked(span, dilations)
    assert y.shape == (1,)
    assert sc.receptive_field(y, sc.tensor("x", span)) == (span,)
    found = inputs_of(y, len(dilations))
    assert len(found) == seen
    assert found == {n for n in range(span) if seen == span or n % dilations[0] == 0}


def test_a_dilated_kernel_is_one_with_zeros_between() -> None:
    """[1, -2, 3] two apart on 1, 4, 9, .., 49: 1 - 18 + 75 = 58 and so on."""
    squares = [1, 4, 9, 16, 25, 36, 49]
    wanted = [58, 80, 106]  # 4 - 32 + 108, 9 - 50 + 147
    agree(lambda x, w: sc.correlate(x, w, dilation=2), wanted, x=squares, w=[1, -2, 3])
    agree(lambda x, w: sc.correlate(x, sc.stuff(w, 2)), wanted, x=squares, w=[1, -2, 3])
    agree(lambda x, w: sc.correlate(x, w), wanted, x=squares, w=[1, 0, -2, 0, 3])


def test_atrous_and_regular_combined() -> None:
    """11 entries give 9 and 7; cropped, the sum is one kernel of 5, a combination is 1 x 1 on the two maps."""
    x, u, v = sc.tensor("x", 11), sc.tensor("u", 3), sc.tensor("v", 3)
    regular, atrous = sc.correlate(x, u), sc.correlate(x, v, dilation=2)
    assert (regular.shape, atrous.shape) == ((9,), (7,))
    data = np.array([3, -1, 4, 1, -5, 9, 2, -6, 5, 3, 5])
    first, second = np.array([1, 2, -3]), np.array([2, -1, 4])
    one = np.array([2, 1, 2 - 1, -3, 4])  # 0 1 2 -3 0 and 2 0 -1 0 4
    close((sc.crop(regular, 1) + atrous).compile()(x=data, u=first, v=second), np.correlate(data, one, "valid"))
    maps = [sc.define(name, [1, 7], lambda o, i, y=y: y[i]) for name, y in (("a", sc.crop(regular, 1)), ("b", atrous))]
    both = sc.correlate(sc.concatenate(maps), sc.tensor("m", 1, 2, 1), spatial=1)
    wanted = 2 * np.correlate(data, first, "valid")[1:-1] - 3 * np.correlate(data, [2, 0, -1, 0, 4], "valid")
    close(both.compile()(x=data, u=first, v=second, m=np.array([[[2], [-3]]])), wanted[None])


# -- the lecture notes: separable convolution ----------------------------------------------------


def test_counts_of_a_separable_convolution() -> None:
    """32 x 32 x 3, kernels 3 x 3, 12 maps: 291600 against 24300 + 32400 = 56700, 324 parameters against 63."""
    X, K = sc.tensor("X", 3, 32, 32), sc.tensor("K", 12, 3, 3, 3)
    D, P = sc.tensor("D", 3, 3, 3), sc.tensor("P", 12, 3, 1, 1)
    depthwise = sc.depthwise(X, D)
    separable = sc.correlate(depthwise, P)
    assert sc.correlate(X, K).shape == separable.shape == (12, 30, 30)
    assert sc.multiplications(sc.correlate(X, K)) == 291600
    assert sc.multiplications(depthwise) == 24300
    assert sc.multiplications(sc.correlate(sc.tensor("Y", 3, 30, 30), P)) == 32400
    assert sc.multiplications(separable) == 56700
    assert (sc.parameters(K), sc.parameters(D, P)) == (324, 63)
    assert Fraction(56700, 291600) == Fraction(7, 36) == Fraction(1, 9) + Fraction(1, 12)


def test_a_separable_convolution_is_a_convolution_of_rank_1() -> None:
    """Its kernel is W[f, c] = P[f, c] D[c]: of rank 1 for each input channel, where a kernel at large has rank 9."""
    rng = np.random.default_rng(6)
    image, depth, point = (rng.integers(-9, 10, shape) for shape in [(2, 6, 5), (2, 3, 3), (10, 2)])
    C, H, W = sc.sizes("C H W")
    X, D, P = sc.tensor("X", C, H, W), sc.tensor("D", C, 3, 3), sc.tensor("P", 10, C, 1, 1)
    run = sc.correlate(sc.depthwise(X, D), P).compile()
    whole = point[:, :, None, None] * depth
    full = sc.correlate(X, sc.tensor("K", 10, C, 3, 3)).compile()
    close(run(X=image, D=depth, P=point[:, :, None, None]), full(X=image, K=whole))
    wanted = [[correlate2d(image[c], whole[f, c], "valid") for c in range(2)] for f in range(10)]
    close(full(X=image, K=whole), np.sum(wanted, axis=1))
    for c in range(2):
        impulses = np.zeros((2, 5, 5))
        impulses[c, 2, 2] = 1
        response = run(X=impulses, D=depth, P=point[:, :, None, None])
        assert np.linalg.matrix_rank(response.reshape(10, 9)) == 1
    assert np.linalg.matrix_rank(rng.integers(-9, 10, (10, 9))) == 9


# -- the lecture notes: upsampling ---------------------------------------------------------------

SMALL = [[3, 4], [1, 7]]
THIRD = Fraction(1, 3)
UPSAMPLED = {
    "nearest": (sc.upsample_nearest, {}, [[3, 3, 4, 4], [3, 3, 4, 4], [1, 1, 7, 7], [1, 1, 7, 7]]),
    "bed of nails": (sc.bed_of_nails, {}, [[3, 0, 4, 0], [0, 0, 0, 0], [1, 0, 7, 0], [0, 0, 0, 0]]),
    "bilinear, corners on corners": (
        sc.upsample_bilinear,
        {"corners": True},
        [
            [3, 10 * THIRD, 11 * THIRD, 4],
            [7 * THIRD, Fraction(29, 9), Fraction(37, 9), 5],
            [5 * THIRD, Fraction(28, 9), Fraction(41, 9), 6],
            [1, 3, 5, 7],
        ],
    ),
    "bilinear, half a pixel": (
        sc.upsample_bilinear,
        {},
        [
            [3, Fraction(13, 4), Fraction(15, 4), 4],
            [5 * HALF, Fraction(49, 16), Fraction(67, 16), Fraction(19, 4)],
            [3 * HALF, Fraction(43, 16), Fraction(81, 16), Fraction(25, 4)],
            [1, 5 * HALF, 11 * HALF, 7],
        ],
    ),
}


@pytest.mark.parametrize("name", UPSAMPLED)
def test_upsampling_by_2(name: str) -> None:
    operation, options, wanted = UPSAMPLED[name]
    agree(lambda x: operation(x, 2, **options), wanted, x=SMALL)


MATRICES = {  # the way from 2 entries to 4 on each axis
    "nearest": [[1, 0], [1, 0], [0, 1], [0, 1]],
    "bed of nails": [[1, 0], [0, 0], [0, 1], [0, 0]],
    "bilinear, corners on corners": [[1, 0], [2 * THIRD, THIRD], [THIRD, 2 * THIRD], [0, 1]],
    "bilinear, half a pixel": [[1, 0], [3 * QUARTER, QUARTER], [QUARTER, 3 * QUARTER], [0, 1]],
}


@pytest.mark.parametrize("name", UPSAMPLED)
def test_upsampling_as_a_matrix_and_its_gradient_as_the_transposed_one(name: str) -> None:
    operation, options, wanted = UPSAMPLED[name]
    U = np.array(MATRICES[name])
    assert (U @ np.array(SMALL) @ U.T == np.array(wanted)).all()
    up = np.random.default_rng(7).integers(-9, 10, (4, 4))
    x = sc.tensor("x", 2, 2)
    agree(lambda G: sc.gradient(operation(x, 2, **options), x, G), U.T @ up @ U, G=up)


def test_nearest_is_bed_of_nails_convolved_with_ones() -> None:
    agree(
        lambda x, ones: sc.crop(sc.convolve(sc.bed_of_nails(x, 2), ones, mode="full"), ((0, 1), (0, 1))),
        UPSAMPLED["nearest"][2],
        x=SMALL,
        ones=[[1, 1], [1, 1]],
    )


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (
            [[1, 5, 2, 0], [3, 4, 6, 1], [9, 0, 0, 1], [2, 8, 7, 3]],
            [[0, 3, 0, 0], [0, 0, 4, 0], [1, 0, 0, 0], [0, 0, 7, 0]],
        ),
        (
            [[8, 5, 2, 4], [3, 4, 0, 6], [0, 1, 5, 1], [2, 3, 4, 3]],
            [[3, 0, 0, 0], [0, 0, 0, 4], [0, 0, 7, 0], [0, 1, 0, 0]],
        ),
    ],
)
def test_max_unpooling_depends_on_the_stored_positions(image: Any, expected: Any) -> None:
    """The same [[3, 4], [1, 7]], put where two different images had their maxima."""
    agree(lambda x, P: sc.unpool_max(x, sc.pool(P, 2, kind="max")), expected, proved=False, x=SMALL, P=image)


# -- the lecture notes: transposed convolution ---------------------------------------------------

LAID = [[2, 0], [1, -1]]
SPREAD = [[6, 8, 0], [5, 15, -4], [1, 6, -7]]


def test_a_transposed_convolution_adds_copies_of_the_kernel() -> None:
    """Four copies, as transposed and as full true convolution, and by the transposed matrix of 8.12."""
    agree(lambda x, k: sc.transposed(x, k), SPREAD, x=SMALL, k=LAID)
    agree(lambda x, k: sc.convolve(x, k, mode="full"), SPREAD, x=SMALL, k=LAID)
    agree(
        lambda x, k: sc.unvec(sc.transpose(sc.toeplitz(k, (3, 3))) @ sc.vec(x), (3, 3)),
        SPREAD,
        x=SMALL,
        k=LAID,
    )
    assert (convolve2d(SMALL, LAID) == np.array(SPREAD)).all()
    verdict = sc.prove(sc.transposed(fixed("x", SMALL), fixed("k", LAID)), fixed("y", SPREAD))
    assert (verdict.status, verdict.scope) == (sc.Status.PROVED, "the sizes stated")


@pytest.mark.parametrize(
    ("at", "copy"),
    [((0, 0), [[6, 0], [3, -3]]), ((0, 1), [[8, 0], [4, -4]]), ((1, 0), LAID), ((1, 1), [[14, 0], [7, -7]])],
)
def test_one_copy_of_the_kernel(at: tuple[int, int], copy: Any) -> None:
    alone, wanted = np.zeros((2, 2), dtype=int), np.zeros((3, 3), dtype=int)
    alone[at] = SMALL[at[0]][at[1]]
    wanted[at[0] : at[0] + 2, at[1] : at[1] + 2] = copy
    agree(lambda x, k: sc.transposed(x, k), wanted, x=alone, k=LAID)


def test_a_transposed_convolution_is_not_an_inverse() -> None:
    agree(lambda y, k: sc.correlate(y, k), [[2, 35], [5, 43]], y=SPREAD, k=LAID)
    agree(lambda x, k: sc.correlate(sc.transposed(x, k), k), [[2, 35], [5, 43]], x=SMALL, k=LAID)


@pytest.mark.parametrize(
    ("s", "R", "r"), [(1, (2, 2), (2, 2)), (2, (2, 3), (3, 2)), (3, (4, 2), (2, 5)), (3, (2, 3), (1, 2))]
)
def test_a_transposed_convolution_with_stride(s: int, R: tuple[int, int], r: tuple[int, int]) -> None:
    """Copies s apart on s(R - 1) + r entries."""
    rng = np.random.default_rng(8)
    image, kernel = rng.integers(-9, 10, R), rng.integers(-9, 10, r)
    wanted = np.zeros([s * (n - 1) + m for n, m in zip(R, r, strict=True)])
    for i, j in np.ndindex(R):
        wanted[s * i : s * i + r[0], s * j : s * j + r[1]] += image[i, j] * kernel
    x, k = sc.tensor("x", *sc.sizes("H W")), sc.tensor("k", *sc.sizes("h w"))
    close(sc.transposed(x, k, stride=s).compile()(x=image, k=kernel), wanted)
    agree(lambda x, k: sc.transposed(x, k, stride=s), wanted.astype(int), x=image, k=kernel)


def test_an_encoder_and_a_decoder_meet_at_the_size_of_the_image() -> None:
    X, K, T = sc.tensor("X", 12, 8), sc.tensor("K", 3, 3), sc.tensor("T", 2, 2)
    code = sc.pool(sc.pool(sc.correlate(X, K, padding=1), 2, kind="max"), 2, kind="max")
    assert code.shape == (3, 2)
    assert sc.transposed(sc.upsample_nearest(code, 2), T, stride=2).shape == X.shape


# -- the derivation by hand: five letters and a kernel of two ------------------------------------


def by_hand() -> tuple[sc.Tensor, sc.Tensor, sc.Tensor, dict[str, Any]]:
    """I = [a, .., e], w = [x, y], a zero at each end; the upstream gradient is [f, .., k]."""
    image, w = sc.tensor("I", 5), sc.tensor("w", 2)
    data = {name: sympy.Array(sympy.symbols(text)) for name, text in (("I", "a:e"), ("w", "x y"), ("G", "f:k"))}
    return image, w, sc.correlate(image, w, padding=1), data


def test_the_output_of_the_example_by_hand() -> None:
    """The notes print ex + fy for the last; there is no f in the image.  True convolution is another row."""
    image, w, out, data = by_hand()
    given = {"I": data["I"], "w": data["w"]}
    spelled(out, ["a*y", "a*x + b*y", "b*x + c*y", "c*x + d*y", "d*x + e*y", "e*x"], **given)
    turned = ["a*x", "a*y + b*x", "b*y + c*x", "c*y + d*x", "d*y + e*x", "e*y"]
    spelled(sc.convolve(image, w, mode="full"), turned, **given)


def test_the_jacobian_of_the_example_by_hand() -> None:
    """dO/da = [y, x, 0, 0, 0, 0] and so on: the kernel, turned, one further down each time."""
    _, _, out, data = by_hand()
    outputs = out.entries({"I": data["I"], "w": data["w"]})
    x, y = sympy.symbols("x y")
    for number, letter in enumerate(sympy.symbols("a:e")):
        assert [o.diff(letter) for o in outputs] == [0] * number + [y, x] + [0] * (4 - number)


def test_the_gradients_of_the_example_by_hand() -> None:
    """With six upstream entries: jy + kx for e, where the notes' five would leave jy."""
    image, w, out, data = by_hand()
    G = sc.upstream(out, "G")
    images = ["f*y + g*x", "g*y + h*x", "h*y + i*x", "i*y + j*x", "j*y + k*x"]
    spelled(sc.gradient(out, image, G), images, w=data["w"], G=data["G"])
    weights = ["a*g + b*h + c*i + d*j + e*k", "a*f + b*g + c*h + d*i + e*j"]
    spelled(sc.gradient(out, w, G), weights, I=data["I"], G=data["G"])


def test_the_example_by_hand_at_numbers() -> None:
    """I = 1, 2, 4, 7, 9, w = 3, -2, G = 1, -1, 2, 5, 3, 4."""
    x, w = sc.tensor("x", 5), sc.tensor("w", 2)
    image, kernel, up = [1, 2, 4, 7, 9], [3, -2], [1, -1, 2, 5, 3, 4]
    agree(lambda x, w: sc.correlate(x, w, padding=1), [-2, -1, -2, -2, 3, 27], x=image, w=kernel)
    agree(lambda w, G: sc.gradient(sc.correlate(x, w, padding=1), x, G), [-5, 8, 11, -1, 6], w=kernel, G=up)
    agree(lambda x, G: sc.gradient(sc.correlate(x, w, padding=1), w, G), [80, 69], x=image, G=up)


def test_a_corner_pixel_touches_one_output_and_the_centre_four() -> None:
    """3 x 3 with 2 x 2."""
    X = sympy.IndexedBase("X")
    outputs = sympy.flatten(sc.correlate(sc.tensor("X", 3, 3), sc.tensor("K", 2, 2)).entries())
    touched = [[sum(o.has(X[i, j]) for o in outputs) for j in range(3)] for i in range(3)]
    assert touched == [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
