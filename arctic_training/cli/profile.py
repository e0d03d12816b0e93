"""Profile of the time that Python code takes."""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Callable
from typing import Final

__all__ = ["profiled"]

_FUNCTIONS: Final = 40


def profiled(work: Callable[[], None], *, order: str) -> None:
    """Do some work, and print the functions that took the most of it, however it ends.

    Args:
        work: what to do.
        order: ``tottime`` sorts by time in a function alone, ``cumtime`` by time in what it calls.

    """
    profiler = cProfile.Profile()
    try:
        profiler.runcall(work)
    finally:
        pstats.Stats(profiler).sort_stats(order).print_stats(_FUNCTIONS)
