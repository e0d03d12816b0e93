"""Files that are not the user's documents: outputs of runs, and files that git ignores."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from arctic_training.fs.folder_mark import MARK

__all__ = ["ignored_by_git", "is_made"]

_MARKS: Final = {MARK, "CACHEDIR.TAG", "pyvenv.cfg"}
_LISTED: Final = ("ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z")


def is_made(names: list[str]) -> bool:
    """Return whether a folder with files of these names is a cache or the output of a run."""
    return not _MARKS.isdisjoint(names)


def ignored_by_git(folder: Path) -> set[Path]:
    """Return the files and folders below a folder that git ignores; none outside a repository."""
    from arctic_training.project.isolated_git import (  # only a folder needs it
        GitNotInstalledError,
        Repository,
        isolated_git,
    )

    repository = Repository.of(folder)
    if repository is None:
        return set()
    try:
        with isolated_git(repository) as git:
            listed = git.run(folder, *_LISTED) or b""
    except GitNotInstalledError:
        return set()
    names = listed.decode(errors="surrogateescape").split("\0")[:-1]
    return {folder / name for name in names}
