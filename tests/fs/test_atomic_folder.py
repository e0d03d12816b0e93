"""Folders that are whole or not there, whenever the process is killed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import ParamSpec, TypeVar

import pytest

from arctic_training.fs.atomic_folder import is_intact, is_whole, writing

P = ParamSpec("P")
T = TypeVar("T")

_OPERATIONS = [
    *[(os, name) for name in ("open", "fsync")],
    *[(Path, name) for name in ("mkdir", "rename", "write_text")],
    (shutil, "rmtree"),
]
"""Everything that ``writing`` does to files."""


class _Killed(BaseException):
    """The process ends here: nothing that comes after happens."""


def _save(folder: Path, text: str, error: Exception | None = None) -> None:
    with writing(folder) as unfinished:
        (unfinished / "state").mkdir()
        (unfinished / "weights.bin").write_text(text)
        if error:
            raise error
        (unfinished / "state" / "optimizer.bin").write_text(text * 2)


def _killed_at(operation: int, folder: Path, text: str) -> bool:
    """Save, and be killed at the N-th operation on files; return whether there were so many."""
    numbers = count()

    def mortal(real: Callable[P, T]) -> Callable[P, T]:
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            if next(numbers) >= operation:
                raise _Killed
            return real(*args, **kwargs)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for owner, name in _OPERATIONS:
            patch.setattr(owner, name, mortal(getattr(owner, name)))
        try:
            _save(folder, text)
        except _Killed:
            return True
    return False


@pytest.mark.parametrize("old", [None, "old"])
def test_killed_at_any_moment(old: str | None, tmp_path: Path) -> None:
    """Whenever the process is killed, what stands under the name is whole: the old or the new."""
    found = []
    for operation in count():
        folder = tmp_path / str(operation) / "step_1"
        if old:
            _save(folder, old)
        killed = _killed_at(operation, folder, "new")

        if folder.exists():
            assert is_whole(folder)
            found.append((folder / "weights.bin").read_text())
        assert [path for path in folder.parent.glob("*.incomplete") if is_whole(path)] == []
        _save(folder, "again")
        assert (folder / "weights.bin").read_text() == "again"
        assert [*folder.parent.iterdir()] == [folder]
        if not killed:
            break
    assert operation > 10
    assert [*dict.fromkeys(found)] == [*filter(None, [old]), "new"]


def test_failed_block_leaves_what_was(tmp_path: Path) -> None:
    """An error while writing leaves the folder as it was, and nothing beside it."""
    _save(tmp_path / "step_1", "old")
    with pytest.raises(OSError, match="disk full"):
        _save(tmp_path / "step_1", "new", OSError("disk full"))
    assert (tmp_path / "step_1" / "weights.bin").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["step_1"]


@pytest.mark.parametrize("name", ["weights.bin", "state/optimizer.bin", "checkpoint.json"])
@pytest.mark.parametrize("damage", ["missing", "truncated", "emptied"])
def test_damage_is_seen(name: str, damage: str, tmp_path: Path) -> None:
    """A folder of which a file is gone or was cut is not whole."""
    folder = tmp_path / "step_1"
    _save(folder, "text")
    assert is_whole(folder)
    file = folder / name
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-1] if damage == "truncated" else b"")
    assert is_whole(folder) == (name == "checkpoint.json" and damage == "truncated")


@pytest.mark.parametrize("name", ["weights.bin", "state/optimizer.bin"])
def test_a_flipped_bit_is_seen(name: str, tmp_path: Path) -> None:
    """A folder in which one bit is another one is whole, and not intact."""
    folder = tmp_path / "step_1"
    _save(folder, "text" * 1000)
    assert is_intact(folder)
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    assert is_whole(folder)
    assert not is_intact(folder)


@pytest.mark.parametrize("key", ["files", "size", "crc32", "weights.bin"])
@pytest.mark.parametrize("damage", ["key", "value"])
def test_a_damaged_mark_is_damage(key: str, damage: str, tmp_path: Path) -> None:
    """A mark in which a bit is another one says that the folder is damaged, and no more."""
    folder = tmp_path / "step_1"
    _save(folder, "text")
    mark = folder / "checkpoint.json"
    known = mark.read_text()
    name, _, value = known.partition(f'"{key}": ')
    flipped = f'"{key[:-1]}{chr(ord(key[-1]) ^ 1)}": ' if damage == "key" else f'"{key}": "'
    mark.write_text(name + flipped + value)
    assert (mark.read_text() != known, is_intact(folder)) == (True, False)
    mark.write_text(known.replace(known[known.index(f'"{key}"') :], f'"{key}": []}}'))
    assert not is_intact(folder)
