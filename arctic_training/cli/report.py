"""``arctic-train report``."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import click

from arctic_training.report.run import Run, UnknownRunError

__all__ = ["report"]


def report(path: Path, output: Path | None) -> None:
    """Write the page of a run beside its figures, or to ``output``."""
    if find_spec("plotly") is None:
        command = "pip install 'arctic-training-gen[report]'"
        raise click.UsageError(f"the package `plotly` is not installed: {command}")
    from arctic_training.report.page import page

    try:
        run = Run.read(path)
    except UnknownRunError as error:
        raise click.UsageError(str(error)) from error
    target = output or run.metrics.with_suffix(".html")
    target.write_text(page(run), encoding="utf-8")
    click.echo(f"written: {target}")
