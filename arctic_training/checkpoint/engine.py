"""The base of all checkpoint engines."""

from __future__ import annotations

import tempfile
from abc import abstractmethod
from collections.abc import Iterator
from typing import Generic, TypeVar

from typing_extensions import override

from arctic_training.config.checkpoint import CheckpointConfig
from arctic_training.errors import RecipeError
from arctic_training.factory import Component

__all__ = ["CheckpointEngine"]

Checkpoint_co = TypeVar("Checkpoint_co", bound=CheckpointConfig, covariant=True)


class CheckpointEngine(Component[Checkpoint_co], Generic[Checkpoint_co], root=True):
    """Saves a trainer, and may load it again. Several may work in one run, each at its own pace."""

    _saved_step: int | None = None

    @abstractmethod
    def save(self) -> None:
        """Save the trainer as it stands between two optimizer steps.

        What is saved appears whole or not at all.
        """

    def load(self) -> bool:
        """Go on from the newest whole checkpoint; return whether there was one."""
        return False

    @property
    def is_due(self) -> bool:
        """Whether the recipe wants a checkpoint now."""
        config, trainer = self.config, self.trainer
        step = trainer.state.global_step
        if not config.enabled or step == self._saved_step:
            return False
        by_steps = config.save_every_n_steps and step % config.save_every_n_steps == 0
        epochs = trainer.state.epoch_idx + 1
        by_epochs = config.save_every_n_epochs and epochs % config.save_every_n_epochs == 0
        at_end = config.save_end_of_training and trainer.training_finished
        return bool(by_steps or (by_epochs and trainer.epoch_finished) or at_end)

    def save_if_due(self) -> None:
        """Save if the recipe wants it and this step is not saved yet."""
        if self.is_due:
            self.save()
            self._saved_step = self.trainer.state.global_step

    @override
    def problems(self) -> Iterator[RecipeError]:
        if not self.config.enabled:
            return
        try:
            self.config.output_dir.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.config.output_dir):
                pass
        except OSError as error:
            message = f"`{self.config.output_dir}` cannot be written: {error.strerror}"
            yield self.problem("output_dir", message, code="not-writable")
