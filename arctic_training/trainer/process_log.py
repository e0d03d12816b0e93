"""The log of a process: where what it says goes, and what libraries say meanwhile."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, TextIO

from typing_extensions import override

from arctic_training.config.logger import LoggerConfig, Ranks
from arctic_training.core.mesh import Mesh

__all__ = ["is_among", "start_log"]

_FORM: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_LIBRARIES: Final = ("datasets", "huggingface_hub", "peft", "transformers")
"""Loggers that print by themselves until they are set to propagate."""

_LEVELS: Final = {"TRACE": 5, "SUCCESS": 25}
"""Levels of ArcticTraining's that Python's `logging` has no name for."""

_SAID: Final = logging.getLogger("arctic_training.said")


class _Printed(logging.StreamHandler[TextIO]):
    """Prints, beside the display."""


class _LogFile(logging.FileHandler):
    """A file that is made, with its folder, when the first line comes."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, encoding="utf-8", delay=True)
        self._path = path
        self._is_lost = False

    @override
    def emit(self, record: logging.LogRecord) -> None:
        if not self._is_lost:
            try:
                super().emit(record)
            except OSError as error:
                self._lose(error)

    @override
    def handleError(self, record: logging.LogRecord) -> None:
        error = sys.exception()
        if isinstance(error, OSError):
            self._lose(error)
        else:
            super().handleError(record)

    @override
    def close(self) -> None:
        with suppress(OSError):  # what cannot be written is written at its end once more
            super().close()

    def _lose(self, error: OSError) -> None:
        """Continue without the file, and warn once: a run is worth more than its log."""
        self._is_lost = True
        reason = error.strerror or error
        with suppress(OSError):
            sys.stderr.write(f"warning: the log `{self._path}` cannot be written: {reason}\n")

    @override
    def _open(self) -> io.TextIOWrapper:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        return super()._open()


def start_log(config: LoggerConfig, mesh: Mesh) -> Callable[[str], None] | None:
    """Send what libraries log where the recipe says; return what writes a line into the file.

    Without a file of this process there is none. The log of an earlier trainer ends.
    """
    _end_log()
    if config == LoggerConfig():
        return None
    root = logging.getLogger()
    root.setLevel(_LEVELS.get(config.level, config.level))
    for name in _LIBRARIES:
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
        library.setLevel(logging.NOTSET)
    if is_among(config.print_output_ranks, mesh):
        _add(_Printed(sys.stderr))
    if config.folder is None or not is_among(config.file_output_ranks, mesh):
        return None
    file = _LogFile(config.folder / f"rank_{mesh.rank}.log")
    _add(file)
    _SAID.addHandler(file)
    _SAID.propagate = False
    _SAID.setLevel(logging.INFO)
    return _SAID.info


def is_among(ranks: Ranks, mesh: Mesh) -> bool:
    """Return whether a process is one of some."""
    return ranks == "*" or mesh.rank in ranks


def _add(handler: logging.Handler) -> None:
    handler.setFormatter(logging.Formatter(_FORM))
    logging.getLogger().addHandler(handler)


def _end_log() -> None:
    for logger in (logging.getLogger(), _SAID):
        for handler in [*logger.handlers]:
            if isinstance(handler, _Printed | _LogFile):
                logger.removeHandler(handler)
                handler.close()
