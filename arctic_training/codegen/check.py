"""Stage 2, check: a definition against its schema, and what the schema cannot say."""

from __future__ import annotations

from arctic_training.codegen.fields import field_problems
from arctic_training.diagnostics import Diagnostic
from arctic_training.document import MapNode
from arctic_training.document import check as check_document
from arctic_training.resources import schema

__all__ = ["check"]


def check(definition: MapNode) -> list[Diagnostic]:
    """Return everything that is wrong with a definition by itself."""
    problems = check_document(definition, schema("trainer.schema.json"))
    if problems:
        return problems
    return list(field_problems(definition, ("config_type", "properties"), in_recipe=True))
