"""The arrays of a product, in C: tables of positions, the box that they fill, positions as distances.

Nothing here depends on the type of the entries: this text stands once in a file.
"""

from __future__ import annotations

HEAD = """\
#define RANK 8
#define QBLOCK 192 /* columns and summed indices of a block: it stays in the nearest cache */
#define KBLOCK 128
#define BAND 65536 /* bytes of a band */
#define WORK 2000000 /* bytes that a piece of a product copies, packs and lists, at most */
#define TOGETHER 16 /* phases of a stride that are ready at once, where an image of the result lies in a near cache */
#define NEAR (1 << 21) /* bytes that lie in a near cache: a result of one channel needs no calls for its rows there */
/* What a call does once: compiled for size, which takes less time. (`cold` would say that it never runs, and gcc then
   takes all that follows it for never run as well.) */
#if defined(__GNUC__) && !defined(__clang__)
#define SETUP static __attribute__((noinline, unused, optimize("Os")))
#else
#define SETUP static __attribute__((noinline, unused))
#endif
#define APART static __attribute__((noinline)) /* compiled once, not wherever it is called */

/* One array of a product. The position of an entry is a base, a part for the first index and one for the second;
   columns have a third part: `inner` times the last column index, which runs along a row; and what is summed may have
   a fourth one: `along` times the last summed index, so that a table lists lines instead of entries. */
struct side {
    long rank, extent[RANK], low[RANK], shape[RANK], pitch[RANK], inner[RANK], along[RANK];
    long *first, *second, *at_first, *at_second; /* positions; the same as distances */
    long firsts, seconds, inners, alongs, at_inner, step;
    int copied;
};

/* Into how many pieces work is cut, and how much of so many is in each: whole fours of many, as strips take rows. */
SETUP long pieces_of(double bytes) { return bytes > WORK ? (long)(bytes / WORK) + 1 : 1; }
SETUP long part_of(long count, long pieces)
{
    const long part = maximum(1, (count + pieces - 1) / pieces);
    return part > 16 ? (part + 3) / 4 * 4 : part;
}

SETUP struct side side(struct memory *memory, long rank, const long *extent, long firsts, long seconds)
{
    struct side s = {.rank = rank, .firsts = firsts, .seconds = seconds, .inners = 1, .alongs = 1};
    s.step = 1;
    s.copied = -1;
    memcpy(s.extent, extent, sizeof(long) * rank);
    s.first = take(memory, sizeof(long) * (rank + 1) * (firsts + 1));
    s.second = take(memory, sizeof(long) * (rank + 1) * (seconds + 1));
    s.at_first = s.first + rank * (firsts + 1);
    s.at_second = s.second + rank * (seconds + 1);
    return s;
}

/* Let a table count from its least position on an axis; the least and the greatest are added to `ends`. */
SETUP void count_from_least(long *table, long count, long rank, long *ends)
{
    long low = count ? *table : 0, high = low;
    for (long n = 1; n < count; n++) {
        low = minimum(low, table[n * rank]);
        high = maximum(high, table[n * rank]);
    }
    for (long n = 0; low && n < count; n++) table[n * rank] -= low;
    ends[0] += low;
    ends[1] += high;
}

/* From now on the positions count from their least values; `low` and `shape` tell the box that they fill. */
SETUP void survey(struct side *s)
{
    if (s->inners < 2) { /* its step, however large, is not taken */
        memset(s->inner, 0, sizeof s->inner);
        s->inner[s->rank - 1] = 1;
    }
    if (s->alongs < 2) {
        s->firsts *= s->alongs;
        s->alongs = 1;
    }
    for (long axis = 0; axis < s->rank; axis++) {
        const long inner = s->inner[axis] * (s->inners - 1), along = s->along[axis] * (s->alongs - 1);
        long ends[2] = {minimum(0, inner) + minimum(0, along), maximum(0, inner) + maximum(0, along)};
        count_from_least(s->first + axis, s->firsts, s->rank, ends);
        count_from_least(s->second + axis, s->seconds, s->rank, ends);
        for (long n = 0; along < 0 && n < s->firsts; n++) s->first[n * s->rank + axis] -= along;
        for (long n = 0; inner < 0 && n < s->seconds; n++) s->second[n * s->rank + axis] -= inner;
        s->low[axis] = ends[0];
        s->shape[axis] = ends[1] - ends[0] + 1;
    }
}

/* List every entry of the lines. */
SETUP void list_entries(struct memory *memory, struct side *s)
{
    const long *line = s->first, firsts = s->firsts, rank = s->rank;
    if (s->alongs == 1) return;
    long *entry = take(memory, sizeof(long) * (rank + 1) * (firsts * s->alongs + 1));
    if (memory->failed) return;
    s->first = entry;
    s->firsts *= s->alongs;
    s->at_first = entry + rank * (s->firsts + 1);
    for (long n = 0; n < firsts; n++, line += rank) {
        for (long k = 0; k < s->alongs; k++, entry += rank) {
            for (long axis = 0; axis < rank; axis++) entry[axis] = line[axis] + k * s->along[axis];
        }
    }
    s->alongs = 1;
}

/* True if the box is much larger than the array and all that is read of it, as with steps beyond the array's end. */
SETUP int mostly_empty(const struct side *s)
{
    double box = 1, array = 1;
    for (long axis = 0; axis < s->rank; axis++) {
        box *= (double)s->shape[axis];
        array *= (double)s->extent[axis];
    }
    return box > 4096 + 4 * (array + (double)s->firsts * (double)s->alongs * (double)s->seconds * (double)s->inners);
}

/* Where an entry stands, at a base and by its indices; -1 outside the array. */
static inline long place_of(const struct side *s, const long *base, long first, long second, long inner)
{
    long at = 0;
    for (long axis = 0; axis < s->rank; axis++) {
        long p = base[axis] + s->low[axis] + s->first[first * s->rank + axis] + s->second[second * s->rank + axis];
        p += inner * s->inner[axis];
        if (p < 0 || p >= s->extent[axis]) return -1;
        at = at * s->extent[axis] + p;
    }
    return at;
}

/* True if the box at a base leaves the array. */
SETUP int leaves(const struct side *s, const long *base)
{
    for (long axis = 0; axis < s->rank; axis++) {
        const long low = base[axis] + s->low[axis];
        if (low < 0 || low + s->shape[axis] > s->extent[axis]) return 1;
    }
    return 0;
}

/* Where a position stands in a line that is cut into phases. */
static inline long within(long at, long step, long phase) { return step == 1 ? at : at % step * phase + at / step; }

/* Positions as distances: in the array itself, or in a copy of the box whose last axis is cut into `step` phases. */
SETUP int measure(struct side *s, int copied)
{
    const long last = s->rank - 1;
    if (s->copied == copied) return 0;
    s->copied = copied;
    long pitch = 1;
    for (long axis = last; axis >= 0; axis--) {
        const long whole = copied ? s->shape[axis] : s->extent[axis];
        s->pitch[axis] = pitch;
        pitch *= copied && axis == last ? (whole + s->step - 1) / s->step * s->step : whole;
    }
    const long step = copied ? s->step : 1, phase = copied ? (s->shape[last] + step - 1) / step : 0;
    for (int side = 0; side < 2; side++) {
        const long *table = side ? s->second : s->first, count = side ? s->seconds : s->firsts;
        long *at = side ? s->at_second : s->at_first;
        for (long n = 0; n < count; n++) {
            const long *p = table + n * s->rank;
            at[n] = within(p[last], step, phase);
            for (long axis = 0; axis < last; axis++) at[n] += p[axis] * s->pitch[axis];
        }
    }
    s->at_inner = s->inner[last] / step;
    for (long axis = 0; axis < last; axis++) s->at_inner += s->inner[axis] * s->pitch[axis];
    return 1;
}

static inline long distance(const struct side *s, const long *base)
{
    long at = 0;
    for (long axis = 0; axis < s->rank; axis++) at += (base[axis] + s->low[axis]) * s->pitch[axis];
    return at;
}

/* How many entries a copy of the box takes, and as many more as vectors read beyond it. */
SETUP long room(const struct side *s)
{
    long entries = 1;
    for (long axis = 0; axis < s->rank; axis++) {
        entries *= axis + 1 < s->rank ? s->shape[axis] : s->shape[axis] + s->step;
    }
    return entries + 256;
}

static inline long common_divisor(long a, long b) { return b ? common_divisor(b, a % b) : a; }

/* How many lines a kernel has that lie as far apart as the runs do; 0 if it is not made of such lines. */
SETUP long lines_of(const struct side *s)
{
    const long *at = s->at_first, *run = s->at_second, apart = s->seconds > 1 ? run[1] - run[0] : 0;
    long width = 1;
    if (s->seconds < 4) return 0;
    while (width < s->firsts && at[width] != at[0] + apart) width++;
    for (long n = 1; n < s->seconds; n++) if (run[n] != run[0] + n * apart) return 0;
    for (long k = 0; k < s->firsts; k++) if (at[k] != at[k % width] + k / width * apart) return 0;
    return s->firsts % width ? 0 : s->firsts / width;
}

/* How many rows the next strip takes. */
static inline long strip_rows(long left) { return left > 7 ? 4 : left > 4 ? (left + 1) / 2 : left; }

/* Columns beside each other in both arrays. */
struct run { long from, to, length; };

/* All columns as distances, for tiles and dots; the last one again and again where a tile reaches beyond it. */
SETUP void list_columns(const struct side *s, long *at)
{
    const long last = s->rank - 1, step = s->copied ? s->step : 1, phase = (s->shape[last] + step - 1) / step;
    for (long n = 0; n < s->seconds; n++) {
        const long from = s->second[n * s->rank + last], rest = s->at_second[n] - within(from, step, phase);
        const long other = s->at_inner - s->inner[last] / step;
        for (long j = 0; j < s->inners; j++) {
            *at++ = rest + within(from + j * s->inner[last], step, phase) + j * other;
        }
    }
    for (long n = 0; n < PIXELS; n++, at++) *at = at[-1];
}
"""

__all__ = ["HEAD"]
