"""Refusal of parallel tasks that would each train a separate model."""

from __future__ import annotations

from collections.abc import Sequence

import click

from arctic_training.cli.output import ExitCode
from arctic_training.cli.run_recipe import Launch
from arctic_training.launcher.isolation import find_isolation

__all__ = ["refuse_isolated_tasks"]


def refuse_isolated_tasks(words: Sequence[str], launch: Launch) -> None:
    """End if this process is one of several that have not formed a group; the first says so.

    Args:
        words: recipe and overrides, for the command that works.
        launch: what this process starts.

    """
    found = find_isolation(words, own_processes=_started_by(launch))
    if found is None:
        return
    if found.is_first:
        click.echo(f"error: {found.message}\nhint: {found.hint}", err=True)
    raise SystemExit(ExitCode.USAGE)


def _started_by(launch: Launch) -> str:
    return str(launch.num_processes or "gpu") if launch.is_needed else ""
