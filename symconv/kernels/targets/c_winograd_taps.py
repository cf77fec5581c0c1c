"""F(3, 4) in C: the gradient by a 3 x 3 kernel, 4 x 4 entries of the upstream gradient by 36 products instead of 144.

The tiles of both arrays are transformed, multiplied channel by channel and added up over all tiles and images; only
the sums are transformed back.  The image is read by the tiles of F(4, 3), whose transform is the same: it depends on
how many entries a tile reads alone.
"""

from __future__ import annotations

from symconv.kernels.schedules.toom_cook import toom_cook
from symconv.kernels.targets.c_winograd import OUTPUTS, TAPS, transform


def text() -> str:
    """The transforms of F(3, 4) and the schedule."""
    tile = toom_cook(TAPS, OUTPUTS)
    transforms = {"weigh_entries": tile.weigh, "back_to_taps": tile.back.T}
    return "\n".join([*(transform(name, matrix) for name, matrix in transforms.items()), SCHEDULE])


SCHEDULE = """\
/* A gradient by 3 x 3 taps of stride 1: distances in the upstream gradient `a`, the image `b` and the result, how much
   of the upstream gradient there is, and where its first entry was multiplied. */
struct NAME(tap_tiling) {
    const T *a, *b;
    T *c, scale;
    long images, rows, channels, height, width, high, wide; /* of the upstream gradient and of the image */
    long a_image, a_row, a_line, b_image, b_channel, b_line, c_row, c_channel, c_u, c_v, low_u, low_v;
};

/* What it works with: both arrays in tiles, and the sums[p][block][channel][lane]. */
struct NAME(tap_workshop) {
    struct NAME(workshop) image;
    T *lines, *entries, *sums;
};

static int NAME(furnish_taps)(struct memory *memory, const struct NAME(tap_tiling) *t, struct NAME(tap_workshop) *w)
{
    struct NAME(workshop) *s = &w->image;
    const long vectors = (t->rows + LANES - 1) / LANES, blocks = (vectors + MOST - 1) / MOST;
    s->lanes = (vectors + blocks - 1) / blocks * LANES;
    s->deep = NAME(whole_vectors)(t->channels);
    s->each = (t->height + 3) / 4;
    const long most = blocks * s->lanes;
    NAME(share_out)(s, t->width, t->images * s->each, maximum(1, NAME(room_for_tiles)(s->deep, most)));
    const long tiles = s->across * s->down, padded = t->channels + PIXELS;
    s->image = take(memory, sizeof(T) * s->deep * 6 * (4 * s->across + 2));
    s->inside = take(memory, sizeof(T) * 36 * tiles * s->deep);
    s->at_k = take(memory, sizeof(long) * (tiles + padded));
    s->at_q = s->at_k + tiles;
    w->lines = take(memory, sizeof(T) * most * 16 * s->across);
    w->entries = take(memory, sizeof(T) * 36 * tiles * most);
    w->sums = take(memory, sizeof(T) * 36 * padded * most);
    if (memory->failed) return 0;
    for (long k = 0; k < tiles; k++) s->at_k[k] = k * s->deep;
    for (long q = 0; q < padded; q++) s->at_q[q] = minimum(q, t->channels - 1);
    return 1;
}

/* entries[p][block][tile][lane] = (G u G^T)[p] for rows of tiles from `row` on. */
static void NAME(entries_in)(
    const struct NAME(tap_tiling) *t, const struct NAME(tap_workshop) *w, long left, long row, long down)
{
    const struct NAME(workshop) *s = &w->image;
    const long blocks = (t->rows + s->lanes - 1) / s->lanes, most = blocks * s->lanes, line = 4 * s->across * most;
    const long tiles = s->across * down, size = blocks * tiles * s->lanes / LANES;
    struct NAME(view) view = {
        .channels = t->rows, .apart = t->a_row, .deep = most, .line = t->a_line,
        .high = t->height, .wide = t->width, .low = left, .columns = 4 * s->across,
    };
    for (long n = 0; n < down; n++) {
        view.from = t->a + (row + n) / s->each * t->a_image;
        for (long y = 0; y < 4; y++) {
            NAME(turn_row)(&view, (row + n) % s->each * 4 + y, w->lines + y * line);
        }
        for (long x = 0; x < s->across; x++) {
            for (long m = 0; m < most; m += LANES) {
                const NAME(vector) *from = (const NAME(vector) *)(w->lines + 4 * x * most + m);
                const long place = (m / s->lanes * tiles + n * s->across + x) * s->lanes + m % s->lanes;
                NAME(vector) half[24], *to = (NAME(vector) *)(w->entries + place);
                for (long v = 0; v < 4; v++) {
                    NAME(weigh_entries)(from + v * most / LANES, line / LANES, half + v, 4);
                }
                for (long p = 0; p < 6; p++) NAME(weigh_entries)(half + 4 * p, 1, to + 6 * p * size, size);
            }
        }
    }
}

/* The products of transformed tiles, added up over the tiles of a block. */
static void NAME(add_tiles)(const struct NAME(tap_tiling) *t, const struct NAME(tap_workshop) *w, long tiles, int add)
{
    const struct NAME(workshop) *s = &w->image;
    const long blocks = (t->rows + s->lanes - 1) / s->lanes, padded = t->channels + PIXELS;
    for (long p = 0; p < 36; p++) {
        const T *b = s->inside + p * tiles * s->deep;
        for (long block = p * blocks; block < (p + 1) * blocks; block++) {
            const T *a = w->entries + block * tiles * s->lanes;
            T *c = w->sums + block * padded * s->lanes;
            for (long k = 0; k < tiles; k += KBLOCK) {
                for (long q = 0; q < t->channels; q += PIXELS) {
                    NAME(tiles)[s->lanes / LANES - 1](minimum(KBLOCK, tiles - k), a + k * s->lanes, b,
                        s->at_k + k, s->at_q + q, c + q * s->lanes, add || k > 0);
                }
            }
        }
    }
}

/* The result from the sums. */
static void NAME(taps_out)(const struct NAME(tap_tiling) *t, const struct NAME(tap_workshop) *w, int add)
{
    const long lanes = w->image.lanes, blocks = (t->rows + lanes - 1) / lanes, padded = t->channels + PIXELS;
    const long size = blocks * padded * lanes / LANES;
    for (long first = 0; first < t->rows; first += LANES) {
        const long rows = minimum(LANES, t->rows - first);
        for (long k = 0; k < t->channels; k++) {
            const long place = (first / lanes * padded + k) * lanes + first % lanes;
            const NAME(vector) *from = (const NAME(vector) *)(w->sums + place);
            NAME(vector) half[18], taps[9];
            for (long q = 0; q < 6; q++) NAME(back_to_taps)(from + q * size, 6 * size, half + q, 6);
            for (long u = 0; u < 3; u++) NAME(back_to_taps)(half + 6 * u, 1, taps + 3 * u, 1);
            for (long n = 0; n < 9; n++) {
                T *to = t->c + first * t->c_row + k * t->c_channel + n / 3 * t->c_u + n % 3 * t->c_v;
                for (long i = 0; i < rows; i++) {
                    to[i * t->c_row] = (add ? to[i * t->c_row] : 0) + t->scale * ((const T *)(taps + n))[i];
                }
            }
        }
    }
}

/* result = (add ? result : 0) + the sum over all entries of the upstream gradient times what they read. */
static void NAME(taps_by_winograd)(const struct NAME(tap_tiling) *t, struct NAME(tap_workshop) *w, int add)
{
    struct NAME(workshop) *s = &w->image;
    const long all = t->images * s->each, most = s->across;
    struct NAME(tiling) image = {
        .b = t->b, .channels = t->channels, .high = t->high, .wide = t->wide,
        .b_image = t->b_image, .b_channel = t->b_channel, .b_line = t->b_line, .low_u = t->low_u,
    };
    if (all == 0 || t->width == 0) NAME(add_tiles)(t, w, 0, 0);
    for (long x = 0; x < t->width; x += 4 * most) {
        image.low_v = t->low_v + x;
        s->across = (minimum(4 * most, t->width - x) + 3) / 4;
        for (long row = 0; row < all; row += s->down) {
            const long down = minimum(s->down, all - row);
            NAME(tiles_in)(&image, s, row, down);
            NAME(entries_in)(t, w, x, row, down);
            NAME(add_tiles)(t, w, s->across * down, x > 0 || row > 0);
        }
    }
    s->across = most;
    NAME(taps_out)(t, w, add);
}
"""

__all__ = ["text"]
