"""Paths with environment variables, which recipes do not expand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from arctic_training.diagnostics import Diagnostic
from arctic_training.document import Node, ScalarNode
from arctic_training.validation import Schema

__all__ = ["variable_problems"]

_VARIABLE: Final = re.compile(r"\$(?:\w+|\{\w+\})")
_PATHS: Final = {"path", "name-or-path"}


def variable_problems(recipe: Node, schema: Schema) -> Iterator[Diagnostic]:
    """Iterate over the paths in which a variable would be the name of a folder.

    A file or folder that really has such a name is accepted.
    """
    for _, node, applying in schema.walk(recipe):
        if not isinstance(node, ScalarNode) or not isinstance(node.value, str):
            continue
        found = _VARIABLE.search(node.value)
        is_path = any(rule.get("format") in _PATHS for rule in applying)
        if found and is_path and not _exists(node, node.value[: found.end()]):
            yield Diagnostic(
                code="not-supported",
                message=f"`{found[0]}` is not expanded: recipes do not read environment variables",
                span=node.span,
                help="write the path itself (`~` for the home folder), or set it on "
                "the command line, where the shell expands variables",
            )


def _exists(node: ScalarNode, start: str) -> bool:
    return Path(node.span.source.path).parent.joinpath(start).exists()
