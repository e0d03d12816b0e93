"""The record of what was generated from what: ``generated/manifest.json``.

It is sorted, and holds neither times nor absolute paths: the same inputs give the same bytes. What
it says of a trainer has a checksum of its own, so that records of two branches can be merged, and a
record that was changed is not relied on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from arctic_training.project.interface import INTERFACE
from arctic_training.project.locations import FACTORY_NAMESPACE, NAMESPACE

__all__ = ["Manifest", "ManifestError", "TrainerRecord", "digest"]

_VERSION: Final = 1
_KEYS: Final = {"version", "interface", "trainers"}
_RECORD_KEYS: Final = {"definition", "made_by", "made_from", "files", "checksum"}
_ALTERED: Final = "sha256:" + "0" * 64
"""The checksum of a record that is kept though it was changed: it holds for none."""


class ManifestError(Exception):
    """The file in the manifest's place cannot be used."""


@dataclass(frozen=True, slots=True)
class TrainerRecord:
    """One trainer: its definition's path from the root of the project, and its files' hashes."""

    definition: str
    files: Mapping[str, str]
    made_from: Mapping[str, str] = field(default_factory=dict)
    """Hashes of what has a say in the files: definitions, factories, templates and schemas."""

    made_by: Mapping[str, str] = field(default_factory=dict)
    """Versions of the generator and of the formatter that made all this first."""

    is_altered: bool = False
    """Whether it was edited: then it is unknown which files are unchanged."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """All trainers of a source root, by name."""

    trainers: Mapping[str, TrainerRecord] = field(default_factory=dict)
    is_altered: bool = False
    """Whether the file is not as it was written."""

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """Read a manifest; where there is none, nothing was generated.

        Raises:
            ManifestError: the file is not a manifest of a version that is known here.

        """
        if path.is_symlink():
            raise ManifestError(f"{path} is a symbolic link: put the file that it stands for there")
        try:
            text = path.read_text(encoding="utf-8")
            document = json.loads(text)
            version, interface = document["version"], document.get("interface")
            records = {
                name: _record(name, entry, interface)
                for name, entry in document["trainers"].items()
            }
        except FileNotFoundError:
            return cls()
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ManifestError(f"{path} is not a manifest of arctic-gen") from error
        if version != _VERSION:
            raise ManifestError(f"{path} was written by another version of arctic-gen")
        is_as_written = _text(document) == text and document.keys() <= _KEYS
        is_altered = any(record.is_altered for record in records.values())
        manifest = cls(records, is_altered or not is_as_written)
        if outside := [file for file in manifest.files() if not _is_ours(file)]:
            raise ManifestError(f"{path} names `{outside[0]}`, which is not a generated file")
        return manifest

    def text(self) -> str:
        """Return the manifest as JSON."""
        trainers = {name: _entry(name, each) for name, each in sorted(self.trainers.items())}
        return _text({"version": _VERSION, "interface": INTERFACE, "trainers": trainers})

    def files(self) -> dict[str, str]:
        """Return the hashes of the files of all trainers, by path; of a changed record, none."""
        return {
            path: "" if record.is_altered else made
            for record in self.trainers.values()
            for path, made in record.files.items()
        }


def _record(name: str, entry: Mapping[str, Any], interface: object) -> TrainerRecord:
    """Return what a manifest says of a trainer; earlier ones had no checksum."""
    if not isinstance(entry["definition"], str):
        raise TypeError("a definition is named by its path")
    written = {key: part for key, part in entry.items() if key != "checksum"}
    checksum = _checksum(name, written, interface)
    return TrainerRecord(
        entry["definition"],
        {**entry["files"]},
        {**entry.get("made_from", {})},
        {**entry.get("made_by", {})},
        is_altered=entry.get("checksum", checksum) != checksum or not entry.keys() <= _RECORD_KEYS,
    )


def _entry(name: str, record: TrainerRecord) -> dict[str, object]:
    entry: dict[str, object] = {
        "definition": record.definition,
        "made_by": dict(sorted(record.made_by.items())),
        "made_from": dict(sorted(record.made_from.items())),
        "files": dict(sorted(record.files.items())),
    }
    checksum = _ALTERED if record.is_altered else _checksum(name, entry, INTERFACE)
    return entry | {"checksum": checksum}


def _checksum(name: str, entry: Mapping[str, object], interface: object) -> str:
    return digest(json.dumps([interface, name, entry], sort_keys=True))


def _text(document: object) -> str:
    return json.dumps(document, indent=2) + "\n"


def _is_ours(path: str) -> bool:
    """Return whether a path leads into a package that is generated, and no way out of it."""
    namespace, *inner = path.split("/")
    return namespace in {NAMESPACE, FACTORY_NAMESPACE} and len(inner) > 1 and ".." not in inner


def digest(text: str) -> str:
    """Return the hash under which a file is recorded."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()
