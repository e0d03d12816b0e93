"""Callbacks: which there are, in what order, and when they are called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, Literal, TypeAlias, TypeVar, final, get_args

from arctic_training.diagnostics import nearest
from arctic_training.errors import RegistryError

__all__ = ["Callback", "Callbacks", "CallbacksOf", "Moment", "Phase", "callback_problems"]

Phase: TypeAlias = Literal[
    "train", "epoch", "step", "loss", "backward", "optimizer-step", "evaluate", "checkpoint"
]
"""What a trainer does, from the whole run down to one part of a step."""

Moment: TypeAlias = Literal[
    "pre-train", "post-train",
    "pre-epoch", "post-epoch",
    "pre-step", "post-step",
    "pre-loss", "post-loss",
    "pre-backward", "post-backward",
    "pre-optimizer-step", "post-optimizer-step",
    "pre-evaluate", "post-evaluate",
    "pre-checkpoint", "post-checkpoint",
]  # fmt: skip
"""When a callback is called: before a phase, or after one that ended well."""

Callback: TypeAlias = Callable[[Any], None]
"""Takes the trainer, of whatever class; it observes, and returns nothing."""

TrainerT = TypeVar("TrainerT")
CallbacksOf: TypeAlias = Mapping[Moment, Sequence[Callable[[TrainerT], None]]]
"""The callbacks of a class of trainers, by when they are called."""

_ATTRIBUTE: Final = "callbacks"


@final
class Callbacks:
    """The callbacks of one trainer.

    Those of its class's bases come first, then its class's, then what was added to it; a function
    that is named twice for a moment is called once.
    """

    def __init__(self, owner: type) -> None:
        self._of: dict[str, list[Callback]] = {moment: [] for moment in get_args(Moment)}
        self._active: list[Phase] = []
        for declared in _declared(owner):
            for moment, functions in declared.items():
                for function in functions:
                    self.add(moment, function)

    def add(self, moment: Moment, callback: Callback) -> None:
        """Call a function at that moment, after those that are there.

        Raises:
            RegistryError: there is no such moment, or nothing to call.

        """
        for problem in _problems(moment, [callback]):
            raise RegistryError(f"callbacks {problem}")
        if callback not in self._of[moment]:
            self._of[moment].append(callback)

    def is_within(self, phase: Phase) -> bool:
        """Return whether a phase has begun and not ended."""
        return phase in self._active

    @contextmanager
    def around(self, phase: Phase, trainer: object) -> Iterator[None]:
        """Call what belongs before and after a phase.

        A phase within itself, such as an override that calls ``super()`` or a callback of its own
        that asks for it, is one; and the loss of an evaluation is not a phase of training.
        """
        if self.is_within(phase) or (phase == "loss" and "evaluate" in self._active):
            yield
            return
        self._active.append(phase)
        try:
            self._call(f"pre-{phase}", trainer)
            yield
            self._call(f"post-{phase}", trainer)
        finally:
            self._active.remove(phase)

    def _call(self, moment: str, trainer: object) -> None:
        for callback in self._of[moment]:
            callback(trainer)


def callback_problems(owner: type) -> Iterator[str]:
    """Iterate over what is wrong with the callbacks that a class names."""
    for declared in _declared(owner):
        for moment, functions in declared.items():
            yield from (f"its `callbacks` {each}" for each in _problems(moment, functions))


def _problems(moment: str, functions: Sequence[Callback]) -> Iterator[str]:
    known = get_args(Moment)
    if moment not in known:
        meant = nearest(moment, known)
        yield f"have no moment `{moment}`" + (f"; did you mean `{meant}`?" if meant else "")
    elif not all(map(callable, functions)):
        yield f"at `{moment}` are not all functions"


def _declared(owner: type) -> Iterator[Mapping[Moment, Sequence[Callback]]]:
    """Iterate over what the bases of a class and itself declare, the most basic first."""
    for base in reversed(owner.__mro__):
        yield base.__dict__.get(_ATTRIBUTE, {})
