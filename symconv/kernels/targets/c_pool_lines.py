"""Pooling in C: greatest entries and sums of windows, and their adjoints, line by line.

A window is reduced along one axis, then what is left along the other; every line is cut into the phases of the stride
first, so that each tap reads or writes a run of neighbours whatever the stride and the dilation are.
"""

from __future__ import annotations

from collections.abc import Collection

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

BACK = """\
/* The line of some phases, zeros where none reaches. */
static void NAME(merge)(const struct phases *s, const T *restrict from, long width, T *restrict line)
{
    const long first = minimum(width, maximum(0, s->low)), end = maximum(first, minimum(width, s->low + s->span));
    for (long x = 0; x < first; x++) line[x] = 0;
    for (long x = end; x < width; x++) line[x] = 0;
    if (s->step == 2) {
        const T *even = from, *odd = from + s->length;
        const long begin = maximum(s->begin[0], s->begin[1]), close = minimum(s->close[0], s->close[1]);
        T *restrict to = line + s->low;
        if (s->begin[1] < s->begin[0] && s->begin[1] < s->close[1]) to[2 * s->begin[1] + 1] = odd[s->begin[1]];
        for (long n = begin; n < close; n++) {
            to[2 * n] = even[n];
            to[2 * n + 1] = odd[n];
        }
        if (s->close[1] < s->close[0] && s->begin[0] < s->close[0]) to[2 * s->close[0] - 2] = even[s->close[0] - 1];
        return;
    }
    for (long t = 0; t < s->step; t++, from += s->length) {
        T *restrict to = line + s->low + t;
        if (s->step == 1) memcpy(to + s->begin[t], from + s->begin[t], sizeof(T) * (s->close[t] - s->begin[t]));
        else for (long n = s->begin[t]; n < s->close[t]; n++) to[s->step * n] = from[n];
    }
}

/* best, place = the entries, where they are greater than what was best before; a NaN stays. */
static inline void NAME(keep)(
    const T *restrict entries, WHOLE place, long blocks, T *restrict best, WHOLE *restrict places)
{
    for (long j = 0; j < blocks * BLOCK; j++) {
        const WHOLE more = !(entries[j] <= best[j]) & (best[j] == best[j]);
        best[j] = more ? entries[j] : best[j];
        places[j] = more ? place : places[j];
    }
}

/* The same for the first two. */
static inline void NAME(first_two)(
    const T *restrict a, const T *restrict b, long blocks, T *restrict best, WHOLE *restrict places)
{
    for (long j = 0; j < blocks * BLOCK; j++) {
        const WHOLE more = !(b[j] <= a[j]) & (a[j] == a[j]);
        best[j] = more ? b[j] : a[j];
        places[j] = more;
    }
}

/* cut = the entries of a line at the places of all taps, or of one tap each, added. */
static void NAME(spread)(const struct phases *s, const T *restrict line, const WHOLE *restrict taps, T *restrict cut)
{
    const long count = s->blocks * BLOCK;
    for (long v = 0; v < s->taps; v++) {
        const WHOLE own = (WHOLE)v;
        T *to = cut + s->at[v];
        if (v < s->first) {
            const long shift = s->shift[v], rest = s->length - shift;
            for (long n = -shift; n < 0; n++) to[n] = 0;
            for (long n = count; n < rest; n++) to[n] = 0;
            if (taps == NULL) memcpy(to, line, sizeof(T) * count);
            else for (long j = 0; j < s->blocks * BLOCK; j++) to[j] = taps[j] == own ? line[j] : 0;
        } else if (taps == NULL) for (long j = 0; j < s->blocks * BLOCK; j++) to[j] += line[j];
        else for (long j = 0; j < s->blocks * BLOCK; j++) to[j] += taps[j] == own ? line[j] : 0;
    }
}

/* Lines of an image that windows still reach, by the remainders of their numbers, each as wide as the result. */
struct NAME(lines) {
    long reach, wide, blocks, *seen, *reached; /* which line's maxima are there, and which line's sum */
    T *sum, *top, *cut, *spaced, *given, *best;
    WHOLE *column, *row; /* where a maximum stands in its line, and in which line of the window */
};

static struct NAME(lines) NAME(lines)(
    struct memory *memory, const struct pooling *p, const struct phases *s, int maxima)
{
    const long reach = p->dilation[0] * (p->taps[0] - 1) + 1, wide = s->blocks * BLOCK, size = s->step * s->length;
    struct NAME(lines) l = {.reach = reach, .wide = wide, .blocks = s->blocks};
    l.seen = take(memory, sizeof(long) * 2 * reach);
    l.reached = l.seen + reach;
    l.sum = take(memory, sizeof(T) * reach * wide);
    l.given = take(memory, sizeof(T) * wide);
    l.spaced = take(memory, sizeof(T) * size);
    if (maxima) {
        l.cut = take(memory, sizeof(T) * size);
        l.best = take(memory, sizeof(T) * wide);
        l.row = take(memory, sizeof(WHOLE) * wide);
        l.top = take(memory, sizeof(T) * reach * wide);
        l.column = take(memory, sizeof(WHOLE) * reach * wide);
    }
    if (memory->failed) return l;
    memset(l.spaced, 0, sizeof(T) * size);
    memset(l.given, 0, sizeof(T) * wide);
    return l;
}

/* The greatest entry of each window along line n of those that are kept, and the tap where it stands first. */
static void NAME(look)(const struct phases *s, const struct NAME(lines) *l, const T *line, long n)
{
    T *top = l->top + n * l->wide;
    WHOLE *column = l->column + n * l->wide;
    NAME(split)(s, line, l->cut);
    NAME(first_two)(l->cut + s->at[0], l->cut + s->at[s->taps > 1], s->blocks, top, column);
    for (long v = 2; v < s->taps; v++) NAME(keep)(l->cut + s->at[v], (WHOLE)v, s->blocks, top, column);
}

/* The greatest entries of a row of windows that begins at `line`, and in which of their lines they stand. */
static void NAME(compare)(
    const struct pooling *p, const struct phases *s, const struct NAME(lines) *l, const T *read, long line)
{
    const T *before = NULL;
    long n = line % l->reach;
    for (long u = 0; u < p->taps[0]; u++, line += p->dilation[0], n += p->dilation[0]) {
        if (n >= l->reach) n -= l->reach;
        if (l->seen[n] != line) NAME(look)(s, l, read + line * p->image[1], n);
        l->seen[n] = line;
        const T *top = l->top + n * l->wide;
        if (u > 1) NAME(keep)(top, (WHOLE)u, l->blocks, l->best, l->row);
        else if (u == 1 || p->taps[0] == 1) NAME(first_two)(u ? before : top, top, l->blocks, l->best, l->row);
        before = top;
    }
}

/* A line of the upstream gradient added to all lines that its windows read, or to those of the maxima. */
static void NAME(give)(
    const struct pooling *p, const struct NAME(lines) *l, const T *restrict given, const WHOLE *restrict row, long line)
{
    long n = floor_mod(line, l->reach);
    for (long u = 0; u < p->taps[0]; u++, line += p->dilation[0], n += p->dilation[0]) {
        if (n >= l->reach) n -= l->reach;
        if (line < 0 || line >= p->image[0]) continue;
        const WHOLE own = (WHOLE)u;
        T *restrict sum = l->sum + n * l->wide;
        const int first = l->reached[n] != line;
        l->reached[n] = line;
        if (first && row) for (long j = 0; j < l->blocks * BLOCK; j++) sum[j] = row[j] == own ? given[j] : 0;
        else if (first) memcpy(sum, given, sizeof(T) * l->wide);
        else if (row) for (long j = 0; j < l->blocks * BLOCK; j++) sum[j] += row[j] == own ? given[j] : 0;
        else for (long j = 0; j < l->blocks * BLOCK; j++) sum[j] += given[j];
    }
}

/* The adjoint: image = scale / over * what each window gives to all its places, or, where `read` is an image, to that
   of its first greatest entry there. */
static int NAME(pool_back)(const struct pooling *p, const T *read, const T *result, T *image, T scale, T over)
{
    struct memory memory = {0};
    const struct phases s = phases_of(&memory, p);
    const struct NAME(lines) l = NAME(lines)(&memory, p, &s, read != NULL);
    const long height = p->image[0], width = p->image[1], wide = p->result[1], high = wide ? p->result[0] : 0;
    for (long plane = 0; plane < p->planes && !memory.failed; plane++) {
        for (long n = 0; n < 2 * l.reach; n++) l.seen[n] = -1;
        for (long i = 0, line = 0, n = 0; i <= high; i++) {
            const long first = i < high ? p->stride[0] * i - p->start[0] : height, end = minimum(first, height);
            for (; line < end; line++, image += width, n = n + 1 < l.reach ? n + 1 : 0) { /* no window is left for it */
                if (l.reached[n] != line) {
                    memset(image, 0, sizeof(T) * width);
                    continue;
                }
                NAME(spread)(&s, l.sum + n * l.wide, read ? l.column + n * l.wide : NULL, l.spaced);
                NAME(merge)(&s, l.spaced, width, image);
            }
            if (i == high) break;
            if (read) NAME(compare)(p, &s, &l, read + plane * height * width, first);
            memcpy(l.given, result, sizeof(T) * wide);
            if (scale != 1 || over != 1) NAME(scaled)(l.given, l.blocks, scale, over, l.given);
            NAME(give)(p, &l, l.given, read ? l.row : NULL, first);
            result += wide;
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
