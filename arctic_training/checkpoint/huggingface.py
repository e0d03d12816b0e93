"""Checkpoints as transformers loads them."""

from __future__ import annotations

from collections.abc import Iterator

import transformers
from typing_extensions import override

from arctic_training.checkpoint.engine import CheckpointEngine
from arctic_training.checkpoint.folder import writing_together
from arctic_training.checkpoint.recipe import write_recipe
from arctic_training.checkpoint.scores import write_scores
from arctic_training.config.checkpoint import HFCheckpointConfig
from arctic_training.errors import RecipeError, TrainingError
from arctic_training.model.adapter import has_adapter, merge_adapter, quiet_peft

__all__ = ["HFCheckpointEngine"]


class HFCheckpointEngine(CheckpointEngine[HFCheckpointConfig]):
    """The model in safetensors and the tokenizer, for ``from_pretrained``.

    A checkpoint is a folder ``global_step_N``. Of a model with an adapter it holds the adapter, as
    PEFT and ``from_pretrained`` load it, or the model with the adapter merged into it.
    """

    name = "huggingface"
    config_type: type[HFCheckpointConfig] = HFCheckpointConfig

    @override
    def problems(self) -> Iterator[RecipeError]:
        yield from super().problems()
        if self.config.merge_adapter and self.trainer.config.model.peft_config is None:
            message = "there is no adapter to merge: `model` has no `peft_config`"
            yield self.problem("merge_adapter", message, code="not-allowed")

    @override
    def save(self) -> None:
        model = self.trainer.engine.unwrapped
        if not isinstance(model, transformers.PreTrainedModel):
            raise TrainingError(
                f"a {type(model).__name__} is no model of transformers and cannot be saved as one",
                hint="take the `huggingface` engine out of the recipe's `checkpoint`",
            )
        is_merged = self.config.merge_adapter
        is_part = has_adapter(model) and not is_merged
        weights = self.trainer.engine.full_state_dict(only_trained=is_part)
        step = self.trainer.state.global_step
        output = self.config.output_dir / f"global_step_{step}"
        with writing_together(output, self.trainer.world) as folder:
            if not self.trainer.world.is_first:
                return
            if is_merged:
                model = merge_adapter(model, weights)
                weights = model.state_dict()
            with quiet_peft():
                model.save_pretrained(folder, state_dict=weights)
            self.trainer.tokenizer.save_pretrained(folder)
            write_recipe(folder, self.trainer.config)
            write_scores(folder, self.trainer)
