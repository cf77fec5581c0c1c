"""Pooling in C: greatest entries and sums of windows, and their adjoints, line by line.

A window is reduced along one axis, then what is left along the other; every line is cut into the phases of the stride
first, so that each tap reads or writes a run of neighbours whatever the stride and the dilation are.
"""

from __future__ import annotations

from collections.abc import Collection

from symconv.kernels.targets.c_pool_back import BACK

HEAD = """\
#define BLOCK 16 /* entries: lines in memory of our own are whole blocks, so that loops over them have no tail */

/* Windows of planes along two axes: x = stride * i + dilation * u - start, zeros outside. */
struct pooling { long planes, image[2], result[2], start[2], taps[2], stride[2], dilation[2]; };

/* A line of an image by phases of the stride, from the first position that a window reads. */
struct phases {
    long low, span, step, length, count, blocks, taps, first; /* `first` taps are the first of their phase */
    long *at, *shift, *begin, *close; /* where taps stand, in all and in their phase; what of a phase is in the line */
};

/* The stride along a line; that of a single window is not taken, however large it is. */
static inline long step_of(const struct pooling *p) { return p->result[1] > 1 ? p->stride[1] : 1; }

/* True if the lines that are kept, and their phases, are of the order of what is read. */
static inline int near_together(const struct pooling *p)
{
    const double reach = (double)p->dilation[0] * (double)(p->taps[0] - 1);
    const double width = (double)p->dilation[1] * (double)(p->taps[1] - 1) + BLOCK * (double)step_of(p);
    return reach < 4096 + 4.0 * (double)(p->image[0] + p->taps[0])
        && width < 4096 + 4.0 * BLOCK * (double)(p->image[1] + p->taps[1] + p->result[1]);
}

static inline struct phases phases_of(struct memory *memory, const struct pooling *p)
{
    const long step = step_of(p), taps = p->taps[1], low = -p->start[1], width = p->image[1];
    struct phases s = {.low = low, .step = step, .count = p->result[1], .taps = taps};
    s.blocks = (s.count + BLOCK - 1) / BLOCK;
    s.span = s.count ? step * (s.count - 1) + p->dilation[1] * (taps - 1) + 1 : 0;
    s.length = s.blocks * BLOCK + p->dilation[1] * (taps - 1) / step;
    s.at = take(memory, sizeof(long) * 2 * (taps + step));
    if (memory->failed) return s;
    s.shift = s.at + taps;
    s.begin = s.shift + taps;
    s.close = s.begin + step;
    for (long v = 0; v < taps; v++) {
        const long far = v * p->dilation[1];
        s.shift[v] = far / step;
        s.at[v] = far % step * s.length + s.shift[v];
        s.first += v == s.first && (v == 0 || far % step != 0);
    }
    for (long t = 0; t < step; t++) {
        const long own = maximum(0, (s.span - t + step - 1) / step);
        s.begin[t] = minimum(own, maximum(0, -floor_div(low + t, step)));
        s.close[t] = maximum(s.begin[t], minimum(own, -floor_div(low + t - width, step)));
    }
    return s;
}
"""

LINES = """\
/* The phases of a line. */
static inline void NAME(split)(const struct phases *s, const T *line, T *restrict to)
{
    for (long t = 0; t < s->step; t++, to += s->length) {
        const long begin = s->begin[t], close = s->close[t];
        const T *restrict from = line + s->low + t;
        for (long n = 0; n < begin; n++) to[n] = 0;
        if (s->step == 1) memcpy(to + begin, from + begin, sizeof(T) * (close - begin));
        else if (s->step == 2) for (long n = begin; n < close; n++) to[n] = from[2 * n];
        else for (long n = begin; n < close; n++) to[n] = from[s->step * n];
        for (long n = close; n < s->length; n++) to[n] = 0;
    }
}

/* to = from * scale / over, by one product where that is as exact. */
static void NAME(scaled)(const T *from, long blocks, T scale, T over, T *to)
{
    int exponent;
    if (frexp((double)over, &exponent) == 0.5) {
        const T factor = scale / over;
#pragma GCC ivdep
        for (long n = 0; n < blocks * BLOCK; n++) to[n] = from[n] * factor;
    } else {
#pragma GCC ivdep
        for (long n = 0; n < blocks * BLOCK; n++) to[n] = from[n] * scale / over;
    }
}
"""

# One kind of reduction: JOIN stands for `larger` or for `plus`.
REDUCTION = """\
/* to = all lines JOINed. */
static inline void NAME(join_JOIN)(const T *const *lines, long lines_count, long count, T *to)
{
    const T *a = lines[0], *b = lines[1 % lines_count], *c = lines[2 % lines_count];
    if (lines_count == 1) memcpy(to, a, sizeof(T) * count);
#pragma GCC ivdep
    for (long n = 0; lines_count == 2 && n < count; n++) to[n] = NAME(JOIN)(a[n], b[n]);
#pragma GCC ivdep
    for (long n = 0; lines_count > 2 && n < count; n++) to[n] = NAME(JOIN)(NAME(JOIN)(a[n], b[n]), c[n]);
    for (long k = 3; k + 1 < lines_count; k += 2) {
        b = lines[k];
        c = lines[k + 1];
#pragma GCC ivdep
        for (long n = 0; n < count; n++) to[n] = NAME(JOIN)(NAME(JOIN)(to[n], b[n]), c[n]);
    }
    if (lines_count > 3 && lines_count % 2 == 0) {
        b = lines[lines_count - 1];
#pragma GCC ivdep
        for (long n = 0; n < count; n++) to[n] = NAME(JOIN)(to[n], b[n]);
    }
}

/* result = scale / over * the window, JOINed. */
static int NAME(pool_JOIN)(const struct pooling *p, const T *image, T *result, T scale, T over)
{
    struct memory memory = {0};
    const struct phases s = phases_of(&memory, p);
    const long height = p->image[0], width = p->image[1], high = p->result[0], wide = p->result[1];
    const long blocks = (width + BLOCK - 1) / BLOCK;
    const T **lines = take(&memory, sizeof(T *) * maximum(p->taps[0], p->taps[1]));
    const T *end = image + p->planes * height * width - blocks * BLOCK; /* where a whole line is read last */
    T *joined = take(&memory, sizeof(T) * BLOCK * maximum(blocks, s.blocks));
    T *cut = take(&memory, sizeof(T) * s.step * s.length);
    for (long plane = 0; plane < p->planes && !memory.failed; plane++, image += height * width) {
        for (long i = 0; i < high; i++, result += wide) {
            const T *line = joined;
            long count = 0, x = p->stride[0] * i - p->start[0];
            for (long u = 0; u < p->taps[0]; u++, x += p->dilation[0]) {
                if (x >= 0 && x < height) lines[count++] = image + x * width;
            }
            if (count == 0) memset(joined, 0, sizeof(T) * width);
            else if (count == 1) line = lines[0];
            else if (lines[count - 1] <= end) NAME(join_JOIN)(lines, count, blocks * BLOCK, joined);
            else NAME(join_JOIN)(lines, count, width, joined);
            NAME(split)(&s, line, cut);
            for (long v = 0; v < s.taps; v++) lines[v] = cut + s.at[v];
            NAME(join_JOIN)(lines, s.taps, s.blocks * BLOCK, joined);
            if (scale != 1 || over != 1) NAME(scaled)(joined, s.blocks, scale, over, joined);
            memcpy(result, joined, sizeof(T) * wide);
        }
    }
    release(&memory);
    return memory.failed;
}
"""


def text(kinds: Collection[str]) -> str:
    """The functions that these kinds of pooling call."""
    joins = [join for kind, join in (("maximum", "larger"), ("sum", "plus")) if kind in kinds]
    parts = [LINES, *(REDUCTION.replace("JOIN", join) for join in joins)]
    return "\n".join([*parts, BACK] if {"spread", "route"} & {*kinds} else parts)


__all__ = ["HEAD", "text"]
