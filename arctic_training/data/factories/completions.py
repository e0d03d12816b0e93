"""What data factories of answers share: each side of a preference is tokenised once."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from arctic_training.config.preference import PreferenceDataConfig
from arctic_training.config.source import DataSourceConfig
from arctic_training.data.batches import RowBatch
from arctic_training.data.chat.conversation import Conversation, Preference
from arctic_training.data.chat.encoding import ChatEncoder, Marked
from arctic_training.data.factories.conversations import ChatDataFactory
from arctic_training.data.loading.collate import RowCollator
from arctic_training.data.sources.mixture import mix
from arctic_training.data.sources.source import Source
from arctic_training.data.store.preparation_report import Loss
from arctic_training.data.store.samples import Sample, Samples

__all__ = ["SideDataFactory", "left_out"]

Sides_co = TypeVar("Sides_co", bound=PreferenceDataConfig, covariant=True)
BatchT = TypeVar("BatchT", bound=RowBatch)


class SideDataFactory(ChatDataFactory[Sides_co, BatchT], Generic[Sides_co, BatchT], abstract=True):
    """Makes two samples of each item, a chosen side and a rejected one; either may be empty."""

    samples_each = 2

    @abstractmethod
    @override
    def open_sources(self) -> Sequence[Source[DataSourceConfig, Preference]]: ...

    @property
    @override
    def groups_by_length(self) -> bool:
        return self.config.group_by_length

    @property
    def stack(self) -> RowCollator:
        """What puts samples into rows of one length."""
        padding = self.trainer.tokenizer.pad_token_id
        return RowCollator(padding, self.config.div_length, packs=False)

    @override
    def count_tokens(self, batch: BatchT) -> int:
        return int(batch["lengths"].sum())

    @override
    def encoded(self) -> Iterator[Sample]:
        return self.tokenised(mix(self.open_sources(), self, self.selection, self.taken))

    def tokenised(self, preferences: Iterable[Preference]) -> Iterator[Sample]:
        """Iterate over the chosen side of each preference, and behind it the rejected one.

        Raises:
            RecipeError: the chat template refuses a conversation, or hides the answers.

        """
        encoder = self.encoder()
        sides = (
            self._side(encoder, prompt, answer)
            for prompt, *answers in preferences
            for answer in answers
        )
        return self.samples(encoder, sides)

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


def left_out(
    read: Samples, flaws: Mapping[str, NDArray[np.bool_]]
) -> tuple[tuple[Loss, ...], NDArray[np.bool_]]:
    """Return what is left out for which reason, the first that there is, and what is kept.

    Args:
        read: samples, in groups of as many as there are for each flag.
        flaws: of each reason, whether a group has that flaw; bool, of shape (groups).

    Returns:
        The losses, and which groups are kept; bool, of shape (groups).

    """
    kept = np.ones(len(next(iter(flaws.values()))), dtype=np.bool_)
    lengths = read.lengths.reshape(len(kept), -1)
    losses = []
    for reason, flawed in flaws.items():
        lost = lengths[kept & flawed]
        losses.append(Loss(reason=reason, samples=lost.size, tokens=int(lost.sum())))
        kept &= ~flawed
    return tuple(losses), kept
