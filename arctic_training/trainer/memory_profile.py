"""The history of an accelerator's memory, for https://docs.pytorch.org/memory_viz."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import torch
from torch.cuda.memory import _dump_snapshot as _write  # documented under these names
from torch.cuda.memory import _record_memory_history as _record

from arctic_training.config.trainer import TrainerConfig
from arctic_training.core.mesh import Mesh
from arctic_training.errors import RecipeError
from arctic_training.fs.writable import why_not_writable

__all__ = ["MemoryProfile", "memory_profile_problems"]


class MemoryProfile:
    """Records what is allocated and freed, if the recipe asks for it, and writes one file."""

    def __init__(self, config: TrainerConfig, mesh: Mesh) -> None:
        self._config = config
        self._rank = mesh.rank

    def begin(self, moment: Literal["e2e", "step"]) -> None:
        """Begin to record, if that is the moment that the recipe names."""
        if self._config.mem_profiler == moment:
            _record(max_entries=self._config.mem_profiler_max_entries)

    def end(self) -> None:
        """Write what was recorded to ``mem_profiler_dir / rank_N.pickle``, and record no more."""
        folder = self._config.mem_profiler_dir
        if self._config.mem_profiler is not None and folder is not None:
            file = folder / f"rank_{self._rank}.pickle"
            _write(str(file))  # type: ignore[no-untyped-call]
            _record(enabled=None)


def memory_profile_problems(config: TrainerConfig) -> Iterator[RecipeError]:
    """Iterate over what keeps memory from being recorded as a recipe says."""
    if config.mem_profiler is None:
        return
    if not torch.cuda.is_available():
        message = "there is no accelerator whose memory could be recorded"
        hint = "each step reports the peak of the process's memory as `memory_gib`"
        yield RecipeError(("mem_profiler",), message, code="not-supported", hint=hint)
    elif config.mem_profiler_dir is None:
        message = "`mem_profiler_dir` does not say where to write what is recorded"
        yield RecipeError(("mem_profiler",), message, code="missing-key")
    elif reason := why_not_writable(config.mem_profiler_dir):
        yield RecipeError(("mem_profiler_dir",), reason, code="not-writable")
