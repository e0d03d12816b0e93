"""Of several processes that fail, one says why: the first. The others fail because it did."""

from __future__ import annotations

import os
from datetime import timedelta
from functools import cache
from typing import Final

from arctic_training.launcher.world import World

__all__ = ["LOST", "is_lost_peer", "speaks"]

LOST: Final = 75
"""Exit code of a process that fails because another one of the run is gone."""

_KEY: Final = "arctic_training/failures"
_PATIENCE: Final = timedelta(seconds=10)


@cache
def speaks() -> bool:
    """Return whether this process, which fails, is the one to say why.

    It is if it is alone, or the first to ask. The store of the process group knows, which the
    launcher holds, so that it outlives the processes.
    """
    world = World.of_environment()
    if world.size == 1:
        return True
    from torch._C._distributed_c10d import TCPStore
    from torch.distributed import DistError

    try:
        address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
        store = TCPStore(address, port, is_master=False, timeout=_PATIENCE)
        return bool(store.add(_KEY, 1) == 1)
    except (DistError, RuntimeError, KeyError):
        return world.is_first


def is_lost_peer(error: BaseException) -> bool:
    """Return whether an error says no more than that another process of the run is gone."""
    if World.of_environment().size == 1:
        return False
    from torch.distributed import DistNetworkError

    return isinstance(error, DistNetworkError) or "gloo" in str(error)
