"""The base of all model factories."""

from __future__ import annotations

from typing import Generic, TypeVar

from torch import nn

from arctic_training.config.model import ModelConfig
from arctic_training.errors import RecipeError
from arctic_training.factory import Factory
from arctic_training.model.loading import first_line

__all__ = ["ModelFactory"]

Model_co = TypeVar("Model_co", bound=ModelConfig, covariant=True)


class ModelFactory(Factory[Model_co, nn.Module], Generic[Model_co], root=True):
    """Makes the model. The tokenizer stands already."""

    def no_attention(self, error: ImportError) -> RecipeError:
        """Return the error for a kind of attention whose package is missing."""
        return self.problem("attn_implementation", first_line(error), code="not-supported")
