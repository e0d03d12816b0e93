"""Batches of data that passes by: of rows without end, of which none is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeVar

from typing_extensions import override

from arctic_training.config.data import DataConfig
from arctic_training.config.preference import HFUnpairedSourceConfig
from arctic_training.config.source import DataSourceConfig
from arctic_training.core.factory import Component
from arctic_training.data.loading.loader import EpochLoader
from arctic_training.data.store.preparation_report import PreparationReport
from arctic_training.data.store.samples import Row
from arctic_training.diagnostics.plurals import counted
from arctic_training.errors import RecipeError

__all__ = ["Passed", "StreamLoader", "streaming_problems"]

_BECAUSE: Final = "nothing of a stream is known before it is read"

Batch_co = TypeVar("Batch_co", covariant=True)


class StreamLoader(EpochLoader[Batch_co]):
    """Makes the batches of a run from a stream of rows, as one epoch that is as long as the run.

    From which batch on, and for how many processes, changes nothing of the batches: the stream is
    read from its beginning, by each process, and what is another's is passed over.

    Args:
        stream: begins the rows anew; they have no end.
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
            yield self._collate(chosen)

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


def streaming_problems(reader: Component[DataConfig]) -> Iterator[RecipeError]:
    """Iterate over what a stream, of which nothing is known beforehand, cannot do."""
    recipe, config = reader.trainer.config, reader.config
    if not recipe.train_iters:
        hint = "say in `train_iters` how long the run is"
        yield reader.problem("streaming", _BECAUSE, code="not-allowed", hint=hint)
    for field, is_given in (
        ("dl_num_workers", config.dl_num_workers > 0),
        ("fail_on_missing_cache", config.fail_on_missing_cache),
        ("group_by_length", getattr(config, "group_by_length", False)),
        ("train_eval_split", config.train_eval_split[1] > 0),
    ):
        if is_given:
            yield reader.problem(field, "it excludes `streaming`", code="not-allowed")
    if recipe.overfit_first_batch:
        message = "it excludes `data.streaming`"
        yield RecipeError(("overfit_first_batch",), message, code="not-allowed")
    for source in config.sources:
        for error in _source_problems(source):
            yield reader.located(error, source)


def _source_problems(source: DataSourceConfig) -> Iterator[RecipeError]:
    for name in ("sample_count", "sample_ratio"):
        if getattr(source, name) is not None:
            yield RecipeError((name,), _BECAUSE, code="not-allowed", hint="give a `weight`")
    if isinstance(source, HFUnpairedSourceConfig):
        yield RecipeError(("type",), "answers are paired over the whole set", code="not-allowed")
    if set("[+") & set(getattr(source, "split", "")):
        yield RecipeError(("split",), "a stream is of a whole split", code="not-allowed")
