"""Refusal of processes and hosts that would not train one model together."""

from __future__ import annotations

from collections.abc import Sequence

import click

from arctic_training.cli.output import ExitCode
from arctic_training.cli.run_recipe import Launch
from arctic_training.core.isolated_processes import find_isolation
from arctic_training.launcher.hostfile import hostfile_problem

__all__ = ["refuse_hosts", "refuse_isolated_tasks"]


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
        _print(found.message, found.hint)
    raise SystemExit(ExitCode.USAGE)


def refuse_hosts(flags: Sequence[str]) -> None:
    """End if the hosts that flags of DeepSpeed's launcher name cannot be used."""
    message, hint = hostfile_problem(flags)
    if message:
        _print(message, hint)
        raise SystemExit(ExitCode.USAGE)


def _print(message: str, hint: str) -> None:
    """Print an error without asking other processes who reports it: there is no group yet."""
    click.echo(f"error: {message}\nhelp: {hint}", err=True)


def _started_by(launch: Launch) -> str:
    return str(launch.num_processes or "gpu") if launch.is_needed else ""
