"""Definitions of a project that were not named and have the name of one that was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from arctic_training.cli.documents import document_files, documents_in
from arctic_training.definition.duplicate_names import may_be_named, place_of_name
from arctic_training.definition.stages import Loaded, by_project, taken
from arctic_training.diagnostics import Diagnostic, Related
from arctic_training.document import shown_path
from arctic_training.project.locations import Project

__all__ = ["rivals"]


def rivals(loaded: list[Loaded]) -> Iterator[Diagnostic]:
    """Find definitions of the same projects that would be generated into the same packages.

    What is generated elsewhere, into a folder of its own, is in the way of none.
    """
    for part in by_project([item for item in loaded if not item.project.is_elsewhere]):
        named = {item.path.resolve() for item in part}
        packages = {item.spec.package: item for item in part}
        for path in _candidates(part):
            for package in may_be_named(path, {*packages}) if path.resolve() not in named else ():
                place = place_of_name(path, package)
                if place and Project.of(path).root == part[0].project.root:
                    reason = f"{shown_path(path)} has it"
                    yield taken(packages[package], reason, (Related("taken here", place),))


def _candidates(part: list[Loaded]) -> Iterator[Path]:
    """Iterate over the documents of a project.

    A folder that no ``pyproject.toml`` says to be a project may be anything, such as a home: then
    those beside the definitions are all.
    """
    root = part[0].project.root
    if (root / "pyproject.toml").is_file():
        yield from (path for path, _ in document_files([root]))
    else:
        for folder in {item.path.resolve().parent: None for item in part}:
            yield from documents_in(folder)
