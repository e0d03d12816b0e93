"""Checkpoints as transformers loads them."""

from __future__ import annotations

from transformers import PreTrainedModel
from typing_extensions import override

from arctic_training.checkpoint.engine import CheckpointEngine
from arctic_training.checkpoint.folder import writing_together
from arctic_training.checkpoint.recipe import write_recipe
from arctic_training.config.checkpoint import HFCheckpointConfig
from arctic_training.errors import TrainingError

__all__ = ["HFCheckpointEngine"]


class HFCheckpointEngine(CheckpointEngine[HFCheckpointConfig]):
    """The model in safetensors and the tokenizer, for ``from_pretrained``.

    A checkpoint is a folder ``global_step_N``.
    """

    name = "huggingface"
    config_type = HFCheckpointConfig

    @override
    def save(self) -> None:
        model = self.trainer.engine.unwrapped
        if not isinstance(model, PreTrainedModel):
            raise TrainingError(
                f"a {type(model).__name__} is no model of transformers and cannot be saved as one",
                hint="take the `huggingface` engine out of the recipe's `checkpoint`",
            )
        weights = self.trainer.engine.full_state_dict()
        step = self.trainer.state.global_step
        output = self.config.output_dir / f"global_step_{step}"
        with writing_together(output, self.trainer.world) as folder:
            if not self.trainer.world.is_first:
                return
            model.save_pretrained(folder, state_dict=weights)
            self.trainer.tokenizer.save_pretrained(folder)
            write_recipe(folder, self.trainer.config)
