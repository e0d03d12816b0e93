"""What counts as the loss of another process."""

from __future__ import annotations

import click
import pytest
from torch._C._distributed_c10d import TCPStore
from torch.distributed import DistBackendError, DistNetworkError, DistStoreError

from arctic_training.cli.output import ExitCode, run
from arctic_training.launcher.failure_report import (
    PEER_LOST_EXIT_CODE,
    is_lost_peer,
    should_report_failure,
)

_NCCL = "NCCL error in: /pytorch/torch/csrc/distributed/c10d/NCCLUtils.cpp:94, {}"
_REMOTE = _NCCL.format(
    "remote process exited or there was a network error, NCCL version 2.27.5\n"
    "ncclRemoteError: A call failed possibly due to a network error or a remote process exiting "
    "prematurely.\nLast error:\nsocketProgress: Connection closed by remote peer"
)
_SYSTEM = _NCCL.format(
    "unhandled system error\nncclSystemError: System call (e.g. socket, malloc) or external "
    "library call failed\nLast error:\nsocketPollConnect: connect returned Connection refused"
)
_INVALID = _NCCL.format(
    "invalid usage\nncclInvalidUsage: This usually reflects invalid usage of NCCL library.\n"
    "Last error:\nDuplicate GPU detected : rank 1 and rank 0 both on CUDA device 1000"
)
_ABORTED = "NCCL communicator was aborted on rank 1."
_WATCHDOG = "[Rank 1] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=3) ran too long"
_GLOO = "[/pytorch/third_party/gloo/gloo/transport/tcp/pair.cc:553] Connection closed by peer"

_ERRORS = [
    (RuntimeError(_GLOO), True),
    (DistBackendError(_REMOTE), True),
    (DistBackendError(_SYSTEM), True),
    (DistBackendError(_ABORTED), True),
    (DistBackendError(_WATCHDOG), True),
    (RuntimeError(_WATCHDOG), True),
    (DistNetworkError("The client socket has failed to connect to any network address"), True),
    (DistStoreError("wait timeout after 600000ms, keys: /default_pg/0//cuda//0"), True),
    (DistBackendError(_INVALID), False),
    (RuntimeError("CUDA out of memory"), False),
    (ValueError("there is no backend gloo, and no NCCL watchdog"), False),
]


@pytest.mark.parametrize(("error", "is_lost"), _ERRORS, ids=[str(e)[-30:] for e, _ in _ERRORS])
def test_losing_another_process(
    error: Exception,
    is_lost: bool,  # noqa: FBT001 - a row of the table
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is told by what gloo, NCCL and the store say of it, and never of a process alone."""
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert is_lost_peer(error) is is_lost
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert not is_lost_peer(error)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (DistBackendError(_REMOTE), PEER_LOST_EXIT_CODE, ""),
        (
            DistBackendError(_INVALID),
            ExitCode.USAGE,
            f"error: the processes cannot work together: {_INVALID.splitlines()[-1]}\n",
        ),
    ],
)
def test_it_is_no_bug(
    error: Exception,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Who has lost another says nothing; what NCCL cannot do is the environment's, in its words."""
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr("arctic_training.cli.output.should_report_failure", lambda: True)

    @click.command("fails")
    def command() -> None:
        raise error

    with pytest.raises(SystemExit) as ended:
        run(command, [])
    assert (ended.value.code, capsys.readouterr().err) == (code, said)


def test_one_process_speaks_in_each_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a restart by torchrun, whose store goes on, a failure is reported again, once."""
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    said = {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1"}
    for name, value in {**said, "MASTER_PORT": str(store.port)}.items():
        monkeypatch.setenv(name, value)
    spoken = []
    for attempt in (0, 0, 1, 1):
        monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", str(attempt))
        should_report_failure.cache_clear()
        spoken.append(should_report_failure())
    should_report_failure.cache_clear()
    assert spoken == [True, False, True, False]
