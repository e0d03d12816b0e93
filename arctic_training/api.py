"""What ``arctic-train`` does, for Python: a recipe to a trainer, with the same checks.

trainer = make_trainer(load_recipe("recipe.yaml"))
trainer.train()
"""

from __future__ import annotations

import importlib
import sys
import traceback
import warnings
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from arctic_training.diagnostics import Diagnostic, Format, has_errors, render
from arctic_training.document import MapNode, Node, key_span, load, present
from arctic_training.document import value_span as span_at
from arctic_training.errors import InvalidRecipeError, RecipeError, RegistryError
from arctic_training.project.locations import NAMESPACE, Project
from arctic_training.project.moved_names import MOVED_MODULES, MOVED_NAMES
from arctic_training.recipe import CheckedRecipe, apply_overrides, check_recipe
from arctic_training.recipe.python_values import document_of
from arctic_training.validation import joined

if TYPE_CHECKING:
    from pydantic import ValidationError

    from arctic_training.config.trainer import TrainerConfig
    from arctic_training.trainer.trainer import Trainer

    AnyTrainer: TypeAlias = Trainer[TrainerConfig, Any]

__all__ = ["RecipeLike", "checked_recipe", "configured", "load_recipe", "make_trainer"]

RecipeLike: TypeAlias = str | PathLike[str] | Mapping[str, object]
"""The path of a recipe, or its values, among which a path may be a ``Path``, a number one of
NumPy's, a precision a ``torch.dtype`` and a section a config."""


def load_recipe(recipe: RecipeLike, overrides: Sequence[str] = ()) -> TrainerConfig:
    """Return a recipe as its trainer's config. What is deprecated in it is a ``FutureWarning``.

    Args:
        recipe: the path of a file, or the values themselves; relative paths among those start at
            the current folder.
        overrides: ``key.path=value``, as on the command line.

    Raises:
        InvalidRecipeError: with everything that is wrong.
        RecipeError: the trainer cannot be imported: a module of the user's is missing.

    """
    checked = checked_recipe(recipe, overrides)
    if checked.warnings:
        text = render([*checked.warnings], Format.TEXT)
        warnings.warn(text, FutureWarning, stacklevel=2)
    return configured(checked)


def make_trainer(config: TrainerConfig) -> AnyTrainer:
    """Return the trainer of a config, ready to ``train()``.

    Raises:
        RegistryError: no trainer has such a config.
        ArcticTrainingError: what the trainer's own constructor raises.

    """
    from arctic_training.trainer.trainer import Trainer

    trainers: list[type[AnyTrainer]] = [*map(Trainer.named, Trainer.registered_names())]
    taking = [each for each in trainers if each.config_type is type(config)]
    for trainer in sorted(taking, key=lambda each: each.name != getattr(config, "type", "")):
        return trainer(config)
    raise RegistryError(f"no trainer is registered for a {type(config).__name__}")


def checked_recipe(recipe: RecipeLike, overrides: Sequence[str] = ()) -> CheckedRecipe:
    """Return a recipe that keeps to its trainer's schema; nothing heavy is imported.

    Raises:
        InvalidRecipeError: with everything that is wrong.

    """
    place = Path("recipe") if isinstance(recipe, Mapping) else Path(recipe)
    document, problems = document_of(recipe) if isinstance(recipe, Mapping) else load(place)
    if not isinstance(document, MapNode):
        raise InvalidRecipeError(problems)
    document, wrong = apply_overrides(document, overrides)
    checked, found = check_recipe(document, Project.of(place))
    problems = joined([*problems, *wrong], found)
    if checked is None or has_errors(problems):
        raise InvalidRecipeError(problems)
    return checked


def configured(recipe: CheckedRecipe) -> TrainerConfig:
    """Return the config of a checked recipe; its trainer is imported, and registered.

    Raises:
        InvalidRecipeError: with what only the config models can tell.
        RecipeError: the trainer cannot be imported: a module of the user's is missing.

    """
    _import_trainer(recipe)
    from pydantic import ValidationError

    from arctic_training.trainer.trainer import Trainer

    trainer: type[AnyTrainer] = Trainer.named(recipe.trainer)
    try:
        return trainer.config_type.model_validate(recipe.values)
    except ValidationError as error:
        raise InvalidRecipeError(_problems(error, recipe.document)) from error


def _import_trainer(recipe: CheckedRecipe) -> None:
    roots = [str(root) for root in recipe.project.source_roots if root.is_dir()]
    sys.path[:0] = [root for root in roots if root not in sys.path]
    home = f"{NAMESPACE}.{recipe.package}"
    try:
        package = importlib.import_module(home)
        for name in package.__all__:
            getattr(package, name)
    except ImportError as error:
        message = f"the trainer `{recipe.trainer}` cannot be imported: {error}"
        if module := _importer_of_moved(error):
            hint = f"`arctic-gen migrate .` rewrites the imports of `{module}`"
            raise RecipeError(("type",), message, code="moved-import", hint=hint) from error
        if not _is_raised_below(home, error):
            raise
        hint = "`arctic-gen check` shows where its definition names what is not there"
        raise RecipeError(("type",), message, code="not-importable", hint=hint) from error


def _importer_of_moved(error: ImportError) -> str:
    """Return the user's module that imports what arctic_training had elsewhere; empty if none."""
    home, importer = str(error.name), _importer(error)
    is_ours = importer.partition(".")[0] == "arctic_training"
    names = {path.partition(":")[0] for path in MOVED_NAMES}
    return importer if not is_ours and (home in MOVED_MODULES or home in names) else ""


def _is_raised_below(package: str, error: ImportError) -> bool:
    """Return whether a module of a package itself imports what is not there.

    A generated one does so where a module of the user's is missing, or lacks what is named.
    """
    if str(error.name).partition(".")[0] == "arctic_training":
        return False
    return _importer(error).startswith(f"{package}.")


def _importer(error: ImportError) -> str:
    """Return the name of the module whose import failed."""
    *_, (innermost, _line) = traceback.walk_tb(error.__traceback__)
    return str(innermost.f_globals.get("__name__"))


def _problems(error: ValidationError, document: Node) -> list[Diagnostic]:
    """Turn what only the models can tell, rules across fields, into findings at their places."""
    problems = []
    for detail in error.errors(include_url=False):
        pointer = present(document, detail["loc"])
        place = span_at(document, pointer) if pointer else key_span(document, ("type",))
        problems.append(Diagnostic(code="conflict", message=str(detail["msg"]), span=place))
    return problems
