"""Files that are complete or absent."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from arctic_training.fs.atomic_file import replace_text, write_file


def test_a_file_is_created_and_replaced(tmp_path: Path) -> None:
    """Text is written as it is, in UTF-8; permissions stay, and nothing is left beside it."""
    path = tmp_path / "file"
    write_file(path, "é\r\n")
    path.chmod(0o640)
    write_file(path, b"\xff", is_durable=False)
    assert path.read_bytes() == b"\xff"
    assert path.stat().st_mode & 0o777 == 0o640
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_failed_write_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the disk refuses, the old content stays and nothing is left beside it."""
    path = tmp_path / "file"
    write_file(path, "old")

    def refuse(_descriptor: int) -> None:
        raise OSError("full")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="full"):
        write_file(path, "new")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_links_stay_and_lead_to_the_new_content(tmp_path: Path) -> None:
    """The file that a link leads to is replaced, not the link."""
    (tmp_path / "link").symlink_to(tmp_path / "file")
    write_file(tmp_path / "link", "text")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "text"


def test_several_writers_leave_one_complete_file(tmp_path: Path) -> None:
    """Writers of one file do not get into each other's way: the last one's content is there."""
    texts = [str(number) * 10_000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        [*pool.map(lambda text: write_file(tmp_path / "file", text), texts * 5)]
    assert (tmp_path / "file").read_text() in texts
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_leftover_does_not_block(tmp_path: Path) -> None:
    """What a killed process left beside a file is not written to."""
    left = tmp_path / ".file.0.unfinished"
    left.write_text("left")
    write_file(tmp_path / "file", "text")
    assert ((tmp_path / "file").read_text(), left.read_text()) == ("text", "left")


def test_replacing_text_keeps_the_byte_order_mark(tmp_path: Path) -> None:
    """A mark at the beginning of the file stays, and none is added."""
    for mark in (b"\xef\xbb\xbf", b""):
        path = tmp_path / "file"
        path.write_bytes(mark + b"old")
        replace_text(path, "new")
        assert path.read_bytes() == mark + b"new"
