"""The commands of ``arctic-gen`` that write files."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from arctic_training.cli.output import Command, debug_option, format_option

if TYPE_CHECKING:
    from arctic_training.diagnostics import Format

__all__ = ["MAKING"]


@click.command("new-trainer", cls=Command)
@click.argument("definitions", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Source root to generate into.  [default: `generated` in the project]",
)
@click.option("--dry-run", is_flag=True, help="Show which files would change, and write nothing.")
@click.option("--diff", "show_diff", is_flag=True, help="Show the changes of files.")
@click.option("--no-verify", is_flag=True, help="Skip the type check.")
@click.option("--force", is_flag=True, help="Overwrite generated files that were edited by hand.")
@click.option("--watch", "is_watching", is_flag=True, help="Regenerate after every change.")
@format_option
@debug_option
def _new_trainer(
    definitions: tuple[Path, ...],
    output: Path | None,
    *,
    dry_run: bool,
    show_diff: bool,
    no_verify: bool,
    force: bool,
    is_watching: bool,
    form: Format,
    debug: bool,
) -> None:
    """Generate trainers from DEFINITIONS, and type-check them with their losses.

    A definition without a loss or a starter recipe gets one next to it.
    """
    from arctic_training.codegen.up_to_date import said_before

    del debug
    is_bare = no_verify and not dry_run and not is_watching and str(form) == "text"
    if is_bare and (said := said_before(list(definitions), output)) is not None:
        click.echo(said, nl=False)
        return
    from arctic_training.cli.commands.new_trainer import new_trainer

    work = partial(
        new_trainer,
        list(definitions),
        output=output,
        dry_run=dry_run,
        show_diff=show_diff,
        types=not no_verify,
        force=force,
        form=form,
    )
    if is_watching:
        from arctic_training.cli.commands.watch import watch_definitions

        watch_definitions(list(definitions), work)
    work()


@click.command("init", cls=Command)
@click.argument("name")
@click.option("--description", help="What the trainer does.")
@click.option("--loss", help="Import path of its loss, as module:function.")
@click.option("--from", "base", metavar="NAME|PATH", help="Trainer or definition to extend.")
@click.option("--data", help="Data factory: causal, sft, dpo or unpaired.")
@click.option("--model", help="Model factory.")
@click.option("--checkpoint", help="Checkpoint engine.")
@click.option("--optimizer", help="Optimizer factory.")
@click.option("--scheduler", help="Scheduler factory.")
@click.option("--tokenizer", help="Tokenizer factory.")
@click.option(
    "--no-questions", is_flag=True, help="Do not prompt; use defaults for missing options."
)
@debug_option
def _init(name: str, *, no_questions: bool, debug: bool, **answers: str | None) -> None:
    """Write a definition of a new trainer NAME, and its loss.

    Prompts for missing options when run interactively.
    """
    from arctic_training.cli.commands.init import init

    del debug
    init(name, answers, is_asked=not no_questions and sys.stdin.isatty())


@click.command("migrate", cls=Command)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--check", "is_checked", is_flag=True, help="Write nothing; exit 1 if files would change."
)
@click.option("--diff", "show_diff", is_flag=True, help="Write nothing; show the changes.")
@format_option
@debug_option
def _migrate(
    paths: tuple[Path, ...], *, is_checked: bool, show_diff: bool, form: Format, debug: bool
) -> None:
    """Update definitions, recipes and Python imports of older versions.

    PATHS are files or folders. Recipes get the current names of keys, Python files the current
    homes of what they import from arctic_training. Comments, order, quotes and line ends are kept.
    """
    from arctic_training.cli.commands.migrate import migrate

    del debug
    migrate(list(paths), is_checked=is_checked, show_diff=show_diff, form=form)


MAKING: Final = (_new_trainer, _init, _migrate)
