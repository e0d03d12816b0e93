"""How long a row may be where the recipe leaves it to the model."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from arctic_training.config.model import ModelConfig
from arctic_training.config.trainer import TrainerConfig
from arctic_training.model.factory import ModelFactory

__all__ = ["resolve_max_length"]

ConfigT = TypeVar("ConfigT", bound=TrainerConfig)


def resolve_max_length(config: ConfigT, model: Callable[[], ModelFactory[ModelConfig]]) -> ConfigT:
    """Return the recipe with the longest row of its model as ``max_length``, if it has none."""
    if config.data.max_length is not None or (longest := model().max_position_embeddings()) is None:
        return config
    data = config.data.model_copy(update={"max_length": longest})
    data.model_fields_set.discard("max_length")  # the user has not set it
    return config.model_copy(update={"data": data})
