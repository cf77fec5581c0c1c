"""Filter a photograph with an exported kernel: edges by Sobel's two kernels.

    python docs/examples/filter_photograph.py edges.png

The photograph is the one that scikit-image brings; the module is exported once and would be a file of a project.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np

from symconv import export

Array = np.ndarray[Any, np.dtype[Any]]
SOBEL = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]], np.float32)


def exported() -> ModuleType:
    """Correlation with any kernel, one zero around the image."""
    module = ModuleType("kernels")
    exec(compile(export("conv2d --padding 1 --channels 1,O"), "kernels.py", "exec"), module.__dict__)  # noqa: S102
    return module


def edges(image: Array) -> Array:
    """The length of the gradient of the light at each pixel; both kernels in one call, as two channels."""
    kernels = np.stack([SOBEL, SOBEL.T])[:, None]
    across, down = exported().forward(image[None, None], kernels)[0]
    return np.hypot(across, down)


if __name__ == "__main__":
    from skimage import data, io

    photograph = data.camera().astype(np.float32) / 255
    found = edges(photograph)
    io.imsave(sys.argv[1] if len(sys.argv) > 1 else "edges.png", (255 * found / found.max()).astype(np.uint8))
