"""Run a recipe: check, configure, build, train; every mistake is reported at its line."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import click

from arctic_training.api import checked_recipe, configured, make_trainer
from arctic_training.cli.local_paths import local_paths, missing_paths, unwritable_folders
from arctic_training.cli.output import ExitCode, finish, say
from arctic_training.cli.readiness import readiness_problems
from arctic_training.cli.streams import forgive
from arctic_training.core.mesh import Mesh
from arctic_training.diagnostics import Diagnostic, Format, Severity, Span, render
from arctic_training.diagnostics.plurals import counted
from arctic_training.document import Node, Pointer, key_span, present, value_span
from arctic_training.errors import (
    ArcticTrainingError,
    InvalidRecipeError,
    RecipeError,
    UnusableRecipeError,
)
from arctic_training.recipe import CheckedRecipe
from arctic_training.terminal.activity import LOADING, activity, start_up

__all__ = ["Launch", "run_recipe", "train"]


@dataclass(frozen=True, slots=True)
class Launch:
    """How many processes are started on a machine, and by what."""

    num_processes: int | None
    """Null leaves it to the launcher."""

    flags: Sequence[str] | None
    """Flags of DeepSpeed's launcher; null is torchrun."""

    passed_on: Sequence[str] = ()
    """Options that each process gets as well."""

    @property
    def is_needed(self) -> bool:
        """Whether this process is not the one that trains."""
        return self.flags is not None or (self.num_processes or 1) > 1


def run_recipe(
    path: Path,
    overrides: list[str],
    *,
    action: Callable[[CheckedRecipe], None],
    sections: Collection[str] = (),
    launch: Launch | None = None,
    dry_run: bool = False,
    form: Format,
    debug: bool,
) -> None:
    """Check a recipe and do something with it; end with the findings if there are any.

    Args:
        path: file of the recipe.
        overrides: ``key.path=value``.
        action: what to do with it.
        sections: those whose local models and data are needed; without any, all.
        launch: how many processes do it, and what starts them.
        dry_run: stop before the action.
        form: form of the findings.
        debug: let an error of the runtime through, with its traceback.

    """
    try:
        recipe = checked_recipe(path, overrides)
    except InvalidRecipeError as error:
        finish(error.diagnostics, form)
    if dry_run:
        _finish_dry_run(path, recipe, form)
    is_elsewhere = launch is not None and launch.flags is not None
    if not is_elsewhere and (missing := [*missing_paths(recipe, sections)]):
        finish([*missing, *unwritable_folders(recipe)], form)
    if launch and launch.is_needed:
        options = ["--format", form.value, *(["--debug"] if debug else [])]
        _launch([str(path), *overrides, *options, *launch.passed_on], launch, recipe)
    _warn(recipe)
    with _report_mistakes(recipe, form, debug=debug):
        action(recipe)


@contextmanager
def _report_mistakes(recipe: CheckedRecipe, form: Format, *, debug: bool) -> Iterator[None]:
    """End with the finding, at its line, if what is done with a recipe ends in an error."""
    try:
        yield
    except InvalidRecipeError as error:
        finish(error.diagnostics, form)
    except UnusableRecipeError as error:
        finish([_located(problem, recipe.document) for problem in error.problems], form)
    except RecipeError as error:
        finish([_located(error, recipe.document)], form)
    except ArcticTrainingError as error:
        if debug:
            raise
        say(error.message, note=error.note, hint=error.hint)
        raise SystemExit(ExitCode.FINDINGS) from None


def _finish_dry_run(path: Path, recipe: CheckedRecipe, form: Format) -> NoReturn:
    """Say what was checked: the recipe, and what it needs that a look can tell."""
    missing = [*missing_paths(recipe), *readiness_problems(recipe)]
    summary = f"{path} is a recipe that the trainer `{recipe.trainer}` takes"
    if number := len(local_paths(recipe)):
        summary += f"; {counted(number, 'local path')} of models and data found"
    if recipe.warnings and not missing and form is Format.TEXT:
        click.echo(render([*recipe.warnings], form), nl=False)
        finish([], form, summary=summary)
    finish([*recipe.warnings, *missing], form, summary=summary)


def _warn(recipe: CheckedRecipe) -> None:
    """Say once, by the first of all processes, what is deprecated in a recipe."""
    if recipe.warnings and Mesh.of_environment().is_first:
        click.echo(render([*recipe.warnings], Format.TEXT), nl=False, err=True)


def _launch(arguments: list[str], how: Launch, recipe: CheckedRecipe) -> NoReturn:
    from arctic_training.launcher import deepspeed, torchrun
    from arctic_training.launcher.hostfile import uses_ssh

    roots = [root for root in recipe.project.source_roots if root.is_dir()]
    with start_up("starting the processes"):
        if how.flags is not None:
            number, is_remote = how.num_processes, uses_ssh(how.flags)
            command = deepspeed.launch_command(arguments, how.flags, num_processes=number)
            code, message = deepspeed.launch(command, source_roots=roots, is_remote=is_remote)
        else:
            command = ["-m", "arctic_training.cli.train", *arguments]
            processes = how.num_processes or 1
            code, message = torchrun.launch(command, num_processes=processes, source_roots=roots)
    if message:
        say(message)
    raise SystemExit(code)


def train(recipe: CheckedRecipe, *, profile: str = "") -> None:
    """Train after a recipe; ``profile`` is what to sort the functions of a profile by."""
    with activity(LOADING):
        config = configured(recipe)
        from arctic_training.engines.deepspeed.process_group import leave_process_group

    trainer = make_trainer(config)
    try:
        if profile and trainer.mesh.is_first:
            from arctic_training.cli.profile import profiled

            profiled(trainer.train, order=profile)
        else:
            trainer.train()
    except KeyboardInterrupt:  # the trainer has reported it
        raise SystemExit(ExitCode.INTERRUPTED) from None
    forgive()
    leave_process_group()


def _place(document: Node, pointer: Pointer) -> Span:
    """Return the place of a value; of one that is left out, the key of its section."""
    way = present(document, pointer)
    is_there = way[-1:] == pointer[-1:]
    return value_span(document, way) if is_there or not way else key_span(document, way)


def _located(error: RecipeError, document: Node) -> Diagnostic:
    return Diagnostic(
        code=error.code,
        message=error.message,
        span=_place(document, error.pointer),
        severity=Severity.ERROR,
        note=error.note,
        help=error.hint,
    )
