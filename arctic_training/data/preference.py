"""Pairs of answers, tokenised with the chat template, of which the answers are trained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from arctic_training.config.preference import PreferenceDataConfig
from arctic_training.data.batches import PreferenceBatch
from arctic_training.data.chat import ChatEncoder, Marked
from arctic_training.data.chat_data import ChatDataFactory
from arctic_training.data.collate import RowCollator
from arctic_training.data.conversation import Conversation
from arctic_training.data.mixture import mixed
from arctic_training.data.preferences import Preference
from arctic_training.data.prepared import Prepared
from arctic_training.data.report import Loss, preparation_report
from arctic_training.data.samples import Packs, Row, Sample, Samples
from arctic_training.data.source_items import preferences

__all__ = ["PreferenceDataFactory"]


class PreferenceDataFactory(ChatDataFactory[PreferenceDataConfig, PreferenceBatch]):
    """Pairs of answers, of which one is preferred; tokenised once."""

    name = "dpo"
    config_type: type[PreferenceDataConfig] = PreferenceDataConfig
    unit = "pair"
    samples_each = 2

    @property
    @override
    def groups_by_length(self) -> bool:
        return self.config.group_by_length

    @override
    def collator(self) -> _Collator:
        padding = self.trainer.tokenizer.pad_token_id
        return _Collator(RowCollator(padding, self.config.div_length, packs=False))

    @override
    def count_tokens(self, batch: PreferenceBatch) -> int:
        return int(batch["lengths"].sum())

    @override
    def encoded(self) -> Iterator[Sample]:
        return self.tokenised(mixed(preferences, self, self.config.sources, self.part, self.taken))

    def tokenised(self, preferences: Iterable[Preference]) -> Iterator[Sample]:
        """Iterate over the chosen side of each pair, and behind it the rejected one.

        Raises:
            RecipeError: the chat template refuses a conversation, or hides the answers.

        """
        encoder = self.encoder()
        return encoder.encode(
            self._side(encoder, prompt, answer)
            for prompt, *answers in preferences
            for answer in answers
        )

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
        lengths = read.lengths.reshape(-1, 2)
        kept = np.ones(len(lengths), dtype=np.bool_)
        alone = (lengths == 0).sum(1) == 1
        losses = []
        for reason, flawed in (
            (f"{alone.sum():,} answers have no other of their prompt to be paired with", alone),
            ("both sides are the same", _same(read)),
            (
                f"a side is longer than {self.config.max_length:,} tokens",
                (lengths > self.config.max_length).any(1),
            ),
            (
                "nothing of a side is trained",
                (read.num_trained.reshape(-1, 2) == 0).any(1),
            ),
        ):
            lost = lengths[kept & flawed]
            losses.append(Loss(reason=reason, samples=lost.size, tokens=int(lost.sum())))
            kept &= ~flawed
        return tuple(losses), kept

    def _side(self, encoder: ChatEncoder, prompt: Conversation, answer: Conversation) -> Marked:
        """Render a side; of all that the assistant says, only what is not in the prompt counts.

        A side without an answer has no text, and so no tokens.
        """
        if not answer:
            return "", []
        said, asked = (sum(m["role"] == "assistant" for m in part) for part in (answer, prompt))
        text, spans = self.marked(encoder, [*prompt, *answer])
        if len(spans) != asked + said:
            raise self.hidden([*prompt, *answer], "leaves out what the assistant says")
        return text, spans[asked:]


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
            labels=batch["labels"],
            lengths=batch["lengths"],
        )
