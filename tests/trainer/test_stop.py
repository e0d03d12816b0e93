"""Requests to stop."""

from __future__ import annotations

import pytest
import torch.distributed

from arctic_training.launcher.world import World
from arctic_training.trainer.stop import StopRequests


@pytest.mark.parametrize("others", [[False, True], [False, False]])
def test_processes_agree(others: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    """A SIGTERM that one process got ends all of them: what they do together, they all do."""

    def gather(heard: list[bool], own: object) -> None:
        heard[:] = [bool(own), *others]

    monkeypatch.setattr(torch.distributed, "all_gather_object", gather)
    requests = StopRequests(None, World(0, 3))
    assert requests.is_terminated_anywhere() is any(others)
    if any(others):
        with pytest.raises(SystemExit, match="143"):
            requests.obey()
    else:
        requests.obey()
