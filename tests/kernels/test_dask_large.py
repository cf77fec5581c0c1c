"""An image of 30,000 x 30,000 in float32 through forward and both gradients, in less than 2 GB of memory.

The image is a Zarr file of 3.6 GB, written chunk by chunk to a temporary directory; the output and the gradient by
the image, of 3.6 GB each, stand beside it one after the other.  Disk use: up to 7.2 GB, removed at the end.  Nothing
is compressed.  The upstream gradient is made block by block and never stored.

Entries of the image and of the upstream gradient are -1, 0 or 1, so that every sum that arises is a whole number
below 2**24 and float32 holds it exactly.  Referees: SciPy on windows, and exact sums in int64, chunk by chunk.

Run as a script (`python test_dask_large.py FOLDER TAPS SIZE`, with the exported module as FOLDER/kernels.py) it does
the work of the test; this is the process whose memory is measured.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import time
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage, signal

SIZE, CHUNK, LIMIT = 30_000, 1_000, 2_000_000_000
IMAGE, UPSTREAM = 1, 2  # seeds

pytestmark = [pytest.mark.slow, pytest.mark.targets]


def entries(seed, row, column, height=CHUNK, width=CHUNK):
    """The chunk that begins at this row and column, the same each time it is asked for."""
    return np.random.default_rng((seed, row, column)).integers(-1, 2, (height, width), np.int8)


def chunks(size):
    """Row, column, height and width of every chunk."""
    for row, column in product(range(0, size, CHUNK), repeat=2):
        yield row, column, min(CHUNK, size - row), min(CHUNK, size - column)


def region(seed, rows, columns, size):
    """Any rectangle, put together from chunks, zero outside the image."""
    out = np.zeros((rows[1] - rows[0], columns[1] - columns[0]))
    starts = (range(max(0, a) // CHUNK * CHUNK, min(size, b), CHUNK) for a, b in (rows, columns))
    for row, column in product(*starts):
        part = entries(seed, row, column, min(CHUNK, size - row), min(CHUNK, size - column))
        r, c = row - rows[0], column - columns[0]
        into = out[max(0, r) : r + part.shape[0], max(0, c) : c + part.shape[1]]
        into[...] = part[max(0, -r) :, max(0, -c) :][: into.shape[0], : into.shape[1]]
    return out


def write_image(path, size):
    import zarr

    image = zarr.create_array(
        store=path, shape=(1, 1, size, size), chunks=(1, 1, CHUNK, CHUNK), dtype="float32", compressors=None
    )
    for row, column, height, width in chunks(size):
        image[0, 0, row : row + height, column : column + width] = entries(IMAGE, row, column, height, width)


def lazy_upstream(size):
    import dask.array as da

    def block(block_info):
        (_, _), (_, _), (row, end), (column, stop) = block_info[None]["array-location"]
        return entries(UPSTREAM, row, column, end - row, stop - column)[None, None].astype(np.float32)

    lengths = tuple(min(CHUNK, size - start) for start in range(0, size, CHUNK))
    return da.map_blocks(block, chunks=((1,), (1,), lengths, lengths), dtype=np.float32, meta=np.empty((0,) * 4, "f4"))


# -- referees ----------------------------------------------------------------------------


def windows(size):
    """Corners of squares: on the border, across the corners of chunks, anywhere."""
    rng = np.random.default_rng(5)
    fixed = [(0, 0), (0, size - 100), (size - 100, size - 100), (CHUNK - 50, CHUNK - 50), (CHUNK - 1, 0)]
    return [*fixed, *(tuple(map(int, rng.integers(0, size - 100, 2))) for _ in range(15))]


def shifted_sums(size, taps, seed):
    """For every tap the sum of the part of the image that it meets, as the padding of taps // 2 has it."""
    p = taps // 2
    sums = np.zeros((taps, taps), np.int64)
    for row, column, height, width in chunks(size):
        part = entries(seed, row, column, height, width)
        for u, v in product(range(taps), repeat=2):
            rows = slice(max(0, u - p - row), max(0, size + u - p - row))
            columns = slice(max(0, v - p - column), max(0, size + v - p - column))
            sums[u, v] += part[rows, columns].sum(dtype=np.int64)
    return sums


def kernel_gradient(size, taps):
    """Sum over all places of the upstream gradient times the shifted image, in whole numbers."""
    p = taps // 2
    found = np.zeros((taps, taps), np.int64)
    for row, column, height, width in chunks(size):
        g = entries(UPSTREAM, row, column, height, width).astype(np.float64)
        x = region(IMAGE, (row - p, row + height + p), (column - p, column + width + p), size)
        for u, v in product(range(taps), repeat=2):
            found[u, v] += round(float(np.vdot(g, np.ascontiguousarray(x[u : u + height, v : v + width]))))
    return found


def total(array):
    return int(sum(array.blocks[b].astype(np.int64).sum() for b in np.ndindex(*array.cdata_shape)))


# -- the work, in a process of its own ------------------------------------------------------


def work(folder, taps, size):
    import dask
    import dask.array as da
    import zarr

    sys.path.insert(0, str(folder))
    import kernels

    p, seconds = taps // 2, {}
    rng = np.random.default_rng(taps)
    k = rng.integers(-3, 4, (1, 1, taps, taps)).astype(np.float32)
    image, made = folder / "image.zarr", folder / "made.zarr"
    with dask.config.set(scheduler="threads", num_workers=2):
        seconds["image"] = timed(lambda: write_image(image, size))
        x, g = da.from_zarr(image), lazy_upstream(size)
        seconds["forward"] = timed(lambda: store(kernels.forward(x, k, padding=p), made))
        check(zarr.open_array(made), IMAGE, lambda part: ndimage.correlate(part, k[0, 0], mode="constant"), p)
        assert total(zarr.open_array(made)) == (shifted_sums(size, taps, IMAGE) * k[0, 0]).sum()
        seconds["grad_input"] = timed(lambda: store(kernels.grad_input(g, k, x.shape, padding=p), made))
        check(zarr.open_array(made), UPSTREAM, lambda part: signal.convolve2d(part, k[0, 0], mode="same"), p)
        assert total(zarr.open_array(made)) == (shifted_sums(size, taps, UPSTREAM) * k[0, 0, ::-1, ::-1]).sum()
        shutil.rmtree(made)
        gradient = []
        lazy = kernels.grad_kernel(g, x, k.shape, padding=p)
        seconds["grad_kernel"] = timed(lambda: gradient.append(lazy.compute()))
    assert np.array_equal(gradient[0][0, 0].astype(np.int64), kernel_gradient(size, taps))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"taps": taps, "size": size, "peak": peak, "seconds": seconds}))


def timed(run):
    start = time.perf_counter()
    run()
    return round(time.perf_counter() - start, 1)


def store(array, path):
    """Into a Zarr file, without compression."""
    import dask.array as da
    import zarr

    shape, parts = array.shape, (1, 1, *(c[0] for c in array.chunks[2:]))
    target = zarr.create_array(
        store=path, shape=shape, chunks=parts, dtype=array.dtype, compressors=None, overwrite=True
    )
    da.store(array, target, lock=False)


def check(found, seed, referee, p):
    """Windows of what was stored against SciPy on the same windows of the data, with a margin."""
    size = found.shape[-1]
    for row, column in windows(size):
        rows, columns = (row - p, row + 100 + p), (column - p, column + 100 + p)
        wanted = referee(region(seed, rows, columns, size))[p : p + 100, p : p + 100]
        assert np.array_equal(found[0, 0, row : row + 100, column : column + 100], wanted)


# -- the test --------------------------------------------------------------------------------


def measured(folder, taps, size):
    """What the process reports of itself; the folder is emptied afterwards."""
    from symconv.calculus.gradient import gradient, upstream
    from symconv.kernels import Export
    from symconv.kernels.targets.dask import DaskModule
    from symconv.specs import parse_spec

    parsed = parse_spec("conv2d --stride s --padding p --dilation d --channels 1,1", words=True)
    f = parsed.output
    gradients = {leaf.name: gradient(f, leaf, upstream(f, "upstream")) for leaf in parsed.leaves}
    text = DaskModule(Export(f, gradients, "conv2d")).source()
    (folder / "kernels.py").write_text(text)
    try:
        command = [sys.executable, __file__, str(folder), str(taps), str(size)]
        done = subprocess.run(command, capture_output=True, text=True)
    finally:
        for path in folder.glob("*.zarr"):
            shutil.rmtree(path)
    assert not done.returncode, done.stderr
    print(done.stdout)
    return json.loads(done.stdout)


@pytest.mark.parametrize("taps", [3, 5])
def test_an_image_that_outgrows_memory(tmp_path, taps):
    for package in ("dask", "zarr"):
        pytest.importorskip(package)
    free = shutil.disk_usage(tmp_path).free
    if free < 10 * SIZE**2:
        pytest.skip(f"{free / 1e9:.1f} GB of disk are free, 9 GB are wanted")
    assert measured(tmp_path, taps, SIZE)["peak"] < LIMIT


if __name__ == "__main__":
    work(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
