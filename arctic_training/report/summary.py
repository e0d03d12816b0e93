"""Key figures of a run, and the differences of several, as text."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from arctic_training.diagnostics.plurals import counted
from arctic_training.report.record import Session
from arctic_training.report.run import Run

__all__ = ["differences", "flat", "status", "summary"]

_UNKNOWN: Final = "unknown"
_TEXTS: Final = {
    "finished": "finished",
    "stopped": "stopped",
    "interrupted": "interrupted",
    "failed": "failed",
}


def status(run: Run) -> str:
    """Return `finished`, `stopped`, `interrupted`, `failed`, `no end recorded` or `unknown`."""
    if not run.record.sessions:
        return _UNKNOWN
    last = run.record.sessions[-1]
    return _TEXTS.get(last.status, _UNKNOWN) if last.ended is not None else "no end recorded"


def summary(run: Run) -> dict[str, str]:
    """Return the key figures of a run, by their labels, with their units; some may be empty."""
    return dict(_summary(run))


def _summary(run: Run) -> Iterator[tuple[str, str]]:
    sessions, training = run.record.sessions, run.training
    yield "status", status(run)
    yield "reason of the end", sessions[-1].reason if sessions else ""
    yield from _times(run, sessions)
    yield "steps", _steps(run, sessions)
    yield from _losses(run)
    tokens, seconds = training.get("tokens"), training.get("step_time")
    if np.isfinite(tokens).any():
        yield "tokens", f"{np.nansum(tokens):,.0f}"
        if np.nansum(seconds) > 0:
            yield "throughput", f"{np.nansum(tokens) / np.nansum(seconds):,.0f} tokens/s"
    if (memory := training.get("memory_gib"))[np.isfinite(memory)].size:
        yield "peak memory", f"{np.nanmax(memory):.1f} GiB"
    if sessions:
        yield "processes", f"{sessions[-1].processes:,}"
    if device := run.record.environment.get("device"):
        yield "device", str(device)


def _times(run: Run, sessions: tuple[Session, ...]) -> Iterator[tuple[str, str]]:
    if sessions:
        yield "start", _moment(sessions[0].started)
        ended = sessions[-1].ended
        last = run.training.get("timestamp")[-1]
        if ended is not None:
            yield "end", _moment(ended)
        elif np.isfinite(last):
            yield "last step logged", _moment(float(last))
        if len(sessions) > 1:
            yield "resumed", counted(len(sessions) - 1, "time")
    if (seconds := float(run.seconds[-1])) > 0:
        yield "time in training", _duration(seconds)


def _steps(run: Run, sessions: tuple[Session, ...]) -> str:
    first, last = int(run.training.steps[0]), int(run.training.steps[-1])
    begin = "" if first == 1 else f"{first:,} to "
    horizon = sessions[-1].horizon if sessions else 0
    return f"{begin}{last:,} of {horizon:,}" if horizon else f"{begin}{last:,}"


def _losses(run: Run) -> Iterator[tuple[str, str]]:
    yield from _loss("loss", run.training.get("loss"), run.training.steps)
    for name, curves in run.evaluations.items():
        yield from _loss(f"{name}: loss", curves.get("loss"), curves.steps)


def _loss(
    label: str, values: NDArray[np.float64], steps: NDArray[np.int64]
) -> Iterator[tuple[str, str]]:
    known = np.flatnonzero(np.isfinite(values))
    if len(known):
        least = known[np.argmin(values[known])]
        yield label, f"{values[known[-1]]:.4f} (lowest {values[least]:.4f}, step {steps[least]:,})"


def differences(recipes: Mapping[str, Mapping[str, object]]) -> dict[str, list[str]]:
    """Return the values of recipes that differ, by their keys, one value for each recipe."""
    flats = [dict(flat(recipe)) for recipe in recipes.values()]
    keys = dict.fromkeys(key for each in flats for key in each)
    rows = {key: [each.get(key, "") for each in flats] for key in keys}
    return {key: row for key, row in rows.items() if len(set(row)) > 1}


def flat(value: object, *path: str) -> Iterator[tuple[str, str]]:
    """Iterate over the values of a recipe by their keys, such as `checkpoint.0.output_dir`."""
    match value:
        case dict():
            for key, part in value.items():
                yield from flat(part, *path, str(key))
        case list():
            for index, part in enumerate(value):
                yield from flat(part, *path, str(index))
        case str():
            yield ".".join(path), value
        case _:
            yield ".".join(path), json.dumps(value)


def _moment(seconds: float) -> str:
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))
    except (OverflowError, ValueError, OSError):
        return _UNKNOWN


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
