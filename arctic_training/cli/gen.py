"""The command ``arctic-gen``: definitions to trainers, and checks of definitions and recipes."""

from __future__ import annotations

from typing import NoReturn

import click

from arctic_training.cli.commands.templates import templates
from arctic_training.cli.gen_check import CHECKING
from arctic_training.cli.gen_explain import TELLING
from arctic_training.cli.gen_write import MAKING
from arctic_training.cli.output import WIDTH, Commands, run

__all__ = ["command", "main"]


@click.group(
    "arctic-gen",
    cls=Commands,
    commands=[*MAKING, *CHECKING, *TELLING, templates],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDTH},
)
@click.version_option(package_name="arctic-training-gen", message="%(prog)s %(version)s")
def command() -> None:
    """Generate typed trainers from definitions, and check definitions and recipes."""


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run ``arctic-gen``."""
    run(command, arguments)


if __name__ == "__main__":
    main()
