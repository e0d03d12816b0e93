"""What a checkpoint came to when it was evaluated, kept in it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from arctic_training.config.checkpoint import CheckpointConfig
from arctic_training.core.context import TrainerContext
from arctic_training.core.reports import finite
from arctic_training.diagnostics import known_words

__all__ = ["best", "best_problems", "write_scores"]

_SCORES: Final = "evaluation.json"


def write_scores(folder: Path, trainer: TrainerContext) -> None:
    """Write the figures of each set that was evaluated after the trainer's last step."""
    step = trainer.state.global_step
    scores = {r.name: finite(r.figures) for r in trainer.evaluations.values() if r.step == step}
    if scores:
        (folder / _SCORES).write_text(json.dumps(scores, indent=2) + "\n")


def best(folders: Iterable[Path], config: CheckpointConfig) -> list[Path]:
    """Return the checkpoints with the figure that the section names, the best of them first."""
    scores = {folder: _score(folder, config.best_set, config.best_metric) for folder in folders}
    scored = [folder for folder, score in scores.items() if not math.isnan(score)]
    return sorted(scored, key=scores.__getitem__, reverse=config.best_is == "highest")


def best_problems(config: CheckpointConfig, trainer: TrainerContext) -> Iterator[tuple[str, str]]:
    """Iterate over the fields that keep the best from being known, and what is wrong with them."""
    interval = trainer.config.eval_interval
    sets = trainer.config.data.eval_names
    figures = {"loss", *trainer.metrics}
    if not interval:
        yield "keep_best", "nothing tells which is best: `eval_interval` is 0"
    elif config.best_set not in sets:
        yield "best_set", f"it is evaluated on {known_words(sets)}, not on `{config.best_set}`"
    elif config.save_every_n_steps % interval:
        message = f"saved at steps that are not evaluated: `eval_interval` is {interval}"
        yield "save_every_n_steps", message
    if config.best_metric not in figures:
        yield "best_metric", f"there is no `{config.best_metric}`; there is {known_words(figures)}"


def _score(folder: Path, evaluated: str, metric: str) -> float:
    """Return a figure, or NaN: a checkpoint may be saved between two evaluations, or damaged."""
    try:
        scores: dict[str, dict[str, float | None]] = json.loads((folder / _SCORES).read_text())
        score = scores[evaluated][metric]
    except (OSError, ValueError, LookupError, TypeError):
        return math.nan
    return score if isinstance(score, int | float) else math.nan
