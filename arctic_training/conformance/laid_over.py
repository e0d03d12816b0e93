"""The values of a recipe with others laid over them."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["laid_over"]


def laid_over(values: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, object]:
    """Return values with changes; sections are joined key by key."""
    both = dict(values)
    for key, change in changes.items():
        old = both.get(key)
        if isinstance(old, Mapping) and isinstance(change, Mapping):
            both[key] = {**old, **change}
        else:
            both[key] = change
    return both
