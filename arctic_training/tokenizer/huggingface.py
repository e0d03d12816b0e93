"""Tokenizers of the Hugging Face hub, and of local folders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from transformers import AutoTokenizer, PreTrainedTokenizerBase
from typing_extensions import override

from arctic_training.config.model import HFModelConfig
from arctic_training.config.tokenizer import HFTokenizerConfig
from arctic_training.errors import RecipeError
from arctic_training.hub.connection import configure_hub_offline
from arctic_training.hub.loading import (
    LOADING_HINT,
    first_line,
    is_missing_path,
    loading_advice,
)
from arctic_training.tokenizer.factory import TokenizerFactory

__all__ = ["HFTokenizerFactory"]


class HFTokenizerFactory(TokenizerFactory[HFTokenizerConfig]):
    """A tokenizer that transformers loads; the model's own unless the recipe says otherwise."""

    name = "huggingface"
    config_type: type[HFTokenizerConfig] = HFTokenizerConfig

    @override
    def problems(self) -> Iterator[RecipeError]:
        if not self._name_or_path:
            yield self.problem(
                "name_or_path",
                "it is empty, and the model has no name to take the tokenizer of",
                hint="give a name or a folder, or choose `type: byte_level_bpe`",
            )
        elif is_missing_path(self._name_or_path):
            yield self._not_found("there is no such folder")
        else:
            configure_hub_offline()
        template = self.config.chat_template
        if template is not None and not template.is_file():
            yield self._unread(template, "there is no such file")

    @override
    def create(self) -> PreTrainedTokenizerBase:
        try:
            tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(self._name_or_path)
        except (OSError, ValueError) as error:
            advice = loading_advice(self._name_or_path, error)
            raise self._not_found(first_line(error), advice) from error
        if tokenizer.pad_token_id is None:
            if tokenizer.eos_token_id is None:
                message = f"the tokenizer `{self._name_or_path}` has no token to fill rows with"
                hint = "set its `pad_token` or its `eos_token`, and save it"
                raise self._wrong(message, code="not-usable", hint=hint)
            tokenizer.pad_token = tokenizer.eos_token
        if self.config.chat_template is not None:
            tokenizer.chat_template = self._read(self.config.chat_template)
        return tokenizer

    def _read(self, template: Path) -> str:
        try:
            return template.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise self._unread(template, first_line(error)) from error

    def _unread(self, template: Path, reason: str) -> RecipeError:
        message = f"the chat template `{template}` cannot be read: {reason}"
        return self.problem("chat_template", message, code="not-found")

    def _not_found(self, reason: str, hint: str = LOADING_HINT) -> RecipeError:
        message = f"the tokenizer `{self._name_or_path}` cannot be loaded: {reason}"
        return self._wrong(message, code="not-found", hint=hint)

    def _wrong(self, message: str, *, code: str, hint: str) -> RecipeError:
        """Return the error of a name, wherever the recipe gives it."""
        place = (self.config.named_by, "name_or_path")
        return RecipeError(place, message, code=code, hint=hint)

    @property
    def _name_or_path(self) -> str:
        model = self.trainer.config.model
        inherited = model.name_or_path if isinstance(model, HFModelConfig) else ""
        return self.config.name_or_path or inherited
