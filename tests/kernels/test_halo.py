"""Halos read off formulas: counted by plain loops, and "tiles with halo = whole" proved for all sizes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import product
from random import Random

import pytest

from symconv.calculus.gradient import gradient, upstream
from symconv.evidence import judge
from symconv.kernels.cases import value_at
from symconv.kernels.halo import cuts_of, reach_of, reads_of
from symconv.kernels.nest import nests_of
from symconv.kernels.stages import program_of
from symconv.kernels.targets.dask_theorem import claims_of, claims_of_all
from symconv.kernels.targets.dask_tiles import AxisReach, tiling_of
from symconv.ops.correlate import correlate
from symconv.proof.problem import equation
from symconv.proof.prove import prove
from symconv.proof.verdict import Status
from symconv.specs import parse_spec
from symconv.term.polynomial import Poly, Size
from symconv.term.substitution import replace_tensors
from symconv.term.tensor import Axis, Leaf, define, sizes_in
from symconv.term.value import Apply, Entry, Function, Position, Range, at_least, bracket, equal, multiply, total

pytestmark = pytest.mark.targets  # in the job that runs beside the README's tests

H, r, m, s, d = (Poly.of(Size(name, 1)) for name in ("H", "r", "m", "s", "d"))
p = Poly.of(Size("p", 0))
X, K, G = (Leaf(name, (Axis.of(n),)) for name, n in (("X", H), ("K", r), ("G", H)))


def functions(spec):
    """Forward and every gradient of a SPEC, by name."""
    parsed = parse_spec(spec, words=True)
    f = parsed.output
    yield "forward", f
    for leaf in parsed.leaves:
        yield f"grad_{leaf.name}", gradient(f, leaf, upstream(f, "upstream"))


def stages(spec):
    for name, tensor in functions(spec):
        for stage in program_of(tensor).stages:
            yield name, stage


# -- intervals ---------------------------------------------------------------------------


def test_the_interval_of_a_correlation():
    (nest,) = nests_of(correlate(X, K, stride=s, padding=p, dilation=d))
    positions = next(read.positions for read in reads_of(nest) if read.leaf == X)
    reach = reach_of(positions[0], "i", nest.counts)
    first, count = reach.interval(Poly.of("i"), m)
    assert first == s * Poly.of("i") - p
    assert count == s * (m - 1) + d * (r - 1) + 1
    assert reach.halo() == d * (r - 1) + 1 - s


def test_no_interval_where_the_position_is_not_affine_or_falls():
    i, u = Poly.of("i"), Poly.of("u")
    counts = {"i": H, "u": r}
    assert reach_of(i * u, "i", counts) is None
    assert reach_of(i // 2, "i", counts) is None
    assert reach_of(H - 1 - i, "i", counts) is None
    assert reach_of(u, "i", counts) is None


def value(poly, sizes, at):
    return value_at(poly.substitute({n: Poly.of(k) for n, k in at.items()}), sizes)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("spec", ["conv1d --stride s --padding p --dilation d", "transposed1d --stride s --padding p"])
def test_the_interval_is_what_loops_reach(spec, seed):
    """Every loop of every nest, every block: the least and the greatest position, counted."""
    random = Random(seed)
    options = {
        "s": random.randint(1, 4),
        "p": random.randint(0, 3),
        "d": random.randint(1, 3),
        "r": random.randint(1, 4),
    }
    for _, tensor in functions(spec):
        (nest,) = nests_of(tensor)
        positions = (*nest.positions, *(q for read in reads_of(nest) for q in read.positions))
        named = {size for poly in (*nest.counts.values(), *positions) for size in sizes_in(Position(poly))}
        sizes = {size: options.get(size.name, 13) for size in named}
        for position in positions:
            for index in position.names():
                reach = reach_of(position, index, nest.counts)
                low, length = random.randint(0, 3), random.randint(1, 4)
                first, count = reach.interval(Poly.of(low), Poly.of(length))
                others = sorted(position.names() - {index})
                reached = {
                    value(position, sizes, {index: x, **dict(zip(others, at, strict=True))})
                    for x in range(low, low + length)
                    for at in product(*(range(value_at(nest.counts[n], sizes)) for n in others))
                }
                assert min(reached) == value_at(first, sizes)
                assert max(reached) == value_at(first + count - 1, sizes)


# -- which loops are cut --------------------------------------------------------------------


CUTS = {
    # written: axes of the result whose tiles are made one by one; summed: loops whose parts are added
    ("conv2d --stride s --padding p --dilation d --groups g", "forward"): ([0, 2, 3], 0),
    ("conv2d --stride s --padding p --dilation d --groups g", "grad_kernel"): ([], 3),
    ("conv2d --stride s --padding p --dilation d --groups g", "grad_input"): ([0, 2, 3], 0),
    ("conv2d --mode full", "forward"): ([0, 1, 2, 3], 1),
    ("conv2d --channels 1,1 --kernel 3", "grad_kernel"): ([0, 1], 3),
    ("transposed2d --stride 2 --padding 1", "forward"): ([0, 1, 2, 3], 1),
    ("maxpool2d --kernel 3 --stride 2", "forward"): ([0, 1, 2, 3], 0),
    ("maxpool2d --kernel 3 --stride 2", "grad_input"): ([0, 1, 2, 3], 0),
}


@pytest.mark.parametrize(("spec", "name"), CUTS)
def test_the_image_is_cut_and_the_taps_are_not(spec, name):
    (stage,) = (stage for found, stage in stages(spec) if found == name)
    tiling = tiling_of(stage)
    written = [axis for axis, write in enumerate(tiling.writes) if write is not None]
    assert (written, len(tiling.counts)) == CUTS[spec, name]


def test_a_scatter_needs_a_factor_that_ends_with_its_loop():
    """Without one, indices outside the loop would add something: the loop is not cut."""
    q, u = Poly.of("q"), Poly.of("u")
    ranges = (Range.upto("q", H), Range.upto("u", r))

    def spread(*factors):
        return define("y", (H + r - 1,), lambda a: total(ranges, multiply(bracket(equal(a, q + u)), *factors)))

    def cut(tensor):
        (nest,) = nests_of(tensor)
        return [c.index for c in cuts_of(nest, tensor.shape).values() if c.axis is not None]

    assert cut(spread(K[u], X[q]))
    assert not cut(spread(K[u]))
    assert not cut(spread(K[u], X[q + 1]))
    assert not cut(spread(K[u], Apply(Function("exp"), X[q])))


# -- tiles with halo = whole, for all sizes ---------------------------------------------------


PROVED = [
    "conv1d --stride s --padding p --dilation d",
    "conv2d --stride s --padding p --dilation d",
    "conv2d --stride 2 --padding 1 --dilation 3 --channels 1,1 --kernel 3",
    "conv2d --mode full",
    "conv2d --bias",
    "transposed2d --stride 2 --padding 1",
    "transposed1d --stride s --padding p",
    "depthwise2d --stride s",
    "avgpool2d --stride 2 --kernel 3 --padding 1",
]


def claims(spec):
    for name, stage in stages(spec):
        for claim in claims_of(stage, tiling_of(stage)):
            yield name, claim


def problem_of(claim):
    return equation(claim.left, claim.right, claim.free, claim.assuming)


@pytest.mark.parametrize("spec", PROVED)
def test_tiles_with_halo_are_the_whole(spec):
    """Of any first index and any length, so that chunks need neither be equal nor divide anything."""
    found = defaultdict(list)
    for name, claim in claims(spec):
        prove(problem_of(claim))  # raises where it is not proved
        found[name].append(claim.title)
    assert found["forward"][0] == "tiles with halo = whole"
    if "conv" in spec or "transposed" in spec:
        assert any(title.startswith("sum over") for title in found["grad_kernel"])


def test_everything_that_a_module_rests_on_is_proved():
    tensors = [tensor for _, tensor in functions("conv1d --stride s --padding p --dilation d --groups g")]
    found = list(claims_of_all(tensors))
    assert len(found) == 3 + 2  # a claim for each function, and one for each sum that the kernel gradient is cut along
    for claim in found:
        prove(problem_of(claim))


def test_the_windows_of_a_maximum_are_the_same_in_a_tile():
    """Each entry that the maximum is taken of; equal windows have equal maxima."""
    claim = next(claim for name, claim in claims("maxpool2d --kernel 3 --stride s") if name == "forward")
    prove(problem_of(claim))


def short(tiling, by):
    """The same tiling with halos that are too short."""

    def axis(reach):
        if reach is None or (reach.step == Poly.of(1) and reach.halo.is_zero):
            return reach
        return AxisReach(reach.label, reach.step, reach.first, reach.halo - by)

    operands = []
    for operand in tiling.operands:
        axes = tuple(map(axis, operand.axes))
        shape = [
            old if new == reach else Axis.of(old.extent - by)
            for old, new, reach in zip(operand.block.axes, axes, operand.axes, strict=True)
        ]
        block = Leaf(operand.block.name, tuple(shape))
        operands.append((operand, replace(operand, block=block, axes=axes)))
    images = {old.block: new.block for old, new in operands}
    formula = replace(tiling.formula, body=replace_tensors(tiling.formula.body, images))
    return replace(tiling, formula=formula, operands=tuple(new for _, new in operands))


@pytest.mark.parametrize("name", ["forward", "grad_input", "grad_kernel"])
def test_a_halo_that_is_one_too_short_is_refuted(name):
    (stage,) = (stage for found, stage in stages("conv1d --padding 1 --channels 1,1 --kernel 3") if found == name)
    wrong = short(tiling_of(stage), 1)
    verdicts = [judge(problem_of(claim)).status for claim in claims_of(stage, wrong)]
    assert Status.REFUTED in verdicts


# -- the same for equal tiles, written out by hand ---------------------------------------------


def test_equal_tiles_written_out_by_hand():
    """Tiles of m outputs, each from m + (r - 1) s entries of the image: tile i // m, entry i mod m."""
    whole = correlate(X, K, stride=s)
    count, reach = (whole.shape[0] + m - 1) // m, m * s + r - s
    parts = define("parts", (count, reach), lambda t, j: X[t * m * s + j], indices=("t", "j"))
    tile = define(
        "tile",
        (count, m),
        lambda t, e: total((Range.upto("u", r),), multiply(K["u"], parts[t, s * e + "u"])),
        indices=("t", "e"),
    )
    i = Poly.of("i")
    right = Entry(tile, (i // m, i % m))
    prove(equation(whole[i], right, (Range.upto("i", whole.shape[0]),)))


def test_the_sum_over_all_outputs_is_the_sum_over_tiles_of_their_sums():
    """Of the products that make one entry of a kernel gradient; the last tile may be shorter."""
    i, t, e, u = map(Poly.of, "iteu")
    out = (H - r) // s + 1
    G = Leaf("G", (Axis.of(out),))
    left = total((Range.upto("i", out),), multiply(G[i], X[s * i + u]))
    place = t * m + e
    tile = multiply(bracket(at_least(out - 1, place)), G[place], X[s * place + u])
    right = total((Range.upto("t", (out + m - 1) // m),), total((Range.upto("e", m),), tile))
    prove(equation(left, right, (Range.upto("u", r),), (at_least(H, r),)))
