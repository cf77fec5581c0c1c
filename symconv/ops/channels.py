"""Operations that backward passes of layers with channels are made of.

`swap_channels` exchanges input and output channels of a kernel, group by
group; `correlate_pairs` correlates every input map with every map of another
stack, summed over the batch.
"""

from __future__ import annotations

from symconv.errors import ShapeError
from symconv.ops.correlate import KERNEL_NAMES, geometry
from symconv.ops.window import amount, check_positive, needed, read
from symconv.term.polynomial import Poly, PolyLike
from symconv.term.tensor import Call, Defined, Tensor, define
from symconv.term.value import Range, Value, at_least, multiply, total


def swap_channels(k: Tensor, groups: PolyLike = 1) -> Defined:
    """[g*Og, Cg, r..] -> [g*Cg, Og, r..]: input and output channels of each group change places.

    >>> import symconv as sc
    >>> O, C, r, c = sc.sizes("O C r c")
    >>> sc.swap_channels(sc.tensor("K", O, C, r, c)).shape
    (C, O, r, c)
    """
    place = f"swap_channels({k.name})"
    groups = amount(groups, place, "groups")
    check_positive((groups,), place, "groups")
    if not 3 <= k.rank <= 5:
        raise ShapeError(place, f"a kernel of shape {k.shape}", "[O, C, r..]", "give the kernel channel axes")
    outputs, within = k.shape[0].divided_by(groups), k.shape[1]
    if outputs is None:
        raise ShapeError(
            place, f"{k.shape[0]} output channels in {groups} groups", "a multiple", "change one of the two"
        )

    def entry(*index: Poly) -> Value:
        c, o, taps = index[0], index[1], index[2:]
        if groups == 1:
            return k[(o, c, *taps)]
        return k[((c // within) * outputs + o, c % within, *taps)]

    return define(
        place,
        (groups * within, outputs, *k.shape[2:]),
        entry,
        indices=("c", "o", *KERNEL_NAMES[k.rank - 2]),
        call=Call("swap_channels", (k,), (("groups", groups),)),
    )


def correlate_pairs(
    x: Tensor,
    g: Tensor,
    stride: object = 1,
    padding: object = 0,
    dilation: object = 1,
    groups: PolyLike = 1,
) -> Defined:
    """Every map of x under every map of g: entry (o, c) correlates x's map c with g's map o.

    x [C, H..] and g [O, h..], or [N, C, H..] and [N, O, h..], summed over the batch.  With groups,
    c counts within the group of o.  Shape: [O, C/groups, H' ..].

    >>> import symconv as sc
    >>> C, H, O, h = sc.sizes("C H O h")
    >>> sc.correlate_pairs(sc.tensor("X", C, H), sc.tensor("G", O, h)).shape
    (O, C, H - h + 1)
    """
    place = f"correlate_pairs({x.name}, {g.name})"
    groups = amount(groups, place, "groups")
    check_positive((groups,), place, "groups")
    if not (x.rank >= 2 and g.rank >= 2):
        raise ShapeError(place, f"shapes {x.shape} and {g.shape}", "[C, H..] with [O, h..]", "give both channel axes")
    batched = x.rank == g.rank and x.rank >= 3 and x.axes[0] == g.axes[0]
    leading = 2 if batched else 1
    n = x.rank - leading
    within, outputs = x.shape[leading - 1].divided_by(groups), g.shape[leading - 1].divided_by(groups)
    if x.rank != g.rank or not 1 <= n <= 3 or within is None or outputs is None:
        raise ShapeError(
            place,
            f"shapes {x.shape} and {g.shape} in {groups} groups",
            "[C, H..] with [O, h..], or [N, C, H..] with [N, O, h..], C and O multiples of the groups",
            "change the shapes or the groups",
        )
    image, window = x.shape[leading:], g.shape[leading:]
    options = geometry(image, window, stride, padding, dilation, None, place)
    names = ("i", "j", "k")[:n]

    def entry(*index: Poly) -> Value:
        o, c, taps = index[0], index[1], index[2:]
        first = Poly.of(0) if groups == 1 else (o // outputs) * within
        places = tuple(map(Poly.of, names))
        at = tuple(
            s * u + d * i - p
            for s, u, d, i, (p, _) in zip(options.stride, taps, options.dilation, places, options.padding, strict=True)
        )
        batch: tuple[Poly, ...] = (Poly.of("n"),) if batched else ()
        ranges = [Range.upto("n", x.shape[0])] if batched else []
        ranges += [Range.upto(i, h) for i, h in zip(names, window, strict=True)]
        return total(tuple(ranges), multiply(g[(*batch, o, *places)], read(x, (*batch, first + c, *at))))

    return define(
        place,
        (g.shape[leading - 1], within, *options.output(image, window)),
        entry,
        indices=("o", "c", *KERNEL_NAMES[n]),
        call=Call(
            "correlate_pairs",
            (x, g),
            (
                ("stride", options.stride),
                ("padding", options.padding),
                ("dilation", options.dilation),
                ("groups", groups),
            ),
        ),
        requires=needed(*(at_least(f, 0) for f in options.slack(image, window))),
    )
