"""What differs between what is planned and what is there."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from arctic_training.codegen.unified_diff import unified_diff
from arctic_training.project.manifest import Manifest, digest

__all__ = ["FileChange", "Kind", "change_of", "compare", "diff", "edit_of", "short_diff"]

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
class FileChange:
    """A file, by its path from the generated source root, as it is and as it is to be.

    An ``EDITED`` file is a generated one that somebody else changed, or replaced by a link; an
    ``UNKNOWN`` file is in a generated package and was not generated.
    """

    path: str
    kind: Kind
    before: str | None
    after: str | None
    is_link: bool = False
    """Whether a symbolic link is there, which may lead to a file, or nowhere for now."""


def compare(
    planned: Mapping[str, str], stale: set[str], manifest: Manifest, root: Path
) -> list[FileChange]:
    """Compare the planned texts with the files below ``root``, sorted by path.

    ``stale`` are generated files that are no longer made.
    """
    recorded = manifest.files()
    changes = [
        change_of(path, text, recorded.get(path), f"{root}/{path}")
        for path, text in planned.items()
    ]
    changes += [_removal(path, recorded.get(path), f"{root}/{path}") for path in stale]
    known = set(planned) | stale
    folders = {path.rpartition("/")[0] for path in known}
    changes += [
        FileChange(path, Kind.UNKNOWN, None, None) for path in _others(folders, known, root)
    ]
    return sorted(changes, key=lambda change: change.path)


def diff(change: FileChange) -> str:
    """Return the unified diff from the file as it is to the file as it is to be."""
    before, after = change.before or "", change.after or ""
    return unified_diff(before, after, f"{change.path} (as it is)", f"{change.path} (generated)")


def edit_of(change: FileChange) -> str:
    """Return what was done to a file that was edited, as the end of a sentence about it."""
    return "was replaced by a symbolic link" if change.is_link else "was edited by hand"


def short_diff(change: FileChange) -> str:
    """Return how many lines differ, and the beginning of the first hunk."""
    lines = diff(change).splitlines()[2:]
    added, removed = (sum(line.startswith(sign) for line in lines) for sign in "+-")
    ends = (n for n, line in enumerate(lines) if n and line.startswith("@@"))
    shown = lines[: min(next(ends, len(lines)), _MOST_LINES)]
    more = ["..."] if len(shown) < len(lines) else []
    return "\n".join([f"(-{removed} +{added} lines):", *shown, *more])


def change_of(path: str, planned: str, recorded: str | None, place: str) -> FileChange:
    """Return the change to the file at ``place``; ``recorded`` is its hash when it was made.

    Raises:
        OSError: neither a file nor a link is there, or in its way.

    """
    found, is_link = _found(place)
    if found == planned:
        kind = Kind.KEEP
    elif found is None:
        kind = Kind.CREATE
    elif is_link or digest(found) != recorded:
        kind = Kind.EDITED
    else:
        kind = Kind.UPDATE
    return FileChange(path, kind, found, planned, is_link)


def _removal(path: str, recorded: str | None, place: str) -> FileChange:
    found, is_link = _found(place)
    if found is None:
        return FileChange(path, Kind.KEEP, None, None)
    is_ours = digest(found) == recorded and not is_link
    return FileChange(path, Kind.DELETE if is_ours else Kind.EDITED, found, None, is_link)


def _others(folders: set[str], known: set[str], root: Path) -> Iterator[str]:
    for folder in sorted(folders):
        for path in sorted((root / folder).rglob("*")):
            relative = path.relative_to(root).as_posix()
            if path.is_file() and relative not in known and "__pycache__" not in path.parts:
                yield relative


def _found(path: str) -> tuple[str | None, bool]:
    """Return the text of a file, or None where there is none, and whether a link leads to it.

    A broken link reads as an empty string: it exists.
    """
    is_link = os.path.islink(path)  # noqa: PTH114 - often
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - often
    except OSError as error:
        if is_link:
            return "", True
        if isinstance(error, FileNotFoundError):
            return None, False
        raise _in_the_way(error.errno or errno.EIO, path) from error
    if not stat.S_ISREG(mode):  # opening a pipe would wait for who writes to it
        raise _in_the_way(errno.EISDIR if stat.S_ISDIR(mode) else errno.EEXIST, path)
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - often
            return file.read(), is_link
    except UnicodeDecodeError:
        return "", is_link


def _in_the_way(number: int, path: str) -> OSError:
    """Return the error of its kind, such as IsADirectoryError, with the remedy."""
    said = f"{os.strerror(number)}: move away what is in the place of this generated file"
    return OSError(number, said, path)
