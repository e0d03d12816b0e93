"""Versions of the format of definitions: how one of an older version is read, and migrated.

A step is a function from a document of one version to the edits that make it one of the next.
Reading applies them to the tree, and `arctic-gen migrate` to the text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from arctic_training.diagnostics import Diagnostic, Severity, Source, Span, has_errors
from arctic_training.document import (
    Edit,
    MapNode,
    Put,
    edited,
    find,
    parse,
    plain,
    rewritten,
    value_span,
)

__all__ = ["STEPS", "Step", "migrated_definition", "upgraded"]

Step: TypeAlias = Callable[[MapNode], list[Edit]]

_KEY: Final = "schema_version"


def _numbered(_definition: MapNode) -> list[Edit]:
    """Say the version, which definitions of version 0 do not."""
    return [Put(_KEY, 1)]


STEPS: Final[tuple[Step, ...]] = (_numbered,)
"""What leads from each version to the next; there are as many as the number of today's."""


def _version(definition: MapNode) -> int | None:
    """Return the version of a definition, 0 where it says none; None where it says no number."""
    said = find(definition, (_KEY,))
    version = plain(said) if said else 0
    return version if isinstance(version, int) and not isinstance(version, bool) else None


def upgraded(
    definition: MapNode, steps: Sequence[Step] = STEPS
) -> tuple[MapNode, list[Diagnostic]]:
    """Return a definition as one of today's version, with a warning if it is older.

    One of a version that is yet to come is an error; what says no version at all is left to the
    schema.
    """
    version = _version(definition)
    if version is None or version < 0 or version == len(steps):
        return definition, []
    if version > len(steps):
        return definition, [_newer(definition, version, len(steps))]
    warned = [_older(definition, version, len(steps))]
    for step in steps[version:]:
        definition = edited(definition, step(definition))
    return definition, warned


def migrated_definition(
    definition: MapNode, steps: Sequence[Step] = STEPS
) -> tuple[MapNode, str | None, list[Diagnostic]]:
    """Return a definition in the current version as a tree and as text, and a warning if old.

    Without text, at least one finding is an error.
    """
    today, found = upgraded(definition, steps)
    if has_errors(found):
        return definition, None, found
    text = definition.span.source.text
    for step in steps[_version(definition) :] if found else ():
        text = rewritten(definition, step(definition))
        node, problems = parse(Source(definition.span.source.path, text))
        if not isinstance(node, MapNode) or problems:
            break  # the caller compares what the text means with the tree
        definition = node
    return today, text, found


def _older(definition: MapNode, version: int, today: int) -> Diagnostic:
    written = f"is written in version {version} of the format" if version else "says no version"
    return Diagnostic(
        code="old-version",
        message=f"the definition {written}; today's is {today}",
        span=_place(definition),
        severity=Severity.WARNING,
        help=f"`arctic-gen migrate {definition.span.source.path}` rewrites it",
    )


def _newer(definition: MapNode, version: int, today: int) -> Diagnostic:
    return Diagnostic(
        code="newer-version",
        message=f"the definition is written in version {version} of the format; "
        f"this arctic-gen reads versions up to {today}",
        span=_place(definition),
        help="install a newer arctic-training-gen",
    )


def _place(definition: MapNode) -> Span:
    return value_span(definition, (_KEY,))
