"""Findings for a recipe of a trainer that does not exist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from arctic_training.config.foreign_names import FOREIGN_TRAINERS
from arctic_training.diagnostics import Diagnostic, known_words, nearest
from arctic_training.document import MapNode, Node, plain, shown
from arctic_training.validation import Schema
from arctic_training.validation.unknown_keys import KeyFinder

__all__ = ["unknown_trainer"]

_ALIKE: Final = 0.65
"""Minimum similarity of a trainer: names are short, and a part of one is not a typing error."""


def unknown_trainer(
    recipe: MapNode, trainer: Node, known: Mapping[str, Schema]
) -> list[Diagnostic]:
    """Return that there is no such trainer, and each key that no trainer supports.

    Args:
        recipe: the recipe.
        trainer: the name in it.
        known: the schemas of the recipes of all trainers, by their names.

    """
    name = plain(trainer)
    if not isinstance(name, str):
        message = f"expected the name of a trainer, found {shown(name)}"
        hint = f"known here: {known_words(known)}"
        return [Diagnostic(code="wrong-type", message=message, span=trainer.span, help=hint)]
    foreign = FOREIGN_TRAINERS.get(name, "")
    otherwise = foreign or "make one of that name with `arctic-gen new-trainer DEFINITION`"
    unknown = Diagnostic(
        code="unknown-trainer",
        message=f"there is no trainer `{name}`",
        span=trainer.span,
        suggestion="" if foreign else nearest(name, known, cutoff=_ALIKE),
        help=f"known here: {known_words(known)}; or {otherwise}",
    )
    return [unknown, *_unsupported(recipe, known)]


def _unsupported(recipe: MapNode, known: Mapping[str, Schema]) -> list[Diagnostic]:
    """Return the keys at the top that every trainer refuses, each with its reason."""
    refused = [rules for schema in known.values() if isinstance(rules := _refused(schema), dict)]
    schema = next(iter(known.values()), None)
    if schema is None:
        return []
    finder = KeyFinder(recipe, schema)
    shared = [key for key in recipe.entries if refused and all(key in rules for rules in refused)]
    return [finder.unknown_key((key,), [schema.root]).diagnostic for key in shared]


def _refused(schema: Schema) -> object:
    return schema.root.get("x-planned")
