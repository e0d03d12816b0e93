"""Opening and closing lines of a run, and its teardown: what is where, and how to resume."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Protocol

from arctic_training.checkpoint.engine import CheckpointEngine
from arctic_training.checkpoint.resume import resume_key
from arctic_training.config.checkpoint import CheckpointConfig
from arctic_training.config.trainer import TrainerConfig
from arctic_training.core.state import TrainingState
from arctic_training.diagnostics.plurals import counted
from arctic_training.document import shown_path
from arctic_training.errors import TrainingError
from arctic_training.tracker.outcome import Outcome
from arctic_training.tracker.tracker import Tracker
from arctic_training.trainer.memory_profile import MemoryProfile
from arctic_training.trainer.progress import Progress

__all__ = ["closing_lines", "opening_line", "run_teardown"]


class _Run(Protocol):
    """The parts of a trainer that these lines need."""

    @property
    def config(self) -> TrainerConfig: ...
    @property
    def state(self) -> TrainingState: ...
    @property
    def training_horizon(self) -> int: ...
    @property
    def is_at_end(self) -> bool: ...
    @property
    def training_finished(self) -> bool: ...
    @property
    def checkpoint_engines(self) -> list[CheckpointEngine[CheckpointConfig]]: ...


@contextmanager
def run_teardown(
    profile: MemoryProfile,
    progress: Progress,
    trackers: Iterable[Tracker],
    stopped: Callable[[], str] = str,
) -> Iterator[None]:
    """Finish trackers and displays, however the run ends.

    Args:
        profile: the memory profile.
        progress: the display.
        trackers: each is finished, even if another fails.
        stopped: returns what stopped a run before its time; empty where nothing did.

    """
    with ExitStack() as parts:
        for tracker in trackers:
            parts.push(partial(_finish, tracker, progress, stopped))
        parts.callback(progress.end)
        parts.callback(profile.end)
        yield


def _finish(
    tracker: Tracker,
    progress: Progress,
    stopped: Callable[[], str],
    *raised: *tuple[object, BaseException | None, object],
) -> None:
    """Finish a tracker; its own failure does not hide why the run failed."""
    _, error, _ = raised
    try:
        tracker.finish(Outcome.of(error, stopped()))
    except TrainingError as untold:
        if error is None and not stopped():
            raise
        progress.note(f"warning: {untold.message}")


def opening_line(run: _Run) -> str:
    """Return how many steps remain, with a warning if nothing will be saved."""
    step, horizon = run.state.global_step, run.training_horizon
    if not run.is_at_end:
        remaining = counted(horizon - step, "step")
        return f"training: {remaining} remaining (of {horizon:,}){_warning(run)}"
    are = "is" if step == 1 else "are"
    trained = f"nothing to do: {counted(step, 'step')} of {horizon:,} {are} trained"
    if step < horizon:
        key = "exit_iteration"
    else:
        key = "train_iters" if run.config.train_iters else "epochs"
    return f"{trained}; a higher `{key}` trains on"


def _warning(run: _Run) -> str:
    sections = run.config.checkpoint
    if any(section.saves_within(run.training_horizon) for section in sections):
        return ""
    index = next((n for n, section in enumerate(sections) if section.enabled), None)
    if index is None:
        section = "{type: huggingface, output_dir: ./runs/first, save_end_of_training: true}"
        remedy = f"`checkpoint: {section}` keeps the model"
    else:
        remedy = f"`checkpoint.{index}.save_end_of_training=true` keeps how it ends"
    return f"\nwarning: nothing will be saved; {remedy}"


def closing_lines(run: _Run, first_step: int, how: str = "") -> Iterator[str]:
    """Iterate over what is said of a run that trained from a step on, one line a thing.

    Args:
        run: the trainer, when it is done.
        first_step: the optimizer step that it began with.
        how: how it ended, if not by itself.

    """
    last, horizon = run.state.global_step, run.training_horizon
    if how:
        yield f"{how} after step {last:,} of {horizon:,}"
    elif last >= first_step:
        yield f"trained: steps {first_step:,} to {last:,} of {horizon:,}"
    saved = [(engine, path) for engine in run.checkpoint_engines if (path := engine.last_saved)]
    for engine, path in saved:
        yield f"{'checkpoint' if engine.can_resume else 'model'}: {shown_path(path)}"
    if not saved:
        yield "no checkpoint was written: none was due"
    if (metrics := run.config.metrics_path) is not None and metrics.exists():
        yield f"metrics: {shown_path(metrics)}"
    if not run.training_finished:
        yield _how_to_go_on(run.checkpoint_engines)


def _how_to_go_on(engines: list[CheckpointEngine[CheckpointConfig]]) -> str:
    resumable = [engine for engine in engines if engine.can_resume and engine.last_saved]
    is_resuming = any(engine.config.is_resumed for engine in engines)
    if not resumable:
        remedy = "" if is_resuming else " with `overwrite_output_dir=true`"
        return f"to start over: the same command{remedy}"
    if is_resuming:
        return "to resume: the same command"
    return f"to resume: the same command with `{resume_key(resumable[0])}=true`"
