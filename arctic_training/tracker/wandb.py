"""Figures for Weights & Biases."""

from __future__ import annotations

import os
from typing import Final

import wandb

from arctic_training.config.trainer import TrainerConfig
from arctic_training.core.reports import Report
from arctic_training.core.resolved_recipe import as_json
from arctic_training.errors import RecipeError
from arctic_training.hub.loading import first_line
from arctic_training.tracker.outcome import Outcome

__all__ = ["WandB"]

_PROJECT: Final = "arctic-training"


class WandB:
    """A run of Weights & Biases, with the whole recipe as its config.

    The client sends from a process of its own; without a network, ``mode: offline`` keeps the run
    in a folder for ``wandb sync``. What the recipe leaves open is left to the variables of the
    environment that the client reads (``WANDB_...``).
    """

    def __init__(self, config: TrainerConfig, *, run_id: str) -> None:
        """Begin the run, or resume it.

        Raises:
            RecipeError: the service cannot be reached, or does not know the user.

        """
        section = config.wandb
        try:
            self._run = wandb.init(
                entity=section.entity,
                project=section.project or os.environ.get("WANDB_PROJECT", _PROJECT),
                name=section.name,
                mode=section.mode,
                id=os.environ.get("WANDB_RUN_ID", run_id),
                resume="allow",
                config=as_json(config),
                settings=_quiet_settings(),
            )
        except (wandb.Error, ValueError) as error:
            message = f"Weights & Biases cannot be used: {first_line(error)}"
            hint = "set `mode: offline` to keep the run in a folder"
            raise RecipeError(("wandb", "mode"), message, hint=hint) from error

    def log(self, report: Report) -> None:
        """Log the figures of a step, such as `train/loss`."""
        figures = {f"{report.group}/{name}": value for name, value in report.figures.items()}
        self._run.log(figures, step=report.step)

    def finish(self, outcome: Outcome) -> None:
        """Send what is left, and mark the run as crashed if it is."""
        self._run.finish(exit_code=int(outcome.is_failed))


def _quiet_settings() -> wandb.Settings:
    """Return settings under which the client writes nothing to the terminal by default."""
    settings = wandb.Settings()
    if "WANDB_SILENT" not in os.environ:
        settings.silent = True
    if "WANDB_CONSOLE" not in os.environ:
        settings.console = "off"
    return settings
