"""``arctic-gen init``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

import click

from arctic_training.cli.output import ExitCode, finish
from arctic_training.codegen.catalog import built_in_factories
from arctic_training.codegen.code import Code, printable
from arctic_training.codegen.definitions import read_definitions
from arctic_training.codegen.editor import schema_place
from arctic_training.codegen.manifest import ManifestError
from arctic_training.codegen.pipeline import begin
from arctic_training.codegen.render import TemplateError, fill
from arctic_training.codegen.slots import SLOTS, Slot
from arctic_training.diagnostics import Format
from arctic_training.document import shown_path
from arctic_training.project import Project, package_name

__all__ = ["QUESTIONS", "Question", "init"]


@dataclass(frozen=True, slots=True)
class Question:
    """Something that a new definition has to say; each is a flag, and is asked on a terminal."""

    key: str
    words: str
    default: str


def _offered(kind: str) -> str:
    """Return what a new trainer accepts: all factories, but of data one, as each has its batch."""
    return "sft" if kind == "data" else ", ".join(built_in_factories()[kind])


_SLOTS: Final = tuple(
    Question(slot.kind, f"Which {slot.kind} factories, the default first?", _offered(slot.kind))
    for slot in SLOTS
)
QUESTIONS: Final = (
    Question("description", "What does the trainer do?", "A trainer of our own."),
    Question("loss", "Where is its loss, as module:function?", ""),
    Question("base", "Which trainer does it extend? Empty for none", ""),
    *_SLOTS,
)
"""In the order in which they are asked; those of what is extended are not."""


def init(name: str, answers: Mapping[str, str | None], *, is_asked: bool) -> NoReturn:
    """Write the definition of a new trainer, and its loss, where there is neither."""
    path = Path(f"{package_name(name)}.yaml")
    if path.exists():
        raise click.ClickException(f"{path} is there already, and is not written to")
    project = Project.of(path)
    path.write_text(
        _text(name, path, project, _answered(name, answers, is_asked=is_asked)), "utf-8"
    )
    try:
        loaded, problems = read_definitions([path])
        begun = [] if problems else begin(loaded)
    except TemplateError as error:
        path.unlink()
        finish(error.problems, Format.TEXT)
    except ManifestError as error:
        path.unlink()
        raise click.ClickException(str(error)) from error
    if problems:
        path.unlink()
        finish(problems, Format.TEXT)
    for written in (path, *begun):
        click.echo(f"begin {shown_path(written.resolve())}, which is yours")
    click.echo(f"generate it: arctic-gen new-trainer {path}")
    raise SystemExit(ExitCode.FINE)


def _answered(name: str, given: Mapping[str, str | None], *, is_asked: bool) -> dict[str, str]:
    """Return an answer to every question, asking for those that are not given."""
    answers: dict[str, str] = {}
    for question in QUESTIONS:
        default = f"{package_name(name)}_loss:loss" if question.key == "loss" else question.default
        answer = given[question.key]
        if answer is None and is_asked and not (answers.get("base") and question in _SLOTS):
            answer = str(click.prompt(question.words, default=default))
        answers[question.key] = default if answer is None else answer
    return answers


def _text(name: str, path: Path, project: Project, answers: Mapping[str, str]) -> str:
    base = answers["base"]
    values: dict[str, object] = {
        "schema": Code(printable(schema_place(path, project))),
        "name": Code(_quoted(name)),
        "base": Code(_quoted(base)) if base else None,
        "description": Code(json.dumps(answers["description"])),
        "factories": [] if base else [_factories(slot, answers[slot.kind]) for slot in SLOTS],
        "loss": Code(_quoted(answers["loss"])),
    }
    return fill("definition.yaml.j2", values)


def _factories(slot: Slot, answer: str) -> tuple[Code, Code]:
    names = [_quoted(name.strip()) for name in answer.split(",")]
    return Code(slot.key), Code(names[0] if len(names) == 1 else f"[{', '.join(names)}]")


def _quoted(text: str) -> str:
    """Return a text as YAML has it: bare where it is plainly one, else in double quotes."""
    return text if _BARE.fullmatch(text) and text not in _NO_TEXTS else json.dumps(text)


_BARE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*(:[A-Za-z0-9_]+)?")
_NO_TEXTS: Final = {"true", "True", "TRUE", "false", "False", "FALSE", "null", "Null", "NULL"}
