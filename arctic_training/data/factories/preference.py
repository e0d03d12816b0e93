"""Pairs of answers, tokenised with the chat template, of which the answers are trained."""

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
from arctic_training.data.factories.completions import SideDataFactory, left_out
from arctic_training.data.loading.collate import RowCollator
from arctic_training.data.sources.registry import preference_source
from arctic_training.data.sources.source import Source
from arctic_training.data.store.preparation_report import Loss, preparation_report
from arctic_training.data.store.prepared_data import Prepared
from arctic_training.data.store.samples import Packs, Row, Samples
from arctic_training.diagnostics.plurals import counted

__all__ = ["PreferenceDataFactory"]


class PreferenceDataFactory(SideDataFactory[PreferenceDataConfig, PreferenceBatch]):
    """Pairs of answers, of which one is preferred; tokenised once."""

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
    def arranged(self, read: Samples) -> Prepared:
        """Leave out the pairs that cannot be trained on; a row has both samples of a pair."""
        losses, kept = self._flaws(read)
        sides = read.where(np.repeat(kept, 2))
        packs = Packs(np.arange(len(sides)), np.full(len(sides) // 2, 2))
        report = preparation_report(
            read=read, losses=losses, samples=sides, rows=len(packs), row_length=None
        )
        return Prepared(sides, packs, report)

    @override
    def lines(self, prepared: Prepared) -> Iterator[str]:
        num_read = prepared.report.samples_read // 2
        yield f"pairs: {len(prepared.packs):,} of {num_read:,}, each of two samples"
        yield from super().lines(prepared)

    def _flaws(self, read: Samples) -> tuple[tuple[Loss, ...], NDArray[np.bool_]]:
        """Return what is left out and why, and which pairs are kept."""
        lengths, most = read.lengths.reshape(-1, 2), self.max_length
        alone = (lengths == 0).sum(1) == 1
        flaws = {
            f"{_answers(int(alone.sum()))} no other of the prompt to be paired with": alone,
            "both sides are the same": _same(read),
            f"a side is longer than {counted(most, 'token')}": (lengths > most).any(1),
            "nothing of a side is trained": (read.num_trained.reshape(-1, 2) == 0).any(1),
        }
        return left_out(read, flaws)


def _answers(count: int) -> str:
    return "1 answer has" if count == 1 else f"{count:,} answers have"


def _same(read: Samples) -> NDArray[np.bool_]:
    """Return, for each pair, whether its sides are the same tokens."""
    pairs = range(0, len(read), 2)
    same = [np.array_equal(read[i].input_ids, read[i + 1].input_ids) for i in pairs]
    return np.array(same, dtype=np.bool_)


@dataclass(frozen=True)
class _Collator:
    """Puts the chosen sides of some pairs before their rejected ones."""

    stack: RowCollator

    def __call__(self, pairs: list[Row]) -> PreferenceBatch:
        batch = self.stack([[pair[side]] for side in (0, 1) for pair in pairs])
        return PreferenceBatch(
            num_pairs=len(pairs),
            input_ids=batch["input_ids"],
            shift_labels=batch["shift_labels"],
            lengths=batch["lengths"],
        )
