"""Documents, of which every token is trained."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from typing_extensions import override

from arctic_training.config.data import CausalDataConfig
from arctic_training.data.packing import packed
from arctic_training.data.report import preparation_report
from arctic_training.data.samples import Sample, Samples
from arctic_training.data.source import load_documents, source_problems
from arctic_training.data.tokens import Prepared, TokenDataFactory
from arctic_training.errors import RecipeError

__all__ = ["CausalDataFactory"]

_AT_ONCE: Final = 1000


class CausalDataFactory(TokenDataFactory[CausalDataConfig]):
    """Language modelling on documents. Each begins and ends with the tokenizer's tokens for it.

    No token is lost. The last row of joined documents may be shorter than the others.
    """

    name = "causal"
    config_type = CausalDataConfig

    @override
    def problems(self) -> Iterator[RecipeError]:
        yield from source_problems(self, self.config.sources)
        if self.config.documents == "apart":
            yield from self.packing_problems("documents")

    @override
    def prepare(self) -> Prepared:
        return self.process(load_documents(self, self.config.sources))

    def process(self, documents: list[str]) -> Prepared:
        """Tokenise documents and put them into rows of `max_length`."""
        length = self.config.max_length
        read = Samples.of(self._encoded(documents))
        if self.config.documents == "joined":
            samples = read.joined().fitted(length, "split")
            packs = samples.singly()
        else:
            samples = read.fitted(length, "split")
            packs = packed(samples, length)
        report = preparation_report(
            read=read, losses=(), samples=samples, rows=len(packs), row_length=length
        )
        return Prepared(samples, packs, report)

    def _encoded(self, documents: list[str]) -> Iterator[Sample]:
        tokenizer = self.trainer.tokenizer
        first = [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]
        last = [] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id]
        for start in range(0, len(documents), _AT_ONCE):
            some = documents[start : start + _AT_ONCE]
            encoded = tokenizer(
                some, add_special_tokens=False, return_attention_mask=False, verbose=False
            )
            for tokens in encoded["input_ids"]:
                ids = np.array([*first, *tokens, *last], dtype=np.int32)
                yield Sample(ids, np.ones(len(ids), dtype=np.bool_))
