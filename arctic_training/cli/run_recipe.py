"""What ``arctic-train`` does: check, configure, build, train; every mistake at its line."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from arctic_training.cli.output import ExitCode, finish, say
from arctic_training.diagnostics import Diagnostic, Format, Severity
from arctic_training.document import MapNode, Node, Pointer, joined, key_span, load, value_span
from arctic_training.errors import ArcticTrainingError, RecipeError, UnusableRecipeError
from arctic_training.project import NAMESPACE, Project
from arctic_training.recipe import CheckedRecipe, apply_overrides, check_recipe

if TYPE_CHECKING:
    from pydantic import ValidationError

    from arctic_training.config.trainer import TrainerConfig
    from arctic_training.trainer.trainer import Trainer

    AnyTrainer = Trainer[TrainerConfig, Any]

__all__ = ["run_recipe"]


def run_recipe(
    path: Path,
    overrides: list[str],
    *,
    num_processes: int,
    dry_run: bool,
    form: Format,
    debug: bool,
) -> None:
    """Run a recipe; end with the findings if there are any."""
    recipe = _checked(path, overrides, form)
    if dry_run:
        finish([], form, summary=f"{path} is a recipe that the trainer `{recipe.trainer}` takes")
    if num_processes > 1:
        options = ["--format", form.value, *(["--debug"] if debug else [])]
        _launch([str(path), *overrides, *options], num_processes, recipe)
    try:
        _train(recipe, form)
    except UnusableRecipeError as error:
        finish([_located(problem, recipe.document) for problem in error.problems], form)
    except RecipeError as error:
        finish([_located(error, recipe.document)], form)
    except ArcticTrainingError as error:
        if debug:
            raise
        say(error.message, hint=error.hint)
        raise SystemExit(ExitCode.FINDINGS) from None


def _launch(arguments: list[str], num_processes: int, recipe: CheckedRecipe) -> NoReturn:
    from arctic_training.launcher.torchrun import launch

    command = ["-m", "arctic_training.cli.train", *arguments]
    roots = [root for root in recipe.project.source_roots if root.is_dir()]
    code, message = launch(command, num_processes=num_processes, source_roots=roots)
    if message:
        say(message)
    raise SystemExit(code)


def _checked(path: Path, overrides: list[str], form: Format) -> CheckedRecipe:
    document, problems = load(path)
    if document is None:
        finish(problems, form)
    document, wrong = apply_overrides(document, overrides)
    recipe, found = check_recipe(document, Project.of(path))
    problems = joined([*problems, *wrong], found)
    if recipe is None or problems:
        finish(problems, form)
    return recipe


def _train(recipe: CheckedRecipe, form: Format) -> None:
    trainer_class = _trainer_class(recipe)
    from pydantic import ValidationError

    from arctic_training.trainer.process import leave_process_group

    try:
        config = trainer_class.config_type.model_validate(recipe.values)
    except ValidationError as error:
        finish(_config_problems(error, recipe.document), form)
    trainer_class(config).train()
    leave_process_group()


def _trainer_class(recipe: CheckedRecipe) -> type[AnyTrainer]:
    """Import the trainer's package, which registers it, and whatever it needs."""
    sys.path[:0] = [str(root) for root in recipe.project.source_roots if root.is_dir()]
    package = importlib.import_module(f"{NAMESPACE}.{recipe.package}")
    for name in package.__all__:
        getattr(package, name)
    from arctic_training.trainer.trainer import Trainer

    trainer: type[AnyTrainer] = Trainer.named(recipe.trainer)
    return trainer


def _located(error: RecipeError, document: Node) -> Diagnostic:
    return Diagnostic(
        code=error.code,
        message=error.message,
        span=value_span(document, error.pointer),
        severity=Severity.ERROR,
        hint=error.hint,
    )


def _config_problems(error: ValidationError, document: Node) -> list[Diagnostic]:
    """Turn what only the models can tell, rules across fields, into findings at their places."""
    problems = []
    for detail in error.errors(include_url=False):
        pointer = _existing(detail["loc"], document)
        problems.append(
            Diagnostic(
                code="not-allowed",
                message=str(detail["msg"]),
                span=value_span(document, pointer) if pointer else key_span(document, ("type",)),
            )
        )
    return problems


def _existing(location: tuple[str | int, ...], document: Node) -> Pointer:
    """Leave out the steps that only the models have: the branches of unions."""
    pointer: Pointer = ()
    node: Node = document
    for step in location:
        if isinstance(node, MapNode) and step in node.entries:
            node, pointer = node.entries[str(step)].value, (*pointer, step)
    return pointer
