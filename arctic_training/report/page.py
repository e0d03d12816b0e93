"""Runs as one page of HTML that opens without a network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from itertools import groupby
from typing import Final

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from arctic_training.project.resources import resource
from arctic_training.report.figures import charts
from arctic_training.report.payload import payload
from arctic_training.report.run import Run
from arctic_training.report.summary import differences, summary

__all__ = ["page"]

_TEMPLATE: Final = "report.html.j2"


def page(runs: Mapping[str, Run]) -> str:
    """Return the page of some runs, by their names: key figures, charts, recipes, environments."""
    environment = Environment(
        loader=FileSystemLoader(resource("templates")), undefined=StrictUndefined, autoescape=True
    )
    shown = charts(runs.values())
    summaries = {name: summary(run) for name, run in runs.items()}
    recipes = {name: run.record.recipe for name, run in runs.items()}
    return environment.get_template(_TEMPLATE).render(
        title=" and ".join(runs) if len(runs) < 3 else f"{len(runs)} runs",  # noqa: PLR2004
        summaries=summaries,
        labels=_labels(summaries.values()),
        sections=[(name, list(group)) for name, group in groupby(shown, lambda c: c.section)],
        differences=differences(recipes),
        recipes={name: _recipes(run) for name, run in runs.items()},
        environments={name: run.record.environment for name, run in runs.items()},
        payload=payload(runs, shown),
        style=_static("report.css"),
        script=_static("report.js"),
        plotly=Markup(get_plotlyjs()),  # noqa: S704 - the library's own script
    )


def _labels(summaries: Iterable[Mapping[str, str]]) -> list[str]:
    """Return the labels of all key figures that some run has, in order."""
    found = [(label, value) for each in summaries for label, value in each.items()]
    labels = dict.fromkeys(label for label, _ in found)
    return [label for label in labels if any(value for each, value in found if each == label)]


def _recipes(run: Run) -> dict[str, str]:
    """Return the recipe as the user gave it, and with all defaults, as far as it is recorded."""
    parts = {"given": run.record.given, "whole": run.record.recipe}
    return {
        name: yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=100)
        for name, values in parts.items()
        if values
    }


@cache
def _static(name: str) -> Markup:
    text = resource(f"templates/{name}").read_text("utf-8")
    return Markup(text)  # noqa: S704 - a file of this package
