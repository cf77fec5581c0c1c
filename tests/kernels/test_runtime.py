"""The helpers that exported modules carry, each against NumPy's own way."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symconv.kernels import helpers, runtime


def test_no_two_helpers_have_one_name():
    """A module carries them side by side, without the files that they come from."""
    folder = Path(next(iter(runtime.__path__)))
    texts = [(folder / f"{file}.py").read_text(encoding="utf-8") for file in helpers.FILES]
    names = [name for text in texts for node in ast.parse(text).body if (name := helpers._defined(node)) is not None]
    assert len(names) > 100
    assert {name for name, count in Counter(names).items() if count > 1} == set()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_contract_is_einsum(data):
    """Any subscripts in which a letter of one operand is in the other or in the result, in blocks of any size."""
    letters = data.draw(st.permutations("abcdef"))
    kinds = {x: data.draw(st.sampled_from(["stack", "left", "right", "summed"])) for x in letters}
    left = [x for x in letters if kinds[x] != "right"]
    right = [x for x in data.draw(st.permutations(letters)) if kinds[x] != "left"]
    result = [x for x in data.draw(st.permutations(letters)) if kinds[x] != "summed"]
    size = {x: data.draw(st.integers(0, 4)) for x in letters}
    subscripts = f"{''.join(left)},{''.join(right)}->{''.join(result)}"
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    a, b = (rng.integers(-9, 9, [size[x] for x in side]).astype(float) for side in (left, right))
    found = helpers.helper("_contract")(subscripts, a, b, block=data.draw(st.integers(1, 200)))
    np.testing.assert_array_equal(found, np.einsum(subscripts, a, b))


def test_contract_to_one_number_in_blocks():
    a, b = np.arange(6.0).reshape(2, 3), np.ones((2, 3))
    np.testing.assert_array_equal(helpers.helper("_contract")("ij,ij->", a, b, block=2), 15.0)
    many = np.ones(1 << 19)
    assert helpers.helper("_contract")("i,i->", many, many) == 1 << 19


def test_contract_counts_with_booleans():
    a, b = np.ones((2, 3), bool), np.ones((3, 2), bool)
    np.testing.assert_array_equal(helpers.helper("_contract")("ij,jk->ik", a, b), np.full((2, 2), 3))


def test_view_never_leaves_the_array():
    x = np.arange(6.0)
    np.testing.assert_array_equal(helpers.helper("_view")(x, (5,), (2, 3), ((-3,), (-1,))), [[5, 4, 3], [2, 1, 0]])
    with pytest.raises(IndexError, match="axis 0: positions 0 to 6 asked for; it has 6"):
        helpers.helper("_view")(x, (0,), (3, 3), ((2,), (1,)))
    with pytest.raises(IndexError, match="axis 0: positions -1 to 3"):
        helpers.helper("_view")(x, (3,), (5,), ((-1,),))
    assert helpers.helper("_view")(x, (0,), (0, 9), ((2,), (1,))).shape == (0, 9)


def test_gather_and_scatter_ignore_what_lies_outside():
    x = np.array([1.0, 2.0, 3.0])
    at = np.array([[-1, 0], [2, 3]])
    np.testing.assert_array_equal(helpers.helper("_gather")(x, at), [[0, 1], [3, 0]])
    np.testing.assert_array_equal(helpers.helper("_gather")(x[:0], at), np.zeros((2, 2)))
    out = np.zeros(3)
    helpers.helper("_scatter_add")(out, (np.array([0, 0, 3, -1]),), np.array([1.0, 2.0, 4.0, 8.0]))
    np.testing.assert_array_equal(out, [3, 0, 0])


def test_the_first_greatest_wins():
    onehot = helpers.helper("_first_greatest")(np.array([[[1, 5], [5, 2]], [[0, 0], [0, 0]]]), 2)
    np.testing.assert_array_equal(onehot, [[[False, True], [False, False]], [[True, False], [False, False]]])
    assert helpers.helper("_first")((((0,), 1), ((1,), 3), ((2,), 3))) == (1,)
