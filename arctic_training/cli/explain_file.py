"""``arctic-gen explain FILE``: where each value of a definition or of a recipe comes from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

import click

from arctic_training.api import checked_recipe
from arctic_training.cli.output import finish
from arctic_training.codegen.extend import extend
from arctic_training.codegen.manifest import ManifestError
from arctic_training.diagnostics import Diagnostic, Format
from arctic_training.document import (
    JSON,
    MapNode,
    Node,
    ScalarNode,
    children,
    document_kind,
    load,
    plain,
)
from arctic_training.errors import InvalidRecipeError
from arctic_training.project import Project
from arctic_training.recipe import PLACE, defaults

__all__ = ["explain_file"]


class _Row(NamedTuple):
    key: str
    value: JSON
    place: str


def explain_file(path: Path, overrides: Sequence[str]) -> NoReturn:
    """Print each value and its origin: file and line, command line, or default."""
    document, problems = load(path)
    if document is not None and document_kind(document, is_named=True) == "recipe":
        rows, problems = _of_recipe(path, overrides)
    elif overrides:
        raise click.UsageError(f"{path} is no recipe: it takes no KEY=VALUE")
    elif document is not None:
        rows, found = _of_definition(document, path)
        problems += found
    else:
        rows = []
    width = max((len(row.key) for row in rows), default=0)
    for key, value, place in rows:
        click.echo(f"{key:{width}}  {json.dumps(value, ensure_ascii=False)}  ({place})")
    finish(problems, Format.TEXT)


def _of_definition(document: MapNode, path: Path) -> tuple[list[_Row], list[Diagnostic]]:
    try:
        whole, _, found = extend(document, path, Project.of(path))
    except ManifestError as error:
        raise click.ClickException(str(error)) from error
    return [*_written(whole, "")], found


def _of_recipe(path: Path, overrides: Sequence[str]) -> tuple[list[_Row], list[Diagnostic]]:
    """Return the values of each section: those that stand in the recipe, then all others."""
    try:
        recipe = checked_recipe(path, overrides)
    except InvalidRecipeError as error:
        return [], error.diagnostics
    left_out = defaults(recipe.document, recipe.schema)
    rows = [
        *_written(recipe.document, ""),
        *(_Row(".".join(map(str, way)), value, "default") for way, value in left_out),
    ]
    sections = [row.key.partition(".")[0] for row in rows]
    order = {section: number for number, section in enumerate(dict.fromkeys(sections))}
    return sorted(rows, key=lambda row: order[row.key.partition(".")[0]]), [*recipe.warnings]


def _written(node: Node, way: str) -> Iterator[_Row]:
    """Iterate over the values of a document: the way to each, the value and its place."""
    below = list(children(node))
    if isinstance(node, ScalarNode) or not below:
        source = node.span.source.path
        place = source if source == PLACE else f"{source}:{node.span.line}"
        yield _Row(way, plain(node), place)
    for step, child in below:
        yield from _written(child, f"{way}.{step}" if way else str(step))
