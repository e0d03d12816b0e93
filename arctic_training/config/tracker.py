"""Recipe sections of the trackers of experiments."""

from __future__ import annotations

from typing import Literal

from arctic_training.config.base import Config

__all__ = ["WandBConfig"]


class WandBConfig(Config, frozen=True):
    """Weights & Biases, which must be installed: `pip install 'arctic-training-gen[wandb]'`."""

    enable: bool = False
    """Whether the run is tracked there."""

    entity: str | None = None
    """User or team that the run belongs to; null leaves it to the account."""

    project: str = "arctic-training"
    """Project that the run belongs to."""

    name: str | None = None
    """Name of the run; null leaves it to Weights & Biases."""

    mode: Literal["online", "offline"] = "online"
    """Offline, the run is kept in a folder, for `wandb sync` later."""
