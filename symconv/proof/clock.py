"""A time limit for one verdict: the long loops of prover and evaluator look at the clock.

Without a limit nothing changes.  A limit inside another one can only be shorter.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import thread_time as now  # of this thread alone: what else the machine does changes no verdict

_END: ContextVar[float] = ContextVar("_END", default=float("inf"))


class OutOfTime(Exception):
    """The time for a verdict is over."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """`tick` raises once these seconds have passed.

    >>> with at_most(0):
    ...     tick()
    Traceback (most recent call last):
        ...
    symconv.proof.clock.OutOfTime
    """
    token = _END.set(min(_END.get(), now() + seconds))
    try:
        yield
    finally:
        _END.reset(token)


def tick() -> None:
    """Raises `OutOfTime` if there is a limit and it has passed."""
    end = _END.get()
    if end != float("inf") and now() >= end:
        raise OutOfTime


__all__ = ["OutOfTime", "at_most", "now", "tick"]
