"""The base of all tokenizer factories."""

from __future__ import annotations

from typing import Generic, TypeVar

from transformers import PreTrainedTokenizerBase

from arctic_training.config.tokenizer import TokenizerConfig
from arctic_training.core.factory import Factory

__all__ = ["TokenizerFactory"]

Tokenizer_co = TypeVar("Tokenizer_co", bound=TokenizerConfig, covariant=True)


class TokenizerFactory(
    Factory[Tokenizer_co, PreTrainedTokenizerBase], Generic[Tokenizer_co], root=True
):
    """Makes the tokenizer, before all other parts of a trainer."""
