"""What a product is, in C, and how its factors are packed and copied before they are multiplied."""

from __future__ import annotations

PRODUCT = """\
struct NAME(product) {
    struct side left, right, result; /* summed and row; summed and column; row and column */
    const T *a, *b;
    T *c, *copy, *copy_of_left, *packed, *block, scale;
    struct memory *memory;
    const T *packed_from;
    struct run *runs;
    long *from, *to; /* the columns in `right` and in `result` */
    long summed, rows, columns, height, count;
    long lines; /* of a kernel whose lines lie as far apart as the runs, else 0 */
    long along; /* what is summed in one line, for dot products, else 0 */
    int strips, always; /* strips instead of tiles; always from a copy */
    int sparse; /* neither: entry by entry */
    int large; /* the result is larger than a near cache */
};
"""

PACKING = """\
/* A few zeros, and perhaps some more up to a vector: what comes behind them in a copy is written later. */
static inline void NAME(clear)(T *to, long count)
{
    if (count > LANES) memset(to, 0, sizeof(T) * count);
    else if (count > 0) *(NAME(loose) *)to = (NAME(vector)){0};
}

/* Copy the box at a base, zeros outside the array, the last axis phase by phase. */
APART void NAME(copy)(const struct side *s, long axis, const T *from, const long *base, int inside, T *to)
{
    const long low = base[axis] + s->low[axis], shape = s->shape[axis], last = s->rank - 1;
    if (axis < last) {
        long stride = 1;
        for (long k = axis + 1; k < s->rank; k++) stride *= s->extent[k];
        for (long n = 0; n < shape; n++, to += s->pitch[axis]) {
            const long p = low + n;
            const int within = inside && p >= 0 && p < s->extent[axis];
            NAME(copy)(s, axis + 1, within ? from + p * stride : from, base, within, to);
        }
        return;
    }
    const long step = s->step, phase = (shape + step - 1) / step;
    const long first = maximum(0, -low), end = inside ? minimum(shape, s->extent[axis] - low) : 0;
    if (step == 1) {
        const long begin = end > first ? minimum(shape, first) : shape, close = maximum(begin, end);
        NAME(clear)(to, begin);
        memcpy(to + begin, from + low + begin, sizeof(T) * (close - begin));
        NAME(clear)(to + close, shape - close);
        return;
    }
    for (long t = 0; t < step; t++, to += phase) {
        const long begin = end > first ? minimum(phase, maximum(0, -floor_div(t - first, step))) : phase;
        const long close = maximum(begin, minimum(phase, -floor_div(t - end, step)));
        from += t ? 1 : low;
        for (long n = 0; n < begin; n++) to[n] = 0;
        if (step == 2) for (long n = begin; n < close; n++) to[n] = from[2 * n];
        else for (long n = begin; n < close; n++) to[n] = from[step * n];
        for (long n = close; n < phase; n++) to[n] = 0;
    }
}

/* to[j][i] = from[i][j] (added if asked): a square of LANES rows, all in registers. */
static inline void NAME(turn)(const T *const *from, T *const *to, long count, int add)
{
    typedef WHOLE mask __attribute__((vector_size(BYTES)));
    mask lane;
    NAME(vector) v[LANES];
#pragma GCC unroll 16
    for (int i = 0; i < LANES; i++) lane[i] = i;
#pragma GCC unroll 16
    for (int i = 0; i < LANES; i++) v[i] = *(const NAME(loose) *)from[i];
#pragma GCC unroll 4
    for (int h = 1; h < LANES; h *= 2) {
        const mask odd = (lane & h) != 0;
        const mask even = lane + (odd & (WHOLE)(LANES - h)), other = lane + (~odd & h) + (odd & (WHOLE)LANES);
#pragma GCC unroll 16
        for (int i = 0; i < LANES; i++) {
            if (i & h) continue;
            const NAME(vector) low = v[i], high = v[i + h];
            v[i] = __builtin_shuffle(low, high, even);
            v[i + h] = __builtin_shuffle(low, high, other);
        }
    }
    if (add) {
#pragma GCC unroll 16
        for (int i = 0; i < LANES; i++) if (i < count) *(NAME(loose) *)to[i] += v[i];
    } else {
#pragma GCC unroll 16
        for (int i = 0; i < LANES; i++) if (i < count) *(NAME(loose) *)to[i] = v[i];
    }
}

/* True if `LANES` distances from here on count up by ones. */
static inline int NAME(straight)(const long *at, long left)
{
    if (left < LANES) return 0;
    for (long n = 1; n < LANES; n++) if (at[n] != at[0] + n) return 0;
    return 1;
}

/* How many distances from here on lie `step` apart, up to `LANES` of them. */
static inline long NAME(evenly)(const long *at, long left, long step)
{
    long count = 1;
    while (count < minimum(LANES, left) && at[count] - at[count - 1] == step) count++;
    return count;
}

/* packed[k][lane] = scale * left[k][row], zeros beyond the last row; `wide` rows from `row` on. */
APART void NAME(pack)(const struct NAME(product) *p, const T *a, long row, long wide, T *packed)
{
    static const T zeros[LANES];
    const long *at_k = p->left.at_first, *at_row = p->left.at_second + row, rows = minimum(wide, p->rows - row);
    for (long k = 0; k < p->summed;) {
        if (wide % LANES == 0 && NAME(straight)(at_k + k, p->summed - k)) {
            for (long m = 0; m < wide; m += LANES) {
                const T *from[LANES];
                T *to[LANES];
                for (long i = 0; i < LANES; i++) {
                    from[i] = m + i < rows ? a + at_row[m + i] + at_k[k] : zeros;
                    to[i] = packed + (k + i) * wide + m;
                }
                NAME(turn)(from, to, LANES, 0);
            }
            k += LANES;
            continue;
        }
        for (long m = 0; m < rows; m++) packed[k * wide + m] = a[at_row[m] + at_k[k]];
        for (long m = rows; m < wide; m++) packed[k * wide + m] = 0;
        k++;
    }
    if (p->scale != 1) for (long n = 0; n < p->summed * wide; n++) packed[n] *= p->scale;
}

/* Columns in runs, for strips; rows that follow each other in both arrays are one run. */
SETUP void NAME(find_runs)(struct NAME(product) *p)
{
    const struct side *s = &p->right;
    struct run *run = p->runs - 1;
    for (long n = 0; n < s->seconds; n++) {
        const long from = s->at_second[n], to = p->result.at_second[n];
        const int plain = n && !s->copied && p->result.at_inner == 1;
        if (plain && from == run->from + run->length && to == run->to + run->length) run->length += s->inners;
        else *++run = (struct run){from, to, s->inners};
    }
    p->count = run + 1 - p->runs;
}
"""

__all__ = ["PACKING", "PRODUCT"]
