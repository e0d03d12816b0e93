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
from arctic_training.data.chat import ChatEncoder, Trained
from arctic_training.data.conversation import Conversation
from arctic_training.data.factory import DataFactory
from arctic_training.data.loader import EpochLoader
from arctic_training.data.packing import best_fit_decreasing
from arctic_training.data.report import Loss, preparation_report
from arctic_training.data.samples import Row, Rows, Samples
from arctic_training.data.source import load_conversations, source_problems
from arctic_training.errors import RecipeError

__all__ = ["SFTCollator", "SFTDataFactory"]

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
        recipe = self.trainer.config
        flash = recipe.model.attn_implementation.startswith("flash")
        if self.config.pack_samples and flash and recipe.micro_batch_size > 1:
            message = (
                "transformers keeps packed documents apart in flash attention one row at a time"
            )
            hint = "set `micro_batch_size: 1`"
            yield self.problem("pack_samples", message, code="not-supported", hint=hint)

    @override
    def create(self) -> EpochLoader[SFTBatch]:
        rows = self.process(self.load())
        pad = self.trainer.tokenizer.pad_token_id
        return EpochLoader(
            rows,
            SFTCollator(pad_token_id=pad, multiple=self.config.div_length),
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

    def process(self, conversations: list[Conversation]) -> Rows:
        """Tokenise, fit to `max_length`, leave out what has nothing to train, pack, and report.

        Raises:
            RecipeError: nothing is left, or the chat template hides the answers.

        """
        config = self.config
        read = self._encoded(conversations)
        fitted = read.fitted(config.max_length, config.over_length)
        samples = fitted.where(fitted.num_trained > 0)
        packs = _packs(samples, config.max_length if config.pack_samples else None)
        report = preparation_report(
            read=read,
            losses=(
                _over_length(read, fitted, config),
                Loss(
                    reason="nothing in them is trained",
                    samples=len(fitted) - len(samples),
                    tokens=len(fitted.input_ids) - len(samples.input_ids),
                ),
            ),
            samples=samples,
            rows=len(packs),
            row_length=config.max_length if config.pack_samples else None,
        )
        for line in report.lines():
            self.trainer.note(line)
        if not len(samples):
            hint = f"`max_length` is {config.max_length}"
            raise self.problem(
                "sources", "no sample is left to train on", code="no-data", hint=hint
            )
        return Rows(samples, packs)

    def _encoded(self, conversations: list[Conversation]) -> Samples:
        encoder = self._encoder()
        marked = [self._marked(encoder, conversation) for conversation in conversations]
        return Samples.of(encoder.encode(marked))

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


def _over_length(read: Samples, fitted: Samples, config: SFTDataConfig) -> Loss:
    return Loss(
        reason=f"longer than {config.max_length:,} tokens",
        samples=max(0, len(read) - len(fitted)),
        tokens=len(read.input_ids) - len(fitted.input_ids),
    )


def _packs(samples: Samples, row_length: int | None) -> list[list[int]]:
    if row_length is None:
        return [[number] for number in range(len(samples))]
    return best_fit_decreasing(samples.lengths, row_length)


@dataclass(frozen=True)
class SFTCollator:
    """Pads rows on the right, to the longest of them and a multiple of some length."""

    pad_token_id: int
    multiple: int

    def __call__(self, rows: list[Row]) -> SFTBatch:
        """Return the batch; with positions if any row has several documents."""
        lengths = [sum(len(sample.input_ids) for sample in row) for row in rows]
        length = -(-max(lengths) // self.multiple) * self.multiple
        batch = SFTBatch(
            input_ids=torch.full((len(rows), length), self.pad_token_id),
            labels=torch.full((len(rows), length), IGNORED),
            lengths=torch.tensor(lengths),
        )
        positions = torch.arange(length).repeat(len(rows), 1)
        for number, row in enumerate(rows):
            start = 0
            for sample in row:
                end = start + len(sample.input_ids)
                ids = torch.from_numpy(sample.input_ids).long()
                batch["input_ids"][number, start:end] = ids
                trained = torch.from_numpy(sample.trained)
                batch["labels"][number, start:end] = ids.where(trained, IGNORED)
                positions[number, start:] -= positions[number, start].item()
                start = end
        if any(len(row) > 1 for row in rows):
            batch["position_ids"] = positions
        return batch
