"""What a run was, beside its figures: the whole recipe, and what it ran on."""

from __future__ import annotations

import json
import platform
import socket
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import torch

from arctic_training.checkpoint.recipe import as_json
from arctic_training.config.trainer import TrainerConfig

__all__ = ["record_path", "write_record"]

_PACKAGES: Final = ("arctic-training-gen", "torch", "deepspeed", "transformers", "datasets")


def record_path(metrics: Path) -> Path:
    """Return where the record of a run stands whose figures are in ``metrics``."""
    return metrics.with_suffix(".run.json")


def write_record(metrics: Path, config: TrainerConfig, *, run_id: str) -> None:
    """Write the record of a run beside its figures."""
    record = {"run_id": run_id, "recipe": as_json(config), "environment": _environment()}
    record_path(metrics).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def _environment() -> dict[str, str]:
    device = torch.accelerator.current_accelerator(check_available=True)
    versions = {package: found for package in _PACKAGES if (found := _version(package))}
    return {
        "host": socket.gethostname(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "device": str(device or "cpu"),
        **versions,
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
