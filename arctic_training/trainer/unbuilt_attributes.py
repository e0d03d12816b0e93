"""Attributes that a trainer gets while it is built; reading one too early says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Generic, Self, TypeVar

from arctic_training.config.trainer import TrainerConfig
from arctic_training.errors import TrainingError

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler
    from transformers import PreTrainedTokenizerBase

    from arctic_training.checkpoint.engine import CheckpointEngine
    from arctic_training.config.checkpoint import CheckpointConfig
    from arctic_training.core.engine import Engine
    from arctic_training.core.state import Schedule
    from arctic_training.data.loading.loader import EpochLoader
    from arctic_training.trainer.components import Parts
    from arctic_training.trainer.meter import Meter

__all__ = ["BuiltLater", "NotBuiltError"]

Config_co = TypeVar("Config_co", bound=TrainerConfig, covariant=True)
BatchT = TypeVar("BatchT", bound=Mapping[str, object])

_ORDER: Final = (
    "parts are built in the order tokenizer, data, model, optimizer, scheduler, engine; `epochs`, "
    "`train_batches`, `training_horizon` and `warmup_steps` are known once the data is prepared"
)


class NotBuiltError(TrainingError, AttributeError):
    """An attribute of a trainer is read before the part is built that it comes from."""


class _Unbuilt:
    """Stands for an attribute until an instance has it: instances' own values go first."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: object | None, owner: type) -> Self:
        if instance is None:
            return self
        raise NotBuiltError(f"`trainer.{self._name}` is not available yet", hint=_ORDER)


class BuiltLater(Generic[Config_co, BatchT]):
    """The recipe, and the attributes that ``__init__`` sets one after the other."""

    config: Config_co

    if TYPE_CHECKING:
        checkpoint_engines: list[CheckpointEngine[CheckpointConfig]]
        tokenizer: PreTrainedTokenizerBase
        train_dataloader: EpochLoader[BatchT]
        eval_dataloaders: Mapping[str, EpochLoader[BatchT]]
        schedule: Schedule
        model: nn.Module
        optimizer: Optimizer
        scheduler: LRScheduler
        engine: Engine
        _parts: Parts[BatchT]
        _meter: Meter
    else:
        checkpoint_engines = _Unbuilt()
        tokenizer = _Unbuilt()
        train_dataloader = _Unbuilt()
        eval_dataloaders = _Unbuilt()
        schedule = _Unbuilt()
        model = _Unbuilt()
        optimizer = _Unbuilt()
        scheduler = _Unbuilt()
        engine = _Unbuilt()
        _parts = _Unbuilt()
        _meter = _Unbuilt()
