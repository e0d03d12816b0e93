"""The command ``arctic-train``: training, data preparation and reports."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import click

from arctic_training.cli.output import WIDTH, Commands, debug_option, format_option, run

if TYPE_CHECKING:
    from arctic_training.diagnostics import Format

__all__ = ["command", "main"]

_OWN: Final = {"-h", "--help", "--version"}
_WORDS: Final = {"ignore_unknown_options": True}


class _TrainByDefault(Commands):
    """Runs `arctic-train RECIPE` as `arctic-train train RECIPE`; a verb wins over a file."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        is_verb = not args or args[0] in self.commands or args[0] in _OWN
        if not is_verb and (meant := self._mistyped_verb(args[0])):
            raise click.UsageError(f"no recipe or command `{args[0]}`; did you mean `{meant}`?")
        return super().parse_args(ctx, args if is_verb else ["train", *args])

    def _mistyped_verb(self, word: str) -> str:
        """Return the verb that a word was probably meant to be, unless it is a file."""
        from arctic_training.diagnostics import nearest

        is_path = word.startswith("-") or Path(word).suffix or Path(word).exists()
        return "" if is_path else nearest(word, self.commands)


@click.group(
    "arctic-train",
    cls=_TrainByDefault,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDTH},
)
@click.version_option(package_name="arctic-training-gen", message="%(prog)s %(version)s")
def command() -> None:
    """Train models from recipes: `arctic-train RECIPE [KEY=VALUE]...`."""


@command.command("train", context_settings=_WORDS)
@click.argument("words", nargs=-1, metavar="RECIPE [KEY=VALUE]...")
@click.option(
    "--num-processes",
    "--num_gpus",
    type=click.IntRange(min=1),
    help="Number of processes on this machine, one per accelerator.  [default: 1]",
)
@click.option(
    "--launcher",
    type=click.Choice(["torchrun", "deepspeed"]),
    help="Launcher of the processes. A flag of DeepSpeed's launcher, such as --hostfile, "
    "selects deepspeed.",
)
@click.option(
    "--python-profile",
    "--python_profile",
    type=click.Choice(["tottime", "cumtime", "disable"]),
    default="disable",
    help="Profile Python during training; sort by own time or by cumulative time.",
)
@click.option("--run-id", hidden=True, expose_value=False)
@click.option(
    "--dry-run", is_flag=True, help="Check the recipe without importing torch, then stop."
)
@format_option
@debug_option
def _train(
    words: tuple[str, ...],
    *,
    num_processes: int | None,
    launcher: str | None,
    python_profile: str,
    dry_run: bool,
    form: Format,
    debug: bool,
) -> None:
    """Check RECIPE, then train a model from it.

    KEY=VALUE overrides a value of the recipe, such as optimizer.learning_rate=1e-5 or
    checkpoint.0.output_dir=./runs/second.
    """
    from arctic_training.cli.launch_checks import refuse_hosts, refuse_isolated_tasks
    from arctic_training.cli.run_recipe import Launch, run_recipe, train
    from arctic_training.launcher.deepspeed import split_flags
    from arctic_training.launcher.unused_environment import unused_environment

    try:
        flags, others = split_flags(words[1:] if words[:1] == ("train",) else words)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if flags and launcher == "torchrun":
        raise click.UsageError(f"{flags[0]} is a flag of `--launcher deepspeed`")
    recipe, overrides = _split(others)
    for unused in unused_environment():
        click.echo(f"warning: {unused}", err=True)
    launch = Launch(
        num_processes,
        flags if flags or launcher == "deepspeed" else None,
        passed_on=["--python-profile", python_profile],
    )
    refuse_isolated_tasks([str(recipe), *overrides], launch)
    if flags and not dry_run:
        refuse_hosts(flags)
    run_recipe(
        recipe,
        overrides,
        action=train if python_profile == "disable" else partial(train, profile=python_profile),
        launch=launch,
        dry_run=dry_run,
        form=form,
        debug=debug,
    )


@command.command("show-data", context_settings=_WORDS)
@click.argument("words", nargs=-1, metavar="RECIPE [KEY=VALUE]...")
@click.option("--n", "rows", type=click.IntRange(min=1), default=5, help="Number of rows to print.")
@format_option
@debug_option
def _show_data(words: tuple[str, ...], *, rows: int, form: Format, debug: bool) -> None:
    """Prepare the data of RECIPE and print rows, with the tokens that have loss marked."""
    from arctic_training.cli.commands.prepare_data import show_data
    from arctic_training.cli.run_recipe import run_recipe

    recipe, overrides = _split(words)
    action = partial(show_data, rows=rows)
    run_recipe(
        recipe, overrides, action=action, sections=("data", "tokenizer"), form=form, debug=debug
    )


@command.command("process-data", context_settings=_WORDS)
@click.argument("words", nargs=-1, metavar="RECIPE [KEY=VALUE]...")
@format_option
@debug_option
def _process_data(words: tuple[str, ...], *, form: Format, debug: bool) -> None:
    """Prepare the data of RECIPE and store it in the cache.

    No model is built and no accelerator is needed. With fail_on_missing_cache=true, a run requires
    cached data.
    """
    from arctic_training.cli.commands.prepare_data import process_data
    from arctic_training.cli.run_recipe import run_recipe

    recipe, overrides = _split(words)
    run_recipe(
        recipe,
        overrides,
        action=process_data,
        sections=("data", "tokenizer"),
        form=form,
        debug=debug,
    )


@command.command("report")
@click.argument(
    "run_paths", metavar="RUN...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="HTML page to write.  [default: next to the metrics; for several runs, report.html]",
)
@debug_option
def _report(run_paths: tuple[Path, ...], output: Path | None, *, debug: bool) -> None:
    """Write an HTML page with the curves, recipe and environment of one or more runs.

    RUN is the `output_dir` of a run's checkpoints, or its metrics file. The page needs no network.
    """
    from arctic_training.cli.commands.report import report

    del debug
    report(run_paths, output)


def _split(words: Sequence[str]) -> tuple[Path, list[str]]:
    """Split the words into the recipe and the overrides."""
    from arctic_training.diagnostics import nearest

    if not words:
        raise click.UsageError("Missing argument 'RECIPE'.")
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word.startswith("-"):
            flags = [f for p in click.get_current_context().command.params for f in p.opts]
            flag, _, value = word.partition("=")
            if meant := nearest(flag, flags):
                raise click.NoSuchOption(word, possibilities=[meant])
            raise click.NoSuchOption(word, _without_dashes(flag, value or following))
    return Path(words[0]), list(words[1:])


def _without_dashes(flag: str, value: str) -> str:
    """Return the message for a value of the recipe that is given as an option."""
    key = flag.lstrip("-").replace("-", "_")
    if not key or not key[0].isalpha():
        return f"No such option '{flag}'."
    shown = "VALUE" if not value or value.startswith("-") or "=" in value else value
    return f"No such option '{flag}'. Values of the recipe are set without dashes: {key}={shown}"


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run ``arctic-train``."""
    run(command, arguments)


if __name__ == "__main__":
    main()
