"""The layout of Python code: ruff's, whatever the user's settings are."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

from ruff import find_ruff_bin

__all__ = ["laid_out", "lay_out"]

_SETTINGS: Final = ("--isolated", "--no-cache", "--quiet", "--line-length", "100")


def lay_out(folder: Path) -> None:
    """Format all Python files below a folder, in one process."""
    subprocess.run([find_ruff_bin(), "format", *_SETTINGS, str(folder)], check=True)


def laid_out(code: str) -> str:
    """Return code in its layout."""
    command = [find_ruff_bin(), "format", *_SETTINGS, "-"]
    done = subprocess.run(command, input=code, capture_output=True, text=True, check=True)
    return done.stdout
