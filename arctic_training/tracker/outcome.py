"""Outcome of a run: how it ended, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

from arctic_training.errors import ArcticTrainingError

__all__ = ["Outcome"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: as planned, before its time but saved, by Ctrl-C, or by an error."""

    status: Literal["finished", "stopped", "interrupted", "failed"] = "finished"
    reason: str = ""
    """Why it ended; empty where it finished."""

    @classmethod
    def of(cls, error: BaseException | None, stopped: str = "") -> Self:
        """Return the outcome of a run that an error ended, or ``stopped`` says what stopped it."""
        match error:
            case None:
                return cls("stopped", stopped) if stopped else cls()
            case KeyboardInterrupt():
                return cls("interrupted", "Ctrl-C")
            case ArcticTrainingError():
                return cls("failed", error.message)
            case _:
                return cls("failed", f"{type(error).__name__}: {error}".splitlines()[0])

    @property
    def is_failed(self) -> bool:
        """Whether an error or Ctrl-C ended the run."""
        return self.status in {"interrupted", "failed"}
