"""Products summed over channels and taps, in C: any affine positions, packed once, multiplied by tiles or strips.

`right` is never unrolled into columns: the place of an entry is the sum of a distance for the summed index
and one for the column, and the tiles read it there.  What lies outside an array is met by a copy with zeros.
"""

from __future__ import annotations

TYPED = """\
/* Choose between tiles, strips and dot products, and get what they need. */
SETUP void NAME(prepare)(struct memory *memory, struct NAME(product) *p)
{
    struct side *s = &p->right;
    p->memory = memory;
    if (memory->failed) return;
    survey(&p->left);
    survey(s);
    survey(&p->result);
    double bytes = sizeof(T);
    for (long axis = 0; axis < p->result.rank; axis++) bytes *= (double)p->result.extent[axis];
    p->large = bytes > NEAR;
    p->summed = s->firsts * s->alongs;
    p->sparse = p->summed == 0 || mostly_empty(s) || mostly_empty(&p->left); /* of nothing: zeros */
    long step = s->inner[s->rank - 1], others = 0;
    for (long n = 0; n < s->seconds && step != 1; n++) {
        step = common_divisor(step, s->second[n * s->rank + s->rank - 1]);
    }
    for (long axis = 0; axis + 1 < s->rank; axis++) others |= s->inner[axis];
    p->strips = p->rows < LANES / 2 && step > 0 && step == s->inner[s->rank - 1] && !others;
    if (p->rows < LANES / 2 && s->inners < LANES) {
        const long apart = s->along[s->rank - 1];
        p->along = p->sparse ? 0 : lines_along(&p->left, s, apart);
        if (p->along < LANES / 2) p->along = 0;
        if (p->along) step = apart, p->strips = 0, p->always = 1;
    }
    if (!p->along) {
        list_entries(memory, &p->left);
        list_entries(memory, s);
    }
    if (p->sparse || memory->failed) return;
    if (p->strips) p->always = step > 1 || s->inners < LANES;
    if (p->strips || p->along) s->step = step;
    const long wide = (p->rows + LANES - 1) / LANES, blocks = (wide + MOST - 1) / MOST;
    p->height = p->strips ? p->rows : (wide + blocks - 1) / blocks * LANES;
    const long full = p->along ? s->firsts * (p->along + LANES) : p->summed + LANES;
    p->packed = take(memory, sizeof(T) * full * (p->strips || p->along ? p->rows : blocks * p->height));
    p->block = take(memory, sizeof(T) * (QBLOCK + PIXELS) * MOST * LANES);
    p->runs = take(memory, sizeof(struct run) * s->seconds);
    p->from = take(memory, sizeof(long) * 2 * (p->strips ? 0 : p->columns + PIXELS));
    p->to = p->from + p->columns + PIXELS;
}

/* Products that are computed one after the other copy to one place. */
SETUP void NAME(share)(struct memory *memory, struct NAME(product) *p, long count)
{
    long most = 0;
    for (long n = 0; n < count; n++) {
        if (!p[n].sparse) most = maximum(most, room(&p[n].right));
    }
    T *copy = take(memory, sizeof(T) * most);
    for (long n = 0; n < count; n++) p[n].copy = copy;
}

APART void NAME(write)(const struct NAME(product) *p, T *c, long q, long columns, long row, long wide, int add)
{
    const long *at = p->to + q, *at_row = p->result.at_first, rows = minimum(wide, p->rows - row);
    for (long n = 0; n < columns;) {
        if (NAME(straight)(at + n, columns - n)) {
            for (long m = 0; m < rows; m += LANES) {
                const T *from[LANES];
                T *to[LANES];
                for (long i = 0; i < LANES; i++) {
                    from[i] = p->block + (n + i) * wide + m;
                    to[i] = c + at[n] + (m + i < rows ? at_row[row + m + i] : 0);
                }
                NAME(turn)(from, to, rows - m, add);
            }
            n += LANES;
            continue;
        }
        const long step = n + 1 < columns ? at[n + 1] - at[n] : 1, count = NAME(evenly)(at + n, columns - n, step);
        for (long m = 0; m < rows; m++) {
            T *restrict place = c + at[n] + at_row[row + m];
            const T *restrict from = p->block + n * wide + m;
            if (add) for (long i = 0; i < count; i++) place[i * step] += from[i * wide];
            else for (long i = 0; i < count; i++) place[i * step] = from[i * wide];
        }
        n += count;
    }
}

/* Calls for where a line of columns is written once it is computed: rows lie too far apart for a processor to see. */
static inline __attribute__((always_inline)) void NAME(fetch_rows)(
    const struct NAME(product) *p, long column, long row, const T *c)
{
    const long end = minimum(row + p->height, p->rows);
    for (long m = row; m < end; m++) __builtin_prefetch(c + p->to[column] + p->result.at_first[m], 1);
}

APART void NAME(by_tiles)(const struct NAME(product) *p, const T *b, T *c, int add)
{
    const long wide = p->height, *at_k = p->right.at_first, *at_q = p->from;
    const long line = maximum(PIXELS, LINE / maximum(1, p->result.at_inner)); /* of a cache, in columns */
    for (long q = 0; q < p->columns; q += QBLOCK) {
        const long columns = minimum(QBLOCK, p->columns - q);
        for (long row = 0; row < p->rows; row += wide) {
            const T *packed = p->packed + row * p->summed;
            if (p->summed == 0) memset(p->block, 0, sizeof(T) * columns * wide);
            for (long k = 0; k < p->summed; k += KBLOCK) {
                const long count = minimum(KBLOCK, p->summed - k);
                const int ends = k + KBLOCK >= p->summed;
                for (long n = 0; n < columns; n += PIXELS) {
                    if (ends && n % line < PIXELS) NAME(fetch_rows)(p, q + n / line * line, row, c);
                    NAME(tiles)[wide / LANES - 1](
                        count, packed + k * wide, b, at_k + k, at_q + q + n, p->block + n * wide, k > 0);
                }
            }
            NAME(write)(p, c, q, columns, row, wide, add);
        }
    }
}

/* Calls for what the next four runs read as their last line, and for where they write: rows of an image that are read
   four at a time are too short for a processor to see where they go on.  What a near cache holds comes without calls,
   sooner than with them.  (Not inlined, gcc takes it for no work at all and leaves it out.) */
static inline __attribute__((always_inline)) void NAME(fetch)(
    const struct NAME(product) *p, const struct run *next, long j, long count, const T *b, const T *c)
{
    const long last = (p->lines - 1) * (next[1].from - next[0].from);
    for (long i = 0; i < 4; i++) {
        const long end = minimum(j + count, next[i].length);
        for (long v = j; v < end; v += LINE) {
            __builtin_prefetch(b + next[i].from + last + v);
            __builtin_prefetch(c + next[i].to + v * p->result.at_inner, 1);
        }
    }
}

/* One run, or two or four of one length, of up to four rows; `next` are four more that follow, NULL where there are
   none. */
APART void NAME(strip_of)(const struct NAME(product) *p, const struct run *run, const struct run *next,
    long together, long row, long rows, const T *b, T *c, int add)
{
    const T *packed = p->packed + row * p->summed;
    const long step = p->result.at_inner, *at_row = p->result.at_first + row;
    static const long rows_apart[4] = {0, 4 * LANES, 8 * LANES, 12 * LANES};
    static const long runs_apart[4] = {0, 16 * LANES, 32 * LANES, 48 * LANES};
    const int sheet = together == 4 && p->lines > 1;
    const long width = sheet ? p->summed / p->lines : 0, part = sheet ? maximum(1, KBLOCK / p->lines) : 1;
    for (long j = 0, done; j < run->length; j += done) {
        /* As many vectors at a time as make parts alike, so that none is left with less than one vector; the last one
           ends where the run does.  A short run lies in a copy with room behind it. */
        const long left = run->length - j, all = (left + LANES - 1) / LANES, parts = (all + 3) / 4;
        const long vectors = parts > all / 4 ? (all + parts - 1) / parts : 4;
        done = minimum(left, vectors * LANES);
        const long last = maximum(0, done - LANES);
        const int direct = step == 1 && left >= LANES;
        long from[4], to[4];
        for (long i = 0; i < together; i++) {
            from[i] = run[i].from + j;
            to[i] = run[i].to + j;
        }
        if (sheet && p->large && next != NULL) NAME(fetch)(p, next, j, done, b, c + *at_row);
        NAME(sheet) *const sheet_of = NAME(sheets)[p->lines <= HEIGHT ? p->lines : 0][vectors - 1];
        for (long v = 0; v < width; v += part) { /* short sums lose few digits */
            sheet_of(p->lines, width, minimum(part, width - v), packed + v, b + from[0],
                p->right.at_first + v, from[1] - from[0], last, direct ? c + *at_row : p->block,
                direct ? to : runs_apart, (direct && add) || v > 0);
        }
        NAME(strip) *const strip = NAME(strips)[together / 2][rows - 1][vectors - 1];
        for (long k = 0; !sheet && (k == 0 || k < p->summed); k += KBLOCK) {
            strip(minimum(KBLOCK, p->summed - k), packed + k * rows, b, p->right.at_first + k, from, last,
                direct ? c : p->block, direct ? to : runs_apart, direct ? at_row : rows_apart,
                (direct && add) || k > 0);
        }
        if (direct) continue;
        for (long i = 0; i < together * rows; i++) {
            T *restrict line = c + run[i / rows].to + j * step + at_row[i % rows];
            const T *restrict made = p->block + runs_apart[i / rows] + rows_apart[i % rows];
            for (long t = 0; t < done; t++) line[t * step] = (add ? line[t * step] : 0) + made[t];
        }
    }
}

APART void NAME(by_strips)(const struct NAME(product) *p, long first, long end, const T *b, T *c, int add)
{
    for (long row = 0, rows; row < p->rows; row += rows) {
        rows = strip_rows(p->rows - row);
        for (long n = first, together; n < end; n += together) {
            const struct run *run = p->runs + n;
            const long vectors = minimum((run->length + LANES - 1) / LANES, 4);
            for (together = 4; n + together > end || together * rows * vectors > HELD;) together /= 2;
            for (long i = 1; i < together; i++) if (run[i].length != run->length) together = 1;
            const struct run *next = together == 4 && n + 8 <= end ? run + 4 : NULL;
            NAME(strip_of)(p, run, next, together, row, rows, b, c, add);
        }
    }
}

/* Strips from a copy that is made band by band, so that it stays in a near cache. */
APART void NAME(by_bands)(const struct NAME(product) *p, const long *base, T *c, int add)
{
    const struct side *s = &p->right;
    const long bytes = room(s) * (long)sizeof(T), rows = maximum(4, s->seconds * BAND / bytes / 4 * 4); /* of sheets */
    const long bands = (s->seconds + rows - 1) / rows;
    if (bands == 1) {
        NAME(copy)(s, 0, p->b, base, 1, p->copy);
        NAME(by_strips)(p, 0, p->count, p->copy, c, add);
        return;
    }
    long greatest[RANK] = {0};
    for (long n = 0; n < s->seconds * s->rank; n++) {
        greatest[n % s->rank] = maximum(greatest[n % s->rank], s->second[n]);
    }
    for (long n = 0; n < bands; n++) {
        const long first = n * rows, end = minimum(first + rows, s->seconds);
        struct side band = *s;
        long shift = 0;
        for (long axis = 0; axis < s->rank; axis++) {
            long low = s->second[first * s->rank + axis], high = low;
            for (long k = first; k < end; k++) {
                low = minimum(low, s->second[k * s->rank + axis]);
                high = maximum(high, s->second[k * s->rank + axis]);
            }
            band.low[axis] += low;
            band.shape[axis] -= low + greatest[axis] - high;
            shift += low * s->pitch[axis];
        }
        NAME(copy)(&band, 0, p->b, base, 1, p->copy);
        NAME(by_strips)(p, first, end, p->copy - shift, c, add);
    }
}

/* Entry by entry, where a copy would hold little but zeros. */
APART void NAME(by_entries)(
    const struct NAME(product) *p, const long *left, const long *right, long result, int add)
{
    const struct side *s = &p->right;
    for (long row = 0; row < p->rows; row++) {
        for (long n = 0; n < s->seconds * s->inners; n++) {
            const long second = n / s->inners, inner = n % s->inners;
            T sum = 0;
            for (long k = 0; k < p->summed; k++) {
                const long a = place_of(&p->left, left, k, row, 0), b = place_of(s, right, k, second, inner);
                sum += (a < 0 ? 0 : p->a[a]) * (b < 0 ? 0 : p->b[b]);
            }
            const struct side *c = &p->result;
            T *place = p->c + result + c->at_first[row] + c->at_second[second] + inner * c->at_inner;
            *place = (add ? *place : 0) + p->scale * sum;
        }
    }
}

/* result = (add ? result : 0) + sum of left * right, the three at these bases. */
APART void NAME(multiply)(struct NAME(product) *p, const long *left, const long *right, const long *result, int add)
{
    if (p->sparse) {
        measure(&p->result, 0);
        NAME(by_entries)(p, left, right, distance(&p->result, result), add);
        return;
    }
    int copied = leaves(&p->left, left);
    measure(&p->left, copied);
    const T *a = p->a + (copied ? 0 : distance(&p->left, left));
    if (copied) {
        if (p->copy_of_left == NULL) p->copy_of_left = take(p->memory, sizeof(T) * room(&p->left));
        if (p->memory->failed) return;
        NAME(copy)(&p->left, 0, p->a, left, 1, p->copy_of_left);
        a = p->copy_of_left;
    }
    if (copied || a != p->packed_from) {
        if (p->along) NAME(pack_lines)(p, a);
        for (long row = 0; row < p->rows && !p->along;) {
            const long wide = p->strips ? strip_rows(p->rows - row) : p->height;
            NAME(pack)(p, a, row, wide, p->packed + row * p->summed);
            row += wide;
        }
        p->packed_from = a;
    }
    const struct side *s = &p->right;
    copied = p->always || leaves(s, right);
    if (measure(&p->result, 0) | measure(&p->right, copied)) {
        if (p->strips) {
            p->lines = p->rows == 1 ? lines_of(s) : 0;
            NAME(find_runs)(p);
        } else {
            list_columns(s, p->from);
            list_columns(&p->result, p->to);
        }
    }
    T *c = p->c + distance(&p->result, result);
    if (p->strips && copied) {
        NAME(by_bands)(p, right, c, add);
        return;
    }
    const T *b = p->copy;
    if (copied) NAME(copy)(s, 0, p->b, right, 1, p->copy);
    else b = p->b + distance(s, right);
    if (p->along) NAME(by_dots)(p, b, c, add);
    else if (p->strips) NAME(by_strips)(p, 0, p->count, b, c, add);
    else NAME(by_tiles)(p, b, c, add);
}
"""

__all__ = ["TYPED"]
