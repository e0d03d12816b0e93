"""``arctic-gen validate`` and ``arctic-train --dry-run``."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from arctic_training.fs.atomic_folder import writing
from tests.support import DEFINITION, RECIPE, ROOT, arctic_gen, arctic_train, python, write

_HEAVY = {"torch", "transformers", "deepspeed", "datasets", "tokenizers", "pydantic", "jinja2"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder of everything that may lie in a project."""
    write(tmp_path / "a" / "mine.yaml", DEFINITION)
    write(tmp_path / "a" / "mine.recipe.yml", RECIPE)
    recipe = {"data": {"sources": {"type": "python_docs"}}, "model": {"name_or_path": "x"}}
    write(tmp_path / "b.json", json.dumps(recipe))
    write(tmp_path / "compose.yaml", "services: {}\n")
    write(tmp_path / "empty.yaml", "")
    write(tmp_path / "hooks.yaml", "- id: mine\n")
    write(tmp_path / "rows.json", '{"a": 1}\n{"a": 2}\n')
    write(tmp_path / "tokenizer.json", '{"version": "1.0", "model": {"type": "BPE"}}')
    write(tmp_path / "notes.txt", "type: [")
    for unread in ("generated", "build", ".github", "a/node_modules"):
        write(tmp_path / unread / "x.yaml", "type: nothing\n")
    return tmp_path


def test_a_folder_is_read_and_what_is_neither_is_named(folder: Path) -> None:
    """Definitions and recipes are checked, other YAML is named, generated folders are left out."""
    result = arctic_gen("validate", ".", folder=folder)
    assert (result.code, result.out) == (0, "1 definition and 2 recipes checked: no findings\n")
    assert result.err.splitlines() == [
        f"skipped: {name} is neither a definition nor a recipe"
        for name in ("compose.yaml", "empty.yaml", "hooks.yaml", "rows.json", "tokenizer.json")
    ]


def test_what_no_person_wrote_is_passed_over_in_silence(tmp_path: Path) -> None:
    """Caches, checkpoints, and what git ignores: not looked at, unless it is named itself."""
    with writing(tmp_path / "cache" / "samples" / "0a1b") as folder:
        write(folder / "report.json", "{}")
    with writing(tmp_path / "runs" / "global_step_1") as folder:
        write(folder / "config.json", '{"model_type": "llama"}')
    write(tmp_path / "hub" / "CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n")
    write(tmp_path / "hub" / "datasets" / "info.json", "{}")
    write(tmp_path / "notes" / "a.json", "{}")
    write(tmp_path / "b.json", "{}")
    write(tmp_path / ".gitignore", "notes/\n/b.json\n")
    write(tmp_path / "r.yaml", RECIPE)
    command = ["git", "init", "-q"]
    subprocess.run(command, cwd=tmp_path, check=True)
    result = arctic_gen("validate", ".", folder=tmp_path)
    assert result == (0, "1 recipe checked: no findings\n", "")
    assert arctic_gen("validate", "b.json", folder=tmp_path).code == 1


@pytest.mark.parametrize("name", ["compose.yaml", "empty.yaml", "hooks.yaml", "rows.json"])
def test_a_file_that_was_named_itself_is_never_skipped(folder: Path, name: str) -> None:
    """Who names a file wants it checked: that it is neither is then an error."""
    result = arctic_gen("validate", "a", name, folder=folder)
    assert (result.code, result.err) == (1, "")
    assert result.out.startswith(f"{name}:")


def test_the_errors_of_all_files_come_sorted_in_one_answer(folder: Path) -> None:
    """Every form lists the errors of all files, by file and place."""
    write(folder / "a" / "mine.yaml", DEFINITION.replace("minimum", "minimun") + "loss: twice\n")
    write(folder / "broken.yaml", "type: [\n")
    write(folder / "a" / "mine.recipe.yml", RECIPE + "arctic_moe: {}\nseed: -1\n")
    result = arctic_gen("validate", "--format", "json", "broken.yaml", ".", folder=folder)
    assert result.code == 1
    found = json.loads(result.out)["diagnostics"]
    assert [(d["path"], d["line"], d["code"]) for d in found] == [
        ("a/mine.recipe.yml", 23, "not-supported"),
        ("a/mine.recipe.yml", 24, "out-of-range"),
        ("a/mine.yaml", 8, "unknown-key"),
        ("a/mine.yaml", 18, "duplicate-key"),
        ("broken.yaml", 1, "yaml-syntax"),
    ]


def test_two_trainers_of_a_project_cannot_have_one_name(folder: Path) -> None:
    """Two definitions of one name are refused before they are generated; one named twice is one."""
    assert arctic_gen("validate", "a/mine.yaml", "a", folder=folder).code == 0
    write(folder / "pyproject.toml", "")
    write(folder / "c/other.yaml", DEFINITION)
    result = arctic_gen("validate", "a", "c", folder=folder)
    assert result.code == 1
    assert "c/other.yaml:2:7: error[name-taken]: duplicate trainer name `mine`: a/" in result.out


def test_a_manifest_that_is_none_is_said_to_be_one(folder: Path) -> None:
    """What stands where the manifest does and cannot be read is the environment's, and no bug."""
    write(folder / "generated/manifest.json", "{")
    result = arctic_gen("validate", "a/mine.yaml", folder=folder)
    assert (result.code, result.out) == (2, "")
    assert result.err.endswith("manifest.json is not a manifest of arctic-gen\n")


@pytest.mark.parametrize(
    "key", ["schema_versio", "config_typ", "data_factory_typ", "tokenizer_factory_types"]
)
def test_a_definition_is_one_even_when_its_keys_are_mistyped(tmp_path: Path, key: str) -> None:
    """A file whose one telling key is mistyped is a definition, not something to skip."""
    write(tmp_path / "d.yaml", f"name: mine\n{key}: {{}}\n")
    result = arctic_gen("validate", ".", folder=tmp_path)
    assert (result.code, result.err) == (1, "")
    assert f"unknown key `{key}`; did you mean" in result.out


def test_a_recipe_of_the_default_trainer_needs_no_type(tmp_path: Path) -> None:
    """A recipe without `type` is one of `sft`, wherever it is checked."""
    write(tmp_path / "r.yaml", RECIPE.removeprefix("type: sft\n"))
    assert arctic_gen("validate", "r.yaml", folder=tmp_path).code == 0
    assert arctic_train("--dry-run", "r.yaml", folder=tmp_path) == (
        0,
        "r.yaml is a recipe that the trainer `sft` takes\n",
        "",
    )


def test_a_dry_run_looks_for_local_paths(tmp_path: Path) -> None:
    """`--dry-run` finds each local path that is not there, at its line; `validate` does not."""
    text = RECIPE.replace("type: python_docs\n    sample_count: 60", "name_or_path: ./said.jsonl")
    teacher = "type: dpo\nref_model:\n  type: huggingface\n  name_or_path: ./teacher"
    write(tmp_path / "r.yaml", text.replace("type: sft", teacher))
    result = arctic_train("--dry-run", "--format", "concise", "r.yaml", folder=tmp_path)
    assert result.code == 1
    places = [line.partition(": ")[0] for line in result.out.splitlines()]
    assert places == ["r.yaml:4:17", "r.yaml:21:19"]
    assert [path.name for path in tmp_path.iterdir()] == ["r.yaml"]
    assert arctic_gen("validate", "r.yaml", folder=tmp_path).code == 0

    write(tmp_path / "said.jsonl", "nothing that could be read")
    (tmp_path / "teacher").mkdir()
    result = arctic_train("--dry-run", "r.yaml", folder=tmp_path)
    assert (result.code, result.err) == (0, "")
    assert result.out.endswith("`dpo` takes; 2 local paths of models and data found\n")


def test_a_dry_run_with_a_warning_says_what_was_checked(tmp_path: Path) -> None:
    """What is deprecated is told, and that the recipe is one all the same."""
    write(tmp_path / "r.yaml", RECIPE + "optimizer: {lr: 1e-3}\n")
    result = arctic_train("--dry-run", "r.yaml", folder=tmp_path)
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("r.yaml:23:13: warning[deprecated-key]: ")
    assert result.out.endswith("r.yaml is a recipe that the trainer `sft` takes\n")


@pytest.mark.parametrize(
    "command",
    ["arctic_training.cli.gen validate schemas/trainers", "arctic_training.cli.train --dry-run"],
)
@pytest.mark.parametrize("ending", ["", "micro_batch_szie: 1\n"])
def test_checking_imports_nothing_heavy(tmp_path: Path, command: str, ending: str) -> None:
    """A check, with errors to explain or without, loads neither what trains nor what renders."""
    recipe = write(tmp_path / "r.yaml", RECIPE + ending)
    module, *arguments = [*command.split(), str(recipe)]
    code = (
        "import sys, atexit, importlib;"
        f"atexit.register(lambda: print(sorted({_HEAVY} & sys.modules.keys()), file=sys.stderr));"
        f"importlib.import_module({module!r}).main({arguments})"
    )
    result = python("-c", code, folder=ROOT)
    assert (result.code, result.err) == (int(bool(ending)), "[]\n")
