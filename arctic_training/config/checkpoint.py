"""Recipe sections of the checkpoints."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from arctic_training.config.base import Human, PathInRecipe, SectionConfig
from arctic_training.config.markers import Named, Only
from arctic_training.diagnostics.advice import because

__all__ = ["CheckpointConfig", "DeepSpeedCheckpointConfig", "HFCheckpointConfig"]


class CheckpointConfig(SectionConfig, frozen=True):
    """What every checkpoint section has."""

    output_dir: Annotated[PathInRecipe, Field(examples=["./runs/first"])]
    """Folder of the checkpoints; each is a folder `global_step_N` in it."""

    enabled: bool = True
    """Whether this section saves and loads at all."""

    auto_resume: bool = False
    """Resume from the newest complete checkpoint in `output_dir`, if there is one."""

    save_every_n_steps: Annotated[int, Field(ge=0), Human()] = 0
    """Save after each N-th optimizer step; 0 never."""

    save_every_n_epochs: Annotated[int, Field(ge=0), Human()] = 0
    """Save after each N-th epoch; 0 never."""

    save_end_of_training: bool = False
    """Save when training ends, early or not."""

    keep_last: Annotated[int, Field(ge=0), Human()] = 0
    """Delete all but the N newest checkpoints after each save; 0 keeps all, or with `keep_best` the
    newest."""

    keep_best: Annotated[int, Field(ge=0), Human()] = 0
    """Keep the N checkpoints as well that came to the best figure when they were evaluated."""

    best_set: str = "eval"
    """Evaluation set that tells which is best: an `eval_name` of `eval_sources`, or `eval`, what
    `train_eval_split` keeps from training."""

    best_metric: str = "loss"
    """Figure that tells which is best: `loss`, or a metric that the trainer's loss returns."""

    best_is: Literal["lowest", "highest"] = "lowest"
    """Which figure is best."""

    @property
    def is_resumed(self) -> bool:
        """Whether a run can resume from what this section saved."""
        return self.enabled and self.auto_resume

    def saves_within(self, num_steps: int) -> bool:
        """Return whether a run of this many optimizer steps saves anything, if not interrupted."""
        by_steps = 0 < self.save_every_n_steps <= num_steps
        return self.enabled and bool(
            by_steps or self.save_every_n_epochs or self.save_end_of_training
        )


class DeepSpeedCheckpointConfig(CheckpointConfig, frozen=True):
    """Everything needed to resume: weights, optimizer, schedule, random numbers, data.

    SIGTERM, or the file of `kill_switch_path`, ends a run between two steps; it is saved then too.
    """

    type: Annotated[str, Named("deepspeed")] = "deepspeed"


_NO_STATE: Final = because("it holds no optimizer state", "resume from a `deepspeed` checkpoint")


class HFCheckpointConfig(CheckpointConfig, frozen=True):
    """The model and the tokenizer as transformers loads them."""

    type: Annotated[str, Named("huggingface")] = "huggingface"

    auto_resume: Annotated[Literal[False], Only(_NO_STATE)] = False
    """It holds no optimizer state: resume from a `deepspeed` checkpoint."""

    merge_adapter: bool = False
    """Save the model with the adapter of `peft_config` merged into it, in place of the adapter."""
