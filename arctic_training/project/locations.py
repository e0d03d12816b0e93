"""Where things are found: the root of a project, its sources, and the trainers that it can use."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = [
    "FACTORIES_FILE",
    "FACTORY_NAMESPACE",
    "NAMESPACE",
    "Project",
    "module_file",
    "package_name",
]

NAMESPACE: Final = "arctic_trainers"
"""The namespace package of all generated trainers."""

FACTORY_NAMESPACE: Final = "arctic_factories"
"""The namespace package of the sections of factories that several definitions share."""

FACTORIES_FILE: Final = "factories.yaml"
"""What the file is called that defines such factories."""

_GENERATED: Final = "generated"
_MANIFEST: Final = "manifest.json"
_SCHEMA: Final = "recipe.schema.json"


@dataclass(frozen=True, slots=True)
class Project:
    """A folder of definitions, recipes and code that belong together."""

    root: Path
    generated: Path
    """The source root that the generator owns."""

    @classmethod
    def of(cls, file: Path, *, output: Path | None = None) -> Project:
        """Return the project that a definition or a recipe belongs to.

        Its root is the nearest folder upward that holds a ``pyproject.toml`` or a
        ``generated/manifest.json``; without one, the file's own folder. ``output`` takes the place
        of its folder ``generated``.
        """
        folder = file.resolve().parent
        for candidate in (folder, *folder.parents):
            manifest = candidate / _GENERATED / _MANIFEST
            if (candidate / "pyproject.toml").is_file() or manifest.is_file():
                folder = candidate
                break
        return cls(folder, output.resolve() if output else folder / _GENERATED)

    @property
    def is_elsewhere(self) -> bool:
        """Whether another folder than ``generated`` was named to generate into."""
        return self.generated != self.root / _GENERATED

    @property
    def manifest(self) -> Path:
        """The record of what was generated from what."""
        return self.generated / _MANIFEST

    @property
    def factories(self) -> Path:
        """The file of the factories that the project's definitions share."""
        return self.root / FACTORIES_FILE

    @property
    def templates(self) -> Path:
        """The folder of the project's own templates of generated files."""
        return self.root / "arctic_templates"

    @property
    def source_roots(self) -> tuple[Path, ...]:
        """The folders from which modules are imported, first the user's own."""
        return (self.root, self.root / "src", self.generated)

    def trainer_package(self, name: str) -> Path | None:
        """Return the folder of a trainer's package, of this project or installed."""
        return next((p for p in self._packages() if p.name == package_name(name)), None)

    def trainer_packages(self) -> list[Path]:
        """Return the folders of the packages of all trainers that a recipe here can use."""
        return list(self._packages())

    def _packages(self) -> Iterator[Path]:
        """Look where Python would, without importing: the project first."""
        for root in (*self.source_roots, *map(Path, sys.path)):
            namespace = root / NAMESPACE
            if namespace.is_dir():
                yield from (p.parent for p in sorted(namespace.glob(f"*/{_SCHEMA}")))


def package_name(trainer: str) -> str:
    """Return the name of a trainer's package: a Python name has no `-`."""
    return trainer.replace("-", "_")


def module_file(module: str, roots: tuple[Path, ...]) -> Path | None:
    """Return the file of a module below one of some folders, without importing anything."""
    relative = module.replace(".", os.sep)
    for root in roots:
        for ending in (".py", f"{os.sep}__init__.py"):
            if os.path.isfile(file := f"{root}{os.sep}{relative}{ending}"):  # noqa: PTH113 - often
                return Path(file)
    return None
