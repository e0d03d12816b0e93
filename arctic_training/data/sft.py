"""Conversations, tokenised with the tokenizer's chat template, of which the answers are trained."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import torch
from jinja2 import TemplateError
from typing_extensions import override

from arctic_training.config.data import SFTDataConfig
from arctic_training.data.answers import Span, UndecidableError
from arctic_training.data.batches import IGNORED, SFTBatch
from arctic_training.data.chat import ChatEncoder, Sample, Trained
from arctic_training.data.factory import DataFactory
from arctic_training.data.loader import EpochLoader
from arctic_training.data.source import (
    Conversation,
    load_conversations,
    source_problems,
)
from arctic_training.errors import RecipeError

__all__ = ["SFTDataFactory"]

_SHOWN: Final = 300


class SFTDataFactory(DataFactory[SFTDataConfig, SFTBatch]):
    """Supervised fine-tuning: the assistant's words are trained, and what ends its turn."""

    name = "sft"
    config_type = SFTDataConfig

    @override
    def problems(self) -> Iterator[RecipeError]:
        yield from source_problems(self, self.config.sources)
        if not self.config.mask_inputs:
            for field in ("train_last_turn_only", "ignore_empty_think"):
                if getattr(self.config, field):
                    yield self.problem(field, "it has no effect with `mask_inputs: false`")

    @override
    def create(self) -> EpochLoader[SFTBatch]:
        samples = self.process(self.load())
        pad = self.trainer.tokenizer.pad_token_id
        return EpochLoader(
            samples,
            _Collator(pad_token_id=pad, multiple=self.config.div_length),
            micro_batch_size=self.trainer.config.micro_batch_size,
            seed=self.config.seed,
            num_workers=self.config.dl_num_workers,
        )

    @override
    def count_tokens(self, batch: SFTBatch) -> int:
        return int(batch["lengths"].sum())

    def load(self) -> list[Conversation]:
        """Return the conversations of all sources."""
        return load_conversations(self, self.config.sources)

    def process(self, conversations: list[Conversation]) -> list[Sample]:
        """Tokenise, leave out what is too long or has nothing to train, and report both.

        Raises:
            RecipeError: nothing is left, or the chat template hides the answers.

        """
        encoded = self._encoded(conversations)
        fitting = [sample for sample in encoded if len(sample.input_ids) <= self.config.max_length]
        samples = [sample for sample in fitting if sample.trained[1:].any()]
        tokens = sum(len(sample.input_ids) for sample in samples)
        trained = sum(int(sample.trained[1:].sum()) for sample in samples)
        self.trainer.note(
            f"data: {len(samples):,} samples, {tokens:,} tokens, {trained:,} of them trained; "
            f"dropped: {len(encoded) - len(fitting):,} longer than {self.config.max_length:,} "
            f"tokens, {len(fitting) - len(samples):,} with nothing to train"
        )
        if not samples:
            hint = f"`max_length` is {self.config.max_length}"
            raise self.problem(
                "sources", "no sample is left to train on", code="no-data", hint=hint
            )
        return samples

    def _encoded(self, conversations: list[Conversation]) -> list[Sample]:
        encoder = self._encoder()
        marked = [self._marked(encoder, conversation) for conversation in conversations]
        return list(encoder.encode(marked))

    def _encoder(self) -> ChatEncoder:
        tokenizer, pointer = self.trainer.tokenizer, ("tokenizer", "name_or_path")
        if not tokenizer.is_fast:
            message = "the tokenizer does not say which characters a token stands for"
            raise RecipeError(
                pointer, message, code="not-supported", hint="take a fast tokenizer of the model"
            )
        trained = Trained(
            inputs=not self.config.mask_inputs,
            last_turn_only=self.config.train_last_turn_only,
            empty_think=not self.config.ignore_empty_think,
        )
        try:
            return ChatEncoder(tokenizer, trained)
        except ValueError as error:
            message = "the tokenizer has no chat template"
            raise RecipeError(pointer, message, code="not-supported") from error

    def _marked(self, encoder: ChatEncoder, conversation: Conversation) -> tuple[str, list[Span]]:
        try:
            return encoder.spans(conversation)
        except TemplateError as error:
            message = f"the tokenizer's chat template refuses a conversation: {error}"
            hint = _shown(conversation)
            raise self.problem("sources", message, code="wrong-data", hint=hint) from error
        except UndecidableError as error:
            raise self.problem(
                "mask_inputs",
                "the tokenizer's chat template changes what the assistant says in a way that "
                f"hides where it stands, in {_shown(conversation)}",
                code="not-supported",
                hint="set `mask_inputs: false`, or put `{% generation %}` into the template",
            ) from error


def _shown(conversation: Conversation) -> str:
    """Return a conversation, shortened, on one line."""
    said = "; ".join(f"{m['role']}: {m['content']!r}" for m in conversation)
    return said if len(said) <= _SHOWN else said[: _SHOWN - 3] + "..."


@dataclass(frozen=True)
class _Collator:
    """Pads samples on the right, to the longest of them and a multiple of some length."""

    pad_token_id: int
    multiple: int

    def __call__(self, samples: list[Sample]) -> SFTBatch:
        longest = max(len(sample.input_ids) for sample in samples)
        length = -(-longest // self.multiple) * self.multiple
        input_ids = torch.full((len(samples), length), self.pad_token_id)
        labels = torch.full((len(samples), length), IGNORED)
        for row, sample in enumerate(samples):
            ids = torch.from_numpy(sample.input_ids).long()
            trained = torch.from_numpy(sample.trained)
            input_ids[row, : len(ids)] = ids
            labels[row, : len(ids)] = ids.where(trained, IGNORED)
        lengths = torch.tensor([len(sample.input_ids) for sample in samples])
        return SFTBatch(input_ids=input_ids, labels=labels, lengths=lengths)
