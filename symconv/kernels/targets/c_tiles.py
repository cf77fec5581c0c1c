"""The innermost loops of a product in C: accumulators that stay in registers, written out one by one.

Two shapes.  A `tile` multiplies vectors of rows (output channels) by single entries of the columns (pixels):
any stride and any order of pixels costs the same.  A `strip` multiplies single entries of the rows by vectors
of neighbouring columns: for few rows, down to one (depthwise, a single channel).
"""

from __future__ import annotations

from itertools import product

PIXELS = 6  # columns of a tile
VECTORS = 4  # vectors of a tile or a strip, at most
RUNS, ROWS = (1, 2, 4), (1, 2, 3, 4)  # runs of columns and rows that a strip takes together
HELD = 16  # accumulators of a strip, at most
HEIGHT = 7  # of a kernel whose sheet is written out, at most

HEAD = """\
/* vectors as wide as the processor's, and how many of them its registers hold beside six pixels */
#if defined(__AVX512F__)
#define BYTES 64
#define MOST 4
#elif defined(__AVX__)
#define BYTES 32
#define MOST 2
#else
#define BYTES 16
#define MOST 2
#endif
/* keep a vector in a register, where a compiler would rather read it again for each use */
#if defined(__AVX512F__)
#define KEEP(x) __asm__("" : "+v"(x))
#elif defined(__AVX__)
#define KEEP(x) __asm__("" : "+x"(x))
#else
#define KEEP(x) (void)(x)
#endif
#define PIXELS 6
#define HELD 16 /* accumulators of a strip */
#define HEIGHT 7 /* of a kernel whose sheet is written out, at most */
"""

TYPES = """\
#define LANES (BYTES / (long)sizeof(T))
#define LINE (64 / (long)sizeof(T)) /* of a cache */
typedef T NAME(vector) __attribute__((vector_size(BYTES)));
typedef T NAME(loose) __attribute__((vector_size(BYTES), aligned(sizeof(T)), may_alias));
typedef void NAME(tile)(long, const T *, const T *, const long *, const long *, T *, int);
typedef void NAME(strip)(
    long, const T *, const T *, const long *, const long *, long, T *, const long *, const long *, int);
typedef void NAME(sheet)(long, long, long, const T *, const T *, const long *, long, long, T *, const long *, int);
"""


def tile(vectors: int) -> str:
    """c[q][lanes] = (more ? c : 0) + sum over k of a[k][lanes] * b[at_k[k] + at_q[q]], for six q."""
    pairs = list(product(range(PIXELS), range(vectors)))
    lines = [
        f"static void NAME(tile_{vectors})(long count, const T *a, const T *b, const long *at_k, const long *at_q,",
        "    T *place, int more)",
        "{",
        "    NAME(vector) *c = (NAME(vector) *)place;",
        f"    const T *{', *'.join(f'b{q} = b + at_q[{q}]' for q in range(PIXELS))};",
        f"    NAME(vector) {', '.join(f'c{q}{v} = {{0}}' for q, v in pairs)};",
        f"    for (long k = 0; k < count; k++, a += {vectors} * LANES) {{",
        "        const NAME(vector) *row = (const NAME(vector) *)a;",
        f"        const NAME(vector) {', '.join(f'a{v} = row[{v}]' for v in range(vectors))};",
        "        const long at = at_k[k];",
    ]
    for q in range(PIXELS):
        lines.append(" " * 8 + " ".join(f"c{q}{v} += a{v} * b{q}[at];" for v in range(vectors)))
    lines += ["    }", "    if (more) {"]
    lines += [f"        c{q}{v} += c[{q * vectors + v}];" for q, v in pairs]
    lines += ["    }", *(f"    c[{q * vectors + v}] = c{q}{v};" for q, v in pairs), "}"]
    return "\n".join(lines) + "\n"


def strip(runs: int, rows: int, vectors: int) -> str:
    """c[to[run] + at_row[row] + lanes] (+)= sum over k of a[k][row] * b[at_k[k] + from[run] + lanes].

    The last of the vectors begins at `last`, so that it ends where the run does.
    """
    triples = list(product(range(runs), range(rows), range(vectors)))
    lines = [
        f"static void NAME(strip_{runs}{rows}{vectors})(long count, const T *a, const T *b, const long *at_k,",
        "    const long *from, long last, T *c, const long *to, const long *at_row, int add)",
        "{",
        f"    const T *{', *'.join(f'b{n} = b + from[{n}]' for n in range(runs))};",
        f"    NAME(vector) {', '.join(f'c{n}{m}{v} = {{0}}' for n, m, v in triples)};",
        f"    for (long k = 0; k < count; k++, a += {rows}) {{",
        "        const long at = at_k[k];",
    ]
    for n in range(runs):
        lines.append(f"        const T *row{n} = b{n} + at;")
    for n, v in product(range(runs), range(vectors)):
        products = " ".join(f"c{n}{m}{v} += a[{m}] * x{n}{v};" for m in range(rows))
        lines.append(f"        const NAME(vector) x{n}{v} = {_at(f'row{n}', v, vectors)}; {products}")
    lines += ["    }"]
    for n, m in product(range(runs), range(rows)):
        lines += ["    {", f"        T *place = c + to[{n}] + at_row[{m}];"]
        lines += [*_stored(f"c{n}{m}", vectors), "    }"]
    return "\n".join([*lines, "}"]) + "\n"


SHEET = """\
/* Four strips of one row each that lie `apart`, for a kernel of lines that lie as far apart: lines are read once.

   c[to[run] + lanes] (+)= sum over v < count, u of a[u * width + v] * b[at_v[v] + from + (u + run) * apart + lanes].

   A height and a number of vectors that are known where this is called leave neither a loop nor a question in it. */
static inline __attribute__((always_inline)) void NAME(SHEET)(
    const int vectors, const long height, long width, long count, const T *a, const T *b, const long *at_v, long apart,
    long last, T *c, const long *to, int add)
{
    NAME(vector) sum[4][4] = {{{0}}};
    for (long v = 0; v < count; v++) {
        const T *line = b + at_v[v], *weight = a + v;
#pragma GCC unroll TURNS
        for (long u = 0; u < height + 3; u++, line += apart) {
            NAME(vector) x[4];
#pragma GCC unroll 4
            for (int i = 0; i < vectors; i++) {
                x[i] = *(const NAME(loose) *)(line + (i == vectors - 1 ? last : i * LANES));
                KEEP(x[i]);
            }
#pragma GCC unroll 4
            for (int n = 0; n < 4; n++) {
                if (u < n || u >= height + n) continue;
                const T w = weight[(u - n) * width];
#pragma GCC unroll 4
                for (int i = 0; i < vectors; i++) sum[n][i] += w * x[i];
            }
        }
    }
#pragma GCC unroll 4
    for (int n = 0; n < 4; n++) {
        T *place = c + to[n];
        if (add) { /* all is read before any is written, as the last two may overlap */
#pragma GCC unroll 4
            for (int i = 0; i < vectors; i++) {
                sum[n][i] += *(const NAME(loose) *)(place + (i == vectors - 1 ? last : i * LANES));
            }
        }
#pragma GCC unroll 4
        for (int i = 0; i < vectors; i++) {
            *(NAME(loose) *)(place + (i == vectors - 1 ? last : i * LANES)) = sum[n][i];
        }
    }
}
"""


def sheet(height: int, vectors: int) -> str:
    """The sheet of a known height; 0 for any height."""
    name = "sheet_of" if height else "sheet_of_any"
    lines = [
        f"static void NAME(sheet_{height}{vectors})(long height, long width, long count, const T *a, const T *b,",
        "    const long *at_v, long apart, long last, T *c, const long *to, int add)",
        "{",
        *(["    (void)height;"] if height else []),
        f"    NAME({name})({vectors}, {height or 'height'}, width, count, a, b, at_v, apart, last, c, to, add);",
        "}",
    ]
    return "\n".join(lines) + "\n"


def _at(pointer: str, v: int, vectors: int, const: str = "const ") -> str:
    """One of the vectors that lie beside each other from here on, the last one at `last`."""
    place = f"{pointer} + last" if v == vectors - 1 else f"{pointer} + {v} * LANES" if v else pointer
    return f"*({const}NAME(loose) *)({place})"


def _stored(name: str, vectors: int) -> list[str]:
    """The sums put, or added, to where they belong; all is read before any is written, as the last two may overlap."""
    add = " ".join(f"{name}{v} += {_at('place', v, vectors)};" for v in range(vectors))
    return [f"        if (add) {{ {add} }}"] + [
        f"        {_at('place', v, vectors, '')} = {name}{v};" for v in range(vectors)
    ]


def text() -> str:
    """All tiles and strips, and tables to choose from."""
    parts = [TYPES, *(tile(v) for v in range(1, VECTORS + 1))]
    parts.append(f"static NAME(tile) *const NAME(tiles)[] = {{{_row('tile_', range(1, VECTORS + 1))}}};\n")
    shapes = [(n, m, v) for n in RUNS for m in ROWS for v in range(1, VECTORS + 1) if n * m * v <= HELD]
    parts += [strip(*shape) for shape in shapes]
    lines = [f"    [{n // 2}][{m - 1}][{v - 1}] = NAME(strip_{n}{m}{v})," for n, m, v in shapes]
    table = f"static NAME(strip) *const NAME(strips)[{len(RUNS)}][{len(ROWS)}][{VECTORS}] = {{"
    parts.append("\n".join([table, *lines, "};\n"]))
    parts += [SHEET.replace("SHEET", "sheet_of").replace("TURNS", "16")]
    parts += [SHEET.replace("SHEET", "sheet_of_any").replace("TURNS", "1").partition("*/\n")[2]]
    parts += [sheet(height, v) for height in range(HEIGHT + 1) for v in range(1, VECTORS + 1)]
    heights = ["static NAME(sheet) *const NAME(sheets)[][4] = {"]
    heights += [f"    {{{_row(f'sheet_{height}', range(1, VECTORS + 1))}}}," for height in range(HEIGHT + 1)]
    parts.append("\n".join([*heights, "};\n"]))
    return "\n".join(parts)


def _row(prefix: str, numbers: range) -> str:
    return ", ".join(f"NAME({prefix}{n})" for n in numbers)


__all__ = ["HEAD", "PIXELS", "VECTORS", "text"]
