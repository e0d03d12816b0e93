"""``arctic-gen lint``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support import DEFINITION, Result, arctic_gen, python, write

_MISSING = "missing-schema-line"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder with a definition that has two findings, both warnings."""
    write(tmp_path / "trainers/mine.yaml", DEFINITION)
    return tmp_path


def _codes(done: Result) -> list[str]:
    return [entry["code"] for entry in json.loads(done.out)["diagnostics"]]


def test_warnings_are_told_and_errors_stop(project: Path) -> None:
    """Warnings alone are no failure, unless they are to be; an error of a rule is one."""
    done = arctic_gen("lint", folder=project)
    assert (done.code, done.out.count("warning["), done.err) == (0, 2, "")
    strict = arctic_gen("lint", "--strict", folder=project)
    assert (strict.code, strict.out.count("error[")) == (1, 2)
    write(project / "mine_loss.py", "def mine_loss(trainer, batch): pass\n")
    write(project / "pyproject.toml", "")
    done = arctic_gen("lint", folder=project)
    assert (done.code, done.out.count("error[unread-field]")) == (1, 1)


def test_definitions_are_found_and_other_files_passed_over(project: Path) -> None:
    """Files and folders may be named; recipes are not looked at, wrong definitions are told."""
    write(project / "recipe.yaml", "type: sft\nmodel: {}\ndata: {}\n")
    write(project / "other.yaml", "a: 1\n")
    named = arctic_gen("lint", "recipe.yaml", "trainers/mine.yaml", folder=project)
    assert named == arctic_gen("lint", "trainers", folder=project)
    assert named == arctic_gen("lint", folder=project)
    write(project / "wrong.yaml", DEFINITION.replace("default: 0.5", "default: -1"))
    done = arctic_gen("lint", "--format", "json", folder=project)
    assert (done.code, sorted(_codes(done))) == (
        1,
        ["missing-description", _MISSING, "out-of-range"],
    )
    assert arctic_gen("lint", "no.yaml", folder=project).code == 2


def test_fix_mends_what_is_safe_and_no_more(project: Path) -> None:
    """The line of the schema is written, everything else stays; a second time nothing is done."""
    path = project / "trainers/mine.yaml"
    done = arctic_gen("lint", "--fix", folder=project)
    assert done.err == "fixed trainers/mine.yaml\n"
    assert _MISSING not in done.out
    schema = "generated/trainer.schema.json"
    text = f"# yaml-language-server: $schema={schema}\n{DEFINITION}"
    assert path.read_text(encoding="utf-8") == text
    again = arctic_gen("lint", "--fix", folder=project)
    assert (again.out, again.err) == (done.out, "")
    assert [file.name for file in path.parent.iterdir()] == ["mine.yaml"]


def test_a_baseline_lists_what_is_known(project: Path) -> None:
    """With a baseline only new findings are told, wherever the known ones have moved to.

    What it lists too much is a finding at its line, unless its file was not looked at.
    """
    baseline = ["--baseline", "known/lint.json"]
    (project / "known").mkdir()
    done = arctic_gen("lint", *baseline, "--write-baseline", folder=project)
    assert done == (
        0,
        "1 definition looked at: no findings\n",
        "known/lint.json lists 2 findings\n",
    )
    listed = json.loads((project / "known/lint.json").read_text("utf-8"))["findings"]
    assert {entry["path"] for entry in listed} == {"../trainers/mine.yaml"}
    fine = arctic_gen("lint", *baseline, "--strict", folder=project)
    assert (fine.code, fine.err) == (0, "")
    path = write(project / "trainers/mine.yaml", "\n\n" + DEFINITION)
    assert arctic_gen("lint", *baseline, "--strict", folder=project) == fine
    write(path, DEFINITION.replace("alpha", "alpha_ratio"))
    new = arctic_gen("lint", *baseline, "--format", "json", folder=project)
    assert _codes(new) == ["share-without-range"]
    write(path, "description: A trainer.\n" + DEFINITION)
    stale = arctic_gen("lint", *baseline, folder=project)
    assert stale.out.startswith("known/lint.json:4:5: warning[stale-baseline]: ")
    write(project / "b.yaml", DEFINITION.replace("name: mine\n", "name: b\ndescription: B.\n"))
    assert "stale" not in arctic_gen("lint", *baseline, "b.yaml", folder=project).out


def test_a_file_that_is_no_baseline_is_told_with_its_line(project: Path) -> None:
    """A baseline that is wrong is reported as any document, and hides nothing."""
    write(project / "lint.json", '{"version": 1, "findings": [{"path": 1}]}')
    done = arctic_gen("lint", "--baseline", "lint.json", "--format", "json", folder=project)
    assert (done.code, sorted(set(_codes(done)))) == (
        1, ["missing-description", "missing-key", _MISSING, "wrong-type"],
    )  # fmt: skip
    assert arctic_gen("lint", "--write-baseline", folder=project).code == 2
    assert arctic_gen("lint", "--baseline", "no.json", folder=project).code == 2


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("trainers/mine.yaml", DEFINITION),
        ("mine_loss.py", "def loss() -> None: ...\n"),
        ("other.json", '{"version": 1}'),
        ("merged.json", '<<<<<<< HEAD\n{"version": 1, "findings": []}\n'),
        ("binary.bin", "\0\1"),
    ],
)
def test_no_file_but_a_baseline_is_overwritten(name: str, text: str, project: Path) -> None:
    """`--write-baseline` keeps every file that is none, the definition first of all."""
    path = write(project / name, text)
    done = arctic_gen("lint", "--baseline", name, "--write-baseline", ".", folder=project)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"error: `{name}` is not a baseline of findings and is not overwritten: "
        "name another file, or delete this one\n"
    )
    assert path.read_text("utf-8") == text


def test_a_baseline_is_written_where_there_is_one_or_nothing(project: Path) -> None:
    """An earlier baseline and an empty file are overwritten; a link to nothing is not followed."""
    command = ("lint", "--write-baseline", "--baseline")
    write(project / "empty.json", "")
    for name in ("new.json", "new.json", "empty.json"):
        assert arctic_gen(*command, name, folder=project).code == 0
    (project / "link.json").symlink_to("away/lint.json")
    done = arctic_gen(*command, "link.json", folder=project)
    assert (done.code, "is a symbolic link to nothing" in done.err) == (2, True)


def test_linting_imports_nothing_heavy_and_nothing_of_the_users(project: Path) -> None:
    """Neither torch nor pydantic nor the user's module is imported."""
    write(project / "pyproject.toml", "")
    write(project / "mine_loss.py", "raise SystemExit('imported')\ndef mine_loss(t, b): pass\n")
    code = """
import sys
from arctic_training.cli.gen import main
try:
    main(["lint"])
except SystemExit as end:
    heavy = {"torch", "pydantic", "transformers", "jinja2", "mine_loss"} & set(sys.modules)
    print(end.code, heavy, file=sys.stderr)
"""
    done = python("-c", code, folder=project)
    assert done.err == "1 set()\n"


def test_a_definition_that_was_moved_names_its_schema_anew(tmp_path: Path) -> None:
    """The comment for editors leads nowhere from the new place; `--fix` writes the way from there.

    A schema that generating puts there, and one of the network, is not missed.
    """
    write(tmp_path / "pyproject.toml", "")
    assert arctic_gen("init", "mine", "--no-questions", folder=tmp_path).code == 0
    text = (tmp_path / "mine.yaml").read_text("utf-8")
    moved = write(tmp_path / "deep/down/mine.yaml", text)
    found = arctic_gen("lint", "deep", "--format", "concise", folder=tmp_path)
    line = "deep/down/mine.yaml:1:33: warning[lost-schema]: there is no schema "
    assert found.out.startswith(f"{line}`generated/trainer.schema.json`")
    assert arctic_gen("lint", "deep", "--fix", folder=tmp_path).code == 0
    first, _, rest = moved.read_text("utf-8").partition("\n")
    assert first == "# yaml-language-server: $schema=../../generated/trainer.schema.json"
    assert rest == text.partition("\n")[2]
    write(moved, text.replace("generated/", "https://example.org/", 1))
    assert "lost-schema" not in arctic_gen("lint", "deep", folder=tmp_path).out
    write(moved, text.replace("generated/", "x" * 5000, 1))
    assert "warning[lost-schema]" in arctic_gen("lint", "deep", folder=tmp_path).out
