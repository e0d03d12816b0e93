"""Models that give one number for a row: a scalar head in place of that of the vocabulary."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import transformers
from torch import nn
from typing_extensions import override

from arctic_training.config.model import (
    HFModelConfig,
    HFRewardModelConfig,
    ModelConfig,
    RandomLlamaConfig,
    RandomLlamaRewardConfig,
)
from arctic_training.errors import RecipeError
from arctic_training.model.factory import ModelFactory
from arctic_training.model.huggingface import HFModelFactory
from arctic_training.model.random_llama import RandomLlamaFactory

if TYPE_CHECKING:
    from transformers.models.auto.auto_factory import _BaseAutoModelClass

__all__ = ["HFRewardModelFactory", "RandomLlamaRewardFactory"]

Model_co = TypeVar("Model_co", bound=ModelConfig, covariant=True)

_HEAD: Final = "score"
"""What transformers calls the head."""

_KEPT: Final = "ForSequenceClassification"
"""How the names of models end that have one."""


class _ScalarHead(ModelFactory[Model_co], Generic[Model_co], abstract=True):
    """Gives the models of another factory a scalar head.

    Called with ``input_ids``, a model gives ``logits`` of shape (rows, 1), or (rows, num_labels) if
    the recipe says so in ``hf_config_kwargs``: what the head says of the last token before
    padding. Where the tokenizer has no padding but its end, that is the token before the end. It is
    saved as transformers' model of sequence classification, which does so too.
    """

    head = {"num_labels": 1}  # noqa: RUF012 - declared as a ClassVar by the base
    new_head = (f"{_HEAD}.",)

    @property
    @override
    def auto_class(self) -> type[_BaseAutoModelClass]:
        return transformers.AutoModelForSequenceClassification

    @override
    def problems(self) -> Iterator[RecipeError]:
        yield from super().problems()
        adapter = self.config.peft_config
        if adapter is not None and _HEAD not in (adapter.modules_to_save or ()):
            message = "the head is new, and beside an adapter it would not be trained"
            hint = f"add `modules_to_save: [{_HEAD}]`"
            yield self.problem("peft_config", message, code="conflict", hint=hint)


class HFRewardModelFactory(_ScalarHead[HFModelConfig], HFModelFactory):
    """A model that transformers loads; its head begins at random where it had another one."""

    name = "huggingface_reward"
    config_type: type[HFModelConfig] = HFRewardModelConfig

    @override
    def problems(self) -> Iterator[RecipeError]:
        problems = [*super().problems()]
        yield from problems
        if "pad_token_id" in self.config.hf_config_kwargs:
            message = "`pad_token_id` is the tokenizer's: it says where a row ends"
            error = RecipeError(("hf_config_kwargs", "pad_token_id"), message, code="conflict")
            yield self.located(error, self.config)
        elif not problems:
            yield from self._head_problems()

    def _head_problems(self) -> Iterator[RecipeError]:
        """Find a head that is kept and gives another number of outputs than it should."""
        found, wanted = self._found(), self._architecture().num_labels
        has_head = any(name.endswith(_KEPT) for name in found.architectures or ())
        if has_head and found.num_labels != wanted:
            message = f"the head of the model has {found.num_labels} outputs, not {wanted}"
            hint = f"set `hf_config_kwargs: {{num_labels: {found.num_labels}}}`"
            yield self.problem("name_or_path", message, code="not-usable", hint=hint)

    @override
    def create(self) -> nn.Module:
        model = super().create()
        assert isinstance(model, transformers.PreTrainedModel)
        model.config.get_text_config().pad_token_id = self.trainer.tokenizer.pad_token_id
        return model


class RandomLlamaRewardFactory(_ScalarHead[RandomLlamaConfig], RandomLlamaFactory):
    """Llama (Touvron et al., 2023) with a scalar head, from its configuration."""

    name = "random_llama_reward"
    config_type: type[RandomLlamaConfig] = RandomLlamaRewardConfig
