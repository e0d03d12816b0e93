"""What the documentation shows is right: recipes, definitions, rows of data and Python."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.docs.pages import DATA_PAGE, DOCS, FIRST_LESSON, WRITTEN, Block, blocks, written_files
from tests.support import arctic_gen, arctic_train

_OF_DEFINITIONS: Final = {"callbacks", "model_factory_type"}


@pytest.mark.parametrize("page", WRITTEN)
def test_what_is_shown_is_right(page: str, project: Path) -> None:
    """Recipes and definitions of a page are valid, and so is a recipe with each fragment."""
    written_files(page, project)
    for number, block in enumerate(blocks(page)):
        if block.language == "yml":
            _write_with_fragment(project, f"fragment_{number}", block)
    shown = [each.title for each in blocks(page) if each.title.endswith(".yaml")]
    paths = [*shown, *(path.name for path in project.glob("fragment_*.yaml"))]
    if paths:
        done = arctic_gen("validate", *paths, folder=project)
        assert done.code == 0, done.out


def test_python_that_is_shown_is_right() -> None:
    """Python in a page parses, and the names that it imports from this package exist."""
    shown = [(page, each) for page in WRITTEN for each in blocks(page) if each.language == "python"]
    assert len(shown) > 5
    for page, block in shown:
        for node in ast.walk(ast.parse(block.text, page)):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("arctic_training"):
                module = importlib.import_module(str(node.module))
                assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == []


def test_every_block_is_looked_at() -> None:
    """A block without a title is a command, a fragment or an excerpt, never an unchecked file."""
    for page in WRITTEN:
        for block in blocks(page):
            if not block.title and block.language == "yaml":
                assert block.text.startswith("# yaml-language-server:"), page
            elif not block.title:
                assert block.language in {"python", "sh", "text", "toml", "yml"}, (page, block)


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
    assert {
        block.title for block in blocks(DATA_PAGE) if block.language == "json"
    } == recipes.keys()
    written_files(DATA_PAGE, project)
    written_files("how-to/preferences.md", project)
    for name, changes in recipes.items():
        recipe = "dpo.recipe.yaml" if name in {"pairs.jsonl", "labels.jsonl"} else "recipe.yaml"
        words = ["show-data", recipe, "--n", "9", "data.max_length=1024", *changes]
        done = arctic_train(*words, folder=project)
        assert done.code == 0, f"{name}: {done.out}"
        rows = len((project / name).read_text("utf-8").splitlines())
        shown, expected = ("pair ", 2) if recipe == "dpo.recipe.yaml" else ("row ", rows)
        assert done.out.count("\n" + shown) == expected, done.out


def test_the_first_lesson_shows_what_is_printed(project: Path) -> None:
    """What the lesson shows of ``show-data`` is among the rows that it prints."""
    written_files(FIRST_LESSON, project)
    (shown,) = (block.text for block in blocks(FIRST_LESSON) if block.language == "text")
    assert shown in arctic_train("show-data", "recipe.yaml", "--n", "6", folder=project).out


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
