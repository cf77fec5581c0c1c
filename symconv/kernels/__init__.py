"""Kernels: any index formula, forward or derived gradient, as vectorised NumPy source.

formula -> stages -> nests -> plan -> source.  Imports term, ops and calculus only.
"""

from symconv.kernels.compile import compile_tensor
from symconv.kernels.explain import Plan, plan_of
from symconv.kernels.module import module_source

__all__ = ["Plan", "compile_tensor", "module_source", "plan_of"]
