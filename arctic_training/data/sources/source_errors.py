"""Errors of rows that are missing columns or splits, or cannot be loaded, as recipe errors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeAlias

from arctic_training.config.source import HFSourceConfig
from arctic_training.data.sources.reading import UnreadableError
from arctic_training.data.sources.recognition import advice_for
from arctic_training.diagnostics import did_you_mean, known_words, nearest
from arctic_training.errors import Pointer, RecipeError
from arctic_training.hub.loading import first_line, loading_advice

__all__ = ["NO_ROWS", "Needed", "check_columns", "check_splits", "loading_error_context"]

Needed: TypeAlias = Mapping[Pointer, str]
"""Columns that a source needs, by the place in its section that asks for each."""

NO_ROWS: Final = "it has no rows"
_FILE: Final = ("name_or_path",)
_SPLIT: Final = re.compile(r"\w[\w.-]*")


def check_splits(config: HFSourceConfig, names: list[str]) -> None:
    """Make sure that all splits that a source names are there; parts of them are fine.

    Raises:
        RecipeError: one is not, at ``split``.

    """
    for name in _SPLIT.findall(re.sub(r"\[[^\]]*\]", "", config.split)):
        if name not in names:
            message = f"the data set `{config.name_or_path}` has no split `{name}`"
            raise RecipeError(("split",), message, code="not-found", hint=did_you_mean(name, names))


def check_columns(config: HFSourceConfig, columns: list[str], *choices: Needed) -> Needed:
    """Return the first choice whose columns are all there, if it is known which there are.

    A column that the recipe does not name is its type's own: the file is what does not fit.

    Raises:
        RecipeError: one of the first choice is missing, or one is there twice; its pointer begins
            at the source.

    """
    fitting = (each for each in choices if {*each.values()} <= {*columns})
    needed = next(fitting, choices[0])
    for pointer, column in needed.items() if columns else ():
        if columns.count(column) > 1:
            message = f"there are {columns.count(column)} columns `{column}`"
            raise RecipeError(pointer, message, code="wrong-data", hint="rename all but one")
        if column not in columns:
            raise _missing_column(config, pointer, column, columns)
    return needed


def _missing_column(
    config: HFSourceConfig, pointer: Pointer, column: str, columns: list[str]
) -> RecipeError:
    is_named = pointer != _FILE and pointer[0] in config.model_fields_set
    otherwise = did_you_mean(column, columns) if is_named else _named(pointer, column, columns)
    return RecipeError(
        pointer if is_named else _FILE,
        f"there is no column `{column}`",
        code="not-found",
        hint=advice_for(columns, _type(config)) or otherwise,
    )


def _type(config: HFSourceConfig) -> str:
    return str(config.model_dump(include={"type"})["type"])


def _named(pointer: Pointer, column: str, columns: list[str]) -> str:
    """Return how a recipe names a column that has another name than usual."""
    if pointer == _FILE:
        return f"say in `role_mapping` which column has whose words: {known_words(columns)}"
    meant = nearest(column, columns)
    return f"write `{pointer[0]}: {meant or 'NAME'}`; there are {known_words(columns)}"


def _reason(error: Exception) -> str:
    """Return what `datasets` says, or the reader whose error it passes on without a word of it."""
    import datasets

    if isinstance(error, StopIteration) or "corresponds to no data" in str(error):
        return NO_ROWS
    is_passed_on = isinstance(error, datasets.exceptions.DatasetGenerationError)
    cause = error.__cause__ if is_passed_on else None
    return first_line(cause if isinstance(cause, Exception) else error)


@contextmanager
def loading_error_context(config: HFSourceConfig) -> Iterator[None]:
    """Turn errors of files, of `datasets` and of its clients into errors of the recipe.

    Raises:
        RecipeError: there was one; its pointer begins at the source.

    """
    try:
        yield
    except RecipeError:
        raise
    except Exception as error:
        name, reason = config.name_or_path, _reason(error)
        field = "split" if reason.startswith(("Unknown split", "Bad split")) else "name_or_path"
        is_local = field == "split" or Path(name).is_absolute()
        hint = "" if is_local else loading_advice(name, error)
        code = "not-found"
        if isinstance(error, UnreadableError):
            code, hint = "wrong-data", error.hint
        message = f"the data set `{name}` cannot be loaded: {reason}"
        raise RecipeError((field,), message, code=code, hint=hint) from error
