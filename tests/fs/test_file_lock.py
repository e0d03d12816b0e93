"""Locks where a file system has none."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest

from arctic_training.data.store.cache import DataCache
from arctic_training.fs.file_lock import locked


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_the_file_and_the_remedy_are_named(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system without locks is no error of ours, and says where something else can be set."""

    def no_locks(_handle: int, _operation: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with (
        pytest.raises(OSError, match="set HERE elsewhere") as raised,
        locked(tmp_path / "lock", remedy="set HERE elsewhere"),
    ):
        pass
    assert raised.value.filename == str(tmp_path / "lock")
    assert str(raised.value.strerror).startswith("the file system has no locks (")
    with pytest.raises(OSError, match="set `cache_dir` of `data`"):
        DataCache(root=tmp_path, note=print).folder("kind", "key", Path.mkdir)


def test_other_errors_are_left_alone(tmp_path: Path) -> None:
    """What stands in the place of the folder is not a matter of locks."""
    (tmp_path / "file").touch()
    with (
        pytest.raises(OSError, match="File exists"),
        locked(tmp_path / "file" / "lock", remedy=""),
    ):
        pass
