"""Where a generator may write: nowhere outside of the folder that it works in."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

__all__ = ["UnsafePathError", "all_confined", "confined"]


class UnsafePathError(OSError):
    """A path leads out of the folder that it belongs to, by a link or by `..`."""


def all_confined(paths: Iterable[str], root: Path) -> None:
    """Look at some paths from ``root``, each folder once.

    Raises:
        UnsafePathError: one of them leads out of it.

    """
    resolved = root.resolve()
    for folder in {path.rpartition("/")[0] for path in paths}:
        if not (root / folder).resolve().is_relative_to(resolved):
            raise _unsafe(root / folder, root)


def confined(path: Path, root: Path) -> Path:
    """Return a path of which all folders, links followed, lie within ``root``.

    Raises:
        UnsafePathError: they do not.

    """
    if not path.parent.resolve().is_relative_to(root.resolve()):
        raise _unsafe(path, root)
    return path


def _unsafe(path: Path, root: Path) -> UnsafePathError:
    return UnsafePathError(f"{path} leads out of {root}, and is not written to")
