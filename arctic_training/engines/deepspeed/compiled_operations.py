"""Operations of DeepSpeed that are compiled at their first use, once an environment."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from arctic_training.fs.file_lock import locked

__all__ = ["compiled", "why_not_compiled"]

T = TypeVar("T")

_FOLDER: Final = "TORCH_EXTENSIONS_DIR"


def why_not_compiled() -> str:
    """Return what it lacks to compile here; empty if it lacks nothing."""
    compiler = os.environ.get("CXX", "c++")
    if shutil.which(compiler) is None:
        return f"code would be compiled, and there is no C++ compiler `{compiler}`"
    if shutil.which("ninja", path=_path()) is None:
        return "code would be compiled, and there is no `ninja`"
    return ""


def compiled(name: str, load: Callable[[], T]) -> T:
    """Return what ``load`` loads, and compiles if need be; processes wait for each other.

    PyTorch locks by a file that a killed build leaves behind, for which all later ones would wait
    for ever. The lock here goes with the process that holds it, and whoever holds it may delete
    that file.
    """
    folder = Path(os.environ.setdefault(_FOLDER, str(Path(sys.prefix, "torch_extensions"))))
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["PATH"] = _path()
    with locked(folder / f"{name}.lock", remedy=f"set {_FOLDER} to a folder on another one"):
        (folder / name / "lock").unlink(missing_ok=True)
        return load()


def _path() -> str:
    """Return where programs are looked for: in this environment first, active or not."""
    scripts, known = sysconfig.get_path("scripts"), os.environ.get("PATH", "")
    return known if scripts in known.split(os.pathsep) else scripts + os.pathsep + known
