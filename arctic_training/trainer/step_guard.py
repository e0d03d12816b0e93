"""Whether a trainer stands between two steps, where alone it can train on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from arctic_training.errors import TrainingError

__all__ = ["StepGuard"]


class StepGuard:
    """Lets a trainer train only if no step of it may be half done."""

    def __init__(self) -> None:
        self._are_sure = True

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Take steps, each of them whole unless an exception cuts it.

        Raises:
            TrainingError: one was cut, or is being taken: gradients of it would count among those
                of the next, and its batch is passed already.

        """
        if not self._are_sure:
            raise TrainingError(
                "a step of this trainer is not done: `train` is still at work, or was cut short",
                hint="make a new trainer; with `auto_resume` it goes on from the newest checkpoint",
            )
        self._are_sure = False
        yield
        self._are_sure = True
