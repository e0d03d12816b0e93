"""The command ``arctic-gen``: definitions to trainers, and checks of definitions and recipes."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from arctic_training.cli.output import WIDTH, Commands, debug_option, format_option, run
from arctic_training.cli.templates import templates

if TYPE_CHECKING:
    from arctic_training.diagnostics import Format

__all__ = ["command", "main"]


@click.group(
    "arctic-gen",
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDTH},
)
@click.version_option(package_name="arctic-training-gen", message="%(prog)s %(version)s")
def command() -> None:
    """Make typed trainers from definitions, and check definitions and recipes."""


@command.command("new-trainer")
@click.argument("definitions", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Source root to generate into, in place of `generated` at the root of the project.",
)
@click.option("--dry-run", is_flag=True, help="Say what would change, and write nothing.")
@click.option("--diff", "show_diff", is_flag=True, help="Show how files change.")
@click.option("--no-verify", is_flag=True, help="Leave out the type check.")
@click.option("--force", is_flag=True, help="Overwrite generated files that were edited by hand.")
@click.option("--watch", "is_watching", is_flag=True, help="Generate again after every change.")
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
    """Generate the trainers of DEFINITIONS, type-checked together with their losses.

    A loss and a starter recipe are written beside a definition that has none.
    """
    from arctic_training.codegen.unchanged import said_before

    del debug
    is_bare = no_verify and not dry_run and not is_watching and str(form) == "text"
    if is_bare and (said := said_before(list(definitions), output)) is not None:
        click.echo(said, nl=False)
        return
    from arctic_training.cli.new_trainer import new_trainer

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
        from arctic_training.cli.watch import watch_definitions

        watch_definitions(list(definitions), work)
    work()


@command.command("validate")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@format_option
@debug_option
def _validate(paths: tuple[Path, ...], *, form: Format, debug: bool) -> None:
    """Check definitions and recipes: files, or folders of them. Nothing is imported or written."""
    from arctic_training.cli.validate import validate

    del debug
    validate(list(paths), form)


@command.command("check")
@click.argument("definitions", nargs=-1, type=click.Path(path_type=Path))
@click.option("--no-verify", is_flag=True, help="Leave out the type check.")
@format_option
@debug_option
def _check(definitions: tuple[Path, ...], *, no_verify: bool, form: Format, debug: bool) -> None:
    """Check that what is generated is what DEFINITIONS make now, and type-check it.

    Without DEFINITIONS, those that were generated before are taken. Nothing is written.
    """
    from arctic_training.cli.check import check

    del debug
    check(list(definitions), types=not no_verify, form=form)


@command.command("lint")
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
    from arctic_training.cli.lint import lint

    del debug
    lint(
        list(paths) or [Path()],
        baseline=baseline,
        is_written=is_written,
        is_mended=is_mended,
        is_strict=is_strict,
        form=form,
    )


@command.command("init")
@click.argument("name")
@click.option("--description", help="What the trainer does.")
@click.option("--loss", help="Where its loss is, as module:function.")
@click.option("--from", "base", metavar="NAME|PATH", help="Trainer or definition that it extends.")
@click.option("--data", help="Data factory.")
@click.option("--model", help="Model factory.")
@click.option("--checkpoint", help="Checkpoint engine.")
@click.option("--optimizer", help="Optimizer factory.")
@click.option("--scheduler", help="Scheduler factory.")
@click.option("--tokenizer", help="Tokenizer factory.")
@click.option("--no-questions", is_flag=True, help="Take defaults for what is not given.")
@debug_option
def _init(name: str, *, no_questions: bool, debug: bool, **answers: str | None) -> None:
    """Write the definition of a new trainer NAME, and its loss, to begin with.

    On a terminal, what no flag says is asked.
    """
    from arctic_training.cli.init import init

    del debug
    init(name, answers, is_asked=not no_questions and sys.stdin.isatty())


@command.command("migrate")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--check", "is_checked", is_flag=True, help="Write nothing; exit 1 if it would.")
@click.option("--diff", "show_diff", is_flag=True, help="Write nothing; show what would change.")
@format_option
@debug_option
def _migrate(
    paths: tuple[Path, ...], *, is_checked: bool, show_diff: bool, form: Format, debug: bool
) -> None:
    """Rewrite definitions of older versions, and recipes with former names of keys.

    PATHS are files, or folders of them. Comments, order, quotes and line ends stay.
    """
    from arctic_training.cli.migrate import migrate

    del debug
    migrate(list(paths), is_checked=is_checked, show_diff=show_diff, form=form)


@command.command("breaking")
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
    from arctic_training.cli.breaking import breaking
    from arctic_training.codegen.breaking.rule import Contract

    del debug
    breaking(list(paths), against=against, contract=Contract(contract), form=form)


@command.command("test")
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
    from arctic_training.cli.conformance import conformance

    del debug
    conformance(name, list(overrides), form)


@command.command("explain")
@click.argument("subject", metavar="KEY|FILE")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@debug_option
def _explain(subject: str, overrides: tuple[str, ...], *, debug: bool) -> None:
    """Say what a key of definitions or recipes means; of a FILE, whence each value comes.

    A FILE is a definition or a recipe; KEY=VALUE is laid over a recipe, as arctic-train does.
    """
    from arctic_training.cli.explain import explain

    del debug
    explain(subject, overrides)


@command.command("list")
@click.argument(
    "kind", type=click.Choice(["trainers", "factories", "sources", "all"]), default="all"
)
@debug_option
def _list(kind: str, *, debug: bool) -> None:
    """List the trainers, factories and data sources that can be named here."""
    from arctic_training.cli.explain import list_known

    del debug
    list_known(kind)


@command.command("schema")
@click.argument("name", metavar="[definition|findings|TRAINER]", default="definition")
@debug_option
def _schema(name: str, *, debug: bool) -> None:
    """Print the JSON Schema of definitions, of findings as JSON, or of a trainer's recipes."""
    from arctic_training.cli.explain import print_schema

    del debug
    print_schema(name)


command.add_command(templates)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run ``arctic-gen``."""
    run(command, arguments)


if __name__ == "__main__":
    main()
