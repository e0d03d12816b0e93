"""Names of other tools: factories and sources that are aliases, and trainers with a remedy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

__all__ = ["FOREIGN_ALIASES", "FOREIGN_TRAINERS", "ForeignAlias"]

_GENERATED: Final = "define it: `arctic-gen init NAME --from {}`"
_EXAMPLE: Final = "the project's folder `examples/{}` defines it"


class ForeignAlias(NamedTuple):
    """A `type` of another tool that means the same as one of this package."""

    ours: tuple[str, ...]
    """Names here, of which a section takes the first that it knows."""

    note: str
    """What is different here."""


FOREIGN_ALIASES: Final[Mapping[str, ForeignAlias]] = {
    "HuggingFaceH4/ultrafeedback_binarized": ForeignAlias(
        ("huggingface_preference",), "ArcticTraining has a source of that name"
    ),
    "huggingface": ForeignAlias(
        ("huggingface_instruct", "huggingface_causal", "huggingface_preference"),
        "ArcticTraining calls each source of the hub so",
    ),
    "liger": ForeignAlias(
        ("huggingface", "huggingface_reward"),
        "Liger's kernels are not built in: it trains the same, slower and with more memory",
    ),
    "wds": ForeignAlias(("wsd",), "ArcticTraining misspells it"),
}
"""By the `type` of the section; a name that the user defined takes precedence."""

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
"""Trainers of other tools, and how to get each; they are not typing errors."""
