"""Kinds of adapters that PEFT has and a recipe does not take, each with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from arctic_training.diagnostics.advice import because

__all__ = ["REFUSED_ADAPTERS"]

_PROMPT: Final = because(
    "it prepends learned tokens to each row, which breaks packing and the length of rows",
    "use LORA",
)
_SCHEDULED: Final = because("it changes its ranks between steps, which no trainer does", "use LORA")
_MIXED: Final = "it combines adapters that are trained already: train a LORA"
_PLACED: Final = because("PEFT makes it without merging or for some architectures only", "use LORA")
_SHARED: Final = because(
    "its layers share weights, which `add_adapter` of transformers does not support", "use LORA"
)
_UNTRIED: Final = because("it is not tested here", "use LORA, IA3, LOHA or LOKR")

_REASONS: Final = {
    _PROMPT: "CARTRIDGE CPT MULTITASK_PROMPT_TUNING PREFIX_TUNING PROMPT_TUNING P_TUNING",
    _SCHEDULED: "ADALORA ADAMSS",
    _MIXED: "POLY XLORA",
    _PLACED: "ADAPTION_PROMPT LN_TUNING OSF TRAINABLE_TOKENS",
    _SHARED: "PVERA RANDLORA TINYLORA UNILORA VBLORA VERA",
    _UNTRIED: (
        "BEFT BOFT C3A DEFT DELORA FOURIERFT FROD GLORA GRALORA HIRA HRA LILY MISS OFT PEANUT "
        "PSOFT ROAD SHADOW SHIRA SUPERTUNING WAVEFT"
    ),
}

REFUSED_ADAPTERS: Final[Mapping[str, str]] = {
    kind: reason for reason, kinds in _REASONS.items() for kind in kinds.split()
}
"""Reasons by `peft_type`, in capital letters and without hyphens."""
