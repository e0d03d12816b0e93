"""Models and data by name: a name on the hub, unless it begins like a path.

Without the `./` of a local file, a run would wait for the hub, which does not have that name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from arctic_training.diagnostics import Diagnostic, Severity
from arctic_training.document import Node, ScalarNode
from arctic_training.validation import Schema

__all__ = ["hub_name_problems"]

_NAME: Final = re.compile(r"\w[\w.-]{0,95}(/\w[\w.-]{0,95})?")
"""Pattern of the hub's repository names, with or without their owner."""


def hub_name_problems(recipe: Node, schema: Schema) -> Iterator[Diagnostic]:
    """Iterate over names that are those of local files, or can be none of the hub's."""
    for _, node, applying in schema.walk(recipe):
        if not isinstance(node, ScalarNode) or not isinstance(node.value, str):
            continue
        name = node.value.partition(":")[0]
        is_named = any(rule.get("format") == "name-or-path" for rule in applying)
        if is_named and name and not name.startswith((".", "/", "~")):
            yield from _problems(name, node)


def _problems(name: str, node: ScalarNode) -> Iterator[Diagnostic]:
    local = Path(node.span.source.path).parent / name
    rest = str(node.value)[len(name) :]
    if local.is_file() or not _NAME.fullmatch(name):
        found = "that file is here" if local.is_file() else "the hub has no such names"
        yield Diagnostic(
            code="not-found",
            message=f"`{name}` is read as a name on the Hugging Face hub, and {found}",
            span=node.span,
            suggestion=f"./{name}{rest}",
        )
    elif local.is_dir():
        yield Diagnostic(
            code="ambiguous-name",
            message=f"`{name}` is read as a name on the Hugging Face hub",
            span=node.span,
            severity=Severity.WARNING,
            help=f"write `./{name}` for the folder of that name",
        )
