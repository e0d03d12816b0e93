"""Commands whose standard streams are closed, full, or read by nobody."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from arctic_training.cli.streams import SafeOutput
from tests.support import DEFINITION, write

_FULL = Path("/dev/full")
_NEEDS_FULL = pytest.mark.skipif(not _FULL.exists(), reason="no /dev/full on this system")


def _shell(command: str, folder: Path, *, flags: str = "") -> tuple[int, str]:
    """Run ``arctic-gen`` by a shell, which redirects; return the code and the error stream."""
    gen = f"{sys.executable} {flags} -m arctic_training.cli.gen"
    line = f"set -o pipefail; {command.replace('arctic-gen', gen)}"
    done = subprocess.run(
        ["/bin/bash", "-c", line], cwd=folder, stderr=subprocess.PIPE, text=True, check=False
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("arctic-gen validate mine.yaml >&-", 0),
        ("arctic-gen validate mine.yaml 2>&-", 0),
        ("arctic-gen validate mine.yaml <&- >&- 2>&-", 0),
        ("arctic-gen validate wrong.yaml >&-", 1),
        ("arctic-gen validate nowhere.yaml 2>&-", 2),
        ("arctic-gen validate wrong.yaml | true", 1),
        ("arctic-gen schema sft | true", 0),
        ("arctic-gen --help >&-", 0),
        ("arctic-gen init other <&-", 0),
    ],
)
def test_a_closed_stream_changes_no_exit_code(tmp_path: Path, command: str, code: int) -> None:
    """Who closes a stream, or reads no further, gets the command's own code and no complaint."""
    write(tmp_path / "mine.yaml", DEFINITION)
    write(tmp_path / "wrong.yaml", DEFINITION.replace("loss:", "los:"))
    assert _shell(command, tmp_path) == (code, "")


@_NEEDS_FULL
@pytest.mark.parametrize("words", ["validate mine.yaml", "validate wrong.yaml", "list", "--help"])
@pytest.mark.parametrize("flags", ["", "-u"])
def test_output_that_is_lost_ends_with_2(tmp_path: Path, words: str, flags: str) -> None:
    """Where the disk is full that output goes to, the command says so and ends with 2."""
    write(tmp_path / "mine.yaml", DEFINITION)
    write(tmp_path / "wrong.yaml", DEFINITION.replace("loss:", "los:"))
    ended = _shell(f"arctic-gen {words} >/dev/full", tmp_path, flags=flags)
    assert ended == (2, "error: standard output cannot be written: No space left on device\n")


@_NEEDS_FULL
def test_an_error_stream_that_is_full_keeps_the_code(tmp_path: Path) -> None:
    """What cannot be said changes nothing else."""
    assert _shell("arctic-gen validate nowhere.yaml 2>/dev/full", tmp_path)[0] == 2


def test_no_file_takes_the_number_of_a_closed_stream(tmp_path: Path) -> None:
    """With standard output closed, what is printed goes into no file that is opened later."""
    made: list[dict[Path, str]] = []
    for redirection in ("", ">&- 2>&-"):
        folder = tmp_path / str(len(made))
        write(folder / "mine.yaml", DEFINITION)
        _shell(f"arctic-gen new-trainer --no-verify mine.yaml {redirection}", folder)
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        made.append({path.relative_to(folder): path.read_text("utf-8") for path in files})
    assert len(made[0]) > 5
    assert made[0] == made[1]


def test_a_stream_goes_on_after_its_reader_is_gone() -> None:
    """After the first write that fails, every write succeeds, and nothing counts as lost."""
    reading, writing = os.pipe()
    raw = SafeOutput(writing)
    with io.TextIOWrapper(io.BufferedWriter(raw), write_through=True) as stream:
        os.close(reading)
        for _ in range(3):
            stream.write("x" * 10_000)
            stream.flush()
    assert raw.reason == ""
    os.close(writing)


@_NEEDS_FULL
def test_a_stream_remembers_why_output_is_lost() -> None:
    """A full disk is remembered, and the stream goes on."""
    descriptor = os.open(_FULL, os.O_WRONLY)
    raw = SafeOutput(descriptor)
    with io.TextIOWrapper(io.BufferedWriter(raw)) as stream:
        stream.write("x")
        stream.flush()
        stream.write("y")
    assert raw.reason == "No space left on device"
    os.close(descriptor)
