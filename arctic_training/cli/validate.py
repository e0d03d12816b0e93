"""``arctic-gen validate``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NoReturn

import click

from arctic_training.cli.output import finish
from arctic_training.codegen.definitions import definition_problems
from arctic_training.diagnostics import Diagnostic, Format, nearest
from arctic_training.document import MapNode, joined, load, shown_path
from arctic_training.project import Project
from arctic_training.recipe import check_recipe

__all__ = ["validate"]

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


def validate(paths: list[Path], form: Format) -> NoReturn:
    """Check every definition and recipe among some files and folders."""
    problems: list[Diagnostic] = []
    counts = {"definition": 0, "recipe": 0}
    for path, is_named in _files(paths):
        document, found = load(path)
        kind = _kind(document, is_named=is_named)
        if document is None and (is_named or not _is_other(path, found)):
            problems += found
        elif document and kind == "definition":
            problems += joined(found, definition_problems(document, path))
        elif document and kind == "recipe":
            problems += joined(found, check_recipe(document, Project.of(path))[1])
        elif document and is_named:
            problems.append(_neither(document))
        else:
            click.echo(f"skipped: {shown_path(path)} is no definition and no recipe", err=True)
        if kind:
            counts[kind] += 1
    finish(problems, form, summary=_summary(counts))


def _files(paths: list[Path]) -> Iterator[tuple[Path, bool]]:
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
                if Path(name).suffix in _SUFFIXES and not name.startswith("."):
                    yield Path(folder, name), False


def _kind(document: MapNode | None, *, is_named: bool) -> str:
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


def _summary(counts: dict[str, int]) -> str:
    parts = [f"{n} {kind}{'s' if n != 1 else ''}" for kind, n in counts.items() if n]
    return f"{' and '.join(parts)} checked: no problems" if parts else "nothing to check"
