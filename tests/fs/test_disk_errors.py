"""A disk that takes no more, whatever a library says of it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from arctic_training.fs.disk_errors import disk_error_context

_FULL = OSError(errno.ENOSPC, "No space left on device")
_OF_RUST = Exception("I/O error: No space left on device (os error 28)")


def _raised(error: Exception, folder: Path) -> Exception:
    with pytest.raises(Exception) as caught, disk_error_context(folder):  # noqa: PT011 - which, is tested
        raise error
    return caught.value


@pytest.mark.parametrize("error", [_FULL, _OF_RUST])
def test_what_the_system_said_is_passed_on(error: Exception, tmp_path: Path) -> None:
    """An error of a full disk names the folder, from Python or from Rust."""
    raised = _raised(error, tmp_path)
    assert isinstance(raised, OSError)
    assert (raised.errno, raised.filename) == (errno.ENOSPC, str(tmp_path))


def test_where_nothing_is_said_it_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch's own error is the disk's if nothing can be written there, and its own if it can."""
    error = RuntimeError("unexpected pos 704 vs 598")
    assert _raised(error, tmp_path) is error
    assert [*tmp_path.iterdir()] == []

    def full(_handle: int) -> None:
        raise _FULL

    monkeypatch.setattr(os, "fsync", full)
    raised = _raised(error, tmp_path)
    assert isinstance(raised, OSError)
    assert raised.errno == errno.ENOSPC


@pytest.mark.parametrize("error", [ValueError("os error"), PermissionError(errno.EACCES, "no")])
def test_other_errors_stay(error: Exception, tmp_path: Path) -> None:
    """What no disk is at fault for is raised as it is."""
    assert _raised(error, tmp_path) is error


def test_a_folder_that_is_gone_is_told_as_that(tmp_path: Path) -> None:
    """Where somebody removes the folder, the error names it and says so, not a file in it."""
    folder = tmp_path / "step"
    error = FileNotFoundError(errno.ENOENT, "No such file or directory", str(folder / "x.pt"))
    raised = _raised(error, folder)
    assert isinstance(raised, OSError)
    assert (raised.filename, raised.strerror) == (
        str(folder),
        "the folder was removed while it was written to",
    )
