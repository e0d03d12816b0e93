"""Trainers that were generated for another interface, or from a definition that changed since."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from arctic_training.diagnostics import Diagnostic, Severity, Span
from arctic_training.project.interface import INTERFACE, stated_interface
from arctic_training.project.locations import Project, package_name

__all__ = ["Outdated", "outdated"]

_DEFINITIONS: Final = (".json", ".yaml", ".yml")
_SHIPPED: Final = "arctic_training/"


@dataclass(frozen=True, slots=True)
class Outdated:
    """Why a trainer has to be generated again, and how."""

    code: str
    reason: str
    command: str
    severity: Severity

    def diagnostic(self, span: Span) -> Diagnostic:
        """Report it at a place."""
        return Diagnostic(
            code=self.code,
            message=self.reason,
            span=span,
            severity=self.severity,
            help=self.command,
        )


def outdated(package: Path, project: Project) -> Outdated | None:
    """Return why a trainer's package is outdated: an error if its code cannot be imported.

    Templates are left to ``arctic-gen check``, and so is a manifest that cannot be read.
    """
    return _other_interface(package, project) or _changed_definition(package, project)


def _other_interface(package: Path, project: Project) -> Outdated | None:
    stated = stated_interface(package)
    if stated in {None, INTERFACE}:
        return None
    name, definition, _ = _record(package, project)
    return Outdated(
        code="other-interface",
        reason=f"trainer `{name}` was generated for interface {stated} of arctic_training; "
        f"this version has interface {INTERFACE}",
        command=_command(definition)
        if _is_generated_here(package, project)
        else "install a version of its package that was generated for this interface",
        severity=Severity.ERROR,
    )


def _changed_definition(package: Path, project: Project) -> Outdated | None:
    if not _is_generated_here(package, project):
        return None
    try:
        name, definition, made_from = _record(package, project)
        known = {p: made for p, made in made_from.items() if _is_definition(p)}
        changed = next((p for p, made in known.items() if _digest(project.root / p) != made), None)
    except (OSError, ValueError, TypeError, AttributeError):
        return None
    if changed is None:
        return None
    return Outdated(
        code="outdated-trainer",
        reason=f"`{changed}` has changed since `{name}` was generated",
        command=_command(definition),
        severity=Severity.WARNING,
    )


def _is_generated_here(package: Path, project: Project) -> bool:
    return project.generated in package.parents


def _command(definition: str) -> str:
    return f"generate it again: arctic-gen new-trainer {definition}"


def _record(package: Path, project: Project) -> tuple[str, str, Mapping[str, str]]:
    """Return a trainer's name, definition and inputs as the manifest has them, if it has."""
    try:
        trainers = json.loads(project.manifest.read_text(encoding="utf-8"))["trainers"]
        name = next(name for name in trainers if package_name(name) == package.name)
        return name, trainers[name]["definition"], trainers[name]["made_from"]
    except (OSError, ValueError, LookupError, StopIteration, TypeError, AttributeError):
        return package.name, "DEFINITION", {}


def _is_definition(path: str) -> bool:
    return path.endswith(_DEFINITIONS) and not path.startswith(_SHIPPED)


def _digest(path: Path) -> str:
    return "sha256:" + hashlib.sha256(path.read_text(encoding="utf-8-sig").encode()).hexdigest()
