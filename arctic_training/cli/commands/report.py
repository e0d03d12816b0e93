"""``arctic-train report``."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Final

import click

from arctic_training.fs.writable import why_not_overwritable
from arctic_training.report.run import Run, UnknownRunError
from arctic_training.terminal.activity import activity

__all__ = ["report"]

_TOGETHER: Final = Path("report.html")
"""The page of several runs, in the current folder."""

_MARK: Final = '<meta name="generator" content="arctic-train report">'
"""Marker near the beginning of the page's template."""

_HEAD: Final = 1000
"""Characters in which the mark is looked for."""


def report(paths: Sequence[Path], output: Path | None) -> None:
    """Write the page of some runs to ``output``, or beside the metrics of the only one."""
    if find_spec("plotly") is None:
        command = "pip install 'arctic-training-gen[report]'"
        raise click.UsageError(f"the package `plotly` is not installed: {command}")
    try:
        with activity("reading the metrics"):
            runs = [Run.read(path) for path in dict.fromkeys(paths)]
    except UnknownRunError as error:
        raise click.UsageError(str(error)) from error
    target = output or (runs[0].metrics.with_suffix(".html") if len(runs) == 1 else _TOGETHER)
    if reason := why_not_overwritable(target, _is_page, "a report page"):
        raise click.UsageError(reason)
    with activity("drawing the page"):
        from arctic_training.report.page import page

        text = page(_named(runs))
    target.write_text(text, encoding="utf-8")
    click.echo(f"written: {target}")


def _is_page(path: Path) -> bool:
    """Return whether a file is a page that this command wrote."""
    with path.open(encoding="utf-8", errors="replace") as file:
        return _MARK in file.read(_HEAD)


def _named(runs: Sequence[Run]) -> dict[str, Run]:
    """Return the runs by the names of their folders, or of their files, as far as they differ."""
    by_file = {run.metrics.resolve(): run for run in runs}
    is_one_each = len({file.parent for file in by_file}) == len(by_file)
    paths = [file.parent if is_one_each else file.with_suffix("") for file in by_file]
    names = (["/".join(path.parts[-depth:]) for path in paths] for depth in count(1))
    distinct = next(each for each in names if len(set(each)) == len(paths))
    return dict(zip(distinct, by_file.values(), strict=True))
