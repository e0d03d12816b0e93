"""The schema of every section of a recipe, for the generator, which imports no models.

``python -m arctic_training.config.sections`` prints it; ``schemas/sections.schema.json`` is what
it printed last, and a test compares the two.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Final

from pydantic import JsonValue
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from arctic_training.config.base import Config
from arctic_training.config.slots import ImportPath
from arctic_training.config.trainer import TrainerConfig
from arctic_training.diagnostics import Source
from arctic_training.document import ScalarNode, children, find, parse
from arctic_training.document.schema_forms import DRAFT, JSONSchema, for_editors, nullable
from arctic_training.project.resources import resource

__all__ = ["RecipeSchema", "sections_schema"]

_REFERENCE: Final = "#/definitions/{model}"
_MEMBERS: Final = "x-members"
"""Keyword of the schema that lists the members of each class."""


class RecipeSchema(GenerateJsonSchema):
    """Pydantic's JSON Schema without its noise: no titles, and `null` as one more type."""

    schema_dialect = DRAFT

    def field_title_should_be_set(self, _schema: object) -> bool:
        """Leave the titles of fields out: they only repeat the names."""
        return False

    def tuple_schema(self, schema: core_schema.TupleSchema) -> JsonSchemaValue:
        """Return the items of a tuple as draft-07 has them."""
        listed = super().tuple_schema(schema)
        return {"items" if key == "prefixItems" else key: part for key, part in listed.items()}

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """Return a type list instead of an alternative."""
        return nullable(self.generate_inner(schema["schema"]))


def sections_schema() -> JSONSchema:
    """Return the definitions of all sections and of the recipe that all trainers share."""
    sections: set[type[Config]] = {TrainerConfig, *_factory_sections()}
    models = sorted(sections, key=lambda model: model.__name__)
    listed: list[type[Config]] = [Config, *models]
    _, schema = models_json_schema(
        [(model, "validation") for model in models],
        ref_template=_REFERENCE,
        schema_generator=RecipeSchema,
    )
    members: dict[str, JsonValue] = {model.__name__: _members(model) for model in listed}
    definitions = for_editors({"definitions": schema["$defs"]})
    return {"$schema": DRAFT, **definitions, _MEMBERS: members}


def _factory_sections() -> Iterator[type[Config]]:
    """Iterate over the section models of the built-in factories."""
    file = resource("schemas/factories.yaml")
    slots, problems = parse(Source(str(file), file.read_text(encoding="utf-8")))
    assert slots is not None, problems
    for _, slot in children(slots):
        for _, factory in children(slot):
            config = find(factory, ("config",))
            assert isinstance(config, ScalarNode)
            path = ImportPath.parse(str(config.value))
            model: type[Config] = getattr(import_module(path.module), path.name)
            yield model


def _members(model: type[Config]) -> list[JsonValue]:
    """Return the members of a class that are not keys of its section: a field would hide them.

    Those that every model has are listed for `Config` alone.
    """
    keys = {field.alias or name for name, field in model.model_fields.items()}
    inherited = set() if model is Config else {*dir(Config)}
    names = {*dir(model), *model.model_fields} - keys - inherited
    return [*sorted(name for name in names if not name.startswith("_"))]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(sections_schema(), indent=2) + "\n")
