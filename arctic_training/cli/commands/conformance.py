"""``arctic-gen test``."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn, cast

import click

from arctic_training.cli.output import finish
from arctic_training.codegen.scaffold import recipe_path, starter_recipe
from arctic_training.definition.extend import known_definitions
from arctic_training.definition.stages import Loaded, read_definitions
from arctic_training.diagnostics import Diagnostic, Format, Source, did_you_mean, has_errors
from arctic_training.document import parse, plain
from arctic_training.errors import ArcticTrainingError, InvalidRecipeError
from arctic_training.project.locations import Project
from arctic_training.project.manifest import ManifestError
from arctic_training.recipe import outdated
from arctic_training.terminal.activity import LOADING, activity

if TYPE_CHECKING:
    from arctic_training.conformance.suite import Verdict

__all__ = ["conformance"]


def conformance(name: str, overrides: list[str], form: Format) -> NoReturn:
    """Try what a trainer promises on a tiny model, and print a verdict a line."""
    item = _loaded(name, form)
    problems = _told_as_outdated(item)
    if has_errors(problems):
        finish(problems, form)
    with tempfile.TemporaryDirectory(prefix="arctic-gen-") as folder:
        with activity(LOADING):
            from arctic_training.cli.tiny_recipe import tiny
            from arctic_training.conformance.subject import Subject
            from arctic_training.conformance.suite import verdicts

        subject = Subject(
            name=item.spec.name,
            coupling=cast("Literal['sample', 'micro_batch', 'global_batch']", item.spec.coupling),
            values=tiny(_starter(item), item.spec, folder),
            overrides=overrides,
            folder=Path(folder),
            saves=_saving(item),
        )
        try:
            for verdict in _each_shown(verdicts(subject)):
                if form is Format.TEXT:
                    click.echo(f"{verdict.outcome:12}  {verdict.claim}: {verdict.said}")
                if verdict.outcome == "broken":
                    problems.append(_broken(item, verdict.said, verdict.hint, verdict.pointer))
        except InvalidRecipeError as error:
            finish(error.diagnostics, form)
        except ArcticTrainingError as error:
            raise click.ClickException(f"the tiny recipe cannot be used: {error}") from error
    finish(problems, form, summary=f"`{name}` keeps what it promises")


def _each_shown(verdicts: Iterator[Verdict]) -> Iterator[Verdict]:
    """Iterate over verdicts; as long as one takes, it is shown that something is tried."""
    while True:
        with activity("running the conformance suite"):
            verdict = next(verdicts, None)
        if verdict is None:
            return
        yield verdict


def _loaded(name: str, form: Format) -> Loaded:
    """Return the definition of a trainer of this project, or of a built-in one."""
    try:
        known = known_definitions(Project.of(Path("here")))
        if name not in known:
            near = did_you_mean(Path(name).stem, known)  # other commands take the file
            more = "`arctic-gen new-trainer` makes the trainer of a definition"
            raise click.ClickException(f"no trainer `{name}` was generated; {near}\nhelp: {more}")
        loaded, problems = read_definitions([known[name]])
    except ManifestError as error:
        raise click.ClickException(str(error)) from error
    if problems:
        finish(problems, form)
    return loaded[0]


def _told_as_outdated(item: Loaded) -> list[Diagnostic]:
    """Return why the generated trainer is outdated, if it is."""
    package = item.project.trainer_package(item.spec.name)
    old = outdated(package, item.project) if package else None
    return [old.diagnostic(item.spec.span_of("name"))] if old else []


def _starter(item: Loaded) -> Mapping[str, object]:
    """Return the values of the recipe that a trainer begins with."""
    text = starter_recipe(item.spec, recipe_path(item.path), item.project)
    node, problems = parse(Source("recipe", text))
    assert node is not None, problems
    return cast("Mapping[str, object]", plain(node))


def _saving(item: Loaded) -> str:
    """Return the name of the checkpoint engine that a run can resume from."""
    (slot,) = (slot for slot in item.spec.slots if slot.slot.kind == "checkpoint")
    return next((f.name for f in slot.factories if f.built_in.name == "deepspeed"), "")


def _broken(item: Loaded, message: str, hint: str, pointer: tuple[str | int, ...]) -> Diagnostic:
    """Return a broken claim at the key of the definition that it is about."""
    place = item.spec.places.get(str(pointer[0]))
    span = place.value if place else item.spec.name_key
    return Diagnostic(code="not-kept", message=message, span=span, help=hint)
