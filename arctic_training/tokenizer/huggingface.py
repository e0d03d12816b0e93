"""Tokenizers of the Hugging Face hub, and of local folders."""

from __future__ import annotations

from collections.abc import Iterator

from transformers import AutoTokenizer, PreTrainedTokenizerBase
from typing_extensions import override

from arctic_training.config.model import HFModelConfig
from arctic_training.config.tokenizer import HFTokenizerConfig
from arctic_training.errors import RecipeError
from arctic_training.model.hub import settle_hub
from arctic_training.model.loading import LOADING_HINT, first_line, is_missing_path
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
            settle_hub()

    @override
    def create(self) -> PreTrainedTokenizerBase:
        try:
            tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(self._name_or_path)
        except (OSError, ValueError) as error:
            raise self._not_found(first_line(error)) from error
        if tokenizer.pad_token_id is None:
            if tokenizer.eos_token_id is None:
                message = f"the tokenizer `{self._name_or_path}` has no token to fill rows with"
                hint = "set its `pad_token` or its `eos_token`, and save it"
                raise self._wrong(message, code="not-usable", hint=hint)
            tokenizer.pad_token = tokenizer.eos_token
        return tokenizer

    def _not_found(self, reason: str) -> RecipeError:
        message = f"the tokenizer `{self._name_or_path}` cannot be loaded: {reason}"
        return self._wrong(message, code="not-found", hint=LOADING_HINT)

    def _wrong(self, message: str, *, code: str, hint: str) -> RecipeError:
        """Return the error of a name, wherever the recipe gives it."""
        if self.config.name_or_path:
            return self.problem("name_or_path", message, code=code, hint=hint)
        return RecipeError(("model", "name_or_path"), message, code=code, hint=hint)

    @property
    def _name_or_path(self) -> str:
        model = self.trainer.config.model
        inherited = model.name_or_path if isinstance(model, HFModelConfig) else ""
        return self.config.name_or_path or inherited
