"""Temporary folders that outlive no process for long."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from arctic_training.fs.scratch_folder import scratch_folder

_HOLDS: Final = """\
import sys, time
from arctic_training.fs.scratch_folder import scratch_folder
with scratch_folder() as folder:
    (folder / "file").touch()
    print(folder, flush=True)
    time.sleep(120)
"""


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)


def _holder() -> tuple[subprocess.Popen[str], Path]:
    process = subprocess.Popen([sys.executable, "-c", _HOLDS], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    return process, Path(process.stdout.readline().strip())


def test_what_a_killed_process_left_is_deleted_by_the_next(tmp_path: Path) -> None:
    """While it runs its folder stays, as do folders that are nobody's of ours."""
    others = [tmp_path / "arctic-gen-other", tmp_path / "arctic-gen-scratch-x"]
    for each in others:
        each.mkdir()
    process, folder = _holder()
    with process:
        with scratch_folder() as own:
            assert own.is_dir()
            assert (folder / "file").exists()
        assert not own.exists()
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert folder.exists()
        with scratch_folder():
            assert not folder.exists()
    assert all(map(Path.is_dir, others))


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    """A link with such a name leads to files of somebody else."""
    target = tmp_path / "mine"
    target.mkdir()
    (target / "file").touch()
    link = tmp_path / f"arctic-gen-scratch-{2**22 + os.getpid()}-abc"
    link.symlink_to(target)
    with scratch_folder():
        assert (target / "file").exists()
        assert link.is_symlink()
