"""Definitions and recipes: which of both a document is, and that it is not what was asked for."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal

from arctic_training.diagnostics import Diagnostic, nearest
from arctic_training.document.node import MapNode, ScalarNode, find

__all__ = ["Kind", "document_kind", "of_other_kind"]

Kind = Literal["definition", "recipe", ""]

_KEYS: Final = {
    "definition": (
        "schema_version",
        "extends",
        "config_type",
        "data_factory_type",
        "model_factory_type",
        "checkpoint_engine_type",
        "optimizer_factory_type",
        "scheduler_factory_type",
        "tokenizer_factory_type",
    ),
    "recipe": ("type", "model", "data"),
}
_ALMOST: Final = 0.85


def document_kind(document: MapNode | None, *, is_named: bool) -> Kind:
    """Tell a definition from a recipe by its keys, mistyped ones too; neither has no kind.

    Many a file has a `model` or a `type`: one that was not named itself needs two keys of a recipe.
    """
    if document is None:
        return ""
    defining, training = len(_meant(document, "definition")), len(_meant(document, "recipe"))
    if defining > training:
        return "definition"
    return "recipe" if training >= (1 if is_named else 2) else ""


def of_other_kind(document: MapNode, wanted: Kind) -> Diagnostic | None:
    """Return that a definition stands where a recipe is wanted, or the other way round."""
    kind = document_kind(document, is_named=False)
    if not kind or kind == wanted:
        return None
    path = document.span.source.path
    if kind == "definition":
        what, hint = "a trainer definition, not a recipe", _to_generate(document, path)
    else:
        what = "a recipe, not a trainer definition"
        hint = f"train with `arctic-train {path}`; `arctic-gen validate {path}` checks it"
    first = next(key for key in document.entries if key in _meant(document, kind))
    span = document.entries[first].key
    return Diagnostic(code="wrong-document", message=f"this is {what}", span=span, hint=hint)


def _to_generate(document: MapNode, path: str) -> str:
    name = find(document, ("name",))
    named = f"`type: {name.value}`" if isinstance(name, ScalarNode) else "its `type`"
    return f"make the trainer with `arctic-gen new-trainer {path}`; a recipe names it by {named}"


def _meant(document: MapNode, kind: Literal["definition", "recipe"]) -> list[str]:
    """Return the keys of a document that a kind has, or nearly has."""
    return [key for key in document.entries if _is_meant(key, kind)]


@lru_cache(maxsize=1024)
def _is_meant(key: str, kind: Literal["definition", "recipe"]) -> bool:
    """Return whether a kind has a key, or nearly has it; most documents have the same keys."""
    return bool(nearest(key, _KEYS[kind], cutoff=_ALMOST))
