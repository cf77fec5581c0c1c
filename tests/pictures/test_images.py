"""Images: a pixel an entry, shades in the order of the numbers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from symconv.errors import ShapeError
from symconv.pictures.images import images, shade
from tests.pictures.svg import root


def pixels(picture):
    return [e.get("fill") for e in root(picture).iter() if e.get("class") == "pixel"]


def test_grey_grows_with_the_number():
    array = np.array([[0.0, 0.25, 0.5], [0.75, 1.0, 0.125]])
    found = [int(c[1:3], 16) for c in pixels(images([array], ["map"]))]
    assert found == [round(255 * v) for v in array.ravel()]


def test_signs_are_told_apart():
    picture = images([[[1, 2, 1], [0, 0, 0], [-1, -2, -1]]], ["Sobel"], numbers=True)
    red = [int(c[1:3], 16) - int(c[5:7], 16) for c in pixels(picture)]
    assert [np.sign(v) for v in red] == [1, 1, 1, 0, 0, 0, -1, -1, -1]
    texts = [e.text for e in root(picture).iter() if e.get("class") in ("onlight", "ondark")]
    assert texts == list("121000") + ["-1", "-2", "-1"]
    assert "least -2 at (2, 1), greatest 2 at (0, 1)" in picture.alt


def test_one_scale_for_all_or_one_each():
    pair = [[[0, 1]], [[0, 4]]]
    assert pixels(images(pair, "ab")) == ["#000000", "#ffffff"] * 2
    assert pixels(images(pair, "ab", together=True)) == ["#000000", "#404040", "#000000", "#ffffff"]


def test_a_constant_image_is_grey():
    assert shade(Fraction(3), Fraction(3), Fraction(3)) == (128, 128, 128)


def test_what_is_no_image():
    with pytest.raises(ShapeError, match="give as many titles"):
        images([[[1]]], [])
    with pytest.raises(ShapeError, match="choose one channel"):
        images([[[[1]]]], ["volume"])
