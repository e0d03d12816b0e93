"""A small project in which the pages of the documentation are tried."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import pytest

from tests.docs.pages import DATA_PAGE, SECOND_LESSON, written_files
from tests.pretrained import save_pretrained_model
from tests.support import arctic_gen

_CHAT_TEMPLATE: Final = (
    "{% if tools %}{{ tools | tojson }}{% endif %}{% for message in messages %}"
    "<|im_start|>{{ message.role }}\n{{ message.content or '' }}"
    "{% if message.tool_calls %}{{ message.tool_calls | tojson }}{% endif %}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@pytest.fixture(scope="session")
def _project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what pages take for granted: a model, the rows of the data page, a trainer."""
    folder = tmp_path_factory.mktemp("project")
    save_pretrained_model(folder / "my-model")
    (folder / "my-model/chat_template.jinja").write_text(_CHAT_TEMPLATE, encoding="utf-8")
    written_files(DATA_PAGE, folder)
    for name in ("held-out", "maths", "part-1"):
        shutil.copy(folder / "talks.jsonl", folder / f"{name}.jsonl")
    made = arctic_gen("init", "my-trainer", "--no-questions", folder=folder)
    assert made.code == 0, made.out
    written_files(SECOND_LESSON, folder)
    (folder / "recipes").mkdir()
    shutil.copy(folder / "recipe.yaml", folder / "recipes")
    (folder / "pyproject.toml").write_text("", encoding="utf-8")
    names = ("my_trainer.yaml", "focal.yaml")
    made = arctic_gen("new-trainer", "--no-verify", *names, folder=folder)
    assert made.code == 0, made.out
    return folder


@pytest.fixture
def project(_project: Path, tmp_path: Path) -> Path:
    """Return a copy of the project for one test."""
    return Path(shutil.copytree(_project, tmp_path / "project"))
