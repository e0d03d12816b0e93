"""The definitions and recipes among some files and folders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from arctic_training.diagnostics import Diagnostic, nearest
from arctic_training.document import MapNode, load

__all__ = ["document_files", "document_kind", "read_document"]

_SUFFIXES: Final = {".yaml", ".yml", ".json"}
_NOT_LOOKED_INTO: Final = {"generated", "node_modules", "build", "dist", "__pycache__"}
_DEFINITION_KEYS: Final = (
    "schema_version",
    "extends",
    "config_type",
    "data_factory_type",
    "model_factory_type",
    "checkpoint_engine_type",
    "optimizer_factory_type",
    "scheduler_factory_type",
    "tokenizer_factory_type",
)
_RECIPE_KEYS: Final = ("type", "model", "data")
_ALMOST: Final = 0.85


def document_files(paths: list[Path]) -> Iterator[tuple[Path, bool]]:
    """Iterate over the files to look at, and whether each was named itself."""
    for path in paths:
        if not path.is_dir():
            yield path, True
            continue
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(
                f for f in folders if f not in _NOT_LOOKED_INTO and not f.startswith(".")
            )
            for name in sorted(names):
                found = Path(folder, name)
                if found.suffix in _SUFFIXES and not name.startswith(".") and found.is_file():
                    yield found, False


def read_document(path: Path, *, is_named: bool) -> tuple[MapNode | None, str, list[Diagnostic]]:
    """Return a document, its kind, and what is wrong with its text.

    What is neither a definition nor a recipe has no kind, and nothing is wrong with it, unless the
    file was named itself.
    """
    document, found = load(path)
    kind = document_kind(document, is_named=is_named)
    if document is None:
        return None, "", found if is_named or not _is_other(path, found) else []
    if not kind:
        return None, "", [_neither(document)] if is_named else []
    return document, kind, found


def document_kind(document: MapNode | None, *, is_named: bool) -> str:
    """Tell a definition from a recipe by its keys, mistyped ones too.

    Many a file has a `model` or a `type`: one that was not named itself needs two keys of a recipe.
    """
    keys = document.entries.keys() if document else set()
    if any(nearest(key, _DEFINITION_KEYS, cutoff=_ALMOST) for key in keys):
        return "definition"
    meant = {nearest(key, _RECIPE_KEYS, cutoff=_ALMOST) for key in keys} - {""}
    return "recipe" if len(meant) >= (1 if is_named else 2) else ""


def _is_other(path: Path, found: list[Diagnostic]) -> bool:
    """Return whether a text without a mapping is no attempt at a definition or a recipe."""
    return path.suffix == ".json" or all(problem.code == "wrong-type" for problem in found)


def _neither(document: MapNode) -> Diagnostic:
    return Diagnostic(
        code="unknown-document",
        message="this is neither a trainer definition nor a recipe",
        span=document.span,
        hint="a definition has keys such as `name` and `data_factory_type`, "
        "a recipe has `type`, `model` or `data`",
    )
