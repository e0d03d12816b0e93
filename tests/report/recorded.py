"""Runs as a trainer records them, made without one."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path

__all__ = ["record_run"]

_START = 1_795_960_000.0


def record_run(
    folder: Path,
    steps: int,
    *,
    name: str = "margin",
    figures: int = 1,
    peak_at: int = 0,
    recipe: Mapping[str, object] | None = None,
    status: str = "finished",
    reason: str = "",
) -> None:
    """Write the metrics and the record of a run of so many steps, each of one second.

    Args:
        folder: where they stand.
        steps: optimizer steps.
        name: the metric of the trainer, and the evaluation set.
        figures: figures beside loss, tokens and that metric.
        peak_at: the step with a loss of 99; the one after it has -99.
        recipe: what the user gave.
        status: how the run ended.
        reason: why.

    """
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for step in range(1, steps + 1):
        loss = {peak_at: 99.0, peak_at + 1: -99.0}.get(step, 1 + math.sin(step))
        row = {"step": step, "loss": loss, "tokens": 100, "step_time": 1.0, name: step / steps}
        row |= {f"figure_{number}": math.cos(step * number) for number in range(figures)}
        lines.append(json.dumps({**row, "timestamp": _START + step}))
    last = {"step": steps, "evaluation": name, "loss": 0.5, "timestamp": _START + steps}
    (folder / "metrics.jsonl").write_text("\n".join([*lines, json.dumps(last)]) + "\n")
    session = {"started": _START, "first_step": 1, "horizon": steps, "ended": _START + steps}
    record = {
        "recipe": recipe or {},
        "given": recipe or {},
        "environment": {"device": "cpu"},
        "sessions": [{**session, "status": status, "reason": reason}],
    }
    (folder / "metrics.run.json").write_text(json.dumps(record))
