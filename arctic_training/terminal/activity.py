"""Status of work in progress: one line, or a spinner on a terminal, once it takes a while."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Final

from arctic_training.core.mesh import Mesh

__all__ = [
    "DELAY",
    "LOADING",
    "Background",
    "Stage",
    "activity",
    "can_move_cursor",
    "log_stage",
    "start_up",
]

DELAY: Final = "ARCTIC_TRAINING_STATUS_DELAY"
"""Environment variable: seconds that work may take before its status is shown."""

LOADING: Final = "loading PyTorch, DeepSpeed and transformers"
"""Status shown while the runtime is imported."""

_DEFAULT_DELAY: Final = 1.5
_REPEAT: Final = 30.0
"""Seconds between two status lines of the same work, where there is no terminal."""

_FRAMES_PER_SECOND: Final = 4
_CURSORLESS: Final = {"dumb", "unknown"}


class Stage:
    """A piece of work by its name; ``total`` is how many units it has, 0 where that is unknown."""

    def __init__(self, text: str, total: int = 0, unit: str = "batches") -> None:
        self.text = text
        self.total = total
        self.unit = unit
        self.done = 0
        self._began = time.monotonic()

    def advance(self) -> None:
        """Count one more unit as done."""
        self.done += 1

    @property
    def seconds(self) -> float:
        """Seconds since the work began."""
        return time.monotonic() - self._began

    def __str__(self) -> str:
        amount = f": {self.done:,} of {self.total:,} {self.unit}" if self.total else " ..."
        elapsed = f" ({self.seconds:.0f} s)" if self.seconds > _REPEAT else ""
        return f"{self.text}{amount}{elapsed}"


class Background:
    """Shows something from another thread, from ``start`` to ``stop``.

    A reader that is gone ends the display, and never the work.
    """

    def __init__(self, show: Callable[[Event], None]) -> None:
        self._show = show
        self._stopped = Event()
        self._thread = Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin to show it."""
        self._thread.start()

    def stop(self) -> None:
        """Show no more; what is on its way is written when this returns."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        with suppress(OSError, ValueError):  # ValueError: the stream is closed
            if not self._stopped.wait(_delay()):
                self._show(self._stopped)


def log_stage(stage: Stage, write: Callable[[str], None]) -> Background:
    """Return what writes the status of a stage as lines: one when it takes long, then more."""

    def show(stopped: Event) -> None:
        write(str(stage))
        while not stopped.wait(_REPEAT):
            write(str(stage))

    return Background(show)


@contextmanager
def activity(text: str) -> Iterator[None]:
    """Show on stderr what a command does, as long as it does it; stdout is left alone.

    Nothing may be printed inside, but to stderr. Of several processes only the first shows it.
    """
    stage = Stage(text)
    is_live = sys.stderr.isatty() and can_move_cursor()
    with _shown(Background(lambda stopped: _spin(stage, stopped)) if is_live else _lines(stage)):
        yield


@contextmanager
def start_up(text: str) -> Iterator[None]:
    """Show one line on stderr once the start of other processes takes a while.

    They may print: the line is not a spinner, and is never repeated.
    """
    stream = sys.stderr
    with _shown(Background(lambda _: print(f"{text} ...", file=stream, flush=True))):
        yield


@contextmanager
def _shown(background: Background) -> Iterator[None]:
    if not Mesh.of_environment().is_first:
        yield
        return
    background.start()
    try:
        yield
    finally:
        background.stop()


def can_move_cursor() -> bool:
    """Return whether the terminal understands more than lines."""
    return os.environ.get("TERM", "") not in _CURSORLESS


def _lines(stage: Stage) -> Background:
    stream = sys.stderr
    return log_stage(stage, lambda text: print(text, file=stream, flush=True))


def _spin(stage: Stage, stopped: Event) -> None:
    from rich.console import Console
    from rich.live import Live
    from rich.spinner import Spinner

    spinner = Spinner("dots")

    def frame() -> Spinner:
        spinner.update(text=f"{stage.text} ({stage.seconds:.0f} s)")
        return spinner

    with Live(
        console=Console(stderr=True),
        get_renderable=frame,
        refresh_per_second=_FRAMES_PER_SECOND,
        transient=True,
        redirect_stdout=False,
    ):
        stopped.wait()


def _delay() -> float:
    try:
        return float(os.environ.get(DELAY, _DEFAULT_DELAY))
    except ValueError:
        return _DEFAULT_DELAY
