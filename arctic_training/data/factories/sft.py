"""Data factory of supervised fine-tuning: conversations with an assistant mask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from typing_extensions import override

from arctic_training.config.data import SFTDataConfig
from arctic_training.config.source import DataSourceConfig
from arctic_training.data.batches import SFTBatch
from arctic_training.data.chat.conversation import Conversation
from arctic_training.data.chat.encoding import MaskOptions
from arctic_training.data.factories.conversations import ChatDataFactory
from arctic_training.data.factories.token_rows import TokenDataFactory
from arctic_training.data.loading.collate import RowCollator
from arctic_training.data.sources.mixture import mix
from arctic_training.data.sources.registry import conversation_source
from arctic_training.data.sources.source import Source
from arctic_training.data.store.packing import best_fit_decreasing
from arctic_training.data.store.preparation_report import Dropped, preparation_report
from arctic_training.data.store.prepared_data import Prepared
from arctic_training.data.store.samples import Sample, Samples
from arctic_training.diagnostics.plurals import counted
from arctic_training.errors import RecipeError

__all__ = ["SFTDataFactory"]


class SFTDataFactory(TokenDataFactory[SFTDataConfig], ChatDataFactory[SFTDataConfig, SFTBatch]):
    """Supervised fine-tuning: loss on assistant messages and on the end of each turn."""

    name = "sft"
    config_type: type[SFTDataConfig] = SFTDataConfig
    row_fields = frozenset({"max_length", "over_length", "pack_samples"})
    if_hidden = (
        "mask_inputs",
        "set `mask_inputs: false`, or put `{% generation %}` into the template",
    )

    @override
    def option_problems(self) -> Iterator[RecipeError]:
        yield from super().option_problems()
        if not self.config.mask_inputs:
            for field in ("train_last_turn_only", "ignore_empty_think"):
                if getattr(self.config, field):
                    yield self.problem(field, "it has no effect with `mask_inputs: false`")
        yield from self._padding_problems()
        if self.config.pack_samples:
            yield from self.packing_problems("pack_samples")
            if self.config.group_by_length:
                yield self.problem("group_by_length", "it has no effect with `pack_samples: true`")

    def _padding_problems(self) -> Iterator[RecipeError]:
        """Find a stated `div_length` that rows padded to `max_length` would break."""
        config = self.config
        if config.pad_to != "max_length" or "div_length" not in config.model_fields_set:
            return
        if (config.max_length or 0) % config.div_length:
            length = counted(config.max_length or 0, "token")
            message = f"`pad_to: max_length` pads to {length}, which it does not divide"
            hint = "leave out `div_length`, or make `max_length` a multiple of it"
            yield self.problem("div_length", message, code="conflict", hint=hint)

    @property
    @override
    def groups_by_length(self) -> bool:
        return self.config.group_by_length

    @property
    @override
    def packs(self) -> bool:
        return self.config.pack_samples

    @override
    def collator(self) -> RowCollator:
        config = self.config
        length = self.max_length if config.pad_to == "max_length" else config.div_length
        return RowCollator(self.trainer.tokenizer.pad_token_id, length, packs=self.packs)

    @override
    def mask_options(self) -> MaskOptions:
        return MaskOptions(
            inputs=not self.config.mask_inputs,
            last_turn_only=self.config.train_last_turn_only,
            empty_think=not self.config.ignore_empty_think,
        )

    @override
    def open_sources(self) -> Sequence[Source[DataSourceConfig, Conversation]]:
        return [conversation_source(section) for section in self.config.sources]

    def load(self) -> Iterator[Conversation]:
        """Iterate over the conversations of all sources."""
        return mix(self.open_sources(), self, self.selection, self.taken)

    @override
    def encoded(self) -> Iterator[Sample]:
        return self.tokenised(self.load())

    def tokenised(self, conversations: Iterable[Conversation]) -> Iterator[Sample]:
        """Iterate over the samples of conversations.

        Raises:
            RecipeError: the chat template refuses a conversation, or hides the answers.

        """
        encoder = self.encoder()
        return self.samples(encoder, (self.masked_text(encoder, each) for each in conversations))

    @override
    def build_rows(self, read: Samples) -> Prepared:
        config = self.config
        fitted = read.fit_to_length(self.max_length, config.over_length)
        samples = fitted.where(fitted.num_loss_tokens > 0)
        row_index = (
            best_fit_decreasing(samples.lengths, self.max_length)
            if config.pack_samples
            else samples.one_per_row()
        )
        dropped = (
            Dropped(
                reason=f"longer than {counted(self.max_length, 'token')}",
                samples=max(0, len(read) - len(fitted)),
                tokens=read.num_tokens - fitted.num_tokens,
            ),
            Dropped(
                reason="no token has loss",
                samples=len(fitted) - len(samples),
                tokens=fitted.num_tokens - samples.num_tokens,
            ),
        )
        room = self.max_length if config.pack_samples else None
        report = preparation_report(
            read=read, dropped=dropped, samples=samples, rows=len(row_index), row_length=room
        )
        return Prepared(samples, row_index, report)
