"""Data factory of language modelling: documents with loss on every token."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from typing_extensions import override

from arctic_training.config.data import CausalDataConfig
from arctic_training.config.source import DataSourceConfig
from arctic_training.data.factories.token_rows import TokenDataFactory
from arctic_training.data.sources.mixture import mix
from arctic_training.data.sources.registry import document_source
from arctic_training.data.sources.source import Source
from arctic_training.data.store.packing import best_fit_decreasing
from arctic_training.data.store.preparation_report import preparation_report
from arctic_training.data.store.prepared_data import Prepared
from arctic_training.data.store.samples import Sample, Samples
from arctic_training.data.tokenizing import text_batches
from arctic_training.errors import RecipeError

__all__ = ["CausalDataFactory"]


class CausalDataFactory(TokenDataFactory[CausalDataConfig]):
    """Language modelling on documents. Each begins and ends with the tokenizer's tokens for it.

    No token is lost. The last row of joined documents may be shorter than the others.
    """

    name = "causal"
    config_type: type[CausalDataConfig] = CausalDataConfig

    row_fields = frozenset({"documents", "max_length"})

    @override
    def option_problems(self) -> Iterator[RecipeError]:
        yield from super().option_problems()
        if self.packs:
            yield from self.packing_problems("documents")

    @property
    @override
    def packs(self) -> bool:
        return self.config.documents == "apart"

    @override
    def open_sources(self) -> Sequence[Source[DataSourceConfig, str]]:
        return [document_source(section) for section in self.config.sources]

    @override
    def encoded(self) -> Iterator[Sample]:
        return self.tokenised(mix(self.open_sources(), self, self.selection, self.taken))

    def tokenised(self, documents: Iterable[str]) -> Iterator[Sample]:
        """Iterate over the samples of documents, many tokenised at once."""
        tokenizer = self.trainer.tokenizer
        first = [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]
        last = [] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id]
        for some in text_batches(documents, len):
            encoded = tokenizer(
                some, add_special_tokens=False, return_attention_mask=False, verbose=False
            )
            for tokens in encoded["input_ids"]:
                ids = np.array([*first, *tokens, *last], dtype=np.int32)
                yield Sample(ids, np.ones(len(ids), dtype=np.bool_))

    @override
    def build_rows(self, read: Samples) -> Prepared:
        length = self.max_length
        if self.config.documents == "joined":
            samples = read.concatenate().fit_to_length(length, "split")
            row_index = samples.one_per_row()
        else:
            samples = read.fit_to_length(length, "split")
            row_index = best_fit_decreasing(samples.lengths, length)
        report = preparation_report(
            read=read, dropped=(), samples=samples, rows=len(row_index), row_length=length
        )
        return Prepared(samples, row_index, report)
