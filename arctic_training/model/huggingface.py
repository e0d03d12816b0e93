"""Causal language models of the Hugging Face hub, and of local folders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
import transformers
from torch import nn
from transformers import PreTrainedTokenizerBase
from typing_extensions import override

from arctic_training.config.adapter import AdapterConfig
from arctic_training.config.model import HFModelConfig
from arctic_training.config.tokenizer import ByteLevelBPEConfig
from arctic_training.core.token_limit import TokenLimit
from arctic_training.diagnostics import known_words
from arctic_training.diagnostics.plurals import counted
from arctic_training.errors import RecipeError, UnusableRecipeError
from arctic_training.hub.connection import configure_hub_offline
from arctic_training.hub.loading import (
    LOADING_HINT,
    first_line,
    is_missing_path,
    loading_advice,
)
from arctic_training.model.configuration import changed_configuration, configuration_problems
from arctic_training.model.embeddings import grow_embeddings, untie_embeddings
from arctic_training.model.factory import ModelFactory
from arctic_training.model.model_folders import diagnose_model_dir
from arctic_training.model.model_options import DTYPES
from arctic_training.model.resizing import OWN, RESIZE, export_problems, untrained_embeddings
from arctic_training.model.vocabulary import (
    foreign_vocabulary,
    num_token_ids,
    shipped_tokenizer,
)

__all__ = ["HFModelFactory"]


class HFModelFactory(ModelFactory[HFModelConfig]):
    """A causal language model that transformers loads, with its weights."""

    name = "huggingface"
    config_type: type[HFModelConfig] = HFModelConfig

    @override
    def create(self) -> nn.Module:
        architecture = self._architecture()
        is_untied = self._is_untied(architecture)
        if is_untied:  # the head is missing in the files: it is copied below
            architecture.tie_word_embeddings = True
        try:
            model, loading = self.auto_class.from_pretrained(
                self.config.name_or_path,
                config=architecture,
                dtype=DTYPES[self.config.dtype],
                attn_implementation=self.config.attn_implementation,
                output_loading_info=True,
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
        self._check_complete(loading["missing_keys"])
        if is_untied:
            untie_embeddings(model)
        if self.config.resize_embeddings:
            grow_embeddings(model, num_token_ids(self.trainer.tokenizer))
        return self.apply_adapters(model)

    def _is_untied(self, architecture: transformers.PretrainedConfig) -> bool:
        """Return whether the recipe unties what the model ties."""
        is_named = "tie_word_embeddings" in self.config.hf_config_kwargs
        return (
            is_named and not architecture.tie_word_embeddings and self._found().tie_word_embeddings
        )

    def _check_complete(self, missing: Iterable[str]) -> None:
        """Find weights that the model lacks, which would begin at random; a new head may.

        Raises:
            RecipeError: there are some.

        """
        lacking = sorted(key for key in missing if not key.startswith(self.new_head))
        if lacking:
            field = "hf_config_kwargs" if self.config.hf_config_kwargs else "name_or_path"
            message = f"the model has no weights for {known_words(lacking)}: they would be random"
            raise self.problem(field, message, code="not-usable")

    @override
    def token_limit(self, tokenizer: PreTrainedTokenizerBase) -> TokenLimit | None:
        rows = self._rows()
        if rows is None or self.config.resize_embeddings or num_token_ids(tokenizer) <= rows:
            return None
        return TokenLimit(rows, self.section_name)

    @override
    def tokenizer_problems(self, tokenizer: PreTrainedTokenizerBase) -> Iterator[RecipeError]:
        if reason := self._foreign(tokenizer):
            message = f"the model was trained with another tokenizer: {reason}"
            is_trained = self.config is self.trainer.config.model
            hint = OWN if is_trained else "choose a model with the tokenizer of `model`"
            yield self.problem("name_or_path", message, code="not-usable", hint=hint)
        elif (limit := self.token_limit(tokenizer)) is not None:
            yield from self._beyond(tokenizer, limit.rows)
        elif self.config.peft_config is not None and num_token_ids(tokenizer) > (self._rows() or 0):
            yield from self._resized_adapter_problems(self.config.peft_config)

    def _beyond(self, tokenizer: PreTrainedTokenizerBase, rows: int) -> Iterator[RecipeError]:
        """Refuse a pad token without an embedding, and mention other tokens."""
        first = tokenizer.convert_ids_to_tokens(rows)
        number = num_token_ids(tokenizer) - rows
        message = (
            f"{counted(number, 'token')} of the tokenizer, from `{first}` ({rows}) on, "
            f"{'has' if number == 1 else 'have'} no embedding: the model has {rows:,} rows"
        )
        if (tokenizer.pad_token_id or 0) >= rows:
            message = f"rows are padded with `{tokenizer.pad_token}`; {message}"
            yield self.problem("name_or_path", message, code="out-of-range", hint=RESIZE)
        else:
            self.trainer.note(f"note: {message}; data that uses them is refused, or {RESIZE}")

    def _resized_adapter_problems(self, adapter: AdapterConfig) -> Iterator[RecipeError]:
        """Find new rows that an adapter would leave untrained, or an export would lose."""
        with torch.device("meta"):
            model = self.auto_class.from_config(self._architecture())
        if names := untrained_embeddings(model, adapter):
            message = "the new rows of the embedding would not be trained beside this adapter"
            hint = f"add `modules_to_save: [{', '.join(names)}]`"
            yield self.problem("peft_config", message, code="conflict", hint=hint)
        if self.config is self.trainer.config.model:
            yield from export_problems(self.trainer.config)

    def _foreign(self, tokenizer: PreTrainedTokenizerBase) -> str:
        """Return how a tokenizer contradicts the model's own; empty if it does not."""
        name, rows = self.config.name_or_path, self._rows()
        if rows is None or tokenizer.name_or_path == name:
            return ""
        if (shipped := shipped_tokenizer(name)) is not None:
            return foreign_vocabulary(tokenizer, shipped)
        is_new = isinstance(self.trainer.config.tokenizer, ByteLevelBPEConfig)
        if not is_new or len(tokenizer) == rows:
            return ""
        return f"this run trains one of {len(tokenizer):,} tokens, the model has {rows:,}"

    def _rows(self) -> int | None:
        """Return the number of rows of the embedding; None if the configuration does not say."""
        try:
            rows = getattr(self._architecture().get_text_config(), "vocab_size", None)
        except UnusableRecipeError:  # it is among the problems
            return None
        return rows if isinstance(rows, int) else None

    @override
    def problems(self) -> Iterator[RecipeError]:
        yield from super().problems()
        try:
            architecture = self._architecture()
        except UnusableRecipeError as error:
            yield from error.problems
            return
        yield from self.length_problems(_max_position_embeddings(architecture))
        yield from self.adapter_problems(architecture)

    @override
    def max_position_embeddings(self) -> int | None:
        try:
            return _max_position_embeddings(self._architecture())
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
        if problems := [*configuration_problems(found, changes, has_labels=bool(self.head))]:
            placed = (problem.below(("hf_config_kwargs",)) for problem in problems)
            raise UnusableRecipeError([self.located(each, self.config) for each in placed])
        head = {} if changes.keys() & {"num_labels", "id2label"} else dict(self.head)
        return changed_configuration(found, head | changes)

    def _found(self) -> transformers.PretrainedConfig:
        if is_missing_path(self.config.name_or_path):
            raise self._not_found("there is no such folder")
        if (other := diagnose_model_dir(self.config.name_or_path)) is not None:
            raise self._not_found(other.reason, other.hint)
        configure_hub_offline()
        try:
            found: transformers.PretrainedConfig = transformers.AutoConfig.from_pretrained(
                self.config.name_or_path
            )
        except (OSError, ValueError) as error:
            advice = loading_advice(self.config.name_or_path, error)
            raise self._not_found(first_line(error), advice) from error
        return found

    def _not_found(self, reason: str, hint: str = LOADING_HINT) -> RecipeError:
        message = f"the model `{self.config.name_or_path}` cannot be loaded: {reason}"
        return self.problem("name_or_path", message, code="not-found", hint=hint)


def _max_position_embeddings(architecture: transformers.PretrainedConfig) -> int | None:
    longest: int | None = getattr(architecture.get_text_config(), "max_position_embeddings", None)
    return longest
