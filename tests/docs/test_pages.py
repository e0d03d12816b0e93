"""What the documentation shows is right, and what it tells to type works."""

from __future__ import annotations

import contextlib
import re
import runpy
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Final

import click
import pytest
import yaml

from arctic_training.cli.gen import command as arctic_gen_command
from arctic_training.cli.train import command as arctic_train_command
from tests.docs.pages import (
    DOCS,
    WRITTEN,
    Block,
    blocks,
    commands,
    commands_of,
    inline_commands,
    write_block,
    written_files,
)
from tests.docs.session import Session
from tests.pretrained import save_pretrained_model
from tests.support import arctic_gen, arctic_train

_CHAT_TEMPLATE: Final = (
    "{% if tools %}{{ tools | tojson }}{% endif %}{% for message in messages %}"
    "<|im_start|>{{ message.role }}\n{{ message.content or '' }}"
    "{% if message.tool_calls %}{{ message.tool_calls | tojson }}{% endif %}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_DATA: Final = "how-to/data-formats.md"
_FIRST: Final = "tutorial/first-model.md"
_SECOND: Final = "tutorial/custom-loss.md"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what pages take for granted: a model, the rows of the data page, a trainer."""
    folder = tmp_path_factory.mktemp("project")
    save_pretrained_model(folder / "my-model")
    (folder / "my-model/chat_template.jinja").write_text(_CHAT_TEMPLATE, encoding="utf-8")
    written_files(_DATA, folder)
    for name in ("held-out", "maths", "part-1"):
        shutil.copy(folder / "talks.jsonl", folder / f"{name}.jsonl")
    made = arctic_gen("init", "my-trainer", "--no-questions", folder=folder)
    assert made.code == 0, made.out
    written_files(_SECOND, folder)
    (folder / "recipes").mkdir()
    shutil.copy(folder / "recipe.yaml", folder / "recipes")
    (folder / "pyproject.toml").write_text("", encoding="utf-8")
    names = ("my_trainer.yaml", "focal.yaml")
    made = arctic_gen("new-trainer", "--no-verify", *names, folder=folder)
    assert made.code == 0, made.out
    return folder


def _copied(project: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(project, tmp_path / "project"))


@pytest.mark.parametrize("page", [page for page in WRITTEN if [*commands(page)]])
def test_commands_work(page: str, project: Path, tmp_path: Path) -> None:
    """The blocks of a page in order, files written and commands typed, all succeed."""
    folder = _copied(project, tmp_path)
    typed = [*commands(page)]
    for line in typed:
        if (named := re.match("arctic-gen init ([a-z-]+)", line)) is not None:
            _remove(folder, named[1].replace("-", "_"))
    if any("breaking" in line for line in typed):
        _commit(folder)
    if any("arctic-train report" in line for line in typed):
        _record_runs(folder)
    session = Session(folder, tmp_path)
    for block in blocks(page):
        if block.title:
            write_block(block, folder)
        elif block.language == "sh":
            for line in commands_of(block):
                session.type(line)


@pytest.mark.parametrize(
    ("page", "name"),
    [(page, each.title) for page in WRITTEN for each in blocks(page) if "#SBATCH" in each.text]
    + [("how-to/slurm.md", "mpi.sh")],
)
def test_batch_scripts_train_one_model(page: str, name: str, project: Path, tmp_path: Path) -> None:
    """A script for a task manager starts one group of processes by a right recipe."""
    folder = _copied(project, tmp_path)
    written_files(page, folder)
    Session(folder, tmp_path).script(name)


@pytest.mark.parametrize("page", WRITTEN)
def test_what_is_shown_is_right(page: str, project: Path, tmp_path: Path) -> None:
    """Recipes and definitions of a page are valid, and so is a recipe with each fragment."""
    folder = _copied(project, tmp_path)
    written_files(page, folder)
    for number, block in enumerate(blocks(page)):
        if block.language == "yml":
            _write_with_fragment(folder, f"fragment_{number}", block)
    shown = [each.title for each in blocks(page) if each.title.endswith(".yaml")]
    paths = [*shown, *(path.name for path in folder.glob("fragment_*.yaml"))]
    if paths:
        done = arctic_gen("validate", *paths, folder=folder)
        assert done.code == 0, done.out


@pytest.mark.parametrize("page", WRITTEN)
def test_commands_in_the_text_exist(page: str) -> None:
    """A command that a sentence or a table names has the options and verbs that it is given."""
    roots = {"arctic-gen": arctic_gen_command, "arctic-train": arctic_train_command}
    for line in inline_commands(page):
        program, *words = shlex.split(line)
        _assert_known(roots[program], [word for word in words if word not in _OF_EVERY_COMMAND])


def test_rows_of_data_are_read(project: Path) -> None:
    """Each file of rows that the data page shows makes as many samples as it has lines."""
    recipes = {
        "questions.jsonl": ["data.sources.name_or_path=./questions.jsonl"],
        "talks.jsonl": [],
        "pairs.jsonl": ["data.sources.name_or_path=./pairs.jsonl"],
        "labels.jsonl": [
            "data.sources={type: huggingface_unpaired, name_or_path: ./labels.jsonl}",
        ],
        "documents.jsonl": [
            "type=causal",
            "data.sources={type: huggingface_causal, name_or_path: ./documents.jsonl}",
        ],
    }
    assert {block.title for block in blocks(_DATA) if block.language == "json"} == recipes.keys()
    written_files(_DATA, project)
    written_files("how-to/preferences.md", project)
    for name, changes in recipes.items():
        recipe = "dpo.recipe.yaml" if name in {"pairs.jsonl", "labels.jsonl"} else "recipe.yaml"
        words = ["show-data", recipe, "--n", "9", "data.max_length=1024", *changes]
        done = arctic_train(*words, folder=project)
        assert done.code == 0, f"{name}: {done.out}"
        rows = len((project / name).read_text("utf-8").splitlines())
        shown, expected = ("pair ", 2) if recipe == "dpo.recipe.yaml" else ("row ", rows)
        assert done.out.count("\n" + shown) == expected, done.out


def test_the_tutorial_trains(project: Path, tmp_path: Path) -> None:
    """Both lessons end with a trained model; it answers, and one page compares the two runs."""
    folder = _copied(project, tmp_path)
    written_files(_FIRST, folder)
    written_files(_SECOND, folder)
    for recipe in ("recipe.yaml", "focal.recipe.yaml"):
        done = arctic_train(recipe, "micro_batch_size=1", "train_iters=20", folder=folder)
        assert done.code == 0, done.out + done.err
    with contextlib.chdir(folder):
        runpy.run_path("ask.py")
    done = arctic_train("report", "runs/first", "runs/focal", folder=folder)
    assert done.code == 0, done.out
    assert "cross_entropy" in (folder / "report.html").read_text("utf-8")


def test_pages_are_short() -> None:
    """A page that is not rendered takes two screens at most: 100 lines."""
    assert len(WRITTEN) > 30
    lengths = {page: len((DOCS / page).read_text("utf-8").splitlines()) for page in WRITTEN}
    assert {page: length for page, length in lengths.items() if length > 100} == {}


def _write_with_fragment(folder: Path, name: str, block: Block) -> None:
    """Write a recipe or a definition that holds a fragment beside what it needs."""
    values = yaml.safe_load(block.text)
    if isinstance(values, list):
        return  # a step of a workflow: `tests/cli/test_init.py` holds it against `action.yml`
    if values.keys() & _OF_DEFINITIONS:
        base: dict[str, object] = {"schema_version": 1, "name": name, "extends": "sft"}
    else:
        base = {"type": "sft", "model": {"name_or_path": "./my-model"}}
        base["data"] = {"sources": {"name_or_path": "./talks.jsonl"}}
    text = yaml.safe_dump(base | values, sort_keys=False)
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


_OF_EVERY_COMMAND: Final = {"--help", "--version"}
_OF_DEFINITIONS: Final = {"callbacks", "model_factory_type"}


def _assert_known(command: click.Command, words: list[str]) -> None:
    """Assert that verbs and options are those of a command."""
    while isinstance(command, click.Group) and words and words[0] in command.commands:
        command, words = command.commands[words[0]], words[1:]
    if isinstance(command, click.Group):
        command = command.commands.get("train", command)
    options = {name for param in command.params for name in param.opts}
    unknown = [w for w in words if w.startswith("--") and w.partition("=")[0] not in options]
    assert not (isinstance(command, click.Group) and words), f"no verb: {words}"
    assert unknown == []


def _remove(folder: Path, name: str) -> None:
    for path in folder.glob(f"{name}*"):
        path.unlink()


def _commit(folder: Path) -> None:
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "all"]):
        settings = ["-c", "user.name=me", "-c", "user.email=me@example.org"]
        subprocess.run(["git", *settings, *words], cwd=folder, check=True)  # noqa: S607


def _record_runs(folder: Path) -> None:
    from tests.report.recorded import record_run

    for name in ("first", "second", "focal"):
        record_run(folder / "runs" / name, 3)


def test_nothing_is_passed_over(tmp_path: Path) -> None:
    """A program that no rule knows is an error; so is a verb or an option that is none."""
    with pytest.raises(KeyError):
        Session(tmp_path, tmp_path).type("make-coffee --now")
    for words in (["brew"], ["lint", "--now"]):
        with pytest.raises(AssertionError):
            _assert_known(arctic_gen_command, words)
