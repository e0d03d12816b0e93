"""A folder of the user's own, wherever there is one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from arctic_training.fs.user_cache import cache_folder


def _homeless() -> Path:
    raise RuntimeError("Could not determine home directory.")


@pytest.mark.parametrize("home", [_homeless, lambda: Path(__file__)])
def test_without_a_home_it_is_a_temporary_one_of_the_users(
    home: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a home to write to, each user has a temporary folder beside those of others."""
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", home)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    assert cache_folder("data") == tmp_path / f"arctic-training-{os.getuid()}" / "data"
    assert cache_folder("data").is_dir()


def test_it_is_where_the_system_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`XDG_CACHE_HOME` says where caches are; else they are in the user's home."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder("data") == tmp_path / "xdg" / "arctic-training" / "data"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert cache_folder("data") == tmp_path / ".cache" / "arctic-training" / "data"


@pytest.mark.parametrize("value", ["", "rel", "./rel", "~/cache"])
def test_a_relative_place_is_ignored(
    value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path that is not absolute is no place, as the XDG Base Directory Specification says."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", value)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder("data") == tmp_path / "home/.cache/arctic-training/data"
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_a_relative_home_is_ignored_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With nothing absolute to start at, the cache is beside those of other users."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", "rel")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    assert cache_folder("data") == tmp_path / f"tmp/arctic-training-{os.getuid()}" / "data"


@pytest.mark.parametrize("inner", ["", "data"])
def test_a_folder_of_another_user_is_not_used(
    inner: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever made the folder first, in a place that all can write to, could put anything there."""
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    (home / "arctic-training" / inner).mkdir(parents=True)
    (temporary / f"arctic-training-{os.getuid()}").mkdir(parents=True)
    stat, theirs = Path.stat, {home / "arctic-training" / inner}

    def seen(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        found = stat(path, follow_symlinks=follow_symlinks)
        return (
            os.stat_result((*found[:4], found.st_uid + 1, *found[5:])) if path in theirs else found
        )

    monkeypatch.setattr(Path, "stat", seen)
    assert cache_folder("data").is_relative_to(temporary)
    theirs.add(temporary / f"arctic-training-{os.getuid()}")
    with pytest.raises(OSError, match=r"belongs to another user.*Set XDG_CACHE_HOME"):
        cache_folder("data")


def test_a_cache_is_for_its_user_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder that is made lets nobody else in."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder("data").stat().st_mode & 0o777 == 0o700
