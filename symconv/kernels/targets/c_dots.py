"""Dot products of lines in C: a product with few rows and few columns but long sums, as the gradient by a kernel is.

Vectors run along the summed index, and a register holds the partial sums of one row and one column; nothing is turned
round.  What is summed must come in lines that are neighbours in both factors (the right one may lie `step` apart).
"""

from __future__ import annotations

from itertools import product

COLUMNS = {1: 10, 2: 10, 3: 6, 4: 5}  # of a block, by its rows: so many sums fit beside what they read

HEAD = """\
/* How long the lines are that the sums consist of, 0 where there are none: neighbours in `left`, `step` apart in
   `right`. */
SETUP long lines_along(const struct side *left, const struct side *right, long step)
{
    const long last = right->rank - 1;
    if (step < 1 || left->alongs < 2 || left->along[left->rank - 1] != 1) return 0;
    for (long axis = 0; axis + 1 < left->rank; axis++) if (left->along[axis]) return 0;
    for (long axis = 0; axis < last; axis++) if (right->along[axis]) return 0;
    for (long n = 0; n < right->firsts; n++) if (right->first[n * right->rank + last] % step) return 0;
    return left->alongs;
}
"""

TYPES = """\
typedef WHOLE NAME(mask) __attribute__((vector_size(BYTES)));
typedef WHOLE NAME(loose_mask) __attribute__((vector_size(BYTES), aligned(sizeof(WHOLE)), may_alias));
typedef void NAME(dots)(long, long, const T *, long, const T *, const long *, const long *, T *);

static inline T NAME(whole)(NAME(vector) v)
{
    NAME(mask) lane;
#pragma GCC unroll 16
    for (int i = 0; i < LANES; i++) lane[i] = i;
#pragma GCC unroll 4
    for (WHOLE h = LANES / 2; h; h /= 2) v += __builtin_shuffle(v, lane ^ h);
    return v[0];
}
"""

SCHEDULE = """\
/* packed[row][line], scaled, every line filled up with zeros to whole vectors. */
APART void NAME(pack_lines)(const struct NAME(product) *p, const T *a)
{
    const long padded = (p->along + LANES - 1) / LANES * LANES;
    T *to = p->packed;
    for (long row = 0; row < p->rows; row++) {
        for (long line = 0; line < p->left.firsts; line++, to += padded) {
            const T *from = a + p->left.at_second[row] + p->left.at_first[line];
            memcpy(to, from, sizeof(T) * p->along);
            for (long n = p->along; n < padded; n++) to[n] = 0;
            if (p->scale != 1) for (long n = 0; n < p->along; n++) to[n] *= p->scale;
        }
    }
}

/* Band by band of lines, so that what is read again stays in a near cache. */
APART void NAME(by_dots)(const struct NAME(product) *p, const T *b, T *c, int add)
{
    const long padded = (p->along + LANES - 1) / LANES * LANES, lines = p->left.firsts;
    const long band = maximum(1, BAND / (2 * padded * (long)sizeof(T)));
    T sums[4 * 10];
    long at_q[10];
    for (long first = 0; first < lines; first += band, add = 1) {
        const long *at_k = p->right.at_first + first;
        for (long row = 0, rows; row < p->rows; row += rows) {
            rows = strip_rows(p->rows - row);
            const long columns = NAME(dots_columns)[rows - 1];
            const T *a = p->packed + (row * lines + first) * padded;
            for (long q = 0; q < p->columns; q += columns) {
                for (long n = 0; n < columns; n++) at_q[n] = p->from[minimum(q + n, p->columns - 1)];
                NAME(all_dots)[rows - 1](
                    minimum(band, lines - first), p->along, a, lines * padded, b, at_k, at_q, sums);
                for (long m = 0; m < rows; m++) {
                    for (long n = 0; n < minimum(columns, p->columns - q); n++) {
                        T *place = c + p->result.at_first[row + m] + p->to[q + n];
                        *place = (add ? *place : 0) + sums[m * columns + n];
                    }
                }
            }
        }
    }
}
"""


def dots(rows: int) -> str:
    """sums[m][n] = sum over lines, j of a[m * apart + line * padded + j] * b[at_k[line] + at_q[n] + j]."""
    ms, ns = range(rows), range(COLUMNS[rows])
    pairs = list(product(ms, ns))

    def step(mask: str) -> list[str]:
        read = "*(const NAME(loose) *)(x + at_q[{n}])"
        read = f"(NAME(vector))((NAME(mask)){read}{mask})" if mask else read
        lines = [f"const NAME(vector) {', '.join(f'a{m} = *(const NAME(vector) *)(a + {m} * apart)' for m in ms)};"]
        for n in ns:
            products = " ".join(f"c{m}{n} += a{m} * x{n};" for m in ms)
            lines.append(f"const NAME(vector) x{n} = {read.format(n=n)}; {products}")
        return lines

    lines = [
        f"static void NAME(dots_{rows})(long lines, long along, const T *a, long apart, const T *b, const long *at_k,",
        "    const long *at_q, T *sums)",
        "{",
        "    static const WHOLE ones[2 * LANES] = {[0 ... LANES - 1] = -1};",
        "    const long full = (along - 1) / LANES;",
        "    const NAME(mask) rest = *(const NAME(loose_mask) *)(ones + (full + 1) * LANES - along);",
        f"    NAME(vector) {', '.join(f'c{m}{n} = {{0}}' for m, n in pairs)};",
        "    for (long line = 0; line < lines; line++, at_k++) {",
        "        const T *x = b + *at_k;",
        "        for (long n = 0; n < full; n++, a += LANES, x += LANES) {",
        *(" " * 12 + text for text in step("")),
        "        }",
        *(" " * 8 + text for text in step(" & rest")),
        "        a += LANES;",
        "    }",
        *(f"    sums[{i}] = NAME(whole)(c{m}{n});" for i, (m, n) in enumerate(pairs)),
        "}",
    ]
    return "\n".join(lines) + "\n"


def text() -> str:
    """The blocks, tables to choose from, and the schedule."""
    known = ", ".join(f"NAME(dots_{m})" for m in COLUMNS)
    tables = [
        f"static NAME(dots) *const NAME(all_dots)[] = {{{known}}};",
        f"static const long NAME(dots_columns)[] = {{{', '.join(map(str, COLUMNS.values()))}}};\n",
    ]
    return "\n".join([TYPES, *map(dots, COLUMNS), "\n".join(tables), SCHEDULE])


__all__ = ["HEAD", "text"]
