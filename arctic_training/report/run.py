"""A run as it was taken down: its figures by step, and its record."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeAlias

__all__ = ["Curve", "Run", "UnknownRunError"]

_RECORD = ".run.json"
_NO_FIGURES = {"step", "epoch", "evaluation"}

_Row: TypeAlias = dict[str, float | str | None]


class UnknownRunError(Exception):
    """There is no run where one was named."""


Curve: TypeAlias = dict[int, float | None]
"""The values of a figure by optimizer step; None where it is undefined."""


@dataclass(frozen=True, slots=True)
class Run:
    """What is known of a run.

    ``training`` and each of ``evaluations`` have the curves of their figures by name.
    """

    metrics: Path
    training: dict[str, Curve]
    evaluations: dict[str, dict[str, Curve]]
    recipe: dict[str, object]
    environment: dict[str, object]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a run from its file of metrics, or from the folder that the file stands in.

        Lines that are torn, as a machine that was lost leaves them, are left out.

        Raises:
            UnknownRunError: there is no such file, or no step in it.

        """
        metrics = _metrics_file(path)
        rows = list(_rows(metrics))
        names = dict.fromkeys(str(row["evaluation"]) for row in rows if "evaluation" in row)
        training = _curves(row for row in rows if "evaluation" not in row)
        if not training:
            raise UnknownRunError(f"{metrics} holds no step of a run")
        record = _record(metrics)
        return cls(
            metrics,
            training,
            {name: _curves(row for row in rows if row.get("evaluation") == name) for name in names},
            record.get("recipe", {}),
            record.get("environment", {}),
        )


def _metrics_file(path: Path) -> Path:
    if not path.is_dir():
        if path.is_file():
            return path
        raise UnknownRunError(f"{path} is not there")
    found = sorted(path.glob("*.jsonl"))
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(file.name for file in found)
        raise UnknownRunError(f"{path} has several files of metrics, name one: {names}")
    raise UnknownRunError(
        f"{path} has no file of metrics: `train_log_metrics_path` of a recipe says where it is"
    )


def _rows(metrics: Path) -> Iterator[_Row]:
    for line in metrics.read_text("utf-8", errors="replace").splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and isinstance(row.get("step"), int):
            yield row


def _curves(rows: Iterable[_Row]) -> dict[str, Curve]:
    curves: dict[str, Curve] = {}
    for row in rows:
        for name, value in row.items():
            if name not in _NO_FIGURES:
                number = value if isinstance(value, int | float) else None
                curves.setdefault(name, {})[int(row["step"] or 0)] = number
    return curves


def _record(metrics: Path) -> dict[str, dict[str, object]]:
    try:
        record: object = json.loads(metrics.with_suffix(_RECORD).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}
