"""What a run records in the manifest: the trainers that it makes, and what they were made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Final

from arctic_training.codegen.templates import templates
from arctic_training.definition.stages import Loaded
from arctic_training.project.locations import Project
from arctic_training.project.manifest import Manifest, TrainerRecord, digest
from arctic_training.project.resources import resource

__all__ = ["updated"]

_MADE_BY: Final = ("arctic-training-gen", "ruff")
_SCHEMAS: Final = ("trainer.schema.json", "sections.schema.json")
_SHIPPED: Final = "arctic_training"


def updated(
    manifest: Manifest,
    loaded: list[Loaded],
    paths: Mapping[Path, Sequence[str]],
    texts: Mapping[str, str],
) -> Manifest:
    """Return the manifest with the trainers that are made now in place of what they were.

    Trainers of other definitions stay, unless their definition is gone; a file that they share
    with those of now is what it is now. ``paths`` are the files of each definition, ``texts`` what
    is in them.
    """
    definitions = {item.spec.source for item in loaded}
    hashes = {path: digest(text) for path, text in texts.items()}
    kept = {
        name: replace(record, files={p: hashes.get(p, h) for p, h in record.files.items()})
        for name, record in manifest.trainers.items()
        if record.definition not in definitions and not _is_gone(record, loaded[0].project)
    }
    shipped = dict(_shipped(loaded[0].project))
    versions = {name: version(name) for name in _MADE_BY}
    made = {
        item.spec.name: TrainerRecord(
            item.spec.source,
            {path: hashes[path] for path in paths[item.path]},
            {**dict(_own(item)), **shipped},
            versions,
        )
        for item in loaded
    }
    return Manifest(kept | {n: _settled(r, manifest.trainers.get(n)) for n, r in made.items()})


def _settled(record: TrainerRecord, before: TrainerRecord | None) -> TrainerRecord:
    """Return the earlier record, where only the versions are new."""
    same = before is not None and replace(before, made_by=record.made_by) == record
    return before if before and same else record


def _own(item: Loaded) -> Iterator[tuple[str, str]]:
    """Iterate over the definition, what it extends and shares, and the factories, with hashes."""
    for path in item.files:
        if path.is_file():
            yield _name(path, item.project), digest(path.read_text("utf-8-sig"))


def _shipped(project: Project) -> Iterator[tuple[str, str]]:
    """Iterate over the templates in use and the schemas, with their hashes."""
    for template in templates(project):
        folder = template.path.parent.name if template.is_own else f"{_SHIPPED}/templates"
        yield f"{folder}/{template.name}", digest(template.path.read_text("utf-8"))
    for name in _SCHEMAS:
        text = resource(f"schemas/{name}").read_text("utf-8")
        yield f"{_SHIPPED}/schemas/{name}", digest(text)


def _name(path: Path, project: Project) -> str:
    """Return the path of a file from the root of the project, or from what is installed."""
    path, schemas = path.resolve(), resource("schemas").resolve()
    if path.is_relative_to(project.root):
        return path.relative_to(project.root).as_posix()
    if path.is_relative_to(schemas):
        return f"{_SHIPPED}/schemas/{path.relative_to(schemas).as_posix()}"
    return f"{path.parent.name}/{path.name}"


def _is_gone(record: TrainerRecord, project: Project) -> bool:
    """Return whether a definition is no more; in a root of several projects that is unknown."""
    own = project.generated.is_relative_to(project.root)
    return own and not (project.root / record.definition).exists()
