"""The commands of ``arctic-gen`` that report findings."""

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
    """Check definitions and recipes (files or folders). Nothing is imported or written."""
    from arctic_training.cli.commands.validate import validate

    del debug
    validate(list(paths), form)


@click.command("check", cls=Command)
@click.argument("definitions", nargs=-1, type=click.Path(path_type=Path))
@click.option("--no-verify", is_flag=True, help="Skip the type check.")
@format_option
@debug_option
def _check(definitions: tuple[Path, ...], *, no_verify: bool, form: Format, debug: bool) -> None:
    """Verify that generated code is up to date and type-checks.

    Without DEFINITIONS, verify all trainers generated before. Nothing is written.
    """
    from arctic_training.cli.commands.check import check

    del debug
    check(list(definitions), types=not no_verify, form=form)


@click.command("lint", cls=Command)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--fix", "is_fixed", is_flag=True, help="Apply safe fixes.")
@click.option("--strict", "is_strict", is_flag=True, help="Treat warnings as errors.")
@click.option(
    "--baseline",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File of known findings, which are not reported.",
)
@click.option(
    "--write-baseline",
    "is_written",
    is_flag=True,
    help="Write all current findings to the baseline.",
)
@format_option
@debug_option
def _lint(
    paths: tuple[Path, ...],
    *,
    baseline: Path | None,
    is_fixed: bool,
    is_strict: bool,
    is_written: bool,
    form: Format,
    debug: bool,
) -> None:
    """Flag valid but suspicious definitions and losses (unused fields, means used as sums).

    PATHS are files or folders; the default is the current folder. Nothing is imported. Suppress a
    finding with a comment on its line: `# arctic: ignore[rule] reason`.
    """
    from arctic_training.cli.commands.lint import lint

    del debug
    lint(
        list(paths) or [Path()],
        baseline=baseline,
        is_written=is_written,
        is_fixed=is_fixed,
        is_strict=is_strict,
        form=form,
    )


@click.command("breaking", cls=Command)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--against", metavar="REF|FOLDER", required=True, help="Git ref or folder to compare with."
)
@click.option(
    "--contract",
    type=click.Choice(["python", "recipe", "checkpoint"]),
    default="python",
    help="Contract that must not break; python includes recipe, which includes checkpoint.",
)
@format_option
@debug_option
def _breaking(
    paths: tuple[Path, ...], *, against: str, contract: str, form: Format, debug: bool
) -> None:
    """Report breaking changes of definitions relative to a git ref or another directory.

    PATHS are files or folders of this project; the default is the whole project.
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
    """Run the conformance suite for trainer NAME on a tiny model.

    The suite checks that the loss returns a sum, a count and the declared terms; that gradients
    flow and one batch can be learned; that batches have one order; that a step does not depend on
    micro-batches, padding or packing, as far as `coupling` promises; and that an interrupted run
    resumes bit-exactly. KEY=VALUE overrides a value of the recipe, such as a field of the trainer.
    """
    from arctic_training.cli.commands.conformance import conformance

    del debug
    conformance(name, list(overrides), form)


CHECKING: Final = (_validate, _check, _lint, _breaking, _test)
