"""What the parts of a trainer may know of the trainer that they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from transformers import PreTrainedTokenizerBase

from arctic_training.config.trainer import TrainerConfig
from arctic_training.launcher.world import World
from arctic_training.trainer.engine import Engine
from arctic_training.trainer.report import EvaluationReport
from arctic_training.trainer.state import TrainingState
from arctic_training.trainer.totals import Reduction

__all__ = ["TrainerContext"]


class TrainerContext(Protocol):
    """A trainer, whatever its batches are.

    The parts are built in the order tokenizer, data, checkpoint engines, model, optimizer,
    scheduler, engine; each may use those that stand before it.
    """

    @property
    def config(self) -> TrainerConfig:
        """The recipe."""

    @property
    def world(self) -> World:
        """Which process this is, and of how many."""

    @property
    def state(self) -> TrainingState:
        """How far training has come."""

    @property
    def device(self) -> torch.device:
        """Where the model computes."""

    @property
    def training_horizon(self) -> int:
        """Optimizer steps in the whole run."""

    @property
    def warmup_steps(self) -> int:
        """Optimizer steps in which the learning rate rises."""

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The tokenizer."""

    @property
    def model(self) -> nn.Module:
        """The model; once the engine stands, the model inside the engine's wrapper."""

    @property
    def optimizer(self) -> Optimizer:
        """The optimizer."""

    @property
    def scheduler(self) -> LRScheduler:
        """The learning-rate schedule, stepped once an optimizer step."""

    @property
    def engine(self) -> Engine:
        """What runs the model."""

    @property
    def metrics(self) -> Mapping[str, Reduction]:
        """The terms that the loss returns, and how each is reduced."""

    @property
    def evaluations(self) -> Mapping[str, EvaluationReport]:
        """What each evaluation set came to when it was last evaluated in this run."""

    @property
    def epoch_finished(self) -> bool:
        """Whether the last batch of the current epoch is done."""

    @property
    def training_finished(self) -> bool:
        """Whether the last step of this run is done."""

    @property
    def is_stopping(self) -> bool:
        """Whether the run ends with this step, before its time."""

    def note(self, text: str) -> None:
        """Tell the user something, once."""
