"""Resume of an earlier run: its checkpoints are continued from, deleted, or refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from arctic_training.checkpoint.engine import CheckpointEngine
from arctic_training.checkpoint.output_dir_lock import output_dir_lock
from arctic_training.config.checkpoint import CheckpointConfig
from arctic_training.config.trainer import METRICS, TrainerConfig
from arctic_training.core.resolved_recipe import as_json
from arctic_training.errors import Pointer, RecipeError

__all__ = ["begin_or_resume", "earlier_run_problems", "resume_key"]

_Engines: TypeAlias = Sequence[CheckpointEngine[CheckpointConfig]]

_DISCARD: Final = "or delete what is there with `overwrite_output_dir=true`"


def begin_or_resume(engines: _Engines, config: TrainerConfig) -> None:
    """Resume from what sections with ``auto_resume`` find; delete what is to be overwritten.

    What a run that was killed left unfinished is deleted as well.

    Raises:
        RecipeError: what is found does not fit the run, or another run saves there.

    """
    with output_dir_lock(engines):
        for engine in _enabled(engines):
            if engine.trainer.mesh.is_first:
                engine.discard_unfinished()
            if engine.config.is_resumed:
                engine.load()
            elif config.overwrite_output_dir and engine.trainer.mesh.is_first:
                engine.discard()


def earlier_run_problems(engines: _Engines, config: TrainerConfig) -> Iterator[RecipeError]:
    """Iterate over the output folders and files of an earlier run, unless this one resumes it."""
    enabled = _enabled(engines)
    resuming = [engine for engine in enabled if engine.config.is_resumed]
    if config.overwrite_output_dir:
        for engine in resuming:
            message = "`overwrite_output_dir` deletes what it would resume from"
            yield engine.problem("auto_resume", message, code="conflict")
        yield from _deleted_inputs(enabled, config)
    elif not resuming:
        found = [*_used_folders(enabled)]
        yield from found or _used_metrics(enabled, config)


def _deleted_inputs(engines: _Engines, config: TrainerConfig) -> Iterator[RecipeError]:
    """Iterate over the models and data of the recipe that `overwrite_output_dir` would delete."""
    deleted = [path.resolve() for engine in engines for path in engine.saved()]
    for pointer, text in _paths(as_json(config), ()):
        if any(Path(text).resolve().is_relative_to(folder) for folder in deleted):
            message = f"`overwrite_output_dir` deletes `{text}`, which this run reads"
            hint = "choose another `output_dir`, or copy it first"
            yield RecipeError(pointer, message, code="conflict", hint=hint)


def _paths(value: object, pointer: Pointer) -> Iterator[tuple[Pointer, str]]:
    """Iterate over the absolute paths below a value of the recipe, with their pointers."""
    match value:
        case str() if Path(value).is_absolute():
            yield pointer, value
        case dict():
            for key, inner in value.items():
                yield from _paths(inner, (*pointer, str(key)))
        case list():
            for index, inner in enumerate(value):
                yield from _paths(inner, (*pointer, index))
        case _:
            pass


def _enabled(engines: _Engines) -> _Engines:
    return [engine for engine in engines if engine.config.enabled]


def _used_folders(engines: _Engines) -> Iterator[RecipeError]:
    """Iterate over the folders with checkpoints, each once, whatever saves there."""
    folders: dict[Path, list[CheckpointEngine[CheckpointConfig]]] = {}
    for engine in engines:
        folders.setdefault(engine.config.output_dir.resolve(), []).append(engine)
    resume = next((resume_key(engine) for engine in engines if engine.can_resume), "")
    for folder, sharing in folders.items():
        there = [path.name for engine in sharing for path in engine.saved()]
        if there:
            names = f"`{there[0]}`" + (f" and {len(there) - 1} more" if there[1:] else "")
            go_on = f"resume it with `{resume}=true`, " if resume else ""
            yield sharing[0].problem(
                "output_dir",
                f"`{folder}` holds checkpoints of an earlier run: {names}",
                code="earlier-run",
                hint=f"{go_on}choose another `output_dir`, {_DISCARD}",
            )


def _used_metrics(engines: _Engines, config: TrainerConfig) -> Iterator[RecipeError]:
    path = config.metrics_path
    if path is None or not path.is_file() or not path.stat().st_size:
        return
    message = f"`{path}` holds the metrics of an earlier run"
    if config.names_metrics:
        hint = f"take another file, {_DISCARD}"
        yield RecipeError((METRICS,), message, code="earlier-run", hint=hint)
    else:
        hint = f"choose another `output_dir`, {_DISCARD}"
        yield engines[0].problem("output_dir", message, code="earlier-run", hint=hint)


def resume_key(engine: CheckpointEngine[CheckpointConfig]) -> str:
    """Return the key that resumes a section, as the command line names it."""
    return ".".join(map(str, engine.problem("auto_resume", "").pointer))
