"""Names of factories and sources in ArcticTraining that are read as one of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

__all__ = ["FOREIGN_ALIASES", "ForeignAlias"]


class ForeignAlias(NamedTuple):
    """A `type` of another tool that means the same as one of ours."""

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
"""By the name that stands under `type`; a name of the user's own is never one of these."""
