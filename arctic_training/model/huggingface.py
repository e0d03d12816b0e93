"""Causal language models of the Hugging Face hub, and of local folders."""

from __future__ import annotations

from collections.abc import Iterator

import transformers
from torch import nn
from typing_extensions import override

from arctic_training.config.model import HFModelConfig
from arctic_training.errors import RecipeError
from arctic_training.model.checkpointing import DTYPES
from arctic_training.model.factory import ModelFactory
from arctic_training.model.folders import no_model
from arctic_training.model.hub import settle_hub
from arctic_training.model.loading import LOADING_HINT, first_line, is_missing_path

__all__ = ["HFModelFactory"]


class HFModelFactory(ModelFactory[HFModelConfig]):
    """A causal language model that transformers loads, with its weights."""

    name = "huggingface"
    config_type: type[HFModelConfig] = HFModelConfig

    @override
    def create(self) -> nn.Module:
        try:
            model = self.auto_class.from_pretrained(
                self.config.name_or_path,
                dtype=DTYPES[self.config.dtype],
                attn_implementation=self.config.attn_implementation,
                **self.head,
            )
        except ImportError as error:
            raise self.no_attention(error) from error
        except (OSError, ValueError) as error:
            raise self._not_found(first_line(error)) from error
        return self.equipped(model)

    @override
    def problems(self) -> Iterator[RecipeError]:
        yield from super().problems()
        if is_missing_path(self.config.name_or_path):
            yield self._not_found("there is no such folder")
            return
        if (other := no_model(self.config.name_or_path)) is not None:
            yield self._not_found(other.reason, other.hint)
            return
        settle_hub()
        try:
            found: transformers.PretrainedConfig = transformers.AutoConfig.from_pretrained(
                self.config.name_or_path
            )
        except (OSError, ValueError) as error:
            yield self._not_found(first_line(error))
            return
        longest = getattr(found.get_text_config(), "max_position_embeddings", None)
        yield from self.length_problems(longest)
        yield from self.adapter_problems(found)

    def _not_found(self, reason: str, hint: str = LOADING_HINT) -> RecipeError:
        message = f"the model `{self.config.name_or_path}` cannot be loaded: {reason}"
        return self.problem("name_or_path", message, code="not-found", hint=hint)
