"""The systems that courses and books on convolution layers describe, as data: a theorem and a false twin each."""

from importlib import import_module

from tests.systems.base import SYSTEMS, System

ROOMS = ("convolution", "matrices", "layers", "pooling", "networks", "algebra", "resampling", "signals")
for _room in ROOMS:
    import_module(f"tests.systems.{_room}")

__all__ = ["SYSTEMS", "System"]
