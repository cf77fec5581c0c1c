"""The Python side of an exported C file: compile it once, load it, call its functions.

This file's text is copied into the exported module: it needs the standard library and NumPy alone.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import struct
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
SOURCE = Path(__file__).with_suffix(".c")
# never -ffast-math, which would change the order of sums
FLAGS = ["-O3", "-march=native", "-fno-math-errno", "-ffp-contract=fast", "-std=c99", "-shared", "-fPIC"]
FLAGS += ["-fopenmp-simd", *os.environ.get("CFLAGS", "").split()]


def _c_words() -> list[str]:
    """What CC says: a compiler and perhaps options; none without it."""
    said = os.environ.get("CC", "")
    try:
        return shlex.split(said)
    except ValueError as error:
        raise RuntimeError(
            f"CC: {said} given, which no shell splits ({error}); a C compiler and its options needed; "
            "close what is quoted"
        ) from None


def _c_compiler() -> list[str]:
    """The C compiler and its own options: what CC names, or the first of cc, gcc, clang."""
    named, *options = _c_words() or [""]
    for name in (named,) if named else ("cc", "gcc", "clang"):
        found = shutil.which(name)
        if found:
            return [found, *options]
    raise RuntimeError(
        f"C compiler: {named or 'cc, gcc and clang'} not found; one is needed to build {SOURCE.name}; install gcc "
        "(apt install gcc, dnf install gcc, xcode-select --install) or let CC name a compiler"
    )


def _c_file_name() -> str:
    """The library's name: another source, other flags or another processor make another one."""
    if not SOURCE.is_file():
        raise RuntimeError(
            f"{SOURCE}: no such file; the C source that was exported together with {Path(__file__).name} is needed; "
            "put both files into one folder"
        )
    processor = Path("/proc/cpuinfo")
    lines = processor.read_text().splitlines() if processor.is_file() else [platform.processor()]
    about = [platform.machine(), *FLAGS, *_c_words()[1:]]
    about += sorted({line for line in lines if line.startswith(("flags", "model name"))})
    key = hashlib.sha256(SOURCE.read_bytes() + "\n".join(about).encode()).hexdigest()[:16]
    return f"{SOURCE.stem}-{key}.so"


def build(folder: Path) -> Path:
    """Compile the C file into a folder; the library's path."""
    compiler, target = _c_compiler(), folder / _c_file_name()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            made = Path(scratch) / target.name
            _c_into(made, compiler)
            made.replace(target)
    except OSError as error:
        raise RuntimeError(
            f"{folder}: the library of {SOURCE.name} cannot be put there ({error.strerror}); a folder to write in "
            f"needed; let XDG_CACHE_HOME name one, or call {Path(__file__).name} --build to put it beside that file"
        ) from None
    return target


def _c_into(made: Path, compiler: list[str]) -> None:
    """Compile the C file into this one."""
    command = [*compiler, *FLAGS, f'-DSELF="{SOURCE.name}"', str(SOURCE), "-o", str(made), "-lm"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(
            f"{SOURCE.name}: {shlex.join(compiler)} failed; a compiler for C99 with vector extensions (GCC 8 or later) "
            f"is needed; let CC name one\n{done.stderr[:2000]}"
        )


@cache
def _c_library() -> ctypes.CDLL:
    """The library beside this file, or in the cache, or made now."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "symconv"
    beside, cached = (folder / _c_file_name() for folder in (SOURCE.parent, home))
    path = beside if beside.is_file() else cached if cached.is_file() else build(home)
    return ctypes.CDLL(str(path))


def _c_type(**arrays: Array) -> np.dtype[Any]:
    """float32 if no array holds more, else float64; whole numbers count as float64."""
    types = [a.dtype for a in arrays.values()]
    dtype = types[0] if types else np.dtype(np.float64)
    if dtype.char not in "fd" or not dtype.isnative or any(t is not dtype for t in types):
        dtype = np.result_type(np.float32, *types)
    if dtype.char not in "fd":
        name, given = next((name, a.dtype) for name, a in arrays.items() if a.dtype.char not in "efdlq")
        raise TypeError(
            f"{name}: entries of type {given} given; float32 or float64 needed; convert with .astype(float)"
        )
    return dtype


@cache
def _c_function(name: str, char: str) -> Any:
    """A C function for one type of entries, by the letter that NumPy gives the type."""
    function = _c_library()[f"{name}_{'f32' if char == 'f' else 'f64'}"]
    function.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
    return function


def _in_c(
    name: str,
    out: Array,
    arrays: tuple[Array, ...],
    sizes: tuple[int, ...],
    given: bool,
    threads: int = 1,
    shared: int = 0,
    axes: tuple[int | None, ...] = (),
) -> None:
    """Call a C function: out = name(arrays, sizes).

    given: `out` is the caller's, who may have passed it twice.  threads: how many share the first axis of `out`, which
    is sizes[shared] and the axis of each array that `axes` tells.
    """
    kept = [_for_c(a, out.dtype) for a in arrays]
    fits = not given or (out.flags.carray and not any(np.may_share_memory(out, a) for a in kept))
    made = out if fits else np.empty(out.shape, out.dtype)
    if threads > 1 and axes and len(made) > 1:
        _in_parts(name, made, kept, sizes, min(threads, len(made)), shared, axes)
    elif out.size:
        _call_c(name, made, kept, sizes)
    if not fits:
        out[...] = made


def _in_parts(
    name: str,
    out: Array,
    arrays: list[Array],
    sizes: tuple[int, ...],
    threads: int,
    shared: int,
    axes: tuple[int | None, ...],
) -> None:
    """The call in as many parts, all at once; C runs without Python's lock."""

    def part(first: int, end: int) -> None:
        places = [slice(None) if n is None else (slice(None),) * n + (slice(first, end),) for n in axes]
        mine = [_for_c(a[place], out.dtype) for a, place in zip(arrays, places)]
        if out.size:
            _call_c(name, out[first:end], mine, (*sizes[:shared], end - first, *sizes[shared + 1 :]))

    cuts = [len(out) * n // threads for n in range(threads + 1)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(part, cuts[:-1], cuts[1:]))


def _call_c(name: str, out: Array, arrays: list[Array], sizes: tuple[int, ...]) -> None:
    """The call itself."""
    places = struct.pack(f"{len(arrays)}P", *map(_place, arrays))
    numbers = struct.pack(f"{len(sizes)}l", *sizes)
    if _c_function(name, out.dtype.char)(_place(out), places, numbers):
        raise MemoryError(f"{name}: no memory for what lies between input and output; call it on smaller parts")


def _place(array: Array) -> int:
    """Where the entries of an array begin; by a buffer, which NumPy makes sooner than its interface."""
    if array.flags.writeable and array.size:
        return ctypes.addressof(ctypes.c_char.from_buffer(array.data))
    place: int = array.__array_interface__["data"][0]
    return place


def _for_c(array: Array, dtype: np.dtype[Any]) -> Array:
    """The array itself if its rows lie one after the other and its entries have this type, else a copy that is so."""
    plain = array if array.dtype is dtype and array.flags.carray else np.ascontiguousarray(array, dtype)
    return plain if plain.flags.aligned else plain.copy()


__all__ = ["FLAGS", "SOURCE", "Array", "build"]
