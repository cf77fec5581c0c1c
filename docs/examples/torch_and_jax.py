"""Register an exported convolution with torch and JAX, and let their own gradient checks judge it.

    python docs/examples/torch_and_jax.py torch
    python docs/examples/torch_and_jax.py jax

For torch the NumPy module becomes an autograd.Function; for JAX the module of `--target array-api` becomes a function
with a custom_vjp, so that it is traced and compiled with the rest.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np

from symconv.exporting import export_files

SPEC = "conv2d --stride 2 --padding 1"


def exported(target: str) -> ModuleType:
    """The module that `symconv export` writes, executed."""
    module = ModuleType(f"kernels_{target.replace('-', '_')}")
    exec(compile(export_files(SPEC, target=target)[".py"], "kernels.py", "exec"), module.__dict__)  # noqa: S102
    return module


def with_torch() -> bool:
    """torch.autograd.gradcheck compares the exported gradients with finite differences, entry by entry."""
    import torch

    kernels = exported("numpy")

    class Convolution(torch.autograd.Function):
        @staticmethod
        def forward(context: Any, x: Any, w: Any) -> Any:
            context.save_for_backward(x, w)
            return torch.from_numpy(kernels.forward(x.detach().numpy(), w.detach().numpy()))

        @staticmethod
        def backward(context: Any, *upstream: Any) -> Any:
            x, w = context.saved_tensors
            given = upstream[0].numpy()
            dx = kernels.grad_input(given, w.detach().numpy(), tuple(x.shape))
            dw = kernels.grad_kernel(given, x.detach().numpy(), tuple(w.shape))
            return torch.from_numpy(dx), torch.from_numpy(dw)

    torch.manual_seed(0)
    x = torch.randn(2, 3, 8, 7, dtype=torch.float64, requires_grad=True)
    w = torch.randn(4, 3, 3, 2, dtype=torch.float64, requires_grad=True)
    return bool(torch.autograd.gradcheck(Convolution.apply, (x, w)))


def with_jax() -> bool:
    """jax.test_util.check_grads does the same, in reverse mode, for the compiled function."""
    import jax
    from jax.test_util import check_grads

    jax.config.update("jax_enable_x64", True)
    kernels = exported("array-api")

    @jax.custom_vjp
    def convolution(x: Any, w: Any) -> Any:
        return kernels.forward(x, w)

    def ahead(x: Any, w: Any) -> Any:
        return kernels.forward(x, w), (x, w)

    def back(saved: Any, upstream: Any) -> Any:
        x, w = saved
        return kernels.grad_input(upstream, w, x.shape), kernels.grad_kernel(upstream, x, w.shape)

    convolution.defvjp(ahead, back)
    rng = np.random.default_rng(0)
    x, w = (jax.numpy.asarray(rng.standard_normal(shape)) for shape in ((2, 3, 8, 7), (4, 3, 3, 2)))
    check_grads(jax.jit(convolution), (x, w), order=1, modes=["rev"])
    return True


if __name__ == "__main__":
    if sys.argv[1:] not in (["torch"], ["jax"]):
        sys.exit("give torch or jax")
    print("gradients agree:", with_torch() if sys.argv[1] == "torch" else with_jax())
