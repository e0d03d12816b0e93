"""Batches of data that passes by: of rows without end, of which none is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from typing_extensions import override

from arctic_training.data.loading.former_labels import with_former_labels
from arctic_training.data.loading.loader import EpochLoader
from arctic_training.data.store.preparation_report import PreparationReport
from arctic_training.data.store.samples import Row
from arctic_training.diagnostics.plurals import counted

__all__ = ["Passed", "StreamLoader"]

Batch_co = TypeVar("Batch_co", covariant=True)


class StreamLoader(EpochLoader[Batch_co]):
    """Makes the batches of a run from a stream of rows, as one epoch that is as long as the run.

    From which batch on, and for how many processes, changes nothing of the batches: the stream is
    read from its beginning, by each process, and what is another's is passed over.

    Args:
        stream: starts the rows over; they have no end.
        collate: makes a batch of some rows.
        micro_batch_size: rows in a batch.
        num_batches: batches of each process in the run.

    """

    def __init__(
        self,
        stream: Callable[[], Iterator[Row]],
        collate: Callable[[list[Row]], Batch_co],
        *,
        micro_batch_size: int,
        num_batches: int,
    ) -> None:
        super().__init__((), collate, micro_batch_size=micro_batch_size, seed=0)
        self._stream = stream
        self._collate = collate
        self._length = num_batches

    @override
    def __len__(self) -> int:
        return self._length

    @override
    def is_padding_batch(self, index: int) -> bool:
        return False

    @override
    def batches(self, epoch: int, *, start: int = 0) -> Iterator[Batch_co]:
        rows = self._stream()
        passed = 0
        for index in range(start, len(self)):
            first = self._place(index) * self._micro_batch_size
            chosen = list(islice(rows, first - passed, first - passed + self._micro_batch_size))
            passed = first + self._micro_batch_size
            yield with_former_labels(self._collate(chosen))

    @override
    def samples(self, epoch: int, index: int) -> list[int]:
        first = self._place(index) * self._micro_batch_size
        return list(range(first, first + self._micro_batch_size))


@dataclass
class Passed:
    """What has passed by of a stream so far."""

    parts: int = 0
    tokens_read: int = 0
    tokens: int = 0

    def add(self, report: PreparationReport) -> None:
        """Add what was read at a time."""
        self.parts += 1
        self.tokens_read += report.tokens_read
        self.tokens += report.tokens

    @property
    def is_worth_telling(self) -> bool:
        """Whether twice as much has passed as when it was worth telling before."""
        return self.parts & (self.parts - 1) == 0

    def __str__(self) -> str:
        lost = self.tokens_read - self.tokens
        return f"streaming: {counted(self.tokens_read, 'token')} read, {lost:,} of them left out"
