"""What all data factories of tokens share: rows, and their batches."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Generic, TypeVar

from typing_extensions import override

from arctic_training.config.data import CausalDataConfig, SFTDataConfig
from arctic_training.config.model import ModelConfig
from arctic_training.data.batches import SFTBatch
from arctic_training.data.factories.preparation import PreparingDataFactory
from arctic_training.data.loading.collate import RowCollator
from arctic_training.errors import RecipeError

__all__ = ["TokenDataFactory"]

Tokens_co = TypeVar("Tokens_co", bound=SFTDataConfig | CausalDataConfig, covariant=True)


class TokenDataFactory(
    PreparingDataFactory[Tokens_co, SFTBatch], Generic[Tokens_co], abstract=True
):
    """Makes batches of rows of tokens."""

    @override
    def collator(self) -> RowCollator:
        padding = self.trainer.tokenizer.pad_token_id
        return RowCollator(padding, self.config.div_length, packs=self.packs)

    @property
    @abstractmethod
    def packs(self) -> bool:
        """Whether a row may have several documents."""

    @override
    def count_tokens(self, batch: SFTBatch) -> int:
        return int(batch["lengths"].sum())

    def packing_problems(self, field: str) -> Iterator[RecipeError]:
        """Iterate over the models that would not keep packed documents apart."""
        recipe = self.trainer.config
        message = "flash attention in transformers keeps packed documents apart one row a time"
        hint = "set `micro_batch_size: 1`"
        for name, section in recipe if recipe.micro_batch_size > 1 else ():
            if isinstance(section, ModelConfig) and section.attn_implementation.startswith("flash"):
                place = ("data", field) if name == "model" else (name, "attn_implementation")
                yield RecipeError(place, message, code="not-supported", hint=hint)
