"""What is right to say of every displayed equation of the five source documents, in `derivations/seeds`.

A row is a formula as it is printed, with its faults, under the declarations beside it. `right` is the status that a
reader who calculates by hand arrives at; where two are equally right they stand with a slash between them: an
equation that settles a name is a definition, or proved if a line of the block settles it before; an index that
nothing binds is ill-formed, or refuted where a line of the block gives it a range. `erratum` is the number of the
fault, or of the condition that is not stated, in the list of errata of the sources.
"""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """One displayed equation."""

    document: str
    formula: str
    place: str  # the number of the equation in its source, or its line there
    right: str
    says: str
    erratum: str = ""

    @property
    def statuses(self) -> tuple[str, ...]:
        return tuple(self.right.split("/"))


def _rows(document: str, *lines: tuple[str, str, str] | tuple[str, str, str, str]) -> tuple[Row, ...]:
    """The rows of one document, in its order."""
    return tuple(Row(document, f"eq{n}", *line) for n, line in enumerate(lines, 1))


LEDGER: tuple[Row, ...] = (
    *_rows(
        "seed-0",
        ("line 7", "proved", "one-dimensional convolution is the sum of f[k] g[t-k]"),
        ("line 19", "proved", "two-dimensional convolution, the sum of I[m,n] G[x-m,y-n]"),
        ("line 23", "proved", "the same with image and filter changing places: it commutes"),
        ("line 34", "refuted", "the sum over a window and three colours is convolution; it is correlation", "X05"),
        ("line 64", "not_a_claim", "an edge detector with n rows -1, 0, 1", "X06"),
        ("line 76", "proved", "chain rule by an entry of the filter, summed over the output"),
        ("line 80", "proved", "chain rule by an entry of the image, summed over the output"),
        ("line 86", "ill_formed", "an output by a filter entry of colour c, of a sum that binds c again", "X09"),
        ("line 87", "proved", "that derivative is I_c[i+x, j+y]", "X11"),
        ("line 91", "ill_formed", "an output by a pixel of colour c, of a sum that binds c again", "X09"),
        ("line 92", "proved", "that derivative is G_c[x-i, y-j], 0 outside the filter"),
        ("(1)", "proved", "filter gradient: the sum of df/dL[i,j] I_c[i+x, j+y]", "X11"),
        ("(2)", "proved", "that sum is df/dG_c[x,y]"),
        ("line 105", "proved", "image gradient: the sum of df/dL[i,j] G_c[x-i, y-j]"),
        ("line 106", "proved", "that sum is df/dI_c[x,y]"),
        ("line 125", "refuted", "max pooling with stride s reads at x+a, y+b; it reads at s x+a, s y+b", "X07"),
    ),
    *_rows(
        "seed-1-a",
        ("(8.1)", "definition", "the impulse: 1 at (0,0), else 0"),
        ("(8.2)", "definition", "the impulse response: the image that W makes of the whole impulse"),
        ("(8.3)", "proved", "an image is the sum of its points times shifted impulses"),
        ("(8.4)", "proved", "by linearity W acts on each impulse; W of a whole image, read at (m,n)"),
        ("(8.5)", "proved", "by invariance that is the sum of p_ij w_{m-i,n-j}"),
        ("(8.6)", "proved", "and the sum of w_ij p_{m-i,n-j}"),
        ("(8.7)", "proved", "Z = P * W = W * P, the full convolution"),
        ("(8.8)", "definition", "convolution with a kernel on 0..r-1, 0..c-1"),
        ("(8.9)", "definition", "cross-correlation with such a kernel"),
        ("(8.10)", "proved", "that is the valid correlation, kernel first"),
        ("(8.11)", "proved", "a 2x2 kernel on a 3x3 image, as matrices of entries"),
        ("(8.12)", "proved", "the same as a 4x9 matrix times the stacked columns"),
    ),
    *_rows(
        "seed-1-b",
        ("(8.13)", "definition", "cross-correlation with indices from 1"),
        ("(8.14)", "proved", "rows of the output: R_r - r + 1"),
        ("(8.15)", "proved", "columns of the output: R_c - c + 1"),
        ("(8.16)", "proved", "rows with padding: R_r + 2 P - r + 1"),
        ("(8.17)", "proved", "columns with padding"),
        ("(8.18)", "refuted", "rows with a stride, where the quotient need not be an integer", "X38"),
        ("(8.19)", "refuted", "columns with a stride, where the quotient need not be an integer", "X38"),
        ("(8.20)", "definition", "a map is the sum over the input maps and the kernel", "X45"),
        ("(8.21)", "proved", "the same with whole maps: a sum of correlations"),
        ("(8.22)", "definition", "average pooling: a window sum times w", "X42"),
        ("(8.23)", "definition/proved", "the sign for it", "X42"),
        ("(8.24)", "definition", "max pooling: the maximum over a window"),
        ("(8.25)", "definition/proved", "the sign for it"),
        ("(8.26)", "definition/proved", "vec: the columns of the first map to the last, below each other"),
    ),
    *_rows(
        "seed-1-c",
        ("(8.27)", "definition/proved", "the sensitivity is the derivative of F by the net input"),
        ("(8.28)", "definition/proved", "dN, dA, dZ, dW, db are the derivatives of F by these", "X45"),
        ("(8.29)", "not_a_claim", "the way back through a layer"),
        ("(8.30)", "not_a_claim", "the way to the bias"),
        ("(8.31)", "not_a_claim", "the way to the weights"),
        ("(8.32)", "definition/proved", "the net input is the weighted input plus one number b, for whole matrices"),
        ("(8.33)", "definition/proved", "the same by entries"),
        ("(8.34)", "proved", "dlz = dF/dlz = dn/dlz dF/dn = 1 dF/dn = dn"),
        ("(8.35)", "proved", "the same for whole matrices"),
        ("(8.36)", "proved", "db is the sum of dn"),
        ("(8.37)", "proved", "db is the window sum of dN over the whole map (ave means sum)", "X42"),
        ("(8.38)", "definition/proved", "the weighted input of map h: sum over the input maps and the kernel", "X45"),
        ("(8.39)", "refuted", "da by the chain rule, with h over the maps of layer n; it runs over those of m", "X43"),
        ("(8.40)", "proved", "dlz/da is an entry of the kernel, if the window covers the pixel, else 0"),
        ("(8.41)", "refuted", "da as a double sum over outputs, h over the maps of layer n", "X43 X44"),
        ("(8.42)", "definition", "i' stands for i + r - u'"),
        ("(8.43)", "definition", "j' stands for j + c - v'"),
        ("(8.44)", "refuted", "da with the kernel from its end, h over the maps of layer n", "X43 X44 X45"),
        ("line 427", "not_a_claim", "a table: forward on the left, backward on the right"),
        ("(8.45)", "ill_formed", "dA as a sum over l, which is free on the left; nothing binds h", "X43 X46 X47"),
        ("(8.46)", "proved", "dlw by the chain rule over all outputs"),
        ("(8.47)", "proved", "dlw is the sum of dz_ij a_{i+u-1,j+v-1}", "X45"),
        ("(8.48)", "proved", "dLW is the valid correlation of A with dLZ"),
        ("(8.49)", "proved", "dn = dF/dn = da/dn dF/da, an elementwise activation", "X48"),
        ("(8.50)", "definition/proved", "da is dF/da"),
        ("(8.51)", "proved", "da/dn is the derivative of the activation", "X48"),
        ("(8.52)", "proved", "dn is that times da", "X48"),
        ("(8.53)", "proved", "the same for whole matrices, entry by entry", "X48"),
    ),
    *_rows(
        "seed-1-d",
        ("line 511", "definition", "convolution with indices from 1, reading p_{m-i+1,n-j+1}", "X49"),
        ("line 515", "proved", "Z = W * P"),
        ("line 520", "definition", "correlation with indices from 1"),
        ("line 524", "proved", "that is the valid correlation, kernel first"),
        ("line 532", "refuted", "rows with a stride, where the quotient need not be an integer", "X38"),
        ("line 534", "refuted", "columns with a stride, where the quotient need not be an integer", "X38"),
        ("line 538", "definition", "(8.20) again", "X45"),
        ("line 542", "proved", "(8.21) again"),
        ("line 546", "definition", "(8.22) again", "X42"),
        ("line 551", "definition/proved", "(8.23) again", "X42"),
        ("line 555", "definition", "(8.24) again"),
        ("line 560", "definition/proved", "(8.25) again"),
        ("line 577", "proved", "dlz is dn, by entries"),
        ("line 579", "proved", "dLZ is dN"),
        ("line 583", "proved", "db is the sum of dn"),
        ("line 585", "proved", "(8.37) again", "X42"),
        ("line 589", "refuted", "(8.44) again, with dlz", "X43 X44"),
        ("line 591", "ill_formed", "(8.45) again", "X43 X46 X47"),
        ("line 595", "proved", "(8.47) again, with dlz"),
        ("line 597", "proved", "(8.48) again"),
        ("line 601", "proved", "(8.52) again", "X48"),
        ("line 603", "proved", "(8.53) again", "X48"),
    ),
    *_rows(
        "seed-1-e",
        ("line 613", "definition", "convolution, the sum over all entries of w"),
        ("line 617", "proved", "the same, the sum over all entries of p"),
        ("line 633", "not_a_claim", "the steps from w to w turned and shifted"),
        ("line 680", "definition/proved", "the kernel of a shift, with its origin at the lower left", "X51"),
        ("line 686", "ill_formed/refuted", "da is dlz_ij dlz_ij/da without a sum; i and j are bound by nothing", "X53"),
        ("line 690", "not_a_claim", "the factor that is left"),
        ("line 694", "definition/proved", "average pooling with the weight lw", "X42"),
        ("line 698", "refuted", "dlz^h/da^l is lw inside the window for all maps l; only for l = h", "X53"),
        ("line 702", "proved", "dA is dLZ with every entry expanded to a window, times lw", "X52 X54"),
        ("line 710", "proved", "dlw by the chain rule over all outputs"),
        ("line 714", "proved", "dlw is the sum of dlz times the window sums"),
        ("line 719", "proved", "the same with the signs for window sums (ave means sum)", "X42"),
    ),
    *_rows(
        "seed-2",
        ("line 17", "proved", "rows of the map, where s divides"),
        ("line 19", "proved", "columns of the map, where s divides"),
        ("line 21", "proved", "one channel, of one kernel over all channels of the image", "X20"),
    ),
    *_rows(
        "seed-3",
        ("line 12", "definition", "convolution with a kernel on -l..l"),
        ("line 48", "ill_formed", "with channels: one index of x for three, and c bound by nothing", "X12"),
        ("line 52", "ill_formed", "with several maps: the same, and w without f", "X12 X13"),
        ("line 57", "definition", "convolution with a kernel on -l..l"),
        ("line 59", "proved", "the sum written out, with an ellipsis"),
        ("line 63", "proved", "two chain rules, by x and by w"),
        ("line 65", "proved", "dy_i/dx_{i+l} = w_{-l}, and so on to dy_i/dx_{i-l} = w_l"),
        ("line 75", "proved", "dc/dx_i as a sum over the outputs i-l..i+l, with an ellipsis"),
        ("line 79", "refuted", "dy_{i-l}/dx_i = w_l and dy_{i+l}/dx_i = w_{-l}; they change places", "X14"),
        ("line 84", "refuted", "dc/dx_i as a row of two times a column of two; the middle is lost", "X15"),
        ("line 165", "proved", "291600 multiplications in the layer"),
        ("line 171", "proved", "24,300 multiplications by channel"),
        ("line 175", "proved", "32,400 multiplications to mix the channels"),
        ("line 177", "proved", "56,700 together"),
        ("line 181", "proved", "324 parameters in the layer"),
        ("line 183", "refuted", "144 parameters in the separated one; there are 63", "X26"),
        ("line 260", "proved", "3 times a 2x2 matrix"),
        ("line 262", "proved", "4 times a 2x2 matrix"),
        ("line 266", "not_a_claim/not_understood", "tables side by side, and the first placed copy"),
        ("line 268", "not_a_claim/not_understood", "the second placed copy"),
        ("line 270", "not_a_claim/not_understood", "the third placed copy"),
        ("line 272", "not_a_claim/not_understood", "the fourth placed copy"),
        ("line 274", "not_a_claim/not_understood", "the table of their sum, which is right"),
    ),
    *_rows(
        "seed-4",
        ("line 10", "not_a_claim", "what is dL/dx?"),
        ("line 12", "not_a_claim", "what is dL/dw?"),
        ("line 18", "ill_formed", "the definition at y[c,c]: nothing binds r; sums a step too long", "X56 X57 X58"),
        ("line 22", "not_a_claim", "a product of two vectors"),
        ("line 36", "not_understood/ill_formed", "chain rule by a weight, without the sign of derivation below", "X59"),
        ("line 41", "proved", "dL/dw[a',b'] is the sum of dL/dy[r,c] x[r+a',c+b']", "X11"),
        ("line 60", "not_a_claim", "dL/dx[r',c']"),
        ("line 83", "ill_formed", "chain rule over the pixels p; in the second line nothing binds p", "X44"),
        ("line 92", "proved", "y at r'-a, c'-b is the sum of x[r'-a+a',c'-b+b'] w[a',b']"),
        ("line 94", "ill_formed/refuted", "dy[r'-a,c'-b]/dx[r',c'] is w[a',b']; it is w[a,b]", "X63"),
        ("line 96", "proved", "dL/dx[r',c'] is the sum of dL/dy[r'-a,c'-b] w[a,b]", "X44"),
        ("line 102", "proved", "dL/dx is the full correlation of dL/dy with the turned filter", "X64"),
        ("line 113", "proved", "dO/da is [y, x, 0, 0, 0, 0]"),
        ("line 115", "proved", "dO/dd is [0, 0, 0, y, x, 0]"),
        ("line 117", "proved", "dO/db is [0, y, x, 0, 0, 0]"),
        ("line 119", "proved", "dO/de is [0, 0, 0, 0, y, x]"),
        ("line 121", "proved", "dO/dc is [0, 0, y, x, 0, 0]"),
        ("line 132", "proved", "dE/db as a product of vectors, both an entry short; the value is right", "X66"),
        ("line 134", "proved", "dE/db = g y + h x"),
        ("(1)", "definition", "O at x, y, reading the image at y+u where y+v is meant", "X67"),
        ("(2)", "proved", "chain rule over all outputs"),
        ("line 154", "proved", "(1) in (2)", "X67"),
        ("line 158", "proved", "the sums and K taken out of the derivative", "X67"),
        ("line 162", "refuted", "the derivative is 1 where x+u = i and y+v = j; by (1), where y+u = j", "X67"),
        ("line 166", "not_a_claim/not_understood", "in words: when it is not 0", "X67"),
        ("line 170", "definition", "x stands for i - u"),
        ("line 177", "definition/not_understood", "u stands for i - x, and ('+') v for j - y"),
        ("line 181", "ill_formed/refuted", "a double sum with K(u,v), which nothing binds", "X44"),
        ("line 185", "refuted", "a double sum with K(i-x, j-y); right if (1) read at y+v", "X44 X67"),
        ("line 193", "refuted", "the same counted from 0; right if (1) read at y+v", "X44 X67"),
    ),
)
