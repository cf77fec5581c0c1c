"""The adjoints of pooling in C: what each window gives to the places that it read, or to that of its greatest entry.

Lines of the image that windows still reach are kept as wide as the result; a line that no window is left for is put
together from its phases.  `c_pool_lines` has the lines, their phases and the reductions.
"""

from __future__ import annotations

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

__all__ = ["BACK"]
