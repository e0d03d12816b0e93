"""``arctic-gen explain``, ``list`` and ``schema``: what there is, and what it means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NoReturn

import click

from arctic_training.cli.commands.explain_file import explain_file
from arctic_training.cli.output import ExitCode, finish
from arctic_training.definition.factories.builtin import built_in_factories
from arctic_training.definition.factories.shared import shared_factories
from arctic_training.definition.key_docs import Meaning, meanings
from arctic_training.diagnostics import Format, did_you_mean, nearest
from arctic_training.diagnostics.codes import CODES
from arctic_training.document import JSON, find, plain
from arctic_training.document.json_text import json_text
from arctic_training.project.locations import Project
from arctic_training.project.resources import resource
from arctic_training.recipe import outdated, recipe_schema, trainer_name
from arctic_training.validation import Schema
from arctic_training.validation.shipped_schemas import schema

__all__ = ["explain", "list_known", "print_schema"]

_SUFFIXES: Final = {".yaml", ".yml", ".json"}
_SCHEMAS: Final = {"definition": "trainer", "findings": "diagnostics"}


def explain(subject: str, arguments: Sequence[str] = ()) -> NoReturn:
    """Explain a key or a code, or show where each value of a definition or recipe comes from."""
    if Path(subject).suffix in _SUFFIXES:
        explain_file(Path(subject), arguments)
    if arguments:
        raise click.UsageError(f"`{subject}` is a key: only a FILE takes keys and KEY=VALUE")
    if subject in CODES:
        click.echo(f"{subject}: {CODES[subject]} See docs/reference/diagnostics.md#{subject}")
        raise SystemExit(ExitCode.FINE)
    known = dict(_known(Project.of(Path("here"))))
    found = [m for m in _distinct(known) if _is_meant(subject, m[1].key)]
    if not found:
        keys = {meaning.key.rpartition(".")[2] for meaning in known.values()}
        meant = nearest(subject, keys | CODES.keys())
        hint = f"; did you mean `{meant}`?" if meant else ""
        raise click.ClickException(f"nothing is called `{subject}`{hint}")
    click.echo("\n\n".join(f"{where}: {meaning.text}" for where, meaning in found))
    raise SystemExit(ExitCode.FINE)


def _known(project: Project) -> Iterator[tuple[str, Meaning]]:
    root = schema("trainer.schema.json").root
    sources = {"definition": schema("trainer.schema.json")}
    field: dict[str, JSON] = {"$ref": "#/definitions/field"}
    sources["field of a definition"] = Schema({"then": field, "definitions": root["definitions"]})
    for package in project.trainer_packages():
        recipe = recipe_schema(package)
        sources[f"recipe of {trainer_name(recipe)}"] = recipe
    for where, source in sources.items():
        for number, meaning in enumerate(meanings(source)):
            yield f"{where}\n{number}", meaning


def _distinct(known: dict[str, Meaning]) -> list[tuple[str, Meaning]]:
    """Return each meaning once, with the first document that has it."""
    first: dict[str, str] = {}
    for where, meaning in known.items():
        first.setdefault(meaning.text, where)
    return [(where.partition("\n")[0], known[where]) for where in first.values()]


def _is_meant(subject: str, key: str) -> bool:
    bare = "".join(part.partition(")")[2] if ")" in part else part for part in key.split("("))
    return subject in {key, bare} or bare.endswith(f".{subject}")


def list_known(kind: str) -> NoReturn:
    """List the trainers, factories and data sources that can be named."""
    project = Project.of(Path("here"))
    wanted = {"trainers": _trainers, "factories": _factories, "sources": _sources}
    for name, rows in wanted.items():
        if kind in {name, "all"}:
            click.echo(f"{name}:")
            for row in rows(project):
                click.echo(f"  {row}")
    raise SystemExit(ExitCode.FINE)


def _trainers(project: Project) -> Iterator[str]:
    packages = {package.name: package for package in reversed(project.trainer_packages())}
    for _, package in sorted(packages.items()):
        about = recipe_schema(package)
        first = str(about.root["description"]).partition("\n")[0]
        old = outdated(package, project)
        yield f"{trainer_name(about)}: {first}" + (f" ({old.command})" if old else "")


def _factories(project: Project) -> Iterator[str]:
    shared = shared_factories(project)
    for kind, factories in built_in_factories().items():
        for name, factory in factories.items():
            yield f"{kind} {name}: {factory.factory}"
        for name, entry in shared.kinds.get(kind, {}).items():
            named, base = (plain(find(entry.value, (key,)) or entry.value) for key in _SAID)
            yield f"{kind} {name}: {named}, which extends {base}"
    if shared.problems:
        finish(shared.problems, Format.TEXT)


_SAID: Final = ("class", "extends")


def _sources(_project: Project) -> Iterator[str]:
    definitions = schema("sections.schema.json").root["definitions"]
    assert isinstance(definitions, dict)
    for name, rule in definitions.items():
        if name.endswith("SourceConfig") and isinstance(rule, dict):
            described = str(rule["description"]).strip().partition("\n")[0]
            properties = rule["properties"]
            assert isinstance(properties, dict)
            kind = properties.get("type")
            if isinstance(kind, dict):  # else it is what several sources have in common
                yield f"{kind['const']}: {described}"


def print_schema(name: str) -> NoReturn:
    """Print the schema of definitions, of findings, or of the recipes of a trainer."""
    project = Project.of(Path("here"))
    package = project.trainer_package(name)
    if name in _SCHEMAS:
        text = resource(f"schemas/{_SCHEMAS[name]}.schema.json").read_text(encoding="utf-8")
    elif package is not None:
        text = json_text(recipe_schema(package).root) + "\n"
    else:
        known = {*_SCHEMAS, *(found.name for found in project.trainer_packages())}
        raise click.ClickException(f"there is no schema of `{name}`; {did_you_mean(name, known)}")
    click.echo(text, nl=False)
    raise SystemExit(ExitCode.FINE)
