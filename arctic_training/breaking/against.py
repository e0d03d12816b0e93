"""Definitions as they were: in another folder, or in a commit of git."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from arctic_training.project.isolated_git import (
    GitNotInstalledError,
    IsolatedGit,
    Repository,
    isolated_git,
)

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
    with ExitStack() as stack:
        repository = Repository.of(here)
        git = stack.enter_context(_installed(repository)) if repository else None
        if git and (commit := _commit(git, here, reference)):
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="arctic-gen-"))).resolve()
            below = here.resolve().relative_to(git.repository.work_tree)
            _extract(git, below.as_posix(), commit, folder)
            yield Earlier(folder, reference), folder / below
        else:
            yield _other_folder(reference, is_repository=git is not None)


@contextmanager
def _installed(repository: Repository) -> Iterator[IsolatedGit]:
    try:
        with isolated_git(repository) as git:
            yield git
    except GitNotInstalledError as error:
        raise NoSuchStateError("git is not installed") from error


def _other_folder(reference: str, *, is_repository: bool) -> tuple[Earlier, Path]:
    folder = Path(reference).resolve()
    if not reference or not folder.is_dir():
        where = "" if is_repository else "; this is not a git repository"
        raise NoSuchStateError(f"`{reference}` is neither a git ref nor a folder{where}")
    return Earlier(folder), folder


def _commit(git: IsolatedGit, here: Path, reference: str) -> str:
    """Return the name of the commit of a reference, or an empty string."""
    options = ("--verify", "--quiet", "--end-of-options")
    named = git.run(here, "rev-parse", *options, f"{reference}^{{commit}}")
    return (named or b"").decode().strip()


def _extract(git: IsolatedGit, below: str, commit: str, folder: Path) -> None:
    """Write the files of a commit that matter below a folder of it."""
    top = git.repository.work_tree
    options = ("-r", "-l", "-z", "--full-tree")
    listed = _whole(git.run(top, "ls-tree", *options, commit, "--", below))
    blobs: dict[Path, bytes] = {}
    for line in listed.split(b"\0")[:-1]:
        about, _, name = line.partition(b"\t")
        mode, _, blob, size = about.split()
        path = name.decode(errors="surrogateescape")
        matters = mode in {b"100644", b"100755"} and path.endswith(_SUFFIXES)
        if matters and not (size.isdigit() and _stays_inside(path)):  # cloned in part; hostile
            raise NoSuchStateError(f"git cannot read `{path}` of that state")
        if matters and int(size) <= _MOST_BYTES:
            blobs[folder / path] = blob
    (folder / below).mkdir(parents=True, exist_ok=True)
    for file, content in zip(blobs, _contents(git, list(blobs.values())), strict=True):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def _stays_inside(path: str) -> bool:
    """Return whether a path of a tree leads to a place below it: git stores any other as well."""
    return not path.startswith("/") and ".." not in path.split("/")


def _contents(git: IsolatedGit, blobs: list[bytes]) -> Iterator[bytes]:
    """Iterate over the contents of objects of git's, which are asked for in one process."""
    asked = b"\n".join([*blobs, b""])
    answer = _whole(git.run(git.repository.work_tree, "cat-file", "--batch", stdin=asked))
    end = 0
    for _ in blobs:
        start = answer.index(b"\n", end) + 1
        size = int(answer[end:start].split()[-1])
        yield answer[start : start + size]
        end = start + size + 1


def _whole(answer: bytes | None) -> bytes:
    """Return the output of git; a failure is an error, not an empty output."""
    if answer is None:
        raise NoSuchStateError("git cannot read that state")
    return answer
