"""Printing of findings and exit codes, shared by all commands."""

from __future__ import annotations

import os
import sys
import traceback
from enum import IntEnum
from typing import TYPE_CHECKING, Final, NoReturn

import click

from arctic_training.cli import interrupt, streams
from arctic_training.core.mesh import Mesh
from arctic_training.launcher.failure_report import (
    PEER_LOST_EXIT_CODE,
    is_lost_peer,
    nccl_misconfiguration,
    should_report_failure,
)
from arctic_training.launcher.process_exit import ended_whole

if TYPE_CHECKING:
    from arctic_training.diagnostics import Diagnostic, Format

__all__ = [
    "TYPE_CHECKING_TEXT",
    "WIDTH",
    "Command",
    "Commands",
    "ExitCode",
    "debug_option",
    "finish",
    "format_option",
    "run",
    "say",
]

WIDTH: Final = 100
"""Maximum width of help texts, and their width without a terminal."""

TYPE_CHECKING_TEXT: Final = "type-checking (the first time takes up to a minute)"
"""Status shown while mypy runs."""

_WHOLE: Final = 1000
"""More characters than the first sentence of any help text has."""


class ExitCode(IntEnum):
    """With what code a command ends."""

    FINE = 0
    FINDINGS = 1
    USAGE = 2
    BUG = 70
    INTERRUPTED = interrupt.INTERRUPTED


class Command(click.Command):
    """A command that a list of commands describes by a whole sentence."""

    def get_short_help_str(self, limit: int = _WHOLE) -> str:
        """Return the first sentence of the help text, which is wrapped and never cut."""
        return super().get_short_help_str(max(limit, _WHOLE))


_SYNONYMS: Final = {
    **dict.fromkeys(("build", "compile", "gen", "generate", "make"), "new-trainer"),
    **dict.fromkeys(("create", "new", "start"), "init"),
    **dict.fromkeys(("diff", "compare"), "breaking"),
    **dict.fromkeys(("run", "fit"), "train"),
    **dict.fromkeys(("help", "docs", "why"), "explain"),
}
"""Commands by the names that other tools give them."""


class Commands(click.Group):
    """A group of commands with whole sentences."""

    command_class = Command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve a command; of an unknown one, name the command that was probably meant."""
        if not args or args[0].startswith("-") or self.get_command(ctx, args[0]):
            return super().resolve_command(ctx, args)
        from arctic_training.diagnostics import did_you_mean

        other = _SYNONYMS.get(args[0], "")
        known = [other] if other in self.commands else [*self.commands]
        meant = (
            f"did you mean `{other}`?" if other in self.commands else did_you_mean(args[0], known)
        )
        raise click.UsageError(f"unknown command `{args[0]}`; {meant}")

    def get_short_help_str(self, limit: int = _WHOLE) -> str:
        """Return the first sentence of the help text, which is wrapped and never cut."""
        return super().get_short_help_str(max(limit, _WHOLE))


def _as_format(_context: click.Context, _parameter: click.Parameter, value: str) -> Format:
    from arctic_training.diagnostics import Format

    return Format(value)


format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "concise", "json", "github", "junit", "sarif"]),
    default="text",
    callback=_as_format,
    help="Form of the findings.",
)

debug_option = click.option(
    "--debug", is_flag=True, help="Show the traceback of an unexpected error."
)


def finish(diagnostics: list[Diagnostic], form: Format, *, summary: str = "") -> NoReturn:
    """Print the findings, or in text form the summary when there are none, and end."""
    from arctic_training.diagnostics import Format, has_errors, render
    from arctic_training.diagnostics.limit import limited

    if not diagnostics or should_report_failure():
        click.echo(render(limited(diagnostics), form), nl=False)
    if not diagnostics and form is Format.TEXT and summary:
        click.echo(summary)
    raise SystemExit(ExitCode.FINDINGS if has_errors(diagnostics) else ExitCode.FINE)


def run(command: click.Command, arguments: list[str] | None = None) -> NoReturn:
    """Run a command; whatever happens, end with a code of ``ExitCode`` and without a traceback."""
    if arguments is not None:
        _run(command, arguments)
    streams.open_closed()
    streams.protect()
    interrupt.listen()
    with ended_whole():
        try:
            _run(command, sys.argv[1:])
        except SystemExit as exit_:
            raise SystemExit(_settled(exit_.code)) from None
        finally:
            interrupt.end_at_once()


def _settled(code: str | int | None) -> str | int | None:
    """Return the code to end with: that of the environment, if what was printed is lost."""
    if (reason := streams.lost_output()) and code in {ExitCode.FINE, ExitCode.FINDINGS}:
        say(reason)
        return ExitCode.USAGE
    return code


def _run(command: click.Command, arguments: list[str]) -> NoReturn:
    try:
        command.main(
            arguments, prog_name=command.name, standalone_mode=False, terminal_width=_width()
        )
    except click.exceptions.Exit as exit_:
        raise SystemExit(exit_.exit_code) from None
    except click.exceptions.NoArgsIsHelpError as help_:
        click.echo(help_.format_message(), err=True)
        raise SystemExit(ExitCode.USAGE) from None
    except click.ClickException as error:
        say(error.format_message())
        raise SystemExit(ExitCode.USAGE) from None
    except (click.Abort, KeyboardInterrupt):
        raise SystemExit(_interrupted()) from None
    except Exception as error:  # noqa: BLE001 - what is not the environment's is a bug
        if interrupt.is_interrupted():
            raise SystemExit(_interrupted()) from None
        raise SystemExit(_report(error, debug="--debug" in arguments)) from None
    raise SystemExit(ExitCode.FINE)


def _width() -> int | None:
    """Return the width of help text; None where a terminal or the user sets it."""
    return None if sys.stdout.isatty() or "COLUMNS" in os.environ else WIDTH


def _environment_errors() -> tuple[type[Exception], ...]:
    from arctic_training.document import UnreadableError

    return (UnreadableError, OSError)


def _of_environment(error: Exception) -> str:
    """Return what an error says, the file first that it is about."""
    if isinstance(error, OSError) and isinstance(error.filename, str | os.PathLike):
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, OSError) and error.strerror:
        return f"a file cannot be read or written: {error.strerror}"
    return str(error)


def _is_link_loop(error: Exception) -> bool:
    """Return whether links lead to each other: before Python 3.13, that is a RuntimeError."""
    return isinstance(error, RuntimeError) and str(error).startswith("Symlink loop")


def say(message: str, *, note: str = "", hint: str = "") -> None:
    """Print an error that belongs to no line of a document."""
    if should_report_failure():
        parts = (f"error: {message}", note and f"note: {note}", hint and f"help: {hint}")
        click.echo("\n".join(filter(None, parts)), err=True)


def _interrupted() -> int:
    if Mesh.of_environment().is_first:
        click.echo("interrupted", err=True)
    return ExitCode.INTERRUPTED


def _report(error: Exception, *, debug: bool) -> int:
    """Say whose error it is, and return the code to end with."""
    from arctic_training.cli.error_origin import of_users_code
    from arctic_training.cli.out_of_memory import ROOM, is_out_of_memory
    from arctic_training.core.tested_versions import untested_remedy

    if is_lost_peer(error):
        return PEER_LOST_EXIT_CODE
    if debug and should_report_failure():
        traceback.print_exception(error)
    if isinstance(error, _environment_errors()) or _is_link_loop(error):
        say(_of_environment(error))
        return ExitCode.USAGE
    if reason := nccl_misconfiguration(error):
        say(f"the processes cannot work together: {reason}")
        return ExitCode.USAGE
    if is_out_of_memory(error):
        say(f"out of memory: {error}".partition("\n")[0], hint=ROOM)
        return ExitCode.FINDINGS
    if (theirs := of_users_code(error)) is not None:
        say(theirs, hint=untested_remedy() or ("" if debug else "--debug shows the traceback"))
        return ExitCode.FINDINGS
    if remedy := untested_remedy():
        say(f"{type(error).__name__}: {error}", hint=remedy)
        return ExitCode.USAGE
    last = traceback.extract_tb(error.__traceback__)[-1]
    what = f"{type(error).__name__}: {error} ({last.filename}:{last.lineno})"
    hint = "report this" if debug else "run the command again with --debug and report what it shows"
    say(f"internal error: {what}", hint=hint)
    return ExitCode.BUG
