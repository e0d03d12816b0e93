"""Of several processes that fail, one says why: the first. The others fail because it did."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from functools import cache
from typing import Final

from arctic_training.core.mesh import Mesh, environment_problem

__all__ = ["PEER_LOST_EXIT_CODE", "is_lost_peer", "nccl_misconfiguration", "should_report_failure"]

PEER_LOST_EXIT_CODE: Final = 75
"""Exit code of a process that fails because another one of the run is gone."""

_LOST_PEER: Final = re.compile(
    "gloo|ncclRemoteError|ncclSystemError|NCCL communicator was aborted|NCCL watchdog"
    "|Watchdog caught collective|Connection (closed|reset) by (remote )?peer"
)
"""Messages of gloo and NCCL about a lost process; their other errors are this process's own."""

_KEY: Final = "arctic_training/failures"
_PATIENCE: Final = timedelta(seconds=10)


@cache
def should_report_failure() -> bool:
    """Return whether this process, which fails, is the one to say why.

    It is if it is alone, or told what no launcher says, or the first to ask. The store of the
    process group knows, which the launcher holds, so that it outlives the processes.
    """
    mesh = Mesh.of_environment()
    if mesh.num_processes == 1 or environment_problem():
        return True
    from torch._C._distributed_c10d import TCPStore
    from torch.distributed import DistError

    try:
        address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
        store = TCPStore(address, port, is_master=False, timeout=_PATIENCE)
        attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")  # the store outlives it
        return bool(store.add(f"{_KEY}/{attempt}", 1) == 1)
    except (DistError, RuntimeError, KeyError):
        return mesh.is_first


def is_lost_peer(error: BaseException) -> bool:
    """Return whether an error says no more than that another process of the run is gone."""
    if Mesh.of_environment().num_processes == 1:
        return False
    from torch.distributed import DistNetworkError, DistStoreError

    if isinstance(error, DistNetworkError | DistStoreError):
        return True
    return isinstance(error, RuntimeError) and bool(_LOST_PEER.search(str(error)))


def nccl_misconfiguration(error: BaseException) -> str:
    """Return why processes cannot work together, if that is what an error says, in few words.

    NCCL says it in its last line, such as that two processes were given one GPU.
    """
    if Mesh.of_environment().num_processes == 1:
        return ""
    from torch.distributed import DistError

    said = str(error).strip() if isinstance(error, DistError) else ""
    return said.splitlines()[-1] if said else ""
