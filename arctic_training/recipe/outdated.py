"""A trainer that was generated from an earlier version of its definition."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from arctic_training.diagnostics import Diagnostic, Severity, Span
from arctic_training.project.locations import Project, package_name

__all__ = ["Outdated", "outdated"]

_DEFINITIONS: Final = (".json", ".yaml", ".yml")
_SHIPPED: Final = "arctic_training/"


@dataclass(frozen=True, slots=True)
class Outdated:
    """A trainer, its definition, and what it was made from that has changed since."""

    trainer: str
    definition: str
    changed: str

    def warning(self, span: Span) -> Diagnostic:
        """Say so at a place."""
        return Diagnostic(
            code="outdated-trainer",
            message=f"`{self.changed}` has changed since `{self.trainer}` was generated",
            span=span,
            severity=Severity.WARNING,
            hint=f"generate it again: arctic-gen new-trainer {self.definition}",
        )


def outdated(package: Path, project: Project) -> Outdated | None:
    """Compare the sources of a trainer of the project with the digests in the manifest.

    Templates are left to ``arctic-gen check``, and so is a manifest that cannot be read.
    """
    if project.generated not in package.parents:
        return None
    try:
        trainers = json.loads(project.manifest.read_text(encoding="utf-8"))["trainers"]
        name = next(name for name in trainers if package_name(name) == package.name)
        made_from: dict[str, str] = trainers[name]["made_from"]
        known = {p: made for p, made in made_from.items() if _is_definition(p)}
        changed = next((p for p, made in known.items() if _digest(project.root / p) != made), None)
        return Outdated(name, trainers[name]["definition"], changed) if changed else None
    except (OSError, ValueError, LookupError, StopIteration, TypeError, AttributeError):
        return None


def _is_definition(path: str) -> bool:
    return path.endswith(_DEFINITIONS) and not path.startswith(_SHIPPED)


def _digest(path: Path) -> str:
    return "sha256:" + hashlib.sha256(path.read_text(encoding="utf-8-sig").encode()).hexdigest()
