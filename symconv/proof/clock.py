"""Limits for one verdict: the long loops of prover and evaluator look at the clock.

A limit of time ends what would take too long.  A limit of steps ends a search at the same place on every
machine, so that what it finds does not depend on how fast that is.  Without a limit nothing changes; a limit
inside another one can only be shorter.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import thread_time  # of this thread alone: what else the machine does changes no verdict

_END: ContextVar[float] = ContextVar("_END", default=float("inf"))
_SPENT: ContextVar[int] = ContextVar("_SPENT", default=0)
_STEPS: ContextVar[float] = ContextVar("_STEPS", default=float("inf"))


class OutOfTime(Exception):
    """The time for a verdict is over, or its steps are taken."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """`tick` raises once these seconds have passed.

    >>> with at_most(0):
    ...     tick()
    Traceback (most recent call last):
        ...
    symconv.proof.clock.OutOfTime
    """
    token = _END.set(min(_END.get(), thread_time() + seconds))
    try:
        yield
    finally:
        _END.reset(token)


@contextmanager
def at_most_steps(steps: int) -> Iterator[None]:
    """`tick` raises once so many steps have been taken.

    >>> with at_most_steps(10):
    ...     tick(9)
    ...     tick(2)
    Traceback (most recent call last):
        ...
    symconv.proof.clock.OutOfTime
    """
    token = _STEPS.set(min(_STEPS.get(), _SPENT.get() + steps))
    try:
        yield
    finally:
        _STEPS.reset(token)


def tick(steps: int = 1) -> None:
    """Takes steps; raises `OutOfTime` if there is a limit and it has passed."""
    spent = _SPENT.get() + steps
    _SPENT.set(spent)
    if spent > _STEPS.get():
        raise OutOfTime
    end = _END.get()
    if end != float("inf") and thread_time() >= end:
        raise OutOfTime


__all__ = ["OutOfTime", "at_most", "at_most_steps", "tick"]
