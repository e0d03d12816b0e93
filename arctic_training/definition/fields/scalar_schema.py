"""The JSON Schema of a single value."""

from __future__ import annotations

from arctic_training.config.uri import URI_PATTERN
from arctic_training.definition.fields.types import ScalarType
from arctic_training.document.numbers import NUMBER_PATTERN
from arctic_training.document.schema_forms import JSONSchema

__all__ = ["scalar_schema"]


def scalar_schema(kind: ScalarType) -> JSONSchema:
    """Return the schema of the values of a type that are neither lists nor mappings."""
    limits = dict(kind.limits)
    match kind.kind:
        case "integer" | "number" as name if not kind.is_bare:
            return {"type": [name, "string"], **limits, "pattern": NUMBER_PATTERN}
        case "path":
            return {"type": "string", "format": "path"}
        case "uri":
            return {"type": "string", "format": "uri", "pattern": URI_PATTERN}
        case name:
            return {"type": name, **limits}
