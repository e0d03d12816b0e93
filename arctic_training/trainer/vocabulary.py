"""Whether the models of a run take the tokens of its tokenizer, known before data is prepared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from arctic_training.config.data import DataConfig
from arctic_training.config.model import ModelConfig
from arctic_training.data.factories.conversations import ChatDataFactory
from arctic_training.data.factories.token_check import check_tokens
from arctic_training.data.factory import DataFactory
from arctic_training.errors import UnusableRecipeError
from arctic_training.model.factory import ModelFactory
from arctic_training.tokenizer.end_of_turn import rendered_turn

__all__ = ["check_vocabulary"]

BatchT = TypeVar("BatchT", bound=Mapping[str, object])


def check_vocabulary(
    tokenizer: PreTrainedTokenizerBase,
    models: Iterable[ModelFactory[ModelConfig]],
    data: Iterable[DataFactory[DataConfig, BatchT]],
) -> None:
    """Verify that models fit a tokenizer, and tell data factories which tokens have no embedding.

    Raises:
        UnusableRecipeError: a model was trained with another tokenizer, or lacks rows for tokens
            that every run uses.

    """
    models = [*models]
    if problems := [each for model in models for each in model.tokenizer_problems(tokenizer)]:
        raise UnusableRecipeError(problems)
    limits = [limit for model in models if (limit := model.token_limit(tokenizer)) is not None]
    for factory in data if limits else ():
        factory.token_limit = min(limits)
        if isinstance(factory, ChatDataFactory):
            check_tokens(factory, _template_tokens(tokenizer), "the chat template")


def _template_tokens(tokenizer: PreTrainedTokenizerBase) -> NDArray[np.int32]:
    """Return the added tokens that a chat template writes whatever is said."""
    ids: list[int] = tokenizer(rendered_turn(tokenizer), add_special_tokens=False)["input_ids"]
    return np.array([each for each in ids if each in tokenizer.added_tokens_decoder], np.int32)
