"""A run as one page of HTML that opens without a network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import plotly.graph_objects as go
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.io import to_html
from plotly.offline import get_plotlyjs

from arctic_training.report.run import Curve, Run
from arctic_training.resources import resource

__all__ = ["page"]

_FIRST: Final = ("loss", "learning_rate")
_NO_CURVES: Final = {"tokens"}
_HEIGHT: Final = 320


def page(run: Run) -> str:
    """Return the page: a summary, a curve for each figure, the recipe and the environment."""
    environment = Environment(
        loader=FileSystemLoader(resource("templates")), undefined=StrictUndefined, autoescape=True
    )
    return environment.get_template("report.html.j2").render(
        title=run.metrics.parent.name or run.metrics.stem,
        summary=list(_summary(run)),
        plotly=Markup(get_plotlyjs()),  # noqa: S704 - the library's own script
        curves=[_figure(name, curve) for name, curve in _curves(run)],
        recipe=yaml.safe_dump(run.recipe, sort_keys=False) if run.recipe else "",
        environment=run.environment,
    )


def _curves(run: Run) -> Iterator[tuple[str, Curve]]:
    """Iterate over the curves: first those that everybody looks at first."""
    first = [name for name in _FIRST if name in run.training]
    others = [name for name in run.training if name not in {*_FIRST, *_NO_CURVES}]
    for name in (*first, *others):
        yield name, run.training[name]
    for evaluation, curves in run.evaluations.items():
        for name, curve in curves.items():
            if name not in _NO_CURVES:
                yield f"{evaluation}: {name}", curve


def _summary(run: Run) -> Iterator[tuple[str, str]]:
    steps = [step for curve in run.training.values() for step in curve]
    losses, seconds, tokens = (_values(run, name) for name in ("loss", "step_time", "tokens"))
    yield "steps", f"{min(steps):,} to {max(steps):,}"
    if losses:
        yield "loss", f"{losses[0]:.4f} at first, {losses[-1]:.4f} at last, {min(losses):.4f} least"
    if tokens:
        yield "tokens", f"{sum(tokens):,.0f}"
    if sum(seconds):
        yield "time in steps", f"{sum(seconds):,.0f} s"
        yield "tokens per second", f"{sum(tokens) / sum(seconds):,.0f}"


def _values(run: Run, name: str) -> list[float]:
    return [value for value in run.training.get(name, {}).values() if value is not None]


def _figure(name: str, curve: Curve) -> Markup:
    steps, values = list(curve), list(curve.values())
    figure = go.Figure(go.Scatter(x=steps, y=values, mode="lines"))
    figure.update_layout(
        title=name.replace("_", " "),
        xaxis_title="optimizer step",
        height=_HEIGHT,
        margin={"l": 56, "r": 16, "t": 48, "b": 48},
        template="plotly_white",
    )
    text = to_html(figure, include_plotlyjs=False, full_html=False, config={"responsive": True})
    return Markup(text)  # noqa: S704 - plotly escapes what it is given
