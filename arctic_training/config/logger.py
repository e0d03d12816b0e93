"""Recipe section of the log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field

from arctic_training.config.base import Bare, Config, PathInRecipe

__all__ = ["LoggerConfig", "Ranks"]

_NOWHERE: Final = Path("/dev/null")

Ranks: TypeAlias = (
    Annotated[tuple[Annotated[int, Field(ge=0), Bare()], ...], Field(strict=False)] | Literal["*"]
)
"""Ranks of processes, from 0; `*` is all of them."""


class LoggerConfig(Config, frozen=True):
    """What is said of a run, beside its figures: by which processes, and into which files.

    The lines of the display are always among it: what is noted, and the steps.
    """

    level: Literal["TRACE", "DEBUG", "INFO", "SUCCESS", "WARNING", "ERROR", "CRITICAL"] = "WARNING"
    """Least level of what libraries, losses and callbacks log by Python's `logging`."""

    output_dir: PathInRecipe | None = None
    """Folder that gets a file `logs/rank_N.log` of each process; null, or `/dev/null`, has none."""

    print_output_ranks: Ranks = (0,)
    """Processes that print."""

    file_output_ranks: Ranks = "*"
    """Processes that write a file."""

    @property
    def folder(self) -> Path | None:
        """Folder of the files, if there are any."""
        path = self.output_dir
        return None if path is None or path == _NOWHERE else path / "logs"
