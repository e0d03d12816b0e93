"""What another number of processes has to change to take the same steps."""

from __future__ import annotations

from typing import Final

from arctic_training.diagnostics.plurals import counted
from arctic_training.errors import RecipeError

__all__ = ["ACCUMULATION", "share_problem"]

ACCUMULATION: Final = "gradient_accumulation_steps"
"""Key of the micro-batches that a process takes in a step."""


def share_problem(
    saved_each: int, saved_processes: int, each: int, processes: int
) -> RecipeError | None:
    """Return what is wrong if a step has other micro-batches than in the run that was saved.

    Args:
        saved_each: micro-batches of a process in a step of the run that was saved.
        saved_processes: how many processes it had.
        each: micro-batches of a process now.
        processes: how many there are now.

    """
    needed = saved_each * saved_processes
    if each * processes == needed:
        return None
    hint = (
        f"set it to {needed // processes}"
        if needed % processes == 0
        else f"{needed} cannot be divided by {processes} processes: use another number"
    )
    message = (
        f"{counted(saved_processes, 'process')} of {counted(saved_each, 'micro-batch')} a step "
        f"saved the run, here it has {processes} of {each}"
    )
    return RecipeError((ACCUMULATION,), message, code="changed", hint=hint)
