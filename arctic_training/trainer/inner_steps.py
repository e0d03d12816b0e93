"""Several optimizer steps on one global batch, whatever micro-batches it is cut into."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["InnerSteps", "MicroBatch"]

BatchT = TypeVar("BatchT")


@dataclass(frozen=True, slots=True)
class MicroBatch(Generic[BatchT]):
    """What is trained on at a time, and the index in its epoch of the batch that it comes from."""

    batch: BatchT
    index: int


class InnerSteps(Generic[BatchT]):
    """Sorts calls of ``step`` by the optimizer step that they belong to.

    An override of ``step`` may call ``super().step`` several times for a micro-batch, as PPO does.
    The n-th call belongs to the n-th optimizer step of the global batch. With two micro-batches,
    A and B, and two calls for each, the optimizer steps are (A, B) and (A, B), as they are with one
    micro-batch on each of two processes. So only the first calls can run at once; a later one waits
    for the last micro-batch, because the weights change before its turn.
    """

    def __init__(self) -> None:
        self._waiting: dict[int, list[MicroBatch[BatchT]]] = {}
        self._index = 0
        self._is_last = False
        self.calls = 0
        """Calls for the current micro-batch."""

    def begin(self, index: int, *, is_last: bool) -> None:
        """Begin the batch of an index; ``is_last``: it is the last one of its global batch."""
        self._index, self._is_last, self.calls = index, is_last, 0

    def take(self, batch: BatchT) -> list[MicroBatch[BatchT]]:
        """Return what to train on in this call, which may be nothing yet."""
        inner, current = self.calls, MicroBatch(batch, self._index)
        self.calls += 1
        if not inner:
            return [current]
        waiting = self._waiting.setdefault(inner, [])
        waiting.append(current)
        return self._waiting.pop(inner) if self._is_last else []

    def rest(self) -> Iterator[list[MicroBatch[BatchT]]]:
        """Iterate over what waits for optimizer steps that the last micro-batch has no part in."""
        for inner in sorted(self._waiting):
            yield self._waiting.pop(inner)
