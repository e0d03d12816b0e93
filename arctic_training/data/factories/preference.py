"""Data factory of preferences: pairs of completions, with loss on the completions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from arctic_training.config.preference import PreferenceDataConfig
from arctic_training.config.source import DataSourceConfig
from arctic_training.data.batches import PreferenceBatch
from arctic_training.data.chat.conversation import Preference
from arctic_training.data.factories.completions import CompletionDataFactory, drop_flawed
from arctic_training.data.loading.collate import RowCollator
from arctic_training.data.sources.registry import preference_source
from arctic_training.data.sources.source import Source
from arctic_training.data.store.preparation_report import Dropped, preparation_report
from arctic_training.data.store.prepared_data import Prepared
from arctic_training.data.store.samples import Row, RowIndex, Samples
from arctic_training.diagnostics.plurals import counted

__all__ = ["PreferenceDataFactory"]


class PreferenceDataFactory(CompletionDataFactory[PreferenceDataConfig, PreferenceBatch]):
    """Pairs of completions of a prompt, of which one is preferred."""

    name = "dpo"
    config_type: type[PreferenceDataConfig] = PreferenceDataConfig
    unit = "pair"

    @override
    def open_sources(self) -> Sequence[Source[DataSourceConfig, Preference]]:
        return [preference_source(section) for section in self.config.sources]

    @override
    def collator(self) -> _Collator:
        return _Collator(self.stack)

    @override
    def build_rows(self, read: Samples) -> Prepared:
        """Drop pairs that cannot be compared; a row has both samples of a pair."""
        dropped, kept = self._flaws(read)
        samples = read.where(np.repeat(kept, 2))
        row_index = RowIndex(np.arange(len(samples)), np.full(len(samples) // 2, 2))
        report = preparation_report(
            read=read, dropped=dropped, samples=samples, rows=len(row_index), row_length=None
        )
        return Prepared(samples, row_index, report)

    @override
    def lines(self, prepared: Prepared) -> Iterator[str]:
        num_read = prepared.report.samples_read // 2
        yield f"pairs: {len(prepared.row_index):,} of {num_read:,}, each of two samples"
        yield from super().lines(prepared)

    def _flaws(self, read: Samples) -> tuple[tuple[Dropped, ...], NDArray[np.bool_]]:
        """Return what is dropped and why, and which pairs are kept."""
        lengths, most = read.lengths.reshape(-1, 2), self.max_length
        alone = (lengths == 0).sum(1) == 1
        flaws = {
            f"{_answers(int(alone.sum()))} no other of the prompt to be paired with": alone,
            "chosen and rejected are the same": _same(read),
            f"chosen or rejected is longer than {counted(most, 'token')}": (lengths > most).any(1),
            "chosen or rejected has no token with loss": (
                read.num_loss_tokens.reshape(-1, 2) == 0
            ).any(1),
        }
        return drop_flawed(read, flaws)


def _answers(count: int) -> str:
    return "1 answer has" if count == 1 else f"{count:,} answers have"


def _same(read: Samples) -> NDArray[np.bool_]:
    """Return, for each pair, whether its samples are the same tokens."""
    pairs = range(0, len(read), 2)
    same = [np.array_equal(read[i].input_ids, read[i + 1].input_ids) for i in pairs]
    return np.array(same, dtype=np.bool_)


@dataclass(frozen=True)
class _Collator:
    """Batches pairs: all chosen samples, then all rejected ones."""

    stack: RowCollator

    def __call__(self, pairs: list[Row]) -> PreferenceBatch:
        batch = self.stack([[pair[place]] for place in (0, 1) for pair in pairs])
        return PreferenceBatch(
            num_pairs=len(pairs),
            input_ids=batch["input_ids"],
            shift_labels=batch["shift_labels"],
            lengths=batch["lengths"],
        )
