"""What all data factories of tokens share: rows, their batches, and the report."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from typing_extensions import override

from arctic_training.config.data import CausalDataConfig, SFTDataConfig
from arctic_training.data.batches import SFTBatch
from arctic_training.data.collate import RowCollator
from arctic_training.data.factory import DataFactory
from arctic_training.data.loader import EpochLoader
from arctic_training.data.report import PreparationReport
from arctic_training.data.samples import Rows, Samples
from arctic_training.errors import RecipeError

__all__ = ["Prepared", "TokenDataFactory"]

Tokens_co = TypeVar("Tokens_co", bound=SFTDataConfig | CausalDataConfig, covariant=True)


@dataclass(frozen=True, slots=True)
class Prepared:
    """Data that is ready: samples, the packs of them that make rows, and what became of them."""

    samples: Samples
    packs: Sequence[Sequence[int]]
    report: PreparationReport


class TokenDataFactory(DataFactory[Tokens_co, SFTBatch], Generic[Tokens_co], abstract=True):
    """Makes batches of rows of tokens."""

    @abstractmethod
    def prepare(self) -> Prepared:
        """Load and tokenise the data.

        Raises:
            RecipeError: it cannot be loaded or used.

        """

    @override
    def create(self) -> EpochLoader[SFTBatch]:
        return EpochLoader(
            self.rows(self.prepare()),
            RowCollator(self.trainer.tokenizer.pad_token_id, self.config.div_length),
            micro_batch_size=self.trainer.config.micro_batch_size,
            seed=self.config.seed,
            num_workers=self.config.dl_num_workers,
        )

    @override
    def count_tokens(self, batch: SFTBatch) -> int:
        return int(batch["lengths"].sum())

    def rows(self, prepared: Prepared) -> Rows:
        """Report, and return the rows.

        Raises:
            RecipeError: there is none.

        """
        self.trainer.note("\n".join(prepared.report.lines()))
        if not prepared.report.trained_tokens:
            hint = f"`max_length` is {self.config.max_length}"
            raise self.problem(
                "sources", "no sample is left to train on", code="no-data", hint=hint
            )
        return Rows(prepared.samples, prepared.packs)

    def packing_problems(self, field: str) -> Iterator[RecipeError]:
        """Iterate over what keeps packed documents from being kept apart."""
        recipe = self.trainer.config
        if recipe.model.attn_implementation.startswith("flash") and recipe.micro_batch_size > 1:
            message = "flash attention in transformers keeps packed documents apart one row a time"
            hint = "set `micro_batch_size: 1`"
            yield self.problem(field, message, code="not-supported", hint=hint)
