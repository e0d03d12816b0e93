"""Settings by which pyright, and with it VS Code, finds generated modules."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path
from typing import Final

from arctic_training.project.locations import Project

__all__ = ["pyright_advice", "write_pyright_settings"]

_FILE: Final = "pyrightconfig.json"
_TOOLS: Final = ("pyright", "basedpyright")


def write_pyright_settings(project: Project) -> Path | None:
    """Write settings where the user has none; return their path, or None if nothing is written."""
    path = project.root / _FILE
    if os.path.lexists(path) or _users_settings(project) is not None:
        return None
    path.write_text(json.dumps({"extraPaths": [_place(project)]}, indent=2) + "\n", "utf-8")
    return path


def pyright_advice(project: Project) -> str:
    """Return what to add to the user's own settings; empty if nothing is missing in them."""
    settings = _users_settings(project)
    if settings is None:
        return ""
    file, values = settings
    known = values.get("extraPaths", [])
    if isinstance(known, list) and _place(project) in {str(each).strip("./") for each in known}:
        return ""
    return f"for editors, add `{_place(project)}` to `extraPaths` of pyright in {file}"


def _place(project: Project) -> str:
    return Path(os.path.relpath(project.generated, project.root)).as_posix()


def _users_settings(project: Project) -> tuple[str, dict[str, object]] | None:
    """Return the file with the user's settings, and those; a file that is not JSON is ignored."""
    if (path := project.root / _FILE).is_file():
        return _FILE, _parsed(path)
    try:
        text = (project.root / "pyproject.toml").read_text("utf-8")
        tools = tomllib.loads(text).get("tool", {})
    except (OSError, ValueError):
        return None
    sections = [tools[name] for name in _TOOLS if name in tools]
    return ("pyproject.toml", sections[0]) if sections else None


def _parsed(path: Path) -> dict[str, object]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):  # pyright takes comments, too
        return {}
    return found if isinstance(found, dict) else {}
