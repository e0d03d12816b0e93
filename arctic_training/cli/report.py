"""``arctic-train report``."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final

import click

from arctic_training.activity import activity
from arctic_training.report.run import Run, UnknownRunError
from arctic_training.writable import why_not_overwritable

__all__ = ["report"]

_MARK: Final = '<meta name="generator" content="arctic-train report">'
"""What the template of the page has near its beginning."""

_HEAD: Final = 1000
"""Characters in which the mark is looked for."""


def report(path: Path, output: Path | None) -> None:
    """Write the page of a run beside its figures, or to ``output``."""
    if find_spec("plotly") is None:
        command = "pip install 'arctic-training-gen[report]'"
        raise click.UsageError(f"the package `plotly` is not installed: {command}")
    from arctic_training.report.page import page

    try:
        with activity("reading the metrics"):
            run = Run.read(path)
    except UnknownRunError as error:
        raise click.UsageError(str(error)) from error
    target = output or run.metrics.with_suffix(".html")
    if reason := why_not_overwritable(target, _is_page, "a report page"):
        raise click.UsageError(reason)
    target.write_text(page(run), encoding="utf-8")
    click.echo(f"written: {target}")


def _is_page(path: Path) -> bool:
    """Return whether a file is a page that this command wrote."""
    with path.open(encoding="utf-8", errors="replace") as file:
        return _MARK in file.read(_HEAD)
