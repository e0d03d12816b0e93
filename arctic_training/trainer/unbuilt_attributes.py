"""Attributes that a trainer gets while it is built; reading one too early says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from arctic_training.errors import TrainingError

__all__ = ["BuiltLater", "NotBuiltError"]

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


class BuiltLater:
    """The attributes that ``__init__`` sets one after the other."""

    if not TYPE_CHECKING:  # whoever declares them says of which type they are
        tokenizer = _Unbuilt()
        train_dataloader = _Unbuilt()
        eval_dataloaders = _Unbuilt()
        schedule = _Unbuilt()
        model = _Unbuilt()
        optimizer = _Unbuilt()
        scheduler = _Unbuilt()
        engine = _Unbuilt()
