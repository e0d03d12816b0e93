"""The commands of ``arctic-gen`` that end with findings, and write nothing unless told to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from arctic_training.cli.output import Command, debug_option, format_option

if TYPE_CHECKING:
    from arctic_training.diagnostics import Format

__all__ = ["CHECKING"]


@click.command("validate", cls=Command)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@format_option
@debug_option
def _validate(paths: tuple[Path, ...], *, form: Format, debug: bool) -> None:
    """Check definitions and recipes: files, or folders of them. Nothing is imported or written."""
    from arctic_training.cli.commands.validate import validate

    del debug
    validate(list(paths), form)


@click.command("check", cls=Command)
@click.argument("definitions", nargs=-1, type=click.Path(path_type=Path))
@click.option("--no-verify", is_flag=True, help="Leave out the type check.")
@format_option
@debug_option
def _check(definitions: tuple[Path, ...], *, no_verify: bool, form: Format, debug: bool) -> None:
    """Check that what is generated is what DEFINITIONS make now, and type-check it.

    Without DEFINITIONS, those that were generated before are taken. Nothing is written.
    """
    from arctic_training.cli.commands.check import check

    del debug
    check(list(definitions), types=not no_verify, form=form)


@click.command("lint", cls=Command)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--fix", "is_mended", is_flag=True, help="Mend what has a safe edit.")
@click.option("--strict", "is_strict", is_flag=True, help="Take warnings for errors.")
@click.option(
    "--baseline",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File with findings that are known, and not reported.",
)
@click.option("--write-baseline", "is_written", is_flag=True, help="List all findings in it.")
@format_option
@debug_option
def _lint(
    paths: tuple[Path, ...],
    *,
    baseline: Path | None,
    is_mended: bool,
    is_strict: bool,
    is_written: bool,
    form: Format,
    debug: bool,
) -> None:
    """Look for what is right and yet not meant, in definitions and in their losses.

    PATHS are files or folders, the current folder without any. Nothing is imported. A finding is
    taken back by a comment on its line: `# arctic: ignore[rule] reason`.
    """
    from arctic_training.cli.commands.lint import lint

    del debug
    lint(
        list(paths) or [Path()],
        baseline=baseline,
        is_written=is_written,
        is_mended=is_mended,
        is_strict=is_strict,
        form=form,
    )


@click.command("breaking", cls=Command)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--against", metavar="REF|FOLDER", required=True, help="What to compare with.")
@click.option(
    "--contract",
    type=click.Choice(["python", "recipe", "checkpoint"]),
    default="python",
    help="What must not break: code, or recipes, or checkpoints alone; each holds the next.",
)
@format_option
@debug_option
def _breaking(
    paths: tuple[Path, ...], *, against: str, contract: str, form: Format, debug: bool
) -> None:
    """Say what the definitions break that they did not at REF, a commit of git, or in FOLDER.

    PATHS are files or folders of this project; without them, all of it is compared.
    """
    from arctic_training.breaking.rule import Contract
    from arctic_training.cli.commands.breaking import breaking

    del debug
    breaking(list(paths), against=against, contract=Contract(contract), form=form)


@click.command("test", cls=Command)
@click.argument("name", metavar="NAME [KEY=VALUE]...")
@click.argument("overrides", nargs=-1, metavar="")
@format_option
@debug_option
def _test(name: str, overrides: tuple[str, ...], *, form: Format, debug: bool) -> None:
    """Try what the trainer NAME promises, on a tiny model and a little text.

    Its loss has a sum, a count and the declared terms; a gradient flows and one batch is learnt;
    batches come in one order; a step is the same however it is cut, padded or packed, as far as
    `coupling` promises; a run that is cut off goes on to the same bits. KEY=VALUE sets a value of
    the recipe, such as a field of the trainer.
    """
    from arctic_training.cli.commands.conformance import conformance

    del debug
    conformance(name, list(overrides), form)


CHECKING: Final = (_validate, _check, _lint, _breaking, _test)
