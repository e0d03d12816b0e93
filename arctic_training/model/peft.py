"""PEFT: whether its version is supported, its configuration of a section, and its model."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import transformers
from torch import nn
from transformers.integrations.peft import MIN_PEFT_VERSION
from transformers.utils.peft_utils import check_peft_version

from arctic_training.config.adapter import AdapterConfig
from arctic_training.hub.loading import first_line

if TYPE_CHECKING:
    from peft import PeftConfig
    from peft.tuners.tuners_utils import BaseTuner

__all__ = ["adapted", "peft_config", "peft_version_problem"]

_PATTERNS: Final = ("feedforward_modules", "modules_to_save", "target_modules")


def peft_version_problem() -> str:
    """Return why transformers does not work with the installed PEFT; empty if it does."""
    try:
        check_peft_version(min_version=MIN_PEFT_VERSION)
    except ValueError as error:
        installed = f"transformers {transformers.__version__} with peft {version('peft')}"
        return f"{installed}: {first_line(error)}"
    return ""


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
