"""What a launcher says to a process."""

from __future__ import annotations

import pytest

from arctic_training.core.mesh import World, environment_problem
from arctic_training.launcher.failure_report import speaks

_MEETING = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"}


@pytest.mark.parametrize(
    ("environment", "problem"),
    [
        ({}, ""),
        ({"RANK": "1", "WORLD_SIZE": "2", **_MEETING}, ""),
        ({"WORLD_SIZE": "two"}, "WORLD_SIZE is `two`, and no number"),
        ({"RANK": "-1"}, "RANK is `-1`, and no number"),
        ({"LOCAL_RANK": ""}, "LOCAL_RANK is ``, and no number"),
        ({"WORLD_SIZE": "0"}, "RANK is 0, but WORLD_SIZE is 0: ranks count from 0"),
        ({"RANK": "1"}, "RANK is 1, but WORLD_SIZE is 1: ranks count from 0"),
        (
            {"RANK": "2", "WORLD_SIZE": "2", **_MEETING},
            "RANK is 2, but WORLD_SIZE is 2: ranks count from 0",
        ),
        (
            {"WORLD_SIZE": "2", **_MEETING},
            "WORLD_SIZE is 2, but RANK does not say which process this is",
        ),
        (
            {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1"},
            "WORLD_SIZE is 2, but MASTER_PORT does not say where processes meet",
        ),
    ],
)
def test_an_environment_that_cannot_be(
    environment: dict[str, str], problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What no launcher says is told in words, where a process would wait for others for ever.

    Whichever process it is, it says so itself.
    """
    for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert environment_problem() == problem
    speaks.cache_clear()
    assert not problem or speaks()
    speaks.cache_clear()
    assert isinstance(World.of_environment().is_first, bool)
