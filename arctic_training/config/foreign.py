"""Factories and sources of ArcticTraining that are not built, and what to do instead."""

from __future__ import annotations

from typing import Final

__all__ = ["FOREIGN_TYPES"]

_EXPERTS: Final = "experts are trained like other weights: leave out `_moe`"
_KNOWN_SET: Final = "give the data set as `name_or_path` of a source"

FOREIGN_TYPES: Final = {
    "HuggingFaceH4/ultrafeedback_binarized": _KNOWN_SET,
    "ProjectGutenbergSFT": _KNOWN_SET,
    "cpu_adam_moe": _EXPERTS,
    "fused_adam_moe": _EXPERTS,
    "liger": "Liger's kernels are not built in: write `type: huggingface`, which trains the same",
    "wds": "write `type: wsd`",
}
"""What to do instead of each, by what stands under `type`."""
