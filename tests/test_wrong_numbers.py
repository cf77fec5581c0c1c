"""What the pages of `derivations/wrong` say in numbers, and whatever is no formula: computed with NumPy and SciPy."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
import scipy.signal
from numpy.typing import NDArray
from scipy.signal import convolve2d, correlate2d

from tests.wrong_loops import places
from tests.wrong_pages import Section, all_sections


@pytest.fixture(scope="module")
def found() -> dict[str, Section]:
    """The section about each fault."""
    return {number: section for section in all_sections() for number in section.numbers}


def says(section: Section, *parts: str) -> None:
    text = " ".join(section.text.split())
    for part in parts:
        assert part in text, f"{part!r} is not said of {section.numbers}"


def test_the_loop_of_the_sheet_over_y(found: dict[str, Section]) -> None:
    """Lines 44 to 55, with the height of the filter missing, and with it."""

    def run(last: int) -> int:
        return sum(1 for _x in range(4 - 2 + 1) for _y in range(last + 1))

    assert (run(4 - 4), run(4 - 2)) == (3, 9)
    says(found["X02"], "3 of the 9 outputs")


def test_the_listing_of_the_sheet_makes_one_map(found: dict[str, Section]) -> None:
    rng = np.random.default_rng(3)
    image = {c: rng.integers(1, 9, (3, 4)) for c in "rgb"}
    filters = [{c: rng.integers(1, 9, (2, 2)) for c in "rgb"} for _ in range(2)]
    out: dict[str, NDArray[Any]] = {}
    G = filters[0]  # nothing in the listing chooses one
    for x, y in product(range(2), range(3)):
        total = 0
        for c in "rgb":
            total = total + (image[c][x : x + 2, y : y + 2] * G[c]).sum()
        out.setdefault(c, np.zeros((2, 3)))[x, y] = total
    assert list(out) == ["b"]
    assert (out["b"] == sum(correlate2d(image[c], G[c], mode="valid") for c in "rgb")).all()
    assert len(filters) == 2
    says(found["X04"], "it makes one map")


def test_correlation_is_not_convolution() -> None:
    """X05, at the sizes of its counterexample."""
    image, kernel = np.array([[2, 3]]), np.array([[5, 7]])
    assert correlate2d(image, kernel, mode="valid")[0, 0] == 31
    assert convolve2d(image, kernel, mode="valid")[0, 0] == 29


def test_the_edge_detector(found: dict[str, Section]) -> None:
    edge, detector = np.array([[0, 0, 1]] * 3), np.array([[-1, 0, 1]] * 3)
    assert correlate2d(edge, detector, mode="valid") == 3
    assert convolve2d(edge, detector, mode="valid") == -3
    assert correlate2d(edge, detector.T, mode="valid") == 0
    says(found["X06"], "it makes 0, not 3")


def test_max_pooling_of_four(found: dict[str, Section]) -> None:
    x = [1, 2, 3, 4]
    assert [max(x[i : i + 2]) for i in range(2)] == [2, 3]
    assert [max(x[2 * i : 2 * i + 2]) for i in range(2)] == [2, 4]
    says(found["X07"], "2, 3 instead of 2, 4")


def test_two_windows_with_one_maximum_and_two_maxima_in_one_window(found: dict[str, Section]) -> None:
    def error(x: list[float]) -> float:
        return max(x[0], x[1]) + 10 * max(x[1], x[2])

    assert (error([1, 5.5, 2]) - error([1, 5, 2])) / 0.5 == 11
    assert (max(3.5, 3) - max(3, 3)) / 0.5 == 1
    assert (max(3, 3) - max(2.5, 3)) / 0.5 == 0
    says(found["X08"], "slope 1 if the first grows and the slope 0")


def test_operations_of_a_convolution_and_of_a_dense_layer(found: dict[str, Section]) -> None:
    convolution, dense = 3 * 3 * 3 * 3, 3 * 3 * 5 * 5
    assert 25 * convolution == 9 * dense
    says(found["X16"], "9 of 25", "takes 9 multiplications where the dense layer takes 1")
    assert places(1, 3, p=1) ** 2 * 9 == 9


def blobs(window: int, std: float, points: tuple[tuple[int, int], ...] = ((20, 40),)) -> NDArray[Any]:
    """The canvas of the sheet with these white points, convolved with a Gaussian window."""
    filtered: NDArray[Any] = convolve2d(canvas(points), gaussian(window, std), mode="same")
    return filtered


def canvas(points: tuple[tuple[int, int], ...]) -> NDArray[Any]:
    black = np.zeros((50, 50))
    black[tuple(zip(*points))] = 1
    return black


def gaussian(window: int, std: float) -> NDArray[Any]:
    line = scipy.signal.windows.gaussian(window, std=std)
    return np.outer(line, line)


def test_the_blobs_of_the_sheet(found: dict[str, Section]) -> None:
    assert not hasattr(scipy.signal, "gaussian")
    rows = np.flatnonzero(blobs(50, 5, ((20, 40), (40, 20)))[:, 40] > 0.01)
    assert len(rows) == rows[-1] - rows[0] + 1 == 30
    says(found["X18"], f"rows {rows[0]} to {rows[-1]}, which are {len(rows)} rows")
    one = blobs(50, 5)
    assert np.argwhere(np.isclose(one, one.max(), rtol=1e-12)).tolist() == [[20, 40], [20, 41], [21, 40], [21, 41]]
    says(found["X18"], "rows 20 and 21 and columns 40 and 41", f"largest value {one.max():.5f}")
    ten = np.flatnonzero(blobs(10, 2)[:, 40])
    says(found["X18"], f"from row {ten[0]} to row {ten[-1]}")
    for odd in (9, 11):
        assert np.argwhere(blobs(odd, 2) == blobs(odd, 2).max()).tolist() == [[20, 40]]
    says(found["X18"], "of 9 or 11 pixels, have their maximum at the point itself")


@pytest.mark.parametrize(("window", "same"), [(9, True), (10, False), (11, True), (50, False)])
def test_with_an_even_window_convolution_and_correlation_differ(window: int, same: bool) -> None:
    """X18: though the window is the same from either end."""
    image, kernel = canvas(((20, 40),)), gaussian(window, 2)
    results = [operation(image, kernel, mode="same") for operation in (convolve2d, correlate2d)]
    assert np.allclose(*results) is same


def test_a_linear_network_that_is_logistic_regression(found: dict[str, Section]) -> None:
    """X19: with a kernel and a pooling of one pixel the scores are those of the dense layer alone."""
    rng = np.random.default_rng(5)
    image, dense = rng.normal(size=(3, 4)), rng.normal(size=(2, 12))
    features = correlate2d(image, [[1.0]], mode="valid")
    assert (dense @ features.ravel() == dense @ image.ravel()).all()
    says(found["X19"], "never strictly higher for certain")


def test_products_with_the_padding(found: dict[str, Section]) -> None:
    inside = sum(1 for i in range(5) for u in range(3) if 0 <= i + u - 1 < 5)
    assert (inside, inside**2, 25 * 9) == (13, 169, 225)
    says(found["X21"], "13 products", "$$13 \\cdot 13 = 169$$", "= 225$$")


def test_unpooling_depends_on_the_places(found: dict[str, Section]) -> None:
    def places_of_maxima(image: NDArray[Any]) -> list[tuple[int, int]]:
        windows = [image[i : i + 2, j : j + 2] for i in (0, 2) for j in (0, 2)]
        return [divmod(int(window.argmax()), 2) for window in windows]

    def unpool(image: NDArray[Any]) -> NDArray[Any]:
        out = np.zeros((4, 4))
        for (i, j), value, (a, b) in zip(product((0, 2), (0, 2)), (3, 4, 1, 7), places_of_maxima(image)):
            out[i + a, j + b] = value
        return out

    one, other = np.arange(16).reshape(4, 4), -np.arange(16).reshape(4, 4)
    assert not (unpool(one) == unpool(other)).all()
    says(found["X27"], "Unpooling is: the map `[[3, 4], [1, 7]]`")


def test_a_transposed_convolution_is_no_inverse(found: dict[str, Section]) -> None:
    small, kernel = np.array([[3, 4], [1, 7]]), np.array([[2, 0], [1, -1]])
    back = correlate2d(convolve2d(small, kernel), kernel, mode="valid")
    assert back.tolist() == [[2, 35], [5, 43]]
    says(found["X28"], "\\begin{bmatrix} 2 & 35 \\\\ 5 & 43 \\end{bmatrix}$$")


def test_an_atrous_map_is_shorter(found: dict[str, Section]) -> None:
    assert (places(11, 2 * (3 - 1) + 1), places(11, 3)) == (7, 9)
    says(found["X29"], "7 against 9 for 11 values, 3 taps and a dilation of 2")


def test_the_rank_of_a_separable_layer(found: dict[str, Section]) -> None:
    """Of the kernels for one input channel, one a row: any rank up to 9 in a full layer, 1 in a separated one."""
    rng = np.random.default_rng(7)
    assert np.linalg.matrix_rank(rng.normal(size=(12, 9))) == 9
    assert np.linalg.matrix_rank(np.outer(rng.normal(size=12), rng.normal(size=9))) == 1
    full, separated = 36864, 1024 * 3 + 1024 * 3 * 12  # kernels of one pixel, 32 by 32, 3 to 12 maps
    assert full == 1024 * 3 * 12 < separated
    says(found["X30"], "only if the kernel is larger than one pixel")


def test_a_border_is_a_position(found: dict[str, Section]) -> None:
    ones = np.ones(3)
    image, shifted = np.array([1.0, 0, 0]), np.array([0, 1.0, 0])
    before = np.convolve(shifted, ones, mode="same")
    after = np.concatenate([[0], np.convolve(image, ones, mode="same")[:-1]])
    assert np.flatnonzero(before != after).tolist() == [0]
    says(found["X31"], "it is the first pixel that differs")


def test_a_stride_of_two_on_three_positions(found: dict[str, Section]) -> None:
    assert (places(4, 2), places(4, 2, s=2)) == (3, 2)
    says(found["X37"], "3 that becomes 2")


def test_large_outputs_and_good_matches(found: dict[str, Section]) -> None:
    template = np.array([1, 0])
    parts = np.array([[1, 0], [1, 1], [2, 2]])
    assert (parts @ template).tolist() == [1, 1, 2]
    assert ((parts - template) ** 2).sum(axis=1).argmax() == 2
    says(found["X39"], "answers with 1, 1 and 2 to 1, 0, to 1, 1 and to 2, 2")
    for pixels in (2, 4, 9):
        signs = np.array(list(product((-1, 1), repeat=pixels)))
        values = signs @ signs[-2]
        assert np.flatnonzero(values == values.max()).tolist() == [len(signs) - 2]
        assert np.abs(values[1]) == values.max()  # the negative of the template


def test_slanted_kernels_on_a_square(found: dict[str, Section]) -> None:
    image = np.zeros((15, 15))
    image[3, 3:12] = image[11, 3:12] = image[3:12, 3] = image[3:12, 11] = 1
    level = np.array([[0, 0, 0], [1, 1, 1], [0, 0, 0]])
    kernels = [level, level.T, np.eye(3), np.eye(3)[::-1]]
    assert [correlate2d(image, k, mode="valid").max() for k in kernels] == [3, 3, 2, 2]
    assert [np.abs(correlate2d(image, 2 * k - 1, mode="valid")).max() for k in kernels] == [3, 3, 3, 3]
    says(found["X40"], "two of the three pixels", "is 3 for each of the four")


def test_the_size_without_padding(found: dict[str, Section]) -> None:
    kernel, image = np.ones((2, 2)), np.ones((3, 3))
    upstream = correlate2d(image, kernel, mode="valid")
    assert correlate2d(upstream, kernel, mode="valid").shape == (1, 1)
    assert correlate2d(upstream, kernel, mode="full").shape == (3, 3)
    says(found["X47"], "1 by 1 instead of 3 by 3")


def test_the_shift_to_the_right_and_up(found: dict[str, Section]) -> None:
    image, kernel = np.arange(1, 21).reshape(4, 5), np.array([[0, 1], [0, 0]])
    full = np.pad(convolve2d(image, kernel), 1)  # its first row and column are those of the image's own
    right = np.pad(image, ((0, 0), (1, 0)))[:, :-1]
    assert (full[1:5, 1:6] == right).all()
    assert (full[2:6, 1:6] == np.pad(right, ((0, 1), (0, 0)))[1:]).all()  # the origin one row further down
    centred = np.array([[0, 0, 1], [0, 0, 0], [0, 0, 0]])
    assert (convolve2d(image, centred, mode="same") == np.pad(right, ((0, 1), (0, 0)))[1:]).all()
    says(found["X51"], "the right only", "its entry at the lower left")


def test_the_matrix_of_a_3_by_3_image(found: dict[str, Section]) -> None:
    kernel = np.array([[1, 2], [3, 4]])
    columns = [correlate2d(unit.reshape(3, 3), kernel, mode="valid").ravel() for unit in np.eye(9)]
    assert np.array(columns).T.shape == (4, 9)
    says(found["X62"], "4 and 9 for a 3 by 3 image and a 2 by 2 filter")
