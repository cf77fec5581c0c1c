"""What an exported function refuses: one message each, with what was given, what is needed, what to change."""

from __future__ import annotations

import inspect
import re
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided

from symconv import export


@pytest.fixture(scope="module")
def conv():
    module = ModuleType("exported")
    text = export("conv2d --stride s --padding p --dilation d --groups g")
    exec(compile(text, "exported", "exec"), module.__dict__)  # noqa: S102
    return module


IMAGE, KERNEL, UPSTREAM = np.ones((2, 4, 9, 8)), np.ones((6, 2, 3, 2)), np.ones((2, 6, 7, 7))


def told(error, message, call, *arguments, **options):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        call(*arguments, **options)


def test_all_functions_take_the_numbers_in_one_order(conv):
    orders = [list(inspect.signature(f).parameters) for f in (conv.forward, conv.grad_kernel, conv.grad_input)]
    sizes = [[name for name in order if name in ("stride", "padding", "dilation")] for order in orders]
    assert sizes == [["dilation", "padding", "stride"]] * 3


@pytest.mark.parametrize("name", ["threads", "stride"])
@pytest.mark.parametrize("value", ["2", None, [1], 2.5, True, np.True_])
def test_what_is_no_whole_number(conv, name, value):
    """The smallest kernels look at the number of threads as well."""
    message = f"{name}: {value!r} given; a whole number from 1 on needed; give an int"
    told(TypeError, message, conv.forward, IMAGE, KERNEL, **{name: value})


@pytest.mark.parametrize("threads", [0, -1])
def test_no_threads(conv, threads):
    message = f"threads: {threads} given; at least 1 needed; give a larger one"
    told(ValueError, message, conv.forward, IMAGE, KERNEL, threads=threads)


def test_numbers_of_other_libraries_are_whole_numbers(conv):
    assert conv.forward(IMAGE, KERNEL, threads=np.int64(2), stride=np.uint8(2)).shape == (2, 6, 4, 4)


@pytest.mark.parametrize(("options", "bits"), [({"stride": 10**30}, 100), ({"padding": 10**18}, 60)])
def test_sizes_beyond_all_arrays(conv, options, bits):
    message = f"{next(iter(options))}: a number of {bits} bits given; at most 2147483647 needed; give a smaller one"
    told(ValueError, message, conv.forward, IMAGE, KERNEL, **options)


def test_a_result_beyond_all_memory(conv):
    message = "result: shape (2, 6, 4294967301, 4294967301) of float64 asked for; fewer entries needed; give smaller"
    told(MemoryError, f"{message} sizes", conv.forward, IMAGE, KERNEL, padding=2**31 - 1)


@pytest.mark.parametrize(
    ("shape", "error"),
    [
        *((s, TypeError) for s in (5, None, (6, 2, 3, 2.0), "abcd", ("4", 2, 3, 2))),
        *((s, ValueError) for s in ((6, 2, -3, 2), (2, 3))),
    ],
)
def test_what_is_no_shape(conv, shape, error):
    needed = "4 extents needed, (O_g * groups, C_g, r, c), whole numbers from 0 on; give a shape"
    told(error, f"kernel_shape: {shape!r} given; {needed}", conv.grad_kernel, UPSTREAM, IMAGE, shape)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((IMAGE, KERNEL[:, :, :0]), "kernel: shape (6, 2, 0, 2) given; at least 1 on axis 2 needed, r; give a larger"),
        ((IMAGE, KERNEL[:, :0]), "kernel: shape (6, 0, 3, 2) given; at least 1 on axis 1 needed, C_g; give a larger"),
        ((IMAGE[..., :0], KERNEL), "input: shape (2, 4, 9, 0) given; at least 1 on axis 3 needed, W; give a larger"),
    ],
)
def test_axes_without_entries(conv, arguments, message):
    """Sizes are at least 1 in what is proved; an empty batch is what every stage makes of it."""
    told(ValueError, f"{message} one", conv.forward, *arguments)
    assert conv.forward(IMAGE[:0], KERNEL).shape == (0, 6, 7, 7)


def test_sizes_that_follow_from_shapes(conv):
    for arguments, found in (
        ((IMAGE[:, :0], KERNEL), "groups = input.shape[1] // C_g"),
        ((IMAGE, KERNEL[:0]), "O_g = kernel.shape[0] // groups"),
    ):
        message = f"{found}: 0 found; at least 1 needed; change the shapes that it follows from"
        told(ValueError, message, conv.forward, *arguments)


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("complex128", "give its .real or its .imag"),
        ("object", "give an array of NumPy's integers or floats"),
        ("datetime64[s]", "give an array of NumPy's integers or floats"),
    ],
)
def test_entries_that_are_no_real_numbers(conv, kind, change):
    message = f"input: entries of type {kind} given; real numbers needed; {change}"
    told(TypeError, message, conv.forward, IMAGE.astype("i8").astype(kind), KERNEL)


def test_rows_of_several_lengths(conv):
    message = r"^input: list given, which NumPy does not read: .*; an array of real numbers needed; give rows of one"
    with pytest.raises(TypeError, match=message):
        conv.forward([[1.0], [1.0, 2.0]], KERNEL)


@pytest.mark.targets
def test_tensors_of_torch_that_numpy_does_not_read(conv):
    torch = pytest.importorskip("torch")
    message = r"^input: Tensor given, .*; an array .*; convert with \.detach\(\)\.cpu\(\)\.numpy\(\), bfloat16 with"
    for options in ({"requires_grad": True}, {"dtype": torch.bfloat16}):
        with pytest.raises(TypeError, match=message):
            conv.forward(torch.ones(IMAGE.shape, **options), KERNEL)
    np.testing.assert_array_equal(conv.forward(torch.ones(IMAGE.shape), KERNEL), np.full((2, 6, 7, 7), 12.0))


def test_whole_numbers_that_would_change_their_sign(conv):
    large = np.full(IMAGE.shape, 2**63, np.uint64)
    message = (
        "input: the entry 9223372036854775808 of type uint64 given; at most 9223372036854775807 needed, since "
        "integers are counted in 64 bits; convert with .astype(float)"
    )
    told(ValueError, message, conv.forward, large, KERNEL)
    found = conv.forward(large - np.uint64(1), np.ones((4, 1, 1, 1), np.uint64))
    assert (found == 2**63 - 1).all()
    assert conv.forward(large[:0], KERNEL).size == 0


def test_masked_entries(conv):
    message = (
        "input: 576 masked entries given; a number at every place needed; fill them with .filled(0), or drop the mask "
        "with .data"
    )
    told(ValueError, message, conv.forward, np.ma.array(IMAGE, mask=True), KERNEL)
    np.testing.assert_array_equal(conv.forward(np.ma.array(IMAGE), KERNEL), conv.forward(IMAGE, KERNEL))


@pytest.mark.parametrize("out", [[1], "x", 1.0, np.ma.array(UPSTREAM), SimpleNamespace(shape=UPSTREAM.shape)])
def test_a_result_that_is_no_array(conv, out):
    needed = "an array of NumPy without a mask needed; give such an array or leave it out"
    told(TypeError, f"out: {type(out).__name__} given; {needed}", conv.forward, IMAGE, KERNEL, out=out)


def test_a_result_whose_entries_share_memory(conv):
    out = as_strided(np.zeros(7), UPSTREAM.shape, (0, 0, 0, 8))
    message = (
        "out: strides (0, 0, 0, 8) given, so that entries share memory; a place for each needed; give another array or "
        "leave it out"
    )
    told(ValueError, message, conv.forward, IMAGE, KERNEL, out=out)
    single = as_strided(np.zeros(42), (1, 6, 7, 1), (0, 56, 8, 0))  # along an axis of one entry the stride is free
    assert conv.forward(IMAGE[:1, ..., :2], KERNEL, out=single) is single
    empty = UPSTREAM[:0].copy()  # whose strides are all 0
    assert conv.forward(IMAGE[:0], KERNEL, out=empty) is empty
