"""Stage 7, render: templates and views to texts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from arctic_training.codegen.plan import PlannedFile
from arctic_training.resources import resource

__all__ = ["fill", "render"]


def render(files: list[PlannedFile]) -> dict[str, str]:
    """Return the text of each file by its path."""
    return {
        file.path: fill(file.template, {"view": file.view}) if file.template else file.text
        for file in files
    }


def fill(template: str, values: Mapping[str, object]) -> str:
    """Render one template of ``templates/``."""
    return _environment().get_template(template).render(values)


def _only_code(value: object) -> object:
    """Refuse to print what is not code: text of a definition reaches the output in no other way.

    What a macro returns is markup too.

    Raises:
        TypeError: a template prints something else.

    """
    if not isinstance(value, Markup):
        raise TypeError(f"{value!r} is not code")
    return value


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(resource("templates")),
        undefined=StrictUndefined,
        finalize=_only_code,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
