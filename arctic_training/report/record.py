"""The record beside the metrics of a run: recipe, environment, sessions."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self, TypeAlias

__all__ = ["Record", "Session"]

_SUFFIX: Final = ".run.json"
_Values: TypeAlias = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One process that trained the run, or several at once, from its start to its end.

    ``started`` and ``ended`` are Unix times in seconds. Without an end it is running, or it was
    killed. ``status`` is empty then.
    """

    first_step: int
    started: float
    horizon: int = 0
    processes: int = 1
    ended: float | None = None
    status: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a run; all of it is empty for runs that were not recorded."""

    recipe: _Values = field(default_factory=dict)
    """The whole recipe, with defaults."""

    given: _Values = field(default_factory=dict)
    """The values that the user gave; empty for runs of earlier versions."""

    environment: _Values = field(default_factory=dict)
    sessions: tuple[Session, ...] = ()

    @classmethod
    def beside(cls, metrics: Path) -> Self:
        """Read the record beside a metrics file; what is missing or damaged is left out."""
        try:
            record: object = json.loads(metrics.with_suffix(_SUFFIX).read_text("utf-8"))
        except (OSError, ValueError):
            return cls()
        values = _mapping(record)
        return cls(
            recipe=_mapping(values.get("recipe")),
            given=_mapping(values.get("given")),
            environment=_mapping(values.get("environment")),
            sessions=tuple(_sessions(values.get("sessions"))),
        )


def _mapping(value: object) -> _Values:
    return value if isinstance(value, dict) else {}


def _sessions(found: object) -> Iterator[Session]:
    for each in found if isinstance(found, list) else ():
        values = _mapping(each)
        started, ended = _time(values.get("started")), _time(values.get("ended"))
        if started is not None:
            yield Session(
                first_step=_count(values.get("first_step"), 1),
                started=started,
                horizon=_count(values.get("horizon"), 0),
                processes=_count(values.get("processes"), 1),
                ended=ended,
                status=str(values.get("status", "")) if ended is not None else "",
                reason=str(values.get("reason", "")),
            )


def _time(value: object) -> float | None:
    is_time = isinstance(value, int | float) and math.isfinite(value)
    return float(value) if is_time and isinstance(value, int | float) else None


def _count(value: object, otherwise: int) -> int:
    return value if isinstance(value, int) else otherwise
