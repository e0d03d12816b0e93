"""Detect out-of-memory errors, of the machine or of an accelerator."""

from __future__ import annotations

import sys
from typing import Final

__all__ = ["ROOM", "is_out_of_memory"]

ROOM: Final = (
    "lower `micro_batch_size`, and raise `gradient_accumulation_steps` by as much; lower "
    "`max_length`; or spread the run over more processes, with a higher ZeRO stage"
)
"""Remedies that need less memory."""

_ON_THE_CPU: Final = "can't allocate memory"


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that memory is used up; PyTorch has no type for the CPU's."""
    torch = sys.modules.get("torch")
    kinds = (MemoryError, torch.OutOfMemoryError) if torch else (MemoryError,)
    return isinstance(error, kinds) or _ON_THE_CPU in str(error)
