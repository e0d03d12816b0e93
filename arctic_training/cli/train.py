"""The command ``arctic-train``: a recipe to a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import click

from arctic_training.cli.output import debug_option, format_option, run

if TYPE_CHECKING:
    from arctic_training.diagnostics import Format

__all__ = ["command", "main"]

_VERBS: Final = ("train", "show-data")
_PLANNED: Final = ("process-data", "report")
_LAUNCHING: Final = ("--num_nodes", "--launcher", "--hostfile")


@click.command(
    "arctic-train",
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
        "ignore_unknown_options": True,
    },
)
@click.argument("words", nargs=-1, metavar="[train|show-data] RECIPE [KEY=VALUE]...")
@click.option(
    "--num-processes",
    "--num_gpus",
    type=click.IntRange(min=1),
    default=1,
    help="Train with so many processes of this machine, one on each accelerator.",
)
@click.option(
    "--n", "rows", type=click.IntRange(min=1), default=5, help="Rows that `show-data` prints."
)
@click.option("--dry-run", is_flag=True, help="Stop after the check; torch is not imported.")
@format_option
@debug_option
@click.version_option(package_name="arctic-training-gen", message="%(prog)s %(version)s")
def command(
    words: tuple[str, ...],
    *,
    num_processes: int,
    rows: int,
    dry_run: bool,
    form: Format,
    debug: bool,
) -> None:
    """Check RECIPE, and train a model after it.

    `show-data` prepares its data alone, and prints rows with their trained tokens marked.

    KEY=VALUE sets a value over the recipe's, such as optimizer.learning_rate=1e-5 or
    checkpoint.0.output_dir=./runs/second.
    """
    from arctic_training.cli.run_recipe import run_recipe

    verb, recipe, overrides = _split(words)
    run_recipe(
        recipe,
        overrides,
        num_processes=num_processes,
        rows=rows if verb == "show-data" else 0,
        dry_run=dry_run,
        form=form,
        debug=debug,
    )


def _split(words: tuple[str, ...]) -> tuple[str, Path, list[str]]:
    """Tell the verb, the recipe and the overrides apart; a verb wins over a file of its name."""
    for word in words:
        if word.partition("=")[0] in _LAUNCHING:
            hint = (
                "start it on each machine with torchrun: torchrun ... -m arctic_training.cli.train"
            )
            raise click.UsageError(f"{word}: `--num-processes` is for one machine; {hint}")
        if word.startswith("-"):
            raise click.UsageError(f"No such option: {word}")
    if words and words[0] in _PLANNED:
        raise click.UsageError(f"`{words[0]}` is not supported yet")
    verb, rest = (words[0], words[1:]) if words and words[0] in _VERBS else ("train", words)
    if not rest:
        raise click.UsageError("Missing argument 'RECIPE'.")
    return verb, Path(rest[0]), list(rest[1:])


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run ``arctic-train``."""
    run(command, arguments)


if __name__ == "__main__":
    main()
