"""How many threads tokenise."""

from __future__ import annotations

import os

__all__ = ["use_threads"]


def use_threads(number: int | None) -> None:
    """Let tokenizers have so many threads; None: as many as there are processor cores.

    They are started at the first text, once a process.
    """
    if number is not None:
        os.environ["RAYON_NUM_THREADS"] = str(number)
