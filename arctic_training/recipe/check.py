"""Check a recipe against the schema of its trainer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from arctic_training.diagnostics import Diagnostic, has_errors
from arctic_training.document import (
    JSON,
    MapNode,
    Node,
    ScalarNode,
    UnreadableError,
    find,
    plain,
    rewritten,
    shown_path,
    value_span,
)
from arctic_training.project.locations import Project
from arctic_training.recipe.foreign_types import with_our_types
from arctic_training.recipe.functions import with_arguments
from arctic_training.recipe.hub_names import hub_name_problems
from arctic_training.recipe.outdated import outdated
from arctic_training.recipe.overrides import with_overridden_names
from arctic_training.recipe.path_variables import variable_problems
from arctic_training.recipe.paths import with_paths
from arctic_training.recipe.single_items import with_single_items
from arctic_training.recipe.unknown_trainer import unknown_trainer
from arctic_training.validation import (
    Schema,
    check,
    completed,
    former_names,
    joined,
    of_other_kind,
    rename_problems,
    with_names,
)
from arctic_training.validation.shared_sections import self_contained

__all__ = ["CheckedRecipe", "check_recipe", "migrated_recipe", "recipe_schema", "trainer_name"]

_DEFAULT_TRAINER: Final = "sft"


@dataclass(frozen=True, slots=True)
class CheckedRecipe:
    """A recipe that keeps to the schema of its trainer; its numbers and paths are completed."""

    trainer: str
    package: str
    """Name of the trainer's package in the namespace of all trainers."""

    document: Node
    schema: Schema
    project: Project
    warnings: tuple[Diagnostic, ...] = ()

    @property
    def values(self) -> dict[str, JSON]:
        """The recipe as the trainer's config model takes it."""
        return cast("dict[str, JSON]", plain(self.document))


def check_recipe(
    recipe: MapNode, project: Project
) -> tuple[CheckedRecipe | None, list[Diagnostic]]:
    """Return the completed recipe, with what is deprecated in it; or all that is wrong with it.

    Raises:
        UnreadableError: the schema of its trainer cannot be read.

    """
    if (other := of_other_kind(recipe, "recipe")) is not None:
        return None, [other]
    package, problems = _package(recipe, project)
    if package is None:
        return None, problems
    schema = recipe_schema(package)
    single, wrong = with_single_items(recipe, schema)
    chosen, translated = with_our_types(with_overridden_names(single, schema), schema)
    old = outdated(package, project)
    told = [old.diagnostic(value_span(recipe, ("type",)))] if old else []
    problems = [*told, *wrong, *translated, *check(chosen, schema)]
    problems += joined([*variable_problems(chosen, schema)], [*hub_name_problems(chosen, schema)])
    if has_errors(problems):
        return None, problems
    whole = with_paths(completed(chosen, schema), schema)
    document, wrong = with_arguments(whole, schema, project)
    if wrong:
        return None, [*problems, *wrong]
    name, warnings = trainer_name(schema), tuple(problems)
    return CheckedRecipe(name, package.name, document, schema, project, warnings), problems


def migrated_recipe(recipe: MapNode, project: Project) -> tuple[Node, str | None, list[Diagnostic]]:
    """Return a recipe with current names, as a tree and as text, and a warning for each change.

    Without text, at least one finding is an error.

    Raises:
        UnreadableError: the schema of its trainer cannot be read.

    """
    package, problems = _package(recipe, project)
    if package is None:
        return recipe, None, problems
    schema = recipe_schema(package)
    found = [*rename_problems(recipe, schema)]
    text = None if has_errors(found) else rewritten(recipe, former_names(recipe, schema))
    return with_names(recipe, schema), text, found


def _package(recipe: MapNode, project: Project) -> tuple[Path | None, list[Diagnostic]]:
    """Return the package of a recipe's trainer, or why there is none."""
    trainer = find(recipe, ("type",)) or ScalarNode(_DEFAULT_TRAINER, recipe.span)
    name = plain(trainer)
    package = project.trainer_package(name) if isinstance(name, str) else None
    if package is not None and trainer_name(recipe_schema(package)) == name:
        return package, []
    return None, unknown_trainer(recipe, trainer, _known_schemas(project))


def _known_schemas(project: Project) -> dict[str, Schema]:
    """Return the schemas of the recipes of all trainers, by the trainers' names."""
    schemas = [recipe_schema(package) for package in project.trainer_packages()]
    return {trainer_name(schema): schema for schema in schemas}


def recipe_schema(package: Path) -> Schema:
    """Return the schema of the recipes of a trainer, by the folder of its package.

    Raises:
        UnreadableError: the schema was edited and is not valid JSON.

    """
    path = package / "recipe.schema.json"
    try:
        return Schema(self_contained(json.loads(path.read_text(encoding="utf-8"))))
    except ValueError as error:
        message = "invalid JSON; generate it again: arctic-gen new-trainer DEFINITION"
        raise UnreadableError(f"{shown_path(path)}: {message}") from error


def trainer_name(schema: Schema) -> str:
    """Return the name of the trainer whose recipes a schema is for."""
    properties = cast("dict[str, dict[str, JSON]]", schema.root["properties"])
    return str(properties["type"]["const"])
