"""What rows are, by their columns: which type of source reads them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

__all__ = ["advice_for"]


@dataclass(frozen=True, slots=True)
class _Kind:
    """Rows that have certain columns, and the data section that takes their sources."""

    rows: str
    columns: frozenset[str]
    data: str


_KINDS: Final = {
    "huggingface_preference": _Kind("pairs of answers", frozenset({"chosen", "rejected"}), "dpo"),
    "huggingface_unpaired": _Kind(
        "single answers with a label", frozenset({"prompt", "completion", "label"}), "dpo"
    ),
    "huggingface_instruct": _Kind("conversations", frozenset({"messages"}), "sft"),
    "huggingface_causal": _Kind("documents", frozenset({"text"}), "causal"),
}
"""The types of sources with the columns that each has by default, those with more columns first."""


def advice_for(columns: Collection[str], source_type: str) -> str:
    """Return what to write for rows that another type of source reads; nothing if none does."""
    for name, kind in _KINDS.items():
        if kind.columns <= {*columns}:
            if name == source_type:
                break
            own = _KINDS.get(source_type)
            if own is not None and own.data == kind.data:
                return f"these are {kind.rows}: write `type: {name}`"
            return f"these are {kind.rows}: `data` of `type: {kind.data}` takes them, as `{name}`"
    return ""
