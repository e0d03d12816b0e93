"""What every command shares: how findings are printed, and with what code it ends."""

from __future__ import annotations

import sys
from enum import IntEnum
from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from arctic_training.diagnostics import Diagnostic, Format

__all__ = ["ExitCode", "debug_option", "finish", "format_option", "run"]


class ExitCode(IntEnum):
    """With what code a command ends."""

    FINE = 0
    FINDINGS = 1
    USAGE = 2
    BUG = 70
    INTERRUPTED = 130


def _as_format(_context: click.Context, _parameter: click.Parameter, value: str) -> Format:
    from arctic_training.diagnostics import Format

    return Format(value)


format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    callback=_as_format,
    help="Form of the findings.",
)

debug_option = click.option(
    "--debug", is_flag=True, help="Show the traceback of an unexpected error."
)


def finish(diagnostics: list[Diagnostic], form: Format, *, summary: str = "") -> NoReturn:
    """Print the findings, or in text form the summary when there are none, and end."""
    from arctic_training.diagnostics import Format, Severity, render

    click.echo(render(diagnostics, form), nl=False)
    if not diagnostics and form is Format.TEXT and summary:
        click.echo(summary)
    errors = any(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics)
    raise SystemExit(ExitCode.FINDINGS if errors else ExitCode.FINE)


def run(command: click.Command, arguments: list[str] | None = None) -> NoReturn:
    """Run a command; whatever happens, end with a code of ``ExitCode`` and without a traceback."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        command.main(arguments, standalone_mode=False)
    except click.exceptions.Exit as exit_:
        raise SystemExit(exit_.exit_code) from None
    except click.ClickException as error:
        _say(error.format_message())
        raise SystemExit(ExitCode.USAGE) from None
    except (click.Abort, KeyboardInterrupt):
        raise SystemExit(ExitCode.INTERRUPTED) from None
    except Exception as error:  # noqa: BLE001 - what is not the environment's is a bug
        if isinstance(error, _environment_errors()):
            _say(str(error))
            raise SystemExit(ExitCode.USAGE) from None
        _report_bug(error, debug="--debug" in arguments)
        raise SystemExit(ExitCode.BUG) from None
    raise SystemExit(ExitCode.FINE)


def _environment_errors() -> tuple[type[Exception], ...]:
    from arctic_training.document import UnreadableError

    return (UnreadableError, OSError)


def _say(message: str) -> None:
    click.echo(f"error: {message}", err=True)


def _report_bug(error: Exception, *, debug: bool) -> None:
    import traceback

    if debug:
        traceback.print_exception(error)
    else:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{last.filename}:{last.lineno}"
        _say(f"this is a bug in arctic_training: {type(error).__name__}: {error} ({where})")
        click.echo("Run the command again with --debug and report what it shows.", err=True)
