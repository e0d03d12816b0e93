"""The base of all model factories."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

import torch
import transformers
from torch import nn
from transformers import PreTrainedTokenizerBase
from typing_extensions import override

from arctic_training.config.adapter import AdapterConfig
from arctic_training.config.model import ModelConfig
from arctic_training.core.factory import Factory
from arctic_training.core.tested_versions import untested_remedy
from arctic_training.core.token_limit import TokenLimit
from arctic_training.diagnostics.plurals import counted
from arctic_training.errors import RecipeError, UnusableRecipeError
from arctic_training.hub.loading import first_line
from arctic_training.model.adapter import add_adapter
from arctic_training.model.adapter_targets import unknown_layers
from arctic_training.model.model_options import with_activation_checkpoints
from arctic_training.model.peft import peft_version_problem

if TYPE_CHECKING:
    from transformers.models.auto.auto_factory import _BaseAutoModelClass

__all__ = ["ModelFactory"]

Model_co = TypeVar("Model_co", bound=ModelConfig, covariant=True)


class ModelFactory(Factory[Model_co, nn.Module], Generic[Model_co], root=True):
    """Makes the model, after the tokenizer.

    A subclass of a factory whose models have another head says which: ``auto_class`` makes a model
    of an architecture, ``head`` is what the architecture says of its head, and ``new_head`` what
    the names of its weights begin with.
    """

    _renamed_members: ClassVar = {
        "equipped": "apply_adapters",
        "longest_row": "max_position_embeddings",
    }

    head: ClassVar[Mapping[str, int]] = {}
    new_head: ClassVar[tuple[str, ...]] = ()

    @property
    def auto_class(self) -> type[_BaseAutoModelClass]:
        """The class of transformers that makes the models."""
        return transformers.AutoModelForCausalLM

    @override
    def problems(self) -> Iterator[RecipeError]:
        if self.config.peft_config is not None and find_spec("peft") is None:
            message = "the package `peft` is not installed"
            hint = "pip install 'arctic-training-gen[peft]'"
            yield self.problem("peft_config", message, code="not-installed", hint=hint)
        elif self.config.peft_config is not None and (reason := peft_version_problem()):
            hint = untested_remedy()
            yield self.problem("peft_config", reason, code="not-supported", hint=hint)
        offload = self.trainer.config.activation_checkpoint_cpu_offload
        if offload and self.config.disable_activation_checkpoint:
            message = "with `activation_checkpoint_cpu_offload`, activations are computed again"
            hint = "leave out one of the two"
            yield self.problem("disable_activation_checkpoint", message, code="conflict", hint=hint)

    def max_position_embeddings(self) -> int | None:
        """Return the most tokens of a row that the model accepts; None if it is unknown.

        A recipe without ``max_length`` takes it.
        """
        return None

    def length_problems(self, longest: int | None) -> Iterator[RecipeError]:
        """Report a ``max_length`` of data above the most tokens of a row that the model accepts."""
        length = self.trainer.config.data.max_length
        if longest is not None and length is not None and length > longest:
            message = (
                f"rows may have {counted(length, 'token')}, and the model takes {longest:,} at most"
            )
            hint = f"set `max_length: {longest}` in `data`"
            yield RecipeError(("data", "max_length"), message, code="out-of-range", hint=hint)

    @property
    def section_name(self) -> str:
        """Name of the section in the recipe: `model`, or that of a nested one."""
        place = self.located(RecipeError((), ""), self.config).pointer
        return ".".join(map(str, place))

    def token_limit(self, tokenizer: PreTrainedTokenizerBase) -> TokenLimit | None:
        """Return how many of a tokenizer's ids the model takes; None for all of them."""
        del tokenizer
        return None

    def tokenizer_problems(self, tokenizer: PreTrainedTokenizerBase) -> Iterator[RecipeError]:
        """Iterate over what keeps the model from being trained with a tokenizer.

        Called once the tokenizer is built, before data is prepared.
        """
        del tokenizer
        return iter(())

    def adapter_problems(
        self, architecture: transformers.PretrainedConfig
    ) -> Iterator[RecipeError]:
        """Find what keeps an adapter from being added to such a model, made without weights.

        A missing model or a missing PEFT is reported elsewhere.
        """
        adapter = self.config.peft_config
        if adapter is None:
            return
        try:
            with torch.device("meta"):
                model = self.auto_class.from_config(architecture)
                self._add_adapter(model, adapter)
        except UnusableRecipeError as error:
            yield from error.problems
        except RecipeError as error:
            yield error
        except (ImportError, ValueError):
            return

    def apply_adapters(self, model: nn.Module) -> nn.Module:
        """Add the adapter of the section to a model, and activation checkpoints.

        Raises:
            RecipeError: the model takes no such adapter.
            UnusableRecipeError: it does not have the layers that the adapter is for.

        """
        if (adapter := self.config.peft_config) is not None:
            if not isinstance(model, transformers.PreTrainedModel):
                raise self.problem("peft_config", f"a {type(model).__name__} takes no adapter")
            self._add_adapter(model, adapter)
        offload = self.trainer.config.activation_checkpoint_cpu_offload
        return with_activation_checkpoints(model, self.config, offload=offload)

    def _add_adapter(self, model: transformers.PreTrainedModel, adapter: AdapterConfig) -> None:
        if unknown := [self.located(each, adapter) for each in unknown_layers(model, adapter)]:
            raise UnusableRecipeError(unknown)
        try:
            add_adapter(model, adapter)
        except (NotImplementedError, TypeError, ValueError) as error:
            # Kinds of adapters differ in how they refuse a kind of layer.
            hint = "choose other `target_modules`, or another kind of adapter"
            raise self.problem("peft_config", first_line(error), hint=hint) from error

    def no_attention(self, error: ImportError) -> RecipeError:
        """Return the error for a kind of attention whose package is missing."""
        return self.problem("attn_implementation", first_line(error), code="not-supported")
