"""What ``arctic-train`` does: check, configure, build, train; every mistake at its line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from arctic_training.api import checked_recipe, configured, make_trainer
from arctic_training.cli.output import ExitCode, finish, say
from arctic_training.diagnostics import Diagnostic, Format, Severity, render
from arctic_training.document import Node, value_span
from arctic_training.errors import (
    ArcticTrainingError,
    InvalidRecipeError,
    RecipeError,
    UnusableRecipeError,
)
from arctic_training.launcher.world import World
from arctic_training.recipe import CheckedRecipe

if TYPE_CHECKING:
    pass

__all__ = ["run_recipe", "train"]


def run_recipe(
    path: Path,
    overrides: list[str],
    *,
    action: Callable[[CheckedRecipe], None],
    num_processes: int = 1,
    passed_on: Sequence[str] = (),
    dry_run: bool = False,
    form: Format,
    debug: bool,
) -> None:
    """Check a recipe and do something with it; end with the findings if there are any."""
    try:
        recipe = checked_recipe(path, overrides)
    except InvalidRecipeError as error:
        finish(error.diagnostics, form)
    if dry_run:
        finish(
            [*recipe.warnings],
            form,
            summary=f"{path} is a recipe that the trainer `{recipe.trainer}` takes",
        )
    if num_processes > 1:
        options = ["--format", form.value, *(["--debug"] if debug else [])]
        _launch([str(path), *overrides, *options, *passed_on], num_processes, recipe)
    _warn(recipe)
    try:
        action(recipe)
    except InvalidRecipeError as error:
        finish(error.diagnostics, form)
    except UnusableRecipeError as error:
        finish([_located(problem, recipe.document) for problem in error.problems], form)
    except RecipeError as error:
        finish([_located(error, recipe.document)], form)
    except ArcticTrainingError as error:
        if debug:
            raise
        say(error.message, hint=error.hint)
        raise SystemExit(ExitCode.FINDINGS) from None


def _warn(recipe: CheckedRecipe) -> None:
    """Say once, by the first of all processes, what is deprecated in a recipe."""
    if recipe.warnings and World.of_environment().is_first:
        click.echo(render([*recipe.warnings], Format.TEXT), nl=False, err=True)


def _launch(arguments: list[str], num_processes: int, recipe: CheckedRecipe) -> NoReturn:
    from arctic_training.launcher.torchrun import launch

    command = ["-m", "arctic_training.cli.train", *arguments]
    roots = [root for root in recipe.project.source_roots if root.is_dir()]
    code, message = launch(command, num_processes=num_processes, source_roots=roots)
    if message:
        say(message)
    raise SystemExit(code)


def train(recipe: CheckedRecipe, *, profile: str = "") -> None:
    """Train after a recipe; ``profile`` is what to sort the functions of a profile by."""
    config = configured(recipe)
    from arctic_training.trainer.process import leave_process_group

    trainer = make_trainer(config)
    if profile and trainer.world.is_first:
        from arctic_training.cli.profile import profiled

        profiled(trainer.train, order=profile)
    else:
        trainer.train()
    leave_process_group()


def _located(error: RecipeError, document: Node) -> Diagnostic:
    return Diagnostic(
        code=error.code,
        message=error.message,
        span=value_span(document, error.pointer),
        severity=Severity.ERROR,
        hint=error.hint,
    )
