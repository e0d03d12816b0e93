"""Definitions as they were: in another folder, or in a commit of git."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["Earlier", "NoSuchStateError", "earlier"]

_SUFFIXES: Final = (".yaml", ".yml", ".json", ".py", "pyproject.toml")
"""What has a say in what a definition means."""

_MOST_BYTES: Final = 1 << 20


class NoSuchStateError(Exception):
    """There is no earlier state of that name."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A folder that holds files as they were; those of a commit of git's are shown as git does."""

    folder: Path
    commit: str = ""

    def shown(self, path: str) -> str:
        """Return the path of a file as the user knows it."""
        whole = Path(path).resolve()
        if not self.commit or not whole.is_relative_to(self.folder):
            return path
        return f"{self.commit}:{whole.relative_to(self.folder).as_posix()}"


@contextmanager
def earlier(reference: str, here: Path) -> Iterator[tuple[Earlier, Path]]:
    """Give the state that a reference means, and the folder in it that was ``here``.

    A reference is a commit, a branch or a tag of git's, else a folder.

    Raises:
        NoSuchStateError: it is neither.

    """
    top = _git(here, "rev-parse", "--show-toplevel")
    commit = f"{reference}^{{commit}}"
    named = _git(here, "rev-parse", "--verify", "--quiet", "--end-of-options", commit)
    if top is None or named is None:
        folder = Path(reference).resolve()
        if not reference or not folder.is_dir():
            where = "" if top is not None else "; this is no repository of git"
            raise NoSuchStateError(f"`{reference}` is no commit of git and no folder{where}")
        yield Earlier(folder), folder
        return
    root = Path(top.decode().rstrip("\n")).resolve()
    with tempfile.TemporaryDirectory(prefix="arctic-gen-") as name:
        folder = Path(name).resolve()
        _extract(root, here.resolve().relative_to(root).as_posix(), named.decode().strip(), folder)
        yield Earlier(folder, reference), folder / here.resolve().relative_to(root)


def _extract(root: Path, below: str, commit: str, folder: Path) -> None:
    """Write the files of a commit that matter below a folder of it."""
    listed = _whole(_git(root, "ls-tree", "-r", "-l", "-z", "--full-tree", commit, "--", below))
    blobs: dict[Path, bytes] = {}
    for line in listed.split(b"\0")[:-1]:
        about, _, name = line.partition(b"\t")
        mode, _, blob, size = about.split()
        path = name.decode(errors="surrogateescape")
        matters = mode in {b"100644", b"100755"} and path.endswith(_SUFFIXES)
        if matters and not size.isdigit():  # in a clone that is not whole
            raise NoSuchStateError(f"git cannot read `{path}` of that state")
        if matters and int(size) <= _MOST_BYTES:
            blobs[folder / path] = blob
    (folder / below).mkdir(parents=True, exist_ok=True)
    for file, content in zip(blobs, _contents(root, list(blobs.values())), strict=True):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def _contents(root: Path, blobs: list[bytes]) -> Iterator[bytes]:
    """Iterate over the contents of objects of git's, which are asked for in one process."""
    answer = _whole(_git(root, "cat-file", "--batch", asked=b"\n".join([*blobs, b""])))
    end = 0
    for _ in blobs:
        start = answer.index(b"\n", end) + 1
        size = int(answer[end:start].split()[-1])
        yield answer[start : start + size]
        end = start + size + 1


def _whole(answer: bytes | None) -> bytes:
    """Return what git said, which is not to be taken for nothing where it failed."""
    if answer is None:
        raise NoSuchStateError("git cannot read that state")
    return answer


def _git(folder: Path, *arguments: str, asked: bytes = b"") -> bytes | None:
    """Return what git says, or None where it fails."""
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, input=asked, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise NoSuchStateError("git is not installed") from error
    return done.stdout if done.returncode == 0 else None
