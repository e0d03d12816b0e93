"""Base of data factories of completions: chosen and rejected ones, or single ones."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from arctic_training.config.preference import PreferenceDataConfig
from arctic_training.config.source import DataSourceConfig
from arctic_training.data.batches import RowBatch
from arctic_training.data.chat.conversation import Conversation, Preference
from arctic_training.data.chat.encoding import ChatEncoder, MaskedText
from arctic_training.data.factories.conversations import ChatDataFactory
from arctic_training.data.loading.collate import RowCollator
from arctic_training.data.sources.mixture import mix
from arctic_training.data.sources.source import Source
from arctic_training.data.store.preparation_report import Dropped
from arctic_training.data.store.samples import Sample, Samples

__all__ = ["CompletionDataFactory", "drop_flawed"]

Section_co = TypeVar("Section_co", bound=PreferenceDataConfig, covariant=True)
BatchT = TypeVar("BatchT", bound=RowBatch)


class CompletionDataFactory(
    ChatDataFactory[Section_co, BatchT], Generic[Section_co, BatchT], abstract=True
):
    """Makes two samples of each item, a chosen one and a rejected one; either may be empty."""

    _renamed_members: ClassVar = {"items": "open_sources"}

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
        """Collator that pads samples to rows of one length."""
        padding = self.trainer.tokenizer.pad_token_id
        return RowCollator(padding, self.config.div_length, packs=False)

    @override
    def count_tokens(self, batch: BatchT) -> int:
        return int(batch["lengths"].sum())

    @override
    def encoded(self) -> Iterator[Sample]:
        return self.tokenised(mix(self.open_sources(), self, self.selection, self.taken))

    def tokenised(self, preferences: Iterable[Preference]) -> Iterator[Sample]:
        """Iterate over the chosen sample of each preference, and behind it the rejected one.

        Raises:
            RecipeError: the chat template refuses a conversation, or hides the answers.

        """
        encoder = self.encoder()
        texts = (
            self._masked_completion(encoder, prompt, completion)
            for prompt, *completions in preferences
            for completion in completions
        )
        return self.samples(encoder, texts)

    def _masked_completion(
        self, encoder: ChatEncoder, prompt: Conversation, completion: Conversation
    ) -> MaskedText:
        """Render a prompt with a completion; messages of the prompt have no loss.

        An empty completion gives an empty string, and so no tokens.
        """
        if not completion:
            return MaskedText("", [])
        in_completion, in_prompt = map(_num_assistant_messages, (completion, prompt))
        text, spans = self.masked_text(encoder, [*prompt, *completion])
        if len(spans) != in_prompt + in_completion:
            raise self.hidden([*prompt, *completion], "leaves out what the assistant says")
        return MaskedText(text, spans[in_prompt:])


def _num_assistant_messages(conversation: Conversation) -> int:
    return sum(message["role"] == "assistant" for message in conversation)


def drop_flawed(
    read: Samples, flaws: Mapping[str, NDArray[np.bool_]]
) -> tuple[tuple[Dropped, ...], NDArray[np.bool_]]:
    """Drop flawed groups of samples, each for the first reason that applies.

    Args:
        read: samples, in groups of as many as there are for each flag.
        flaws: for each reason, whether a group has that flaw; bool, of shape (groups).

    Returns:
        What is dropped, and which groups are kept; bool, of shape (groups).

    """
    kept = np.ones(len(next(iter(flaws.values()))), dtype=np.bool_)
    lengths = read.lengths.reshape(len(kept), -1)
    dropped = []
    for reason, flawed in flaws.items():
        lost = lengths[kept & flawed]
        dropped.append(Dropped(reason=reason, samples=lost.size, tokens=int(lost.sum())))
        kept &= ~flawed
    return tuple(dropped), kept
