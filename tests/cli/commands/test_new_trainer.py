"""``arctic-gen new-trainer``: what it writes, and what it never writes. Types are left out here."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest
import yaml

from tests.support import DEFINITION, Result, arctic_gen, write

PACKAGE = "generated/arctic_trainers/mine"
MADE = ["README.md", "__init__.py", "config.py", "py.typed", "recipe.schema.json", "trainer.py"]
USERS = ["mine.recipe.yaml", "mine.yaml", "mine_loss.py"]
SHARED = "generated/arctic_trainers/_shared/sections.schema.json"
ALL = sorted([*(f"{PACKAGE}/{name}" for name in MADE), SHARED, "generated/manifest.json", *USERS])


def _run(folder: Path, *arguments: str) -> Result:
    return arctic_gen("new-trainer", "--no-verify", *arguments, folder=folder)


def _state(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Return what is in a folder, and when it was written."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in files
    }


def _old(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Make everything in a folder look old; return what is there."""
    for path in folder.rglob("*"):
        os.utime(path, ns=(10**18, 10**18))
    return _state(folder)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder in which ``mine.yaml`` was generated."""
    write(tmp_path / "mine.yaml", DEFINITION)
    assert _run(tmp_path, "mine.yaml").code == 0
    return tmp_path


def test_a_definition_alone_in_a_folder_is_enough(tmp_path: Path) -> None:
    """The package, a stub of the loss and a recipe are written beside it, and named."""
    write(tmp_path / "mine.yaml", DEFINITION)
    done = _run(tmp_path, "mine.yaml")
    assert sorted(_state(tmp_path)) == ALL
    assert done == (
        0,
        "".join(f"create {path}\n" for path in (SHARED, *(f"{PACKAGE}/{name}" for name in MADE)))
        + "begin mine_loss.py, which is yours\nbegin mine.recipe.yaml, which is yours\n"
        + "try it: arctic-gen test mine\ntrain it: arctic-train mine.recipe.yaml\n",
        "",
    )
    assert arctic_gen("validate", "mine.yaml", "mine.recipe.yaml", folder=tmp_path).code == 0


def test_a_second_run_writes_nothing(project: Path) -> None:
    """Without a change, no file and no folder is touched, from whatever folder it runs."""
    before = _old(project)
    folders = {path: path.stat().st_mtime_ns for path in project.rglob("*") if path.is_dir()}
    assert "7 generated files stay as they are\n" in _run(project / "generated", "../mine.yaml").out
    assert _state(project) == before
    assert {path: path.stat().st_mtime_ns for path in folders} == folders


def test_only_what_changes_is_written(project: Path) -> None:
    """A new word in a description touches the files that hold it, and the manifest."""
    before = _old(project)
    write(project / "mine.yaml", DEFINITION.replace("Strength", "Power"))
    assert _run(project, "mine.yaml").code == 0
    after = _state(project)
    assert {path for path in ALL if after[path] != before[path]} == {
        *(f"{PACKAGE}/{name}" for name in ("README.md", "config.py", "recipe.schema.json")),
        "generated/manifest.json",
        "mine.yaml",
    }


def test_what_is_the_users_is_not_written_again(project: Path) -> None:
    """Loss and recipe stay as the user left them, whatever becomes of the definition."""
    write(project / "mine_loss.py", "def mine_loss(trainer, batch): ...\n")
    write(project / "mine.recipe.yaml", "type: mine\n")
    write(project / "mine.yaml", DEFINITION.replace("alpha", "omega"))
    before = _state(project)
    assert _run(project, "--force", "mine.yaml").code == 0
    after = _state(project)
    assert after["mine_loss.py"] == before["mine_loss.py"]
    assert after["mine.recipe.yaml"] == before["mine.recipe.yaml"]


def test_an_edited_file_stops_it_until_force(project: Path) -> None:
    """A generated file that was written to by hand is shown with what was done, and overwritten.

    The second only with ``--force``.
    """
    config = project / PACKAGE / "config.py"
    generated = config.read_text(encoding="utf-8")
    write(config, generated.replace("0.5", "0.9"))
    before = _state(project)
    stopped = _run(project, "mine.yaml")
    assert stopped.code == 1
    message = f"error[edited]: {PACKAGE}/config.py was edited by hand"
    assert f"mine.yaml:2:1: {message}" in stopped.out
    assert "0.9\n" in stopped.out
    assert "0.5\n" in stopped.out
    assert _state(project) == before
    assert f"overwrite {PACKAGE}/config.py" in _run(project, "--force", "mine.yaml").out
    assert config.read_text(encoding="utf-8") == generated


def test_a_file_in_the_way_is_not_overwritten(tmp_path: Path) -> None:
    """A file that stands where one is to be generated, and was not, counts as edited."""
    write(tmp_path / "mine.yaml", DEFINITION)
    write(tmp_path / PACKAGE / "config.py", "mine = 1\n")
    assert "error[edited]" in _run(tmp_path, "mine.yaml").out
    assert sorted(_state(tmp_path)) == [f"{PACKAGE}/config.py", "mine.yaml"]


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (DEFINITION.replace("alpha:", "class:"), "reserved-name"),
        (DEFINITION.replace("[random_llama", "[random"), "unknown-factory"),
        (DEFINITION.replace("default: 0.5", "default: -1"), "out-of-range"),
        (DEFINITION.replace("mine_loss:mine_loss", "json:nothing"), "not-importable"),
        ("name: [", "yaml-syntax"),
    ],
)
def test_with_one_error_nothing_is_written(second: str, code: str, tmp_path: Path) -> None:
    """A definition that is wrong keeps the right ones beside it from being generated."""
    write(tmp_path / "mine.yaml", DEFINITION)
    write(tmp_path / "other.yaml", second.replace("name: mine\n", "name: other\n"))
    before = _state(tmp_path)
    done = _run(tmp_path, "mine.yaml", "other.yaml")
    assert done.code == 1
    assert f"error[{code}]" in done.out
    assert _state(tmp_path) == before


def test_a_dry_run_says_all_and_writes_nothing(tmp_path: Path) -> None:
    """``--dry-run`` lists the same changes as the run, and leaves no trace."""
    write(tmp_path / "mine.yaml", DEFINITION)
    before = _old(tmp_path)
    dry = _run(tmp_path, "--dry-run", "mine.yaml")
    assert _state(tmp_path) == before
    real = _run(tmp_path, "mine.yaml")
    said = [line.removeprefix("would ") for line in dry.out.splitlines()]
    assert said == real.out.splitlines()[:-2]  # without what to do next
    write(tmp_path / "mine.yaml", DEFINITION.replace("name: mine\n", "name: other\n"))
    before = _old(tmp_path)
    assert f"would delete {PACKAGE}/config.py\n" in _run(tmp_path, "--dry-run", "mine.yaml").out
    assert _state(tmp_path) == before


def test_diff_shows_how_files_change(project: Path) -> None:
    """``--diff`` shows the lines that go and those that come."""
    write(project / "mine.yaml", DEFINITION.replace("Strength", "Power"))
    lines = _run(project, "--diff", "--dry-run", "mine.yaml").out.splitlines()
    assert "--- arctic_trainers/mine/config.py (as it is)" in lines
    assert '-    """Strength."""' in lines
    assert '+    """Power."""' in lines


def test_a_line_that_does_not_end_is_a_line_of_the_diff(project: Path) -> None:
    """What goes and what comes stand on lines of their own."""
    path = project / "generated/arctic_trainers/mine/config.py"
    write(path, "mine")
    lines = _run(project, "--diff", "--dry-run", "--force", "mine.yaml").out.splitlines()
    assert "-mine" in lines


def test_output_takes_the_place_of_generated(tmp_path: Path) -> None:
    """``--output`` holds the package and the manifest; the user's files stay where they belong."""
    write(tmp_path / "a/mine.yaml", DEFINITION)
    assert _run(tmp_path, "--output", "b/made", "a/mine.yaml").code == 0
    moved = [path.replace("generated", "b/made") for path in ALL if path not in USERS]
    assert sorted(_state(tmp_path)) == sorted([*moved, *(f"a/{path}" for path in USERS)])
    first = (tmp_path / "a/mine.recipe.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first.endswith("$schema=../b/made/arctic_trainers/mine/recipe.schema.json")


def test_a_renamed_trainer_leaves_nothing_of_the_old_one(project: Path) -> None:
    """Stale files of ours go with their folder; what is not ours stays, and is named."""
    write(project / PACKAGE / "notes.txt", "mine")
    write(project / PACKAGE / "config/deep/notes.txt", "mine")
    write(project / "mine.yaml", DEFINITION.replace("name: mine\n", "name: our-s\n"))
    done = _run(project, "mine.yaml")
    assert f"delete {PACKAGE}/config.py\n" in done.out
    kept = [f"{PACKAGE}/config/deep/notes.txt", f"{PACKAGE}/notes.txt"]
    for path in kept:
        assert f"leave alone, as it is not ours, {path}\n" in done.out
    files = [path for path in _state(project) if path.startswith("generated/")]
    package = "generated/arctic_trainers/our_s"
    assert files == sorted(
        [*kept, SHARED, *(f"{package}/{name}" for name in MADE), "generated/manifest.json"]
    )


def test_trainers_of_other_definitions_stay(project: Path) -> None:
    """One definition is generated without the others; those that are gone leave nothing."""
    other = DEFINITION.replace("name: mine\n", "name: other\n")
    write(project / "other.yaml", other)
    assert _run(project, "other.yaml").code == 0
    assert (project / PACKAGE / "config.py").exists()
    (project / "mine.yaml").unlink()
    assert f"delete {PACKAGE}/config.py\n" in _run(project, "other.yaml").out
    assert not (project / PACKAGE).exists()
    assert arctic_gen("check", "--no-verify", folder=project).code == 0


def test_a_moved_definition_is_the_same_trainer(project: Path) -> None:
    """A definition may move within the project; only what names its path changes."""
    (project / "mine.yaml").rename(project / "moved.yaml")
    assert _run(project, "moved.yaml").code == 0
    assert arctic_gen("check", "--no-verify", folder=project).code == 0


def test_two_trainers_cannot_share_a_package(project: Path) -> None:
    """Names that make one package are refused with both places, in one run and across runs."""
    write(project / "a.yaml", DEFINITION.replace("name: mine\n", "name: x-y\n"))
    write(project / "b.yaml", "# a line\n" + DEFINITION.replace("name: mine\n", "name: x_y\n"))
    write(project / "c.yaml", DEFINITION)
    before = _state(project)
    once = _run(project, "a.yaml", "b.yaml")
    assert "b.yaml:3:7: error[name-taken]: duplicate trainer name `x_y`: a.yaml has it" in once.out
    assert "a.yaml:2:1" in once.out
    later = _run(project, "c.yaml")
    assert (
        "c.yaml:2:7: error[name-taken]: duplicate trainer name `mine`: mine.yaml has it"
        in later.out
    )
    assert _state(project) == before


@pytest.mark.parametrize("name", ["sft", "causal", "dpo"])
def test_the_name_of_a_built_in_trainer_is_taken(name: str, project: Path) -> None:
    """A trainer that would stand before a built-in one is refused by every command, at its name."""
    write(project / "a.yaml", DEFINITION.replace("name: mine\n", f"name: {name}\n"))
    before = _state(project)
    for command in (["new-trainer", "--no-verify"], ["validate"], ["check", "--no-verify"]):
        done = arctic_gen(*command, "a.yaml", folder=project)
        place = f"a.yaml:2:7: error[name-taken]: duplicate trainer name `{name}`: a built-in"
        assert (done.code, done.out[: len(place)]) == (1, place)
        assert f"`extends: {name}` inherits what the trainer has\n" in done.out
    assert _state(project) == before


def test_several_definitions_of_several_projects_at_once(tmp_path: Path) -> None:
    """Each definition is generated into its own project."""
    for folder in ("a", "b"):
        write(tmp_path / folder / "pyproject.toml", "")
        for name in ("one", "two"):
            text = DEFINITION.replace("name: mine\n", f"name: {name}\n")
            write(tmp_path / folder / f"defs/{name}.yaml", text.replace("mine_loss:", f"{name}:"))
    done = _run(tmp_path, *(f"{f}/defs/{n}.yaml" for f in "ab" for n in ("one", "two")))
    assert done.code == 0
    for folder in ("a", "b"):
        made = json.loads((tmp_path / folder / "generated/manifest.json").read_text())["trainers"]
        assert {n: entry["definition"] for n, entry in made.items()} == {
            "one": "defs/one.yaml",
            "two": "defs/two.yaml",
        }
        assert (tmp_path / folder / "two.py").exists()


def test_json_is_yaml(tmp_path: Path) -> None:
    """A definition in JSON makes what the same definition in YAML makes."""
    write(tmp_path / "a/mine.yaml", DEFINITION)
    write(tmp_path / "b/mine.json", json.dumps(yaml.safe_load(DEFINITION), indent=2))
    for path in ("a/mine.yaml", "b/mine.json"):
        assert _run(tmp_path, path).code == 0
    for name in MADE:
        one, other = ((tmp_path / f / PACKAGE / name).read_text() for f in ("a", "b"))
        assert one == other.replace("mine.json", "mine.yaml")


def test_an_implementation_takes_the_place_of_a_loss(tmp_path: Path) -> None:
    """The generated class is a base, a stub derives from it, and the package offers both."""
    text = DEFINITION.replace("loss: mine_loss:mine_loss", "implementation: ours.impl:MineTrainer")
    write(tmp_path / "mine.yaml", text)
    assert _run(tmp_path, "mine.yaml").code == 0
    stub = (tmp_path / "ours/impl.py").read_text(encoding="utf-8")
    assert "class MineTrainer(MineTrainerBase):" in stub
    trainer = (tmp_path / PACKAGE / "trainer.py").read_text(encoding="utf-8")
    assert "class MineTrainerBase(Trainer[MineTrainerConfig, SFTBatch]" in trainer
    assert "abstract=True" in trainer
    assert "def loss" not in trainer
    offered = (tmp_path / PACKAGE / "__init__.py").read_text(encoding="utf-8")
    assert '"MineTrainer": "ours.impl"' in offered


@pytest.mark.parametrize(
    "text",
    [
        DEFINITION.replace("name: mine\n", "name: other\n")
        + "implementation: mine_loss:MineTrainer\n",
        DEFINITION.replace("name: mine\n", "name: other\n").replace(":mine_loss", ":other_loss"),
    ],
    ids=["loss and implementation", "two losses"],
)
def test_one_file_is_begun_for_one_function(text: str, tmp_path: Path) -> None:
    """Two functions that would need stubs in one new file are refused, not written over."""
    write(tmp_path / "a.yaml", DEFINITION)
    write(tmp_path / "b.yaml", text)
    done = _run(tmp_path, *(["b.yaml"] if "implementation" in text else ["a.yaml", "b.yaml"]))
    assert done.code == 1
    assert "error[not-importable]: there is no mine_loss.py yet" in done.out
    assert sorted(_state(tmp_path)) == ["a.yaml", "b.yaml"]


@pytest.mark.parametrize("name", ["mine_loss.py", "mine.recipe.yaml"])
@pytest.mark.parametrize("what", ["a link to nothing", "a folder"])
def test_what_is_in_the_place_of_a_file_to_begin_is_named(
    name: str, what: str, tmp_path: Path
) -> None:
    """A folder or a broken link of the user's is not written over, and is not taken for a file."""
    write(tmp_path / "mine.yaml", DEFINITION)
    if what == "a folder":
        (tmp_path / name).mkdir()
    else:
        (tmp_path / name).symlink_to("nowhere")
    done = _run(tmp_path, "mine.yaml")
    assert done.code == 1
    assert f"error[not-writable]: {name} cannot be begun: {what} has its name" in done.out
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["mine.yaml", name])


@pytest.mark.parametrize(
    "place", ["trainer.schema.json", "arctic_trainers/mine/config.py", "arctic_trainers/mine"]
)
def test_what_is_in_the_place_of_a_generated_file_is_named(place: str, project: Path) -> None:
    """Where a folder stands for a file, or a file for their folder, nothing is written."""
    write(project / "mine.yaml", _EDITED)
    path = project / "generated" / place
    if path.is_dir():
        shutil.rmtree(path)
        write(path, "mine")
    else:
        path.unlink(missing_ok=True)
        write(path / "mine.txt", "mine")
    before = _state(project)
    done = _run(project, "mine.yaml", "--force")
    assert (done.code, done.out) == (2, "")
    assert re.fullmatch(f"error: {path}.*: move away what is in the place of .*\n", done.err)
    assert _state(project) == before


@pytest.mark.parametrize("place", ["trainer.schema.json", "arctic_trainers/mine/config.py"])
@pytest.mark.parametrize("target", ["/mnt/away/config.py", "own.py", "link"])
def test_a_link_in_the_place_of_a_generated_file_stays(
    place: str, target: str, project: Path
) -> None:
    """A link to a file, to nothing or to itself is an edit: `--force` alone replaces it.

    What it leads to is the user's, and keeps its bytes even then.
    """
    write(project / "mine.yaml", _EDITED)
    path = project / "generated" / place
    own = write(path.parent / "own.py", "own = 1\n")
    path.unlink(missing_ok=True)
    path.symlink_to(path.name if target == "link" else target)
    before = _state(project)
    done = _run(project, "mine.yaml")
    said = f"error[edited]: generated/{place} was replaced by a symbolic link"
    assert (done.code, said in done.out) == (1, True)
    assert _state(project) == before
    checked = arctic_gen("check", "--no-verify", "mine.yaml", folder=project)
    assert f"generated/{place} was replaced by a symbolic link" in checked.out
    own.unlink() if target != "own.py" else None
    assert _run(project, "mine.yaml", "--force").code == 0
    assert path.is_file()
    assert not path.is_symlink()
    assert target != "own.py" or own.read_text("utf-8") == "own = 1\n"


@pytest.mark.parametrize("target", ["away.json", "real.json"])
def test_a_link_in_the_place_of_the_manifest_stays(target: str, project: Path) -> None:
    """Without the record nobody knows what is ours: nothing is written, with `--force` either."""
    manifest = project / "generated/manifest.json"
    manifest.rename(manifest.with_name("real.json"))
    manifest.symlink_to(target)
    before = _state(project)
    done = _run(project, "mine.yaml", "--force")
    assert (done.code, "manifest.json is a symbolic link" in done.err) == (2, True)
    assert _state(project) == before


def test_a_pipe_in_the_place_of_a_generated_file_holds_nothing_up(project: Path) -> None:
    """What is no regular file is named, and not opened: nobody may ever write to a pipe."""
    path = project / "generated/arctic_trainers/mine/config.py"
    path.unlink()
    os.mkfifo(path)
    done = _run(project, "mine.yaml", "--force")
    assert (done.code, "config.py" in done.err, "move away what is in" in done.err) == (
        2,
        True,
        True,
    )


def test_other_names_of_a_generated_file_keep_their_bytes(project: Path) -> None:
    """A hard link and a read-only file: the generated name is replaced, nothing is written into."""
    path = project / "generated/arctic_trainers/mine/config.py"
    other = project / "kept.py"
    os.link(path, other)
    path.chmod(0o400)
    before = other.read_bytes()
    write(project / "mine.yaml", DEFINITION.replace("Strength", "Power"))
    assert _run(project, "mine.yaml").code == 0
    assert (other.read_bytes(), b"Power" in path.read_bytes()) == (before, True)


_EDITED = f"# yaml-language-server: $schema=generated/trainer.schema.json\n{DEFINITION}"


def _manifest(path: str) -> str:
    record = {"definition": "mine.yaml", "files": {path: "sha256:0"}}
    return json.dumps({"version": 1, "interface": 1, "trainers": {"mine": record}})


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[]",
        '{"version": 2, "trainers": {}}',
        '{"version": 1, "trainers": {"x": 1}}',
        '{"version": 1, "trainers": {"x": {"definition": 1, "files": {}}}}',
        '{"version": 1, "trainers": ' + "[" * 100_000,
        _manifest("../mine.yaml"),
        _manifest("/etc/passwd"),
        _manifest("arctic_trainers/mine/../../../mine.yaml"),
    ],
)
def test_a_foreign_manifest_is_refused(text: str, tmp_path: Path) -> None:
    """A manifest that cannot be ours, or leads out of its folder, cannot be worked with."""
    write(tmp_path / "mine.yaml", DEFINITION)
    write(tmp_path / "generated/manifest.json", text)
    before = _state(tmp_path)
    for verb in (["new-trainer", "mine.yaml"], ["check"]):
        done = arctic_gen(*verb, "--no-verify", folder=tmp_path)
        assert done.code == 2
        assert done.err.startswith(f"error: {tmp_path}/generated/manifest.json ")
        assert _state(tmp_path) == before


@pytest.mark.parametrize("verb", ["new-trainer", "check"])
@pytest.mark.parametrize("marker", ["pyproject.toml", "", "generated"])
def test_a_second_definition_of_a_name_is_found_unnamed(
    verb: str, marker: str, tmp_path: Path
) -> None:
    """It need not be named: the one that is cannot have the name, and both places are shown."""
    if marker == "generated":
        write(tmp_path / "first.yaml", DEFINITION)
        assert arctic_gen("new-trainer", "--no-verify", "first.yaml", folder=tmp_path).code == 0
    elif marker:
        write(tmp_path / marker, "")
    write(tmp_path / "first.yaml", f"# mine\n{DEFINITION}")
    write(tmp_path / "second.yaml", DEFINITION)
    done = arctic_gen(verb, "--no-verify", "second.yaml", folder=tmp_path)
    said = "second.yaml:2:7: error[name-taken]: duplicate trainer name `mine`: first.yaml has it\n"
    assert (done.code, done.out.startswith(said)) == (1, True)
    assert "  first.yaml:3:1: taken here\n" in done.out
    assert done.out.count("error[") == 1


def test_a_definition_of_the_same_name_is_looked_for_in_the_whole_project(tmp_path: Path) -> None:
    """In folders that no other tool, project or run owns; `a-b` and `a_b` are one package."""
    write(tmp_path / "pyproject.toml", "")
    write(tmp_path / "a/one.yaml", DEFINITION.replace("name: mine\n", "name: a-b\n"))
    other = DEFINITION.replace("name: mine\n", 'name: "a_b"  # the other\n')
    for place in (".hidden/x.yaml", "build/x.yaml", "nested/x.yaml"):
        write(tmp_path / place, other)
    write(tmp_path / "nested/pyproject.toml", "")
    write(tmp_path / "b/recipe.yaml", "type: a_b\nscheduler: {name: a_b}\n")
    write(tmp_path / "b/torn.yaml", "name: a_b\nextends: [\n")
    assert arctic_gen("new-trainer", "--no-verify", "a/one.yaml", folder=tmp_path).code == 0
    assert arctic_gen("check", "--no-verify", folder=tmp_path).code == 0
    write(tmp_path / "b/deep/two.yaml", other)
    for command in (["new-trainer", "a/one.yaml", "--force"], ["check"]):
        done = arctic_gen(*command, "--no-verify", folder=tmp_path)
        assert "duplicate trainer name `a-b`: b/deep/two.yaml has it\n" in done.out
        assert "  b/deep/two.yaml:2:1: taken here\n" in done.out
    done = arctic_gen(
        "new-trainer", "a/one.yaml", "--output", "else", "--no-verify", folder=tmp_path
    )
    assert done.code == 0


def test_a_second_definition_beside_ends_a_run_without_changes(tmp_path: Path) -> None:
    """What was said before of an unchanged definition is not said again."""
    write(tmp_path / "mine.yaml", DEFINITION)
    for _ in range(2):
        assert arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=tmp_path).code == 0
    write(tmp_path / "copy.yaml", DEFINITION)
    done = arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=tmp_path)
    assert (done.code, "copy.yaml has it" in done.out) == (1, True)


def test_a_name_that_was_given_up_is_told_from_one_that_is_taken(tmp_path: Path) -> None:
    """A definition of another name by now, under whose old one something was generated."""
    write(tmp_path / "mine.yaml", DEFINITION)
    assert arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=tmp_path).code == 0
    write(tmp_path / "mine.yaml", DEFINITION.replace("name: mine\n", "name: other\n"))
    write(tmp_path / "new.yaml", DEFINITION)
    done = arctic_gen("new-trainer", "--no-verify", "new.yaml", folder=tmp_path)
    assert "duplicate trainer name `mine`: mine.yaml was generated under it\n" in done.out
    assert arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=tmp_path).code == 0
    assert arctic_gen("new-trainer", "--no-verify", "new.yaml", folder=tmp_path).code == 0
