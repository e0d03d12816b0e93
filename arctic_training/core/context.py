"""What the parts of a trainer may know of the trainer that they belong to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, Protocol

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from transformers import PreTrainedTokenizerBase

from arctic_training.config.trainer import TrainerConfig
from arctic_training.core.engine import Engine
from arctic_training.core.loss_output import LossOutput
from arctic_training.core.mesh import Mesh, World
from arctic_training.core.one_of import OneOf
from arctic_training.core.remaining import Remaining
from arctic_training.core.reports import EvaluationReport
from arctic_training.core.state import TrainingState
from arctic_training.core.totals import Reduction

__all__ = ["TrainerContext"]


class TrainerContext(Protocol):
    """A trainer, whatever its batches are.

    The parts are built in the order tokenizer, data, model, optimizer, scheduler, engine. Each may
    use those before it; reading one that is not built yet is an error that says so. From the model
    on, ``epochs``, ``train_batches``, ``training_horizon`` and ``warmup_steps`` can be read; they
    count a resumed run from its checkpoint once all parts are built.
    """

    @property
    def name(self) -> str:
        """Name of the trainer, which a recipe gives as its ``type``."""

    @property
    def config_type(self) -> type[TrainerConfig]:
        """Model of the recipe."""

    @property
    def data_factory_type(self) -> OneOf[type[object]]:
        """Data factories that a recipe may choose."""

    @property
    def model_factory_type(self) -> OneOf[type[object]]:
        """Model factories that a recipe may choose."""

    @property
    def checkpoint_engine_type(self) -> OneOf[type[object]]:
        """Checkpoint engines that a recipe may choose."""

    @property
    def optimizer_factory_type(self) -> OneOf[type[object]]:
        """Optimizer factories that a recipe may choose."""

    @property
    def scheduler_factory_type(self) -> OneOf[type[object]]:
        """Scheduler factories that a recipe may choose."""

    @property
    def tokenizer_factory_type(self) -> OneOf[type[object]]:
        """Tokenizer factories that a recipe may choose."""

    @property
    def coupling(self) -> Literal["sample", "micro_batch", "global_batch"]:
        """What the loss mixes: it decides how a batch may be cut without changing the step."""

    @property
    def config(self) -> TrainerConfig:
        """The recipe."""

    @property
    def mesh(self) -> Mesh:
        """The process mesh: the size of each axis, and this process's coordinate along it."""

    @property
    def world(self) -> World:
        """Rank and number of processes; `mesh` has the size of each axis."""

    @property
    def state(self) -> TrainingState:
        """How far training has come."""

    @property
    def epochs(self) -> Remaining[int]:
        """The epochs that remain in this run: a view with a length; reading it changes nothing."""

    @property
    def train_batches(self) -> Remaining[Mapping[str, object]]:
        """The micro-batches that remain of the current epoch: a view, as ``epochs`` is."""

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
        """The model; once the engine is built, inside the engine's wrapper."""

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

    @property
    def is_padding_batch(self) -> bool:
        """Whether the loss gets samples of another process, because this one has none left.

        Its result counts as 0. A loss that gathers rows across processes leaves these out.
        """

    @property
    def loss(self) -> Callable[..., LossOutput | Tensor]:
        """Method that returns the loss of a micro-batch; the only one that a trainer must have."""

    def train(self) -> None:
        """Train to the end of the run."""

    def epoch(self) -> None:
        """Train on what remains of the current epoch."""

    @property
    def step(self) -> Callable[..., None]:
        """Method that trains on a micro-batch; the last of a global batch ends with a step."""

    def checkpoint(self) -> None:
        """Let each checkpoint engine save that has reason to."""

    def note(self, text: str) -> None:
        """Tell the user something, once."""
