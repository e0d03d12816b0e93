"""Trainers of other tools, and how to come by each."""

from __future__ import annotations

from typing import Final

__all__ = ["FOREIGN_TRAINERS"]

_GENERATED: Final = "define it: `arctic-gen init NAME --from {}`"
_EXAMPLE: Final = "the project's folder `examples/{}` defines it"

FOREIGN_TRAINERS: Final = {
    "arctic-lstm-speculator": _GENERATED.format("sft"),
    "arctic_embed": "it trains embeddings, for which there is no trainer",
    "grpo": "it trains on samples of the model itself, for which there is no trainer",
    "ipo": _GENERATED.format("dpo"),
    "kto": _EXAMPLE.format("kto"),
    "moba": _GENERATED.format("sft"),
    "orpo": _EXAMPLE.format("orpo"),
    "ppo": "it trains on samples of the model itself, for which there is no trainer",
    "reward": _EXAMPLE.format("reward"),
    "simpo": _EXAMPLE.format("simpo"),
    "spec-decode": _GENERATED.format("sft"),
    "swiftkv": _GENERATED.format("sft"),
}
"""Trainers of other tools, which are no typing errors: how to come by each."""
