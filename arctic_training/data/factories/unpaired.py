"""Data factory of single completions, each labelled as good or bad."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from typing_extensions import override

from arctic_training.config.preference import UnpairedDataConfig
from arctic_training.config.source import DataSourceConfig
from arctic_training.data.batches import UnpairedBatch
from arctic_training.data.chat.conversation import Preference
from arctic_training.data.factories.completions import CompletionDataFactory, drop_flawed
from arctic_training.data.loading.collate import RowCollator
from arctic_training.data.sources.registry import completion_source
from arctic_training.data.sources.source import Source
from arctic_training.data.store.preparation_report import preparation_report
from arctic_training.data.store.prepared_data import Prepared
from arctic_training.data.store.samples import Row, RowIndex, Samples
from arctic_training.diagnostics.plurals import counted

__all__ = ["UnpairedDataFactory"]


class UnpairedDataFactory(CompletionDataFactory[UnpairedDataConfig, UnpairedBatch]):
    """Single completions with a label; a pair is two of them."""

    name = "unpaired"
    config_type: type[UnpairedDataConfig] = UnpairedDataConfig
    unit = "answer"

    @override
    def open_sources(self) -> Sequence[Source[DataSourceConfig, Preference]]:
        return [completion_source(section) for section in self.config.sources]

    @override
    def collator(self) -> _Collator:
        return _Collator(self.stack)

    @override
    def build_rows(self, read: Samples) -> Prepared:
        """Drop completions that are too long or have no token with loss.

        A row has two samples, a good one and a bad one, of which one is empty: that is the label.
        """
        places = np.flatnonzero(read.lengths)
        there, most = read.where(read.lengths > 0), self.max_length
        flaws = {
            f"longer than {counted(most, 'token')}": there.lengths > most,
            "no token has loss": there.num_loss_tokens == 0,
        }
        dropped, kept = drop_flawed(there, flaws)
        singles = there.where(kept)
        rows = _with_empty_counterparts(singles, is_good=places[kept] % 2 == 0)
        row_index = RowIndex(np.arange(len(rows)), np.full(len(singles), 2))
        report = preparation_report(
            read=there, dropped=dropped, samples=singles, rows=len(row_index), row_length=None
        )
        return Prepared(rows, row_index, report)

    @override
    def lines(self, prepared: Prepared) -> Iterator[str]:
        num_good = int((prepared.samples.lengths[::2] > 0).sum())
        yield f"answers: {num_good:,} good, {len(prepared.row_index) - num_good:,} bad"
        yield from super().lines(prepared)


def _with_empty_counterparts(singles: Samples, *, is_good: NDArray[np.bool_]) -> Samples:
    """Return two samples for each completion, a good one and a bad one; the other is empty."""
    lengths = np.where(np.stack([is_good, ~is_good], 1), singles.lengths[:, None], 0)
    starts = singles.starts[:, None] + np.stack([np.zeros_like(singles.starts), lengths[:, 0]], 1)
    return replace(singles, starts=starts.ravel(), lengths=lengths.ravel())


@dataclass(frozen=True)
class _Collator:
    """Batches the completion of each row, with its label."""

    stack: RowCollator

    def __call__(self, rows: list[Row]) -> UnpairedBatch:
        batch = self.stack([[each for each in row if len(each.input_ids)] for row in rows])
        return UnpairedBatch(
            input_ids=batch["input_ids"],
            shift_labels=batch["shift_labels"],
            lengths=batch["lengths"],
            is_good=torch.tensor([len(good.input_ids) > 0 for good, _ in rows]),
        )
