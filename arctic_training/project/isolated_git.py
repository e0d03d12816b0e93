"""git on a repository's objects, refs and index, without the repository's configuration.

git executes what a configuration names: a file system monitor, hooks, filters, a pager, an ssh
command, the remote of a partial clone. A folder that somebody cloned or unpacked brings its own
``.git/config``, so every process here gets a git directory that is written for it: it leads to the
objects, the refs and the index of the repository, and its configuration is ours. Of the
repository's own, a list of keys that name no program is copied.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["GitNotInstalledError", "IsolatedGit", "Repository", "isolated_git"]

_GIT_DIR_LINKS: Final = ("index", "logs/HEAD")
_COMMON_DIR_LINKS: Final = (
    "objects",
    "refs",
    "packed-refs",
    "reftable",
    "shallow",
    "logs/refs",
    "info/exclude",
)
_COPIED_KEYS: Final = (
    r"^(core\.ignorecase|core\.precomposeunicode"
    r"|branch\..*\.(remote|merge)|remote\..*\.fetch)$"
)
"""What names no program, and has a say in which files are ignored or in what `main@{u}` is."""

_EXTENSIONS: Final = {"objectformat": {"sha1", "sha256"}, "refstorage": {"files", "reftable"}}
_POINTER: Final = re.compile(r"gitdir:[ \t]*(?P<path>[^\n\r]+)")
_LARGEST_TEXT: Final = 1 << 20
"""Bytes of a HEAD, a `.git` file or a configuration; a longer one is none."""


class GitNotInstalledError(Exception):
    """There is no git on the search path."""


@dataclass(frozen=True, slots=True)
class Repository:
    """Where a work tree and its git directory are; linked work trees share a common directory."""

    work_tree: Path
    git_dir: Path
    common_dir: Path

    @classmethod
    def of(cls, folder: Path) -> Repository | None:
        """Return the repository whose work tree a folder is in; a bare repository has none."""
        resolved = folder.resolve()
        for candidate in (resolved, *resolved.parents):
            git_dir = _git_dir(candidate / ".git")
            if git_dir is None:
                continue
            common_dir = _led_to(git_dir, _text(git_dir / "commondir")) or git_dir
            if (common_dir / "objects").is_dir() and (common_dir / "refs").is_dir():
                return cls(candidate, git_dir, common_dir)
        return None


@dataclass(frozen=True, slots=True)
class IsolatedGit:
    """git for one repository."""

    repository: Repository
    program: str
    environment: Mapping[str, str]

    def run(self, folder: Path, *arguments: str, stdin: bytes = b"") -> bytes | None:
        """Return what git prints when it runs in a folder of the work tree; None if it fails."""
        return _output([self.program, *arguments], folder, self.environment, stdin)


@contextmanager
def isolated_git(repository: Repository) -> Iterator[IsolatedGit]:
    """Give git for a repository, until the temporary git directory is removed.

    Raises:
        GitNotInstalledError: there is no git.

    """
    program = shutil.which("git")
    if program is None or not Path(program).is_absolute():  # `.` on the path is not trusted
        raise GitNotInstalledError
    with tempfile.TemporaryDirectory(prefix="arctic-gen-git-") as name:
        git_dir = Path(name).resolve()
        _lead_to(repository, git_dir)
        users = _users_environment(git_dir, repository)
        config = _entries(program, repository, users)
        _write_config(git_dir, config)
        ignored = [program, "config", "--type=path", "--get", "core.excludesFile"]
        excludes = (_output(ignored, git_dir, users, b"") or b"").decode(errors="surrogateescape")
        copied = [entry for entry in config if not entry[0].startswith("extensions.")]
        copied += [("core.excludesFile", excludes.rstrip("\n"))] if excludes else []
        yield IsolatedGit(repository, program, _isolated_environment(users, copied))


def _git_dir(path: Path) -> Path | None:
    """Return the git directory that a `.git` is or points to."""
    pointer = _POINTER.match(_text(path))
    found = _led_to(path.parent, pointer["path"]) if pointer else path
    return found if found and _text(found / "HEAD") else None


def _led_to(folder: Path, path: str) -> Path | None:
    return Path(os.path.normpath(folder / path.strip())) if path.strip() else None


def _text(path: Path) -> str:
    """Return the text of a small regular file; nothing of a pipe, a device or a folder."""
    try:
        if path.is_file() and path.stat().st_size <= _LARGEST_TEXT:
            return path.read_text(encoding="utf-8", errors="surrogateescape")
    except (OSError, ValueError):  # no permission; a NUL in the path
        pass
    return ""


def _lead_to(repository: Repository, git_dir: Path) -> None:
    """Fill a git directory with links to the parts of the repository that are read."""
    parts = [(repository.common_dir, name) for name in _COMMON_DIR_LINKS]
    parts += [(repository.git_dir, name) for name in _GIT_DIR_LINKS]
    parts += [(repository.git_dir, p.name) for p in repository.git_dir.glob("sharedindex.*")]
    for folder, name in parts:
        original = folder / name
        if original.is_file() or original.is_dir():  # neither a pipe nor a device
            (git_dir / name).parent.mkdir(parents=True, exist_ok=True)
            (git_dir / name).symlink_to(original)
    for head in {*repository.git_dir.glob("*HEAD")}:  # a HEAD that is a link is not read by git
        if text := _text(head):
            (git_dir / head.name).write_text(text, encoding="utf-8", errors="surrogateescape")


def _entries(
    program: str, repository: Repository, environment: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Return the entries of the repository's configuration that are copied."""
    path = repository.common_dir / "config"
    if not _text(path):
        return []
    keys = f"{_COPIED_KEYS}|^extensions\\.({'|'.join(_EXTENSIONS)})$"
    command = [program, "config", "--file", str(path), "--no-includes", "--null"]
    folder = Path(environment["GIT_DIR"])
    listed = _output([*command, "--get-regexp", keys], folder, environment, b"") or b""
    entries = listed.decode(errors="surrogateescape").split("\0")[:-1]
    pairs = (entry.partition("\n") for entry in entries)
    return [(key, value) for key, _, value in pairs]


def _write_config(git_dir: Path, entries: list[tuple[str, str]]) -> None:
    """Write the configuration: the format of the repository alone."""
    lines = ["[core]", "repositoryformatversion = 1", "bare = false", "[extensions]"]
    for key, value in entries:
        name = key.removeprefix("extensions.")
        if value in _EXTENSIONS.get(name, ()):
            lines.append(f"{name} = {value}")
    (git_dir / "config").write_text("\n".join([*lines, ""]), encoding="utf-8")


def _users_environment(git_dir: Path, repository: Repository) -> dict[str, str]:
    """Return an environment with the user's own configuration and the temporary git directory."""
    kept = {"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"}
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("GIT_") or k in kept}
    return inherited | {
        "GIT_DIR": str(git_dir),
        "GIT_WORK_TREE": str(repository.work_tree),
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_PAGER": "cat",
    }


def _isolated_environment(
    users: Mapping[str, str], entries: list[tuple[str, str]]
) -> dict[str, str]:
    """Return an environment without any configuration but some entries."""
    numbered = {
        f"GIT_CONFIG_{part}_{number}": text
        for number, entry in enumerate(entries)
        for part, text in zip(("KEY", "VALUE"), entry, strict=True)
    }
    none = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    return {**users, **none, **numbered, "GIT_CONFIG_COUNT": str(len(entries))}


def _output(
    command: list[str], folder: Path, environment: Mapping[str, str], stdin: bytes
) -> bytes | None:
    done = subprocess.run(
        command, cwd=folder, env=environment, input=stdin, capture_output=True, check=False
    )
    return done.stdout if done.returncode == 0 else None
