"""The commands of ``arctic-gen`` that say what there is, and what it means."""

from __future__ import annotations

from typing import Final

import click

from arctic_training.cli.output import Command, debug_option

__all__ = ["TELLING"]


@click.command("explain", cls=Command)
@click.argument("subject", metavar="KEY|FILE")
@click.argument("arguments", nargs=-1, metavar="[KEY]... [KEY=VALUE]...")
@debug_option
def _explain(subject: str, arguments: tuple[str, ...], *, debug: bool) -> None:
    """Say what a key of definitions or recipes means; of a FILE, whence each value comes.

    A FILE is a definition or a recipe, a default is that of a definition or built in. A KEY behind
    it, such as optimizer.betas, leaves out all but its values; KEY=VALUE is laid over a recipe, as
    arctic-train does.
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
    """List the trainers, factories and data sources that can be named here."""
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
