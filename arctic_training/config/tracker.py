"""Recipe sections of the trackers of experiments."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from arctic_training.config.base import Config

__all__ = ["MLflowConfig", "WandBConfig"]


class MLflowConfig(Config, frozen=True):
    """MLflow, which must be installed: `pip install 'arctic-training-gen[mlflow]'`."""

    enable: bool = False
    """Whether the run is tracked there."""

    tracking_uri: str | None = None
    """Server, or a file such as `sqlite:///mlflow.db`, which needs no network; null leaves it to
    `MLFLOW_TRACKING_URI`, and without that to that file."""

    experiment: Annotated[str, Field(min_length=1)] = "arctic-training"
    """Experiment that the run belongs to."""

    name: str | None = None
    """Name of the run; null leaves it to MLflow."""


class WandBConfig(Config, frozen=True):
    """Weights & Biases, which must be installed: `pip install 'arctic-training-gen[wandb]'`."""

    enable: bool = False
    """Whether the run is tracked there."""

    entity: str | None = None
    """User or team that the run belongs to; null leaves it to `WANDB_ENTITY`, or the account."""

    project: str | None = None
    """Project that the run belongs to; null leaves it to `WANDB_PROJECT`, and without that it is
    `arctic-training`."""

    name: str | None = None
    """Name of the run; null leaves it to `WANDB_NAME`, or Weights & Biases."""

    mode: Literal["online", "offline"] | None = None
    """Offline, the run is kept in a folder, for `wandb sync` later; null leaves it to `WANDB_MODE`,
    and without that it is online."""
