"""The base of all checkpoint engines."""

from __future__ import annotations

import re
import shutil
from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from typing_extensions import override

from arctic_training.checkpoint.evaluation_scores import best, best_problems
from arctic_training.config.checkpoint import CheckpointConfig
from arctic_training.core.factory import Component
from arctic_training.document import shown_path
from arctic_training.errors import RecipeError, TrainingError
from arctic_training.fs.atomic_folder import is_whole, remove, unfinished_in
from arctic_training.fs.writable import why_not_writable

__all__ = ["CheckpointEngine"]

Checkpoint_co = TypeVar("Checkpoint_co", bound=CheckpointConfig, covariant=True)


class CheckpointEngine(Component[Checkpoint_co], Generic[Checkpoint_co], root=True):
    """Saves a trainer, and may load it again. Several may work in one run, each at its own pace."""

    can_resume: ClassVar[bool] = False
    """Whether a run can resume from its checkpoints: such an engine saves when a run stops."""

    saves_together: ClassVar[bool] = False
    """Whether every process writes its part of a checkpoint, into a folder that all share."""

    _saved_step: int | None = None

    names: ClassVar[re.Pattern[str]] = re.compile(r"global_step_(\d+)")
    """Names of its checkpoints; the first group is the optimizer step."""

    @abstractmethod
    def save(self) -> None:
        """Save the trainer between two optimizer steps.

        What is saved appears whole or not at all.
        """

    def load(self) -> bool:
        """Resume from the newest complete checkpoint; return whether there was one."""
        return False

    @property
    def is_due(self) -> bool:
        """Whether the recipe wants a checkpoint now."""
        config, trainer = self.config, self.trainer
        step = trainer.state.global_step
        if not config.enabled or step in {0, self._saved_step}:
            return False
        interval, before = config.save_every_n_steps, trainer.state.steps_before_batch
        by_steps = interval and step // interval > before // interval
        epochs = trainer.state.epoch_idx + 1
        by_epochs = config.save_every_n_epochs and epochs % config.save_every_n_epochs == 0
        at_end = config.save_end_of_training and trainer.training_finished
        at_stop = self.can_resume and trainer.is_stopping
        return bool(by_steps or (by_epochs and trainer.epoch_finished) or at_end or at_stop)

    def save_if_due(self) -> None:
        """Save if the recipe wants it and this step is not saved yet; delete what is too old.

        Raises:
            TrainingError: nothing more can be written.

        """
        if self.is_due:
            try:
                self.save()
            except OSError as error:
                raise self._unsaved(error) from error
            self._saved_step = self.trainer.state.global_step
            if self.trainer.mesh.is_first:
                self._prune()

    def _unsaved(self, error: OSError) -> TrainingError:
        output, step = shown_path(self.config.output_dir), self.trainer.state.global_step
        return TrainingError(
            f"step {step} cannot be saved in `{output}`: {error.strerror or error}",
            hint="once that is fixed, `auto_resume` continues from the newest checkpoint",
        )

    def saved(self) -> list[Path]:
        """Return the folders of all checkpoints of this kind in ``output_dir``, newest first."""
        return [path for _, path in self._by_step()]

    @property
    def last_saved(self) -> Path | None:
        """The newest checkpoint of this run, saved or resumed from; None if there is none.

        It is the folder of all checkpoints where an engine saves under names of its own.
        """
        if self._saved_step is None:
            return None
        own = (path for step, path in self._by_step() if step == self._saved_step)
        return next(own, self.config.output_dir)

    def discard(self) -> None:
        """Delete all checkpoints of this kind in ``output_dir``."""
        for path in self.saved():
            remove(path)

    def discard_unfinished(self) -> None:
        """Delete what was being written, replaced or deleted when a run was killed."""
        for path in unfinished_in(self.config.output_dir):
            if self.names.match(path.name):
                shutil.rmtree(path, ignore_errors=True)

    def _by_step(self) -> list[tuple[int, Path]]:
        output = self.config.output_dir
        there = output.iterdir() if output.is_dir() else ()
        found = [(int(m[1]), path) for path in there if (m := self.names.fullmatch(path.name))]
        return sorted(found, reverse=True)

    def _prune(self) -> None:
        config = self.config
        if not (config.keep_last or config.keep_best):
            return
        whole = [path for path in self.saved() if is_whole(path)]
        kept = {*whole[: config.keep_last or 1], *best(whole, config)[: config.keep_best]}
        for path in whole:
            if path not in kept:
                remove(path)

    @override
    def problems(self) -> Iterator[RecipeError]:
        if self.config.enabled and (reason := why_not_writable(self.config.output_dir)):
            yield self.problem("output_dir", reason, code="not-writable")
        if self.config.enabled and self.config.keep_best:
            for field, message in best_problems(self.config, self.trainer):
                yield self.problem(field, message, code="conflict")
        resuming = [each for each in self.trainer.config.checkpoint if each.is_resumed]
        if self.config.is_resumed and self.config is not resuming[0]:
            message = "a run resumes from one section, and another has `auto_resume` too"
            yield self.problem("auto_resume", message, code="conflict")
