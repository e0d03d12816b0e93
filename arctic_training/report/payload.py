"""The curves of a page as JSON that its script reads."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from arctic_training.report.figures import Chart
from arctic_training.report.reduction import Buckets
from arctic_training.report.run import Curves, Run

__all__ = ["payload"]

_Json: TypeAlias = dict[str, object]
_Floats: TypeAlias = NDArray[np.float64]

_UNSAFE: Final = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}
"""Characters that could end the script element that holds the JSON."""


def payload(runs: Mapping[str, Run], charts: Sequence[Chart]) -> Markup:
    """Return the curves of all runs, by the runs' names, as JSON that is safe in a page.

    Long runs are reduced to buckets, so that the page has about 1 MB of them, however many steps
    and runs there are.
    """
    names = [chart.name for chart in charts]
    share = 1 / len(runs)
    values = [_run(name, run, names, share=share) for name, run in runs.items()]
    text = json.dumps(values, separators=(",", ":"), allow_nan=False)
    for character, escaped in _UNSAFE.items():
        text = text.replace(character, escaped)
    return Markup(text)  # noqa: S704 - it is escaped above


def _run(name: str, run: Run, names: Sequence[str], *, share: float) -> _Json:
    figures = [each for each in names if each in run.training.figures]
    steps = run.training.steps
    buckets = Buckets.fitting(len(steps), len(figures), share=share)
    return {
        "name": name,
        "size": buckets.size,
        "axes": {
            "step": _steps(buckets.last(steps.astype(np.float64))),
            "tokens": _packed(buckets.last(run.tokens)),
            "time": _packed(buckets.last(run.seconds)),
        },
        "curves": {each: _curve(run.training.figures[each], buckets) for each in figures},
        "evaluations": [_evaluation(key, run, curves) for key, curves in run.evaluations.items()],
    }


def _curve(values: _Floats, buckets: Buckets) -> _Json:
    reduced = buckets.reduce(values)
    curve: _Json = {"mean": _packed(reduced.mean)}
    if reduced.low is not None and reduced.high is not None:
        curve |= {"low": _packed(reduced.low), "high": _packed(reduced.high)}
    return curve


def _evaluation(name: str, run: Run, curves: Curves) -> _Json:
    """Return an evaluation set; its tokens and its time are those of the step it follows."""
    index = np.searchsorted(run.training.steps, curves.steps, side="right") - 1
    index = np.maximum(index, 0)
    return {
        "name": name,
        "axes": {
            "step": _packed(curves.steps.astype(np.float64)),
            "tokens": _packed(run.tokens[index]),
            "time": _packed(run.seconds[index]),
        },
        "curves": {key: {"mean": _packed(values)} for key, values in curves.figures.items()},
    }


def _steps(steps: _Floats) -> object:
    """Return consecutive steps as their first and their number, others packed."""
    if len(steps) and (np.diff(steps) == 1).all():
        return {"first": int(steps[0]), "count": len(steps)}
    return _packed(steps)


def _packed(values: _Floats) -> str:
    """Return numbers as float32 in base64, little-endian."""
    with np.errstate(over="ignore"):  # beyond float32 is infinite, and not drawn
        return base64.b64encode(values.astype("<f4").tobytes()).decode("ascii")
