"""What differs between what is planned and what is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from arctic_training.codegen.manifest import Manifest, digest
from arctic_training.codegen.unified import unified_diff

__all__ = ["Change", "Kind", "compare", "diff", "found_text", "short_diff"]

_MOST_LINES: Final = 12
"""How many lines of a difference are shown where only its beginning is."""


class Kind(StrEnum):
    """What happens to a file of the generated source root."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    KEEP = "keep"
    EDITED = "edited"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Change:
    """A file, by its path from the generated source root, as it is and as it is to be.

    An ``EDITED`` file is one of ours that somebody else wrote to; an ``UNKNOWN`` one stands in a
    package of ours and is not ours.
    """

    path: str
    kind: Kind
    before: str | None
    after: str | None


def compare(
    planned: Mapping[str, str], stale: set[str], manifest: Manifest, root: Path
) -> list[Change]:
    """Compare the planned texts with the files below ``root``, sorted by path.

    ``stale`` are files of ours that are no longer made.
    """
    recorded = manifest.files()
    changes = [
        _change(path, text, recorded.get(path), found_text(f"{root}/{path}"))
        for path, text in planned.items()
    ]
    changes += [_removal(path, recorded.get(path), found_text(f"{root}/{path}")) for path in stale]
    known = set(planned) | stale
    folders = {path.rpartition("/")[0] for path in known}
    changes += [Change(path, Kind.UNKNOWN, None, None) for path in _others(folders, known, root)]
    return sorted(changes, key=lambda change: change.path)


def diff(change: Change) -> str:
    """Return the unified diff from the file as it is to the file as it is to be."""
    before, after = change.before or "", change.after or ""
    return unified_diff(before, after, f"{change.path} (as it is)", f"{change.path} (generated)")


def short_diff(change: Change) -> str:
    """Return how many lines differ, and the beginning of the first hunk."""
    lines = diff(change).splitlines()[2:]
    added, removed = (sum(line.startswith(sign) for line in lines) for sign in "+-")
    ends = (n for n, line in enumerate(lines) if n and line.startswith("@@"))
    shown = lines[: min(next(ends, len(lines)), _MOST_LINES)]
    more = ["..."] if len(shown) < len(lines) else []
    return "\n".join([f"(-{removed} +{added} lines):", *shown, *more])


def _change(path: str, planned: str, recorded: str | None, found: str | None) -> Change:
    if found == planned:
        kind = Kind.KEEP
    elif found is None:
        kind = Kind.CREATE
    elif digest(found) != recorded:
        kind = Kind.EDITED
    else:
        kind = Kind.UPDATE
    return Change(path, kind, found, planned)


def _removal(path: str, recorded: str | None, found: str | None) -> Change:
    if found is None:
        return Change(path, Kind.KEEP, None, None)
    kind = Kind.DELETE if digest(found) == recorded else Kind.EDITED
    return Change(path, kind, found, None)


def _others(folders: set[str], known: set[str], root: Path) -> Iterator[str]:
    for folder in sorted(folders):
        for path in sorted((root / folder).rglob("*")):
            relative = path.relative_to(root).as_posix()
            if path.is_file() and relative not in known and "__pycache__" not in path.parts:
                yield relative


def found_text(path: str) -> str | None:
    """Return the text of a file; nothing where there is none.

    Raises:
        OSError: something else stands there, or in its way.

    """
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - often
            return file.read()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        return ""
    except (IsADirectoryError, NotADirectoryError) as error:
        said = f"{error.strerror}: move away what is in the place of this generated file"
        raise type(error)(error.errno, said, path) from error
