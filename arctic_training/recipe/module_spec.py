"""Find a module without importing anything."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

__all__ = ["module_spec"]


def module_spec(module: str, folders: Sequence[Path]) -> ModuleSpec | None:
    """Return how a module is found; None: there is none.

    Python's finders are asked, so that a compiled module is found, and one of a package that is
    installed in editable form. A folder alone is not a module.

    Args:
        module: its dotted name.
        folders: where modules and packages are looked for.

    """
    importlib.invalidate_caches()
    top, *below = module.split(".")
    places = [*map(str, folders)]
    found = (finder.find_spec(top, places) for finder in sys.meta_path)
    spec = next((each for each in found if each is not None), None)
    for name in below:
        within = spec and spec.submodule_search_locations
        spec = PathFinder.find_spec(name, [*within]) if within else None
    return spec if spec and spec.origin else None
