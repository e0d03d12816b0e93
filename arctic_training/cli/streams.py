"""Standard streams that are closed, full, or a pipe whose reader is gone.

A command ends with a documented exit code whatever happens to its output. A reader that is gone
(``| head``, a closed terminal) wants no more output: the command continues unseen. A full disk
loses what was asked for, which is an error of the environment, reported at the end.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["SafeOutput", "forgive", "lost_output", "open_closed", "protect"]

_GONE: Final = {errno.EPIPE, errno.EIO, errno.EBADF, errno.ENXIO, errno.ECONNRESET}
"""Errors of a write to a stream whose reader is gone."""

_LAST: Final = 2


class SafeOutput(io.RawIOBase):
    """The raw layer of a standard stream; once a write fails, it writes to the null device."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self.reason = ""
        """Why output was lost; empty where none was, or where the reader is gone."""

    def writable(self) -> bool:
        """Return that it can be written to."""
        return True

    def fileno(self) -> int:
        """Return the descriptor of the stream."""
        return self._descriptor

    def isatty(self) -> bool:
        """Return whether the stream is a terminal."""
        return os.isatty(self._descriptor)

    def write(self, data: Buffer, /) -> int | None:
        """Write, or take the data for written where that is impossible."""
        try:
            return os.write(self._descriptor, data)
        except OSError as error:
            if error.errno not in _GONE:
                self.reason = os.strerror(error.errno or 0)
            _to_null(self._descriptor)
            return memoryview(data).nbytes


def open_closed() -> None:
    """Open the null device in place of each standard stream that is closed.

    Otherwise the next file that is opened has its number, and takes what a library prints.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _LAST:
        os.set_inheritable(descriptor, True)  # noqa: FBT003 - positional in the standard library
    os.close(descriptor)
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115 - a descriptor
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115


def protect() -> None:
    """Let what is printed from here on fail nowhere."""
    sys.stdout = _protected(sys.stdout)
    sys.stderr = _protected(sys.stderr)


def lost_output() -> str:
    """Flush standard output, and say why some of it is lost; else return an empty string."""
    sys.stdout.flush()
    sys.stderr.flush()
    raw = _raw(sys.stdout)
    return f"standard output cannot be written: {raw.reason}" if raw and raw.reason else ""


def forgive() -> None:
    """Forget that output was lost: what this command makes is somewhere else."""
    if raw := _raw(sys.stdout):
        raw.reason = ""


def _protected(stream: object) -> io.TextIOWrapper:
    assert isinstance(stream, io.TextIOWrapper), "Python opens the standard streams as text"
    safe = SafeOutput(stream.fileno())
    # with -u nothing is held back, as Python does it itself
    buffer = cast("io.BufferedWriter", safe) if stream.write_through else io.BufferedWriter(safe)
    return io.TextIOWrapper(
        buffer,
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def _raw(stream: object) -> SafeOutput | None:
    buffer = getattr(stream, "buffer", None)
    raw = getattr(buffer, "raw", buffer)
    return raw if isinstance(raw, SafeOutput) else None


def _to_null(descriptor: int) -> None:
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, descriptor)
    os.close(null)
