"""Checkpoints as transformers loads them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import transformers
from torch import Tensor
from typing_extensions import override

from arctic_training.checkpoint.engine import CheckpointEngine
from arctic_training.checkpoint.evaluation_scores import write_scores
from arctic_training.checkpoint.joint_folder import writing_together
from arctic_training.checkpoint.special_tokens import save_tokenizer, write_special_tokens
from arctic_training.config.checkpoint import HFCheckpointConfig
from arctic_training.config.model import RandomLlamaConfig
from arctic_training.core.resolved_recipe import write_recipe
from arctic_training.errors import RecipeError, TrainingError
from arctic_training.model.adapter import has_adapter, merge_adapter, quiet_peft

__all__ = ["HFCheckpointEngine"]

_WITHOUT_CHANGES: Final = (
    "note: an adapter is saved without the `hf_config_kwargs` of its base: pass them to "
    "`from_pretrained` when you load it, or set `merge_adapter: true`"
)
_OF_ADAPTER: Final = (
    "`from_pretrained` generates as the base says; "
    "pass `GenerationConfig.from_pretrained(<this folder>)`"
)


class HFCheckpointEngine(CheckpointEngine[HFCheckpointConfig]):
    """The model in safetensors and the tokenizer, for ``from_pretrained``.

    A checkpoint is a folder ``global_step_N``. Of a model with an adapter it holds the adapter, as
    PEFT and ``from_pretrained`` load it, or the model with the adapter merged into it.
    """

    name = "huggingface"
    config_type: type[HFCheckpointConfig] = HFCheckpointConfig
    _has_noted_tokens: bool = False

    @override
    def problems(self) -> Iterator[RecipeError]:
        yield from super().problems()
        if self.config.merge_adapter and self.trainer.config.model.peft_config is None:
            message = "there is no adapter to merge: `model` has no `peft_config`"
            yield self.problem("merge_adapter", message, code="conflict")
        if self.saves_adapter_only and isinstance(self.trainer.config.model, RandomLlamaConfig):
            message = "an adapter is saved without its base, whose random weights would be lost"
            hint = "set `merge_adapter: true`"
            yield self.problem("merge_adapter", message, code="conflict", hint=hint)
        if self.saves_adapter_only and getattr(self.trainer.config.model, "hf_config_kwargs", {}):
            self.trainer.note(_WITHOUT_CHANGES)

    @property
    def saves_adapter_only(self) -> bool:
        """Whether it saves an adapter without the model that it adapts."""
        config = self.config
        has_peft = self.trainer.config.model.peft_config is not None
        return config.enabled and has_peft and not config.merge_adapter

    @override
    def save(self) -> None:
        model = self.trainer.engine.unwrapped
        if not isinstance(model, transformers.PreTrainedModel):
            raise TrainingError(
                f"cannot save a {type(model).__name__}: it is not a transformers model",
                hint="remove the `huggingface` engine from the recipe's `checkpoint`",
            )
        is_part = has_adapter(model) and not self.config.merge_adapter
        weights = self.trainer.engine.full_state_dict(only_trained=is_part)
        step = self.trainer.state.global_step
        output = self.config.output_dir / f"global_step_{step}"
        with writing_together(output, self.trainer.mesh) as folder:
            if self.trainer.mesh.is_first:
                self._export(folder, model, weights)

    def _export(
        self, folder: Path, model: transformers.PreTrainedModel, weights: dict[str, Tensor]
    ) -> None:
        if self.config.merge_adapter:
            model = merge_adapter(model, weights)
            weights = model.state_dict()
        with quiet_peft():
            model.save_pretrained(folder, state_dict=weights)
        save_tokenizer(self.trainer.tokenizer, folder)
        changes = write_special_tokens(folder, model, self.trainer.tokenizer)
        if changes and not self._has_noted_tokens:
            lines = [*changes, *([_OF_ADAPTER] if has_adapter(model) else [])]
            self.trainer.note("\n  ".join(["note: the export takes the tokenizer's ids:", *lines]))
            self._has_noted_tokens = True
        write_recipe(folder, self.trainer.config)
        write_scores(folder, self.trainer)
