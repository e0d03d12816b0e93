"""``arctic-gen init``."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, NoReturn

import click

from arctic_training.cli.commands.pyright import pyright_advice, write_pyright_settings
from arctic_training.cli.output import ExitCode, finish
from arctic_training.codegen.code import Code, printable
from arctic_training.codegen.pipeline import begin
from arctic_training.codegen.render import TemplateError, fill
from arctic_training.codegen.scaffold_losses import first_field
from arctic_training.config.slots import SLOTS, Slot
from arctic_training.definition.editor_schema import schema_place
from arctic_training.definition.factories.builtin import built_in_factories
from arctic_training.definition.stages import Loaded, read_definition, taken_names
from arctic_training.diagnostics import Diagnostic, Format, Source, has_errors
from arctic_training.document import MapNode, parse, shown_path
from arctic_training.project.locations import Project, package_name
from arctic_training.project.manifest import ManifestError

__all__ = ["QUESTIONS", "Question", "init"]


@dataclass(frozen=True, slots=True)
class Question:
    """Something that a new definition has to say; each is a flag, and is asked on a terminal."""

    key: str
    words: str
    default: str


def _offered(kind: str) -> str:
    """Return what a new trainer accepts: all factories, but of data one, as each has its batch.

    Those that extend another are for other kinds of trainers.
    """
    factories = built_in_factories()[kind].values()
    return "sft" if kind == "data" else ", ".join(f.name for f in factories if not f.extends)


def _words(kind: str) -> str:
    """Return what is asked; the default names all factories that there are, but of data."""
    if kind == "data":
        return f"Which data factory, of {', '.join(built_in_factories()[kind])}?"
    return f"Which {kind} factories, the default first?"


_REQUIRED: Final = tuple(slot for slot in SLOTS if slot.is_required)
_SLOTS: Final = tuple(
    Question(slot.kind, _words(slot.kind), _offered(slot.kind)) for slot in _REQUIRED
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
    draft = _Draft(name, Path(f"{package_name(name)}.yaml"))
    if os.path.lexists(draft.path):
        raise click.ClickException(f"{draft.path} is there already, and is not written to")
    given = {key: answer for key, answer in answers.items() if answer is not None}
    try:
        _, problems = draft.read(given)
        if problems:
            finish(_of_name(problems, name) or problems, Format.TEXT)
        said = _asked(draft, given) if is_asked else given
        begun = _begun(draft, said)
    except ManifestError as error:
        raise click.ClickException(str(error)) from error
    settings = write_pyright_settings(draft.project)
    for written in (draft.path, *begun, *([settings] if settings else [])):
        click.echo(f"begin {shown_path(written.resolve())}, which is yours")
    if advice := pyright_advice(draft.project):
        click.echo(advice)
    click.echo(f"generate it: arctic-gen new-trainer {draft.path}")
    raise SystemExit(ExitCode.FINE)


def _of_name(problems: list[Diagnostic], name: str) -> list[Diagnostic]:
    """Return the finding of a malformed name, which causes all others."""
    return [p for p in problems if p.code == "malformed" and p.span.text.strip("\"'") == name]


def _asked(draft: _Draft, given: Mapping[str, str]) -> dict[str, str]:
    """Ask for what is not given, and again where an answer makes the definition wrong."""
    said = dict(given)
    for question in QUESTIONS:
        if question.key in said or (said.get("base") and question in _SLOTS):
            continue
        default = draft.default(question)
        problems = None
        while problems is None or problems:
            said[question.key] = str(click.prompt(question.words, default=default))
            _, problems = draft.read(said)
            for problem in problems:
                reasons = "; ".join(filter(None, [problem.sentence, problem.note, problem.help]))
                click.echo(f"error: {reasons}", err=True)
    return said


def _begun(draft: _Draft, said: Mapping[str, str]) -> list[Path]:
    """Write the definition and what is begun beside it; of what goes wrong, nothing stays."""
    loaded, _ = draft.read(said)
    draft.path.write_text(draft.text(said), "utf-8")
    try:
        return begin(loaded)
    except TemplateError as error:
        draft.path.unlink()
        finish(error.problems, Format.TEXT)
    except BaseException:
        draft.path.unlink()
        raise


@dataclass(frozen=True)
class _Draft:
    """A definition that is not written yet; answers that are not given are the defaults."""

    name: str
    path: Path

    @cached_property
    def project(self) -> Project:
        return Project.of(self.path)

    def default(self, question: Question) -> str:
        own = question.key == "loss"
        return f"{package_name(self.name)}_loss:loss" if own else question.default

    def read(self, said: Mapping[str, str]) -> tuple[list[Loaded], list[Diagnostic]]:
        """Return the definition with some answers, if it is right, and all errors if it is not.

        What is warned of in a definition that it extends is said when it is generated.
        """
        node, problems = parse(Source(self.path.as_posix(), self.text(said)))
        if not isinstance(node, MapNode) or problems:
            return [], problems
        item, problems = read_definition(node, self.path, self.project)
        loaded = [item] if item else []
        problems = [*problems, *taken_names(loaded)]
        return loaded, problems if has_errors(problems) else []

    def text(self, said: Mapping[str, str]) -> str:
        """Return the text of the definition with some answers."""
        answers = {q.key: said.get(q.key, self.default(q)) for q in QUESTIONS}
        base, data = answers["base"], answers["data"].partition(",")[0].strip()
        factory = None if base else built_in_factories()["data"].get(data)
        values: dict[str, object] = {
            "schema": Code(printable(schema_place(self.path, self.project))),
            "name": Code(_quoted(self.name)),
            "base": Code(_quoted(base)) if base else None,
            "description": Code(json.dumps(answers["description"])),
            "fields": first_field(factory.batch) if factory and factory.batch else [],
            "factories": []
            if base
            else [_factories(slot, answers[slot.kind]) for slot in _REQUIRED],
            "loss": Code(_quoted(answers["loss"])),
        }
        return fill("definition.yaml.j2", values)


def _factories(slot: Slot, answer: str) -> tuple[Code, Code]:
    names = [_quoted(name.strip()) for name in answer.split(",")]
    return Code(slot.key), Code(names[0] if len(names) == 1 else f"[{', '.join(names)}]")


def _quoted(text: str) -> str:
    """Return a string as YAML writes it: plain where that is unambiguous, else in double quotes."""
    return text if _BARE.fullmatch(text) and text not in _NO_TEXTS else json.dumps(text)


_BARE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*(:[A-Za-z0-9_]+)?")
_NO_TEXTS: Final = {"true", "True", "TRUE", "false", "False", "FALSE", "null", "Null", "NULL"}
