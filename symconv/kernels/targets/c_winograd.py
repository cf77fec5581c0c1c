"""F(4, 3) in C: tiles of 4 x 4 outputs of a 3 x 3 kernel by 36 products instead of 144.

y = A^T ((G w G^T) * (B d B^T)) A, with the matrices that `schedules.toom_cook` derives and proves.  Transforms run
with vectors of channels, so the image is turned first, row by row; the products of each of the 36 positions
are a product of matrices that the engine's tiles compute.  Wide images go strip by strip, each as wide as the buffers.
"""

from __future__ import annotations

from fractions import Fraction

import sympy

from symconv.kernels.schedules.toom_cook import toom_cook
from symconv.kernels.targets.c_text import number_c

OUTPUTS, TAPS = 4, 3


def transform(name: str, matrix: sympy.Matrix) -> str:
    """to[p * there] = sum over j of matrix[p, j] * from[j * here]: a short product with a stated matrix."""
    reads = range(matrix.shape[1])
    lines = [f"static inline void NAME({name})(const NAME(vector) *from, long here, NAME(vector) *to, long there)", "{"]
    lines += [f"    const NAME(vector) {', '.join(f'd{j} = from[{j} * here]' for j in reads)};"]
    for p in range(matrix.shape[0]):
        text = ""
        for j in reads:
            q = Fraction(int(matrix[p, j].p), int(matrix[p, j].q))
            if q:
                sign = (" - " if q < 0 else " + ") if text else ("-" if q < 0 else "")
                text += sign + (f"d{j}" if abs(q) == 1 else f"{number_c(abs(q))} * d{j}")
        lines.append(f"    to[{p} * there] = {text};")
    return "\n".join([*lines, "}"]) + "\n"


def text() -> str:
    """The transforms and the schedule."""
    tile = toom_cook(OUTPUTS, TAPS)
    transforms = {"weigh": tile.weigh, "into": tile.into, "back": tile.back.T}
    return "\n".join([*(transform(name, matrix) for name, matrix in transforms.items()), SCHEDULE])


SCHEDULE = """\
#undef BUFFER
#define BUFFER 4000000 /* bytes, beside the transformed weights */

/* A correlation with 3 x 3 taps and stride 1: distances in the three arrays, and where the first tap reads. */
struct NAME(tiling) {
    const T *a, *b;
    T *c, scale;
    long images, rows, channels, height, width, high, wide; /* of the result and of the image */
    long a_row, a_channel, a_u, a_v, b_image, b_channel, b_line, c_image, c_row, c_line, low_u, low_v;
};

/* An image whose rows are turned: how many channels lie how far `apart`, with room for `deep`; its rows lie a `line`
   apart, `columns` entries are turned from `low` on. */
struct NAME(view) { const T *from; long channels, apart, deep, line, high, wide, low, columns; };

/* What it works with, for blocks of rows of tiles. */
struct NAME(workshop) {
    T *weights, *image, *inside, *outside;
    const T *weights_of;
    long *at_k, *at_q, lanes, deep, across, each, down; /* tiles of a row, rows of an image, rows of a block */
};

/* For how many tiles of so many channels there is room, with as many beside them as a product computes too many. */
static long NAME(room_for_tiles)(long deep, long rows)
{
    const long beside = (36 * rows * PIXELS + 12 * deep) * (long)sizeof(T);
    return (BUFFER - beside) / ((36 * (deep + rows) + 24 * deep + 16 * rows) * (long)sizeof(T) + 16);
}

/* Whether tiles have room, and pay for a transformed kernel, which takes as long for one entry as for many. */
static int NAME(tiles_pay)(long rows, long channels, double entries)
{
    const double kernel = 36.0 * (double)rows * (double)channels * sizeof(T);
    return rows >= LANES && channels >= 8 && entries >= (kernel > NEAR ? 256 : 64)
        && NAME(room_for_tiles)(channels, rows) > 0;
}

static long NAME(whole_vectors)(long count) { return (count + LANES - 1) / LANES * LANES; }

/* How many tiles of a row, and rows of tiles, go together. */
static void NAME(share_out)(struct NAME(workshop) *w, long width, long rows, long room)
{
    const long tiles = (width + 3) / 4, strips = (tiles + room - 1) / room;
    w->across = strips ? (tiles + strips - 1) / strips : 0;
    w->down = maximum(1, minimum(rows, minimum(48, room) / maximum(1, w->across)));
}

static int NAME(furnish)(struct memory *memory, const struct NAME(tiling) *t, struct NAME(workshop) *w)
{
    const long vectors = (t->rows + LANES - 1) / LANES, blocks = (vectors + MOST - 1) / MOST;
    w->lanes = (vectors + blocks - 1) / blocks * LANES;
    w->deep = NAME(whole_vectors)(t->channels);
    w->each = (t->height + 3) / 4;
    const long most = blocks * w->lanes;
    NAME(share_out)(w, t->width, t->images * w->each, maximum(1, NAME(room_for_tiles)(w->deep, most)));
    const long tiles = w->across * w->down, padded = tiles + PIXELS;
    w->weights = take(memory, sizeof(T) * 36 * most * t->channels);
    w->image = take(memory, sizeof(T) * w->deep * 6 * (4 * w->across + 2));
    w->inside = take(memory, sizeof(T) * 36 * tiles * w->deep);
    w->outside = take(memory, sizeof(T) * 36 * padded * most);
    w->at_k = take(memory, sizeof(long) * (t->channels + padded));
    w->at_q = w->at_k + t->channels;
    w->weights_of = NULL;
    if (memory->failed) return 0;
    for (long k = 0; k < t->channels; k++) w->at_k[k] = k;
    for (long q = 0; q < padded; q++) w->at_q[q] = minimum(q, tiles - 1) * w->deep;
    return 1;
}

/* weights[p][block][k][lane] = scale * (G w G^T)[p], zeros beyond the last row. */
static void NAME(weigh_all)(const struct NAME(tiling) *t, const struct NAME(workshop) *w)
{
    const long blocks = (t->rows + w->lanes - 1) / w->lanes, size = blocks * w->lanes * t->channels / LANES;
    for (long row = 0; row < blocks * w->lanes; row += LANES) {
        const long within = maximum(0, minimum(LANES, t->rows - row));
        T *place = w->weights + row / w->lanes * w->lanes * t->channels + row % w->lanes;
        for (long k = 0; k < t->channels; k++, place += w->lanes) {
            NAME(vector) taps[9] = {{0}}, half[18], *to = (NAME(vector) *)place;
            for (long i = 0; i < within; i++) {
                const T *from = t->a + (row + i) * t->a_row + k * t->a_channel;
                for (long n = 0; n < 9; n++) ((T *)(taps + n))[i] = t->scale * from[n / 3 * t->a_u + n % 3 * t->a_v];
            }
            for (long v = 0; v < 3; v++) NAME(weigh)(taps + v, 3, half + v, 3);
            for (long p = 0; p < 6; p++) NAME(weigh)(half + 3 * p, 1, to + 6 * p * size, size);
        }
    }
}

/* One row of an image with the channels last, zeros outside. */
static void NAME(turn_row)(const struct NAME(view) *s, long y, T *to)
{
    static const T zeros[LANES];
    const long columns = s->columns, low = s->low, deep = s->deep;
    const long first = minimum(columns, maximum(0, -low)), end = maximum(first, minimum(columns, s->wide - low));
    if (y < 0 || y >= s->high) {
        memset(to, 0, sizeof(T) * columns * deep);
        return;
    }
    memset(to, 0, sizeof(T) * first * deep);
    memset(to + end * deep, 0, sizeof(T) * (columns - end) * deep);
    const T *line = s->from + y * s->line + low;
    for (long k = 0; k < deep; k += LANES) {
        const long within = minimum(LANES, s->channels - k);
        if (end - first < LANES) {
            for (long i = 0; i < LANES; i++) {
                const T *from = line + (k + i) * s->apart;
                for (long x = first; x < end; x++) to[x * deep + k + i] = i < within ? from[x] : 0;
            }
            continue;
        }
        for (long x = first; x < end; x += LANES) {
            const long at = minimum(x, end - LANES);
            const T *from[LANES];
            T *places[LANES];
            for (long i = 0; i < LANES; i++) {
                from[i] = i < within ? line + (k + i) * s->apart + at : zeros;
                places[i] = to + (at + i) * deep + k;
            }
            NAME(turn)(from, places, LANES, 0);
        }
    }
}

/* inside[p][tile][k] = (B d B^T)[p] for rows of tiles from `row` on, counted through all images. */
static void NAME(tiles_in)(const struct NAME(tiling) *t, const struct NAME(workshop) *w, long row, long down)
{
    const long line = (4 * w->across + 2) * w->deep, tiles = w->across * down, lanes = w->deep / LANES;
    struct NAME(view) s = {
        .channels = t->channels, .apart = t->b_channel, .deep = w->deep, .line = t->b_line,
        .high = t->high, .wide = t->wide, .low = t->low_v, .columns = 4 * w->across + 2,
    };
    for (long n = 0; n < down; n++) {
        const long image = (row + n) / w->each, top = t->low_u + (row + n) % w->each * 4;
        const long kept = n && (row + n) % w->each ? 2 : 0; /* lines that the row before has turned */
        memmove(w->image, w->image + 4 * line, sizeof(T) * kept * line);
        s.from = t->b + image * t->b_image;
        for (long y = kept; y < 6; y++) NAME(turn_row)(&s, top + y, w->image + y * line);
        for (long x = 0; x < w->across; x++) {
            for (long k = 0; k < lanes; k++) {
                const NAME(vector) *from = (const NAME(vector) *)(w->image + 4 * x * w->deep) + k;
                NAME(vector) half[36], *to = (NAME(vector) *)(w->inside + (n * w->across + x) * w->deep) + k;
                for (long v = 0; v < 6; v++) NAME(into)(from + v * lanes, line / LANES, half + v, 6);
                for (long p = 0; p < 6; p++) NAME(into)(half + 6 * p, 1, to + 6 * p * tiles * lanes, tiles * lanes);
            }
        }
    }
}

/* The result's rows of tiles from `row` on, from outside[p][block][tile][lane]. */
static void NAME(tiles_out)(const struct NAME(tiling) *t, const struct NAME(workshop) *w, long row, long down, int add)
{
    const long tiles = w->across * down, padded = tiles + PIXELS, blocks = (t->rows + w->lanes - 1) / w->lanes;
    const long size = blocks * padded * w->lanes / LANES;
    for (long first = 0; first < t->rows; first += LANES) {
        const long place = first / w->lanes * padded * w->lanes + first % w->lanes;
        const long rows = minimum(LANES, t->rows - first);
        for (long tile = 0; tile < tiles; tile++) {
            const NAME(vector) *from = (const NAME(vector) *)(w->outside + place + tile * w->lanes);
            NAME(vector) half[24], made[16], turned[16];
            for (long q = 0; q < 6; q++) NAME(back)(from + q * size, 6 * size, half + q, 6);
            for (long i = 0; i < 4; i++) NAME(back)(half + 6 * i, 1, made + 4 * i, 1);
            for (long n = 0; n < 16; n += LANES) {
                const T *parts[LANES];
                T *places[LANES];
                for (long i = 0; i < LANES; i++) {
                    parts[i] = (const T *)(made + (n + i) % 16);
                    places[i] = (T *)turned + i * 16 + n;
                }
                NAME(turn)(parts, places, LANES, 0);
            }
            const long line = row + tile / w->across, y = line % w->each * 4, x = 4 * (tile % w->across);
            const long high = minimum(4, t->height - y), wide = minimum(4, t->width - x);
            T *to = t->c + line / w->each * t->c_image + first * t->c_row + y * t->c_line + x;
            const T *value = (const T *)turned;
            for (long m = 0; m < rows; m++, to += t->c_row, value += 16) {
                for (long i = 0; i < high; i++) {
                    T *restrict part = to + i * t->c_line;
                    if (add) for (long j = 0; j < wide; j++) part[j] += value[4 * i + j];
                    else if (wide == 4) memcpy(part, value + 4 * i, sizeof(T) * 4);
                    else for (long j = 0; j < wide; j++) part[j] = value[4 * i + j];
                }
            }
        }
    }
}

/* Calls for the p-th share of what rows of tiles write, and of what those after them read: channels lie too far apart
   for a processor to see where it goes on. */
static inline __attribute__((always_inline)) void NAME(fetch_tiles)(
    const struct NAME(tiling) *t, const struct NAME(workshop) *w, long p, long row, long down)
{
    const long end = minimum(row + 2 * down, t->images * w->each);
    const long first = maximum(0, t->low_v), reads = minimum(t->wide - first, 4 * w->across + 2);
    for (long n = row; n < row + down; n++) {
        const long y = n % w->each * 4, count = (minimum(4, t->height - y) - 1) * t->c_line + t->width;
        const T *to = t->c + n / w->each * t->c_image + y * t->c_line;
        for (long m = p; m < t->rows; m += 36) {
            for (long v = 0; v < count; v += LINE) __builtin_prefetch(to + m * t->c_row + v, 1);
        }
    }
    for (long n = row + down; n < end; n++) {
        const long y = maximum(0, t->low_u + n % w->each * 4 + 2), lines = minimum(4, t->high - y);
        const long count = lines > 0 && reads > 0 ? (lines - 1) * t->b_line + reads : 0;
        const T *from = t->b + n / w->each * t->b_image + y * t->b_line + first;
        for (long k = p; k < t->channels; k += 36) {
            for (long v = 0; v < count; v += LINE) __builtin_prefetch(from + k * t->b_channel + v);
        }
    }
}

/* A strip of the result, no wider than the buffers. */
static void NAME(strip_by_tiles)(const struct NAME(tiling) *t, const struct NAME(workshop) *w, int add)
{
    const long blocks = (t->rows + w->lanes - 1) / w->lanes, size = blocks * w->lanes * t->channels;
    const long all = t->images * w->each;
    for (long row = 0; row < all; row += w->down) {
        const long down = minimum(w->down, all - row), tiles = w->across * down, padded = tiles + PIXELS;
        NAME(tiles_in)(t, w, row, down);
        for (long p = 0; p < 36; p++) {
            NAME(fetch_tiles)(t, w, p, row, down);
            const T *b = w->inside + p * tiles * w->deep;
            for (long block = 0; block < blocks; block++) {
                const T *a = w->weights + p * size + block * w->lanes * t->channels;
                T *c = w->outside + (p * blocks + block) * padded * w->lanes;
                for (long k = 0; k < t->channels; k += KBLOCK) {
                    for (long q = 0; q < tiles; q += PIXELS) {
                        NAME(tiles)[w->lanes / LANES - 1](minimum(KBLOCK, t->channels - k), a + k * w->lanes, b,
                            w->at_k + k, w->at_q + q, c + q * w->lanes, k > 0);
                    }
                }
            }
        }
        NAME(tiles_out)(t, w, row, down, add);
    }
}

/* result = (add ? result : 0) + left correlated with right. */
static void NAME(by_winograd)(const struct NAME(tiling) *t, struct NAME(workshop) *w, int add)
{
    if (w->weights_of != t->a) NAME(weigh_all)(t, w);
    w->weights_of = t->a;
    struct NAME(tiling) part = *t;
    struct NAME(workshop) strip = *w;
    for (long x = 0; x < t->width; x += 4 * w->across) {
        part.width = minimum(4 * w->across, t->width - x);
        part.low_v = t->low_v + x;
        part.c = t->c + x;
        strip.across = (part.width + 3) / 4;
        NAME(strip_by_tiles)(&part, &strip, add);
    }
}
"""

__all__ = ["text", "transform"]
