"""``arctic-gen templates``: the templates of generated files, and a project's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from arctic_training.cli.output import Commands, debug_option

if TYPE_CHECKING:
    from arctic_training.codegen.templates import Template

__all__ = ["templates"]

_BEGUN: Final = "definitions, recipes, losses and other stubs, begun or to be pasted"
_YOURS: Final = "what is begun is yours from then on"


@click.group("templates", cls=Commands)
def templates() -> None:
    """List, eject and compare the templates of generated files.

    A project's own templates are in its folder `arctic_templates`, named like the shipped ones.
    """


@templates.command("list")
@debug_option
def _list(*, debug: bool) -> None:
    """Say of each template whether it is the shipped one or the project's own."""
    del debug
    for template in _all():
        click.echo(f"{template.name}: {_state(template)}")
    click.echo(f"{_BEGUN}: not to be overridden, as {_YOURS}")


@templates.command("eject")
@click.argument("name")
@click.option("--note", "is_noted", is_flag=True, help="Only note the base of now in one's own.")
@debug_option
def _eject(name: str, *, is_noted: bool, debug: bool) -> None:
    """Begin a template of the project's own as the shipped one NAME."""
    from arctic_training.codegen.templates import eject, note_base
    from arctic_training.document import shown_path

    del debug
    template = _named(name)
    if template.is_own and not is_noted:
        message = f"{shown_path(template.own)} is there already, and is not written to"
        raise click.ClickException(f"{message}; --note notes the base of now in it")
    if is_noted and not template.is_own:
        raise click.ClickException(f"there is no {shown_path(template.own)} to note it in")
    for path in note_base(template) if is_noted else eject(template):
        click.echo(f"write {shown_path(path)}")


@templates.command("diff")
@click.argument("name", required=False)
@debug_option
def _diff(name: str | None, *, debug: bool) -> None:
    """Show how the project's own templates differ, and how their bases have changed."""
    del debug
    found = [_named(name)] if name else _all()
    for template in found:
        if template.has_moved():
            click.echo(template.base_diff(), nl=False)
        if template.is_own:
            click.echo(template.own_diff() or _same(template), nl=False)
        elif name:
            click.echo(f"{name} is the shipped one")
    if not any(template.is_own for template in found) and not name:
        click.echo("all templates are the shipped ones")


def _all() -> list[Template]:
    from arctic_training.codegen.templates import templates as known
    from arctic_training.project.locations import Project

    return known(Project.of(Path("here")))


def _named(name: str) -> Template:
    from arctic_training.diagnostics import did_you_mean
    from arctic_training.project.resources import resource

    known = {template.name: template for template in _all()}
    if name in known:
        return known[name]
    if resource(f"templates/{name}").is_file():
        raise click.ClickException(f"`{name}` cannot be overridden: {_YOURS}")
    raise click.ClickException(f"there is no template `{name}`; {did_you_mean(name, known)}")


def _same(template: Template) -> str:
    from arctic_training.document import shown_path

    return f"{shown_path(template.own)}: no difference from the shipped one\n"


def _state(template: Template) -> str:
    from arctic_training.document import shown_path

    if not template.is_own:
        return "the shipped one"
    moved = ", whose base has changed" if template.has_moved() else ""
    return f"{shown_path(template.own)}{moved}"
