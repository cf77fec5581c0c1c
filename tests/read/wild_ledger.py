"""What is right to say of every displayed equation of `derivations/wild`: documents as other people write them.

A row is a formula under the declarations beside it. `right` is the status that a reader who calculates by hand
arrives at, whatever the tool says; where two are equally right they stand with a slash between them. `slip` names the
one fault that half of the documents were given; `STYLES` says how each document is written, `SLIPS` of which class each
fault is.
"""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """One displayed equation."""

    document: str
    formula: str
    right: str
    says: str
    slip: str = ""


def _rows(document: str, *lines: tuple[str, str] | tuple[str, str, str]) -> tuple[Row, ...]:
    """The rows of one document, in its order."""
    return tuple(Row(document, f"eq{n}", *line) for n, line in enumerate(lines, 1))


WILD: tuple[Row, ...] = (
    *_rows(
        "average-pooling",
        ("proved", "an output is the mean of its window"),
        ("proved", "its derivative by a pixel is 1/k^2 inside the window, else 0"),
        ("refuted", "the gradient at a pixel is the sum over the windows that cover it, without 1/k^2", "sum for mean"),
        ("proved", "for s = k it is 1/k^2 times the gradient at the one window, 0 where none is"),
        ("proved", "the windows that cover a are ceil((a-k+1)/s) to floor(a/s)"),
        ("proved", "rows of the output"),
    ),
    *_rows(
        "backprop-through-a-layer",
        ("definition", "the pre-activation is a correlation with the activation of the layer below"),
        ("definition", "the activation is g of the pre-activation"),
        ("proved", "weight gradient"),
        ("proved", "bias gradient"),
        ("refuted", "the full correlation of dz with the kernel as it is", "missing flip"),
        ("proved", "through the activation"),
    ),
    *_rows(
        "centred-filter",
        ("definition", "convolution with a filter on -q..q, zeros outside"),
        ("proved", "the chain rule, then g at t-s, then the sum over the filter"),
        ("proved", "filter gradient"),
        ("definition", "the filter turned about its origin"),
        ("proved", "forward in one sign: same, about the origin of the filter"),
        ("proved", "backward in one sign"),
    ),
    *_rows(
        "channels-first",
        ("proved", "the entry of a correlation with channels"),
        ("proved", "filter gradient: over the batch and all positions"),
        ("refuted", "image gradient, with o over the input channels", "wrong channel bound"),
        ("not_a_claim", "a loop that scatters, with +="),
        ("proved", "a plane of the filter gradient is a sum of correlations of planes"),
        ("proved", "rows and columns of the output"),
    ),
    *_rows(
        "channels-last-with-stride",
        ("definition", "strided correlation, row, column, channel"),
        ("refuted", "filter gradient, reading the input at i+u", "stride dropped"),
        ("proved", "an output by a pixel is an entry of the filter, 0 outside"),
        ("proved", "image gradient over the outputs"),
        ("proved", "image gradient over the filter entries of which s divides the distance"),
    ),
    *_rows(
        "convolution-as-a-matrix",
        ("proved", "vec of the output is T vec of the image"),
        ("proved", "the gradient goes back through the transpose"),
        ("proved", "the same with whole gradients"),
        ("refuted", "kernel gradient; image gradient with K_{v,u}", "kernel index transposed"),
        ("definition", "the matrix of windows, columns below each other"),
        ("proved", "vec of the output is P vec of the kernel"),
    ),
    *_rows(
        "dense-layer-in-columns",
        ("proved/definition", "z = Wx + b, a = sigma(z)"),
        ("proved", "delta is dJ/da times the slope, entry by entry"),
        ("proved", "the slope of the sigmoid from its value"),
        ("proved", "weight gradient: an outer product"),
        ("proved", "bias gradient: delta"),
        ("ill_formed", "a W of m rows and n columns times a delta of m entries", "lost transpose"),
        ("proved", "the same by entries, with W_ij"),
    ),
    *_rows(
        "gradienten-einer-faltung",
        ("definition", "correlation, with the range of i and j"),
        ("proved", "kernel gradient"),
        ("proved", "an output by a pixel: a kernel entry inside the window, else 0"),
        ("refuted", "image gradient, reading the output at p+a", "i+a for i-a"),
        ("proved", "the sum of the image gradient is the product of two sums"),
        ("proved", "rows and columns of the output"),
    ),
    *_rows(
        "image-and-filter",
        ("proved/definition", "the output is the correlation of image and filter"),
        ("proved", "filter gradient: image correlated with the gradient above, valid"),
        ("proved", "image gradient: full convolution"),
        ("proved", "filter gradient by the chain rule, by entries"),
        ("ill_formed", "a and b are free on the left and bound on the right; nothing binds i and j", "captured index"),
        ("proved", "image gradient over the outputs"),
        ("proved", "image gradient: full correlation with the turned filter"),
    ),
    *_rows(
        "jacobians-of-a-relu-layer",
        ("definition", "y = Wx, h = max(0, y)"),
        ("proved", "the Jacobian of y by x is W"),
        ("proved", "h_i by y_k: a step, on the diagonal"),
        ("proved", "the same as a diagonal matrix"),
        ("proved", "chain rule for Jacobians, then diag(step) W"),
        ("proved", "h_i by x_j: W_ij where y_i is positive"),
        ("proved", "the gradient of the loss: the transpose times the masked gradient"),
    ),
    *_rows(
        "kernel-slides-over-a-signal",
        ("proved", "correlation, in one sign and as a sum"),
        ("proved", "an output by a weight, and by a sample"),
        ("proved", "weight gradient"),
        ("proved", "the same in one sign: kernel first, valid"),
        ("proved", "signal gradient over the kernel"),
        ("proved", "signal gradient over the outputs, with the bounds in the sum"),
    ),
    *_rows(
        "linear-layer-in-rows",
        ("definition", "scores, an example a row"),
        ("definition", "half the mean squared distance"),
        ("definition/proved", "G is dL/dS = (S-T)/N"),
        ("proved", "dL/dW = X^T G, dL/dX = G W^T"),
        ("proved", "bias gradient: the sum of G, and written out"),
        ("proved", "one weight, written out"),
    ),
    *_rows(
        "max-pooling",
        ("definition", "the maximum over a window; windows side by side"),
        ("definition", "its position"),
        ("proved", "an output by a pixel: 1 at the position of the maximum"),
        ("proved", "chain rule over all outputs"),
        ("proved", "one term is left, 0 where no window is"),
        ("proved/definition", "rows of the output: floor((H-k)/k) + 1 = floor(H/k)"),
    ),
    *_rows(
        "output-sizes",
        ("proved", "rows: the 1 inside the floor"),
        ("proved", "columns"),
        ("definition/proved", "the extent of a dilated kernel"),
        ("refuted", "rows, with p for 2p", "missing padding"),
        ("proved", "rows, with a ceiling"),
        ("proved", "p = (k-1)/2 keeps the rows, for s = d = 1"),
        ("proved", "rows of a transposed convolution"),
    ),
    *_rows(
        "retropropagation",
        ("definition", "the side of the output"),
        ("definition", "correlation with stride, padding and bias"),
        ("proved", "kernel gradient, and what delta is"),
        ("proved", "bias gradient"),
        ("proved", "an output by a pixel: a kernel entry inside the window, else 0"),
        ("proved", "image gradient over the outputs"),
    ),
    *_rows(
        "softmax-and-cross-entropy",
        ("definition", "softmax"),
        ("definition", "cross-entropy"),
        ("proved", "softmax by its input, in two cases"),
        ("proved", "the same with Kronecker's delta"),
        ("proved", "dL/dz_j = p_j times the sum of t, minus t_j"),
        ("proved/refuted", "dL/dz_j = p_j - t_j: true if the targets sum to one, which the block does not say"),
        ("proved", "the probabilities sum to one"),
        ("proved", "the entries of dL/dz sum to zero"),
    ),
    *_rows(
        "transposed-convolution",
        ("proved", "every input entry adds a scaled kernel"),
        ("proved", "its extent"),
        ("proved", "input gradient"),
        ("proved", "kernel gradient"),
        ("definition", "s-1 zeros between neighbours"),
        ("proved", "the full convolution of that with the kernel"),
        ("proved", "input gradient: every s-th entry of a correlation"),
    ),
    *_rows(
        "true-convolution",
        ("definition", "the kernel is read from its end"),
        ("proved", "that is valid convolution"),
        ("proved", "an output by a weight"),
        ("proved", "kernel gradient"),
        ("refuted", "image gradient with x where w belongs", "wrong tensor"),
        ("proved", "image gradient: full correlation with the kernel as it is"),
    ),
    *_rows(
        "two-convolution-layers",
        ("proved/definition", "two layers"),
        ("proved/definition", "delta of the second"),
        ("proved", "kernel gradient of the second"),
        ("proved", "gradient between the layers: full, with the turned kernel"),
        ("proved", "delta of the first"),
        ("proved", "kernel gradient of the first"),
    ),
    *_rows(
        "valid-convolution-from-one",
        ("definition", "valid convolution, counted from 1"),
        ("proved", "the same in one sign"),
        ("proved", "the same over the samples"),
        ("proved", "an output by a tap"),
        ("proved", "tap gradient over the outputs"),
        ("ill_formed", "tap gradient over the samples, one too many: y and x are read outside", "range one too long"),
        ("proved", "sample gradient, with the bounds in the sum"),
    ),
    *_rows(
        "ways-to-turn-a-kernel",
        ("definition", "the turned kernel by entries"),
        ("proved", "rot180, and two flips"),
        ("proved", "image gradient, with full written at the sign"),
        ("proved", "image gradient, with the kernel turned by a superscript"),
        ("proved", "image gradient by entries of the whole gradient"),
        ("proved", "kernel gradient"),
        ("proved", "turned twice is not turned"),
    ),
)

STYLES = {
    "average-pooling": "exam notes; steps s, brackets as indicators, ceilings",
    "backprop-through-a-layer": "course summary; layers in square brackets, dz for a gradient",
    "centred-filter": "article; indices from -q to q, aligned steps",
    "channels-first": "code notes; X[n,c,i,j], slices, a loop with +=",
    "channels-last-with-stride": "port of a model; X(i,j,c), divisibility below a sum",
    "convolution-as-a-matrix": "article; vec, a Toeplitz matrix, windows as columns",
    "dense-layer-in-columns": "reading notes; column vectors, outer products",
    "gradienten-einer-faltung": "German exercise; cases with falls and sonst",
    "image-and-filter": "lab notes; signs for operations, conv(A, B)",
    "jacobians-of-a-relu-layer": "notes; Jacobians, numerator layout, diag, steps",
    "kernel-slides-over-a-signal": "lecture; one dimension, max and min as limits",
    "linear-layer-in-rows": "assignment; a batch with examples as rows, transposes",
    "max-pooling": "blog post; max, arg max, starred positions",
    "output-sizes": "cheat sheet; floors, ceilings, dilation",
    "retropropagation": "French course sheet; stride, padding and bias, où and sinon",
    "softmax-and-cross-entropy": "blog post; exponentials, Kronecker's delta",
    "transposed-convolution": "blog post; stride, zeros between neighbours",
    "true-convolution": "notebook; the kernel read from its end",
    "two-convolution-layers": "forum answer; layers in parentheses, whole tensors",
    "valid-convolution-from-one": "handout; indices from 1, no read leaves an array",
    "ways-to-turn-a-kernel": "collection; rot, flips, tildes, entries of gradients",
}
SLIPS = {
    "i+a for i-a": "a position",
    "stride dropped": "a position",
    "kernel index transposed": "a position",
    "captured index": "a position",
    "wrong channel bound": "a bound",
    "range one too long": "a bound",
    "missing flip": "a turn",
    "lost transpose": "a turn",
    "sum for mean": "a factor",
    "wrong tensor": "a tensor",
    "missing padding": "a size",
}
