"""The base of all data factories."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Generic, TypeVar

from typing_extensions import override

from arctic_training.config.base import Config
from arctic_training.config.data import DataConfig
from arctic_training.core.factory import Factory
from arctic_training.core.token_limit import TokenLimit
from arctic_training.data.loading.loader import EpochLoader
from arctic_training.errors import RecipeError

__all__ = ["DataFactory"]

Data_co = TypeVar("Data_co", bound=DataConfig, covariant=True)
BatchT = TypeVar("BatchT", bound=Mapping[str, object])


class DataFactory(Factory[Data_co, EpochLoader[BatchT]], Generic[Data_co, BatchT], root=True):
    """Makes the loader of the training data, after the tokenizer."""

    is_evaluated: bool = False
    """Whether it makes an evaluation set: then its section is a copy with other sources."""

    is_held_out: bool = False
    """Whether it makes the held-out part of `train_eval_split`, not the training part."""

    token_limit: TokenLimit | None = None
    """The token ids that every model accepts, if the tokenizer has more; set before ``create``."""

    @override
    def located(self, error: RecipeError, section: Config) -> RecipeError:
        if section is not self.config or not self.is_evaluated:
            located = super().located(error, section)
            is_copy = section is self.config and located.pointer == error.pointer
            return super().located(error, self.trainer.config.data) if is_copy else located
        field, *below = error.pointer
        if field == "sources":
            field = "train_eval_split" if self.is_held_out else "eval_sources"
        moved = RecipeError((field, *below), error.message, code=error.code, hint=error.hint)
        return super().located(moved, self.trainer.config.data)

    @abstractmethod
    def count_tokens(self, batch: BatchT) -> int:
        """Return the number of tokens in a batch, without padding."""
