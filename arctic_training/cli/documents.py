"""The definitions and recipes among some files and folders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from arctic_training.cli.ignored_files import ignored_by_git, is_made
from arctic_training.diagnostics import Diagnostic
from arctic_training.document import MapNode, load
from arctic_training.validation import document_kind

__all__ = ["CODE_SUFFIX", "document_files", "documents_in", "read_document"]

CODE_SUFFIX: Final = ".py"
_SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})
_NOT_LOOKED_INTO: Final = {"generated", "node_modules", "build", "dist", "__pycache__"}


def document_files(
    paths: list[Path], *, includes_code: bool = False
) -> Iterator[tuple[Path, bool]]:
    """Iterate over the files to look at, and whether each was named itself.

    Hidden files and folders, caches, outputs of runs and files that git ignores are left out.
    """
    suffixes = _SUFFIXES | {CODE_SUFFIX} if includes_code else _SUFFIXES
    for path in paths:
        if path.is_dir():
            yield from ((found, False) for found in _below(path, suffixes))
        else:
            yield path, True


def documents_in(folder: Path) -> list[Path]:
    """Return the files right in a folder that may be documents, sorted."""
    found = (path for path in folder.iterdir() if path.suffix in _SUFFIXES)
    return sorted(path for path in found if not path.name.startswith(".") and path.is_file())


def _below(path: Path, suffixes: frozenset[str]) -> Iterator[Path]:
    ignored = ignored_by_git(path)
    for folder, folders, names in os.walk(path):
        if is_made(names):
            folders.clear()
            continue
        folders[:] = sorted(
            name for name in folders if not _is_left_out(name) and Path(folder, name) not in ignored
        )
        for name in sorted(names):
            found = Path(folder, name)
            is_document = found.suffix in suffixes and not name.startswith(".")
            if is_document and found not in ignored and found.is_file():
                yield found


def _is_left_out(folder: str) -> bool:
    return folder in _NOT_LOOKED_INTO or folder.startswith(".")


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


def _is_other(path: Path, found: list[Diagnostic]) -> bool:
    """Return whether a file without a mapping is neither a definition nor a recipe."""
    return path.suffix == ".json" or all(problem.code == "wrong-type" for problem in found)


def _neither(document: MapNode) -> Diagnostic:
    return Diagnostic(
        code="unknown-document",
        message="this is neither a trainer definition nor a recipe",
        span=document.span,
        help="a definition has keys such as `name` and `data_factory_type`, "
        "a recipe has `type`, `model` or `data`",
    )
