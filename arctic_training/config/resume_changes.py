"""Changes of a recipe between a save and the resumed run, and which of them are allowed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from arctic_training.errors import Pointer, RecipeError

__all__ = ["Change", "changes", "may_change"]

_FIXED: Final[tuple[Pointer, ...]] = (
    ("type",),
    ("model",),
    ("tokenizer",),
    ("data",),
    ("optimizer",),
    ("scheduler",),
    ("seed",),
    ("micro_batch_size",),
    ("gradient_accumulation_steps",),
    ("deepspeed", "zero_optimization"),
)
"""Sections whose effect is in the checkpoint, or on which the position in the data depends."""

_OPEN: Final = {
    "attn_implementation",
    "cache_dir",
    "cache_fs_type",
    "disable_activation_checkpoint",
    "dl_num_workers",
    "fail_on_missing_cache",
    "name_or_path",
    "num_proc",
}
"""Keys, in any section, that say where or how something is done, and not what."""

_SILENT: Final = {
    "checkpoint",
    "exit_iteration",
    "kill_switch_path",
    "logger",
    "mem_profiler",
    "mem_profiler_dir",
    "mem_profiler_max_entries",
    "overwrite_output_dir",
    "train_log_iter_interval",
    "train_log_metrics_path",
}
"""Keys of a recipe that change nothing of what is trained."""


@dataclass(frozen=True, slots=True)
class Change:
    """A value of a recipe that was another one when the run was saved."""

    pointer: Pointer
    before: object
    now: object

    @property
    def is_allowed(self) -> bool:
        """Whether a run may resume with it."""
        return may_change(self.pointer)

    def __str__(self) -> str:
        name = ".".join(map(str, self.pointer))
        before, now = _shown(self.before), _shown(self.now)
        return f"`{name}` was {before} when the run was saved, now it is {now}"

    def as_error(self) -> RecipeError:
        """Return the error for a change that may not be."""
        hint = (
            "restore it, use another `output_dir`, or start over with `overwrite_output_dir=true` "
            "and without `auto_resume`"
        )
        return RecipeError(self.pointer, str(self), code="changed", hint=hint)


def _shown(value: object) -> str:
    """Return a value as a recipe writes it."""
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def may_change(pointer: Pointer) -> bool:
    """Return whether a run may resume with another value of a key of its recipe."""
    fixed = any(pointer[: len(start)] == start for start in _FIXED)
    return not fixed or pointer[-1] in _OPEN


def changes(saved: dict[str, object], now: dict[str, object]) -> list[Change]:
    """Return how a recipe differs from the one of a checkpoint; keys that only one has are new."""
    loud = [{key: value for key, value in r.items() if key not in _SILENT} for r in (saved, now)]
    return list(_changes((), *loud))


def _changes(pointer: Pointer, before: object, now: object) -> Iterator[Change]:
    if isinstance(before, dict) and isinstance(now, dict):
        for key in (key for key in now if key in before):
            yield from _changes((*pointer, key), before[key], now[key])
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for index, (old, new) in enumerate(zip(before, now, strict=True)):
            yield from _changes((*pointer, index), old, new)
    elif before != now:
        yield Change(pointer, before, now)
