"""The record of what was generated from what: ``generated/manifest.json``.

It is sorted, and holds neither times nor absolute paths: the same inputs give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from arctic_training.interface import INTERFACE
from arctic_training.project import FACTORY_NAMESPACE, NAMESPACE

__all__ = ["Manifest", "ManifestError", "TrainerRecord", "digest"]

_VERSION: Final = 1


class ManifestError(Exception):
    """A file that stands where the manifest does is none that can be used."""


@dataclass(frozen=True, slots=True)
class TrainerRecord:
    """One trainer: its definition's path from the root of the project, and its files' hashes."""

    definition: str
    files: Mapping[str, str]
    made_from: Mapping[str, str] = field(default_factory=dict)
    """Hashes of what has a say in the files: definitions, factories, templates and schemas."""

    made_by: Mapping[str, str] = field(default_factory=dict)
    """Versions of the generator and of the formatter that made all this first."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """All trainers of a source root, by name."""

    trainers: Mapping[str, TrainerRecord] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """Read a manifest; where there is none, nothing was generated.

        Raises:
            ManifestError: the file is not a manifest of a version that is known here.

        """
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return cls()
        try:
            document = json.loads(text)
            version = document["version"]
            records = {
                name: TrainerRecord(
                    entry["definition"],
                    {**entry["files"]},
                    {**entry.get("made_from", {})},
                    {**entry.get("made_by", {})},
                )
                for name, entry in document["trainers"].items()
            }
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ManifestError(f"{path} is not a manifest of arctic-gen") from error
        if version != _VERSION:
            raise ManifestError(f"{path} was written by another version of arctic-gen")
        manifest = cls(records)
        if outside := [file for file in manifest.files() if not _is_ours(file)]:
            raise ManifestError(f"{path} names `{outside[0]}`, which is no generated file")
        return manifest

    def text(self) -> str:
        """Return the manifest as JSON."""
        trainers = {
            name: {
                "definition": record.definition,
                "made_by": dict(sorted(record.made_by.items())),
                "made_from": dict(sorted(record.made_from.items())),
                "files": dict(sorted(record.files.items())),
            }
            for name, record in sorted(self.trainers.items())
        }
        document = {"version": _VERSION, "interface": INTERFACE, "trainers": trainers}
        return json.dumps(document, indent=2) + "\n"

    def files(self) -> dict[str, str]:
        """Return the hashes of the files of all trainers, by path."""
        return {
            path: made for record in self.trainers.values() for path, made in record.files.items()
        }


def _is_ours(path: str) -> bool:
    """Return whether a path leads into a package that is generated, and no way out of it."""
    namespace, *inner = path.split("/")
    return namespace in {NAMESPACE, FACTORY_NAMESPACE} and len(inner) > 1 and ".." not in inner


def digest(text: str) -> str:
    """Return the hash under which a file is recorded."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()
