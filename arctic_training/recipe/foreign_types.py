"""Aliases: names of factories and sources of other tools."""

from __future__ import annotations

from typing import Final

from arctic_training.config.foreign_names import FOREIGN_ALIASES
from arctic_training.diagnostics import Diagnostic, Severity
from arctic_training.document import Node, ScalarNode
from arctic_training.validation import Schema
from arctic_training.validation.schema import Subschema

__all__ = ["with_our_types"]

_CHOICE: Final = "unknown-factory"


def with_our_types(recipe: Node, schema: Schema) -> tuple[Node, list[Diagnostic]]:
    """Return the recipe with each foreign `type` under our name, and a warning for each.

    A factory of the user's own that has such a name is that factory.
    """
    found: list[Diagnostic] = []

    def translated(node: ScalarNode, applying: list[Subschema]) -> ScalarNode:
        name = _ours(node.value, applying)
        if not name:
            return node
        found.append(_warning(node, name))
        return ScalarNode(name, node.span)

    return schema.rewrite(recipe, translated), found


def _ours(written: object, applying: list[Subschema]) -> str:
    """Return what a name means here; nothing for a name of this package, or an unknown one."""
    known = _names(applying)
    foreign = FOREIGN_ALIASES.get(written) if isinstance(written, str) else None
    if foreign is None or not known or written in known:
        return ""
    return next((name for name in foreign.ours if name in known), "")


def _names(applying: list[Subschema]) -> list[str]:
    """Return the names that a section takes as its `type`."""
    choices = [rule.get("enum") for rule in applying if rule.get("x-code") == _CHOICE]
    return [str(name) for names in choices if isinstance(names, list) for name in names]


def _warning(node: ScalarNode, name: str) -> Diagnostic:
    return Diagnostic(
        code="foreign-type",
        message=f"`{node.value}` is read as `{name}`",
        span=node.span,
        severity=Severity.WARNING,
        help=f"{FOREIGN_ALIASES[str(node.value)].note}; write `type: {name}`",
    )
