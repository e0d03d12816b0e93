"""A folder that somebody cloned or unpacked makes git run nothing, whatever its configuration says.

Each way is first shown to work: plain git runs the program that the folder names.
"""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from arctic_training.project.isolated_git import Repository, isolated_git
from tests.support import DEFINITION, RECIPE, ROOT, arctic_gen, write

_IDENTITY: Final = ("name = x", "email = x@example.org")
_COMMITTER: Final = ("-c", "user.name=x", "-c", "user.email=x@example.org")


@dataclass(frozen=True, slots=True)
class _Attack:
    """A program that a folder makes plain git run."""

    title: str
    prepare: Callable[[Path, str], object]
    """Prepares the repository in a folder so that git runs a command of the shell."""

    git: tuple[str, ...]
    """What plain git is asked for to run it."""

    stdin: str = ""
    is_on_terminal: bool = False
    environment: tuple[tuple[str, str], ...] = ()


def _git(folder: Path, *arguments: str, stdin: str = "") -> str:
    command = ["git", *_COMMITTER, *arguments]
    done = subprocess.run(
        command, cwd=folder, input=stdin, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def _config(*entries: str) -> Callable[[Path, str], object]:
    """Return what appends sections to the configuration; `{}` is the command."""

    def prepare(folder: Path, command: str) -> None:
        with (folder / ".git/config").open("a", encoding="utf-8") as file:
            file.writelines(f"{entry.format(command)}\n" for entry in entries)

    return prepare


def _file(path: str, text: str, *entries: str) -> Callable[[Path, str], object]:
    """Return what writes a file, which can be executed, beside the configuration's sections."""

    def prepare(folder: Path, command: str) -> None:
        write(folder / path, text.format(command)).chmod(0o755)
        _config(*entries)(folder, command)

    return prepare


def _embedded_bare(folder: Path, command: str) -> None:
    """Make the folder itself a git directory with a work tree, as inside a cloned repository."""
    (folder / ".git").rename(folder / "moved")
    for path in (folder / "moved").iterdir():
        path.rename(folder / path.name)
    write(folder / "inner/x.yaml", "")
    section = "[core]\nrepositoryformatversion = 0\nbare = false\nworktree = inner\n"
    write(folder / "config", f'{section}fsmonitor = "{command}; false"\n')


def _pointing_elsewhere(folder: Path, command: str) -> None:
    (folder / ".git").rename(folder / "data")
    write(folder / "data/config", f'[core]\nfsmonitor = "{command}; false"\n')
    write(folder / ".git", "gitdir: data\n")


def _linked_work_tree(folder: Path, command: str) -> None:
    """Let the folder be a linked work tree, whose configuration is in a common directory."""
    (folder / ".git").rename(folder / "common")
    write(folder / "common/config", f'[core]\nfsmonitor = "{command}; false"\n')
    own = folder / "common/worktrees/w"
    write(own / "HEAD", (folder / "common/HEAD").read_text("utf-8"))
    write(own / "commondir", "../..\n")
    write(own / "gitdir", f"{folder}/.git\n")
    (folder / "common/index").rename(own / "index")
    write(folder / ".git", "gitdir: common/worktrees/w\n")


def _own_config_of_work_tree(folder: Path, command: str) -> None:
    _config("[extensions]", "worktreeConfig = true")(folder, command)
    write(folder / ".git/config.worktree", f'[core]\nfsmonitor = "{command}; false"\n')


def _partial_clone(folder: Path, command: str) -> None:
    """Take away the object of the definition: git fetches it where the configuration says."""
    _config(
        "[core]",
        "repositoryformatversion = 1",
        '[protocol "ext"]',
        "allow = always",
        "[extensions]",
        "partialClone = origin",
        '[remote "origin"]',
        "promisor = true",
        'url = "ext::sh -c {}"',
    )(folder, command.replace(" ", "% "))
    blob = _git(folder, "rev-parse", "HEAD:mine.yaml")
    (folder / ".git/objects" / blob[:2] / blob[2:]).unlink()


def _submodule(folder: Path, command: str) -> None:
    commit = _git(folder, "rev-parse", "HEAD")
    _git(folder, "update-index", "--add", "--cacheinfo", f"160000,{commit},inner")
    write(folder / ".gitmodules", '[submodule "inner"]\npath = inner\nurl = ./.git\n')
    _config('[submodule "inner"]', "active = true", "url = .", 'update = "!{}"')(folder, command)
    _git(folder, "clone", "--quiet", ".", "inner")
    _git(folder / "inner", "commit", "--quiet", "--allow-empty", "--message=y")


_MONITOR: Final = 'fsmonitor = "{}; false"'
_LISTING: Final = ("ls-files", "--others", "--ignored", "--exclude-standard")
_EXT: Final = ('[protocol "ext"]', "allow = always", '[remote "o"]', 'url = "ext::sh -c {}"')
_ATTACKS: Final = [
    _Attack("monitor", _config("[core]", _MONITOR), _LISTING),
    _Attack("embedded bare repository", _embedded_bare, _LISTING),
    _Attack(
        "included file",
        _file("more", "[core]\n" + _MONITOR, "[include]", "path = ../more"),
        _LISTING,
    ),
    _Attack(
        "conditionally included file",
        _file("more", "[core]\n" + _MONITOR, '[includeIf "gitdir:**"]', "path = ../more"),
        _LISTING,
    ),
    _Attack("git directory elsewhere", _pointing_elsewhere, _LISTING),
    _Attack("linked work tree", _linked_work_tree, _LISTING),
    _Attack("configuration of a work tree", _own_config_of_work_tree, _LISTING),
    _Attack(
        "hook",
        _file(".git/hooks/reference-transaction", "#!/bin/sh\n{}\n"),
        ("update-ref", "refs/heads/new", "HEAD"),
    ),
    _Attack(
        "hooks path",
        _file("own/reference-transaction", "#!/bin/sh\n{}\n", "[core]", "hooksPath = own"),
        ("update-ref", "refs/heads/new", "HEAD"),
    ),
    _Attack(
        "pager",
        _config("[core]", 'pager = "{}; cat"', "[pager]", "rev-parse = true", "ls-tree = true"),
        ("ls-tree", "HEAD"),
        is_on_terminal=True,
    ),
    _Attack("alias", _config("[alias]", 'listed = "!{}"'), ("listed",)),
    _Attack("external diff", _config("[diff]", 'external = "{};"'), ("show", "--ext-diff", "HEAD")),
    _Attack(
        "diff driver",
        _file(".gitattributes", "* diff=own\n", '[diff "own"]', 'command = "{};"'),
        ("show", "--ext-diff", "HEAD"),
    ),
    _Attack(
        "text conversion",
        _file(".gitattributes", "* diff=own\n", '[diff "own"]', 'textconv = "{}; cat"'),
        ("cat-file", "--textconv", "HEAD:mine.yaml"),
    ),
    _Attack(
        "smudge filter",
        _file(".gitattributes", "* filter=own\n", '[filter "own"]', 'smudge = "{}; cat"'),
        ("cat-file", "--filters", "HEAD:mine.yaml"),
    ),
    _Attack(
        "clean filter",
        _file(".gitattributes", "* filter=own\n", '[filter "own"]', 'clean = "{}; cat"'),
        ("hash-object", "--path=mine.yaml", "mine.yaml"),
    ),
    _Attack(
        "filter process",
        _file(".git/info/attributes", "* filter=own\n", '[filter "own"]', 'process = "{}"'),
        ("cat-file", "--filters", "HEAD:mine.yaml"),
    ),
    _Attack(
        "ssh command",
        _config("[core]", 'sshCommand = "{};"', '[remote "o"]', "url = ssh://localhost/x"),
        ("fetch", "o"),
    ),
    _Attack(
        "proxy command",
        _file(
            "own.sh",
            "#!/bin/sh\n{}\n",
            "[core]",
            "gitProxy = ./own.sh",
            '[remote "o"]',
            "url = git://localhost/x",
        ),
        ("fetch", "o"),
    ),
    _Attack(
        "credential helper",
        _config("[credential]", 'helper = "!{};"'),
        ("credential", "fill"),
        stdin="protocol=https\nhost=localhost\nusername=x\n\n",
        environment=(("GIT_TERMINAL_PROMPT", "0"),),
    ),
    _Attack(
        "remote helper",
        lambda folder, command: _config(*_EXT)(folder, command.replace(" ", "% ")),
        ("fetch", "o"),
    ),
    _Attack(
        "upload pack",
        _config('[remote "o"]', "url = .", 'uploadpack = "{};"'),
        ("fetch", "o"),
    ),
    _Attack("partial clone", _partial_clone, ("cat-file", "-p", "HEAD:mine.yaml")),
    _Attack(
        "signing program",
        _file("own.sh", "#!/bin/sh\n{}\n", "[gpg]", "program = ./own.sh"),
        ("commit-tree", "-S", "-m", "x", "HEAD^{tree}"),
    ),
    _Attack("submodule", _submodule, ("submodule", "update", "inner")),
    _Attack("editor", _config("[core]", 'editor = "{};"'), ("commit", "--amend")),
]


def _repository(folder: Path) -> Path:
    """Make a repository with a definition, a recipe and a file that is ignored."""
    write(folder / "mine.yaml", DEFINITION)
    write(folder / "mine.recipe.yaml", RECIPE)
    write(folder / "ignored.yaml", "type: [")
    write(folder / ".gitignore", "ignored.yaml\n")
    _git(folder, "init", "--quiet", "--initial-branch=main")
    _config("[user]", *_IDENTITY)(folder, "")
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message=x")
    return folder


def _plain_git(attack: _Attack, folder: Path) -> None:
    environment = os.environ | dict(attack.environment)
    command = ["git", *attack.git]
    if not attack.is_on_terminal:
        subprocess.run(
            command,
            cwd=folder,
            env=environment,
            input=attack.stdin.encode(),
            capture_output=True,
            check=False,
        )
        return
    ours, theirs = pty.openpty()
    environment["TERM"] = "xterm"
    subprocess.run(command, cwd=folder, env=environment, stdout=theirs, check=False)
    os.close(ours)
    os.close(theirs)


@pytest.mark.parametrize("attack", _ATTACKS, ids=lambda attack: attack.title)
def test_the_configuration_of_a_folder_runs_nothing(attack: _Attack, tmp_path: Path) -> None:
    """What plain git runs because the folder says so is not run by any command of ours."""
    folder = _repository(tmp_path / "cloned")
    canary = tmp_path / "canary"
    attack.prepare(folder, f"touch {canary}")
    _plain_git(attack, folder)
    assert canary.exists(), "plain git does not run it: the test shows nothing"
    canary.unlink()
    for command in ("validate", "lint", "migrate --check", "breaking --against HEAD"):
        arctic_gen(*command.split(), ".", folder=folder)
        assert not canary.exists(), command


def test_no_command_of_ours_asks_the_configuration(tmp_path: Path) -> None:
    """Every command that looks for documents, also in a folder inside the repository."""
    canary = tmp_path / "canary"
    folder = _repository(tmp_path / "cloned")
    _config("[core]", _MONITOR)(folder, f"touch {canary}")
    write(folder / "inner/mine.yaml", DEFINITION.replace("mine", "inner"))
    for command in (
        "validate . inner",
        "lint . inner",
        "lint --fix .",
        "migrate .",
        "new-trainer --no-verify mine.yaml",
        "check --no-verify",
        "breaking --against main",
        "breaking --against main@{0}",
        "explain alpha",
        "templates list",
    ):
        arctic_gen(*command.split(), folder=folder)
        assert not canary.exists(), command


def test_a_variable_of_the_environment_names_no_other_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`GIT_DIR` and its kind, as in a hook of another repository, have no say."""
    folder, other = _repository(tmp_path / "cloned"), _repository(tmp_path / "other")
    canary = tmp_path / "canary"
    _config("[core]", _MONITOR)(other, f"touch {canary}")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", f"'core.fsmonitor'='touch {canary}'")
    write(folder / "mine.yaml", DEFINITION.replace("minimum: 0", "minimum: 0.25"))
    assert "range-narrowed" in arctic_gen("breaking", "--against", "HEAD", folder=folder).out
    assert arctic_gen("validate", ".", folder=folder).code == 0
    assert not canary.exists()


@pytest.mark.parametrize("form", ["sha1", "sha256"])
def test_what_is_ignored_and_what_was_committed_is_still_found(form: str, tmp_path: Path) -> None:
    """Ignored files, reflogs, upstream branches and both object formats work as with plain git."""
    origin = tmp_path / "origin"
    write(origin / "mine.yaml", DEFINITION)
    write(origin / ".gitignore", "ignored.yaml\n")
    _git(origin, "init", "--quiet", "--initial-branch=main", f"--object-format={form}")
    _git(origin, "add", "--all")
    _git(origin, "commit", "--quiet", "--message=x")
    _git(tmp_path, "clone", "--quiet", "origin", "cloned")
    folder = tmp_path / "cloned"
    write(folder / "ignored.yaml", "type: [")
    write(folder / "mine.yaml", DEFINITION.replace("minimum: 0", "minimum: 0.25"))
    assert arctic_gen("validate", ".", folder=folder)[:2] == (
        0,
        "1 definition checked: no findings\n",
    )
    for reference in (
        "HEAD",
        "main@{0}",
        "@{upstream}",
        "origin/main",
        _git(folder, "log", "-1", "--format=%h"),
    ):
        done = arctic_gen("breaking", "--against", reference, folder=folder)
        assert (done.code, done.out.count("error[range-narrowed]")) == (1, 1), reference


def test_a_linked_work_tree_has_its_own_head(tmp_path: Path) -> None:
    """In a linked work tree, `HEAD` is the one of that work tree."""
    folder = _repository(tmp_path / "cloned")
    _git(folder, "worktree", "add", "--quiet", "-b", "other", "../linked")
    linked = tmp_path / "linked"
    write(linked / "mine.yaml", DEFINITION.replace("minimum: 0", "minimum: 0.25"))
    _git(linked, "commit", "--quiet", "--all", "--message=x")
    assert arctic_gen("breaking", "--against", "HEAD", folder=linked).code == 0
    assert arctic_gen("breaking", "--against", "main", folder=linked).code == 1


def test_a_tree_that_leads_out_of_the_repository_is_refused(tmp_path: Path) -> None:
    """A committed path with `..`, which no git would make, writes no file anywhere."""
    folder = _repository(tmp_path / "cloned")
    blob = _git(folder, "rev-parse", "HEAD:mine.yaml")
    inner = _git(folder, "mktree", stdin=f"100644 blob {blob}\tescaped.py\n")
    middle = _git(folder, "mktree", stdin=f"040000 tree {inner}\t..\n")
    top = _git(folder, "mktree", stdin=f"040000 tree {middle}\t..\n")
    commit = _git(folder, "commit-tree", "-m", "x", top)
    done = arctic_gen("breaking", "--against", commit, folder=folder)
    assert done == (2, "", "error: git cannot read `../../escaped.py` of that state\n")


def test_what_is_no_regular_file_is_not_read(tmp_path: Path) -> None:
    """A pipe in place of the index or of HEAD, which nobody writes to, holds nothing up."""
    folder = _repository(tmp_path / "cloned")
    (folder / ".git/index").unlink()
    os.mkfifo(folder / ".git/index")
    assert arctic_gen("validate", ".", folder=folder).code == 0
    (folder / ".git/HEAD").unlink()
    os.mkfifo(folder / ".git/HEAD")
    assert Repository.of(folder) is None


def test_git_of_a_relative_search_path_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `git` in the inspected folder is not the one that runs, though `.` is on the path."""
    folder = _repository(tmp_path / "cloned")
    canary = tmp_path / "canary"
    write(folder / "git", f"#!/bin/sh\ntouch {canary}\n").chmod(0o755)
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.environ['PATH']}")
    arctic_gen("validate", ".", folder=folder)
    assert not canary.exists()


def test_the_temporary_git_directory_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is left behind, and nothing is written into the repository."""
    folder = _repository(tmp_path / "cloned")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "aside"))
    (tmp_path / "aside").mkdir()
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    repository = Repository.of(folder)
    assert repository
    with isolated_git(repository) as git:
        assert git.run(folder, "rev-parse", "HEAD")
    assert not [*(tmp_path / "aside").iterdir()]
    assert before == {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_git_is_started_in_one_place() -> None:
    """No module but `isolated_git` names the program, so none can start it with a configuration."""
    files = sorted((ROOT / "arctic_training").rglob("*.py"))
    named = [path.stem for path in files if '"git"' in path.read_text("utf-8")]
    assert named == ["isolated_git"]
