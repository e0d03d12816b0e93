"""Token ids that every model of a run has an embedding for."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["TokenLimit"]


class TokenLimit(NamedTuple):
    """The token ids that a model has an embedding for, all below ``rows``; and its section."""

    rows: int
    section: str
