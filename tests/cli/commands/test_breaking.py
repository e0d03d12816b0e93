"""``arctic-gen breaking``: a project of now beside what it was."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.support import DEFINITION, arctic_gen, python, write

_BROKEN = DEFINITION.replace("minimum: 0", "minimum: 0.25")
_COMMITTER = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false"]


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", *_COMMITTER, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def _commit(folder: Path) -> None:
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", "x")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project in a folder of a repository, with a definition that is committed."""
    folder = tmp_path / "repository" / "a project"
    write(folder / "pyproject.toml", "")
    write(folder / "trainers/mine.yaml", DEFINITION)
    write(folder / "notes.json", "[")
    _git(folder.parent, "init", "--quiet", "--initial-branch", "main")
    _commit(folder)
    return folder


def test_what_breaks_is_shown_with_both_places(project: Path) -> None:
    """Each finding has the place as it is and as it was, as git writes it."""
    write(project / "trainers/mine.yaml", _BROKEN)
    done = arctic_gen("breaking", "--against", "main", folder=project)
    assert (done.code, done.err) == (1, "")
    assert done.out.startswith("trainers/mine.yaml:6:5: error[range-narrowed]: `alpha` has")
    assert "  main:a project/trainers/mine.yaml:6:5: as it was\n" in done.out
    assert done.out.count("error[") == 1


def test_nothing_breaks_without_a_change(project: Path) -> None:
    """What is as it was, and what is new, breaks nothing; the repository stays as it is."""
    write(project / "trainers/other.yaml", DEFINITION.replace("mine", "other"))
    before = _git(project, "status", "--porcelain")
    done = arctic_gen("breaking", "--against", "HEAD", folder=project)
    assert done == (0, "1 trainer compared with HEAD: nothing breaks\n", "")
    assert _git(project, "status", "--porcelain") == before


def test_an_earlier_commit_is_compared_with(project: Path) -> None:
    """The reference decides: what broke since the commit before does not break since the last."""
    write(project / "trainers/mine.yaml", _BROKEN)
    _commit(project)
    codes = [
        arctic_gen("breaking", "--against", r, folder=project).code for r in ("HEAD", "HEAD~1")
    ]
    assert codes == [0, 1]


def test_a_folder_is_compared_with(project: Path, tmp_path: Path) -> None:
    """A folder is an earlier state as well, without git."""
    write(tmp_path / "before/pyproject.toml", "")
    write(tmp_path / "before/trainers/mine.yaml", DEFINITION)
    write(project / "trainers/mine.yaml", _BROKEN)
    done = arctic_gen("breaking", "--against", "../../before", folder=project)
    assert done.code == 1
    assert f"  {(tmp_path / 'before/trainers/mine.yaml').as_posix()}:6:5: as it was" in done.out


@pytest.mark.parametrize("after", [None, DEFINITION.replace("mine", "other")])
def test_a_trainer_that_is_gone_is_found(project: Path, after: str | None) -> None:
    """A trainer that nobody defines any more is shown where it was, one renamed where it is."""
    (project / "trainers/mine.yaml").unlink()
    if after:
        write(project / "trainers/mine.yaml", after)
    done = arctic_gen("breaking", "--against", "HEAD", "--contract", "checkpoint", folder=project)
    assert done.code == 1
    place = "trainers/mine.yaml" if after else "HEAD:a project/trainers/mine.yaml"
    code = "trainer-renamed" if after else "trainer-removed"
    assert done.out.startswith(f"{place}:2:1: error[{code}]: ")


def test_paths_say_what_is_compared(project: Path) -> None:
    """Only the definitions below the paths are looked at, wherever the command runs."""
    write(project / "trainers/mine.yaml", _BROKEN)
    write(project / "others/other.yaml", DEFINITION.replace("mine", "other"))
    below = project / "others"
    assert arctic_gen("breaking", "--against", "HEAD", ".", folder=below).code == 0
    assert arctic_gen("breaking", "--against", "HEAD", "../trainers", folder=below).code == 1
    outside = arctic_gen("breaking", "--against", "HEAD", "../..", folder=below)
    assert (outside.code, outside.out) == (2, "")


def test_a_contract_is_asked_for(project: Path) -> None:
    """What breaks code alone is no finding for who asks about recipes."""
    write(project / "trainers/mine.yaml", DEFINITION.replace("Mine", "Other"))
    for contract, code in (("python", 1), ("recipe", 0), ("checkpoint", 0)):
        flags = ["--against", "HEAD", "--contract", contract]
        assert arctic_gen("breaking", *flags, folder=project).code == code


@pytest.mark.parametrize("reference", ["nope", "--output=x", "HEAD~7", "", "main:a", "a\nb"])
def test_a_reference_that_means_nothing_is_wrong_usage(project: Path, reference: str) -> None:
    """What is neither a git ref nor a folder is one message, and never an option of git's."""
    done = arctic_gen("breaking", f"--against={reference}", folder=project)
    assert (done.code, done.out) == (2, "")
    assert "is neither a git ref nor a folder" in done.err or "No such option" in done.err
    assert not list(project.glob("x"))


def test_outside_of_a_repository_it_says_so(tmp_path: Path) -> None:
    """Without git's repository, only a folder can be compared with."""
    write(tmp_path / "mine.yaml", DEFINITION)
    done = arctic_gen("breaking", "--against", "HEAD", folder=tmp_path)
    assert done.code == 2
    assert "this is not a git repository" in done.err


def test_what_git_cannot_read_is_never_called_safe(project: Path) -> None:
    """A clone without an object of the state is wrong usage, and no state without trainers."""
    name = _git(project, "rev-parse", "HEAD:a project/trainers/mine.yaml").strip()
    (project.parent / ".git/objects" / name[:2] / name[2:]).unlink()
    done = arctic_gen("breaking", "--against", "HEAD", folder=project)
    assert (done.code, done.out) == (2, "")
    assert "git cannot read" in done.err


def test_a_definition_that_is_wrong_now_is_not_compared(project: Path) -> None:
    """Its own errors are shown, and no trainer is said to be gone."""
    write(project / "trainers/mine.yaml", DEFINITION.replace("minimum", "minimun"))
    done = arctic_gen("breaking", "--against", "HEAD", folder=project)
    assert done.code == 1
    assert "error[unknown-key]" in done.out
    assert "removed" not in done.out


def test_what_cannot_be_read_any_more_is_never_called_safe(project: Path) -> None:
    """A definition of before that is refused today is an error, at its place there."""
    write(project / "trainers/mine.yaml", DEFINITION.replace("minimum", "minimun"))
    _commit(project)
    write(project / "trainers/mine.yaml", DEFINITION)
    done = arctic_gen("breaking", "--against", "HEAD", folder=project)
    assert done.code == 1
    assert "HEAD:a project/trainers/mine.yaml:8:7: error[not-comparable]: " in done.out


def test_what_a_definition_refers_to_is_taken_from_there_too(project: Path) -> None:
    """Bases and shared fields are those of the earlier state."""
    child = "schema_version: 1\nextends: ./mine.yaml\nname: child\n"
    write(project / "trainers/child.yaml", child)
    _commit(project)
    write(project / "trainers/mine.yaml", _BROKEN)
    done = arctic_gen("breaking", "--against", "HEAD", "trainers/child.yaml", folder=project)
    assert (done.code, done.out.count("error[range-narrowed]")) == (1, 1)


def test_every_form_of_findings_is_given(project: Path) -> None:
    """The findings come as text, JSON, annotations and SARIF."""
    write(project / "trainers/mine.yaml", _BROKEN)
    flags = ["breaking", "--against", "HEAD", "--format"]
    (found,) = json.loads(arctic_gen(*flags, "json", folder=project).out)["diagnostics"]
    assert (found["path"], found["line"], found["code"]) == (
        "trainers/mine.yaml", 6, "range-narrowed",
    )  # fmt: skip
    assert arctic_gen(*flags, "github", folder=project).out.startswith("::error file=trainers/")
    sarif = json.loads(arctic_gen(*flags, "sarif", folder=project).out)
    assert sarif["runs"][0]["results"][0]["ruleId"] == "range-narrowed"


def test_nothing_heavy_is_imported(project: Path) -> None:
    """Comparing imports no torch, pydantic, template engine or type checker."""
    code = "from arctic_training.cli.gen import main\nimport atexit, sys\n"
    heavy = {"torch", "transformers", "datasets", "pydantic", "jinja2", "markupsafe", "mypy"}
    code += f"atexit.register(lambda: print({heavy} & sys.modules.keys()))\n"
    code += "main(['breaking', '--against', 'HEAD'])"
    done = python("-c", code, folder=project)
    assert (done.code, done.out.splitlines()[-1], done.err) == (0, "set()", "")
