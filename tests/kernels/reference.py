"""Plain loops, written without symconv: what the kernels are compared with."""

from __future__ import annotations

from itertools import product

import numpy as np

Pairs = tuple[tuple[int, int], ...]


def taps(x_shape, k_shape, y_shape, stride, padding, dilation, groups):
    """(y index, x index, k index) of every product of a grouped correlation [N, C, H..] with [O, C/g, r..]."""
    per_group = k_shape[0] // groups if groups else 0
    for y in product(*map(range, y_shape)):
        for k in product(*map(range, k_shape[1:])):
            at = [s * i + d * u - p for s, i, d, u, (p, _) in zip(stride, y[2:], dilation, k[1:], padding)]
            if all(0 <= a < n for a, n in zip(at, x_shape[2:])):
                yield y, (y[0], (y[1] // per_group) * k_shape[1] + k[0], *at), (y[1], *k)


def output_shape(x_shape, k_shape, stride, padding, dilation):
    spatial = [
        (n + p + q - d * (r - 1) - 1) // s + 1
        for n, (p, q), d, r, s in zip(x_shape[2:], padding, dilation, k_shape[2:], stride)
    ]
    return (x_shape[0], k_shape[0], *spatial)


def correlate(x, k, stride, padding, dilation, groups=1):
    y = np.zeros(output_shape(x.shape, k.shape, stride, padding, dilation))
    for at_y, at_x, at_k in taps(x.shape, k.shape, y.shape, stride, padding, dilation, groups):
        y[at_y] += x[at_x] * k[at_k]
    return y


def gradients(x, k, g, stride, padding, dilation, groups=1):
    dx, dk = np.zeros(x.shape), np.zeros(k.shape)
    for at_y, at_x, at_k in taps(x.shape, k.shape, g.shape, stride, padding, dilation, groups):
        dx[at_x] += g[at_y] * k[at_k]
        dk[at_k] += g[at_y] * x[at_x]
    return dx, dk


def pooled(x, window, stride, reduce, padding=(0, 0)):
    """Pooling of the last two axes; what lies outside counts as zero."""
    x = np.pad(x, [(0, 0)] * (x.ndim - 2) + [(p, p) for p in padding])
    shape = [(n - w) // s + 1 for n, w, s in zip(x.shape[-2:], window, stride)]
    y = np.zeros((*x.shape[:-2], *shape))
    for i, j in product(*map(range, shape)):
        part = x[..., i * stride[0] : i * stride[0] + window[0], j * stride[1] : j * stride[1] + window[1]]
        y[..., i, j] = reduce(part, axis=(-2, -1))
    return y


def max_pool_gradient(x, g, window, stride):
    """The upstream entry goes to the first maximum of its window, rows before columns."""
    dx = np.zeros(x.shape)
    for *lead, i, j in product(*map(range, g.shape)):
        best = None
        for u, v in product(*map(range, window)):
            at = (*lead, i * stride[0] + u, j * stride[1] + v)
            if best is None or x[at] > x[best]:
                best = at
        dx[best] += g[(*lead, i, j)]
    return dx


def numeric_gradient(function, x, g, step):
    """sum of g * (f(x + step e) - f(x - step e)) / (2 step) for every entry; exact if f is linear in x."""
    result = np.zeros(x.shape)
    for at in product(*map(range, x.shape)):
        up, down = x.copy(), x.copy()
        up[at] += step
        down[at] -= step
        result[at] = np.sum(g * (function(up) - function(down))) / (2 * step)
    return result
