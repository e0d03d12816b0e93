"""Generated recipe schemas, checked by the reference implementation of JSON Schema.

Recipes are checked with jsonschema-rs, which the generator uses as well: a mistake that both share
would go unnoticed. Here speed is irrelevant.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from arctic_training.codegen.recipe_schema import recipe_schema
from arctic_training.codegen.scaffold import recipe_path, starter_recipe
from arctic_training.definition.stages import Loaded
from arctic_training.diagnostics import Diagnostic, Source
from arctic_training.document import parse, plain
from arctic_training.validation.shared_sections import self_contained

__all__ = ["schema_problems"]


def schema_problems(item: Loaded) -> Iterator[Diagnostic]:
    """Check a trainer's recipe schema against draft-07, and its starter recipe against the schema.

    A finding is an internal error of the generator: definitions cannot cause it.
    """
    import jsonschema

    schema = self_contained(json.loads(recipe_schema(item.spec)))
    try:
        jsonschema.Draft7Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        yield _problem(
            item, f"the recipe schema is not draft-07: {error.json_path}: {error.message}"
        )
        return
    recipe = recipe_path(item.path)
    text = starter_recipe(item.spec, recipe, item.project)
    tree, _ = parse(Source(str(recipe), text))
    document = plain(tree) if tree else None
    for found in jsonschema.Draft7Validator(schema).iter_errors(document):
        message = f"the starter recipe breaks its schema: {found.json_path}: {found.message}"
        yield _problem(item, message)


def _problem(item: Loaded, message: str) -> Diagnostic:
    return Diagnostic(
        code="internal",
        message=message,
        span=item.spec.name_key,
        help="report it with this definition",
    )
