"""What a path of a recipe stands for: a file, a pattern, a folder, a saved data set."""

from __future__ import annotations

import csv
import glob
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import fsspec

from arctic_training.diagnostics import did_you_mean
from arctic_training.errors import RecipeError

__all__ = ["Files", "Saved", "located_data"]

_JSON: Final = ("json", ())
_READERS: Final[dict[str, tuple[str, tuple[tuple[str, str], ...]]]] = {
    ".csv": ("csv", ()),
    ".json": _JSON,
    ".jsonl": _JSON,
    ".ndjson": _JSON,
    ".parquet": ("parquet", ()),
    ".tsv": ("csv", (("sep", "\t"),)),
    ".txt": ("text", (("sample_by", "document"),)),
}
_COMPRESSED: Final = (".gz", ".bz2", ".xz", ".zst")
_READ: Final = (
    f"{', '.join(_READERS)} are read, also compressed ({', '.join(_COMPRESSED)}), in folders, "
    "by patterns such as `./part-*.jsonl`, and folders that `save_to_disk` wrote"
)
_HINT: Final = "a local file or folder is written as `./file`, `/file` or `~/file`"
_SAVED: Final = ("state.json", "dataset_dict.json")


@dataclass(frozen=True, slots=True)
class Files:
    """Files that one reader of `datasets` reads."""

    builder: str
    paths: tuple[Path, ...]
    options: tuple[tuple[str, str], ...]

    def column_names(self) -> list[str]:
        """Return the columns of the first file, from its schema or first line; none: not known.

        Raises:
            OSError: the file cannot be read.
            ValueError: the file is not what its name says.

        """
        if self.builder == "parquet":
            from pyarrow import parquet

            return list(parquet.read_schema(self.paths[0]).names)
        if self.builder == "text":
            return ["text"]
        with fsspec.open(str(self.paths[0]), "rt", compression="infer", encoding="utf-8") as file:
            first: str = file.readline()
        if self.builder == "csv":
            return next(csv.reader([first], delimiter=dict(self.options).get("sep", ",")), [])
        return _keys(first)


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


def _keys(line: str) -> list[str]:
    """Return the keys of a row of JSON lines; other JSON says nothing in its first line."""
    try:
        row = json.loads(line)
    except ValueError:
        return []
    return list(row) if isinstance(row, dict) else []


def _files(name: str, paths: list[Path]) -> Files:
    suffixes = {_suffix(path) for path in paths} - {""}
    if not suffixes or not all(map(_suffix, paths)):
        raise _unusable(name, "it has no file of a kind that is read", _READ)
    readers = {_READERS[suffix] for suffix in suffixes}
    if len(readers) > 1:
        kinds = ", ".join(sorted(suffixes))
        raise _unusable(name, f"it has files of several kinds: {kinds}", "choose by a pattern")
    builder, options = readers.pop()
    return Files(builder, tuple(paths), options)


def _suffix(path: Path) -> str:
    """Return the suffix that says how a file is read, without that of its compression."""
    suffix = Path(path.stem).suffix if path.suffix in _COMPRESSED else path.suffix
    return suffix if suffix in _READERS else ""


def _missing(path: Path) -> RecipeError:
    beside = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
    hint = did_you_mean(path.name, beside, _HINT)
    return _unusable(str(path), "there is no such file or folder", hint)


def _unusable(name: str, reason: str, hint: str) -> RecipeError:
    message = f"the data set `{name}` cannot be loaded: {reason}"
    return RecipeError(("name_or_path",), message, code="not-found", hint=hint)
