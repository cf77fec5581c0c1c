"""Kernels: any index formula, forward or derived gradient, as vectorised NumPy source.

formula -> stages -> nests -> plan -> source.  Imports term, ops and calculus only.
"""

from symconv.kernels.compile import compile_tensor
from symconv.kernels.explain import Plan, plan_of, plans_of
from symconv.kernels.export import Export
from symconv.kernels.module import ModuleWriter

__all__ = ["Export", "ModuleWriter", "Plan", "compile_tensor", "plan_of", "plans_of"]
