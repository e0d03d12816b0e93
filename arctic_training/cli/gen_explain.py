"""The commands of ``arctic-gen`` that print reference information."""

from __future__ import annotations

from typing import Final

import click

from arctic_training.cli.output import Command, debug_option

__all__ = ["TELLING"]


@click.command("explain", cls=Command)
@click.argument("subject", metavar="KEY|CODE|FILE")
@click.argument("arguments", nargs=-1, metavar="[KEY]... [KEY=VALUE]...")
@debug_option
def _explain(subject: str, arguments: tuple[str, ...], *, debug: bool) -> None:
    """Explain a key or an error code, or show where each value in a file comes from.

    FILE is a definition or a recipe. With a KEY after it, such as optimizer.betas, only the values
    below that key are shown. KEY=VALUE overrides a value of a recipe, as in arctic-train.
    """
    from arctic_training.cli.commands.explain import explain

    del debug
    explain(subject, arguments)


@click.command("list", cls=Command)
@click.argument(
    "kind", type=click.Choice(["trainers", "factories", "sources", "all"]), default="all"
)
@debug_option
def _list(kind: str, *, debug: bool) -> None:
    """List the trainers, factories and data sources that are available here."""
    from arctic_training.cli.commands.explain import list_known

    del debug
    list_known(kind)


@click.command("schema", cls=Command)
@click.argument("name", metavar="[definition|findings|TRAINER]", default="definition")
@debug_option
def _schema(name: str, *, debug: bool) -> None:
    """Print the JSON Schema of definitions, of findings as JSON, or of a trainer's recipes."""
    from arctic_training.cli.commands.explain import print_schema

    del debug
    print_schema(name)


TELLING: Final = (_explain, _list, _schema)
