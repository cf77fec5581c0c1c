"""Modules that `export` proves and writes equal torch's autograd on a real photograph."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from inspect import signature
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symconv import export
from symconv.kernels.schedules.names import NAMES as SCHEDULES

TRANSFORMED = ("tiles", "polyphase", "toeplitz tiles", "sub-images", "fourier")
# an option of SPEC, and what its numbers are called where SPEC leaves them open
NAMES = {"stride": "s,t", "padding": "a:b,e:f", "dilation": "d,h", "groups": "g"}


@cache
def exported(spec):
    """The module that the command writes; it refuses what is not proved."""
    source = export(spec)
    assert source.count("proved for all sizes") == 2
    assert "NOT PROVED" not in source
    module = ModuleType("exported")
    exec(source, module.__dict__)  # noqa: S102
    return module


def photograph():
    from skimage import data

    return data.astronaut().astype(np.float64).transpose(2, 0, 1) / 255


def agree(found, wanted):
    wanted = wanted.detach().numpy()
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max(initial=0) <= 1e-12 * np.abs(wanted).max(initial=1e-300)


@dataclass(frozen=True)
class Configuration:
    """A layer, each number an axis of its own, and which of the options SPEC states as numbers."""

    groups: int
    per_group: int
    outputs: int
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[tuple[int, int], tuple[int, int]]
    dilation: tuple[int, int]
    sides: tuple[int, int]
    stated: frozenset[str]

    @property
    def numbers(self):
        """Every option as SPEC writes it."""
        return {
            "stride": ",".join(map(str, self.stride)),
            "padding": ",".join(f"{a}:{b}" for a, b in self.padding),
            "dilation": ",".join(map(str, self.dilation)),
            "groups": str(self.groups),
        }

    @property
    def spec(self):
        said = {n: v if n in self.stated else NAMES[n] for n, v in self.numbers.items()}
        if {"channels", "groups"} <= self.stated:
            said["channels"] = f"{self.groups * self.per_group},{self.groups * self.outputs}"
        if "kernel" in self.stated:
            said["kernel"] = ",".join(map(str, self.kernel))
        return " ".join(["conv2d", *(f"--{n} {v}" for n, v in said.items())])

    @property
    def options(self):
        """What the functions still ask for, by its name in SPEC; the groups follow from the shapes."""
        open_ = [n for n in NAMES if n not in self.stated and n != "groups"]
        pairs = (
            zip(NAMES[n].replace(":", ",").split(","), self.numbers[n].replace(":", ",").split(",")) for n in open_
        )
        return {name: int(number) for option in pairs for name, number in option}


@st.composite
def configurations(draw):
    """A crop of the photograph (1, 3 or 6 channels), a kernel that fits, options; tails included."""

    def pair(low, high):
        return draw(st.tuples(st.integers(low, high), st.integers(low, high)))

    groups, per_group = draw(st.sampled_from([(1, 3), (3, 1), (1, 1), (2, 3), (6, 1), (3, 2)]))
    kernel, stride, dilation, padding = pair(1, 5), pair(1, 4), pair(1, 3), (pair(0, 4), pair(0, 4))
    sides = tuple(
        max(1, d * (k - 1) + 1 - sum(p)) + draw(st.integers(0, 40))
        for k, d, p in zip(kernel, dilation, padding, strict=True)
    )
    stated = draw(st.frozensets(st.sampled_from([*NAMES, "channels", "kernel"])))
    outputs = draw(st.integers(1, 3))
    return Configuration(groups, per_group, outputs, kernel, stride, padding, dilation, sides, stated)


def compared(x, k, spec, options, layer):
    """All three functions of a module against torch, which is given padding by a call of its own."""
    torch = pytest.importorskip("torch")
    rows, columns = layer.padding
    tx, tk = torch.tensor(x, requires_grad=True), torch.tensor(k, requires_grad=True)
    ty = torch.nn.functional.conv2d(
        torch.nn.functional.pad(tx, (*columns, *rows)),
        tk,
        stride=layer.stride,
        dilation=layer.dilation,
        groups=layer.groups,
    )
    up = np.random.default_rng(2).standard_normal(tuple(ty.shape))
    ty.backward(torch.tensor(up))
    module = exported(spec)
    agree(module.forward(x, k, **asked(module.forward, options)), ty)
    agree(module.grad_input(up, k, x.shape, **asked(module.grad_input, options)), tx.grad)
    agree(module.grad_kernel(up, x, k.shape, **asked(module.grad_kernel, options)), tk.grad)


def asked(function, options):
    """The options that a function takes; what its arrays tell, it does not ask for."""
    return {
        n: options[n] for n, p in signature(function).parameters.items() if p.kind is p.KEYWORD_ONLY and n in options
    }


@pytest.mark.torch
def test_forward_and_gradients_equal_autograd():
    pytest.importorskip("torch")
    image = photograph()
    seen = set()

    @settings(max_examples=250, deadline=None, database=None, derandomize=True)
    @given(configurations(), st.integers(0, 2**16))
    def check(layer, seed):
        rng = np.random.default_rng(seed)
        top, left = (rng.integers(0, 512 - side) for side in layer.sides)
        crop = image[:, top : top + layer.sides[0], left : left + layer.sides[1]]
        x = np.stack([crop, crop[::-1]])[:, np.arange(layer.groups * layer.per_group) % 3]
        k = rng.standard_normal((layer.groups * layer.outputs, layer.per_group, *layer.kernel))
        compared(x, k, layer.spec, layer.options, layer)
        seen.add(layer)

    check()
    assert len(seen) >= 200
    assert len({layer for layer in seen if layer.stride[0] != layer.stride[1]}) >= 100
    assert len({layer for layer in seen if layer.padding[0][0] != layer.padding[0][1]}) >= 100
    assert len({layer.spec for layer in seen}) >= 100


@pytest.mark.torch
def test_the_whole_photograph():
    pytest.importorskip("torch")
    rng = np.random.default_rng(1)
    x, k = photograph()[None], rng.standard_normal((6, 1, 5, 3))
    layer = Configuration(3, 1, 2, (5, 3), (3, 2), ((2, 0), (1, 3)), (2, 1), (512, 512), frozenset())
    compared(x, k, layer.spec, layer.options, layer)


@st.composite
def layers(draw):
    """A layer of any numbers, and its arrays: no images at all, rows of one pixel, kernels as large as the image."""

    def pair(low, high):
        return draw(st.tuples(st.integers(low, high), st.integers(low, high)))

    groups, per_group, outputs = draw(st.sampled_from([(1, 1, 1), (1, 3, 2), (2, 2, 3), (3, 1, 1), (1, 18, 17)]))
    kernel, stride, dilation, padding = pair(1, 6), pair(1, 4), pair(1, 3), (pair(0, 4), pair(0, 4))
    sides = tuple(
        max(1, d * (k - 1) + 1 - sum(p)) + draw(st.integers(0, 16))
        for k, d, p in zip(kernel, dilation, padding, strict=True)
    )
    return draw(st.integers(0, 5)), Configuration(
        groups, per_group, outputs, kernel, stride, padding, dilation, sides, frozenset()
    )


@pytest.mark.torch
def test_every_schedule_equals_autograd():
    torch = pytest.importorskip("torch")
    module = ModuleType("exported")
    exec(export(" ".join(["conv2d", *(f"--{n} {v}" for n, v in NAMES.items())])), module.__dict__)  # noqa: S102
    module.ACCURACY = "fast"
    met = set()

    @settings(max_examples=500, deadline=None, database=None, derandomize=True)
    @given(layers(), st.sampled_from([(np.float32, 3e-5), (np.float64, 1e-11)]), st.integers(0, 2**16))
    def check(drawn, kind, seed):
        (count, layer), (dtype, tolerance) = drawn, kind
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((count, layer.groups * layer.per_group, *layer.sides)).astype(dtype)
        k = rng.standard_normal((layer.groups * layer.outputs, layer.per_group, *layer.kernel)).astype(dtype)
        tx, tk = (torch.tensor(a.astype(np.float64), requires_grad=True) for a in (x, k))
        rows, columns = layer.padding
        ty = torch.nn.functional.conv2d(
            torch.nn.functional.pad(tx, (*columns, *rows)), tk, None, layer.stride, 0, layer.dilation, layer.groups
        )
        up = rng.standard_normal(tuple(ty.shape)).astype(dtype)
        ty.backward(torch.tensor(up.astype(np.float64)))
        for schedule in SCHEDULES:
            module.SCHEDULE = schedule
            for function, arguments, wanted in (
                (module.forward, (x, k), ty),
                (module.grad_input, (up, k, x.shape), tx.grad),
                (module.grad_kernel, (up, x, k.shape), tk.grad),
            ):
                found, exact = function(*arguments, **asked(function, layer.options)), wanted.detach().numpy()
                assert found.shape == exact.shape
                assert found.dtype == dtype
                scale = np.abs(exact).max(initial=1e-300)
                if schedule in TRANSFORMED and found.size:  # whose errors are those of all that a tile reads
                    scale = max(scale, *(np.abs(a).max(initial=0) for a in arguments[:2]))
                assert np.abs(found - exact).max(initial=0) <= tolerance * scale, (schedule, function.__name__)
        met.add(layer)

    check()
    assert len(met) >= 400
