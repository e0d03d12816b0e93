"""Conversations, tokenised with the tokenizer's chat template, of which the answers are trained."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jinja2 import TemplateError
from transformers import BatchEncoding, PreTrainedTokenizerBase
from typing_extensions import override

from arctic_training.config.data import SFTDataConfig
from arctic_training.data.batches import IGNORED, SFTBatch
from arctic_training.data.factory import DataFactory
from arctic_training.data.loader import EpochLoader
from arctic_training.data.source import (
    Conversation,
    Message,
    load_conversations,
    source_problems,
)
from arctic_training.errors import RecipeError

__all__ = ["SFTDataFactory"]


class _Sample(NamedTuple):
    """A conversation in tokens; a mask of 1 marks what is trained."""

    input_ids: array[int]
    mask: array[int]


class SFTDataFactory(DataFactory[SFTDataConfig, SFTBatch]):
    """Supervised fine-tuning: the assistant's words are trained, and what ends its turn."""

    name = "sft"
    config_type = SFTDataConfig

    @override
    def problems(self) -> Iterator[RecipeError]:
        return source_problems(self, self.config.sources)

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

    def process(self, conversations: list[Conversation]) -> list[_Sample]:
        """Tokenise, leave out what is too long or has nothing to train, and report both.

        Raises:
            RecipeError: nothing is left, or the chat template does not mark the answers.

        """
        encoded = self._encoded(conversations)
        fitting = [sample for sample in encoded if len(sample.input_ids) <= self.config.max_length]
        samples = [sample for sample in fitting if any(sample.mask[1:])]
        tokens = sum(len(sample.input_ids) for sample in samples)
        trained = sum(sum(sample.mask[1:]) for sample in samples)
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

    def _encoded(self, conversations: list[Conversation]) -> list[_Sample]:
        tokenizer = self.trainer.tokenizer
        if tokenizer.chat_template is None:
            pointer = ("tokenizer", "name_or_path")
            raise RecipeError(pointer, "the tokenizer has no chat template", code="not-supported")
        if self.config.mask_inputs and not _marks_answers(tokenizer):
            raise self.problem(
                "mask_inputs",
                "the tokenizer's chat template does not mark what the assistant says",
                code="not-supported",
                hint="set `mask_inputs: false`, or put `{% generation %}` into the template",
            )
        try:
            encoded = tokenizer.apply_chat_template(
                [[_plain(message) for message in conversation] for conversation in conversations],
                return_dict=True,
                return_attention_mask=False,
                return_assistant_tokens_mask=self.config.mask_inputs,
            )
        except TemplateError as error:
            message = f"the tokenizer's chat template refuses a conversation: {error}"
            raise self.problem("sources", message, code="wrong-data") from error
        assert isinstance(encoded, BatchEncoding)
        rows: list[list[int]] = encoded["input_ids"]
        masks = (
            encoded["assistant_masks"] if self.config.mask_inputs else [[1] * len(r) for r in rows]
        )
        return [
            _Sample(array("l", ids), array("b", mask))
            for ids, mask in zip(rows, masks, strict=True)
        ]


def _plain(message: Message) -> dict[str, str]:
    return {"role": message["role"], "content": message["content"]}


def _marks_answers(tokenizer: PreTrainedTokenizerBase) -> bool:
    template = tokenizer.chat_template
    return isinstance(template, str) and bool(re.search(r"\{%-?\s*generation\s*-?%\}", template))


@dataclass(frozen=True)
class _Collator:
    """Pads samples on the right, to the longest of them and a multiple of some length."""

    pad_token_id: int
    multiple: int

    def __call__(self, samples: list[_Sample]) -> SFTBatch:
        longest = max(len(sample.input_ids) for sample in samples)
        length = -(-longest // self.multiple) * self.multiple
        input_ids = torch.full((len(samples), length), self.pad_token_id)
        labels = torch.full((len(samples), length), IGNORED)
        for row, sample in enumerate(samples):
            ids = torch.tensor(sample.input_ids)
            trained = torch.tensor(sample.mask, dtype=torch.bool)
            input_ids[row, : len(ids)] = ids
            labels[row, : len(ids)] = ids.where(trained, IGNORED)
        lengths = torch.tensor([len(sample.input_ids) for sample in samples])
        return SFTBatch(input_ids=input_ids, labels=labels, lengths=lengths)
