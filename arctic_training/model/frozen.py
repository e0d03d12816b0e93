"""Models beside the one that is trained, each built from a section of its own, never changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import wraps

import torch
from torch import nn

from arctic_training.config.model import ModelConfig
from arctic_training.errors import RecipeError, TrainingError
from arctic_training.model.document_isolation import check_packed_call
from arctic_training.model.factory import ModelFactory

__all__ = ["FrozenModels", "frozen_problems"]


class FrozenModels:
    """Builds models that give no gradient, in evaluation mode, whole on every process.

    They are in no engine: ZeRO does not spread them out, and no checkpoint holds them.
    """

    def __init__(
        self, factories: Iterable[ModelFactory[ModelConfig]], device: torch.device
    ) -> None:
        self._built = [
            (factory.config, _frozen(factory.create().to(device))) for factory in factories
        ]

    def of(self, section: ModelConfig) -> nn.Module:
        """Return the model of a section.

        Raises:
            TrainingError: none was built from it.

        """
        for config, model in self._built:
            if config is section:
                return model
        raise TrainingError(
            f"no frozen model was built from this section of the type `{_type(section)}`",
            hint="give the nested section itself, such as `trainer.config.ref_model`",
        )


def frozen_problems(factories: Iterable[ModelFactory[ModelConfig]]) -> Iterator[RecipeError]:
    """Iterate over what a section asks for that a frozen model cannot have."""
    for factory in factories:
        if factory.config.peft_config is not None:
            message = "a frozen model is not trained: an adapter would change nothing"
            yield factory.problem("peft_config", message, code="conflict")


def _frozen(model: nn.Module) -> nn.Module:
    """Return the model itself, to which no call leads a gradient back.

    Frozen weights are not enough: with activation checkpoints, transformers lets embeddings ask
    for a gradient of their own accord. Packed rows are checked whichever loss passes them.
    """
    forward = torch.no_grad()(model.forward)

    @wraps(forward)
    def checked(*args: object, **kwargs: object) -> object:
        check_packed_call(model, kwargs)
        return forward(*args, **kwargs)

    model.forward = checked
    return model.requires_grad_(requires_grad=False).eval()


def _type(section: ModelConfig) -> str:
    return str(type(section).model_fields["type"].default)
