"""Which type of source reads rows, as far as their columns tell."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

__all__ = ["RowLayout", "advice_for", "register_layout"]


@dataclass(frozen=True, slots=True)
class RowLayout:
    """The rows that a type of source reads by default."""

    source: str
    """The ``type`` of the source."""

    rows: str
    """What the rows are, as a noun in the plural."""

    columns: frozenset[str]
    data: str
    """The ``type`` of the data section that accepts the source."""


_LAYOUTS: Final[dict[str, RowLayout]] = {}


def register_layout(layout: RowLayout) -> None:
    """Make advice know a layout of rows."""
    _LAYOUTS[layout.source] = layout


def advice_for(columns: Collection[str], source_type: str) -> str:
    """Return what to write for rows that another type of source reads; empty if none does."""
    fitting = [layout for layout in _LAYOUTS.values() if layout.columns <= {*columns}]
    # Rows with more known columns are less likely to have them by accident.
    best = max(fitting, key=lambda layout: (len(layout.columns), layout.source), default=None)
    if best is None or best.source == source_type:
        return ""
    own = _LAYOUTS.get(source_type)
    if own is not None and own.data == best.data:
        return f"these are {best.rows}: write `type: {best.source}`"
    return f"these are {best.rows}: `data` of `type: {best.data}` takes them, as `{best.source}`"
