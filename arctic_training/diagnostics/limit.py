"""A limit on findings of the same kind: the first are shown, the others are counted."""

from __future__ import annotations

from collections import Counter
from typing import Final

from arctic_training.diagnostics.diagnostic import Diagnostic, in_order

__all__ = ["MOST_ALIKE", "limited"]

MOST_ALIKE: Final = 50
"""Maximum number of findings of one kind in one place that are shown."""


def limited(findings: list[Diagnostic]) -> list[Diagnostic]:
    """Return sorted findings with at most ``MOST_ALIKE`` of a code in a file, and a count.

    The count has the place and the severity of the first finding that is left out.
    """
    seen = Counter[tuple[str, str]]()
    kept: list[Diagnostic] = []
    first: dict[tuple[str, str], Diagnostic] = {}
    for finding in in_order(findings):
        group = (finding.span.source.path, finding.code)
        seen[group] += 1
        if seen[group] <= MOST_ALIKE or finding.code == "too-many":
            kept.append(finding)
        else:
            first.setdefault(group, finding)
    counts = [_count(each, seen[group] - MOST_ALIKE) for group, each in first.items()]
    return in_order([*kept, *counts])


def _count(first: Diagnostic, number: int) -> Diagnostic:
    return Diagnostic(
        code="too-many",
        message=f"and {number:,} more `{first.code}` findings from here on",
        span=first.span,
        severity=first.severity,
    )
