"""Adapters as PEFT makes them: its configuration of a section, and its model of that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from torch import nn

from arctic_training.config.adapter import AdapterConfig

if TYPE_CHECKING:
    from peft import PeftConfig
    from peft.tuners.tuners_utils import BaseTuner

__all__ = ["adapted", "peft_config"]

_PATTERNS: Final = ("feedforward_modules", "modules_to_save", "target_modules")


def peft_config(section: AdapterConfig) -> PeftConfig:
    """Return the configuration of an adapter for PEFT."""
    from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING
    from peft.utils import PeftType

    values = section.model_dump(exclude={"peft_type"})
    # PEFT tells a list of names from a pattern by its type.
    values |= {key: list(values[key]) for key in _PATTERNS if isinstance(values.get(key), tuple)}
    kind = PeftType(str(section.model_dump()["peft_type"]).upper())
    make = PEFT_TYPE_TO_CONFIG_MAPPING[kind]
    return make(**values)


def adapted(model: nn.Module, configs: dict[str, PeftConfig]) -> BaseTuner:
    """Return PEFT's model of a model with adapters, of the kind of the first."""
    from peft.mapping import PEFT_TYPE_TO_TUNER_MAPPING
    from peft.utils import PeftType

    kind = PeftType(next(iter(configs.values())).peft_type)
    return PEFT_TYPE_TO_TUNER_MAPPING[kind](model, configs, "default")
