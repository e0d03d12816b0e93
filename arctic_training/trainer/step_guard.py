"""Guard against training from within a step, or after one that was cut."""

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
    def whole_steps(self) -> Iterator[None]:
        """Take steps, each of them whole unless an exception cuts it.

        Raises:
            TrainingError: a step was cut, or is in progress: its gradients would count among those
                of the next, and its batch is consumed.

        """
        if not self._are_sure:
            raise TrainingError(
                "a step of this trainer is not complete: `train` is running, or was interrupted",
                hint="create a new trainer; `auto_resume` continues from the newest checkpoint",
            )
        self._are_sure = False
        yield
        self._are_sure = True
