"""Phases of a run: methods around which callbacks run, whichever subclass overrides them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, ClassVar, Final

from arctic_training.callback.callbacks import Callback, Callbacks, Moment, Phase

__all__ = ["Observed"]

_PHASES: Final[Mapping[str, Phase]] = {
    "train": "train",
    "epoch": "epoch",
    "step": "step",
    "loss": "loss",
    "backward": "backward",
    "_optimizer_step": "optimizer-step",
    "evaluate": "evaluate",
    "checkpoint": "checkpoint",
}
"""The methods that are phases of a run."""


class Observed:
    """A subclass calls its callbacks before and after each phase, once, however it overrides."""

    callbacks: ClassVar[Mapping[Moment, Sequence[Callback]]] = {}
    """Functions that take the trainer, by when they are called."""

    def __init_subclass__(cls, **options: bool) -> None:
        """Wrap the phases that the class defines."""
        super().__init_subclass__(**options)
        for name, phase in _PHASES.items():
            method = cls.__dict__.get(name)
            if inspect.isfunction(method) and not getattr(method, "__isabstractmethod__", False):
                setattr(cls, name, _observed(method, phase))

    def _initialize(self) -> None:
        """Assign the state of a run that has not begun: what needs no part of the trainer."""
        self._callbacks = Callbacks(type(self))

    def _begin_phase(self, phase: Phase, given: object) -> None:
        """Prepare a phase before its callbacks; ``given`` is the method's first argument."""

    def _complete_phase(self, phase: Phase) -> None:
        """Complete a phase that ended well, before the callbacks that come after it."""

    def add_callback(self, moment: Moment, callback: Callback) -> None:
        """Call a function at that moment, for this trainer alone."""
        self._callbacks.add(moment, callback)


def _observed(method: Callable[..., object], phase: Phase) -> Callable[..., object]:
    @wraps(method)
    def observed(self: Observed, *arguments: Any, **options: Any) -> object:  # noqa: ANN401
        if self._callbacks.is_within(phase):
            return method(self, *arguments, **options)
        self._begin_phase(phase, next(iter((*arguments, *options.values())), None))
        with self._callbacks.around(phase, self):
            result = method(self, *arguments, **options)
            self._complete_phase(phase)
        return result

    return observed
