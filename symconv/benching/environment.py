"""The environment that a comparison needs, and the words that say what it was.

Threads are fixed before NumPy is loaded; the allocator keeps its memory, so that a peer that asks for a new result
each time does not pay for fresh pages (without it ratios look up to three times better); and nothing tells OpenBLAS to
use kernels for another processor.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

MALLOC = "glibc.malloc.mmap_threshold=1073741824:glibc.malloc.trim_threshold=4294967296:glibc.malloc.top_pad=67108864"
MARK = "SYMCONV_BENCH_ENVIRONMENT"
PACKAGES = ("numpy", "torch", "scipy", "opencv-python-headless", "jax")


def wanted(threads: int, before: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The whole environment of a measurement, from the one before."""
    count = str(threads)
    found = {**before, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": count, "MKL_NUM_THREADS": count, MARK: "set"}
    found["GLIBC_TUNABLES"] = MALLOC
    found["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={'true' if threads > 1 else 'false'}"
    for forced in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):  # what OpenBLAS finds itself fits the processor
        found.pop(forced, None)
    return found


def prepared() -> bool:
    """Whether this process runs in the environment of a measurement."""
    return os.environ.get(MARK) == "set"


def again(module: str, arguments: Sequence[str], threads: int) -> subprocess.CompletedProcess[str]:
    """Run `python -m module arguments` in the environment of a measurement; what it prints is captured."""
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, env=wanted(threads), capture_output=True, text=True, check=False)


def described(threads: int) -> str:
    """The machine, the versions and the settings, as a sentence."""
    packages = [f"{name} {found}" for name in PACKAGES if (found := _version(name))]
    malloc = "kept (GLIBC_TUNABLES)" if os.environ.get("GLIBC_TUNABLES") == MALLOC else "as the system has it"
    return (
        f"{platform.system()} on {_processor()}, Python {platform.python_version()}, {', '.join(packages)}; "
        f"{threads} thread{'s' if threads > 1 else ''}; freed memory {malloc}"
    )


def _processor() -> str:
    """The kind of processor; on Linux its name, family and model as well, for vendors' names alone say little."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # another system
        return platform.machine()
    told = dict(line.partition(":")[::2] for line in lines if ":" in line)
    known = {name.strip(): value.strip() for name, value in told.items()}
    if "model name" not in known:
        return platform.machine()
    return f"{platform.machine()} ({known['model name']}, family {known.get('cpu family')} model {known.get('model')})"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


__all__ = ["again", "described", "prepared", "wanted"]
