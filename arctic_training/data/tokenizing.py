"""How texts are tokenised: how many at once, and with how many threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

__all__ = ["text_batches", "use_threads"]

TextT = TypeVar("TextT")

_MAX_TEXTS: Final = 1000
_MAX_CHARACTERS: Final = 2**21


def use_threads(number: int | None) -> None:
    """Let tokenizers have this many threads; None: as many as there are processor cores.

    They are started at the first text, once a process.
    """
    if number is not None:
        os.environ["RAYON_NUM_THREADS"] = str(number)


def text_batches(
    texts: Iterable[TextT], num_characters: Callable[[TextT], int]
) -> Iterator[list[TextT]]:
    """Cut a stream of texts into lists that keep all threads busy and fit into memory."""
    batch: list[TextT] = []
    size = 0
    for text in texts:
        batch.append(text)
        size += num_characters(text)
        if len(batch) == _MAX_TEXTS or size >= _MAX_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
