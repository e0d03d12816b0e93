"""The stage publish: generated files replace the old ones, all of them or none.

Everything is first written aside. Then a journal says what is to happen; from that moment the new
tree is what holds. Files are put in place by renaming, stale ones removed, and the journal goes
last. A run that was cut off is completed by the next one, if its journal was there, and forgotten
otherwise.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from arctic_training.codegen.changes import FileChange, Kind
from arctic_training.fs.atomic_file import write_file
from arctic_training.fs.confinement import UnsafePathError, all_confined

__all__ = ["publish", "recover", "write_once"]

_JOURNAL: Final = ".arctic-gen-journal.json"
_STAGING: Final = ".arctic-gen-staging"
_WRITTEN: Final = {Kind.CREATE, Kind.UPDATE, Kind.EDITED}


def publish(changes: Iterable[FileChange], manifest: str, root: Path) -> None:
    """Make the tree below ``root`` what the changes say; the manifest is written last.

    Files that stay as they are are not touched.

    Raises:
        UnsafePathError: one of the files lies outside, by a link.

    """
    texts = {c.path: c.after for c in changes if c.kind in _WRITTEN and c.after is not None}
    removed = [c.path for c in changes if c.after is None and c.before is not None]
    record = root / "manifest.json"
    if not record.exists() or record.read_text(encoding="utf-8") != manifest:
        texts["manifest.json"] = manifest
    if not texts and not removed:
        return
    staging = root / _STAGING
    all_confined((*texts, *removed), root)
    _clear(staging)
    try:
        staging.mkdir(parents=True, exist_ok=True)
        for number, text in enumerate(texts.values()):
            _write_synced(_aside(staging, number), text)
        plan = json.dumps({"write": [*texts], "remove": removed})
        _write_synced(_aside(staging, len(texts)), plan)
        os.replace(_aside(staging, len(texts)), root / _JOURNAL)  # noqa: PTH105 - as the others
    except BaseException:
        _clear(staging)
        raise
    recover(root)


def recover(root: Path) -> None:
    """Complete what a run began that was cut off after its journal, or forget it.

    Raises:
        UnsafePathError: the journal names a file outside: it was not written by this tool.

    """
    journal, staging = root / _JOURNAL, root / _STAGING
    if journal.exists():
        written, removed = _planned(journal, root)
        _make_folders(written, root)
        for number, path in enumerate(written):
            with suppress(FileNotFoundError):  # in its place since before the run was cut off
                os.replace(_aside(staging, number), f"{root}/{path}")  # noqa: PTH105 - often
        for path in removed:
            (root / path).unlink(missing_ok=True)
            _remove_empty_folders((root / path).parent, root)
        journal.unlink()
    _clear(staging)


def write_once(files: Mapping[Path, str]) -> list[Path]:
    """Write files of the user's that do not exist; return those that were written."""
    written = []
    for path, text in files.items():
        if not os.path.lexists(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, text)
            written.append(path)
    return written


def _planned(journal: Path, root: Path) -> tuple[list[str], list[str]]:
    """Return the files that a journal lists to be written and removed."""
    try:
        plan = json.loads(journal.read_text(encoding="utf-8"))
        written, removed = [str(p) for p in plan["write"]], [str(p) for p in plan["remove"]]
    except (ValueError, KeyError, TypeError) as error:
        raise UnsafePathError(f"{journal}  is not a journal of arctic-gen: remove it") from error
    all_confined((*written, *removed), root)
    return written, removed


def _clear(staging: Path) -> None:
    """Remove whatever is at the path of temporary files; of a link, the link."""
    if staging.is_symlink():
        staging.unlink()
    shutil.rmtree(staging, ignore_errors=True)


def _aside(staging: Path, number: int) -> str:
    """Return where a file is written first: all in one folder, which is quickly made and gone."""
    return f"{staging}/{number}"


def _make_folders(paths: Iterable[str], root: Path) -> None:
    for parent in dict.fromkeys(path.rpartition("/")[0] for path in paths):
        os.makedirs(f"{root}/{parent}", exist_ok=True)  # noqa: PTH103 - often


def _write_synced(path: str, text: str) -> None:
    """Write a file; when this returns, it is on the disk."""
    with open(path, "w", encoding="utf-8", newline="\n") as file:  # noqa: PTH123 - often
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _remove_empty_folders(folder: Path, root: Path) -> None:
    while folder != root and folder.is_dir():
        shutil.rmtree(folder / "__pycache__", ignore_errors=True)
        if any(folder.iterdir()):
            return
        folder.rmdir()
        folder = folder.parent
