"""``arctic-gen explain FILE``: where each value of a definition or of a recipe comes from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple, NoReturn, cast

import click

from arctic_training.api import checked_recipe
from arctic_training.cli.output import finish
from arctic_training.definition.default_locations import default_place
from arctic_training.definition.definition import Definition
from arctic_training.definition.extend import extend, known_definitions
from arctic_training.definition.stages import read_definition
from arctic_training.diagnostics import Diagnostic, Format, did_you_mean
from arctic_training.document import JSON, MapNode, Node, Pointer, ScalarNode, children, load, plain
from arctic_training.errors import InvalidRecipeError
from arctic_training.project.locations import Project
from arctic_training.project.manifest import ManifestError
from arctic_training.recipe import PLACE, CheckedRecipe, defaults
from arctic_training.validation import document_kind
from arctic_training.validation.shipped_schemas import schema

__all__ = ["explain_file"]

_BUILT_IN: Final = "built-in default"


class _Row(NamedTuple):
    key: str
    value: JSON
    place: str

    @property
    def bare(self) -> str:
        """The key without the numbers of items of lists."""
        return ".".join(step for step in self.key.split(".") if not step.isdecimal())

    def is_of(self, key: str) -> bool:
        """Return whether the way to it leads through a key; numbers may be left out of that."""
        return any(f".{key}." in f".{way}." for way in (self.key, self.bare))


def explain_file(path: Path, arguments: Sequence[str]) -> NoReturn:
    """Print each value and its origin: file and line, command line, or a default and whose it is.

    Of the arguments, `KEY=VALUE` is laid over a recipe; keys leave all but their values out.
    """
    overrides = [argument for argument in arguments if "=" in argument]
    keys = [argument for argument in arguments if "=" not in argument]
    document, problems = load(path)
    if document is not None and document_kind(document, is_named=True) == "recipe":
        rows, problems = _of_recipe(path, overrides)
    elif overrides:
        raise click.UsageError(f"{path} is not a recipe: KEY=VALUE applies to recipes only")
    elif document is not None:
        rows, found = _of_definition(document, path)
        problems += found
    else:
        rows = []
    rows = _narrowed(rows, keys, path)
    width = max((len(row.key) for row in rows), default=0)
    for key, value, place in rows:
        click.echo(f"{key:{width}}  {json.dumps(value, ensure_ascii=False)}  ({place})")
    finish(problems, Format.TEXT)


def _narrowed(rows: list[_Row], keys: Sequence[str], path: Path) -> list[_Row]:
    """Return the rows of the given keys and of the keys below them; without keys, all rows.

    Raises:
        ClickException: nothing is called by one of the keys.

    """
    for key in keys if rows else ():
        if not any(row.is_of(key) for row in rows):
            known = {name for row in rows for name in (row.bare, row.bare.rpartition(".")[2])}
            hint = did_you_mean(key, known, f"`arctic-gen explain {path}` shows all")
            raise click.ClickException(f"nothing in {path} is called `{key}`; {hint}")
    return [row for row in rows if not keys or any(map(row.is_of, keys))]


def _of_definition(document: MapNode, path: Path) -> tuple[list[_Row], list[Diagnostic]]:
    try:
        extended, found = extend(document, path, Project.of(path))
    except ManifestError as error:
        raise click.ClickException(str(error)) from error
    whole = extended.tree if extended else document
    known = cast("dict[str, dict[str, JSON]]", schema("trainer.schema.json").root["properties"])
    left_out = [
        _Row(key, rule["default"], _BUILT_IN)
        for key, rule in known.items()
        if "default" in rule and key not in whole.entries
    ]
    return [*_written(whole, ""), *left_out], found


def _of_recipe(path: Path, overrides: Sequence[str]) -> tuple[list[_Row], list[Diagnostic]]:
    """Return the values of each section: those of the recipe, then all others."""
    try:
        recipe = checked_recipe(path, overrides)
    except InvalidRecipeError as error:
        return [], error.diagnostics
    definition = _definition(recipe)
    left_out = [
        _Row(".".join(map(str, way)), value, _default(recipe, definition, way))
        for way, value in defaults(recipe.document, recipe.schema)
    ]
    rows = [*_written(recipe.document, ""), *left_out]
    sections = [row.key.partition(".")[0] for row in rows]
    order = {section: number for number, section in enumerate(dict.fromkeys(sections))}
    return sorted(rows, key=lambda row: order[row.key.partition(".")[0]]), [*recipe.warnings]


def _definition(recipe: CheckedRecipe) -> Definition | None:
    """Return what the trainer of a recipe was made of; None where it is not there, or wrong."""
    try:
        path = known_definitions(recipe.project).get(recipe.trainer)
        if path is None or not path.is_file():
            return None
        document, _ = load(path)
        project = Project.of(path)
        loaded = read_definition(document, path.resolve(), project)[0] if document else None
    except ManifestError as error:
        raise click.ClickException(str(error)) from error
    return loaded.spec if loaded else None


def _default(recipe: CheckedRecipe, definition: Definition | None, way: Pointer) -> str:
    """Say whose a default is; unknown for a trainer without its definition."""
    if definition is None:
        return "default"
    place = default_place(definition, recipe.document, way)
    return f"default of {place.source.path}:{place.line}" if place else _BUILT_IN


def _written(node: Node, way: str) -> Iterator[_Row]:
    """Iterate over the values of a document: the way to each, the value and its place."""
    below = list(children(node))
    if isinstance(node, ScalarNode) or not below:
        source = node.span.source.path
        place = source if source == PLACE else f"{source}:{node.span.line}"
        yield _Row(way, plain(node), place)
    for step, child in below:
        yield from _written(child, f"{way}.{step}" if way else str(step))
