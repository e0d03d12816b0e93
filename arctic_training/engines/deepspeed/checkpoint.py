"""DeepSpeed checkpoints with the training state: the next step equals that of an uncut run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import torch.distributed
from typing_extensions import override

from arctic_training.checkpoint.engine import CheckpointEngine
from arctic_training.checkpoint.evaluation_scores import write_scores
from arctic_training.checkpoint.joint_folder import writing_together
from arctic_training.checkpoint.world_size_change import ACCUMULATION, share_problem
from arctic_training.config.checkpoint import DeepSpeedCheckpointConfig
from arctic_training.config.resume_changes import changes
from arctic_training.core.random_state import load_random_numbers, save_random_numbers
from arctic_training.core.resolved_recipe import RECIPE, as_json, read_recipe, write_recipe
from arctic_training.diagnostics.plurals import counted
from arctic_training.engines.deepspeed.universal_checkpoint import (
    MOVED_STATES,
    saved_states,
    universal_form,
)
from arctic_training.errors import RecipeError, UnusableRecipeError
from arctic_training.fs.atomic_folder import is_intact
from arctic_training.hub.loading import first_line

__all__ = ["DeepSpeedCheckpointEngine"]

_PROCESSES: Final = "num_processes"
_STATE: Final = "trainer_state.json"
_RANDOM_NUMBERS: Final = "random_numbers_rank_{}.pt"


class DeepSpeedCheckpointEngine(CheckpointEngine[DeepSpeedCheckpointConfig]):
    """Weights, optimizer and schedule by DeepSpeed; and counters, random numbers and the recipe.

    A checkpoint is a folder ``epoch_E_global_step_N``. The file ``latest`` beside it is there for
    DeepSpeed's own tools.
    """

    name = "deepspeed"
    config_type: type[DeepSpeedCheckpointConfig] = DeepSpeedCheckpointConfig
    names = re.compile(r"epoch_\d+_global_step_(\d+)")
    can_resume = True
    saves_together = True

    @override
    def save(self) -> None:
        state = self.trainer.state
        output = self.config.output_dir
        name = f"epoch_{state.epoch_idx}_global_step_{state.global_step}"
        mesh = self.trainer.mesh
        with writing_together(output / name, mesh) as folder:
            self.trainer.engine.save(folder.parent, folder.name)
            save_random_numbers(folder / _RANDOM_NUMBERS.format(mesh.rank))
            if not mesh.is_first:
                return
            (folder / _STATE).write_text(json.dumps(state.as_dict(), indent=2) + "\n")
            write_recipe(folder, self.trainer.config)
            write_scores(folder, self.trainer)
        (output / "latest").write_text(name)

    @override
    def load(self) -> bool:
        found = self._agreed(self._newest() if self.trainer.mesh.is_first else None)
        if found is None:
            return False
        saved = json.loads((found / _STATE).read_text())
        num_processes = saved[_PROCESSES]
        self._check(found, num_processes)
        try:
            self._load_engine(found, num_processes)
        except Exception as error:  # DeepSpeed raises whatever it stumbles over
            raise self.problem(
                "output_dir",
                f"`{found.name}` in it does not fit this run: {first_line(error)}",
                hint=f"see `{RECIPE}` there for what it was saved by, or take another folder",
            ) from error
        state = self.trainer.state.restore(saved)
        random_numbers = found / _RANDOM_NUMBERS.format(self.trainer.mesh.rank)
        if random_numbers.exists():  # a process that there was not begins with those of its seed
            load_random_numbers(random_numbers)
        self._saved_step = state.global_step
        self.trainer.note(f"resumed from {found}")
        return True

    @override
    def discard(self) -> None:
        super().discard()
        (self.config.output_dir / "latest").unlink(missing_ok=True)

    def _check(self, found: Path, num_processes: int) -> None:
        """See whether the run that was saved is this one, and tell of what is different."""
        saved, config, size = (
            read_recipe(found),
            self.trainer.config,
            self.trainer.mesh.size("data"),
        )
        changed = changes(saved, as_json(config))
        refused = [change.as_error() for change in changed if not change.is_allowed]
        if num_processes != size:
            self.trainer.note(
                f"note: {counted(num_processes, 'process')} saved the run, {size} now"
            )
            each = saved[ACCUMULATION]
            assert isinstance(each, int)
            now = config.gradient_accumulation_steps
            problem = share_problem(each, num_processes, now, size)
            refused = [error for error in refused if error.pointer != (ACCUMULATION,)]
            refused += [problem] if problem else []
            refused += self._unmoved(found, num_processes)
        if refused:
            raise UnusableRecipeError(refused)
        for change in changed:
            self.trainer.note(f"note: {change}")

    def _unmoved(self, found: Path, num_processes: int) -> Iterator[RecipeError]:
        """Find optimizer states that cannot be resharded."""
        unmoved = saved_states(found) ^ MOVED_STATES if self.trainer.engine.zero_stage else None
        if unmoved:
            optimizer = self.trainer.config.optimizer
            kind = type(optimizer).model_fields["type"].default
            message = (
                f"the states of `{kind}` cannot be resharded for another number of processes: "
                "DeepSpeed moves `exp_avg` and `exp_avg_sq` only, those of AdamW"
            )
            hint = (
                f"resume with {num_processes} processes, as it was saved, or train at ZeRO stage 0"
            )
            yield RecipeError(("optimizer",), message, code="not-supported", hint=hint)

    def _load_engine(self, found: Path, num_processes: int) -> None:
        engine, mesh = self.trainer.engine, self.trainer.mesh
        if num_processes == mesh.size("data") or not engine.zero_stage:
            engine.load(found.parent, found.name)
            return
        with universal_form(found, mesh) as folder:
            engine.load_universal(folder.parent, folder.name)

    def _agreed(self, found: Path | None) -> Path | None:
        """Return what the first process found: a file may show up later on another machine."""
        choice = [found]
        torch.distributed.broadcast_object_list(choice)
        return choice[0]

    def _newest(self) -> Path | None:
        """Return the whole checkpoint of the highest step; damaged ones are named and passed.

        Raises:
            RecipeError: all are damaged: starting over is the user's decision.

        """
        saved = self.saved()
        for path in saved:
            if is_intact(path):
                return path
            self.trainer.note(f"warning: {path} is damaged; looking for an older checkpoint")
        if saved:
            raise self.problem(
                "output_dir",
                f"every checkpoint in it is damaged, {len(saved)} in all",
                code="damaged",
                hint="choose another `output_dir`, or start over with `overwrite_output_dir=true` "
                "and without `auto_resume`",
            )
        return None
