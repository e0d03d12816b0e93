"""Exceptions of the runtime for mistakes of the user.

    ArcticTrainingError
      InvalidRecipeError  a recipe breaks the rules of its trainer, in a source with lines
      RecipeError         a value of the recipe cannot be used; it says which one
      UnusableRecipeError several values of the recipe cannot be used
      TrainingError       training cannot continue
      RegistryError       a class cannot be registered, or a name is not registered

Any other exception is an internal error, or one of a library.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from arctic_training.diagnostics import Diagnostic, Format, render

__all__ = [
    "ArcticTrainingError",
    "InvalidRecipeError",
    "Pointer",
    "RecipeError",
    "RegistryError",
    "TrainingError",
    "UnusableRecipeError",
]

Pointer: TypeAlias = tuple[str | int, ...]


class ArcticTrainingError(Exception):
    """The root of this package's exceptions.

    ``note`` explains the error and ``hint`` proposes a remedy: the labels `note:` and `help:` of a
    finding.
    """

    def __init__(self, message: str, *, note: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.note = note
        self.hint = hint

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        """Survive pickling, in which an exception is made from its text alone otherwise."""
        return _remade, (type(self), self.args, self.__dict__)


class RecipeError(ArcticTrainingError):
    """A value of the recipe cannot be used.

    ``pointer`` leads to it through the keys and indices of the recipe, so that whoever read the
    recipe from a file can show the line.
    """

    def __init__(
        self,
        pointer: Pointer,
        message: str,
        *,
        code: str = "not-usable",
        note: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, note=note, hint=hint)
        self.pointer = pointer
        self.code = code

    def below(self, pointer: Pointer) -> RecipeError:
        """Return the same error for the section at ``pointer``."""
        return RecipeError(
            (*pointer, *self.pointer),
            self.message,
            code=self.code,
            note=self.note,
            hint=self.hint,
        )

    def __str__(self) -> str:
        where = ".".join(map(str, self.pointer))
        return f"{where}: {self.message}" if where else self.message


class InvalidRecipeError(ArcticTrainingError):
    """A recipe breaks the rules of its trainer; ``diagnostics`` says where, and all of it."""

    def __init__(self, diagnostics: list[Diagnostic]) -> None:
        super().__init__(render(diagnostics, Format.TEXT).rstrip())
        self.diagnostics = diagnostics


class UnusableRecipeError(ArcticTrainingError):
    """Values of the recipe cannot be used: all that could be found before anything was prepared."""

    def __init__(self, problems: list[RecipeError]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class TrainingError(ArcticTrainingError):
    """Training cannot continue."""


class RegistryError(ArcticTrainingError, TypeError):
    """A class cannot be registered, or a name is not registered."""


def _remade(
    kind: type[BaseException], args: tuple[object, ...], state: dict[str, object]
) -> BaseException:
    """Make an exception from its arguments and attributes, without its constructor."""
    error = kind.__new__(kind, *args)
    error.__setstate__(state)
    return error
