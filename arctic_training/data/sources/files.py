"""What a path of a recipe stands for: a file, a pattern, a folder, a saved data set."""

from __future__ import annotations

import glob
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from arctic_training.diagnostics import did_you_mean
from arctic_training.errors import RecipeError

__all__ = ["Files", "Saved", "located_data"]

_FORMATS: Final = {
    ".arrow": "arrow",
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".parquet": "parquet",
    ".tsv": "tsv",
    ".txt": "text",
}
"""Formats of `arctic_training.data.sources.row_files` by the suffix of a file."""

_COMPRESSED: Final = (".gz", ".bz2", ".xz", ".zst")
_READ: Final = (
    f"{', '.join(_FORMATS)} are read, also compressed ({', '.join(_COMPRESSED)}), in folders, "
    "by patterns such as `./part-*.jsonl`, and folders that `save_to_disk` wrote"
)
_HINT: Final = "a local file or folder is written as `./file`, `/file` or `~/file`"
_SAVED: Final = ("state.json", "dataset_dict.json")


@dataclass(frozen=True, slots=True)
class Files:
    """Files of one format."""

    kind: str
    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Saved:
    """A folder that `save_to_disk` wrote."""

    path: Path


def located_data(name_or_path: str) -> Files | Saved | None:
    """Return what a name stands for; None for a name on the hub. Only names are looked at.

    Raises:
        RecipeError: at ``name_or_path``: there is no such thing, or it is not data.

    """
    path = Path(name_or_path)
    if not path.is_absolute():
        return None
    if glob.has_magic(name_or_path) and not path.exists():
        found = sorted(map(Path, glob.glob(name_or_path, recursive=True)))  # noqa: PTH207 - absolute
        return _files(name_or_path, [each for each in found if each.is_file()])
    if not path.exists():
        raise _missing(path)
    if path.is_file():
        return _files(name_or_path, [path])
    if any((path / mark).exists() for mark in _SAVED):
        return Saved(path)
    return _files(name_or_path, [each for each in sorted(path.rglob("*")) if _suffix(each)])


def _files(name: str, paths: list[Path]) -> Files:
    suffixes = {_suffix(path) for path in paths} - {""}
    if not suffixes or not all(map(_suffix, paths)):
        raise _unusable(name, "it has no file of a kind that is read", _READ)
    formats = {_FORMATS[suffix] for suffix in suffixes}
    if len(formats) > 1:
        kinds = ", ".join(sorted(suffixes))
        raise _unusable(name, f"it has files of several kinds: {kinds}", "choose by a pattern")
    return Files(formats.pop(), tuple(paths))


def _suffix(path: Path) -> str:
    """Return the suffix that says how a file is read, without that of its compression."""
    is_compressed = path.suffix.lower() in _COMPRESSED
    suffix = (Path(path.stem) if is_compressed else path).suffix.lower()
    return suffix if suffix in _FORMATS else ""


def _missing(path: Path) -> RecipeError:
    beside = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
    hint = did_you_mean(path.name, beside, _HINT)
    return _unusable(str(path), "there is no such file or folder", hint)


def _unusable(name: str, reason: str, hint: str) -> RecipeError:
    message = f"the data set `{name}` cannot be loaded: {reason}"
    return RecipeError(("name_or_path",), message, code="not-found", hint=hint)
