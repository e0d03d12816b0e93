"""The base of all model factories."""

from __future__ import annotations

from typing import Generic, TypeVar

from torch import nn

from arctic_training.config.model import ModelConfig
from arctic_training.factory import Factory

__all__ = ["ModelFactory"]

Model_co = TypeVar("Model_co", bound=ModelConfig, covariant=True)


class ModelFactory(Factory[Model_co, nn.Module], Generic[Model_co], root=True):
    """Makes the model. The tokenizer stands already."""
