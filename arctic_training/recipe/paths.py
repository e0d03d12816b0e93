"""Paths of a recipe: a relative one starts at the file that holds it."""

from __future__ import annotations

import os
from pathlib import Path

from arctic_training.document import Node, ScalarNode
from arctic_training.validation import Schema
from arctic_training.validation.schema import Subschema

__all__ = ["with_paths"]


def with_paths(recipe: Node, schema: Schema) -> Node:
    """Return the recipe with its paths made absolute; no file is looked at.

    What may be a name on a hub as well is a path if it begins with ``.``, ``/`` or ``~``. Values
    of the command line start at the current folder.
    """
    return schema.rewrite(recipe, _absolute)


def _absolute(node: ScalarNode, applying: list[Subschema]) -> ScalarNode:
    formats = {schema.get("format") for schema in applying}
    if not isinstance(node.value, str):
        return node
    looks_like_path = node.value.startswith((".", "/", "~"))
    if "path" in formats or ("name-or-path" in formats and looks_like_path):
        below_home = os.path.expanduser(node.value)  # noqa: PTH111 - Path's raises without a home
        path = Path.cwd() / Path(node.span.source.path).parent / below_home
        return ScalarNode(os.path.normpath(path), node.span)
    return node
