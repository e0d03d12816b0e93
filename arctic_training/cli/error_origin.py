"""Attribute an unexpected exception: to this package, or to the user's loss or module."""

from __future__ import annotations

import site
import sysconfig
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import arctic_training
from arctic_training.document import shown_path
from arctic_training.project.locations import NAMESPACE

__all__ = ["of_users_code"]

_OURS: Final = Path(arctic_training.__file__).parent
_LIBRARIES: Final = (
    *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
    *site.getsitepackages(),
    site.getusersitepackages(),
)
_COMMANDS: Final = sysconfig.get_path("scripts")


def of_users_code(error: BaseException) -> str | None:
    """Return what an exception says, with the line of the user's that it comes from.

    The innermost frame outside libraries decides. None if that frame belongs to this package.
    """
    for file, line, name in _places(error):
        path = Path(file)
        if path.is_relative_to(_OURS):
            return None
        if not _is_neutral(path):
            return f"{shown_path(path)}:{line}: {_said(error, name)}"
    return None


def _said(error: BaseException, name: str) -> str:
    """Return what an exception says; a syntax error does not repeat its place."""
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg}"
    return f"{type(error).__name__}: {error}".removesuffix(": ") + f" (in `{name}`)"


def _places(error: BaseException) -> Iterator[tuple[str, int, str]]:
    """Iterate over file, line and function of each frame, the innermost first."""
    if isinstance(error, SyntaxError) and error.filename:
        yield error.filename, error.lineno or 1, Path(error.filename).stem
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        yield frame.filename, frame.lineno or 1, frame.name


def _is_neutral(path: Path) -> bool:
    """Return whether a file is a library's, or a generated one that only calls what is given."""
    library = any(map(path.is_relative_to, _LIBRARIES)) or not path.is_file()
    return library or NAMESPACE in path.parts or path.is_relative_to(_COMMANDS)
