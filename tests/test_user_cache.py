"""A folder of the user's own, wherever there is one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from arctic_training.user_cache import cache_folder


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
