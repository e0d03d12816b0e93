"""Causal language models of the Hugging Face hub, and of local folders."""

from __future__ import annotations

from collections.abc import Iterator

import transformers
from torch import nn
from typing_extensions import override

from arctic_training.config.model import HFModelConfig
from arctic_training.errors import RecipeError, UnusableRecipeError
from arctic_training.model.checkpointing import DTYPES
from arctic_training.model.configuration import changed_configuration, configuration_problems
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
        architecture = self._architecture()
        architecture.update(dict(self.head))
        try:
            model = self.auto_class.from_pretrained(
                self.config.name_or_path,
                config=architecture,
                dtype=DTYPES[self.config.dtype],
                attn_implementation=self.config.attn_implementation,
            )
        except ImportError as error:
            raise self.no_attention(error) from error
        except (OSError, ValueError) as error:
            raise self._not_found(first_line(error)) from error
        except RuntimeError as error:
            if not self.config.hf_config_kwargs:
                raise
            message = f"the weights do not fit the changed configuration: {first_line(error)}"
            raise self.problem("hf_config_kwargs", message) from error
        return self.equipped(model)

    @override
    def problems(self) -> Iterator[RecipeError]:
        yield from super().problems()
        try:
            architecture = self._architecture()
        except UnusableRecipeError as error:
            yield from error.problems
            return
        yield from self.length_problems(_longest_row(architecture))
        yield from self.adapter_problems(architecture)

    @override
    def longest_row(self) -> int | None:
        try:
            return _longest_row(self._architecture())
        except UnusableRecipeError:  # they are among the problems
            return None

    def _architecture(self) -> transformers.PretrainedConfig:
        """Return the configuration that the model comes with, changed as the recipe says.

        Raises:
            UnusableRecipeError: there is none, or it cannot be changed so.

        """
        changes = self.config.hf_config_kwargs
        try:
            found = self._found()
        except RecipeError as error:
            raise UnusableRecipeError([error]) from error
        if problems := [*configuration_problems(found, changes)]:
            placed = (problem.below(("hf_config_kwargs",)) for problem in problems)
            raise UnusableRecipeError([self.located(each, self.config) for each in placed])
        return changed_configuration(found, changes)

    def _found(self) -> transformers.PretrainedConfig:
        if is_missing_path(self.config.name_or_path):
            raise self._not_found("there is no such folder")
        if (other := no_model(self.config.name_or_path)) is not None:
            raise self._not_found(other.reason, other.hint)
        settle_hub()
        try:
            found: transformers.PretrainedConfig = transformers.AutoConfig.from_pretrained(
                self.config.name_or_path
            )
        except (OSError, ValueError) as error:
            raise self._not_found(first_line(error)) from error
        return found

    def _not_found(self, reason: str, hint: str = LOADING_HINT) -> RecipeError:
        message = f"the model `{self.config.name_or_path}` cannot be loaded: {reason}"
        return self.problem("name_or_path", message, code="not-found", hint=hint)


def _longest_row(architecture: transformers.PretrainedConfig) -> int | None:
    longest: int | None = getattr(architecture.get_text_config(), "max_position_embeddings", None)
    return longest
