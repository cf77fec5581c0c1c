"""What every exported C file begins with: memory, whole numbers that round down, elementwise functions."""

from __future__ import annotations

HEAD = """\
#ifndef T /* read once as it stands; then twice more, by itself, for float and for double */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#ifndef SELF
#define SELF "FILE_NAME" /* this file, beside itself wherever a compiler is called */
#endif

/* Arrays that a function needs while it runs; `release` frees them all. */
struct memory { void *held[64]; int count, failed; };

static inline void *take(struct memory *memory, size_t bytes)
{
    char *block = memory->count < 64 ? malloc(bytes + 128) : NULL;
    if (block == NULL) {
        memory->failed = 1;
        return NULL;
    }
    memory->held[memory->count++] = block;
    return block + 64 - (size_t)block % 64; /* vectors lie on whole cache lines */
}

static inline void release(struct memory *memory)
{
    while (memory->count) free(memory->held[--memory->count]);
}

static inline long floor_div(long a, long b) { return a / b - (a % b != 0 && (a % b < 0) != (b < 0)); }
static inline long floor_mod(long a, long b) { return a - floor_div(a, b) * b; }
static inline long maximum(long a, long b) { return a > b ? a : b; }
static inline long minimum(long a, long b) { return a < b ? a : b; }
"""

TWICE = """\
#define T float
#define WHOLE int
#define NAME(name) name##_f32
#include SELF
#undef T
#undef WHOLE
#undef NAME
#define T double
#define WHOLE long long
#define NAME(name) name##_f64
#include SELF
#else
"""
FOOT = "#endif\n"

ELEMENTWISE = """\
static inline T NAME(larger)(T a, T b) { return b > a || b != b ? b : a; }
static inline T NAME(plus)(T a, T b) { return a + b; }
static inline T NAME(exp)(T x) { return (T)(sizeof(T) == 4 ? expf((float)x) : exp((double)x)); }
static inline T NAME(log)(T x) { return (T)(sizeof(T) == 4 ? logf((float)x) : log((double)x)); }
static inline T NAME(tanh)(T x) { return (T)(sizeof(T) == 4 ? tanhf((float)x) : tanh((double)x)); }
static inline T NAME(sqrt)(T x) { return (T)(sizeof(T) == 4 ? sqrtf((float)x) : sqrt((double)x)); }
static inline T NAME(sigmoid)(T x) { return (T)0.5 * (1 + NAME(tanh)((T)0.5 * x)); }
static inline T NAME(relu)(T x) { return x < 0 ? 0 : x; }
static inline T NAME(step)(T x) { return x > 0 ? 1 : x <= 0 ? 0 : x; }
static inline T NAME(softplus)(T x) { return (x > 0 ? x : 0) + (T)log1p(exp(-fabs((double)x))); }
static inline T NAME(square)(T x) { return x * x; }
static inline T NAME(normal_cdf)(T x) { return (T)(0.5 + 0.5 * erf((double)x / sqrt(2.0))); }
static inline T NAME(normal_pdf)(T x) { return (T)(exp(-0.5 * (double)x * (double)x) / sqrt(8 * atan(1.0))); }
static inline T NAME(gelu)(T x) { return x * NAME(normal_cdf)(x); }
"""

__all__ = ["ELEMENTWISE", "FOOT", "HEAD", "TWICE"]
