"""Where a generator may write: nowhere outside of the folder that it works in."""

from __future__ import annotations

from pathlib import Path

__all__ = ["UnsafePathError", "confined"]


class UnsafePathError(OSError):
    """A path leads out of the folder that it belongs to, by a link or by `..`."""


def confined(path: Path, root: Path) -> Path:
    """Return a path of which all folders, links followed, lie within ``root``.

    Raises:
        UnsafePathError: they do not.

    """
    if not path.parent.resolve().is_relative_to(root.resolve()):
        raise UnsafePathError(f"{path} leads out of {root}, and is not written to")
    return path
